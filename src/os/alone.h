/* alone.h - pipeline and spool on the thread of a source that waits for them
 *
 * A capture to disk at top speed has nothing to overlap but a copy, and bytes that one processor
 * laid out and another writes cross over twice: on its way to be written, and when the memory is
 * used again. On one thread they stay in the nearest cache, so that it is faster than on three.
 */
#ifndef SECVF_OS_ALONE_H
#define SECVF_OS_ALONE_H

#include "os/waker.h"
#include "pipeline.h"

struct alone {
	struct pipeline *pipeline; /* lossless, with a spool, and no tshark */
	struct waker *waker;	   /* interrupts a sleep */
};

/** alone_wait() - Do all that can be done now, waiting for the disk; where neither room for a frame
 * nor the end has come by it, sleep until there is more to do or the waker is woken */
void alone_wait(const struct alone *a);

#endif
