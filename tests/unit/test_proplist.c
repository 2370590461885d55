/* test_proplist.c - settings as property lists
 *
 * Goal: both kinds of list hold what the settings did; all forms a filter may have are read; what
 * is of the wrong type is refused by its key; bytes that are made to exhaust or break libplist are
 * refused, and this process lives.
 *
 * Method: settings printed and read again; XML written by hand; a binary list of arrays that hold
 * the next one many times, XML that is nested a million deep, and every prefix of good lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/saved.h"
#include "base/sanitized.h"
#include "cli/proplist.h"

#define XML(body)                                                                             \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD " \
	"PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"               \
	"<plist version=\"1.0\">" body "</plist>\n"
#define SAVED(body) XML("<dict><key>SavedDisplayFilters</key>" body "</dict>")

static void print_text(const struct settings *s, struct buf *out)
{
	settings_print(s, out);
	buf_putc(out, '\0');
}

static void expect_same(const struct settings *a, const struct settings *b)
{
	struct buf one = {0}, other = {0};

	print_text(a, &one);
	print_text(b, &other);
	assert_string_equal(one.p, other.p);
	buf_done(&one);
	buf_done(&other);
}

static void read_xml(struct settings *s, const char *xml)
{
	struct err err = {0};

	if (!proplist_read(s, "f", xml, strlen(xml), &err))
		fail_msg("%s", err.text);
}

static void test_round_trip(void **state)
{
	struct settings s = {.queue_limit = UINT32_MAX};
	struct err err = {0};

	(void)state;
	assert_true(saved_add(&s, "<a> & \"b\"", "tcp.port == 80 && !(udp < 3)",
			      "caf\xc3\xa9 \xf0\x9f\x98\x80", &err));
	assert_true(saved_add(&s, "b", "http.host contains \"\xd0\x96\"\n\t|| dns", "", &err));
	for (int binary = 0; binary < 2; binary++) {
		struct settings again = {0};
		struct buf out = {0};

		assert_true(proplist_print(&s, binary, &out));
		assert_true(proplist_is(out.p, out.n));
		assert_int_equal(memcmp(out.p, "bplist00", 8) == 0, binary);
		assert_true(proplist_read(&again, "f", out.p, out.n, &err));
		expect_same(&s, &again);
		/* Cut short it is read never as something else. */
		for (size_t n = 0; n < out.n; n += 1 + n / 16) {
			struct settings cut = {0};

			if (proplist_read_here(&cut, "f", out.p, n, &err))
				expect_same(&s, &cut);
			settings_done(&cut);
		}
		settings_done(&again);
		buf_done(&out);
	}
	settings_done(&s);
}

static void test_forms(void **state)
{
	struct settings s = {0};
	char expression[200];
	struct buf xml = {0};

	(void)state;
	read_xml(&s, SAVED("<dict><key>a</key><string>tcp</string><key>b</key><string>udp</string>"
			   "</dict>"));
	assert_int_equal(s.saved_count, 2);
	assert_string_equal(s.saved[1].name, "b");
	assert_string_equal(s.saved[1].expression, "udp");
	read_xml(&s, SAVED("<array><string>tcp\n</string><dict><key>name</key><string>x</string>"
			   "<key>expression</key><string>y</string><key>more</key><true/></dict>"
			   "<dict><key>name</key><string>x</string><key>expression</key>"
			   "<string>z</string><key>note</key><string>n</string></dict></array>"));
	assert_int_equal(s.saved_count, 3);
	assert_string_equal(s.saved[0].name, "tcp ");
	assert_string_equal(s.saved[0].expression, "tcp\n");
	assert_string_equal(s.saved[2].name, "x (2)");
	assert_string_equal(s.saved[2].note, "n");
	memset(expression, 'e', sizeof(expression) - 1);
	expression[sizeof(expression) - 1] = '\0';
	buf_printf(&xml, SAVED("<array><string>%s</string></array>"), expression);
	buf_putc(&xml, '\0');
	read_xml(&s, xml.p);
	assert_int_equal(strlen(s.saved[0].name), 128);
	assert_int_equal(strlen(s.saved[0].expression), 199);
	read_xml(&s, XML("<dict><key>NSWindow</key><data>AAAA</data>"
			 "<key>SecVFCaptureQueueLimit</key><integer>4096</integer></dict>"));
	assert_int_equal(s.queue_limit, 4096);
	assert_int_equal(s.saved_count, 0);
	buf_done(&xml);
	settings_done(&s);
}

static void refused(const char *p, size_t n, const char *words)
{
	struct settings s = {.queue_limit = 3};
	struct err err = {0};

	if (proplist_read(&s, "f", p, n, &err))
		fail_msg("read, and '%s' was expected", words);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_int_equal(s.queue_limit, 3);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{"", "f: no XML property list"},
		{"<", "f: no XML property list"},
		{"<html></html>", "f: "},
		{XML("<array/>"), "f: a dict is wanted, and an array is there"},
		{XML("<string>a</string>"), "f: a dict is wanted, and a string"},
		{XML("<dict><key>SecVFCaptureQueueLimit</key><string>1</string></dict>"),
		 "f: SecVFCaptureQueueLimit: an integer is wanted, and a string is there"},
		{XML("<dict><key>SecVFCaptureQueueLimit</key><integer>4294967296</integer></dict>"),
		 "SecVFCaptureQueueLimit: a whole number"},
		{XML("<dict><key>SecVFCaptureQueueLimit</key><integer>-1</integer></dict>"),
		 "SecVFCaptureQueueLimit: a whole number"},
		{XML("<dict><key>SecVFCaptureQueueLimit</key><true/></dict>"), "a boolean"},
		{SAVED("<string>tcp</string>"),
		 "SavedDisplayFilters: an array or a dict is wanted"},
		{SAVED("<array><integer>1</integer></array>"),
		 "SavedDisplayFilters[0]: a dict or a string is wanted, and an integer"},
		{SAVED("<array><string>a</string><array/></array>"),
		 "SavedDisplayFilters[1]: a dict"},
		{SAVED("<array><string></string></array>"), "SavedDisplayFilters[0]: "},
		{SAVED("<array><dict/></array>"),
		 "SavedDisplayFilters[0].name: a string is wanted, and nothing is there"},
		{SAVED("<array><dict><key>name</key><string>a</string></dict></array>"),
		 "SavedDisplayFilters[0].expression: a string is wanted, and nothing"},
		{SAVED("<array><dict><key>name</key><string>a</string><key>expression</key>"
		       "<data>AAAA</data></dict></array>"),
		 "expression: a string is wanted, and data is there"},
		{SAVED("<array><dict><key>name</key><string>a</string><key>expression</key>"
		       "<string>b</string><key>note</key><date>2020-01-01T00:00:00Z</date></dict>"
		       "</array>"),
		 "note: a string is wanted, and a date is there"},
		{SAVED("<array><dict><key>name</key><string>a\x01</string><key>expression</key>"
		       "<string>b</string></dict></array>"),
		 "name: a name is UTF-8 without control"},
		{SAVED("<array><string>\xff\xfe</string></array>"), "a display filter is UTF-8"},
		{SAVED("<dict><key>a</key><array/></dict>"),
		 "SavedDisplayFilters.\"a\": a string is wanted, and an array"},
		{"bplist00", "f: a binary property list that is broken"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(wrong[i].text, strlen(wrong[i].text), wrong[i].words);
}

static void test_too_many(void **state)
{
	struct settings s = {0};
	struct buf xml = {0};

	(void)state;
	buf_puts(&xml, "<plist version=\"1.0\"><dict><key>SavedDisplayFilters</key><array>");
	for (unsigned i = 0; i < SETTINGS_SAVED_MAX; i++)
		buf_printf(&xml, "<string>%u</string>", i);
	buf_printf(&xml, "</array></dict></plist>%c", '\0');
	read_xml(&s, xml.p);
	assert_int_equal(s.saved_count, SETTINGS_SAVED_MAX);
	xml.n = (size_t)(strstr(xml.p, "</array>") - xml.p);
	buf_puts(&xml, "<string>x</string></array></dict></plist>");
	refused(xml.p, xml.n, "SavedDisplayFilters[1000]: 1000 display filters are the most");
	settings_done(&s);
	buf_done(&xml);
}

/* Each of @depth arrays holds the next one 14 times: 14^(@depth - 1) nodes, once it is unfolded. */
static void put_bomb(struct buf *out, unsigned depth)
{
	/* 16-bit offsets, 8-bit references; as many objects as there are arrays, the first on top.
	 */
	const unsigned char trailer[] = {
		0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, (unsigned char)depth,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	unsigned at[33];

	assert_true(depth <= 32);
	out->n = 0;
	buf_puts(out, "bplist00");
	for (unsigned i = 0; i < depth; i++) {
		at[i] = (unsigned)out->n;
		buf_putc(out, i + 1 < depth ? '\xae' : '\xa0');
		for (unsigned k = 0; i + 1 < depth && k < 14; k++)
			buf_putc(out, (char)(i + 1));
	}
	at[depth] = (unsigned)out->n;
	for (unsigned i = 0; i < depth; i++) {
		buf_putc(out, (char)(at[i] >> 8));
		buf_putc(out, (char)at[i]);
	}
	buf_put(out, trailer, sizeof(trailer));
	buf_putc(out, (char)(at[depth] >> 8));
	buf_putc(out, (char)at[depth]);
}

static void test_bombs(void **state)
{
	struct buf bytes = {0};

	(void)state;
	buf_puts(&bytes, "<plist version=\"1.0\">");
	for (unsigned i = 0; i < 1000000; i++)
		buf_puts(&bytes, "<array>");
	refused(bytes.p, bytes.n, "f: ");
	/* A small one is a list like others. */
	put_bomb(&bytes, 4);
	refused(bytes.p, bytes.n, "f: a dict is wanted, and an array is there");
	/* A large one would take all memory, without a bound on it, which a sanitizer does not
	 * bear. libplist may notice that there is none left, or die of it. */
	put_bomb(&bytes, 32);
	if (!SANITIZED)
		refused(bytes.p, bytes.n, "f: a");
	buf_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_bombs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
