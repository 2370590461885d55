/* shrink.c - the search for the smallest capture that still does it */
#include "shrink/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

#define TRIED_SLOTS (2 * SHRINK_TRIED_MAX) /* half of them empty at least */

_Static_assert((TRIED_SLOTS & (TRIED_SLOTS - 1)) == 0, "slots are found by a mask");

static const char *const names[] = {"flows", "frames", "lengths", "tails", "zeros", "cuts"};

_Static_assert(sizeof(names) / sizeof(names[0]) == SHRINK_STAGES, "a name for each stage");

const char *shrink_stage_name(enum shrink_stage stage)
{
	check(stage < SHRINK_STAGES);
	return names[stage];
}

/* ---- the specimen, counted ---- */

static const struct specimen_item *item_at(const struct shrink *s, size_t i)
{
	return &s->specimen->items[i];
}

static uint64_t nonzero(const unsigned char *p, size_t n)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += p[i] != 0;
	return count;
}

#define GONE UINT32_MAX

static void rank_flows(struct shrink *s)
{
	for (uint32_t f = 0; f < s->specimen->flows; f++)
		s->flow_rank[f] = GONE;
	for (size_t i = 0; i < s->specimen->count; i++)
		s->flow_rank[item_at(s, i)->flow] = 0;
	s->flows_left = 0;
	for (uint32_t f = 0; f < s->specimen->flows; f++) {
		if (s->flow_rank[f] != GONE)
			s->flow_rank[f] = s->flows_left++;
	}
}

static void count(struct shrink *s)
{
	rank_flows(s);
	for (size_t i = 0; i < s->specimen->count; i++) {
		const struct specimen_item *item = item_at(s, i);
		uint32_t bytes = item->frame ? item->caplen : 0;

		s->bytes_before[i + 1] = s->bytes_before[i] + bytes;
		s->nonzero_before[i + 1] =
			s->nonzero_before[i] + nonzero(specimen_data(s->specimen, item), bytes);
	}
}

/* Units that a stage drops. */
static uint64_t units(const struct shrink *s, enum shrink_stage stage)
{
	switch (stage) {
	case SHRINK_FLOWS: return s->flows_left;
	case SHRINK_CUTS: return s->bytes_before[s->specimen->count];
	case SHRINK_ZEROS: return s->nonzero_before[s->specimen->count];
	default: return s->specimen->count;
	}
}

/* ---- a try as an edit ---- */

struct editing {
	const struct shrink *s;
	const struct shrink_try *t;
};

static bool within(const struct shrink_try *t, uint64_t unit)
{
	return unit >= t->at && unit - t->at < t->piece;
}

/* The units of item @i that the try takes, as [*from, *to) among those of the item. */
static bool overlap(const struct shrink_try *t, const uint64_t *before, size_t i, uint64_t *from,
		    uint64_t *to)
{
	uint64_t first = before[i], last = before[i + 1];

	if (t->at + t->piece <= first || t->at >= last)
		return false;
	*from = t->at > first ? t->at - first : 0;
	*to = (t->at + t->piece < last ? t->at + t->piece : last) - first;
	return true;
}

static void edit_cut(const struct specimen_item *item, uint32_t at, uint32_t bytes,
		     struct specimen_edit *e)
{
	e->cut_at = at;
	e->cut_bytes = bytes;
	e->len = item->len > bytes ? item->len - bytes : 0;
}

/* From the first to the last byte of those that are not 0 in [@from, @to); what lies between
 * them is 0 already. */
static void edit_zero(const struct shrink *s, const struct specimen_item *item, uint64_t from,
		      uint64_t to, struct specimen_edit *e)
{
	const unsigned char *data = specimen_data(s->specimen, item);
	uint64_t rank = 0;

	for (uint32_t i = 0; i < item->caplen && rank < to; i++) {
		if (!data[i])
			continue;
		if (rank == from)
			e->zero_at = i;
		if (rank >= from)
			e->zero_bytes = i + 1 - e->zero_at;
		rank++;
	}
}

static void edit(void *ctx, size_t i, struct specimen_edit *e)
{
	const struct editing *editing = ctx;
	const struct shrink *s = editing->s;
	const struct shrink_try *t = editing->t;
	const struct specimen_item *item = item_at(s, i);
	uint64_t from, to;

	switch (t->stage) {
	case SHRINK_FLOWS: e->gone = within(t, s->flow_rank[item->flow]); break;
	case SHRINK_FRAMES: e->gone = within(t, i); break;
	case SHRINK_LENGTHS:
		if (item->frame && within(t, i))
			e->len = item->caplen;
		break;
	case SHRINK_TAILS:
		if (item->frame && within(t, i)) {
			uint32_t tail = t->tail < item->caplen ? t->tail : item->caplen;

			edit_cut(item, item->caplen - tail, tail, e);
		}
		break;
	case SHRINK_CUTS:
		if (overlap(t, s->bytes_before, i, &from, &to))
			edit_cut(item, (uint32_t)from, (uint32_t)(to - from), e);
		break;
	case SHRINK_ZEROS:
		if (overlap(t, s->nonzero_before, i, &from, &to))
			edit_zero(s, item, from, to, e);
		break;
	case SHRINK_STAGES: break;
	}
}

bool shrink_candidate(const struct shrink *s, const struct shrink_try *t, struct buf *out,
		      struct err *err)
{
	struct editing editing = {s, t};

	return specimen_write(s->specimen, edit, &editing, out, err);
}

static void drop(void *ctx, size_t i, struct specimen_edit *e)
{
	(void)ctx;
	(void)i;
	e->gone = true;
}

bool shrink_empty(const struct shrink *s, struct buf *out, struct err *err)
{
	return specimen_write(s->specimen, drop, NULL, out, err);
}

/* ---- where the search stands ---- */

/* The longest frame among the items of the try. */
static uint32_t longest(const struct shrink *s, const struct shrink_try *t)
{
	uint32_t most = 0;

	for (uint64_t i = t->at; i < s->specimen->count && i - t->at < t->piece; i++) {
		const struct specimen_item *item = item_at(s, (size_t)i);

		if (item->frame && item->caplen > most)
			most = item->caplen;
	}
	return most;
}

static bool lengths_differ(const struct shrink *s, const struct shrink_try *t)
{
	for (uint64_t i = t->at; i < s->specimen->count && i - t->at < t->piece; i++) {
		const struct specimen_item *item = item_at(s, (size_t)i);

		if (item->frame && item->caplen != item->len)
			return true;
	}
	return false;
}

static void stage_begin(const struct shrink *s, struct shrink_try *t, enum shrink_stage stage)
{
	uint64_t n = units(s, stage);

	t->stage = stage;
	t->at = 0;
	t->begun = s->successes;
	/* Without all of it was tried before the search. */
	t->piece = stage == SHRINK_FLOWS || stage == SHRINK_FRAMES ? (n + 1) / 2 : n;
	t->tail = stage == SHRINK_TAILS ? longest(s, t) : 0;
}

/* From a stage that came to its end to the next one that there is something to do for. */
static void stage_end(const struct shrink *s, struct shrink_try *t)
{
	unsigned stage = t->stage;

	if (t->begun == s->successes)
		t->settled[stage] = s->successes + 1;
	for (unsigned i = 0; i < SHRINK_STAGES; i++) {
		stage = (stage + 1) % SHRINK_STAGES;
		if (s->stages >> stage & 1 && t->settled[stage] != s->successes + 1) {
			stage_begin(s, t, (enum shrink_stage)stage);
			return;
		}
	}
	t->stage = SHRINK_STAGES;
}

static bool gallops(enum shrink_stage stage)
{
	return stage == SHRINK_CUTS || stage == SHRINK_ZEROS;
}

/* The try stands behind the last unit: pieces get smaller, or the stage ends. */
static void pass_end(const struct shrink *s, struct shrink_try *t)
{
	uint64_t by = t->stage == SHRINK_TAILS ? 4 : 2;

	if (t->piece <= 1 || gallops(t->stage)) {
		stage_end(s, t);
		return;
	}
	t->piece = (t->piece + by - 1) / by;
	t->at = 0;
	if (t->stage == SHRINK_TAILS)
		t->tail = longest(s, t);
}

static bool changes_something(const struct shrink *s, const struct shrink_try *t)
{
	if (t->stage == SHRINK_LENGTHS)
		return lengths_differ(s, t);
	return t->stage != SHRINK_TAILS || t->tail > 0;
}

static void step(const struct shrink *s, struct shrink_try *t)
{
	if (t->stage == SHRINK_TAILS && t->tail > 1) {
		t->tail /= 2;
	} else if (gallops(t->stage) && t->piece > 1) {
		t->piece /= 2;
	} else {
		t->at += t->piece;
		t->tail = t->stage == SHRINK_TAILS ? longest(s, t) : 0;
	}
}

/* From wherever it stands to the nearest try that changes something. */
static void settle(const struct shrink *s, struct shrink_try *t)
{
	while (!shrink_over(t)) {
		uint64_t n = units(s, t->stage);

		if (t->at >= n) {
			pass_end(s, t);
		} else if (!changes_something(s, t)) {
			step(s, t);
		} else {
			if (gallops(t->stage) && t->piece > n - t->at)
				t->piece = n - t->at;
			return;
		}
	}
}

void shrink_next(const struct shrink *s, struct shrink_try *t)
{
	check(!shrink_over(t));
	step(s, t);
	settle(s, t);
}

void shrink_success(struct shrink *s, struct shrink_try *t)
{
	struct editing editing = {s, t};

	check(!shrink_over(t));
	specimen_apply(s->specimen, edit, &editing);
	s->successes++;
	count(s);
	/* What is behind the piece has moved to its place, or is to be looked at once more. */
	if (gallops(t->stage))
		t->piece *= 2;
	else if (t->stage == SHRINK_LENGTHS)
		t->at += t->piece;
	if (t->stage == SHRINK_TAILS) {
		uint32_t most = longest(s, t);

		if (t->tail > most)
			t->tail = most;
	}
	settle(s, t);
}

/* ---- what was tried ---- */

/* Eight bytes a step: candidates of the first stages are as long as the capture. */
uint64_t shrink_hash(const struct buf *candidate)
{
	const unsigned char *p = (const unsigned char *)candidate->p;
	uint64_t hash = candidate->n * UINT64_C(0x9e3779b97f4a7c15) + 1;
	unsigned char rest[8] = {0};
	size_t n = candidate->n;

	for (; n >= 8; n -= 8, p += 8) {
		hash = (hash ^ le64_load(p)) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	if (n)
		memcpy(rest, p, n);
	hash = (hash ^ le64_load(rest)) * UINT64_C(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 29;
	return hash ? hash : 1;
}

static uint64_t *tried_slot(const struct shrink *s, uint64_t hash)
{
	size_t at = (size_t)hash & (TRIED_SLOTS - 1);

	while (s->tried[at] && s->tried[at] != hash)
		at = (at + 1) & (TRIED_SLOTS - 1);
	return &s->tried[at];
}

bool shrink_tried(const struct shrink *s, uint64_t hash)
{
	return *tried_slot(s, hash) == hash;
}

void shrink_remember(struct shrink *s, uint64_t hash)
{
	uint64_t *slot = tried_slot(s, hash);

	if (*slot || s->tried_count == SHRINK_TRIED_MAX)
		return;
	*slot = hash;
	s->tried_count++;
}

/* ---- start and end ---- */

bool shrink_init(struct shrink *s, struct specimen *specimen, unsigned stages,
		 struct shrink_try *first)
{
	memset(s, 0, sizeof(*s));
	memset(first, 0, sizeof(*first));
	s->specimen = specimen;
	s->stages = stages;
	s->bytes_before = calloc(specimen->count + 1, sizeof(uint64_t));
	s->nonzero_before = calloc(specimen->count + 1, sizeof(uint64_t));
	s->flow_rank = calloc((size_t)specimen->flows + 1, sizeof(uint32_t));
	s->tried = calloc(TRIED_SLOTS, sizeof(uint64_t));
	if (!s->bytes_before || !s->nonzero_before || !s->flow_rank || !s->tried)
		return false;
	count(s);
	/* As if the last stage had come to its end, with a success. */
	first->stage = SHRINK_STAGES - 1;
	first->begun = UINT64_MAX;
	stage_end(s, first);
	settle(s, first);
	return true;
}

void shrink_done(struct shrink *s)
{
	free(s->bytes_before);
	free(s->nonzero_before);
	free(s->flow_rank);
	free(s->tried);
	memset(s, 0, sizeof(*s));
}
