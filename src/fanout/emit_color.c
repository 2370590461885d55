/* emit_color.c - Wireshark's default colouring rules, as far as one frame alone decides them */
#include "fanout/emit.h"

#include <stdbool.h>
#include <string.h>

#include "basic/basic_names.h"

/* What the rules ask of a frame. */
enum trait {
	TRAIT_ARP = 1 << 0,
	TRAIT_ICMP = 1 << 1,
	TRAIT_ICMP_ERROR = 1 << 2,
	TRAIT_TCP = 1 << 3,
	TRAIT_TCP_RST = 1 << 4,
	TRAIT_TCP_SYN_FIN = 1 << 5,
	TRAIT_UDP = 1 << 6,
	TRAIT_SMB = 1 << 7,
	TRAIT_HTTP = 1 << 8,
	TRAIT_DCERPC = 1 << 9,
	TRAIT_ROUTING = 1 << 10,
	TRAIT_TTL = 1 << 11,
	TRAIT_GROUP = 1 << 12,	  /* sent to a group of stations, or to all */
	TRAIT_TTL_FREE = 1 << 13, /* a protocol that may have a low time to live */
	TRAIT_TTL_HIGH = 1 << 14, /* one that may have a high one within the link */
};

#define SGR(foreground, background) "\x1b[38;2;" foreground ";48;2;" background "m"
#define DARK			    "18;39;46"

/* The file "colorfilters" of Wireshark 4.0, in its order; the first that fits counts. Left out is
 * what no single frame tells (Bad TCP), checksums, which offloading makes wrong, and the state
 * changes of HSRP, spanning tree and OSPF and SCTP's aborts, whose fields we do not ask for. */
static const struct {
	unsigned trait;
	const char *sgr;
} rules[] = {
	{TRAIT_ICMP_ERROR, SGR("183;247;116", DARK)},
	{TRAIT_ARP, SGR(DARK, "250;240;215")},
	{TRAIT_ICMP, SGR(DARK, "252;224;255")},
	{TRAIT_TCP_RST, SGR("255;252;156", "164;0;0")},
	{TRAIT_TTL, SGR("236;240;235", "164;0;0")},
	{TRAIT_SMB, SGR(DARK, "254;255;208")},
	{TRAIT_HTTP, SGR(DARK, "228;255;199")},
	{TRAIT_DCERPC, SGR(DARK, "199;151;255")},
	{TRAIT_ROUTING, SGR(DARK, "255;243;214")},
	{TRAIT_TCP_SYN_FIN, SGR(DARK, "160;160;160")},
	{TRAIT_TCP, SGR(DARK, "231;230;255")},
	{TRAIT_UDP, SGR(DARK, "218;238;255")},
	{TRAIT_GROUP, SGR("186;189;182", "255;255;255")},
};

/* Names in frame.protocols. */
static const struct {
	const char *name;
	size_t n;
	unsigned traits;
} layers[] = {
#define LAYER(name, traits)                    \
	{                                      \
		name, sizeof(name) - 1, traits \
	}
	LAYER("tcp", TRAIT_TCP),
	LAYER("udp", TRAIT_UDP),
	LAYER("http", TRAIT_HTTP),
	LAYER("arp", TRAIT_ARP),
	LAYER("icmp", TRAIT_ICMP),
	LAYER("icmpv6", TRAIT_ICMP),
	LAYER("http2", TRAIT_HTTP),
	LAYER("smb", TRAIT_SMB),
	LAYER("nbss", TRAIT_SMB),
	LAYER("nbns", TRAIT_SMB),
	LAYER("netbios", TRAIT_SMB),
	LAYER("dcerpc", TRAIT_DCERPC),
	LAYER("igmp", TRAIT_ROUTING),
	LAYER("ospf", TRAIT_ROUTING | TRAIT_TTL_FREE),
	LAYER("pim", TRAIT_TTL_FREE),
	LAYER("bgp", TRAIT_ROUTING),
	LAYER("eigrp", TRAIT_ROUTING),
	LAYER("hsrp", TRAIT_ROUTING),
	LAYER("vrrp", TRAIT_ROUTING | TRAIT_TTL_HIGH),
	LAYER("carp", TRAIT_ROUTING | TRAIT_TTL_HIGH),
	LAYER("cdp", TRAIT_ROUTING),
	LAYER("gvrp", TRAIT_ROUTING),
	LAYER("ismp", TRAIT_ROUTING),
#undef LAYER
};

static unsigned layer_traits(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		if (layers[i].n == n && !memcmp(layers[i].name, name, n))
			return layers[i].traits;
	return 0;
}

/* Traits of tshark's layers, "eth:ethertype:ip:tcp". */
static unsigned protocols_traits(const char *p, size_t n)
{
	unsigned traits = 0;

	while (n) {
		const char *colon = memchr(p, ':', n);
		size_t length = colon ? (size_t)(colon - p) : n;

		traits |= layer_traits(p, length);
		if (!colon)
			break;
		p += length + 1;
		n -= length + 1;
	}
	return traits;
}

/* Traits of a frame whose layers tshark did not name. */
static unsigned basic_traits(const struct basic *b)
{
	if (b->flags & BASIC_HAS_ARP)
		return TRAIT_ARP;
	if (!b->l4_offset)
		return 0;
	switch (b->ip_proto) {
	case IP_PROTO_TCP: return TRAIT_TCP;
	case IP_PROTO_UDP: return TRAIT_UDP;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6: return TRAIT_ICMP;
	case IP_PROTO_IGMP:
	case IP_PROTO_EIGRP: return TRAIT_ROUTING;
	case IP_PROTO_OSPF: return TRAIT_ROUTING | TRAIT_TTL_FREE;
	case IP_PROTO_VRRP: return TRAIT_ROUTING | TRAIT_TTL_HIGH;
	case IP_PROTO_PIM: return TRAIT_TTL_FREE;
	default: return 0;
	}
}

/* "ip.dst != 224.0.0.0/4 && ip.ttl < 5 && !pim && !ospf", or within 224.0.0.0/24, save mDNS,
 * "ip.ttl != 1 && !(vrrp || carp)". */
static bool ttl_unexpected(const struct basic *b, unsigned traits)
{
	if (!(b->flags & BASIC_HAS_ADDRESS) || b->flags & BASIC_HAS_ARP || b->family != BASIC_IPV4)
		return false;
	if (b->dst[0] >> 4 != 14)
		return b->ttl < 5 && !(traits & TRAIT_TTL_FREE);
	return !memcmp(b->dst, "\xe0\0\0", 3) && b->dst[3] != 251 && b->ttl != 1 &&
	       !(traits & TRAIT_TTL_HIGH);
}

static bool icmp_error(unsigned type)
{
	return (type >= 3 && type <= 5) || type == 11;
}

static bool icmpv6_error(unsigned type)
{
	return type >= 1 && type <= 4;
}

/* Whether one of the numbers of a field is an error: "11", or "3,8" where an error quotes its
 * cause. */
static bool field_error(const struct decoded *d, enum ek_field field, bool (*error)(unsigned type))
{
	size_t n;
	const char *p = decoded_field(d, field, &n);
	unsigned type = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] >= '0' && p[i] <= '9') {
			type = (type * 10 + (unsigned)(p[i] - '0')) & 0xffff;
		} else {
			if (error(type))
				return true;
			type = 0;
		}
	}
	return error(type);
}

/* ICMP may be inside a tunnel, which basic decode does not enter. */
static bool is_icmp_error(const struct decoded *d)
{
	const struct basic *b = &d->basic;

	if (b->flags & BASIC_HAS_ICMP &&
	    (b->ip_proto == IP_PROTO_ICMP ? icmp_error(b->icmp_type) : icmpv6_error(b->icmp_type)))
		return true;
	return field_error(d, EK_ICMP_TYPE, icmp_error) ||
	       field_error(d, EK_ICMPV6_TYPE, icmpv6_error);
}

static unsigned traits_of(const struct decoded *d)
{
	const struct basic *b = &d->basic;
	size_t n;
	const char *protocols = decoded_field(d, EK_PROTOCOLS, &n);
	unsigned traits = n ? protocols_traits(protocols, n) : basic_traits(b);

	if (b->flags & BASIC_HAS_TCP && b->tcp_flags & 4)
		traits |= TRAIT_TCP_RST;
	if (b->flags & BASIC_HAS_TCP && b->tcp_flags & 3)
		traits |= TRAIT_TCP_SYN_FIN;
	if (traits & TRAIT_TCP && b->flags & BASIC_HAS_PORTS && (b->sport == 80 || b->dport == 80))
		traits |= TRAIT_HTTP;
	if (is_icmp_error(d))
		traits |= TRAIT_ICMP_ERROR;
	if (ttl_unexpected(b, traits))
		traits |= TRAIT_TTL;
	if (b->flags & BASIC_HAS_ETH && b->eth_dst[0] & 1)
		traits |= TRAIT_GROUP;
	return traits;
}

const char *emit_color(const struct decoded *d)
{
	unsigned traits = traits_of(d);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (traits & rules[i].trait)
			return rules[i].sgr;
	return "";
}
