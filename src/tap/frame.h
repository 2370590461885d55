/* frame.h - one Ethernet frame as the switch forwarded it, shared by reference */
#ifndef SECVF_TAP_FRAME_H
#define SECVF_TAP_FRAME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Ports of one switch: 64 VMs, an uplink, and as many again to spare; two words of a set. */
#define PORTS_MAX 128

/* The longest frame that a libpcap record may hold: tshark ends its input on a longer one
 * (WTAP_MAX_PACKET_SIZE_STANDARD in Wireshark). */
#define FRAME_BYTES_MAX 262144u

/** struct port_set - A set of switch ports, by index */
struct port_set {
	uint64_t word[PORTS_MAX / 64];
};

static inline void port_set_add(struct port_set *s, unsigned port)
{
	s->word[port / 64] |= UINT64_C(1) << (port % 64);
}

static inline void port_set_remove(struct port_set *s, unsigned port)
{
	s->word[port / 64] &= ~(UINT64_C(1) << (port % 64));
}

static inline bool port_set_has(const struct port_set *s, unsigned port)
{
	return s->word[port / 64] >> (port % 64) & 1;
}

static inline bool port_set_meets(const struct port_set *a, const struct port_set *b)
{
	return ((a->word[0] & b->word[0]) | (a->word[1] & b->word[1])) != 0;
}

static inline bool port_set_empty(const struct port_set *s)
{
	return (s->word[0] | s->word[1]) == 0;
}

/**
 * struct frame - One frame; immutable once published
 *
 * Made by a source with one reference, which is the maker's. Whoever keeps it takes a
 * reference of its own; the last frame_unref() frees it, on whichever thread. To hand a frame of a
 * pool to another thread, take a reference for it: one that nobody took any of ends on the pool's.
 */
struct frame {
	atomic_uint refs;
	bool shared;	       /* frame_ref() was called */
	uint32_t caplen;       /* bytes in data, at most FRAME_BYTES_MAX */
	uint32_t len;	       /* bytes on the wire, as recorded; may be absurd in a hostile file */
	uint16_t ingress;      /* switch port that it came in by */
	uint64_t ts_ns;	       /* time stamp, ns since 1970-01-01 UTC */
	uint64_t serial;       /* 1, 2, ... in the order offered to the switch */
	uint64_t published_ns; /* monotonic ns when the switch published it */
	struct port_set ports; /* ingress, and every port that it was sent out of */
	struct frame_slab *slab; /* that holds it; NULL: it has an allocation of its own */
	unsigned char data[];
};

/**
 * frame_new() - Allocate a frame with one reference
 * @caplen:  Bytes of data, at most FRAME_BYTES_MAX; the caller fills them
 *
 * All other members are zero; frame->len is set to @caplen.
 *
 * Return: frame, or NULL where memory ran out
 */
struct frame *frame_new(uint32_t caplen);

/* A slab of a pool: hundreds of frames of mean size. One frame that is kept keeps its slab. */
#define FRAME_SLAB_BYTES (256u << 10)

/**
 * struct frame_pool - A source's supply of frames
 *
 * Theory of operation: frames come and go in order and by the million, so they are cut one after
 * the other from slabs; a slab is freed once its last frame is, on whichever thread. A frame that
 * would take more than a quarter of a slab is allocated by itself. Zero it to start.
 */
struct frame_pool {
	struct frame_slab *slab; /* being cut; NULL before the first frame */
};

/** frame_pool_new() - As frame_new(), from a pool. One thread at a time; the pool may go before its
 * frames */
struct frame *frame_pool_new(struct frame_pool *p, uint32_t caplen);

/** frame_pool_done() - The source ends; its frames live on */
void frame_pool_done(struct frame_pool *p);

/** frame_ref() - Take one more reference. Return: @f */
struct frame *frame_ref(struct frame *f);

/** frame_unref() - Give a reference back; the last one frees. NULL is allowed. */
void frame_unref(struct frame *f);

#endif
