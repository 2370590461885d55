/* outfile.h - a file that is there whole or not at all
 *
 * Theory of operation: bytes go to NAME.part-PID in the same folder, which is renamed at the end.
 * SIGINT, SIGTERM and SIGHUP remove it, and then end the process as they would have; so does every
 * failure. What is no regular file (a device, a FIFO) and standard output are written to as they
 * are. One at a time in a process, as the signal handler must find it.
 */
#ifndef SECVF_CLI_OUTFILE_H
#define SECVF_CLI_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/** outfile_open() - Begin; @path "-" is standard output, which must be no terminal. Return: false
 * with @err */
bool outfile_open(const char *path, struct err *err);

/** outfile_write() - Write all; the export_config.write, @ctx unused. Return: 0, or negative errno
 */
int outfile_write(void *ctx, const void *p, size_t n);

/** outfile_seal() - The file is whole: give it its name. Return: false with @err, and it is removed
 */
bool outfile_seal(struct err *err);

/** outfile_drop() - Remove what was written; nothing happens after outfile_seal() */
void outfile_drop(void);

/** outfile_child() - A child that a signal has to end, too; 0: none any more */
void outfile_child(pid_t pid);

#endif
