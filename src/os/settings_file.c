/* settings_file.c - the settings on disk */
#include "os/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/audit_file.h"
#include "os/port_posix.h"

#define LINKS_MAX    40u   /* as Linux follows, path_resolution(7) */
#define ASIDE_MAX    1000u /* files set aside within a second */
#define BESIDE_BYTES 64u   /* what may be appended to the path for a file beside it */

bool settings_file_usual(char path[SETTINGS_FILE_PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n;

	if (config && config[0] == '/')
		n = snprintf(path, SETTINGS_FILE_PATH_MAX, "%s/secvf/settings.json", config);
	else if (home && *home)
		n = snprintf(path, SETTINGS_FILE_PATH_MAX, "%s/.config/secvf/settings.json", home);
	else
		return false;
	return n > 0 && (unsigned)n < SETTINGS_FILE_PATH_MAX;
}

static bool failed(const struct settings_file *f, const char *what, int error, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "settings %s: cannot be %s: %s", f->path, what,
		strerror(error));
	return false;
}

/* Where the links at the end of @path lead, whether there is a file or not; unlike realpath(3). */
static int resolve(const char *path, char to[SETTINGS_FILE_PATH_MAX])
{
	char link[SETTINGS_FILE_PATH_MAX], joined[2 * SETTINGS_FILE_PATH_MAX];
	int n = snprintf(to, SETTINGS_FILE_PATH_MAX, "%s", path);

	for (unsigned i = 0; i < LINKS_MAX; i++) {
		ssize_t got;
		char *slash = strrchr(to, '/');

		if (n < 0 || (unsigned)n + BESIDE_BYTES > SETTINGS_FILE_PATH_MAX)
			return -ENAMETOOLONG;
		got = readlink(to, link, sizeof(link) - 1);
		if (got < 0)
			return errno == EINVAL || errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
		link[got] = '\0';
		snprintf(joined, sizeof(joined), "%.*s%s",
			 link[0] != '/' && slash ? (int)(slash - to) + 1 : 0, to, link);
		n = snprintf(to, SETTINGS_FILE_PATH_MAX, "%s", joined);
	}
	return -ELOOP;
}

/* ---- reading ---- */

/* Return: 0 with all of it in @to, nothing where there is no file; -errno */
static int read_all(const char *path, struct buf *to)
{
	/* What would block, a FIFO, is refused below. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = 0;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st))
		error = -errno;
	else if (!S_ISREG(st.st_mode))
		error = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	while (!error && n && to->n <= SETTINGS_BYTES_MAX) {
		if (!buf_reserve(to, 65536)) {
			error = -ENOMEM;
			break;
		}
		n = read(fd, to->p + to->n, 65536);
		if (n < 0 && errno != EINTR)
			error = -errno;
		to->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return error ? error : to->n > SETTINGS_BYTES_MAX ? -EFBIG : 0;
}

enum outcome {
	READ,
	BROKEN,
	FAILED
};

/* BROKEN: @err says where; nothing has been done about it. */
static enum outcome try_read(struct settings_file *f, struct settings *s, struct err *err)
{
	struct buf text = {0};
	int error = read_all(f->path, &text);
	enum outcome outcome = READ;

	if (error) {
		failed(f, "read", -error, err);
		outcome = FAILED;
	} else if (!text.n) {
		settings_done(s);
	} else if (!settings_parse(s, f->path, text.p, text.n, err)) {
		outcome = err->exit == EXIT_USAGE ? BROKEN : FAILED;
	}
	buf_done(&text);
	return outcome;
}

/* Under the lock, so that no other of us takes the name that is found free. */
static bool set_aside(struct settings_file *f, struct err *broken)
{
	char aside[SETTINGS_FILE_PATH_MAX + BESIDE_BYTES];
	time_t now = (time_t)(clock_wall_ns() / UINT64_C(1000000000));
	size_t n = strlen(f->path);
	struct stat st;
	struct tm tm;
	unsigned number = 1;

	memcpy(aside, f->path, n + 1);
	gmtime_r(&now, &tm);
	n += strftime(aside + n, BESIDE_BYTES, ".broken-%Y%m%d-%H%M%S", &tm);
	while (lstat(aside, &st) == 0 && number < ASIDE_MAX)
		snprintf(aside + n, 16, "-%u", ++number);
	if (number == ASIDE_MAX)
		return failed(f, "set aside though it is broken", EEXIST, broken);
	if (rename(f->path, aside))
		return failed(f, "set aside though it is broken", errno, broken);
	snprintf(
		f->said, sizeof(f->said),
		"%s; the file is %s now, and settings are empty; mend it and give it its name back",
		broken->text, aside);
	return true;
}

static bool start(struct settings_file *f, const char *path, struct err *err)
{
	int error;

	*f = (struct settings_file){.lock = -1};
	error = resolve(path, f->path);
	if (!error)
		return true;
	snprintf(f->path, sizeof(f->path), "%s", path);
	return failed(f, "found", -error, err);
}

static int take_lock(struct settings_file *f)
{
	char path[SETTINGS_FILE_PATH_MAX + BESIDE_BYTES];
	int error = home_make_folders(f->path);

	if (error)
		return error;
	snprintf(path, sizeof(path), "%s.lock", f->path);
	f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->lock < 0)
		return -errno;
	while (flock(f->lock, LOCK_EX)) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

bool settings_file_begin(struct settings_file *f, const char *path, struct settings *s,
			 struct err *err)
{
	enum outcome outcome = FAILED;
	int error;

	if (!start(f, path, err))
		return false;
	error = take_lock(f);
	if (error)
		failed(f, "locked", -error, err);
	else
		outcome = try_read(f, s, err);
	if (outcome == BROKEN && set_aside(f, err)) {
		settings_done(s);
		outcome = READ;
	}
	if (outcome == READ)
		return true;
	settings_file_end(f);
	return false;
}

bool settings_file_read(struct settings_file *f, const char *path, struct settings *s,
			struct err *err)
{
	enum outcome outcome;

	if (!start(f, path, err))
		return false;
	outcome = try_read(f, s, err);
	if (outcome != BROKEN)
		return outcome == READ;
	/* Once more, under the lock: another may have set it aside and written a good one. */
	if (!settings_file_begin(f, path, s, err))
		return false;
	settings_file_end(f);
	return true;
}

/* ---- writing ---- */

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t took = write(fd, p, n);

		if (took < 0 && errno != EINTR)
			return -errno;
		if (took > 0) {
			p += took;
			n -= (size_t)took;
		}
	}
	return fsync(fd) ? -errno : 0;
}

/* The new name must survive a loss of power as the bytes do. Not every file system can sync a
 * folder: EINVAL. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[SETTINGS_FILE_PATH_MAX];
	int fd, error = 0;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) && errno != EINVAL)
		error = -errno;
	close(fd);
	return error;
}

static int replace(const char *path, const struct buf *text)
{
	char part[SETTINGS_FILE_PATH_MAX + BESIDE_BYTES];
	int fd, error;

	snprintf(part, sizeof(part), "%s.part", path);
	/* The lock is held: what is there a killed process has left. */
	if (unlink(part) && errno != ENOENT)
		return -errno;
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = write_all(fd, text->p, text->n);
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(part, path))
		error = -errno;
	if (error)
		unlink(part);
	return error ? error : sync_folder(path);
}

bool settings_file_commit(struct settings_file *f, const struct settings *s, struct err *err)
{
	struct buf text = {0};
	int error;

	settings_print(s, &text);
	if (text.failed)
		error = -ENOMEM;
	else
		error = text.n > SETTINGS_BYTES_MAX ? -EFBIG : replace(f->path, &text);
	buf_done(&text);
	settings_file_end(f);
	return !error || failed(f, "written", -error, err);
}

void settings_file_end(struct settings_file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}
