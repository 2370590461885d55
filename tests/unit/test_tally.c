/* test_tally.c - goal: memory stays below the bound under a scan of a million addresses, an update
 * leaves what one coming would have left, a reset leaves nothing, lengths are those of tshark's
 * ranges. Method: synthetic frames by their basic decode; whole outputs compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "tallying.h"

/* A TCP SYN from one address to another, by its headers. */
static struct decoded syn(uint32_t from, uint32_t to, uint16_t port)
{
	struct decoded d = {.status = DECODED_SKIPPED};

	d.packet.len = d.packet.caplen = 60;
	d.packet.ts_ns = UINT64_C(1700000000000000000) + to;
	d.basic.flags = BASIC_HAS_ETH | BASIC_HAS_ADDRESS | BASIC_HAS_PORTS | BASIC_HAS_TCP;
	d.basic.family = BASIC_IPV4;
	d.basic.ip_proto = 6;
	d.basic.protocol = "TCP";
	d.basic.ethertype = 0x0800;
	d.basic.sport = 40000;
	d.basic.dport = port;
	be32_store(d.basic.src, from);
	be32_store(d.basic.dst, to);
	return d;
}

static void test_scan_of_a_million(void **state)
{
	struct tally *t = tally_new(1);
	struct tally_row *rows;
	bool estimated;
	uint64_t n;

	(void)state;
	assert_non_null(t);
	for (uint32_t i = 0; i < 1000000; i++) {
		struct decoded d = syn(0x0a000001, 0x0b000000 + i, (uint16_t)i);

		tally_add(t, &d);
	}
	assert_true(tally_bytes(t) <= TALLY_BYTES_MAX);
	assert_int_equal(t->frames, 1000000);
	assert_int_equal(t->tcp.n[TALLY_FRAMES], 1000000);
	n = tally_table_distinct(&t->table[TALLY_TCP], &estimated);
	assert_true(estimated);
	assert_in_range(n, 970000, 1030000);
	n = tally_table_distinct(&t->table[TALLY_ENDPOINT], &estimated);
	assert_in_range(n, 970000, 1030000);
	/* Who scans stands first, exact. */
	assert_int_equal(tally_table_top(&t->table[TALLY_ENDPOINT], 1, &rows), 1);
	assert_memory_equal(rows[0].key, "\x0a\0\0\x01", 4);
	assert_int_equal(rows[0].n[TALLY_FRAMES], 1000000);
	assert_int_equal(rows[0].n[TALLY_OUT_FRAMES], 1000000);
	assert_int_equal(rows[0].error, 0);
	free(rows);
	tally_free(t);
}

/* All tables with memory take no more than the bound, whatever is in them. */
static void test_bound(void **state)
{
	static const struct tally_amount one = {.n = {1}};
	struct tally *t = tally_new(1);

	(void)state;
	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		tally_table_add(&t->table[i], "x", 1, &one);
	assert_true(tally_bytes(t) > TALLY_BYTES_MAX / 2);
	assert_true(tally_bytes(t) <= TALLY_BYTES_MAX);
	tally_free(t);
}

static char *text_of(const struct tally *t)
{
	struct buf out = {0};

	tally_print_json(t, 0, &out);
	assert_false(out.failed);
	buf_putc(&out, '\0');
	return out.p;
}

static void test_update(void **state)
{
	static const struct tallying columns[] = {
		{EK_PROTOCOL, "HTTP"},	 {EK_PROTOCOLS, "eth:ethertype:ip:tcp:http"},
		{EK_TCP_STREAM, "0"},	 {EK_ADDRESSES, "10.0.0.1,10.0.0.2"},
		{EK_HTTP_METHOD, "GET"}, {EK_FIELDS, NULL},
	};
	struct tally *once = tally_new(1), *twice = tally_new(1);
	struct decoded early = syn(0x0a000001, 0x0a000002, 80), other = syn(1, 2, 3);
	struct decoded *late = tallying_frame(60, columns);
	char *a, *b;

	(void)state;
	late->basic = early.basic;
	late->packet.ts_ns = early.packet.ts_ns;
	early.status = DECODED_PENDING;
	tally_add(once, &other);
	tally_add(once, late);
	tally_add(twice, &early);
	tally_add(twice, &other);
	late->update = true;
	tally_update(twice, late);
	assert_int_equal(COUNT(twice, TALLY_HTTP_METHOD, "GET", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(twice, TALLY_PROTOCOL, "TCP", TALLY_FRAMES), 1);
	a = text_of(once);
	b = text_of(twice);
	assert_string_equal(a, b);
	free(a);
	free(b);
	tally_reset(twice);
	tally_reset(once);
	assert_int_equal(tally_bytes(once), sizeof(struct tally));
	a = text_of(once);
	b = text_of(twice);
	assert_string_equal(a, b);
	assert_non_null(strstr(a, "{\"frames\":0,"));
	free(a);
	free(b);
	free(late->fields);
	free(late);
	tally_free(once);
	tally_free(twice);
}

static void test_lengths(void **state)
{
	static const struct {
		uint32_t len;
		unsigned range;
	} cases[] = {{0, 0},	{19, 0},   {20, 1},   {39, 1},	 {40, 2},   {79, 2},
		     {80, 3},	{159, 3},  {160, 4},  {320, 5},	 {640, 6},  {1279, 6},
		     {1280, 7}, {2559, 7}, {2560, 8}, {5119, 8}, {5120, 9}, {UINT32_MAX, 9}};
	struct tally *t = tally_new(1);
	uint32_t least, most;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct decoded d = syn(1, 2, 3);
		uint64_t before = t->length[cases[i].range].frames;

		d.packet.len = cases[i].len;
		tally_add(t, &d);
		assert_int_equal(t->length[cases[i].range].frames, before + 1);
		tally_length_range(cases[i].range, &least, &most);
		assert_in_range(cases[i].len, least, most);
	}
	/* As tshark: a length ends at 2^31 - 1. */
	assert_true(t->length[9].bytes == UINT64_C(5120) + INT32_MAX);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_of_a_million),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
