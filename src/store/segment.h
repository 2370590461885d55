/* segment.h - captured frames in memory, laid out as they will be on disk
 *
 * Theory of operation: the tap lays each accepted frame out, once, as an enhanced packet block of
 * pcapng, at the end of the open segment. Everything that reads frames reads them there, by
 * reference: the feed, the basic decode, subscribers; and spilling a segment is writing its bytes.
 * The switch's thread appends; whoever was told of a block (by a ring, which orders it) may read
 * that block and all before it. A segment is freed by the last unref, on whichever thread, or goes
 * back to the pool that it came from: a fresh one costs a page fault for each 4 KiB of it.
 *
 *     base                                             used            cap
 *      | interface blocks | packet | packet | ... | packet | not laid out yet |
 *
 * Interface blocks stand at the start: a port that appears later begins a segment, but in a
 * journal's, which is a file of its own and takes them anywhere. Those of
 * ports 0 to interfaces - 1 were declared before the segment; a file that starts with it declares
 * these first.
 */
#ifndef SECVF_STORE_SEGMENT_H
#define SECVF_STORE_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pcapng/pcapng_write.h"
#include "tap/frame.h"

/* 2,500 frames of mean size; small enough that a spilled half frees memory in steps. */
#define SEGMENT_BYTES (1u << 20)
/* Frames in one at most, so that a small buffer is many segments; their marks take 32 KiB. */
#define SEGMENT_FRAMES 4096u
/* Room for each where few are to be in one: an Ethernet frame of full length and more. */
#define SEGMENT_FRAME_BYTES 2048u
/* Marks count microseconds in 32 bits: a segment older than an hour takes no more frames. */
#define SEGMENT_AGE_NS UINT64_C(3600000000000)

/** struct segment_mark - What is known of a frame beside its block */
struct segment_mark {
	uint32_t us;	/* when it was published, after the segment's opened_ns */
	uint32_t bytes; /* of its block */
};

struct segment {
	atomic_uint refs;
	uint32_t cap;	      /* bytes at base */
	uint32_t frames_max;  /* marks at mark */
	uint32_t used;	      /* switch's thread, until another segment is begun */
	uint32_t frames;      /* likewise */
	uint32_t interfaces;  /* declared before its first block */
	uint32_t declares;    /* declared by its first blocks */
	uint32_t first_bytes; /* bytes before its first packet block */
	uint64_t first_id;    /* of its first frame */
	uint64_t opened_ns;   /* monotonic; published_ns of its first frame */
	unsigned char *base;
	struct segment_mark *mark; /* of frame first_id + i */
	uint64_t age_ns_max; /* it takes no frame that is published later than this after the first
			      */
	struct segment_pool *pool; /* to go back to; NULL: none */
	struct segment *next;	   /* in the pool */
	/* Journal: base is mapped from a file of its own, whose header is laid out already */
	struct journal_file *file; /* NULL: memory */
	uint32_t first_at; /* where the section's comment has room for first_id, in 20 digits */
	void (*unmap)(struct segment *s); /* gives base and file back */
};

/**
 * struct segment_pool - Segments of one size that were given back
 *
 * A stack that any thread pushes to and one pops from, so that what it pops cannot have been popped
 * and pushed again meanwhile. It lives until its maker and the last of its segments have let go.
 */
struct segment_pool {
	_Atomic(struct segment *) spare;
	atomic_uint spares, refs;
	atomic_bool closed;
	uint32_t bytes, frames_max, spares_max;
};

/** struct packet_view - A view of one packet block; data is borrowed as long as its segment is */
struct packet_view {
	const unsigned char *data;
	uint32_t caplen, len;
	uint64_t ts_ns;
	uint32_t interface; /* the port that it came in by */
};

/** segment_new() - In memory, one reference. Return: segment, or NULL where memory ran out */
struct segment *segment_new(uint32_t bytes, uint32_t frames_max);

/** segment_over() - Likewise over memory of the caller's, who sets unmap; NULL: as segment_new().
 * On failure @base is still the caller's */
struct segment *segment_over(unsigned char *base, uint32_t bytes, uint32_t frames_max);

/** segment_pool_new() - Of segments as segment_new() makes them; @spares_max of them are kept.
 * Return: pool, or NULL where memory ran out */
struct segment_pool *segment_pool_new(uint32_t bytes, uint32_t frames_max, uint32_t spares_max);

/** segment_pool_take() - One thread at a time. Return: as segment_new() */
struct segment *segment_pool_take(struct segment_pool *p);

/** segment_pool_close() - Its maker, who takes no more, lets go; NULL is allowed */
void segment_pool_close(struct segment_pool *p);

/** segment_ref() - One more reference, for who holds one. Return: @s */
struct segment *segment_ref(struct segment *s);

/** segment_unref() - NULL is allowed */
void segment_unref(struct segment *s);

/** segment_has() - Whether @block lies in @s */
static inline bool segment_has(const struct segment *s, const unsigned char *block)
{
	return (uintptr_t)block - (uintptr_t)s->base < s->cap;
}

/** block_bytes() - Length of a whole block */
uint32_t block_bytes(const unsigned char *block);

/** block_is_packet() - Whether it is a frame's */
static inline bool block_is_packet(const unsigned char *block)
{
	return le32_load(block) == PCAPNG_PACKET;
}

/**
 * block_find() - Step over blocks to that of a frame
 * @p:     Blocks, little-endian, from a file even
 * @n:     Bytes at @p; the last block may be cut short
 * @at:    Byte to begin at; then the first that was not stepped over
 * @id:    Of the first frame from @at on; likewise
 * @want:  Frame wanted
 *
 * Return: whether @want's block, whole, is at @at. If not, what is there is not a whole block, or
 * says of itself what cannot be
 */
bool block_find(const unsigned char *p, uint64_t n, uint64_t *at, uint64_t *id, uint64_t want);

/** packet_of() - What a packet block says */
struct packet_view packet_of(const unsigned char *block);

/** segment_published() - Monotonic ns at which frame @id, of this segment, was published */
uint64_t segment_published(const struct segment *s, uint64_t id);

#endif
