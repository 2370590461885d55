/* tally_count.c - what a frame adds to the tables, by tshark's columns */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "analysis/tally_private.h"

/* tshark's columns end at 2,047 bytes (COL_MAX_LEN), a few less where a character would be cut. */
#define COLUMN_CUT 2044u
/* Values of a column: each takes two bytes at least. */
#define VALUES_MAX 1024u

/* A column taken apart. */
struct values {
	unsigned n;
	struct value {
		const char *p;
		size_t n;
	} v[VALUES_MAX];
};

static bool same(const struct value *a, const struct value *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

static bool is(const struct value *v, const char *text)
{
	return v->n == strlen(text) && memcmp(v->p, text, v->n) == 0;
}

/* Cut at @separator. A last value that tshark may have cut is left out, where it is not alone. */
static void take_apart(const char *p, size_t n, char separator, struct values *out)
{
	const char *end = p + n;

	out->n = 0;
	while (n && out->n < VALUES_MAX) {
		const char *cut = memchr(p, separator, (size_t)(end - p));

		out->v[out->n++] = (struct value){p, (size_t)((cut ? cut : end) - p)};
		if (!cut)
			break;
		p = cut + 1;
	}
	if (n >= COLUMN_CUT && out->n > 1)
		out->n--;
}

static void column(const struct decoded *d, enum ek_field field, struct values *out)
{
	size_t n;
	const char *p = decoded_field(d, field, &n);

	take_apart(p, n, ',', out);
}

/* Values [from, to), each once a frame, with how often it is there. */
static void put_values(const struct tally_delta *delta, enum tally_section section,
		       const struct values *v, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		uint64_t times = 1;
		unsigned k = from;

		while (k < i && !same(&v->v[k], &v->v[i]))
			k++;
		if (k < i || !v->v[i].n)
			continue;
		for (k = i + 1; k < to; k++)
			times += same(&v->v[k], &v->v[i]);
		tally_put_once(delta, section, v->v[i].p, v->v[i].n, times);
	}
}

static void put_column(const struct tally_delta *delta, const struct decoded *d,
		       enum ek_field field, enum tally_section section)
{
	struct values v;

	column(d, field, &v);
	put_values(delta, section, &v, 0, v.n);
}

static bool has_layer(const struct values *path, const char *layer)
{
	for (unsigned i = 0; i < path->n; i++) {
		if (is(&path->v[i], layer))
			return true;
	}
	return false;
}

/* Names are told from commas in them by the query types, of which there are as many. */
static void put_names(const struct tally_delta *delta, const struct decoded *d,
		      enum tally_section section)
{
	struct values names, types;
	struct value whole;

	column(d, EK_DNS_TYPE, &types);
	whole.p = decoded_field(d, EK_DNS_NAME, &whole.n);
	column(d, EK_DNS_NAME, &names);
	if (types.n == 1 && whole.n)
		tally_put_once(delta, section, whole.p, whole.n, 1);
	else
		put_values(delta, section, &names, 0, names.n);
}

static void put_dns(const struct tally_delta *delta, const struct decoded *d,
		    const struct values *path)
{
	static const struct {
		const char *layer;
		enum tally_section first; /* messages; codes, types and names follow */
	} kinds[] = {{"dns", TALLY_DNS_MESSAGE},
		     {"mdns", TALLY_MDNS_MESSAGE},
		     {"llmnr", TALLY_LLMNR_MESSAGE}};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!has_layer(path, kinds[i].layer))
			continue;
		put_column(delta, d, EK_DNS_RESPONSE, kinds[i].first);
		put_column(delta, d, EK_DNS_RCODE, kinds[i].first + 1);
		put_column(delta, d, EK_DNS_TYPE, kinds[i].first + 2);
		put_names(delta, d, kinds[i].first + 3);
	}
}

/* The filter of a row asks for a type and a code, of whichever messages; so each pair counts. */
static void put_icmp(const struct tally_delta *delta, const struct decoded *d,
		     enum ek_field type_field, enum tally_section section)
{
	struct values type, code, both;
	static const unsigned most = TALLY_ICMP_MAX;
	char text[TALLY_ICMP_MAX * TALLY_ICMP_MAX][16];

	column(d, type_field, &type);
	column(d, type_field + 1, &code);
	both.n = 0;
	for (unsigned i = 0; i < type.n && i < most; i++) {
		for (unsigned k = 0; k < code.n && k < most; k++) {
			char *t = text[both.n];

			snprintf(t, sizeof(text[0]), "%.*s/%.*s",
				 type.v[i].n < 4 ? (int)type.v[i].n : 4, type.v[i].p,
				 code.v[k].n < 4 ? (int)code.v[k].n : 4, code.v[k].p);
			both.v[both.n++] = (struct value){t, strlen(t)};
		}
	}
	for (unsigned i = 0; i < both.n; i++) {
		uint64_t times = 0;
		unsigned k = 0;

		while (k < i && !same(&both.v[k], &both.v[i]))
			k++;
		if (k < i)
			continue;
		for (k = 0; k < type.n && k < code.n && k < most; k++)
			times += same(&both.v[k * (code.n < most ? code.n : most) + k], &both.v[i]);
		tally_put_once(delta, section, both.v[i].p, both.v[i].n, times);
	}
}

static void put_path(const struct tally_delta *delta, const struct values *path)
{
	put_values(delta, TALLY_LAYER, path, 0, path->n);
	for (unsigned i = 0; i < path->n; i++) {
		const char *end = path->v[i].p + path->v[i].n;

		tally_put_once(delta, TALLY_HIERARCHY, path->v[0].p, (size_t)(end - path->v[0].p),
			       1);
	}
}

static bool address_of(const struct value *v, struct tally_address *a)
{
	char text[INET6_ADDRSTRLEN];
	bool six = memchr(v->p, ':', v->n) != NULL;

	a->n = 0;
	if (v->n >= sizeof(text))
		return false;
	memcpy(text, v->p, v->n);
	text[v->n] = '\0';
	if (inet_pton(six ? AF_INET6 : AF_INET, text, a->p) != 1)
		return false;
	a->n = six ? 16 : 4;
	return true;
}

/* What the layers of a frame are walked with, side by side with the columns that have a value for
 * each. */
struct walk {
	struct tally_header header[TALLY_HEADERS_MAX];
	unsigned headers;
	struct values addresses, tcp, udp;
	unsigned next_4, next_6, next_tcp, next_udp;
	const struct tally_header *now; /* the header that a layer is carried by */
	bool quoted;			/* quoted by ICMP, NHRP or sFlow */
};

/* The addresses of the next header of a family: those of IPv4 stand first. */
static void walk_header(struct walk *w, bool six)
{
	unsigned *next = six ? &w->next_6 : &w->next_4;
	struct tally_header *h = &w->header[w->headers];

	w->now = NULL;
	while (six && *next < w->addresses.n &&
	       !memchr(w->addresses.v[*next].p, ':', w->addresses.v[*next].n))
		++*next;
	if (w->headers == TALLY_HEADERS_MAX || *next >= w->addresses.n)
		return;
	*h = (struct tally_header){.quoted = w->quoted};
	if (!address_of(&w->addresses.v[*next], &h->from) || (h->from.n == 16) != six)
		return;
	++*next;
	if (*next < w->addresses.n && address_of(&w->addresses.v[*next], &h->to)) {
		if (h->to.n == h->from.n)
			++*next;
		else
			h->to.n = 0;
	}
	/* One that the capture cut has a source alone, and tshark counts it nowhere. */
	h->quoted |= !h->to.n;
	w->headers++;
	w->now = h;
}

static void walk_stream(const struct tally_delta *delta, struct walk *w, bool tcp)
{
	const struct values *v = tcp ? &w->tcp : &w->udp;
	unsigned *next = tcp ? &w->next_tcp : &w->next_udp;

	if (*next >= v->n)
		return;
	if (!w->quoted)
		tally_stream(delta, tcp ? TALLY_TCP : TALLY_UDP, v->v[*next].p, v->v[*next].n,
			     w->now, 0, 0);
	++*next;
}

static void put_layers(const struct tally_delta *delta, const struct decoded *d,
		       const struct values *path)
{
	struct walk w;

	/* The values are long, and filled below. */
	w.headers = w.next_4 = w.next_6 = w.next_tcp = w.next_udp = 0;
	w.now = NULL;
	w.quoted = false;
	column(d, EK_ADDRESSES, &w.addresses);
	column(d, EK_TCP_STREAM, &w.tcp);
	column(d, EK_UDP_STREAM, &w.udp);
	for (unsigned i = 0; i < path->n; i++) {
		const struct value *layer = &path->v[i];

		if (is(layer, "ip") || is(layer, "ipv6"))
			walk_header(&w, layer->n == 4);
		else if (is(layer, "tcp") || is(layer, "udp"))
			walk_stream(delta, &w, layer->p[0] == 't');
		else if (is(layer, "icmp") || is(layer, "icmpv6") || is(layer, "nhrp") ||
			 is(layer, "sflow"))
			w.quoted = true;
	}
	tally_addresses(delta, w.header, w.headers);
	if (has_layer(path, "tcp"))
		tally_sum(delta, &delta->t->tcp);
	if (has_layer(path, "udp"))
		tally_sum(delta, &delta->t->udp);
}

static void put_arp(const struct tally_delta *delta, const struct decoded *d)
{
	struct tally_address a;
	struct values v;

	put_column(delta, d, EK_ARP_OPCODE, TALLY_ARP_OPCODE);
	column(d, EK_ARP_ADDRESSES, &v);
	if (v.n && address_of(&v.v[0], &a))
		tally_put_once(delta, TALLY_ARP_SENDER, a.p, a.n, 1);
	if (v.n > 1 && address_of(&v.v[v.n / 2], &a))
		tally_put_once(delta, TALLY_ARP_TARGET, a.p, a.n, 1);
}

/* Methods stand first, then status codes, which are digits. */
static void put_http2(const struct tally_delta *delta, const struct decoded *d)
{
	unsigned methods = 0;
	struct values v;

	column(d, EK_HTTP2, &v);
	while (methods < v.n &&
	       !(v.v[methods].n && v.v[methods].p[0] >= '0' && v.v[methods].p[0] <= '9'))
		methods++;
	put_values(delta, TALLY_HTTP2_METHOD, &v, 0, methods);
	put_values(delta, TALLY_HTTP2_CODE, &v, methods, v.n);
}

static bool is_counted(enum ek_field field)
{
	return field != EK_INFO && field != EK_HTTP_AGENT && field != EK_HTTP_HOST &&
	       field != EK_TLS_SNI;
}

static bool is_cut(const struct decoded *d)
{
	for (unsigned i = 0; i < EK_FIELDS; i++) {
		size_t n;

		decoded_field(d, (enum ek_field)i, &n);
		if (n >= COLUMN_CUT && is_counted((enum ek_field)i))
			return true;
	}
	return false;
}

void tally_columns(const struct tally_delta *delta, const struct decoded *d)
{
	struct values path;
	size_t n;
	const char *p = decoded_field(d, EK_PROTOCOL, &n);

	delta->t->decoded++;
	if (n)
		tally_put_once(delta, TALLY_PROTOCOL, p, n, 1);
	p = decoded_field(d, EK_PROTOCOLS, &n);
	if (!n)
		return;
	delta->t->columns++;
	delta->t->cut += is_cut(d);
	take_apart(p, n, ':', &path);
	put_path(delta, &path);
	put_layers(delta, d, &path);
	put_arp(delta, d);
	put_dns(delta, d, &path);
	put_icmp(delta, d, EK_ICMP_TYPE, TALLY_ICMP);
	put_icmp(delta, d, EK_ICMPV6_TYPE, TALLY_ICMPV6);
	put_column(delta, d, EK_HTTP_METHOD, TALLY_HTTP_METHOD);
	put_column(delta, d, EK_HTTP_CODE, TALLY_HTTP_CODE);
	put_http2(delta, d);
	put_column(delta, d, EK_TLS_TYPE, TALLY_TLS_TYPE);
}
