/* fuzz_ek_record.c - any bytes as one EK line: never a read outside it, no span outside it, and
 * what we take for an object is one to json-c too
 */
#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ek/ek_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct ek_record *r, const char *line, size_t n)
{
	check(r->kind == EK_DOCUMENT || !r->has_number);
	check(!r->has_number || (r->number && r->number < UINT64_C(1) << 53));
	check((r->kind == EK_BROKEN) == (r->why != NULL));
	check(r->broken_at <= n);
	for (int i = 0; i < EK_FIELDS; i++) {
		const struct ek_span *s = &r->field[i];
		char *out;

		if (!s->p)
			continue;
		check(r->kind == EK_DOCUMENT);
		check(s->p > line && s->n < n && s->p + s->n < line + n);
		out = malloc(s->n + !s->n);
		check(out);
		check(ek_unescape(*s, out) <= s->n);
		free(out);
	}
}

/* json-c is laxer than we are in most things, so only what we accept is put to it. */
static void check_accepted(const char *line, size_t n)
{
	json_tokener *tokener = json_tokener_new_ex(EK_DEPTH_MAX + 2);
	json_object *object;

	check(tokener);
	object = json_tokener_parse_ex(tokener, line, (int)n);
	check(object && json_object_is_type(object, json_type_object));
	json_object_put(object);
	json_tokener_free(tokener);
}

/* A line cut short is broken wherever it is cut, but for white space behind its end. */
static void check_prefix(const char *line, size_t n, size_t at)
{
	struct ek_record r;
	char *copy;

	for (n--; line[n] != '}'; n--)
		;
	at %= n + 1;
	copy = malloc(at + !at);
	check(copy);
	memcpy(copy, line, at);
	ek_record_scan(&r, copy, at);
	check(r.kind == EK_BROKEN || r.kind == EK_NOISE);
	check(r.kind == EK_NOISE || r.broken_at == at);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ek_record r;
	char *line = malloc(size + !size), *out = malloc(size + !size);

	check(line && out);
	if (size)
		memcpy(line, data, size);
	memset(&r, 0xa5, sizeof(r));
	ek_record_scan(&r, line, size);
	check_record(&r, line, size);
	if (r.kind == EK_DOCUMENT || r.kind == EK_INDEX) {
		check_accepted(line, size);
		check_prefix(line, size, (size_t)data[size / 2] * 251 + size / 3);
	}
	check(ek_unescape((struct ek_span){line, size}, out) <= size);
	free(line);
	free(out);
	return 0;
}
