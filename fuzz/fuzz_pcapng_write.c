/* fuzz_pcapng_write.c - packets made of the input, written as pcapng, read back by capfile
 *
 * Each packet is told by a few bytes of the input: interface, lengths, time, options; the rest of
 * its bytes are data. What comes back must be equal, with nothing more and nothing less; then the
 * same once more through an export.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "capfile/capfile.h"
#include "capfile/export.h"
#include "pcapng/pcapng_write.h"

#define HEAD_BYTES  16u
#define PACKETS_MAX 64u
#define INTERFACES  3u
#define BUFFER	    65536u /* to read with: the usual one takes longer to get than all the rest */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sent {
	struct pcapng_packet packet;
	char comment[16];
};

struct feed {
	const char *p;
	size_t left;
};

static ssize_t feed_read(void *ctx, void *buf, size_t n)
{
	struct feed *f = ctx;

	if (n > f->left)
		n = f->left;
	memcpy(buf, f->p, n);
	f->p += n;
	f->left -= n;
	return (ssize_t)n;
}

static int collect(void *ctx, const void *p, size_t n)
{
	buf_put(ctx, p, n);
	return 0;
}

/* One packet of the input. Return: bytes of the input that it took, 0 where there is none more */
static size_t packet_of(struct sent *s, const uint8_t *p, size_t n)
{
	uint32_t caplen;

	if (n < HEAD_BYTES)
		return 0;
	caplen = p[1] < n - HEAD_BYTES ? p[1] : (uint32_t)(n - HEAD_BYTES);
	memset(s, 0, sizeof(*s));
	s->packet = (struct pcapng_packet){.data = p + HEAD_BYTES,
					   .caplen = caplen,
					   .len = le32_load(p + 2),
					   .ts_ns = le64_load(p + 6),
					   .interface = p[0] % INTERFACES,
					   .flags = p[14] & 3u,
					   .dropcount = p[14] >> 2};
	/* Text has no NUL inside. */
	for (unsigned i = 0; i < (p[15] & 15u); i++)
		s->comment[i] = (char)(1 + (p[15] + i) % 255);
	return HEAD_BYTES + caplen;
}

static void write_one(struct buf *b, const struct sent *s)
{
	struct buf block = {0};
	uint32_t n = pcapng_packet_bytes(&s->packet);

	if (!buf_reserve(&block, n))
		return;
	pcapng_packet((unsigned char *)block.p, &s->packet);
	if (s->comment[0])
		pcapng_put_commented(b, (const unsigned char *)block.p, s->comment);
	else
		buf_put(b, block.p, n);
	buf_done(&block);
}

static void compare(const char *p, size_t n, const struct sent *sent, size_t count)
{
	struct feed feed = {.p = p, .left = n};
	struct capfile_source source = {.read = feed_read, .ctx = &feed};
	struct err err;
	struct capfile *c = capfile_open_source("-", source, BUFFER, &err);
	struct capfile_frame f;

	check(c);
	for (size_t i = 0; i < count; i++) {
		const struct pcapng_packet *s = &sent[i].packet;

		check(capfile_next(c, &f, &err) == CAPFILE_FRAME);
		check(f.caplen == s->caplen && f.len == s->len && f.ts_ns == s->ts_ns);
		check(f.interface == s->interface && f.flags == s->flags);
		check(f.dropcount == s->dropcount && memcmp(f.data, s->data, s->caplen) == 0);
		check(f.comments == (sent[i].comment[0] != '\0'));
		check(!f.comment || strcmp(f.comment, sent[i].comment) == 0);
	}
	check(capfile_next(c, &f, &err) == CAPFILE_END);
	capfile_close(c);
}

static void export_again(const struct buf *b, const struct sent *sent, size_t count, uint8_t pick)
{
	const struct selection_config all = {0};
	struct err err;
	struct selection *s = selection_open(&all, &err);
	struct buf out = {0};
	const struct export_config config = {.compress = (enum compress_kind)(pick % 3),
					     .selection = s,
					     .write = collect,
					     .ctx = &out};
	struct feed feed = {.p = b->p, .left = b->n};
	struct capfile_source source = {.read = feed_read, .ctx = &feed};
	struct capfile *c = capfile_open_source("-", source, BUFFER, &err);
	struct export *e = export_open(&config, &err);

	check(s && c && e);
	check(export_input(e, c, &err) == EXPORT_WHOLE && export_end(e, &err));
	compare(out.p, out.n, sent, count);
	export_close(e);
	capfile_close(c);
	selection_close(s);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[INTERFACES] = {"vm-1", "vm-2", NULL};
	struct sent sent[PACKETS_MAX];
	struct buf b = {0};
	size_t count = 0, at = 1, took;

	if (size == 0)
		return 0;
	pcapng_put_section(&b, NULL, "os", "fuzz", data[0] & 1 ? "comment" : NULL);
	for (unsigned i = 0; i < INTERFACES; i++)
		pcapng_put_interface(&b, 1, data[0], names[i], NULL);
	while (count < PACKETS_MAX && (took = packet_of(&sent[count], data + at, size - at))) {
		write_one(&b, &sent[count++]);
		at += took;
	}
	check(!b.failed);
	compare(b.p, b.n, sent, count);
	export_again(&b, sent, count, data[0]);
	buf_done(&b);
	return 0;
}
