/* world.c - one simulated run and its oracles */
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backfill.h"
#include "base/bytes.h"
#include "base/check.h"
#include "disk_sim.h"
#include "inject.h"
#include "pcapng/pcapng_write.h"
#include "pipeline.h"
#include "port_sim.h"
#include "random.h"
#include "switch.h"

#define WORLD_FRAMES_MAX 600u

/* Of a scenario; a later frame is counted, and not followed by its id. */
#define WORLD_SCRIPT_FRAMES_MAX 1000000u
#define MS			UINT64_C(1000000)

/* Some frames of the longest kind, and the header; so a run fills several. */
#define WORLD_JOURNAL_BYTES 16384u

struct world {
	struct sim_random random; /* traffic and order of steps; the port has its own */
	struct port_sim port;
	struct eth_switch *eth;
	struct pipeline pipeline;
	struct pipeline_config config;
	struct pipeline_wait wait;
	struct world_result *result;
	/* backfill */
	enum backfill_mode mode;
	struct backfill backfill;
	struct backfill_read *read; /* asked for; NULL: nothing is */
	uint64_t read_due_ns, read_ns_max;
	bool read_done;	    /* and nobody has looked yet */
	uint64_t enough_ns; /* the user does not wait for the end of it; UINT64_MAX: does */
	uint64_t unread;    /* frames that a read failed at, or behind */
	bool filling;	    /* rows come from there now */
	uint8_t *filled;    /* ids that it decoded */
	uint64_t renamed;   /* frames that were tried again in vain, as the audit log says */
	uint64_t now_ns, start_ns;
	/* source */
	unsigned char frame_bytes[4000];
	uint32_t frames, sent;
	uint64_t gap_ns_max, source_due_ns;
	unsigned burst;	  /* chance of one, in a thousand */
	uint64_t lull_ns; /* quiet time after each @lulls frames; 0: none */
	unsigned lulls;
	bool source_ended;
	uint64_t stop_at_ns; /* the user stops; UINT64_MAX: never */
	/* sink */
	uint64_t sink_free_ns; /* full until then */
	uint64_t sink_next;    /* id expected next */
	uint64_t sink_seen, sink_missed;
	bool sink_woke;
	/* audit */
	uint64_t ids;	/* that the arrays below have room for */
	uint8_t *named; /* ids that a run of "undecoded" covers */
	uint8_t *undecoded;
	uint8_t *pending; /* ids that had a row, and no update yet */
	uint64_t pending_count, missed_updates;
	uint64_t named_count, dropped_count, missed_count;
	uint64_t ended_ns, linger_ns; /* faults go on for so long after the source has ended */
	uint64_t quiet_ns;	      /* when phase 2 began; 0 before */
	/* disk */
	bool disk_on, journal, spool_woke;
	bool may_forget; /* where a frame lies, for want of memory; tests */
	struct disk_sim disk;
	struct spool spool;
	struct spool_limits limits;
	uint64_t spool_due_ns;
	uint64_t *hash;	    /* of the frames that the sink saw */
	uint8_t *discarded; /* ids that the audit log calls so */
	uint8_t *on_disk;
	uint64_t spool_busy_ns; /* the disk takes so long */
	/* A scenario's, or NULL */
	struct world_script *script;
	struct err *err;
	struct inject inject;
	uint64_t inject_due_ns;
	struct replay *replay;
	struct pace pace;
	struct frame next; /* to be sent, where has_next */
	unsigned next_port;
	bool has_next;
	struct tap_report drops[PORTS_MAX][SWITCH_DROPS + 1]; /* not told yet */
	unsigned port_now[PORTS_MAX]; /* as in a session: after a port left and came back */
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
	for (uint64_t id = first; id <= last && id <= w->ids; id++) {
		if (w->named[id]++)
			fail(w, "audit: frame %" PRIu64 " is named twice", id);
	}
}

static void name_discarded(struct world *w, struct json_object *o)
{
	for (uint64_t id = member(o, "first"); id <= member(o, "last"); id++) {
		if (id && id <= w->ids)
			w->discarded[id] = 1;
	}
}

static void audit_line(void *ctx, const char *members, size_t n)
{
	struct world *w = ctx;
	struct buf line = {0};
	struct json_object *o;
	const char *event;

	trace_bytes(&w->port.trace, members, n);
	if (w->script)
		w->script->audit(w->script->ctx, w->now_ns - w->start_ns, members, n);
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
	else if (strcmp(event, "drop") == 0 &&
		 strcmp(json_object_get_string(json_object_object_get(o, "cause")),
			"dropped_queue") == 0)
		w->dropped_count += member(o, "count");
	else if (strcmp(event, "undecoded_again") == 0)
		w->renamed += member(o, "count");
	else if (strcmp(event, "discarded") == 0)
		name_discarded(w, o);
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

static void check_order(struct world *w, const struct decoded *d)
{
	if (d->id < w->sink_next)
		fail(w, "frame %" PRIu64 " after frame %" PRIu64, d->id, w->sink_next - 1);
	w->sink_missed += d->id - w->sink_next;
	w->sink_next = d->id + 1;
	w->sink_seen++;
	if (d->id > w->ids)
		return;
	w->hash[d->id] = tshark_sim_hash(d->packet.data, d->packet.caplen);
	w->pending[d->id] = d->status == DECODED_PENDING;
	w->pending_count += d->status == DECODED_PENDING;
}

/* It follows a row without a decode, or one that was missed. */
static void check_update(struct world *w, const struct decoded *d)
{
	if (d->status == DECODED_PENDING || d->id >= w->pipeline.store.shown)
		fail(w, "frame %" PRIu64 ": an update of nothing", d->id);
	if (d->id > w->ids)
		return;
	w->pending_count -= w->pending[d->id];
	w->pending[d->id] = 0;
	if (!w->filling || d->status != DECODED_TSHARK)
		return;
	if (w->filled[d->id]++)
		fail(w, "frame %" PRIu64 ": backfilled twice", d->id);
	if (w->hash[d->id] && w->hash[d->id] != tshark_sim_hash(d->packet.data, d->packet.caplen))
		fail(w, "frame %" PRIu64 ": backfilled with the bytes of another", d->id);
	w->undecoded[d->id] = 0;
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
	if (w->script)
		w->script->row(w->script->ctx, d);
	if (d->update)
		check_update(w, d);
	else
		check_order(w, d);
	if (d->status == DECODED_TSHARK)
		check_decode(w, d);
	else if (d->status != DECODED_PENDING && d->id <= w->ids)
		w->undecoded[d->id] = 1;
	decoded_free(d);
	return true;
}

static const char *port_name(void *ctx, unsigned port)
{
	struct world *w = ctx;

	return switch_port_name(w->eth, port);
}

static void port_counts(void *ctx, unsigned port, struct pcapng_counts *counts)
{
	struct world *w = ctx;

	counts->received = w->pipeline.tap.port[port].received;
}

/* ---- source ---- */

/* Some of a few hosts' conversations, so that there are shards to go to, and to be warmed with. */
static void make_headers(struct world *w)
{
	static const unsigned char ipv4[] = {0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0};
	unsigned char *p = w->frame_bytes;

	memcpy(p + 12, ipv4, sizeof(ipv4));
	for (unsigned i = 0; i < 2; i++) {
		be32_store(p + 26 + 4 * i, 0x0a000000 + (uint32_t)random_range(&w->random, 1, 6));
		be16_store(p + 34 + 2 * i, (uint16_t)random_range(&w->random, 1000, 1002));
	}
}

static struct frame make_frame(struct world *w)
{
	struct sim_random *r = &w->random;
	uint32_t caplen =
		(uint32_t)(random_chance(r, 50) ? random_range(r, 0, sizeof(w->frame_bytes))
						: random_range(r, 14, 200));
	uint64_t bits = 0;

	for (uint32_t i = 0; i < caplen; i++) {
		if (i % 8 == 0)
			bits = random_next(r);
		w->frame_bytes[i] = (unsigned char)(bits >> (i % 8 * 8));
	}
	if (caplen >= 42 && random_chance(r, 700))
		make_headers(w);
	return (struct frame){.data = w->frame_bytes,
			      .caplen = caplen,
			      .len = caplen + (uint32_t)random_range(r, 0, 100),
			      .serial = ++w->sent,
			      .ts_ns = UINT64_C(1700000000000000000) + w->now_ns};
}

/* ---- the source of a scenario ---- */

static int add_port(void *ctx, const char *name)
{
	struct world *w = ctx;
	int port = switch_port_find(w->eth, name);

	if (port >= 0)
		return port;
	port = switch_port_add(w->eth, name, &w->script->port);
	if (port >= 0)
		w->port_now[port] = (unsigned)port;
	for (unsigned i = 0; port >= 0 && i < w->script->interface_count; i++) {
		if (strcmp(w->script->interfaces[i], name) == 0)
			tap_scope_add(&w->pipeline.tap, (unsigned)port);
	}
	return port;
}

static void hook_port(void *ctx, const char *name, bool down)
{
	struct world *w = ctx;
	int was = switch_port_find(w->eth, name), is;

	if (was < 0)
		return;
	if (down) {
		switch_port_remove(w->eth, (unsigned)was);
		return;
	}
	is = add_port(w, name);
	if (is == was)
		return;
	for (unsigned i = 0; is >= 0 && i < PORTS_MAX; i++) {
		if (w->port_now[i] == (unsigned)was)
			w->port_now[i] = (unsigned)is;
	}
}

static void on_drop(void *ctx, const struct frame *f, unsigned port, enum switch_drop why,
		    bool forwarded)
{
	struct world *w = ctx;
	struct tap_report *report = &w->drops[port][forwarded ? SWITCH_DROPS : why];

	report->event = forwarded ? "notice" : "drop";
	report->cause = switch_drop_name(why);
	report->port = switch_port_name(w->eth, port);
	tap_lost(&w->pipeline.tap, report, f);
}

/* Return: whether all are on their way */
static bool tell_drops(struct world *w)
{
	bool told = true;

	for (unsigned port = 0; port < switch_ports(w->eth); port++) {
		for (int why = 0; why <= SWITCH_DROPS; why++) {
			if (tap_report(&w->pipeline.tap, &w->drops[port][why]))
				w->drops[port][why].run = (struct run){0};
			else
				told = false;
		}
	}
	return told;
}

/* Fetch the next frame, and when it is due. */
static void fetch(struct world *w)
{
	enum replay_result result = replay_next(w->replay, &w->next, &w->next_port, w->err);

	w->has_next = result == REPLAY_FRAME;
	if (result == REPLAY_FAILED)
		fail(w, "%s", w->err->text);
	if (w->has_next)
		w->source_due_ns = pace_next(&w->pace, w->next.ts_ns, w->next.caplen, w->now_ns);
}

static void step_script(struct world *w)
{
	if (w->now_ns >= w->stop_at_ns && w->has_next) {
		w->has_next = false;
		pipeline_stop(&w->pipeline, w->now_ns);
	}
	if (!w->has_next && !tell_drops(w))
		return;
	if (!w->has_next) {
		tap_end(&w->pipeline.tap);
		w->source_ended = true;
		w->ended_ns = w->now_ns;
		return;
	}
	w->sent++;
	inject_frame(&w->inject, w->sent);
	switch_input(w->eth, w->port_now[w->next_port], &w->next, w->now_ns);
	fetch(w);
}

static bool source_blocked(struct world *w)
{
	return w->config.lossless && w->now_ns < w->stop_at_ns && !tap_has_room(&w->pipeline.tap);
}

static bool source_ready(struct world *w)
{
	return !w->source_ended && w->now_ns >= w->source_due_ns && !source_blocked(w);
}

static void step_source(struct world *w)
{
	uint64_t burst = 1;

	if (w->script) {
		step_script(w);
		return;
	}
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
		struct frame f = make_frame(w);

		switch_input(w->eth, (unsigned)random_range(&w->random, 0, 1), &f, w->now_ns);
	} while (--burst && w->sent < w->frames && !source_blocked(w));
	w->source_due_ns = w->now_ns + random_range(&w->random, 0, w->gap_ns_max);
	if (w->lull_ns && w->sent % w->lulls == 0)
		w->source_due_ns += w->lull_ns;
}

/* ---- steps ---- */

/* ---- backfill ---- */

static void ask(void *ctx, struct backfill_read *r)
{
	struct world *w = ctx;

	check(!w->read && r->first <= r->last);
	w->read = r;
	w->read_due_ns = w->now_ns + random_range(&w->port.random, 0, w->read_ns_max);
}

static bool done(void *ctx)
{
	const struct world *w = ctx;

	return !w->read;
}

/* Return: its packet block, NULL where it is in no file */
static const unsigned char *find_block(struct world *w, uint64_t id)
{
	struct place place;

	if (!places_find(&w->spool.places, id, &place))
		return NULL;
	for (unsigned i = 0; i < w->disk.count; i++) {
		const struct disk_sim_file *f = &w->disk.file[i];
		const unsigned char *p;
		uint64_t n;

		if (!f->present || strcmp(f->path, place.path) != 0)
			continue;
		p = disk_sim_bytes(f, &n);
		if (block_find(p, n, &place.offset, &place.first, id))
			return p + place.offset;
	}
	return NULL;
}

/* What the reader's thread does: files as they are by then. */
static void step_reader(struct world *w)
{
	struct backfill_read *r = w->read;
	/* Some reads end early. */
	uint64_t most = random_chance(&w->port.random, 200) ? 3 : UINT64_MAX;

	for (uint64_t id = r->first; id <= r->last && r->frames < most; id++) {
		const unsigned char *block = find_block(w, id);

		if (!block) {
			r->error = -ENOENT;
			w->unread += r->frames ? 0 : r->last - r->first + 1;
			break;
		}
		buf_put(&r->blocks, block, block_bytes(block));
		if (r->blocks.failed) {
			r->blocks.failed = false;
			r->error = -ENOMEM;
			w->unread += r->frames ? 0 : r->last - r->first + 1;
			break;
		}
		r->frames++;
	}
	w->read = NULL;
	w->read_done = true;
}

static bool reader_ready(const struct world *w)
{
	return w->read && w->now_ns >= w->read_due_ns;
}

/* As little of it as has to be known: more waits than a small part of the buffer, or has for half a
 * second, or frames are given up. */
static bool live_is_behind(struct world *w)
{
	struct pipeline *p = &w->pipeline;
	uint64_t id = store_oldest_unsettled(&p->store);

	return p->overloaded ||
	       store_unsettled(&p->store) + ring_count(&p->tap.frames) >
		       p->config.buffer_frames / 20 + 16 ||
	       (id < p->store.head &&
		w->now_ns > segment_published(store_segment(&p->store, id), id) + 500 * MS);
}

/* Between two steps of backfill: what is new? */
static void check_backfill(struct world *w, uint64_t published, uint64_t pieces, uint64_t out,
			   bool behind)
{
	struct backfill *b = &w->backfill;
	uint64_t begun = b->gauges.pieces;
	const struct gaps *g = &w->pipeline.gaps;

	if (begun > pieces && behind)
		fail(w, "backfill: a piece is begun while live decode is behind");
	if (begun > pieces && out)
		fail(w, "backfill: a piece is begun while %" PRIu64 " frames are under way", out);
	if (!b->second_is_last && b->out.frames > BACKFILL_PIECE_FRAMES)
		fail(w, "backfill: %" PRIu64 " frames under way", b->out.frames);
	for (uint32_t i = g->from; b->published > published && i < g->n; i++) {
		if (g->gap[i].first < b->piece.first && g->gap[i].last < b->piece.first)
			fail(w, "backfill: frame %" PRIu64 " before frame %" PRIu64, b->piece.first,
			     g->gap[i].first);
	}
}

static void step_backfill(struct world *w)
{
	struct backfill *b = &w->backfill;
	uint64_t published = b->published, pieces = b->gauges.pieces, out = b->out.frames;
	bool behind = live_is_behind(w);

	w->read_done = false;
	w->filling = true;
	backfill_step(b, w->now_ns, &w->wait);
	w->filling = false;
	check_backfill(w, published, pieces, out, behind);
}

static bool sink_waits(const struct world *w)
{
	return w->pipeline.sink_full ||
	       (w->backfill.phase != BACKFILL_RESTS && w->backfill.second.sink_full);
}

/* As actor and session do it: once the run has ended, backfill goes on alone. */
static void step_pipelines(struct world *w)
{
	if (!w->backfill.last) {
		pipeline_step(&w->pipeline, w->now_ns, &w->wait);
		if (pipeline_finished(&w->pipeline))
			backfill_last(&w->backfill);
	}
	if (w->backfill.last)
		w->wait = (struct pipeline_wait){.due_ns = UINT64_MAX};
	if (w->backfill.last && w->now_ns >= w->enough_ns)
		backfill_stop(&w->backfill, w->now_ns);
	step_backfill(w);
}

static bool finished(struct world *w)
{
	return pipeline_finished(&w->pipeline) && w->backfill.last && backfill_over(&w->backfill);
}

static bool pipeline_ready(struct world *w)
{
	const struct pipeline_wait *wait = &w->wait;
	const struct ring *frames = &w->pipeline.tap.frames;

	for (unsigned i = 0; i < wait->fds; i++) {
		if (wait->fd[i].write ? port_sim_writable(&w->port, wait->fd[i].fd)
				      : port_sim_readable(&w->port, wait->fd[i].fd))
			return true;
	}
	return w->now_ns >= wait->due_ns || w->read_done ||
	       (w->backfill.last && !w->backfill.stopped && w->now_ns >= w->enough_ns) ||
	       (wait->frames && (ring_count(frames) || ring_ended(frames))) ||
	       (sink_waits(w) && w->now_ns >= w->sink_free_ns) ||
	       (w->disk_on && (ring_count(&w->spool.events) ||
			       (spool_ended(&w->spool) && !w->pipeline.spill.ended)));
}

static bool spool_ready(struct world *w)
{
	return w->disk_on && !spool_ended(&w->spool) && w->now_ns >= w->spool_busy_ns &&
	       (w->now_ns >= w->spool_due_ns || w->spool_woke || ring_count(&w->spool.jobs) ||
		ring_ended(&w->spool.jobs));
}

static void step_spool(struct world *w)
{
	w->spool_woke = false;
	w->disk.now_ns = w->now_ns;
	w->spool_due_ns = spool_step(&w->spool, w->now_ns);
}

static void wake_spool(void *ctx)
{
	struct world *w = ctx;

	w->spool_woke = true;
}

static void wake_nobody(void *ctx)
{
	(void)ctx;
}

static void check_step(struct world *w)
{
	struct ledger l = pipeline_ledger(&w->pipeline);
	uint32_t buffer_frames = w->config.buffer_frames ? w->config.buffer_frames : STORE_FRAMES;
	char why[256];

	if (!ledger_balanced(&l, why, sizeof(why)))
		fail(w, "ledger: %s", why);
	if (w->pipeline.store.head - w->pipeline.store.tail > buffer_frames)
		fail(w, "store: over its bound");
}

static bool step(struct world *w)
{
	unsigned first = (unsigned)random_range(&w->random, 0, 3);
	bool moved = reader_ready(w);

	w->port.now_ns = w->now_ns;
	if (moved)
		step_reader(w);
	for (unsigned i = 0; i < 4; i++) {
		switch ((first + i) % 4) {
		case 0:
			if (!source_ready(w))
				break;
			step_source(w);
			moved = true;
			break;
		case 1: moved |= port_sim_step(&w->port); break;
		case 2:
			if (!spool_ready(w))
				break;
			step_spool(w);
			moved = true;
			break;
		default:
			if (!pipeline_ready(w))
				break;
			step_pipelines(w);
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

static void fail_stuck(struct world *w, const char *what)
{
	const struct spill *p = &w->pipeline.spill;
	char lanes[512] = "";
	size_t n = 0;

	for (unsigned i = 0; i < pipeline_lanes(&w->pipeline) && n < sizeof(lanes); i++) {
		const struct lane *l = pipeline_lane(&w->pipeline, i);

		n += (size_t)snprintf(lanes + n, sizeof(lanes) - n, " %s %s",
				      lane_role_name(l->role), child_state_name(l->child.state));
	}
	fail(w,
	     "%s: %" PRIu64 " frames unsettled, tsharks%s; ids: tail %" PRIu64 ", on disk %" PRIu64
	     ", queued %" PRIu64 ", goal %" PRIu64 ", emitted %" PRIu64 ", head %" PRIu64
	     "; %u jobs, %u writing%s%s%s; backfill %s%s, %" PRIu64 " frames in gaps, %" PRIu64
	     " out",
	     what, store_unsettled(&w->pipeline.store), lanes, w->pipeline.store.tail, p->on_disk,
	     p->queued, p->goal, w->pipeline.store.emitted, w->pipeline.store.head, p->under_way,
	     p->writing, p->failed ? ", disk failed" : "", p->ending ? ", ending" : "",
	     w->journal ? ", journal" : "", backfill_phase_name(w->backfill.phase),
	     w->backfill.last ? " at the end" : "", w->pipeline.gaps.frames,
	     w->backfill.out.frames);
}

/* Nothing can move now: go to the next moment at which something can. */
static bool advance(struct world *w)
{
	uint64_t next = least(w->wait.due_ns, port_sim_due(&w->port));

	if (!w->source_ended && !source_blocked(w))
		next = least(next, w->source_due_ns);
	if (!w->source_ended && source_blocked(w))
		next = least(next, w->stop_at_ns);
	if (w->backfill.last && !w->backfill.stopped)
		next = least(next, w->enough_ns);
	if (w->read)
		next = least(next, w->read_due_ns);
	if (sink_waits(w))
		next = least(next, w->sink_free_ns);
	if (w->disk_on && !spool_ended(&w->spool))
		next = least(next,
			     w->spool_busy_ns > w->now_ns ? w->spool_busy_ns : w->spool_due_ns);
	if (w->script)
		next = least(next, w->inject_due_ns);
	if (next == UINT64_MAX) {
		fail_stuck(w, "hang: nobody waits for a time");
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
	if (w->script)
		return;
	memset(&w->port.faults, 0, sizeof(w->port.faults));
	w->port.faults.poison = poison;
	w->disk.full = w->disk.error = w->disk.gone = 0;
	w->disk.calls = 0;
}

static void run(struct world *w)
{
	uint64_t steps = 0;

	while (!finished(w) && !w->result->why[0]) {
		/* A little time passes with each step: nothing in a real system happens twice at
		 * once. */
		if (!step(w) && !advance(w))
			break;
		w->now_ns += 100;
		maybe_quiet(w);
		if (w->script)
			w->inject_due_ns = inject_tick(&w->inject);
		if (++steps > WORLD_STEPS_MAX + 100 * (uint64_t)w->sent)
			fail_stuck(w, "livelock");
		if (w->quiet_ns && w->now_ns > w->quiet_ns + WORLD_DRAIN_NS)
			fail_stuck(w, "no end");
	}
	w->result->steps = steps;
}

/* ---- the end ---- */

/* Walk the frames of one file. */
/* Whether it has the bytes that frame @id was sent with, where those are known. */
static bool frame_is(const struct world *w, uint64_t id, const unsigned char *block)
{
	struct packet_view v = packet_of(block);

	return !w->hash[id] || w->hash[id] == tshark_sim_hash(v.data, v.caplen);
}

static void read_file(struct world *w, const struct disk_sim_file *f)
{
	uint64_t n, at = 0, id = 0;
	const unsigned char *p = disk_sim_bytes(f, &n);
	const char *first = n ? memmem(p, n, "first=", 6) : NULL;

	if (first)
		id = strtoull(first + 6, NULL, 10);
	while (at + 12 <= n && le32_load(p + at)) {
		uint32_t length = block_bytes(p + at);

		if (length > n - at || le32_load(p + at + length - 4) != length) {
			fail(w, "%s: broken at byte %" PRIu64, f->path, at);
			return;
		}
		if (block_is_packet(p + at)) {
			if (!id || id > w->ids || w->on_disk[id]++)
				fail(w, "%s: frame %" PRIu64 " is there twice, or never was",
				     f->path, id);
			else if (!frame_is(w, id, p + at))
				fail(w, "%s: frame %" PRIu64 " is another", f->path, id);
			id++;
		}
		at += length;
	}
}

/* A frame that is in a file is found there, by its id. */
static void look_up(struct world *w, uint64_t id)
{
	const struct disk_sim_file *f = NULL;
	const unsigned char *p;
	struct place place;
	uint64_t n;

	if (!places_find(&w->spool.places, id, &place)) {
		fail(w, "end: frame %" PRIu64 " is in a file, and nobody knows in which", id);
		return;
	}
	for (unsigned i = 0; i < w->disk.count; i++) {
		if (w->disk.file[i].present && strcmp(w->disk.file[i].path, place.path) == 0)
			f = &w->disk.file[i];
	}
	p = f ? disk_sim_bytes(f, &n) : NULL;
	if (!f || !block_find(p, n, &place.offset, &place.first, id))
		fail(w, "end: frame %" PRIu64 " is not where it should be, in %s", id, place.path);
	else if (!frame_is(w, id, p + place.offset))
		fail(w, "end: another frame is where %" PRIu64 " should be", id);
}

/* Each frame that left memory is in a file, or the audit log names it as discarded. */
static void check_files(struct world *w, const struct ledger *l)
{
	uint64_t spilled = 0, tail = w->pipeline.store.tail;

	for (unsigned i = 0; i < w->disk.count; i++) {
		if (w->disk.file[i].present)
			read_file(w, &w->disk.file[i]);
	}
	for (uint64_t id = 1; id < tail && id <= w->ids; id++) {
		spilled += w->on_disk[id];
		if (!w->on_disk[id] && !w->discarded[id])
			fail(w, "end: frame %" PRIu64 " is in no file, and was lost silently", id);
		if (w->on_disk[id] && !w->discarded[id] && !w->may_forget)
			look_up(w, id);
	}
	if (spilled != l->spilled)
		fail(w, "end: %" PRIu64 " spilled, %" PRIu64 " of them found", l->spilled, spilled);
	for (uint64_t id = tail; w->pipeline.spill.eager && id <= l->captured; id++) {
		if (id <= w->ids && !w->on_disk[id] && !w->discarded[id])
			fail(w, "end: frame %" PRIu64 " was to be written, and was not", id);
	}
}

/* No gap is left but for frames that nobody has any more, or that were tried in vain. */
static void check_filled(struct world *w, const struct ledger *l)
{
	const struct backfill_gauges *g = &w->backfill.gauges;
	uint64_t closable = 0, gone = w->unread + w->pipeline.gaps.forgotten, rows = 0;

	if (w->mode == BACKFILL_OFF)
		return;
	if (l->backfilled != g->decoded || w->renamed != g->quarantined + g->left)
		fail(w, "end: the audit log knows %" PRIu64 " tried in vain, not %" PRIu64,
		     w->renamed, (uint64_t)(g->quarantined + g->left));
	for (int i = 0; i < UNDECODED_CAUSES; i++)
		closable += gap_may_close((enum undecoded)i) ? l->cause[i] : 0;
	for (uint64_t id = 1; id < w->pipeline.store.tail && id <= w->ids; id++)
		gone += !w->disk_on || !find_block(w, id);
	for (uint64_t id = 1; id <= l->captured && id <= w->ids; id++)
		rows += w->filled[id];
	if (g->lost > gone)
		fail(w, "end: backfill lost %" PRIu64 " frames, and %" PRIu64 " have gone",
		     (uint64_t)g->lost, gone);
	if (rows != l->backfilled)
		fail(w, "end: %" PRIu64 " backfilled, in %" PRIu64 " rows", l->backfilled, rows);
	if (w->config.tshark && !w->backfill.stopped && closable > g->lost + g->left)
		fail(w, "end: %" PRIu64 " gaps are left, of them %" PRIu64 " for a reason",
		     closable, (uint64_t)(g->lost + g->left));
}

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
	if (w->named_count != l.undecoded + l.backfilled)
		fail(w,
		     "end: %" PRIu64 " named in the audit log, %" PRIu64 " undecoded, %" PRIu64
		     " backfilled",
		     w->named_count, l.undecoded, l.backfilled);
	check_filled(w, &l);
	if (w->dropped_count != l.dropped_queue)
		fail(w, "end: %" PRIu64 " drops told, %" PRIu64 " counted", w->dropped_count,
		     l.dropped_queue);
	/* Rows missed at the very end show in no later id. */
	if (!w->config.direct)
		w->sink_missed += l.captured + 1 - w->sink_next;
	if (w->sink_missed != w->pipeline.missed)
		fail(w, "end: %" PRIu64 " rows missed, %" PRIu64 " counted", w->sink_missed,
		     w->pipeline.missed);
	if (w->pending_count > w->pipeline.missed_updates)
		fail(w, "end: %" PRIu64 " rows still pending, %" PRIu64 " updates missed",
		     w->pending_count, w->pipeline.missed_updates);
	if (w->missed_count != w->pipeline.missed + w->pipeline.missed_updates)
		fail(w, "end: %" PRIu64 " missed rows told, %" PRIu64 " counted", w->missed_count,
		     w->pipeline.missed);
	for (uint32_t id = 1; id <= l.captured && id <= w->ids; id++) {
		if (w->undecoded[id] && !w->named[id])
			fail(w, "end: frame %" PRIu32 " was lost silently", id);
	}
	if (w->config.lossless && (l.dropped_queue || l.cause[UNDECODED_SKIPPED_STALL] ||
				   l.cause[UNDECODED_SKIPPED_BACKLOG] ||
				   l.cause[UNDECODED_SKIPPED_LOAD] || w->pipeline.missed))
		fail(w, "end: a lossless run skipped or dropped");
	if (w->disk_on)
		check_files(w, &l);
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
	c->adaptive = !c->lossless && c->profile == PROFILE_FULL && !c->verbatim;
	c->shards = random_chance(r, 500) ? 1 : (unsigned)random_range(r, 2, 4);
	c->tshark_memory = random_chance(r, 500) ? 0 : random_range(r, 1000000, 300000000);
	/* As the command does: a small store needs a tshark that holds nothing back. */
	c->flush = !c->lossless || c->buffer_frames < 1024 || random_chance(r, 300);
	c->stall_ns = 250 * MS;
	c->hang_ns = CHILD_HANG_NS_MAX;
	w->linger_ns = random_chance(r, 500) ? 0 : random_range(r, 0, 60000 * MS);
}

static void choose_disk(struct world *w)
{
	struct sim_random *r = &w->random;
	struct pipeline_config *c = &w->config;

	w->disk_on = random_chance(r, 600);
	if (!w->disk_on)
		return;
	c->spool = &w->spool;
	c->write = random_chance(r, 500);
	c->direct = c->write && random_chance(r, 200);
	if (c->direct)
		c->profile = PROFILE_OFF;
	w->journal = c->write && random_chance(r, 400);
	c->cut_each = !c->write && random_chance(r, 500);
	if (random_chance(r, 400))
		w->limits.frames = random_range(r, 1, 100);
	if (random_chance(r, 200))
		w->limits.bytes = random_range(r, 1, 20000);
	if (random_chance(r, 200))
		w->limits.duration_ns = random_range(r, 1, 2000 * MS);
	if (random_chance(r, 200))
		w->limits.ring_files = (uint32_t)random_range(r, 1, 5);
	if (random_chance(r, 300))
		c->buffer_bytes = random_range(r, 1, 20000);
	c->flush |= c->buffer_bytes > 0;
}

/* By random numbers of its own, so that what else a seed chooses is as without. */
static void choose_backfill(struct world *w, uint64_t seed)
{
	struct sim_random r = {.state = seed ^ UINT64_C(0xbacf111)};

	if (w->config.lossless || w->config.direct || random_chance(&r, 200))
		return;
	w->mode = random_chance(&r, 250) ? BACKFILL_STOP : BACKFILL_IDLE;
	if (random_chance(&r, 100))
		w->enough_ns = w->now_ns + random_range(&r, 0, 20000 * MS);
	w->read_ns_max = random_chance(&r, 500) ? 0 : random_range(&r, 1, 3000 * MS);
	/* Quiet times, or the run ends before there ever is room. */
	if (random_chance(&r, 700))
		w->lull_ns = random_range(&r, 1000 * MS, 20000 * MS);
	w->lulls = (unsigned)random_range(&r, 10, 200);
}

static void begin_disk(struct world *w, uint64_t seed)
{
	struct spool_config config = {
		.path = "/sim/captures/world",
		.limits = w->limits,
		.session = "world",
		.port_name = port_name,
		.port_counts = port_counts,
		.port_ctx = w,
		.journal = w->journal,
		.journal_bytes = WORLD_JOURNAL_BYTES,
		.wake_source = {.fn = wake_nobody},
		.disk = disk_sim_init(&w->disk, seed ^ UINT64_C(0xd15c), &w->port.trace),
		.wake_spool = {.fn = wake_spool, .ctx = w},
		.wake_pipeline = {.fn = wake_nobody},
	};

	if (!w->disk_on)
		return;
	if (w->script) {
		w->disk.full = w->disk.error = w->disk.gone = 0;
		config.disk = inject_disk(&w->inject, config.disk);
	}
	check(spool_init(&w->spool, &config) == 0);
	if (w->journal)
		w->config.tap.source = spool_source(&w->spool);
}

/* ---- less of a seed ---- */

#define FAULTS (sizeof(faults_names) / sizeof(faults_names[0]))

static const char *const more_faults[] = {"disk_full", "disk_error", "disk_gone", "burst", "stop"};

unsigned world_faults(void)
{
	return (unsigned)(FAULTS + sizeof(more_faults) / sizeof(more_faults[0]));
}

const char *world_fault_name(unsigned fault)
{
	return fault < FAULTS ? faults_names[fault] : more_faults[fault - FAULTS];
}

static void limit(struct world *w, const struct world_limits *limits)
{
	unsigned *chance[] = {&w->disk.full, &w->disk.error, &w->disk.gone, &w->burst};

	for (unsigned i = 0; i < FAULTS; i++) {
		if (limits->off >> i & 1)
			((unsigned *)&w->port.faults)[i] = 0;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (limits->off >> (FAULTS + i) & 1)
			*chance[i] = 0;
	}
	if (limits->off >> (FAULTS + 4) & 1)
		w->stop_at_ns = UINT64_MAX;
	if (limits->frames && w->frames > limits->frames)
		w->frames = limits->frames;
}

/* ---- a scenario ---- */

static uint64_t hook_now(void *ctx)
{
	const struct world *w = ctx;

	return w->now_ns;
}

static void hook_spend(void *ctx, uint64_t ns)
{
	struct world *w = ctx;

	w->spool_busy_ns = (w->spool_busy_ns > w->now_ns ? w->spool_busy_ns : w->now_ns) + ns;
}

/* Who reads the rows is this world's, so it stalls by itself. */
static bool hook_act(void *ctx, const struct fault *f, bool begins)
{
	struct world *w = ctx;

	switch (f->kind) {
	case FAULT_OUTPUT_STUCK:
		w->sink_free_ns = !begins			       ? w->now_ns
				  : f->for_ns > UINT64_MAX - w->now_ns ? UINT64_MAX
								       : w->now_ns + f->for_ns;
		return true;
	case FAULT_OUTPUT_GONE:
		/* As the command does: who reads it has seen enough. */
		w->stop_at_ns = w->now_ns;
		return true;
	default: return false;
	}
}

static void choose_script(struct world *w)
{
	struct world_script *script = w->script;
	struct port port = w->config.port;

	w->config = script->config;
	w->config.port = port;
	w->config.tshark = script->config.tshark ? "/sim/tshark" : NULL;
	memset(&w->port.faults, 0, sizeof(w->port.faults));
	w->port.plan = script->plan;
	w->stop_at_ns = UINT64_MAX;
	w->mode = script->backfill;
	w->disk_on = script->disk;
	w->journal = script->journal;
	w->limits = script->limits;
	if (w->disk_on)
		w->config.spool = &w->spool;
	pace_init(&w->pace, script->rate);
}

/* After the pipeline: ports of named VMs are asked for at once. Return: false with *w->err filled
 */
static bool open_script(struct world *w)
{
	struct replay_ports ports = {.port = add_port, .ctx = w};

	w->replay = replay_open(&w->script->replay, ports, w->err);
	if (!w->replay)
		return false;
	inject_start(&w->inject);
	fetch(w);
	return true;
}

static void finish_script(struct world *w)
{
	struct world_script *script = w->script;

	inject_end(&w->inject);
	script->recovery_ns = w->inject.recovery_ns;
	script->spilled_files = w->pipeline.spill.files;
	script->missed = w->pipeline.missed;
	script->missed_updates = w->pipeline.missed_updates;
	script->fed_again = w->pipeline.retried;
	script->shards = w->pipeline.shards;
	script->backfilled = w->backfill.gauges;
	script->switch_addresses = switch_addresses(w->eth);
	script->unwritten = w->pipeline.spill.unwritten;
	memcpy(script->refused, w->pipeline.refusals, sizeof(script->refused));
	memset(script->switch_dropped, 0, sizeof(script->switch_dropped));
	for (unsigned port = 0; port < switch_ports(w->eth); port++) {
		for (int why = 0; why < SWITCH_DROPS; why++)
			script->switch_dropped[why] +=
				switch_port_stats(w->eth, port)->dropped[why];
	}
}

static void make_arrays(struct world *w, uint64_t ids)
{
	w->ids = ids;
	w->named = calloc(ids + 1, 1);
	w->undecoded = calloc(ids + 1, 1);
	w->pending = calloc(ids + 1, 1);
	w->discarded = calloc(ids + 1, 1);
	w->on_disk = calloc(ids + 1, 1);
	w->filled = calloc(ids + 1, 1);
	w->hash = calloc(ids + 1, sizeof(*w->hash));
	check(w->named && w->undecoded && w->pending && w->discarded && w->on_disk && w->filled &&
	      w->hash);
}

static void begin(struct world *w, uint64_t seed)
{
	struct switch_config eth = {.spoof = SWITCH_SPOOF_LOG};

	w->random.state = seed ^ UINT64_C(0x5ec0f5ec0f);
	w->start_ns = w->now_ns = 1000000000;
	w->source_due_ns = w->now_ns;
	w->enough_ns = UINT64_MAX;
	w->sink_next = 1;
	port_sim_init(&w->port, seed, &w->config.port);
	if (w->script) {
		eth = w->script->eth;
		choose_script(w);
	} else {
		choose(w);
		choose_disk(w);
		choose_backfill(w, seed);
	}
	if (!w->config.direct)
		w->config.sink = (struct sink){.offer = offer, .ctx = w};
	w->config.port_name = port_name;
	w->config.port_name_ctx = w;
	w->config.audit = (struct audit){.line = audit_line, .ctx = w};
	w->eth = switch_new(&eth);
	check(w->eth);
	if (!w->script) {
		check(switch_port_add(w->eth, "vm-1", NULL) == 0);
		check(switch_port_add(w->eth, "vm-2", NULL) == 1);
	}
	if (w->script) {
		struct inject_hooks hooks = {.now = hook_now,
					     .act = hook_act,
					     .spend = hook_spend,
					     .port = hook_port,
					     .ctx = w};

		switch_listen(w->eth, (struct switch_listener){.drop = on_drop, .ctx = w});
		inject_init(&w->inject, w->script->plan, &hooks);
		inject_wrap(&w->inject, &w->config);
	}
	begin_disk(w, seed);
	w->config.gaps = w->mode != BACKFILL_OFF;
	check(pipeline_init(&w->pipeline, &w->config) == 0);
	check(backfill_init(&w->backfill, w->mode, &w->pipeline,
			    (struct backfill_reader){.ask = ask, .done = done, .ctx = w}) == 0);
	/* A thread may be slow to start: everything may have come, and ended, before its first
	 * step. */
	if (!w->script && random_chance(&w->random, 100))
		w->wait.due_ns = w->now_ns + random_range(&w->random, 0, 1000 * MS);
	check(switch_subscribe(w->eth, tap_subscriber(&w->pipeline.tap)) == 0);
}

static void end(struct world *w)
{
	backfill_done(&w->backfill);
	pipeline_done(&w->pipeline);
	if (w->disk_on)
		spool_done(&w->spool);
	disk_sim_done(&w->disk);
	port_sim_done(&w->port);
	switch_free(w->eth);
	if (w->script) {
		replay_close(w->replay);
		inject_done(&w->inject);
	}
	free(w->named);
	free(w->undecoded);
	free(w->pending);
	free(w->discarded);
	free(w->on_disk);
	free(w->filled);
	free(w->hash);
	free(w);
}

static void sum_up(struct world *w)
{
	struct world_result *result = w->result;

	result->ok = !result->why[0];
	result->hash = w->port.trace.hash;
	result->events = w->port.trace.events;
	result->virtual_ns = w->now_ns - w->start_ns;
	result->generations = w->pipeline.generations;
	result->changes = w->pipeline.changes;
	result->passed = w->pipeline.passed;
	result->profiles = w->pipeline.profile_changes;
	result->lossless = w->config.lossless;
	result->backfill = w->mode;
	result->pieces = w->backfill.gauges.pieces;
	result->pauses = w->backfill.gauges.pauses;
	result->idle = w->backfill.gauges.idle;
}

static struct world *make_world(struct world_result *result, uint64_t ids)
{
	struct world *w = calloc(1, sizeof(*w));

	check(w);
	memset(result, 0, sizeof(*result));
	w->result = result;
	make_arrays(w, ids);
	return w;
}

bool world_run(uint64_t seed, const struct world_limits *limits, struct world_result *result)
{
	struct world *w = make_world(result, WORLD_FRAMES_MAX);

	begin(w, seed);
	if (limits)
		limit(w, limits);
	run(w);
	if (!result->why[0])
		check_end(w);
	sum_up(w);
	end(w);
	return result->ok;
}

bool world_play(struct world_script *script, struct world_result *result, struct err *err)
{
	struct world *w = make_world(result, WORLD_SCRIPT_FRAMES_MAX);
	bool opened;

	w->script = script;
	w->err = err;
	begin(w, script->plan->seed);
	opened = open_script(w);
	if (opened) {
		run(w);
		finish_script(w);
		if (!result->why[0])
			check_end(w);
		sum_up(w);
	}
	end(w);
	return opened;
}
