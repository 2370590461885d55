/* anonymize.h - frames without the addresses, names and contents that they had
 *
 * Theory of operation: one pass over the headers of a frame, in place; its length never changes.
 * Addresses and names are replaced by pseudonym.h, wherever a header is known to have some; what
 * the headers carry is kept, zeroed or replaced by noise, as asked. What is not understood (another
 * protocol, a header that is cut short or contradicts itself, what follows the packet in its frame)
 * is zeroed, kept, or has the frame dropped: from the last header that was understood to the end of
 * what belongs to it.
 *
 * Walked through: Ethernet, Linux cooked (1 and 2), null and loopback, raw IP; VLAN tags, MPLS,
 * PPPoE, LLC with SNAP, spanning tree; ARP; IPv4 with options, IPv6 with extension headers; TCP,
 * UDP, ICMP and the packets in its errors, ICMPv6 with neighbour discovery, MLD, IGMP; GRE, IP in
 * IP, VXLAN, Geneve; DNS, DHCP, DHCPv6; in what is kept, the Host of HTTP and the server name of
 * TLS. ANONYMIZE_DEPTH_MAX packets inside one another, no more.
 *
 * Checksums of IPv4, TCP, UDP, ICMP, ICMPv6, IGMP and GRE are mended by the difference that the
 * changes make (RFC 1624): one that was right is right, one that was wrong is wrong by as much, and
 * one of a packet that was not captured whole is what it would be if the rest had stayed as it was.
 * A UDP checksum of 0 (none) stays 0.
 *
 * Fragments: the first is handled as any packet that is cut short. What a later one carries is
 * content, whatever it was. The transport's checksum covers all of them: it stays right where
 * content is kept and no name in it changed, else it does not.
 *
 * Bounds: one frame at a time, FRAME_BYTES_MAX bytes; ANONYMIZE_SUMS_MAX checksums of a frame are
 * mended, and what lies deeper is not understood.
 *
 * Sources: as basic.h; RFC 1035 (DNS), 2131, 2132, 3442 (DHCP), 8415 (DHCPv6), 2784, 2890 (GRE),
 * 7348 (VXLAN), 8926 (Geneve), 4861, 8106 (neighbour discovery), 2710, 3810 (MLD), 3376 (IGMP),
 * 8446, 6066 (TLS), 9112 (HTTP)
 */
#ifndef SECVF_ANONYMIZE_ANONYMIZE_H
#define SECVF_ANONYMIZE_ANONYMIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "anonymize/pseudonym.h"

#define ANONYMIZE_DEPTH_MAX 8u
#define ANONYMIZE_SUMS_MAX  32u

enum anonymize_mode {
	ANONYMIZE_ZERO,
	ANONYMIZE_KEEP,
	ANONYMIZE_RANDOM, /* of content only */
	ANONYMIZE_DROP,	  /* of what is not understood only */
};

struct anonymize_config {
	struct pseudonym_config pseudonym;
	enum anonymize_mode payload; /* what protocols carry: ZERO, KEEP, RANDOM */
	enum anonymize_mode unknown; /* what is not understood: ZERO, KEEP, DROP */
};

struct anonymize_stats {
	uint64_t frames, dropped;
	uint64_t changed;		/* frames of which a byte is not what it was */
	uint64_t ipv4, ipv6, mac, name; /* that were changed */
	uint64_t payload;		/* contents that were zeroed or replaced */
	uint64_t sums;			/* checksums that were mended */
	uint64_t unknown;		/* frames with bytes that were not understood */
	uint64_t broken_sums;		/* fragments whose transport's checksum may be wrong now */
};

struct anonymize;

/** anonymize_open() - Return: NULL where memory ran out or the cipher fails */
struct anonymize *anonymize_open(const struct anonymize_config *config);

/**
 * anonymize_frame() - Anonymize one frame in place
 * @a:         Anonymizer; what it does depends on its key and the frame alone
 * @linktype:  LINKTYPE_
 * @data:      Frame, @caplen bytes
 * @caplen:    FRAME_BYTES_MAX at most
 *
 * Never reads or writes outside of @data, whatever the bytes.
 *
 * Return: false where the frame is to be dropped, as the configuration says; it is changed, too
 */
bool anonymize_frame(struct anonymize *a, int linktype, unsigned char *data, uint32_t caplen);

/** anonymize_stats() - What was done so far */
const struct anonymize_stats *anonymize_stats(const struct anonymize *a);

/** anonymize_close() - Forget the key, free; NULL is allowed */
void anonymize_close(struct anonymize *a);

#endif
