/* dfilter_value.c - names of fields and texts of values of the display filter */
#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "base/digits.h"
#include "basic/dfilter_private.h"

#define HEADER(name, layer)                                      \
	{                                                        \
		name, layer, DFILTER_HEADER, DFILTER_F_HEADER, 0 \
	}
#define U8(name, layer, id)                              \
	{                                                \
		name, layer, DFILTER_UINT, id, UINT8_MAX \
	}
#define U16(name, layer, id)                              \
	{                                                 \
		name, layer, DFILTER_UINT, id, UINT16_MAX \
	}
#define U32(name, layer, id)                              \
	{                                                 \
		name, layer, DFILTER_UINT, id, UINT32_MAX \
	}
#define OF_TYPE(name, layer, t, id)   \
	{                             \
		name, layer, t, id, 0 \
	}
#define FLAG(name, place)                                                               \
	{                                                                               \
		"tcp.flags." name, DFILTER_TCP, DFILTER_BOOL, DFILTER_F_TCP_FLAG, place \
	}
#define PORTS(name, layer)                                                                      \
	U16(name ".port", layer, DFILTER_F_PORT), U16(name ".srcport", layer, DFILTER_F_SPORT), \
		U16(name ".dstport", layer, DFILTER_F_DPORT)

/* Sizes are those of tshark's fields, as they decide which numbers it refuses. */
static const struct dfilter_field fields[] = {
	HEADER("frame", DFILTER_FRAME),
	U32("frame.len", DFILTER_FRAME, DFILTER_F_LEN),
	U32("frame.cap_len", DFILTER_FRAME, DFILTER_F_CAP_LEN),
	U32("frame.number", DFILTER_NUMBER, DFILTER_F_NUMBER),
	HEADER("eth", DFILTER_ETH),
	OF_TYPE("eth.addr", DFILTER_ETH, DFILTER_ETHER, DFILTER_F_ETH_ADDR),
	OF_TYPE("eth.src", DFILTER_ETH, DFILTER_ETHER, DFILTER_F_ETH_SRC),
	OF_TYPE("eth.dst", DFILTER_ETH, DFILTER_ETHER, DFILTER_F_ETH_DST),
	U16("eth.type", DFILTER_ETH, DFILTER_F_ETH_TYPE),
	HEADER("vlan", DFILTER_VLAN),
	U16("vlan.id", DFILTER_VLAN, DFILTER_F_VLAN_ID),
	HEADER("arp", DFILTER_ARP),
	U16("arp.opcode", DFILTER_ARP, DFILTER_F_ARP_OPCODE),
	OF_TYPE("arp.src.proto_ipv4", DFILTER_ARP, DFILTER_IPV4, DFILTER_F_SRC4),
	OF_TYPE("arp.dst.proto_ipv4", DFILTER_ARP, DFILTER_IPV4, DFILTER_F_DST4),
	HEADER("ip", DFILTER_IP),
	OF_TYPE("ip.addr", DFILTER_IP, DFILTER_IPV4, DFILTER_F_ADDR4),
	OF_TYPE("ip.src", DFILTER_IP, DFILTER_IPV4, DFILTER_F_SRC4),
	OF_TYPE("ip.dst", DFILTER_IP, DFILTER_IPV4, DFILTER_F_DST4),
	U8("ip.proto", DFILTER_IP, DFILTER_F_PROTO),
	U8("ip.ttl", DFILTER_IP, DFILTER_F_TTL),
	/* tshark puts it into IPv6 headers, too. */
	U8("ip.version", DFILTER_IP | DFILTER_IPV6, DFILTER_F_VERSION),
	HEADER("ipv6", DFILTER_IPV6),
	OF_TYPE("ipv6.addr", DFILTER_IPV6, DFILTER_INET6, DFILTER_F_ADDR6),
	OF_TYPE("ipv6.src", DFILTER_IPV6, DFILTER_INET6, DFILTER_F_SRC6),
	OF_TYPE("ipv6.dst", DFILTER_IPV6, DFILTER_INET6, DFILTER_F_DST6),
	U8("ipv6.nxt", DFILTER_IPV6, DFILTER_F_PROTO),
	U8("ipv6.hlim", DFILTER_IPV6, DFILTER_F_TTL),
	U8("ipv6.version", DFILTER_IPV6, DFILTER_F_VERSION),
	HEADER("icmp", DFILTER_ICMP),
	U8("icmp.type", DFILTER_ICMP, DFILTER_F_ICMP_TYPE),
	U8("icmp.code", DFILTER_ICMP, DFILTER_F_ICMP_CODE),
	HEADER("icmpv6", DFILTER_ICMPV6),
	U8("icmpv6.type", DFILTER_ICMPV6, DFILTER_F_ICMP_TYPE),
	U8("icmpv6.code", DFILTER_ICMPV6, DFILTER_F_ICMP_CODE),
	HEADER("tcp", DFILTER_TCP),
	PORTS("tcp", DFILTER_TCP),
	U32("tcp.len", DFILTER_TCP, DFILTER_F_TCP_LEN),
	U16("tcp.flags", DFILTER_TCP, DFILTER_F_TCP_FLAGS),
	FLAG("fin", 0),
	FLAG("syn", 1),
	FLAG("reset", 2),
	FLAG("push", 3),
	FLAG("ack", 4),
	FLAG("urg", 5),
	HEADER("udp", DFILTER_UDP),
	PORTS("udp", DFILTER_UDP),
	U16("udp.length", DFILTER_UDP, DFILTER_F_UDP_LENGTH),
	HEADER("sctp", DFILTER_SCTP),
	PORTS("sctp", DFILTER_SCTP),
};

const struct dfilter_field *dfilter_field(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == n && !memcmp(fields[i].name, name, n))
			return &fields[i];
	return NULL;
}

/* Digits of @base, at least one, up to 64 bits. */
static bool read_digits(const char *s, size_t n, unsigned base, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		int digit = digit_of_hex(s[i]);

		if (digit < 0 || (unsigned)digit >= base ||
		    v > (UINT64_MAX - (unsigned)digit) / base)
			return false;
		v = v * base + (unsigned)digit;
	}
	*out = v;
	return n > 0;
}

static bool read_number(const char *s, size_t n, uint64_t *out)
{
	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return read_digits(s + 2, n - 2, 16, out);
	if (n > 2 && s[0] == '0' && (s[1] == 'b' || s[1] == 'B'))
		return read_digits(s + 2, n - 2, 2, out);
	if (n > 1 && s[0] == '0')
		return read_digits(s + 1, n - 1, 8, out);
	return read_digits(s, n, 10, out);
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(s, word, n);
}

static enum dfilter_literal read_bool(const char *s, size_t n, uint64_t *out)
{
	if (is_word(s, n, "True") || is_word(s, n, "TRUE"))
		*out = 1;
	else if (is_word(s, n, "False") || is_word(s, n, "FALSE"))
		*out = 0;
	else if (!read_number(s, n, out))
		return DFILTER_LITERAL_BAD;
	*out = *out != 0;
	return DFILTER_LITERAL_OK;
}

/* Six groups of two digits or three of four behind colons, hyphens or periods, of one kind; or
 * twelve digits. tshark takes a few stranger ones; it takes groups of four behind no colons. */
static bool read_mac(const char *s, size_t n, uint64_t *out)
{
	size_t group = n == 17 ? 2 : n == 14 ? 4 : 12;
	char digits[12];
	size_t have = 0;

	if (n != 17 && n != 14 && n != 12)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (i % (group + 1) < group) {
			digits[have++] = s[i];
			continue;
		}
		if (!strchr(group == 2 ? ":-." : "-.", s[i]) || s[i] != s[group])
			return false;
	}
	return read_digits(digits, have, 16, out);
}

/* The address as text with a NUL; false where it is longer than any. */
static bool read_inet(int family, const char *s, size_t n, unsigned char out[16])
{
	char text[INET6_ADDRSTRLEN];

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(family, text, out) == 1;
}

/* The @bits first of @most are the same in all that the range takes. */
static void share_prefix(struct dfilter_range *r, unsigned bits, unsigned most)
{
	unsigned below = most - bits;
	uint64_t low = below >= 64 ? UINT64_MAX : (UINT64_C(1) << below) - 1;
	uint64_t high = below <= 64    ? 0
			: below == 128 ? UINT64_MAX
				       : (UINT64_C(1) << (below - 64)) - 1;

	if (most == 32)
		low &= UINT32_MAX;
	r->low.lo &= ~low;
	r->low.hi &= ~high;
	r->high.lo |= low;
	r->high.hi |= high;
}

static enum dfilter_literal read_address(bool is_v6, const char *s, size_t n, bool prefix,
					 struct dfilter_range *out)
{
	const char *slash = memchr(s, '/', n);
	size_t address = slash ? (size_t)(slash - s) : n;
	unsigned most = is_v6 ? 128 : 32;
	struct dfilter_range r = {{0, 0}, {0, 0}};
	unsigned char bytes[16];
	uint64_t bits = most;

	if (!read_inet(is_v6 ? AF_INET6 : AF_INET, s, address, bytes))
		return DFILTER_LITERAL_BAD;
	/* A zero before other digits: tshark refuses some of those, and we do all. */
	if (slash && (!prefix || n - address > 4 || (n - address > 2 && slash[1] == '0') ||
		      !read_digits(slash + 1, n - address - 1, 10, &bits) || bits > most))
		return DFILTER_LITERAL_PREFIX;
	if (is_v6) {
		r.low.hi = (uint64_t)be32_load(bytes) << 32 | be32_load(bytes + 4);
		r.low.lo = (uint64_t)be32_load(bytes + 8) << 32 | be32_load(bytes + 12);
	} else {
		r.low.lo = be32_load(bytes);
	}
	r.high = r.low;
	share_prefix(&r, (unsigned)bits, most);
	*out = r;
	return DFILTER_LITERAL_OK;
}

enum dfilter_literal dfilter_literal(const struct dfilter_field *field, const char *s, size_t n,
				     bool prefix, struct dfilter_range *out)
{
	uint64_t v = 0;

	switch ((enum dfilter_type)field->type) {
	case DFILTER_HEADER: return DFILTER_LITERAL_BAD;
	case DFILTER_BOOL:
		if (read_bool(s, n, &v) != DFILTER_LITERAL_OK)
			return DFILTER_LITERAL_BAD;
		break;
	case DFILTER_UINT:
		if (!read_number(s, n, &v))
			return DFILTER_LITERAL_BAD;
		if (v > field->max)
			return DFILTER_LITERAL_LARGE;
		break;
	case DFILTER_ETHER:
		if (!read_mac(s, n, &v))
			return DFILTER_LITERAL_BAD;
		break;
	case DFILTER_IPV4: return read_address(false, s, n, prefix, out);
	case DFILTER_INET6: return read_address(true, s, n, prefix, out);
	}
	out->low = out->high = (struct dfilter_value){0, v};
	return DFILTER_LITERAL_OK;
}
