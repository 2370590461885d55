/* test_doctor_tidy.c - what `secvf doctor` has made for a while, and its child
 *
 * Goal: what was noted goes, by hand and by each signal, the last first; what was not stays; a
 * signal that comes while something is made waits until it is noted; one that is ignored stays so.
 *
 * Method: a child process does it in a folder of the test's own, and ends itself by the signal.
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/doctor_tidy.h"

static char base[] = "/tmp/secvf-tidy-test-XXXXXX";

static const char *in_base(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", base, name);
	return p;
}

static void test_by_hand(void **state)
{
	char folder[128], file[160];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/f-XXXXXX", base);
	assert_int_equal(doctor_tidy_folder(folder), 0);
	snprintf(file, sizeof(file), "%s/file", folder);
	assert_true(close(doctor_tidy_file(file)) == 0);
	assert_int_equal(doctor_tidy_file(file), -EEXIST);
	/* A folder that is not empty stays. */
	doctor_tidy_remove(folder);
	assert_int_equal(access(file, F_OK), 0);
	doctor_tidy_remove(file);
	assert_int_equal(access(file, F_OK), -1);
	/* It is not noted any more. */
	doctor_tidy_remove(folder);
	assert_int_equal(access(folder, F_OK), 0);
	assert_int_equal(rmdir(folder), 0);
	snprintf(folder, sizeof(folder), "/nowhere/f-XXXXXX");
	assert_int_equal(doctor_tidy_folder(folder), -ENOENT);
	/* Places are given back. */
	for (unsigned i = 0; i < 3 * DOCTOR_TIDY_PATHS; i++) {
		close(doctor_tidy_file(in_base("again")));
		doctor_tidy_remove(in_base("again"));
	}
}

/* Make a folder with a file and a child, then get the signal. */
static void make_and_end(int number)
{
	char folder[128], file[160];
	sigset_t before;
	pid_t child;

	if (number == SIGHUP)
		signal(SIGINT, SIG_IGN);
	doctor_tidy_begin();
	snprintf(folder, sizeof(folder), "%s/f-XXXXXX", base);
	if (doctor_tidy_folder(folder))
		_exit(10);
	snprintf(file, sizeof(file), "%s/file", folder);
	if (doctor_tidy_file(file) < 0)
		_exit(11);
	doctor_tidy_hold(&before);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(child, child);
	doctor_tidy_child(child);
	/* It has to wait for what is noted behind it. */
	raise(number);
	if (mkfifo(in_base("fifo"), 0600))
		_exit(12);
	doctor_tidy_note(in_base("fifo"));
	if (number == SIGHUP)
		raise(SIGINT);
	dprintf(STDOUT_FILENO, "%ld\n", (long)child);
	doctor_tidy_release(&before);
	_exit(13);
}

static void test_by_signals(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		int told[2], status;
		char number[32] = {0};
		pid_t pid;

		assert_int_equal(pipe(told), 0);
		pid = fork();
		if (pid == 0) {
			dup2(told[1], STDOUT_FILENO);
			close(told[0]);
			close(told[1]);
			make_and_end(signals[i]);
		}
		close(told[1]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_true(read(told[0], number, sizeof(number) - 1) > 0);
		/* The grandchild had the other end: it is closed once that is dead. */
		assert_int_equal(read(told[0], number, 1), 0);
		close(told[0]);
		/* Nothing is left in it. */
		assert_int_equal(rmdir(base), 0);
		assert_int_equal(mkdir(base, 0700), 0);
	}
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(base) ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	return rmdir(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_by_signals),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}
