/* verify.c - `secvf verify`: each capture against its golden file, through the real pipeline */
#include "cli/verify.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "base/check.h"
#include "cli/cli.h"
#include "os/port_posix.h"

/* What the signal handlers need. */
static struct {
	volatile sig_atomic_t asked; /* to end */
	struct waker *waker;
} signalled;

static void on_signal(int number)
{
	if (number != SIGCHLD)
		signalled.asked = 1;
	waker_wake(signalled.waker);
}

static void handle_signals(struct verify *v, bool on)
{
	/* Once: a second Ctrl-C ends it as it would any program. */
	struct sigaction end = {.sa_handler = on ? on_signal : SIG_DFL,
				.sa_flags = on ? (int)SA_RESETHAND : 0};
	struct sigaction child = {.sa_handler = on ? on_signal : SIG_DFL, .sa_flags = SA_RESTART};

	signalled.waker = &v->waker;
	sigemptyset(&end.sa_mask);
	sigemptyset(&child.sa_mask);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGCHLD, &child, NULL);
}

/* ---- before the first case ---- */

static bool find_program(struct verify *v, struct err *err)
{
	bool found;

	if (v->words.program) {
		if (access(v->words.program, X_OK) == 0 && realpath(v->words.program, v->program))
			return true;
		err_set(err, EXIT_ENVIRONMENT, "--program %s: no program that can be run",
			v->words.program);
		return false;
	}
#ifdef __APPLE__
	uint32_t n = sizeof(v->program);

	found = _NSGetExecutablePath(v->program, &n) == 0;
#else
	ssize_t n = readlink("/proc/self/exe", v->program, sizeof(v->program) - 1);

	found = n > 0;
	v->program[found ? n : 0] = '\0';
#endif
	if (!found)
		err_set(err, EXIT_ENVIRONMENT, "secvf cannot find itself; name it: --program PATH");
	return found;
}

static bool make_scratch(struct verify *v, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char path[256], to[256];
	bool ok;

	snprintf(v->scratch, sizeof(v->scratch), "%.80s/secvf-verify-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	ok = mkdtemp(v->scratch) != NULL;
	if (!ok)
		v->scratch[0] = '\0';
	snprintf(to, sizeof(to), "%s/cache", v->scratch);
	snprintf(path, sizeof(path), "%s/config", v->scratch);
	ok = ok && mkdir(to, 0700) == 0 && mkdir(path, 0700) == 0;
	/* Each worker has a home of its own, but tshark is asked for its version only once. */
	for (unsigned i = 0; ok && i < v->words.jobs; i++) {
		struct work *w = &v->work[i];

		snprintf(w->home, sizeof(w->home), "%s/%u", v->scratch, i + 1);
		snprintf(path, sizeof(path), "%.200s/cache", w->home);
		ok = mkdir(w->home, 0700) == 0 && symlink(to, path) == 0;
	}
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT,
			"no folder for what is on the way, %s/secvf-verify-*: %s; TMPDIR names "
			"another place",
			tmp && *tmp ? tmp : "/tmp", strerror(errno));
	return ok;
}

/* What comes out must hang on the capture, not on who runs it where. */
static bool neutral_environment(const struct verify *v, struct err *err)
{
	char path[256];

	if (v->words.wireshark_config && access(v->words.wireshark_config, R_OK)) {
		err_set(err, EXIT_ENVIRONMENT, "--wireshark-config %s: %s",
			v->words.wireshark_config, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/config", v->scratch);
	setenv("AVF_HOME", v->scratch, 1);
	setenv("WIRESHARK_CONFIG_DIR", v->words.wireshark_config ? v->words.wireshark_config : path,
	       1);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	return true;
}

static bool find_tshark(struct verify *v, struct err *err)
{
	bool needed = v->words.profiles != 1u << PROFILE_OFF;

	if (!needed && !v->words.tshark)
		return true;
	if (!cli_detect(&v->tshark, v->words.tshark, err))
		return false;
	if (v->tshark.found || !needed)
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"there is no tshark: install it, name it by --tshark, or leave out what it decodes: "
		"--decode off");
	return false;
}

static bool prepare(struct verify *v, struct err *err)
{
	if (!find_program(v, err) || !make_scratch(v, err) || !neutral_environment(v, err) ||
	    !find_tshark(v, err))
		return false;
	if (waker_init(&v->waker)) {
		err_set(err, EXIT_ENVIRONMENT, "no descriptors left at the start");
		return false;
	}
	for (size_t i = 0; i < v->suite.count; i++) {
		if (cases_add(&v->cases, v->suite.one[i].name) == SIZE_MAX) {
			err_set(err, EXIT_ENVIRONMENT, "no memory for the cases");
			return false;
		}
	}
	cases_property(&v->cases, "secvf", SECVF_VERSION);
	cases_property(&v->cases, "tshark", v->tshark.found ? v->tshark.version : "none");
	return true;
}

/* ---- rows ---- */

static void put(struct verify *v, struct buf *text)
{
	if (text->n)
		fwrite(text->p, 1, text->n, v->rows);
	fflush(v->rows);
	buf_done(text);
}

/* In order: one that ends early waits for those before it. */
static void tell(struct verify *v)
{
	struct buf text = {0};

	for (; v->told < v->cases.count && v->cases.one[v->told].outcome; v->told++) {
		const struct cases_one *one = &v->cases.one[v->told];

		if (v->words.tap)
			cases_tap_row(one, v->told + 1, &text);
		else if (!v->words.quiet || one->outcome != CASES_PASSED)
			cases_row(one, v->color, &text);
	}
	put(v, &text);
}

static void open_rows(struct verify *v)
{
	bool taken = (v->words.junit && strcmp(v->words.junit, "-") == 0) ||
		     (v->words.json && strcmp(v->words.json, "-") == 0);
	struct buf text = {0};

	v->rows = taken ? stderr : stdout;
	v->color = isatty(fileno(v->rows)) && !getenv("NO_COLOR");
	if (v->words.tap)
		cases_tap_plan(v->cases.count, &text);
	put(v, &text);
}

/* ---- running ---- */

static bool is_busy(const struct verify *v)
{
	for (unsigned i = 0; i < v->words.jobs; i++) {
		if (v->work[i].busy)
			return true;
	}
	return false;
}

static void begin(struct verify *v)
{
	for (unsigned i = 0; i < v->words.jobs && !v->stopped; i++) {
		while (!v->work[i].busy && v->begun < v->cases.count)
			work_begin(v, &v->work[i], v->begun++);
	}
	tell(v);
}

/* Sleeps until something has happened or is due. */
static void wait_for_more(struct verify *v)
{
	struct pollfd fds[VERIFY_JOBS_MAX + 1] = {{.fd = waker_fd(&v->waker), .events = POLLIN}};
	uint64_t now_ns = clock_now_ns(), due_ns = UINT64_MAX;
	int timeout_ms;

	for (unsigned i = 0; i < v->words.jobs; i++) {
		struct work *w = &v->work[i];
		uint64_t due = w->busy ? replaying_tick(&w->trial, now_ns) : UINT64_MAX;

		fds[i + 1] = (struct pollfd){.fd = w->busy ? replaying_fd(&w->trial) : -1,
					     .events = POLLIN};
		due_ns = due < due_ns ? due : due_ns;
	}
	timeout_ms = due_ns == UINT64_MAX ? -1
		     : due_ns <= now_ns	  ? 0
					  : (int)((due_ns - now_ns) / 1000000 + 1);
	if (poll(fds, v->words.jobs + 1, timeout_ms) < 0)
		return;
	if (fds[0].revents)
		waker_clear(&v->waker);
	for (unsigned i = 0; i < v->words.jobs; i++) {
		if (fds[i + 1].revents)
			replaying_read(&v->work[i].trial);
	}
}

static void look(struct verify *v)
{
	uint64_t now_ns = clock_now_ns();

	if (signalled.asked && !v->stopped) {
		v->stopped = true;
		for (unsigned i = 0; i < v->words.jobs; i++)
			replaying_stop(&v->work[i].trial, now_ns);
	}
	for (unsigned i = 0; i < v->words.jobs; i++) {
		struct work *w = &v->work[i];

		if (!w->busy || !replaying_reap(&w->trial, now_ns))
			continue;
		if (v->stopped)
			work_drop(w);
		else
			work_goes_on(v, w);
	}
}

static void run(struct verify *v)
{
	uint64_t start_ns = clock_now_ns();

	handle_signals(v, true);
	begin(v);
	while (is_busy(v)) {
		wait_for_more(v);
		look(v);
		begin(v);
	}
	handle_signals(v, false);
	v->cases.ns = clock_now_ns() - start_ns;
}

static int finish(struct verify *v)
{
	int exit = cases_ok(&v->cases) ? EXIT_BALANCED : EXIT_UNBALANCED;
	struct buf text = {0};
	struct err err;

	if (!v->words.tap)
		cases_sum(&v->cases, &text);
	put(v, &text);
	if (v->stopped)
		fprintf(stderr, "secvf: interrupted; %zu cases were not run to their end\n",
			v->cases.counts[CASES_PENDING]);
	if (!cases_write(&v->cases, cases_junit, "--junit", v->words.junit, &err))
		exit = cli_say(&err);
	if (!cases_write(&v->cases, cases_json, "--json", v->words.json, &err))
		exit = cli_say(&err);
	return exit;
}

/* ---- listing ---- */

static int list(const struct verify *v)
{
	int exit = EXIT_BALANCED;

	for (size_t i = 0; i < v->suite.count; i++) {
		const struct suite_case *one = &v->suite.one[i];
		struct golden g = {.parts = 0};
		struct err err;
		bool there = access(one->golden, F_OK) == 0;
		bool ok = there && golden_read(&g, one->golden, &err);

		printf("%-8s", !one->capture ? "orphan"
			       : ok	     ? "golden"
			       : there	     ? "broken"
					     : "missing");
		printf("%s", one->name);
		for (int k = 0; k < GOLDEN_PROFILES; k++) {
			if (g.has[k])
				printf("  %s %zu", profile_name((enum profile)k),
				       g.account[k].frames);
		}
		printf("\n");
		if (there && !ok && one->capture)
			exit = cli_say(&err);
		golden_done(&g);
	}
	return exit;
}

static void done(struct verify *v)
{
	for (unsigned i = 0; i < v->words.jobs; i++)
		work_drop(&v->work[i]);
	if (v->scratch[0])
		verify_remove(v->scratch);
	if (v->waker.fd[0] >= 0)
		waker_done(&v->waker);
	golden_options_done(&v->words.options);
	cases_done(&v->cases);
	suite_done(&v->suite);
	rules_done(&v->rules);
	free(v);
}

int cli_verify(int argc, char **argv)
{
	struct verify *v = calloc(1, sizeof(*v));
	struct err err = {0};
	int exit;

	check(v);
	v->waker.fd[0] = -1;
	cases_init(&v->cases, "verify", clock_wall_ns());
	check(rules_init(&v->rules));
	if (!verify_words_parse(v, argc, argv, &err) || (!v->words.list && !prepare(v, &err))) {
		done(v);
		return err.text[0] ? cli_say(&err) : err.exit;
	}
	if (v->words.list) {
		exit = list(v);
	} else {
		open_rows(v);
		run(v);
		exit = finish(v);
	}
	done(v);
	return exit;
}
