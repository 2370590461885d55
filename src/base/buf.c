/* buf.c - a growing run of bytes */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void buf_done(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

bool buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	char *p;

	if (b->failed)
		return false;
	if (b->cap - b->n >= n)
		return true;
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

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (!n || !buf_reserve(b, n))
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
	if (!buf_reserve(b, 1))
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
	if (n < 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, digits + at, sizeof(digits) - at);
}

static void put_json_control(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char esc[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '\n': buf_put(b, "\\n", 2); break;
	case '\r': buf_put(b, "\\r", 2); break;
	case '\t': buf_put(b, "\\t", 2); break;
	default: buf_put(b, esc, sizeof(esc)); break;
	}
}

void buf_json(struct buf *b, const char *s, size_t n)
{
	size_t from = 0, i = 0;
	uint32_t cp;

	buf_putc(b, '"');
	while (i < n) {
		unsigned char c = (unsigned char)s[i];
		size_t step = 1;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		if (c >= 0x80) {
			step = utf8_next(s + i, n - i, &cp);
			if (cp != UINT32_MAX) {
				i += step;
				continue;
			}
		}
		buf_put(b, s + from, i - from);
		if (c == '"' || c == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)c);
		} else if (c < 0x80) {
			put_json_control(b, c);
		} else {
			buf_puts(b, "\xef\xbf\xbd");
		}
		i += step;
		from = i;
	}
	buf_put(b, s + from, n - from);
	buf_putc(b, '"');
}
