/* test_collect.c - a program run to its end
 *
 * Goal: all that it prints arrives, however much; what it says on stderr and how it ended is told;
 * one that hangs, floods or cannot be started ends in its errno, in time, with all that it started;
 * no child and no descriptor is left.
 *
 * Method: scripts of /bin/sh; children and descriptors are counted after each.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "os/collect.h"
#include "os/port_posix.h"
#include "unit/files.h"
#include "unit/nothing_left.h"

#define SECOND UINT64_C(1000000000)

static struct collect with(uint64_t timeout_ns)
{
	return (struct collect){.timeout_ns = timeout_ns, .bytes_max = 64u << 20};
}

static int run(struct collect *c, const char *script)
{
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};

	return collect_run(c, argv);
}

static void expect_why(const struct collect *c, int error, const char *want)
{
	char text[640];

	assert_string_equal(collect_why(c, error, text), want);
}

static void what_is_printed_arrives(void **state)
{
	struct collect c = with(60 * SECOND);
	size_t n = 0;

	(void)state;
	assert_int_equal(run(&c, "printf 'a\\000b\\n'"), 0);
	assert_int_equal(c.out.n, 4);
	assert_memory_equal(c.out.p, "a\0b\n", 5);
	assert_string_equal(c.said, "");
	collect_done(&c);
	c = with(60 * SECOND);
	assert_int_equal(run(&c, ":"), 0);
	assert_int_equal(c.out.n, 0);
	assert_string_equal(c.out.p, "");
	collect_done(&c);
	/* Many times what a pipe holds, and as much to stderr. */
	c = with(60 * SECOND);
	assert_int_equal(run(&c, "i=0; while [ $i -lt 40000 ]; do echo 0123456789012345678901234;"
				 " echo fault >&2; i=$((i+1)); done"),
			 0);
	assert_int_equal(c.out.n, 26 * 40000);
	for (n = 0; n < c.out.n; n++)
		assert_int_equal(c.out.p[n], n % 26 == 25 ? '\n' : '0' + n % 26 % 10);
	assert_int_equal(strlen(c.said), sizeof(c.said) - 1);
	collect_done(&c);
	nothing_left();
}

static void input_arrives(void **state)
{
	char input[COLLECT_INPUT_MAX];
	struct collect c = with(60 * SECOND);

	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (char)i;
	c.input = input;
	c.input_n = sizeof(input);
	assert_int_equal(run(&c, "cat"), 0);
	assert_int_equal(c.out.n, sizeof(input));
	assert_memory_equal(c.out.p, input, sizeof(input));
	collect_done(&c);
	/* None is an end at once. */
	c = with(60 * SECOND);
	assert_int_equal(run(&c, "cat; echo over"), 0);
	assert_string_equal(c.out.p, "over\n");
	collect_done(&c);
	/* Nobody reads it. */
	c = with(60 * SECOND);
	c.input = input;
	c.input_n = sizeof(input);
	assert_int_equal(run(&c, "exit 3"), 0);
	assert_int_equal(WEXITSTATUS(c.status), 3);
	expect_why(&c, 0, "it ended with status 3");
	collect_done(&c);
	nothing_left();
}

static void what_is_said_is_told(void **state)
{
	struct collect c = with(60 * SECOND);

	(void)state;
	assert_int_equal(
		run(&c, "echo 'Running as user \"root\". This could be dangerous.' >&2\n"
			"echo out\necho 'tshark: \"x\" is wrong' >&2\necho >&2\necho '  x' >&2\n"
			"exit 2"),
		0);
	assert_string_equal(c.out.p, "out\n");
	assert_string_equal(c.said, "\"x\" is wrong   x");
	assert_int_equal(WEXITSTATUS(c.status), 2);
	expect_why(&c, 0, "\"x\" is wrong   x");
	collect_done(&c);
	c = with(60 * SECOND);
	assert_int_equal(run(&c, "kill -SEGV $$"), 0);
	assert_true(WIFSIGNALED(c.status));
	expect_why(&c, 0, "it ended by signal 11 (Segmentation fault)");
	collect_done(&c);
	nothing_left();
}

static struct waker unwanted;

static void on_unwanted(int number)
{
	(void)number;
	waker_wake(&unwanted);
}

static void expect_ended(struct collect *c, const char *script, int error)
{
	uint64_t start_ns = clock_now_ns();

	assert_int_equal(run(c, script), error);
	/* A loaded machine is slow; those that would hang sleep for far longer. */
	assert_true(clock_now_ns() - start_ns < 60 * SECOND);
	collect_done(c);
	if (!c->stop)
		nothing_left();
}

static void one_that_hangs_is_ended(void **state)
{
	/* With its output open, closed, and held by a program that it started. */
	static const char *const scripts[] = {
		"echo x; exec sleep 1000",
		"exec >&- 2>&-; exec sleep 1000",
		"sleep 1000; echo x",
		"exec 2>&-; while :; do echo x; sleep 0.05; done",
		"trap '' TERM; while :; do :; done",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct collect c = with(SECOND / 5);

		expect_ended(&c, scripts[i], -ETIMEDOUT);
	}
	{
		struct collect c = with(2 * SECOND);

		expect_why(&c, -ETIMEDOUT, "it was ended after 2 s");
	}
}

/* By whoever wakes the waker: before it starts, and while it runs, with its output open or closed.
 */
static void one_that_nobody_wants_is_ended(void **state)
{
	static const char *const scripts[] = {"kill -USR1 $PPID; exec sleep 1000",
					      "kill -USR1 $PPID; exec >&- 2>&-; exec sleep 1000",
					      "kill -USR1 $PPID; while :; do echo x; done"};

	(void)state;
	for (size_t i = 0; i <= sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct collect c = with(100 * SECOND);

		assert_int_equal(waker_init(&unwanted), 0);
		signal(SIGUSR1, on_unwanted);
		c.stop = &unwanted;
		if (!i)
			waker_wake(&unwanted);
		expect_ended(&c, i ? scripts[i - 1] : "exec sleep 1000", -ECANCELED);
		expect_why(&c, -ECANCELED, "it was given up");
		signal(SIGUSR1, SIG_DFL);
		waker_done(&unwanted);
	}
	nothing_left();
}

static bool is_alive(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	/* Whoever inherits it may take its time to wait for it. */
	return text[0] && !strstr(text, ") Z ");
}

/* A script around tshark is no rare thing: what it started goes with it. */
static void its_children_end_with_it(void **state)
{
	struct collect c = with(SECOND / 5);
	char script[700], *text;
	pid_t pid;

	(void)state;
	snprintf(script, sizeof(script), "sleep 1000 & echo $! >%s; wait", files_path("pid"));
	expect_ended(&c, script, -ETIMEDOUT);
	text = files_read(files_path("pid"), NULL);
	assert_non_null(text);
	pid = (pid_t)atoi(text);
	free(text);
	assert_true(pid > 1);
	for (time_t deadline = time(NULL) + 30; is_alive(pid) && time(NULL) < deadline;)
		sched_yield();
	assert_false(is_alive(pid));
}

static void one_that_floods_is_ended(void **state)
{
	struct collect c = with(60 * SECOND);

	(void)state;
	c.bytes_max = 3000000;
	expect_ended(&c, "while :; do echo 0123456789012345678901234567890123456789; done", -EFBIG);
	expect_why(&c, -EFBIG, "it was ended as it printed more than 3 MB");
	/* To stderr alone: it is read, and forgotten. */
	c = with(SECOND / 5);
	expect_ended(&c, "while :; do echo 0123456789012345678901234567890123456789 >&2; done",
		     -ETIMEDOUT);
}

static void what_cannot_be_started(void **state)
{
	char *argv[] = {(char *)"/nonexistent/tshark", NULL};
	struct collect c = with(SECOND);

	(void)state;
	assert_int_equal(collect_run(&c, argv), -ENOENT);
	expect_why(&c, -ENOENT, "No such file or directory");
	collect_done(&c);
	argv[0] = (char *)"/";
	c = with(SECOND);
	c.input = "x";
	c.input_n = 1;
	assert_int_equal(collect_run(&c, argv), -EACCES);
	collect_done(&c);
	nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_printed_arrives, nothing_left_begin),
		cmocka_unit_test_setup(input_arrives, nothing_left_begin),
		cmocka_unit_test_setup(what_is_said_is_told, nothing_left_begin),
		cmocka_unit_test_setup(one_that_hangs_is_ended, nothing_left_begin),
		cmocka_unit_test_setup(one_that_nobody_wants_is_ended, nothing_left_begin),
		cmocka_unit_test_setup(its_children_end_with_it, nothing_left_begin),
		cmocka_unit_test_setup(one_that_floods_is_ended, nothing_left_begin),
		cmocka_unit_test_setup(what_cannot_be_started, nothing_left_begin),
	};

	return cmocka_run_group_tests(tests, files_begin, files_end);
}
