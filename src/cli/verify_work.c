/* verify_work.c - a case of `secvf verify`: its trials, and the verdict */
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/compare.h"
#include "cli/verify.h"
#include "cli/wholefile.h"
#include "os/port_posix.h"

/* Of what a process that crashed said last. */
#define LAST_WORDS_BYTES 4096u

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void verify_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void work_drop(struct work *w)
{
	if (!w->busy)
		return;
	replaying_done(&w->trial);
	golden_done(&w->expected);
	golden_done(&w->actual);
	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		char folder[300];

		snprintf(folder, sizeof(folder), "%s/%s", w->home, profile_name((enum profile)i));
		if (w->ran >> i & 1)
			verify_remove(folder);
	}
	w->busy = false;
}

/* ---- what is kept of a failure ---- */

/* Best effort each: not every file is there. */
static void keep_file(const struct work *w, enum profile profile, const char *name,
		      const char *folder)
{
	char from[400], to[4400];
	struct buf text = {0};
	struct err err;

	snprintf(from, sizeof(from), "%s/%s/%s", w->home, profile_name(profile), name);
	snprintf(to, sizeof(to), "%s/%s.%s", folder, profile_name(profile), name);
	if (access(from, F_OK) == 0 &&
	    wholefile_read("--keep", from, TRIAL_REPORT_BYTES, &text, &err))
		wholefile_write("--keep", to, text.p, text.n, &err);
	buf_done(&text);
}

static void keep(struct verify *v, struct work *w)
{
	static const char *const names[] = {"stderr", "report.json", "audit.log", "written.pcapng"};
	const struct suite_case *one = &v->suite.one[w->index];
	const char *name = one->name;
	char folder[4200], path[4400];
	struct buf text = {0};
	struct err err;

	if (!v->words.keep || !w->ran)
		return;
	/* A name may be a path as the user gave it; below the folder it stays. */
	while (*name == '/' || (name[0] == '.' && (name[1] == '/' || name[1] == '.')))
		name++;
	snprintf(folder, sizeof(folder), "%s/%s", v->words.keep, name);
	snprintf(path, sizeof(path), "%s/actual" GOLDEN_SUFFIX, folder);
	golden_put(&w->actual, one->name, &text);
	if (!suite_make_folders(path, &err) ||
	    !wholefile_write("--keep", path, text.p, text.n, &err))
		fprintf(stderr, "secvf: %s\n", err.text);
	buf_done(&text);
	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		for (size_t k = 0; w->ran >> i & 1 && k < sizeof(names) / sizeof(names[0]); k++)
			keep_file(w, (enum profile)i, names[k], folder);
	}
}

/* ---- verdicts ---- */

static void settle(struct verify *v, struct work *w, enum cases_outcome outcome,
		   const struct buf *output, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void settle(struct verify *v, struct work *w, enum cases_outcome outcome,
		   const struct buf *output, const char *fmt, ...)
{
	char message[1200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	if (outcome != CASES_PASSED)
		keep(v, w);
	cases_settle(&v->cases, w->index, outcome, w->ns, message, output);
	work_drop(w);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void judge(struct verify *v, struct work *w)
{
	struct compare c = {.rules = &v->rules, .max = v->words.max_diffs};

	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		if (w->ran >> i & 1)
			compare_accounts(&c, profile_name((enum profile)i), w->expected.parts,
					 &w->expected.account[i], &w->actual.account[i]);
	}
	compare_end(&c);
	if (c.failed)
		settle(v, w, CASES_ERROR, &c.text, "no memory to compare");
	else if (c.differences)
		settle(v, w, CASES_FAILED, &c.text, "%" PRIu64 " difference%s", c.differences,
		       plural(c.differences));
	else if (c.tolerated)
		settle(v, w, CASES_PASSED, &c.text, "%" PRIu64 " difference%s tolerated",
		       c.tolerated, plural(c.tolerated));
	else
		settle(v, w, CASES_PASSED, NULL, "%s", "");
	compare_done(&c);
}

/* ---- updating ---- */

/* What to say of a golden file that is new, so that nobody takes an error for a decode unseen. */
static void describe(const struct work *w, struct buf *out)
{
	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		const struct account *a = &w->actual.account[i];

		if (!(w->ran >> i & 1))
			continue;
		buf_printf(out, "%s: %zu frame%s, exit %d%s%s\n", profile_name((enum profile)i),
			   a->frames, plural(a->frames), a->exit, a->error_count ? ": " : "",
			   a->error_count ? a->errors[0] : "");
	}
}

/* Accounts of profiles that were not run stay as they are. */
static void take_over(struct work *w)
{
	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		if (w->ran >> i & 1 || !w->expected.has[i])
			continue;
		w->actual.account[i] = w->expected.account[i];
		w->actual.has[i] = true;
		w->expected.account[i] = (struct account){.frames = 0};
		w->expected.has[i] = false;
	}
}

static bool is_equal(const char *path, const struct buf *text)
{
	struct buf old = {0};
	struct err err;
	bool equal = wholefile_read("golden file", path, GOLDEN_BYTES_MAX, &old, &err) &&
		     old.n == text->n && memcmp(old.p, text->p, old.n) == 0;

	buf_done(&old);
	return equal;
}

/* The rules have no say here: whoever updates sees all that changes. */
static void say_changes(struct verify *v, struct work *w, struct buf *out, uint64_t *differences)
{
	struct compare c = {.max = v->words.max_diffs};

	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		if (w->ran >> i & 1 && w->expected.has[i] &&
		    w->expected.fields.count == w->actual.fields.count &&
		    memcmp(w->expected.fields.field, w->actual.fields.field,
			   sizeof(w->actual.fields.field[0]) * w->actual.fields.count) == 0)
			compare_accounts(&c, profile_name((enum profile)i),
					 w->expected.parts & w->actual.parts,
					 &w->expected.account[i], &w->actual.account[i]);
	}
	compare_end(&c);
	*differences = c.differences;
	buf_put(out, c.text.p, c.text.n);
	compare_done(&c);
}

static void update(struct verify *v, struct work *w)
{
	const struct suite_case *one = &v->suite.one[w->index];
	const char *slash = strrchr(one->capture, '/');
	struct buf text = {0}, told = {0};
	uint64_t differences = 0;
	struct err err;

	if (w->had_golden)
		say_changes(v, w, &told, &differences);
	else
		describe(w, &told);
	take_over(w);
	golden_put(&w->actual, slash ? slash + 1 : one->capture, &text);
	if (text.failed)
		settle(v, w, CASES_ERROR, NULL, "no memory for the golden file");
	else if (w->had_golden && is_equal(one->golden, &text))
		settle(v, w, CASES_PASSED, NULL, "unchanged");
	else if (!suite_make_folders(one->golden, &err) ||
		 !wholefile_write("golden file", one->golden, text.p, text.n, &err))
		settle(v, w, CASES_ERROR, NULL, "%s", err.text);
	else if (!w->had_golden)
		settle(v, w, CASES_PASSED, &told, "new: %s", one->golden);
	else if (differences)
		settle(v, w, CASES_PASSED, &told, "changed: %" PRIu64 " difference%s", differences,
		       plural(differences));
	else
		settle(v, w, CASES_PASSED, NULL,
		       "changed: what it is made with or what it holds, nothing that came out");
	buf_done(&text);
	buf_done(&told);
}

/* ---- trials ---- */

static void start_next(struct verify *v, struct work *w)
{
	struct replaying_config config = {
		.program = v->program,
		.capture = v->suite.one[w->index].capture,
		.tshark = v->tshark.found ? v->tshark.path : "none",
		.version = v->tshark.version,
		.options = &w->actual.options,
		.fields = &w->actual.fields,
		.folder = w->folder,
		.timeout_ns = v->words.timeout_ns,
	};
	struct err err;
	int i = 0;

	while (!(w->left >> i & 1))
		i++;
	config.profile = w->profile = (enum profile)i;
	w->left &= ~(1u << i);
	w->ran |= 1u << i;
	snprintf(w->folder, sizeof(w->folder), "%.200s/%s", w->home, profile_name(w->profile));
	if (w->profile != PROFILE_OFF && !v->tshark.found) {
		settle(v, w, CASES_ERROR, NULL, "decode %s needs tshark; --decode off does without",
		       profile_name(w->profile));
		return;
	}
	mkdir(w->folder, 0700);
	setenv("AVF_HOME", w->home, 1);
	if (!replaying_start(&w->trial, &config, clock_now_ns(), &err))
		settle(v, w, CASES_ERROR, NULL, "%s", err.text);
}

/* The end of what it said, which is where a crash tells about itself. */
static void last_words(const struct work *w, struct buf *out)
{
	struct buf text = {0};
	char path[400];
	struct err err;
	size_t from;

	snprintf(path, sizeof(path), "%s/stderr", w->folder);
	if (wholefile_read("stderr", path, TRIAL_REPORT_BYTES, &text, &err)) {
		from = text.n > LAST_WORDS_BYTES ? text.n - LAST_WORDS_BYTES : 0;
		buf_put(out, text.n ? text.p + from : "", text.n - from);
	}
	buf_done(&text);
}

void work_goes_on(struct verify *v, struct work *w)
{
	struct account *a = &w->trial.account;
	struct buf said = {0};
	char why[1024];

	w->ns += w->trial.end_ns - w->trial.start_ns;
	if (!replaying_account(&w->trial, why, sizeof(why))) {
		last_words(w, &said);
		settle(v, w, CASES_FAILED, &said, "%s: %s", profile_name(w->profile), why);
		buf_done(&said);
		return;
	}
	if (v->words.update && a->exit != EXIT_BALANCED && a->exit != EXIT_ENVIRONMENT) {
		last_words(w, &said);
		settle(v, w, CASES_FAILED, &said,
		       "%s: exit %d is not recorded: that is no way for a capture to come out",
		       profile_name(w->profile), a->exit);
		buf_done(&said);
		return;
	}
	w->actual.account[w->profile] = *a;
	w->actual.has[w->profile] = true;
	*a = (struct account){.frames = 0};
	replaying_done(&w->trial);
	if (w->left)
		start_next(v, w);
	else if (v->words.update)
		update(v, w);
	else
		judge(v, w);
}

/* What is run: what was asked for, else what the golden file has. Where fields or options change,
 * the accounts that were not asked for change, too. */
static unsigned profiles_of(const struct verify *v, const struct work *w)
{
	const struct verify_words *words = &v->words;
	unsigned has = 0;

	for (int i = 0; i < GOLDEN_PROFILES; i++)
		has |= (unsigned)w->expected.has[i] << i;
	if (!words->profiles)
		return has ? has : 1u << PROFILE_LEAN | 1u << PROFILE_OFF;
	if (words->update && (words->has_fields || words->has_options || words->parts))
		return words->profiles | has;
	return words->profiles;
}

/* What the run is to be like: as the golden file says, or as the command line does. */
static bool prepare(const struct verify *v, struct work *w)
{
	const struct verify_words *words = &v->words;

	w->actual.fields = words->has_fields ? words->fields
			   : w->had_golden   ? w->expected.fields
					     : golden_fields_default();
	w->actual.parts = words->parts	  ? words->parts
			  : w->had_golden ? w->expected.parts
					  : ACCOUNT_PARTS_ALL;
	w->left = profiles_of(v, w);
	return golden_options_copy(&w->actual.options,
				   words->has_options ? &words->options : &w->expected.options);
}

static unsigned missing(const struct work *w)
{
	for (unsigned i = 0; i < GOLDEN_PROFILES; i++) {
		if (w->left >> i & 1 && !w->expected.has[i])
			return i;
	}
	return GOLDEN_PROFILES;
}

void work_begin(struct verify *v, struct work *w, size_t index)
{
	const struct suite_case *one = &v->suite.one[index];
	struct err err;
	bool there = access(one->golden, F_OK) == 0;
	unsigned lacks;

	w->busy = true;
	w->index = index;
	w->ns = 0;
	w->ran = w->left = 0;
	w->had_golden = false;
	w->expected = w->actual = (struct golden){.parts = 0};
	w->trial = (struct replaying){.fd = -1};
	if (!one->capture) {
		settle(v, w, CASES_FAILED, NULL,
		       "the capture of this golden file has gone: bring it back, or remove %s",
		       one->golden);
		return;
	}
	if (!there && !v->words.update) {
		settle(v, w, CASES_FAILED, NULL,
		       "there is no golden file %s; 'secvf verify --update' makes it", one->golden);
		return;
	}
	w->had_golden = there && golden_read(&w->expected, one->golden, &err);
	if (there && !w->had_golden) {
		settle(v, w, CASES_ERROR, NULL, "%s", err.text);
		return;
	}
	if (!prepare(v, w)) {
		settle(v, w, CASES_ERROR, NULL, "no memory");
		return;
	}
	lacks = v->words.update ? GOLDEN_PROFILES : missing(w);
	if (lacks == GOLDEN_PROFILES) {
		start_next(v, w);
		return;
	}
	settle(v, w, CASES_FAILED, NULL,
	       "golden file %s has nothing for --decode %s; 'secvf verify --update --decode %s' adds it",
	       one->golden, profile_name((enum profile)lacks), profile_name((enum profile)lacks));
}
