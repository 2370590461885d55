/* blocks.h - frames laid out as packet blocks in segments, for tests */
#ifndef SECVF_TESTS_BLOCKS_H
#define SECVF_TESTS_BLOCKS_H

#include <stdint.h>

#include "base/check.h"
#include "pcapng/pcapng_write.h"
#include "store/segment.h"

/* A segment for frames from @first_id on, at 0 on the clock; one reference. */
static inline struct segment *blocks_begin(uint32_t bytes, uint32_t frames_max, uint64_t first_id)
{
	struct segment *s = segment_new(bytes, frames_max);

	check(s != NULL);
	s->first_id = first_id;
	return s;
}

/* Lays a frame out as the tap does, published at 0. Return: its block */
static inline const unsigned char *blocks_put(struct segment *s, const struct pcapng_packet *p)
{
	unsigned char *block = s->base + s->used;

	check(s->frames < s->frames_max && s->cap - s->used >= pcapng_packet_bytes(p));
	pcapng_packet(block, p);
	s->used += pcapng_packet_bytes(p);
	s->mark[s->frames++] = (struct segment_mark){.bytes = pcapng_packet_bytes(p)};
	return block;
}

/* A segment of one frame, which is its first block. One reference */
static inline struct segment *blocks_one(const struct pcapng_packet *p, uint64_t id)
{
	struct segment *s = blocks_begin(pcapng_packet_bytes(p), 1, id);

	blocks_put(s, p);
	return s;
}

/* A segment of @frames from @first_id on, each of 100 zeros and with its id as time stamp. One
 * reference */
static inline struct segment *blocks_run(uint64_t first_id, unsigned frames)
{
	static const unsigned char zeros[100];
	struct pcapng_packet p = {.data = zeros, .caplen = 100, .len = 100};
	struct segment *s = blocks_begin(frames * pcapng_packet_bytes(&p), frames, first_id);

	for (unsigned i = 0; i < frames; i++) {
		p.ts_ns = first_id + i;
		blocks_put(s, &p);
	}
	return s;
}

#endif
