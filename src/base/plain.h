/* plain.h - runs of printable ASCII, eight bytes at a time: nearly all of nearly all text */
#ifndef SECVF_BASE_PLAIN_H
#define SECVF_BASE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PLAIN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether a byte of @w is below @byte, which is at most 0x80. A byte above it may be taken for one
 * where the byte before it is, which is why these find where to look closer, and no more. */
static inline bool plain_below(uint64_t w, unsigned byte)
{
	return ((w - PLAIN_EACH(byte)) & ~w & PLAIN_EACH(0x80u)) != 0;
}

static inline bool plain_has(uint64_t w, unsigned byte)
{
	return plain_below(w ^ PLAIN_EACH(byte), 1);
}

static inline bool plain_byte(char c)
{
	return c >= 0x20 && c < 0x7f;
}

/** plain_run() - Bytes from 0x20 to 0x7e at the start of @s. Return: their number, at most @n */
static inline size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, s + i, sizeof(w));
		if (w & PLAIN_EACH(0x80u) || plain_below(w, 0x20) || plain_has(w, 0x7f))
			break;
	}
	while (i < n && plain_byte(s[i]))
		i++;
	return i;
}

/** plain_json_run() - As plain_run(), ended by a quote or a backslash too */
static inline size_t plain_json_run(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, s + i, sizeof(w));
		if (w & PLAIN_EACH(0x80u) || plain_below(w, 0x20) || plain_has(w, 0x7f) ||
		    plain_has(w, '"') || plain_has(w, '\\'))
			break;
	}
	while (i < n && plain_byte(s[i]) && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

#endif
