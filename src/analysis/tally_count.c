/* tally_count.c - what a frame adds to the tables, by tshark's columns or by the basic decode */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "analysis/tally_private.h"
#include "base/bytes.h"
#include "base/digits.h"
#include "basic/basic_names.h"

/* tshark's columns end at 2,047 bytes (COL_MAX_LEN), a few less where a character would be cut. */
#define COLUMN_CUT 2044u
/* Values of a column: each takes two bytes at least. */
#define VALUES_MAX 1024u

/* ---- addresses and streams, of either decode ---- */

static int compare(const struct tally_address *a, const struct tally_address *b)
{
	return a->n != b->n ? a->n - b->n : memcmp(a->p, b->p, a->n);
}

static size_t join(const struct tally_address *a, const struct tally_address *b,
		   unsigned char key[32])
{
	const struct tally_address *first = compare(a, b) <= 0 ? a : b;
	const struct tally_address *second = first == a ? b : a;

	memcpy(key, first->p, first->n);
	memcpy(key + first->n, second->p, second->n);
	return (size_t)first->n + second->n;
}

/* Whether a header before @i has the address. */
static bool seen(const struct tally_header *h, unsigned i, const struct tally_address *a)
{
	for (unsigned k = 0; k < i; k++) {
		if (compare(&h[k].from, a) == 0 || compare(&h[k].to, a) == 0)
			return true;
	}
	return false;
}

static void add_endpoint(const struct tally_delta *d, const struct tally_address *a, bool first,
			 bool out, bool counts)
{
	struct tally_amount amount = {{0}};

	if (first) {
		amount.n[TALLY_FRAMES] = 1;
		amount.n[TALLY_BYTES] = d->bytes;
	}
	if (counts) {
		amount.n[out ? TALLY_OUT_FRAMES : TALLY_IN_FRAMES] = 1;
		amount.n[out ? TALLY_OUT_BYTES : TALLY_IN_BYTES] = d->bytes;
	}
	if (first || counts)
		tally_put(d, TALLY_ENDPOINT, a->p, a->n, &amount);
}

/* Different addresses of one side of all headers. */
struct side {
	const struct tally_address *a[TALLY_SIDE_MAX];
	unsigned n;
};

static bool side_has(const struct side *s, const struct tally_address *a)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (compare(s->a[i], a) == 0)
			return true;
	}
	return false;
}

static void side_add(const struct tally_delta *d, struct side *s, const struct tally_address *a)
{
	if (!a->n || side_has(s, a))
		return;
	if (s->n < TALLY_SIDE_MAX)
		s->a[s->n++] = a;
	else if (!d->back)
		d->t->crowded++;
}

static void put_pair(const struct tally_delta *d, const struct tally_address *a,
		     const struct tally_address *b, const struct tally_amount *amount)
{
	unsigned char key[32];
	size_t n = join(a, b, key);

	tally_put(d, TALLY_CONVERSATION, key, n, amount);
}

/* A pair's filter asks for a source and a destination, of whichever headers: each pair that a frame
 * so has counts it as a frame, once, and the pair of one header as sent. */
static void add_pairs(const struct tally_delta *d, const struct tally_header *h, unsigned n)
{
	struct tally_amount frame = {.n = {1, d->bytes}};
	struct side from = {.n = 0}, to = {.n = 0};

	for (unsigned i = 0; i < n; i++) {
		side_add(d, &from, &h[i].from);
		side_add(d, &to, &h[i].to);
	}
	for (unsigned i = 0; i < from.n; i++) {
		for (unsigned k = 0; k < to.n; k++) {
			const struct tally_address *a = from.a[i], *b = to.a[k];
			bool twice = compare(a, b) > 0 && side_has(&from, b) && side_has(&to, a);

			if (a->n == b->n && !twice)
				put_pair(d, a, b, &frame);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		bool out = compare(&h[i].from, &h[i].to) <= 0;
		struct tally_amount sent = {{0}};

		if (h[i].quoted || !side_has(&from, &h[i].from) || !side_has(&to, &h[i].to))
			continue;
		sent.n[out ? TALLY_OUT_FRAMES : TALLY_IN_FRAMES] = 1;
		sent.n[out ? TALLY_OUT_BYTES : TALLY_IN_BYTES] = d->bytes;
		put_pair(d, &h[i].from, &h[i].to, &sent);
	}
}

void tally_addresses(const struct tally_delta *d, const struct tally_header *h, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool first = !seen(h, i, &h[i].from);

		if (h[i].from.n)
			add_endpoint(d, &h[i].from, first, true, !h[i].quoted);
		first = !seen(h, i, &h[i].to) && compare(&h[i].from, &h[i].to) != 0;
		if (h[i].to.n)
			add_endpoint(d, &h[i].to, first, false, !h[i].quoted);
	}
	add_pairs(d, h, n);
}

void tally_stream(const struct tally_delta *d, enum tally_section section, const char *number,
		  size_t number_n, const struct tally_header *h, uint16_t sport, uint16_t dport)
{
	struct tally_amount amount = {.n = {1, d->bytes}};
	unsigned char key[2 * 16 + 2 * 2 + 11];
	size_t n = 0;
	int order;

	if (h) {
		n = join(&h->from, &h->to, key);
		order = compare(&h->from, &h->to);
		if (order > 0 || (order == 0 && sport > dport)) {
			uint16_t first = dport;

			dport = sport;
			sport = first;
		}
	}
	be16_store(key + n, sport);
	be16_store(key + n + 2, dport);
	n += 4;
	if (number_n > sizeof(key) - n)
		number_n = sizeof(key) - n;
	memcpy(key + n, number, number_n);
	tally_put(d, section, key, n + number_n, &amount);
}

/* ---- the basic decode ---- */

static struct tally_address basic_address(const unsigned char *p, uint8_t family)
{
	struct tally_address a = {.n = family == BASIC_IPV4 ? 4 : 16};

	memcpy(a.p, p, a.n);
	return a;
}

static void sum(const struct tally_delta *d, struct tally_amount *to)
{
	uint64_t one = d->back ? UINT64_MAX : 1;

	to->n[TALLY_FRAMES] += one;
	to->n[TALLY_BYTES] += one * d->bytes;
}

static void basic_arp(const struct tally_delta *d, const struct basic *b)
{
	char number[DIGITS_U64_MAX];

	tally_put_once(d, TALLY_ARP_OPCODE, number,
		       (size_t)(digits_u64(number, b->arp_op) - number), 1);
	if (!(b->flags & BASIC_HAS_ADDRESS) || b->family != BASIC_IPV4)
		return;
	tally_put_once(d, TALLY_ARP_SENDER, b->src, 4, 1);
	tally_put_once(d, TALLY_ARP_TARGET, b->dst, 4, 1);
}

void tally_basic(const struct tally_delta *d, const struct basic *b)
{
	struct tally_header h = {0};
	char scratch[8], text[2 * DIGITS_U64_MAX + 1], *p = text;
	const char *protocol = basic_protocol(b, scratch);
	bool ip = (b->flags & BASIC_HAS_ADDRESS) && !(b->flags & BASIC_HAS_ARP);

	tally_put_once(d, TALLY_PROTOCOL, protocol, strlen(protocol), 1);
	if (b->flags & BASIC_HAS_ARP)
		basic_arp(d, b);
	if (ip) {
		h.from = basic_address(b->src, b->family);
		h.to = basic_address(b->dst, b->family);
		tally_addresses(d, &h, 1);
	}
	if (b->flags & BASIC_HAS_PORTS &&
	    (b->ip_proto == IP_PROTO_TCP || b->ip_proto == IP_PROTO_UDP)) {
		bool tcp = b->ip_proto == IP_PROTO_TCP;

		sum(d, tcp ? &d->t->tcp : &d->t->udp);
		tally_stream(d, tcp ? TALLY_TCP : TALLY_UDP, "", 0, &h, b->sport, b->dport);
	}
	if (b->flags & BASIC_HAS_ICMP) {
		p = digits_u64(p, b->icmp_type);
		*p++ = '/';
		p = digits_u64(p, b->icmp_code);
		tally_put_once(d, b->ip_proto == IP_PROTO_ICMPV6 ? TALLY_ICMPV6 : TALLY_ICMP, text,
			       (size_t)(p - text), 1);
	}
}

/* ---- tshark's columns ---- */

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
	bool quoted;			/* within an ICMP error */
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
		else if (is(layer, "icmp") || is(layer, "icmpv6"))
			w.quoted = true;
	}
	tally_addresses(delta, w.header, w.headers);
	if (has_layer(path, "tcp"))
		sum(delta, &delta->t->tcp);
	if (has_layer(path, "udp"))
		sum(delta, &delta->t->udp);
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
