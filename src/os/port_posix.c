/* port_posix.c - FIFOs, processes and descriptors of a POSIX system */
#include "os/port_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/spawn.h"

uint64_t clock_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static atomic_llong wall_shift_ns;

void clock_wall_shift(int64_t ns)
{
	atomic_fetch_add_explicit(&wall_shift_ns, ns, memory_order_relaxed);
}

uint64_t clock_wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec +
	       (uint64_t)atomic_load_explicit(&wall_shift_ns, memory_order_relaxed);
}

/* The directory is made afresh by mkdtemp(), so no name in it can be somebody else's link. */
static int make_dir(struct port_posix *p)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || !*tmp)
		tmp = "/tmp";
	if (snprintf(p->dir, sizeof(p->dir), "%s/secvf-XXXXXX", tmp) >= (int)sizeof(p->dir)) {
		p->dir[0] = '\0';
		return -ENAMETOOLONG;
	}
	if (!mkdtemp(p->dir)) {
		int error = -errno;

		p->dir[0] = '\0';
		return error;
	}
	return 0;
}

static int make_fifo(struct port_posix *p, char path[PORT_PATH_MAX])
{
	int error = p->dir[0] ? 0 : make_dir(p);

	if (error)
		return error;
	p->fifos++;
	if (p->fifos == 1)
		snprintf(path, PORT_PATH_MAX, "%s/secvf-capture-%ld", p->dir, (long)getpid());
	else
		snprintf(path, PORT_PATH_MAX, "%s/secvf-capture-%ld-%u", p->dir, (long)getpid(),
			 p->fifos);
	return mkfifo(path, 0600) ? -errno : 0;
}

static int fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	struct port_posix *p = ctx;
	int error = make_fifo(p, path);

	if (error != -ENOENT || !p->dir[0])
		return error;
	/* Who tidies /tmp has taken the directory, which nothing was in for days. */
	p->dir[0] = '\0';
	return make_fifo(p, path);
}

static int fifo_open(void *ctx, const char *path)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	(void)ctx;
	if (fd < 0)
		return -errno;
#ifdef F_SETPIPE_SZ
	/* More than an unprivileged user may have is refused; the default works too, only slower.
	 */
	fcntl(fd, F_SETPIPE_SZ, PORT_PIPE_BYTES);
#endif
	return fd;
}

static void fifo_remove(void *ctx, const char *path)
{
	(void)ctx;
	unlink(path);
}

/* Only our end does not block: tshark expects its stdout to. */
static int make_pipe(int fd[2])
{
	int error = spawn_pipe(fd);

	if (!error)
		fcntl(fd[0], F_SETFL, O_NONBLOCK);
	return error;
}

static int spawn(void *ctx, char *const argv[], struct port_child *child)
{
	int out[2], err[2], error;
	pid_t pid;

	(void)ctx;
	error = make_pipe(out);
	if (error)
		return error;
	error = make_pipe(err);
	if (error) {
		spawn_pipe_close(out);
		return error;
	}
#ifdef F_SETPIPE_SZ
	fcntl(out[0], F_SETPIPE_SZ, PORT_PIPE_BYTES);
#endif
	error = spawn_in_group(argv, -1, out[1], err[1], &pid);
	if (error) {
		spawn_pipe_close(out);
		spawn_pipe_close(err);
		return error;
	}
	close(out[1]);
	close(err[1]);
	*child = (struct port_child){.pid = (int)pid, .out = out[0], .err = err[0]};
	return 0;
}

static ssize_t port_read(void *ctx, int fd, void *buf, size_t n)
{
	ssize_t result = read(fd, buf, n);

	(void)ctx;
	return result < 0 ? -errno : result;
}

static ssize_t port_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	ssize_t result = writev(fd, iov, n);

	(void)ctx;
	return result < 0 ? -errno : result;
}

static void port_close(void *ctx, int fd)
{
	(void)ctx;
	close(fd);
}

static int port_kill(void *ctx, int pid, int signal)
{
	(void)ctx;
	return kill(pid, signal) ? -errno : 0;
}

static int port_reap(void *ctx, int pid, int *status)
{
	pid_t result = waitpid(pid, status, WNOHANG);

	(void)ctx;
	if (result < 0)
		return -errno;
	return result > 0;
}

#ifdef __linux__
/* Resident, but for what it shares with others: the libraries. */
static int64_t port_memory(void *ctx, int pid)
{
	unsigned long long size, resident, shared;
	char path[64];
	FILE *f;
	int n;

	(void)ctx;
	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fscanf(f, "%llu %llu %llu", &size, &resident, &shared);
	fclose(f);
	if (n != 3 || shared > resident)
		return -EIO;
	return (int64_t)(resident - shared) * sysconf(_SC_PAGESIZE);
}
#endif

static const struct port_ops posix_ops = {
	.fifo_make = fifo_make,
	.fifo_open = fifo_open,
	.fifo_remove = fifo_remove,
	.spawn = spawn,
	.read = port_read,
	.writev = port_writev,
	.close = port_close,
	.kill = port_kill,
	.reap = port_reap,
#ifdef __linux__
	.memory = port_memory,
#endif
};

void port_posix_init(struct port_posix *p, struct port *port)
{
	memset(p, 0, sizeof(*p));
	signal(SIGPIPE, SIG_IGN);
	*port = (struct port){.ops = &posix_ops, .ctx = p};
}

void port_posix_done(struct port_posix *p)
{
	if (p->dir[0])
		rmdir(p->dir);
	p->dir[0] = '\0';
}

/* Read until the end or the deadline. Return: 0 at the end, -ETIMEDOUT, -errno. */
static int read_all(int fd, char *out, size_t n, uint64_t deadline_ns)
{
	size_t used = 0;

	out[0] = '\0';
	for (;;) {
		char rest[4096];
		uint64_t now_ns = clock_now_ns();
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, (int)((deadline_ns - now_ns) / 1000000) + 1) < 0 &&
		    errno != EINTR)
			return -errno;
		got = read(fd, rest, sizeof(rest));
		if (got == 0)
			return 0;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0) {
			size_t kept = (size_t)got < n - 1 - used ? (size_t)got : n - 1 - used;

			memcpy(out + used, rest, kept);
			used += kept;
			out[used] = '\0';
		}
	}
}

/* Wait for the exit, which comes soon after the end of the output, or else not; kill it where
 * @error, or at the deadline. There is no portable descriptor for an exit. Return: @error, or
 * -ETIMEDOUT. */
static int reap_by(pid_t pid, int error, uint64_t deadline_ns, int *status)
{
	for (;;) {
		pid_t result;

		if (!error && clock_now_ns() >= deadline_ns)
			error = -ETIMEDOUT;
		if (error)
			kill(pid, SIGKILL);
		result = waitpid(pid, status, error ? 0 : WNOHANG);
		if (result == pid || (result < 0 && errno != EINTR))
			return error;
		if (result == 0)
			poll(NULL, 0, 1);
	}
}

int port_posix_output(char *const argv[], char *out, size_t n, uint64_t timeout_ns)
{
	uint64_t deadline_ns = clock_now_ns() + timeout_ns;
	int fd[2], null, error, status = 0;
	pid_t pid = 0;

	error = make_pipe(fd);
	if (error)
		return error;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	error = null < 0 ? -errno : spawn_in_group(argv, -1, fd[1], null, &pid);
	if (null >= 0)
		close(null);
	close(fd[1]);
	if (!error) {
		error = read_all(fd[0], out, n, deadline_ns);
		error = reap_by(pid, error, deadline_ns, &status);
		if (!error && (!WIFEXITED(status) || WEXITSTATUS(status)))
			error = -EIO;
	}
	close(fd[0]);
	return error;
}
