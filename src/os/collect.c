/* collect.c - run, read, wait */
#include "os/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "base/check.h"
#include "os/port_posix.h"
#include "os/spawn.h"

#define READ_BYTES 65536u

/* Lines joined by blanks. */
static void hear(struct collect *c, char *text)
{
	char *line, *rest = text;
	size_t at = strlen(c->said);

	while ((line = strsep(&rest, "\n"))) {
		if (!*line || strstr(line, "could be dangerous") || at >= sizeof(c->said))
			continue;
		if (strncmp(line, "tshark: ", 8) == 0)
			line += 8;
		at += (size_t)snprintf(c->said + at, sizeof(c->said) - at, "%s%s", at ? " " : "",
				       line);
	}
}

/* For poll(): at least one, so that a deadline is reached; at most a quarter of an hour at a time.
 */
static int milliseconds(uint64_t ns)
{
	return ns / 1000000 < 1000000 ? (int)(ns / 1000000) + 1 : 1000000;
}

static int stop_fd(const struct collect *c)
{
	return c->stop ? waker_fd(c->stop) : -1;
}

/* Read both pipes until they end. Return: 0, or why not */
static int read_all(struct collect *c, int out, int err, uint64_t deadline_ns)
{
	char heard[4096];
	size_t heard_n = 0;
	bool open[2] = {true, true};
	int error = 0;

	while (!error && (open[0] || open[1])) {
		struct pollfd fds[] = {{.fd = open[0] ? out : -1, .events = POLLIN},
				       {.fd = open[1] ? err : -1, .events = POLLIN},
				       {.fd = stop_fd(c), .events = POLLIN}};
		uint64_t now_ns = clock_now_ns();
		char rest[1024];
		ssize_t n;

		if (now_ns >= deadline_ns)
			error = -ETIMEDOUT;
		else if (poll(fds, 3, milliseconds(deadline_ns - now_ns)) <= 0)
			continue;
		if (!error && fds[2].revents)
			error = -ECANCELED;
		if (!error && fds[0].revents) {
			if (!buf_reserve(&c->out, READ_BYTES + 1))
				error = -ENOMEM;
			n = error ? 1 : read(out, c->out.p + c->out.n, READ_BYTES);
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				open[0] = false;
			else if (!error && n > 0)
				c->out.n += (size_t)n;
			if (c->out.n > c->bytes_max)
				error = -EFBIG;
		}
		if (!error && fds[1].revents) {
			n = read(err, rest, sizeof(rest));
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				open[1] = false;
			for (ssize_t i = 0; i < n && heard_n < sizeof(heard) - 1; i++)
				heard[heard_n++] = rest[i];
		}
	}
	heard[heard_n] = '\0';
	hear(c, heard);
	return error;
}

/* A pipe that has the input in it and ends. @in: its read end; -1: none is wanted. Return: 0, or
 * -errno */
static int open_input(const struct collect *c, int *in)
{
	int fd[2], error;
	ssize_t n;

	check(c->input_n <= COLLECT_INPUT_MAX);
	*in = -1;
	if (!c->input)
		return 0;
	error = spawn_pipe(fd);
	if (error)
		return error;
	n = write(fd[1], c->input, c->input_n);
	close(fd[1]);
	*in = fd[0];
	return n == (ssize_t)c->input_n ? 0 : -EIO;
}

/* Its output has ended, and it is about to. One that only closed it has until the deadline, where
 * the system lets us wait for both. Return: 0, -ETIMEDOUT or -ECANCELED */
static int await_end(const struct collect *c, pid_t pid, uint64_t deadline_ns)
{
	int error = 0;
#ifdef SYS_pidfd_open
	struct pollfd fds[] = {{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
			       {.fd = stop_fd(c), .events = POLLIN}};
	bool ended = fds[0].fd < 0;

	while (!ended && !error) {
		uint64_t now_ns = clock_now_ns();

		if (now_ns >= deadline_ns)
			error = -ETIMEDOUT;
		else if (poll(fds, 2, milliseconds(deadline_ns - now_ns)) > 0)
			ended = fds[0].revents != 0;
		if (!error && !ended && fds[1].revents)
			error = -ECANCELED;
	}
	if (fds[0].fd >= 0)
		close(fds[0].fd);
#else
	(void)c;
	(void)pid;
	(void)deadline_ns;
#endif
	return error;
}

/* Return: 0 once it has ended by itself, and was waited for */
static int attend(struct collect *c, pid_t pid, int out, int err, uint64_t deadline_ns)
{
	int error;

	fcntl(out, F_SETFL, O_NONBLOCK);
	fcntl(err, F_SETFL, O_NONBLOCK);
	error = read_all(c, out, err, deadline_ns);
	if (!error)
		error = await_end(c, pid, deadline_ns);
	/* With what it has started, as a script around tshark does. */
	if (error)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &c->status, 0) < 0 && errno == EINTR) {
	}
	if (!error && !buf_reserve(&c->out, 1))
		error = -ENOMEM;
	if (!error)
		c->out.p[c->out.n] = '\0';
	return error;
}

int collect_run(struct collect *c, char *const argv[])
{
	uint64_t deadline_ns = clock_now_ns() + c->timeout_ns;
	int in, out[2], err[2], error = open_input(c, &in);
	pid_t pid = 0;

	if (!error)
		error = spawn_pipe(out);
	if (error)
		goto no_out;
	error = spawn_pipe(err);
	if (error) {
		close(out[1]);
		goto no_err;
	}
	error = spawn_in_group(argv, in, out[1], err[1], &pid);
	close(out[1]);
	close(err[1]);
	if (!error)
		error = attend(c, pid, out[0], err[0], deadline_ns);
	close(err[0]);
no_err:
	close(out[0]);
no_out:
	if (in >= 0)
		close(in);
	return error;
}

const char *collect_why(const struct collect *c, int error, char text[640])
{
	if (error == -ETIMEDOUT)
		snprintf(text, 640, "it was ended after %llu s",
			 (unsigned long long)(c->timeout_ns / 1000000000));
	else if (error == -ECANCELED)
		snprintf(text, 640, "it was given up");
	else if (error == -EFBIG)
		snprintf(text, 640, "it was ended as it printed more than %zu MB",
			 c->bytes_max / 1000000);
	else if (error)
		snprintf(text, 640, "%s", strerror(-error));
	else if (c->said[0])
		snprintf(text, 640, "%s", c->said);
	else if (WIFSIGNALED(c->status))
		snprintf(text, 640, "it ended by signal %d (%s)", WTERMSIG(c->status),
			 strsignal(WTERMSIG(c->status)));
	else
		snprintf(text, 640, "it ended with status %d", WEXITSTATUS(c->status));
	return text;
}

void collect_done(struct collect *c)
{
	buf_done(&c->out);
}
