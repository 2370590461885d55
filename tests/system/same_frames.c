/* same_frames.c - whether two captures hold the same frames: same_frames A B
 *
 * Compared are bytes, lengths, link type, time in ns, interface's name and description, flags,
 * drops and all comments. A may end with a broken place; B must not. Exit 0: the same; 1: not, and
 * where.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capfile/capfile.h"

static int differ(const char *what, const struct capfile_frame *f, uint64_t a, uint64_t b)
{
	printf("frame %" PRIu64 ": %s differs: %" PRIu64 " and %" PRIu64 "\n", f->number, what, a,
	       b);
	return 1;
}

static int same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int comments_differ(const struct capfile_frame *a, const struct capfile_frame *b)
{
	uint32_t at = 0, bt = 0;
	size_t n, m;

	for (;;) {
		const char *p = capfile_comment(a, &at, &n), *q = capfile_comment(b, &bt, &m);

		if (!p && !q)
			return 0;
		if (!p || !q || n != m || memcmp(p, q, n) != 0)
			return 1;
	}
}

static int frames_differ(struct capfile *ca, struct capfile *cb, const struct capfile_frame *a,
			 const struct capfile_frame *b)
{
	unsigned count;
	const struct capfile_interface *ia = &capfile_interfaces(ca, &count)[a->interface];
	const struct capfile_interface *ib = &capfile_interfaces(cb, &count)[b->interface];

	if (a->caplen != b->caplen)
		return differ("caplen", a, a->caplen, b->caplen);
	if (a->len != b->len)
		return differ("len", a, a->len, b->len);
	if (a->ts_ns != b->ts_ns)
		return differ("time", a, a->ts_ns, b->ts_ns);
	if (a->linktype != b->linktype)
		return differ("link type", a, (uint64_t)a->linktype, (uint64_t)b->linktype);
	if (a->flags != b->flags)
		return differ("flags", a, a->flags, b->flags);
	if (a->dropcount != b->dropcount)
		return differ("dropcount", a, a->dropcount, b->dropcount);
	if (a->caplen && memcmp(a->data, b->data, a->caplen) != 0)
		return differ("data", a, 0, 1);
	if (!same_text(ia->name, ib->name) || !same_text(ia->description, ib->description))
		return differ("interface", a, a->interface, b->interface);
	if (a->comments != b->comments || comments_differ(a, b))
		return differ("comment", a, a->comments, b->comments);
	return 0;
}

int main(int argc, char **argv)
{
	struct capfile *a, *b;
	struct capfile_frame fa, fb;
	enum capfile_result ra, rb;
	struct err err;
	uint64_t frames = 0;

	if (argc != 3)
		return 2;
	a = capfile_open(argv[1], &err);
	b = capfile_open(argv[2], &err);
	if (!a || !b) {
		printf("%s\n", err.text);
		return 1;
	}
	for (;;) {
		ra = capfile_next(a, &fa, &err);
		rb = capfile_next(b, &fb, &err);
		if (ra != CAPFILE_FRAME || rb != CAPFILE_FRAME)
			break;
		if (frames_differ(a, b, &fa, &fb))
			return 1;
		frames++;
	}
	capfile_close(a);
	capfile_close(b);
	if (ra == CAPFILE_FRAME || rb != CAPFILE_END) {
		printf("after %" PRIu64 " frames one of them ends\n", frames);
		return 1;
	}
	printf("%" PRIu64 "\n", frames);
	return 0;
}
