/* recover.h - captures that a crash left behind, made whole
 *
 * A file that is being written is called NAME.part, and is locked by who writes it. Where nobody
 * has the lock its writer is gone: all whole blocks are kept, what follows them is cut off, and it
 * gets the name that it would have had. A file without a frame is removed.
 */
#ifndef SECVF_OS_RECOVER_H
#define SECVF_OS_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/disk.h"

/** struct recovered - What was done with one file */
struct recovered {
	char from[DISK_PATH_MAX], to[DISK_PATH_MAX]; /* to is "" where it was removed */
	uint64_t frames, bytes, cut;		     /* kept; bytes behind them that were cut off */
	int error;				     /* -errno; 0: done */
};

/**
 * recover_folder() - Seal what is left in a folder
 * @folder:  A folder that is not there holds nothing
 * @told:    Called for each file that was left, in no order; borrowed for the call
 *
 * Return: files that were sealed or removed, -errno where the folder can't be read
 */
int recover_folder(const char *folder, void (*told)(void *ctx, const struct recovered *r),
		   void *ctx);

/** recover_file() - Seal one NAME.part. Return: false where it is left alone: it is being written,
 * or not ours */
bool recover_file(const char *path, struct recovered *r);

#endif
