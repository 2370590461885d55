/* test_tally_filter.c - goal: each row's filters are those of its frames, and no key can break out
 * of one. Method: filters of given keys, word for word; random keys, of which every filter is
 * printable ASCII whose quotes match. That tshark takes them is tested by system/statistics.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mix.h"
#include "tallying.h"

static void expect(enum tally_section section, const char *key, size_t n, const char *filter,
		   const char *text)
{
	struct tally_row row = {.key = (const unsigned char *)key, .key_n = n};
	struct buf out = {0}, unlike = {0};
	char want[600];

	tally_filter(section, &row, &out);
	tally_filter_not(&out, &unlike);
	assert_int_equal(out.n, strlen(filter));
	if (out.n) {
		snprintf(want, sizeof(want), "!(%s)", filter);
		assert_memory_equal(out.p, filter, out.n);
		assert_int_equal(unlike.n, strlen(want));
		assert_memory_equal(unlike.p, want, unlike.n);
	} else {
		assert_int_equal(unlike.n, 0);
	}
	out.n = 0;
	tally_key_text(section, &row, &out);
	assert_int_equal(out.n, strlen(text));
	if (out.n)
		assert_memory_equal(out.p, text, out.n);
	buf_done(&out);
	buf_done(&unlike);
}
#define EXPECT(section, key, filter, text) expect(section, key, sizeof(key) - 1, filter, text)

static void test_filters(void **state)
{
	(void)state;
	EXPECT(TALLY_ENDPOINT, "\x0a\0\0\x01", "ip.addr == 10.0.0.1", "10.0.0.1");
	EXPECT(TALLY_ENDPOINT, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
	       "ipv6.addr == 2001:db8::1", "2001:db8::1");
	EXPECT(TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x02",
	       "(ip.src == 10.0.0.1 && ip.dst == 10.0.0.2) || (ip.src == 10.0.0.2 && ip.dst == "
	       "10.0.0.1)",
	       "10.0.0.1 <-> 10.0.0.2");
	EXPECT(TALLY_DNS_MESSAGE, "0", "dns && dns.flags.response == 0", "0");
	EXPECT(TALLY_MDNS_NAME, "a.local", "mdns && dns.qry.name == \"a.local\"", "a.local");
	EXPECT(TALLY_DNS_NAME, "\"\\ ${x}\x01\xe9",
	       "dns && dns.qry.name == \"\\x22\\x5c \\x24{x}\\x01\\xe9\"", "\"\\ ${x}\x01\xe9");
	EXPECT(TALLY_ARP_SENDER, "\x0a\0\0\x01", "arp.src.proto_ipv4 == 10.0.0.1", "10.0.0.1");
	EXPECT(TALLY_ICMP, "3/1", "icmp.type == 3 && icmp.code == 1", "3/1");
	EXPECT(TALLY_ICMPV6, "x/1", "", "x/1");
	EXPECT(TALLY_HTTP_CODE, "200", "http.response.code == 200", "200");
	EXPECT(TALLY_HTTP_CODE, "200 || tcp", "", "200 || tcp");
	EXPECT(TALLY_HIERARCHY, "eth:802.1q|.*",
	       "frame.protocols matches \"(?-i)^eth:802[.]1q\\\\x7c[.]\\\\x2a(:|$)\"",
	       "eth:802.1q|.*");
	EXPECT(TALLY_LAYER, "data-text-lines",
	       "frame.protocols matches \"(?-i)(^|:)data-text-lines(:|$)\"", "data-text-lines");
	EXPECT(TALLY_PROTOCOL, "TCP", "", "TCP");
	EXPECT(TALLY_TCP, "anything", "", "");
}

static void test_names(void **state)
{
	struct tally_row row = {.key = (const unsigned char *)"22", .key_n = 2};

	(void)state;
	assert_string_equal(tally_key_name(TALLY_TLS_TYPE, &row), "handshake");
	row.key_n = 1;
	assert_string_equal(tally_key_name(TALLY_ARP_OPCODE, &row), "replies");
	assert_string_equal(tally_key_name(TALLY_TLS_TYPE, &row), "");
	assert_string_equal(tally_key_name(TALLY_PROTOCOL, &row), "");
}

/* In a string a quote is escaped, so there is none but its ends; outside there is none. */
static void test_any_key(void **state)
{
	unsigned char key[64];
	uint64_t r = 1;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		enum tally_section section = (enum tally_section)(i % TALLY_SECTIONS);
		struct tally_row row = {.key = key, .key_n = (r = mix64(r + i)) % sizeof(key)};
		struct buf out = {0};
		unsigned quotes = 0;

		if (section == TALLY_ENDPOINT || section == TALLY_ARP_SENDER ||
		    section == TALLY_ARP_TARGET)
			row.key_n = r >> 63 ? 16 : 4;
		if (section == TALLY_CONVERSATION)
			row.key_n = r >> 63 ? 32 : 8;
		for (unsigned k = 0; k < row.key_n; k++)
			key[k] = (unsigned char)(r = mix64(r + k));
		tally_filter(section, &row, &out);
		for (size_t k = 0; k < out.n; k++) {
			assert_in_range((unsigned char)out.p[k], 0x20, 0x7e);
			quotes += out.p[k] == '"';
		}
		assert_true(quotes == 0 || quotes == 2);
		assert_false(out.failed);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_any_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
