/* test_decoded.c - a frame with what decoding made of it
 *
 * Goal: fields of an EK record come out unescaped, each its own, whatever their bytes and order;
 * long ones are cut at DECODED_FIELD_MAX between characters; a row's texts are tshark's where it
 * decoded the frame and basic decode's where not; everything is freed.
 *
 * Method: lines as tshark prints them, scanned and kept; the line is overwritten before the fields
 * are read, to see that nothing is borrowed; fields of every length about the bound, in characters
 * of one to four bytes, plain and as escapes; leaks are the address sanitizer's to find.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "fanout/decoded.h"
#include "blocks.h"
#include "packet.h"

static struct decoded *decoded_new(enum decoded_status status)
{
	struct decoded *d = calloc(1, sizeof(*d));
	struct packet k;
	uint32_t at;

	assert_non_null(d);
	packet_eth(&k, 0x0800);
	at = packet_ipv4(&k, 17, 0, 0);
	packet_udp(&k, 4);
	packet_ipv4_end(&k, at);
	d->segment = blocks_one(&(struct pcapng_packet){.data = k.p, .caplen = k.n, .len = k.n}, 1);
	d->packet = packet_of(d->segment->base);
	basic_decode(&d->basic, d->packet.data, k.n);
	d->id = 1;
	d->vm = "vm-1";
	d->status = status;
	return d;
}

/* A decoded frame with the fields of a line, which is gone by then. */
static struct decoded *decoded_of(const char *line, size_t n)
{
	struct decoded *d = decoded_new(DECODED_TSHARK);
	char *copy = malloc(n);
	struct ek_record r;

	assert_non_null(copy);
	memcpy(copy, line, n);
	ek_record_scan(&r, copy, n);
	assert_int_equal(r.kind, EK_DOCUMENT);
	d->fields = decoded_fields_make(&r);
	assert_non_null(d->fields);
	memset(copy, 'x', n);
	free(copy);
	return d;
}

static void assert_field(const struct decoded *d, enum ek_field field, const char *text, size_t n)
{
	size_t length;
	const char *p = decoded_field(d, field, &length);

	assert_non_null(p);
	assert_int_equal(length, n);
	if (n)
		assert_memory_equal(p, text, n);
}

static void fields_are_unescaped_and_apart(void **state)
{
	static const char line[] =
		"{\"timestamp\":\"1\",\"info\":\"a\\tb \\u4e2d\\ud83d\\ude00 \\\"q\\\" \\/\",\"src\":\"10.0.0.1\","
		"\"dst\":\"\",\"no\":\"7\",\"proto\":\"HT\xff\xc3TP\",\"http_host\":\"e\\u0000vil\","
		"\"protocols\":\"eth:ethertype:ip:tcp:http\","
		"\"layers\":{\"frame\":{\"frame_frame_number\":\"7\"}}}";
	struct decoded *d = decoded_of(line, sizeof(line) - 1);

	(void)state;
	assert_field(d, EK_INFO, "a\tb \xe4\xb8\xad\xf0\x9f\x98\x80 \"q\" /", 17);
	assert_field(d, EK_SOURCE, "10.0.0.1", 8);
	assert_field(d, EK_DESTINATION, "", 0);
	assert_field(d, EK_NUMBER, "7", 1);
	assert_field(d, EK_PROTOCOL, "HT\xff\xc3TP", 6);
	assert_field(d, EK_HTTP_HOST, "e\0vil", 5);
	assert_field(d, EK_PROTOCOLS, "eth:ethertype:ip:tcp:http", 25);
	assert_field(d, EK_DNS_NAME, "", 0);
	assert_field(d, EK_ICMPV6_CODE, "", 0);
	decoded_free(d);
}

static void no_fields_are_empty_fields(void **state)
{
	struct decoded *d = decoded_new(DECODED_TSHARK);
	struct ek_record none = {0};

	(void)state;
	for (unsigned i = 0; i < EK_FIELDS; i++)
		assert_field(d, (enum ek_field)i, "", 0);
	d->fields = decoded_fields_make(&none);
	assert_non_null(d->fields);
	for (unsigned i = 0; i < EK_FIELDS; i++)
		assert_field(d, (enum ek_field)i, "", 0);
	decoded_free(d);
	decoded_free(NULL);
}

/* An info of @bytes in characters like @piece after @before bytes of 'a', as @escaped in the line.
 */
static void check_long(const char *piece, const char *escaped, size_t before, size_t pieces)
{
	struct buf line = {0}, expected = {0};
	struct decoded *d;
	size_t whole;

	buf_puts(&line, "{\"info\":\"");
	for (size_t i = 0; i < before; i++) {
		buf_putc(&line, 'a');
		buf_putc(&expected, 'a');
	}
	for (size_t i = 0; i < pieces; i++) {
		buf_puts(&line, escaped);
		buf_puts(&expected, piece);
	}
	buf_puts(&line,
		 "\",\"proto\":\"next\",\"layers\":{\"frame\":{\"frame_frame_number\":\"7\"}}}");
	whole = expected.n;
	if (whole > DECODED_FIELD_MAX)
		whole = before + (DECODED_FIELD_MAX - before) / strlen(piece) * strlen(piece);
	d = decoded_of(line.p, line.n);
	assert_field(d, EK_INFO, expected.p, whole);
	assert_field(d, EK_PROTOCOL, "next", 4);
	decoded_free(d);
	buf_done(&line);
	buf_done(&expected);
}

static void long_fields_are_cut_between_characters(void **state)
{
	static const struct {
		const char *piece, *escaped;
	} cases[] = {
		{"b", "b"},
		{"b", "\\u0062"},
		{"\"", "\\\""},
		{"\xc3\xa9", "\xc3\xa9"},
		{"\xc3\xa9", "\\u00e9"},
		{"\xe4\xb8\xad", "\xe4\xb8\xad"},
		{"\xe4\xb8\xad", "\\u4e2d"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\xf0\x9f\x98\x80", "\\ud83d\\ude00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *piece = cases[i].piece, *escaped = cases[i].escaped;

		for (size_t before = 0; before < 7; before++) {
			size_t fit = (DECODED_FIELD_MAX - before) / strlen(piece);

			check_long(piece, escaped, before, fit - 1);
			check_long(piece, escaped, before, fit);
			check_long(piece, escaped, before, fit + 1);
			check_long(piece, escaped, before, 100000);
		}
	}
}

/* Bytes that are no characters have no between: the cut is at the bound. */
static void long_garbage_is_cut_at_the_bound(void **state)
{
	static const char head[] = "{\"info\":\"";
	static const char tail[] = "\",\"layers\":{\"frame\":{\"frame_frame_number\":\"7\"}}}";
	struct buf line = {0};
	struct decoded *d;
	size_t n;

	(void)state;
	buf_puts(&line, head);
	for (unsigned i = 0; i < 3 * DECODED_FIELD_MAX; i++)
		buf_putc(&line, (char)0x80);
	buf_puts(&line, tail);
	d = decoded_of(line.p, line.n);
	decoded_field(d, EK_INFO, &n);
	assert_int_equal(n, DECODED_FIELD_MAX);
	decoded_free(d);
	buf_done(&line);
}

static void assert_text(struct decoded_text text, const char *expected)
{
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.p, expected, text.n);
}

static void a_row_says_what_is_known(void **state)
{
	static const char line[] =
		"{\"src\":\"a.example\",\"dst\":\"b.example\",\"proto\":\"DNS\",\"info\":\"Standard query\","
		"\"layers\":{\"frame\":{\"frame_frame_number\":\"7\"}}}";
	struct decoded *d = decoded_of(line, sizeof(line) - 1);
	struct decoded_summary s;

	(void)state;
	decoded_summary(d, &s);
	assert_text(s.source, "a.example");
	assert_text(s.destination, "b.example");
	assert_text(s.protocol, "DNS");
	assert_text(s.info, "Standard query");

	/* Its status decides, not what lies about. */
	d->status = DECODED_SKIPPED;
	decoded_summary(d, &s);
	assert_text(s.source, "10.0.0.1");
	assert_text(s.destination, "10.0.0.2");
	assert_text(s.protocol, "UDP");
	assert_text(s.info, "5000 > 53 Len=4");
	decoded_free(d);

	d = decoded_new(DECODED_TSHARK);
	decoded_summary(d, &s);
	assert_text(s.protocol, "UDP");
	d->basic.protocol = NULL;
	d->basic.ethertype = 0x1234;
	decoded_summary(d, &s);
	assert_text(s.protocol, "0x1234");
	decoded_free(d);
}

static void statuses_have_names(void **state)
{
	(void)state;
	assert_string_equal(decoded_status_name(DECODED_TSHARK), "decoded");
	assert_string_equal(decoded_status_name(DECODED_BASIC), "basic");
	assert_string_equal(decoded_status_name(DECODED_SKIPPED), "skipped");
}

/* The segment is shared: a decoded frame gives back its own reference and no more. */
static void the_segment_outlives_it(void **state)
{
	struct decoded *d = decoded_new(DECODED_BASIC);
	struct segment *s = segment_ref(d->segment);

	(void)state;
	d->raw = strdup("{}\n");
	d->raw_n = 3;
	decoded_free(d);
	assert_int_equal(atomic_load(&s->refs), 1);
	assert_int_equal(packet_of(s->base).data[0], 2);
	segment_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_unescaped_and_apart),
		cmocka_unit_test(no_fields_are_empty_fields),
		cmocka_unit_test(long_fields_are_cut_between_characters),
		cmocka_unit_test(long_garbage_is_cut_at_the_bound),
		cmocka_unit_test(a_row_says_what_is_known),
		cmocka_unit_test(statuses_have_names),
		cmocka_unit_test(the_segment_outlives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
