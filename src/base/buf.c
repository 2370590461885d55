/* buf.c - a growing run of bytes */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/plain.h"
#include "base/safe.h"
#include "base/utf8.h"

void buf_done(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

static bool grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	char *p;

	if (n > SIZE_MAX / 2 - b->n) {
		b->failed = true;
		return false;
	}
	while (cap - b->n < n)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

/* Inlined into what adds a few bytes, which is called a dozen times a row. */
static inline bool has_room(struct buf *b, size_t n)
{
	return !b->failed && (b->cap - b->n >= n || grow(b, n));
}

bool buf_reserve(struct buf *b, size_t n)
{
	return has_room(b, n);
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (!n || !has_room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	if (!has_room(b, 1))
		return;
	b->p[b->n++] = c;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true; /* over INT_MAX bytes */
		return;
	}
	if (!has_room(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_hex(struct buf *b, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = p;

	if (!buf_reserve(b, 2 * n))
		return;
	for (size_t i = 0; i < n; i++) {
		b->p[b->n++] = digits[byte[i] >> 4];
		b->p[b->n++] = digits[byte[i] & 15];
	}
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[DIGITS_U64_MAX] = "";

	buf_put(b, digits, (size_t)(digits_u64(digits, v) - digits));
}

static void put_json_unit(struct buf *b, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {
		'\\',	       'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
		hex[unit & 15]};

	buf_put(b, text, sizeof(text));
}

static void put_json_escape(struct buf *b, uint32_t cp)
{
	char raw[4];

	switch (cp) {
	case '"': buf_put(b, "\\\"", 2); break;
	case '\\': buf_put(b, "\\\\", 2); break;
	case '\n': buf_put(b, "\\n", 2); break;
	case '\r': buf_put(b, "\\r", 2); break;
	case '\t': buf_put(b, "\\t", 2); break;
	case UINT32_MAX: buf_put(b, "\xef\xbf\xbd", 3); break;
	default:
		if (cp > 0xffff && (cp & 0xf800) == 0xd800) {
			/* json-c 0.16 takes the character that such a pair stands for to be half of
			 * one itself. None of these does anything to a terminal. */
			buf_put(b, raw, utf8_put(cp, raw));
		} else if (cp > 0xffff) {
			put_json_unit(b, 0xd800 + ((cp - 0x10000) >> 10));
			put_json_unit(b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
		} else {
			put_json_unit(b, cp);
		}
		break;
	}
}

void buf_json(struct buf *b, const char *s, size_t n)
{
	size_t from = 0, i = 0;
	uint32_t cp;

	buf_putc(b, '"');
	while (i < n) {
		size_t step;

		i += plain_json_run(s + i, n - i);
		if (i == n)
			break;
		step = utf8_next(s + i, n - i, &cp);
		if (cp >= 0x80 && safe_width(cp) >= 0) {
			i += step;
			continue;
		}
		if (i > from)
			buf_put(b, s + from, i - from);
		put_json_escape(b, cp);
		i += step;
		from = i;
	}
	if (i > from)
		buf_put(b, s + from, i - from);
	buf_putc(b, '"');
}
