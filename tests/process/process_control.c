/* process_control.c - a replay that runs, and `secvf control` that speaks to it
 *
 * Goal: each command does what it says, while frames come; a frame is found by its id in memory and
 * on disk, and is the same; what is refused says why; the socket goes with the replay, one that a
 * kill left is replaced, and a file is not.
 *
 * Method: one replay with a small buffer, so that frames leave memory soon. What a command changed
 * is read from the report, the audit log and the files.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name) FIXTURES "/captures/" name
#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})

static char sock[256];

static pid_t start(void)
{
	static char home[256], report[256], audit[256], file[256];

	snprintf(sock, sizeof(sock), "%s", proc_path("control"));
	snprintf(home, sizeof(home), "%s", proc_path("home"));
	snprintf(report, sizeof(report), "%s", proc_path("report.json"));
	snprintf(audit, sizeof(audit), "%s", proc_path("audit.log"));
	snprintf(file, sizeof(file), "%s", proc_path("f.pcapng"));
	setenv("AVF_HOME", home, 1);
	unlink(audit);
	return proc_start(WORDS(SECVF, "replay", "--pps", "10000", "--loop", "0", "--decode", "off",
				"-T", "json", "-w", file, "--buffer-frames", "20000", "--control",
				sock, "--report", report, "--audit", audit,
				CAPTURE("session.pcapng")),
			  "rows", "err");
}

/* Runs a command. Return: its answer, to be freed; @exit is checked */
static char *tell(int exit, const char *const *words)
{
	const char *argv[16] = {SECVF, "control", sock};
	unsigned n = 3;

	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	assert_int_equal(proc_run(argv, "answer", "control-err"), exit);
	return proc_read("answer", NULL);
}

static void expect(int exit, const char *words, const char *const *command)
{
	char *answer = tell(exit, command);

	if (!strstr(answer, words))
		fail_msg("%s: not in the answer: %s", words, answer);
	free(answer);
}

static void await_rows(size_t n)
{
	while (proc_lines("rows") < n)
		proc_pause();
}

/* What stands between @begin and @end in @text, to be freed. */
static char *between(const char *text, const char *begin, const char *end)
{
	const char *from = strstr(text, begin), *to;

	assert_non_null(from);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	return strndup(from, (size_t)(to - from));
}

static void test_commands(void **state)
{
	pid_t pid = start();
	struct stat st;
	char *memory, *disk, *a, *b;

	(void)state;
	await_rows(100);
	expect(0, "\"vms\":[\"vm-", WORDS("status"));
	memory = tell(0, WORDS("frame", "50"));
	await_rows(45000);
	disk = tell(0, WORDS("frame", "50"));
	assert_non_null(strstr(disk, "\"where\":\"disk\""));
	a = between(memory, "\"hex\":", "}\n");
	b = between(disk, "\"hex\":", "}\n");
	assert_string_equal(a, b);
	free(a);
	free(b);
	free(memory);
	free(disk);
	expect(1, "no such frame yet", WORDS("frame", "100000000"));
	expect(1, "is wanted", WORDS("frame", "0"));
	expect(1, "is wanted", WORDS("leap"));
	expect(1, "no VM of this name", WORDS("scope", "vm-1", "nobody"));
	expect(1, "syntax error", WORDS("filter", "tcp and"));
	expect(0, "true", WORDS("cut"));
	expect(0, "true", WORDS("filter", "tcp", "or", "udp"));
	expect(0, "true", WORDS("scope", "vm-1", "vm-2"));
	proc_await("audit.log", "scope_changed");
	expect(0, "true", WORDS("stop"));
	assert_int_equal(proc_wait(pid), 0);
	assert_int_equal(proc_report("balanced"), 1);
	assert_int_equal(proc_report("interrupted"), 1);
	assert_true(proc_report("ledger.spilled") > 0);
	a = proc_read("audit.log", NULL);
	assert_non_null(strstr(a, "\"event\":\"filter_changed\",\"now\":\"tcp or udp\""));
	assert_non_null(strstr(a, "\"event\":\"scope_changed\",\"now\":\"vm-1,vm-2\""));
	free(a);
	assert_int_equal(lstat(sock, &st), -1);
	free(tell(3, WORDS("status")));
}

static void test_what_stands_in_the_way(void **state)
{
	pid_t pid = start();
	struct stat st;
	int fd;

	(void)state;
	await_rows(10);
	/* Another replay listens there: refused, and left alone. */
	assert_int_equal(proc_run(WORDS(SECVF, "replay", "--control", sock, "--tshark", "none",
					CAPTURE("session.pcapng")),
				  "out", "err2"),
			 3);
	expect(0, "true", WORDS("status"));
	kill(pid, SIGKILL);
	proc_wait(pid);
	assert_int_equal(lstat(sock, &st), 0);
	pid = start();
	await_rows(10);
	expect(0, "true", WORDS("stop"));
	assert_int_equal(proc_wait(pid), 0);
	fd = open(sock, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_int_equal(proc_run(WORDS(SECVF, "replay", "--control", sock, "--tshark", "none",
					CAPTURE("session.pcapng")),
				  "out", "err2"),
			 3);
	assert_int_equal(stat(sock, &st), 0);
	assert_int_equal(st.st_size, 4);
	unlink(sock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_what_stands_in_the_way),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
