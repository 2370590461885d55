/* test_export.c - captures written anew
 *
 * Goal: what a frame had it has in the output, whatever block of either byte order it came from;
 * little-endian blocks come out byte by byte; equal interfaces of several files are one, and those
 * of one file stay apart; selections hold alone and together; a broken input gives what is whole, a
 * failing output is said.
 *
 * Method: images from capture_image.h, exported into memory and read by capfile.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/export.h"
#include "unit/opened.h"

#define NO_LENGTH UINT64_MAX

static int collect(void *ctx, const void *p, size_t n)
{
	buf_put(ctx, p, n);
	return 0;
}

static int full(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return -ENOSPC;
}

/* Exports images into @out. Return: the last result that was not EXPORT_WHOLE */
static enum export_result run(const struct image *const images[], struct selection_config *wanted,
			      enum export_format format, struct buf *out, struct err *err)
{
	struct selection_config none = {0};
	struct selection *s = selection_open(wanted ? wanted : &none, err);
	struct export_config config = {.format = format,
				       .application = "test",
				       .selection = s,
				       .write = out ? collect : full,
				       .ctx = out};
	enum export_result result = EXPORT_WHOLE;
	struct export *e;
	struct capfile_frame f;
	struct bytes b;
	uint64_t id = 1;

	assert_non_null(s);
	for (size_t i = 0; images[i] && selection_scans(s); i++) {
		struct capfile *c = opened(&b, images[i]->p, images[i]->n);

		while (capfile_next(c, &f, err) == CAPFILE_FRAME)
			assert_true(selection_scan(s, c, &f, id++, err));
		capfile_close(c);
	}
	if (selection_scans(s))
		assert_true(selection_scanned(s, err));
	e = export_open(&config, err);
	assert_non_null(e);
	for (size_t i = 0; images[i]; i++) {
		struct capfile *c = opened(&b, images[i]->p, images[i]->n);
		enum export_result one = export_input(e, c, err);

		if (one != EXPORT_WHOLE)
			result = one;
		capfile_close(c);
	}
	if (result != EXPORT_FAILED && !export_end(e, err))
		result = EXPORT_FAILED;
	export_close(e);
	selection_close(s);
	return result;
}

/* All that a capture says of its frames, as text; freed by the caller. */
static char *told(const void *p, size_t n)
{
	struct bytes b;
	struct capfile *c = opened(&b, p, n);
	struct buf out = {0};
	struct capfile_frame f;
	struct err err;

	while (capfile_next(c, &f, &err) == CAPFILE_FRAME) {
		unsigned count;
		const struct capfile_interface *in = capfile_interfaces(c, &count) + f.interface;
		uint32_t at = 0;
		const char *text;
		size_t length;

		buf_printf(&out, "%" PRIu32 "/%" PRIu32 " %" PRIu64 " %s lt %d flags %" PRIx32,
			   f.caplen, f.len, f.ts_ns, in->name ? in->name : "-", f.linktype,
			   f.flags);
		buf_printf(&out, " drops %" PRIu64 " ", f.dropcount);
		for (uint32_t i = 0; i < f.caplen; i++)
			buf_printf(&out, "%02x", f.data[i]);
		while ((text = capfile_comment(&f, &at, &length)))
			buf_printf(&out, " [%.*s]", (int)length, text);
		buf_putc(&out, '\n');
	}
	capfile_close(c);
	buf_putc(&out, '\0');
	return out.p;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static unsigned interfaces(const struct buf *b)
{
	struct bytes bytes;
	struct capfile *c = opened(&bytes, b->p, b->n);
	struct capfile_frame f;
	struct err err;
	unsigned count;

	while (capfile_next(c, &f, &err) == CAPFILE_FRAME) {
	}
	(void)capfile_interfaces(c, &count);
	capfile_close(c);
	return count;
}

/* All kinds of packets, with all their options, fine and coarse time stamps. */
static void make(struct image *i, bool big)
{
	size_t at;

	*i = (struct image){.big = big};
	image_section(i, NO_LENGTH);
	image_interface(i, 1, 0, "one", -1, 0);
	image_interface(i, 101, 3, "two", 12, -100);
	image_interface(i, 1, 0, "binary", 0x80 | 20, 7);
	at = image_block(i, 6);
	image_int(i, 0, 4);
	image_int(i, 0x00060000, 4);
	image_int(i, 77, 4);
	image_int(i, 5, 4);
	image_int(i, 60, 4);
	image_put(i, "hello\0\0\0", 8);
	image_option(i, 1, "first", 5);
	image_int(i, 2, 2);
	image_int(i, 4, 2);
	image_int(i, 0x10000002, 4);
	image_int(i, 4, 2);
	image_int(i, 8, 2);
	image_int(i, 0x0102030405060708, 8);
	image_option(i, 1, "second one", 10);
	image_option(i, 0, NULL, 0);
	image_block_end(i, at);
	image_packet(i, 1, UINT64_C(200123456789012345), "abc", 3, 3, "ps");
	image_packet(i, 2, UINT64_C(1) << 40, "wxyz", 4, 4, NULL);
	at = image_block(i, 2);
	image_int(i, 2, 2);
	image_int(i, 9, 2);
	image_int(i, 1, 4);
	image_int(i, 5, 4);
	image_int(i, 2, 4);
	image_int(i, 2, 4);
	image_put(i, "ol\0\0", 4);
	image_int(i, 2, 2);
	image_int(i, 4, 2);
	image_int(i, 1, 4);
	image_option(i, 1, "obsolete", 8);
	image_block_end(i, at);
	at = image_block(i, 3);
	image_int(i, 6, 4);
	image_put(i, "simple", 6);
	image_block_end(i, at);
}

static void all_kinds(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct image i;
		const struct image *const images[] = {&i, NULL};
		struct buf out = {0};
		struct err err;
		char *before, *after;

		make(&i, big != 0);
		assert_int_equal(run(images, NULL, EXPORT_PCAPNG, &out, &err), EXPORT_WHOLE);
		before = told(i.p, i.n);
		after = told(out.p, out.n);
		assert_int_equal(lines(before), 5);
		assert_string_equal(before, after);
		assert_non_null(strstr(after, "5/60 "));
		assert_non_null(strstr(after, "flags 10000002 drops 72623859790382856 "));
		assert_non_null(strstr(after, "[first] [second one]"));
		free(before);
		free(after);
		buf_done(&out);
		image_done(&i);
	}
}

/* Both orders give the same bytes, but for the padding, which no reader sees. */
static void orders_agree(void **state)
{
	struct image little, big;
	const struct image *const a[] = {&little, NULL}, *const b[] = {&big, NULL};
	struct buf one = {0}, other = {0};
	struct err err;

	(void)state;
	make(&little, false);
	make(&big, true);
	assert_int_equal(run(a, NULL, EXPORT_PCAPNG, &one, &err), EXPORT_WHOLE);
	assert_int_equal(run(b, NULL, EXPORT_PCAPNG, &other, &err), EXPORT_WHOLE);
	assert_int_equal(one.n, other.n);
	assert_memory_equal(one.p, other.p, one.n);
	buf_done(&one);
	buf_done(&other);
	image_done(&little);
	image_done(&big);
}

static void interfaces_merged(void **state)
{
	struct image i, twins = {0};
	const struct image *const twice[] = {&i, &i, NULL}, *const one[] = {&twins, &twins, NULL};
	struct buf out = {0};
	struct err err;
	char *after;

	(void)state;
	make(&i, false);
	assert_int_equal(run(twice, NULL, EXPORT_PCAPNG, &out, &err), EXPORT_WHOLE);
	assert_int_equal(interfaces(&out), 3);
	after = told(out.p, out.n);
	assert_int_equal(lines(after), 10);
	free(after);
	out.n = 0;
	image_section(&twins, NO_LENGTH);
	image_interface(&twins, 1, 0, "same", -1, 0);
	image_interface(&twins, 1, 0, "same", -1, 0);
	assert_int_equal(run(one, NULL, EXPORT_PCAPNG, &out, &err), EXPORT_WHOLE);
	assert_int_equal(interfaces(&out), 2);
	buf_done(&out);
	image_done(&i);
	image_done(&twins);
}

/* More interfaces than a section may have: another section. */
static void many_interfaces(void **state)
{
	struct image i[2] = {{0}, {0}};
	const struct image *const images[] = {&i[0], &i[1], NULL};
	struct buf out = {0};
	struct err err;
	char *after;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		image_section(&i[k], NO_LENGTH);
		for (unsigned n = 0; n < 3000; n++) {
			char name[32];

			snprintf(name, sizeof(name), "%u-%u", k, n);
			image_interface(&i[k], 1, 0, name, -1, 0);
		}
		image_packet(&i[k], 2999, 5, "last", 4, 4, NULL);
		image_packet(&i[k], 0, 6, "first", 5, 5, NULL);
	}
	assert_int_equal(run(images, NULL, EXPORT_PCAPNG, &out, &err), EXPORT_WHOLE);
	after = told(out.p, out.n);
	assert_non_null(strstr(after, "0-2999"));
	assert_non_null(strstr(after, "1-2999"));
	assert_non_null(strstr(after, "1-0 "));
	assert_int_equal(lines(after), 4);
	free(after);
	buf_done(&out);
	image_done(&i[0]);
	image_done(&i[1]);
}

/* Ten frames of 1 s each from two VMs, UDP of different ports. */
static void make_vms(struct image *i, const char *comment)
{
	size_t at;

	*i = (struct image){0};
	at = image_block(i, 0x0a0d0d0a);
	image_int(i, 0x1a2b3c4d, 4);
	image_int(i, 1, 4);
	image_int(i, NO_LENGTH, 8);
	if (comment)
		image_option(i, 1, comment, strlen(comment));
	image_block_end(i, at);
	image_interface(i, 1, 0, "vm-1", 9, 0);
	image_interface(i, 1, 0, "vm-2", 9, 0);
	for (unsigned n = 0; n < 10; n++) {
		unsigned char f[42] = {2, 0, 0,	  0, 0, n % 2 ? 1 : 2, 2, 0, 0, 0, 0, n % 2 ? 2 : 1,
				       8, 0, 0x45};

		if (n == 9)
			memset(f, 0xff, 6);
		f[17] = 28;
		f[22] = 64;
		f[23] = 17;
		f[29] = f[11];
		f[33] = f[5];
		f[n % 2 ? 37 : 35] = (unsigned char)(n / 4 + 1);
		f[39] = 8;
		image_packet(i, n % 2, (n + 1) * UINT64_C(1000000000), f, 42, 42, NULL);
	}
}

static size_t selected(const struct image *const images[], struct selection_config wanted)
{
	struct buf out = {0};
	struct err err;
	size_t n;
	char *after;

	if (run(images, &wanted, EXPORT_PCAPNG, &out, &err) != EXPORT_WHOLE)
		fail_msg("%s", err.text);
	after = told(out.p, out.n);
	n = lines(after);
	free(after);
	buf_done(&out);
	return n;
}

static bool third(void *ctx, uint64_t offset)
{
	return offset == *(uint64_t *)ctx;
}

static void selections(void **state)
{
	struct image i, rotated;
	const struct image *const images[] = {&i, NULL}, *const two[] = {&i, &i, NULL};
	const struct image *const session[] = {&rotated, NULL};
	uint64_t offset;
	struct bytes b;
	struct capfile_frame f;
	struct capfile *c;
	struct err err;

	(void)state;
	make_vms(&i, NULL);
	make_vms(&rotated, "secvf session=s first=00000000000000001001");
	c = opened(&b, i.p, i.n);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
	offset = f.offset;
	capfile_close(c);
#define WANT(...) ((struct selection_config){__VA_ARGS__})
	assert_int_equal(selected(images, WANT(.ids = NULL)), 10);
	assert_int_equal(selected(images, WANT(.ids = "5,1-3,2-4,9-")), 7);
	assert_int_equal(selected(two, WANT(.ids = "10-11")), 2);
	assert_int_equal(selected(session, WANT(.ids = "1-10")), 0);
	assert_int_equal(selected(session, WANT(.ids = "1001,1010-")), 2);
	assert_int_equal(selected(images, WANT(.from = true, .from_ns = 3000000000)), 8);
	assert_int_equal(selected(images, WANT(.from = true, .from_ns = 3000000001, .to = true,
					       .to_ns = 5000000000)),
			 1);
	assert_int_equal(selected(images, WANT(.filter = "udp src port 1")), 2);
	/* Both ways of a conversation, too. What it sent, what was sent to it: all of two VMs that
	 * talk to each other. */
	assert_int_equal(selected(images, WANT(.vm = "vm-1")), 10);
	assert_int_equal(selected(images, WANT(.vm = "vm-1", .ids = "2,4")), 2);
	assert_int_equal(selected(images, WANT(.conversation = 1)), 4);
	assert_int_equal(selected(images, WANT(.shown = third, .ctx = &offset)), 1);
	assert_int_equal(selected(images, WANT(.shown = third, .ctx = &offset, .ids = "4-")), 0);
	image_done(&i);
	image_done(&rotated);
}

static void wrong_words(void **state)
{
	static const char *const ids[] = {"", "0", "5-4", "a", "1,", "1,,2", "-3", "1-2-3", "1 2"};
	struct err err;

	(void)state;
	for (unsigned n = 0; n < sizeof(ids) / sizeof(ids[0]); n++) {
		struct selection *s = selection_open(&WANT(.ids = ids[n]), &err);

		if (s)
			fail_msg("--ids '%s' was taken", ids[n]);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
	assert_null(selection_open(&WANT(.filter = "no such"), &err));
	assert_int_equal(err.exit, EXIT_USAGE);
}

static void to_pcap(void **state)
{
	struct image i, mixed;
	const struct image *const images[] = {&i, NULL}, *const two[] = {&mixed, NULL};
	struct buf out = {0};
	struct err err;
	char *after;

	(void)state;
	make_vms(&i, NULL);
	assert_int_equal(run(images, NULL, EXPORT_PCAP_NS, &out, &err), EXPORT_WHOLE);
	assert_int_equal(out.n, 24 + 10 * (16 + 42));
	after = told(out.p, out.n);
	assert_int_equal(lines(after), 10);
	assert_non_null(strstr(after, "42/42 10000000000 "));
	free(after);
	out.n = 0;
	make(&mixed, false);
	assert_int_equal(run(two, NULL, EXPORT_PCAP, &out, &err), EXPORT_FAILED);
	assert_non_null(strstr(err.text, "frame 2 has link type 101 (RAW)"));
	buf_done(&out);
	image_done(&i);
	image_done(&mixed);
}

static void broken_and_full(void **state)
{
	struct image i;
	const struct image *const images[] = {&i, NULL};
	struct buf out = {0};
	struct err err;
	char *after;

	(void)state;
	make_vms(&i, NULL);
	i.n -= 5;
	assert_int_equal(run(images, NULL, EXPORT_PCAPNG, &out, &err), EXPORT_BROKEN);
	assert_non_null(strstr(err.text, "9 whole frames"));
	after = told(out.p, out.n);
	assert_int_equal(lines(after), 9);
	assert_int_equal(run(images, NULL, EXPORT_PCAPNG, NULL, &err), EXPORT_FAILED);
	assert_non_null(strstr(err.text, "No space left"));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	free(after);
	buf_done(&out);
	image_done(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),	     cmocka_unit_test(orders_agree),
		cmocka_unit_test(interfaces_merged), cmocka_unit_test(many_interfaces),
		cmocka_unit_test(selections),	     cmocka_unit_test(wrong_words),
		cmocka_unit_test(to_pcap),	     cmocka_unit_test(broken_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
