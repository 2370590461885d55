/* fuzz_ek_record.c - any bytes as one EK line: the scanner says the same by each instruction set,
 * and what the oracle says; it never reads outside the line
 *
 * Beyond that: where a line is refused, it is right up to there. And any bytes can be unescaped,
 * and stepped over from any of their brackets, with any room.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ek/ek_codes.h"
#include "oracle/ek_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan_exact(struct ek_record *r, const char *line, size_t n)
{
	char *copy = malloc(n + !n);

	check(copy);
	memcpy(copy, line, n);
	ek_record_scan(r, copy, n);
	free(copy);
}

/* A line cut short is broken wherever it is cut, but for white space behind its end. */
static void check_prefix(const char *line, size_t n, size_t at)
{
	struct ek_record r;

	check(n);
	for (n--; line[n] != '}'; n--)
		;
	at %= n + 1;
	scan_exact(&r, line, at);
	check(r.kind == EK_BROKEN || r.kind == EK_NOISE);
	check(r.kind == EK_NOISE || r.broken_at == at);
}

/* What comes before the place where a line is broken is no more than cut short, or a line itself
 * where there is more behind one. */
static void check_place(const struct ek_record *r, const char *line)
{
	struct ek_record before;

	scan_exact(&before, line, r->broken_at);
	check(strncmp(r->why, "more", 4) == 0 ? before.kind != EK_BROKEN
					      : before.broken_at == r->broken_at);
}

static void check_skip(const char *line, size_t n, size_t at, unsigned room)
{
	const char *want;

	while (at < n && line[at] != '{' && line[at] != '[')
		at++;
	if (at == n)
		return;
	ek_isa_use(EK_ISA_PLAIN);
	want = ek_skip(line + at, line + n, room);
	check(!want || (want > line + at && want <= line + n && strchr("]}", want[-1])));
	for (int isa = EK_ISA_PLAIN + 1; isa < EK_ISAS; isa++) {
		if (!ek_isa_has((enum ek_isa)isa))
			continue;
		ek_isa_use((enum ek_isa)isa);
		check(ek_skip(line + at, line + n, room) == want);
	}
}

/* Whatever the columns of codes are settled to is out of the line, and can be read. */
static void check_codes(const struct ek_record *r, const char *line, size_t n, char *out)
{
	static struct ek_codes codes;
	struct ek_record settled = *r;

	ek_codes_settle(&codes, &settled, line, n);
	for (unsigned i = 0; i < EK_FIELDS; i++) {
		check(settled.field[i].n <= n && !settled.field[i].p == !r->field[i].p);
		if (settled.field[i].p)
			ek_unescape(settled.field[i], out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ek_agree agree;
	const struct ek_record *r = &agree.record;
	char *line = malloc(size + !size), *out = malloc(size + !size);

	if (!agree.oracle.tokener)
		ek_agree_init(&agree);
	check(line && out);
	if (size)
		memcpy(line, data, size);
	ek_agree_check(&agree, line, size);
	if (r->kind == EK_BROKEN)
		check_place(r, line);
	if (r->kind == EK_DOCUMENT)
		check_codes(r, line, size, out);
	if (r->kind == EK_DOCUMENT || r->kind == EK_INDEX)
		check_prefix(line, size, (size_t)data[size / 2] * 251 + size / 3);
	if (size)
		check_skip(line, size, size * data[0] / 256, 1 + data[size - 1] % EK_DEPTH_MAX);
	check(ek_unescape((struct ek_span){line, size}, out) <= size);
	free(line);
	free(out);
	return 0;
}
