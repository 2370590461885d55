/* test_port_posix.c - FIFOs, processes and descriptors of a real system
 *
 * Goal: what base/port.h promises: private FIFOs, opens and writes that never wait, errors as
 * -errno, programs started by their vector with nothing of ours but three descriptors, in a
 * process group of their own, and reaped without waiting.
 *
 * Method: real FIFOs below a TMPDIR of our own, small programs of every system. What must happen
 * in another process is waited for with poll(), never by sleeping.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/port_posix.h"

static char tmp[64];
static struct port_posix posix;
static struct port port;

static int begin(void **state)
{
	(void)state;
	snprintf(tmp, sizeof(tmp), "/tmp/test-port-XXXXXX");
	if (!mkdtemp(tmp))
		return -1;
	setenv("TMPDIR", tmp, 1);
	/* What whoever started this test left open is none of the port's. */
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	port_posix_init(&posix, &port);
	return 0;
}

static int end(void **state)
{
	(void)state;
	port_posix_done(&posix);
	return rmdir(tmp); /* nothing was left behind */
}

static ssize_t write_port(int fd, const void *bytes, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, n};

	return port.ops->writev(port.ctx, fd, &iov, 1);
}

static int make_fifo(char path[PORT_PATH_MAX])
{
	return port.ops->fifo_make(port.ctx, path);
}

static void remove_fifo(const char *path)
{
	port.ops->fifo_remove(port.ctx, path);
}

/* ---- FIFOs ---- */

static void fifo_is_private(void **state)
{
	char path[PORT_PATH_MAX], second[PORT_PATH_MAX], want[PORT_PATH_MAX + 32],
		folder[PORT_PATH_MAX];
	mode_t mask = umask(0); /* not the umask's merit */
	struct stat st;

	(void)state;
	assert_int_equal(make_fifo(path), 0);
	assert_int_equal(make_fifo(second), 0);
	umask(mask);
	assert_int_equal(strncmp(path, tmp, strlen(tmp)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_string_not_equal(folder, tmp);
	snprintf(want, sizeof(want), "%s/secvf-capture-%ld", folder, (long)getpid());
	assert_string_equal(path, want);
	strcat(want, "-2");
	assert_string_equal(second, want);
	remove_fifo(path);
	assert_int_equal(stat(path, &st), -1);
	remove_fifo(path); /* gone: no error */
	remove_fifo(second);
}

static void missing_tmpdir_is_an_error(void **state)
{
	struct port_posix p;
	struct port other;
	char path[PORT_PATH_MAX], longer[400];

	(void)state;
	port_posix_init(&p, &other);
	setenv("TMPDIR", "/nonexistent/folder", 1);
	assert_int_equal(other.ops->fifo_make(other.ctx, path), -ENOENT);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	setenv("TMPDIR", longer, 1);
	assert_int_equal(other.ops->fifo_make(other.ctx, path), -ENAMETOOLONG);
	setenv("TMPDIR", tmp, 1);
	assert_int_equal(other.ops->fifo_make(other.ctx, path), 0); /* and it works again */
	other.ops->fifo_remove(other.ctx, path);
	port_posix_done(&p);
	port_posix_done(&p);
}

/* As whoever tidies /tmp does once nothing has been in there for days. */
static void its_directory_is_made_again(void **state)
{
	struct port_posix p;
	struct port other;
	char path[PORT_PATH_MAX], again[PORT_PATH_MAX];

	(void)state;
	port_posix_init(&p, &other);
	assert_int_equal(other.ops->fifo_make(other.ctx, path), 0);
	other.ops->fifo_remove(other.ctx, path);
	assert_int_equal(rmdir(p.dir), 0);
	assert_int_equal(other.ops->fifo_make(other.ctx, again), 0);
	assert_string_not_equal(again, path);
	other.ops->fifo_remove(other.ctx, again);
	port_posix_done(&p);
}

static void open_never_waits(void **state)
{
	char path[PORT_PATH_MAX], link[PORT_PATH_MAX + 8];
	int reader, fd;

	(void)state;
	assert_int_equal(make_fifo(path), 0);
	assert_int_equal(port.ops->fifo_open(port.ctx, path), -ENXIO);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	fd = port.ops->fifo_open(port.ctx, path);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	port.ops->close(port.ctx, fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	snprintf(link, sizeof(link), "%s.link", path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(port.ops->fifo_open(port.ctx, link), -ELOOP); /* not through a link */
	unlink(link);
	close(reader);
	remove_fifo(path);
	assert_int_equal(port.ops->fifo_open(port.ctx, path), -ENOENT);
}

static void write_never_waits(void **state)
{
	static char bytes[65536];
	char path[PORT_PATH_MAX], got[4];
	size_t total = 0;
	ssize_t n;
	int reader, fd;

	(void)state;
	assert_int_equal(make_fifo(path), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd = port.ops->fifo_open(port.ctx, path);
	assert_true(fd >= 0);
	assert_int_equal(write_port(fd, "abcd", 4), 4);
	assert_int_equal(port.ops->read(port.ctx, reader, got, 4), 4);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(port.ops->read(port.ctx, reader, got, 4), -EAGAIN);
	while ((n = write_port(fd, bytes, sizeof(bytes))) > 0)
		total += (size_t)n;
	assert_int_equal(n, -EAGAIN);
	assert_true(total >= 4096);
	close(reader);
	assert_int_equal(write_port(fd, "x", 1), -EPIPE); /* and no signal */
	port.ops->close(port.ctx, fd);
	assert_int_equal(write_port(fd, "x", 1), -EBADF);
	assert_int_equal(port.ops->read(port.ctx, fd, got, 1), -EBADF);
	remove_fifo(path);
}

/* ---- processes ---- */

static void await(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	while (poll(&poll_fd, 1, -1) < 1) {
	}
}

/* Everything up to the end, as a string. */
static const char *read_all(int fd)
{
	static char text[65536];
	size_t n = 0;
	ssize_t got;

	while ((got = port.ops->read(port.ctx, fd, text + n, sizeof(text) - 1 - n)) != 0) {
		assert_true(got > 0 || got == -EAGAIN);
		if (got > 0)
			n += (size_t)got;
		else
			await(fd);
	}
	text[n] = '\0';
	return text;
}

/* Reap, once its pipes have ended: the exit is near, and there is nothing to poll() for it. */
static int reap(const struct port_child *child)
{
	int status = -1, result;

	do
		result = port.ops->reap(port.ctx, child->pid, &status);
	while (result == 0);
	assert_int_equal(result, 1);
	return status;
}

static void spawn(struct port_child *child, const char *const argv[])
{
	assert_int_equal(port.ops->spawn(port.ctx, (char *const *)(uintptr_t)argv, child), 0);
}

static int finish(struct port_child *child)
{
	port.ops->close(port.ctx, child->out);
	port.ops->close(port.ctx, child->err);
	return reap(child);
}

static void vector_is_passed_as_it_is(void **state)
{
	static const char *const argv[] = {"/bin/echo", "a b", "$HOME", "`id`", "*;'\"|", NULL};
	struct port_child child;

	(void)state;
	spawn(&child, argv);
	assert_string_equal(read_all(child.out), "a b $HOME `id` *;'\"|\n");
	assert_string_equal(read_all(child.err), "");
	assert_int_equal(finish(&child), 0);
}

static void streams_are_apart(void **state)
{
	static const char *const argv[] = {"/bin/cat", "/nonexistent/file", NULL};
	struct port_child child;
	int status;

	(void)state;
	spawn(&child, argv);
	assert_string_equal(read_all(child.out), "");
	assert_non_null(strstr(read_all(child.err), "/nonexistent/file"));
	status = finish(&child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void missing_program_is_an_error(void **state)
{
	static const char *const missing[] = {"/nonexistent/tshark", NULL};
	static const char *const folder[] = {"/tmp", NULL};
	static const char *const relative[] = {"true", NULL};
	struct port_child child = {.pid = 77, .out = 78, .err = 79};
	int probe = dup(0), after;

	(void)state;
	close(probe);
	assert_int_equal(port.ops->spawn(port.ctx, (char *const *)(uintptr_t)missing, &child),
			 -ENOENT);
	assert_int_equal(port.ops->spawn(port.ctx, (char *const *)(uintptr_t)folder, &child),
			 -EACCES);
	/* argv[0] is a path: $PATH is not searched. */
	assert_int_equal(port.ops->spawn(port.ctx, (char *const *)(uintptr_t)relative, &child),
			 -ENOENT);
	assert_int_equal(child.pid, 77); /* untouched on failure */
	assert_int_equal(child.out, 78);
	after = dup(0);
	assert_int_equal(after, probe); /* no descriptor is left open */
	close(after);
}

static void our_ends_do_not_block_nor_leak(void **state)
{
	static const char *const argv[] = {"/bin/true", NULL};
	struct port_child child;

	(void)state;
	spawn(&child, argv);
	assert_true(fcntl(child.out, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(child.err, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(child.out, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(child.err, F_GETFD) & FD_CLOEXEC);
	read_all(child.out);
	assert_int_equal(finish(&child), 0);
}

/* Start a program while another runs and a FIFO is open: it sees its three descriptors. */
static void child_inherits_nothing(void **state)
{
	static const char *const lasting[] = {"/bin/sleep", "1000", NULL};
	static const char *const ls[] = {"/bin/ls", "/proc/self/fd", NULL};
	struct port_child other, child;
	char path[PORT_PATH_MAX];
	int reader, fd;

	(void)state;
	if (access("/proc/self/fd", R_OK))
		skip();
	assert_int_equal(make_fifo(path), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd = port.ops->fifo_open(port.ctx, path);
	spawn(&other, lasting);
	spawn(&child, ls);
	assert_string_equal(read_all(child.out), "0\n1\n2\n3\n"); /* 3: the folder itself */
	finish(&child);
	assert_int_equal(port.ops->kill(port.ctx, other.pid, SIGKILL), 0);
	finish(&other);
	port.ops->close(port.ctx, fd);
	close(reader);
	remove_fifo(path);
}

static void child_s_output_blocks_and_its_input_is_empty(void **state)
{
	/* tshark expects a stdout that blocks; more than any pipe holds comes through whole. */
	static const char *const big[] = {"/usr/bin/head", "-c", "3000000", "/dev/zero", NULL};
	static const char *const cat[] = {"/bin/cat", NULL};
	struct port_child child;
	size_t total = 0;
	ssize_t n;
	char bytes[4096];

	(void)state;
	spawn(&child, big);
	while ((n = port.ops->read(port.ctx, child.out, bytes, sizeof(bytes))) != 0) {
		if (n > 0)
			total += (size_t)n;
		else
			await(child.out);
	}
	assert_int_equal(total, 3000000);
	assert_int_equal(finish(&child), 0);
	spawn(&child, cat);
	assert_string_equal(read_all(child.out), "");
	assert_int_equal(finish(&child), 0);
}

static void child_has_its_own_group_and_signals(void **state)
{
	static const char *const argv[] = {"/bin/sleep", "1000", NULL};
	struct port_child child;
	sigset_t all, before;
	int status = 5;

	(void)state;
	/* SIGPIPE is ignored and everything blocked here, as on the pipeline's thread; not there.
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	spawn(&child, argv);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(getpgid(child.pid), child.pid);
	assert_int_not_equal(getpgid(0), child.pid);
	assert_int_equal(port.ops->reap(port.ctx, child.pid, &status), 0);
	assert_int_equal(status, 5);
	assert_int_equal(port.ops->read(port.ctx, child.out, &status, 1), -EAGAIN);
	assert_int_equal(port.ops->kill(port.ctx, child.pid, SIGTERM), 0);
	await(child.out);
	status = finish(&child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(port.ops->kill(port.ctx, child.pid, SIGTERM), -ESRCH);
	assert_int_equal(port.ops->reap(port.ctx, child.pid, &status), -ECHILD);
	spawn(&child, argv);
	assert_int_equal(port.ops->kill(port.ctx, child.pid, SIGKILL), 0);
	await(child.out);
	status = finish(&child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* As yes(1) dies of it: where it were ignored there too, it would print an error and exit 1. */
static void child_has_sigpipe(void **state)
{
	static const char *const argv[] = {"/usr/bin/yes", NULL};
	struct port_child child;
	int status;

	(void)state;
	spawn(&child, argv);
	await(child.out);
	port.ops->close(port.ctx, child.out);
	assert_string_equal(read_all(child.err), "");
	port.ops->close(port.ctx, child.err);
	status = reap(&child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

/* ---- port_posix_output() ---- */

#define SECOND UINT64_C(1000000000)

static int output(const char *const argv[], char *out, size_t n, uint64_t timeout_ns)
{
	return port_posix_output((char *const *)(uintptr_t)argv, out, n, timeout_ns);
}

static void output_is_kept_and_cut(void **state)
{
	static const char *const echo[] = {"/bin/echo", "TShark (Wireshark) 4.0.17", NULL};
	static const char *const big[] = {"/usr/bin/head", "-c", "3000000", "/dev/zero", NULL};
	char out[64], small[8], one[1] = {'x'};

	(void)state;
	assert_int_equal(output(echo, out, sizeof(out), 60 * SECOND), 0);
	assert_string_equal(out, "TShark (Wireshark) 4.0.17\n");
	memset(small, 'x', sizeof(small));
	assert_int_equal(output(echo, small, sizeof(small) - 1, 60 * SECOND), 0);
	assert_string_equal(small, "TShark");
	assert_int_equal(small[7], 'x');
	assert_int_equal(output(echo, one, 1, 60 * SECOND), 0);
	assert_int_equal(one[0], '\0');
	assert_int_equal(output(big, out, sizeof(out), 60 * SECOND), 0); /* read to its end */
}

static void output_of_a_bad_end(void **state)
{
	static const char *const bad[] = {"/bin/cat", "/nonexistent/file", NULL};
	static const char *const missing[] = {"/nonexistent/tshark", "--version", NULL};
	char out[64];

	(void)state;
	assert_int_equal(output(bad, out, sizeof(out), 60 * SECOND), -EIO);
	assert_int_equal(output(missing, out, sizeof(out), 60 * SECOND), -ENOENT);
}

static void output_times_out(void **state)
{
	static const char *const silent[] = {"/bin/sleep", "1000", NULL};
	static const char *const endless[] = {"/usr/bin/yes", NULL};
	char out[64];

	(void)state;
	assert_int_equal(output(silent, out, sizeof(out), SECOND / 10), -ETIMEDOUT);
	assert_string_equal(out, "");
	assert_int_equal(output(endless, out, sizeof(out), SECOND / 10), -ETIMEDOUT);
	assert_int_equal(strncmp(out, "y\ny\n", 4), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* both were killed and reaped */
	assert_int_equal(errno, ECHILD);
}

/* It closes its stdout and lingers: the time is up for it all the same. */
static void output_times_out_after_the_end_of_output(void **state)
{
	static const char *const argv[] = {"/bin/sh", "-c", "exec >&-; exec sleep 5", NULL};
	char out[64];

	(void)state;
	assert_int_equal(output(argv, out, sizeof(out), SECOND / 2), -ETIMEDOUT);
}

static void clocks_run(void **state)
{
	uint64_t before = clock_now_ns(), wall = clock_wall_ns();

	(void)state;
	assert_true(clock_now_ns() >= before);
	assert_true(wall > UINT64_C(1700000000000000000)); /* after 2023 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifo_is_private),
		cmocka_unit_test(missing_tmpdir_is_an_error),
		cmocka_unit_test(its_directory_is_made_again),
		cmocka_unit_test(open_never_waits),
		cmocka_unit_test(write_never_waits),
		cmocka_unit_test(vector_is_passed_as_it_is),
		cmocka_unit_test(streams_are_apart),
		cmocka_unit_test(missing_program_is_an_error),
		cmocka_unit_test(our_ends_do_not_block_nor_leak),
		cmocka_unit_test(child_inherits_nothing),
		cmocka_unit_test(child_s_output_blocks_and_its_input_is_empty),
		cmocka_unit_test(child_has_its_own_group_and_signals),
		cmocka_unit_test(child_has_sigpipe),
		cmocka_unit_test(output_is_kept_and_cut),
		cmocka_unit_test(output_of_a_bad_end),
		cmocka_unit_test(output_times_out),
		cmocka_unit_test(output_times_out_after_the_end_of_output),
		cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
