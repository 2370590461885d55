/* basic_text.c - what basic decode found, as text; printf would be too slow for a row a microsecond
 */
#include "basic/basic.h"

#include <stdbool.h>
#include <string.h>

#include "base/digits.h"
#include "basic/basic_names.h"

/* A line of bounded length being built; what does not fit is left out. */
struct line {
	char *p;
	char *end;
};

static void line_put(struct line *l, const char *s, size_t n)
{
	size_t room = (size_t)(l->end - l->p);

	if (n > room)
		n = room;
	memcpy(l->p, s, n);
	l->p += n;
}

static void line_text(struct line *l, const char *s)
{
	line_put(l, s, strlen(s));
}

static void line_number(struct line *l, const char *before, uint32_t v)
{
	char digits[DIGITS_U64_MAX] = "";

	line_text(l, before);
	line_put(l, digits, (size_t)(digits_u64(digits, v) - digits));
}

static void line_hex(struct line *l, const char *before, uint32_t v, unsigned count)
{
	char digits[8] = "";

	line_text(l, before);
	line_put(l, digits, (size_t)(digits_hex(digits, v, count) - digits));
}

static char *put_ipv4(char *p, const unsigned char a[4])
{
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = digits_u64(p, a[i]);
	}
	return p;
}

/* A group without its leading zeros. */
static char *put_group(char *p, uint32_t v)
{
	return digits_hex(p, v, v > 0xfff ? 4 : v > 0xff ? 3 : v > 0xf ? 2 : 1);
}

/* The first longest run of two or more zero groups, which "::" stands for (RFC 5952, 4.2). */
static unsigned zero_run(const uint16_t group[8], unsigned *count)
{
	unsigned best = 8, best_count = 1;

	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && !group[i + n])
			n++;
		if (n > best_count) {
			best = i;
			best_count = n;
		}
		i += n;
	}
	*count = best_count;
	return best;
}

static char *put_ipv6(char *p, const unsigned char a[16])
{
	uint16_t group[8];
	unsigned run, count, last = 8;

	for (size_t i = 0; i < 8; i++)
		group[i] = (uint16_t)(a[2 * i] << 8 | a[2 * i + 1]);
	run = zero_run(group, &count);
	/* Mapped and compatible addresses end in dotted form, as inet_ntop() writes them. */
	if (run == 0 && (count == 6 || (count == 5 && group[5] == 0xffff)))
		last = 6;
	for (unsigned i = 0; i < last; i++) {
		if (i == run) {
			*p++ = ':';
			if (i + count == 8)
				*p++ = ':';
			i += count - 1;
			continue;
		}
		if (i)
			*p++ = ':';
		p = put_group(p, group[i]);
	}
	if (last == 6) {
		*p++ = ':';
		p = put_ipv4(p, a + 12);
	}
	return p;
}

static char *put_mac(char *p, const unsigned char mac[6])
{
	for (unsigned i = 0; i < 6; i++) {
		if (i)
			*p++ = ':';
		p = digits_hex(p, mac[i], 2);
	}
	return p;
}

void basic_mac(const unsigned char mac[6], char out[18])
{
	*put_mac(out, mac) = 0;
}

static void put_address(const struct basic *b, const unsigned char *ip, const unsigned char *mac,
			char out[BASIC_ADDRESS_MAX])
{
	char *end = out;

	if ((b->flags & (BASIC_HAS_ADDRESS | BASIC_HAS_ARP)) == BASIC_HAS_ADDRESS)
		end = b->family == BASIC_IPV4 ? put_ipv4(out, ip) : put_ipv6(out, ip);
	else if (b->flags & BASIC_HAS_ETH)
		end = put_mac(out, mac);
	*end = 0;
}

void basic_source(const struct basic *b, char out[BASIC_ADDRESS_MAX])
{
	put_address(b, b->src, b->eth_src, out);
}

void basic_destination(const struct basic *b, char out[BASIC_ADDRESS_MAX])
{
	put_address(b, b->dst, b->eth_dst, out);
}

const char *basic_protocol(const struct basic *b, char scratch[8])
{
	char *p = scratch;

	if (b->protocol)
		return b->protocol;
	*p++ = '0';
	*p++ = 'x';
	p = digits_hex(p, b->ethertype, 4);
	*p = 0;
	return scratch;
}

static void info_arp(const struct basic *b, struct line *l)
{
	char source[16], target[16], mac[18];

	if (!(b->flags & BASIC_HAS_ADDRESS)) {
		line_number(l, "operation ", b->arp_op);
		return;
	}
	*put_ipv4(source, b->src) = 0;
	*put_ipv4(target, b->dst) = 0;
	basic_mac(b->arp_mac, mac);
	switch (b->arp_op) {
	case 1:
		if (!memcmp(b->src, b->dst, 4)) {
			line_text(l, "ARP Announcement for ");
			line_text(l, source);
			return;
		}
		line_text(l, "Who has ");
		line_text(l, target);
		if (!memcmp(b->src, "\0\0\0", 4)) {
			line_text(l, "? (ARP Probe)");
			return;
		}
		line_text(l, "? Tell ");
		line_text(l, source);
		break;
	case 2:
		line_text(l, source);
		line_text(l, " is at ");
		line_text(l, mac);
		break;
	default: line_number(l, "operation ", b->arp_op); break;
	}
}

static void info_ports(const struct basic *b, struct line *l)
{
	if (!(b->flags & BASIC_HAS_PORTS))
		return;
	line_number(l, "", b->sport);
	line_number(l, " > ", b->dport);
}

static void info_tcp(const struct basic *b, struct line *l)
{
	static const char names[8][5] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	bool first = true;

	info_ports(b, l);
	if (!(b->flags & BASIC_HAS_TCP))
		return;
	line_text(l, " [");
	for (unsigned i = 0; i < 8; i++) {
		if (!(b->tcp_flags >> i & 1))
			continue;
		if (!first)
			line_text(l, ", ");
		line_text(l, names[i]);
		first = false;
	}
	line_text(l, first ? "<None>]" : "]");
	line_number(l, " Seq=", b->tcp_seq);
	if (b->tcp_flags & 16)
		line_number(l, " Ack=", b->tcp_ack);
	line_number(l, " Win=", b->tcp_window);
	line_number(l, " Len=", b->l4_length);
}

static const char *icmp_name(uint8_t type)
{
	switch (type) {
	case 0: return "Echo (ping) reply";
	case 3: return "Destination unreachable";
	case 4: return "Source quench";
	case 5: return "Redirect";
	case 8: return "Echo (ping) request";
	case 9: return "Router advertisement";
	case 10: return "Router solicitation";
	case 11: return "Time-to-live exceeded";
	case 12: return "Parameter problem";
	case 13: return "Timestamp request";
	case 14: return "Timestamp reply";
	case 17: return "Address mask request";
	case 18: return "Address mask reply";
	default: return NULL;
	}
}

static const char *icmpv6_name(uint8_t type)
{
	switch (type) {
	case 1: return "Destination Unreachable";
	case 2: return "Packet Too Big";
	case 3: return "Time Exceeded";
	case 4: return "Parameter Problem";
	case 128: return "Echo (ping) request";
	case 129: return "Echo (ping) reply";
	case 130: return "Multicast Listener Query";
	case 131: return "Multicast Listener Report";
	case 132: return "Multicast Listener Done";
	case 133: return "Router Solicitation";
	case 134: return "Router Advertisement";
	case 135: return "Neighbor Solicitation";
	case 136: return "Neighbor Advertisement";
	case 137: return "Redirect";
	case 143: return "Multicast Listener Report Message v2";
	default: return NULL;
	}
}

static const char *unreachable_name(uint8_t code)
{
	static const char *const names[] = {
		"Network unreachable", "Host unreachable",     "Protocol unreachable",
		"Port unreachable",    "Fragmentation needed",
	};

	return code < sizeof(names) / sizeof(names[0]) ? names[code] : NULL;
}

static void info_icmp(const struct basic *b, struct line *l)
{
	bool v4 = b->ip_proto == IP_PROTO_ICMP;
	const char *name = v4 ? icmp_name(b->icmp_type) : icmpv6_name(b->icmp_type);
	const char *detail = v4 && b->icmp_type == 3 ? unreachable_name(b->icmp_code) : NULL;

	if (!(b->flags & BASIC_HAS_ICMP))
		return;
	if (name)
		line_text(l, name);
	else
		line_number(l, "type ", b->icmp_type);
	if (b->flags & BASIC_HAS_ECHO) {
		line_hex(l, " id=0x", b->icmp_id, 4);
		line_number(l, ", seq=", b->icmp_seq);
		line_number(l, v4 ? ", ttl=" : ", hop limit=", b->ttl);
	} else if (detail) {
		line_text(l, " (");
		line_text(l, detail);
		line_text(l, ")");
	} else if (b->icmp_code) {
		line_number(l, " (code ", b->icmp_code);
		line_text(l, ")");
	}
}

static void line_proto(struct line *l, uint8_t proto)
{
	const char *name = basic_ip_proto_name(proto);

	line_text(l, name ? name : "unknown");
	line_number(l, " ", proto);
}

static void info_fragment(const struct basic *b, struct line *l)
{
	line_text(l, "Fragmented IP protocol (proto=");
	line_proto(l, b->ip_proto);
	line_number(l, ", off=", b->fragment_offset);
	line_hex(l, ", ID=", b->fragment_id, b->family == BASIC_IPV4 ? 4 : 8);
	line_text(l, b->flags & BASIC_FRAGMENT_MORE ? ", more)" : ")");
	if (b->flags & BASIC_HAS_PORTS)
		line_text(l, " ");
	info_ports(b, l);
}

static void info_ip(const struct basic *b, struct line *l)
{
	if (b->flags & BASIC_FRAGMENT) {
		info_fragment(b, l);
		return;
	}
	if (b->ip_proto == IP_PROTO_NO_NEXT && b->family == BASIC_IPV6) {
		line_text(l, "IPv6 no next header");
		return;
	}
	if (!b->l4_offset) {
		line_number(l, "next header ", b->ip_proto);
		return;
	}
	if (b->ip_proto == IP_PROTO_TCP)
		info_tcp(b, l);
	else if (b->ip_proto == IP_PROTO_ICMP || b->ip_proto == IP_PROTO_ICMPV6)
		info_icmp(b, l);
	else if (b->flags & BASIC_HAS_PORTS) {
		info_ports(b, l);
		if (b->ip_proto == IP_PROTO_UDP)
			line_number(l, " Len=", b->l4_length);
	} else {
		line_proto(l, b->ip_proto);
	}
}

static void info_link(const struct basic *b, struct line *l)
{
	if (b->flags & BASIC_LENGTH_FIELD) {
		line_number(l, "802.3, length ", b->ethertype);
		if (b->llc_dsap || b->llc_ssap) {
			line_hex(l, ", DSAP 0x", b->llc_dsap, 2);
			line_hex(l, ", SSAP 0x", b->llc_ssap, 2);
		}
	} else {
		line_hex(l, "Ethernet II, type 0x", b->ethertype, 4);
	}
	if (b->vlan_count)
		line_number(l, ", VLAN ", b->vlan[0]);
}

size_t basic_info(const struct basic *b, char out[BASIC_INFO_MAX])
{
	struct line l = {.p = out, .end = out + BASIC_INFO_MAX - 1};

	if (b->flags & BASIC_HAS_ARP)
		info_arp(b, &l);
	else if (b->flags & BASIC_HAS_ADDRESS)
		info_ip(b, &l);
	else if (b->flags & BASIC_HAS_ETH)
		info_link(b, &l);
	if (b->why) {
		line_text(&l, l.p == out ? "[" : " [");
		line_text(&l, b->why);
		line_text(&l, "]");
	}
	*l.p = 0;
	return (size_t)(l.p - out);
}
