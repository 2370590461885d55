/* actor.h - the pipeline on a thread of its own, asleep while there is nothing to do */
#ifndef SECVF_OS_ACTOR_H
#define SECVF_OS_ACTOR_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "backfill.h"
#include "os/waker.h"
#include "pipeline.h"

struct actor {
	struct pipeline *pipeline;
	struct backfill *backfill; /* stepped with it; NULL: none is */
	struct waker *waker;	   /* given to the tap as the consumer's wake, and to the sink */
	struct waker *owner;	   /* woken when the pipeline has finished */
	atomic_bool stop, finished;
	pthread_t thread;
};

/**
 * actor_start() - Run @pipeline until it is finished
 * @pipeline:  Borrowed until actor_join(); its consumer wake must be @waker's
 * @backfill:  Of its gaps, borrowed likewise; its reader wakes @waker. NULL: none while it runs
 * @waker:     Borrowed, too
 * @owner:     Borrowed, too: wakes whoever waits for actor_finished()
 *
 * Signals are blocked on the thread. Return: 0, or -errno
 */
int actor_start(struct actor *a, struct pipeline *pipeline, struct backfill *backfill,
		struct waker *waker, struct waker *owner);

/** actor_wait() - Sleep on what a step waits for, and on two wakers, of which @other may be NULL */
void actor_wait(const struct pipeline_wait *wait, struct waker *waker, struct waker *other);

/** actor_stop() - The user wants an end (pipeline_stop()); the source must end too. Any thread */
void actor_stop(struct actor *a);

/** actor_finished() - Whether the pipeline has come to its end; actor_join() then returns at once.
 * Any thread */
bool actor_finished(struct actor *a);

/** actor_join() - Wait for the end; the pipeline is then the caller's again */
void actor_join(struct actor *a);

/** actor_sleep() - Sleep until a descriptor is ready or @due_ns, monotonic, comes; UINT64_MAX:
 * never
 */
void actor_sleep(struct pollfd *fds, nfds_t count, uint64_t due_ns);

#endif
