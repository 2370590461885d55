/* scenario.c - scenario files, read and judged */
#include "base/sanitized.h"
#include "cli/scenario.h"
#include "cli/scenario_left.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *const world_names[] = {"real", "sim"};

const char *scenario_world_name(enum scenario_world world)
{
	return world_names[world];
}

/* ---- reading ---- */

static const char *const keys[] = {"about",	 "seed",    "worlds", "tshark", "timeout",
				   "traffic",	 "options", "faults", "expect", "expect_real",
				   "expect_sim", "files",   NULL};

static const char *const expect_keys[] = {
	"exit",	 "signal",	"ledger",      "report",       "rows",
	"audit", "audit_count", "audit_never", "resident_mib", "recovers_within",
	"files", "golden",	NULL};

/* The options that a run sets by itself. */
static const char *const taken[] = {"--report",	 "--audit", "-T",      "--tshark", "--faults",
				    "--control", "-q",	    "--quiet", NULL};

static bool read_worlds(struct scenario *s, struct err *err)
{
	size_t count;

	if (!jt_count(&s->root, "worlds", &count, err))
		return false;
	for (unsigned w = 0; w < WORLDS; w++)
		s->world[w] = count == 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = jt_item_text(&s->root, "worlds", i, err);
		unsigned w = 0;

		if (!name)
			return false;
		while (w < WORLDS && strcmp(world_names[w], name) != 0)
			w++;
		if (w == WORLDS)
			return jt_refuse(&s->root, "worlds", err, "'%s': real or sim is wanted",
					 name);
		s->world[w] = true;
	}
	return true;
}

static bool read_options(struct scenario *s, struct err *err)
{
	size_t count;

	if (!jt_count(&s->root, "options", &count, err))
		return false;
	if (count > SCENARIO_OPTIONS_MAX)
		return jt_refuse(&s->root, "options", err, "at most %d", SCENARIO_OPTIONS_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *word = jt_item_text(&s->root, "options", i, err);

		if (!word)
			return false;
		for (size_t k = 0; taken[k]; k++) {
			if (strcmp(word, taken[k]) == 0)
				return jt_refuse(&s->root, "options", err,
						 "%s is set by the run itself", word);
		}
		s->option[s->options++] = word;
	}
	return true;
}

static bool check_expect(const struct scenario *s, const char *key, struct err *err)
{
	struct jt_at expect, inner;
	const char *golden = NULL;
	size_t count;

	if (!jt_member(&s->root, key, &expect, err))
		return err->text[0] == '\0';
	if (!jt_known(&expect, expect_keys, err) || !jt_count(&expect, "audit", &count, err) ||
	    !jt_count(&expect, "audit_never", &count, err))
		return false;
	for (size_t i = 0; i < 5; i++) {
		static const char *const objects[] = {"ledger", "report", "rows", "audit_count",
						      "files"};

		if (!jt_member(&expect, objects[i], &inner, err) && err->text[0])
			return false;
	}
	return jt_text(&expect, "golden", &golden, err);
}

bool scenario_read(struct scenario *s, const char *file, struct err *err)
{
	static const char *const tsharks[] = {"real", "stand-in", "none", NULL};
	char copy[4096], *name, *dot;
	unsigned tshark = SCENARIO_TSHARK_REAL;

	memset(s, 0, sizeof(*s));
	s->timeout_ns = UINT64_C(120000000000);
	s->about = "";
	if (!jsontext_read(&s->text, file, err))
		return false;
	snprintf(copy, sizeof(copy), "%s", file);
	name = basename(copy);
	snprintf(s->name, sizeof(s->name), "%s", name);
	dot = strrchr(s->name, '.');
	if (dot && strcmp(dot, ".json") == 0)
		*dot = '\0';
	snprintf(copy, sizeof(copy), "%s", file);
	snprintf(s->folder, sizeof(s->folder), "%s", dirname(copy));
	if (jsontext_root(&s->text, &s->root, err) && jt_known(&s->root, keys, err) &&
	    jt_text(&s->root, "about", &s->about, err) && read_worlds(s, err) &&
	    jt_word(&s->root, "tshark", tsharks, &tshark, err) &&
	    jt_ns(&s->root, "timeout", &s->timeout_ns, err) && read_options(s, err) &&
	    plan_read(&s->plan, &s->root, "faults", err) && check_expect(s, "expect", err) &&
	    check_expect(s, "expect_real", err) && check_expect(s, "expect_sim", err)) {
		s->tshark = (enum scenario_tshark)tshark;
		return true;
	}
	scenario_done(s);
	return false;
}

void scenario_done(struct scenario *s)
{
	jsontext_done(&s->text);
}

/* ---- judging ---- */

/* The audit log of a run, read once. */
struct evidence {
	struct json_object *report;
	struct json_object **audit;
	size_t audits;
	uint64_t decoded, basic, skipped, rows, updates;
	uint64_t last_id;
	bool in_order;
};

/* A number in the report by its path, as in "tshark.generations". NULL: there is none */
static struct json_object *report_at(struct json_object *o, const char *path)
{
	char name[64];

	while (o && *path) {
		size_t n = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)(n < 63 ? n : 63), path);
		if (!json_object_is_type(o, json_type_object))
			return NULL;
		o = json_object_object_get(o, name);
		path += n + (path[n] == '.');
	}
	return o;
}

static void judge_report(const struct evidence *e, const struct jt_at *at, const char *below,
			 struct buf *why)
{
	json_object_object_foreach(at->object, key, wanted)
	{
		char path[160];
		struct json_object *is;
		struct err err;

		snprintf(path, sizeof(path), "%s%s", below, key);
		is = report_at(e->report, path);
		if (is) {
			scenario_number(at, key, wanted, json_object_get_double(is), why);
			continue;
		}
		jt_refuse(at, key, &err, "the report has no '%s'", path);
		buf_printf(why, "%s\n", err.text);
	}
}

static void judge_rows(const struct evidence *e, const struct jt_at *at, struct buf *why)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {{"decoded", e->decoded},
		      {"basic", e->basic},
		      {"skipped", e->skipped},
		      {"all", e->rows}};

	json_object_object_foreach(at->object, key, wanted)
	{
		size_t i = 0;
		struct err err;

		while (i < 4 && strcmp(counts[i].name, key) != 0)
			i++;
		if (i < 4) {
			scenario_number(at, key, wanted, (double)counts[i].n, why);
			continue;
		}
		jt_refuse(at, key, &err, "there are: decoded, basic, skipped, all");
		buf_printf(why, "%s\n", err.text);
	}
}

static const char *event_of(struct json_object *line)
{
	const char *event = json_object_get_string(json_object_object_get(line, "event"));

	return event ? event : "";
}

static uint64_t count_events(const struct evidence *e, const char *event)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->audits; i++)
		n += strcmp(event_of(e->audit[i]), event) == 0;
	return n;
}

/* Each member of @wanted is in the line: text equal, numbers within. */
static bool matches(struct json_object *line, struct json_object *wanted)
{
	double least, most;

	json_object_object_foreach(wanted, key, value)
	{
		struct json_object *is = json_object_object_get(line, key);

		if (!is)
			return false;
		if (json_object_is_type(value, json_type_string)) {
			if (strcmp(json_object_get_string(is), json_object_get_string(value)) != 0)
				return false;
		} else if (!scenario_range(value, &least, &most) ||
			   json_object_get_double(is) < least ||
			   json_object_get_double(is) > most) {
			return false;
		}
	}
	return true;
}

/* In order, others may be between them. */
static void judge_audit(const struct evidence *e, const struct jt_at *expect, struct buf *why)
{
	size_t count, at = 0;
	struct err err;

	jt_count(expect, "audit", &count, &err);
	for (size_t i = 0; i < count; i++) {
		struct jt_at wanted;

		if (!jt_item(expect, "audit", i, &wanted, &err)) {
			buf_printf(why, "%s\n", err.text);
			return;
		}
		while (at < e->audits && !matches(e->audit[at], wanted.object))
			at++;
		if (at++ < e->audits)
			continue;
		jt_refuse(&wanted, NULL, &err, "no such event after those before it: %s",
			  json_object_to_json_string(wanted.object));
		buf_printf(why, "%s\n", err.text);
		return;
	}
}

static void judge_audit_never(const struct evidence *e, const struct jt_at *expect, struct buf *why)
{
	size_t count;
	struct err err;

	jt_count(expect, "audit_never", &count, &err);
	for (size_t i = 0; i < count; i++) {
		const char *event = jt_item_text(expect, "audit_never", i, &err);

		if (!event)
			buf_printf(why, "%s\n", err.text);
		else if (count_events(e, event))
			buf_printf(why, "audit: '%s' came %" PRIu64 " times, and never should\n",
				   event, count_events(e, event));
	}
}

static void judge_exit(const struct jt_at *expect, const struct scenario_outcome *o,
		       struct buf *why)
{
	uint64_t exit = 0;
	struct err err;

	if (!jt_u64(expect, "exit", 0, 255, &exit, &err)) {
		buf_printf(why, "%s\n", err.text);
		return;
	}
	if (o->timed_out)
		buf_printf(why, "it did not end in time, and was killed\n");
	else if (WIFSIGNALED(o->status))
		buf_printf(why, "secvf ended by signal %d (%s)\n", WTERMSIG(o->status),
			   strsignal(WTERMSIG(o->status)));
	else if ((uint64_t)WEXITSTATUS(o->status) != exit)
		buf_printf(why, "secvf exited with %d, and %" PRIu64 " is expected\n",
			   WEXITSTATUS(o->status), exit);
}

/* The profile of a run: what its options say. */
static enum profile profile_of(const struct scenario *s)
{
	enum profile profile = PROFILE_LEAN;

	for (int i = 0; i + 1 < s->options; i++) {
		if (strcmp(s->option[i], "--decode") == 0)
			profile_parse(&profile, s->option[i + 1]);
	}
	return s->tshark == SCENARIO_TSHARK_NONE ? PROFILE_OFF : profile;
}

/* What is left behind in the real world. */
static void judge_left(const struct scenario *s, const struct evidence *e,
		       const struct jt_at *expect, const struct scenario_outcome *o,
		       struct buf *why)
{
	char golden[8300], rows[4200];
	const char *name = NULL, *version;
	struct jt_at files;
	struct err err;

	if (jt_member(expect, "files", &files, &err))
		scenario_files(&files, o->folder, why);
	if (!jt_text(expect, "golden", &name, &err) || !name)
		return;
	snprintf(golden, sizeof(golden), "%s%s%s", name[0] == '/' ? "" : s->folder,
		 name[0] == '/' ? "" : "/", name);
	snprintf(rows, sizeof(rows), "%s/rows.json", o->folder);
	version = json_object_get_string(report_at(e->report, "tshark.version"));
	scenario_golden(&(struct scenario_golden){.golden = golden,
						  .rows = rows,
						  .profile = profile_of(s),
						  .tshark = version ? version : ""},
			why);
}

static void judge_expect(const struct scenario *s, const struct evidence *e, const char *name,
			 enum scenario_world world, const struct scenario_outcome *o,
			 struct buf *why)
{
	struct jt_at expect, inner;
	uint64_t within_ns = UINT64_MAX, took_ns;
	struct err err;

	if (!jt_member(&s->root, name, &expect, &err))
		return;
	if (strcmp(name, "expect") == 0 || jt_has(&expect, "exit"))
		judge_exit(&expect, o, why);
	if (jt_member(&expect, "ledger", &inner, &err))
		judge_report(e, &inner, "ledger.", why);
	if (jt_member(&expect, "report", &inner, &err))
		judge_report(e, &inner, "", why);
	if (jt_member(&expect, "rows", &inner, &err))
		judge_rows(e, &inner, why);
	judge_audit(e, &expect, why);
	judge_audit_never(e, &expect, why);
	if (jt_member(&expect, "audit_count", &inner, &err)) {
		json_object_object_foreach(inner.object, event, wanted)
		{
			scenario_number(&inner, event, wanted, (double)count_events(e, event), why);
		}
	}
	if (world == WORLD_REAL)
		judge_left(s, e, &expect, o, why);
	/* Of a build with a sanitizer it says nothing. */
	if (world == WORLD_REAL && !SANITIZED && jt_has(&expect, "resident_mib"))
		scenario_number(&expect, "resident_mib",
				json_object_object_get(expect.object, "resident_mib"),
				(double)o->resident_kib / 1024, why);
	if (!jt_ns(&expect, "recovers_within", &within_ns, &err))
		buf_printf(why, "%s\n", err.text);
	took_ns = json_object_get_uint64(report_at(e->report, "faults.recovery_ns"));
	if (took_ns > within_ns)
		buf_printf(
			why,
			"it took %.3f s from a fault's end to the next decoded frame, and at most %.3f are expected\n",
			(double)took_ns / 1e9, (double)within_ns / 1e9);
}

/* ---- what always has to hold: no frame is lost silently ---- */

static uint64_t sum_of(const struct evidence *e, const char *event, const char *cause)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->audits; i++) {
		struct json_object *line = e->audit[i];
		const char *is = json_object_get_string(json_object_object_get(line, "cause"));

		if (strcmp(event_of(line), event) == 0 &&
		    (!cause || (is && strcmp(is, cause) == 0)))
			n += json_object_get_uint64(json_object_object_get(line, "count"));
	}
	return n;
}

static uint64_t term(const struct evidence *e, const char *path)
{
	return json_object_get_uint64(report_at(e->report, path));
}

static void equal(struct buf *why, const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		buf_printf(why, "%s: %" PRIu64 " and %" PRIu64 "\n", what, a, b);
}

/* Whole files name their first and last frame. */
static uint64_t named_discarded(const struct evidence *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->audits; i++) {
		struct json_object *line = e->audit[i];

		if (strcmp(event_of(line), "discarded") == 0)
			n += json_object_get_uint64(json_object_object_get(line, "last")) + 1 -
			     json_object_get_uint64(json_object_object_get(line, "first"));
	}
	return n;
}

static bool has_option(const struct scenario *s, const char *word)
{
	for (int i = 0; i < s->options; i++) {
		if (strcmp(s->option[i], word) == 0)
			return true;
	}
	return false;
}

static void judge_always(const struct scenario *s, const struct evidence *e,
			 const struct scenario_outcome *o, struct buf *why)
{
	uint64_t switched = 0;

	if (!json_object_get_boolean(json_object_object_get(e->report, "balanced")))
		buf_puts(why, "the ledger does not balance\n");
	if (term(e, "ledger.queued") || term(e, "ledger.in_flight"))
		buf_puts(why, "frames are left under way\n");
	if (!e->in_order)
		buf_puts(why, "rows: an id that is not above the one before it\n");
	json_object_object_foreach(report_at(e->report, "switch.dropped"), cause, n)
	{
		switched += json_object_get_uint64(n);
		equal(why, "frames dropped by the switch, and named in the audit log",
		      json_object_get_uint64(n), sum_of(e, "drop", cause));
	}
	if (term(e, "sent") > o->frames)
		buf_puts(why, "more frames were sent than there are\n");
	equal(why, "frames sent, and forwarded or dropped by the switch", term(e, "sent"),
	      term(e, "ledger.forwarded") + switched);
	equal(why, "frames without decode at first, and named so in the audit log",
	      term(e, "ledger.undecoded") + term(e, "ledger.backfilled"),
	      sum_of(e, "undecoded", NULL));
	equal(why, "rows that are updates, and frames tried again", e->updates,
	      term(e, "ledger.backfilled") + sum_of(e, "undecoded_again", NULL) +
		      term(e, "output.passed") - term(e, "output.missed_updates"));
	equal(why, "frames that the queue dropped, and named so in the audit log",
	      term(e, "ledger.dropped_queue"), sum_of(e, "drop", "dropped_queue"));
	if (!has_option(s, "--no-spill") && named_discarded(e) < term(e, "ledger.discarded"))
		buf_printf(why,
			   "%" PRIu64 " frames are discarded, and the audit log names %" PRIu64
			   "\n",
			   term(e, "ledger.discarded"), named_discarded(e));
	equal(why, "rows missed, and named so in the audit log",
	      term(e, "output.missed") + term(e, "output.missed_updates"),
	      sum_of(e, "missed", NULL));
	/* What was on its way to a reader who went away has been printed all the same. */
	if (!has_option(s, "--direct") && !plan_has(&s->plan, FAULT_OUTPUT_GONE))
		equal(why, "frames captured, and rows with those that are missed or lost",
		      term(e, "ledger.captured"),
		      e->rows + term(e, "output.missed") + term(e, "output.lost"));
}

/* ---- evidence ---- */

/* One JSON object a line, called for each; a last line that is cut off is passed over. */
static void each_line(const char *folder, const char *name,
		      void (*fn)(void *ctx, struct json_object *o), void *ctx)
{
	char path[4200], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	while (f && getline(&line, &cap, f) > 0) {
		struct json_object *o = json_tokener_parse(line);

		if (o)
			fn(ctx, o);
	}
	free(line);
	if (f)
		fclose(f);
}

static void keep_audit(void *ctx, struct json_object *o)
{
	struct evidence *e = ctx;
	size_t bytes = (e->audits + 1) *
		       sizeof(struct json_object *); /* NOLINT(bugprone-sizeof-expression) */
	struct json_object **more = realloc(e->audit, bytes);

	if (!more) {
		json_object_put(o);
		return;
	}
	e->audit = more;
	e->audit[e->audits++] = o;
}

static void count_row(void *ctx, struct json_object *o)
{
	struct evidence *e = ctx;
	const char *status = json_object_get_string(json_object_object_get(o, "status"));
	uint64_t id = json_object_get_uint64(json_object_object_get(o, "id"));

	/* Of a frame that has had its row. */
	if (json_object_object_get(o, "update")) {
		e->updates++;
		json_object_put(o);
		return;
	}
	e->rows++;
	e->in_order &= id > e->last_id;
	e->last_id = id;
	e->decoded += status && strcmp(status, "decoded") == 0;
	e->basic += status && strcmp(status, "basic") == 0;
	e->skipped += status && strcmp(status, "skipped") == 0;
	json_object_put(o);
}

bool scenario_judge(const struct scenario *s, enum scenario_world world,
		    const struct scenario_outcome *outcome, struct buf *why)
{
	struct evidence e = {.in_order = true};
	char path[4200];

	snprintf(path, sizeof(path), "%s/report.json", outcome->folder);
	e.report = json_object_from_file(path);
	each_line(outcome->folder, "audit.log", keep_audit, &e);
	each_line(outcome->folder, "rows.json", count_row, &e);
	judge_expect(s, &e, "expect", world, outcome, why);
	judge_expect(s, &e, world == WORLD_REAL ? "expect_real" : "expect_sim", world, outcome,
		     why);
	if (!jt_has(&s->root, "expect"))
		judge_exit(&s->root, outcome, why);
	if (e.report)
		judge_always(s, &e, outcome, why);
	else if (!outcome->timed_out && WIFEXITED(outcome->status) &&
		 WEXITSTATUS(outcome->status) < 2)
		buf_puts(why, "there is no report\n");
	for (size_t i = 0; i < e.audits; i++)
		json_object_put(e.audit[i]);
	free(e.audit);
	json_object_put(e.report);
	return why->n == 0;
}
