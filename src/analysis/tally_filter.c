/* tally_filter.c - the display filters of a row, and its key as text
 *
 * The language is that of wireshark-filter(4), of 4.0. Keys are hostile: an address is printed from
 * its bytes, a number only where it is one, and of a text every byte that is not plain is written
 * as \xHH, so that the filter is printable ASCII and compares the same bytes.
 */
#include <arpa/inet.h>
#include <string.h>

#include "analysis/tally_private.h"
#include "base/digits.h"

/* What the columns say, as hex where it could mean something to the language. */
static void put_hex(struct buf *out, const char *lead, unsigned char c)
{
	char hex[2];

	digits_hex(hex, c, 2);
	buf_puts(out, lead);
	buf_put(out, hex, sizeof(hex));
}

/* A dollar sign could begin a macro, "${name}", which the language expands within strings too. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '$';
}

static void put_quoted(struct buf *out, const unsigned char *p, size_t n)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (is_plain(p[i]))
			buf_putc(out, (char)p[i]);
		else
			put_hex(out, "\\x", p[i]);
	}
	buf_putc(out, '"');
}

static bool is_word(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-' || c == ':';
}

/* A text within a regular expression within a string: what is no word is \xHH to both. */
static void put_pattern(struct buf *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_word(p[i]))
			buf_putc(out, (char)p[i]);
		else if (p[i] == '.')
			buf_puts(out, "[.]");
		else
			put_hex(out, "\\\\x", p[i]);
	}
}

static bool is_number(const unsigned char *p, size_t n)
{
	if (!n || n > 10)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
	}
	return true;
}

static void put_address(struct buf *out, const unsigned char *p, size_t n)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(n == 16 ? AF_INET6 : AF_INET, p, text, sizeof(text)))
		buf_puts(out, text);
}

static void put_comparison(struct buf *out, const char *field, const unsigned char *p, size_t n)
{
	buf_printf(out, "%s == ", field);
	put_address(out, p, n);
}

static void put_direction(struct buf *out, const unsigned char *from, const unsigned char *to,
			  size_t n)
{
	const char *ip = n == 16 ? "ipv6" : "ip";

	buf_printf(out, "(%s.src == ", ip);
	put_address(out, from, n);
	buf_printf(out, " && %s.dst == ", ip);
	put_address(out, to, n);
	buf_putc(out, ')');
}

/* "icmp.type == 3 && icmp.code == 1" of "3/1". */
static void put_icmp(struct buf *out, const char *field, const unsigned char *p, size_t n)
{
	const unsigned char *slash = memchr(p, '/', n);
	size_t type_n;

	if (!slash)
		return;
	type_n = (size_t)(slash - p);
	if (!is_number(p, type_n) || !is_number(slash + 1, n - type_n - 1))
		return;
	buf_printf(out, "%s.type == %.*s && %s.code == %.*s", field, (int)type_n, p, field,
		   (int)(n - type_n - 1), slash + 1);
}

static void put_text_filter(const struct tally_kind *k, const struct tally_row *row,
			    struct buf *out)
{
	if (!k->quoted && !is_number(row->key, row->key_n))
		return;
	if (k->within)
		buf_printf(out, "%s && ", k->within);
	buf_printf(out, "%s == ", k->field);
	if (k->quoted)
		put_quoted(out, row->key, row->key_n);
	else
		buf_put(out, row->key, row->key_n);
}

void tally_filter(enum tally_section section, const struct tally_row *row, struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);
	const unsigned char *key = row->key;
	size_t n = row->key_n;

	switch (section) {
	case TALLY_LAYER:
		/* Not the layer's name: not each has a filter of its name, and of some the filter
		 * selects what frame.protocols does not name. */
		buf_puts(out, "frame.protocols matches \"(?-i)(^|:)");
		put_pattern(out, key, n);
		buf_puts(out, "(:|$)\"");
		break;
	case TALLY_HIERARCHY:
		buf_puts(out, "frame.protocols matches \"(?-i)^");
		put_pattern(out, key, n);
		buf_puts(out, "(:|$)\"");
		break;
	case TALLY_ENDPOINT: put_comparison(out, n == 16 ? "ipv6.addr" : "ip.addr", key, n); break;
	case TALLY_CONVERSATION:
		put_direction(out, key, key + n / 2, n / 2);
		buf_puts(out, " || ");
		put_direction(out, key + n / 2, key, n / 2);
		break;
	case TALLY_ICMP:
	case TALLY_ICMPV6: put_icmp(out, k->field, key, n); break;
	default:
		if (k->field && k->key == TALLY_KEY_ADDRESS)
			put_comparison(out, k->field, key, n);
		else if (k->field)
			put_text_filter(k, row, out);
	}
}

void tally_filter_not(const struct buf *filter, struct buf *out)
{
	if (!filter->n)
		return;
	buf_puts(out, "!(");
	buf_put(out, filter->p, filter->n);
	buf_putc(out, ')');
}

void tally_key_text(enum tally_section section, const struct tally_row *row, struct buf *out)
{
	switch (tally_kind(section)->key) {
	case TALLY_KEY_ADDRESS: put_address(out, row->key, row->key_n); return;
	case TALLY_KEY_PAIR:
		put_address(out, row->key, row->key_n / 2);
		buf_puts(out, " <-> ");
		put_address(out, row->key + row->key_n / 2, row->key_n / 2);
		return;
	case TALLY_KEY_STREAM: return;
	default: buf_put(out, row->key, row->key_n);
	}
}

/* ---- names of numbers ---- */

struct number_name {
	const char *number, *name;
};

static const struct number_name message_names[] = {
	{"0", "queries"}, {"1", "responses"}, {NULL, NULL}};
static const struct number_name rcode_names[] = {
	{"0", "no error"},     {"1", "format error"},	 {"2", "server failure"},
	{"3", "no such name"}, {"4", "not implemented"}, {"5", "refused"},
	{NULL, NULL}};
static const struct number_name type_names[] = {
	{"1", "A"},	  {"2", "NS"},	  {"5", "CNAME"},  {"6", "SOA"},   {"12", "PTR"},
	{"15", "MX"},	  {"16", "TXT"},  {"28", "AAAA"},  {"33", "SRV"},  {"43", "DS"},
	{"48", "DNSKEY"}, {"64", "SVCB"}, {"65", "HTTPS"}, {"255", "ANY"}, {NULL, NULL}};
static const struct number_name arp_names[] = {{"1", "requests"}, {"2", "replies"}, {NULL, NULL}};
static const struct number_name icmp_names[] = {{"0/0", "echo reply"},
						{"3/0", "network unreachable"},
						{"3/1", "host unreachable"},
						{"3/3", "port unreachable"},
						{"3/4", "fragmentation needed"},
						{"5/1", "redirect for host"},
						{"8/0", "echo request"},
						{"11/0", "time to live exceeded"},
						{NULL, NULL}};
static const struct number_name icmpv6_names[] = {{"1/0", "no route"},
						  {"1/4", "port unreachable"},
						  {"2/0", "packet too big"},
						  {"3/0", "hop limit exceeded"},
						  {"128/0", "echo request"},
						  {"129/0", "echo reply"},
						  {"133/0", "router solicitation"},
						  {"134/0", "router advertisement"},
						  {"135/0", "neighbor solicitation"},
						  {"136/0", "neighbor advertisement"},
						  {"143/0", "multicast listener report"},
						  {NULL, NULL}};
static const struct number_name tls_names[] = {
	{"20", "change cipher spec"}, {"21", "alert"},	   {"22", "handshake"},
	{"23", "application data"},   {"24", "heartbeat"}, {NULL, NULL}};

static const struct number_name *names_of(enum tally_section section)
{
	switch (section) {
	case TALLY_DNS_MESSAGE:
	case TALLY_MDNS_MESSAGE:
	case TALLY_LLMNR_MESSAGE: return message_names;
	case TALLY_DNS_RCODE:
	case TALLY_MDNS_RCODE:
	case TALLY_LLMNR_RCODE: return rcode_names;
	case TALLY_DNS_TYPE:
	case TALLY_MDNS_TYPE:
	case TALLY_LLMNR_TYPE: return type_names;
	case TALLY_ARP_OPCODE: return arp_names;
	case TALLY_ICMP: return icmp_names;
	case TALLY_ICMPV6: return icmpv6_names;
	case TALLY_TLS_TYPE: return tls_names;
	default: return NULL;
	}
}

const char *tally_key_name(enum tally_section section, const struct tally_row *row)
{
	const struct number_name *names = names_of(section);

	for (; names && names->number; names++) {
		if (strlen(names->number) == row->key_n &&
		    memcmp(names->number, row->key, row->key_n) == 0)
			return names->name;
	}
	return "";
}
