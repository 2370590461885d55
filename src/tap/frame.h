/* frame.h - one Ethernet frame as the switch forwards it */
#ifndef SECVF_TAP_FRAME_H
#define SECVF_TAP_FRAME_H

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
 * struct frame - One frame, on its way through the switch
 *
 * A view of its source's bytes, for the time of the call: who keeps a frame copies it. A tap does
 * so once, into the place where everybody reads it from then on (store/segment.h).
 */
struct frame {
	const unsigned char *data;
	uint32_t caplen;       /* bytes at data, at most FRAME_BYTES_MAX */
	uint16_t ingress;      /* switch port that it came in by */
	uint64_t ts_ns;	       /* time stamp, ns since 1970-01-01 UTC */
	uint64_t serial;       /* 1, 2, ... in the order offered to the switch */
	uint64_t published_ns; /* monotonic ns when the switch published it */
	struct port_set ports; /* ingress, and every port that it was sent out of */
	uint32_t len;	       /* bytes on the wire, as recorded; may be absurd in a hostile file */
};

#endif
