/* test_survey.c - what captures hold
 *
 * Goal: frames, bytes, times, drops, statistics and blocks are counted in either byte order; a
 * broken place is told with what was before it; addresses beyond the table are counted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "capfile/survey.h"
#include "unit/capture_image.h"

struct bytes {
	const struct image *i;
	size_t at;
};

static ssize_t bytes_read(void *ctx, void *buf, size_t n)
{
	struct bytes *b = ctx;

	if (n > b->i->n - b->at)
		n = b->i->n - b->at;
	memcpy(buf, b->i->p + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

static void read_image(struct survey *s, const struct image *i)
{
	struct bytes b = {.i = i};
	struct capfile_source source = {.read = bytes_read, .ctx = &b};
	struct err err;
	struct capfile *c = capfile_open_source("x", source, 0, &err);

	assert_non_null(c);
	assert_true(survey_read(s, c, NULL, NULL));
	capfile_close(c);
}

static void image_count(struct image *i, unsigned code, uint64_t v)
{
	image_int(i, code, 2);
	image_int(i, 8, 2);
	image_int(i, v, 8);
}

static void make(struct image *i, bool big)
{
	unsigned char f[34] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 20};
	size_t at;

	*i = (struct image){.big = big};
	memcpy(f + 26, "\xc0\x00\x02\x01\xc0\x00\x02\x02", 8);
	image_section(i, UINT64_MAX);
	image_interface(i, 1, 0, "vm-1", 9, 0);
	image_packet(i, 0, 2000, f, 34, 60, "seen");
	image_packet(i, 0, 1000, f, 34, 60, NULL);
	at = image_block(i, 4);
	image_block_end(i, at);
	at = image_block(i, 5);
	image_int(i, 0, 4);
	image_int(i, 0, 8);
	image_count(i, 4, 12);
	image_count(i, 5, 3);
	image_count(i, 7, 4);
	image_block_end(i, at);
}

static void counts(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		const struct survey_talker *top[4];
		char address[BASIC_ADDRESS_MAX];
		struct survey s;
		struct image i;

		assert_true(survey_init(&s));
		make(&i, big != 0);
		read_image(&s, &i);
		assert_int_equal(s.file.frames, 2);
		assert_int_equal(s.file.caplen_bytes, 68);
		assert_int_equal(s.file.len_bytes, 120);
		assert_int_equal(s.file.first_ns, 1000);
		assert_int_equal(s.file.last_ns, 2000);
		assert_int_equal(s.file.backwards, 1);
		assert_int_equal(s.file.comments, 1);
		assert_int_equal(s.file.names, 1);
		assert_int_equal(s.file.statistics, 1);
		assert_int_equal(s.file.interface_count, 1);
		assert_int_equal(s.file.interfaces[0].received, 12);
		assert_int_equal(s.file.interfaces[0].dropped, 7);
		assert_false(s.file.broken);
		/* A second file: its own counts anew, those of all files go on. */
		i.n -= 5;
		read_image(&s, &i);
		assert_true(s.file.broken);
		assert_int_equal(s.file.frames, 2);
		assert_int_equal(s.file.interfaces[0].received, SURVEY_UNKNOWN);
		assert_int_equal(s.stats.frames, 4);
		assert_int_equal(survey_top(&s, top, 4), 2);
		assert_int_equal(top[0]->frames, 4);
		assert_int_equal(top[0]->bytes, 240);
		survey_address(top[0], address);
		assert_string_equal(address, "192.0.2.1");
		image_done(&i);
		survey_done(&s);
	}
}

static void too_many_addresses(void **state)
{
	struct image i = {0};
	struct survey s;

	(void)state;
	assert_true(survey_init(&s));
	image_pcap(&i, PCAP_US, 2, 4, 1);
	for (uint32_t n = 0; n < SURVEY_TALKERS_MAX + 10; n++) {
		unsigned char f[14] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0};

		f[9] = (unsigned char)(n >> 16);
		f[10] = (unsigned char)(n >> 8);
		f[11] = (unsigned char)n;
		image_record(&i, n, 0, 14, 14, f, 14);
	}
	read_image(&s, &i);
	assert_int_equal(s.talkers, SURVEY_TALKERS_MAX);
	assert_int_equal(s.unfit, 11);
	image_done(&i);
	survey_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(too_many_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
