/* buf.h - a growing run of bytes, for output built piece by piece */
#ifndef SECVF_BASE_BUF_H
#define SECVF_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct buf - Bytes [0, n) of p are in use. Zero it to start; buf_done() to end. */
struct buf {
	char *p;
	size_t n;
	size_t cap;
	bool failed; /* an allocation failed; nothing was added from then on */
};

/** buf_done() - Free the bytes and zero the struct */
void buf_done(struct buf *b);

/** buf_reset() - Empty it; what failed is forgotten with what it held */
static inline void buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

/** buf_reserve() - Make room for @n more bytes. Return: false where memory ran out (b->failed) */
bool buf_reserve(struct buf *b, size_t n);

/** buf_put() - Add @n bytes; nothing happens once b->failed */
void buf_put(struct buf *b, const void *p, size_t n);

/** buf_puts() - Add a C string without its NUL */
void buf_puts(struct buf *b, const char *s);

/** buf_putc() - Add one byte */
void buf_putc(struct buf *b, char c);

/** buf_printf() - Add formatted text */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** buf_hex() - Add bytes as two lower-case hexadecimal digits each */
void buf_hex(struct buf *b, const void *p, size_t n);

/** buf_u64() - Add @v in decimal */
void buf_u64(struct buf *b, uint64_t v);

/**
 * buf_json() - Add a JSON string, quotes included (RFC 8259)
 * @b:  Buffer
 * @s:  Any bytes; each that is not valid UTF-8 becomes U+FFFD, so the result always is
 * @n:  Bytes in @s
 *
 * What safe_width() would not show (controls, bidirectional marks, U+2028, ...) is written as \u
 * escapes: the value is the same to a program, and harmless where a person prints the JSON.
 */
void buf_json(struct buf *b, const char *s, size_t n);

#endif
