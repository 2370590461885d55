/* filling.c - steps backfill once nobody else does */
#include "cli/filling.h"

#include "cli/session.h"

bool filling_open(struct session *s)
{
	struct backfill_reader none = {.ask = NULL};

	if (s->options.backfill != BACKFILL_OFF && s->spools &&
	    refill_start(&s->refill, &s->spool.places, &s->waker))
		return false;
	return backfill_init(&s->backfill, s->options.backfill, s->pipeline,
			     s->refill.started ? refill_reader(&s->refill) : none) == 0;
}

void filling_close(struct session *s)
{
	refill_stop(&s->refill);
	if (s->backfill.first)
		backfill_done(&s->backfill);
}

bool filling_waits(const struct session *s)
{
	const struct backfill *b = &s->backfill;

	return b->mode != BACKFILL_OFF && (b->phase != BACKFILL_RESTS || s->pipeline->gaps.frames);
}

void filling_last(struct session *s)
{
	struct backfill *b = &s->backfill;

	backfill_last(b);
	while (!backfill_over(b)) {
		struct pipeline_wait wait = {.due_ns = UINT64_MAX};
		uint64_t now_ns = clock_now_ns();

		if (session_interrupted())
			backfill_stop(b, now_ns);
		/* Whoever looks at the session asks for its frames meanwhile. */
		pipeline_answer(s->pipeline);
		backfill_step(b, now_ns, &wait);
		pipeline_show(s->pipeline);
		if (wait.due_ns && !backfill_over(b))
			actor_wait(&wait, &s->waker, &s->source_waker);
		waker_clear(&s->waker);
		waker_clear(&s->source_waker);
	}
}
