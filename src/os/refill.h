/* refill.h - a thread that reads frames back from a session's files, for backfill
 *
 * Whoever steps the pipeline must not wait for the disk; this thread does. One read at a time.
 */
#ifndef SECVF_OS_REFILL_H
#define SECVF_OS_REFILL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "backfill.h"
#include "os/frame_scan.h"
#include "os/waker.h"

struct refill {
	struct frame_scan scan;
	struct waker waker;  /* wakes it */
	struct waker *asker; /* woken when a read is done */
	_Atomic(struct backfill_read *) read;
	atomic_bool stop;
	bool started;
	pthread_t thread;
};

/** refill_start() - @places, @asker: borrowed until refill_stop(). Return: 0, or -errno */
int refill_start(struct refill *r, struct places *places, struct waker *asker);

/** refill_stop() - Wait for the thread, free; one that was not started, too */
void refill_stop(struct refill *r);

/** refill_reader() - What to give to backfill_init() */
struct backfill_reader refill_reader(struct refill *r);

#endif
