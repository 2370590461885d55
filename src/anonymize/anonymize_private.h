/* anonymize_private.h - what the parts of anonymize share; for anonymize*.c alone
 *
 * Each part is given a walk and bytes [at, end) of its frame, at <= end <= caplen, and handles all
 * of them.
 */
#ifndef SECVF_ANONYMIZE_ANONYMIZE_PRIVATE_H
#define SECVF_ANONYMIZE_ANONYMIZE_PRIVATE_H

#include "anonymize/anonymize.h"

/* A checksum to be mended: of bytes [from, to) and of the addresses of a pseudo header. */
struct anonymize_sum {
	uint32_t field, from, to;
	uint32_t src, dst, address_bytes; /* address_bytes 0: no pseudo header */
	bool may_be_none;		  /* 0 says that there is none */
};

struct anonymize {
	struct anonymize_config config;
	struct anonymize_stats stats;
	struct pseudonym *pseudonym;
	unsigned char *before; /* the frame as it was */
	struct anonymize_sum sums[ANONYMIZE_SUMS_MAX];
	unsigned sum_count;
};

struct walk {
	struct anonymize *a;
	unsigned char *data;
	uint32_t caplen;
	unsigned depth;
	bool unknown, fragment; /* ... met in this frame */
};

/* An IP packet around what is looked at. */
struct around {
	uint32_t src, dst, address_bytes; /* of the pseudo header */
	bool fragment;			  /* it is the first of several */
};

/** anonymize_ipv4_at(), _ipv6_at(), _mac_at() - Replace an address whose bytes are all there */
void anonymize_ipv4_at(struct walk *w, uint32_t at);
void anonymize_ipv6_at(struct walk *w, uint32_t at);
void anonymize_mac_at(struct walk *w, uint32_t at);

/** anonymize_unknown() - Bytes that are not understood */
void anonymize_unknown(struct walk *w, uint32_t at, uint32_t end);

/** anonymize_payload() - Bytes that are content */
void anonymize_payload(struct walk *w, uint32_t at, uint32_t end);

/** anonymize_zero() - Bytes of no use but for whoever they tell of */
void anonymize_zero(struct walk *w, uint32_t at, uint32_t end);

/** anonymize_addresses() - A list of addresses of 4 or 16 bytes; what is left over is zeroed */
void anonymize_addresses(struct walk *w, uint32_t at, uint32_t end, uint32_t bytes);

/* anonymize_net.c: a packet of an EtherType, an IP packet, an Ethernet frame */
void anonymize_ethertype(struct walk *w, unsigned type, uint32_t at, uint32_t end);
void anonymize_ip(struct walk *w, uint32_t at, uint32_t end);
void anonymize_ethernet(struct walk *w, uint32_t at, uint32_t end);

/* anonymize_transport.c: what an IP packet carries */
void anonymize_transport(struct walk *w, unsigned proto, uint32_t at, uint32_t end,
			 const struct around *ip);

/** anonymize_sum() - A checksum to be mended once all is changed. Return: false where there is no
 * room, and nothing behind it may be changed */
bool anonymize_sum(struct walk *w, const struct anonymize_sum *sum);

/* anonymize_icmp.c */
void anonymize_icmp(struct walk *w, uint32_t at, uint32_t end);
void anonymize_icmpv6(struct walk *w, uint32_t at, uint32_t end);
void anonymize_igmp(struct walk *w, uint32_t at, uint32_t end);

/* anonymize_app.c */
void anonymize_dns(struct walk *w, uint32_t at, uint32_t end);
void anonymize_dhcp(struct walk *w, uint32_t at, uint32_t end);
void anonymize_dhcpv6(struct walk *w, uint32_t at, uint32_t end);
void anonymize_stream(struct walk *w, uint32_t at, uint32_t end); /* of TCP */

/** anonymize_name() - A DNS name without following pointers. Return: where it ends; @end where it
 * does not */
uint32_t anonymize_name(struct walk *w, uint32_t at, uint32_t end);

#endif
