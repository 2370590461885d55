/* suite.c - the captures of a regression suite, and where their golden files are */
#include "cli/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/golden.h"
#include "cli/inputs.h"

#define PATH_BYTES 4096

/* A folder while it is walked. */
struct walk {
	struct suite *s;
	const char *root;   /* as named */
	const char *golden; /* folder of golden files, or NULL */
	bool only;	    /* the one path that was named: names are places in it */
	size_t sorted;	    /* not 0: golden files are looked for that none of these cases has */
	struct err *err;
};

static bool no_memory(const char *path, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "%s: no memory", path);
	return false;
}

/* @folder "": the name alone. */
static char *join(const char *folder, const char *name, const char *suffix)
{
	char path[2 * PATH_BYTES];
	size_t n = strlen(folder);
	bool ends = n && folder[n - 1] == '/';

	snprintf(path, sizeof(path), "%s%s%s%s", folder, n && !ends ? "/" : "", name, suffix);
	return strdup(path);
}

static bool keep(struct suite *s, struct suite_case one, struct err *err)
{
	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct suite_case *more = realloc(s->one, cap * sizeof(*more));

		if (more) {
			s->one = more;
			s->cap = cap;
		}
	}
	if (one.name && one.golden && s->count < s->cap && s->count < SUITE_CASES_MAX) {
		s->one[s->count++] = one;
		return true;
	}
	err_set(err, EXIT_ENVIRONMENT, "no memory for the cases, or more than %u of them",
		SUITE_CASES_MAX);
	free(one.name);
	free(one.capture);
	free(one.golden);
	return false;
}

static int by_golden(const void *first, const void *second)
{
	const struct suite_case *a = first, *b = second;

	return strcmp(a->golden, b->golden);
}

/* ---- walking ---- */

/* @below: its place below the root. */
static bool take_file(struct walk *w, const char *below)
{
	struct suite_case one = {0};

	if (!w->sorted) {
		one.capture = join(w->root, below, "");
		one.golden = join(w->golden ? w->golden : w->root, below, GOLDEN_SUFFIX);
		one.name = w->only ? strdup(below) : join(w->root, below, "");
		if (!one.capture) {
			free(one.name);
			free(one.golden);
			return no_memory(below, w->err);
		}
		return keep(w->s, one, w->err);
	}
	one.golden = join(w->root, below, "");
	if (one.golden && bsearch(&one, w->s->one, w->sorted, sizeof(one), by_golden)) {
		free(one.golden);
		return true;
	}
	one.name = w->only ? strdup(below) : join(w->root, below, "");
	return keep(w->s, one, w->err);
}

static bool is_wanted(const struct walk *w, const char *name)
{
	size_t n = strlen(name), m = strlen(GOLDEN_SUFFIX);

	if (!w->sorted)
		return inputs_is_capture(name);
	return n > m && strcmp(name + n - m, GOLDEN_SUFFIX) == 0;
}

struct names {
	char **name;
	size_t count;
};

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct names){0};
}

/* Names of a folder, in order. Return: false, and none, where it can't be read */
static bool list(const char *path, struct names *names)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	bool ok = d != NULL;

	*names = (struct names){0};
	while (ok && (entry = readdir(d))) {
		char **more;

		if (entry->d_name[0] == '.')
			continue;
		more = realloc(names->name, (names->count + 1) * sizeof(*more));
		if (more)
			names->name = more;
		ok = more && (more[names->count] = strdup(entry->d_name));
		names->count += ok;
	}
	if (d)
		closedir(d);
	if (!ok)
		free_names(names);
	if (names->count)
		qsort(names->name, names->count, sizeof(*names->name), inputs_by_number);
	return ok;
}

static bool walk(struct walk *w, const char *below, unsigned depth);

static bool visit(struct walk *w, const char *below, const char *name, unsigned depth)
{
	char place[PATH_BYTES], path[2 * PATH_BYTES];
	struct stat st, target;

	if (snprintf(place, sizeof(place), "%s%s%s", below, *below ? "/" : "", name) >=
	    (int)sizeof(place))
		return true;
	snprintf(path, sizeof(path), "%s/%s", w->root, place);
	if (lstat(path, &st))
		return true;
	if (S_ISDIR(st.st_mode))
		return walk(w, place, depth + 1);
	if (is_wanted(w, name) && stat(path, &target) == 0 && S_ISREG(target.st_mode))
		return take_file(w, place);
	return true;
}

static bool walk(struct walk *w, const char *below, unsigned depth)
{
	char path[2 * PATH_BYTES];
	struct names names = {0};
	bool ok = depth < SUITE_DEPTH_MAX;

	snprintf(path, sizeof(path), "%s%s%s", w->root, *below ? "/" : "", below);
	if (!ok)
		errno = ELOOP;
	if (!ok || !list(path, &names)) {
		err_set(w->err, EXIT_ENVIRONMENT, "cannot read the folder %s: %s", path,
			strerror(errno));
		return false;
	}
	for (size_t i = 0; ok && i < names.count; i++)
		ok = visit(w, below, names.name[i], depth);
	free_names(&names);
	return ok;
}

/* ---- filling ---- */

static bool add_named(struct suite *s, const char *path, const char *golden, bool only,
		      struct err *err)
{
	struct walk w = {.s = s, .root = path, .golden = golden, .only = only, .err = err};
	const char *slash = strrchr(path, '/');
	struct suite_case one = {0};
	struct stat st;

	if (stat(path, &st)) {
		err_set(err, EXIT_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
		return false;
	}
	if (S_ISDIR(st.st_mode))
		return walk(&w, "", 0);
	one.capture = strdup(path);
	one.name = strdup(path);
	one.golden = golden ? join(golden, slash ? slash + 1 : path, GOLDEN_SUFFIX)
			    : join("", path, GOLDEN_SUFFIX);
	return keep(s, one, err);
}

/* Two captures with one golden file would overwrite it, or fail, in turn. */
static bool refuse_twice(const struct suite *s, struct err *err)
{
	for (size_t i = 1; i < s->count; i++) {
		if (strcmp(s->one[i - 1].golden, s->one[i].golden) != 0)
			continue;
		err_set(err, EXIT_USAGE,
			"%s and %s would both have the golden file %s; name each once, or give them "
			"--golden folders of their own",
			s->one[i - 1].capture, s->one[i].capture, s->one[i].golden);
		return false;
	}
	return true;
}

/* Of a folder that was named all golden files are known; beside single files may be others'. */
static bool add_orphans(struct suite *s, char *const *paths, int count, const char *golden,
			struct err *err)
{
	size_t found = s->count;
	struct stat st;

	for (int i = 0; i < count; i++) {
		if (golden && (stat(paths[i], &st) || !S_ISDIR(st.st_mode)))
			return true;
	}
	for (int i = 0; i < (golden ? 1 : count); i++) {
		struct walk w = {.s = s,
				 .root = golden ? golden : paths[i],
				 .only = golden || count == 1,
				 .sorted = found,
				 .err = err};

		if (stat(w.root, &st) == 0 && S_ISDIR(st.st_mode) && !walk(&w, "", 0))
			return false;
	}
	return true;
}

static int by_place(const void *first, const void *second)
{
	const struct suite_case *a = first, *b = second;

	return inputs_by_number(&a->name, &b->name);
}

static bool apply_filter(struct suite *s, const char *filter, struct err *err)
{
	size_t kept = 0, all = s->count;

	for (size_t i = 0; i < s->count; i++) {
		if (!filter || fnmatch(filter, s->one[i].name, 0) == 0) {
			s->one[kept++] = s->one[i];
			continue;
		}
		free(s->one[i].name);
		free(s->one[i].capture);
		free(s->one[i].golden);
	}
	s->count = kept;
	if (kept)
		return true;
	err_set(err, EXIT_USAGE,
		"--filter '%s': none of %zu captures is called so; --list shows them",
		filter ? filter : "*", all);
	return false;
}

bool suite_fill(struct suite *s, char *const *paths, int count, const char *golden,
		const char *filter, struct err *err)
{
	for (int i = 0; i < count; i++) {
		if (!add_named(s, paths[i], golden, count == 1, err))
			return false;
	}
	if (!s->count) {
		err_set(err, EXIT_ENVIRONMENT,
			"there is no capture: no file called .pcap, .pcapng or .cap, also with .gz or "
			".zst, in %s and below",
			paths[0]);
		return false;
	}
	qsort(s->one, s->count, sizeof(*s->one), by_golden);
	if (!refuse_twice(s, err) || !add_orphans(s, paths, count, golden, err))
		return false;
	qsort(s->one, s->count, sizeof(*s->one), by_place);
	return apply_filter(s, filter, err);
}

void suite_done(struct suite *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->one[i].name);
		free(s->one[i].capture);
		free(s->one[i].golden);
	}
	free(s->one);
	*s = (struct suite){0};
}

bool suite_make_folders(const char *path, struct err *err)
{
	char part[PATH_BYTES];

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) {
		err_set(err, EXIT_ENVIRONMENT, "%s: the path is too long", path);
		return false;
	}
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(part, 0777) && errno != EEXIST) {
			err_set(err, EXIT_ENVIRONMENT, "cannot make the folder %s: %s", part,
				strerror(errno));
			return false;
		}
		*slash = '/';
	}
	return true;
}
