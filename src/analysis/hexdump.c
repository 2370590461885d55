/* hexdump.c - offset, hex, ASCII */
#include "analysis/hexdump.h"

#include <stdbool.h>

static bool marked(size_t i, size_t mark, size_t mark_n)
{
	return i >= mark && i - mark < mark_n;
}

/* Brackets stand where the blank between two bytes is, so that columns stay where they are. */
static void put_hex(const unsigned char *p, size_t n, size_t row, size_t mark, size_t mark_n,
		    struct buf *out)
{
	size_t last = row + HEXDUMP_ROW_BYTES - 1;

	for (size_t i = 0; i < HEXDUMP_ROW_BYTES; i++) {
		size_t at = row + i;
		bool here = at < n && marked(at, mark, mark_n);
		bool before = i && at - 1 < n && marked(at - 1, mark, mark_n);

		if (i == HEXDUMP_ROW_BYTES / 2)
			buf_puts(out, before && here ? "-" : " ");
		buf_puts(out, here && !before ? "[" : before && !here ? "]" : " ");
		if (at < n)
			buf_printf(out, "%02x", p[at]);
		else
			buf_puts(out, "  ");
	}
	buf_puts(out, last < n && marked(last, mark, mark_n) ? "]" : " ");
}

void hexdump(const unsigned char *p, size_t n, size_t mark, size_t mark_n, struct buf *out)
{
	int digits = 4;

	while (n && digits < 16 && (n - 1) >> (4 * digits))
		digits++;
	for (size_t row = 0; row < n; row += HEXDUMP_ROW_BYTES) {
		buf_printf(out, "%0*zx ", digits, row);
		put_hex(p, n, row, mark, mark_n, out);
		buf_puts(out, "  ");
		for (size_t i = row; i < n && i < row + HEXDUMP_ROW_BYTES; i++)
			buf_put(out, p[i] >= 0x20 && p[i] < 0x7f ? p + i : (const void *)".", 1);
		buf_putc(out, '\n');
	}
}
