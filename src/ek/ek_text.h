/* ek_text.h - the text of a JSON string: as it stands in the line, and what it stands for */
#ifndef SECVF_EK_EK_TEXT_H
#define SECVF_EK_EK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct ek_span - Bytes of a JSON string between its quotes, still escaped; p NULL: not there */
struct ek_span {
	const char *p; /* borrowed from the line */
	size_t n;
};

/** ek_escaped_byte() - What the byte after a backslash stands for, or 0 where JSON knows none
 * (RFC 8259, section 7); \u is not one byte */
static inline char ek_escaped_byte(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/': return c;
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return 0;
	}
}

/**
 * ek_unescape() - The bytes that a JSON string stands for
 * @s:    Span
 * @out:  Room for s.n bytes, which always suffices
 *
 * \uXXXX becomes UTF-8, \u0000 a NUL, surrogate pairs joined, a lone surrogate U+FFFD. Other bytes
 * come through as they are, UTF-8 or not. An escape that JSON does not know is kept as it stands.
 *
 * Return: bytes written
 */
size_t ek_unescape(struct ek_span s, char *out);

#endif
