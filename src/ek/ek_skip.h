/* ek_skip.h - the end of a JSON object or array, found 64 bytes at a time
 *
 * Theory of operation: of each block of 64 bytes, vector compares make masks of quotes, brackets,
 * colons and commas, a bit a byte; a carry-less multiplication of the quotes by all ones says which
 * bytes are inside strings. JSON's grammar is then checked for the whole block at once:
 * what may follow what, by masks shifted by one; that colons and commas of an object take turns,
 * by the parity of their number so far. Only brackets, escapes, and the words true, false and null
 * are looked at one by one. Nothing is allocated and no byte outside [p, end) is read; the last
 * block is copied, so that it can be read whole.
 *
 * It knows the compact JSON that tshark prints: no white space, no numbers outside strings.
 * Whatever else there is, and whatever is wrong, is left to the walk token by token (ek_walk.h),
 * which says what and where. So every way of making the masks gives the same results.
 */
#ifndef SECVF_EK_EK_SKIP_H
#define SECVF_EK_EK_SKIP_H

#include <stdbool.h>
#include <stddef.h>

/* Nesting allowed. The deepest real record had 8; a bound that leaves room for eight times that. */
#define EK_DEPTH_MAX 64

/* How masks are made. */
enum ek_isa {
	EK_ISA_PLAIN, /* C, eight bytes at a time */
	EK_ISA_SSE2,
	EK_ISA_AVX2,
	EK_ISA_AVX512, /* BW and VBMI-free; masks come for nothing */
	EK_ISA_NEON,
	EK_ISAS
};

const char *ek_isa_name(enum ek_isa isa);

/** ek_isa_has() - Whether this build and this processor can do it; plain C always */
bool ek_isa_has(enum ek_isa isa);

/** ek_isa_use() - All scanning from now on goes by @isa, which the processor has. Where this is
 * never called it goes by the best that there is. For tests and benchmarks; not while others scan.
 */
void ek_isa_use(enum ek_isa isa);

/**
 * ek_skip() - The end of the object or array that begins at @p
 * @p:    Its bracket
 * @end:  End of the line
 * @room: Containers that may be open at once, this one among them
 *
 * Return: what comes after its closing bracket, or NULL where it is broken, nested deeper than
 * @room, or not compact
 */
const char *ek_skip(const char *p, const char *end, unsigned room);

/** ek_skip_rest() - The end of an object of which @p is behind a value; @room and result as of
 * ek_skip() */
const char *ek_skip_rest(const char *p, const char *end, unsigned room);

#endif
