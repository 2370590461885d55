/* wholefile.h - small files that are written whole or not at all, and read whole */
#ifndef SECVF_CLI_WHOLEFILE_H
#define SECVF_CLI_WHOLEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * wholefile_write() - Give a file these bytes
 * @what:  What the message begins with, as "--junit"
 * @path:  Replaced at once, by rename(2), its permissions kept; through a symbolic link what it
 *         points to. What is no regular file (a device, a FIFO) is written to as it is; "-" is
 *         standard output
 * @p:     Bytes, @n of them
 * @err:   EXIT_ENVIRONMENT; the file is then as it was
 */
bool wholefile_write(const char *what, const char *path, const char *p, size_t n, struct err *err);

/**
 * wholefile_read() - Add all bytes of a file
 * @bytes_max:  A longer one is refused
 * @err:        EXIT_ENVIRONMENT, with the file's name
 */
bool wholefile_read(const char *what, const char *path, size_t bytes_max, struct buf *to,
		    struct err *err);

#endif
