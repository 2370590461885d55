/* test_shard - who decodes a frame
 *
 * Either direction of a pair of hosts goes to one shard, and its fragments, whatever the ports;
 * many pairs are spread evenly; a frame without an IP address goes by its MAC addresses.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "feed/shard.h"

static struct basic ipv4(uint32_t src, uint32_t dst)
{
	struct basic b = {.flags = BASIC_HAS_ETH | BASIC_HAS_ADDRESS, .family = BASIC_IPV4};

	memcpy(b.src, &src, 4);
	memcpy(b.dst, &dst, 4);
	return b;
}

static void one_shard_has_all(void **state)
{
	struct basic b = ipv4(1, 2);

	(void)state;
	assert_int_equal(shard_of(&b, 1), 0);
}

static void directions_stay_together(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 1000; i++) {
		struct basic there = ipv4(i, i * 7919), back = ipv4(i * 7919, i);
		unsigned shard = shard_of(&there, 16);

		assert_true(shard < 16);
		assert_int_equal(shard_of(&back, 16), shard);
		/* Ports, fragments and MAC addresses do not matter. */
		back.flags |= BASIC_HAS_PORTS | BASIC_FRAGMENT | BASIC_FRAGMENT_LATER;
		back.sport = (uint16_t)i;
		back.eth_src[5] = (unsigned char)i;
		assert_int_equal(shard_of(&back, 16), shard);
	}
}

static void pairs_are_spread(void **state)
{
	unsigned count[16] = {0};

	(void)state;
	for (uint32_t i = 0; i < 16000; i++) {
		/* Neighbours, as in a subnet: what a sum of addresses alone would heap up. */
		struct basic b = ipv4(0x0a000000 + i % 128, 0x0a000000 + i / 128);

		count[shard_of(&b, 16)]++;
	}
	for (int i = 0; i < 16; i++)
		assert_in_range(count[i], 800, 1200);
}

static void ipv6_counts_whole(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct basic b = {.flags = BASIC_HAS_ETH | BASIC_HAS_ADDRESS, .family = BASIC_IPV6};

		b.dst[15] = (unsigned char)i;
		seen |= 1u << shard_of(&b, 16);
	}
	assert_true(seen & (seen - 1));
}

static void without_ip_by_mac(void **state)
{
	struct basic there = {.flags = BASIC_HAS_ETH}, back = there;
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		there.eth_src[5] = back.eth_dst[5] = (unsigned char)i;
		there.eth_dst[0] = back.eth_src[0] = 0x02;
		assert_int_equal(shard_of(&there, 16), shard_of(&back, 16));
		seen |= 1u << shard_of(&there, 16);
	}
	assert_true(seen & (seen - 1));
}

/* What ARP asks for are addresses of others. */
static void arp_by_mac(void **state)
{
	struct basic plain = {.flags = BASIC_HAS_ETH}, arp = ipv4(1, 2);

	(void)state;
	arp.flags |= BASIC_HAS_ARP;
	for (unsigned i = 0; i < 64; i++) {
		arp.eth_src[5] = plain.eth_src[5] = (unsigned char)i;
		assert_int_equal(shard_of(&arp, 16), shard_of(&plain, 16));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_shard_has_all), cmocka_unit_test(directions_stay_together),
		cmocka_unit_test(pairs_are_spread),  cmocka_unit_test(ipv6_counts_whole),
		cmocka_unit_test(without_ip_by_mac), cmocka_unit_test(arp_by_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
