/* test_ek_fixtures.c - recorded output of tshark, and what other versions and dying ones print
 *
 * Goal: every line of every recording is understood: index and document in turn, each document with
 * its frame number and the info that json-c reads there. Whatever a synthetic file holds, any
 * chunking gives the same records.
 *
 * Method: each file of fixtures/ek is cut into lines whole, byte by byte and in pieces of random
 * size, and a hash over kinds, numbers and infos is compared; json-c is the oracle for the
 * recordings.
 */
#include <dirent.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ek/ek_lines.h"
#include "ek/ek_record.h"
#include "random.h"
#include "trace.h"

#define SYNTHETIC FIXTURES "/ek/synthetic"

static struct buf read_file(const char *path)
{
	struct buf b = {0};
	char command[600];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command), "%s '%s'", strstr(path, ".gz") ? "gzip -dc" : "cat",
		 path);
	f = popen(command, "r");
	assert_non_null(f);
	do {
		assert_true(buf_reserve(&b, 65536));
		n = fread(b.p + b.n, 1, 65536, f);
		b.n += n;
	} while (n);
	assert_int_equal(pclose(f), 0);
	return b;
}

typedef void on_record(void *ctx, const struct ek_line *line, const struct ek_record *record);

static void take(struct ek_line *line, on_record *fn, void *ctx)
{
	struct ek_record record = {.kind = EK_NOISE};

	if (line->kind == EK_LINE_WHOLE)
		ek_record_scan(&record, line->p, line->n);
	fn(ctx, line, &record);
}

/* Feed @text in pieces of at most @piece bytes, of random size where @r is given. */
static void feed(const struct buf *text, size_t piece, struct sim_random *r, on_record *fn,
		 void *ctx)
{
	struct ek_lines lines;
	struct ek_line line;
	size_t at = 0;

	ek_lines_init(&lines, 0);
	while (at < text->n) {
		size_t room, n = r ? (size_t)random_range(r, 1, piece) : piece;
		char *space = ek_lines_space(&lines, &room);

		assert_non_null(space);
		n = n < room ? n : room;
		n = n < text->n - at ? n : text->n - at;
		memcpy(space, text->p + at, n);
		ek_lines_filled(&lines, n);
		at += n;
		while (ek_lines_next(&lines, &line))
			take(&line, fn, ctx);
	}
	if (ek_lines_end(&lines, &line))
		take(&line, fn, ctx);
	ek_lines_done(&lines);
}

static void hash_record(void *ctx, const struct ek_line *line, const struct ek_record *record)
{
	struct trace *t = ctx;

	trace_event(t, (char)line->kind, record->kind, (int64_t)record->number);
	trace_bytes(t, line->p, line->n);
	for (int i = 0; i < EK_FIELDS; i++)
		trace_bytes(t, record->field[i].p, record->field[i].p ? record->field[i].n : 0);
}

static void same_at_any_chunking(const char *path)
{
	struct buf text = read_file(path);
	struct trace whole = {0}, bytes = {0}, random = {0};
	struct sim_random r = {.state = text.n};

	feed(&text, SIZE_MAX / 2, NULL, hash_record, &whole);
	feed(&text, 1, NULL, hash_record, &bytes);
	feed(&text, 3000, &r, hash_record, &random);
	if (whole.hash != bytes.hash || whole.hash != random.hash)
		fail_msg("%s: another chunking gives other records", path);
	buf_done(&text);
}

struct expect {
	const char *path;
	uint64_t documents;
	bool index_seen;
	bool in_order; /* numbers are 1, 2, ... */
};

static void check_info(const struct expect *e, const struct ek_line *line,
		       const struct ek_record *record)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *o = json_tokener_parse_ex(tokener, line->p, (int)line->n), *info;
	struct ek_span span = record->field[EK_INFO];
	char *text;
	size_t n;

	assert_non_null(o);
	info = json_object_object_get(o, "info");
	if ((info == NULL) != (span.p == NULL))
		fail_msg("%s, document %" PRIu64 ": info found by one alone", e->path,
			 e->documents);
	if (info) {
		text = malloc(span.n + 1);
		assert_non_null(text);
		n = ek_unescape(span, text);
		assert_int_equal(n, json_object_get_string_len(info));
		assert_memory_equal(text, json_object_get_string(info), n);
		free(text);
	}
	json_object_put(o);
	json_tokener_free(tokener);
}

static void check_recorded(void *ctx, const struct ek_line *line, const struct ek_record *record)
{
	struct expect *e = ctx;

	assert_int_equal(line->kind, EK_LINE_WHOLE);
	if (record->kind == EK_INDEX) {
		assert_false(e->index_seen);
		e->index_seen = true;
		return;
	}
	if (record->kind != EK_DOCUMENT || !e->index_seen)
		fail_msg("%s: a line is no document behind its index: %.*s", e->path,
			 (int)(line->n < 100 ? line->n : 100), line->p);
	e->index_seen = false;
	e->documents++;
	if (!record->has_number || (e->in_order && record->number != e->documents))
		fail_msg("%s, document %" PRIu64 ": number %" PRIu64, e->path, e->documents,
			 record->number);
	check_info(e, line, record);
}

static void each_file(const char *folder, unsigned least, void (*fn)(const char *path))
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, alphasort);
	unsigned files = 0;

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		if (strstr(list[i]->d_name, ".ek")) {
			fn(path);
			files++;
		}
		free(list[i]);
	}
	free(list);
	assert_true(files >= least);
}

static void understand(const char *path)
{
	/* A display filter leaves gaps, -M restarts the count. */
	struct expect e = {.path = path,
			   .in_order = !strstr(path, ".filtered.") && !strstr(path, ".restarts.")};
	struct buf text = read_file(path);

	/* -j leaves the frame layer's number out: nothing could be matched, and we never ask for
	 * it. */
	if (!strstr(path, ".j."))
		feed(&text, 65536, NULL, check_recorded, &e);
	buf_done(&text);
}

static const char *const recorded[] = {FIXTURES "/ek/3.4.10", FIXTURES "/ek/4.0.17",
				       FIXTURES "/ek/4.4.19"};

static void recordings_are_understood(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++)
		each_file(recorded[i], 40, understand);
}

static void recordings_at_any_chunking(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++)
		each_file(recorded[i], 40, same_at_any_chunking);
}

static void synthetic_at_any_chunking(void **state)
{
	(void)state;
	each_file(SYNTHETIC, 30, same_at_any_chunking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_are_understood),
		cmocka_unit_test(recordings_at_any_chunking),
		cmocka_unit_test(synthetic_at_any_chunking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
