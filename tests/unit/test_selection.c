/* test_selection.c - which frames are wanted
 *
 * Goal: each condition takes the frames that it names and no other, all of them together those that
 * meet each; wrong words are refused before any frame is seen, with the option and the place; a
 * bound is met with words, not with a wrong answer.
 *
 * Method: small captures from capture_image.h are selected from as `secvf export` does, all frames
 * scanned first; lists of ids at random are compared with a table of marks. Bounds are met with
 * frames made up one by one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/linktype.h"
#include "capfile/selection.h"
#include "opened.h"
#include "packet.h"
#include "random.h"

#define WANT(...) (&(struct selection_config){__VA_ARGS__})

static struct selection *wanted(const struct selection_config *config)
{
	struct err err;
	struct selection *s = selection_open(config, &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

/* Numbers of the frames selected, " 1 3"; or, where that fails, "" with @err. */
static const char *selected(const struct image *i, const struct selection_config *config,
			    struct err *err)
{
	static char text[256];
	struct selection *s = wanted(config);
	enum selection_result result = SELECTION_NO;
	struct bytes b;
	struct capfile_frame f;
	struct capfile *c = opened(&b, i->p, i->n);
	bool ok = true;
	size_t n = 0;

	text[0] = '\0';
	while (ok && selection_scans(s) && capfile_next(c, &f, err) == CAPFILE_FRAME)
		ok = selection_scan(s, c, &f, f.number, err);
	ok = ok && selection_scanned(s, err);
	capfile_close(c);
	c = opened(&b, i->p, i->n);
	while (ok && capfile_next(c, &f, err) == CAPFILE_FRAME) {
		result = selection_match(s, c, &f, f.number, err);
		ok = result != SELECTION_FAILED;
		if (result == SELECTION_YES)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %" PRIu64, f.number);
	}
	if (!ok)
		text[0] = '\0';
	else
		*err = (struct err){0};
	capfile_close(c);
	selection_close(s);
	return text;
}

static void expect(const struct image *i, const struct selection_config *config, const char *want)
{
	struct err err = {0};
	const char *got = selected(i, config, &err);

	if (err.text[0])
		fail_msg("%s", err.text);
	assert_string_equal(got, want);
}

/* Frames that are read are refused with @words. */
static void expect_refused(const struct image *i, const struct selection_config *config, int exit,
			   const char *words)
{
	struct err err = {0};

	assert_string_equal(selected(i, config, &err), "");
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
	assert_int_equal(err.exit, exit);
}

/* ---- ids ---- */

static bool has_id(struct selection *s, uint64_t id)
{
	struct capfile_frame f = {0};

	return selection_match(s, NULL, &f, id, NULL) == SELECTION_YES;
}

static void ids_and_ranges(void **state)
{
	static const struct {
		const char *ids;
		const char *want; /* of 1 to 9, by place */
	} cases[] = {
		{"1", "1........"},	    {"9", "........9"},
		{"2-4", ".234....."},	    {"8-", ".......89"},
		{"1-", "123456789"},	    {"3,1", "1.3......"},
		{"2-4,3-6", ".23456..."},   {"1-2,3-4", "1234....."},
		{"5,5,5", "....5...."},	    {"1-5,2", "12345...."},
		{"1-5,2-3,7", "12345.7.."}, {"6-,2-", ".23456789"},
		{"10-", "........."},	    {"4-4", "...4....."},
		{"007", "......7.."},	    {"1-18446744073709551615", "123456789"},
	};

	(void)state;
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct selection *s = wanted(WANT(.ids = cases[k].ids));
		char got[10] = ".........";

		for (uint64_t id = 1; id <= 9; id++) {
			if (has_id(s, id))
				got[id - 1] = (char)('0' + id);
		}
		assert_string_equal(got, cases[k].want);
		selection_close(s);
	}
}

static void last_ids(void **state)
{
	struct selection *s = wanted(WANT(.ids = "18446744073709551615"));

	(void)state;
	assert_true(has_id(s, UINT64_MAX));
	assert_false(has_id(s, UINT64_MAX - 1));
	selection_close(s);
	s = wanted(WANT(.ids = "5,18446744073709551614-,7"));
	assert_true(has_id(s, UINT64_MAX));
	assert_true(has_id(s, UINT64_MAX - 1));
	assert_false(has_id(s, UINT64_MAX - 2));
	assert_false(has_id(s, 6));
	selection_close(s);
}

#define MARKS 400u

static void ids_at_random(void **state)
{
	struct sim_random r = {2};

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		bool marks[MARKS + 1] = {false};
		char text[2048];
		size_t n = 0;
		struct selection *s;

		for (uint64_t k = random_range(&r, 1, 40); k; k--) {
			uint64_t first = random_range(&r, 1, MARKS);
			uint64_t last = random_range(&r, first, first + 20);

			if (last > MARKS)
				last = MARKS;
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%" PRIu64,
					      n ? "," : "", first);
			if (first != last)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "-%" PRIu64,
						      last);
			for (uint64_t id = first; id <= last; id++)
				marks[id] = true;
		}
		s = wanted(WANT(.ids = text));
		for (uint64_t id = 1; id <= MARKS; id++) {
			if (has_id(s, id) != marks[id])
				fail_msg("--ids %s: %" PRIu64, text, id);
		}
		selection_close(s);
	}
}

/* Numbers of every other frame, @count of them, as a list. */
static char *every_other(unsigned count)
{
	char *text = malloc(count * (size_t)12), *p = text;

	assert_non_null(text);
	for (unsigned k = 0; k < count; k++)
		p += sprintf(p, k ? ",%u" : "%u", 2 * k + 1);
	return text;
}

static void so_many_ranges(void **state)
{
	char *most = every_other(SELECTION_RANGES_MAX);
	char *more = every_other(SELECTION_RANGES_MAX + 1);
	struct selection *s = wanted(WANT(.ids = most));
	struct err err;

	(void)state;
	for (uint64_t id = 1; id <= 2 * SELECTION_RANGES_MAX; id++)
		assert_int_equal(has_id(s, id), id % 2);
	selection_close(s);
	assert_null(selection_open(WANT(.ids = more), &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_non_null(strstr(err.text, "--ids: more than 65536 ranges"));
	free(most);
	free(more);
}

static void wrong_ids_have_a_place(void **state)
{
	static const struct {
		const char *ids;
		unsigned byte;
	} cases[] = {
		{"", 1},
		{"0", 1},
		{"0-5", 1},
		{"5-4", 1},
		{"a", 1},
		{"1,", 3},
		{",1", 1},
		{"1,,2", 3},
		{"-3", 1},
		{"1,2-3-4", 3},
		{"1 2", 1},
		{"1, 2", 3},
		{"10,20,x", 7},
		{"1,5-x", 3},
		{"1-0", 1},
		{"7,18446744073709551616", 3},
		{"+1", 1},
		{"0x10", 1},
		{"1-99999999999999999999", 1},
	};

	(void)state;
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct err err;
		char want[128];

		snprintf(want, sizeof(want), "--ids: '%s', from byte %u on: ", cases[k].ids,
			 cases[k].byte);
		if (selection_open(WANT(.ids = cases[k].ids), &err))
			fail_msg("--ids '%s' was taken", cases[k].ids);
		if (strncmp(err.text, want, strlen(want)) != 0)
			fail_msg("'%s' does not begin with '%s'", err.text, want);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
}

static void put_section(struct image *i, const char *comment)
{
	size_t at = image_block(i, 0x0a0d0d0a);

	image_int(i, 0x1a2b3c4d, 4);
	image_int(i, 1, 4);
	image_int(i, UINT64_MAX, 8);
	if (comment) {
		image_option(i, 1, comment, strlen(comment));
		image_option(i, 0, NULL, 0);
	}
	image_block_end(i, at);
}

static void sections_say_their_first_id(void **state)
{
	static const struct {
		const char *comment;
		uint64_t first;
	} cases[] = {
		{"secvf session=s first=00000000000000000042", 42},
		{"secvf session=a-b first=18446744073709551615", UINT64_MAX},
		{"secvf session=s", 0},
		{"secvf session=s first=", 0},
		{"session=s first=7", 0},
		{"see: secvf session=s first=7", 0},
		{NULL, 0},
	};
	struct image i = {0};
	struct bytes b;
	struct capfile *c;

	(void)state;
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		put_section(&i, cases[k].comment);
		c = opened(&b, i.p, i.n);
		assert_int_equal(selection_first_id(c), cases[k].first);
		capfile_close(c);
		image_done(&i);
	}
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	c = opened(&b, i.p, i.n);
	assert_int_equal(selection_first_id(c), 0);
	capfile_close(c);
	image_done(&i);
}

/* ---- time ---- */

static void times_are_at_or_after_and_before(void **state)
{
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	for (unsigned k = 1; k <= 5; k++)
		image_record(&i, k, 500, 1, 1, "x", 1);
	/* Times go back and forth in real captures. */
	image_record(&i, 2, 0, 1, 1, "x", 1);
	expect(&i, WANT(.from = true, .from_ns = 3000000500), " 3 4 5");
	expect(&i, WANT(.from = true, .from_ns = 3000000501), " 4 5");
	expect(&i, WANT(.to = true, .to_ns = 3000000500), " 1 2 6");
	expect(&i, WANT(.to = true, .to_ns = 3000000501), " 1 2 3 6");
	expect(&i, WANT(.from = true, .from_ns = 2000000000, .to = true, .to_ns = 2000000500),
	       " 6");
	expect(&i, WANT(.from = true, .from_ns = 4000000500, .to = true, .to_ns = 4000000500), "");
	expect(&i, WANT(.from = true, .from_ns = 0), " 1 2 3 4 5 6");
	/* Without its flag a time is none. */
	expect(&i, WANT(.from_ns = UINT64_MAX, .to_ns = 1), " 1 2 3 4 5 6");
	image_done(&i);
}

/* ---- a VM ---- */

/* A frame with these ends of its addresses; 0xff: a group. */
static void put_mac(struct image *i, uint32_t interface, unsigned to, unsigned from)
{
	unsigned char f[14] = {2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0x88, 0xb5};

	f[5] = (unsigned char)to;
	f[11] = (unsigned char)from;
	f[0] = to == 0xff ? 0x33 : 2;
	f[6] = from == 0xff ? 0x33 : 2;
	image_packet(i, interface, 1, f, sizeof(f), sizeof(f), NULL);
}

static void what_a_vm_sent_and_got(void **state)
{
	struct image i = {0};

	(void)state;
	image_section(&i, UINT64_MAX);
	image_interface(&i, LINKTYPE_ETHERNET, 0, "vm-1", -1, 0);
	image_interface(&i, LINKTYPE_ETHERNET, 0, "vm-2", -1, 0);
	image_interface(&i, LINKTYPE_RAW, 0, "vm-3", -1, 0);
	image_interface(&i, LINKTYPE_ETHERNET, 0, NULL, -1, 0);
	put_mac(&i, 1, 1, 2);			 /* 1: to what vm-1 is heard to be later */
	put_mac(&i, 0, 2, 1);			 /* 2: from it */
	put_mac(&i, 1, 3, 2);			 /* 3: between others */
	put_mac(&i, 1, 0xff, 2);		 /* 4: to a group */
	put_mac(&i, 0, 3, 0xff);		 /* 5: from it; a group is no address of its own */
	put_mac(&i, 3, 3, 4);			 /* 6: an interface without a name */
	put_mac(&i, 0, 3, 9);			 /* 7: from it, another address */
	put_mac(&i, 1, 9, 2);			 /* 8: to that */
	image_packet(&i, 2, 1, "E", 1, 1, NULL); /* 9: not Ethernet */
	image_packet(&i, 1, 1, "\2\0\0\0\0", 5, 60, NULL);   /* 10: cut short */
	image_packet(&i, 0, 1, "\2\0", 2, 60, NULL);	     /* 11: of vm-1, cut short */
	image_packet(&i, 1, 1, "\2\0\0\0\0\1", 6, 60, NULL); /* 12: to vm-1, cut after that */
	image_packet(&i, 2, 1, "\2\0\0\0\0\1abcdefgh", 14, 14, NULL); /* 13: no address */
	expect(&i, WANT(.vm = "vm-1"), " 1 2 4 5 7 8 11 12");
	expect(&i, WANT(.vm = "vm-2"), " 1 2 3 4 8 10 12");
	expect(&i, WANT(.vm = "vm-3"), " 4 9 13");
	expect(&i, WANT(.vm = "vm-1", .ids = "1-3"), " 1 2");
	expect_refused(&i, WANT(.vm = "vm-4"), EXIT_USAGE, "--vm vm-4: no frame came in");
	expect_refused(&i, WANT(.vm = "vm"), EXIT_USAGE, "--vm vm: ");
	image_done(&i);
}

static void frame_from(struct capfile_frame *f, unsigned char data[14], uint32_t n)
{
	memset(data, 0, 14);
	data[6] = 2;
	be32_store(data + 8, n);
	*f = (struct capfile_frame){
		.data = data, .caplen = 14, .len = 14, .linktype = LINKTYPE_ETHERNET};
}

static void so_many_addresses(void **state)
{
	struct selection *s = wanted(WANT(.vm = "vm-1"));
	struct image i = {0};
	unsigned char data[14];
	struct capfile_frame f;
	struct bytes b;
	struct capfile *c;
	struct err err;

	(void)state;
	image_section(&i, UINT64_MAX);
	image_interface(&i, LINKTYPE_ETHERNET, 0, "vm-1", -1, 0);
	image_interface(&i, LINKTYPE_ETHERNET, 0, "other", -1, 0);
	put_mac(&i, 0, 0, 0);
	c = opened(&b, i.p, i.n);
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
	/* Each twice, as one that is known takes no room. */
	for (uint32_t n = 0; n < 2 * SELECTION_MACS_MAX; n++) {
		frame_from(&f, data, n / 2);
		assert_true(selection_scan(s, c, &f, n, &err));
	}
	frame_from(&f, data, SELECTION_MACS_MAX);
	assert_false(selection_scan(s, c, &f, 1, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "--vm vm-1: it sends from more than 65536 addresses"));
	for (uint32_t n = 0; n < SELECTION_MACS_MAX + 100; n++) {
		frame_from(&f, data, n);
		memmove(data, data + 6, 6);
		f.interface = 1;
		assert_int_equal(selection_match(s, c, &f, 1, &err),
				 n < SELECTION_MACS_MAX ? SELECTION_YES : SELECTION_NO);
	}
	capfile_close(c);
	selection_close(s);
	image_done(&i);
}

/* ---- a conversation ---- */

static void put_packet(struct image *i, const struct packet *k)
{
	image_record(i, 1, 1, k->n, k->n, k->p, k->n);
}

/* TCP, or UDP, over IPv4 or IPv6, with the ends of the addresses and the ports. */
static void put_ip(struct image *i, unsigned family, unsigned proto, unsigned from, unsigned sport,
		   unsigned to, unsigned dport)
{
	struct packet k;
	uint32_t at, l4;

	packet_eth(&k, family == 4 ? 0x0800 : 0x86dd);
	at = family == 4 ? packet_ipv4(&k, proto, 0, 0) : packet_ipv6(&k, proto);
	l4 = k.n;
	k.p[family == 4 ? at + 15 : at + 23] = (unsigned char)from;
	k.p[family == 4 ? at + 19 : at + 39] = (unsigned char)to;
	if (proto == 6)
		packet_tcp(&k, 16, 0);
	else
		packet_udp(&k, 4);
	be16_store(k.p + l4, (uint16_t)sport);
	be16_store(k.p + l4 + 2, (uint16_t)dport);
	if (family == 4)
		packet_ipv4_end(&k, at);
	else
		packet_ipv6_end(&k, at);
	put_packet(i, &k);
}

static void both_ways_of_a_conversation(void **state)
{
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	put_ip(&i, 4, 6, 1, 1000, 2, 80);  /* 1 */
	put_ip(&i, 4, 6, 2, 80, 1, 1000);  /* 2: its answer */
	put_ip(&i, 4, 6, 1, 1001, 2, 80);  /* 3: another port */
	put_ip(&i, 4, 17, 1, 1000, 2, 80); /* 4: another protocol */
	put_ip(&i, 4, 6, 1, 1000, 3, 80);  /* 5: another address */
	put_ip(&i, 6, 6, 1, 1000, 2, 80);  /* 6: another family */
	put_ip(&i, 6, 6, 2, 80, 1, 1000);  /* 7 */
	put_ip(&i, 4, 6, 1, 80, 2, 1000);  /* 8: ports the other way round */
	put_ip(&i, 4, 6, 1, 5, 1, 6);	   /* 9: with itself */
	put_ip(&i, 4, 6, 1, 6, 1, 5);	   /* 10 */
	put_ip(&i, 4, 6, 1, 1000, 2, 80);  /* 11 */
	expect(&i, WANT(.conversation = 1), " 1 2 11");
	expect(&i, WANT(.conversation = 2), " 1 2 11");
	expect(&i, WANT(.conversation = 3), " 3");
	expect(&i, WANT(.conversation = 4), " 4");
	expect(&i, WANT(.conversation = 5), " 5");
	expect(&i, WANT(.conversation = 7), " 6 7");
	expect(&i, WANT(.conversation = 8), " 8");
	expect(&i, WANT(.conversation = 9), " 9 10");
	expect(&i, WANT(.conversation = 1, .ids = "2-4"), " 2");
	expect_refused(&i, WANT(.conversation = 12), EXIT_USAGE,
		       "--conversation 12: there is no such frame");
	image_done(&i);
}

static void conversations_without_ports(void **state)
{
	struct image i = {0};
	struct packet k;
	uint32_t at;

	(void)state;
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	for (unsigned type = 0; type <= 8; type += 8) { /* 1, 2: both of an echo */
		packet_eth(&k, 0x0800);
		at = packet_ipv4(&k, 1, 0, 0);
		packet_icmp(&k, type, 0);
		packet_ipv4_end(&k, at);
		put_packet(&i, &k);
	}
	packet_eth(&k, 0x0806); /* 3 */
	packet_arp(&k, 1, "\x0a\0\0\1", "\x0a\0\0\2");
	put_packet(&i, &k);
	packet_eth(&k, 0x88b5); /* 4: no protocol that has addresses of its own */
	packet_fill(&k, 46);
	put_packet(&i, &k);
	memcpy(k.p, "\2\0\0\0\0\1\2\0\0\0\0\2", 12); /* 5: its answer */
	put_packet(&i, &k);
	k.p[13] = 0xb6; /* 6: another */
	put_packet(&i, &k);
	packet_eth(&k, 46); /* 7, 8: a length in its place, whatever it is */
	packet_fill(&k, 46);
	put_packet(&i, &k);
	k.p[13] = 40;
	put_packet(&i, &k);
	packet_eth(&k, 0x8100); /* 9: the same as 4, in a VLAN */
	packet_vlan(&k, 5, 0x88b5);
	packet_fill(&k, 46);
	put_packet(&i, &k);
	image_record(&i, 1, 1, 13, 60, k.p, 13); /* 10: cut in its header */
	expect(&i, WANT(.conversation = 1), " 1 2");
	expect(&i, WANT(.conversation = 3), " 3");
	expect(&i, WANT(.conversation = 4), " 4 5 9");
	expect(&i, WANT(.conversation = 6), " 6");
	expect(&i, WANT(.conversation = 7), " 7 8");
	expect_refused(&i, WANT(.conversation = 10), EXIT_USAGE,
		       "--conversation 10: that frame is no Ethernet frame");
	image_done(&i);
	image_pcap(&i, PCAP_NS, 2, 4, LINKTYPE_RAW);
	put_packet(&i, &k);
	expect_refused(&i, WANT(.conversation = 1), EXIT_USAGE, "--conversation 1: that frame is ");
	image_done(&i);
}

/* ---- the capture filter ---- */

/* An interface of the link type, and of it one frame of UDP behind @skip bytes of Ethernet. */
static void put_linktype(struct image *i, unsigned number, unsigned linktype, uint32_t skip)
{
	struct packet k;
	uint32_t at;

	packet_eth(&k, 0x0800);
	at = packet_ipv4(&k, 17, 0, 0);
	packet_udp(&k, 4);
	packet_ipv4_end(&k, at);
	image_interface(i, linktype, 0, "any", -1, 0);
	image_packet(i, number, 1, k.p + skip, k.n - skip, k.n - skip, NULL);
}

static void filters_are_compiled_for_each_link_type(void **state)
{
	struct image i = {0};

	(void)state;
	image_section(&i, UINT64_MAX);
	put_linktype(&i, 0, LINKTYPE_ETHERNET, 0);
	put_linktype(&i, 1, LINKTYPE_RAW, 14);
	put_linktype(&i, 2, LINKTYPE_IPV4, 14);
	put_linktype(&i, 3, LINKTYPE_RAW, 0); /* is no IP */
	put_linktype(&i, 4, LINKTYPE_RAW_BSD, 14);
	put_linktype(&i, 5, LINKTYPE_RAW_OPENBSD, 14);
	expect(&i, WANT(.filter = "udp dst port 53"), " 1 2 3 5 6");
	expect(&i, WANT(.filter = "tcp"), "");
	expect(&i, WANT(.filter = "greater 33", .ids = "1-3"), " 1");
	expect(&i, WANT(.filter = "ip src 10.0.0.1", .ids = "3-"), " 3 5 6");
	/* Right words that make no sense for a frame that is met later. */
	expect_refused(&i, WANT(.filter = "ether host 02:00:00:00:00:01"), EXIT_USAGE,
		       "for link type 101 (RAW): ");
	/* It is compiled only for those that the other conditions leave. */
	expect(&i, WANT(.filter = "ether host 02:00:00:00:00:01", .ids = "1"), " 1");
	image_done(&i);
}

/* A filter goes by the length on the wire, and sees no byte that was not captured. */
static void filters_see_what_was_captured(void **state)
{
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	image_record(&i, 1, 1, 14, 1500, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14);
	expect(&i, WANT(.filter = "len = 1500"), " 1");
	expect(&i, WANT(.filter = "ip"), " 1");
	expect(&i, WANT(.filter = "ether[20] = 0"), "");
	expect(&i, WANT(.filter = "not ether[20] = 1"), "");
	image_done(&i);
}

/* What only the kernel knows of an Ethernet frame is in the frame with Linux's cooked ones. */
static void directions_are_where_they_are(void **state)
{
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_NS, 2, 4, LINKTYPE_LINUX_SLL);
	image_record(&i, 1, 1, 16, 16, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0", 16);
	image_record(&i, 1, 1, 16, 16, "\0\4\0\1\0\6\2\0\0\0\0\1\0\0\x08\0", 16);
	expect(&i, WANT(.filter = "inbound"), " 1");
	expect(&i, WANT(.filter = "outbound"), " 2");
	image_done(&i);
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	put_ip(&i, 4, 6, 1, 1000, 2, 80);
	expect_refused(&i, WANT(.filter = "inbound"), EXIT_USAGE,
		       "'inbound' is known to the kernel only");
	image_done(&i);
}

static void wrong_filters_have_a_place(void **state)
{
	static const struct {
		const char *filter, *words;
	} cases[] = {
		{"tcp prot 80", "-f: 'tcp prot 80': syntax error at byte 5, 'prot'; "},
		{"udp and (", "-f: 'udp and (': syntax error at its end; "},
		{"ip.addr == 10.0.0.1", "the language of display filters"},
	};
	char *text = malloc(5000);
	struct err err;

	(void)state;
	assert_non_null(text);
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		assert_null(selection_open(WANT(.filter = cases[k].filter), &err));
		if (!strstr(err.text, cases[k].words))
			fail_msg("'%s' is not in '%s'", cases[k].words, err.text);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
	/* A long one leaves room for the reason. */
	memset(text, ' ', 4999);
	memcpy(text, "no", 2);
	text[4999] = '\0';
	assert_null(selection_open(WANT(.filter = text), &err));
	assert_non_null(strstr(err.text, "pcap-filter(7)"));
	free(text);
}

static void so_many_link_types(void **state)
{
	static const int types[] = {LINKTYPE_ETHERNET,
				    LINKTYPE_NULL,
				    LINKTYPE_RAW,
				    LINKTYPE_LOOP,
				    LINKTYPE_LINUX_SLL,
				    LINKTYPE_IPV4,
				    LINKTYPE_IPV6,
				    LINKTYPE_LINUX_SLL2,
				    LINKTYPE_RAW_BSD,
				    LINKTYPE_RAW_OPENBSD,
				    6,
				    9,
				    100,
				    104,
				    50,
				    105,
				    127};
	struct selection *s = wanted(WANT(.filter = "greater 2"));
	struct capfile_frame f = {.data = (const unsigned char *)"xx", .caplen = 2, .len = 2};
	struct err err;

	(void)state;
	assert_int_equal(sizeof(types) / sizeof(types[0]), SELECTION_FILTERS_MAX + 1);
	for (unsigned twice = 0; twice < 2; twice++) {
		for (unsigned k = 0; k < SELECTION_FILTERS_MAX; k++) {
			f.linktype = types[k];
			if (selection_match(s, NULL, &f, 1, &err) != SELECTION_YES)
				fail_msg("link type %d: %s", types[k], err.text);
		}
	}
	f.linktype = types[SELECTION_FILTERS_MAX];
	assert_int_equal(selection_match(s, NULL, &f, 1, &err), SELECTION_FAILED);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "-f: the frames have more than 16 link types"));
	selection_close(s);
}

/* ---- all of it ---- */

struct asked {
	unsigned times;
	uint64_t offset[8];
};

static bool every_second(void *ctx, uint64_t offset)
{
	struct asked *a = ctx;

	a->offset[a->times] = offset;
	return a->times++ % 2 == 1;
}

/* Frames that are out for another reason are not asked about. */
static void shown_is_asked_in_order(void **state)
{
	struct asked asked = {0};
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_NS, 2, 4, 1);
	for (unsigned k = 0; k < 6; k++)
		image_record(&i, k, 0, 4, 4, "abcd", 4);
	expect(&i, WANT(.shown = every_second, .ctx = &asked, .ids = "2-5"), " 3 5");
	assert_int_equal(asked.times, 4);
	for (unsigned k = 0; k < 4; k++)
		assert_int_equal(asked.offset[k], 24 + (16 + 4) * (k + 1));
	image_done(&i);
}

static void what_there_is_to_do(void **state)
{
	const struct {
		const struct selection_config *config;
		bool all, scans;
	} cases[] = {
		{WANT(.ids = NULL), true, false},     {WANT(.ids = "1"), false, false},
		{WANT(.from = true), false, false},   {WANT(.to = true), false, false},
		{WANT(.filter = "ip"), false, false}, {WANT(.shown = every_second), false, false},
		{WANT(.vm = "vm-1"), false, true},    {WANT(.conversation = 1), false, true},
	};
	struct err err;

	(void)state;
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct selection *s = wanted(cases[k].config);

		assert_int_equal(selection_all(s), cases[k].all);
		assert_int_equal(selection_scans(s), cases[k].scans);
		assert_int_equal(selection_scanned(s, &err), !cases[k].scans);
		selection_close(s);
	}
	selection_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_and_ranges),
		cmocka_unit_test(last_ids),
		cmocka_unit_test(ids_at_random),
		cmocka_unit_test(so_many_ranges),
		cmocka_unit_test(wrong_ids_have_a_place),
		cmocka_unit_test(sections_say_their_first_id),
		cmocka_unit_test(times_are_at_or_after_and_before),
		cmocka_unit_test(what_a_vm_sent_and_got),
		cmocka_unit_test(so_many_addresses),
		cmocka_unit_test(both_ways_of_a_conversation),
		cmocka_unit_test(conversations_without_ports),
		cmocka_unit_test(filters_are_compiled_for_each_link_type),
		cmocka_unit_test(filters_see_what_was_captured),
		cmocka_unit_test(directions_are_where_they_are),
		cmocka_unit_test(wrong_filters_have_a_place),
		cmocka_unit_test(so_many_link_types),
		cmocka_unit_test(shown_is_asked_in_order),
		cmocka_unit_test(what_there_is_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
