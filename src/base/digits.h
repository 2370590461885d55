/* digits.h - numbers as text where printf would be the slowest part; no NUL is written */
#ifndef SECVF_BASE_DIGITS_H
#define SECVF_BASE_DIGITS_H

#include <stdint.h>

/* Room for any uint64_t in decimal. */
#define DIGITS_U64_MAX 20u

/** digits_fixed() - @v in decimal, its last @count digits, zeros before. Return: the end */
static inline char *digits_fixed(char *p, uint64_t v, unsigned count)
{
	for (unsigned i = count; i; i--) {
		p[i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	return p + count;
}

/** digits_u64() - @v in decimal, DIGITS_U64_MAX bytes at most. Return: the end */
static inline char *digits_u64(char *p, uint64_t v)
{
	unsigned count = 1;

	for (uint64_t rest = v; rest >= 10; rest /= 10)
		count++;
	return digits_fixed(p, v, count);
}

/** digits_hex() - The low @count hexadecimal digits of @v, lower case. Return: the end */
static inline char *digits_hex(char *p, uint32_t v, unsigned count)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < count; i++)
		p[i] = hex[v >> 4 * (count - 1 - i) & 15];
	return p + count;
}

#endif
