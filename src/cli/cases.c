/* cases.c - results as text, XML, TAP and JSON */
#include "cli/cases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

static const char *const outcome_names[] = {"passed", "FAILED", "skipped"};

bool cases_init(struct cases *c, const char *suite, size_t room)
{
	*c = (struct cases){.suite = suite, .room = room};
	c->result = calloc(room + 1, sizeof(*c->result));
	return c->result != NULL;
}

struct case_result *cases_add(struct cases *c, const char *name, const char *group)
{
	struct case_result *r = &c->result[c->count++];

	r->name = strdup(name);
	r->group = strdup(group);
	return r;
}

void cases_say(struct case_result *r, const char *message, size_t n, const char *output,
	       size_t output_n)
{
	r->message = message ? strndup(message, n) : NULL;
	r->output = output ? strndup(output, output_n) : NULL;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void print_lines(const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");

		printf("    %.*s\n", (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

void cases_tell(const struct cases *c, const struct case_result *r)
{
	if (c->quiet && r->outcome == CASE_PASSED)
		return;
	printf("%-7s  %-40s %-5s %7.2f s\n", outcome_names[r->outcome], text(r->name),
	       text(r->group), r->seconds);
	print_lines(text(r->message));
	print_lines(text(r->output));
	fflush(stdout);
}

static size_t count(const struct cases *c, enum case_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->result[i].outcome == outcome;
	return n;
}

size_t cases_failed(const struct cases *c)
{
	return count(c, CASE_FAILED);
}

void cases_summary(const struct cases *c)
{
	double seconds = 0;

	for (size_t i = 0; i < c->count; i++)
		seconds += c->result[i].seconds;
	printf("%zu passed, %zu failed, %zu skipped; %.1f s of runs\n", count(c, CASE_PASSED),
	       count(c, CASE_FAILED), count(c, CASE_SKIPPED), seconds);
}

static bool write_out(const struct buf *b, const char *file, struct err *err)
{
	FILE *f = strcmp(file, "-") == 0 ? stdout : fopen(file, "we");
	bool ok = f && !b->failed && fwrite(b->p, 1, b->n, f) == b->n;

	if (f)
		ok &= (f == stdout ? fflush(f) : fclose(f)) == 0;
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", file, strerror(errno));
	return ok;
}

/* ---- JUnit ---- */

/* XML 1.0 allows no control characters but tab and line ends, not even escaped. */
static void put_xml(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	while (n) {
		uint32_t c;
		size_t used = utf8_next(s, n, &c);

		if (c == UINT32_MAX || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f ||
		    c == 0xfffe || c == 0xffff)
			buf_puts(b, "\xef\xbf\xbd");
		else if (c == '<')
			buf_puts(b, "&lt;");
		else if (c == '>')
			buf_puts(b, "&gt;");
		else if (c == '&')
			buf_puts(b, "&amp;");
		else if (c == '"')
			buf_puts(b, "&quot;");
		else if (c == '\n')
			buf_puts(b, "&#10;");
		else
			buf_put(b, s, used);
		s += used;
		n -= used;
	}
}

bool cases_junit(const struct cases *c, const char *file, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_puts(&b,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"");
	put_xml(&b, c->suite);
	buf_printf(&b, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		   c->count, count(c, CASE_FAILED), count(c, CASE_SKIPPED));
	for (size_t i = 0; i < c->count; i++) {
		const struct case_result *r = &c->result[i];

		buf_puts(&b, "<testcase classname=\"");
		put_xml(&b, text(r->group));
		buf_puts(&b, "\" name=\"");
		put_xml(&b, text(r->name));
		buf_printf(&b, "\" time=\"%.3f\">", r->seconds);
		if (r->outcome != CASE_PASSED) {
			buf_puts(&b, r->outcome == CASE_FAILED ? "<failure message=\""
							       : "<skipped message=\"");
			put_xml(&b, text(r->message));
			buf_puts(&b, "\"/>");
		}
		if (r->output) {
			buf_puts(&b, "<system-out>");
			put_xml(&b, r->output);
			buf_puts(&b, "</system-out>");
		}
		buf_puts(&b, "</testcase>\n");
	}
	buf_puts(&b, "</testsuite>\n</testsuites>\n");
	ok = write_out(&b, file, err);
	buf_done(&b);
	return ok;
}

/* ---- TAP ---- */

static void put_comment(struct buf *b, const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");

		buf_puts(b, "# ");
		buf_put(b, lines, n);
		buf_putc(b, '\n');
		lines += n + (lines[n] == '\n');
	}
}

bool cases_tap(const struct cases *c, const char *file, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_printf(&b, "TAP version 14\n1..%zu\n", c->count);
	for (size_t i = 0; i < c->count; i++) {
		const struct case_result *r = &c->result[i];

		buf_printf(&b, "%s %zu - ", r->outcome == CASE_FAILED ? "not ok" : "ok", i + 1);
		for (const char *p = text(r->group); *p; p++)
			buf_putc(&b, *p == '#' || *p == '\n' ? '_' : *p);
		buf_putc(&b, ' ');
		for (const char *p = text(r->name); *p; p++)
			buf_putc(&b, *p == '#' || *p == '\n' ? '_' : *p);
		if (r->outcome == CASE_SKIPPED)
			buf_printf(&b, " # SKIP %s", text(r->message));
		buf_putc(&b, '\n');
		if (r->outcome == CASE_FAILED)
			put_comment(&b, text(r->message));
	}
	ok = write_out(&b, file, err);
	buf_done(&b);
	return ok;
}

/* ---- JSON ---- */

static void put_member(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json(b, text(value), strlen(text(value)));
}

bool cases_json(const struct cases *c, const char *file, struct err *err)
{
	static const char *const names[] = {"passed", "failed", "skipped"};
	struct buf b = {0};
	bool ok;

	buf_putc(&b, '{');
	put_member(&b, "suite", c->suite);
	buf_printf(&b, ",\"passed\":%zu,\"failed\":%zu,\"skipped\":%zu,\"cases\":[",
		   count(c, CASE_PASSED), count(c, CASE_FAILED), count(c, CASE_SKIPPED));
	for (size_t i = 0; i < c->count; i++) {
		const struct case_result *r = &c->result[i];

		buf_puts(&b, i ? ",\n{" : "\n{");
		put_member(&b, "group", r->group);
		buf_putc(&b, ',');
		put_member(&b, "name", r->name);
		buf_printf(&b, ",\"outcome\":\"%s\",\"seconds\":%.3f", names[r->outcome],
			   r->seconds);
		if (r->message) {
			buf_putc(&b, ',');
			put_member(&b, "message", r->message);
		}
		buf_putc(&b, '}');
	}
	buf_puts(&b, "\n]}\n");
	ok = write_out(&b, file, err);
	buf_done(&b);
	return ok;
}

void cases_done(struct cases *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->result[i].name);
		free(c->result[i].group);
		free(c->result[i].message);
		free(c->result[i].output);
	}
	free(c->result);
	c->result = NULL;
	c->count = 0;
}
