/* test_compress.c - what is compressed comes back
 *
 * Goal: bytes put in pieces of any size come back whole through the reader of captures, for each
 * kind; files of several members too; a cut one gives all whole frames before the cut, then says
 * so.
 *
 * Method: a capture image is compressed in memory and read over an injected source; every cut of
 * the compressed bytes is tried.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "capfile/capfile.h"
#include "capfile/compress.h"
#include "unit/capture_image.h"

#define FRAMES 50u

struct feed {
	const char *p;
	size_t n, at, piece;
};

static ssize_t feed_read(void *ctx, void *buf, size_t n)
{
	struct feed *f = ctx;

	if (n > f->n - f->at)
		n = f->n - f->at;
	if (f->piece && n > f->piece)
		n = f->piece;
	memcpy(buf, f->p + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static void make(struct image *i)
{
	unsigned char data[300];
	unsigned seed = 7;

	memset(i, 0, sizeof(*i));
	image_pcap(i, PCAP_NS, 2, 4, 1);
	for (unsigned n = 0; n < FRAMES; n++) {
		/* Not to be compressed well, so that cuts fall into many frames. */
		for (unsigned k = 0; k < sizeof(data); k++)
			data[k] = (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
		image_record(i, n, 1, 300, 300, data, 300);
	}
}

static void pack(const struct image *i, enum compress_kind kind, size_t piece, struct buf *out)
{
	struct compress *c = compress_open(kind);

	assert_non_null(c);
	for (size_t at = 0; at < i->n; at += piece)
		assert_true(compress_put(c, i->p + at, i->n - at < piece ? i->n - at : piece, out));
	assert_true(compress_end(c, out));
	compress_close(c);
}

/* Frames of the packed bytes, each as it should be; *broken is whether it ended so. */
static unsigned frames_of(const char *p, size_t n, size_t piece, bool *broken, struct err *err)
{
	struct feed feed = {.p = p, .n = n, .piece = piece};
	struct capfile_source source = {.read = feed_read, .ctx = &feed};
	struct capfile *c = capfile_open_source("x", source, 0, err);
	struct capfile_frame f;
	enum capfile_result result;
	unsigned frames = 0;

	*broken = !c;
	if (!c)
		return 0;
	while ((result = capfile_next(c, &f, err)) == CAPFILE_FRAME) {
		assert_int_equal(f.caplen, 300);
		assert_int_equal(f.ts_ns, frames % FRAMES * UINT64_C(1000000000) + 1);
		frames++;
	}
	*broken = result == CAPFILE_BROKEN;
	capfile_close(c);
	return frames;
}

static void comes_back(void **state)
{
	static const size_t pieces[] = {1, 7, 4096, 1u << 20};
	struct image i;

	(void)state;
	make(&i);
	for (int kind = COMPRESS_NONE; kind <= COMPRESS_ZSTD; kind++) {
		for (unsigned k = 0; k < 4; k++) {
			struct buf out = {0};
			struct err err;
			bool broken;

			pack(&i, (enum compress_kind)kind, pieces[k], &out);
			assert_int_equal(frames_of(out.p, out.n, pieces[3 - k], &broken, &err),
					 FRAMES);
			assert_false(broken);
			buf_done(&out);
		}
	}
	image_done(&i);
}

/* Two members, the second without a header of its own: as `cat a.gz b.gz` of one capture's halves.
 */
static void several_members(void **state)
{
	struct image i;

	(void)state;
	make(&i);
	for (int kind = COMPRESS_GZIP; kind <= COMPRESS_ZSTD; kind++) {
		struct image a = i, b = i;
		struct buf out = {0};
		struct err err;
		bool broken;

		a.n = 1000;
		b.p += 1000;
		b.n -= 1000;
		pack(&a, (enum compress_kind)kind, 100, &out);
		pack(&b, (enum compress_kind)kind, 100, &out);
		assert_int_equal(frames_of(out.p, out.n, 3, &broken, &err), FRAMES);
		assert_false(broken);
		if (kind == COMPRESS_GZIP) {
			buf_put(&out, "\0\0\0\0", 4);
			assert_int_equal(frames_of(out.p, out.n, 3, &broken, &err), FRAMES);
			assert_false(broken);
		}
		buf_put(&out, "garbage!", 8);
		assert_int_equal(frames_of(out.p, out.n, 0, &broken, &err), FRAMES);
		assert_true(broken);
		assert_non_null(strstr(err.text, kind == COMPRESS_GZIP
							 ? "is followed by something else"
							 : "is damaged"));
		buf_done(&out);
	}
	image_done(&i);
}

static void cut_anywhere(void **state)
{
	struct image i;

	(void)state;
	make(&i);
	for (int kind = COMPRESS_GZIP; kind <= COMPRESS_ZSTD; kind++) {
		struct buf out = {0};
		struct err err;
		unsigned last = 0;
		bool broken;

		pack(&i, (enum compress_kind)kind, i.n, &out);
		for (size_t n = 8; n < out.n; n += 13) {
			unsigned frames = frames_of(out.p, n, 0, &broken, &err);

			assert_true(broken);
			assert_true(frames >= last && frames <= FRAMES);
			assert_non_null(strstr(err.text, "cut short"));
			assert_int_equal(err.exit, EXIT_ENVIRONMENT);
			last = frames;
		}
		/* gzip gives out what it has; zstd a block at a time, and this is one. */
		assert_true(kind == COMPRESS_ZSTD || last > FRAMES / 2);
		buf_done(&out);
	}
	image_done(&i);
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(compress_kind_of("a.pcapng.gz"), COMPRESS_GZIP);
	assert_int_equal(compress_kind_of("a.zst"), COMPRESS_ZSTD);
	assert_int_equal(compress_kind_of("a.pcap"), COMPRESS_NONE);
	assert_int_equal(compress_kind_of(".gz"), COMPRESS_NONE);
	assert_int_equal(compress_kind_of("-"), COMPRESS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(several_members),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
