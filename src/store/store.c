/* store.c - captured frames by id */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

_Static_assert(sizeof(struct slot) <= 32, "the bound of STORE_FRAMES_MAX counts 32 bytes a slot");
_Static_assert((FRAME_BYTES_MAX + 64) / 4 < 1u << 17, "the longest block fits slot.words");
_Static_assert(UNDECODED_CAUSES < 1 << 5, "each cause fits slot.cause");

int store_init(struct store *s, uint32_t limit)
{
	check(limit >= 1 && limit <= STORE_FRAMES_MAX);
	memset(s, 0, sizeof(*s));
	s->slot = calloc(limit, sizeof(s->slot[0]));
	s->segment = calloc((size_t)limit + 1, sizeof(struct segment *));
	if (!s->slot || !s->segment) {
		store_done(s);
		return -ENOMEM;
	}
	s->limit = limit;
	s->tail = s->emitted = s->shown = s->settled_to = s->head = 1;
	return 0;
}

static void slot_clear(struct slot *slot)
{
	if (slot->fields)
		free(slot->fields);
	if (slot->raw)
		free(slot->raw);
	memset(slot, 0, sizeof(*slot));
}

void store_done(struct store *s)
{
	for (uint64_t id = s->tail; id < s->head; id++)
		slot_clear(store_slot(s, id));
	for (uint64_t i = s->segment_tail; s->segment && i < s->segment_head; i++)
		segment_unref(s->segment[i % ((uint64_t)s->limit + 1)]);
	free(s->segment);
	free(s->slot);
	s->segment = NULL;
	s->slot = NULL;
}

struct slot *store_slot(struct store *s, uint64_t id)
{
	check(id >= s->tail && id < s->head);
	return &s->slot[id % s->limit];
}

bool store_full(const struct store *s)
{
	return store_at_bound(s) && s->emitted == s->tail;
}

static struct segment **segment_at(const struct store *s, uint64_t i)
{
	return &s->segment[i % ((uint64_t)s->limit + 1)];
}

uint64_t store_add(struct store *s, struct segment *segment, const unsigned char *block,
		   uint32_t bytes, unsigned shard)
{
	uint64_t id = s->head;
	struct slot *slot;

	check(!store_full(s));
	if (store_held(s) == s->limit)
		store_drop(s, false);
	if (s->segment_head == s->segment_tail || *segment_at(s, s->segment_head - 1) != segment)
		*segment_at(s, s->segment_head++) = segment_ref(segment);
	s->head++;
	slot = store_slot(s, id);
	slot->block = block;
	slot->words = bytes / 4 & 0x1ffff;
	slot->shard = shard & (SHARDS_MAX - 1);
	s->bytes += bytes;
	s->captured++;
	s->unsettled++;
	return id;
}

/* Let go of segments that no frame of is held any more. The newest may yet get frames. */
static void drop_segments(struct store *s)
{
	while (s->segment_head - s->segment_tail > 1 &&
	       (*segment_at(s, s->segment_tail + 1))->first_id <= s->tail)
		segment_unref(*segment_at(s, s->segment_tail++));
}

void store_drop(struct store *s, bool on_disk)
{
	struct slot *slot;

	check(s->tail < s->emitted);
	slot = store_slot(s, s->tail);
	s->bytes -= (uint64_t)slot->words * 4;
	slot_clear(slot);
	s->tail++;
	if (on_disk)
		s->spilled++;
	else
		s->discarded++;
	drop_segments(s);
}

/* Which segment a held frame lies in. */
static uint64_t segment_index(const struct store *s, uint64_t id)
{
	uint64_t low = s->segment_tail, high = s->segment_head;

	check(id >= s->tail && id < s->head);
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if ((*segment_at(s, middle))->first_id <= id)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct segment *store_segment(const struct store *s, uint64_t id)
{
	return *segment_at(s, segment_index(s, id));
}

uint64_t store_segment_end(const struct store *s, uint64_t id)
{
	uint64_t next = segment_index(s, id) + 1;

	return next == s->segment_head ? s->head : (*segment_at(s, next))->first_id;
}

static struct slot *settle(struct store *s, uint64_t id, enum slot_state state)
{
	struct slot *slot = store_slot(s, id);

	check(slot->state == SLOT_PENDING || slot->state == SLOT_FED);
	slot->state = state;
	s->unsettled--;
	return slot;
}

void store_decoded(struct store *s, uint64_t id, unsigned profile, struct decoded_fields *fields,
		   char *raw, uint32_t raw_n)
{
	struct slot *slot = settle(s, id, SLOT_DECODED);

	slot->fields = fields;
	slot->raw = raw;
	slot->raw_n = raw_n & SLOT_RAW_MAX;
	slot->profile = profile & 3;
	s->decoded++;
}

void store_undecoded(struct store *s, uint64_t id, enum undecoded cause)
{
	bool meant = cause != UNDECODED_NO_TSHARK && cause != UNDECODED_NOT_ASKED;
	struct slot *slot = settle(s, id, meant ? SLOT_SKIPPED : SLOT_BASIC);

	slot->cause = cause;
	s->cause[cause]++;
	s->undecoded++;
}

void store_backfilled(struct store *s, enum undecoded cause)
{
	check(s->cause[cause]);
	s->cause[cause]--;
	s->undecoded--;
	s->decoded++;
	s->backfilled++;
}

void store_recaused(struct store *s, enum undecoded before, enum undecoded now)
{
	check(s->cause[before]);
	s->cause[before]--;
	s->cause[now]++;
}

uint64_t store_unsettled(const struct store *s)
{
	return s->unsettled;
}

uint64_t store_oldest_unsettled(struct store *s)
{
	/* A cursor that only moves forward: each slot is stepped over once at most. */
	if (s->settled_to < s->emitted)
		s->settled_to = s->emitted;
	while (s->settled_to < s->head && store_slot(s, s->settled_to)->state >= SLOT_DECODED)
		s->settled_to++;
	return s->settled_to;
}

bool store_emit_ready(struct store *s)
{
	/* Those that had their rows, settled, while one before them was not. */
	while (s->emitted < s->shown && store_slot(s, s->emitted)->state >= SLOT_DECODED &&
	       !store_slot(s, s->emitted)->passed)
		s->emitted++;
	return s->emitted < s->head && store_slot(s, s->emitted)->state >= SLOT_DECODED;
}

struct slot *store_emit(struct store *s, uint64_t *id)
{
	if (!store_emit_ready(s))
		return NULL;
	*id = s->emitted++;
	if (s->shown < s->emitted)
		s->shown = s->emitted;
	return store_slot(s, *id);
}

struct slot *store_pass(struct store *s, uint64_t *id)
{
	struct slot *slot;

	if (s->shown == s->head)
		return NULL;
	*id = s->shown++;
	slot = store_slot(s, *id);
	slot->passed = slot->state < SLOT_DECODED;
	return slot;
}
