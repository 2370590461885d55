/* scenario_left.c - what a run left behind: the decode, beside a golden file's; files, and what is
 * in them */
#include "cli/scenario_left.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "capfile/capfile.h"
#include "cli/compare.h"
#include "cli/golden.h"

#define DIFFERENCES_MAX 20u

bool scenario_range(struct json_object *o, double *least, double *most)
{
	if (json_object_is_type(o, json_type_int) || json_object_is_type(o, json_type_double)) {
		*least = *most = json_object_get_double(o);
		return true;
	}
	if (!json_object_is_type(o, json_type_array) || json_object_array_length(o) != 2)
		return false;
	*least = json_object_get_double(json_object_array_get_idx(o, 0));
	*most = json_object_get_double(json_object_array_get_idx(o, 1));
	return true;
}

void scenario_number(const struct jt_at *at, const char *key, struct json_object *wanted, double is,
		     struct buf *why)
{
	double least, most;
	struct err err;

	if (!scenario_range(wanted, &least, &most)) {
		jt_refuse(at, key, &err, "a number or [least, most] is wanted");
		buf_printf(why, "%s\n", err.text);
	} else if (is < least || is > most) {
		jt_refuse(at, key, &err, "%.0f, and %s is expected", is,
			  json_object_to_json_string(wanted));
		buf_printf(why, "%s\n", err.text);
	}
}

/* ---- the decode ---- */

/* The golden file's frames, with those fields alone that are compared. */
static bool project(struct account *to, const struct account *from)
{
	struct account_fields fields = {.count = 0};
	int place[ACCOUNT_FIELDS];

	for (unsigned i = 0; i < from->fields.count; i++) {
		enum account_field field = from->fields.field[i];

		if (field == FIELD_CRC || field == FIELD_TS)
			continue;
		place[fields.count] = (int)i;
		fields.field[fields.count++] = field;
	}
	account_init(to, &fields);
	memcpy(to->tshark, from->tshark, sizeof(to->tshark));
	for (size_t k = 0; k < from->frames; k++) {
		const struct account_value *values = from->values + k * from->fields.count;
		struct account_value *row = account_frame(to);

		for (unsigned i = 0; row && i < fields.count; i++) {
			const char *text = account_text(from, &values[place[i]]);

			if (text)
				account_set(to, &row[i], text, values[place[i]].n);
		}
	}
	return !to->failed;
}

static bool read_rows(struct account *a, const char *path, struct buf *why)
{
	FILE *f = fopen(path, "re");
	unsigned long number = 0;
	char *line = NULL;
	size_t cap = 0;
	bool ok = f != NULL;

	while (ok && getline(&line, &cap, f) > 0) {
		struct json_object *row = json_tokener_parse(line);

		number++;
		ok = row && account_row(a, row);
		json_object_put(row);
	}
	if (!ok)
		buf_printf(why, "%s:%lu: no row of -T json\n", path, number);
	free(line);
	if (f)
		fclose(f);
	return ok;
}

void scenario_golden(const struct scenario_golden *g, struct buf *why)
{
	struct compare c = {.max = DIFFERENCES_MAX};
	struct account wanted = {0}, seen = {0};
	struct rules rules = {0};
	struct golden golden = {0};
	struct err err;

	if (!golden_read(&golden, g->golden, &err)) {
		buf_printf(why, "%s\n", err.text);
	} else if (!golden.has[g->profile]) {
		buf_printf(why, "%s has nothing for --decode %s; 'secvf verify --update' adds it\n",
			   g->golden, profile_name(g->profile));
	} else if (!rules_init(&rules) || !project(&wanted, &golden.account[g->profile])) {
		buf_puts(why, "no memory for the golden file\n");
	} else {
		account_init(&seen, &wanted.fields);
		snprintf(seen.tshark, sizeof(seen.tshark), "%s", g->tshark);
		c.rules = &rules;
		if (read_rows(&seen, g->rows, why)) {
			compare_accounts(&c, "decoded", 1u << PART_FRAMES, &wanted, &seen);
			compare_end(&c);
			if (c.failed)
				buf_puts(why, "no memory to compare with the golden file\n");
			else if (c.differences)
				buf_put(why, c.text.p, c.text.n);
		}
	}
	compare_done(&c);
	account_done(&seen);
	account_done(&wanted);
	rules_done(&rules);
	golden_done(&golden);
}

/* ---- files ---- */

/* Frames of a capture file; one that is broken has those before that place. */
static double frames_of(const char *path, struct buf *why)
{
	struct err err;
	struct capfile *c = capfile_open(path, &err);
	struct capfile_frame frame;
	enum capfile_result result;
	double n = 0;

	if (!c) {
		buf_printf(why, "%s\n", err.text);
		return 0;
	}
	while ((result = capfile_next(c, &frame, &err)) == CAPFILE_FRAME)
		n++;
	if (result != CAPFILE_END)
		buf_printf(why, "%s\n", err.text);
	capfile_close(c);
	return n;
}

static void judge_files(const struct jt_at *wanted, const glob_t *found, struct buf *why)
{
	double frames = 0, bytes = 0;
	struct stat st;

	for (size_t i = 0; i < found->gl_pathc; i++) {
		if (jt_has(wanted, "frames"))
			frames += frames_of(found->gl_pathv[i], why);
		if (stat(found->gl_pathv[i], &st) == 0)
			bytes += (double)st.st_size;
	}
	json_object_object_foreach(wanted->object, key, value)
	{
		scenario_number(wanted, key, value,
				strcmp(key, "count") == 0    ? (double)found->gl_pathc
				: strcmp(key, "frames") == 0 ? frames
							     : bytes,
				why);
	}
}

void scenario_files(const struct jt_at *at, const char *folder, struct buf *why)
{
	static const char *const known[] = {"count", "frames", "bytes", NULL};

	json_object_object_foreach(at->object, pattern, ignored)
	{
		struct jt_at wanted;
		glob_t found = {0};
		char path[4400];
		struct err err;

		(void)ignored;
		if (!jt_member(at, pattern, &wanted, &err) || !jt_known(&wanted, known, &err)) {
			buf_printf(why, "%s\n", err.text);
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", folder, pattern);
		glob(path, GLOB_NOSORT, NULL, &found);
		judge_files(&wanted, &found, why);
		globfree(&found);
	}
}
