/* port_posix.h - the seam made by the operating system */
#ifndef SECVF_OS_PORT_POSIX_H
#define SECVF_OS_PORT_POSIX_H

#include <stdint.h>

#include "base/err.h"
#include "base/port.h"

/* Pipe buffers asked for: 64 KiB batches into 1 MiB go three times as fast as into the default 64
 * KiB. */
#define PORT_PIPE_BYTES (1 << 20)

/** struct port_posix - Keeps what must be cleaned up */
struct port_posix {
	char dir[PORT_PATH_MAX -
		 64];	/* private directory of the FIFOs, mode 0700; "" before the first */
	unsigned fifos; /* made so far; numbers their names */
};

/** port_posix_init() - Fill in @port; @p must outlive it. Makes SIGPIPE harmless for the process */
void port_posix_init(struct port_posix *p, struct port *port);

/** port_posix_done() - Remove the directory */
void port_posix_done(struct port_posix *p);

/**
 * port_posix_output() - Run a program to its end and keep the start of its stdout
 * @argv:        argv[0] is its path
 * @out:         Filled, NUL-terminated, cut at @n
 * @timeout_ns:  Then it is killed
 *
 * Return: 0 where it exited with 0; -errno, -ETIMEDOUT, or -EIO for another end
 */
int port_posix_output(char *const argv[], char *out, size_t n, uint64_t timeout_ns);

/** clock_now_ns() - Monotonic ns */
uint64_t clock_now_ns(void);

/** clock_wall_ns() - ns since 1970-01-01 UTC */
uint64_t clock_wall_ns(void);

/** clock_wall_shift() - From now on, and for all threads, the wall clock is @ns off (once more): a
 * fault of scenarios */
void clock_wall_shift(int64_t ns);

#endif
