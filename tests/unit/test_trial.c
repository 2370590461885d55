/* test_trial.c - a command run with a bound on its time
 *
 * Goal: exit codes and signals are told apart; what hangs is killed with all that it started; what
 * it started ends with it also where it exits by itself; a signal ends the wait.
 *
 * Method: real processes; a pipe whose write end only they hold says when the last has gone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/port_posix.h"
#include "os/trial.h"

#define NS_PER_S UINT64_C(1000000000)

static struct trials trials;

static enum trial_end run(struct trial *t, const char *script, uint64_t timeout_ns)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	enum trial_end end;

	assert_int_equal(trial_start(t, argv, NULL, clock_now_ns() + timeout_ns), 0);
	while ((end = trial_look(t, clock_now_ns())) == TRIAL_RUNS)
		trials_sleep(&trials, t->until_ns);
	return end;
}

static void ends_are_told_apart(void **state)
{
	struct trial t;

	(void)state;
	assert_int_equal(run(&t, "exit 0", 60 * NS_PER_S), TRIAL_EXITED);
	assert_int_equal(t.code, 0);
	assert_int_equal(run(&t, "exit 7", 60 * NS_PER_S), TRIAL_EXITED);
	assert_int_equal(t.code, 7);
	assert_int_equal(run(&t, "kill -SEGV $$", 60 * NS_PER_S), TRIAL_KILLED);
	assert_int_equal(t.code, SIGSEGV);
	assert_int_equal(run(&t, "sleep 600", NS_PER_S / 20), TRIAL_HUNG);
}

/* Runs it with the write end of a pipe in its hands, and waits until nobody has that any more. */
static void expect_all_gone(const char *script, uint64_t timeout_ns, enum trial_end wanted)
{
	char with_pipe[256], byte;
	struct trial t;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0);
	snprintf(with_pipe, sizeof(with_pipe), "exec 9>/dev/fd/%d; %s", ends[1], script);
	assert_int_equal(run(&t, with_pipe, timeout_ns), wanted);
	close(ends[1]);
	alarm(60);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	alarm(0);
	close(ends[0]);
}

static void what_it_started_ends_with_it(void **state)
{
	(void)state;
	expect_all_gone("sleep 600 & sleep 600", NS_PER_S / 10, TRIAL_HUNG);
	expect_all_gone("sleep 600 & exit 0", 60 * NS_PER_S, TRIAL_EXITED);
	expect_all_gone("trap '' TERM INT; sleep 600 & sleep 600", NS_PER_S / 10, TRIAL_HUNG);
}

static void one_that_is_not_wanted_is_killed(void **state)
{
	char *argv[] = {(char *)"sleep", (char *)"600", NULL};
	struct trial t;

	(void)state;
	assert_int_equal(trial_start(&t, argv, NULL, UINT64_MAX), 0);
	assert_int_equal(trial_look(&t, clock_now_ns()), TRIAL_RUNS);
	trial_kill(&t);
	assert_int_equal(kill(t.pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void what_is_not_there_is_said(void **state)
{
	char *argv[] = {(char *)"/nowhere/no-such-program", NULL};
	struct trial t;

	(void)state;
	assert_int_equal(trial_start(&t, argv, NULL, UINT64_MAX), -ENOENT);
}

static void its_surroundings_are_plain(void **state)
{
	char path[] = "/tmp/secvf-trial-XXXXXX", text[64] = "";
	char *argv[] = {(char *)"sh", (char *)"-c",
			(char *)"cat; echo said >&2; kill -PIPE $$; echo alive >&2", NULL};
	int fd = mkstemp(path);
	struct trial t;

	(void)state;
	assert_true(fd >= 0);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(trial_start(&t, argv, path, clock_now_ns() + 60 * NS_PER_S), 0);
	while (trial_look(&t, clock_now_ns()) == TRIAL_RUNS)
		trials_sleep(&trials, t.until_ns);
	assert_int_equal(t.code, SIGPIPE);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 5);
	assert_string_equal(text, "said\n");
	close(fd);
	unlink(path);
}

static void signals_end_the_wait(void **state)
{
	uint64_t began_ns = clock_now_ns();

	(void)state;
	assert_false(trials_asked_to_stop());
	raise(SIGINT);
	trials_sleep(&trials, UINT64_MAX);
	assert_true(trials_asked_to_stop());
	assert_true(clock_now_ns() - began_ns < NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_told_apart),
		cmocka_unit_test(what_it_started_ends_with_it),
		cmocka_unit_test(one_that_is_not_wanted_is_killed),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(its_surroundings_are_plain),
		cmocka_unit_test(signals_end_the_wait),
	};
	int failed;

	if (trials_init(&trials))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	trials_done(&trials);
	return failed;
}
