/* store.c - captured frames by id */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

_Static_assert(sizeof(struct slot) <= 48, "the bound of STORE_FRAMES_MAX counts 48 bytes a slot");

int store_init(struct store *s, uint32_t limit)
{
	check(limit >= 1 && limit <= STORE_FRAMES_MAX);
	memset(s, 0, sizeof(*s));
	s->slot = calloc(limit, sizeof(s->slot[0]));
	if (!s->slot)
		return -ENOMEM;
	s->limit = limit;
	s->tail = s->emitted = s->settled_to = s->head = 1;
	return 0;
}

static void slot_clear(struct slot *slot)
{
	frame_unref(slot->frame);
	free(slot->fields);
	free(slot->raw);
	memset(slot, 0, sizeof(*slot));
}

void store_done(struct store *s)
{
	for (uint64_t id = s->tail; id < s->head; id++)
		slot_clear(store_slot(s, id));
	free(s->slot);
	s->slot = NULL;
}

struct slot *store_slot(struct store *s, uint64_t id)
{
	check(id >= s->tail && id < s->head);
	return &s->slot[id % s->limit];
}

bool store_full(const struct store *s)
{
	return s->head - s->tail == s->limit && s->emitted == s->tail;
}

uint64_t store_add(struct store *s, struct frame *f)
{
	uint64_t id = s->head;
	struct slot *slot;

	check(!store_full(s));
	if (s->head - s->tail == s->limit) {
		slot_clear(store_slot(s, s->tail));
		s->tail++;
		s->discarded++;
	}
	s->head++;
	slot = store_slot(s, id);
	slot->frame = f;
	s->captured++;
	s->unsettled++;
	return id;
}

static struct slot *settle(struct store *s, uint64_t id, enum slot_state state)
{
	struct slot *slot = store_slot(s, id);

	check(slot->state == SLOT_PENDING || slot->state == SLOT_FED);
	slot->state = (uint8_t)state;
	s->unsettled--;
	return slot;
}

void store_decoded(struct store *s, uint64_t id, struct decoded_fields *fields, char *raw,
		   uint32_t raw_n)
{
	struct slot *slot = settle(s, id, SLOT_DECODED);

	slot->fields = fields;
	slot->raw = raw;
	slot->raw_n = raw_n;
	s->decoded++;
}

void store_undecoded(struct store *s, uint64_t id, enum undecoded cause)
{
	bool meant = cause != UNDECODED_NO_TSHARK && cause != UNDECODED_NOT_ASKED;
	struct slot *slot = settle(s, id, meant ? SLOT_SKIPPED : SLOT_BASIC);

	slot->cause = (uint8_t)cause;
	s->cause[cause]++;
	s->undecoded++;
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
	return s->emitted < s->head && store_slot(s, s->emitted)->state >= SLOT_DECODED;
}

struct slot *store_emit(struct store *s, uint64_t *id)
{
	if (!store_emit_ready(s))
		return NULL;
	*id = s->emitted++;
	return store_slot(s, *id);
}
