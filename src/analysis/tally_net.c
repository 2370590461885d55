/* tally_net.c - what addresses and streams of a frame add to the tables, and its basic decode */
#include <string.h>

#include "analysis/tally_private.h"
#include "base/bytes.h"
#include "base/digits.h"
#include "basic/basic_names.h"

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

void tally_sum(const struct tally_delta *d, struct tally_amount *to)
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

		tally_sum(d, tcp ? &d->t->tcp : &d->t->udp);
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
