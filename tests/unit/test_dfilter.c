/* test_dfilter.c - display filters over the header decode
 *
 * Goal: the grammar, precedence and refusals are those of tshark 4.0, errors name their place,
 * comparisons over several values mean what tshark means, verdicts are joined as Kleene has it, and
 * a frame that may hold more than its outer headers is certain only where that cannot matter.
 *
 * Method: tables of filters with what they must say of frames that are put together header by
 * header: plain ones, for which each verdict must be certain and equal by the headers alone, and
 * others with a tunnel, a fragment, a quote or a cut, for which it must be unsure. Kleene's tables
 * come from three tests whose verdicts on one frame are no, unsure and yes. That this is what
 * tshark says is not shown here but by tests/system/dfilter_verdicts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/dfilter.h"
#include "packet.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The verdict on a frame, and that by the headers alone. */
struct said {
	enum dfilter_verdict verdict;
	bool basic;
};

static struct said ask_len(const char *text, const struct packet *k, uint32_t caplen, uint32_t len)
{
	struct dfilter_error err;
	struct dfilter *f = dfilter_compile(text, &err);
	unsigned char *exact = malloc(caplen + !caplen);
	struct dfilter_frame frame = {.data = exact, .caplen = caplen, .len = len, .number = 7};
	struct basic b;
	struct said said;

	if (!f)
		fail_msg("%s: %s", text, err.text);
	assert_non_null(exact);
	memcpy(exact, k->p, caplen);
	basic_decode(&b, exact, caplen);
	frame.basic = &b;
	said = (struct said){dfilter_match(f, &frame), dfilter_match_basic(f, &frame)};
	if (said.verdict != DFILTER_UNSURE && said.basic != (said.verdict == DFILTER_YES))
		fail_msg("%s: %u is certain, and by the headers it is %d", text, said.verdict,
			 said.basic);
	free(exact);
	dfilter_free(f);
	return said;
}

static struct said ask(const char *text, const struct packet *k)
{
	return ask_len(text, k, k->n, k->n);
}

/* 02:..:01 10.0.0.1 40000 to 02:..:02 10.0.0.2 443 */
static void tcp_frame(struct packet *k, unsigned flags, uint32_t payload)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0, 0);
	packet_tcp(k, flags, 0);
	packet_fill(k, payload);
	packet_ipv4_end(k, at);
}

static void udp_frame(struct packet *k, unsigned dport)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 30);
	be16_store(k->p + k->headers - 6, (uint16_t)dport);
	packet_ipv4_end(k, at);
}

static void udp6_frame(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 17);
	packet_udp(k, 30);
	packet_ipv6_end(k, at);
}

static void icmp_frame(struct packet *k, unsigned type)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 1, 0, 0);
	packet_icmp(k, type, 1);
	packet_fill(k, 40);
	packet_ipv4_end(k, at);
}

static void arp_frame(struct packet *k)
{
	packet_eth(k, 0x0806);
	packet_arp(k, 2, "\x0a\0\0\x01", "\x0a\0\0\x02");
}

static void vlan_frame(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x8100);
	packet_vlan(k, 100, 0x8100);
	packet_vlan(k, 200, 0x0800);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 30);
	packet_ipv4_end(k, at);
}

struct expected {
	const char *text;
	bool yes;
};

/* All certain. */
static void expect(const struct packet *k, const struct expected *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct said said = ask(e[i].text, k);

		if (said.verdict != (e[i].yes ? DFILTER_YES : DFILTER_NO))
			fail_msg("%s: %u instead of %s", e[i].text, said.verdict,
				 e[i].yes ? "yes" : "no");
	}
}

static void test_tcp(void **state)
{
	static const struct expected e[] = {
		{"", true},
		{" \t ", true},
		{"frame", true},
		{"eth", true},
		{"ip", true},
		{"tcp", true},
		{"udp", false},
		{"ipv6", false},
		{"arp or vlan or icmp or icmpv6 or sctp", false},
		{"tcp.port", true},
		{"udp.port", false},
		{"tcp.port == 443", true},
		{"tcp.port == 40000", true},
		{"tcp.port == 0x1bb", true},
		{"tcp.port == 0673", true},
		{"tcp.port == 0b110111011", true},
		{"tcp.port == 444", false},
		{"tcp.srcport == 443", false},
		{"tcp.dstport == 443", true},
		{"tcp.port != 443", false},
		{"tcp.port ne 80", true},
		{"!(tcp.port == 80)", true},
		{"udp.port != 80", false},
		{"!(udp.port == 80)", true},
		{"tcp.port !== 443", true},
		{"tcp.port ~= 443", true},
		{"tcp.srcport any_ne 40000", false},
		{"tcp.port === 443", false},
		{"tcp.dstport all_eq 443", true},
		{"tcp.port > 39999", true},
		{"tcp.port gt 40000", false},
		{"tcp.port < 443", false},
		{"tcp.port lt 444", true},
		{"tcp.port >= 40000", true},
		{"tcp.port ge 40001", false},
		{"tcp.port <= 443", true},
		{"tcp.port le 442", false},
		{"tcp.port < 0", false},
		{"tcp.port >= 0", true},
		{"tcp.port > 65535", false},
		{"tcp.port in {1, 2, 443}", true},
		{"tcp.port in {1..2,440 .. 450}", true},
		{"tcp.port in {500 .. 400}", false},
		{"tcp.port not in {443}", false},
		{"tcp.port ! in {1}", true},
		{"udp.port not in {1}", true},
		{"tcp.port & 1", true},
		{"tcp.dstport & 0x4", false},
		{"tcp.dstport & 0xff == 0xbb", true},
		{"tcp.dstport & 0xff != 0xbb", false},
		{"tcp.dstport bitwise_and 3 > 2", true},
		{"tcp.flags == 0x12", true},
		{"tcp.flags & 0x12 == 0x12", true},
		{"tcp.flags.syn", true},
		{"tcp.flags.fin", true},
		{"tcp.flags.syn == 1 and tcp.flags.ack == True", true},
		{"tcp.flags.syn == 7", true},
		{"tcp.flags.ack != 0", true},
		{"tcp.flags.ack > 0", true},
		{"tcp.flags.fin == 1 or tcp.flags.reset == TRUE or tcp.flags.push == 1", false},
		{"tcp.flags.fin == FALSE and tcp.flags.urg == False", true},
		{"tcp.flags.ack in {1}", true},
		{"tcp.len == 10", true},
		{"tcp.len > 10", false},
		{"ip.addr == 10.0.0.1", true},
		{"ip.addr == 10.0.0.2/32", true},
		{"ip.addr == 10.0.0.3", false},
		{"ip.addr == 10.0.0.9/29", false},
		{"ip.addr == 10.200.0.9/8", true},
		{"ip.addr == 0.0.0.0/0", true},
		{"ip.addr != 10.0.0.0/8", false},
		{"ip.addr === 10.0.0.0/8", true},
		{"ip.src == 10.0.0.1 && ip.dst == 10.0.0.2", true},
		{"ip.src < 10.0.0.2", true},
		{"ip.dst in {10.0.0.0 .. 10.0.0.1, 192.168.0.0/16}", false},
		{"ip.proto == 6", true},
		{"ip.ttl == 64", true},
		{"ip.ttl & 0x3f", false},
		{"ip.version == 4", true},
		{"eth.addr == 02:00:00:00:00:01", true},
		{"eth.src == 02-00-00-00-00-01", true},
		{"eth.dst == 0200.0000.0002", true},
		{"eth.dst == 02.00.00.00.00.02", true},
		{"eth.dst == 020000000002", true},
		{"eth.dst == 0200-0000-0003", false},
		{"eth.src > 02:00:00:00:00:00", true},
		{"eth.src > 02:00:00:00:00:01", false},
		{"eth.addr in {01:00:00:00:00:00 .. 02:00:00:00:00:01}", true},
		{"eth.type == 0x800", true},
		{"eth.type != 2048", false},
		{"frame.len == 64", true},
		{"frame.cap_len > 64", false},
		{"frame.number == 7", true},
		{"frame.number in {1 .. 6}", false},
	};
	struct packet k;

	(void)state;
	tcp_frame(&k, 0x12, 10);
	expect(&k, e, COUNT(e));
}

static void test_others(void **state)
{
	static const struct expected udp6[] = {
		{"ipv6 and udp and not ip", true},
		{"ipv6.addr == 2001:db8::1", true},
		{"ipv6.addr == 2001:DB8:0:0:0:0:0:3", false},
		{"ipv6.addr == 2001:db8::/32", true},
		{"ipv6.addr == 2001:db8::2/127", true},
		{"ipv6.src == 2001:db8::2/127", false},
		{"ipv6.addr == 2001:db8::ffff:0:0:9/64", true},
		{"ipv6.addr == 2001:db8::ffff:0:0:9/65", false},
		{"ipv6.addr == 2001:db8:0:1::/63", true},
		{"ipv6.addr == ::/0", true},
		{"ipv6.addr != 2001:db9::/32", true},
		{"ipv6.dst == ::ffff:1.2.3.4", false},
		{"ipv6.src in {2001:db8:: .. 2001:db8::1}", true},
		{"ipv6.src in {2001:db8::2..ffff::}", false},
		{"ipv6.src > 2001:db8::", true},
		{"ipv6.src >= 2001:db8::2", false},
		{"ipv6.nxt == 17 and ipv6.hlim == 64 and ipv6.version == 6", true},
		{"ip.version == 6", true},
		{"udp.srcport == 5000 and udp.dstport == 53", true},
		{"udp.length == 38", true},
		{"eth.type == 0x86dd", true},
	};
	static const struct expected arp[] = {
		{"arp", true},
		{"ip or ip.addr", false},
		{"arp.opcode == 2", true},
		{"arp.src.proto_ipv4 == 10.0.0.1", true},
		{"arp.dst.proto_ipv4 == 10.0.0.0/31", false},
	};
	static const struct expected vlan[] = {
		{"vlan and ip and udp", true}, {"vlan.id == 100", true},
		{"vlan.id == 200", true},      {"vlan.id != 200", false},
		{"vlan.id === 100", false},    {"vlan.id !== 100", true},
		{"vlan.id > 200", false},      {"eth.type == 0x8100", true},
		{"eth.type == 0x800", false},
	};
	static const struct expected echo[] = {
		{"icmp", true},		  {"icmp.type == 8", true},
		{"icmp.code == 1", true}, {"icmp.type in {0, 3}", false},
		{"icmpv6", false},	  {"tcp or udp", false},
	};
	struct packet k;

	(void)state;
	/* Port 5000 is a tunnel's. */
	udp6_frame(&k);
	assert_int_equal(ask("udp.port == 1", &k).verdict, DFILTER_UNSURE);
	assert_int_equal(ask("udp.port == 53", &k).verdict, DFILTER_YES);
	be16_store(k.p + k.headers - 8, 5002);
	expect(&k, udp6, COUNT(udp6) - 3);
	expect(&k, udp6 + COUNT(udp6) - 2, 2);
	arp_frame(&k);
	expect(&k, arp, COUNT(arp));
	vlan_frame(&k);
	be16_store(k.p + k.headers - 8, 5002);
	expect(&k, vlan, COUNT(vlan));
	icmp_frame(&k, 8);
	expect(&k, echo, COUNT(echo));
}

/* tcp: yes, arp: no, with certainty. */
static void test_precedence(void **state)
{
	static const struct expected e[] = {
		{"tcp or arp and arp", true},
		{"(tcp or arp) and arp", false},
		{"arp and arp or tcp", true},
		{"arp and (arp or tcp)", false},
		{"not arp and arp", false},
		{"not (arp and arp)", true},
		{"not arp or tcp", true},
		{"!tcp or !arp", true},
		{"!tcp && !arp", false},
		{"!!tcp", true},
		{"!!!tcp", false},
		{"not not not not arp", false},
		{"!tcp.port == 443", false},
		{"not tcp.port == 1 and arp", false},
		{"tcp||arp&&arp", true},
		{"tcp && tcp || arp && arp", true},
		{"((tcp))and((((tcp))))", true},
		{"not(tcp)or(tcp)", true},
		{"tcp.port in {443}and tcp", true},
		{"!(!(tcp) or arp)", true},
		{"arp or arp or tcp or arp", true},
		{"tcp and tcp and arp and tcp", false},
		{"tcp.flags & 2 && arp or tcp", true},
		{"arp or !(tcp and !arp)", false},
	};
	struct packet k;

	(void)state;
	tcp_frame(&k, 0x12, 10);
	expect(&k, e, COUNT(e));
}

/* On an ICMP error: no, unsure and yes. */
static void test_kleene(void **state)
{
	static const char *const test[] = {"ip.ttl != 64", "tcp", "icmp"};
	struct packet k;
	char text[64];

	(void)state;
	icmp_frame(&k, 3);
	for (unsigned a = 0; a < 3; a++) {
		snprintf(text, sizeof(text), "!(%s)", test[a]);
		assert_int_equal(ask(test[a], &k).verdict, a);
		assert_int_equal(ask(text, &k).verdict, 2 - a);
		for (unsigned b = 0; b < 3; b++) {
			snprintf(text, sizeof(text), "%s and %s", test[a], test[b]);
			assert_int_equal(ask(text, &k).verdict, a < b ? a : b);
			snprintf(text, sizeof(text), "%s or %s", test[a], test[b]);
			assert_int_equal(ask(text, &k).verdict, a > b ? a : b);
		}
	}
}

/* What is behind the headers may have all of them once more: certain is what one more value cannot
 * change. */
static void expect_open(const struct packet *k)
{
	static const struct {
		const char *text;
		enum dfilter_verdict verdict;
	} e[] = {
		{"frame.len > 0", DFILTER_YES},
		{"frame.number == 8", DFILTER_NO},
		{"ip.addr == 10.0.0.1", DFILTER_YES},
		{"ip.addr == 10.0.0.9", DFILTER_UNSURE},
		{"ip.addr != 10.0.0.1", DFILTER_NO},
		{"ip.addr != 10.0.0.9", DFILTER_UNSURE},
		{"ip.addr === 10.0.0.1", DFILTER_NO},
		{"ip.src === 10.0.0.1", DFILTER_UNSURE},
		{"ip.src !== 10.0.0.2", DFILTER_YES},
		{"tcp.port == 1", DFILTER_UNSURE},
		{"tcp.port != 1", DFILTER_UNSURE},
		{"vlan", DFILTER_UNSURE},
		{"ip", DFILTER_YES},
		{"arp", DFILTER_UNSURE},
		{"eth.src == 02:00:00:00:00:01", DFILTER_YES},
		{"eth.addr == 02:00:00:00:00:09", DFILTER_UNSURE},
	};

	for (size_t i = 0; i < COUNT(e); i++)
		if (ask(e[i].text, k).verdict != e[i].verdict)
			fail_msg("%s: %u", e[i].text, ask(e[i].text, k).verdict);
}

static void test_tunnels(void **state)
{
	static const uint16_t ports[] = {2152, 4789, 6081, 1701, 3544, 4500, 6343, 37008};
	static const uint8_t protos[] = {4, 41, 47, 50, 51, 94, 97, 103, 115, 132, 136, 137};
	struct packet k;
	uint32_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(ports); i++) {
		udp_frame(&k, ports[i]);
		expect_open(&k);
		be16_store(k.p + k.headers - 8, ports[i]);
		be16_store(k.p + k.headers - 6, 999);
		expect_open(&k);
	}
	for (size_t i = 0; i < COUNT(protos); i++) {
		packet_eth(&k, 0x0800);
		at = packet_ipv4(&k, protos[i], 0, 0);
		packet_fill(&k, 40);
		packet_ipv4_end(&k, at);
		expect_open(&k);
	}
	for (unsigned type = 3; type < 13; type++) {
		icmp_frame(&k, type);
		if (type != 8)
			expect_open(&k);
	}
	/* OpenFlow, and only where there is a payload. */
	tcp_frame(&k, 0x18, 10);
	be16_store(k.p + k.headers - 18, 6653);
	assert_int_equal(ask("tcp.port == 1", &k).verdict, DFILTER_UNSURE);
	assert_int_equal(ask("tcp.port == 6653", &k).verdict, DFILTER_YES);
	tcp_frame(&k, 0x10, 0);
	be16_store(k.p + k.headers - 18, 6653);
	assert_int_equal(ask("tcp.port == 1", &k).verdict, DFILTER_NO);
}

/* A payload that a heuristic may take for a tunnel. */
static void test_heuristics(void **state)
{
	static const struct {
		unsigned at;
		const char *bytes;
		unsigned n;
	} odd[] = {
		{8, "\x45\0\0\x14", 4}, {8, "\x60\0\0\0", 4},	  {8, "\xff\x03\0\x21", 4},
		{0, "RFta", 4},		{0, "\0\xff\xab\xcd", 4}, {0, "\0\x07\0\0", 4},
		{0, "\x47", 1},		{0, "\x80\x21", 2},	  {0, "\x40\0\0\x1a", 4},
		{0, "\x02\x04", 2},
	};
	struct packet k;

	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++) {
		udp_frame(&k, 53);
		be16_store(k.p + k.headers - 8, 5002);
		assert_int_equal(ask("ip.addr == 1.1.1.1", &k).verdict, DFILTER_NO);
		memcpy(k.p + k.headers + odd[i].at, odd[i].bytes, odd[i].n);
		if (ask("ip.addr == 1.1.1.1", &k).verdict != DFILTER_UNSURE)
			fail_msg("payload %zu is certain", i);
	}
}

static void test_fragments(void **state)
{
	static const unsigned fragment[] = {0x2000, 0x2010, 0x0010};
	struct packet k;
	uint32_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(fragment); i++) {
		packet_eth(&k, 0x0800);
		at = packet_ipv4(&k, 6, fragment[i], 0);
		packet_tcp(&k, 0x10, 0);
		packet_ipv4_end(&k, at);
		expect_open(&k);
		assert_int_equal(ask("tcp.port == 443", &k).verdict, DFILTER_UNSURE);
	}
	packet_eth(&k, 0x86dd);
	at = packet_ipv6(&k, 0);
	packet_extension(&k, 6, 1);
	packet_tcp(&k, 0x10, 0);
	packet_ipv6_end(&k, at);
	assert_int_equal(ask("tcp.port == 443", &k).verdict, DFILTER_UNSURE);
	assert_int_equal(ask("ipv6.addr == 2001:db8::1", &k).verdict, DFILTER_YES);
	assert_int_equal(ask("ipv6.nxt == 0", &k).verdict, DFILTER_YES);
}

static void test_not_plain(void **state)
{
	struct packet k, whole;
	uint32_t at;

	(void)state;
	/* Cut: only what was there before the cut is certain, and of the rest nothing. */
	tcp_frame(&whole, 0x10, 30);
	for (uint32_t n = 0; n < whole.headers; n++) {
		assert_int_not_equal(ask_len("tcp.port == 443", &whole, n, whole.n).verdict,
				     DFILTER_NO);
		assert_int_not_equal(ask_len("tcp.port == 1", &whole, n, whole.n).verdict,
				     DFILTER_NO);
		assert_int_equal(ask_len("frame.cap_len == 1", &whole, n, whole.n).verdict,
				 n == 1 ? DFILTER_YES : DFILTER_NO);
	}
	assert_int_equal(ask_len("tcp.port == 1", &whole, whole.headers, whole.n).verdict,
			 DFILTER_NO);
	/* A record that is longer than the frame was. */
	assert_int_equal(ask_len("frame.len > 0", &whole, whole.n, 10).verdict, DFILTER_UNSURE);
	/* Another tag, a length in place of a type, an unknown type, ISL, LLDP. */
	vlan_frame(&k);
	k.p[12] = 0x88;
	k.p[13] = 0xa8;
	assert_int_equal(ask("vlan.id == 100", &k).verdict, DFILTER_UNSURE);
	assert_int_equal(ask("ip.src == 10.0.0.1", &k).verdict, DFILTER_UNSURE);
	assert_int_equal(ask("eth.type == 0x88a8", &k).verdict, DFILTER_YES);
	packet_eth(&k, 50);
	packet_fill(&k, 50);
	assert_int_equal(ask("eth.type", &k).verdict, DFILTER_UNSURE);
	assert_int_equal(ask("eth", &k).verdict, DFILTER_YES);
	memcpy(k.p, "\x01\0\x0c\0\0\0", 6);
	assert_int_equal(ask("eth", &k).verdict, DFILTER_UNSURE);
	packet_eth(&k, 0x9999);
	packet_fill(&k, 50);
	assert_int_equal(ask("ip", &k).verdict, DFILTER_UNSURE);
	packet_eth(&k, 0x88cc);
	packet_fill(&k, 50);
	assert_int_equal(ask("ip", &k).verdict, DFILTER_NO);
	/* IP options may be a source route; a router alert is none. */
	packet_eth(&k, 0x0800);
	at = packet_ipv4(&k, 6, 0, 4);
	packet_tcp(&k, 0x10, 0);
	packet_ipv4_end(&k, at);
	assert_int_equal(ask("ip.dst == 10.0.0.2", &k).verdict, DFILTER_UNSURE);
	memcpy(k.p + 34, "\x94\x04\0\0", 4);
	assert_int_equal(ask("ip.dst == 10.0.0.2", &k).verdict, DFILTER_YES);
	/* No length, as segmentation offload leaves it; a trailer that may be anything. */
	tcp_frame(&k, 0x10, 30);
	be16_store(k.p + 16, 0);
	assert_int_equal(ask("tcp.len == 30", &k).verdict, DFILTER_UNSURE);
	tcp_frame(&k, 0x10, 30);
	packet_fill(&k, 20);
	assert_int_equal(ask("tcp.port == 1", &k).verdict, DFILTER_UNSURE);
	/* The same by the headers alone. */
	assert_true(ask("tcp.port == 443", &k).basic);
	assert_false(ask("tcp.port == 1", &k).basic);
}

static void test_redirect(void **state)
{
	struct packet k;
	uint32_t at;

	(void)state;
	packet_eth(&k, 0x86dd);
	at = packet_ipv6(&k, 58);
	packet_icmp(&k, 135, 0);
	PACKET_PUT(&k, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	PACKET_PUT(&k, "\x01\x01\x02\0\0\0\0\x01");
	packet_ipv6_end(&k, at);
	assert_int_equal(ask("ipv6.addr == ::1", &k).verdict, DFILTER_NO);
	assert_int_equal(ask("icmpv6.type == 135", &k).verdict, DFILTER_YES);
	k.p[k.n - 8] = 4;
	assert_int_equal(ask("ipv6.addr == ::1", &k).verdict, DFILTER_UNSURE);
	k.p[k.n - 8] = 1;
	k.p[k.n - 7] = 0;
	assert_int_equal(ask("ipv6.addr == ::1", &k).verdict, DFILTER_UNSURE);
}

static void test_number(void **state)
{
	struct dfilter_error err;
	struct dfilter *f = dfilter_compile("frame.number == 1", &err);
	struct dfilter_frame frame = {0};
	struct basic b;

	(void)state;
	assert_non_null(f);
	basic_decode(&b, NULL, 0);
	frame.basic = &b;
	assert_int_equal(dfilter_match(f, &frame), DFILTER_UNSURE);
	assert_false(dfilter_match_basic(f, &frame));
	frame.number = 1;
	assert_int_equal(dfilter_match(f, &frame), DFILTER_YES);
	dfilter_free(f);
	dfilter_free(NULL);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		enum dfilter_fault fault;
		uint32_t at, n;
		const char *says;
	} e[] = {
		{"tcp.port ==", DFILTER_SYNTAX, 11, 0, "ends"},
		{"tcp and ", DFILTER_SYNTAX, 8, 0, "a field"},
		{"(tcp", DFILTER_SYNTAX, 0, 1, "\"(\" without"},
		{"tcp or (udp", DFILTER_SYNTAX, 7, 1, "\"(\" without"},
		{"tcp)", DFILTER_SYNTAX, 3, 1, "\")\" without"},
		{"()", DFILTER_SYNTAX, 1, 1, "a field"},
		{"tcp udp", DFILTER_SYNTAX, 4, 3, "\"udp\" where"},
		{"tcp == 1", DFILTER_BEYOND, 4, 2, "\"tcp\" alone"},
		{"tcp in {1}", DFILTER_BEYOND, 4, 2, "alone"},
		{"tcp !udp", DFILTER_SYNTAX, 5, 3, "\"in\""},
		{"tcp.port == 65536", DFILTER_SYNTAX, 12, 5, "65536 is too large"},
		{"icmp.type == 256", DFILTER_SYNTAX, 13, 3, "255"},
		{"tcp.port == 18446744073709551616", DFILTER_SYNTAX, 12, 20, "no number"},
		{"tcp.port == 08", DFILTER_SYNTAX, 12, 2, "no number"},
		{"tcp.port == 443and udp", DFILTER_SYNTAX, 12, 6, "no number"},
		{"tcp.port == https", DFILTER_BEYOND, 12, 5, "no number"},
		{"tcp.port == -1", DFILTER_BEYOND, 12, 2, "takes tshark"},
		{"tcp.port == 443 & 1", DFILTER_BEYOND, 16, 1, "\"&\""},
		{"tcp.port = 1", DFILTER_SYNTAX, 9, 1, "no filter has"},
		{"tcp.port in {}", DFILTER_SYNTAX, 13, 1, "a value"},
		{"tcp.port in {1", DFILTER_SYNTAX, 14, 0, "\"}\""},
		{"tcp.port in {1,}", DFILTER_SYNTAX, 15, 1, "a value"},
		{"tcp.port in {1 2}", DFILTER_SYNTAX, 15, 1, "\"2\" where"},
		{"tcp.port in 1", DFILTER_SYNTAX, 12, 1, "braces"},
		{"ip.addr == 300.1.1.1", DFILTER_SYNTAX, 11, 9, "no IPv4 address"},
		{"ip.addr == 10.0.0.01", DFILTER_SYNTAX, 11, 9, "no IPv4 address"},
		{"ip.addr == localhost", DFILTER_BEYOND, 11, 9, "no IPv4 address"},
		{"ip.addr == 10.0.0.0/33", DFILTER_SYNTAX, 11, 11, "0 to 32"},
		{"ip.addr > 10.0.0.0/8", DFILTER_BEYOND, 10, 10, "prefix length"},
		{"ip.addr in {10.0.0.0/8 .. 11.0.0.0}", DFILTER_BEYOND, 12, 10, "range"},
		{"ipv6.addr == 1::2::3", DFILTER_SYNTAX, 13, 7, "no IPv6 address"},
		{"ipv6.addr == ::/129", DFILTER_SYNTAX, 13, 6, "0 to 128"},
		{"eth.addr == aa:bb:cc", DFILTER_BEYOND, 12, 8, "no Ethernet address"},
		{"eth.addr == aa:bb-cc:dd:ee:ff", DFILTER_BEYOND, 12, 17, "no Ethernet address"},
		{"tcp.flags.syn & 1", DFILTER_BEYOND, 14, 1, "is none"},
		{"tcp.flags.syn == true", DFILTER_BEYOND, 17, 4, "True"},
		{"http.host == \"a\"", DFILTER_BEYOND, 0, 9, "\"http.host\" is no field"},
		{"tcp or dns", DFILTER_BEYOND, 7, 3, "\"dns\""},
		{"tcp.port contains 1", DFILTER_BEYOND, 9, 8, "\"contains\""},
		{"frame[0:2] == 1", DFILTER_BEYOND, 5, 1, "\"[\""},
		{"len(tcp) > 3", DFILTER_BEYOND, 0, 3, "\"len\""},
		{"tcp\xc3\xa9", DFILTER_SYNTAX, 3, 1, "no filter has"},
		{"tcp\x1b[31m", DFILTER_SYNTAX, 3, 1, "no filter has"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(e); i++) {
		struct dfilter_error err;
		struct dfilter *f = dfilter_compile(e[i].text, &err);

		if (f || err.fault != e[i].fault || err.at != e[i].at || err.n != e[i].n ||
		    !strstr(err.text, e[i].says))
			fail_msg("%s: %d at %u, %u bytes: %s", e[i].text, (int)err.fault, err.at,
				 err.n, f ? "taken" : err.text);
	}
}

/* @n times @head, once @body, @n times @tail; tcp is yes. */
static struct dfilter *repeated(const char *head, size_t n, const char *body, const char *tail,
				struct dfilter_error *err)
{
	static char text[4 * DFILTER_TEXT_MAX];
	char *p = text;

	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, head);
	p = stpcpy(p, body);
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, tail);
	return dfilter_compile(text, err);
}

static void expect_repeated(const char *head, size_t n, const char *body, const char *tail,
			    bool taken)
{
	struct dfilter_error err;
	struct dfilter *f = repeated(head, n, body, tail, &err);
	struct packet k;
	struct basic b;

	if (!f != !taken)
		fail_msg("%zu of %s: %s", n, head, f ? "taken" : err.text);
	if (f) {
		tcp_frame(&k, 0x10, 0);
		basic_decode(&b, k.p, k.n);
		assert_int_equal(dfilter_match(f, &(struct dfilter_frame){&b, k.p, k.n, k.n, 1}),
				 DFILTER_YES);
	} else {
		assert_int_equal(err.fault, DFILTER_BEYOND);
	}
	dfilter_free(f);
}

static void test_bounds(void **state)
{
	(void)state;
	expect_repeated("(", DFILTER_DEPTH_MAX, "tcp", ")", true);
	expect_repeated("(", DFILTER_DEPTH_MAX + 1, "tcp", ")", false);
	expect_repeated("!(", DFILTER_DEPTH_MAX / 2, "tcp", ")", true);
	expect_repeated("!(", DFILTER_DEPTH_MAX / 2 + 1, "tcp", ")", false);
	expect_repeated("arp or tcp and(", DFILTER_DEPTH_MAX, "tcp", ")", true);
	expect_repeated("!", DFILTER_TEXT_MAX - 4, "tcp", "", true);
	expect_repeated("ip||", (DFILTER_TEXT_MAX - 4) / 4, "tcp", "", true);
	expect_repeated("ip&&", (DFILTER_TEXT_MAX - 4) / 4, "tcp", "", true);
	expect_repeated(" ", DFILTER_TEXT_MAX - 3, "tcp", "", true);
	expect_repeated(" ", DFILTER_TEXT_MAX - 2, "tcp", "", false);
	expect_repeated("", 1, "tcp.port in {443", "}", true);
	expect_repeated("tcp.port in {1,443}or ", 150, "tcp", "", true);
}

static void test_large_set(void **state)
{
	static char text[DFILTER_TEXT_MAX + 8];
	struct dfilter_error err;
	char *p = stpcpy(text, "tcp.port in {443");
	struct packet k;

	(void)state;
	while (p < text + DFILTER_TEXT_MAX - 3)
		p = stpcpy(p, ",1");
	stpcpy(p, "}");
	tcp_frame(&k, 0x10, 0);
	assert_int_equal(ask(text, &k).verdict, DFILTER_YES);
	assert_null(dfilter_compile(strcat(text, "1111"), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),	   cmocka_unit_test(test_others),
		cmocka_unit_test(test_precedence), cmocka_unit_test(test_kleene),
		cmocka_unit_test(test_tunnels),	   cmocka_unit_test(test_heuristics),
		cmocka_unit_test(test_fragments),  cmocka_unit_test(test_not_plain),
		cmocka_unit_test(test_redirect),   cmocka_unit_test(test_number),
		cmocka_unit_test(test_errors),	   cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_large_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
