/* utf8.h - UTF-8 read one code point at a time, whatever the bytes (RFC 3629) */
#ifndef SECVF_BASE_UTF8_H
#define SECVF_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * utf8_next() - Length of the code point that starts at @s
 * @s:   Bytes
 * @n:   Bytes left, at least 1
 * @cp:  Set to the code point, or to UINT32_MAX where the bytes are no well-formed one
 *       (overlong, surrogate, beyond U+10FFFF, cut short)
 *
 * Return: bytes taken: 1 to 4, and 1 for a byte that is not well-formed
 */
size_t utf8_next(const char *s, size_t n, uint32_t *cp);

/** utf8_put() - Write @cp (below 0x110000) to @out, which has room for 4. Return: bytes written */
size_t utf8_put(uint32_t cp, char *out);

#endif
