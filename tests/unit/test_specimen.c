/* test_specimen.c - a capture held in memory to be made smaller
 *
 * Goal: it is written as it was read, whatever format it came in: times, comments, interfaces,
 * blocks; interfaces that no frame needs are left out; edits take out just those bytes; a pcap says
 * what it has no room for.
 *
 * Method: images from capture_image.h, written into memory and read by capfile.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shrink/specimen.h"
#include "unit/capture_image.h"
#include "unit/specimen_image.h"

#define NO_LENGTH UINT64_MAX
#define FRAME                                      \
	"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5" \
	"abcdef"
#define FRAME_N 20u

/* Three interfaces; frames of the second and third; a block of names between. */
static void make(struct image *i)
{
	size_t at;

	image_section(i, NO_LENGTH);
	image_interface(i, 1, 0, "unused", 9, 0);
	image_interface(i, 1, 0, "vm-1", 9, 0);
	image_interface(i, 101, 0, "raw", 6, 0);
	image_packet(i, 1, 1234567890123456789, FRAME, FRAME_N, 60, "the one");
	at = image_block(i, 4);
	image_option(i, 0, NULL, 0);
	image_block_end(i, at);
	image_packet(i, 2, 77, "\x45rest", 5, 5, NULL);
}

static void it_is_written_as_it_was(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		struct image i = {.big = big};
		struct buf out = {0};
		struct specimen s;
		struct capfile_frame f;
		struct capfile *c;
		struct bytes b;
		struct err err;
		unsigned count;

		make(&i);
		specimen_of(&s, &i);
		assert_int_equal(s.count, 3);
		assert_int_equal(s.frames, 2);
		assert_int_equal(s.flows, 3);
		assert_int_equal(specimen_bytes(&s), FRAME_N + 5);
		assert_true(specimen_write(&s, NULL, NULL, &out, &err));
		c = opened(&b, out.p, out.n);
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
		assert_int_equal(f.ts_ns, 1234567890123456789);
		assert_int_equal(f.len, 60);
		assert_int_equal(f.caplen, FRAME_N);
		assert_memory_equal(f.data, FRAME, FRAME_N);
		assert_string_equal(f.comment, "the one");
		assert_string_equal(capfile_interfaces(c, &count)[f.interface].name, "vm-1");
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
		assert_int_equal(f.ts_ns, 77000);
		assert_int_equal(f.linktype, 101);
		assert_string_equal(capfile_interfaces(c, &count)[f.interface].name, "raw");
		assert_int_equal(count, 2);
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
		capfile_close(c);
		buf_done(&out);
		specimen_done(&s);
		image_done(&i);
	}
}

static void first_edit(void *ctx, size_t index, struct specimen_edit *e)
{
	const struct specimen_edit *wanted = ctx;

	if (index == 0)
		*e = *wanted;
	else
		e->gone = true;
}

static void expect_edit(struct specimen_edit wanted, const char *data, uint32_t n)
{
	struct buf before = {0}, after = {0};
	struct image i = {0};
	struct specimen s;
	struct capfile_frame f;
	struct capfile *c;
	struct bytes b;
	struct err err;

	make(&i);
	specimen_of(&s, &i);
	assert_true(specimen_write(&s, first_edit, &wanted, &before, &err));
	specimen_apply(&s, first_edit, &wanted);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.frames, 1);
	assert_true(specimen_write(&s, NULL, NULL, &after, &err));
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, after.n);
	c = opened(&b, after.p, after.n);
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
	assert_int_equal(f.caplen, n);
	assert_int_equal(f.len, wanted.len);
	assert_memory_equal(f.data, data, n);
	assert_string_equal(f.comment, "the one");
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	capfile_close(c);
	buf_done(&before);
	buf_done(&after);
	specimen_done(&s);
	image_done(&i);
}

static void edits_are_what_they_say(void **state)
{
	(void)state;
	expect_edit((struct specimen_edit){.len = 60}, FRAME, FRAME_N);
	expect_edit((struct specimen_edit){.cut_at = 16, .cut_bytes = 3, .len = 57},
		    "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5"
		    "abf",
		    FRAME_N - 3);
	expect_edit((struct specimen_edit){.cut_at = 1, .cut_bytes = 19, .len = 1}, "\x02", 1);
	expect_edit((struct specimen_edit){.cut_at = 0, .cut_bytes = 20, .len = 0}, "", 0);
	expect_edit((struct specimen_edit){.zero_at = 14, .zero_bytes = 6, .len = 20},
		    "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5\0\0\0\0\0\0", FRAME_N);
}

static void drop_raw(void *ctx, size_t index, struct specimen_edit *e)
{
	(void)ctx;
	e->gone = index == 1;
}

static void pcaps_have_one_link_type(void **state)
{
	struct image i = {0};
	struct buf out = {0};
	struct specimen s;
	struct capfile_frame f;
	struct capfile *c;
	struct bytes b;
	struct err err;

	(void)state;
	make(&i);
	specimen_of(&s, &i);
	specimen_format(&s, EXPORT_PCAP_NS);
	assert_int_equal(s.count, 2);
	assert_false(specimen_write(&s, NULL, NULL, &out, &err));
	assert_non_null(strstr(err.text, "use -F pcapng"));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_true(specimen_write(&s, drop_raw, NULL, &out, &err));
	c = opened(&b, out.p, out.n);
	assert_false(capfile_is_pcapng(c));
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
	assert_int_equal(f.ts_ns, 1234567890123456789);
	assert_memory_equal(f.data, FRAME, FRAME_N);
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	capfile_close(c);
	buf_done(&out);
	specimen_done(&s);
	image_done(&i);
}

static void a_broken_one_gives_what_is_whole(void **state)
{
	struct image i = {0};
	struct specimen s = {0};
	struct capfile *c;
	struct bytes b;
	struct err err;

	(void)state;
	make(&i);
	c = opened(&b, i.p, i.n - 1);
	assert_int_equal(specimen_read(&s, c, &err), EXPORT_BROKEN);
	assert_non_null(strstr(err.text, "broken at byte"));
	assert_int_equal(s.frames, 1);
	capfile_close(c);
	specimen_done(&s);
	image_done(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_written_as_it_was),
		cmocka_unit_test(edits_are_what_they_say),
		cmocka_unit_test(pcaps_have_one_link_type),
		cmocka_unit_test(a_broken_one_gives_what_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
