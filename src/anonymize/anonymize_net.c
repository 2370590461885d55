/* anonymize_net.c - Ethernet and what may lie between it and IP, ARP, IP */
#include <string.h>

#include "anonymize/anonymize_private.h"
#include "base/bytes.h"
#include "basic/basic_names.h"

enum {
	ETH_BYTES = 14,
	TAG_BYTES = 4,
	LABEL_BYTES = 4,
	LABEL_LAST = 1, /* of its third byte */
	PPPOE_BYTES = 8,
	ARP_BYTES = 28,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TAGS_MAX = 16,
	EXTENSIONS_MAX = 16,
	STP_BYTES = 35,
};

enum {
	TYPE_LENGTH_MAX = 1500,
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_RARP = 0x8035,
	TYPE_TEB = 0x6558, /* an Ethernet frame */
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE = 0x8864,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
};

enum {
	FRAGMENT_MORE = 0x2000,
	FRAGMENT_OFFSET = 0x1fff,
	FRAGMENT6_OFFSET = 0xfff8,
	FRAGMENT6_MORE = 1,
};

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- below IP ---- */

static void arp(struct walk *w, uint32_t at, uint32_t end)
{
	/* Ethernet and IPv4 alone are understood. */
	if (end - at < ARP_BYTES || memcmp(w->data + at, "\0\1\x08\0\6\4", 6) != 0) {
		anonymize_unknown(w, at, end);
		return;
	}
	anonymize_mac_at(w, at + 8);
	anonymize_ipv4_at(w, at + 14);
	anonymize_mac_at(w, at + 18);
	anonymize_ipv4_at(w, at + 24);
	anonymize_unknown(w, at + ARP_BYTES, end);
}

static void mpls(struct walk *w, uint32_t at, uint32_t end)
{
	for (unsigned i = 0; i < TAGS_MAX && end - at >= LABEL_BYTES; i++) {
		bool last = w->data[at + 2] & LABEL_LAST;

		at += LABEL_BYTES;
		if (last && at < end && (w->data[at] >> 4 == 4 || w->data[at] >> 4 == 6)) {
			anonymize_ip(w, at, end);
			return;
		}
		if (last)
			break;
	}
	anonymize_unknown(w, at, end);
}

static void pppoe(struct walk *w, uint32_t at, uint32_t end)
{
	unsigned ppp;

	if (end - at < PPPOE_BYTES) {
		anonymize_unknown(w, at, end);
		return;
	}
	ppp = be16_load(w->data + at + 6);
	if (ppp == PPP_IPV4 || ppp == PPP_IPV6)
		anonymize_ip(w, at + PPPOE_BYTES, end);
	else
		anonymize_unknown(w, at + PPPOE_BYTES, end);
}

/* 802.2: SNAP with an EtherType, spanning tree with the addresses of bridges. */
static void llc(struct walk *w, uint32_t at, uint32_t end)
{
	const unsigned char *p = w->data + at;

	if (end - at >= 8 && w->depth < ANONYMIZE_DEPTH_MAX &&
	    memcmp(p, "\xaa\xaa\3\0\0\0", 6) == 0) {
		w->depth++;
		anonymize_ethertype(w, be16_load(p + 6), at + 8, end);
		w->depth--;
	} else if (end - at >= 3 + STP_BYTES && memcmp(p, "\x42\x42\3\0\0", 5) == 0) {
		anonymize_mac_at(w, at + 3 + 7);
		anonymize_mac_at(w, at + 3 + 19);
		anonymize_unknown(w, at + 3 + STP_BYTES, end);
	} else if (end - at >= 3 + 4 && memcmp(p, "\x42\x42\3\0\0\0\x80", 7) == 0) {
		anonymize_unknown(w, at + 7, end); /* a topology change: nothing follows */
	} else {
		anonymize_unknown(w, at, end);
	}
}

void anonymize_ethertype(struct walk *w, unsigned type, uint32_t at, uint32_t end)
{
	for (unsigned i = 0; type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD; i++) {
		if (i == TAGS_MAX || end - at < TAG_BYTES) {
			anonymize_unknown(w, at, end);
			return;
		}
		type = be16_load(w->data + at + 2);
		at += TAG_BYTES;
	}
	if (type <= TYPE_LENGTH_MAX) {
		uint32_t stop = least(end, at + type);

		llc(w, at, stop);
		anonymize_zero(w, stop, end); /* padding */
		return;
	}
	switch (type) {
	case TYPE_IPV4:
	case TYPE_IPV6: anonymize_ip(w, at, end); break;
	case TYPE_ARP:
	case TYPE_RARP:
		arp(w, at, least(end, at + ARP_BYTES));
		anonymize_zero(w, least(end, at + ARP_BYTES), end);
		break;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST: mpls(w, at, end); break;
	case TYPE_PPPOE: pppoe(w, at, end); break;
	case TYPE_TEB: anonymize_ethernet(w, at, end); break;
	default: anonymize_unknown(w, at, end); break;
	}
}

void anonymize_ethernet(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < ETH_BYTES || w->depth == ANONYMIZE_DEPTH_MAX) {
		anonymize_unknown(w, at, end);
		return;
	}
	w->depth++;
	anonymize_mac_at(w, at);
	anonymize_mac_at(w, at + PSEUDONYM_MAC_BYTES);
	anonymize_ethertype(w, be16_load(w->data + at + 12), at + ETH_BYTES, end);
	w->depth--;
}

/* ---- IPv4 ---- */

/* Those of options that hold addresses: records of a route, and time stamps with addresses. */
static void ipv4_option(struct walk *w, unsigned type, uint32_t at, uint32_t end)
{
	switch (type) {
	case 7:	  /* record route */
	case 131: /* loose and strict source route */
	case 137:
		if (end - at >= 3)
			anonymize_addresses(w, at + 3, end, 4);
		break;
	case 148: break; /* router alert */
	default: anonymize_zero(w, least(at + 2, end), end); break;
	}
}

static void ipv4_options(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end && w->data[at] != 0) {
		uint32_t n = 1;

		if (w->data[at] != 1) {
			n = end - at >= 2 ? w->data[at + 1] : 0;
			if (n < 2 || n > end - at)
				break;
			ipv4_option(w, w->data[at], at, at + n);
		}
		at += n;
	}
	anonymize_zero(w, at, end);
}

static void ipv4(struct walk *w, uint32_t at, uint32_t end)
{
	uint32_t header = end - at >= IPV4_BYTES ? (w->data[at] & 15u) * 4 : 0;
	struct around ip = {.src = at + 12, .dst = at + 16, .address_bytes = 4};
	struct anonymize_sum sum = {.field = at + 10, .from = at, .to = at + header};
	uint32_t total, stop;
	unsigned fragment;

	if (header < IPV4_BYTES || header > end - at || !anonymize_sum(w, &sum)) {
		anonymize_unknown(w, at, end);
		return;
	}
	total = be16_load(w->data + at + 2);
	/* 0 is segmentation offload's. */
	stop = total == 0 ? end : least(end, at + (total > header ? total : header));
	fragment = be16_load(w->data + at + 6);
	ip.fragment = fragment & FRAGMENT_MORE;
	anonymize_ipv4_at(w, at + 12);
	anonymize_ipv4_at(w, at + 16);
	ipv4_options(w, at + IPV4_BYTES, at + header);
	w->fragment |= (fragment & (FRAGMENT_MORE | FRAGMENT_OFFSET)) != 0;
	if (fragment & FRAGMENT_OFFSET)
		anonymize_payload(w, at + header, stop);
	else
		anonymize_transport(w, w->data[at + 9], at + header, stop, &ip);
	anonymize_zero(w, stop, end); /* padding of the frame, or its check sequence */
}

/* ---- IPv6 ---- */

/* Hop-by-hop and destination options. */
static void ipv6_options(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end) {
		unsigned type = w->data[at];
		uint32_t n = 1;

		if (type != 0) {
			if (end - at < 2 || w->data[at + 1] > end - at - 2)
				break;
			n = 2u + w->data[at + 1];
			if (type == 0xc9 && n == 18) /* home address */
				anonymize_ipv6_at(w, at + 2);
			else if (type != 5 && type != 0xc2) /* router alert, jumbogram */
				anonymize_zero(w, at + 2, at + n);
		}
		at += n;
	}
	anonymize_zero(w, at, end);
}

/* Types 0 and 2, and segment routing. The pseudo header has the last address, where some are left
 * to visit. */
static void routing(struct walk *w, uint32_t at, uint32_t end, struct around *ip)
{
	unsigned type = w->data[at + 2], left = w->data[at + 3];
	uint32_t count = (end - at - 8) / 16;

	if (type == 4)
		count = least(count, w->data[at + 4] + 1u);
	else if (type != 0 && type != 2)
		count = 0;
	if (count && left)
		ip->dst = at + 8 + (type == 4 ? 0 : (count - 1) * 16);
	anonymize_addresses(w, at + 8, at + 8 + count * 16, 16);
	anonymize_zero(w, at + 8 + count * 16, end);
}

/* One extension header at *@at. Return: false where there is none, or it is not whole */
static bool extension(struct walk *w, unsigned *next, uint32_t *at, uint32_t end, struct around *ip,
		      bool *later)
{
	uint32_t n, from = *at;
	unsigned type = *next;

	if (end - from < 8)
		return false;
	n = type == IP_PROTO_FRAGMENT ? 8
	    : type == IP_PROTO_AH     ? (w->data[from + 1] + 2u) * 4
				      : (w->data[from + 1] + 1u) * 8;
	if (n > end - from || n < 8)
		return false;
	switch (type) {
	case IP_PROTO_HOP_BY_HOP:
	case IP_PROTO_OPTIONS: ipv6_options(w, from + 2, from + n); break;
	case IP_PROTO_ROUTING: routing(w, from, from + n, ip); break;
	case IP_PROTO_FRAGMENT: {
		unsigned field = be16_load(w->data + from + 2);

		ip->fragment = field & FRAGMENT6_MORE;
		*later = field & FRAGMENT6_OFFSET;
		w->fragment |= (field & (FRAGMENT6_OFFSET | FRAGMENT6_MORE)) != 0;
		break;
	}
	case IP_PROTO_AH: break;
	default: return false;
	}
	*next = w->data[from];
	*at = from + n;
	return true;
}

static void ipv6(struct walk *w, uint32_t at, uint32_t end)
{
	struct around ip = {.src = at + 8, .dst = at + 24, .address_bytes = 16};
	uint32_t length, stop, here = at + IPV6_BYTES;
	bool later = false;
	unsigned next;

	if (end - at < IPV6_BYTES) {
		anonymize_unknown(w, at, end);
		return;
	}
	length = be16_load(w->data + at + 4);
	stop = length == 0 ? end : least(end, here + length);
	next = w->data[at + 6];
	anonymize_ipv6_at(w, at + 8);
	anonymize_ipv6_at(w, at + 24);
	for (unsigned i = 0; i < EXTENSIONS_MAX && !later; i++) {
		if (!extension(w, &next, &here, stop, &ip, &later))
			break;
	}
	if (later)
		anonymize_payload(w, here, stop);
	else
		anonymize_transport(w, next, here, stop, &ip);
	anonymize_zero(w, stop, end);
}

void anonymize_ip(struct walk *w, uint32_t at, uint32_t end)
{
	unsigned version = at < end ? w->data[at] >> 4 : 0;

	if (w->depth == ANONYMIZE_DEPTH_MAX || (version != 4 && version != 6)) {
		anonymize_unknown(w, at, end);
		return;
	}
	w->depth++;
	if (version == 4)
		ipv4(w, at, end);
	else
		ipv6(w, at, end);
	w->depth--;
}
