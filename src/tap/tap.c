/* tap.c - scope, filter, queue */
#include "tap/tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "pcapng/pcapng_write.h"

#define LINKTYPE_ETHERNET 1

/* How far ahead of the frame that is taken: 100 ns for each to come from memory, 30 to 150 for each
 * to be worked on. */
#define PREFETCH_FRAMES 8

static void change_free(struct tap_change *change)
{
	if (!change)
		return;
	bpf_free(change->filter);
	free(change);
}

void tap_report_free(struct tap_report *report)
{
	if (!report)
		return;
	free(report->text);
	free(report);
}

/* Memory for frames. No more in a segment than its frames will take, as a rule: a small buffer has
 * many segments. */
static struct segment_pool *make_pool(const struct tap_config *config)
{
	uint64_t bytes = (uint64_t)config->segment_frames * SEGMENT_FRAME_BYTES;

	return segment_pool_new(bytes < SEGMENT_BYTES ? (uint32_t)bytes : SEGMENT_BYTES,
				config->segment_frames, TAP_SPARES);
}

int tap_init(struct tap *t, const struct tap_config *config)
{
	static const struct wake none;

	memset(t, 0, sizeof(*t));
	t->config = *config;
	t->next_id = 1;
	if (!t->config.queue_limit)
		t->config.queue_limit = TAP_QUEUE_LIMIT;
	if (!t->config.segment_frames)
		t->config.segment_frames = SEGMENT_FRAMES;
	if (!t->config.batch)
		t->config.batch = 1;
	t->pool = make_pool(&t->config);
	t->last = malloc(sizeof(*t->last));
	/* Each segment under way holds a queued frame, but for the one being read. */
	if (!t->pool || !t->last ||
	    ring_init(&t->frames, t->config.queue_limit, config->wake_consumer,
		      config->wake_producer) ||
	    ring_init(&t->segments,
		      t->config.queue_limit < RING_LIMIT_MAX ? t->config.queue_limit + 1
							     : RING_LIMIT_MAX,
		      none, none) ||
	    ring_init(&t->reports, TAP_REPORTS_MAX, none, none)) {
		tap_done(t);
		return -ENOMEM;
	}
	t->drop.event = "drop";
	t->drop.cause = "dropped_queue";
	return 0;
}

void tap_done(struct tap *t)
{
	struct tap_report *report;
	struct segment *segment;

	while (t->segments.slot && (segment = ring_pop(&t->segments)))
		segment_unref(segment);
	while (t->reports.slot && (report = tap_take_report(t)))
		tap_report_free(report);
	free(t->last);
	t->last = NULL;
	for (int kind = 0; kind < TAP_CHANGES; kind++)
		change_free(atomic_load_explicit(&t->change[kind], memory_order_relaxed));
	bpf_free(t->filter);
	t->filter = NULL;
	segment_unref(t->reading);
	segment_unref(t->open);
	t->reading = t->open = NULL;
	segment_pool_close(t->pool);
	t->pool = NULL;
	buf_done(&t->declared);
	buf_done(&t->fresh);
	ring_done(&t->frames);
	ring_done(&t->segments);
	ring_done(&t->reports);
}

/* A block was written by another processor: its header and those of the frame are asked for before
 * they are looked at. */
static void prefetch(const unsigned char *block)
{
	__builtin_prefetch(block);
	__builtin_prefetch(block + 64);
}

static void publish(void *ctx, const struct frame *f)
{
	tap_publish(ctx, f);
}

struct subscriber tap_subscriber(struct tap *t)
{
	return (struct subscriber){.publish = publish, .ctx = t};
}

/* Only the switch's thread writes the counters, so a load and a store do; relaxed, as they order
 * nothing. */
static void count_more(atomic_ullong *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static void count(atomic_ullong *counter)
{
	count_more(counter, 1);
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
	struct tap_port *port = &t->port[f->ingress];

	count(&t->dropped_queue);
	count(&port->dropped);
	port->dropped_before++;
	tap_lost(t, &t->drop, f);
}

/* ---- laying frames out ---- */

/* Interface blocks of the ports up to @port that have none yet, into t->fresh. */
static void name_ports(struct tap *t, unsigned port)
{
	char number[16];

	t->fresh.n = 0;
	for (unsigned i = t->interfaces; i <= port; i++) {
		const char *name = t->config.port_name
					   ? t->config.port_name(t->config.port_name_ctx, i)
					   : NULL;

		snprintf(number, sizeof(number), "port-%u", i);
		pcapng_put_interface(&t->fresh, LINKTYPE_ETHERNET, FRAME_BYTES_MAX,
				     name ? name : number, NULL);
	}
}

/* A block's type is stored last, as pcapng_packet() does. */
static void lay_out(struct segment *s, const struct buf *blocks)
{
	unsigned char *at = s->base + s->used;
	uint32_t type;

	if (!blocks->n)
		return;
	memcpy(at + 4, blocks->p + 4, blocks->n - 4);
	memcpy(&type, blocks->p, sizeof(type));
	atomic_store_explicit((_Atomic uint32_t *)(void *)at, type, memory_order_release);
	s->used += (uint32_t)blocks->n;
}

static struct segment *take_segment(struct tap *t, uint32_t bytes)
{
	if (t->config.source.take)
		return t->config.source.take(t->config.source.ctx, bytes);
	if (bytes > t->pool->bytes)
		return segment_new(bytes, t->config.segment_frames);
	return segment_pool_take(t->pool);
}

/* A segment that is a file of its own takes interface blocks anywhere; in another they stand at the
 * start, so that what begins with any of its frames knows which were declared before. Return: false
 * where a segment is to be begun */
static bool declare(struct tap *t, unsigned port, uint32_t bytes)
{
	struct segment *s = t->open;

	if (port < t->interfaces)
		return true;
	if (!s->file)
		return false;
	t->fresh.failed = t->declared.failed = false;
	name_ports(t, port);
	if (t->fresh.failed || s->cap - s->used < bytes + t->fresh.n ||
	    !buf_reserve(&t->declared, t->fresh.n))
		return false;
	lay_out(s, &t->fresh);
	buf_put(&t->declared, t->fresh.p, t->fresh.n);
	s->declares += port + 1 - t->interfaces;
	t->interfaces = port + 1;
	return true;
}

/* Begin a segment for a packet block of @bytes from @port. Return: false where there is none, and
 * nothing has changed. */
static bool begin_segment(struct tap *t, unsigned port, uint32_t bytes, uint64_t now_ns)
{
	bool known = port < t->interfaces;
	struct segment *s;

	/* Memory that ran out for an earlier frame may be there for this one. */
	t->fresh.failed = t->declared.failed = false;
	t->fresh.n = 0;
	if (!known)
		name_ports(t, port);
	if (t->fresh.failed || !buf_reserve(&t->declared, t->fresh.n))
		return false;
	s = take_segment(t, bytes + (uint32_t)(t->declared.n + t->fresh.n));
	if (!s)
		return false;
	s->first_id = t->next_id;
	s->opened_ns = now_ns;
	atomic_store_explicit(&t->cut, false, memory_order_relaxed);
	if (s->first_at) {
		char digits[21];

		snprintf(digits, sizeof(digits), "%020" PRIu64, s->first_id);
		memcpy(s->base + s->first_at, digits, 20);
	}
	/* One that begins a file has bytes already, and declares all. */
	if (s->used) {
		s->declares = t->interfaces;
		lay_out(s, &t->declared);
	} else {
		s->interfaces = t->interfaces;
	}
	lay_out(s, &t->fresh);
	check(s->cap - s->used >= bytes);
	buf_put(&t->declared, t->fresh.p, t->fresh.n);
	if (!known) {
		s->declares += port + 1 - t->interfaces;
		t->interfaces = port + 1;
	}
	s->first_bytes = s->used;
	segment_unref(t->open);
	t->open = s;
	return true;
}

static bool fits(struct tap *t, const struct frame *f, uint32_t bytes)
{
	const struct segment *s = t->open;

	return s && s->cap - s->used >= bytes && s->frames < s->frames_max &&
	       (s->file || s->frames < t->config.segment_frames) &&
	       f->published_ns - s->opened_ns < s->age_ns_max &&
	       !atomic_load_explicit(&t->cut, memory_order_relaxed);
}

void tap_cut(struct tap *t)
{
	atomic_store_explicit(&t->cut, true, memory_order_relaxed);
}

/* The longest frame, its options, and interface blocks for all ports with the longest names. */
#define ROOM_MAX (FRAME_BYTES_MAX + 64 + PORTS_MAX * 128)

bool tap_has_room(struct tap *t)
{
	const struct segment *s = t->open;

	if (!ring_has_room(&t->frames))
		return false;
	if (!t->config.source.ready ||
	    (s && s->cap - s->used >= ROOM_MAX && s->frames < s->frames_max))
		return true;
	return t->config.source.ready(t->config.source.ctx);
}

void tap_flush(struct tap *t)
{
	t->unflushed = 0;
	ring_flush(&t->frames);
}

bool tap_sleeps(struct tap *t)
{
	tap_flush(t);
	if (!ring_has_room(&t->frames))
		return ring_producer_sleeps(&t->frames);
	return !tap_has_room(t) && t->config.source.sleeps(t->config.source.ctx);
}

/* Lay a frame out and queue it. Return: false where there is no memory. */
static bool queue(struct tap *t, const struct frame *f)
{
	struct pcapng_packet p = {
		.data = f->data,
		.caplen = f->caplen,
		.len = f->len,
		.ts_ns = f->ts_ns,
		.interface = f->ingress,
		.flags = PCAPNG_OUTBOUND,
		.dropcount = t->port[f->ingress].dropped_before,
	};
	uint32_t bytes = pcapng_packet_bytes(&p);
	unsigned char *block;
	struct segment *s;

	check(f->caplen <= FRAME_BYTES_MAX);
	if (!(fits(t, f, bytes) && declare(t, f->ingress, bytes)) &&
	    !begin_segment(t, f->ingress, bytes, f->published_ns))
		return false;
	s = t->open;
	if (!s->frames && !ring_push(&t->segments, segment_ref(s))) {
		segment_unref(s);
		segment_unref(s);
		t->open = NULL;
		return false;
	}
	block = s->base + s->used;
	pcapng_packet(block, &p);
	s->mark[s->frames] = (struct segment_mark){
		.us = (uint32_t)((f->published_ns - s->opened_ns) / 1000), .bytes = bytes};
	s->used += bytes;
	s->frames++;
	t->next_id++;
	t->port[f->ingress].dropped_before = 0;
	/* There is room: that was asked before, and only this thread pushes. */
	check(ring_stage(&t->frames, block));
	if (++t->unflushed >= t->config.batch)
		tap_flush(t);
	return true;
}

void tap_scope_add(struct tap *t, unsigned port)
{
	port_set_add(&t->config.scope, port);
}

void tap_change(struct tap *t, struct tap_change *change)
{
	/* Release: what it says was written before; acquire: what is freed was, too. */
	change_free(
		atomic_exchange_explicit(&t->change[change->kind], change, memory_order_acq_rel));
}

/* Tell it by the road of the drops. Return: false where that is full: the change waits */
static bool tell_change(struct tap *t, const struct tap_change *c, const struct frame *f)
{
	struct tap_report report = {.event = c->kind == TAP_CHANGE_FILTER ? "filter_changed"
									  : "scope_changed",
				    .text = strdup(c->text)};

	run_extend(&report.run, f->serial, f->ts_ns);
	if (report.text && tap_report(t, &report))
		return true;
	free(report.text);
	return false;
}

/* Frame @f is the first that a change in the mailbox applies to. */
static void apply_change(struct tap *t, enum tap_change_kind kind, const struct frame *f)
{
	struct tap_change *c =
		atomic_exchange_explicit(&t->change[kind], NULL, memory_order_acquire);
	struct tap_change *none = NULL;

	if (!c)
		return;
	if (!tell_change(t, c, f)) {
		/* Back into the mailbox, unless another has come. */
		if (!atomic_compare_exchange_strong_explicit(
			    &t->change[kind], &none, c, memory_order_release, memory_order_relaxed))
			change_free(c);
		return;
	}
	if (kind == TAP_CHANGE_FILTER) {
		bpf_free(t->filter);
		t->filter = c->filter;
		t->config.filter = c->filter;
		c->filter = NULL;
	} else {
		t->config.all = c->all;
		t->config.scope = c->scope;
	}
	change_free(c);
}

void tap_publish(struct tap *t, const struct frame *f)
{
	for (int kind = 0; kind < TAP_CHANGES; kind++) {
		if (atomic_load_explicit(&t->change[kind], memory_order_relaxed))
			apply_change(t, (enum tap_change_kind)kind, f);
	}
	count(&t->forwarded);
	if (!t->config.all && !port_set_meets(&f->ports, &t->config.scope)) {
		count(&t->out_of_scope);
		return;
	}
	count(&t->port[f->ingress].received);
	count_more(&t->port[f->ingress].bytes, f->len);
	if (t->config.filter && !bpf_match(t->config.filter, f->data, f->caplen, f->len)) {
		count(&t->prefiltered);
		return;
	}
	count(&t->port[f->ingress].accepted);
	if (!ring_has_room(&t->frames) || !queue(t, f)) {
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

bool tap_has_frames(struct tap *t)
{
	return ring_has_items(&t->frames);
}

bool tap_take(struct tap *t, struct tap_frame *f)
{
	const unsigned char *later = ring_peek(&t->frames, PREFETCH_FRAMES);
	const unsigned char *block = ring_pop(&t->frames);

	if (!block)
		return false;
	if (later)
		prefetch(later);
	/* A segment is pushed before its first block is. */
	if (!t->reading || !segment_has(t->reading, block)) {
		segment_unref(t->reading);
		t->reading = ring_pop(&t->segments);
		t->read = 0;
		check(t->reading && segment_has(t->reading, block));
	}
	*f = (struct tap_frame){.segment = t->reading,
				.block = block,
				.bytes = t->reading->mark[t->read].bytes,
				.id = t->reading->first_id + t->read};
	t->read++;
	return true;
}

struct tap_report *tap_take_report(struct tap *t)
{
	struct tap_report *report = ring_pop(&t->reports);

	if (report || !ring_ended(&t->reports) || !t->drop.run.count)
		return report;
	/* The end comes without memory, too. */
	check(t->last);
	report = t->last;
	t->last = NULL;
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
