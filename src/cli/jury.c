/* jury.c - a command of the user's that says whether a capture still reproduces something */
#include "cli/jury.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/safe.h"
#include "os/port_posix.h"

#define NS_PER_MS      UINT64_C(1000000)
#define MARK	       "{}"
#define COMPLAINT_COLS 200u

/* @word with each {} replaced by @path; NULL where memory ran out. */
static char *fill_in(const char *word, const char *path)
{
	struct buf b = {0};
	const char *mark;

	while ((mark = strstr(word, MARK))) {
		buf_put(&b, word, (size_t)(mark - word));
		buf_puts(&b, path);
		word = mark + strlen(MARK);
	}
	buf_put(&b, word, strlen(word) + 1);
	if (b.failed)
		buf_done(&b);
	return b.p;
}

static void argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static char **argv_make(char *const *command, const char *path)
{
	size_t n = 0;
	char **argv;

	while (command[n])
		n++;
	argv = calloc(n + 1, sizeof(*argv));
	for (size_t i = 0; argv && i < n; i++) {
		argv[i] = fill_in(command[i], path);
		if (!argv[i]) {
			argv_free(argv);
			return NULL;
		}
	}
	return argv;
}

static bool no_memory(struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "no memory to run the command");
	return false;
}

static bool seat_open(struct jury *j, unsigned seat, struct err *err)
{
	struct jury_seat *s = &j->seats[seat];
	char path[PATH_MAX];

	/* Folders apart: a command may write beside its file. */
	snprintf(path, sizeof(path), "%.*s/%u", PATH_MAX - 64, j->scratch.path, seat);
	if (mkdir(path, 0700)) {
		err_set(err, EXIT_ENVIRONMENT, "%s: cannot be made; set TMPDIR to another folder",
			path);
		return false;
	}
	snprintf(path, sizeof(path), "%.*s/%u/candidate%s", PATH_MAX - 64, j->scratch.path, seat,
		 j->config.suffix);
	s->path = strdup(path);
	s->argv = s->path ? argv_make(j->config.command, s->path) : NULL;
	return s->argv || no_memory(err);
}

bool jury_open(struct jury *j, const struct jury_config *config, struct err *err)
{
	int error;

	memset(j, 0, sizeof(*j));
	j->config = *config;
	error = trials_init(&j->trials);
	if (!error)
		error = scratch_make(&j->scratch);
	if (error) {
		err_set(err, EXIT_ENVIRONMENT,
			"no folder for candidates below %s: %s; set TMPDIR to one that can be "
			"written to",
			scratch_base(), strerror(-error));
		return false;
	}
	snprintf(j->log, sizeof(j->log), "%.*s/stderr", PATH_MAX - 16, j->scratch.path);
	for (unsigned i = 0; i < config->seats; i++) {
		if (!seat_open(j, i, err))
			return false;
	}
	return true;
}

static bool start(struct jury *j, struct jury_seat *s, char *const argv[], struct err *err)
{
	uint64_t until_ns = clock_now_ns() + j->config.timeout_ns;
	int error = trial_start(&s->trial, argv, j->runs ? NULL : j->log, until_ns);

	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "%s: cannot be run: %s", argv[0], strerror(-error));
		return false;
	}
	s->runs = true;
	j->runs++;
	return true;
}

bool jury_start(struct jury *j, unsigned seat, const struct buf *candidate, struct err *err)
{
	struct jury_seat *s = &j->seats[seat];
	int error = scratch_file(s->path, candidate->p, candidate->n);

	if (error) {
		err_set(err, EXIT_ENVIRONMENT,
			"%s: cannot be written: %s; set TMPDIR to a folder with more room", s->path,
			strerror(-error));
		return false;
	}
	return start(j, s, s->argv, err);
}

static bool reproduces(const struct jury *j, enum trial_end end, int code)
{
	if (end == TRIAL_HUNG)
		return false;
	switch (j->config.wants) {
	case JURY_NONZERO: return end == TRIAL_KILLED || code != 0;
	case JURY_SIGNAL: return end == TRIAL_KILLED;
	default: return end == TRIAL_EXITED && code == j->config.code;
	}
}

enum jury_verdict jury_look(struct jury *j, unsigned seat)
{
	struct jury_seat *s = &j->seats[seat];
	enum trial_end end = trial_look(&s->trial, clock_now_ns());

	if (end == TRIAL_RUNS)
		return JURY_RUNS;
	s->runs = false;
	j->hung = end == TRIAL_HUNG;
	if (end == TRIAL_EXITED)
		snprintf(j->ended, sizeof(j->ended), "it exited with %d", s->trial.code);
	else if (end == TRIAL_KILLED)
		snprintf(j->ended, sizeof(j->ended), "signal %d (%s) ended it", s->trial.code,
			 strsignal(s->trial.code));
	else
		snprintf(j->ended, sizeof(j->ended), "it ran for %" PRIu64 " ms and was killed",
			 j->config.timeout_ns / NS_PER_MS);
	return reproduces(j, end, s->trial.code) ? JURY_YES : JURY_NO;
}

void jury_dismiss(struct jury *j, unsigned seat)
{
	if (j->seats[seat].runs)
		trial_kill(&j->seats[seat].trial);
	j->seats[seat].runs = false;
}

void jury_wait(struct jury *j, uint64_t until_ns)
{
	for (unsigned i = 0; i < j->config.seats; i++) {
		if (j->seats[i].runs && j->seats[i].trial.until_ns < until_ns)
			until_ns = j->seats[i].trial.until_ns;
	}
	trials_sleep(&j->trials, until_ns);
}

static bool ask_start(struct jury *j, const struct buf *candidate, const char *path,
		      struct err *err)
{
	char **argv;
	bool ok;

	if (candidate)
		return jury_start(j, 0, candidate, err);
	argv = argv_make(j->config.command, path);
	ok = argv ? start(j, &j->seats[0], argv, err) : no_memory(err);
	argv_free(argv);
	return ok;
}

enum jury_verdict jury_ask(struct jury *j, const struct buf *candidate, const char *path,
			   struct err *err)
{
	enum jury_verdict verdict;

	err->exit = 0;
	if (!ask_start(j, candidate, path, err))
		return JURY_RUNS;
	while ((verdict = jury_look(j, 0)) == JURY_RUNS && !trials_asked_to_stop())
		jury_wait(j, UINT64_MAX);
	jury_dismiss(j, 0);
	return verdict;
}

void jury_complaint(const struct jury *j, char *text, size_t n)
{
	char raw[512];
	FILE *f = fopen(j->log, "re");
	size_t got = f ? fread(raw, 1, sizeof(raw), f) : 0;
	const char *newline = memchr(raw, '\n', got);
	struct buf b = {0};
	unsigned columns;

	if (f)
		fclose(f);
	if (newline)
		got = (size_t)(newline - raw);
	(void)safe_put(&b, raw, got, COMPLAINT_COLS, &columns);
	snprintf(text, n, "%.*s", (int)b.n, b.p ? b.p : "");
	buf_done(&b);
}

void jury_close(struct jury *j)
{
	for (unsigned i = 0; i < JURY_SEATS_MAX; i++) {
		jury_dismiss(j, i);
		argv_free(j->seats[i].argv);
		free(j->seats[i].path);
		j->seats[i] = (struct jury_seat){0};
	}
	scratch_remove(&j->scratch);
	trials_done(&j->trials);
}
