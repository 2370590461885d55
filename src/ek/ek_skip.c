/* ek_skip.c - the end of a JSON object or array, found 64 bytes at a time */
#include "ek/ek_skip.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "base/bytes.h"
#include "base/check.h"
#include "base/digits.h"
#include "ek/ek_text.h"

#define BLOCK 64
static_assert(EK_DEPTH_MAX <= 64, "ek_skip() has a bit for each level");

/* Of a block: bit i says that byte i is one. */
struct masks {
	uint64_t quote;
	uint64_t slash; /* backslash */
	uint64_t open;	/* { or [ */
	uint64_t close;
	uint64_t colon;
	uint64_t comma;
	uint64_t control; /* below 0x20 */
};

/* Bit i: the number of bits of @m from 0 to i is odd. */
static inline uint64_t prefix_xor(uint64_t m)
{
	for (unsigned by = 1; by < 64; by *= 2)
		m ^= m << by;
	return m;
}

/* Looks at the escapes that begin in a block at @at, of which @slash has the backslashes. @escaped:
 * the first byte of the block is escaped; then that of the next. @taken: the bytes escaped. Return:
 * false where JSON does not know one, or it is cut */
static bool escapes(const char *at, const char *end, uint64_t slash, bool *escaped, uint64_t *taken)
{
	*taken = *escaped;
	slash &= ~*taken;
	*escaped = false;
	while (slash) {
		unsigned i = (unsigned)__builtin_ctzll(slash);
		const char *p = at + i + 1;
		uint64_t next = UINT64_C(2) << i;

		if (p >= end)
			return false;
		if (*p == 'u') {
			if (end - p < 5)
				return false;
			for (unsigned digit = 1; digit < 5; digit++) {
				if (digit_of_hex(p[digit]) < 0)
					return false;
			}
		} else if (!ek_escaped_byte(*p)) {
			return false;
		}
		*taken |= next;
		*escaped = i == BLOCK - 1;
		slash &= ~next & (slash - 1);
	}
	return true;
}

static bool word_at(const char *p, const char *end, const char *word, ptrdiff_t n)
{
	return end - p > n && memcmp(p, word, (size_t)n) == 0 &&
	       (p[n] == ',' || p[n] == '}' || p[n] == ']');
}

/* Whether at each bit of @starts there is true, false or null. */
static bool words(const char *at, const char *end, uint64_t starts)
{
	for (; starts; starts &= starts - 1) {
		const char *p = at + __builtin_ctzll(starts);

		if (!word_at(p, end, "true", 4) && !word_at(p, end, "false", 5) &&
		    !word_at(p, end, "null", 4))
			return false;
	}
	return true;
}

/* A bit for each byte of @v that is zero, the first byte lowest. */
static inline uint64_t zero_bits(uint64_t v)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);

	v = ~(((v & low) + low) | v | low) >> 7;
	return v * UINT64_C(0x0102040810204080) >> 56;
}

/* A block at @p, of which there are @n bytes: itself, or @copy filled up. Closing brackets may
 * follow each other without end, so they make no line wrong that ends before them. */
static inline const char *whole_block(const char *p, size_t n, char copy[BLOCK])
{
	if (n >= BLOCK)
		return p;
	memset(copy, '}', BLOCK);
	memcpy(copy, p, n);
	return copy;
}

static inline void masks_plain(const char *p, size_t n, struct masks *m)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	char copy[BLOCK];

	p = whole_block(p, n, copy);
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < BLOCK; i += 8) {
		uint64_t v = le64_load((const unsigned char *)p + i), folded = v | each * 0x20;

		m->quote |= zero_bits(v ^ each * '"') << i;
		m->slash |= zero_bits(v ^ each * '\\') << i;
		m->open |= zero_bits(folded ^ each * '{') << i;
		m->close |= zero_bits(folded ^ each * '}') << i;
		m->colon |= zero_bits(v ^ each * ':') << i;
		m->comma |= zero_bits(v ^ each * ',') << i;
		m->control |= zero_bits(v & each * 0xe0) << i;
	}
}

#define SKIP	   skip_plain
#define MASKS	   masks_plain
#define PREFIX_XOR prefix_xor
#define TARGET
#include "ek/ek_skip_blocks.h"

#if defined(__x86_64__)
/* Every x86-64 has SSE2. */
static inline void masks_sse2(const char *p, size_t n, struct masks *m)
{
	char copy[BLOCK];

	p = whole_block(p, n, copy);
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
#define BITS(equal) ((uint64_t)(unsigned)_mm_movemask_epi8(equal) << i)
#define EQUAL(x, c) BITS(_mm_cmpeq_epi8(x, _mm_set1_epi8(c)))
		m->quote |= EQUAL(v, '"');
		m->slash |= EQUAL(v, '\\');
		m->open |= EQUAL(folded, '{');
		m->close |= EQUAL(folded, '}');
		m->colon |= EQUAL(v, ':');
		m->comma |= EQUAL(v, ',');
		m->control |= EQUAL(_mm_max_epu8(v, _mm_set1_epi8(0x1f)), 0x1f);
#undef EQUAL
#undef BITS
	}
}

#define SKIP	   skip_sse2
#define MASKS	   masks_sse2
#define PREFIX_XOR prefix_xor
#define TARGET
#include "ek/ek_skip_blocks.h"

#define AVX2_TARGET __attribute__((target("avx2,pclmul,bmi,bmi2")))

AVX2_TARGET static inline uint64_t prefix_xor_clmul(uint64_t m)
{
	__m128i product =
		_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)m), _mm_set1_epi8((char)0xff), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

AVX2_TARGET static inline void masks_avx2(const char *p, size_t n, struct masks *m)
{
	char copy[BLOCK];
	const char *q = whole_block(p, n, copy);
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)q);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(q + 32));
	__m256i a_folded = _mm256_or_si256(a, _mm256_set1_epi8(0x20));
	__m256i b_folded = _mm256_or_si256(b, _mm256_set1_epi8(0x20));
	const __m256i last_control = _mm256_set1_epi8(0x1f);

#define BITS(x)	       ((uint64_t)(uint32_t)_mm256_movemask_epi8(x))
#define EQUAL(x, y, c) (BITS(_mm256_cmpeq_epi8(x, c)) | BITS(_mm256_cmpeq_epi8(y, c)) << 32)
	m->quote = EQUAL(a, b, _mm256_set1_epi8('"'));
	m->slash = EQUAL(a, b, _mm256_set1_epi8('\\'));
	m->open = EQUAL(a_folded, b_folded, _mm256_set1_epi8('{'));
	m->close = EQUAL(a_folded, b_folded, _mm256_set1_epi8('}'));
	m->colon = EQUAL(a, b, _mm256_set1_epi8(':'));
	m->comma = EQUAL(a, b, _mm256_set1_epi8(','));
	m->control = EQUAL(_mm256_max_epu8(a, last_control), _mm256_max_epu8(b, last_control),
			   last_control);
#undef EQUAL
#undef BITS
}

#define SKIP	   skip_avx2
#define MASKS	   masks_avx2
#define PREFIX_XOR prefix_xor_clmul
#define TARGET	   AVX2_TARGET
#include "ek/ek_skip_blocks.h"

#define AVX512_TARGET __attribute__((target("avx512f,avx512bw,avx2,pclmul,bmi,bmi2")))

AVX512_TARGET static inline void masks_avx512(const char *p, size_t n, struct masks *m)
{
	/* Bytes that are masked out are not read; what they are instead: see whole_block(). */
	__m512i v = n >= BLOCK ? _mm512_loadu_si512(p)
			       : _mm512_mask_loadu_epi8(_mm512_set1_epi8('}'),
							(UINT64_C(1) << n) - 1, p);
	__m512i folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));

	m->quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
	m->slash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
	m->open = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{'));
	m->close = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}'));
	m->colon = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(':'));
	m->comma = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(','));
	m->control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
}

#define SKIP	   skip_avx512
#define MASKS	   masks_avx512
#define PREFIX_XOR prefix_xor_clmul
#define TARGET	   AVX512_TARGET
#include "ek/ek_skip_blocks.h"
#endif

#if defined(__ARM_NEON) && defined(__aarch64__)
/* Bit i: byte i of the four is all ones. */
static inline uint64_t bits_neon(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
	static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128,
					   1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t place = vld1q_u8(places);
	uint8x16_t ab = vpaddq_u8(vandq_u8(a, place), vandq_u8(b, place));
	uint8x16_t cd = vpaddq_u8(vandq_u8(c, place), vandq_u8(d, place));
	uint8x16_t all = vpaddq_u8(ab, cd);

	all = vpaddq_u8(all, all);
	return vgetq_lane_u64(vreinterpretq_u64_u8(all), 0);
}

static inline void masks_neon(const char *p, size_t n, struct masks *m)
{
	uint8x16_t v[4], folded[4];
	char copy[BLOCK];

	p = whole_block(p, n, copy);
	for (int i = 0; i < 4; i++) {
		v[i] = vld1q_u8((const uint8_t *)p + i * 16);
		folded[i] = vorrq_u8(v[i], vdupq_n_u8(0x20));
	}
#define EACH(test, x, c)                                                    \
	bits_neon(test((x)[0], vdupq_n_u8(c)), test((x)[1], vdupq_n_u8(c)), \
		  test((x)[2], vdupq_n_u8(c)), test((x)[3], vdupq_n_u8(c)))
	m->quote = EACH(vceqq_u8, v, '"');
	m->slash = EACH(vceqq_u8, v, '\\');
	m->open = EACH(vceqq_u8, folded, '{');
	m->close = EACH(vceqq_u8, folded, '}');
	m->colon = EACH(vceqq_u8, v, ':');
	m->comma = EACH(vceqq_u8, v, ',');
	m->control = EACH(vcltq_u8, v, 0x20);
#undef EACH
}

#define SKIP	   skip_neon
#define MASKS	   masks_neon
#define PREFIX_XOR prefix_xor
#define TARGET
#include "ek/ek_skip_blocks.h"
#endif

typedef const char *skip_function(const char *p, const char *end, unsigned room, bool inside);

/* NULL: not in this build. */
static skip_function *const functions[EK_ISAS] = {
	[EK_ISA_PLAIN] = skip_plain,
#if defined(__x86_64__)
	[EK_ISA_SSE2] = skip_sse2,   [EK_ISA_AVX2] = skip_avx2, [EK_ISA_AVX512] = skip_avx512,
#endif
#if defined(__ARM_NEON) && defined(__aarch64__)
	[EK_ISA_NEON] = skip_neon,
#endif
};

const char *ek_isa_name(enum ek_isa isa)
{
	static const char *const names[EK_ISAS] = {"plain", "sse2", "avx2", "avx512", "neon"};

	check((unsigned)isa < EK_ISAS);
	return names[isa];
}

bool ek_isa_has(enum ek_isa isa)
{
	check((unsigned)isa < EK_ISAS);
	if (!functions[isa])
		return false;
#if defined(__x86_64__)
	if (isa == EK_ISA_AVX2 || isa == EK_ISA_AVX512) {
		if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("pclmul") ||
		    !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
			return false;
	}
	if (isa == EK_ISA_AVX512 &&
	    (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw")))
		return false;
#endif
	return true;
}

/* Chosen at the first skip; two threads that choose at once choose the same. */
static _Atomic(skip_function *) chosen;

void ek_isa_use(enum ek_isa isa)
{
	check(ek_isa_has(isa));
	atomic_store_explicit(&chosen, functions[isa], memory_order_relaxed);
}

static skip_function *choose(void)
{
	unsigned best = EK_ISAS - 1;

	while (!ek_isa_has((enum ek_isa)best))
		best--;
	ek_isa_use((enum ek_isa)best);
	return functions[best];
}

static const char *skip(const char *p, const char *end, unsigned room, bool inside)
{
	skip_function *f = atomic_load_explicit(&chosen, memory_order_relaxed);

	if (!f)
		f = choose();
	return f(p, end, room, inside);
}

const char *ek_skip(const char *p, const char *end, unsigned room)
{
	return skip(p, end, room, false);
}

const char *ek_skip_rest(const char *p, const char *end, unsigned room)
{
	return skip(p, end, room, true);
}
