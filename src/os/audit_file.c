/* audit_file.c - events on disk */
#include "os/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/audit.h"
#include "os/port_posix.h"

bool home_path(char *path, size_t n, const char *below)
{
	const char *home = getenv("AVF_HOME");
	const char *user = getenv("HOME");
	int length;

	if (home && *home)
		length = snprintf(path, n, "%s/%s", home, below);
	else if (user && *user)
		length = snprintf(path, n, "%s/.avf/%s", user, below);
	else
		return false;
	return length > 0 && (size_t)length < n;
}

int home_make_folders(const char *path)
{
	char part[4096];

	for (size_t i = 1; i < sizeof(part) && path[i]; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int open_log(struct audit_file *f)
{
	struct stat st;
	int fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		close(fd);
		return -errno;
	}
	f->fd = fd;
	f->regular = S_ISREG(st.st_mode);
	f->bytes = (uint64_t)st.st_size;
	return 0;
}

int audit_file_open(struct audit_file *f, const char *path, struct err *err)
{
	int error;

	memset(f, 0, sizeof(*f));
	f->fd = -1;
	/* Time, event, braces: no line is lost for want of memory later. */
	buf_reserve(&f->line, AUDIT_EVENT_MAX + 64);
	if (path)
		snprintf(f->path, sizeof(f->path), "%s", path);
	else if (!home_path(f->path, sizeof(f->path), "logs/error-audit.log")) {
		err_set(err, EXIT_ENVIRONMENT,
			"audit log: neither AVF_HOME nor HOME is set; its lines go to stderr");
		return -ENOENT;
	}
	error = home_make_folders(f->path);
	if (!error)
		error = open_log(f);
	if (error)
		err_set(err, EXIT_ENVIRONMENT,
			"audit log: %s: %s; its lines go to stderr (AVF_HOME chooses another folder)",
			f->path, strerror(-error));
	return error;
}

static void rotate(struct audit_file *f)
{
	char from[sizeof(f->path) + 8], to[sizeof(f->path) + 8];

	for (int i = AUDIT_FILES - 1; i >= 1; i--) {
		snprintf(to, sizeof(to), "%s.%d", f->path, i);
		snprintf(from, sizeof(from), "%s.%d", f->path, i - 1);
		rename(i == 1 ? f->path : from, to);
	}
	close(f->fd);
	f->fd = -1;
	open_log(f);
}

void audit_file_line(void *ctx, const char *members, size_t n)
{
	struct audit_file *f = ctx;
	uint64_t wall_ns = clock_wall_ns();
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_reset(&f->line);
	buf_printf(&f->line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%09uZ\",",
		   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		   (unsigned)(wall_ns % 1000000000));
	buf_put(&f->line, members, n);
	buf_puts(&f->line, "}\n");
	if (f->fd >= 0 && f->regular && f->bytes + f->line.n > AUDIT_FILE_BYTES && f->bytes)
		rotate(f);
	if (f->line.failed ||
	    write(f->fd >= 0 ? f->fd : STDERR_FILENO, f->line.p, f->line.n) != (ssize_t)f->line.n)
		f->unwritten++;
	else
		f->bytes += f->line.n;
}

void audit_file_close(struct audit_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	buf_done(&f->line);
}
