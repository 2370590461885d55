/* digits.h - numbers as text where printf would be the slowest part, with no NUL; hexadecimal
 * digits */
#ifndef SECVF_BASE_DIGITS_H
#define SECVF_BASE_DIGITS_H

#include <stdint.h>
#include <string.h>

/* Room for any uint64_t in decimal. */
#define DIGITS_U64_MAX 20u

/* "00" to "99": two digits a division. */
static const char digits_pairs[] = "00010203040506070809101112131415161718192021222324"
				   "25262728293031323334353637383940414243444546474849"
				   "50515253545556575859606162636465666768697071727374"
				   "75767778798081828384858687888990919293949596979899";

/** digits_fixed() - @v in decimal, its last @count digits, zeros before. Return: the end */
static inline char *digits_fixed(char *p, uint64_t v, unsigned count)
{
	unsigned i = count;

	for (; i >= 2; i -= 2) {
		memcpy(p + i - 2, digits_pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (i)
		p[0] = (char)('0' + v % 10);
	return p + count;
}

/** digits_u64() - @v in decimal, DIGITS_U64_MAX bytes at most. Return: the end */
static inline char *digits_u64(char *p, uint64_t v)
{
	unsigned count = 1;

	for (uint64_t bound = 10; v >= bound && count < DIGITS_U64_MAX; bound *= 10)
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

/** digit_of_hex() - Value of a hexadecimal digit of either case, or -1 */
static inline int digit_of_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
