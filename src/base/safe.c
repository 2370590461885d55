/* safe.c - hostile text made harmless for a terminal, and columns counted */
#include "base/safe.h"

#include "base/plain.h"
#include "base/safe_table.h"
#include "base/utf8.h"

#define RANGES(table) table, sizeof(table) / sizeof((table)[0])

static bool in_ranges(uint32_t cp, const struct safe_range *range, size_t n)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cp > range[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && cp >= range[low].first;
}

int safe_width(uint32_t cp)
{
	if (cp >= 0x20 && cp < 0x7f)
		return 1;
	/* Above Unicode, as UINT32_MAX for a bad byte is. */
	if (cp > 0x10ffff || in_ranges(cp, RANGES(safe_escaped)))
		return -1;
	if (cp < safe_combining[0].first)
		return 1;
	if (in_ranges(cp, RANGES(safe_combining)))
		return 0;
	return in_ranges(cp, RANGES(safe_wide)) ? 2 : 1;
}

/* Write the escape of a code point, or of @byte where the code point is none. Return: its length */
static unsigned escape(char out[SAFE_ESCAPE_MAX], uint32_t cp, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	unsigned digits = 2;
	uint32_t value = cp;

	out[0] = '\\';
	out[1] = 'x';
	if (cp > 0x10ffff) {
		value = byte;
	} else if (cp > 0xffff) {
		out[1] = 'U';
		digits = 8;
	} else if (cp > 0x7f) {
		out[1] = 'u';
		digits = 4;
	}
	for (unsigned i = 0; i < digits; i++)
		out[2 + i] = hex[value >> 4 * (digits - 1 - i) & 15];
	return 2 + digits;
}

size_t safe_put(struct buf *out, const char *s, size_t n, unsigned columns_max, unsigned *columns)
{
	/* Full to start with: a mark that comes first has no base. */
	unsigned at = 0, marks = SAFE_MARKS_MAX;
	size_t i = 0, from = 0;

	while (i < n) {
		size_t left = n - i < columns_max - at ? n - i : columns_max - at;
		size_t step, run = plain_run(s + i, left);
		char text[SAFE_ESCAPE_MAX];
		unsigned length;
		uint32_t cp;
		int width;

		if (run) {
			at += (unsigned)run;
			i += run;
			marks = 0;
			continue;
		}
		step = utf8_next(s + i, n - i, &cp);
		width = safe_width(cp);
		if (width > 0 || (width == 0 && marks < SAFE_MARKS_MAX)) {
			if ((unsigned)width > columns_max - at)
				break;
			marks = width ? 0 : marks + 1;
			at += (unsigned)width;
			i += step;
			continue;
		}
		length = escape(text, cp, (unsigned char)s[i]);
		if (length > columns_max - at)
			break;
		if (i > from)
			buf_put(out, s + from, i - from);
		buf_put(out, text, length);
		/* Nor is an escape a base: a mark on it could make it look like another. */
		marks = SAFE_MARKS_MAX;
		at += length;
		i += step;
		from = i;
	}
	if (i > from)
		buf_put(out, s + from, i - from);
	*columns = at;
	return i;
}
