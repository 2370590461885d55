/* disk.h - the seam to the disk: everything that the spool asks of it
 *
 * Made twice, as port.h is: by os/disk_posix for real, and by sim/disk_sim for the simulator. Calls
 * may take as long as the disk does, so they are made on the spool's thread alone. Failure is
 * -errno.
 */
#ifndef SECVF_BASE_DISK_H
#define SECVF_BASE_DISK_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define DISK_PATH_MAX 4096

struct disk_ops {
	/** create() - Make a file, mode 0600, its folder too; one that is there is emptied. It is
	 * locked while open, which tells it from what a crash left. Return: descriptor, -errno */
	int (*create)(void *ctx, const char *path);

	/** writev() - Append. Return: bytes, -errno */
	ssize_t (*writev)(void *ctx, int fd, const struct iovec *iov, int n);

	/** truncate() - Cut to @bytes; the next write goes there. Return: 0, -errno */
	int (*truncate)(void *ctx, int fd, uint64_t bytes);

	/** map() - Room of @bytes in the open, empty file, and the file in memory, shared: what is
	 * stored there is the file's, whatever becomes of the process. Return: NULL: *error is
	 * -errno */
	void *(*map)(void *ctx, int fd, uint32_t bytes, int *error);

	/** unmap() - On any thread */
	void (*unmap)(void *base, uint32_t bytes);

	/** present() - Whether the file still has a name. Return: 1, 0, -errno */
	int (*present)(void *ctx, int fd);

	/** seal() - Give the open file its final name, replacing what has it. Return: 0, -errno */
	int (*seal)(void *ctx, const char *from, const char *to);

	void (*close)(void *ctx, int fd);

	/** remove() - Return: 0, -errno; one that has gone is no error */
	int (*remove)(void *ctx, const char *path);

	/** used() - Bytes of the captures in the folder that @path is in. Return: bytes, -errno */
	int64_t (*used)(void *ctx, const char *path);

	/** wall_ns() - ns since 1970-01-01 UTC, for names */
	uint64_t (*wall_ns)(void *ctx);
};

struct disk {
	const struct disk_ops *ops;
	void *ctx;
};

#endif
