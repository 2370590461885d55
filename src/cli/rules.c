/* rules.c - what versions of tshark are known to say otherwise, and is no fault */
#include "cli/rules.h"

#include <fnmatch.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jsonfile.h"

#define FILE_BYTES_MAX (16u << 20)
#define PARTS	       4

/* As in docs/verify.md. */
static const struct rule shipped[] = {
	{.name = "bootp-is-dhcp",
	 .old_versions = "<3.0",
	 .new_versions = ">=3.0",
	 .field = FIELD_PROTOCOLS,
	 .from = "bootp",
	 .to = "dhcp",
	 .words = true,
	 .reason = "Wireshark 3.0 renamed its BOOTP dissector to DHCP"},
	{.name = "ssl-is-tls",
	 .old_versions = "<3.0",
	 .new_versions = ">=3.0",
	 .field = FIELD_PROTOCOLS,
	 .from = "ssl",
	 .to = "tls",
	 .words = true,
	 .reason = "Wireshark 3.0 renamed its SSL dissector to TLS"},
	{.name = "text-is-no-data",
	 .old_versions = "<4.0",
	 .new_versions = ">=4.0",
	 .field = FIELD_PROTOCOLS,
	 .from = "*:http:data:data-text-lines",
	 .to = "*:http:data-text-lines",
	 .reason = "before 4.0 the text that a server sends is a layer of data, too"},
};

/* ---- versions ---- */

static bool parse_version(const char *text, unsigned long part[PARTS], const char **end)
{
	int i = 0;

	memset(part, 0, PARTS * sizeof(*part));
	while (i < PARTS && *text >= '0' && *text <= '9') {
		char *stop;

		part[i++] = strtoul(text, &stop, 10);
		text = stop;
		if (*text != '.' || text[1] < '0' || text[1] > '9')
			break;
		text++;
	}
	*end = text;
	return i > 0;
}

static int compare_versions(const unsigned long a[PARTS], const unsigned long b[PARTS])
{
	for (int i = 0; i < PARTS; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

/* One comparison. Return: what follows it, or NULL where it is none */
static const char *parse_comparison(const char *text, const unsigned long version[PARTS],
				    bool *holds)
{
	static const char *const words[] = {"<=", ">=", "<", ">", "="};
	unsigned long other[PARTS];
	const char *end;
	int i = 0, sign;

	while (i < 5 && strncmp(text, words[i], strlen(words[i])) != 0)
		i++;
	if (i == 5 || !parse_version(text + strlen(words[i]), other, &end) || (*end && *end != ' '))
		return NULL;
	sign = compare_versions(version, other);
	*holds = i == 0	  ? sign <= 0
		 : i == 1 ? sign >= 0
		 : i == 2 ? sign < 0
		 : i == 3 ? sign > 0
			  : !sign;
	return end + strspn(end, " ");
}

static bool parse_range(const unsigned long version[PARTS], const char *range, bool *in)
{
	bool holds;

	*in = true;
	range += strspn(range, " ");
	while (*range) {
		range = parse_comparison(range, version, &holds);
		if (!range)
			return false;
		*in &= holds;
	}
	return true;
}

bool rules_version_in(const char *version, const char *range)
{
	unsigned long part[PARTS];
	const char *end;
	bool in;

	return parse_version(version, part, &end) && parse_range(part, range, &in) && in;
}

bool rules_range_ok(const char *range)
{
	const unsigned long version[PARTS] = {0};
	bool in;

	return parse_range(version, range, &in);
}

/* ---- texts ---- */

struct stars {
	struct {
		const char *p;
		size_t n;
	} star[RULES_STARS_MAX];
	unsigned count;
};

/* Whether @to, its stars filled in, is the text. */
static bool filled_is(const char *to, const struct stars *stars, const char *text, size_t n)
{
	unsigned next = 0;

	for (; *to; to++) {
		const char *p = to;
		size_t m = 1;

		if (*to == '*') {
			if (next == stars->count)
				return false;
			p = stars->star[next].p;
			m = stars->star[next++].n;
		}
		if (m > n || memcmp(p, text, m) != 0)
			return false;
		text += m;
		n -= m;
	}
	return n == 0;
}

/* Tries each way in which the stars of @from can stand for parts of @e. */
static bool turns_into(const char *from, const char *e, size_t e_n, struct stars *stars,
		       const char *to, const char *a, size_t a_n)
{
	for (; *from && *from != '*'; from++, e++, e_n--) {
		if (!e_n || *e != *from)
			return false;
	}
	if (!*from)
		return e_n == 0 && filled_is(to, stars, a, a_n);
	if (stars->count == RULES_STARS_MAX)
		return false;
	for (size_t n = 0; n <= e_n; n++) {
		bool found;

		stars->star[stars->count].p = e;
		stars->star[stars->count++].n = n;
		found = turns_into(from + 1, e + n, e_n - n, stars, to, a, a_n);
		stars->count--;
		if (found)
			return true;
	}
	return false;
}

static size_t word(const char *s, size_t n)
{
	size_t m = 0;

	while (m < n && s[m] != ':' && s[m] != '/' && s[m] != ' ')
		m++;
	return m;
}

/* Each word that is @from is @to on the other side, and at least one is. */
static bool words_turn(const char *from, const char *to, const char *e, size_t e_n, const char *a,
		       size_t a_n)
{
	size_t from_n = strlen(from), to_n = strlen(to);
	bool turned = false;

	for (;;) {
		size_t n = word(e, e_n), m = word(a, a_n);
		bool turns = n == from_n && memcmp(e, from, n) == 0;

		if (turns ? m != to_n || memcmp(a, to, m) != 0 : m != n || memcmp(a, e, n) != 0)
			return false;
		turned |= turns;
		e += n;
		a += m;
		e_n -= n;
		a_n -= m;
		if (!e_n || !a_n)
			return turned && !e_n && !a_n;
		if (*e != *a)
			return false;
		e++;
		a++;
		e_n--;
		a_n--;
	}
}

static bool says(const struct rule *r, bool newer_expected, const struct rules_case *c)
{
	const char *from = newer_expected ? r->to : r->from, *to = newer_expected ? r->from : r->to;
	struct stars stars = {.count = 0};

	if (!rules_version_in(c->expected_version,
			      newer_expected ? r->new_versions : r->old_versions) ||
	    !rules_version_in(c->actual_version,
			      newer_expected ? r->old_versions : r->new_versions))
		return false;
	return r->words ? words_turn(from, to, c->expected, c->expected_n, c->actual, c->actual_n)
			: turns_into(from, c->expected, c->expected_n, &stars, to, c->actual,
				     c->actual_n);
}

const struct rule *rules_find(const struct rules *r, const struct rules_case *c)
{
	if (!c->expected || !c->actual)
		return NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *one = &r->rule[i];

		if (one->is_error != c->is_error || (!c->is_error && one->field != c->field))
			continue;
		if (one->protocol && (!c->protocol || fnmatch(one->protocol, c->protocol, 0) != 0))
			continue;
		if (says(one, false, c) || says(one, true, c))
			return one;
	}
	return NULL;
}

/* ---- the list ---- */

static bool add(struct rules *r, const struct rule *one)
{
	struct rule *more = realloc(r->rule, (r->count + 1) * sizeof(*more));

	if (!more)
		return false;
	r->rule = more;
	r->rule[r->count++] = *one;
	return true;
}

bool rules_init(struct rules *r)
{
	*r = (struct rules){0};
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		if (!add(r, &shipped[i]))
			return false;
	}
	return true;
}

void rules_done(struct rules *r)
{
	json_object_put(r->roots);
	free(r->rule);
	*r = (struct rules){0};
}

static unsigned stars_in(const char *text)
{
	unsigned n = 0;

	while (*text)
		n += *text++ == '*';
	return n;
}

static bool refuse(const struct jsonfile *f, const char *at, const char *why, struct err *err)
{
	err_set(err, EXIT_USAGE, "--rules %s: %s: %s; docs/verify.md has the format", f->path, at,
		why);
	return false;
}

/* Where a text of the rule belongs. Return: NULL where there is no such key */
static const char **place_of(struct rule *r, const char *key, const char **field,
			     const char **match)
{
	struct {
		const char *key;
		const char **place;
	} places[] = {{"name", &r->name}, {"old", &r->old_versions},  {"new", &r->new_versions},
		      {"field", field},	  {"protocol", &r->protocol}, {"from", &r->from},
		      {"to", &r->to},	  {"match", match},	      {"reason", &r->reason}};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(places[i].key, key) == 0)
			return places[i].place;
	}
	return NULL;
}

static bool take_one(struct rule *r, const struct jsonfile *f, const char *at,
		     struct json_object *o, struct err *err)
{
	const char *field = NULL, *match = "whole";
	char why[160];

	*r = (struct rule){.old_versions = "", .new_versions = ""};
	if (!json_object_is_type(o, json_type_object))
		return refuse(f, at, "an object is wanted", err);
	json_object_object_foreach(o, key, value)
	{
		const char **place = place_of(r, key, &field, &match);

		if (!place || !json_object_is_type(value, json_type_string)) {
			snprintf(why, sizeof(why),
				 place ? "\"%s\": a string is wanted"
				       : "there is no key \"%s\" in a rule",
				 key);
			return refuse(f, at, why, err);
		}
		*place = json_object_get_string(value);
	}
	if (!r->name || !field || !r->from || !r->to || !r->reason)
		return refuse(f, at, "name, field, from, to and reason are wanted", err);
	r->is_error = strcmp(field, "errors") == 0;
	if (!r->is_error && !account_field_find(field, &r->field)) {
		snprintf(why, sizeof(why), "there is no field \"%.64s\"", field);
		return refuse(f, at, why, err);
	}
	r->words = strcmp(match, "words") == 0;
	if (!r->words && strcmp(match, "whole") != 0)
		return refuse(f, at, "\"match\": \"whole\" or \"words\" is wanted", err);
	if (!rules_range_ok(r->old_versions) || !rules_range_ok(r->new_versions))
		return refuse(f, at, "a range of versions is written as \">=3.6 <4.2\"", err);
	if (!r->words &&
	    (stars_in(r->from) != stars_in(r->to) || stars_in(r->from) > RULES_STARS_MAX))
		return refuse(f, at, "from and to need the same number of '*', 4 at most", err);
	return true;
}

static bool take(struct rules *r, const struct jsonfile *f, struct err *err)
{
	struct json_object *list = json_object_object_get(f->root, "rules");
	char at[32];

	if (json_object_get_int64(json_object_object_get(f->root, "secvf-rules")) != 1)
		return refuse(f, "\"secvf-rules\"", "1 is wanted, the format's version", err);
	if (!json_object_is_type(list, json_type_array))
		return refuse(f, "\"rules\"", "a list is wanted", err);
	json_object_object_foreach(f->root, key, value)
	{
		(void)value;
		if (strcmp(key, "rules") != 0 && strcmp(key, "secvf-rules") != 0)
			return refuse(f, key, "there is no such key here", err);
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct rule one;

		snprintf(at, sizeof(at), "rules[%zu]", i);
		if (!take_one(&one, f, at, json_object_array_get_idx(list, i), err))
			return false;
		if (r->count == RULES_MAX || !add(r, &one))
			return refuse(f, at, "there are too many rules", err);
	}
	return true;
}

bool rules_read(struct rules *r, const char *path, struct err *err)
{
	struct jsonfile f;
	bool ok;

	if (!jsonfile_read(&f, "--rules", path, FILE_BYTES_MAX, err))
		return false;
	if (!r->roots)
		r->roots = json_object_new_array();
	ok = r->roots && json_object_array_add(r->roots, json_object_get(f.root)) == 0;
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "--rules %s: no memory", path);
	ok = ok && take(r, &f, err);
	jsonfile_done(&f);
	return ok;
}
