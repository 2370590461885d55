/* matches.c - bitmaps of frame ids */
#include "analysis/matches.h"

#include <roaring/roaring.h>
#include <stdlib.h>

static roaring_bitmap_t *part(const struct matches *m, size_t i)
{
	return i < m->parts ? m->part[i] : NULL;
}

int matches_init(struct matches *m)
{
	*m = (struct matches){0};
	atomic_init(&m->judged, 1);
	return -pthread_mutex_init(&m->lock, NULL);
}

void matches_done(struct matches *m)
{
	for (size_t i = 0; i < m->parts; i++) {
		if (m->part[i])
			roaring_bitmap_free(m->part[i]);
	}
	free(m->part);
	pthread_mutex_destroy(&m->lock);
}

/* Under the lock. Return: NULL where memory ran out */
static roaring_bitmap_t *part_for(struct matches *m, size_t i)
{
	if (i >= m->parts) {
		void **grown = realloc(m->part, (i + 1) * sizeof(*grown));

		if (!grown)
			return NULL;
		m->part = grown;
		while (m->parts <= i)
			m->part[m->parts++] = NULL;
	}
	if (!m->part[i])
		m->part[i] = roaring_bitmap_create();
	return m->part[i];
}

void matches_add(struct matches *m, uint64_t id)
{
	roaring_bitmap_t *bits;

	pthread_mutex_lock(&m->lock);
	bits = part_for(m, id >> 32);
	if (!bits)
		m->failed = true;
	else if (roaring_bitmap_add_checked(bits, (uint32_t)id))
		atomic_fetch_add_explicit(&m->count, 1, memory_order_relaxed);
	pthread_mutex_unlock(&m->lock);
}

void matches_judge(struct matches *m, uint64_t id)
{
	/* Release: the matches below are there; pairs with matches_has(). */
	if (id > atomic_load_explicit(&m->judged, memory_order_relaxed))
		atomic_store_explicit(&m->judged, id, memory_order_release);
}

enum match matches_has(struct matches *m, uint64_t id)
{
	bool judged = id < atomic_load_explicit(&m->judged, memory_order_acquire);
	roaring_bitmap_t *bits;
	bool has;

	pthread_mutex_lock(&m->lock);
	bits = part(m, id >> 32);
	has = bits && roaring_bitmap_contains(bits, (uint32_t)id);
	pthread_mutex_unlock(&m->lock);
	return has ? MATCH_YES : judged ? MATCH_NO : MATCH_UNKNOWN;
}

size_t matches_list(struct matches *m, uint64_t rank, uint64_t *ids, size_t n)
{
	size_t got = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->parts && got < n; i++) {
		roaring_bitmap_t *bits = part(m, i);
		uint64_t here = bits ? roaring_bitmap_get_cardinality(bits) : 0;
		roaring_uint32_iterator_t at;
		uint32_t first;

		if (rank >= here) {
			rank -= here;
			continue;
		}
		roaring_bitmap_select(bits, (uint32_t)rank, &first);
		rank = 0;
		roaring_init_iterator(bits, &at);
		roaring_move_uint32_iterator_equalorlarger(&at, first);
		for (; at.has_value && got < n; roaring_advance_uint32_iterator(&at))
			ids[got++] = (uint64_t)i << 32 | at.current_value;
	}
	pthread_mutex_unlock(&m->lock);
	return got;
}

uint64_t matches_below(struct matches *m, uint64_t id)
{
	uint64_t below = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->parts && i <= id >> 32; i++) {
		roaring_bitmap_t *bits = part(m, i);

		if (bits && i < id >> 32)
			below += roaring_bitmap_get_cardinality(bits);
		else if (bits && (uint32_t)id)
			below += roaring_bitmap_rank(bits, (uint32_t)id - 1);
	}
	pthread_mutex_unlock(&m->lock);
	return below;
}

size_t matches_bytes(struct matches *m)
{
	size_t bytes = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->parts; i++) {
		if (part(m, i))
			bytes += roaring_bitmap_portable_size_in_bytes(part(m, i));
	}
	pthread_mutex_unlock(&m->lock);
	return bytes;
}
