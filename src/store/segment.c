/* segment.c - captured frames in memory, laid out as they will be on disk */
#include "store/segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pcapng/pcapng_write.h"

struct segment *segment_new(uint32_t bytes, uint32_t frames_max)
{
	return segment_over(NULL, bytes, frames_max);
}

struct segment *segment_over(unsigned char *base, uint32_t bytes, uint32_t frames_max)
{
	struct segment *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->cap = bytes;
	s->frames_max = frames_max;
	s->age_ns_max = SEGMENT_AGE_NS;
	s->stamp = malloc(frames_max * sizeof(s->stamp[0]));
	s->base = base ? base : malloc(bytes);
	if (s->stamp && s->base)
		return s;
	if (base)
		s->base = NULL;
	segment_unref(s);
	return NULL;
}

struct segment *segment_ref(struct segment *s)
{
	/* Relaxed: who takes a reference holds one already. */
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void segment_unref(struct segment *s)
{
	/* Release: our reads come before the free by the last owner (acquire). */
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (s->unmap)
		s->unmap(s);
	else
		free(s->base);
	free(s->stamp);
	free(s);
}

uint32_t block_bytes(const unsigned char *block)
{
	return le32_load(block + 4);
}

struct packet_view packet_of(const unsigned char *block)
{
	return (struct packet_view){
		.data = block + PCAPNG_PACKET_DATA,
		.caplen = le32_load(block + 20),
		.len = le32_load(block + 24),
		.ts_ns = (uint64_t)le32_load(block + 12) << 32 | le32_load(block + 16),
		.interface = le32_load(block + 8),
	};
}

uint64_t segment_published(const struct segment *s, uint64_t id)
{
	return s->opened_ns + (uint64_t)s->stamp[id - s->first_id] * 1000;
}
