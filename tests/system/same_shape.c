/* same_shape.c - whether a capture is another one with other addresses
 *
 *     same_shape BEFORE AFTER
 *
 * As many frames, of the same lengths, times and link types; each IP address always becomes the
 * same other one, no two become one, and any two share as many first bits as before. Prints the
 * frames and the addresses; else what is not so, and exits with 1. Frames before a broken place
 * count; both have to end at the same one.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/basic.h"
#include "capfile/capfile.h"
#include "capfile/linktype.h"

#define PAIRS_MAX 4096u

struct pair {
	uint8_t family;
	unsigned char before[16], after[16];
};

static struct pair pairs[PAIRS_MAX];
static size_t pair_count;

static int differ(uint64_t frame, const char *what)
{
	printf("frame %" PRIu64 ": %s\n", frame, what);
	return 1;
}

static unsigned shared(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned i = 0;

	while (i < bits && !((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1))
		i++;
	return i;
}

/* An address that holds another one, or a part of one, is replaced by other rules. */
static bool special(const struct pair *p)
{
	return p->family == BASIC_IPV6 && (p->before[0] == 0 || p->before[0] == 0xff);
}

static const char *add_pair(uint8_t family, const unsigned char *before, const unsigned char *after)
{
	unsigned n = family == BASIC_IPV4 ? 4 : 16;
	struct pair p = {.family = family};

	memcpy(p.before, before, n);
	memcpy(p.after, after, n);
	if (special(&p))
		return NULL;
	for (size_t i = 0; i < pair_count; i++) {
		const struct pair *q = &pairs[i];

		if (q->family == family && memcmp(q->before, before, n) == 0)
			return memcmp(q->after, after, n) ? "an address became two" : NULL;
	}
	for (size_t i = 0; i < pair_count; i++) {
		const struct pair *q = &pairs[i];

		if (q->family == family &&
		    shared(q->before, before, n * 8) != shared(q->after, after, n * 8))
			return "two addresses share another prefix than before";
	}
	if (pair_count < PAIRS_MAX)
		pairs[pair_count++] = p;
	return NULL;
}

static const char *compare(const struct capfile_frame *f, const struct capfile_frame *g)
{
	const char *why = NULL;
	struct basic a, b;

	if (f->caplen != g->caplen || f->len != g->len)
		return "another length";
	if (f->ts_ns != g->ts_ns)
		return "another time";
	if (f->linktype != g->linktype)
		return "another link type";
	if (f->linktype != LINKTYPE_ETHERNET)
		return NULL;
	basic_decode(&a, f->data, f->caplen);
	basic_decode(&b, g->data, g->caplen);
	/* What is cut short inside its headers, and an ARP of other hardware than Ethernet, are not
	 * understood: zeroed, or as they were. */
	if (a.flags & (BASIC_TRUNCATED | BASIC_MALFORMED) || !(a.flags & BASIC_HAS_ADDRESS) ||
	    (a.flags & BASIC_HAS_ARP && memcmp(f->data + a.l3_offset, "\0\1\x08\0\6\4", 6) != 0))
		return NULL;
	if (!(b.flags & BASIC_HAS_ADDRESS) || a.family != b.family)
		return "no address any more";
	why = add_pair(a.family, a.src, b.src);
	return why ? why : add_pair(a.family, a.dst, b.dst);
}

int main(int argc, char **argv)
{
	struct capfile *before, *after;
	struct capfile_frame f, g;
	uint64_t frames = 0;
	struct err err;

	if (argc != 3)
		return 2;
	before = capfile_open(argv[1], &err);
	after = before ? capfile_open(argv[2], &err) : NULL;
	if (!after) {
		printf("%s\n", err.text);
		return 1;
	}
	while (capfile_next(before, &f, &err) == CAPFILE_FRAME) {
		const char *why = "it is missing";

		frames++;
		if (capfile_next(after, &g, &err) == CAPFILE_FRAME)
			why = compare(&f, &g);
		if (why)
			return differ(frames, why);
	}
	if (capfile_next(after, &g, &err) == CAPFILE_FRAME)
		return differ(frames + 1, "there was none");
	printf("%" PRIu64 " %zu\n", frames, pair_count);
	capfile_close(before);
	capfile_close(after);
	return 0;
}
