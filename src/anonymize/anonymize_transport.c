/* anonymize_transport.c - TCP, UDP and tunnels */
#include "anonymize/anonymize_private.h"
#include "base/bytes.h"
#include "basic/basic_names.h"

enum {
	TCP_BYTES = 20,
	TCP_CHECKSUM = 16,
	TCP_OPTION_MPTCP = 30,
	UDP_BYTES = 8,
	MESSAGE_BYTES = 4, /* of ICMP and its kin: type, code, checksum */
	UDP_CHECKSUM = 6,
	GRE_BYTES = 4,
	GRE_HAS_CHECKSUM = 0x8000,
	GRE_HAS_ROUTING = 0x4000,
	GRE_HAS_KEY = 0x2000,
	GRE_HAS_SEQUENCE = 0x1000,
	GRE_VERSION = 7,
	VXLAN_BYTES = 8,
	GENEVE_BYTES = 8,
};

enum {
	PROTO_IPV4 = 4,
	PROTO_IPV6 = 41,
	PROTO_GRE = 47,
};

enum {
	PORT_DNS = 53,
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	PORT_DHCPV6_CLIENT = 546,
	PORT_DHCPV6_SERVER = 547,
	PORT_VXLAN = 4789,
	PORT_VXLAN_LINUX = 8472,
	PORT_MDNS = 5353,
	PORT_LLMNR = 5355,
	PORT_GENEVE = 6081,
};

static struct anonymize_sum sum_of(const struct around *ip, uint32_t field, uint32_t from,
				   uint32_t to)
{
	return (struct anonymize_sum){.field = field,
				      .from = from,
				      .to = to,
				      .src = ip->src,
				      .dst = ip->dst,
				      .address_bytes = ip->address_bytes};
}

/* ---- TCP ---- */

/* Options are kept but for those of multipath, which hold addresses and keys. */
static void tcp_options(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end && w->data[at] != 0) {
		uint32_t n = 1;

		if (w->data[at] != 1) {
			n = end - at >= 2 ? w->data[at + 1] : 0;
			if (n < 2 || n > end - at)
				break;
			if (w->data[at] == TCP_OPTION_MPTCP)
				anonymize_zero(w, at + 2, at + n);
		}
		at += n;
	}
	anonymize_zero(w, at, end);
}

static void tcp(struct walk *w, uint32_t at, uint32_t end, const struct around *ip)
{
	struct anonymize_sum sum = sum_of(ip, at + TCP_CHECKSUM, at, end);
	uint32_t header = end - at >= TCP_BYTES ? (w->data[at + 12] >> 4) * 4u : 0;

	if (end - at < TCP_BYTES || !anonymize_sum(w, &sum)) {
		anonymize_unknown(w, at, end);
		return;
	}
	/* Its fixed part is whole and has no address, whatever it says of options. */
	if (header < TCP_BYTES || header > end - at) {
		anonymize_unknown(w, at + TCP_BYTES, end);
		return;
	}
	tcp_options(w, at + TCP_BYTES, at + header);
	if (be16_load(w->data + at) == PORT_DNS || be16_load(w->data + at + 2) == PORT_DNS) {
		/* Two bytes of length before each message; what follows the first is content. */
		if (end - at - header > 2)
			anonymize_dns(w, at + header + 2, end);
	} else {
		anonymize_stream(w, at + header, end);
	}
}

/* ---- UDP ---- */

static void geneve(struct walk *w, uint32_t at, uint32_t end)
{
	uint32_t options = end - at >= GENEVE_BYTES ? (w->data[at] & 63u) * 4 : 0;

	if (end - at < GENEVE_BYTES || w->data[at] >> 6 || options > end - at - GENEVE_BYTES) {
		anonymize_unknown(w, at, end);
		return;
	}
	anonymize_zero(w, at + GENEVE_BYTES, at + GENEVE_BYTES + options);
	anonymize_ethertype(w, be16_load(w->data + at + 2), at + GENEVE_BYTES + options, end);
}

static void vxlan(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < VXLAN_BYTES)
		anonymize_unknown(w, at, end);
	else
		anonymize_ethernet(w, at + VXLAN_BYTES, end);
}

static bool is_port(unsigned sport, unsigned dport, unsigned port)
{
	return sport == port || dport == port;
}

static void datagram(struct walk *w, unsigned sport, unsigned dport, uint32_t at, uint32_t end)
{
	if (is_port(sport, dport, PORT_DNS) || is_port(sport, dport, PORT_MDNS) ||
	    is_port(sport, dport, PORT_LLMNR))
		anonymize_dns(w, at, end);
	else if (is_port(sport, dport, PORT_DHCP_SERVER) || is_port(sport, dport, PORT_DHCP_CLIENT))
		anonymize_dhcp(w, at, end);
	else if (is_port(sport, dport, PORT_DHCPV6_CLIENT) ||
		 is_port(sport, dport, PORT_DHCPV6_SERVER))
		anonymize_dhcpv6(w, at, end);
	else if (dport == PORT_VXLAN || dport == PORT_VXLAN_LINUX)
		vxlan(w, at, end);
	else if (dport == PORT_GENEVE)
		geneve(w, at, end);
	else
		anonymize_payload(w, at, end);
}

static void udp(struct walk *w, uint32_t at, uint32_t end, const struct around *ip)
{
	uint32_t length = end - at >= UDP_BYTES ? be16_load(w->data + at + 4) : 0, stop = end;
	struct anonymize_sum sum;

	/* A length of 0 is a jumbogram's; one that is too long is cut short, or a fragment's. */
	if (length >= UDP_BYTES && length < end - at)
		stop = at + length;
	sum = sum_of(ip, at + UDP_CHECKSUM, at, stop);
	sum.may_be_none = true;
	if (end - at < UDP_BYTES || !anonymize_sum(w, &sum)) {
		anonymize_unknown(w, at, end);
		return;
	}
	datagram(w, be16_load(w->data + at), be16_load(w->data + at + 2), at + UDP_BYTES, stop);
	anonymize_unknown(w, stop, end);
}

/* ---- tunnels ---- */

static void gre(struct walk *w, uint32_t at, uint32_t end)
{
	unsigned flags = end - at >= GRE_BYTES ? be16_load(w->data + at) : GRE_VERSION;
	struct anonymize_sum sum = {.field = at + GRE_BYTES, .from = at, .to = end};
	uint32_t header = GRE_BYTES + (flags & GRE_HAS_CHECKSUM ? 4u : 0) +
			  (flags & GRE_HAS_KEY ? 4u : 0) + (flags & GRE_HAS_SEQUENCE ? 4u : 0);

	if (flags & (GRE_VERSION | GRE_HAS_ROUTING) || header > end - at ||
	    (flags & GRE_HAS_CHECKSUM && !anonymize_sum(w, &sum))) {
		anonymize_unknown(w, at, end);
		return;
	}
	anonymize_ethertype(w, be16_load(w->data + at + 2), at + header, end);
}

/* Messages with a checksum of their own at @field. */
static void message(struct walk *w, uint32_t at, uint32_t end, const struct around *ip,
		    void (*part)(struct walk *w, uint32_t at, uint32_t end))
{
	struct anonymize_sum sum = {.field = at + 2, .from = at, .to = end};

	if (ip)
		sum = sum_of(ip, at + 2, at, end);
	if (end - at >= MESSAGE_BYTES && anonymize_sum(w, &sum))
		part(w, at, end);
	else
		anonymize_unknown(w, at, end);
}

void anonymize_transport(struct walk *w, unsigned proto, uint32_t at, uint32_t end,
			 const struct around *ip)
{
	switch (proto) {
	case IP_PROTO_TCP: tcp(w, at, end, ip); break;
	case IP_PROTO_UDP: udp(w, at, end, ip); break;
	case IP_PROTO_ICMP: message(w, at, end, NULL, anonymize_icmp); break;
	case IP_PROTO_IGMP: message(w, at, end, NULL, anonymize_igmp); break;
	case IP_PROTO_ICMPV6: message(w, at, end, ip, anonymize_icmpv6); break;
	case PROTO_IPV4:
	case PROTO_IPV6: anonymize_ip(w, at, end); break;
	case PROTO_GRE: gre(w, at, end); break;
	case IP_PROTO_NO_NEXT: anonymize_payload(w, at, end); break;
	default: anonymize_unknown(w, at, end); break;
	}
}
