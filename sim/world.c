/* world.c - one simulated run and its oracles */
#include "world.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "pipeline.h"
#include "port_sim.h"
#include "random.h"
#include "switch.h"

#define WORLD_FRAMES_MAX 600u
#define MS		 UINT64_C(1000000)

struct world {
	struct sim_random random; /* traffic and order of steps; the port has its own */
	struct port_sim port;
	struct eth_switch *eth;
	struct pipeline pipeline;
	struct pipeline_config config;
	struct pipeline_wait wait;
	struct world_result *result;
	uint64_t now_ns, start_ns;
	/* source */
	uint32_t frames, sent;
	uint64_t gap_ns_max, source_due_ns;
	unsigned burst; /* chance of one, in a thousand */
	bool source_ended;
	uint64_t stop_at_ns; /* the user stops; UINT64_MAX: never */
	/* sink */
	uint64_t sink_free_ns; /* full until then */
	uint64_t sink_next;    /* id expected next */
	uint64_t sink_seen, sink_missed;
	bool sink_woke;
	/* audit */
	uint8_t named[WORLD_FRAMES_MAX + 1]; /* ids that a run of "undecoded" covers */
	uint8_t undecoded[WORLD_FRAMES_MAX + 1];
	uint64_t named_count, dropped_count, missed_count;
	uint64_t ended_ns, linger_ns; /* faults go on for so long after the source has ended */
	uint64_t quiet_ns;	      /* when phase 2 began; 0 before */
};

static void fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first oracle to speak is the one that counts. */
static void fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->result->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->result->why, sizeof(w->result->why), fmt, ap);
	va_end(ap);
}

/* ---- audit ---- */

static uint64_t member(struct json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

static void name_run(struct world *w, struct json_object *o)
{
	uint64_t first = member(o, "first"), last = member(o, "last");

	w->named_count += member(o, "count");
	if (member(o, "count") != last - first + 1)
		fail(w, "audit: run %" PRIu64 "-%" PRIu64 " has another count", first, last);
	for (uint64_t id = first; id <= last && id <= WORLD_FRAMES_MAX; id++) {
		if (w->named[id]++)
			fail(w, "audit: frame %" PRIu64 " is named twice", id);
	}
}

static void audit_line(void *ctx, const char *members, size_t n)
{
	struct world *w = ctx;
	struct buf line = {0};
	struct json_object *o;
	const char *event;

	trace_bytes(&w->port.trace, members, n);
	buf_putc(&line, '{');
	buf_put(&line, members, n);
	buf_put(&line, "}", 2);
	o = json_tokener_parse(line.p);
	if (!o) {
		fail(w, "audit: no JSON: %s", line.p);
		buf_done(&line);
		return;
	}
	event = json_object_get_string(json_object_object_get(o, "event"));
	if (strcmp(event, "undecoded") == 0)
		name_run(w, o);
	else if (strcmp(event, "drop") == 0)
		w->dropped_count += member(o, "count");
	else if (strcmp(event, "missed") == 0)
		w->missed_count += member(o, "count");
	json_object_put(o);
	buf_done(&line);
}

/* ---- sink ---- */

static void check_decode(struct world *w, const struct decoded *d)
{
	uint64_t hash = tshark_sim_hash(d->packet.data, d->packet.caplen);
	char text[20];
	size_t n;
	const char *info;

	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	if (w->config.verbatim) {
		if (!d->raw || !memmem(d->raw, d->raw_n, text, 16) || d->raw[d->raw_n - 1] != '\n')
			fail(w, "frame %" PRIu64 ": its lines are another's", d->id);
		return;
	}
	info = decoded_field(d, EK_INFO, &n);
	if (n != 16 || memcmp(info, text, 16) != 0)
		fail(w, "frame %" PRIu64 ": its decode is another's (%.*s, not %s)", d->id, (int)n,
		     info, text);
}

static bool offer(void *ctx, struct decoded *d)
{
	struct world *w = ctx;

	if (w->now_ns < w->sink_free_ns)
		return false;
	if (random_chance(&w->port.random, w->port.faults.sink_full)) {
		w->sink_free_ns = w->now_ns + random_range(&w->random, 1, 500 * MS);
		return false;
	}
	trace_event(&w->port.trace, 'd', d->id, d->status);
	if (d->id < w->sink_next)
		fail(w, "frame %" PRIu64 " after frame %" PRIu64, d->id, w->sink_next - 1);
	w->sink_missed += d->id - w->sink_next;
	w->sink_next = d->id + 1;
	w->sink_seen++;
	if (d->status == DECODED_TSHARK)
		check_decode(w, d);
	else if (d->id <= WORLD_FRAMES_MAX)
		w->undecoded[d->id] = 1;
	decoded_free(d);
	return true;
}

static const char *port_name(void *ctx, unsigned port)
{
	struct world *w = ctx;

	return switch_port_name(w->eth, port);
}

/* ---- source ---- */

static struct frame *make_frame(struct world *w)
{
	struct sim_random *r = &w->random;
	uint32_t caplen = (uint32_t)(random_chance(r, 50) ? random_range(r, 0, 4000)
							  : random_range(r, 14, 200));
	struct frame *f = frame_new(caplen);
	uint64_t bits = 0;

	check(f);
	for (uint32_t i = 0; i < caplen; i++) {
		if (i % 8 == 0)
			bits = random_next(r);
		f->data[i] = (unsigned char)(bits >> (i % 8 * 8));
	}
	f->serial = ++w->sent;
	f->ts_ns = UINT64_C(1700000000000000000) + w->now_ns;
	f->len = caplen + (uint32_t)random_range(r, 0, 100);
	return f;
}

static bool source_blocked(struct world *w)
{
	return w->config.lossless && w->now_ns < w->stop_at_ns &&
	       !ring_has_room(&w->pipeline.tap.frames);
}

static bool source_ready(struct world *w)
{
	return !w->source_ended && w->now_ns >= w->source_due_ns && !source_blocked(w);
}

static void step_source(struct world *w)
{
	uint64_t burst = 1;

	if (w->now_ns >= w->stop_at_ns && w->sent < w->frames) {
		w->frames = w->sent;
		pipeline_stop(&w->pipeline, w->now_ns);
	}
	if (w->sent == w->frames) {
		tap_end(&w->pipeline.tap);
		w->source_ended = true;
		w->ended_ns = w->now_ns;
		return;
	}
	/* Now and then a burst, while the pipeline sleeps; at worst all there is, end included. */
	if (random_chance(&w->random, w->burst))
		burst = random_range(&w->random, 1, w->frames);
	do {
		switch_input(w->eth, (unsigned)random_range(&w->random, 0, 1), make_frame(w),
			     w->now_ns);
	} while (--burst && w->sent < w->frames && !source_blocked(w));
	w->source_due_ns = w->now_ns + random_range(&w->random, 0, w->gap_ns_max);
}

/* ---- steps ---- */

static bool pipeline_ready(struct world *w)
{
	const struct pipeline_wait *wait = &w->wait;
	const struct ring *frames = &w->pipeline.tap.frames;

	return w->now_ns >= wait->due_ns || port_sim_writable(&w->port, wait->fifo) ||
	       port_sim_readable(&w->port, wait->out) || port_sim_readable(&w->port, wait->err) ||
	       (wait->frames && (ring_count(frames) || ring_ended(frames))) ||
	       (w->pipeline.sink_full && w->now_ns >= w->sink_free_ns);
}

static void check_step(struct world *w)
{
	struct ledger l = pipeline_ledger(&w->pipeline);
	char why[256];

	if (!ledger_balanced(&l, why, sizeof(why)))
		fail(w, "ledger: %s", why);
	if (w->pipeline.store.head - w->pipeline.store.tail > w->config.buffer_frames)
		fail(w, "store: over its bound");
}

static bool step(struct world *w)
{
	struct tshark_sim *tshark = &w->port.tshark;
	unsigned first = (unsigned)random_range(&w->random, 0, 2);
	bool moved = false;

	w->port.now_ns = w->now_ns;
	for (unsigned i = 0; i < 3; i++) {
		switch ((first + i) % 3) {
		case 0:
			if (!source_ready(w))
				break;
			step_source(w);
			moved = true;
			break;
		case 1:
			if (w->now_ns < tshark->due_ns && !tshark_sim_ready(tshark, w->now_ns))
				break;
			tshark_sim_step(tshark, w->now_ns);
			moved = true;
			break;
		default:
			if (!pipeline_ready(w))
				break;
			pipeline_step(&w->pipeline, w->now_ns, &w->wait);
			check_step(w);
			moved = true;
			break;
		}
	}
	return moved;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nothing can move now: go to the next moment at which something can. */
static bool advance(struct world *w)
{
	uint64_t next = least(w->wait.due_ns, w->port.tshark.due_ns);

	if (!w->source_ended && !source_blocked(w))
		next = least(next, w->source_due_ns);
	if (!w->source_ended && source_blocked(w))
		next = least(next, w->stop_at_ns);
	if (w->pipeline.sink_full)
		next = least(next, w->sink_free_ns);
	if (next == UINT64_MAX) {
		fail(w, "hang: nobody waits for a time, %" PRIu64 " frames unsettled, tshark %s",
		     store_unsettled(&w->pipeline.store),
		     child_state_name(w->pipeline.child.state));
		return false;
	}
	check(next > w->now_ns);
	w->now_ns = next;
	return true;
}

/* Faults end a while after the source has; the frames that kill tshark stay what they are. */
static void maybe_quiet(struct world *w)
{
	unsigned poison = w->port.faults.poison;

	if (w->quiet_ns || !w->source_ended || w->now_ns < w->ended_ns + w->linger_ns)
		return;
	w->quiet_ns = w->now_ns;
	memset(&w->port.faults, 0, sizeof(w->port.faults));
	w->port.faults.poison = poison;
}

static void run(struct world *w)
{
	uint64_t steps = 0;

	while (!pipeline_finished(&w->pipeline) && !w->result->why[0]) {
		/* A little time passes with each step: nothing in a real system happens twice at
		 * once. */
		if (!step(w) && !advance(w))
			break;
		w->now_ns += 100;
		maybe_quiet(w);
		if (++steps > WORLD_STEPS_MAX)
			fail(w, "livelock: %u steps", WORLD_STEPS_MAX);
		if (w->quiet_ns && w->now_ns > w->quiet_ns + WORLD_DRAIN_NS)
			fail(w, "no end: %" PRIu64 " frames unsettled, tshark %s",
			     store_unsettled(&w->pipeline.store),
			     child_state_name(w->pipeline.child.state));
	}
	w->result->steps = steps;
}

/* ---- the end ---- */

static void check_end(struct world *w)
{
	struct ledger l = pipeline_ledger(&w->pipeline);
	uint64_t switched = 0;

	for (unsigned port = 0; port < switch_ports(w->eth); port++) {
		for (int why = 0; why < SWITCH_DROPS; why++)
			switched += switch_port_stats(w->eth, port)->dropped[why];
	}
	if (l.queued || l.in_flight)
		fail(w, "end: %" PRIu64 " queued, %" PRIu64 " in flight", l.queued, l.in_flight);
	if (l.forwarded + switched != w->sent)
		fail(w, "end: %" PRIu64 " forwarded of %" PRIu32 " sent", l.forwarded, w->sent);
	if (w->named_count != l.undecoded)
		fail(w, "end: %" PRIu64 " named in the audit log, %" PRIu64 " undecoded",
		     w->named_count, l.undecoded);
	if (w->dropped_count != l.dropped_queue)
		fail(w, "end: %" PRIu64 " drops told, %" PRIu64 " counted", w->dropped_count,
		     l.dropped_queue);
	/* Rows missed at the very end show in no later id. */
	w->sink_missed += l.captured + 1 - w->sink_next;
	if (w->sink_missed != w->pipeline.missed)
		fail(w, "end: %" PRIu64 " rows missed, %" PRIu64 " counted", w->sink_missed,
		     w->pipeline.missed);
	if (w->missed_count != w->pipeline.missed)
		fail(w, "end: %" PRIu64 " missed rows told, %" PRIu64 " counted", w->missed_count,
		     w->pipeline.missed);
	for (uint32_t id = 1; id <= l.captured && id <= WORLD_FRAMES_MAX; id++) {
		if (w->undecoded[id] && !w->named[id])
			fail(w, "end: frame %" PRIu32 " was lost silently", id);
	}
	if (w->config.lossless && (l.dropped_queue || l.cause[UNDECODED_SKIPPED_STALL] ||
				   l.cause[UNDECODED_SKIPPED_BACKLOG] || w->pipeline.missed))
		fail(w, "end: a lossless run skipped or dropped");
	w->result->ledger = l;
}

static void choose(struct world *w)
{
	static const enum profile profiles[] = {PROFILE_LEAN, PROFILE_SUMMARY, PROFILE_FULL,
						PROFILE_LEAN, PROFILE_OFF};
	struct sim_random *r = &w->random;
	struct pipeline_config *c = &w->config;

	w->frames = (uint32_t)random_range(r, 0, WORLD_FRAMES_MAX);
	w->gap_ns_max = random_chance(r, 300) ? 1000 : random_range(r, 1, 20 * MS);
	w->burst = random_chance(r, 300) ? (unsigned)random_range(r, 1, 500) : 0;
	w->stop_at_ns =
		random_chance(r, 100) ? w->now_ns + random_range(r, 0, 3000 * MS) : UINT64_MAX;
	c->lossless = random_chance(r, 400);
	c->tap.queue_limit = (uint32_t)random_range(r, 1, random_chance(r, 500) ? 20 : 2000);
	c->tap.all = true;
	c->buffer_frames = (uint32_t)random_range(r, 1, random_chance(r, 500) ? 50 : 2000);
	c->profile = profiles[random_range(r, 0, random_chance(r, 50) ? 4 : 3)];
	c->tshark = random_chance(r, 20) ? NULL : "/sim/tshark";
	c->verbatim = random_chance(r, 300);
	/* As the command does: a small store needs a tshark that holds nothing back. */
	c->flush = !c->lossless || c->buffer_frames < 1024 || random_chance(r, 300);
	c->stall_ns = 250 * MS;
	c->hang_ns = CHILD_HANG_NS_MAX;
	w->linger_ns = random_chance(r, 500) ? 0 : random_range(r, 0, 60000 * MS);
}

static void begin(struct world *w, uint64_t seed)
{
	struct switch_config eth = {.spoof = SWITCH_SPOOF_LOG};

	w->random.state = seed ^ UINT64_C(0x5ec0f5ec0f);
	w->start_ns = w->now_ns = 1000000000;
	w->source_due_ns = w->now_ns;
	w->sink_next = 1;
	port_sim_init(&w->port, seed, &w->config.port);
	choose(w);
	w->config.sink = (struct sink){.offer = offer, .ctx = w};
	w->config.port_name = port_name;
	w->config.port_name_ctx = w;
	w->config.audit = (struct audit){.line = audit_line, .ctx = w};
	w->eth = switch_new(&eth);
	check(w->eth);
	check(switch_port_add(w->eth, "vm-1", NULL) == 0);
	check(switch_port_add(w->eth, "vm-2", NULL) == 1);
	check(pipeline_init(&w->pipeline, &w->config) == 0);
	/* A thread may be slow to start: everything may have come, and ended, before its first
	 * step. */
	if (random_chance(&w->random, 100))
		w->wait.due_ns = w->now_ns + random_range(&w->random, 0, 1000 * MS);
	w->wait.fifo = w->wait.out = w->wait.err = -1;
	check(switch_subscribe(w->eth, tap_subscriber(&w->pipeline.tap)) == 0);
}

bool world_run(uint64_t seed, struct world_result *result)
{
	struct world *w = calloc(1, sizeof(*w));

	check(w);
	memset(result, 0, sizeof(*result));
	w->result = result;
	begin(w, seed);
	run(w);
	if (!result->why[0])
		check_end(w);
	result->ok = !result->why[0];
	result->hash = w->port.trace.hash;
	result->events = w->port.trace.events;
	result->virtual_ns = w->now_ns - w->start_ns;
	result->generations = w->pipeline.child.generation;
	result->lossless = w->config.lossless;
	pipeline_done(&w->pipeline);
	port_sim_done(&w->port);
	switch_free(w->eth);
	free(w);
	return result->ok;
}
