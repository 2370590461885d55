/* backfill.c - the gaps of one pipeline through another */
#include "cli/backfill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"
#include "os/frame_scan.h"

/* Frames between source and pipeline, and from one look after a sleeping pipeline to the next. */
#define QUEUE_FRAMES 16384u
#define BATCH	     64u

struct filler {
	struct session *s;
	struct backfill *result;
	struct pipeline pipeline;
	struct actor actor;
	struct frame_scan scan;
	struct gaps gaps; /* those whose frames can be had */
	/* Pipeline's thread: whose row comes next, in the first pipeline's ids. */
	uint32_t gap;
	uint64_t id;
	struct run run; /* not decoded this time either, and not told yet */
	enum undecoded cause;
	struct audit audit;
};

/* ---- rows, on the pipeline's thread ---- */

static void tell(struct filler *b)
{
	if (b->run.count)
		audit_run(&b->audit, "undecoded_again", undecoded_name(b->cause), "id", NULL,
			  &b->run);
	b->run = (struct run){0};
}

static void lose(struct filler *b, enum undecoded cause, uint64_t ts_ns)
{
	if (b->run.count && b->cause != cause)
		tell(b);
	b->cause = cause;
	if (run_extend(&b->run, b->id, ts_ns))
		return;
	tell(b);
	run_extend(&b->run, b->id, ts_ns);
}

static void account(struct filler *b, const struct decoded *d)
{
	enum undecoded before = b->gaps.gap[b->gap].cause;
	enum undecoded now = (enum undecoded)d->cause;

	if (d->status == DECODED_TSHARK) {
		store_backfilled(&b->s->pipeline->store, before);
		atomic_fetch_add_explicit(&b->result->decoded, 1, memory_order_relaxed);
		return;
	}
	if (now == UNDECODED_QUARANTINED)
		b->result->quarantined++;
	else
		b->result->left++;
	store_recaused(&b->s->pipeline->store, before, now);
	lose(b, now, d->packet.ts_ns);
}

static bool offer(void *ctx, struct decoded *d)
{
	struct filler *b = ctx;
	struct sink sink = b->s->sink;

	/* One that was refused comes again. */
	if (!d->update) {
		account(b, d);
		d->id = b->id;
		d->update = true;
	}
	if (!sink.offer)
		decoded_free(d);
	else if (!sink.offer(sink.ctx, d))
		return false;
	if (b->id++ == b->gaps.gap[b->gap].last && ++b->gap < b->gaps.n)
		b->id = b->gaps.gap[b->gap].first;
	return true;
}

/* Its own words about frames have numbers that nobody knows; offer() says them right. */
static void audit_line(void *ctx, const char *members, size_t n)
{
	static const char undecoded[] = "\"event\":\"undecoded\"";
	struct filler *b = ctx;

	if (n < sizeof(undecoded) || memcmp(members, undecoded, sizeof(undecoded) - 1) != 0)
		session_audit_line(b->s, members, n);
}

/* ---- which frames there are ---- */

/* Of the run [first, last] the part that begins at *first and can be had, or cannot. Return:
 * whether it can */
static bool part(struct filler *b, uint64_t first, uint64_t last, uint64_t *end)
{
	const struct store *store = &b->s->pipeline->store;
	uint64_t next;
	bool there;

	if (first >= store->tail) {
		*end = last + 1;
		return true;
	}
	there = b->s->spools && places_range(&b->s->spool.places, first, &next);
	if (!there)
		next = b->s->spools ? next : store->tail;
	if (next > store->tail)
		next = store->tail;
	*end = next <= last ? next : last + 1;
	return there;
}

static void choose(struct filler *b)
{
	struct gaps *all = &b->s->pipeline->gaps;

	gaps_sort(all);
	b->result->asked = all->frames + all->forgotten;
	b->result->lost = all->forgotten;
	for (uint32_t i = 0; i < all->n; i++) {
		uint64_t id = all->gap[i].first, end;

		for (; id <= all->gap[i].last; id = end) {
			if (part(b, id, all->gap[i].last, &end))
				gaps_add_run(&b->gaps, id, end - 1, all->gap[i].cause);
			else
				b->result->lost += end - id;
		}
	}
	b->result->lost += b->gaps.forgotten;
}

/* ---- the source ---- */

static bool read_block(struct filler *b, uint64_t id, const unsigned char **block)
{
	struct store *store = &b->s->pipeline->store;
	int error;

	if (id >= store->tail) {
		*block = store_slot(store, id)->block;
		return true;
	}
	error = frame_scan_to(&b->scan, id, block);
	if (!error)
		return true;
	audit_begin(&b->audit, "backfill_failed");
	audit_u64(&b->audit, "id", id);
	audit_str(&b->audit, "error", strerror(-error));
	audit_end(&b->audit);
	return false;
}

/* Return: false where the user wants an end */
static bool wait_for_room(struct filler *b)
{
	struct tap *tap = &b->pipeline.tap;

	/* Whoever looks at the session asks for its frames meanwhile. */
	pipeline_answer(b->s->pipeline);
	while (!tap_has_room(tap) && !session_interrupted()) {
		pipeline_answer(b->s->pipeline);
		if (tap_sleeps(tap))
			session_sleep(b->s);
	}
	return !session_interrupted();
}

/* Return: false where it ends early */
static bool publish(struct filler *b, uint64_t id)
{
	const unsigned char *block;
	struct packet_view v;

	if (!wait_for_room(b) || !read_block(b, id, &block))
		return false;
	v = packet_of(block);
	tap_publish(&b->pipeline.tap, &(struct frame){.data = v.data,
						      .caplen = v.caplen,
						      .len = v.len,
						      .ts_ns = v.ts_ns,
						      .serial = id,
						      .ingress = (uint16_t)v.interface,
						      .published_ns = clock_now_ns()});
	return true;
}

static void run_source(struct filler *b)
{
	bool on = true;

	for (uint32_t i = 0; on && i < b->gaps.n; i++) {
		for (uint64_t id = b->gaps.gap[i].first; on && id <= b->gaps.gap[i].last; id++)
			on = publish(b, id);
	}
	tap_end(&b->pipeline.tap);
	while (!actor_finished(&b->actor)) {
		if (session_interrupted())
			actor_stop(&b->actor);
		pipeline_answer(b->s->pipeline);
		session_sleep(b->s);
	}
	actor_join(&b->actor);
}

/* ---- start and end ---- */

static struct pipeline_config configure(struct filler *b)
{
	struct session *s = b->s;
	struct pipeline_config config = s->pipeline->config;

	/* What it had for itself, and what is of live use. */
	config.tap = (struct tap_config){
		.queue_limit = QUEUE_FRAMES,
		.batch = BATCH,
		.all = true,
		.wake_consumer = {.fn = waker_wake, .ctx = &s->waker},
		.wake_producer = {.fn = waker_wake, .ctx = &s->source_waker},
	};
	config.spool = NULL;
	config.write = config.cut_each = config.adaptive = config.gaps = false;
	config.tshark_write = NULL;
	config.lossless = true;
	config.flush = false;
	config.buffer_frames = 0;
	config.buffer_bytes = 0;
	config.profile = s->options.adaptive ? PROFILE_LEAN : s->options.profile;
	config.sink = (struct sink){.offer = offer, .ctx = b};
	config.audit = (struct audit){.line = audit_line, .ctx = b};
	return config;
}

static void say(struct filler *b, const char *event)
{
	const struct backfill *r = b->result;

	audit_begin(&b->audit, event);
	audit_u64(&b->audit, "frames", r->asked);
	audit_u64(&b->audit, "lost", r->lost);
	audit_u64(&b->audit, "decoded", r->decoded);
	audit_u64(&b->audit, "quarantined", r->quarantined);
	audit_u64(&b->audit, "left", r->left);
	audit_end(&b->audit);
}

static void fill(struct filler *b)
{
	struct pipeline_config config = configure(b);

	if (pipeline_init(&b->pipeline, &config))
		return;
	b->id = b->gaps.gap[0].first;
	b->s->filling = &b->pipeline;
	waker_clear(&b->s->waker);
	if (!actor_start(&b->actor, &b->pipeline, &b->s->waker, &b->s->source_waker)) {
		run_source(b);
		tell(b);
		pipeline_show(b->s->pipeline);
	}
	b->s->filling = NULL;
	pipeline_done(&b->pipeline);
}

void backfill_run(struct session *s, struct backfill *result)
{
	struct filler *b = calloc(1, sizeof(*b));
	uint64_t start_ns = clock_now_ns();

	*result = (struct backfill){.asked = s->pipeline->gaps.frames};
	if (!b)
		return;
	b->s = s;
	b->result = result;
	b->audit = (struct audit){.line = session_audit_line, .ctx = s};
	choose(b);
	say(b, "backfill_started");
	if (b->gaps.n && frame_scan_init(&b->scan, &s->spool.places) == 0) {
		fill(b);
		frame_scan_done(&b->scan);
	}
	result->ns = clock_now_ns() - start_ns;
	say(b, "backfill_ended");
	gaps_done(&b->gaps);
	audit_done(&b->audit);
	free(b);
}
