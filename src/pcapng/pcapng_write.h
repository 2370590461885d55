/* pcapng_write.h - blocks of a pcapng file, laid out in memory
 *
 * All integers are little-endian on all machines, so that a file is the same wherever it was made.
 * Packets are enhanced packet blocks with time stamps in ns (if_tsresol 9).
 *
 *     0        4        8          12        16       20       24      28
 *     | type 6 | length | interface | ts high | ts low | caplen | len | data, options | length |
 *
 * Source: draft-ietf-opsawg-pcapng
 */
#ifndef SECVF_PCAPNG_PCAPNG_WRITE_H
#define SECVF_PCAPNG_PCAPNG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PCAPNG_SECTION	   0x0a0d0d0au
#define PCAPNG_INTERFACE   1u
#define PCAPNG_STATISTICS  5u
#define PCAPNG_PACKET	   6u

#define PCAPNG_PACKET_DATA 28u /* bytes of a packet block before its data */
#define PCAPNG_TAIL_BYTES  4u
/* Bytes of one option's value; longer text is cut to it, between two characters. */
#define PCAPNG_OPTION_MAX 65535u

/* epb_flags, bits 0 and 1 */
#define PCAPNG_INBOUND	1u
#define PCAPNG_OUTBOUND 2u

/** struct pcapng_packet - One packet as it is to be written; data is borrowed for the call */
struct pcapng_packet {
	const void *data;
	uint32_t caplen, len;
	uint64_t ts_ns; /* since 1970-01-01 UTC */
	uint32_t interface;
	uint32_t flags;	    /* epb_flags; 0: no such option */
	uint64_t dropcount; /* epb_dropcount; 0: no such option */
};

/** struct pcapng_counts - What an interface has seen; UINT64_MAX: not known, and left out */
struct pcapng_counts {
	uint64_t received, dropped, accepted, delivered; /* isb_ifrecv, _osdrop, _filteraccept,
							    _usrdeliv */
	uint64_t start_ns, end_ns;			 /* since 1970; 0: left out */
};

/** pcapng_put_section() - Section header; its texts may be NULL. Length unknown (-1), so that
 * blocks can be added */
void pcapng_put_section(struct buf *b, const char *hardware, const char *os,
			const char *application, const char *comment);

/** pcapng_put_interface() - Interface description with if_name, if_tsresol 9 and, where not NULL,
 * if_description; Ethernet where @linktype is 1 */
void pcapng_put_interface(struct buf *b, int linktype, uint32_t snaplen, const char *name,
			  const char *description);

/** pcapng_put_statistics() - Interface statistics, stamped @ts_ns */
void pcapng_put_statistics(struct buf *b, uint32_t interface, uint64_t ts_ns,
			   const struct pcapng_counts *counts);

/** pcapng_packet_bytes() - Length of the block that pcapng_packet() makes, a multiple of 4 */
uint32_t pcapng_packet_bytes(const struct pcapng_packet *p);

/**
 * pcapng_packet() - Lay out one enhanced packet block
 * @at:  Room for pcapng_packet_bytes(), aligned to 4
 * @p:   Packet
 *
 * The block's type is stored last, with release order: whoever scans a file that this is mapped
 * from, after the process was killed, finds a type of 0 in front of a block that is not whole.
 */
void pcapng_packet(unsigned char *at, const struct pcapng_packet *p);

/**
 * pcapng_put_commented() - A packet block once more, with a comment added to its options
 * @b:        Gets the new block
 * @block:    A whole enhanced packet block, little-endian
 * @comment:  UTF-8
 */
void pcapng_put_commented(struct buf *b, const unsigned char *block, const char *comment);

/** pcapng_pad() - @n rounded up to a multiple of 4 */
static inline uint32_t pcapng_pad(uint32_t n)
{
	return (n + 3) & ~3u;
}

#endif
