/* cases.c - what came of a list of cases: for the terminal, as JUnit, as TAP, as JSON */
#include "cli/cases.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/safe.h"
#include "cli/wholefile.h"

#define NS UINT64_C(1000000000)

static const char *const names[] = {"pending", "passed", "failed", "error", "skipped"};
static_assert(sizeof(names) / sizeof(names[0]) == CASES_OUTCOMES, "each outcome has a name");

const char *cases_outcome_name(enum cases_outcome outcome)
{
	return names[outcome];
}

/* ---- the list ---- */

void cases_init(struct cases *c, const char *suite, uint64_t started_ns)
{
	*c = (struct cases){.suite = suite, .started_ns = started_ns};
}

void cases_done(struct cases *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->one[i].name);
		free(c->one[i].message);
		free(c->one[i].output);
	}
	for (unsigned i = 0; i < c->properties; i++)
		free(c->property[i].value);
	free(c->one);
	memset(c, 0, sizeof(*c));
}

size_t cases_add(struct cases *c, const char *name)
{
	char *copy = strdup(name);

	if (copy && c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct cases_one *one = realloc(c->one, cap * sizeof(*one));

		if (!one) {
			free(copy);
			return SIZE_MAX;
		}
		c->one = one;
		c->cap = cap;
	}
	if (!copy)
		return SIZE_MAX;
	c->one[c->count] = (struct cases_one){.name = copy};
	c->counts[CASES_PENDING]++;
	return c->count++;
}

/* A copy as a C string. */
static char *text_of(const struct buf *from)
{
	struct buf text = {0};

	for (size_t at = 0; at < from->n;) {
		size_t n = strnlen(from->p + at, from->n - at);

		buf_put(&text, from->p + at, n);
		at += n;
		if (at < from->n) {
			buf_puts(&text, "\\x00");
			at++;
		}
	}
	buf_putc(&text, '\0');
	if (text.failed)
		buf_done(&text);
	return text.p;
}

void cases_settle(struct cases *c, size_t index, enum cases_outcome outcome, uint64_t ns,
		  const char *message, const struct buf *output)
{
	struct cases_one *one = &c->one[index];

	check(index < c->count && one->outcome == CASES_PENDING && outcome != CASES_PENDING);
	c->counts[CASES_PENDING]--;
	c->counts[outcome]++;
	one->outcome = outcome;
	one->ns = ns;
	one->message = message && *message ? strdup(message) : NULL;
	one->output = output && output->n ? text_of(output) : NULL;
}

void cases_property(struct cases *c, const char *name, const char *value)
{
	if (c->properties == CASES_PROPERTIES_MAX)
		return;
	c->property[c->properties].name = name;
	c->property[c->properties].value = strdup(value);
	c->properties += c->property[c->properties].value != NULL;
}

bool cases_ok(const struct cases *c)
{
	return !c->counts[CASES_FAILED] && !c->counts[CASES_ERROR] && !c->counts[CASES_PENDING];
}

/* ---- text ---- */

static void put_safe(struct buf *out, const char *s, size_t n)
{
	unsigned columns;

	safe_put(out, s, n, UINT_MAX, &columns);
}

static void put_line(struct buf *out, const char *s)
{
	put_safe(out, s, strlen(s));
}

/* Lines, each behind @indent and ended. */
static void put_lines(struct buf *out, const char *s, const char *indent)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		if (n)
			buf_puts(out, indent);
		put_safe(out, s, n);
		buf_putc(out, '\n');
		s += n + (s[n] == '\n');
	}
}

static void put_seconds(struct buf *out, uint64_t ns)
{
	buf_printf(out, "%" PRIu64 ".%03" PRIu64, ns / NS, ns % NS / 1000000);
}

static void put_time(struct buf *out, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* ---- the terminal ---- */

void cases_row(const struct cases_one *one, bool color, struct buf *out)
{
	static const char *const colors[] = {"\033[2m", "\033[32m", "\033[31m", "\033[31m",
					     "\033[33m"};

	if (color)
		buf_puts(out, colors[one->outcome]);
	buf_printf(out, "%-7s", names[one->outcome]);
	if (color)
		buf_puts(out, "\033[0m");
	buf_printf(out, " %6" PRIu64 ".%02" PRIu64 " s  ", one->ns / NS, one->ns % NS / 10000000);
	put_line(out, one->name);
	if (one->message) {
		buf_puts(out, ": ");
		put_line(out, one->message);
	}
	buf_putc(out, '\n');
	if (one->output)
		put_lines(out, one->output, "    ");
}

void cases_sum(const struct cases *c, struct buf *out)
{
	buf_printf(out, "%s: %zu case%s", c->suite, c->count, c->count == 1 ? "" : "s");
	for (int i = 0; i < CASES_OUTCOMES; i++) {
		if (c->counts[i] || i == CASES_PASSED)
			buf_printf(out, ", %zu %s", c->counts[i], names[i]);
	}
	buf_puts(out, ", in ");
	put_seconds(out, c->ns);
	buf_puts(out, " s\n");
}

/* ---- TAP: https://testanything.org/tap-version-14-specification.html ---- */

void cases_tap_plan(size_t count, struct buf *out)
{
	buf_printf(out, "TAP version 14\n1..%zu\n", count);
}

/* A name ends where a directive begins, so # and what escapes it are escaped. */
static void put_tap_name(struct buf *out, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "#\\");

		put_safe(out, s, n);
		s += n;
		if (*s) {
			buf_putc(out, '\\');
			buf_putc(out, *s++);
		}
	}
}

void cases_tap_row(const struct cases_one *one, size_t number, struct buf *out)
{
	bool ok = one->outcome == CASES_PASSED || one->outcome == CASES_SKIPPED;

	buf_printf(out, "%s %zu - ", ok ? "ok" : "not ok", number);
	put_tap_name(out, one->name);
	if (one->outcome == CASES_SKIPPED) {
		buf_puts(out, " # SKIP ");
		put_line(out, one->message ? one->message : "");
	}
	/* The block is YAML, of which a JSON string is one. */
	buf_printf(out, "\n  ---\n  outcome: %s\n  duration_ms: %" PRIu64 "\n", names[one->outcome],
		   one->ns / 1000000);
	if (one->message) {
		buf_puts(out, "  message: ");
		buf_json(out, one->message, strlen(one->message));
		buf_putc(out, '\n');
	}
	if (one->output) {
		buf_puts(out, "  output: |2\n");
		put_lines(out, one->output, "    ");
	}
	buf_puts(out, "  ...\n");
}

void cases_tap(const struct cases *c, struct buf *out)
{
	cases_tap_plan(c->count, out);
	for (size_t i = 0; i < c->count; i++)
		cases_tap_row(&c->one[i], i + 1, out);
}

/* ---- JUnit ---- */

/* Text without line breaks, as it may stand in an attribute or between tags. */
static void put_xml(struct buf *out, const char *s, size_t n)
{
	static const char special[] = "&<>\"";
	static const char *const entity[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
	struct buf safe = {0};

	put_safe(&safe, s, n);
	out->failed |= safe.failed;
	for (size_t i = 0; i < safe.n; i++) {
		const char *at = memchr(special, safe.p[i], sizeof(special) - 1);

		if (at)
			buf_puts(out, entity[at - special]);
		else
			buf_putc(out, safe.p[i]);
	}
	buf_done(&safe);
}

static void put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, " %s=\"", name);
	put_xml(out, value, strlen(value));
	buf_putc(out, '"');
}

static void put_xml_lines(struct buf *out, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		put_xml(out, s, n);
		if (s[n] == '\n')
			buf_putc(out, '\n');
		s += n + (s[n] == '\n');
	}
}

static void put_seconds_attribute(struct buf *out, uint64_t ns)
{
	buf_puts(out, " time=\"");
	put_seconds(out, ns);
	buf_putc(out, '"');
}

static void put_counts(const struct cases *c, struct buf *out)
{
	/* There is no word for pending; a run that was stopped must not look like a good one. */
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", c->count,
		   c->counts[CASES_FAILED], c->counts[CASES_ERROR] + c->counts[CASES_PENDING]);
	put_seconds_attribute(out, c->ns);
}

static void put_testcase(const struct cases *c, const struct cases_one *one, struct buf *out)
{
	static const char *const element[] = {"error", NULL, "failure", "error", "skipped"};
	const char *tag = element[one->outcome];
	const char *message = one->message ? one->message : names[one->outcome];

	buf_puts(out, "    <testcase");
	put_attribute(out, "name", one->name);
	put_attribute(out, "classname", c->suite);
	put_seconds_attribute(out, one->ns);
	if (!tag && !one->message && !one->output) {
		buf_puts(out, "/>\n");
		return;
	}
	buf_puts(out, ">\n");
	if (tag) {
		buf_printf(out, "      <%s", tag);
		put_attribute(out, "message", message);
		if (one->outcome != CASES_SKIPPED)
			put_attribute(out, "type", names[one->outcome]);
		buf_putc(out, '>');
		if (one->output && one->outcome != CASES_SKIPPED)
			put_xml_lines(out, one->output);
		buf_printf(out, "</%s>\n", tag);
	}
	if ((!tag && one->message) || (one->output && (!tag || one->outcome == CASES_SKIPPED))) {
		buf_puts(out, "      <system-out>");
		if (!tag && one->message) {
			put_xml(out, one->message, strlen(one->message));
			buf_putc(out, '\n');
		}
		if (one->output)
			put_xml_lines(out, one->output);
		buf_puts(out, "</system-out>\n");
	}
	buf_puts(out, "    </testcase>\n");
}

void cases_junit(const struct cases *c, struct buf *out)
{
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	put_counts(c, out);
	buf_puts(out, ">\n  <testsuite");
	put_attribute(out, "name", c->suite);
	put_counts(c, out);
	buf_printf(out, " skipped=\"%zu\" timestamp=\"", c->counts[CASES_SKIPPED]);
	put_time(out, c->started_ns);
	buf_puts(out, "\">\n");
	if (c->properties)
		buf_puts(out, "    <properties>\n");
	for (unsigned i = 0; i < c->properties; i++) {
		buf_puts(out, "      <property");
		put_attribute(out, "name", c->property[i].name);
		put_attribute(out, "value", c->property[i].value);
		buf_puts(out, "/>\n");
	}
	if (c->properties)
		buf_puts(out, "    </properties>\n");
	for (size_t i = 0; i < c->count; i++)
		put_testcase(c, &c->one[i], out);
	buf_puts(out, "  </testsuite>\n</testsuites>\n");
}

/* ---- JSON ---- */

static void put_member(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ", \"%s\": ", key);
	if (value)
		buf_json(out, value, strlen(value));
	else
		buf_puts(out, "null");
}

void cases_json(const struct cases *c, struct buf *out)
{
	buf_puts(out, "{\n  \"suite\": ");
	buf_json(out, c->suite, strlen(c->suite));
	buf_puts(out, ",\n  \"started\": \"");
	put_time(out, c->started_ns);
	buf_puts(out, "\",\n  \"seconds\": ");
	put_seconds(out, c->ns);
	buf_puts(out, ",\n  \"properties\": {");
	for (unsigned i = 0; i < c->properties; i++) {
		buf_puts(out, i ? ", " : "");
		buf_json(out, c->property[i].name, strlen(c->property[i].name));
		buf_puts(out, ": ");
		buf_json(out, c->property[i].value, strlen(c->property[i].value));
	}
	buf_printf(out, "},\n  \"counts\": {\"total\": %zu", c->count);
	for (int i = 0; i < CASES_OUTCOMES; i++)
		buf_printf(out, ", \"%s\": %zu", names[i], c->counts[i]);
	buf_puts(out, "},\n  \"cases\": [");
	for (size_t i = 0; i < c->count; i++) {
		const struct cases_one *one = &c->one[i];

		buf_puts(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
		buf_json(out, one->name, strlen(one->name));
		put_member(out, "outcome", names[one->outcome]);
		buf_puts(out, ", \"seconds\": ");
		put_seconds(out, one->ns);
		put_member(out, "message", one->message);
		put_member(out, "output", one->output);
		buf_putc(out, '}');
	}
	buf_puts(out, c->count ? "\n  ]\n}\n" : "]\n}\n");
}

bool cases_write(const struct cases *c, void (*make)(const struct cases *c, struct buf *out),
		 const char *option, const char *path, struct err *err)
{
	struct buf text = {0};
	bool ok;

	if (!path)
		return true;
	make(c, &text);
	ok = !text.failed && wholefile_write(option, path, text.p, text.n, err);
	if (text.failed)
		err_set(err, EXIT_ENVIRONMENT, "%s %s: no memory for the report", option, path);
	buf_done(&text);
	return ok;
}
