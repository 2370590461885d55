/* ek_text.c - what the text of a JSON string stands for */
#include "ek/ek_text.h"

#include <string.h>

#include "base/digits.h"
#include "base/utf8.h"

/* What \uXXXX at @p stands for, or -1 where there is none before @end. */
static int32_t escaped_unit(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = digit_of_hex(p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* Reads the escape at @p, "\uXXXX" or two of them that make a pair. Return: bytes taken */
static size_t unescape_unicode(const char *p, const char *end, uint32_t *cp)
{
	int32_t unit = escaped_unit(p, end), low;

	if (unit < 0xd800 || unit > 0xdfff) {
		*cp = (uint32_t)unit;
		return 6;
	}
	*cp = 0xfffd;
	if (unit >= 0xdc00)
		return 6;
	low = escaped_unit(p + 6, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 6;
	*cp = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
	return 12;
}

size_t ek_unescape(struct ek_span s, char *out)
{
	const char *p = s.p, *end = s.n ? s.p + s.n : s.p, *from;
	size_t n = 0;
	uint32_t cp;

	while (p < end) {
		from = p;
		while (p < end && *p != '\\')
			p++;
		memcpy(out + n, from, (size_t)(p - from));
		n += (size_t)(p - from);
		if (p == end)
			break;
		if (end - p >= 2 && ek_escaped_byte(p[1])) {
			out[n++] = ek_escaped_byte(p[1]);
			p += 2;
		} else if (escaped_unit(p, end) >= 0) {
			p += unescape_unicode(p, end, &cp);
			n += utf8_put(cp, out + n);
		} else {
			out[n++] = *p++;
		}
	}
	return n;
}
