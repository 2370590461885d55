/* port.h - the seam: everything that the pipeline asks of the operating system
 *
 * Made twice: by os/port_posix for real, and by sim/port_sim for the simulator. All calls are
 * made on the pipeline's thread, return at once, and report failure as -errno.
 */
#ifndef SECVF_BASE_PORT_H
#define SECVF_BASE_PORT_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define PORT_PATH_MAX 256

/** struct port_child - A process that was started */
struct port_child {
	int pid;
	int out, err; /* read ends of its stdout and stderr, non-blocking; ours to close */
};

struct port_ops {
	/**
	 * fifo_make() - Make a fresh FIFO, mode 0600, in a directory of our own
	 * @path:  Set to its path
	 *
	 * Return: 0, or -errno
	 */
	int (*fifo_make)(void *ctx, char path[PORT_PATH_MAX]);

	/**
	 * fifo_open() - Open a FIFO for writing, without waiting for its reader
	 *
	 * Return: descriptor, -ENXIO while nobody reads, other -errno
	 */
	int (*fifo_open)(void *ctx, const char *path);

	/** fifo_remove() - Unlink it; one that has gone is no error */
	void (*fifo_remove)(void *ctx, const char *path);

	/** spawn() - Start a program without a shell: argv[0] is its path. Return: 0, or -errno */
	int (*spawn)(void *ctx, char *const argv[], struct port_child *child);

	/** read(), writev() - As the system's. Return: bytes; 0 from read is the end; -EAGAIN,
	 * -EPIPE, ... */
	ssize_t (*read)(void *ctx, int fd, void *buf, size_t n);
	ssize_t (*writev)(void *ctx, int fd, const struct iovec *iov, int n);
	void (*close)(void *ctx, int fd);

	/** kill() - Send SIGTERM or SIGKILL. Return: 0, or -errno; -ESRCH is no concern of the
	 * caller's */
	int (*kill)(void *ctx, int pid, int signal);

	/** reap() - Return: 1 with *status as wait()'s once it has ended, 0 while it has not,
	 * -errno */
	int (*reap)(void *ctx, int pid, int *status);

	/** memory() - What a process has of its own in memory; may be NULL. Return: bytes, or
	 * -errno */
	int64_t (*memory)(void *ctx, int pid);
};

struct port {
	const struct port_ops *ops;
	void *ctx;
};

#endif
