/* spill.c - which frames go to disk when, and which leave memory */
#include "store/spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

int spill_init(struct spill *p, struct store *store, struct spool *spool, struct audit *audit)
{
	*p = (struct spill){.store = store,
			    .spool = spool,
			    .audit = audit,
			    .on_disk = 1,
			    .queued = 1,
			    .goal = 1,
			    .epoch = 1,
			    .flush_ns = UINT64_MAX,
			    .retry_ns = UINT64_MAX,
			    .ended = !spool};
	if (spool)
		p->reserve = calloc(1, sizeof(*p->reserve));
	return !spool || p->reserve ? 0 : -ENOMEM;
}

void spill_done(struct spill *p)
{
	segment_unref(p->journal);
	p->journal = NULL;
	buf_done(&p->comments);
	spool_job_free(p->reserve);
	p->reserve = NULL;
}

/* ---- what comes back ---- */

static void audit_file(struct spill *p, const char *event, const char *cause,
		       const struct spool_event *e)
{
	audit_begin(p->audit, event);
	if (cause)
		audit_str(p->audit, "cause", cause);
	audit_text(p->audit, "file", e->path, strlen(e->path));
	audit_u64(p->audit, "first", e->first);
	audit_u64(p->audit, "last", e->last);
	audit_u64(p->audit, "count", e->frames);
	audit_u64(p->audit, "bytes", e->bytes);
	audit_end(p->audit);
}

/* Frames that were on disk are there no more. Those that left memory are discarded now; the others
 * will be when they leave. */
static void forget(struct spill *p, const struct spool_event *e)
{
	struct store *s = p->store;
	uint64_t id = e->first;

	if (!e->frames)
		return;
	for (; id <= e->last && id < s->tail; id++) {
		s->spilled--;
		s->discarded++;
	}
	for (; id <= e->last; id++)
		store_slot(s, id)->lost = true;
}

static void say_trouble(struct spill *p, const struct spool_event *e)
{
	p->troubles++;
	/* Once for each time that it begins; the retries would say the same. */
	if (p->failed && strcmp(e->what, "seal") != 0)
		return;
	audit_begin(p->audit, "disk_failed");
	audit_str(p->audit, "what", e->what);
	audit_text(p->audit, "file", e->path, strlen(e->path));
	audit_str(p->audit, "error", strerror(-e->error));
	audit_end(p->audit);
}

static void tell_discarded(struct spill *p)
{
	if (p->discarded_run.count)
		audit_run(p->audit, "discarded", "disk_failed", "id", NULL, &p->discarded_run);
	p->discarded_run = (struct run){0};
}

static void extend_discarded(struct spill *p, uint64_t id)
{
	uint64_t ts_ns = packet_of(store_slot(p->store, id)->block).ts_ns;

	if (run_extend(&p->discarded_run, id, ts_ns))
		return;
	tell_discarded(p);
	run_extend(&p->discarded_run, id, ts_ns);
}

/* ---- jobs: the reserve is there where memory is not, so that one at a time goes on ---- */

static struct spool_job *job_new(struct spill *p)
{
	struct spool_job *job = calloc(1, sizeof(*job));

	if (job)
		return job;
	job = p->reserve;
	p->reserve = NULL;
	return job;
}

static void job_free(struct spill *p, struct spool_job *job)
{
	if (!job || p->reserve) {
		spool_job_free(job);
		return;
	}
	spool_job_clear(job);
	p->reserve = job;
}

static void job_back(struct spill *p, struct spool_job *job, uint64_t now_ns)
{
	p->under_way--;
	if (job->kind != SPOOL_WRITE)
		return;
	p->writing--;
	/* What of it was written before it failed is written; one that was refused behind another
	 * was not looked at. */
	if (job->written || job->error) {
		check(job->first_id >= p->on_disk);
		p->written += job->first_id - p->on_disk;
		p->on_disk = job->first_id;
	}
	if (job->written) {
		p->pause_ns = 0;
		if (!p->failed)
			return;
		p->failed = false;
		tell_discarded(p);
		audit_begin(p->audit, "disk_recovered");
		audit_u64(p->audit, "discarded", p->unwritten);
		audit_end(p->audit);
		return;
	}
	p->queued = p->on_disk;
	if (job->epoch != p->epoch)
		return;
	p->epoch++;
	p->failed = true;
	p->pause_ns = p->pause_ns ? p->pause_ns * 2 : SPILL_RETRY_NS;
	if (p->pause_ns > SPILL_RETRY_NS_MAX)
		p->pause_ns = SPILL_RETRY_NS_MAX;
	p->retry_ns = now_ns + p->pause_ns;
}

static void take_events(struct spill *p, uint64_t now_ns)
{
	struct spool_job *job;
	struct spool_event *e;

	while ((e = spool_take_event(p->spool, &job))) {
		switch (e->kind) {
		case SPOOL_JOB:
			job_back(p, job, now_ns);
			job_free(p, job);
			continue;
		case SPOOL_SEALED:
			p->files++;
			p->written_bytes += e->bytes;
			audit_file(p, "file_sealed", NULL, e);
			break;
		case SPOOL_DELETED:
			p->deleted++;
			forget(p, e);
			audit_file(p, "discarded", "ring", e);
			break;
		case SPOOL_FILE_LOST:
			forget(p, e);
			audit_file(p, "discarded", "file_removed", e);
			break;
		case SPOOL_TROUBLE: say_trouble(p, e); break;
		}
		free(e);
	}
}

/* ---- handing over ---- */

static void comment_on(struct buf *b, const unsigned char *block, enum undecoded cause)
{
	char text[64];

	snprintf(text, sizeof(text), "secvf: not decoded: %s", undecoded_name(cause));
	pcapng_put_commented(b, block, text);
}

/* The bytes of frames [first, end) again, with comments. Without memory for them they go as they
 * are: comments are lost, which the audit log has too, no frames. */
static void rebuild(struct spill *p, struct spool_job *job, uint64_t first, uint64_t end)
{
	const unsigned char *at = job->segment->base + job->from;

	for (uint64_t id = first; id < end; id++) {
		const struct slot *slot = store_slot(p->store, id);

		/* Interface blocks stand before the first. */
		buf_put(&job->rebuilt, at, (size_t)(slot->block - at));
		if (slot->state == SLOT_SKIPPED)
			comment_on(&job->rebuilt, slot->block, (enum undecoded)slot->cause);
		else
			buf_put(&job->rebuilt, slot->block, block_bytes(slot->block));
		at = slot->block + block_bytes(slot->block);
	}
	if (job->rebuilt.failed) {
		buf_done(&job->rebuilt);
		return;
	}
	job->from = 0;
	job->to = (uint32_t)job->rebuilt.n;
}

/* Frames of one segment, from p->queued on and below @end, as a job. Return: NULL: no memory, and
 * the reserve is under way */
static struct spool_job *make_job(struct spill *p, uint64_t end)
{
	uint64_t first = p->queued;
	struct segment *segment = store_segment(p->store, first);
	const unsigned char *block = store_slot(p->store, first)->block, *last;
	struct spool_job *job = job_new(p);
	bool comments = false, start = first == segment->first_id;

	if (!job)
		return NULL;
	last = store_slot(p->store, end - 1)->block;
	*job = (struct spool_job){
		.kind = SPOOL_WRITE,
		.segment = segment_ref(segment),
		.from = start ? 0 : (uint32_t)(block - segment->base),
		.to = (uint32_t)(last + block_bytes(last) - segment->base),
		.first_id = first,
		.frames = end - first,
		.interfaces = segment->interfaces + (start ? 0 : segment->declares),
		.epoch = p->epoch,
	};
	for (uint64_t id = first; id < end && !comments; id++)
		comments = store_slot(p->store, id)->state == SLOT_SKIPPED;
	if (comments)
		rebuild(p, job, first, end);
	return job;
}

static bool push(struct spill *p, struct spool_job *job)
{
	if (!job || !spool_push(p->spool, job)) {
		job_free(p, job);
		return false;
	}
	p->under_way++;
	p->writing += job->kind == SPOOL_WRITE;
	return true;
}

/* ---- the journal ---- */

static void rebuild_journal(struct spill *p, struct spool_job *job)
{
	const struct spill_comment *c = (const struct spill_comment *)(void *)p->comments.p;
	const struct spill_comment *end = c + p->comments.n / sizeof(*c);
	const unsigned char *base = p->journal->base;
	uint32_t at = p->journal->first_bytes;
	uint64_t id = p->journal_first;

	buf_put(&job->rebuilt, base, at);
	for (; at < p->journal_to; at += block_bytes(base + at)) {
		bool packet = block_is_packet(base + at);

		if (packet && c < end && c->id == id)
			comment_on(&job->rebuilt, base + at, c++->cause);
		else
			buf_put(&job->rebuilt, base + at, block_bytes(base + at));
		id += packet;
	}
	/* Without memory for it the file is sealed as it is: comments are lost, no frames. */
	if (job->rebuilt.failed)
		buf_done(&job->rebuilt);
}

/* Every frame of the journal's segment has passed: have it sealed. Return: false: not yet */
static bool leave_journal(struct spill *p)
{
	struct spool_job *job;

	if (!p->journal)
		return true;
	job = job_new(p);
	if (!job)
		return false;
	job->kind = SPOOL_SEAL_JOURNAL;
	job->segment = segment_ref(p->journal);
	job->to = p->journal_to;
	job->first_id = p->journal_first;
	job->frames = p->queued - p->journal_first;
	if (p->comments.n)
		rebuild_journal(p, job);
	if (!push(p, job))
		return false;
	segment_unref(p->journal);
	p->journal = NULL;
	buf_reset(&p->comments);
	return true;
}

/* Frames [p->queued, end) lie in the journal's segment: they are on disk. */
static void pass_journal(struct spill *p, uint64_t end)
{
	const unsigned char *last = store_slot(p->store, end - 1)->block;

	for (uint64_t id = p->queued; id < end; id++) {
		const struct slot *slot = store_slot(p->store, id);
		struct spill_comment c = {.id = id, .cause = (enum undecoded)slot->cause};

		if (slot->state == SLOT_SKIPPED)
			buf_put(&p->comments, &c, sizeof(c));
	}
	p->journal_to = (uint32_t)(last + block_bytes(last) - p->journal->base);
	p->written += end - p->queued;
	p->on_disk = p->queued = end;
	if (p->goal < end)
		p->goal = end;
}

static void step_journal(struct spill *p)
{
	const struct store *s = p->store;

	while (p->queued < s->emitted && !p->writing) {
		struct segment *segment = store_segment(s, p->queued);
		uint64_t end = store_segment_end(s, p->queued);

		if (segment != p->journal && !leave_journal(p))
			return;
		if (!segment->file)
			return;
		if (!p->journal) {
			p->journal = segment_ref(segment);
			p->journal_first = p->queued;
		}
		pass_journal(p, end < s->emitted ? end : s->emitted);
	}
	if (p->ending && p->queued == s->emitted)
		leave_journal(p);
}

static void hand_over(struct spill *p)
{
	uint64_t end = p->goal < p->store->emitted ? p->goal : p->store->emitted;

	while (p->queued < end) {
		uint64_t stop = store_segment_end(p->store, p->queued);
		struct spool_job *job;

		if (store_segment(p->store, p->queued)->file)
			break; /* what is being written comes first */
		if (stop > end)
			stop = end;
		job = make_job(p, stop);
		if (job)
			job->cut_after = p->cut_each && stop == p->goal;
		if (!push(p, job))
			return;
		p->queued = stop;
	}
	if (p->cut && push(p, job_new(p)))
		p->cut = false;
}

/* Eager: whole segments at once, the rest a second after it came. */
static void choose_goal(struct spill *p, uint64_t now_ns)
{
	const struct store *s = p->store;
	uint64_t next = s->emitted;

	if (p->queued >= s->emitted) {
		p->flush_ns = UINT64_MAX;
		return;
	}
	if (p->flush_ns == UINT64_MAX)
		p->flush_ns = now_ns + SPILL_FLUSH_NS;
	if (p->ending || p->cut || now_ns >= p->flush_ns) {
		p->goal = s->emitted;
		p->flush_ns = UINT64_MAX;
		return;
	}
	/* The segment that comes next, or is being filled, can wait; those before it are whole. */
	if (s->emitted == s->head)
		next--;
	if (store_segment(s, next)->first_id > p->goal)
		p->goal = store_segment(s, next)->first_id;
}

static void let_go(struct spill *p)
{
	struct store *s = p->store;
	uint64_t end = p->on_disk < s->emitted ? p->on_disk : s->emitted;

	/* What was given up at the end stays in memory, as it is nowhere else. */
	while (!p->gave_up && s->tail < end && (!p->keep || store_at_bound(s))) {
		/* Memory goes by segments, so frames do, too. */
		uint64_t stop = store_segment_end(s, s->tail);

		while (s->tail < stop && s->tail < end)
			store_drop(s, !store_slot(s, s->tail)->lost);
	}
}

void spill_step(struct spill *p, uint64_t now_ns)
{
	if (!p->spool)
		return;
	take_events(p, now_ns);
	step_journal(p);
	let_go(p);
	if (p->eager)
		choose_goal(p, now_ns);
	if (p->failed && (p->under_way || now_ns < p->retry_ns))
		return;
	hand_over(p);
}

bool spill_pressed(struct spill *p, uint64_t now_ns)
{
	struct store *s = p->store;

	if (!p->spool)
		return false;
	if (!p->eager && p->goal <= s->tail)
		p->goal = s->tail + (store_held(s) + 1) / 2;
	spill_step(p, now_ns);
	/* Whole segments are on their way mostly; less than one goes only where nothing else does.
	 */
	if (p->eager && !p->under_way && store_at_bound(s) && p->goal < s->emitted) {
		p->goal = s->emitted;
		spill_step(p, now_ns);
	}
	return p->under_way > 0;
}

bool spill_discard(struct spill *p)
{
	struct store *s = p->store;
	uint64_t id = s->tail;

	if (p->spool && (!p->failed || p->under_way))
		return false;
	check(id >= p->on_disk);
	if (p->spool)
		extend_discarded(p, id);
	store_drop(s, false);
	p->unwritten++;
	if (p->on_disk <= id)
		p->on_disk = p->queued = id + 1;
	return true;
}

bool spill_find(const struct spill *p, uint64_t id, struct segment **segment,
		const unsigned char **block)
{
	uint64_t at, first;

	if (!p->journal || id < p->journal_first || id >= p->queued)
		return false;
	/* Interface blocks lie among the frames, so there is no reckoning where one is. */
	at = p->journal->first_bytes;
	first = p->journal_first;
	check(block_find(p->journal->base, p->journal_to, &at, &first, id));
	*segment = segment_ref(p->journal);
	*block = p->journal->base + at;
	return true;
}

void spill_cut(struct spill *p)
{
	p->cut = p->spool != NULL;
}

/* What a disk that fails to the end did not take, in a run that was to write it. */
static void give_up(struct spill *p)
{
	p->gave_up = true;
	while (p->on_disk < p->store->emitted) {
		extend_discarded(p, p->on_disk++);
		p->unwritten++;
	}
	p->queued = p->on_disk;
	tell_discarded(p);
}

bool spill_end(struct spill *p, uint64_t now_ns)
{
	if (p->ended)
		return true;
	if (!p->ending) {
		p->ending = true;
		p->end_ns = now_ns + SPILL_END_NS;
	}
	spill_step(p, now_ns);
	if (p->eager && !p->gave_up && p->failed && !p->under_way && now_ns >= p->end_ns)
		give_up(p);
	if (p->under_way || p->journal || (p->eager && p->queued < p->store->emitted))
		return false;
	if (!ring_closed(&p->spool->jobs)) {
		tell_discarded(p);
		spool_end(p->spool);
	}
	/* Ended is set after the last event was sent. */
	p->ended = spool_ended(p->spool);
	take_events(p, now_ns);
	return p->ended;
}

uint64_t spill_due(const struct spill *p)
{
	uint64_t due = p->flush_ns;

	/* What waits for the disk, not what waits to be settled. */
	if (p->failed && !p->under_way && p->queued < p->store->emitted && p->queued < p->goal &&
	    p->retry_ns < due)
		due = p->retry_ns;
	if (p->ending && !p->ended && p->failed && !p->gave_up && p->end_ns < due)
		due = p->end_ns;
	return due;
}
