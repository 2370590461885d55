/* test_ethwrap.c - frames of other link types as Ethernet
 *
 * Goal: each link type gets the EtherType, addresses, payload and lengths that its header tells,
 * and no frame, cut or hostile, is read beyond its end.
 *
 * Method: frames written byte by byte, the whole Ethernet header compared as hex. Each is then cut
 * at every length, from a buffer of that size (for the sanitizers), and the lengths are checked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethwrap.h"
#include "capfile/linktype.h"
#include "tap/frame.h"

/* 10.1.2.3 to 10.1.2.4, to 239.129.2.3 and to 255.255.255.255 */
#define IP4_HEAD      "\x45\0\0\x14\0\0\0\0\x40\x11\0\0\x0a\x01\x02\x03"
#define IP4	      IP4_HEAD "\x0a\x01\x02\x04"
#define IP4_MULTICAST IP4_HEAD "\xef\x81\x02\x03"
#define IP4_BROADCAST IP4_HEAD "\xff\xff\xff\xff"
/* 2001:db8::1 to 2001:db8::2, and to ff02::fb */
#define IP6_HEAD      "\x60\0\0\0\0\0\x3b\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define IP6	      IP6_HEAD "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define IP6_MULTICAST IP6_HEAD "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\xfb"

#define SLL(type, arphrd, protocol) \
	"\0" type arphrd "\0\6"     \
	"\xaa\xbb\xcc\xdd\xee\xff\x11\x22" protocol
#define SLL2(protocol, arphrd, type)             \
	protocol "\0\0\0\0\0\3" arphrd type "\6" \
		 "\xaa\xbb\xcc\xdd\xee\xff\x11\x22"

#define FRAME(bytes) bytes, sizeof(bytes) - 1

static const struct wrap_case {
	int linktype;
	const char *bytes;
	uint32_t n;
	uint32_t skip;
	const char *header; /* destination, source, type */
} cases[] = {
	{LINKTYPE_RAW, FRAME(IP4), 0, "02000a010204 02000a010203 0800"},
	{LINKTYPE_RAW_BSD, FRAME(IP4), 0, "02000a010204 02000a010203 0800"},
	{LINKTYPE_RAW_OPENBSD, FRAME(IP4), 0, "02000a010204 02000a010203 0800"},
	{LINKTYPE_RAW, FRAME(IP4_MULTICAST), 0, "01005e010203 02000a010203 0800"},
	{LINKTYPE_RAW, FRAME(IP4_BROADCAST), 0, "ffffffffffff 02000a010203 0800"},
	{LINKTYPE_RAW, FRAME(IP6), 0, "0201715b09ad 02016e5b04f4 86dd"},
	{LINKTYPE_RAW, FRAME(IP6_MULTICAST), 0, "3333000000fb 02016e5b04f4 86dd"},
	{LINKTYPE_RAW, FRAME("\x10\x20"), 0, "020200000002 020200000001 88b5"},
	{LINKTYPE_RAW, FRAME(""), 0, "020200000002 020200000001 88b5"},
	{LINKTYPE_IPV4, FRAME(IP4), 0, "02000a010204 02000a010203 0800"},
	{LINKTYPE_IPV4, FRAME("\x60"), 0, "020200000002 020200000001 0800"},
	{LINKTYPE_IPV6, FRAME(IP6_MULTICAST), 0, "3333000000fb 02016e5b04f4 86dd"},
	{LINKTYPE_IPV6, FRAME(IP4), 0, "020200000002 020200000001 86dd"},
	/* Families in either order, and the four numbers that IPv6 has. */
	{LINKTYPE_NULL, FRAME("\2\0\0\0" IP4), 4, "02000a010204 02000a010203 0800"},
	{LINKTYPE_NULL, FRAME("\0\0\0\2" IP4), 4, "02000a010204 02000a010203 0800"},
	{LINKTYPE_NULL, FRAME("\x0a\0\0\0" IP6_MULTICAST), 4, "3333000000fb 02016e5b04f4 86dd"},
	{LINKTYPE_NULL, FRAME("\x18\0\0\0"), 4, "020200000002 020200000001 86dd"},
	{LINKTYPE_NULL, FRAME("\x1c\0\0\0"), 4, "020200000002 020200000001 86dd"},
	{LINKTYPE_NULL, FRAME("\0\0\0\x1e"), 4, "020200000002 020200000001 86dd"},
	{LINKTYPE_NULL, FRAME("\7\0\0\0" IP4), 4, "020200000002 020200000001 88b5"},
	{LINKTYPE_NULL, FRAME("\2\0\0"), 0, "020200000002 020200000001 88b5"},
	{LINKTYPE_LOOP, FRAME("\0\0\0\2" IP4), 4, "02000a010204 02000a010203 0800"},
	/* Cooked: to us, broadcast, multicast (IP's own group, and of no IP), outgoing. */
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\0", "\0\1", "\x08\0") IP4), 16,
	 "02000a010204 aabbccddeeff 0800"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\1", "\0\1", "\x08\6") "arp"), 16,
	 "ffffffffffff aabbccddeeff 0806"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\2", "\0\1", "\x08\0") IP4_MULTICAST), 16,
	 "01005e010203 aabbccddeeff 0800"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\2", "\0\1", "\x08\0") IP4), 16,
	 "030200000002 aabbccddeeff 0800"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\2", "\0\1", "\x88\xcc") "lldp"), 16,
	 "030200000002 aabbccddeeff 88cc"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\4", "\0\1", "\x88\xcc") "lldp"), 16,
	 "020200000002 aabbccddeeff 88cc"},
	/* LLC gets a length; netlink, GRE, CAN have no EtherType. */
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\2", "\0\1", "\0\4") "\x42\x42\x03stp"), 16,
	 "030200000002 aabbccddeeff 0006"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\0", "\0\1", "\0\1") "\xff\xff"), 16,
	 "020200000002 aabbccddeeff 0002"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\0", "\3\x38", "\x08\0") IP4), 16,
	 "020200000002 aabbccddeeff 88b5"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\0", "\3\x0a", "\x08\0") IP4), 16,
	 "020200000002 aabbccddeeff 88b5"},
	{LINKTYPE_LINUX_SLL, FRAME(SLL("\0", "\1\x18", "\0\x0c") "can"), 16,
	 "020200000002 aabbccddeeff 88b5"},
	/* No address of 6 bytes: the one of IP. */
	{LINKTYPE_LINUX_SLL, FRAME("\0\0\2\0\0\0\0\0\0\0\0\0\0\0\x08\0" IP4), 16,
	 "02000a010204 02000a010203 0800"},
	{LINKTYPE_LINUX_SLL, FRAME("\0\0\0\1\0\6\xaa\xbb\xcc\xdd\xee\xff\0\0\x08"), 0,
	 "020200000002 020200000001 88b5"},
	{LINKTYPE_LINUX_SLL2, FRAME(SLL2("\x08\0", "\0\1", "\0") IP4), 20,
	 "02000a010204 aabbccddeeff 0800"},
	{LINKTYPE_LINUX_SLL2, FRAME(SLL2("\x08\6", "\0\1", "\1") "arp"), 20,
	 "ffffffffffff aabbccddeeff 0806"},
	{LINKTYPE_LINUX_SLL2, FRAME(SLL2("\x86\xdd", "\0\1", "\4") IP6_MULTICAST), 20,
	 "3333000000fb aabbccddeeff 86dd"},
	{LINKTYPE_LINUX_SLL2, FRAME(SLL2("\x08\0", "\3\x38", "\0") IP4), 20,
	 "020200000002 aabbccddeeff 88b5"},
};

static void header_says(const struct ethwrap *w, char *out)
{
	for (size_t i = 0; i < ETHWRAP_HEADER; i++)
		snprintf(out + 2 * i, 3, "%02x", w->header[i]);
}

/* As header_says(); spaces of the table are for its reader. */
static void header_wanted(const char *header, char *out)
{
	for (; *header; header++) {
		if (*header != ' ')
			*out++ = *header;
	}
	*out = '\0';
}

static void each_link_type(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		const struct wrap_case *c = &cases[k];
		char got[2 * ETHWRAP_HEADER + 1], want[64];
		struct ethwrap w;

		assert_true(ethwrap_knows(c->linktype));
		ethwrap(c->linktype, (const unsigned char *)c->bytes, c->n, c->n + 100, &w);
		header_says(&w, got);
		header_wanted(c->header, want);
		/* The payload of LLC counts what was on the wire. */
		if (strcmp(want + 24, "0006") == 0 || strcmp(want + 24, "0002") == 0)
			snprintf(want + 24, 5, "%04x", c->n + 100 - c->skip);
		if (strcmp(got, want) != 0)
			fail_msg("case %zu: %s, not %s", k, got, want);
		assert_int_equal(w.skip, c->skip);
		assert_int_equal(w.caplen, c->n + 14 - c->skip);
		assert_int_equal(w.len, c->n + 114 - c->skip);
	}
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		for (uint32_t n = 0; n <= cases[k].n; n++) {
			unsigned char *copy = malloc(n ? n : 1);
			struct ethwrap w;

			assert_non_null(copy);
			memcpy(copy, cases[k].bytes, n);
			ethwrap(cases[k].linktype, copy, n, n, &w);
			assert_true(w.skip <= n);
			assert_int_equal(w.caplen, n - w.skip + ETHWRAP_HEADER);
			assert_int_equal(w.len, w.caplen);
			assert_int_equal(w.header[6] & 1, 0);
			free(copy);
		}
	}
}

/* An IP header that is not whole has no addresses, though they may be in sight. */
static void ip_cut_short(void **state)
{
	static const unsigned char nobody[12] = {2, 2, 0, 0, 0, 2, 2, 2, 0, 0, 0, 1};
	struct ethwrap w;

	(void)state;
	ethwrap(LINKTYPE_RAW, (const unsigned char *)IP6, 39, 39, &w);
	assert_memory_equal(w.header, nobody, 12);
	ethwrap(LINKTYPE_RAW, (const unsigned char *)IP4, 19, 19, &w);
	assert_memory_equal(w.header, nobody, 12);
}

static void lengths_at_their_ends(void **state)
{
	static unsigned char data[FRAME_BYTES_MAX];
	struct ethwrap w;

	(void)state;
	ethwrap(LINKTYPE_RAW, data, FRAME_BYTES_MAX, FRAME_BYTES_MAX, &w);
	assert_int_equal(w.caplen, FRAME_BYTES_MAX);
	assert_int_equal(w.len, FRAME_BYTES_MAX + 14);
	ethwrap(LINKTYPE_RAW, data, 4, UINT32_MAX, &w);
	assert_int_equal(w.len, UINT32_MAX);
	ethwrap(LINKTYPE_RAW, data, 4, UINT32_MAX - 14, &w);
	assert_int_equal(w.len, UINT32_MAX);
	ethwrap(LINKTYPE_LINUX_SLL2, data, 20, 5, &w);
	assert_int_equal(w.caplen, 14);
	assert_int_equal(w.len, 0);
	ethwrap(LINKTYPE_LINUX_SLL2, data, 20, 7, &w);
	assert_int_equal(w.len, 1);
	/* A length does not fit where an EtherType would start. */
	data[15] = 4;
	ethwrap(LINKTYPE_LINUX_SLL, data, 2000, 16 + 1500, &w);
	assert_int_equal(w.header[12] << 8 | w.header[13], 1500);
	ethwrap(LINKTYPE_LINUX_SLL, data, 2000, 16 + 1501, &w);
	assert_int_equal(w.header[12] << 8 | w.header[13], 0x88b5);
}

static void others_are_not_known(void **state)
{
	(void)state;
	assert_false(ethwrap_knows(LINKTYPE_ETHERNET));
	assert_false(ethwrap_knows(105));
	assert_false(ethwrap_knows(9));
	assert_false(ethwrap_knows(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_link_type),	cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(ip_cut_short),		cmocka_unit_test(lengths_at_their_ends),
		cmocka_unit_test(others_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
