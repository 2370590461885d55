/* shown.c - which frames of a file a display filter shows, as tshark says */
#include "cli/shown.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/outfile.h"
#include "os/inspector.h"

#define TROUBLE_BYTES 4096u

extern char **environ;

struct run {
	pid_t pid;
	int out;     /* reads its stdout */
	int trouble; /* holds its stderr */
};

static bool failed(const struct shown *s, const char *what, int error, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "-Y: %s %s: %s", what, s->tshark, strerror(error));
	return false;
}

/* Starts tshark on @path */
static bool start(const struct shown *s, struct run *r, const char *path, struct err *err)
{
	const char *argv[] = {
		s->tshark, "-n",     "-o", "frame.show_file_off:TRUE", "-r", path, "-Y", s->filter,
		"-T",	   "fields", "-e", "frame.file_off",	       NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC))
		return failed(s, "no pipe from", errno, err);
	*r = (struct run){.out = ends[0], .trouble = memfd_create("secvf", MFD_CLOEXEC)};
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, r->trouble, STDERR_FILENO);
	error = r->trouble < 0 ? errno
			       : posix_spawn(&r->pid, s->tshark, &actions, NULL,
					     (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (!error) {
		outfile_child(r->pid);
		return true;
	}
	close(ends[0]);
	if (r->trouble >= 0)
		close(r->trouble);
	return failed(s, "cannot run", error, err);
}

/* What it said, on one line, without what it says each time root runs it. */
static void read_trouble(const struct run *r, char *text, size_t n)
{
	char raw[TROUBLE_BYTES];
	ssize_t got = pread(r->trouble, raw, sizeof(raw) - 1, 0);
	char *line, *rest = raw;
	size_t at = 0;

	raw[got > 0 ? got : 0] = '\0';
	text[0] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || strstr(line, "could be dangerous"))
			continue;
		if (strncmp(line, "tshark: ", 8) == 0)
			line += 8;
		at += (size_t)snprintf(text + at, n - at, "%s%s", at ? " " : "", line);
		if (at >= n)
			break;
	}
}

/* Waits for its end. Return: whether that was 0; if not, @text says why */
static bool finish(struct run *r, char *text, size_t n)
{
	int status = 0;

	close(r->out);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) {
	}
	outfile_child(0);
	text[0] = '\0';
	if (status != 0) {
		read_trouble(r, text, n);
		if (!text[0])
			snprintf(text, n, "tshark ended with status %d", status);
	}
	close(r->trouble);
	return status == 0;
}

bool shown_check(struct shown *s, struct err *err)
{
	struct inspector x;
	struct filter_verdict v;
	bool asked;

	inspector_open(&x, s->tshark, NULL, NULL);
	asked = inspector_check(&x, s->filter, &v, err);
	inspector_close(&x);
	if (!asked) {
		struct err why = *err;

		err_set(err, why.exit, "-Y: cannot run %s", why.text);
		return false;
	}
	if (v.ok)
		return true;
	err_set(err, EXIT_USAGE,
		"-Y: '%s': %s; display filters are written as in wireshark-filter(4)", s->filter,
		v.message);
	return false;
}

static bool keep(struct shown *s, uint64_t offset)
{
	if (s->count == SHOWN_FRAMES_MAX)
		return false;
	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 4096;
		uint64_t *offsets = realloc(s->offsets, cap * sizeof(*offsets));

		if (!offsets)
			return false;
		s->offsets = offsets;
		s->cap = cap;
	}
	s->offsets[s->count++] = offset;
	return true;
}

/* One number a line; no frame is at byte 0. Return: false where they are too many */
static bool read_numbers(struct shown *s, int fd)
{
	char buf[65536];
	uint64_t number = 0;
	ssize_t got;

	while ((got = read(fd, buf, sizeof(buf))) != 0) {
		if (got < 0 && errno != EINTR)
			return false;
		for (ssize_t i = 0; i < got; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				number = number * 10 + (uint64_t)(buf[i] - '0');
				continue;
			}
			if (number && !keep(s, number))
				return false;
			number = 0;
		}
	}
	return true;
}

bool shown_file(struct shown *s, const char *path, struct err *err)
{
	char whole[4200];
	struct run r;
	bool ok;

	/* A name must not look like an option, or like standard input. */
	snprintf(whole, sizeof(whole), "%s%s", path[0] == '-' ? "./" : "", path);
	s->count = s->at = 0;
	if (!start(s, &r, whole, err))
		return false;
	ok = read_numbers(s, r.out);
	finish(&r, s->trouble, sizeof(s->trouble));
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "-Y: %s: no room for all frames that it shows",
			path);
	return ok;
}

bool shown_has(void *ctx, uint64_t offset)
{
	struct shown *s = ctx;

	while (s->at < s->count && s->offsets[s->at] < offset)
		s->at++;
	return s->at < s->count && s->offsets[s->at] == offset;
}

void shown_done(struct shown *s)
{
	free(s->offsets);
	memset(s, 0, sizeof(*s));
}
