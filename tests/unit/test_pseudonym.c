/* test_pseudonym.c - addresses and names replaced under a key
 *
 * Goal: IPv4 addresses come out as those of Crypto-PAn's own example; prefixes that two addresses
 * share are shared after, no more and no fewer bits; what is kept is kept and nothing else comes to
 * be there; MAC addresses keep their two bits and stay apart; names keep their lengths.
 *
 * Method: published values, then random addresses from a seed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anonymize/pseudonym.h"
#include "random.h"

#define ROUNDS 20000u

/* The key of the sample that comes with Crypto-PAn. */
static const unsigned char sample_key[PSEUDONYM_KEY_BYTES] = {
	21,  34,  23,  141, 51,	 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39,	98, 87, 76, 45, 42, 132, 34,  2};

static struct pseudonym *opened(bool oui, bool private)
{
	struct pseudonym_config config = {.keep_oui = oui, .keep_private = private};
	struct pseudonym *p;

	memcpy(config.key, sample_key, sizeof(sample_key));
	p = pseudonym_open(&config);
	assert_non_null(p);
	return p;
}

static void published_values(void **state)
{
	static const char *const pairs[][2] = {
		{"128.11.68.132", "135.242.180.132"},	{"129.118.74.4", "134.136.186.123"},
		{"130.132.252.244", "133.68.164.234"},	{"141.223.7.43", "141.167.8.160"},
		{"141.233.145.108", "141.129.237.235"}, {"152.163.225.39", "151.140.114.167"},
		{"156.29.3.236", "147.225.12.42"},	{"165.247.96.84", "162.9.99.234"},
	};
	struct pseudonym *p = opened(false, false);

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		unsigned char address[4];
		char text[INET_ADDRSTRLEN];

		inet_pton(AF_INET, pairs[i][0], address);
		assert_true(pseudonym_ipv4(p, address));
		inet_ntop(AF_INET, address, text, sizeof(text));
		assert_string_equal(text, pairs[i][1]);
	}
	pseudonym_close(p);
}

static void keys(void **state)
{
	unsigned char a[PSEUDONYM_KEY_BYTES], b[PSEUDONYM_KEY_BYTES];
	char digits[2 * PSEUDONYM_KEY_BYTES + 1];

	(void)state;
	for (unsigned i = 0; i < PSEUDONYM_KEY_BYTES; i++)
		snprintf(digits + 2 * i, 3, i % 2 ? "%02x" : "%02X", sample_key[i]);
	assert_true(pseudonym_key(digits, 64, a));
	assert_memory_equal(a, sample_key, sizeof(a));
	assert_true(pseudonym_key(digits, 63, a));
	assert_memory_not_equal(a, sample_key, 31);
	assert_true(pseudonym_key("secret", 6, a) && pseudonym_key("secret", 6, b));
	assert_memory_equal(a, b, sizeof(a));
	assert_true(pseudonym_key("secreT", 6, b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static unsigned shared(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned i = 0;

	while (i < bits && !((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1))
		i++;
	return i;
}

static void fill(struct sim_random *r, unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)random_next(r);
}

/* Pairs that share a prefix of each length, some of them near a kept prefix. */
static void prefixes_stay_shared(void **state)
{
	static const unsigned char near[][16] = {
		{0}, {127}, {224}, {10}, {172, 16}, {192, 168}, {169, 254}, {0xfe, 0x80}, {0xfc}};
	struct pseudonym *p[] = {opened(false, false), opened(true, true)};
	struct sim_random r = {.state = 1};

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		bool six = i & 1;
		unsigned bits = six ? 128 : 32, n = (unsigned)random_range(&r, 0, bits - 1), same;
		unsigned char a[16], b[16];

		fill(&r, a, 16);
		fill(&r, b, 16);
		if (i % 3 == 0)
			memcpy(a, near[i / 3 % 9], 2);
		for (unsigned k = 0; k < n; k++) {
			unsigned char mask = (unsigned char)(0x80 >> k % 8);

			b[k / 8] = (unsigned char)((b[k / 8] & ~mask) | (a[k / 8] & mask));
		}
		same = shared(a, b, bits);
		/* Not an address inside of another one, nor a group that is replaced. */
		if (six && (a[0] == 0 || b[0] == 0))
			continue;
		for (unsigned k = 0; k < 2; k++) {
			unsigned char x[16], y[16];

			memcpy(x, a, 16);
			memcpy(y, b, 16);
			if (six) {
				pseudonym_ipv6(p[k], x);
				pseudonym_ipv6(p[k], y);
			} else {
				pseudonym_ipv4(p[k], x);
				pseudonym_ipv4(p[k], y);
			}
			assert_int_equal(shared(x, y, bits), same);
		}
	}
	pseudonym_close(p[0]);
	pseudonym_close(p[1]);
}

static bool kept_ipv4(const unsigned char *a)
{
	return a[0] == 0 || a[0] == 127 || a[0] >= 224;
}

static void what_is_kept(void **state)
{
	static const char *const six[] = {"::", "::1", "ff02::1", "ff02::fb", "ff05::1:3"};
	struct pseudonym *p = opened(false, false), *private = opened(false, true);
	struct sim_random r = {.state = 2};

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned char a[4], before[4];
		bool changed;

		fill(&r, a, 4);
		memcpy(before, a, 4);
		changed = pseudonym_ipv4(p, a);
		assert_int_equal(changed, memcmp(a, before, 4) != 0);
		assert_int_equal(kept_ipv4(a), kept_ipv4(before));
		if (kept_ipv4(before))
			assert_memory_equal(a, before, 4);
		memcpy(a, before, 4);
		a[0] = 10;
		pseudonym_ipv4(private, a);
		assert_int_equal(a[0], 10);
		memcpy(a, before, 4);
		a[0] = 192;
		a[1] = 168;
		pseudonym_ipv4(private, a);
		assert_true(a[0] == 192 && a[1] == 168);
	}
	for (size_t i = 0; i < sizeof(six) / sizeof(six[0]); i++) {
		unsigned char a[16], before[16];

		inet_pton(AF_INET6, six[i], a);
		memcpy(before, a, 16);
		assert_false(pseudonym_ipv6(p, a));
		assert_memory_equal(a, before, 16);
	}
	pseudonym_close(p);
	pseudonym_close(private);
}

static void addresses_in_addresses(void **state)
{
	struct pseudonym *p = opened(false, false);
	unsigned char four[4], six[16], mac[6] = {0x33, 0x33, 0xff, 0x12, 0x34, 0x56};

	(void)state;
	inet_pton(AF_INET, "141.223.7.43", four);
	pseudonym_ipv4(p, four);
	inet_pton(AF_INET6, "::ffff:141.223.7.43", six);
	assert_true(pseudonym_ipv6(p, six));
	assert_memory_equal(six + 12, four, 4);
	inet_pton(AF_INET6, "64:ff9b::141.223.7.43", six);
	assert_true(pseudonym_ipv6(p, six));
	assert_memory_equal(six + 12, four, 4);
	/* The group of a solicited node, and its MAC address. */
	inet_pton(AF_INET6, "ff02::1:ff12:3456", six);
	assert_true(pseudonym_ipv6(p, six));
	assert_memory_equal(six, "\xff\2\0\0\0\0\0\0\0\0\0\1\xff", 13);
	assert_memory_not_equal(six + 13, "\x12\x34\x56", 3);
	assert_true(pseudonym_mac(p, mac));
	assert_memory_equal(mac + 2, six + 12, 4);
	inet_pton(AF_INET6, "fe80::1234:5678", six);
	assert_true(pseudonym_ipv6(p, six));
	assert_memory_equal(six, "\xfe\x80\0\0\0\0\0\0", 8);
	pseudonym_close(p);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 6);
}

static void macs_stay_apart(void **state)
{
	static unsigned char seen[ROUNDS][6];
	struct pseudonym *p[] = {opened(false, false), opened(true, false)};
	static const unsigned char kept[][6] = {{0},
						{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
						{1, 0x80, 0xc2, 0, 0, 0},
						{1, 0, 0x5e, 1}};

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < ROUNDS; i++) {
			unsigned char before[6] = {(unsigned char)(i % 8 * 2 + 2),
						   0x11,
						   0x22,
						   (unsigned char)(i >> 16),
						   (unsigned char)(i >> 8),
						   (unsigned char)i};

			memcpy(seen[i], before, 6);
			pseudonym_mac(p[k], seen[i]);
			assert_int_equal(seen[i][0] & 3, before[0] & 3);
			if (k)
				assert_memory_equal(seen[i], before, 3);
		}
		qsort(seen, ROUNDS, 6, by_bytes);
		for (unsigned i = 1; i < ROUNDS; i++)
			assert_memory_not_equal(seen[i - 1], seen[i], 6);
		for (unsigned i = 0; i < 4; i++) {
			unsigned char a[6];

			memcpy(a, kept[i], 6);
			assert_false(pseudonym_mac(p[k], a));
			assert_memory_equal(a, kept[i], 6);
		}
		pseudonym_close(p[k]);
	}
}

static void names_keep_their_lengths(void **state)
{
	struct pseudonym *p = opened(false, false);
	unsigned char one[] = "www.Example.com", two[] = "ftp.eXample.com";
	unsigned char known[] = "_ldap._tcp.local", longest[63];

	(void)state;
	assert_true(pseudonym_host(p, one, 15));
	assert_true(pseudonym_host(p, two, 15));
	assert_true(one[3] == '.' && one[11] == '.');
	assert_memory_not_equal(one, "www", 3);
	assert_memory_not_equal(one, two, 3);
	assert_string_equal((char *)one + 3, (char *)two + 3);
	for (unsigned i = 0; i < 15; i++)
		assert_true(one[i] == '.' || (one[i] >= 'a' && one[i] <= 'z') ||
			    (one[i] >= '0' && one[i] <= '9'));
	assert_false(pseudonym_host(p, known, 16));
	assert_string_equal((char *)known, "_ldap._tcp.local");
	memset(longest, 'x', 63);
	assert_true(pseudonym_label(p, longest, 63));
	assert_memory_not_equal(longest, longest + 32, 31);
	assert_false(pseudonym_label(p, longest, 0));
	pseudonym_close(p);
}

static void noise_of_equal_is_equal(void **state)
{
	struct pseudonym *p = opened(false, false);
	unsigned char a[1000] = {0}, b[1000] = {0}, zeros[1000] = {0};
	unsigned kept = 0;

	(void)state;
	pseudonym_noise(p, a, sizeof(a));
	pseudonym_noise(p, b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	for (unsigned i = 0; i < sizeof(a); i++)
		kept += a[i] == 0;
	assert_in_range(kept, 0, 20);
	b[0]++;
	memcpy(zeros, b, sizeof(b));
	pseudonym_noise(p, zeros, sizeof(zeros));
	assert_memory_not_equal(a + 500, zeros + 500, 500);
	pseudonym_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values),
		cmocka_unit_test(keys),
		cmocka_unit_test(prefixes_stay_shared),
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(addresses_in_addresses),
		cmocka_unit_test(macs_stay_apart),
		cmocka_unit_test(names_keep_their_lengths),
		cmocka_unit_test(noise_of_equal_is_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
