/* frame_read.h - one frame out of the files of a session, by its id */
#ifndef SECVF_OS_FRAME_READ_H
#define SECVF_OS_FRAME_READ_H

#include "base/buf.h"
#include "store/places.h"

/**
 * frame_read() - Read the packet block of a frame
 * @places:  Where frames are
 * @id:      Which
 * @block:   Its block is put behind what is there; packet_of() reads it
 *
 * Reads PLACE_STEP bytes as a rule. Any thread but the pipeline's and the switch's, as it waits for
 * the disk. Return: 0; -ENOENT where it is not known, or its file has gone; -EBADMSG where the file
 * is not what was written; other -errno
 */
int frame_read(struct places *places, uint64_t id, struct buf *block);

#endif
