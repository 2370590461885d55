/* spooler.c - step, then sleep until a job comes */
#include "os/spooler.h"

#include <signal.h>

#include "os/actor.h"
#include "os/port_posix.h"

static void *run(void *ctx)
{
	struct spooler *s = ctx;
	struct ring *jobs = &s->spool->jobs;

	while (!spool_ended(s->spool)) {
		uint64_t now_ns = clock_now_ns();
		uint64_t due_ns = spool_step(s->spool, now_ns);
		struct pollfd fd = {.fd = waker_fd(s->waker), .events = POLLIN};

		if (due_ns <= now_ns)
			continue;
		if (s->spool->job || ring_consumer_sleeps(jobs))
			actor_sleep(&fd, 1, due_ns);
		ring_consumer_wakes(jobs);
		waker_clear(s->waker);
	}
	return NULL;
}

int spooler_start(struct spooler *s, struct spool *spool, struct waker *waker)
{
	sigset_t all, before;
	int error;

	s->spool = spool;
	s->waker = waker;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

void spooler_join(struct spooler *s)
{
	pthread_join(s->thread, NULL);
}
