/* anonymize_icmp.c - ICMP, ICMPv6 with neighbour discovery and MLD, IGMP
 *
 * Each is given a message of 4 bytes at least, whose checksum is noted already.
 */
#include "anonymize/anonymize_private.h"
#include "base/bytes.h"

enum {
	HEAD_BYTES = 8, /* of most messages */
};

/* The packet that an error tells of; behind it, with RFC 4884, what is not understood. */
static void embedded(struct walk *w, uint32_t at, uint32_t end)
{
	anonymize_ip(w, at, end);
}

/* RFC 1256: addresses of routers, each with a preference. */
static void routers(struct walk *w, uint32_t at, uint32_t end)
{
	for (at += HEAD_BYTES; at < end && end - at >= 8; at += 8)
		anonymize_ipv4_at(w, at);
	anonymize_zero(w, at, end);
}

void anonymize_icmp(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < HEAD_BYTES) {
		anonymize_unknown(w, at + 4, end);
		return;
	}
	switch (w->data[at]) {
	case 0: /* echo */
	case 8: anonymize_payload(w, at + HEAD_BYTES, end); break;
	case 5: /* redirect, by way of an address */
		anonymize_ipv4_at(w, at + 4);
		embedded(w, at + HEAD_BYTES, end);
		break;
	case 3:	 /* unreachable */
	case 4:	 /* source quench */
	case 11: /* time exceeded */
	case 12: /* parameter problem */ embedded(w, at + HEAD_BYTES, end); break;
	case 9: routers(w, at, end); break;
	case 10: /* router solicitation, time stamps, address masks: numbers only */
	case 13:
	case 14:
	case 17:
	case 18: break;
	default: anonymize_unknown(w, at + 4, end); break;
	}
}

/* ---- neighbour discovery ---- */

/* One option, [@at, @end) with its two bytes of head. */
static void nd_option(struct walk *w, uint32_t at, uint32_t end)
{
	switch (w->data[at]) {
	case 1: /* link-layer addresses of source and target */
	case 2:
		if (end - at == 8)
			anonymize_mac_at(w, at + 2);
		else
			anonymize_zero(w, at + 2, end);
		break;
	case 3: /* prefix */
		if (end - at == 32)
			anonymize_ipv6_at(w, at + 16);
		break;
	case 4: /* the packet that was redirected */
		if (end - at >= HEAD_BYTES)
			embedded(w, at + HEAD_BYTES, end);
		break;
	case 5: break; /* MTU */
	case 25:       /* name servers */
		if (end - at >= HEAD_BYTES)
			anonymize_addresses(w, at + HEAD_BYTES, end, 16);
		break;
	case 31: /* search list */
		if (end - at >= HEAD_BYTES) {
			for (at += HEAD_BYTES; at < end;)
				at = anonymize_name(w, at, end);
		}
		break;
	default: anonymize_zero(w, at + 2, end); break;
	}
}

static void nd_options(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end) {
		uint32_t n = end - at >= 2 ? w->data[at + 1] * 8u : 0;

		if (n == 0 || n > end - at)
			break;
		nd_option(w, at, at + n);
		at += n;
	}
	anonymize_unknown(w, at, end);
}

/* Messages with @addresses addresses behind their head, then options. */
static void nd(struct walk *w, uint32_t at, uint32_t end, uint32_t head, unsigned addresses)
{
	uint32_t fixed = head + addresses * 16;

	if (end - at < fixed) {
		anonymize_unknown(w, at + 4, end);
		return;
	}
	anonymize_addresses(w, at + head, at + fixed, 16);
	nd_options(w, at + fixed, end);
}

/* MLDv2's records of groups: a head of 4 bytes, the group, sources, other data. */
static void mld_records(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end && end - at >= 20) {
		uint32_t sources = be16_load(w->data + at + 2) * 16u, other = w->data[at + 1] * 4u;

		if (sources + other > end - at - 20)
			break;
		anonymize_addresses(w, at + 4, at + 20 + sources, 16);
		anonymize_zero(w, at + 20 + sources, at + 20 + sources + other);
		at += 20 + sources + other;
	}
	anonymize_unknown(w, at, end);
}

/* A query: of version 2 where sources follow. */
static void mld_query(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < 24) {
		anonymize_unknown(w, at + 4, end);
		return;
	}
	anonymize_ipv6_at(w, at + 8);
	if (end - at >= 28)
		anonymize_addresses(w, at + 28, end, 16);
	else
		anonymize_zero(w, at + 24, end);
}

void anonymize_icmpv6(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < HEAD_BYTES) {
		anonymize_unknown(w, at + 4, end);
		return;
	}
	switch (w->data[at]) {
	case 1: /* errors */
	case 2:
	case 3:
	case 4: embedded(w, at + HEAD_BYTES, end); break;
	case 128: /* echo */
	case 129: anonymize_payload(w, at + HEAD_BYTES, end); break;
	case 130:
	case 131: /* MLD report and done are as long as a query of version 1 */
	case 132: mld_query(w, at, end); break;
	case 133: nd(w, at, end, HEAD_BYTES, 0); break; /* router solicitation */
	case 134: nd(w, at, end, 16, 0); break;		/* router advertisement */
	case 135:					/* neighbour solicitation */
	case 136: nd(w, at, end, HEAD_BYTES, 1); break; /* and advertisement */
	case 137: nd(w, at, end, HEAD_BYTES, 2); break; /* redirect */
	case 143: mld_records(w, at + HEAD_BYTES, end); break;
	default: anonymize_unknown(w, at + 4, end); break;
	}
}

/* ---- IGMP ---- */

static void igmp_records(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end && end - at >= 8) {
		uint32_t sources = be16_load(w->data + at + 2) * 4u, other = w->data[at + 1] * 4u;

		if (sources + other > end - at - 8)
			break;
		anonymize_addresses(w, at + 4, at + 8 + sources, 4);
		anonymize_zero(w, at + 8 + sources, at + 8 + sources + other);
		at += 8 + sources + other;
	}
	anonymize_unknown(w, at, end);
}

void anonymize_igmp(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < HEAD_BYTES) {
		anonymize_unknown(w, at + 4, end);
		return;
	}
	switch (w->data[at]) {
	case 0x11: /* query, of version 3 where it is longer */
		anonymize_ipv4_at(w, at + 4);
		if (end - at >= 12)
			anonymize_addresses(w, at + 12, end, 4);
		else
			anonymize_zero(w, at + HEAD_BYTES, end);
		break;
	case 0x12: /* reports and leaves */
	case 0x16:
	case 0x17:
		anonymize_ipv4_at(w, at + 4);
		anonymize_unknown(w, at + HEAD_BYTES, end);
		break;
	case 0x22: igmp_records(w, at + HEAD_BYTES, end); break;
	default: anonymize_unknown(w, at + 4, end); break;
	}
}
