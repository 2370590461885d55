/* ek_walk.h - one walk over one EK line, token by token; for the scanner and the tree alone
 *
 * Theory of operation: a walk is at a byte of the line. Each function steps over what its name says
 * and returns false with `why` set where the line does not have it there; `p` is then the place.
 * Containers are not recursed into: opening one sets a bit, ek_next_element() goes on in the
 * innermost that is open. What is not looked at, ek_skip_value() steps over by blocks (ek_skip.h),
 * and by tokens only where that says no; so what is refused, and where, is the same whatever the
 * processor has.
 *
 * What is accepted is what tshark prints, which is JSON (RFC 8259) save that strings may hold
 * any byte from 0x20 on that is not a quote or a backslash, valid UTF-8 or not.
 */
#ifndef SECVF_EK_EK_WALK_H
#define SECVF_EK_EK_WALK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "base/bytes.h"
#include "base/digits.h"
#include "ek/ek_skip.h"
#include "ek/ek_text.h"

#define EK_CUT	"the line ends inside the object"
#define EK_MORE "more after the object's end"

/* One walk over one line. */
struct ek_walk {
	const char *p;
	const char *end;
	const char *why;  /* set once the line is broken */
	uint64_t objects; /* bit d: what was opened at depth d is an object, else an array */
	unsigned depth;	  /* containers open */
	bool fresh; /* a bracket was opened just now: no comma comes before the next element */
};
static_assert(EK_DEPTH_MAX <= 64, "ek_walk.objects has a bit for each level");

static inline bool ek_broken(struct ek_walk *s, const char *why)
{
	s->why = s->p < s->end ? why : EK_CUT;
	return false;
}

#define EK_BYTES(b) ((uint64_t)(b)*0x0101010101010101u)

/* The high bit of each zero byte of @v; above the lowest of them there may be false ones. */
static inline uint64_t ek_zero_bytes(uint64_t v)
{
	return (v - EK_BYTES(0x01)) & ~v & EK_BYTES(0x80);
}

/* A mark in the high bit of each byte that is a quote, a backslash or a control; the lowest is
 * sure, read as little-endian it is the first byte. */
static inline uint64_t ek_not_plain_8(const char *p)
{
	uint64_t v = le64_load((const unsigned char *)p);

	return ((v - EK_BYTES(0x20)) & ~v & EK_BYTES(0x80)) | ek_zero_bytes(v ^ EK_BYTES('"')) |
	       ek_zero_bytes(v ^ EK_BYTES('\\'));
}

static inline bool ek_is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* ek_plain_16() - Whether the first 16 bytes at @p are all plain, @stop set to the first that is
 * not */
#if defined(__SSE2__)
static inline bool ek_plain_16(const char *p, unsigned *stop)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i bad = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
				   _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	unsigned mask;

	bad = _mm_or_si128(
		bad, _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f)));
	mask = (unsigned)_mm_movemask_epi8(bad);
	if (!mask)
		return true;
	*stop = (unsigned)__builtin_ctz(mask);
	return false;
}
#elif defined(__ARM_NEON) && defined(__aarch64__)
static inline bool ek_plain_16(const char *p, unsigned *stop)
{
	uint8x16_t v = vld1q_u8((const uint8_t *)p);
	uint8x16_t bad = vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')), vceqq_u8(v, vdupq_n_u8('\\')));
	uint64_t mask;

	bad = vorrq_u8(bad, vcltq_u8(v, vdupq_n_u8(0x20)));
	/* Four bits a byte: the narrowing shift keeps the middle of each pair. */
	mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(bad), 4)), 0);
	if (!mask)
		return true;
	*stop = (unsigned)__builtin_ctzll(mask) / 4;
	return false;
}
#else
static inline bool ek_plain_16(const char *p, unsigned *stop)
{
	for (unsigned i = 0; i < 16; i += 8) {
		uint64_t mask = ek_not_plain_8(p + i);

		if (mask) {
			*stop = i + (unsigned)__builtin_ctzll(mask) / 8;
			return false;
		}
	}
	return true;
}
#endif

/* First byte in [p, end) that a string's plain text cannot hold: quote, backslash, control; or end.
 */
static inline const char *ek_plain_end(const char *p, const char *end)
{
	unsigned stop;

	for (; end - p >= 16; p += 16) {
		if (!ek_plain_16(p, &stop))
			return p + stop;
	}
	for (; end - p >= 8; p += 8) {
		uint64_t mask = ek_not_plain_8(p);

		if (mask)
			return p + __builtin_ctzll(mask) / 8;
	}
	while (p < end && ek_is_plain(*p))
		p++;
	return p;
}

/* Steps over the escape at s->p, byte by byte, so that one cut short is known as such. */
static inline bool ek_skip_escape(struct ek_walk *s)
{
	static const char unknown[] = "an escape that JSON does not know";

	s->p++;
	if (s->p < s->end && ek_escaped_byte(*s->p)) {
		s->p++;
		return true;
	}
	if (s->p == s->end || *s->p != 'u')
		return ek_broken(s, unknown);
	s->p++;
	for (int i = 0; i < 4; i++, s->p++) {
		if (s->p == s->end || digit_of_hex(*s->p) < 0)
			return ek_broken(s, unknown);
	}
	return true;
}

/* Steps over the string that starts at s->p. */
static inline bool ek_scan_string(struct ek_walk *s, struct ek_span *span)
{
	*span = (struct ek_span){++s->p, 0};
	for (;;) {
		s->p = ek_plain_end(s->p, s->end);
		if (s->p == s->end)
			return ek_broken(s, EK_CUT);
		if (*s->p == '"')
			break;
		if (*s->p != '\\')
			return ek_broken(s, "a control character inside a string");
		if (!ek_skip_escape(s))
			return false;
	}
	span->n = (size_t)(s->p - span->p);
	s->p++;
	return true;
}

/* The next byte that is no white space, or 0 at the end; a NUL of the line's own fits nowhere. */
static inline char ek_peek(struct ek_walk *s)
{
	for (; s->p < s->end; s->p++) {
		if (*s->p != ' ' && *s->p != '\t' && *s->p != '\r' && *s->p != '\n')
			return *s->p;
	}
	return 0;
}

static inline bool ek_skip_digits(struct ek_walk *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

/* Steps over one of @a and @b. */
static inline bool ek_skip_either(struct ek_walk *s, char a, char b)
{
	if (s->p == s->end || (*s->p != a && *s->p != b))
		return false;
	s->p++;
	return true;
}

static inline bool ek_scan_number(struct ek_walk *s, struct ek_span *span)
{
	const char *from = s->p;

	ek_skip_either(s, '-', '-');
	if (!ek_skip_either(s, '0', '0') && !ek_skip_digits(s))
		return ek_broken(s, "no value where one should be");
	if (ek_skip_either(s, '.', '.') && !ek_skip_digits(s))
		return ek_broken(s, "a number without digits after its point");
	if (ek_skip_either(s, 'e', 'E')) {
		ek_skip_either(s, '+', '-');
		if (!ek_skip_digits(s))
			return ek_broken(s, "a number without digits in its exponent");
	}
	span->p = from;
	span->n = (size_t)(s->p - from);
	return true;
}

static inline bool ek_skip_word(struct ek_walk *s, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++, s->p++) {
		if (s->p == s->end || *s->p != word[i])
			return ek_broken(s, "no value where one should be");
	}
	return true;
}

static inline bool ek_open_container(struct ek_walk *s)
{
	uint64_t bit = UINT64_C(1) << s->depth % 64;

	if (s->depth == EK_DEPTH_MAX)
		return ek_broken(s, "nested too deep");
	s->objects = *s->p == '{' ? s->objects | bit : s->objects & ~bit;
	s->depth++;
	s->fresh = true;
	s->p++;
	return true;
}

/* Steps over a string, a number or a word, or into an object or an array. @span: text of a string
 * or a number; else untouched. */
static inline bool ek_scan_value(struct ek_walk *s, struct ek_span *span)
{
	switch (ek_peek(s)) {
	case '"': return ek_scan_string(s, span);
	case '{':
	case '[': return ek_open_container(s);
	case 't': return ek_skip_word(s, "true", 4);
	case 'f': return ek_skip_word(s, "false", 5);
	case 'n': return ek_skip_word(s, "null", 4);
	default: return ek_scan_number(s, span);
	}
}

static inline bool ek_scan_key(struct ek_walk *s, struct ek_span *key)
{
	if (ek_peek(s) != '"')
		return ek_broken(s, "no key where one should be");
	if (!ek_scan_string(s, key))
		return false;
	if (ek_peek(s) != ':')
		return ek_broken(s, "no colon after a key");
	s->p++;
	return true;
}

/* Steps to the next value of the innermost container; @key: its key, empty in an array.
 * Return: false where the container ended (it is closed then) or the line is broken (s->why) */
static inline bool ek_next_element(struct ek_walk *s, struct ek_span *key)
{
	bool object = s->objects >> (s->depth - 1) & 1;
	bool fresh = s->fresh;
	char c = ek_peek(s);

	s->fresh = false;
	if (c == (object ? '}' : ']')) {
		s->p++;
		s->depth--;
		return false;
	}
	if (!fresh) {
		if (c != ',')
			return ek_broken(s, "neither a comma nor the closing bracket");
		s->p++;
	}
	if (object)
		return ek_scan_key(s, key);
	*key = (struct ek_span){"", 0};
	return true;
}

/* Steps over the rest of all containers opened beyond @depth. */
static inline bool ek_skip_to_depth(struct ek_walk *s, unsigned depth)
{
	struct ek_span ignored;

	while (s->depth > depth) {
		if (ek_next_element(s, &ignored)) {
			if (!ek_scan_value(s, &ignored))
				return false;
		} else if (s->why) {
			return false;
		}
	}
	return true;
}

/* Goes on at @p, where blocks found the end of the innermost container. */
static inline bool ek_skipped_to(struct ek_walk *s, const char *p)
{
	if (!p)
		return false;
	s->p = p;
	s->fresh = false;
	return true;
}

static inline bool ek_skip_value(struct ek_walk *s)
{
	unsigned depth = s->depth;
	struct ek_span ignored;
	char c = ek_peek(s);

	if ((c == '{' || c == '[') && ek_skipped_to(s, ek_skip(s->p, s->end, EK_DEPTH_MAX - depth)))
		return true;
	return ek_scan_value(s, &ignored) && ek_skip_to_depth(s, depth);
}

/* Steps out of the innermost container, an object, from behind a value of it. */
static inline bool ek_skip_rest_of_object(struct ek_walk *s)
{
	if (ek_skipped_to(s, ek_skip_rest(s->p, s->end, EK_DEPTH_MAX - s->depth + 1))) {
		s->depth--;
		return true;
	}
	return ek_skip_to_depth(s, s->depth - 1);
}

#endif
