/* ek_engines.c - our decoder of EK lines, json-c, and the loop that measures them */
#include "cli/ek_engines.h"

#include <json-c/json.h>
#include <string.h>

#include "ek/ek_record.h"
#include "ek/ek_tree.h"

static bool by_nothing(const char *p, size_t n)
{
	(void)p;
	return n > 0;
}

static bool by_record(const char *p, size_t n)
{
	struct ek_record r;

	ek_record_scan(&r, p, n);
	return r.kind == EK_DOCUMENT || r.kind == EK_INDEX;
}

static bool by_tree(const char *p, size_t n)
{
	static struct ek_tree tree;

	return ek_tree_build(&tree, p, n) == EK_TREE_OK;
}

static bool by_json_c(const char *p, size_t n)
{
	static json_tokener *tokener;
	json_object *object;

	if (!tokener)
		tokener = json_tokener_new_ex(EK_DEPTH_MAX);
	json_tokener_reset(tokener);
	object = json_tokener_parse_ex(tokener, p, (int)n);
	json_object_put(object);
	return object != NULL;
}

const struct ek_engines_entry ek_engines[] = {
	{"lines", by_nothing}, {"record", by_record}, {"tree", by_tree},
	{"json-c", by_json_c}, {NULL, NULL},
};

ek_engine *ek_engines_find(const char *name)
{
	for (size_t i = 0; ek_engines[i].name; i++) {
		if (strcmp(name, ek_engines[i].name) == 0)
			return ek_engines[i].function;
	}
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		if (strncmp(name, "record:", 7) == 0 && ek_isa_has((enum ek_isa)isa) &&
		    strcmp(name + 7, ek_isa_name((enum ek_isa)isa)) == 0) {
			ek_isa_use((enum ek_isa)isa);
			return by_record;
		}
	}
	return NULL;
}

void ek_engines_round(const char *text, size_t n, ek_engine *f, struct ek_engines_seen *seen)
{
	const char *p = text, *end = text + n, *newline;

	for (; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			newline = end;
		seen->lines++;
		seen->refused += !f(p, (size_t)(newline - p));
	}
	seen->bytes += n;
}
