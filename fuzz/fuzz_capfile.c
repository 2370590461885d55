/* fuzz_capfile.c - any bytes as a capture, arriving in pieces
 *
 * The first byte picks the size of the pieces and of the buffer; the rest is the file. Each byte of
 * each frame is read, so that a frame that reaches outside the buffer shows, and what the header of
 * capfile promises of frames is checked.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "capfile/capfile.h"
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

static void frame_check(const struct capfile *c, const struct capfile_frame *f, uint64_t size)
{
	volatile unsigned char sum = 0;
	unsigned count;

	check(f->caplen <= FRAME_BYTES_MAX);
	check(f->offset + f->caplen <= size);
	(void)capfile_interfaces(c, &count);
	check(f->interface < count);
	check((f->comment != NULL) == (f->comments > 0));
	for (uint32_t i = 0; i < f->caplen; i++)
		sum = (unsigned char)(sum + f->data[i]);
	if (f->comment)
		check(strlen(f->comment) <= UINT16_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capfile_source source = {.read = feed_read};
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
	while ((result = capfile_next(c, &frame, &err)) == CAPFILE_FRAME) {
		frame_check(c, &frame, size - 1);
		check(frame.number == ++frames && frame.offset > offset);
		offset = frame.offset;
	}
	check(result == capfile_next(c, &frame, NULL));
	check(result == CAPFILE_BROKEN || feed.left == 0);
	capfile_close(c);
	return 0;
}
