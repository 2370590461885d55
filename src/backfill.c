/* backfill.c - the gaps of one pipeline through another */
#include "backfill.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"

/* Frames from one look after a pipeline to the next; it is stepped by us. */
#define BATCH 64u

static const char *const phase_names[] = {"rests", "fills", "ends"};

_Static_assert(sizeof(phase_names) / sizeof(phase_names[0]) == BACKFILL_PHASES,
	       "each phase has its name");

const char *backfill_phase_name(enum backfill_phase phase)
{
	return phase_names[phase];
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void count(atomic_ullong *gauge, uint64_t n)
{
	/* One thread writes. */
	atomic_store_explicit(gauge, atomic_load_explicit(gauge, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static uint64_t count_of(const atomic_ullong *gauge)
{
	return atomic_load_explicit(gauge, memory_order_relaxed);
}

static uint64_t frames_out(const struct backfill *b)
{
	return b->out.frames;
}

static bool has_piece(const struct backfill *b)
{
	return b->next <= b->piece.last;
}

/* ---- rows ---- */

static void tell(struct backfill *b)
{
	if (b->again.count)
		audit_run(&b->audit, "undecoded_again", undecoded_name(b->again_cause), "id", NULL,
			  &b->again);
	b->again = (struct run){0};
}

static void name(struct backfill *b, uint64_t id, enum undecoded cause, uint64_t ts_ns)
{
	if (b->again.count && b->again_cause != cause)
		tell(b);
	b->again_cause = cause;
	if (run_extend(&b->again, id, ts_ns))
		return;
	tell(b);
	run_extend(&b->again, id, ts_ns);
}

/* The frame is a gap as before. */
static void again_later(struct backfill *b, const struct gap *was)
{
	b->failed = true;
	gaps_add(&b->first->gaps, was->first, was->cause);
}

/* Its row will not come, for want of memory. */
static void give_up(struct backfill *b, const struct gap *was)
{
	if (!b->second_is_last) {
		again_later(b, was);
		return;
	}
	count(&b->gauges.left, 1);
	name(b, was->first, was->cause, 0);
}

/* The second pipeline's frames below @end have had their rows, or will have none. */
static void pass_over(struct backfill *b, uint64_t end)
{
	struct gap was;

	for (; b->row < end; b->row++) {
		check(gaps_take(&b->out, UINT64_MAX, 1, &was));
		give_up(b, &was);
	}
}

/* Return: false where the frame is a gap as before, and there is no news of it */
static bool account(struct backfill *b, const struct decoded *d, const struct gap *was)
{
	enum undecoded now = (enum undecoded)d->cause;

	if (d->status == DECODED_TSHARK) {
		store_backfilled(&b->first->store, was->cause);
		count(&b->gauges.decoded, 1);
		if (!b->second_is_last)
			count(&b->gauges.idle, 1);
		return true;
	}
	if (now == UNDECODED_LOST_CHILD && !b->second_is_last) {
		again_later(b, was);
		return false;
	}
	count(now == UNDECODED_QUARANTINED ? &b->gauges.quarantined : &b->gauges.left, 1);
	store_recaused(&b->first->store, was->cause, now);
	name(b, was->first, now, d->packet.ts_ns);
	return true;
}

static bool offer(void *ctx, struct decoded *d)
{
	struct backfill *b = ctx;
	struct sink sink = b->first->config.sink;
	struct gap was;

	/* One that was refused comes again. */
	if (!d->update) {
		pass_over(b, d->id);
		b->row++;
		check(gaps_take(&b->out, UINT64_MAX, 1, &was));
		if (!account(b, d, &was)) {
			decoded_free(d);
			return true;
		}
		d->id = was.first;
		d->update = true;
	}
	if (sink.offer)
		return sink.offer(sink.ctx, d);
	decoded_free(d);
	return true;
}

static bool begins(const char *members, size_t n, const char *with)
{
	return n > strlen(with) && memcmp(members, with, strlen(with)) == 0;
}

/* The second pipeline's own words about frames have numbers that nobody knows; account() and
 * give_up() say them right. */
static void audit_line(void *ctx, const char *members, size_t n)
{
	struct backfill *b = ctx;

	if (!begins(members, n, "\"event\":\"drop\"") &&
	    !begins(members, n, "\"event\":\"undecoded\"") &&
	    !begins(members, n, "\"event\":\"missed\""))
		b->audit.line(b->audit.ctx, members, n);
}

static void say(struct backfill *b, const char *event)
{
	struct backfill_gauges *g = &b->gauges;

	audit_begin(&b->audit, event);
	audit_str(&b->audit, "when", b->second_is_last ? "end" : "idle");
	audit_u64(&b->audit, "frames", count_of(&g->asked));
	audit_u64(&b->audit, "lost", count_of(&g->lost));
	audit_u64(&b->audit, "decoded", count_of(&g->decoded));
	audit_u64(&b->audit, "quarantined", count_of(&g->quarantined));
	audit_u64(&b->audit, "left", count_of(&g->left));
	audit_end(&b->audit);
}

/* Frames from @id on were to be decoded, and could not be had or tried. */
static void say_failed(struct backfill *b, uint64_t id, uint64_t frames, int error)
{
	audit_begin(&b->audit, "backfill_failed");
	audit_u64(&b->audit, "id", id);
	audit_u64(&b->audit, "frames", frames);
	audit_str(&b->audit, "error", strerror(-error));
	audit_end(&b->audit);
}

/* ---- the second pipeline ---- */

static struct pipeline_config configure(struct backfill *b)
{
	struct pipeline_config config = b->first->config;

	/* What it had for itself, and what is of live use. */
	config.tap = (struct tap_config){
		.queue_limit = b->last ? BACKFILL_QUEUE_FRAMES : BACKFILL_PIECE_FRAMES,
		.batch = BATCH,
		.all = true,
	};
	config.spool = NULL;
	config.write = config.cut_each = config.adaptive = config.gaps = false;
	config.tshark_write = NULL;
	config.lossless = true;
	config.buffer_frames = b->last ? 0 : BACKFILL_PIECE_FRAMES;
	config.buffer_bytes = config.buffer_bytes
				      ? least(config.buffer_bytes, BACKFILL_BUFFER_BYTES)
				      : BACKFILL_BUFFER_BYTES;
	/* A piece has an end only where its rows are not held back; so has a store that is small.
	 */
	config.flush = !b->last || config.buffer_bytes < BACKFILL_BUFFER_BYTES;
	config.profile = b->first->config.adaptive ? PROFILE_LEAN : b->first->config.profile;
	config.sink = (struct sink){.offer = offer, .ctx = b};
	config.audit = (struct audit){.line = audit_line, .ctx = b};
	return config;
}

static void forget_second(struct backfill *b)
{
	if (b->made)
		pipeline_done(&b->second);
	b->made = false;
}

static void begin(struct backfill *b, uint64_t now_ns)
{
	struct pipeline_config config = configure(b);
	int error;

	b->retry_ns = now_ns + BACKFILL_RETRY_NS;
	forget_second(b);
	error = pipeline_init(&b->second, &config);
	if (error) {
		say_failed(b, gaps_oldest(&b->first->gaps), b->first->gaps.frames, error);
		b->stopped = b->last; /* else another time */
		return;
	}
	b->made = true;
	b->row = 1;
	/* Release: it is whole; pairs with backfill_running(). */
	atomic_store_explicit(&b->running, &b->second, memory_order_release);
	b->second_is_last = b->last;
	b->phase = BACKFILL_FILLS;
	b->since_ns = b->idle_ns = now_ns;
	say(b, "backfill_started");
}

static void end(struct backfill *b)
{
	check(b->phase == BACKFILL_FILLS);
	tap_end(&b->second.tap);
	b->phase = BACKFILL_ENDS;
}

static void finish(struct backfill *b, uint64_t now_ns)
{
	check(!frames_out(b));
	if (b->second_is_last || atomic_load_explicit(&b->gauges.fills, memory_order_relaxed))
		count(&b->gauges.ns, now_ns - b->since_ns);
	atomic_store_explicit(&b->gauges.fills, false, memory_order_relaxed);
	/* A signal's handler may be at it: it is freed when the next begins. */
	atomic_store_explicit(&b->running, NULL, memory_order_release);
	b->phase = BACKFILL_RESTS;
	b->retry_ns = b->failed ? now_ns + BACKFILL_RETRY_NS : 0;
	b->failed = false;
	tell(b);
	say(b, "backfill_ended");
}

/* ---- frames, from wherever they are ---- */

/* The next one is not published, for want of memory. */
static void pass_by(struct backfill *b)
{
	struct gap one = {.first = b->next, .last = b->next, .cause = b->piece.cause};

	b->next++;
	give_up(b, &one);
}

static void publish(struct backfill *b, const unsigned char *block, uint64_t now_ns)
{
	struct packet_view v = packet_of(block);
	uint64_t dropped = count_of(&b->second.tap.dropped_queue);

	tap_publish(&b->second.tap, &(struct frame){.data = v.data,
						    .caplen = v.caplen,
						    .len = v.len,
						    .ts_ns = v.ts_ns,
						    .serial = b->next,
						    .ingress = (uint16_t)v.interface,
						    .published_ns = now_ns});
	/* There was room. */
	if (count_of(&b->second.tap.dropped_queue) != dropped) {
		pass_by(b);
		return;
	}
	gaps_add(&b->out, b->next, b->piece.cause);
	b->published++;
	b->next++;
}

/* Frames up to @end, which is behind the last of them, are nowhere any more. */
static void lose(struct backfill *b, uint64_t end)
{
	end = least(end, b->piece.last + 1);
	count(&b->gauges.lost, end - b->next);
	b->next = end;
}

/* Return: false where it is being read still */
static bool take_read(struct backfill *b)
{
	struct backfill_read *r = &b->read;

	if (!b->reader.done(b->reader.ctx))
		return false;
	b->reading = false;
	b->read_id = r->first;
	b->read_at = 0;
	check(r->frames || r->error);
	if (r->frames)
		return true;
	say_failed(b, r->first, r->last - r->first + 1, r->error);
	if (has_piece(b) && b->next == r->first)
		lose(b, r->last + 1);
	return true;
}

static void ask(struct backfill *b, uint64_t last)
{
	struct backfill_read *r = &b->read;

	r->first = b->next;
	r->last = least(least(last, b->piece.last), b->next + BACKFILL_READ_FRAMES - 1);
	r->frames = 0;
	r->blocks.n = 0;
	r->error = 0;
	b->reading = true;
	b->reader.ask(b->reader.ctx, r);
}

/* The next frame is not in memory: from the files, if it is there. */
static bool publish_from_files(struct backfill *b, uint64_t now_ns)
{
	struct pipeline *p = b->first;
	struct backfill_read *r = &b->read;
	const unsigned char *block;
	struct segment *segment;
	uint64_t until;

	if (b->reading)
		return take_read(b);
	if (b->read_id == b->next && b->read_id < r->first + r->frames) {
		block = (const unsigned char *)r->blocks.p + b->read_at;
		b->read_at += block_bytes(block);
		b->read_id++;
		publish(b, block, now_ns);
		return true;
	}
	if (!p->config.spool) {
		lose(b, p->store.tail);
	} else if (places_range(&p->config.spool->places, b->next, &until)) {
		ask(b, until - 1);
	} else if (spill_find(&p->spill, b->next, &segment, &block)) {
		publish(b, block, now_ns);
		segment_unref(segment);
	} else if (until == UINT64_MAX && (p->spill.under_way || p->spill.failed) && !b->last) {
		/* Behind all that is in files: on its way there, or once the disk works again. */
		b->waits = true;
		return false;
	} else {
		lose(b, least(until, p->store.tail));
	}
	return true;
}

/* Return: false where there is nothing to be done now */
static bool publish_next(struct backfill *b, uint64_t now_ns)
{
	struct store *store = &b->first->store;

	if (!tap_has_room(&b->second.tap))
		return false;
	if (!gaps_room(&b->out)) {
		b->starves = !b->last;
		if (b->starves)
			return false;
		pass_by(b); /* the end does not wait for memory */
		return true;
	}
	if (b->next < store->tail)
		return publish_from_files(b, now_ns);
	publish(b, store_slot(store, b->next)->block, now_ns);
	return true;
}

/* ---- pieces ---- */

/* Frames below have had their rows, so that an update follows them. */
static uint64_t rows_end(const struct backfill *b)
{
	const struct pipeline *p = b->first;

	return p->refused ? least(p->refused->id, p->store.emitted) : p->store.emitted;
}

/* Whether there is one that may be taken now. */
static bool gap_waits(struct backfill *b)
{
	struct gaps *g = &b->first->gaps;

	return g->frames && gaps_oldest(g) < rows_end(b);
}

static void take_piece(struct backfill *b, uint64_t now_ns)
{
	bool idle = !b->second_is_last;

	if (has_piece(b) || b->stopped || b->failed || (idle && (b->last || !b->has_room)))
		return;
	/* One piece at a time. */
	if (idle && (frames_out(b) || !gap_waits(b)))
		return;
	if (!gaps_take(&b->first->gaps, rows_end(b),
		       idle ? BACKFILL_PIECE_FRAMES : BACKFILL_READ_FRAMES, &b->piece))
		return;
	b->next = b->piece.first;
	if (!idle)
		return;
	b->since_ns = now_ns;
	count(&b->gauges.pieces, 1);
	atomic_store_explicit(&b->gauges.fills, true, memory_order_relaxed);
}

/* All of a piece has come back, or was lost. */
static void end_piece(struct backfill *b, uint64_t now_ns)
{
	if (b->second_is_last || has_piece(b) || frames_out(b) ||
	    !atomic_load_explicit(&b->gauges.fills, memory_order_relaxed))
		return;
	count(&b->gauges.ns, now_ns - b->since_ns);
	atomic_store_explicit(&b->gauges.fills, false, memory_order_relaxed);
	b->idle_ns = now_ns;
}

/* Nothing more will be published to this second pipeline. */
static bool is_enough(struct backfill *b, uint64_t now_ns)
{
	if (b->stopped)
		return true;
	if (has_piece(b) || b->reading)
		return false;
	if (b->failed || (b->last && !b->second_is_last))
		return true;
	if (b->last)
		return !gap_waits(b);
	return !frames_out(b) && now_ns >= b->idle_ns + BACKFILL_LINGER_NS;
}

static void fill(struct backfill *b, uint64_t now_ns)
{
	b->waits = b->starves = false;
	/* A frame that is lost, or read, counts as one; so a step is bounded. */
	for (unsigned n = 0; n < PIPELINE_STEP_FRAMES; n++) {
		end_piece(b, now_ns);
		take_piece(b, now_ns);
		if (!has_piece(b) || !publish_next(b, now_ns))
			break;
	}
	tap_flush(&b->second.tap);
	end_piece(b, now_ns);
	if (is_enough(b, now_ns))
		end(b);
}

/* ---- room ---- */

static bool changes(const struct pipeline *p)
{
	for (unsigned i = 0; i < pipeline_lanes(p); i++) {
		if (pipeline_lane(p, i)->role == LANE_COMES)
			return true;
	}
	return false;
}

static struct room_view view(struct backfill *b, uint64_t now_ns)
{
	struct pipeline *p = b->first;
	uint64_t oldest_ns = atomic_load_explicit(&p->gauges.oldest_ns, memory_order_relaxed);

	return (struct room_view){
		.captured = p->store.captured,
		.decoded = p->store.decoded - p->store.backfilled,
		.backlog = store_unsettled(&p->store) + ring_count(&p->tap.frames),
		.age_ns = oldest_ns && oldest_ns < now_ns ? now_ns - oldest_ns : 0,
		.missed = p->missed + p->missed_updates,
		.level = (int)p->profile,
		.sheds = p->overloaded,
		.changing = changes(p),
	};
}

static void look(struct backfill *b, uint64_t now_ns)
{
	struct room_view v;
	bool had = b->has_room;

	b->has_room = false;
	if (b->mode != BACKFILL_IDLE || b->last || b->first->draining ||
	    (b->phase == BACKFILL_RESTS && !b->first->gaps.frames))
		return;
	v = view(b, now_ns);
	b->has_room = room_look(&b->room, now_ns, &v);
	if (had && !b->has_room && (gap_waits(b) || has_piece(b)))
		count(&b->gauges.pauses, 1);
}

static bool wants(struct backfill *b, uint64_t now_ns)
{
	if (b->stopped || !b->first->config.tshark)
		return false;
	/* The last question may sort the gaps. */
	return (b->last || (b->has_room && now_ns >= b->retry_ns)) && gap_waits(b);
}

/* ---- steps ---- */

static void add_wait(struct backfill *b, struct pipeline_wait *wait)
{
	for (unsigned i = 0; i < b->wait.fds; i++) {
		check(wait->fds < PIPELINE_FDS_MAX);
		wait->fd[wait->fds++] = b->wait.fd[i];
	}
	wait->due_ns = least(wait->due_ns, b->wait.due_ns);
}

/* Whether the next step finds frames to publish that this one had no room for. */
static bool has_more(struct backfill *b)
{
	if (b->phase != BACKFILL_FILLS || b->stopped || b->reading || b->waits || b->starves)
		return false;
	return (has_piece(b) || (b->second_is_last && gap_waits(b))) &&
	       tap_has_room(&b->second.tap);
}

static void say_wait(struct backfill *b, uint64_t now_ns, struct pipeline_wait *wait)
{
	if (b->phase != BACKFILL_RESTS)
		add_wait(b, wait);
	if (has_more(b) || (b->phase == BACKFILL_RESTS && b->last && !backfill_over(b)))
		wait->due_ns = 0;
	if (b->starves)
		wait->due_ns = least(wait->due_ns, now_ns + BACKFILL_STARVE_NS);
	if (b->phase == BACKFILL_FILLS && !b->second_is_last && !has_piece(b) && !frames_out(b))
		wait->due_ns = least(wait->due_ns, b->idle_ns + BACKFILL_LINGER_NS);
	/* An idle machine without gaps sleeps. */
	if (b->first->gaps.frames && b->mode == BACKFILL_IDLE && !b->last && !b->first->draining)
		wait->due_ns = least(wait->due_ns,
				     room_due(&b->room) > now_ns ? room_due(&b->room) : now_ns);
}

static void show(struct backfill *b)
{
	const struct gaps *g = &b->first->gaps;
	struct backfill_gauges *s = &b->gauges;
	uint64_t piece = has_piece(b) ? b->piece.last - b->next + 1 : 0;

	/* Nobody knows which they are. */
	count(&s->lost, g->forgotten - b->forgotten);
	b->forgotten = g->forgotten;
	atomic_store_explicit(&s->asked,
			      g->frames + piece + frames_out(b) + count_of(&s->lost) +
				      count_of(&s->decoded) + count_of(&s->quarantined) +
				      count_of(&s->left),
			      memory_order_relaxed);
}

void backfill_step(struct backfill *b, uint64_t now_ns, struct pipeline_wait *wait)
{
	if (b->mode == BACKFILL_OFF)
		return;
	look(b, now_ns);
	show(b);
	if (b->phase == BACKFILL_RESTS && wants(b, now_ns))
		begin(b, now_ns);
	if (b->phase == BACKFILL_FILLS)
		fill(b, now_ns);
	if (b->phase != BACKFILL_RESTS) {
		pipeline_step(&b->second, now_ns, &b->wait);
		pass_over(b, b->second.store.emitted);
		if (b->phase == BACKFILL_ENDS && pipeline_finished(&b->second))
			finish(b, now_ns);
	}
	show(b);
	say_wait(b, now_ns, wait);
}

void backfill_last(struct backfill *b)
{
	b->last = true;
}

void backfill_stop(struct backfill *b, uint64_t now_ns)
{
	if (b->stopped)
		return;
	b->stopped = true;
	if (b->phase != BACKFILL_RESTS)
		pipeline_stop(&b->second, now_ns);
}

bool backfill_over(struct backfill *b)
{
	return b->mode == BACKFILL_OFF ||
	       (b->phase == BACKFILL_RESTS &&
		(b->stopped || !b->first->config.tshark || !gap_waits(b)));
}

int backfill_init(struct backfill *b, enum backfill_mode mode, struct pipeline *first,
		  struct backfill_reader reader)
{
	memset(b, 0, sizeof(*b));
	b->mode = mode;
	b->first = first;
	b->reader = reader;
	b->next = 1;
	b->audit = (struct audit){.line = first->config.audit.line, .ctx = first->config.audit.ctx};
	room_init(&b->room, first->config.buffer_frames);
	check(mode == BACKFILL_OFF || first->config.gaps);
	return mode == BACKFILL_OFF || audit_reserve(&b->audit) ? 0 : -ENOMEM;
}

void backfill_done(struct backfill *b)
{
	forget_second(b);
	b->phase = BACKFILL_RESTS;
	gaps_done(&b->out);
	buf_done(&b->read.blocks);
	audit_done(&b->audit);
}
