/* ek_lines.c - a stream of bytes cut into lines of any length, at any chunking */
#include "ek/ek_lines.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* The first allocation: one read in hand and one more behind the line that it left open. */
#define LINES_CAP_START ((size_t)2 * EK_LINES_READ_MIN)

/* The last one: a line of the greatest length, its newline, and one read behind it. */
#define LINES_CAP_MAX(line_max) ((line_max) + 1 + EK_LINES_READ_MIN)

/* Doubling the capacity up to LINES_CAP_MAX(EK_LINE_BYTES_MAX) cannot overflow. */
static_assert(EK_LINE_BYTES_MAX <= SIZE_MAX / 4,
	      "a line fits the address space with room to spare");

void ek_lines_init(struct ek_lines *l, size_t line_max)
{
	check(line_max <= EK_LINE_BYTES_MAX);
	memset(l, 0, sizeof(*l));
	l->line_max = line_max ? line_max : EK_LINE_BYTES_MAX;
}

void ek_lines_done(struct ek_lines *l)
{
	free(l->p);
	memset(l, 0, sizeof(*l));
}

void ek_lines_reset(struct ek_lines *l)
{
	l->from = 0;
	l->scanned = 0;
	l->n = 0;
	l->skipped = 0;
	l->oversize = false;
	l->head_n = 0;
}

/* Bytes not yet handed out: the line that is still open, once the caller has taken all others. */
static size_t left(const struct ek_lines *l)
{
	return l->n - l->from;
}

static void head_add(struct ek_lines *l, const char *p, size_t n)
{
	size_t room = EK_LINE_HEAD - l->head_n;

	if (n > room)
		n = room;
	if (n)
		memcpy(l->head + l->head_n, p, n);
	l->head_n += n;
}

/* The open line is let go, but for its head. Not done in ek_lines_next(), as the head of the
 * oversize line before may still be borrowed there. */
static void let_go(struct ek_lines *l)
{
	size_t n = left(l);

	l->oversize = true;
	head_add(l, l->p + l->from, n);
	l->skipped += n;
	l->from = l->n;
	l->scanned = 0;
}

static void drop_oversize(struct ek_lines *l)
{
	size_t n = left(l);

	if (l->scanned < n || (!l->oversize && n <= l->line_max))
		return;
	let_go(l);
}

/* Moves what is left to the front where the room behind it is short. An open line is moved once at
 * most, since it then begins at 0 until it is handed out; so the cost stays linear. */
static void compact(struct ek_lines *l)
{
	if (l->from == l->n) {
		l->from = 0;
		l->n = 0;
	} else if (l->from && l->cap - l->n < EK_LINES_READ_MIN) {
		memmove(l->p, l->p + l->from, left(l));
		l->n = left(l);
		l->from = 0;
	}
}

static bool grow(struct ek_lines *l)
{
	size_t cap_max = LINES_CAP_MAX(l->line_max);
	size_t cap = l->cap ? l->cap * 2 : LINES_CAP_START;
	char *p;

	if (cap > cap_max)
		cap = cap_max;
	if (cap - l->n < EK_LINES_READ_MIN)
		return false; /* lines that the caller has not taken fill the buffer */
	p = realloc(l->p, cap);
	if (!p)
		return false;
	l->p = p;
	l->cap = cap;
	return true;
}

bool ek_lines_reserve(struct ek_lines *l)
{
	return l->cap || grow(l);
}

char *ek_lines_space(struct ek_lines *l, size_t *n)
{
	drop_oversize(l);
	compact(l);
	if (l->cap - l->n < EK_LINES_READ_MIN && !grow(l) && l->cap == l->n) {
		/* All that is there is one open line, and memory is too short for more of it: it
		 * goes as one over the bound does. Lines that were not taken stay. */
		if (!l->cap || l->from || l->scanned < l->n)
			return NULL;
		let_go(l);
		compact(l);
	}
	*n = l->cap - l->n;
	return l->p + l->n;
}

void ek_lines_filled(struct ek_lines *l, size_t n)
{
	check(n <= l->cap - l->n);
	l->n += n;
}

/* Describes the @n bytes that come next, the end of an oversize line where one is being dropped. */
static void hand_out(struct ek_lines *l, size_t n, enum ek_line_kind kind, struct ek_line *line)
{
	const char *p = l->p + l->from;

	line->kind = kind;
	line->total = l->skipped + n;
	if (l->oversize) {
		head_add(l, p, n);
		line->p = l->head;
		line->n = l->head_n;
	} else if (n > l->line_max) {
		line->p = p;
		line->n = n < EK_LINE_HEAD ? n : EK_LINE_HEAD;
	} else {
		line->p = p;
		line->n = n;
	}
	l->oversize = false;
	l->skipped = 0;
	l->head_n = 0;
	l->scanned = 0;
}

bool ek_lines_next(struct ek_lines *l, struct ek_line *line)
{
	const char *p, *newline;
	bool oversize;
	size_t n;

	memset(line, 0, sizeof(*line));
	if (l->scanned == left(l))
		return false;
	p = l->p + l->from;
	newline = memchr(p + l->scanned, '\n', left(l) - l->scanned);
	if (!newline) {
		l->scanned = left(l);
		return false;
	}
	n = (size_t)(newline - p);
	oversize = l->oversize || n > l->line_max;
	hand_out(l, n, oversize ? EK_LINE_OVERSIZE : EK_LINE_WHOLE, line);
	l->from += n + 1;
	return true;
}

bool ek_lines_end(struct ek_lines *l, struct ek_line *line)
{
	memset(line, 0, sizeof(*line));
	check(l->scanned == left(l));
	if (!l->oversize && !left(l))
		return false;
	hand_out(l, left(l), EK_LINE_CUT, line);
	l->from = l->n;
	return true;
}
