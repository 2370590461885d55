/* mutate_ek.c - changes that leave most of an EK line JSON
 *
 * The input is taken as JSON where it is that: a value is found from where it begins to where its
 * brackets or quotes close, and is repeated, taken away, exchanged, wrapped, or put in the place of
 * another. A third of the changes is libFuzzer's own, with its dictionary.
 */
#include <stdio.h>

#include "ek/ek_record.h"
#include "mutate.h"

struct piece {
	size_t at, n;
};

/* The value that begins at @at: a string, a container, or a word. Never leaves the input. */
static struct piece value_at(const struct mutant *m, size_t at)
{
	unsigned depth = 0;
	bool string = false;
	size_t i;

	for (i = at; i < m->n; i++) {
		char c = (char)m->p[i];

		if (string) {
			if (c == '\\' && i + 1 < m->n)
				i++;
			string = c != '"';
		} else if (c == '"') {
			string = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']' || c == ',' || c == ':') {
			if (!depth)
				return (struct piece){at, i - at};
			if (c == '}' || c == ']')
				depth--;
		}
		if (!depth && !string && (c == '"' || c == '}' || c == ']'))
			return (struct piece){at, i + 1 - at};
	}
	return (struct piece){at, m->n - at};
}

/* A value somewhere behind one of @before, "{[,:" or the like; n 0: none was found. */
static struct piece any_value(struct mutant *m, const char *before)
{
	size_t from = mutant_below(m, m->n);

	for (size_t i = from; i + 1 < m->n; i++) {
		if (m->p[i] && strchr(before, m->p[i]))
			return value_at(m, i + 1);
	}
	return (struct piece){0, 0};
}

static void put_text(struct mutant *m, struct piece old, const char *text)
{
	mutant_put(m, old.at, old.n, text, strlen(text));
}

static void other_value(struct mutant *m, struct piece v)
{
	static const char *const values[] = {
		"\"1\"",
		"\"0\"",
		"\"01\"",
		"\"9007199254740991\"",
		"\"9007199254740992\"",
		"1",
		"-0",
		"1.5e+3",
		"01",
		"1.",
		"1e",
		"true",
		"false",
		"null",
		"nul",
		"{}",
		"[]",
		"[\"1\",\"2\"]",
		"[[\"1\"]]",
		"[{\"frame_frame_number\":\"5\"}]",
		"{\"filtered\":\"frame\"}",
		"\"\"",
		"\"\\ud83d\\ude00\"",
		"\"\\ud83d\"",
		"\"\\ude00x\\u0000\"",
		"\"<\\/\\\"\\\\\"",
		"\"\xff\xe2\x80\xae\x7f\"",
		"\"\\u12g4\"",
		"\"\\x\"",
		"\"\x1f\"",
		"\"",
	};

	put_text(m, v, values[mutant_below(m, sizeof(values) / sizeof(values[0]))]);
}

static void other_key(struct mutant *m)
{
	static const char *const keys[] = {
		"layers",	"frame",	   "frame_frame_number", "frame_frame_protocols",
		"frame_number", "frame_protocols", "timestamp",		 "index",
		"no_",		"source",	   "protocol",		 "length",
		"\\u006eo",
	};
	size_t pick = mutant_below(m, EK_FIELDS + sizeof(keys) / sizeof(keys[0]));
	struct piece v = any_value(m, "{,");
	char text[64];

	if (!v.n || m->p[v.at] != '"')
		return;
	snprintf(text, sizeof(text), "\"%s\"",
		 pick < EK_FIELDS ? ek_field_title((enum ek_field)pick) : keys[pick - EK_FIELDS]);
	put_text(m, v, text);
}

/* Into up to 70 containers more, which may be too deep. */
static void wrap(struct mutant *m, struct piece v)
{
	size_t n = 1 + mutant_below(m, mutant_below(m, 8) ? 3 : 70);
	bool objects = mutant_below(m, 2);

	while (n--) {
		if (!mutant_put(m, v.at + v.n, 0, objects ? "}" : "]", 1) ||
		    !mutant_put(m, v.at, 0, objects ? "{\"a\":" : "[", objects ? 5 : 1))
			return;
		v.n += objects ? 6 : 2;
	}
}

/* A member or an element once more behind itself, or behind something else. */
static void repeat(struct mutant *m, struct piece v)
{
	struct piece to = mutant_below(m, 2) ? v : any_value(m, "{[,");

	if (m->p[v.at + v.n - 1] == '"' && v.at + v.n + 1 < m->n && m->p[v.at + v.n] == ':')
		v.n += 1 + value_at(m, v.at + v.n + 1).n;
	if (v.n > MUTATE_PIECE_MAX)
		return;
	if (mutant_put(m, to.at, 0, m->p + v.at, v.n))
		mutant_put(m, to.at + v.n, 0, ",", 1);
}

static void put_in(struct mutant *m)
{
	static const char *const texts[] = {" ",  "\t", "\r", "\\n",  "\\u0041",
					    "\\", "\"", ",",  ":",    "{",
					    "}",  "[",	"]",  "\x1f", "                "};

	put_text(m, (struct piece){mutant_below(m, m->n), 0},
		 texts[mutant_below(m, sizeof(texts) / sizeof(texts[0]))]);
}

/* What is skipped is looked at 64 bytes at a time from its bracket on. Plain text goes into the
 * first string of a container, so that a bracket or the like becomes the last of such a block, and
 * what comes behind it is changed, mostly: on its own neither would be kept. */
static void align(struct mutant *m)
{
	static const char marks[] = "{}[],:\"";
	struct piece v = any_value(m, ":[");
	const uint8_t *string;
	char pad[64], mark = marks[mutant_below(m, sizeof(marks) - 1)];
	size_t at, n;

	if (v.n < 4 || (m->p[v.at] != '{' && m->p[v.at] != '['))
		return;
	at = v.at + 1 + mutant_below(m, v.n - 1);
	while (at + 1 < v.at + v.n && !(m->p[at] && strchr(marks, m->p[at])))
		at++;
	string = memchr(m->p + v.at, '"', at - v.at);
	n = 63 - (at - v.at) % 64;
	memset(pad, 'x', sizeof(pad));
	if (!string || !mutant_put(m, (size_t)(string - m->p) + 1, 0, pad, n))
		return;
	at += n + 1;
	if (at < m->n)
		mutant_put(m, at, mutant_below(m, 2), &mark, mutant_below(m, 3) != 0);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
	struct mutant m = {.p = data, .n = size, .max = size_max, .random = {.state = seed}};
	unsigned what = (unsigned)mutant_below(&m, 13);
	struct piece v, w;

	if (size == 0 || what < 4)
		return LLVMFuzzerMutate(data, size, size_max);
	v = any_value(&m, "{[,:");
	w = any_value(&m, ":");
	switch (v.n ? what : 12) {
	case 4: other_value(&m, any_value(&m, ":[")); break;
	case 5: other_key(&m); break;
	case 6: wrap(&m, w.n ? w : v); break;
	case 7: repeat(&m, v); break;
	case 8: mutant_put(&m, v.at, v.n, NULL, 0); break;
	case 9: mutant_put(&m, v.at, v.n, m.p + w.at, w.n); break;
	case 10:
	case 11: align(&m); break;
	default: put_in(&m); break;
	}
	return m.n;
}
