/* tail.c - the last lines of stderr */
#include "tshark/tail.h"

#include <string.h>

static void end_line(struct tail *t, void (*line)(void *ctx, const char *text, size_t n), void *ctx)
{
	size_t at = t->lines % TAIL_LINES;

	memcpy(t->line[at], t->part, t->part_n);
	t->length[at] = t->part_n;
	t->lines++;
	line(ctx, t->part, t->part_n);
	t->part_n = 0;
	t->part_open = false;
}

void tail_feed(struct tail *t, const char *p, size_t n,
	       void (*line)(void *ctx, const char *text, size_t n), void *ctx)
{
	while (n) {
		const char *newline = memchr(p, '\n', n);
		size_t length = newline ? (size_t)(newline - p) : n;
		size_t room = TAIL_BYTES - t->part_n;
		size_t kept = length < room ? length : room;

		memcpy(t->part + t->part_n, p, kept);
		t->part_n += kept;
		t->part_open = true;
		if (!newline)
			return;
		end_line(t, line, ctx);
		p = newline + 1;
		n -= length + 1;
	}
}

void tail_end(struct tail *t, void (*line)(void *ctx, const char *text, size_t n), void *ctx)
{
	if (t->part_open)
		end_line(t, line, ctx);
}

const char *tail_last(const struct tail *t, size_t back, size_t *n)
{
	size_t at;

	if (back >= t->lines || back >= TAIL_LINES)
		return NULL;
	at = (t->lines - 1 - back) % TAIL_LINES;
	*n = t->length[at];
	return t->line[at];
}
