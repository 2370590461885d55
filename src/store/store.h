/* store.h - captured frames by id, with what is known of each
 *
 * Theory of operation: each captured frame gets the next id (1, 2, ...) and a slot. A slot is
 * PENDING until it is fed to tshark, FED until its record comes back, and then settled: DECODED,
 * BASIC or SKIPPED. Settled slots are emitted to subscribers strictly in the order of ids. The
 * store holds the newest `limit` frames: a frame that comes when it is full pushes the oldest out,
 * which must be settled and emitted by then (store_full() says when it isn't; the caller decides
 * who gives way). Frames lie in segments (segment.h), of which the store holds those that its
 * frames are in; one goes with its last frame, but the newest, which may get more: that goes with
 * the next frame dropped once a later segment has begun.
 *
 * A frame that is not settled may be passed: it has its row without, and those behind it have
 * theirs (store_pass()). It is emitted again once it is settled; until then it is held as any
 * other.
 *
 *     tail            emitted          settled_to       fed_to        head
 *      | emitted, kept   | settled, to emit | some settled  | pending     |
 *
 * State of a slot:  PENDING -> FED -> DECODED | SKIPPED,  PENDING -> BASIC | SKIPPED,
 *                   FED -> PENDING (its generation died; it is fed again)
 */
#ifndef SECVF_STORE_STORE_H
#define SECVF_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ledger.h"
#include "fanout/decoded.h"
#include "store/segment.h"

/* --buffer-frames. Default and bounds: a slot is 32 bytes, so the largest store's slots take 512
 * MiB. */
#define STORE_FRAMES	 100000u
#define STORE_FRAMES_MAX (1u << 24)

enum slot_state {
	SLOT_PENDING,
	SLOT_FED,
	SLOT_DECODED,
	SLOT_BASIC,
	SLOT_SKIPPED
};

#define SLOT_RAW_MAX ((1u << 27) - 1)
#define SHARDS_MAX   16u

struct slot {
	const unsigned char *block;    /* its packet block, in a segment that the store holds */
	struct decoded_fields *fields; /* owned; NULL where there are none */
	char *raw;		       /* owned; tshark's lines for -T ek */
	uint32_t raw_n : 27;	       /* below EK_LINE_BYTES_MAX, and an index line */
	uint32_t shard : 5;	       /* whose tshark decodes it */
	uint32_t words : 17;	       /* length of its block, in 32 bits each */
	uint32_t state : 3;	       /* enum slot_state */
	uint32_t cause : 5;	       /* enum undecoded, of BASIC and SKIPPED */
	uint32_t suspect : 2;	       /* generations that ended badly on this frame */
	uint32_t profile : 2;	       /* enum profile, of DECODED */
	uint32_t passed : 1;	       /* had its row before it was settled */
	uint32_t lost : 1;	       /* the file that it was in has gone */
};

/** struct store - Ids [tail, head) are held; the counters are those of the ledger */
struct store {
	struct slot *slot;
	struct segment **segment; /* ring of limit + 1: no more can hold limit frames */
	uint64_t segment_tail, segment_head;
	uint32_t limit;
	uint64_t bytes;				  /* of the blocks of the frames held */
	uint64_t bytes_max;			  /* --buffer-bytes; 0: only frames are bounded */
	uint64_t tail, emitted, settled_to, head; /* ids; 1-based */
	uint64_t shown; /* ids below have had their rows; emitted, or beyond where some were passed
			 */
	uint64_t captured, spilled, discarded;
	uint64_t unsettled; /* PENDING or FED; counted by itself, so that the ledger can be wrong */
	uint64_t decoded, backfilled; /* decoded: those among them */
	uint64_t cause[UNDECODED_CAUSES];
	uint64_t undecoded; /* sum of cause[] */
};

/** store_init() - @limit: frames held, 1 to STORE_FRAMES_MAX. Return: 0, or -ENOMEM */
int store_init(struct store *s, uint32_t limit);

/** store_done() - Free everything */
void store_done(struct store *s);

/** store_slot() - Slot of an id in [tail, head) */
struct slot *store_slot(struct store *s, uint64_t id);

/** store_full() - Whether the next frame would push out one that is not yet settled and emitted */
bool store_full(const struct store *s);

/**
 * store_add() - Capture a frame; where the store is at its limit, the oldest is discarded
 * @segment:  That it lies in; a reference is taken. The same as the last frame's, or a later one
 * @block:    Its packet block, right behind the last frame's where the segment is the same
 * @bytes:    Length of the block
 * @shard:    Whose tshark is to decode it, below SHARDS_MAX
 *
 * Not where store_full(). Return: its id
 */
uint64_t store_add(struct store *s, struct segment *segment, const unsigned char *block,
		   uint32_t bytes, unsigned shard);

/** store_at_bound() - Whether one more frame would be more than the store is to hold */
static inline bool store_at_bound(const struct store *s)
{
	return s->head - s->tail == s->limit ||
	       (s->bytes_max && s->bytes >= s->bytes_max && s->head > s->tail);
}

/** store_held() - Frames held */
static inline uint64_t store_held(const struct store *s)
{
	return s->head - s->tail;
}

/** store_drop() - The oldest frame goes; it must be settled and emitted. Counted as spilled where
 * it is on disk, else as discarded */
void store_drop(struct store *s, bool on_disk);

/** store_segment_end() - Id behind the last held frame of the segment that frame @id lies in */
uint64_t store_segment_end(const struct store *s, uint64_t id);

/** store_segment() - The segment that a held frame lies in; borrowed while the frame is held */
struct segment *store_segment(const struct store *s, uint64_t id);

/** store_decoded() - Settle a frame with tshark's decode, of enum profile @profile; @fields and
 * @raw are taken, either may be NULL; @raw_n: at most SLOT_RAW_MAX */
void store_decoded(struct store *s, uint64_t id, unsigned profile, struct decoded_fields *fields,
		   char *raw, uint32_t raw_n);

/** store_undecoded() - Settle a frame without: SLOT_BASIC where nobody meant to decode it, else
 * SLOT_SKIPPED */
void store_undecoded(struct store *s, uint64_t id, enum undecoded cause);

/** store_backfilled() - A frame that was undecoded for @cause has been decoded after all. Its slot
 * may have gone */
void store_backfilled(struct store *s, enum undecoded cause);

/** store_recaused() - It was tried again, and is undecoded for @now */
void store_recaused(struct store *s, enum undecoded before, enum undecoded now);

/** store_unsettled() - Frames captured and not settled: the ledger's in_flight */
uint64_t store_unsettled(const struct store *s);

/** store_oldest_unsettled() - Id of the oldest frame not settled, or head where there is none */
uint64_t store_oldest_unsettled(struct store *s);

/**
 * store_emit() - Take the next settled frame, in order, for subscribers
 * @s:   Store
 * @id:  Set to its id
 *
 * Return: slot, borrowed until the next call on @s (fields and raw may be moved out); NULL where
 * the next frame is not settled. One that was passed has had its row
 */
struct slot *store_emit(struct store *s, uint64_t *id);

/** store_pass() - Where store_emit() gives none: the next frame that has had no row, settled or
 * not, for a row. NULL where there is none */
struct slot *store_pass(struct store *s, uint64_t *id);

/** store_emit_ready() - Whether store_emit() would give one */
bool store_emit_ready(struct store *s);

#endif
