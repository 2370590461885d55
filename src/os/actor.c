/* actor.c - step, then sleep on what the step asked for */
#include "os/actor.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "os/port_posix.h"

void actor_sleep(struct pollfd *fds, nfds_t count, uint64_t due_ns)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t left = due_ns > now_ns ? due_ns - now_ns : 0;
#ifdef __linux__
	struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000),
				   .tv_nsec = (long)(left % 1000000000)};

	ppoll(fds, count, due_ns == UINT64_MAX ? NULL : &timeout, NULL);
#else
	uint64_t ms = (left + 999999) / 1000000;

	poll(fds, count, due_ns == UINT64_MAX ? -1 : (int)(ms < 1000000 ? ms : 1000000));
#endif
}

void actor_wait(const struct pipeline_wait *wait, struct waker *waker, struct waker *other)
{
	struct pollfd fds[2 + PIPELINE_FDS_MAX] = {
		{.fd = waker_fd(waker), .events = POLLIN},
		{.fd = other ? waker_fd(other) : -1, .events = POLLIN}};

	for (unsigned i = 0; i < wait->fds; i++) {
		fds[2 + i].fd = wait->fd[i].fd;
		fds[2 + i].events = wait->fd[i].write ? POLLOUT : POLLIN;
	}
	actor_sleep(fds, 2 + wait->fds, wait->due_ns);
}

static void wait_for(struct actor *a, const struct pipeline_wait *wait)
{
	struct spool *spool = a->pipeline->config.spool;
	bool asked = wait->frames && ring_consumer_sleeps(&a->pipeline->tap.frames);
	bool events = spool && !ring_consumer_sleeps(&spool->events);

	if (wait->due_ns && asked == wait->frames && !events)
		actor_wait(wait, a->waker, NULL);
	ring_consumer_wakes(&a->pipeline->tap.frames);
	if (spool)
		ring_consumer_wakes(&spool->events);
	waker_clear(a->waker);
}

static void *run(void *ctx)
{
	struct actor *a = ctx;
	struct pipeline_wait wait;

	for (;;) {
		uint64_t now_ns = clock_now_ns();

		/* Relaxed: the waker's system calls order it well enough, and nothing else hangs on
		 * it. */
		if (atomic_load_explicit(&a->stop, memory_order_relaxed))
			pipeline_stop(a->pipeline, now_ns);
		pipeline_step(a->pipeline, now_ns, &wait);
		if (pipeline_finished(a->pipeline))
			break;
		if (a->backfill)
			backfill_step(a->backfill, now_ns, &wait);
		wait_for(a, &wait);
	}
	/* Release: pairs with actor_finished(). */
	atomic_store_explicit(&a->finished, true, memory_order_release);
	waker_wake(a->owner);
	return NULL;
}

bool actor_finished(struct actor *a)
{
	return atomic_load_explicit(&a->finished, memory_order_acquire);
}

int actor_start(struct actor *a, struct pipeline *pipeline, struct backfill *backfill,
		struct waker *waker, struct waker *owner)
{
	sigset_t all, before;
	int error;

	a->pipeline = pipeline;
	a->backfill = backfill;
	a->waker = waker;
	a->owner = owner;
	atomic_init(&a->stop, false);
	atomic_init(&a->finished, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

void actor_stop(struct actor *a)
{
	atomic_store_explicit(&a->stop, true, memory_order_relaxed);
	waker_wake(a->waker);
}

void actor_join(struct actor *a)
{
	pthread_join(a->thread, NULL);
}
