/* tally.c - statistics of decoded frames: the tables, and what goes into them in which order */
#include "analysis/tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/tally_private.h"
#include "base/check.h"

/* Address pairs, and the names of DNS, are what a scan makes a million of. */
#define MANY  65536u
#define NAMES 16384u
#define SOME  2048u
#define FEW   1024u

/* A stream's key: two addresses, two ports, a number. */
#define STREAM_KEY (2 * 16 + 2 * 2 + 11)

#define DNS(kind, protocol, upper)                                                       \
	[TALLY_##kind##_MESSAGE] = {protocol ".messages",                                \
				    upper " messages",                                   \
				    TALLY_KEY_TEXT,                                      \
				    FEW,                                                 \
				    16,                                                  \
				    TALLY_FRAMES,                                        \
				    protocol,                                            \
				    "dns.flags.response",                                \
				    false,                                               \
				    "messages"},                                         \
	[TALLY_##kind##_RCODE] = {protocol ".rcodes",                                    \
				  upper " response codes",                               \
				  TALLY_KEY_TEXT,                                        \
				  FEW,                                                   \
				  16,                                                    \
				  TALLY_FRAMES,                                          \
				  protocol,                                              \
				  "dns.flags.rcode",                                     \
				  false,                                                 \
				  "messages"},                                           \
	[TALLY_##kind##_TYPE] = {protocol ".types",                                      \
				 upper " query types",                                   \
				 TALLY_KEY_TEXT,                                         \
				 FEW,                                                    \
				 16,                                                     \
				 TALLY_FRAMES,                                           \
				 protocol,                                               \
				 "dns.qry.type",                                         \
				 false,                                                  \
				 "queries"},                                             \
	[TALLY_##kind##                                                                  \
		_NAME] = {protocol ".names", upper " names", TALLY_KEY_TEXT, NAMES, 256, \
			  TALLY_FRAMES,	     protocol,	     "dns.qry.name", true,  "queries"}

static const struct tally_kind kinds[] = {
	[TALLY_TCP] = {"tcp.streams", "TCP conversations", TALLY_KEY_STREAM, MANY, STREAM_KEY,
		       TALLY_FRAMES, NULL, NULL, false, NULL},
	[TALLY_UDP] = {"udp.streams", "UDP conversations", TALLY_KEY_STREAM, MANY, STREAM_KEY,
		       TALLY_FRAMES, NULL, NULL, false, NULL},
	[TALLY_PROTOCOL] = {"protocols", "Protocols", TALLY_KEY_TEXT, FEW, 64, TALLY_FRAMES, NULL,
			    NULL, false, NULL},
	[TALLY_LAYER] = {"layers", "Layers", TALLY_KEY_TEXT, FEW, 64, TALLY_FRAMES, NULL, NULL,
			 false, "layers"},
	[TALLY_HIERARCHY] = {"hierarchy", "Protocol hierarchy", TALLY_KEY_TEXT, SOME, 2048,
			     TALLY_FRAMES, NULL, NULL, false, NULL},
	[TALLY_ENDPOINT] = {"endpoints", "Endpoints", TALLY_KEY_ADDRESS, MANY, 16, TALLY_BYTES,
			    NULL, NULL, false, NULL},
	[TALLY_CONVERSATION] = {"conversations", "Conversations", TALLY_KEY_PAIR, MANY, 32,
				TALLY_BYTES, NULL, NULL, false, NULL},
	DNS(DNS, "dns", "DNS"),
	DNS(MDNS, "mdns", "mDNS"),
	DNS(LLMNR, "llmnr", "LLMNR"),
	[TALLY_ARP_OPCODE] = {"arp.opcodes", "ARP", TALLY_KEY_TEXT, FEW, 16, TALLY_FRAMES, NULL,
			      "arp.opcode", false, "messages"},
	[TALLY_ARP_SENDER] = {"arp.senders", "ARP senders", TALLY_KEY_ADDRESS, NAMES, 16,
			      TALLY_FRAMES, NULL, "arp.src.proto_ipv4", false, NULL},
	[TALLY_ARP_TARGET] = {"arp.targets", "ARP targets", TALLY_KEY_ADDRESS, NAMES, 16,
			      TALLY_FRAMES, NULL, "arp.dst.proto_ipv4", false, NULL},
	[TALLY_ICMP] = {"icmp", "ICMP, type/code", TALLY_KEY_TEXT, SOME, 16, TALLY_FRAMES, NULL,
			"icmp", false, "messages"},
	[TALLY_ICMPV6] = {"icmpv6", "ICMPv6, type/code", TALLY_KEY_TEXT, SOME, 16, TALLY_FRAMES,
			  NULL, "icmpv6", false, "messages"},
	[TALLY_HTTP_METHOD] = {"http.methods", "HTTP methods", TALLY_KEY_TEXT, FEW, 64,
			       TALLY_FRAMES, NULL, "http.request.method", true, "requests"},
	[TALLY_HTTP_CODE] = {"http.codes", "HTTP response codes", TALLY_KEY_TEXT, FEW, 16,
			     TALLY_FRAMES, NULL, "http.response.code", false, "responses"},
	[TALLY_HTTP2_METHOD] = {"http2.methods", "HTTP/2 methods", TALLY_KEY_TEXT, FEW, 64,
				TALLY_FRAMES, NULL, "http2.headers.method", true, "requests"},
	[TALLY_HTTP2_CODE] = {"http2.codes", "HTTP/2 response codes", TALLY_KEY_TEXT, FEW, 16,
			      TALLY_FRAMES, NULL, "http2.headers.status", false, "responses"},
	[TALLY_TLS_TYPE] = {"tls.types", "TLS content types", TALLY_KEY_TEXT, FEW, 16, TALLY_FRAMES,
			    NULL, "tls.record.content_type", false, "records"},
};
static_assert(sizeof(kinds) / sizeof(kinds[0]) == TALLY_SECTIONS, "a kind for each section");

const struct tally_kind *tally_kind(enum tally_section section)
{
	check(section < TALLY_SECTIONS);
	return &kinds[section];
}

const char *tally_section_name(enum tally_section section)
{
	return tally_kind(section)->name;
}

const char *tally_section_title(enum tally_section section)
{
	return tally_kind(section)->title;
}

struct tally *tally_new(uint64_t seed)
{
	struct tally *t = calloc(1, sizeof(*t));
	size_t most = sizeof(*t);

	if (!t)
		return NULL;
	for (unsigned i = 0; i < TALLY_SECTIONS; i++) {
		const struct tally_kind *k = &kinds[i];

		tally_table_init(&t->table[i], k->entries_max, k->key_max, k->by, seed + i);
		most += tally_table_bytes_max(k->entries_max, k->key_max);
	}
	check(most <= TALLY_BYTES_MAX);
	return t;
}

void tally_reset(struct tally *t)
{
	struct tally_table table[TALLY_SECTIONS];

	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		tally_table_done(&t->table[i]);
	memcpy(table, t->table, sizeof(table));
	memset(t, 0, sizeof(*t));
	memcpy(t->table, table, sizeof(table));
}

void tally_free(struct tally *t)
{
	if (!t)
		return;
	tally_reset(t);
	free(t);
}

size_t tally_bytes(const struct tally *t)
{
	size_t n = sizeof(*t);

	for (unsigned i = 0; i < TALLY_SECTIONS; i++) {
		if (t->table[i].entry)
			n += tally_table_bytes_max(kinds[i].entries_max, kinds[i].key_max);
	}
	return n;
}

void tally_length_range(unsigned i, uint32_t *least, uint32_t *most)
{
	check(i < TALLY_LENGTHS);
	*least = i ? 10u << i : 0;
	*most = i + 1 < TALLY_LENGTHS ? (10u << (i + 1)) - 1 : UINT32_MAX;
}

static unsigned length_of(uint32_t bytes)
{
	unsigned i = 0;

	while (i + 1 < TALLY_LENGTHS && bytes >= 10u << (i + 1))
		i++;
	return i;
}

void tally_put(const struct tally_delta *d, enum tally_section section, const void *key, size_t n,
	       const struct tally_amount *amount)
{
	if (d->back)
		tally_table_take(&d->t->table[section], key, n, amount);
	else
		tally_table_add(&d->t->table[section], key, n, amount);
}

void tally_put_once(const struct tally_delta *d, enum tally_section section, const void *key,
		    size_t n, uint64_t values)
{
	struct tally_amount amount = {.n = {1, d->bytes, values}};

	tally_put(d, section, key, n, &amount);
}

static void apply(struct tally *t, const struct decoded *d, bool back)
{
	/* A hostile file may claim more; tshark's lengths end here. */
	uint32_t len = d->packet.len < INT32_MAX ? d->packet.len : INT32_MAX;
	struct tally_delta delta = {.t = t, .bytes = len, .back = back};
	struct tally_length *length = &t->length[length_of(len)];
	uint64_t one = back ? UINT64_MAX : 1; /* -1 modulo 2^64 */

	t->frames += one;
	t->bytes += one * delta.bytes;
	length->frames += one;
	length->bytes += one * delta.bytes;
	if (back)
		tally_rate_take(&t->rate, d->packet.ts_ns, delta.bytes);
	else
		tally_rate_add(&t->rate, d->packet.ts_ns, delta.bytes);
	if (!back && d->status == DECODED_TSHARK && d->fields)
		tally_columns(&delta, d);
	else
		tally_basic(&delta, &d->basic);
}

void tally_add(struct tally *t, const struct decoded *d)
{
	apply(t, d, false);
}

void tally_update(struct tally *t, const struct decoded *d)
{
	apply(t, d, true);
	apply(t, d, false);
}
