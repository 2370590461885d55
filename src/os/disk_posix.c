/* disk_posix.c - files of a POSIX system, as the spool wants them */
#include "os/disk_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/audit_file.h"
#include "os/port_posix.h"

bool disk_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static int disk_create(void *ctx, const char *path)
{
	int fd, error = home_make_folders(path);
	struct stat st;

	(void)ctx;
	if (error)
		return error;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* Emptied only once it is ours, and only where it is not empty: a file that was once cut to
	 * nothing ext4 writes through when it is closed. */
	if (!disk_lock(fd) || fstat(fd, &st) || (st.st_size && ftruncate(fd, 0))) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static ssize_t disk_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	ssize_t result = writev(fd, iov, n);

	(void)ctx;
	return result < 0 ? -errno : result;
}

static int disk_truncate(void *ctx, int fd, uint64_t bytes)
{
	(void)ctx;
	return ftruncate(fd, (off_t)bytes) || lseek(fd, (off_t)bytes, SEEK_SET) < 0 ? -errno : 0;
}

static void *disk_map(void *ctx, int fd, uint32_t bytes, int *error)
{
	int flags = MAP_SHARED;
	void *base;

	(void)ctx;
#ifdef __APPLE__
	*error = ftruncate(fd, bytes) ? -errno : 0;
#else
	/* With its room taken beforehand, storing to it cannot fail for want of any. */
	*error = -posix_fallocate(fd, 0, bytes);
	flags |= MAP_POPULATE;
#endif
	if (*error)
		return NULL;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (base != MAP_FAILED)
		return base;
	*error = -errno;
	return NULL;
}

static void disk_unmap(void *base, uint32_t bytes)
{
	munmap(base, bytes);
}

static int disk_present(void *ctx, int fd)
{
	struct stat st;

	(void)ctx;
	return fstat(fd, &st) ? -errno : st.st_nlink > 0;
}

static int disk_seal(void *ctx, const char *from, const char *to)
{
	(void)ctx;
	return rename(from, to) ? -errno : 0;
}

static void disk_close(void *ctx, int fd)
{
	(void)ctx;
	close(fd);
}

static int disk_remove(void *ctx, const char *path)
{
	(void)ctx;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static int64_t disk_used(void *ctx, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[DISK_PATH_MAX];
	struct dirent *entry;
	int64_t bytes = 0;
	DIR *dir;

	(void)ctx;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	dir = opendir(folder);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			bytes += st.st_size;
	}
	closedir(dir);
	return bytes;
}

static uint64_t disk_wall_ns(void *ctx)
{
	(void)ctx;
	return clock_wall_ns();
}

struct disk disk_posix(void)
{
	static const struct disk_ops ops = {
		.create = disk_create,
		.writev = disk_writev,
		.truncate = disk_truncate,
		.map = disk_map,
		.unmap = disk_unmap,
		.present = disk_present,
		.seal = disk_seal,
		.close = disk_close,
		.remove = disk_remove,
		.used = disk_used,
		.wall_ns = disk_wall_ns,
	};

	return (struct disk){.ops = &ops};
}
