/* test_emit.c - decoded frames as rows and as JSON
 *
 * Goal: rows stay aligned, whatever they hold, and are cut to the terminal; nothing in a frame
 * reaches the terminal but characters that show; each colouring rule picks its frames; each object
 * is valid JSON with just the keys promised, in their order, with tshark's text exact, and null for
 * what is not there.
 *
 * Method: frames put together by hand, fields through the EK scanner as in life; whole rows
 * compared with what they must be; objects read back with json-c; fields of random bytes, for which
 * a row must be valid UTF-8 without controls, of the same columns up to its last cell as every
 * other.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe.h"
#include "base/utf8.h"
#include "fanout/emit.h"
#include "blocks.h"
#include "packet.h"

#define TS UINT64_C(1360228476871000000)

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A frame as tshark, or nobody, decoded it. */
static struct decoded *decoded_of(const struct packet *k, enum decoded_status status)
{
	struct decoded *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->segment = blocks_one(
		&(struct pcapng_packet){.data = k->p, .caplen = k->n, .len = k->n, .ts_ns = TS}, 1);
	d->packet = packet_of(d->segment->base);
	basic_decode(&d->basic, d->packet.data, k->n);
	d->id = 1;
	d->vm = "vm-1";
	d->status = status;
	return d;
}

/* Fields of tshark's, as pairs of a field and its text, escaped here as JSON; EK_FIELDS ends them.
 */
static struct decoded_fields *fields_of(struct buf *line)
{
	struct decoded_fields *f;
	struct ek_record r;

	buf_puts(line, "\"layers\":{\"frame\":{\"frame_frame_number\":\"1\"}}}");
	ek_record_scan(&r, line->p, line->n);
	assert_int_equal(r.kind, EK_DOCUMENT);
	f = decoded_fields_make(&r);
	assert_non_null(f);
	return f;
}

static void add_field(struct buf *line, enum ek_field field, const char *text, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	buf_puts(line, line->n ? "\"" : "{\"");
	buf_puts(line, ek_field_title(field));
	buf_puts(line, "\":\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		/* As tshark does: bytes from 0x20 on pass as they are, UTF-8 or not. */
		if (c < 0x20 || c == '"' || c == '\\') {
			buf_puts(line, "\\u00");
			buf_putc(line, hex[c >> 4]);
			buf_putc(line, hex[c & 15]);
		} else {
			buf_putc(line, text[i]);
		}
	}
	buf_puts(line, "\",");
}

static void give_fields(struct decoded *d, const char *source, const char *protocol,
			const char *info, const char *protocols)
{
	struct buf line = {0};

	add_field(&line, EK_SOURCE, source, strlen(source));
	add_field(&line, EK_DESTINATION, "10.0.0.2", 8);
	add_field(&line, EK_PROTOCOL, protocol, strlen(protocol));
	add_field(&line, EK_INFO, info, strlen(info));
	add_field(&line, EK_PROTOCOLS, protocols, strlen(protocols));
	free(d->fields);
	d->fields = fields_of(&line);
	buf_done(&line);
}

static void udp_packet(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 4);
	packet_ipv4_end(k, at);
}

static void tcp_packet(struct packet *k, unsigned flags)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0, 0);
	packet_tcp(k, flags, 0);
	packet_ipv4_end(k, at);
}

static struct decoded *udp_frame(enum decoded_status status)
{
	struct packet k;

	udp_packet(&k);
	return decoded_of(&k, status);
}

static void assert_buf(struct buf *b, const char *expected)
{
	buf_putc(b, 0);
	assert_string_equal(b->p, expected);
	b->n = 0;
}

static void rows_as_they_look(void **state)
{
	struct decoded *d = udp_frame(DECODED_TSHARK);
	struct emit_table t;
	struct buf b = {0};

	(void)state;
	give_fields(d, "10.0.0.1", "DNS", "Standard query \xe2\x86\x92 A",
		    "eth:ethertype:ip:udp:dns");
	emit_table_init(&t, false, 0);
	emit_table_header(&t, &b);
	assert_buf(&b,
		   "  No.        Time VM   Source          Destination     Protocol Length Info\n");
	emit_table_row(&t, d, &b);
	assert_buf(&b, "    1    0.000000 vm-1 10.0.0.1        10.0.0.2        DNS          46 "
		       "Standard query \xe2\x86\x92 A\n");
	d->id = 2;
	d->packet.ts_ns += 1500000;
	d->status = DECODED_BASIC;
	emit_table_row(&t, d, &b);
	assert_buf(&b, "    2~   0.001500 vm-1 10.0.0.1        10.0.0.2        UDP          46 "
		       "5000 > 53 Len=4\n");
	d->id = 3;
	d->packet.ts_ns = TS - 1;
	d->status = DECODED_SKIPPED;
	emit_table_row(&t, d, &b);
	assert_buf(&b, "    3! -0.000000001 vm-1 10.0.0.1        10.0.0.2        UDP          46 "
		       "5000 > 53 Len=4\n");
	decoded_free(d);
	buf_done(&b);
}

/* Columns of a row before its last cell: where "INFO" starts. */
static unsigned columns_before(const struct buf *b, const char *mark)
{
	unsigned columns = 0;
	size_t n = strlen(mark), step;

	for (size_t i = 0; i < b->n; i += step) {
		uint32_t cp;

		if (b->n - i >= n && !memcmp(b->p + i, mark, n))
			return columns;
		step = utf8_next(b->p + i, b->n - i, &cp);
		columns += (unsigned)safe_width(cp);
	}
	fail_msg("no info in the row");
	return 0;
}

static void rows_stay_aligned_as_cells_grow(void **state)
{
	static const struct {
		const char *source, *protocol;
		uint64_t id;
	} rows[] = {
		{"10.0.0.1", "TCP", 9},
		{"2001:db8:1111:2222:3333:4444:5555:6666", "TLSv1.2", 123456},
		{"a.very.long.name.that.no.column.should.be.made.for.example", "X", 7},
		{"\xe4\xb8\xad\xe6\x96\x87", "cafe\xcc\x81", 8},
		{"\x1b[2J", "a protocol that goes on and on and on", 8},
		{"", "", UINT64_MAX},
	};
	struct decoded *d = udp_frame(DECODED_TSHARK);
	struct emit_table t;
	struct buf b = {0};
	unsigned widest = 0;

	(void)state;
	emit_table_init(&t, false, 0);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		size_t at = i % (sizeof(rows) / sizeof(rows[0]));
		unsigned columns;

		give_fields(d, rows[at].source, rows[at].protocol, "INFO", "eth");
		d->id = rows[at].id;
		d->packet.ts_ns = TS + rows[at].id % 3;
		b.n = 0;
		emit_table_row(&t, d, &b);
		columns = columns_before(&b, "INFO");
		/* Once all have been seen, all are alike: each column at its widest. */
		assert_true(columns >= widest);
		widest = columns;
		if (i >= sizeof(rows) / sizeof(rows[0]))
			assert_int_equal(columns, 21 + 12 + 5 + 40 + 16 + 17 + 7 + 1);
	}
	decoded_free(d);
	buf_done(&b);
}

/* Columns of one line, that all of it shows, and that a newline ends it. */
static unsigned measure(const struct buf *b)
{
	unsigned columns = 0;
	size_t step;

	assert_true(b->n > 0);
	assert_int_equal(b->p[b->n - 1], '\n');
	for (size_t i = 0; i < b->n - 1; i += step) {
		uint32_t cp;
		int width;

		step = utf8_next(b->p + i, b->n - i, &cp);
		width = safe_width(cp);
		if (width < 0)
			fail_msg("U+%04X in a row", cp);
		columns += (unsigned)width;
	}
	return columns;
}

static void rows_are_cut_to_the_terminal(void **state)
{
	struct decoded *d = udp_frame(DECODED_TSHARK);
	struct emit_table t;
	struct buf b = {0};

	(void)state;
	give_fields(d, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", "UDP",
		    "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", "eth");
	for (unsigned columns = 1; columns < 120; columns++) {
		unsigned used;

		emit_table_init(&t, false, columns);
		b.n = 0;
		emit_table_row(&t, d, &b);
		used = measure(&b);
		/* A wide character may leave one column at the end. */
		assert_true(used <= columns);
		assert_true(used + 1 >= columns || used == 71 + 8);
		b.n = 0;
		emit_table_header(&t, &b);
		assert_true(measure(&b) <= columns);
	}
	emit_table_init(&t, false, 75);
	b.n = 0;
	emit_table_row(&t, d, &b);
	assert_buf(&b,
		   "    1    0.000000 vm-1 \xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad          10.0.0.2"
		   "        UDP          46 \xe4\xb8\xad\xe2\x80\xa6\n");
	decoded_free(d);
	buf_done(&b);
}

static void time_is_relative(void **state)
{
	static const struct {
		uint64_t ts_ns;
		const char *time;
	} cases[] = {
		{TS, " 0.000000 "},
		{TS + 999, " 0.000000999 "}, /* nanoseconds from here on */
		{TS + 1000, " 0.000001000 "},
		{TS + 3600 * UINT64_C(1000000000), " 3600.000000000 "},
		{TS - 2 * UINT64_C(1000000000), " -2.000000000 "},
		{0, " -1360228476.871000000 "},
		{UINT64_MAX, " 17086515596.838551615 "},
	};
	struct decoded *d = udp_frame(DECODED_BASIC);
	struct emit_table t;
	struct buf b = {0};

	(void)state;
	emit_table_init(&t, false, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		d->packet.ts_ns = cases[i].ts_ns;
		b.n = 0;
		emit_table_row(&t, d, &b);
		buf_putc(&b, 0);
		if (!strstr(b.p, cases[i].time))
			fail_msg("'%s' not in '%s'", cases[i].time, b.p);
	}
	decoded_free(d);
	buf_done(&b);
}

static void set_ttl(struct packet *k, unsigned ttl)
{
	k->p[22] = (unsigned char)ttl;
}

#define DARK "18;39;46"

/* The background that a frame gets, or "" for none. */
static void expect_color(const struct packet *k, const char *protocols, const char *sgr)
{
	struct decoded *d = decoded_of(k, DECODED_TSHARK);
	const char *color;

	if (protocols)
		give_fields(d, "s", "p", "i", protocols);
	color = emit_color(d);
	if (strcmp(color, sgr) != 0)
		fail_msg("'%s', expected '%s', for %s", *color ? color + 1 : "none",
			 *sgr ? sgr + 1 : "none", protocols ? protocols : "basic decode alone");
	decoded_free(d);
}

static void colors_of_transport(void **state)
{
	struct packet k;

	(void)state;
	tcp_packet(&k, 0x10);
	expect_color(&k, "eth:ethertype:ip:tcp", "\x1b[38;2;" DARK ";48;2;231;230;255m");
	expect_color(&k, NULL, "\x1b[38;2;" DARK ";48;2;231;230;255m");
	expect_color(&k, "eth:ethertype:ip:tcp:http", "\x1b[38;2;" DARK ";48;2;228;255;199m");
	expect_color(&k, "eth:ethertype:ip:tcp:nbss:smb2", "\x1b[38;2;" DARK ";48;2;254;255;208m");
	expect_color(&k, "eth:ethertype:ip:tcp:dcerpc", "\x1b[38;2;" DARK ";48;2;199;151;255m");
	expect_color(&k, "eth:ethertype:ip:tcp:bgp", "\x1b[38;2;" DARK ";48;2;255;243;214m");
	expect_color(&k, "tcpx:xtcp:tc", "");
	be16_store(k.p + 36, 80);
	expect_color(&k, "eth:ethertype:ip:tcp", "\x1b[38;2;" DARK ";48;2;228;255;199m");
	tcp_packet(&k, 0x02);
	expect_color(&k, "eth:ethertype:ip:tcp", "\x1b[38;2;" DARK ";48;2;160;160;160m");
	tcp_packet(&k, 0x11);
	expect_color(&k, NULL, "\x1b[38;2;" DARK ";48;2;160;160;160m");
	tcp_packet(&k, 0x14);
	expect_color(&k, "eth:ethertype:ip:tcp", "\x1b[38;2;255;252;156;48;2;164;0;0m");
	udp_packet(&k);
	expect_color(&k, "eth:ethertype:ip:udp:dns", "\x1b[38;2;" DARK ";48;2;218;238;255m");
	expect_color(&k, NULL, "\x1b[38;2;" DARK ";48;2;218;238;255m");
	/* Time to live: low to a host, not 1 to the link's group, save mDNS. */
	set_ttl(&k, 4);
	expect_color(&k, "eth:ethertype:ip:udp", "\x1b[38;2;236;240;235;48;2;164;0;0m");
	expect_color(&k, "eth:ethertype:ip:ospf", "\x1b[38;2;" DARK ";48;2;255;243;214m");
	set_ttl(&k, 5);
	expect_color(&k, "eth:ethertype:ip:udp", "\x1b[38;2;" DARK ";48;2;218;238;255m");
	memcpy(k.p + 30, "\xe0\0\0\x05", 4);
	expect_color(&k, "eth:ethertype:ip:udp", "\x1b[38;2;236;240;235;48;2;164;0;0m");
	expect_color(&k, "eth:ethertype:ip:vrrp", "\x1b[38;2;" DARK ";48;2;255;243;214m");
	k.p[33] = 251;
	expect_color(&k, "eth:ethertype:ip:udp:mdns", "\x1b[38;2;" DARK ";48;2;218;238;255m");
}

static void icmp_packet(struct packet *k, unsigned type)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 1, 0, 0);
	packet_icmp(k, type, 0);
	packet_ipv4_end(k, at);
}

static void colors_of_the_rest(void **state)
{
	struct decoded *d;
	struct buf line = {0};
	struct packet k;
	uint32_t at;

	(void)state;
	icmp_packet(&k, 8);
	expect_color(&k, "eth:ethertype:ip:icmp:data", "\x1b[38;2;" DARK ";48;2;252;224;255m");
	icmp_packet(&k, 11);
	expect_color(&k, "eth:ethertype:ip:icmp:ip:udp", "\x1b[38;2;183;247;116;48;2;" DARK "m");
	packet_eth(&k, 0x86dd);
	at = packet_ipv6(&k, 58);
	packet_icmp(&k, 2, 0);
	packet_ipv6_end(&k, at);
	expect_color(&k, NULL, "\x1b[38;2;183;247;116;48;2;" DARK "m");
	packet_eth(&k, 0x0806);
	packet_arp(&k, 1, "\x0a\0\0\x01", "\x0a\0\0\x02");
	expect_color(&k, "eth:ethertype:arp", "\x1b[38;2;" DARK ";48;2;250;240;215m");
	expect_color(&k, NULL, "\x1b[38;2;" DARK ";48;2;250;240;215m");
	packet_eth(&k, 0x88cc);
	expect_color(&k, "eth:ethertype:lldp", "");
	k.p[0] = 1;
	expect_color(&k, "eth:ethertype:lldp", "\x1b[38;2;186;189;182;48;2;255;255;255m");

	/* An error inside a tunnel is in tshark's fields alone. */
	udp_packet(&k);
	d = decoded_of(&k, DECODED_TSHARK);
	add_field(&line, EK_ICMP_TYPE, "8,11", 4);
	d->fields = fields_of(&line);
	assert_string_equal(emit_color(d), "\x1b[38;2;183;247;116;48;2;" DARK "m");
	line.n = 0;
	free(d->fields);
	add_field(&line, EK_ICMPV6_TYPE, "128", 3);
	d->fields = fields_of(&line);
	assert_string_equal(emit_color(d), "\x1b[38;2;" DARK ";48;2;218;238;255m");
	buf_done(&line);
	decoded_free(d);
}

static void colors_of_every_icmp_type(void **state)
{
	const char *error = "\x1b[38;2;183;247;116;48;2;" DARK "m";
	const char *other = "\x1b[38;2;" DARK ";48;2;252;224;255m";

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct packet k;
		uint32_t at;

		icmp_packet(&k, type);
		expect_color(&k, NULL, (type >= 3 && type <= 5) || type == 11 ? error : other);
		packet_eth(&k, 0x86dd);
		at = packet_ipv6(&k, 58);
		packet_icmp(&k, type, 0);
		packet_ipv6_end(&k, at);
		expect_color(&k, NULL, type >= 1 && type <= 4 ? error : other);
	}
}

static void colored_rows_are_reset(void **state)
{
	static const struct {
		enum decoded_status status;
		const char *start;
	} cases[] = {
		{DECODED_TSHARK, "\x1b[38;2;" DARK ";48;2;218;238;255m"},
		{DECODED_BASIC, "\x1b[3m"},
		{DECODED_SKIPPED, "\x1b[2m"},
	};
	struct decoded *d = udp_frame(DECODED_TSHARK);
	struct emit_table plain, color;
	struct buf a = {0}, b = {0};

	(void)state;
	give_fields(d, "\x1b[31m", "UDP", "\x1b[0m", "eth:ip:udp");
	for (unsigned columns = 0; columns < 100; columns += 7) {
		for (size_t i = 0; i < 3; i++) {
			size_t start = strlen(cases[i].start);

			d->status = cases[i].status;
			emit_table_init(&plain, false, columns);
			emit_table_init(&color, true, columns);
			a.n = b.n = 0;
			emit_table_row(&plain, d, &a);
			emit_table_row(&color, d, &b);
			/* The same row between a start and a reset, and no other escape. */
			assert_int_equal(b.n, a.n + start + 4);
			assert_memory_equal(b.p, cases[i].start, start);
			assert_memory_equal(b.p + start, a.p, a.n - 1);
			assert_memory_equal(b.p + b.n - 5, "\x1b[0m\n", 5);
			assert_null(memchr(a.p, 0x1b, a.n));
		}
	}
	emit_table_init(&color, true, 0);
	a.n = 0;
	emit_table_header(&color, &a);
	assert_memory_equal(a.p, "\x1b[1m", 4);
	assert_memory_equal(a.p + a.n - 5, "\x1b[0m\n", 5);
	/* Where no rule fits there is nothing to reset. */
	give_fields(d, "s", "p", "i", "eth");
	d->status = DECODED_TSHARK;
	a.n = 0;
	emit_table_row(&color, d, &a);
	assert_null(memchr(a.p, 0x1b, a.n));
	decoded_free(d);
	buf_done(&a);
	buf_done(&b);
}

static void safe_text_and_its_columns(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_int_equal(emit_safe(&b, "a\x1b\xe4\xb8\xad", 5, UINT_MAX), 7);
	assert_buf(&b, "a\\x1b\xe4\xb8\xad");
	assert_int_equal(emit_safe(&b, "a\x1b\xe4\xb8\xad", 5, 6), 5);
	assert_buf(&b, "a\\x1b");
	assert_int_equal(emit_safe(&b, "a\x1b", 2, 4), 1);
	assert_buf(&b, "a");
	assert_int_equal(emit_safe(&b, "a", 1, 0), 0);
	assert_int_equal(b.n, 0);
	buf_done(&b);
}

/* Random bytes of which many begin something that a terminal would obey. */
static size_t random_bytes(uint64_t *random, char *text, size_t most)
{
	static const char *const pieces[] = {
		"\x1b]0;", "\xe2\x80\xae", "\xe2\x81\xa6", "\xc2\x9b[J", "\xf3\xa0\x81\x81",
		"\r\n",	   "\xe4\xb8\xad", "\xcc\x88",	   "\"",	 "\\u"};
	size_t n = 0;

	while (n + 5 < most && next_random(random) % 32) {
		const char *piece =
			pieces[next_random(random) % (sizeof(pieces) / sizeof(pieces[0]))];

		if (next_random(random) & 1) {
			for (const char *c = piece; *c; c++)
				text[n++] = *c;
		} else {
			text[n++] = (char)next_random(random);
		}
	}
	return n;
}

static const char *const keys[] = {
	"id",  "ts",  "vm",    "len",	"caplen",   "eth_src", "eth_dst",   "ethertype",
	"src", "dst", "sport", "dport", "protocol", "info",    "protocols", "status",
};

/* Read one object back, and see that its keys are those promised, in their order. */
static struct json_object *parse(const struct buf *b)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;
	size_t i = 0;

	assert_non_null(t);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	assert_int_equal(b->p[b->n - 1], '\n');
	assert_null(memchr(b->p, '\n', b->n - 1));
	o = json_tokener_parse_ex(t, b->p, (int)b->n);
	if (!o)
		fail_msg("%.*s: %s", (int)b->n, b->p,
			 json_tokener_error_desc(json_tokener_get_error(t)));
	assert_true(json_tokener_get_parse_end(t) >= b->n - 1);
	json_tokener_free(t);
	json_object_object_foreach(o, key, value)
	{
		(void)value;
		assert_true(i < sizeof(keys) / sizeof(keys[0]));
		assert_string_equal(key, keys[i]);
		i++;
	}
	assert_int_equal(i, sizeof(keys) / sizeof(keys[0]));
	return o;
}

static void hostile_fields_are_harmless(void **state)
{
	static const enum ek_field fields[] = {EK_SOURCE, EK_DESTINATION, EK_PROTOCOL, EK_INFO,
					       EK_PROTOCOLS};
	static const char *const names[] = {"src", "dst", "protocol", "info", "protocols"};
	struct decoded *d = udp_frame(DECODED_TSHARK);
	uint64_t random = 20240301;
	struct emit_table t;
	struct buf b = {0};

	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		struct buf line = {0};
		struct json_object *o;
		char text[5][200];
		size_t n[5];

		for (size_t i = 0; i < 5; i++) {
			n[i] = random_bytes(&random, text[i], sizeof(text[i]));
			add_field(&line, fields[i], text[i], n[i]);
		}
		free(d->fields);
		d->fields = fields_of(&line);
		emit_table_init(&t, false, (unsigned)(next_random(&random) % 200));
		b.n = 0;
		emit_table_row(&t, d, &b);
		assert_true(measure(&b) <= (t.columns ? t.columns : UINT_MAX));
		b.n = 0;
		emit_json(d, &b);
		measure(&b);
		o = parse(&b);
		for (size_t i = 0; i < 5; i++) {
			struct json_object *value = json_object_object_get(o, names[i]);
			bool valid = true;
			size_t step;

			for (size_t at = 0; at < n[i]; at += step) {
				uint32_t cp;

				step = utf8_next(text[i] + at, n[i] - at, &cp);
				/* Other than UTF-8 becomes U+FFFD, and json-c 0.16 reads a few
				 * surrogate pairs as that too. */
				valid &= cp != UINT32_MAX &&
					 (cp < 0x10000 || (cp & 0xf800) != 0xd800);
			}
			if (!n[i])
				assert_null(value);
			else if (valid)
				assert_int_equal(json_object_get_string_len(value), n[i]);
			if (n[i] && valid)
				assert_memory_equal(json_object_get_string(value), text[i], n[i]);
		}
		json_object_put(o);
		buf_done(&line);
	}
	decoded_free(d);
	buf_done(&b);
}

static void json_as_it_is_written(void **state)
{
	struct decoded *d = udp_frame(DECODED_TSHARK);
	struct buf b = {0};

	(void)state;
	d->packet.len = 1514;
	give_fields(d, "10.0.0.1", "DNS", "Standard \"query\" \xff \xe2\x86\x92",
		    "eth:ethertype:ip:udp:dns");
	emit_json(d, &b);
	assert_buf(
		&b,
		"{\"id\":1,\"ts\":\"1360228476.871000000\",\"vm\":\"vm-1\",\"len\":1514,"
		"\"caplen\":46,\"eth_src\":\"02:00:00:00:00:01\","
		"\"eth_dst\":\"02:00:00:00:00:02\",\"ethertype\":\"0x0800\","
		"\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"sport\":5000,\"dport\":53,"
		"\"protocol\":\"DNS\",\"info\":\"Standard \\\"query\\\" \xef\xbf\xbd \xe2\x86\x92\","
		"\"protocols\":\"eth:ethertype:ip:udp:dns\",\"status\":\"decoded\"}\n");
	d->status = DECODED_SKIPPED;
	d->vm = NULL;
	emit_json(d, &b);
	assert_buf(&b, "{\"id\":1,\"ts\":\"1360228476.871000000\",\"vm\":null,\"len\":1514,"
		       "\"caplen\":46,\"eth_src\":\"02:00:00:00:00:01\","
		       "\"eth_dst\":\"02:00:00:00:00:02\",\"ethertype\":\"0x0800\","
		       "\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"sport\":5000,\"dport\":53,"
		       "\"protocol\":\"UDP\",\"info\":\"5000 > 53 Len=4\","
		       "\"protocols\":null,\"status\":\"skipped\"}\n");
	decoded_free(d);
	buf_done(&b);
}

static void json_of_what_is_not_there(void **state)
{
	struct packet k = {.n = 5};
	struct decoded *d = decoded_of(&k, DECODED_BASIC);
	struct buf b = {0};

	(void)state;
	d->id = UINT64_MAX;
	d->packet.ts_ns = UINT64_MAX;
	d->packet.len = UINT32_MAX;
	emit_json(d, &b);
	assert_buf(&b,
		   "{\"id\":18446744073709551615,\"ts\":\"18446744073.709551615\",\"vm\":\"vm-1\","
		   "\"len\":4294967295,\"caplen\":5,\"eth_src\":null,\"eth_dst\":null,"
		   "\"ethertype\":null,\"src\":null,\"dst\":null,\"sport\":null,\"dport\":null,"
		   "\"protocol\":\"Ethernet\",\"info\":\"[Ethernet header cut short]\","
		   "\"protocols\":null,\"status\":\"basic\"}\n");
	decoded_free(d);
	/* A length is no EtherType. */
	packet_eth(&k, 38);
	PACKET_PUT(&k, "\x42\x42\x03");
	d = decoded_of(&k, DECODED_BASIC);
	b.n = 0;
	emit_json(d, &b);
	buf_putc(&b, 0);
	assert_non_null(strstr(b.p, "\"ethertype\":null,\"src\":\"02:00:00:00:00:01\","));
	assert_non_null(strstr(b.p, "\"protocol\":\"STP\","));
	decoded_free(d);
	buf_done(&b);
}

/* Damaged frames of all kinds, decoded here alone. */
static void json_of_any_frame(void **state)
{
	uint64_t random = 99;
	struct buf b = {0};

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct json_object *o;
		struct decoded *d;
		struct packet k;

		if (round & 1)
			tcp_packet(&k, 0x18);
		else
			udp_packet(&k);
		for (unsigned i = 0; i < 3; i++)
			k.p[next_random(&random) % k.n] = (unsigned char)next_random(&random);
		k.n = (uint32_t)(next_random(&random) % (k.n + 1));
		d = decoded_of(&k, DECODED_BASIC);
		d->id = next_random(&random);
		d->packet.ts_ns = next_random(&random);
		b.n = 0;
		emit_json(d, &b);
		o = parse(&b);
		assert_int_equal(json_object_get_uint64(json_object_object_get(o, "id")), d->id);
		assert_int_equal(json_object_get_int(json_object_object_get(o, "caplen")), k.n);
		json_object_put(o);
		decoded_free(d);
	}
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_as_they_look),
		cmocka_unit_test(rows_stay_aligned_as_cells_grow),
		cmocka_unit_test(rows_are_cut_to_the_terminal),
		cmocka_unit_test(time_is_relative),
		cmocka_unit_test(colors_of_transport),
		cmocka_unit_test(colors_of_the_rest),
		cmocka_unit_test(colors_of_every_icmp_type),
		cmocka_unit_test(colored_rows_are_reset),
		cmocka_unit_test(safe_text_and_its_columns),
		cmocka_unit_test(hostile_fields_are_harmless),
		cmocka_unit_test(json_as_it_is_written),
		cmocka_unit_test(json_of_what_is_not_there),
		cmocka_unit_test(json_of_any_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
