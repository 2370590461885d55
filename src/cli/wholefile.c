/* wholefile.c - small files that are written whole or not at all, and read whole */
#include "cli/wholefile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool put(FILE *f, const char *p, size_t n)
{
	return !n || fwrite(p, 1, n, f) == n;
}

static bool failed(const char *what, const char *path, int error, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "%s %s: cannot be written: %s; choose another file", what,
		path, strerror(error));
	return false;
}

/* Standard output, devices, FIFOs. */
static bool write_through(const char *what, const char *path, const char *p, size_t n,
			  struct err *err)
{
	bool is_stdout = strcmp(path, "-") == 0;
	FILE *f = is_stdout ? stdout : fopen(path, "we");
	bool ok = f && put(f, p, n);
	int error = errno;

	if (f && (is_stdout ? fflush(f) : fclose(f))) {
		error = errno;
		ok = false;
	}
	return ok || failed(what, path, error, err);
}

bool wholefile_write(const char *what, const char *path, const char *p, size_t n, struct err *err)
{
	char target[PATH_MAX], part[PATH_MAX + 32];
	struct stat st;
	bool there = stat(path, &st) == 0, ok;
	int error;
	FILE *f;

	if (strcmp(path, "-") == 0 || (there && !S_ISREG(st.st_mode)))
		return write_through(what, path, p, n, err);
	if (!there || !realpath(path, target))
		snprintf(target, sizeof(target), "%s", path);
	snprintf(part, sizeof(part), "%s.part-%ld", target, (long)getpid());
	f = fopen(part, "wxe");
	if (!f)
		return failed(what, path, errno, err);
	ok = put(f, p, n) && (!there || fchmod(fileno(f), st.st_mode & 0777) == 0);
	error = errno;
	if (fclose(f) && ok) {
		error = errno;
		ok = false;
	}
	if (ok && rename(part, target)) {
		error = errno;
		ok = false;
	}
	if (ok)
		return true;
	unlink(part);
	return failed(what, path, error, err);
}

bool wholefile_read(const char *what, const char *path, size_t bytes_max, struct buf *to,
		    struct err *err)
{
	FILE *f = fopen(path, "re");
	size_t before = to->n, got = 1;
	int error = errno;

	while (f && got && to->n - before <= bytes_max && buf_reserve(to, 65536)) {
		got = fread(to->p + to->n, 1, 65536, f);
		to->n += got;
	}
	if (f && ferror(f))
		error = errno ? errno : EIO;
	else if (f)
		error = to->failed ? ENOMEM : to->n - before > bytes_max ? EFBIG : 0;
	if (f)
		fclose(f);
	if (!error)
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s %s: cannot be read: %s", what, path, strerror(error));
	return false;
}
