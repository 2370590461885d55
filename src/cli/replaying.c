/* replaying.c - one capture through the real pipeline, in a process of its own */
#include "cli/replaying.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "capfile/capfile.h"
#include "cli/jsonfile.h"
#include "cli/wholefile.h"

/* Read at a time, so that one trial does not keep the others waiting. */
#define READ_BYTES (256u << 10)

extern char **environ;

/* ---- start ---- */

/* The command line: words that are borrowed, and paths that are not. */
struct words {
	const char *argv[TRIAL_WORDS_MAX + 1];
	unsigned count;
	char report[4096], audit[4096], written[4096];
};

static void add(struct words *w, const char *word)
{
	if (w->count < TRIAL_WORDS_MAX)
		w->argv[w->count] = word;
	w->count++;
}

static void add_options(struct words *w, const struct golden_options *o)
{
	for (int i = 0; i < GOLDEN_OPTIONS; i++) {
		const struct golden_word *word = golden_word((enum golden_option)i);

		for (unsigned k = 0; k < o->given[i].count; k++) {
			add(w, word->option);
			if (word->kind != GOLDEN_FLAG)
				add(w, o->given[i].value[k]);
		}
	}
}

static bool path_in(const struct replaying *t, const char *name, char path[4096])
{
	return snprintf(path, 4096, "%s/%s", t->config.folder, name) < 4096;
}

static bool make_words(const struct replaying *t, struct words *w)
{
	const struct replaying_config *c = &t->config;
	bool fits = path_in(t, "report.json", w->report) && path_in(t, "audit.log", w->audit) &&
		    path_in(t, "written.pcapng", w->written);

	add(w, c->program);
	add(w, "replay");
	add(w, "--topspeed");
	add(w, "--quiet");
	add(w, "-T");
	add(w, "json");
	add(w, "--decode");
	add(w, profile_name(c->profile));
	add(w, "--tshark");
	add(w, c->tshark);
	add(w, "--report");
	add(w, w->report);
	add(w, "--audit");
	add(w, w->audit);
	if (account_fields_have(c->fields, FIELD_CRC) >= 0) {
		add(w, "-w");
		add(w, w->written);
	}
	add_options(w, c->options);
	add(w, "--");
	add(w, c->capture);
	if (w->count > TRIAL_WORDS_MAX)
		return false;
	w->argv[w->count] = NULL;
	return fits;
}

/* A process group of its own: Ctrl-C at the terminal is ours to handle. */
static int spawn(struct replaying *t, const struct words *w, int out, const char *complaints)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, complaints,
							 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (!error)
		error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
								      POSIX_SPAWN_SETSIGDEF |
								      POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	if (!error)
		error = posix_spawn(&t->pid, w->argv[0], &actions, &attributes,
				    (char *const *)w->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

bool replaying_start(struct replaying *t, const struct replaying_config *config, uint64_t now_ns,
		     struct err *err)
{
	struct words words = {.count = 0};
	char complaints[4096];
	int ends[2], error;

	*t = (struct replaying){.config = *config,
				.fd = -1,
				.start_ns = now_ns,
				.due_ns = now_ns + config->timeout_ns};
	account_init(&t->account, config->fields);
	if (config->profile != PROFILE_OFF)
		snprintf(t->account.tshark, sizeof(t->account.tshark), "%s", config->version);
	if (!make_words(t, &words) || !path_in(t, "stderr", complaints)) {
		err_set(err, EXIT_USAGE, "%s: its options are too many", config->capture);
		return false;
	}
	if (pipe(ends)) {
		err_set(err, EXIT_ENVIRONMENT, "no pipe: %s", strerror(errno));
		return false;
	}
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	error = spawn(t, &words, ends[1], complaints);
	close(ends[1]);
	if (!error) {
		t->fd = ends[0];
		return true;
	}
	close(ends[0]);
	t->pid = 0;
	err_set(err, EXIT_ENVIRONMENT, "%s cannot be run: %s", config->program, strerror(error));
	return false;
}

/* ---- rows ---- */

static void take_row(struct replaying *t, const char *p, size_t n)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *row = tokener ? json_tokener_parse_ex(tokener, p, (int)n) : NULL;

	t->rows++;
	if ((!row || !account_row(&t->account, row)) && !t->fault[0])
		snprintf(t->fault, sizeof(t->fault),
			 "row %" PRIu64 " of its output is no row of -T json: %.*s", t->rows,
			 n < 200 ? (int)n : 200, p);
	json_object_put(row);
	json_tokener_free(tokener);
}

static void take_lines(struct replaying *t)
{
	size_t at = 0;
	char *end;

	while (at < t->line.n && (end = memchr(t->line.p + at, '\n', t->line.n - at))) {
		size_t n = (size_t)(end - (t->line.p + at));

		take_row(t, t->line.p + at, n);
		at += n + 1;
	}
	if (at)
		memmove(t->line.p, t->line.p + at, t->line.n - at);
	t->line.n -= at;
	if (t->line.n > TRIAL_ROW_BYTES) {
		if (!t->fault[0])
			snprintf(t->fault, sizeof(t->fault),
				 "row %" PRIu64 " of its output is longer than %u bytes",
				 t->rows + 1, TRIAL_ROW_BYTES);
		t->line.n = 0;
	}
}

int replaying_fd(const struct replaying *t)
{
	return t->fd;
}

void replaying_read(struct replaying *t)
{
	ssize_t got;

	if (t->fd < 0)
		return;
	if (!buf_reserve(&t->line, READ_BYTES)) {
		t->account.failed = true;
		got = 0;
	} else {
		got = read(t->fd, t->line.p + t->line.n, READ_BYTES);
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		t->line.n += (size_t)got;
		take_lines(t);
		return;
	}
	/* A last line without its newline was cut off. */
	if (t->line.n)
		take_row(t, t->line.p, t->line.n);
	close(t->fd);
	t->fd = -1;
}

/* ---- the end ---- */

bool replaying_reap(struct replaying *t, uint64_t now_ns)
{
	if (t->pid > 0 && !t->ended && waitpid(t->pid, &t->status, WNOHANG) == t->pid) {
		t->ended = true;
		t->end_ns = now_ns;
	}
	return t->ended && t->fd < 0;
}

void replaying_stop(struct replaying *t, uint64_t now_ns)
{
	if (t->pid > 0 && !t->ended && !t->signals)
		t->due_ns = now_ns;
}

uint64_t replaying_tick(struct replaying *t, uint64_t now_ns)
{
	if (t->pid <= 0 || (t->ended && t->fd < 0))
		return UINT64_MAX;
	if (now_ns < t->due_ns)
		return t->due_ns;
	t->late = true;
	if (t->ended) {
		/* Somebody else holds its output open. */
		close(t->fd);
		t->fd = -1;
		return UINT64_MAX;
	}
	kill(t->pid, t->signals++ < 2 ? SIGTERM : SIGKILL);
	t->due_ns = now_ns + TRIAL_GRACE_NS;
	return t->due_ns;
}

/* Lines of stderr, without the program's name before them and the folder of the capture in them. */
static bool take_errors(struct replaying *t, struct err *err)
{
	const char *slash = strrchr(t->config.capture, '/');
	const char *base = slash ? slash + 1 : t->config.capture;
	size_t whole = strlen(t->config.capture);
	struct buf text = {0};
	char path[4096], *rest, *line;

	path_in(t, "stderr", path);
	if (!wholefile_read("stderr", path, TRIAL_ERRORS_BYTES, &text, err)) {
		buf_done(&text);
		return false;
	}
	buf_putc(&text, '\0');
	rest = text.p;
	while (rest && (line = strsep(&rest, "\n"))) {
		struct buf shown = {0};
		char *at;

		if (strncmp(line, "secvf: ", 7) == 0)
			line += 7;
		if (!*line)
			continue;
		while ((at = strstr(line, t->config.capture))) {
			buf_put(&shown, line, (size_t)(at - line));
			buf_puts(&shown, base);
			line = at + whole;
		}
		buf_puts(&shown, line);
		buf_putc(&shown, '\0');
		account_error(&t->account, shown.failed ? "" : shown.p);
		buf_done(&shown);
	}
	buf_done(&text);
	return true;
}

static bool take_report(struct replaying *t, struct err *err)
{
	struct jsonfile f;
	char path[4096];
	bool ok;

	path_in(t, "report.json", path);
	/* One that did not get as far as the first frame reports nothing. */
	if (access(path, F_OK) && t->account.exit)
		return true;
	if (!jsonfile_read(&f, "report", path, TRIAL_REPORT_BYTES, err))
		return false;
	ok = account_report(&t->account, f.root);
	jsonfile_done(&f);
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "report %s: it is no report of secvf replay", path);
	return ok;
}

/* The bytes of each frame, from the file that was written. */
static bool take_crcs(struct replaying *t, struct err *err)
{
	int at = account_fields_have(&t->account.fields, FIELD_CRC);
	struct capfile_frame f;
	struct capfile *c;
	char path[4096];
	size_t i = 0;

	path_in(t, "written.pcapng", path);
	if (at < 0 || (t->account.frames == 0 && access(path, F_OK)))
		return true;
	c = capfile_open(path, err);
	if (!c)
		return false;
	while (i < t->account.frames && capfile_next(c, &f, err) == CAPFILE_FRAME) {
		char crc[16];
		int n = snprintf(crc, sizeof(crc), "%08lx",
				 crc32(crc32(0, NULL, 0), f.data, f.caplen));

		account_set(&t->account,
			    &t->account.values[i++ * t->account.fields.count + (unsigned)at], crc,
			    (size_t)n);
	}
	capfile_close(c);
	return true;
}

static bool fault(char *why, size_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static bool fault(char *why, size_t n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, n, fmt, args);
	va_end(args);
	return false;
}

bool replaying_account(struct replaying *t, char *why, size_t n)
{
	struct err err = {0};

	if (t->late)
		return fault(why, n,
			     "it did not end within %" PRIu64 " s; --timeout allows more time",
			     t->config.timeout_ns / 1000000000);
	if (WIFSIGNALED(t->status))
		return fault(why, n, "secvf crashed: signal %d (%s)", WTERMSIG(t->status),
			     strsignal(WTERMSIG(t->status)));
	t->account.exit = WEXITSTATUS(t->status);
	if (t->fault[0])
		return fault(why, n, "%s", t->fault);
	if (!take_errors(t, &err) || !take_report(t, &err) || !take_crcs(t, &err))
		return fault(why, n, "exit %d: %s", t->account.exit, err.text);
	if (t->account.failed)
		return fault(why, n, "no memory for its frames");
	return true;
}

void replaying_done(struct replaying *t)
{
	if (t->pid > 0 && !t->ended) {
		kill(t->pid, SIGKILL);
		while (waitpid(t->pid, &t->status, 0) < 0 && errno == EINTR) {
		}
	}
	if (t->pid > 0 && t->fd >= 0)
		close(t->fd);
	buf_done(&t->line);
	account_done(&t->account);
	*t = (struct replaying){.fd = -1};
}
