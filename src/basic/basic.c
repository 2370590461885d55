/* basic.c - header decode of one Ethernet frame without tshark */
#include "basic/basic.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "basic/basic_names.h"

enum {
	ETH_LENGTH_MAX = 1500, /* the largest that is a length (802.3, 3.2.6) */
	ETH_TYPE_MIN = 0x600,  /* the smallest that is an EtherType; between, it is neither */
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_RARP = 0x8035,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_SLOW = 0x8809,
	TYPE_EAPOL = 0x888e,
	TYPE_PPPOE = 0x8864,
};

enum {
	SAP_SNAP = 0xaa,
	SAP_OSI = 0xfe,
	LLC_UI = 3, /* control: unnumbered information */
};

/* No layer below says where the packet ends. */
#define UNLIMITED UINT32_MAX

/* Where the pass stands. */
struct walk {
	struct basic *b;
	const unsigned char *data;
	uint32_t caplen;
	uint32_t at;	/* the header looked at; never past caplen, nor past limit */
	uint32_t limit; /* where the layers below say that the packet ends; may be past caplen */
};

static bool malformed(struct walk *w, const char *why)
{
	w->b->flags |= BASIC_MALFORMED;
	w->b->why = why;
	return false;
}

/* Whether the next @n bytes belong to the packet and were captured. A packet that the layers below
 * end inside the header is malformed however much was captured: only where the header should have
 * been there can the capture have cut it. */
static bool have(struct walk *w, uint32_t n, const char *if_cut, const char *if_short)
{
	bool whole = n <= w->limit - w->at;

	if (!whole) {
		/* The first of several fragments may end anywhere (RFC 791 asks for 8 bytes);
		 * nothing contradicts itself there, and what it has of the header may be cut. */
		if (!(w->b->flags & BASIC_FRAGMENT))
			return malformed(w, if_short);
		n = w->limit - w->at;
	}
	if (n > w->caplen - w->at) {
		w->b->flags |= BASIC_TRUNCATED;
		w->b->why = if_cut;
		return false;
	}
	return whole;
}

#define HAVE(w, n, header) have(w, n, header " cut short", header " past the packet's end")

static const unsigned char *here(const struct walk *w)
{
	return w->data + w->at;
}

/* The packet ends @n bytes from here, unless a layer below ended it before. */
static void end_after(struct walk *w, uint32_t n)
{
	if (n < w->limit - w->at)
		w->limit = w->at + n;
}

/* Bytes from here to where the packet is said to end, or else to the end of the capture. */
static uint32_t declared(const struct walk *w)
{
	return (w->limit == UNLIMITED ? w->caplen : w->limit) - w->at;
}

/* Ports are the first four bytes of each protocol that has them. */
static void take_ports(struct walk *w)
{
	if (w->limit - w->at < 4 || w->caplen - w->at < 4)
		return;
	w->b->sport = be16_load(here(w));
	w->b->dport = be16_load(here(w) + 2);
	w->b->flags |= BASIC_HAS_PORTS;
}

static void decode_tcp(struct walk *w)
{
	struct basic *b = w->b;
	const unsigned char *p = here(w);
	uint32_t header;

	take_ports(w);
	if (!HAVE(w, 20, "TCP header"))
		return;
	b->flags |= BASIC_HAS_TCP;
	b->tcp_seq = be32_load(p + 4);
	b->tcp_ack = be32_load(p + 8);
	b->tcp_flags = p[13];
	b->tcp_window = be16_load(p + 14);
	header = (uint32_t)(p[12] >> 4) * 4;
	if (header < 20) {
		malformed(w, "TCP header length below 20");
		return;
	}
	if (header <= declared(w))
		b->l4_length = declared(w) - header;
	(void)HAVE(w, header, "TCP options");
}

static void decode_udp(struct walk *w)
{
	struct basic *b = w->b;
	uint32_t length;

	take_ports(w);
	if (declared(w) >= 8)
		b->l4_length = declared(w) - 8;
	if (!HAVE(w, 8, "UDP header"))
		return;
	length = be16_load(here(w) + 4);
	if (length == 0 && b->family == BASIC_IPV6)
		return; /* a jumbogram, RFC 2675 */
	if (length < 8)
		malformed(w, "UDP length below 8");
	else if (length > w->limit - w->at && !(b->flags & BASIC_FRAGMENT))
		malformed(w, "UDP length past the packet's end");
}

/* ICMP messages have 8 bytes at least (RFC 792), ICMPv6 messages 4 (RFC 4443), echoes 8 in both. */
static void decode_icmp(struct walk *w, uint8_t proto)
{
	struct basic *b = w->b;
	const unsigned char *p = here(w);
	uint32_t header = proto == IP_PROTO_ICMP ? 8 : 4;
	bool echo = false;

	if (w->limit - w->at >= 2 && w->caplen - w->at >= 2) {
		b->icmp_type = p[0];
		b->icmp_code = p[1];
		b->flags |= BASIC_HAS_ICMP;
		echo = proto == IP_PROTO_ICMP ? p[0] == 0 || p[0] == 8 : p[0] == 128 || p[0] == 129;
	}
	if (echo)
		header = 8;
	if (!(proto == IP_PROTO_ICMP ? HAVE(w, header, "ICMP header")
				     : HAVE(w, header, "ICMPv6 header")))
		return;
	if (!echo)
		return;
	b->icmp_id = be16_load(p + 4);
	b->icmp_seq = be16_load(p + 6);
	b->flags |= BASIC_HAS_ECHO;
}

/* Versions as tshark tells them apart: queries by length (RFC 3376, 7.1) and by maximum response
 * time. */
static void decode_igmp(struct walk *w)
{
	const unsigned char *p = here(w);

	if (!HAVE(w, 8, "IGMP header"))
		return;
	switch (p[0]) {
	case 0x11:
		w->b->protocol = declared(w) >= 12 ? "IGMPv3" : p[1] ? "IGMPv2" : "IGMPv1";
		break;
	case 0x12: w->b->protocol = "IGMPv1"; break;
	case 0x13: w->b->protocol = "DVMRP"; break;
	case 0x14: w->b->protocol = "PIMv1"; break;
	case 0x16:
	case 0x17: w->b->protocol = "IGMPv2"; break;
	case 0x22: w->b->protocol = "IGMPv3"; break;
	default: break;
	}
}

static void decode_transport(struct walk *w, uint8_t proto)
{
	const char *name = basic_ip_proto_name(proto);

	w->b->ip_proto = proto;
	w->b->l4_offset = w->at;
	if (name)
		w->b->protocol = name;
	switch (proto) {
	case IP_PROTO_TCP: decode_tcp(w); break;
	case IP_PROTO_UDP: decode_udp(w); break;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6: decode_icmp(w, proto); break;
	case IP_PROTO_IGMP: decode_igmp(w); break;
	case IP_PROTO_PIM:
		if (HAVE(w, 4, "PIM header") && *here(w) >> 4 == 2)
			w->b->protocol = "PIMv2";
		break;
	case IP_PROTO_UDP_LITE:
		take_ports(w);
		(void)HAVE(w, 8, "UDP-Lite header");
		break;
	case IP_PROTO_SCTP:
		take_ports(w);
		(void)HAVE(w, 12, "SCTP header");
		break;
	case IP_PROTO_DCCP:
		take_ports(w);
		(void)HAVE(w, 12, "DCCP header");
		break;
	default: break;
	}
}

/* Step over an authentication header. Return: false where the pass ends in it */
static bool step_ah(struct walk *w, uint8_t *next)
{
	uint32_t length;

	w->b->ip_proto = IP_PROTO_AH;
	w->b->l4_offset = w->at;
	w->b->protocol = "AH";
	if (!HAVE(w, 12, "AH header"))
		return false;
	/* In units of four bytes, less two; those of the other headers are of eight, less one. */
	length = ((uint32_t)here(w)[1] + 2) * 4;
	if (length < 12)
		return malformed(w, "AH length below 12");
	if (!HAVE(w, length, "AH header"))
		return false;
	*next = here(w)[0];
	w->at += length;
	return true;
}

static void decode_ipv4(struct walk *w)
{
	struct basic *b = w->b;
	const unsigned char *p = here(w);
	uint32_t header, total, fragment;
	uint8_t proto;

	b->l3_offset = w->at;
	b->protocol = "IPv4";
	if (!HAVE(w, 20, "IPv4 header"))
		return;
	header = (uint32_t)(p[0] & 15) * 4;
	total = be16_load(p + 2);
	if (p[0] >> 4 != 4 || header < 20 || (total && total < header)) {
		malformed(w, p[0] >> 4 != 4 ? "IPv4 version is not 4"
			     : header < 20  ? "IPv4 header length below 20"
					    : "IPv4 total length below the header's");
		return;
	}
	b->flags |= BASIC_HAS_ADDRESS;
	b->family = BASIC_IPV4;
	memcpy(b->src, p + 12, 4);
	memcpy(b->dst, p + 16, 4);
	b->ttl = p[8];
	b->ip_proto = proto = p[9];
	fragment = be16_load(p + 6);
	b->fragment_offset = (uint16_t)((fragment & 0x1fff) * 8);
	b->fragment_id = be16_load(p + 4);
	if (fragment & 0x2000)
		b->flags |= BASIC_FRAGMENT | BASIC_FRAGMENT_MORE;
	if (b->fragment_offset)
		b->flags |= BASIC_FRAGMENT | BASIC_FRAGMENT_LATER;
	if (total)
		end_after(w, total);
	if (!HAVE(w, header, "IPv4 options"))
		return;
	w->at += header;
	if (b->flags & BASIC_FRAGMENT_LATER)
		return;
	if (proto != IP_PROTO_AH || step_ah(w, &proto))
		decode_transport(w, proto);
	if (b->flags & BASIC_FRAGMENT)
		b->protocol = "IPv4";
}

/* Step over one IPv6 extension header other than AH. Return: false where the pass ends in it */
static bool step_extension(struct walk *w, uint8_t *next)
{
	const unsigned char *p = here(w);
	uint32_t length = 8, fragment;

	if (!HAVE(w, 8, "IPv6 extension header"))
		return false;
	if (*next != IP_PROTO_FRAGMENT) {
		length = ((uint32_t)p[1] + 1) * 8;
		if (!HAVE(w, length, "IPv6 extension header"))
			return false;
	} else {
		fragment = be16_load(p + 2);
		w->b->fragment_offset = (uint16_t)(fragment & 0xfff8);
		w->b->fragment_id = be32_load(p + 4);
		/* Offset 0 and no more to come: an atomic fragment (RFC 6946), so not one. */
		if (fragment & 1)
			w->b->flags |= BASIC_FRAGMENT | BASIC_FRAGMENT_MORE;
		if (w->b->fragment_offset)
			w->b->flags |= BASIC_FRAGMENT | BASIC_FRAGMENT_LATER;
	}
	*next = p[0];
	w->at += length;
	return true;
}

/* Walk the headers after the fixed one. Mobility and HIP are extension headers by their shape, and
 * what the packet is about by their use: they carry "no next header" then, and give it its name. */
static void decode_extensions(struct walk *w, uint8_t next)
{
	struct basic *b = w->b;

	for (unsigned i = 0; !(b->flags & BASIC_FRAGMENT_LATER); i++) {
		uint8_t kind = next;

		switch (kind) {
		case IP_PROTO_HOP_BY_HOP:
		case IP_PROTO_ROUTING:
		case IP_PROTO_FRAGMENT:
		case IP_PROTO_OPTIONS:
		case IP_PROTO_SHIM6:
		case IP_PROTO_MOBILITY:
		case IP_PROTO_HIP:
		case IP_PROTO_AH: break;
		case IP_PROTO_NO_NEXT: b->ip_proto = IP_PROTO_NO_NEXT; return;
		default: decode_transport(w, next); return;
		}
		if (i == BASIC_EXTENSIONS_MAX) {
			malformed(w, "too many IPv6 extension headers");
			return;
		}
		if (kind == IP_PROTO_MOBILITY || kind == IP_PROTO_HIP) {
			b->l4_offset = w->at;
			b->protocol = basic_ip_proto_name(kind);
		}
		if (!(kind == IP_PROTO_AH ? step_ah(w, &next) : step_extension(w, &next)))
			return;
		if (next == IP_PROTO_NO_NEXT && (kind == IP_PROTO_MOBILITY || kind == IP_PROTO_HIP))
			return;
		b->ip_proto = next;
	}
}

static void decode_ipv6(struct walk *w)
{
	struct basic *b = w->b;
	const unsigned char *p = here(w);
	uint32_t payload;

	b->l3_offset = w->at;
	b->protocol = "IPv6";
	if (!HAVE(w, 40, "IPv6 header"))
		return;
	if (p[0] >> 4 != 6) {
		malformed(w, "IPv6 version is not 6");
		return;
	}
	b->flags |= BASIC_HAS_ADDRESS;
	b->family = BASIC_IPV6;
	memcpy(b->src, p + 8, 16);
	memcpy(b->dst, p + 24, 16);
	b->ip_proto = p[6];
	b->ttl = p[7];
	payload = be16_load(p + 4);
	if (payload)
		end_after(w, 40 + payload);
	w->at += 40;
	decode_extensions(w, p[6]);
	if (b->flags & BASIC_FRAGMENT)
		b->protocol = "IPv6";
}

static void decode_arp(struct walk *w)
{
	struct basic *b = w->b;
	const unsigned char *p = here(w);
	uint32_t hardware, protocol;

	b->l3_offset = w->at;
	b->protocol = "ARP";
	if (!HAVE(w, 8, "ARP header"))
		return;
	b->flags |= BASIC_HAS_ARP;
	b->arp_op = be16_load(p + 6);
	switch (b->arp_op) {
	case 3:
	case 4: b->protocol = "RARP"; break;
	case 5:
	case 6:
	case 7: b->protocol = "DRARP"; break;
	case 8:
	case 9: b->protocol = "Inverse ARP"; break;
	default: break;
	}
	hardware = p[4];
	protocol = p[5];
	if ((be16_load(p) == 1 && hardware != 6) ||
	    (be16_load(p + 2) == TYPE_IPV4 && protocol != 4)) {
		malformed(w, "ARP address length does not fit its type");
		return;
	}
	if (!HAVE(w, 8 + 2 * (hardware + protocol), "ARP addresses"))
		return;
	if (hardware == 6)
		memcpy(b->arp_mac, p + 8, 6);
	if (be16_load(p + 2) != TYPE_IPV4)
		return;
	b->flags |= BASIC_HAS_ADDRESS;
	b->family = BASIC_IPV4;
	memcpy(b->src, p + 8 + hardware, 4);
	memcpy(b->dst, p + 8 + hardware + 4 + hardware, 4);
}

/* The label stack does not say what it carries; by custom the first nibble tells IP apart. */
static void decode_mpls(struct walk *w)
{
	bool bottom = false;

	w->b->protocol = "MPLS";
	for (unsigned i = 0; !bottom; i++) {
		if (i == BASIC_LABELS_MAX) {
			malformed(w, "too many MPLS labels");
			return;
		}
		if (!HAVE(w, 4, "MPLS label"))
			return;
		bottom = here(w)[2] & 1;
		w->at += 4;
	}
	if (!HAVE(w, 1, "MPLS payload"))
		return;
	if (*here(w) >> 4 == 4)
		decode_ipv4(w);
	else if (*here(w) >> 4 == 6)
		decode_ipv6(w);
}

static void decode_pppoe(struct walk *w)
{
	const unsigned char *p = here(w);
	uint32_t ppp, header = 2;

	w->b->protocol = "PPPoES";
	if (!HAVE(w, 6, "PPPoE header"))
		return;
	if (p[0] != 0x11 || p[1] != 0) {
		malformed(w, "PPPoE version, type or code of no session");
		return;
	}
	w->at += 6;
	end_after(w, be16_load(p + 4));
	if (!HAVE(w, 1, "PPP protocol"))
		return;
	ppp = p[6];
	/* An odd first byte is all of it: RFC 1661, 6.5. */
	if (ppp & 1) {
		header = 1;
	} else {
		if (!HAVE(w, 2, "PPP protocol"))
			return;
		ppp = be16_load(p + 6);
	}
	w->at += header;
	if (basic_ppp_name((uint16_t)ppp))
		w->b->protocol = basic_ppp_name((uint16_t)ppp);
	if (ppp == 0x21)
		decode_ipv4(w);
	else if (ppp == 0x57)
		decode_ipv6(w);
}

/* Two EtherTypes whose next byte or two give the protocol its name. */
static void decode_subtype(struct walk *w, uint16_t type)
{
	const unsigned char *p = here(w);

	w->b->protocol = basic_ethertype_name(type);
	if (type == TYPE_SLOW && HAVE(w, 1, "slow protocol subtype")) {
		if (p[0] == 1)
			w->b->protocol = "LACP";
		else if (p[0] == 3)
			w->b->protocol = "OAM";
	} else if (type == TYPE_EAPOL && HAVE(w, 4, "EAPOL header")) {
		if (p[1] == 0)
			w->b->protocol = "EAP";
	}
}

/* What an EtherType says comes here. */
static void decode_network(struct walk *w, uint16_t type)
{
	w->b->l3_offset = w->at;
	switch (type) {
	case TYPE_IPV4: decode_ipv4(w); break;
	case TYPE_IPV6: decode_ipv6(w); break;
	case TYPE_ARP:
	case TYPE_RARP: decode_arp(w); break;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST: decode_mpls(w); break;
	case TYPE_PPPOE: decode_pppoe(w); break;
	case TYPE_SLOW:
	case TYPE_EAPOL: decode_subtype(w, type); break;
	default: w->b->protocol = basic_ethertype_name(type); break;
	}
}

static void decode_snap(struct walk *w)
{
	const unsigned char *p = here(w);
	uint32_t oui;
	uint16_t pid;

	if (!HAVE(w, 5, "SNAP header"))
		return;
	oui = (uint32_t)p[0] << 16 | be16_load(p + 1);
	pid = be16_load(p + 3);
	w->at += 5;
	if (basic_snap_name(oui, pid))
		w->b->protocol = basic_snap_name(oui, pid);
	/* RFC 1042; 00-00-f8 is 802.1H's. */
	else if ((oui == 0 || oui == 0xf8) && (basic_ethertype_name(pid) || pid == TYPE_RARP))
		decode_network(w, pid);
}

/* What is behind an LLC header. */
static void decode_sap(struct walk *w, uint8_t dsap, uint8_t ssap, uint8_t control)
{
	bool information = control == LLC_UI || !(control & 1);

	if (dsap == SAP_SNAP && ssap == SAP_SNAP && control == LLC_UI) {
		decode_snap(w);
		return;
	}
	if (!information || !basic_sap_name(dsap))
		return;
	w->b->protocol = basic_sap_name(dsap);
	if (dsap == SAP_OSI && HAVE(w, 1, "OSI protocol id")) {
		if (*here(w) == 0x83)
			w->b->protocol = "ISIS";
		else if (*here(w) == 0x82)
			w->b->protocol = "ESIS";
	}
}

/* 802.3: a length in place of the EtherType, and LLC, or IPX without it, within. */
static void decode_length(struct walk *w, uint16_t length)
{
	const unsigned char *p = here(w);
	uint32_t header;

	w->b->flags |= BASIC_LENGTH_FIELD;
	if (length > ETH_LENGTH_MAX) {
		malformed(w, "neither a length nor an EtherType");
		return;
	}
	w->b->protocol = "LLC";
	end_after(w, length);
	if (!HAVE(w, 2, "LLC header"))
		return;
	if (be16_load(p) == 0xffff) {
		w->b->protocol = "IPX";
		return;
	}
	w->b->llc_dsap = p[0];
	w->b->llc_ssap = p[1];
	if (!HAVE(w, 3, "LLC header"))
		return;
	/* Unnumbered frames have one byte of control, the others two. */
	header = (p[2] & 3) == 3 ? 3 : 4;
	if (!HAVE(w, header, "LLC header"))
		return;
	w->at += header;
	w->b->l3_offset = w->at;
	decode_sap(w, p[0], p[1], p[2]);
}

static bool is_tag(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD;
}

void basic_decode(struct basic *b, const unsigned char *data, uint32_t caplen)
{
	struct walk w = {.b = b, .data = data, .caplen = caplen, .limit = UNLIMITED};

	memset(b, 0, sizeof(*b));
	b->protocol = "Ethernet";
	if (!HAVE(&w, 14, "Ethernet header"))
		return;
	memcpy(b->eth_dst, data, 6);
	memcpy(b->eth_src, data + 6, 6);
	b->ethertype = be16_load(data + 12);
	b->flags |= BASIC_HAS_ETH;
	w.at = 14;
	while (is_tag(b->ethertype)) {
		b->protocol = "802.1Q";
		if (b->vlan_count == BASIC_VLANS_WALKED_MAX) {
			malformed(&w, "too many VLAN tags");
			return;
		}
		if (!HAVE(&w, 4, "VLAN tag"))
			return;
		if (b->vlan_count < BASIC_VLANS_MAX)
			b->vlan[b->vlan_count] = be16_load(here(&w)) & 0xfff;
		b->vlan_count++;
		b->ethertype = be16_load(here(&w) + 2);
		w.at += 4;
	}
	if (b->ethertype >= ETH_TYPE_MIN)
		decode_network(&w, b->ethertype);
	else
		decode_length(&w, b->ethertype);
}
