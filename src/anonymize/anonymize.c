/* anonymize.c - frames without the addresses, names and contents that they had */
#include "anonymize/anonymize.h"

#include <stdlib.h>
#include <string.h>

#include "anonymize/anonymize_private.h"
#include "base/bytes.h"
#include "base/check.h"
#include "capfile/linktype.h"
#include "tap/frame.h"

#define NULL_BYTES 4u  /* null and loopback: a protocol family */
#define SLL_BYTES  16u /* Linux cooked; the second version has 20 */
#define SLL2_BYTES 20u
#define SLL_MAC	   6u /* where the address is, and how long it says it is */
#define SLL2_MAC   12u

/* ---- what changes bytes ---- */

void anonymize_ipv4_at(struct walk *w, uint32_t at)
{
	w->a->stats.ipv4 += pseudonym_ipv4(w->a->pseudonym, w->data + at);
}

void anonymize_ipv6_at(struct walk *w, uint32_t at)
{
	w->a->stats.ipv6 += pseudonym_ipv6(w->a->pseudonym, w->data + at);
}

void anonymize_mac_at(struct walk *w, uint32_t at)
{
	w->a->stats.mac += pseudonym_mac(w->a->pseudonym, w->data + at);
}

void anonymize_zero(struct walk *w, uint32_t at, uint32_t end)
{
	if (at < end)
		memset(w->data + at, 0, end - at);
}

void anonymize_unknown(struct walk *w, uint32_t at, uint32_t end)
{
	if (at >= end)
		return;
	w->unknown = true;
	if (w->a->config.unknown != ANONYMIZE_KEEP)
		anonymize_zero(w, at, end);
}

void anonymize_payload(struct walk *w, uint32_t at, uint32_t end)
{
	if (at >= end || w->a->config.payload == ANONYMIZE_KEEP)
		return;
	if (w->a->config.payload == ANONYMIZE_RANDOM)
		pseudonym_noise(w->a->pseudonym, w->data + at, end - at);
	else
		anonymize_zero(w, at, end);
	w->a->stats.payload++;
}

void anonymize_addresses(struct walk *w, uint32_t at, uint32_t end, uint32_t bytes)
{
	for (; at < end && end - at >= bytes; at += bytes) {
		if (bytes == 4)
			anonymize_ipv4_at(w, at);
		else
			anonymize_ipv6_at(w, at);
	}
	anonymize_zero(w, at, end);
}

/* ---- checksums ---- */

bool anonymize_sum(struct walk *w, const struct anonymize_sum *sum)
{
	struct anonymize *a = w->a;

	check(sum->from <= sum->to && sum->to <= w->caplen);
	if (a->sum_count == ANONYMIZE_SUMS_MAX)
		return false;
	a->sums[a->sum_count++] = *sum;
	return true;
}

/* RFC 1071, not folded; an odd byte at the end is padded by 0. */
static uint64_t add_up(const unsigned char *p, uint32_t n)
{
	uint64_t sum = 0;

	for (; n >= 2; n -= 2, p += 2)
		sum += be16_load(p);
	return n ? sum + ((uint64_t)p[0] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t covered(const struct anonymize_sum *s, const unsigned char *data)
{
	return fold(add_up(data + s->from, s->to - s->from) +
		    add_up(data + s->src, s->address_bytes) +
		    add_up(data + s->dst, s->address_bytes));
}

/* The field is in both sums with the same value, so that it plays no part in the difference. */
static void mend(struct walk *w, const struct anonymize_sum *s)
{
	uint16_t before, after, old, new;

	if (w->caplen < 2 || s->field > w->caplen - 2)
		return;
	old = be16_load(w->data + s->field);
	before = covered(s, w->a->before);
	after = covered(s, w->data);
	if (before == after || (s->may_be_none && old == 0))
		return;
	new = fold((uint64_t)old + before + (uint16_t)~after);
	/* 0 has two representations: UDP may not use the one, RFC 1624 has no use for the other. */
	if (s->may_be_none && new == 0)
		new = 0xffff;
	else if (!s->may_be_none && new == 0xffff)
		new = 0;
	be16_store(w->data + s->field, new);
	w->a->stats.sums++;
}

/* ---- link layers ---- */

static bool is_family(uint32_t family)
{
	/* AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD and Darwin */
	return family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
}

static void null_header(struct walk *w)
{
	if (w->caplen < NULL_BYTES ||
	    (!is_family(be32_load(w->data)) && !is_family(le32_load(w->data))))
		anonymize_unknown(w, 0, w->caplen);
	else
		anonymize_ip(w, NULL_BYTES, w->caplen);
}

/* Linux cooked: an address of up to 8 bytes whose length is told, and an EtherType. */
static void cooked(struct walk *w, uint32_t bytes, uint32_t mac, uint32_t length, uint32_t type)
{
	if (w->caplen < bytes) {
		anonymize_unknown(w, 0, w->caplen);
		return;
	}
	if (length == PSEUDONYM_MAC_BYTES)
		anonymize_mac_at(w, mac);
	else
		anonymize_zero(w, mac, mac + 8);
	anonymize_ethertype(w, type, bytes, w->caplen);
}

static void link_header(struct walk *w, int linktype)
{
	switch (linktype) {
	case LINKTYPE_ETHERNET: anonymize_ethernet(w, 0, w->caplen); break;
	case LINKTYPE_RAW:
	case LINKTYPE_RAW_BSD:
	case LINKTYPE_RAW_OPENBSD:
	case LINKTYPE_IPV4:
	case LINKTYPE_IPV6: anonymize_ip(w, 0, w->caplen); break;
	case LINKTYPE_NULL:
	case LINKTYPE_LOOP: null_header(w); break;
	case LINKTYPE_LINUX_SLL:
		cooked(w, SLL_BYTES, SLL_MAC, w->caplen >= 6 ? be16_load(w->data + 4) : 0,
		       w->caplen >= SLL_BYTES ? be16_load(w->data + 14) : 0);
		break;
	case LINKTYPE_LINUX_SLL2:
		cooked(w, SLL2_BYTES, SLL2_MAC, w->caplen >= 12 ? w->data[11] : 0,
		       w->caplen >= 2 ? be16_load(w->data) : 0);
		break;
	default: anonymize_unknown(w, 0, w->caplen); break;
	}
}

/* ---- all of it ---- */

struct anonymize *anonymize_open(const struct anonymize_config *config)
{
	struct anonymize *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->config = *config;
	a->before = malloc(FRAME_BYTES_MAX);
	a->pseudonym = pseudonym_open(&config->pseudonym);
	if (!a->before || !a->pseudonym) {
		anonymize_close(a);
		return NULL;
	}
	return a;
}

bool anonymize_frame(struct anonymize *a, int linktype, unsigned char *data, uint32_t caplen)
{
	struct walk w = {.a = a, .data = data, .caplen = caplen};

	check(caplen <= FRAME_BYTES_MAX);
	a->stats.frames++;
	a->sum_count = 0;
	if (caplen)
		memcpy(a->before, data, caplen);
	link_header(&w, linktype);
	/* Inner ones first, as the outer ones cover them. */
	for (unsigned i = a->sum_count; i-- > 0;)
		mend(&w, &a->sums[i]);
	a->stats.unknown += w.unknown;
	a->stats.changed += caplen && memcmp(a->before, data, caplen) != 0;
	a->stats.broken_sums += w.fragment && a->config.payload != ANONYMIZE_KEEP;
	if (w.unknown && a->config.unknown == ANONYMIZE_DROP) {
		a->stats.dropped++;
		return false;
	}
	return true;
}

const struct anonymize_stats *anonymize_stats(const struct anonymize *a)
{
	return &a->stats;
}

void anonymize_close(struct anonymize *a)
{
	if (!a)
		return;
	pseudonym_close(a->pseudonym);
	free(a->before);
	free(a);
}
