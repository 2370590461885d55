/* test_ipshift.c - IPv4 addresses moved, checksums mended
 *
 * Goal: a packet whose checksums are right has right ones after its addresses moved; nothing else
 * in the frame changes; frames that are no whole IPv4 packet do not change at all.
 *
 * Method: random frames (tags, options, TCP, UDP, fragments, padding) get checksums that are
 * computed from scratch, are moved by random numbers, and are computed from scratch again. Cases
 * that chance seldom finds (UDP sums of 0) are searched for.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ipshift.h"

#define FRAME_MAX 200u

struct packet {
	unsigned char p[FRAME_MAX];
	uint32_t n;	    /* bytes of the frame, padding included */
	uint32_t ip;	    /* where IPv4 starts */
	uint32_t transport; /* where TCP or UDP start */
	uint32_t end;	    /* of the IPv4 packet */
	uint32_t sum_at;    /* of the transport's checksum, or 0 */
};

static unsigned seed = 1;

static unsigned random_below(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static uint32_t sum_add(uint32_t sum, const unsigned char *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 1071 over header; 0xffff where the checksum in it is right. */
static uint16_t ip_sum(const struct packet *k)
{
	return folded(sum_add(0, k->p + k->ip, (k->p[k->ip] & 15u) * 4));
}

/* Over pseudo header and transport. */
static uint16_t transport_sum(const struct packet *k)
{
	uint32_t n = k->end - k->transport;
	uint32_t sum = sum_add(0, k->p + k->ip + 12, 8);

	sum += k->p[k->ip + 9] + n;
	return folded(sum_add(sum, k->p + k->transport, n));
}

/* A whole packet with right checksums. */
static void packet_make(struct packet *k, unsigned tags, unsigned options, unsigned protocol,
			unsigned payload)
{
	unsigned header = 20 + 4 * options;
	unsigned transport = protocol == 6 ? 20 : protocol == 17 ? 8 : 0;
	uint32_t at = 12;

	memset(k, 0, sizeof(*k));
	for (uint32_t i = 0; i < FRAME_MAX; i++)
		k->p[i] = (unsigned char)random_below(256);
	while (tags--) {
		be16_store(k->p + at, tags % 2 ? 0x88a8 : 0x8100);
		at += 4;
	}
	be16_store(k->p + at, 0x0800);
	k->ip = at + 2;
	k->transport = k->ip + header;
	k->end = k->transport + transport + payload;
	k->n = k->end + random_below(6);
	k->p[k->ip] = (unsigned char)(0x40 | header / 4);
	be16_store(k->p + k->ip + 2, (uint16_t)(k->end - k->ip));
	be16_store(k->p + k->ip + 6, (uint16_t)(random_below(2) ? 0x4000 : 0x2000));
	k->p[k->ip + 9] = (unsigned char)protocol;
	be16_store(k->p + k->ip + 10, 0);
	be16_store(k->p + k->ip + 10, (uint16_t)~ip_sum(k));
	if (!transport)
		return;
	k->sum_at = k->transport + (protocol == 6 ? 16 : 6);
	be16_store(k->p + k->sum_at, 0);
	be16_store(k->p + k->sum_at, (uint16_t)~transport_sum(k));
	if (protocol == 17 && be16_load(k->p + k->sum_at) == 0)
		be16_store(k->p + k->sum_at, 0xffff);
}

/* That nothing differs but addresses and checksums. */
static void expect_rest_equal(const struct packet *a, const struct packet *b)
{
	for (uint32_t i = 0; i < FRAME_MAX; i++) {
		bool address = i >= a->ip + 12 && i < a->ip + 20;
		bool sum = i == a->ip + 10 || i == a->ip + 11 ||
			   (a->sum_at && (i == a->sum_at || i == a->sum_at + 1));

		if (!address && !sum)
			assert_int_equal(a->p[i], b->p[i]);
	}
}

static void sums_stay_right(void **state)
{
	static const unsigned protocols[] = {6, 17, 1, 47};

	(void)state;
	for (unsigned n = 0; n < 200000; n++) {
		uint32_t add = n % 3 ? n / 3 : random_below(1u << 24) << 8;
		struct packet before, after;

		packet_make(&before, random_below(5), random_below(11), protocols[random_below(4)],
			    random_below(60));
		after = before;
		assert_true(ipshift(after.p, after.n, add));
		assert_int_equal(be32_load(after.p + after.ip + 12),
				 (uint32_t)(be32_load(before.p + before.ip + 12) + add));
		assert_int_equal(be32_load(after.p + after.ip + 16),
				 (uint32_t)(be32_load(before.p + before.ip + 16) + add));
		assert_int_equal(ip_sum(&after), 0xffff);
		if (after.sum_at)
			assert_int_equal(transport_sum(&after), 0xffff);
		if (after.p[after.ip + 9] == 17)
			assert_true(be16_load(after.p + after.sum_at) != 0);
		expect_rest_equal(&before, &after);
		/* And back. */
		assert_true(ipshift(after.p, after.n, (uint32_t)-add));
		assert_int_equal(ip_sum(&after), 0xffff);
		assert_memory_equal(after.p + after.ip + 12, before.p + before.ip + 12, 8);
	}
}

/* A UDP sum that comes out as 0 is sent as 0xffff; one that was 0 is none and stays. */
static void udp_zero(void **state)
{
	unsigned ones = 0;
	struct packet k;

	(void)state;
	for (unsigned n = 0; n < 400000; n++) {
		packet_make(&k, 0, 0, 17, 2);
		ipshift(k.p, k.n, 1);
		ones += be16_load(k.p + k.sum_at) == 0xffff;
		assert_true(be16_load(k.p + k.sum_at) != 0);
	}
	assert_true(ones > 0);
	packet_make(&k, 0, 0, 17, 2);
	be16_store(k.p + k.sum_at, 0);
	ipshift(k.p, k.n, 77);
	assert_int_equal(be16_load(k.p + k.sum_at), 0);
	assert_int_equal(ip_sum(&k), 0xffff);
}

/* A wrong checksum stays as wrong. */
static void wrong_stays_wrong(void **state)
{
	struct packet k;
	uint16_t ip, transport;

	(void)state;
	packet_make(&k, 1, 0, 6, 9);
	k.p[k.ip + 11] ^= 0x10;
	k.p[k.sum_at] ^= 4;
	ip = ip_sum(&k);
	transport = transport_sum(&k);
	ipshift(k.p, k.n, 12345);
	assert_int_equal(ip_sum(&k), ip);
	assert_int_equal(transport_sum(&k), transport);
	assert_true(ip != 0xffff && transport != 0xffff);
}

/* What is behind the first fragment's header, or not there, is not touched. */
static void no_transport_in_sight(void **state)
{
	struct packet before, after;

	(void)state;
	packet_make(&before, 0, 0, 17, 30);
	be16_store(before.p + before.ip + 6, 0x2001);
	after = before;
	assert_true(ipshift(after.p, after.n, 5));
	assert_memory_equal(after.p + after.transport, before.p + before.transport, 38);

	/* Captured bytes end inside the checksum. */
	packet_make(&before, 2, 1, 6, 30);
	after = before;
	assert_true(ipshift(after.p, after.sum_at + 1, 5));
	assert_memory_equal(after.p + after.transport, before.p + before.transport, 50);
	assert_true(ipshift(after.p, after.sum_at + 2, 5));
	assert_memory_not_equal(after.p + after.sum_at, before.p + before.sum_at, 2);

	/* The packet ends before, and what follows is padding. */
	packet_make(&before, 0, 0, 6, 0);
	be16_store(before.p + before.ip + 2, 20 + 17);
	after = before;
	assert_true(ipshift(after.p, after.n, 5));
	assert_memory_equal(after.p + after.transport, before.p + before.transport, 20);

	/* A total length of 0: offloaded, so the rest of the frame is the packet. */
	be16_store(before.p + before.ip + 2, 0);
	after = before;
	assert_true(ipshift(after.p, after.n, 5));
	assert_memory_not_equal(after.p + after.sum_at, before.p + before.sum_at, 2);
}

static void expect_untouched(struct packet *k, uint32_t n)
{
	struct packet before = *k;
	unsigned char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, k->p, n);
	assert_false(ipshift(copy, n, 9));
	assert_memory_equal(copy, before.p, n);
	free(copy);
}

static void no_ipv4(void **state)
{
	struct packet k;

	(void)state;
	packet_make(&k, 1, 0, 6, 9);
	for (uint32_t n = 0; n < k.ip + 20; n++)
		expect_untouched(&k, n);
	k.p[k.ip] = 0x65;
	expect_untouched(&k, k.n);
	k.p[k.ip] = 0x44;
	expect_untouched(&k, k.n);
	k.p[k.ip] = 0x45;
	be16_store(k.p + 16, 0x0806);
	expect_untouched(&k, k.n);
	be16_store(k.p + 16, 0x86dd);
	expect_untouched(&k, k.n);
	/* More tags than any frame has. */
	packet_make(&k, 5, 0, 6, 9);
	expect_untouched(&k, k.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_stay_right),   cmocka_unit_test(udp_zero),
		cmocka_unit_test(wrong_stays_wrong), cmocka_unit_test(no_transport_in_sight),
		cmocka_unit_test(no_ipv4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
