/* outfile.c - a file that is there whole or not at all */
#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

#define ENDING (sizeof(ending) / sizeof(ending[0]))

static struct {
	char path[PATH_MAX], part[PATH_MAX + 32];
	int fd;
	volatile sig_atomic_t partial; /* the part is there */
	volatile sig_atomic_t child;
} out = {.fd = -1};

/* Only what a handler may call (signal-safety(7)). */
static void end(int number)
{
	if (out.child > 0)
		kill((pid_t)out.child, SIGKILL);
	if (out.partial)
		unlink(out.part);
	signal(number, SIG_DFL);
	raise(number);
}

/* A signal that the caller has ignored, as nohup does, stays ignored. */
static void handle(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler}, before;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ENDING; i++) {
		if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	}
}

void outfile_child(pid_t pid)
{
	out.child = (sig_atomic_t)pid;
}

static bool open_failed(const char *path, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
	return false;
}

bool outfile_open(const char *path, struct err *err)
{
	struct stat st;

	signal(SIGPIPE, SIG_IGN);
	handle(end);
	if (strcmp(path, "-") == 0) {
		if (isatty(STDOUT_FILENO)) {
			err_set(err, EXIT_USAGE,
				"standard output is a terminal; redirect it, or name a file");
			return false;
		}
		out.fd = STDOUT_FILENO;
		return true;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		err_set(err, EXIT_USAGE, "%s: it is a folder; name a file in it", path);
		return false;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		snprintf(out.path, sizeof(out.path), "%s", path);
		out.fd = open(path, O_WRONLY | O_CLOEXEC);
		return out.fd >= 0 || open_failed(path, err);
	}
	/* Through a symbolic link the file is replaced, not the link; one to nowhere stays. */
	if (!realpath(path, out.path)) {
		if (lstat(path, &st) == 0)
			return open_failed(path, err);
		snprintf(out.path, sizeof(out.path), "%s", path);
	}
	snprintf(out.part, sizeof(out.part), "%s.part-%ld", out.path, (long)getpid());
	out.partial = 1;
	out.fd = open(out.part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out.fd < 0) {
		out.partial = 0;
		return open_failed(path, err);
	}
	return true;
}

int outfile_write(void *ctx, const void *p, size_t n)
{
	const char *from = p;

	(void)ctx;
	while (n) {
		ssize_t took = write(out.fd, from, n);
		struct pollfd ready = {.fd = out.fd, .events = POLLOUT};

		if (took < 0 && errno == EAGAIN)
			poll(&ready, 1, -1);
		else if (took < 0 && errno != EINTR)
			return -errno;
		if (took > 0) {
			from += took;
			n -= (size_t)took;
		}
	}
	return 0;
}

bool outfile_seal(struct err *err)
{
	int error = 0;

	if (out.fd >= 0 && out.fd != STDOUT_FILENO && close(out.fd))
		error = errno;
	out.fd = -1;
	if (!error && out.partial && rename(out.part, out.path))
		error = errno;
	if (!error) {
		out.partial = 0;
		return true;
	}
	outfile_drop();
	err_set(err, EXIT_ENVIRONMENT, "%s: cannot be written: %s", out.path, strerror(error));
	return false;
}

void outfile_drop(void)
{
	if (out.fd >= 0 && out.fd != STDOUT_FILENO)
		close(out.fd);
	out.fd = -1;
	if (out.partial)
		unlink(out.part);
	out.partial = 0;
}
