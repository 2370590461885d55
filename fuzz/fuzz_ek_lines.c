/* fuzz_ek_lines.c - any bytes at any chunking against what a look at the whole says the lines are
 *
 * The first two bytes are the bound for a line, the next eight the sizes of reads, taken in turn.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "ek/ek_lines.h"

#define HEADER 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The part of the stream whose lines have not come yet. */
struct expected {
	const char *p;
	size_t n;
	size_t line_max;
};

static void expect(struct expected *e, const struct ek_line *line)
{
	const char *newline = e->n ? memchr(e->p, '\n', e->n) : NULL;
	size_t n = newline ? (size_t)(newline - e->p) : e->n;
	bool over = n > e->line_max;
	size_t kept = over && n > EK_LINE_HEAD ? EK_LINE_HEAD : n;

	check(newline || line->kind == EK_LINE_CUT);
	check(!newline || line->kind == (over ? EK_LINE_OVERSIZE : EK_LINE_WHOLE));
	check(line->total == n);
	check(line->n == kept);
	check(memcmp(line->p, e->p, kept) == 0);
	n += newline != NULL;
	e->p += n;
	e->n -= n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expected e;
	struct ek_lines l;
	struct ek_line line;
	const char *p;
	size_t n, space;

	if (size < HEADER)
		return 0;
	e.p = p = (const char *)data + HEADER;
	e.n = n = size - HEADER;
	e.line_max = (size_t)1 + data[0] + (size_t)data[1] % 8 * 256;
	ek_lines_init(&l, e.line_max);
	for (unsigned turn = 0; n; turn++) {
		size_t chunk = data[2 + turn % 8];
		char *to = ek_lines_space(&l, &space);

		check(to && space >= EK_LINES_READ_MIN);
		check(l.cap <= e.line_max + 1 + EK_LINES_READ_MIN);
		if (chunk == 255 || turn > size)
			chunk = space;
		if (chunk > n)
			chunk = n;
		memcpy(to, p, chunk);
		ek_lines_filled(&l, chunk);
		p += chunk;
		n -= chunk;
		while (ek_lines_next(&l, &line))
			expect(&e, &line);
	}
	if (data[0] % 2)
		check(ek_lines_space(&l, &space));
	if (ek_lines_end(&l, &line))
		expect(&e, &line);
	check(e.n == 0);
	ek_lines_done(&l);
	return 0;
}
