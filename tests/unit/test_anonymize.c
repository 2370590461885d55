/* test_anonymize.c - frames without the addresses, names and contents that they had
 *
 * Goal: addresses are replaced wherever a header has some, names and contents as asked, lengths
 * stay; checksums that were right are right, wrong ones are wrong by as much, also where packets
 * lie in packets, are fragments, or are cut short; what is not understood is zeroed, kept or
 * dropped; no frame cut anywhere leaves anything of an address.
 *
 * Method: frames from packet.h, whose checksums are computed and looked at by a plain sum over the
 * whole, while the code mends by differences.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "anonymize/anonymize.h"
#include "capfile/linktype.h"
#include "unit/packet.h"

#define ETH	 14u
#define SECRET	 "a secret text of odd length"
#define SECRET_N (sizeof(SECRET) - 1)
#define DNS_HEAD "\x12\x34\x01\0\0\1\0\1\0\0\0\0"
#define DNS_NAME "\3www\7example\3org\0"

static struct anonymize *opened(enum anonymize_mode payload, enum anonymize_mode unknown)
{
	const struct anonymize_config config = {
		.pseudonym = {.key = "a key"}, .payload = payload, .unknown = unknown};
	struct anonymize *a = anonymize_open(&config);

	assert_non_null(a);
	return a;
}

/* ---- sums ---- */

static uint32_t add_up(const unsigned char *p, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* How far the checksum of an IPv4 header at @at is off; 0xffff: right. */
static uint16_t ipv4_off(const unsigned char *p, uint32_t at)
{
	return fold(add_up(p + at, (p[at] & 15u) * 4));
}

/* The same for what it carries, @n bytes, with a pseudo header. */
static uint16_t transport_off(const unsigned char *p, uint32_t ip, uint32_t at, uint32_t n)
{
	bool six = p[ip] >> 4 == 6;
	uint32_t sum = add_up(p + ip + (six ? 8 : 12), six ? 32 : 8);

	return fold(sum + (six ? p[ip + 6] : p[ip + 9]) + n + add_up(p + at, n));
}

static void ipv4_right(struct packet *k, uint32_t at)
{
	be16_store(k->p + at + 10, 0);
	be16_store(k->p + at + 10, (uint16_t)~ipv4_off(k->p, at));
}

static void transport_right(struct packet *k, uint32_t ip, uint32_t at, uint32_t field)
{
	be16_store(k->p + at + field, 0);
	be16_store(k->p + at + field, (uint16_t)~transport_off(k->p, ip, at, k->n - at));
}

/* ---- tests ---- */

static void tcp_frame(struct packet *k)
{
	uint32_t ip, at;

	packet_eth(k, 0x0800);
	ip = packet_ipv4(k, 6, 0, 0);
	at = k->n;
	packet_tcp(k, 0x18, 4);
	PACKET_PUT(k, SECRET);
	packet_ipv4_end(k, ip);
	ipv4_right(k, ip);
	transport_right(k, ip, at, 16);
}

/* With each mode for contents, right checksums and wrong ones. */
static void checksums_stay_right_or_wrong(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 3; mode++) {
		struct anonymize *a = opened((enum anonymize_mode)mode, ANONYMIZE_ZERO);

		for (unsigned wrong = 0; wrong < 2; wrong++) {
			struct packet k, before;

			tcp_frame(&k);
			if (wrong) {
				k.p[ETH + 10] ^= 0x12;
				k.p[ETH + 20 + 17] ^= 0x34;
			}
			before = k;
			assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
			assert_memory_not_equal(k.p + ETH + 12, before.p + ETH + 12, 4);
			assert_memory_not_equal(k.p + ETH + 16, before.p + ETH + 16, 4);
			assert_memory_not_equal(k.p, before.p, 6);
			assert_memory_not_equal(k.p + 6, before.p + 6, 6);
			assert_int_equal(ipv4_off(k.p, ETH), ipv4_off(before.p, ETH));
			assert_int_equal(transport_off(k.p, ETH, ETH + 20, k.n - ETH - 20),
					 transport_off(before.p, ETH, ETH + 20, k.n - ETH - 20));
			assert_int_equal(ipv4_off(k.p, ETH) == 0xffff, !wrong);
			assert_int_equal(memcmp(k.p + k.n - SECRET_N, SECRET, SECRET_N) == 0,
					 mode == ANONYMIZE_KEEP);
		}
		assert_int_equal(anonymize_stats(a)->frames, 2);
		assert_int_equal(anonymize_stats(a)->changed, 2);
		assert_int_equal(anonymize_stats(a)->ipv4, 4);
		assert_int_equal(anonymize_stats(a)->mac, 4);
		assert_int_equal(anonymize_stats(a)->payload, mode == ANONYMIZE_KEEP ? 0 : 2);
		assert_int_equal(anonymize_stats(a)->unknown, 0);
		anonymize_close(a);
	}
}

/* An offset that is none: the fixed part stays, with its checksum; the rest is not understood. */
static void a_wrong_tcp_offset(void **state)
{
	static const unsigned char offsets[] = {0x00, 0x40, 0xf0};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct anonymize *a =
			opened(ANONYMIZE_KEEP, i % 2 ? ANONYMIZE_ZERO : ANONYMIZE_KEEP);
		struct packet k, before;

		tcp_frame(&k);
		k.p[ETH + 20 + 12] = offsets[i / 2];
		transport_right(&k, ETH, ETH + 20, 16);
		before = k;
		assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
		assert_memory_equal(k.p + ETH + 20, before.p + ETH + 20, 16);
		assert_int_equal(transport_off(k.p, ETH, ETH + 20, k.n - ETH - 20), 0xffff);
		assert_int_equal(anonymize_stats(a)->unknown, 1);
		anonymize_close(a);
	}
}

static void no_udp_checksum_stays_none(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_ZERO, ANONYMIZE_ZERO);
	struct packet k;
	uint32_t ip;

	(void)state;
	packet_eth(&k, 0x0800);
	ip = packet_ipv4(&k, 17, 0, 0);
	packet_udp(&k, 10);
	k.p[ETH + 20 + 3] = 99;
	packet_ipv4_end(&k, ip);
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_int_equal(be16_load(k.p + ETH + 20 + 6), 0);
	anonymize_close(a);
}

/* An ICMP error about a TCP packet: three checksums, one in the other. */
static void packets_in_packets(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_KEEP, ANONYMIZE_ZERO);
	uint32_t ip, icmp, inner, tcp;
	struct packet k, before;

	(void)state;
	packet_eth(&k, 0x0800);
	ip = packet_ipv4(&k, 1, 0, 0);
	icmp = k.n;
	packet_icmp(&k, 3, 1);
	inner = packet_ipv4(&k, 6, 0, 0);
	tcp = k.n;
	packet_tcp(&k, 2, 0);
	packet_ipv4_end(&k, inner);
	packet_ipv4_end(&k, ip);
	ipv4_right(&k, ip);
	ipv4_right(&k, inner);
	transport_right(&k, inner, tcp, 16);
	be16_store(k.p + icmp + 2, (uint16_t)~fold(add_up(k.p + icmp, k.n - icmp)));
	before = k;
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	/* The same addresses inside and outside. */
	assert_memory_equal(k.p + inner + 12, k.p + ip + 12, 8);
	assert_memory_not_equal(k.p + inner + 12, before.p + ip + 12, 4);
	assert_int_equal(ipv4_off(k.p, ip), 0xffff);
	assert_int_equal(ipv4_off(k.p, inner), 0xffff);
	assert_int_equal(transport_off(k.p, inner, tcp, k.n - tcp), 0xffff);
	assert_int_equal(fold(add_up(k.p + icmp, k.n - icmp)), 0xffff);
	anonymize_close(a);
}

static void ipv6_and_its_extensions(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_KEEP, ANONYMIZE_ZERO);
	struct packet k, before;
	uint32_t ip, at;

	(void)state;
	packet_eth(&k, 0x86dd);
	ip = packet_ipv6(&k, 0);
	packet_extension(&k, 58, 1);
	at = k.n;
	packet_icmp(&k, 135, 0);
	be32_store(k.p + at + 4, 0);
	PACKET_PUT(&k, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02");
	PACKET_PUT(&k, "\1\1\x02\0\0\0\0\x01");
	packet_ipv6_end(&k, ip);
	be16_store(k.p + at + 2, (uint16_t)~fold(add_up(k.p + ip + 8, 32) + 58 + k.n - at +
						 add_up(k.p + at, k.n - at)));
	before = k;
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_int_equal(
		fold(add_up(k.p + ip + 8, 32) + 58 + k.n - at + add_up(k.p + at, k.n - at)),
		0xffff);
	/* Whom it looks for is whom it is sent to; its own MAC address is that of the frame. */
	assert_memory_equal(k.p + at + 8, k.p + ip + 24, 16);
	assert_memory_equal(k.p + k.n - 6, k.p + 6, 6);
	assert_memory_not_equal(k.p + at + 8, before.p + at + 8, 16);
	assert_int_equal(anonymize_stats(a)->unknown, 0);
	anonymize_close(a);
}

/* A first fragment, and a later one that looks like the header of a transport. */
static void fragments(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_KEEP, ANONYMIZE_ZERO);
	struct packet k, before;
	uint32_t ip, sum;

	(void)state;
	packet_eth(&k, 0x0800);
	ip = packet_ipv4(&k, 6, 0x2000, 0);
	packet_tcp(&k, 0x18, 4);
	packet_ipv4_end(&k, ip);
	before = k;
	sum = transport_off(k.p, ip, ip + 20, k.n - ip - 20);
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_int_equal(transport_off(k.p, ip, ip + 20, k.n - ip - 20), sum);
	assert_int_not_equal(be16_load(k.p + ip + 36), be16_load(before.p + ip + 36));

	packet_eth(&k, 0x0800);
	ip = packet_ipv4(&k, 6, 3, 0);
	packet_tcp(&k, 0x18, 4);
	packet_ipv4_end(&k, ip);
	before = k;
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_memory_equal(k.p + ip + 20, before.p + ip + 20, k.n - ip - 20);
	anonymize_close(a);
}

static void put_dns(struct packet *k)
{
	uint32_t ip, at;

	packet_eth(k, 0x0800);
	ip = packet_ipv4(k, 17, 0, 0);
	at = k->n;
	packet_udp(k, 0);
	PACKET_PUT(k, DNS_HEAD DNS_NAME "\0\1\0\1"
					"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\2");
	be16_store(k->p + at + 4, (uint16_t)(k->n - at));
	packet_ipv4_end(k, ip);
	ipv4_right(k, ip);
	transport_right(k, ip, at, 6);
}

static void dns_has_other_names_and_addresses(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_ZERO, ANONYMIZE_ZERO);
	struct packet k;
	const unsigned char *name;

	(void)state;
	put_dns(&k);
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	name = k.p + ETH + 20 + 8 + 12;
	assert_true(name[0] == 3 && name[4] == 7 && name[12] == 3 && name[16] == 0);
	assert_memory_not_equal(name + 1, "www", 3);
	assert_memory_not_equal(name + 5, "example", 7);
	/* The address that it answers is that of the packet's destination. */
	assert_memory_equal(k.p + k.n - 4, k.p + ETH + 16, 4);
	assert_int_equal(transport_off(k.p, ETH, ETH + 20, k.n - ETH - 20), 0xffff);
	assert_int_equal(anonymize_stats(a)->name, 3);
	assert_int_equal(anonymize_stats(a)->unknown, 0);
	anonymize_close(a);
}

static void names_in_what_is_kept(void **state)
{
	static const char http[] =
		"GET /x HTTP/1.1\r\nUser-Agent: b\r\nhOst: www.example.org:80\r\n"
		"\r\nHost: www.example.org";
	static const char tls[] = "\x16\3\1\0\x40\1\0\0\x3c\3\3"
				  "0123456789abcdef0123456789abcdef"
				  "\0\0\2\x13\1\1\0\0\x14\0\0\0\x10\0\x0e\0\0\x0bwww.exa.org";
	struct anonymize *a = opened(ANONYMIZE_KEEP, ANONYMIZE_ZERO);
	struct packet k;
	uint32_t ip, at;
	char *text;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		packet_eth(&k, 0x0800);
		ip = packet_ipv4(&k, 6, 0, 0);
		packet_tcp(&k, 0x18, 0);
		at = k.n;
		if (i)
			packet_put(&k, tls, sizeof(tls) - 1);
		else
			packet_put(&k, http, sizeof(http) - 1);
		packet_ipv4_end(&k, ip);
		assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
		text = (char *)k.p + at;
		if (i) {
			assert_memory_equal(text, tls, sizeof(tls) - 1 - 11);
			assert_null(memmem(text, k.n - at, "www", 3));
			assert_null(memmem(text, k.n - at, "exa", 3));
			assert_int_equal(text[sizeof(tls) - 1 - 8], '.');
		} else {
			assert_memory_equal(text, http, 38);
			assert_memory_not_equal(text + 38, "www", 3);
			assert_memory_equal(text + 53, ":80\r\n\r\nHost: www.example.org", 29);
		}
	}
	anonymize_close(a);
}

static void arp_and_vlan(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_ZERO, ANONYMIZE_ZERO);
	struct packet k;

	(void)state;
	packet_eth(&k, 0x8100);
	packet_vlan(&k, 7, 0x0806);
	packet_arp(&k, 1, "\x0a\0\0\1", "\x0a\0\0\2");
	packet_fill(&k, 18);
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_memory_equal(k.p + 18 + 8, k.p + 6, 6);
	assert_int_not_equal(be32_load(k.p + 18 + 14), 0x0a000001);
	/* They shared 30 bits, and do so still. */
	assert_int_equal((be32_load(k.p + 18 + 14) ^ be32_load(k.p + 18 + 24)) >> 1, 1);
	assert_memory_equal(k.p + 18 + 18, "\0\0\0\0\0\0", 6);
	assert_memory_equal(k.p + k.n - 18, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18);
	assert_int_equal(anonymize_stats(a)->unknown, 0);
	anonymize_close(a);
}

static void what_is_not_understood(void **state)
{
	static const enum anonymize_mode modes[] = {ANONYMIZE_ZERO, ANONYMIZE_KEEP, ANONYMIZE_DROP};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct anonymize *a = opened(ANONYMIZE_ZERO, modes[i]);
		struct packet k;

		packet_eth(&k, 0x88b5);
		PACKET_PUT(&k, SECRET);
		assert_int_equal(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n), i != 2);
		assert_int_equal(memcmp(k.p + ETH, SECRET, SECRET_N) == 0, i == 1);
		assert_int_equal(anonymize_stats(a)->unknown, 1);
		assert_int_equal(anonymize_stats(a)->dropped, i == 2);
		/* Of a link type that nobody knows nothing is. */
		memcpy(k.p, SECRET, SECRET_N);
		anonymize_frame(a, 9999, k.p, k.n);
		assert_int_equal(memcmp(k.p, SECRET, SECRET_N) == 0, i == 1);
		anonymize_close(a);
	}
}

/* Frames cut at each byte: never is an address left, nor a part of it that names a host. */
static void no_cut_leaves_an_address(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_ZERO, ANONYMIZE_ZERO);
	struct packet k;

	(void)state;
	put_dns(&k);
	for (uint32_t n = 0; n <= k.n; n++) {
		unsigned char *exact = malloc(n ? n : 1);

		assert_non_null(exact);
		memcpy(exact, k.p, n);
		assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, exact, n));
		assert_null(memmem(exact, n, "\x0a\0\0", 3));
		assert_null(memmem(exact, n, "example", 7));
		if (n >= 12)
			assert_memory_not_equal(exact + 6, k.p + 6, 6);
		if (n >= ETH + 20)
			assert_int_equal(ipv4_off(exact, ETH), 0xffff);
		free(exact);
	}
	anonymize_close(a);
}

/* More packets in packets, and tags, than anybody has. */
static void depth_is_bounded(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_KEEP, ANONYMIZE_ZERO);
	struct packet k;

	(void)state;
	packet_eth(&k, 0x0800);
	for (unsigned i = 0; i < 90; i++) {
		packet_ipv4(&k, 4, 0, 0);
		be16_store(k.p + k.n - 18, 0);
	}
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_int_equal(anonymize_stats(a)->unknown, 1);
	assert_null(memmem(k.p, k.n, "\x0a\0\0\1", 4));
	packet_eth(&k, 100);
	for (unsigned i = 0; i < 200; i++)
		PACKET_PUT(&k, "\xaa\xaa\3\0\0\0\5\xdc");
	assert_true(anonymize_frame(a, LINKTYPE_ETHERNET, k.p, k.n));
	assert_int_equal(anonymize_stats(a)->unknown, 2);
	anonymize_close(a);
}

static void other_link_types(void **state)
{
	struct anonymize *a = opened(ANONYMIZE_ZERO, ANONYMIZE_ZERO);
	struct packet k, eth;

	(void)state;
	tcp_frame(&eth);
	k = eth;
	assert_true(anonymize_frame(a, LINKTYPE_RAW, k.p + ETH, k.n - ETH));
	assert_memory_not_equal(k.p + ETH + 12, eth.p + ETH + 12, 4);
	assert_int_equal(ipv4_off(k.p, ETH), 0xffff);
	memset(&k, 0, sizeof(k));
	PACKET_PUT(&k, "\0\0\0\1\0\6\x02\0\0\0\0\x01\0\0\x08\0");
	packet_put(&k, eth.p + ETH, eth.n - ETH);
	assert_true(anonymize_frame(a, LINKTYPE_LINUX_SLL, k.p, k.n));
	assert_memory_not_equal(k.p + 6, "\x02\0\0\0\0\x01", 6);
	assert_memory_not_equal(k.p + 16 + 12, eth.p + ETH + 12, 4);
	assert_int_equal(ipv4_off(k.p, 16), 0xffff);
	assert_int_equal(anonymize_stats(a)->unknown, 0);
	anonymize_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_stay_right_or_wrong),
		cmocka_unit_test(a_wrong_tcp_offset),
		cmocka_unit_test(no_udp_checksum_stays_none),
		cmocka_unit_test(packets_in_packets),
		cmocka_unit_test(ipv6_and_its_extensions),
		cmocka_unit_test(fragments),
		cmocka_unit_test(dns_has_other_names_and_addresses),
		cmocka_unit_test(names_in_what_is_kept),
		cmocka_unit_test(arp_and_vlan),
		cmocka_unit_test(what_is_not_understood),
		cmocka_unit_test(no_cut_leaves_an_address),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(other_link_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
