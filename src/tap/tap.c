/* tap.c - scope, filter, queue */
#include "tap/tap.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

int tap_init(struct tap *t, const struct tap_config *config)
{
	static const struct wake none;

	*t = (struct tap){.config = *config};
	if (!t->config.queue_limit)
		t->config.queue_limit = TAP_QUEUE_LIMIT;
	if (ring_init(&t->frames, t->config.queue_limit, config->wake_consumer,
		      config->wake_producer))
		return -ENOMEM;
	if (ring_init(&t->reports, TAP_REPORTS_MAX, none, none)) {
		ring_done(&t->frames);
		return -ENOMEM;
	}
	t->drop.event = "drop";
	t->drop.cause = "dropped_queue";
	return 0;
}

void tap_done(struct tap *t)
{
	struct tap_report *report;
	struct frame *f;

	while ((f = tap_take(t)))
		frame_unref(f);
	while ((report = tap_take_report(t)))
		free(report);
	ring_done(&t->frames);
	ring_done(&t->reports);
}

static void publish(void *ctx, struct frame *f)
{
	tap_publish(ctx, f);
}

struct subscriber tap_subscriber(struct tap *t)
{
	return (struct subscriber){.publish = publish, .ctx = t};
}

/* Only the switch's thread writes the counters, so a load and a store do; relaxed, as they order
 * nothing. */
static void count(atomic_ullong *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

bool tap_report(struct tap *t, const struct tap_report *report)
{
	struct tap_report *copy;

	if (!report->run.count)
		return true;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return false;
	*copy = *report;
	if (!ring_push(&t->reports, copy)) {
		free(copy);
		/* The pipeline may be asleep for want of frames: it makes room once it is up. */
		if (t->config.wake_consumer.fn)
			t->config.wake_consumer.fn(t->config.wake_consumer.ctx);
		return false;
	}
	return true;
}

void tap_lost(struct tap *t, struct tap_report *report, const struct frame *f)
{
	struct run *run = &report->run;

	if (run_extend(run, f->serial, f->ts_ns))
		return;
	if (tap_report(t, report)) {
		*run = (struct run){0};
		run_extend(run, f->serial, f->ts_ns);
		return;
	}
	/* Reports are backed up: join the runs, the count stays exact. */
	run->last = f->serial;
	run->last_ts_ns = f->ts_ns;
	run->count++;
}

static void drop(struct tap *t, const struct frame *f)
{
	count(&t->dropped_queue);
	tap_lost(t, &t->drop, f);
}

void tap_scope_add(struct tap *t, unsigned port)
{
	port_set_add(&t->config.scope, port);
}

void tap_publish(struct tap *t, struct frame *f)
{
	struct frame *kept;

	count(&t->forwarded);
	if (!t->config.all && !port_set_meets(&f->ports, &t->config.scope)) {
		count(&t->out_of_scope);
		return;
	}
	if (t->config.filter && !bpf_match(t->config.filter, f->data, f->caplen, f->len)) {
		count(&t->prefiltered);
		return;
	}
	if (!ring_has_room(&t->frames)) {
		drop(t, f);
		return;
	}
	/* Frames kept one by one would each pin the slab of their neighbours, which nobody wants.
	 */
	kept = t->config.filter || !t->config.all ? frame_own(f) : frame_ref(f);
	if (!ring_push(&t->frames, kept)) {
		frame_unref(kept);
		drop(t, f);
		return;
	}
	if (t->drop.run.count && tap_report(t, &t->drop))
		t->drop.run = (struct run){0};
}

void tap_end(struct tap *t)
{
	/* The last run may find the ring of reports full for want of a consumer; then it waits
	 * in t->drop, which the pipeline reads once the end flag (release, acquire) has passed it
	 * on. */
	if (tap_report(t, &t->drop))
		t->drop.run = (struct run){0};
	ring_end(&t->reports);
	ring_end(&t->frames);
}

struct frame *tap_take(struct tap *t)
{
	return ring_pop(&t->frames);
}

struct tap_report *tap_take_report(struct tap *t)
{
	struct tap_report *report = ring_pop(&t->reports);

	if (report || !ring_ended(&t->reports) || !t->drop.run.count)
		return report;
	report = malloc(sizeof(*report));
	if (!report)
		return NULL;
	*report = t->drop;
	t->drop.run = (struct run){0};
	return report;
}

bool tap_closed(const struct tap *t)
{
	return ring_closed(&t->frames);
}

bool tap_ended(struct tap *t)
{
	return ring_ended(&t->frames) && ring_ended(&t->reports) && !t->drop.run.count;
}
