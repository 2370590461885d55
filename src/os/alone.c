/* alone.c - one stage after the other */
#include "os/alone.h"

#include "os/actor.h"
#include "os/port_posix.h"

/* Do all that can be done now. Return: monotonic ns at which to do so again at the latest */
static uint64_t step(const struct alone *a)
{
	struct spool *spool = a->pipeline->config.spool;
	struct pipeline_wait wait;
	uint64_t due_ns, now_ns;

	do {
		now_ns = clock_now_ns();
		pipeline_step(a->pipeline, now_ns, &wait);
		due_ns = spool_step(spool, now_ns);
	} while (wait.due_ns == 0 || due_ns <= now_ns || ring_count(&spool->events) ||
		 (spool_ended(spool) && !pipeline_finished(a->pipeline)));
	return wait.due_ns < due_ns ? wait.due_ns : due_ns;
}

void alone_wait(const struct alone *a)
{
	struct pollfd fd = {.fd = waker_fd(a->waker), .events = POLLIN};
	uint64_t due_ns = step(a);

	if (pipeline_finished(a->pipeline) ||
	    (!tap_closed(&a->pipeline->tap) && tap_has_room(&a->pipeline->tap)))
		return;
	actor_sleep(&fd, 1, due_ns);
	waker_clear(a->waker);
}
