/* fuzz_capfile.c - any bytes as a capture, arriving in pieces
 *
 * The first byte picks the size of the pieces and of the buffer; the rest is the file. Each byte of
 * each frame and of each other block is read, so that one that reaches outside the buffer shows,
 * and what the header of capfile promises of frames is checked. Then the file is exported: what can
 * be read must come out whole.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "capfile/capfile.h"
#include "capfile/export.h"
#include "tap/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct feed {
	const uint8_t *p;
	size_t left, piece;
};

static ssize_t feed_read(void *ctx, void *buf, size_t n)
{
	struct feed *f = ctx;

	if (n > f->piece)
		n = f->piece;
	if (n > f->left)
		n = f->left;
	if (n) {
		memcpy(buf, f->p, n);
		f->p += n;
		f->left -= n;
	}
	return (ssize_t)n;
}

static void comments_check(const struct capfile_frame *f)
{
	size_t n, count = 0;
	uint32_t at = 0;

	while (capfile_comment(f, &at, &n))
		count++;
	check(count == f->comments);
}

static void frame_check(const struct capfile *c, const struct capfile_frame *f, uint64_t size)
{
	volatile unsigned char sum = 0;
	unsigned count;

	check(f->caplen <= FRAME_BYTES_MAX);
	check(capfile_is_packed(c) || f->offset + f->caplen <= size);
	(void)capfile_interfaces(c, &count);
	check(f->interface < count);
	check((f->comment != NULL) == (f->comments > 0));
	for (uint32_t i = 0; i < f->caplen; i++)
		sum = (unsigned char)(sum + f->data[i]);
	if (f->comment)
		check(strlen(f->comment) <= UINT16_MAX);
	for (uint32_t i = 0; i < f->block_bytes; i++)
		sum = (unsigned char)(sum + f->block[i]);
	comments_check(f);
}

static void on_block(void *ctx, const struct capfile_block *b)
{
	volatile unsigned char sum = 0;

	(void)ctx;
	check(b->bytes >= 12 && b->bytes % 4 == 0);
	for (uint32_t i = 0; i < b->bytes; i++)
		sum = (unsigned char)(sum + b->p[i]);
}

static int collect(void *ctx, const void *p, size_t n)
{
	buf_put(ctx, p, n);
	return 0;
}

/* Frames that are read of some bytes; -1 where they break. */
static int64_t frames_of(const char *p, size_t n)
{
	struct feed feed = {.p = (const uint8_t *)p, .left = n, .piece = n};
	struct capfile_source source = {.read = feed_read, .ctx = &feed};
	struct capfile_frame frame;
	struct err err;
	struct capfile *c = capfile_open_source("-", source, 0, &err);
	enum capfile_result result;
	int64_t frames = 0;

	check(c);
	while ((result = capfile_next(c, &frame, &err)) == CAPFILE_FRAME)
		frames++;
	capfile_close(c);
	return result == CAPFILE_END ? frames : -1;
}

static void export_check(const uint8_t *data, size_t size, uint64_t frames)
{
	const struct selection_config all = {0};
	struct err err;
	struct selection *s = selection_open(&all, &err);
	struct buf out = {0};
	const struct export_config config = {.selection = s, .write = collect, .ctx = &out};
	struct feed feed = {.p = data, .left = size, .piece = size};
	struct capfile_source source = {.read = feed_read, .ctx = &feed};
	struct capfile *c = capfile_open_source("-", source, 0, &err);
	struct export *e = export_open(&config, &err);

	check(s && c && e);
	if (export_input(e, c, &err) != EXPORT_FAILED) {
		check(export_end(e, &err));
		check(export_stats(e)->written == frames);
		check(frames_of(out.p, out.n) == (int64_t)frames);
	}
	export_close(e);
	capfile_close(c);
	selection_close(s);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capfile_source source = {.read = feed_read};
	const struct capfile_watch watch = {.block = on_block, .keep_interfaces = true};
	struct feed feed;
	struct capfile_frame frame;
	enum capfile_result result;
	struct capfile *c;
	uint64_t frames = 0, offset = 0;
	struct err err;

	if (size == 0)
		return 0;
	feed = (struct feed){.p = data + 1, .left = size - 1, .piece = data[0] ? data[0] : size};
	source.ctx = &feed;
	c = capfile_open_source("-", source, (size_t)data[0] << 4, &err);
	if (!c) {
		check(strlen(err.text) > 0);
		return 0;
	}
	if (data[0] & 1)
		capfile_watch(c, &watch);
	while ((result = capfile_next(c, &frame, &err)) == CAPFILE_FRAME) {
		frame_check(c, &frame, size - 1);
		check(frame.number == ++frames && frame.offset > offset);
		offset = frame.offset;
	}
	check(result == capfile_next(c, &frame, NULL));
	check(result == CAPFILE_BROKEN || feed.left == 0);
	capfile_close(c);
	export_check(data + 1, size - 1, frames);
	return 0;
}
