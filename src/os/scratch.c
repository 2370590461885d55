/* scratch.c - a folder for files that nobody else should see or keep */
#include "os/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS_OPEN_MAX 16

const char *scratch_base(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp && *tmp ? tmp : "/tmp";
}

static int make(struct scratch *s)
{
	char base[PATH_MAX];

	if (!realpath(scratch_base(), base))
		return -errno;
	if (snprintf(s->path, sizeof(s->path), "%s/secvf-scratch-XXXXXX", base) >=
	    (int)sizeof(s->path))
		return -ENAMETOOLONG;
	return mkdtemp(s->path) ? 0 : -errno;
}

int scratch_make(struct scratch *s)
{
	int error = make(s);

	/* What is in it is removed later: nothing but our own folder may ever be named. */
	if (error)
		s->path[0] = '\0';
	return error;
}

int scratch_open(const char *path)
{
	int fd;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int scratch_write(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n) {
		ssize_t took = write(fd, from, n);

		if (took < 0 && errno != EINTR)
			return -errno;
		if (took > 0) {
			from += took;
			n -= (size_t)took;
		}
	}
	return 0;
}

int scratch_file(const char *path, const void *p, size_t n)
{
	int fd = scratch_open(path);
	int error = fd < 0 ? fd : scratch_write(fd, p, n);

	if (fd >= 0 && close(fd) && !error)
		error = -errno;
	return error;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void scratch_remove(struct scratch *s)
{
	if (s->path[0])
		nftw(s->path, remove_one, FOLDERS_OPEN_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	s->path[0] = '\0';
}
