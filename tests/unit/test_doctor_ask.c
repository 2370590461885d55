/* test_doctor_ask.c - a program that is run once, with all that it says, within a bound of time
 *
 * Goal: both outputs, the input and the end are as the program made them; more than the bound is
 * read and left; one that hangs is killed with what it started; what cannot be run is said so.
 *
 * Method: scripts of /bin/sh.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/doctor_ask.h"
#include "os/port_posix.h"

#define NS_PER_S UINT64_C(1000000000)

static int ask(const char *script, const char *in, uint64_t timeout_ns, struct doctor_said *said)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};

	return doctor_ask(argv, in, clock_now_ns() + timeout_ns, said);
}

static void test_both_outputs(void **state)
{
	struct doctor_said said;
	char end[32];

	(void)state;
	assert_int_equal(
		ask("read x; echo out $x; echo err >&2; exit 3", "hello\n", 60 * NS_PER_S, &said),
		0);
	assert_true(said.ended);
	assert_string_equal(said.out.p, "out hello\n");
	assert_string_equal(said.err.p, "err\n");
	assert_string_equal(doctor_said_end(&said, end), "exit code 3");
	doctor_said_done(&said);
	assert_int_equal(ask("kill -9 $$", NULL, 60 * NS_PER_S, &said), 0);
	assert_string_equal(doctor_said_end(&said, end), "signal 9");
	assert_string_equal(said.out.p, "");
	doctor_said_done(&said);
	/* Input that nobody reads, and an end of input that is awaited. */
	assert_int_equal(ask("exit 0", "hello\n", 60 * NS_PER_S, &said), 0);
	doctor_said_done(&said);
	assert_int_equal(ask("cat", NULL, 60 * NS_PER_S, &said), 0);
	doctor_said_done(&said);
}

static void test_more_than_is_kept(void **state)
{
	struct doctor_said said;

	(void)state;
	assert_int_equal(ask("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2", NULL,
			     60 * NS_PER_S, &said),
			 0);
	assert_int_equal(said.out.n, DOCTOR_ASK_BYTES);
	assert_int_equal(strlen(said.out.p), DOCTOR_ASK_BYTES);
	assert_string_equal(said.err.p, "end\n");
	doctor_said_done(&said);
}

/* Whether a process is there, and no zombie. */
static bool runs(pid_t pid)
{
	char path[64], status = 0;
	FILE *f;

	if (kill(pid, 0))
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d %*s %c", &status) != 1)
		status = 0;
	if (f)
		fclose(f);
	return status && status != 'Z';
}

static void test_hang(void **state)
{
	struct doctor_said said;
	uint64_t start_ns = clock_now_ns();
	pid_t left;

	(void)state;
	/* With a process of its own that has the outputs, too. */
	assert_int_equal(ask("sleep 1000 & echo $!; wait", NULL, NS_PER_S / 5, &said), -ETIMEDOUT);
	assert_false(said.ended);
	assert_true(clock_now_ns() - start_ns < 60 * NS_PER_S);
	left = (pid_t)atol(said.out.p);
	assert_true(left > 0);
	doctor_said_done(&said);
	/* SIGKILL was sent; whoever took it over has yet to reap it. */
	while (runs(left))
		assert_true(clock_now_ns() - start_ns < 60 * NS_PER_S);
	/* Outputs closed, and it goes on. */
	assert_int_equal(ask("exec >&- 2>&-; exec sleep 1000", NULL, NS_PER_S / 5, &said),
			 -ETIMEDOUT);
	doctor_said_done(&said);
}

static void test_cannot_be_run(void **state)
{
	char *const argv[] = {(char *)"/nowhere/x", NULL};
	struct doctor_said said;

	(void)state;
	assert_int_equal(doctor_ask(argv, NULL, clock_now_ns() + NS_PER_S, &said), -ENOENT);
	assert_string_equal(said.out.p, "");
	doctor_said_done(&said);
}

static void test_first_line(void **state)
{
	struct doctor_said said;
	const char *line = NULL;

	(void)state;
	assert_int_equal(
		ask("echo 'Running as user \"root\". This could be dangerous.' >&2; "
		    "echo 'Hello in child.' >&2; echo >&2; echo second >&2; echo third >&2",
		    NULL, 60 * NS_PER_S, &said),
		0);
	assert_int_equal(doctor_said_first(&said, &line), 6);
	assert_memory_equal(line, "second", 6);
	doctor_said_done(&said);
	assert_int_equal(ask("echo 'This could be dangerous.' >&2", NULL, 60 * NS_PER_S, &said), 0);
	assert_int_equal(doctor_said_first(&said, &line), 0);
	doctor_said_done(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_outputs), cmocka_unit_test(test_more_than_is_kept),
		cmocka_unit_test(test_hang),	     cmocka_unit_test(test_cannot_be_run),
		cmocka_unit_test(test_first_line),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
