/* anonymize_app.c - DNS, DHCP, DHCPv6, and names in HTTP and TLS */
#include <string.h>
#include <strings.h>

#include "anonymize/anonymize_private.h"
#include "base/bytes.h"

/* ---- DNS ---- */

enum {
	DNS_BYTES = 12,
	LABEL_BYTES_MAX = 63,
	POINTER = 0xc0,
};

enum {
	RR_A = 1,
	RR_NS = 2,
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_PTR = 12,
	RR_MX = 15,
	RR_AAAA = 28,
	RR_SRV = 33,
	RR_DNAME = 39,
};

uint32_t anonymize_name(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end) {
		uint32_t n = w->data[at];

		if (n == 0)
			return at + 1;
		if (n >= POINTER)
			return end - at >= 2 ? at + 2 : end;
		if (n > LABEL_BYTES_MAX || n > end - at - 1)
			break;
		w->a->stats.name += pseudonym_label(w->a->pseudonym, w->data + at + 1, n);
		at += 1 + n;
	}
	anonymize_unknown(w, at, end);
	return end;
}

static void dns_data(struct walk *w, unsigned type, uint32_t at, uint32_t end)
{
	uint32_t n = end - at;

	switch (type) {
	case RR_A:
	case RR_AAAA: anonymize_addresses(w, at, end, type == RR_A ? 4 : 16); break;
	case RR_NS:
	case RR_CNAME:
	case RR_PTR:
	case RR_DNAME: at = anonymize_name(w, at, end); break;
	case RR_MX: at = anonymize_name(w, at + (n < 2 ? n : 2), end); break;
	case RR_SRV: at = anonymize_name(w, at + (n < 6 ? n : 6), end); break;
	case RR_SOA: /* two names and five numbers */
		at = anonymize_name(w, anonymize_name(w, at, end), end);
		at += end - at < 20 ? end - at : 20;
		break;
	default: break;
	}
	if (type != RR_A && type != RR_AAAA)
		anonymize_zero(w, at, end);
}

/* A resource record. Return: where it ends */
static uint32_t dns_record(struct walk *w, uint32_t at, uint32_t end)
{
	uint32_t n;
	unsigned type;

	at = anonymize_name(w, at, end);
	if (end - at < 10) {
		anonymize_unknown(w, at, end);
		return end;
	}
	type = be16_load(w->data + at);
	n = be16_load(w->data + at + 8);
	at += 10;
	if (n > end - at) {
		anonymize_unknown(w, at, end);
		return end;
	}
	dns_data(w, type, at, at + n);
	return at + n;
}

void anonymize_dns(struct walk *w, uint32_t at, uint32_t end)
{
	uint32_t questions, records;

	if (end - at < DNS_BYTES) {
		anonymize_unknown(w, at, end);
		return;
	}
	questions = be16_load(w->data + at + 4);
	records = (uint32_t)be16_load(w->data + at + 6) + be16_load(w->data + at + 8) +
		  be16_load(w->data + at + 10);
	at += DNS_BYTES;
	for (; questions && at < end; questions--) {
		at = anonymize_name(w, at, end);
		if (end - at < 4) {
			anonymize_unknown(w, at, end);
			return;
		}
		at += 4;
	}
	for (; records && at < end; records--)
		at = dns_record(w, at, end);
	anonymize_unknown(w, at, end);
}

/* ---- DHCP ---- */

enum {
	DHCP_BYTES = 236,
	DHCP_COOKIE = 4,
	DHCP_ETHERNET = 1,
};

/* A name of labels with dots. */
static void host(struct walk *w, uint32_t at, uint32_t end)
{
	w->a->stats.name += pseudonym_host(w->a->pseudonym, w->data + at, end - at);
}

/* RFC 3442: as many bytes of a prefix as it is long, and a router. */
static void classless_routes(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end) {
		unsigned char prefix[4] = {0};
		uint32_t n = (w->data[at] + 7u) / 8;

		if (n > 4 || n + 4 > end - at - 1)
			break;
		memcpy(prefix, w->data + at + 1, n);
		w->a->stats.ipv4 += pseudonym_ipv4(w->a->pseudonym, prefix);
		memcpy(w->data + at + 1, prefix, n);
		anonymize_ipv4_at(w, at + 1 + n);
		at += 5 + n;
	}
	anonymize_zero(w, at, end);
}

/* The value of an option, [@at, @end). */
static void dhcp_option(struct walk *w, unsigned code, uint32_t at, uint32_t end)
{
	switch (code) {
	case 3: /* lists of addresses: routers, servers of all kinds, the own one */
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
	case 11:
	case 16:
	case 21:
	case 28:
	case 32:
	case 33:
	case 41:
	case 42:
	case 44:
	case 45:
	case 48:
	case 49:
	case 50:
	case 54:
	case 65:
	case 68:
	case 69:
	case 70:
	case 71:
	case 72:
	case 73:
	case 74:
	case 75:
	case 76: anonymize_addresses(w, at, end, 4); break;
	case 12: /* names */
	case 15: host(w, at, end); break;
	case 61:
		if (end - at == 1 + PSEUDONYM_MAC_BYTES && w->data[at] == DHCP_ETHERNET)
			anonymize_mac_at(w, at + 1);
		else
			anonymize_zero(w, at, end);
		break;
	case 121:
	case 249: classless_routes(w, at, end); break;
	case 1: /* numbers: mask, MTU, lease, overload, type, parameters, sizes, times */
	case 2:
	case 23:
	case 26:
	case 51:
	case 52:
	case 53:
	case 55:
	case 57:
	case 58:
	case 59: break;
	default: anonymize_zero(w, at, end); break;
	}
}

static void dhcp_options(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end && w->data[at] != 255) {
		uint32_t n = 0;

		if (w->data[at] != 0) {
			if (end - at < 2 || w->data[at + 1] > end - at - 2) {
				anonymize_unknown(w, at, end);
				return;
			}
			n = 1u + w->data[at + 1];
			dhcp_option(w, w->data[at], at + 2, at + 1 + n);
		}
		at += 1 + n;
	}
	if (at < end)
		anonymize_zero(w, at + 1, end);
}

void anonymize_dhcp(struct walk *w, uint32_t at, uint32_t end)
{
	if (end - at < DHCP_BYTES) {
		anonymize_unknown(w, at, end);
		return;
	}
	anonymize_addresses(w, at + 12, at + 28, 4);
	if (w->data[at + 1] == DHCP_ETHERNET && w->data[at + 2] == PSEUDONYM_MAC_BYTES) {
		anonymize_mac_at(w, at + 28);
		anonymize_zero(w, at + 28 + PSEUDONYM_MAC_BYTES, at + 44);
	} else {
		anonymize_zero(w, at + 28, at + 44);
	}
	anonymize_zero(w, at + 44, at + DHCP_BYTES); /* names of server and file */
	at += DHCP_BYTES;
	if (end - at < DHCP_COOKIE || memcmp(w->data + at, "\x63\x82\x53\x63", DHCP_COOKIE) != 0)
		anonymize_unknown(w, at, end);
	else
		dhcp_options(w, at + DHCP_COOKIE, end);
}

/* ---- DHCPv6 ---- */

enum {
	DHCPV6_RELAY_FORWARD = 12,
	DHCPV6_RELAY_REPLY = 13,
	DHCPV6_RELAY_BYTES = 34,
	DHCPV6_DEPTH_MAX = 4, /* options inside options */
};

static void dhcpv6_message(struct walk *w, uint32_t at, uint32_t end, unsigned depth);
static void dhcpv6_options(struct walk *w, uint32_t at, uint32_t end, unsigned depth);

/* A DUID: of type 1 (with a time) and 3 it is a MAC address at its end. */
static void duid(struct walk *w, uint32_t at, uint32_t end)
{
	uint32_t n = end - at;
	unsigned type = n >= 4 ? be16_load(w->data + at) : 0;

	if (n >= 4 && be16_load(w->data + at + 2) == 1 &&
	    ((type == 1 && n == 14) || (type == 3 && n == 10)))
		anonymize_mac_at(w, end - PSEUDONYM_MAC_BYTES);
	else
		anonymize_zero(w, at, end);
}

/* An option with @head bytes before options of its own, of which an address is at @address. */
static void dhcpv6_nested(struct walk *w, uint32_t at, uint32_t end, uint32_t head,
			  uint32_t address, unsigned depth)
{
	if (end - at < head || depth == DHCPV6_DEPTH_MAX) {
		anonymize_unknown(w, at, end);
		return;
	}
	if (address < head)
		anonymize_ipv6_at(w, at + address);
	dhcpv6_options(w, at + head, end, depth + 1);
}

static void dhcpv6_option(struct walk *w, unsigned code, uint32_t at, uint32_t end, unsigned depth)
{
	switch (code) {
	case 1: /* client and server */
	case 2: duid(w, at, end); break;
	case 3: /* associations of addresses and prefixes: the number and two times */
	case 25: dhcpv6_nested(w, at, end, 12, 12, depth); break;
	case 4: dhcpv6_nested(w, at, end, 4, 4, depth); break;
	case 5: dhcpv6_nested(w, at, end, 24, 0, depth); break;
	case 26: dhcpv6_nested(w, at, end, 25, 9, depth); break;
	case 9: dhcpv6_message(w, at, end, depth + 1); break;
	case 12: /* lists of addresses */
	case 22:
	case 23:
	case 31: anonymize_addresses(w, at, end, 16); break;
	case 24: /* search list */
		while (at < end)
			at = anonymize_name(w, at, end);
		break;
	case 6: /* numbers: what is asked for, preference, times */
	case 7:
	case 8:
	case 14:
	case 32:
	case 82:
	case 83: break;
	default: anonymize_zero(w, at, end); break;
	}
}

static void dhcpv6_options(struct walk *w, uint32_t at, uint32_t end, unsigned depth)
{
	while (at < end) {
		uint32_t n = end - at >= 4 ? be16_load(w->data + at + 2) : 0;

		if (end - at < 4 || n > end - at - 4)
			break;
		dhcpv6_option(w, be16_load(w->data + at), at + 4, at + 4 + n, depth);
		at += 4 + n;
	}
	anonymize_unknown(w, at, end);
}

static void dhcpv6_message(struct walk *w, uint32_t at, uint32_t end, unsigned depth)
{
	unsigned type = at < end ? w->data[at] : 0;
	bool relay = type == DHCPV6_RELAY_FORWARD || type == DHCPV6_RELAY_REPLY;
	uint32_t head = relay ? DHCPV6_RELAY_BYTES : 4;

	if (end - at < head || depth >= DHCPV6_DEPTH_MAX) {
		anonymize_unknown(w, at, end);
		return;
	}
	if (relay)
		anonymize_addresses(w, at + 2, at + head, 16);
	dhcpv6_options(w, at + head, end, depth);
}

void anonymize_dhcpv6(struct walk *w, uint32_t at, uint32_t end)
{
	dhcpv6_message(w, at, end, 0);
}

/* ---- names in what is kept ---- */

enum {
	TLS_RECORD = 5,
	TLS_HANDSHAKE = 22,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_NAME = 0,
};

/* Goes past a vector whose length has @bytes bytes. Return: where it ends; @end where it is cut */
static uint32_t vector_end(const struct walk *w, uint32_t at, uint32_t end, uint32_t bytes)
{
	uint32_t n;

	if (end - at < bytes)
		return end;
	n = bytes == 1 ? w->data[at] : be16_load(w->data + at);
	return n > end - at - bytes ? end : at + bytes + n;
}

/* The names of a server_name extension, as far as they are there. */
static void server_names(struct walk *w, uint32_t at, uint32_t end)
{
	at += end - at < 2 ? end - at : 2;
	while (end - at > 3) {
		uint32_t stop = vector_end(w, at + 1, end, 2);

		if (w->data[at] == 0)
			host(w, at + 3, stop);
		at = stop;
	}
}

static void client_hello(struct walk *w, uint32_t at, uint32_t end)
{
	/* Type and length, version, random; then session, ciphers, compressions. */
	at += end - at < 38 ? end - at : 38;
	at = vector_end(w, at, end, 1);
	at = vector_end(w, at, end, 2);
	at = vector_end(w, at, end, 1);
	at += end - at < 2 ? end - at : 2;
	while (end - at > 4) {
		uint32_t stop = vector_end(w, at + 2, end, 2);

		if (be16_load(w->data + at) == TLS_SERVER_NAME)
			server_names(w, at + 4, stop);
		at = stop;
	}
}

static bool is_http(const unsigned char *p, uint32_t n)
{
	static const char *const starts[] = {"GET ",	 "HEAD ",    "POST ",  "PUT ",	 "DELETE ",
					     "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ", "HTTP/1."};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t m = strlen(starts[i]);

		if (n >= m && memcmp(p, starts[i], m) == 0)
			return true;
	}
	return false;
}

/* The value of a Host field: a name, and perhaps a port, which stays. */
static void http_host(struct walk *w, uint32_t at, uint32_t end)
{
	uint32_t stop;

	while (at < end && (w->data[at] == ' ' || w->data[at] == '\t'))
		at++;
	for (stop = at; stop < end && w->data[stop] != ':' && w->data[stop] > ' '; stop++)
		;
	if (stop > at)
		host(w, at, stop);
}

static void http_fields(struct walk *w, uint32_t at, uint32_t end)
{
	while (at < end) {
		const unsigned char *line = w->data + at;
		const unsigned char *newline = memchr(line, '\n', end - at);
		uint32_t n = newline ? (uint32_t)(newline - line) : end - at;

		if (n >= 5 && strncasecmp((const char *)line, "host:", 5) == 0)
			http_host(w, at + 5, at + n);
		/* An empty line ends the head. */
		if (!newline || n == 0 || (n == 1 && line[0] == '\r'))
			return;
		at += n + 1;
	}
}

void anonymize_stream(struct walk *w, uint32_t at, uint32_t end)
{
	const unsigned char *p = w->data + at;
	uint32_t n = end - at;

	if (w->a->config.payload != ANONYMIZE_KEEP)
		anonymize_payload(w, at, end);
	else if (n > TLS_RECORD && p[0] == TLS_HANDSHAKE && p[1] == 3 &&
		 p[TLS_RECORD] == TLS_CLIENT_HELLO)
		client_hello(w, at + TLS_RECORD, end);
	else if (is_http(p, n))
		http_fields(w, at, end);
}
