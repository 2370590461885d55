/* audit_file.h - the audit log on disk: $AVF_HOME/logs/error-audit.log
 *
 * One line is one write(2) to a file opened for appending, so lines of several processes do not
 * mix. Past AUDIT_FILE_BYTES the file becomes error-audit.log.1, .1 becomes .2, and so on; the last
 * of AUDIT_FILES is removed.
 */
#ifndef SECVF_OS_AUDIT_FILE_H
#define SECVF_OS_AUDIT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/port.h"

#define AUDIT_FILE_BYTES (16u << 20)
#define AUDIT_FILES	 4

struct audit_file {
	int fd; /* -1: lines go to stderr */
	char path[4096];
	bool regular;	    /* only such a file is rotated: a device must not be renamed */
	uint64_t bytes;	    /* in the file now */
	uint64_t unwritten; /* lines that could not be written */
	struct buf line;
};

/** home_path() - $AVF_HOME, else ~/.avf, with @below appended. Return: false where neither is set,
 * or it is too long */
bool home_path(char *path, size_t n, const char *below);

/** home_make_folders() - Make the folders above a file, mode 0700. Return: 0, or -errno */
int home_make_folders(const char *path);

/**
 * audit_file_open() - Open the log, making its folders
 * @path:  File, or NULL for the usual place
 * @err:   Filled where it can't be opened; the log then goes to stderr, so that nothing is lost
 *
 * Return: 0, or -errno
 */
int audit_file_open(struct audit_file *f, const char *path, struct err *err);

/** audit_file_line() - Stamp and write one event; the audit.line of struct audit, @ctx a struct
 * audit_file */
void audit_file_line(void *ctx, const char *members, size_t n);

/** audit_file_close() - Close and free */
void audit_file_close(struct audit_file *f);

#endif
