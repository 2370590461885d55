/* ek_lines.h - a stream of bytes cut into lines of any length, at any chunking
 *
 * Theory of operation: the caller reads straight into the free space that ek_lines_space() lends,
 * says how much came, and takes whole lines until there is none. A line's bytes stay where they are
 * until the next call of ek_lines_space(). Memory grows with the longest line up to
 * EK_LINE_BYTES_MAX; what is longer is dropped as it comes, counted, and reported once as
 * EK_LINE_OVERSIZE when its newline arrives, so that nothing is lost silently and the next line is
 * read as if nothing had been. At the end of the stream, what has no newline is EK_LINE_CUT.
 *
 *	while ((p = ek_lines_space(l, &n)) && (got = read(fd, p, n)) > 0) {
 *		ek_lines_filled(l, got);
 *		while (ek_lines_next(l, &line))
 *			...
 *	}
 *	if (ek_lines_end(l, &line))
 *		...
 *
 * Limits: at most EK_LINE_BYTES_MAX + 1 + EK_LINES_READ_MIN bytes are ever allocated, by doubling;
 * each byte is searched for a newline once and moved once at most, apart from the doubling. Memory
 * that one long line made grow is kept for the next, until ek_lines_done().
 */
#ifndef SECVF_EK_EK_LINES_H
#define SECVF_EK_EK_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line kept. Of -T ek, the longest seen was 28.5 MB, from one frame; a power of two
 * with as much again to spare. With -x, which we never ask for, the same frame makes 79.1 MB. */
#define EK_LINE_BYTES_MAX (64u << 20)

/* What ek_lines_space() lends at least: as much as one read of a full 64 KiB pipe brings. */
#define EK_LINES_READ_MIN 65536u

enum ek_line_kind {
	EK_LINE_NONE,	  /* no whole line yet: read more */
	EK_LINE_WHOLE,	  /* bytes of a line, without its newline */
	EK_LINE_OVERSIZE, /* a line over the bound; bytes: its first EK_LINE_HEAD or fewer */
	EK_LINE_CUT, /* the stream ended inside this line; bytes: all, or as EK_LINE_OVERSIZE */
};

/* How much of a refused line is kept for the audit log. */
#define EK_LINE_HEAD 256u

struct ek_line {
	enum ek_line_kind kind;
	const char *p;	/* borrowed until the next ek_lines_space(), ek_lines_reset() or _done() */
	size_t n;	/* bytes at p */
	uint64_t total; /* bytes that the line really had, newline not counted */
};

struct ek_lines {
	char *p;
	size_t cap;
	size_t from;	  /* first byte not yet handed out */
	size_t scanned;	  /* bytes from `from` known to hold no newline */
	size_t n;	  /* bytes in use */
	size_t line_max;  /* EK_LINE_BYTES_MAX, or less in tests */
	uint64_t skipped; /* bytes dropped so far of an oversize line */
	bool oversize;	  /* inside a line of which bytes were dropped */
	char head[EK_LINE_HEAD];
	size_t head_n;
};

/** ek_lines_init() - Start; @line_max: bound for a line, at most and if 0 EK_LINE_BYTES_MAX.
 * Allocates nothing. */
void ek_lines_init(struct ek_lines *l, size_t line_max);

/** ek_lines_reserve() - Memory for lines of usual lengths, so that reading goes on where there is
 * none later. Return: false where there is none now */
bool ek_lines_reserve(struct ek_lines *l);

/** ek_lines_done() - Free */
void ek_lines_done(struct ek_lines *l);

/** ek_lines_reset() - Forget everything buffered (a new generation); keeps the memory */
void ek_lines_reset(struct ek_lines *l);

/**
 * ek_lines_space() - Where to read to
 * @l:  Lines; each line handed out before is given back
 * @n:  Set to the bytes of free space, EK_LINES_READ_MIN at least unless memory ran out
 *
 * Where memory runs out for a line, it becomes EK_LINE_OVERSIZE. Return: the space, or NULL where
 * there is no memory at all, or where lines that were never taken with ek_lines_next() fill it;
 * what is buffered is kept, and a later call may succeed
 */
char *ek_lines_space(struct ek_lines *l, size_t *n);

/** ek_lines_filled() - @n bytes, 0 allowed, were written to the space lent last */
void ek_lines_filled(struct ek_lines *l, size_t n);

/** ek_lines_next() - Next whole or oversize line. Return: false with EK_LINE_NONE where none is
 * whole */
bool ek_lines_next(struct ek_lines *l, struct ek_line *line);

/** ek_lines_end() - The stream has ended: what is left, once ek_lines_next() has said false.
 * Another stream may begin then. Return: true with EK_LINE_CUT, false with EK_LINE_NONE if nothing
 * is left */
bool ek_lines_end(struct ek_lines *l, struct ek_line *line);

#endif
