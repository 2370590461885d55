/* pipeline.c - the wiring of the stages; the diagram is in the header */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "feed/shard.h"
#include "pipeline_private.h"

static const char *const refusal_names[] = {
	"oversize", "cut", "noise", "broken", "unnumbered", "unmatched",
};

_Static_assert(sizeof(refusal_names) / sizeof(refusal_names[0]) == EK_REFUSALS,
	       "each refusal has its name");

const char *ek_refusal_name(enum ek_refusal why)
{
	return refusal_names[why];
}

static int init_shards(struct pipeline *p)
{
	p->shards = p->config.shards ? p->config.shards : 1;
	p->profile = p->config.profile;
	if (p->config.adaptive)
		adapt_init(&p->adapt, p->config.buffer_frames);
	check(p->shards <= SHARDS_MAX);
	p->shard = calloc(p->shards, sizeof(*p->shard));
	if (!p->shard)
		return -ENOMEM;
	for (unsigned i = 0; i < pipeline_lanes(p); i++) {
		if (lane_init(pipeline_lane(p, i), p, i / 2))
			return -ENOMEM;
	}
	for (unsigned i = 0; i < p->shards; i++) {
		struct shard *s = &p->shard[i];

		s->lane[0].role = LANE_SERVES;
		if (!p->config.adaptive && !p->config.tshark_memory)
			continue;
		if (warm_init(&s->warm))
			return -ENOMEM;
		s->lane[0].feed.warm = s->lane[1].feed.warm = &s->warm;
	}
	return 0;
}

static void done_shards(struct pipeline *p)
{
	for (unsigned i = 0; p->shard && i < pipeline_lanes(p); i++)
		lane_done(pipeline_lane(p, i));
	for (unsigned i = 0; p->shard && i < p->shards; i++)
		warm_done(&p->shard[i].warm);
	free(p->shard);
	p->shard = NULL;
}

int pipeline_init(struct pipeline *p, const struct pipeline_config *config)
{
	int error;

	memset(p, 0, sizeof(*p));
	p->config = *config;
	check(!config->direct || (config->profile == PROFILE_OFF && !config->sink.offer));
	p->config.tap.port_name = config->port_name;
	p->config.tap.port_name_ctx = config->port_name_ctx;
	if (!p->config.buffer_frames)
		p->config.buffer_frames = STORE_FRAMES;
	/* Memory goes by segments: in a small buffer they are small. */
	if (!p->config.tap.segment_frames)
		p->config.tap.segment_frames = p->config.buffer_frames < 16 * SEGMENT_FRAMES
						       ? p->config.buffer_frames / 16 + 1
						       : SEGMENT_FRAMES;
	error = tap_init(&p->tap, &p->config.tap);
	if (error)
		return error;
	error = store_init(&p->store, p->config.buffer_frames);
	if (error)
		goto fail_store;
	p->store.bytes_max = config->buffer_bytes;
	error = spill_init(&p->spill, &p->store, config->spool, &p->config.audit);
	p->spill.eager = config->write;
	p->spill.keep = config->write && !config->direct;
	p->spill.cut_each = config->cut_each;
	if (!error)
		error = init_shards(p);
	/* What is needed to go on, and to say why not, is there from the start. */
	if (!error && !audit_reserve(&p->config.audit))
		error = -ENOMEM;
	if (!error)
		return 0;
	done_shards(p);
	audit_done(&p->config.audit);
	spill_done(&p->spill);
	store_done(&p->store);
fail_store:
	tap_done(&p->tap);
	return error;
}

void pipeline_done(struct pipeline *p)
{
	done_shards(p);
	gaps_done(&p->gaps);
	decoded_free(p->refused);
	spill_done(&p->spill);
	store_done(&p->store);
	tap_done(&p->tap);
	audit_done(&p->config.audit);
}

/* ---- losses, told in runs ---- */

static void tell_run(struct pipeline *p, enum undecoded cause)
{
	if (!p->run[cause].count)
		return;
	audit_run(&p->config.audit, "undecoded", undecoded_name(cause), "id", NULL, &p->run[cause]);
	p->run[cause] = (struct run){0};
}

void pipeline_lose(struct pipeline *p, uint64_t id, enum undecoded cause, uint64_t now_ns)
{
	uint64_t ts_ns = packet_of(store_slot(&p->store, id)->block).ts_ns;

	store_undecoded(&p->store, id, cause);
	p->shard[store_slot(&p->store, id)->shard].undecoded++;
	if (p->config.gaps && gap_may_close(cause))
		gaps_add(&p->gaps, id, cause);
	if (!run_extend(&p->run[cause], id, ts_ns)) {
		tell_run(p, cause);
		run_extend(&p->run[cause], id, ts_ns);
	}
	p->run_ns[cause] = now_ns;
}

/* Settle a frame without tshark's decode, wherever it is. */
static void give_up(struct pipeline *p, uint64_t id, enum undecoded cause, uint64_t now_ns)
{
	const struct slot *slot = store_slot(&p->store, id);

	if (slot->state == SLOT_PENDING)
		feed_forget(&shard_lane(p, slot->shard)->feed, slot->block);
	pipeline_lose(p, id, cause, now_ns);
}

static void tell_old_runs(struct pipeline *p, uint64_t now_ns)
{
	for (int i = 0; i < UNDECODED_CAUSES; i++) {
		/* These two go on for the whole session, as one run. */
		if (i == UNDECODED_NO_TSHARK || i == UNDECODED_NOT_ASKED)
			continue;
		if (p->run[i].count && now_ns - p->run_ns[i] >= PIPELINE_RUN_NS)
			tell_run(p, (enum undecoded)i);
	}
}

/* The record at the mouth stays: it is finished once begun, and else it is how we find out that
 * bytes move again. */
void pipeline_skip_stalled(struct pipeline *p, struct lane *l, uint64_t now_ns)
{
	uint64_t mouth = feed_begun(&l->feed);

	if (l->role != LANE_SERVES)
		return;
	for (uint64_t id = store_oldest_unsettled(&p->store); id < p->store.head; id++) {
		const struct slot *slot = store_slot(&p->store, id);

		if (slot->state != SLOT_PENDING || slot->shard != l->shard)
			continue;
		if (!mouth)
			mouth = id;
		if (id != mouth)
			give_up(p, id, UNDECODED_SKIPPED_STALL, now_ns);
	}
}

void pipeline_lose_shard(struct pipeline *p, unsigned shard, enum undecoded cause, uint64_t now_ns)
{
	for (uint64_t id = store_oldest_unsettled(&p->store); id < p->store.head; id++) {
		const struct slot *slot = store_slot(&p->store, id);

		if (slot->state < SLOT_DECODED && slot->shard == shard)
			give_up(p, id, cause, now_ns);
	}
}

/* ---- capture: from the tap into the store ---- */

static void take_reports(struct pipeline *p)
{
	struct tap_report *report;

	while ((report = tap_take_report(&p->tap))) {
		if (report->text) {
			audit_begin(&p->config.audit, report->event);
			audit_text(&p->config.audit, "now", report->text, strlen(report->text));
			audit_u64(&p->config.audit, "from_serial", report->run.first);
			audit_end(&p->config.audit);
		} else {
			audit_run(&p->config.audit, report->event, report->cause, "serial",
				  report->port, &report->run);
		}
		tap_report_free(report);
	}
}

/* Why a frame captured now will not be fed to tshark at all. Return: false where it will be. */
static bool settled_at_once(const struct pipeline *p, unsigned shard, enum undecoded *cause)
{
	const struct lane *l = shard_lane(p, shard);

	if (p->config.profile == PROFILE_OFF)
		*cause = UNDECODED_NOT_ASKED;
	else if (!p->config.tshark)
		*cause = UNDECODED_NO_TSHARK;
	else if (p->stop_termed)
		*cause = UNDECODED_STOPPED;
	else if (p->overloaded && l->feed.pending_bytes >= PIPELINE_OVERLOAD_BYTES)
		*cause = UNDECODED_SKIPPED_LOAD;
	else if (l->child.state == CHILD_GAVE_UP)
		*cause = UNDECODED_LOST_CHILD;
	else if (l->child.state == CHILD_RUNNING && l->feed.stalled && !feed_idle(&l->feed))
		/* With nothing at the mouth, this frame goes there: it shows when bytes move again.
		 */
		*cause = UNDECODED_SKIPPED_STALL;
	else
		return false;
	return true;
}

static bool emit_one(struct pipeline *p, uint64_t now_ns);

/* Live: the oldest give way to those that come. Where frames go to disk by segments, as many do as
 * a segment holds, so that they are written together. */
static void skip_oldest(struct pipeline *p, uint64_t now_ns)
{
	uint64_t n = p->config.spool ? p->config.tap.segment_frames : 1;
	uint64_t id;

	while (n-- && (id = store_oldest_unsettled(&p->store)) < p->store.head)
		give_up(p, id, UNDECODED_SKIPPED_BACKLOG, now_ns);
}

/* Make room for one more frame in a store that is at its bound. Return: false where the source must
 * wait. */
static bool make_room(struct pipeline *p, uint64_t now_ns)
{
	while (store_at_bound(&p->store)) {
		bool coming = spill_pressed(&p->spill, now_ns);

		if (!store_at_bound(&p->store))
			return true;
		if (coming)
			return false; /* as what is under way is written */
		if (p->store.emitted > p->store.tail) {
			if (spill_discard(&p->spill))
				continue;
			return false;
		}
		if (!store_emit_ready(&p->store)) {
			if (p->config.lossless)
				return false;
			skip_oldest(p, now_ns);
		}
		if (!emit_one(p, now_ns))
			return false;
	}
	return true;
}

static void capture_one(struct pipeline *p, const struct tap_frame *f, uint64_t now_ns)
{
	struct packet_view v = packet_of(f->block);
	enum undecoded cause;
	struct basic basic;
	unsigned shard;
	uint64_t id;

	basic_decode(&basic, v.data, v.caplen);
	stats_add(&p->stats, &v, &basic);
	shard = shard_of(&basic, p->shards);
	id = store_add(&p->store, f->segment, f->block, f->bytes, shard);
	check(id == f->id);
	p->shard[shard].captured++;
	if (settled_at_once(p, shard, &cause))
		pipeline_lose(p, id, cause, now_ns);
	else
		feed_arrived(&shard_lane(p, shard)->feed, f->block, now_ns);
}

/* Whether every tshark has frames waiting, or one has very many: more, taken now, would have left
 * the processor's caches by the time that they are fed. */
static bool enough_waits(const struct pipeline *p)
{
	uint64_t least_bytes = UINT64_MAX, all = 0;

	if (!p->config.lossless)
		return false;
	for (unsigned i = 0; i < p->shards; i++) {
		uint64_t bytes = shard_lane(p, i)->feed.pending_bytes;

		all += bytes;
		if (bytes < least_bytes)
			least_bytes = bytes;
	}
	return least_bytes > PIPELINE_AHEAD_BYTES || all > PIPELINE_AHEAD_BYTES_MAX;
}

/* Room is made for a frame that is there, not for one that may come. */
static bool take(struct pipeline *p, struct tap_frame *f, uint64_t now_ns)
{
	return tap_has_frames(&p->tap) && !enough_waits(p) && make_room(p, now_ns) &&
	       tap_take(&p->tap, f);
}

/* Nobody looks at these frames, so nothing here does either, but for the first and the last: each
 * would have to come over from the processor that laid it out. */
static int capture_direct(struct pipeline *p, uint64_t now_ns)
{
	struct run run = {0};
	struct tap_frame f;

	while (run.count < PIPELINE_STEP_FRAMES && take(p, &f, now_ns)) {
		check(store_add(&p->store, f.segment, f.block, f.bytes, 0) == f.id);
		store_undecoded(&p->store, f.id, UNDECODED_NOT_ASKED);
		store_emit(&p->store, &run.last);
		if (!run.count++) {
			run.first = f.id;
			run.first_ts_ns = packet_of(f.block).ts_ns;
		}
	}
	if (run.count)
		run.last_ts_ns = packet_of(f.block).ts_ns;
	check(run_add(&p->run[UNDECODED_NOT_ASKED], &run));
	p->shard[0].captured += run.count;
	p->shard[0].undecoded += run.count;
	return (int)run.count;
}

static int capture(struct pipeline *p, uint64_t now_ns)
{
	struct tap_frame f;
	int n = 0;

	take_reports(p);
	if (p->config.direct)
		return capture_direct(p, now_ns);
	while (n < PIPELINE_STEP_FRAMES && take(p, &f, now_ns)) {
		capture_one(p, &f, now_ns);
		n++;
	}
	return n;
}

/* ---- emit: settled frames to the sink, in order ---- */

static struct decoded *make_decoded(struct pipeline *p, uint64_t id, struct slot *slot)
{
	static const uint8_t status[] = {
		[SLOT_PENDING] = DECODED_PENDING, [SLOT_FED] = DECODED_PENDING,
		[SLOT_DECODED] = DECODED_TSHARK,  [SLOT_BASIC] = DECODED_BASIC,
		[SLOT_SKIPPED] = DECODED_SKIPPED,
	};
	struct decoded *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->id = id;
	d->packet = packet_of(slot->block);
	d->segment = segment_ref(store_segment(&p->store, id));
	d->vm = p->config.port_name(p->config.port_name_ctx, d->packet.interface);
	d->status = (enum decoded_status)status[slot->state];
	basic_decode(&d->basic, d->packet.data, d->packet.caplen);
	d->fields = slot->fields;
	d->profile = slot->profile;
	d->cause = slot->cause;
	d->varied = p->config.adaptive;
	d->update = slot->passed && d->status != DECODED_PENDING;
	d->raw = slot->raw;
	d->raw_n = slot->raw_n;
	slot->fields = NULL;
	slot->raw = NULL;
	return d;
}

static void tell_missed(struct pipeline *p)
{
	if (p->missed_run.count)
		audit_run(&p->config.audit, "missed", "output_full", "id", NULL, &p->missed_run);
	p->missed_run = (struct run){0};
	if (p->missed_update_run.count)
		audit_run(&p->config.audit, "missed", "output_full_update", "id", NULL,
			  &p->missed_update_run);
	p->missed_update_run = (struct run){0};
}

/* Live: a subscriber that lags misses rows, it does not hold up the capture; but they are told. */
static void miss(struct pipeline *p, uint64_t id, uint64_t ts_ns, bool update)
{
	struct run *run = update ? &p->missed_update_run : &p->missed_run;

	if (update)
		p->missed_updates++;
	else
		p->missed++;
	if (run_extend(run, id, ts_ns))
		return;
	tell_missed(p);
	run_extend(run, id, ts_ns);
}

/* When the next frame without a row has kept others waiting for too long; UINT64_MAX: never, as all
 * wait for the same tshark, or the source does. */
static uint64_t pass_due(struct pipeline *p)
{
	struct store *s = &p->store;

	if (p->shards == 1 || p->config.lossless || !p->config.sink.offer || s->shown == s->head)
		return UINT64_MAX;
	if (store_slot(s, s->shown)->state >= SLOT_DECODED)
		return 0;
	return segment_published(store_segment(s, s->shown), s->shown) + PIPELINE_REORDER_NS;
}

/* The next frame that is to have a row: settled, or settled after it had one, or waited for too
 * long. Return: NULL: there is none */
static struct slot *next_row(struct pipeline *p, uint64_t *id, uint64_t now_ns)
{
	struct slot *slot = store_emit(&p->store, id);

	if (slot || now_ns < pass_due(p))
		return slot;
	slot = store_pass(&p->store, id);
	if (slot && slot->passed)
		p->passed++;
	return slot;
}

/* Offer the refused frame again, or the next settled one. Return: false where the sink is full or
 * nothing is settled. */
static bool emit_one(struct pipeline *p, uint64_t now_ns)
{
	struct decoded *d = p->refused;
	struct slot *slot;
	uint64_t id;

	p->refused = NULL;
	if (!d) {
		slot = next_row(p, &id, now_ns);
		if (!slot)
			return false;
		if (!p->config.sink.offer)
			return true;
		d = make_decoded(p, id, slot);
		if (!d) {
			miss(p, id, packet_of(slot->block).ts_ns,
			     slot->passed && slot->state >= SLOT_DECODED);
			return true;
		}
	}
	if (p->config.sink.offer(p->config.sink.ctx, d))
		return true;
	if (p->config.lossless || p->draining) {
		p->refused = d;
		p->sink_full = true;
		return false;
	}
	miss(p, d->id, d->packet.ts_ns, d->update);
	decoded_free(d);
	return true;
}

static bool emit(struct pipeline *p, int most, uint64_t now_ns)
{
	p->sink_full = false;
	for (int n = 0; n < most; n++) {
		if (!emit_one(p, now_ns))
			return false;
	}
	return true;
}

bool pipeline_may_read(const struct pipeline *p)
{
	return !(p->config.lossless && p->sink_full);
}

/* ---- how much is asked of tshark ---- */

/* Whether a shard is not decoded yet as is wanted now. */
static bool changing(const struct pipeline *p)
{
	for (unsigned i = 0; i < p->shards; i++) {
		if (shard_lane(p, i)->profile != p->profile)
			return true;
	}
	return false;
}

static void adapt(struct pipeline *p, uint64_t now_ns)
{
	static const enum profile profiles[ADAPT_LEVELS] = {PROFILE_FULL, PROFILE_LEAN,
							    PROFILE_SUMMARY, PROFILE_SUMMARY};
	static const char *const names[ADAPT_LEVELS] = {"full", "lean", "summary", "basic"};
	struct adapt *a = &p->adapt;
	enum adapt_level before = a->level;

	if (!p->config.adaptive || p->draining ||
	    !adapt_step(a, now_ns, p->store.captured, p->store.decoded, store_unsettled(&p->store),
			changing(p)))
		return;
	p->profile = profiles[a->level];
	p->overloaded = a->level == ADAPT_BASIC;
	p->profile_changes++;
	audit_begin(&p->config.audit, "profile_changed");
	audit_str(&p->config.audit, "from", names[before]);
	audit_str(&p->config.audit, "to", names[a->level]);
	audit_u64(&p->config.audit, "backlog", store_unsettled(&p->store));
	audit_u64(&p->config.audit, "in_rate", (uint64_t)a->in_rate);
	audit_u64(&p->config.audit, "out_rate", (uint64_t)a->out_rate);
	audit_end(&p->config.audit);
}

/* ---- a tshark that comes later ---- */

static bool may_find(const struct pipeline *p)
{
	return !p->config.tshark && p->config.find_tshark && !p->draining && !p->config.lossless &&
	       p->config.profile != PROFILE_OFF;
}

static void find_tshark(struct pipeline *p, uint64_t now_ns)
{
	if (!may_find(p) || now_ns < p->find_ns)
		return;
	p->find_ns = now_ns + PIPELINE_FIND_NS;
	p->config.tshark = p->config.find_tshark(p->config.find_tshark_ctx);
	if (!p->config.tshark)
		return;
	tell_run(p, UNDECODED_NO_TSHARK);
	audit_begin(&p->config.audit, "tshark_found");
	audit_text(&p->config.audit, "path", p->config.tshark, strlen(p->config.tshark));
	audit_end(&p->config.audit);
}

/* ---- the end ---- */

static bool any_alive(const struct pipeline *p)
{
	for (unsigned i = 0; i < pipeline_lanes(p); i++) {
		const struct child *c = &pipeline_lane(p, i)->child;

		if (child_alive(c) || c->state == CHILD_WAITING)
			return true;
	}
	return false;
}

void pipeline_stop(struct pipeline *p, uint64_t now_ns)
{
	if (!p->stop_ns)
		p->stop_ns = now_ns + PIPELINE_STOP_NS;
}

/* The user has waited long enough: end tshark, settle what it did not get to. */
static void stop_late(struct pipeline *p, uint64_t now_ns)
{
	if (!p->stop_ns || now_ns < p->stop_ns || !tap_closed(&p->tap) || p->stop_termed)
		return;
	p->stop_termed = true;
	for (unsigned i = 0; i < pipeline_lanes(p); i++)
		lane_end(pipeline_lane(p, i), now_ns);
	/* What a process is still on is settled once that has ended. */
	for (unsigned i = 0; i < p->shards; i++) {
		if (!child_alive(&p->shard[i].lane[0].child) &&
		    !child_alive(&p->shard[i].lane[1].child))
			pipeline_lose_shard(p, i, UNDECODED_STOPPED, now_ns);
	}
}

static void drain(struct pipeline *p)
{
	if (p->draining || !tap_ended(&p->tap))
		return;
	p->draining = true;
	for (unsigned i = 0; i < pipeline_lanes(p); i++)
		child_finish(&pipeline_lane(p, i)->child);
}

/* Everything but the writing of files is done. */
static bool decoded_all(struct pipeline *p)
{
	return p->draining && !any_alive(p) && !store_unsettled(&p->store) && !p->refused &&
	       !store_emit_ready(&p->store);
}

bool pipeline_finished(struct pipeline *p)
{
	return decoded_all(p) && p->spill.ended;
}

void pipeline_cut(struct pipeline *p)
{
	/* Relaxed: nothing hangs on it but itself. */
	atomic_store_explicit(&p->cut_asked, true, memory_order_relaxed);
	tap_cut(&p->tap);
}

/* The three are read one after the other, as they move. */
uint64_t pipeline_behind(const struct pipeline_gauges *g)
{
	uint64_t settled = atomic_load_explicit(&g->decoded, memory_order_relaxed) +
			   atomic_load_explicit(&g->undecoded, memory_order_relaxed);
	uint64_t captured = atomic_load_explicit(&g->captured, memory_order_relaxed);

	return captured > settled ? captured - settled : 0;
}

/* ---- frames by id ---- */

static struct frame_query hushed; /* an address that no query has */

bool pipeline_ask(struct pipeline *p, struct frame_query *q)
{
	struct frame_query *newest = atomic_load_explicit(&p->queries, memory_order_relaxed);

	do {
		if (newest == &hushed)
			return false;
		q->next = newest;
		/* Release: the query is written; pairs with the acquire of who takes it. */
	} while (!atomic_compare_exchange_weak_explicit(
		&p->queries, &newest, q, memory_order_release, memory_order_relaxed));
	return true;
}

static void find(struct pipeline *p, struct frame_query *q)
{
	struct store *s = &p->store;

	q->where = FRAME_NONE;
	q->segment = NULL;
	q->block = NULL;
	q->end = q->id;
	q->tail = s->tail;
	if (!q->id || q->id >= s->head)
		return;
	q->where = FRAME_IN_MEMORY;
	if (q->id >= s->tail) {
		q->segment = segment_ref(store_segment(s, q->id));
		q->block = store_slot(s, q->id)->block;
		q->end = store_segment_end(s, q->id);
	} else if (spill_find(&p->spill, q->id, &q->segment, &q->block)) {
		q->end = q->id + 1;
	} else {
		q->where = FRAME_LEFT;
	}
}

static void answer(struct pipeline *p, struct frame_query *q, bool wait)
{
	while (q && q != &hushed) {
		struct frame_query *next = q->next;

		if (wait && q->id >= p->store.head &&
		    atomic_load_explicit(&q->wait, memory_order_relaxed)) {
			q->next = p->waiting;
			p->waiting = q;
		} else {
			find(p, q);
			q->answer(q);
		}
		q = next;
	}
}

/* Those that waited, too, where their frame has come. */
static void answer_all(struct pipeline *p, bool wait)
{
	struct frame_query *newest = atomic_load_explicit(&p->queries, memory_order_relaxed);
	struct frame_query *waiting = p->waiting;

	p->waiting = NULL;
	answer(p, waiting, wait);
	if (newest && newest != &hushed)
		answer(p, atomic_exchange_explicit(&p->queries, NULL, memory_order_acquire), wait);
}

void pipeline_answer(struct pipeline *p)
{
	answer_all(p, false);
}

void pipeline_hush(struct pipeline *p)
{
	struct frame_query *waiting = p->waiting;

	p->waiting = NULL;
	answer(p, waiting, false);
	answer(p, atomic_exchange_explicit(&p->queries, &hushed, memory_order_acquire), false);
}

static void write_out(struct pipeline *p, uint64_t now_ns)
{
	if (atomic_load_explicit(&p->cut_asked, memory_order_relaxed) &&
	    atomic_exchange_explicit(&p->cut_asked, false, memory_order_relaxed))
		spill_cut(&p->spill);
	if (decoded_all(p))
		spill_end(&p->spill, now_ns);
	else
		spill_step(&p->spill, now_ns);
}

static void show_shard(const struct pipeline *p, unsigned i, struct shard_gauges *g)
{
	const struct shard *s = &p->shard[i];
	const struct lane *l = &s->lane[s->serving];

	atomic_store_explicit(&g->captured, s->captured, memory_order_relaxed);
	atomic_store_explicit(&g->decoded, s->decoded, memory_order_relaxed);
	atomic_store_explicit(&g->undecoded, s->undecoded, memory_order_relaxed);
	atomic_store_explicit(&g->generation, l->generation, memory_order_relaxed);
	atomic_store_explicit(&g->memory, l->memory, memory_order_relaxed);
	atomic_store_explicit(&g->profile, (int)l->profile, memory_order_relaxed);
}

/* When the oldest frame that is not settled was published; 0: there is none. */
static uint64_t oldest_ns(struct pipeline *p)
{
	uint64_t id = store_oldest_unsettled(&p->store);

	return id < p->store.head ? segment_published(store_segment(&p->store, id), id) : 0;
}

void pipeline_show(struct pipeline *p)
{
	struct pipeline_gauges *g = &p->gauges;

	for (unsigned i = 0; i < p->shards; i++)
		show_shard(p, i, &g->shard[i]);
	atomic_store_explicit(&g->oldest_ns, oldest_ns(p), memory_order_relaxed);

	atomic_store_explicit(&g->captured, p->store.captured, memory_order_relaxed);
	atomic_store_explicit(&g->decoded, p->store.decoded, memory_order_relaxed);
	atomic_store_explicit(&g->undecoded, p->store.undecoded, memory_order_relaxed);
	atomic_store_explicit(&g->generations, p->generations, memory_order_relaxed);
	atomic_store_explicit(&g->spilled, p->store.spilled, memory_order_relaxed);
	atomic_store_explicit(&g->discarded, p->store.discarded, memory_order_relaxed);
	atomic_store_explicit(&g->backfilled, p->store.backfilled, memory_order_relaxed);
	for (int i = 0; i < UNDECODED_CAUSES; i++)
		atomic_store_explicit(&g->cause[i], p->store.cause[i], memory_order_relaxed);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t run_due(const struct pipeline *p)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < UNDECODED_CAUSES; i++) {
		if (p->run[i].count && i != UNDECODED_NO_TSHARK && i != UNDECODED_NOT_ASKED)
			due = least(due, p->run_ns[i] + PIPELINE_RUN_NS);
	}
	return due;
}

/* Whether nothing waits to be fed to any tshark. */
static bool all_idle(const struct pipeline *p)
{
	for (unsigned i = 0; i < p->shards; i++) {
		if (!feed_idle(&shard_lane(p, i)->feed))
			return false;
	}
	return true;
}

/* From one look at the queue of a source at top speed to the next: it fills in about five, and both
 * sides would then wait for the other to wake. */
#define HANDOVER_NS UINT64_C(100000)

static void say_wait(struct pipeline *p, bool busy, bool captured, uint64_t now_ns,
		     struct pipeline_wait *wait)
{
	wait->fds = 0;
	wait->frames = false;
	wait->due_ns = run_due(p);
	if (!p->sink_full)
		wait->due_ns = least(wait->due_ns, pass_due(p));
	if (may_find(p))
		wait->due_ns = least(wait->due_ns, p->find_ns);
	/* An idle machine sleeps: without frames in flight nothing can back up. */
	if (p->config.adaptive && !p->draining &&
	    (store_unsettled(&p->store) || p->adapt.level != ADAPT_FULL))
		wait->due_ns = least(wait->due_ns, adapt_due(&p->adapt));
	for (unsigned i = 0; i < p->shards; i++) {
		lane_wait(&p->shard[i].lane[0], now_ns, wait);
		lane_wait(&p->shard[i].lane[1], now_ns, wait);
		wait->due_ns = least(wait->due_ns, shard_due(p, &p->shard[i], now_ns));
	}
	if (p->stop_ns && !p->stop_termed && tap_closed(&p->tap))
		wait->due_ns = least(wait->due_ns, p->stop_ns);
	wait->due_ns = least(wait->due_ns, spill_due(&p->spill));
	if (busy)
		wait->due_ns = 0;
	/* A frame that there is no room for is no news; the end is, and a live capture makes room.
	 */
	if (p->draining || (ring_count(&p->tap.frames) &&
			    ((p->config.lossless && (store_full(&p->store) || enough_waits(p))) ||
			     (store_at_bound(&p->store) && p->spill.under_way))))
		return;
	/* While frames come, the next look is a batch away, so that nobody need wake us for each.
	 */
	wait->frames = !captured && all_idle(p);
	/* Those that are there wake nobody any more. */
	if (wait->frames && tap_has_frames(&p->tap))
		wait->due_ns = 0;
	if (!wait->frames)
		wait->due_ns =
			least(wait->due_ns,
			      now_ns + (p->tap.config.batch > 1 ? HANDOVER_NS : FEED_BATCH_NS));
}

void pipeline_step(struct pipeline *p, uint64_t now_ns, struct pipeline_wait *wait)
{
	int captured = capture(p, now_ns);
	bool busy = captured == PIPELINE_STEP_FRAMES;

	drain(p);
	find_tshark(p, now_ns);
	adapt(p, now_ns);
	for (unsigned i = 0; i < p->shards; i++) {
		shard_step(p, &p->shard[i], now_ns);
		busy |= lane_step(&p->shard[i].lane[0], now_ns);
		busy |= lane_step(&p->shard[i].lane[1], now_ns);
	}
	stop_late(p, now_ns);
	busy |= emit(p, PIPELINE_STEP_EMITS, now_ns);
	write_out(p, now_ns);
	answer_all(p, !pipeline_finished(p));
	tell_old_runs(p, now_ns);
	if (pipeline_finished(p)) {
		for (int i = 0; i < UNDECODED_CAUSES; i++)
			tell_run(p, (enum undecoded)i);
		tell_missed(p);
	}
	pipeline_show(p);
	say_wait(p, busy, captured > 0, now_ns, wait);
}

struct ledger pipeline_ledger(struct pipeline *p)
{
	const struct tap *t = &p->tap;
	const struct store *s = &p->store;
	struct ledger l = {
		.forwarded = atomic_load_explicit(&t->forwarded, memory_order_relaxed),
		.out_of_scope = atomic_load_explicit(&t->out_of_scope, memory_order_relaxed),
		.prefiltered = atomic_load_explicit(&t->prefiltered, memory_order_relaxed),
		.dropped_queue = atomic_load_explicit(&t->dropped_queue, memory_order_relaxed),
		.queued = ring_count(&t->frames),
		.captured = s->captured,
		.in_memory = s->head - s->tail,
		.spilled = s->spilled,
		.discarded = s->discarded,
		.decoded = s->decoded,
		.undecoded = s->undecoded,
		.in_flight = store_unsettled(s),
		.decoded_live = s->decoded - s->backfilled,
		.backfilled = s->backfilled,
	};

	memcpy(l.cause, s->cause, sizeof(l.cause));
	return l;
}
