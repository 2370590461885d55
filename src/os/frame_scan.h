/* frame_scan.h - many frames out of the files of a session, in the order of ids */
#ifndef SECVF_OS_FRAME_SCAN_H
#define SECVF_OS_FRAME_SCAN_H

#include "store/places.h"

/** struct frame_scan - Reads ahead, so that a frame that follows the last costs no call */
struct frame_scan {
	struct places *places;
	int fd; /* -1: closed */
	char path[DISK_PATH_MAX];
	unsigned char *bytes;
	uint64_t n;	 /* at bytes */
	uint64_t offset; /* of bytes, in the file */
	uint64_t at;	 /* of the block of frame @id, or before it */
	uint64_t id;
};

/** frame_scan_init() - @places is borrowed. Return: 0, or -ENOMEM */
int frame_scan_init(struct frame_scan *s, struct places *places);

/** frame_scan_done() - Close, free */
void frame_scan_done(struct frame_scan *s);

/**
 * frame_scan_to() - The packet block of a frame
 * @id:     Which; those in the order of ids are found at once
 * @block:  Set to it; borrowed until the next call
 *
 * As frame_read(): waits for the disk. Return: 0; -ENOENT where it is not known, or its file has
 * gone; -EBADMSG where the file is not what was written; other -errno
 */
int frame_scan_to(struct frame_scan *s, uint64_t id, const unsigned char **block);

#endif
