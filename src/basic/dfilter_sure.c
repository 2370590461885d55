/* dfilter_sure.c - what of a frame is certain, and where tshark may find more than we do
 *
 * Theory of operation: one walk over the outer headers that the decode was content with. A header
 * is known where tshark's dissector surely runs on it and finds our values. More is possible as
 * soon as anything follows that may hold a packet again; which that is was taken from the sources
 * of tshark 4.0: all dissectors that hand bytes to Ethernet, IP, PPP, 802.11 and the like, directly
 * or by others, and the ports and heuristics by which they are found.
 *
 * What cannot be seen from one frame is left out: a heuristic that took a conversation by an
 * earlier packet on a port that is nobody's (rpcap over TCP), and what a user's preferences add.
 */
#include <string.h>

#include "base/bytes.h"
#include "basic/basic_names.h"
#include "basic/dfilter_private.h"

enum {
	ETH_BYTES = 14,
	TAG_BYTES = 4,
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_LLDP = 0x88cc,
	TYPE_TTE_PCF = 0x891d, /* takes the frame from the Ethernet dissector */
	TYPE_MIN = 0x600,
	LENGTH_MAX = 1500,
	SAP_STP = 0x42,
	OPTION_ROUTER_ALERT = 0x94,
	TCP_FIN = 1,
};

#define FRAME_MIN   64u /* with its check sequence; shorter packets are padded up to it */
#define TRAILER_MAX 8u	/* a check sequence, a time stamp; longer ones may be dissected */

/* From @first to @last. */
struct ports {
	uint16_t first, last;
};

static const struct ports udp_tunnels[] = {
	{434, 434},			/* Mobile IP */
	{925, 925},			/* AudioCodes */
	{1194, 1194},			/* OpenVPN */
	{1701, 1701},			/* L2TP */
	{2002, 2002},			/* rpcap */
	{2055, 2055},			/* NetFlow: sections of frames */
	{2123, 2123},			/* GTP */
	{2152, 2152},	{2157, 2157},	/* NS: LLC, SNDCP */
	{2222, 2222},			/* CIP */
	{2268, 2268},			/* AMT */
	{2428, 2428},			/* ACtrace: LAPD, X.25 */
	{2887, 2887},			/* WLCCP */
	{2948, 2949},			/* WAP push: CoAP, Thread */
	{3343, 3343},			/* MS cluster */
	{3386, 3386},	{3478, 3480},	/* TURN */
	{3544, 3544},			/* Teredo */
	{4305, 4307},			/* B.A.T.M.A.N. */
	{4341, 4342},			/* LISP */
	{4500, 4500},			/* ESP in UDP */
	{4729, 4729},			/* GSMTAP */
	{4739, 4739},			/* IPFIX */
	{4754, 4754},			/* GRE in UDP */
	{4789, 4791},			/* VXLAN, VXLAN-GPE, RoCE */
	{5000, 5001},			/* AiroPeek, CPFI */
	{5072, 5072},			/* AYIYA */
	{5246, 5247},			/* CAPWAP */
	{5349, 5349},			/* TURN */
	{5436, 5436},			/* PMIPv6 */
	{5555, 5555},			/* Aruba ERM */
	{5683, 5684},			/* CoAP: Thread */
	{6081, 6081},			/* Geneve */
	{6118, 6118},			/* TIPC */
	{6343, 6343},			/* sFlow */
	{6511, 6511},			/* DCCP in UDP */
	{6635, 6636},			/* MPLS in UDP */
	{8472, 8472},			/* VXLAN before it had a port, OTV */
	{9200, 9203},			/* WSP */
	{9899, 9899},			/* SCTP in UDP */
	{9996, 9996},	{10253, 10253}, /* Wi-SUN */
	{12000, 12004},			/* LLC */
	{12220, 12223},			/* LWAPP */
	{13907, 13910},			/* WASSP */
	{14001, 14001},			/* UMA */
	{17220, 17220},			/* IEEE 1722: MPEG */
	{17754, 17756},			/* ZEP, SCoP */
	{19788, 19788},			/* MLE */
	{19999, 19999}, {22222, 22222}, /* rtpproxy */
	{24576, 24577},			/* MiNT */
	{30030, 30030},			/* Juniper mirror */
	{37008, 37008},			/* TZSP */
	{44818, 44818},			/* CIP */
	{56000, 56001},			/* IEEE 1609.2 */
	{61630, 61631},			/* Thread */
};

static const struct ports tcp_tunnels[] = {
	{554, 554},						      /* RTSP: RTP: MPEG */
	{639, 639},						      /* MSDP */
	{925, 925},	{1080, 1080},				      /* SOCKS */
	{1194, 1194},	{1998, 1998},				      /* X.25 */
	{2002, 2002},	{2123, 2123},	{2152, 2152},	{2502, 2502}, /* Kismet */
	{3002, 3006},						      /* IPA: GPRS */
	{3225, 3225},						      /* FCIP */
	{3245, 3248},						      /* OPA */
	{3386, 3386},	{3420, 3420},				      /* iFCP */
	{3478, 3478},	{4222, 4222},	{4249, 4250},	{4739, 4739},	{5000, 5000},
	{5037, 5037}, /* adb, which runs tcpdump */
	{5349, 5349},	{5555, 5555},	{5683, 5684},	{6118, 6118},	{6633, 6634}, /* OpenFlow */
	{6653, 6653},	{7236, 7236},	{7471, 7471},				      /* STT */
	{8554, 8554},	{10000, 10000}, /* IPsec in TCP */
	{14001, 14001}, {17755, 17756}, {22222, 22222}, {44818, 44818},
};

enum {
	PORT_STT = 7471
};

static void set_ports(uint64_t bits[1024], const struct ports *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (uint32_t port = p[i].first; port <= p[i].last; port++)
			bits[port / 64] |= UINT64_C(1) << port % 64;
}

void dfilter_sure_init(struct dfilter *f)
{
	set_ports(f->udp_tunnels, udp_tunnels, sizeof(udp_tunnels) / sizeof(udp_tunnels[0]));
	set_ports(f->tcp_tunnels, tcp_tunnels, sizeof(tcp_tunnels) / sizeof(tcp_tunnels[0]));
}

static bool any_port(const uint64_t bits[1024], const struct basic *b)
{
	return (bits[b->sport / 64] >> b->sport % 64 | bits[b->dport / 64] >> b->dport % 64) & 1;
}

/* Whether a heuristic may take a UDP payload, of which @n bytes were captured, for a tunnel; those
 * of e100, Juniper mirroring, AiroPeek, Redback, RFtap, rpcap, MPEG, RTP with MPEG, TURN. */
static bool odd_udp(const unsigned char *p, uint32_t n, uint32_t whole)
{
	if (n < 12)
		return false;
	switch (p[0]) {
	case 0x00:
		if (p[1] == 7 || !memcmp(p, "\0\xff\xab\xcd", 4))
			return true;
		break;
	case 0x01:
		if (p[1] == 4 || (n >= 24 && whole >= 28 && be32_load(p + 20) == whole - 28))
			return true;
		break;
	case 0x02:
	case 0x03:
	case 0x04:
	case 0x14:
	case 0x28:
		if (p[1] == 4 || p[0] >= 4)
			return true;
		break;
	case 0x47: return true;
	case 'R':
		if (!memcmp(p, "RFta", 4))
			return true;
		break;
	default: break;
	}
	if (p[0] >> 4 == 4 && (uint32_t)be16_load(p + 2) + 4 <= whole)
		return true;
	if (p[0] >> 6 == 2 && ((p[1] & 0x7f) == 33 || (n > 12 && p[12] == 0x47)))
		return true;
	return p[8] == 0x45 || p[8] >> 4 == 6 || (p[8] == 0xff && p[9] == 3);
}

/* The same for TCP: rpcap, SSTP, IPsec with its trailer. */
static bool odd_tcp(const unsigned char *p, uint32_t n, uint32_t whole)
{
	if (n >= 8 && p[0] == 0 && p[1] && (p[1] & 0x7f) <= 18)
		return true;
	if (n >= 4 && !memcmp(p, "SSTP", 4))
		return true;
	return n == whole && n > 24 && !be32_load(p + n - 16) && !(be16_load(p + n - 10) & 0xfff);
}

/* Whether a neighbour discovery message quotes a packet, as a redirect does in an option. */
static bool quotes(const unsigned char *p, uint32_t n)
{
	static const uint8_t fixed[] = {8, 16, 24, 24}; /* of types 133 to 136 */
	uint32_t at = fixed[p[0] - 133];

	while (at + 2 <= n && p[at + 1]) {
		if (p[at] == 4)
			return true;
		at += p[at + 1] * 8u;
	}
	return at < n;
}

/* @captured and @whole: bytes from the transport header to the packet's end. */
static struct dfilter_sure sure_icmp(const struct dfilter_frame *fr, uint32_t captured,
				     uint32_t whole)
{
	const struct basic *b = fr->basic;
	struct dfilter_sure s = {0, DFILTER_INNER};

	if (!(b->flags & BASIC_HAS_ICMP))
		return s;
	if (b->ip_proto == IP_PROTO_ICMP) {
		s.known = DFILTER_ICMP;
		if (b->icmp_type == 0 || b->icmp_type == 8)
			s.maybe = 0;
		return s;
	}
	s.known = DFILTER_ICMPV6;
	if (b->icmp_type == 128 || b->icmp_type == 129 ||
	    (b->icmp_type >= 133 && b->icmp_type <= 136 && captured == whole &&
	     !quotes(fr->data + b->l4_offset, captured)))
		s.maybe = 0;
	return s;
}

static struct dfilter_sure sure_tcp(const struct dfilter *f, const struct dfilter_frame *fr,
				    uint32_t captured, uint32_t whole)
{
	const struct basic *b = fr->basic;
	const unsigned char *p = fr->data + b->l4_offset;
	struct dfilter_sure s = {DFILTER_TCP, 0};
	uint32_t header = (uint32_t)(p[12] >> 4) * 4;

	if (b->dport == PORT_STT)
		return (struct dfilter_sure){0, DFILTER_INNER};
	/* At the end of a stream, too, what came before may be dissected. */
	if ((whole > header || b->tcp_flags & TCP_FIN) &&
	    (any_port(f->tcp_tunnels, b) || odd_tcp(p + header, captured - header, whole - header)))
		s.maybe = DFILTER_INNER;
	return s;
}

static struct dfilter_sure sure_transport(const struct dfilter *f, const struct dfilter_frame *fr,
					  uint32_t end)
{
	const struct basic *b = fr->basic;
	uint32_t whole = end - b->l4_offset;
	uint32_t captured = (end < fr->caplen ? end : fr->caplen) - b->l4_offset;
	struct dfilter_sure s = {0, 0};

	switch (b->ip_proto) {
	case IP_PROTO_TCP: return sure_tcp(f, fr, captured, whole);
	case IP_PROTO_UDP:
		s.known = DFILTER_UDP;
		if (any_port(f->udp_tunnels, b) ||
		    odd_udp(fr->data + b->l4_offset + 8, captured - 8, whole - 8))
			s.maybe = DFILTER_INNER;
		return s;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6: return sure_icmp(fr, captured, whole);
	case IP_PROTO_IGMP:
	case IP_PROTO_OSPF:
	case IP_PROTO_VRRP: return s;
	case IP_PROTO_SCTP: s.known = DFILTER_SCTP; break;
	default: break;
	}
	s.maybe = DFILTER_INNER;
	return s;
}

/* Where the packet that begins at l3_offset ends, or 0 where that is not plain: no or a wrong
 * length, or so much behind it that it may be a trailer with something in it. */
static uint32_t packet_end(const struct dfilter_frame *fr, uint32_t bytes)
{
	uint32_t end = fr->basic->l3_offset + bytes;

	if (end > fr->len || fr->caplen > fr->len)
		return 0;
	if (fr->len > end + TRAILER_MAX && fr->len > FRAME_MIN + TAG_BYTES * fr->basic->vlan_count)
		return 0;
	return end;
}

static struct dfilter_sure sure_ip(const struct dfilter *f, const struct dfilter_frame *fr)
{
	const struct basic *b = fr->basic;
	const unsigned char *p = fr->data + b->l3_offset;
	struct dfilter_sure s = {0, DFILTER_INNER}, above;
	bool plain, whole = !(b->flags & (BASIC_TRUNCATED | BASIC_MALFORMED));
	uint32_t header = 40, bytes, end;

	/* What is cut or wrong is so behind a whole IP header, once there is an L4 offset. */
	if (!(b->flags & BASIC_HAS_ADDRESS) || (!whole && !b->l4_offset))
		return s;
	if (b->family == BASIC_IPV4) {
		header = (uint32_t)(p[0] & 15) * 4;
		bytes = be16_load(p + 2);
		/* Source routes change what ip.dst is. */
		if (header > 24 || (header == 24 && p[20] != OPTION_ROUTER_ALERT))
			return s;
		plain = b->ip_proto == p[9] && b->ip_proto != IP_PROTO_ICMPV6;
	} else {
		bytes = be16_load(p + 4) ? be16_load(p + 4) + 40u : 0;
		plain = b->ip_proto == p[6] && b->ip_proto != IP_PROTO_ICMP;
	}
	s.known = b->family == BASIC_IPV4 ? DFILTER_IP : DFILTER_IPV6;
	end = bytes ? packet_end(fr, bytes) : 0;
	if (!end || !whole || !plain || b->flags & BASIC_FRAGMENT ||
	    b->l4_offset != b->l3_offset + header)
		return s;
	above = sure_transport(f, fr, end);
	s.known |= above.known;
	s.maybe = above.maybe;
	return s;
}

static struct dfilter_sure sure_arp(const struct dfilter_frame *fr)
{
	const struct basic *b = fr->basic;

	if (b->flags & (BASIC_TRUNCATED | BASIC_MALFORMED) || !(b->flags & BASIC_HAS_ADDRESS) ||
	    memcmp(fr->data + b->l3_offset, "\0\x01\x08\0\x06\x04", 6) != 0)
		return (struct dfilter_sure){0, DFILTER_INNER};
	return (struct dfilter_sure){DFILTER_ARP, 0};
}

/* 802.3: what is certain but for spanning trees is the Ethernet header, if it is one. */
static struct dfilter_sure sure_length(const struct dfilter_frame *fr)
{
	const unsigned char *p = fr->data;
	const struct basic *b = fr->basic;
	bool isl = (p[0] == 0x01 || p[0] == 0x0c) && !memcmp(p + 1, "\0\x0c\0\0", 4);

	if (b->ethertype > LENGTH_MAX || b->ethertype == 0 || isl)
		return (struct dfilter_sure){0, DFILTER_INNER};
	if (b->llc_dsap == SAP_STP && b->llc_ssap == SAP_STP &&
	    !(b->flags & (BASIC_TRUNCATED | BASIC_MALFORMED)) && packet_end(fr, b->ethertype - 3u))
		return (struct dfilter_sure){DFILTER_ETH, 0};
	return (struct dfilter_sure){DFILTER_ETH, DFILTER_INNER};
}

static struct dfilter_sure sure_eth(const struct dfilter *f, const struct dfilter_frame *fr)
{
	const struct basic *b = fr->basic;
	struct dfilter_sure s = {0, DFILTER_INNER}, above = {0, DFILTER_INNER};
	uint32_t type = be16_load(fr->data + ETH_BYTES - 2), tags = 0;

	if (type < TYPE_MIN)
		return sure_length(fr);
	if (type == TYPE_TTE_PCF)
		return s;
	s.known = DFILTER_ETH;
	/* Tags of other types have fields of other names. */
	while (tags < b->vlan_count) {
		uint32_t at = ETH_BYTES + TAG_BYTES * tags++;

		if (type != TYPE_VLAN || at + TAG_BYTES > fr->caplen || tags > BASIC_VLANS_MAX)
			return s;
		type = be16_load(fr->data + at + 2);
	}
	if (tags)
		s.known |= DFILTER_VLAN;
	if (b->l3_offset != ETH_BYTES + TAG_BYTES * tags)
		return s;
	if (type == TYPE_IPV4 || type == TYPE_IPV6)
		above = sure_ip(f, fr);
	else if (type == TYPE_ARP)
		above = sure_arp(fr);
	else if (type == TYPE_LLDP)
		above.maybe = 0;
	s.known |= above.known;
	s.maybe = above.maybe;
	return s;
}

struct dfilter_sure dfilter_sure(const struct dfilter *f, const struct dfilter_frame *fr)
{
	struct dfilter_sure s = {0, DFILTER_INNER};

	if (fr->basic->flags & BASIC_HAS_ETH)
		s = sure_eth(f, fr);
	/* A record that says less than it has, or more than there can be, is mended by some
	 * readers. */
	if (fr->caplen <= fr->len && fr->len <= INT32_MAX)
		s.known |= DFILTER_FRAME;
	else
		s.maybe |= DFILTER_FRAME;
	if (fr->number)
		s.known |= DFILTER_NUMBER;
	else
		s.maybe |= DFILTER_NUMBER;
	return s;
}

struct dfilter_sure dfilter_sure_basic(const struct dfilter_frame *fr)
{
	const struct basic *b = fr->basic;
	struct dfilter_sure s = {DFILTER_FRAME, 0};

	if (fr->number)
		s.known |= DFILTER_NUMBER;
	if (b->flags & BASIC_HAS_ETH)
		s.known |= DFILTER_ETH;
	if (b->vlan_count)
		s.known |= DFILTER_VLAN;
	if (b->flags & BASIC_HAS_ARP)
		s.known |= DFILTER_ARP;
	else if (b->flags & BASIC_HAS_ADDRESS)
		s.known |= b->family == BASIC_IPV6 ? DFILTER_IPV6 : DFILTER_IP;
	if (b->flags & BASIC_HAS_ICMP)
		s.known |= b->ip_proto == IP_PROTO_ICMP ? DFILTER_ICMP : DFILTER_ICMPV6;
	if (b->flags & BASIC_HAS_PORTS && b->ip_proto == IP_PROTO_TCP)
		s.known |= DFILTER_TCP;
	if (b->flags & BASIC_HAS_PORTS && b->ip_proto == IP_PROTO_UDP)
		s.known |= DFILTER_UDP;
	if (b->flags & BASIC_HAS_PORTS && b->ip_proto == IP_PROTO_SCTP)
		s.known |= DFILTER_SCTP;
	return s;
}
