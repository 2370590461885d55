/* doctor_tshark.c - the checks of `secvf doctor` that run tshark and sharkd */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/doctor_ask.h"
#include "cli/doctor_decode.h"
#include "cli/doctor_lua.h"
#include "os/port_posix.h"

#define NS_PER_S UINT64_C(1000000000)

/* Places whose tshark was asked and is none; each of them may also be named by another path. */
#define TRIED_MAX 16u

#define INSTALL \
	"install tshark 3.0 or later (Debian: `apt install tshark`), or name one with --tshark PATH"

/* ---- which tshark ---- */

struct search {
	size_t from_path; /* steps of detect_next() that come from $PATH */
	struct stat tried[TRIED_MAX];
	unsigned tries;
	struct buf refused; /* the first that is there and is of no use, and why */
};

static void refuse(struct search *s, const char *path, const char *why)
{
	if (!s->refused.n)
		buf_printf(&s->refused, "%s %s", path, why);
}

static bool was_tried(struct search *s, const struct stat *st)
{
	for (unsigned i = 0; i < s->tries; i++) {
		if (s->tried[i].st_dev == st->st_dev && s->tried[i].st_ino == st->st_ino)
			return true;
	}
	if (s->tries < TRIED_MAX)
		s->tried[s->tries++] = *st;
	return false;
}

/* Ask one candidate its version. Return: whether it is a tshark */
static bool try_one(struct doctor *d, struct search *s)
{
	char word[] = "--version", why[160], end[32];
	char *argv[] = {d->tshark.path, word, NULL};
	struct doctor_said said;
	struct stat st;
	bool is = false;
	int error;

	if (stat(d->tshark.path, &st) || was_tried(s, &st))
		return false;
	if (!S_ISREG(st.st_mode) || access(d->tshark.path, X_OK)) {
		refuse(s, d->tshark.path, "cannot be executed");
		return false;
	}
	error = doctor_ask(argv, NULL, clock_now_ns() + d->timeout_ns, &said);
	if (error == -ETIMEDOUT)
		refuse(s, d->tshark.path, "did not answer --version in time");
	else if (error) {
		snprintf(why, sizeof(why), "cannot be run: %s", strerror(-error));
		refuse(s, d->tshark.path, why);
	} else if (said.status) {
		snprintf(why, sizeof(why), "--version ended with %s", doctor_said_end(&said, end));
		refuse(s, d->tshark.path, why);
	} else if (!detect_version(said.out.p, d->tshark.version)) {
		refuse(s, d->tshark.path, "printed no version of tshark's");
	} else {
		is = true;
		/* The words may be parted by the end of a line. */
		d->lua = strstr(said.out.p, "with Lua") || strstr(said.out.p, "with\nLua");
	}
	doctor_said_done(&said);
	return is;
}

static size_t steps_of_path(void)
{
	char path[4096];
	size_t all = 0, usual = 0;

	while (detect_next(NULL, getenv("PATH"), all, path))
		all++;
	while (detect_next(NULL, NULL, usual, path))
		usual++;
	return all - usual;
}

static void judge_version(struct doctor *d, const struct search *s, const char *where,
			  struct doctor_finding *f)
{
	const struct detected *t = &d->tshark;

	d->tshark.found = strtoul(t->version, NULL, 10) >= DOCTOR_TSHARK_LEAST;
	if (!d->tshark.found) {
		doctor_say(f, DOCTOR_FAILED, "version %s at %s; 3.0 is the oldest that can be used",
			   t->version, t->path);
		doctor_advise(f, INSTALL);
	} else if (s->refused.n) {
		doctor_say(f, DOCTOR_WARNING, "version %s at %s, %s, as %.*s", t->version, t->path,
			   where, (int)s->refused.n, s->refused.p);
		doctor_advise(f, "mend or remove what comes first, or name one with --tshark PATH");
	} else {
		doctor_say(f, DOCTOR_OK, "version %s at %s, %s", t->version, t->path, where);
	}
}

static void check_tshark(struct doctor *d, struct doctor_finding *f)
{
	struct search s = {.from_path = steps_of_path()};
	bool found = false;
	size_t step = 0;

	if (d->asked && strcmp(d->asked, "none") == 0) {
		doctor_say(f, DOCTOR_SKIPPED, "--tshark none: frames get the basic decode");
		return;
	}
	for (; !found && detect_next(d->asked, getenv("PATH"), step, d->tshark.path); step++)
		found = try_one(d, &s);
	if (found) {
		judge_version(d, &s,
			      d->asked		    ? "named by --tshark"
			      : step <= s.from_path ? "in $PATH"
						    : "not in $PATH, but a usual place",
			      f);
	} else {
		if (s.refused.n)
			doctor_say(f, DOCTOR_FAILED, "%.*s", (int)s.refused.n, s.refused.p);
		else if (d->asked)
			doctor_say(f, DOCTOR_FAILED, "there is no %s", d->asked);
		else
			doctor_say(f, DOCTOR_FAILED, "neither in $PATH nor in a usual place");
		doctor_advise(f, INSTALL);
		doctor_advise(f, "without it (--tshark none) frames get the basic decode alone");
	}
	buf_done(&s.refused);
}

/* ---- sharkd ---- */

static bool runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Beside tshark, as it has to be of the same version; else in $PATH. */
static bool find_sharkd(struct doctor *d)
{
	const char *slash = strrchr(d->tshark.path, '/'), *search = getenv("PATH");

	if (slash &&
	    snprintf(d->sharkd, sizeof(d->sharkd), "%.*s/sharkd", (int)(slash - d->tshark.path),
		     d->tshark.path) > 0 &&
	    runnable(d->sharkd))
		return true;
	while (search && *search) {
		size_t n = strcspn(search, ":");

		if (search[0] == '/' && n < sizeof(d->sharkd) - 16) {
			snprintf(d->sharkd, sizeof(d->sharkd), "%.*s/sharkd", (int)n, search);
			if (runnable(d->sharkd))
				return true;
		}
		search += n + (search[n] == ':');
	}
	d->sharkd[0] = '\0';
	return false;
}

static void check_sharkd(struct doctor *d, struct doctor_finding *f)
{
	if (!d->tshark.found) {
		doctor_say(f, DOCTOR_SKIPPED, "it is looked for beside tshark");
		return;
	}
	if (find_sharkd(d)) {
		doctor_say(f, DOCTOR_OK, "%s", d->sharkd);
		return;
	}
	doctor_say(f, DOCTOR_WARNING,
		   "neither beside tshark nor in $PATH; layers of a frame and follow-up filters "
		   "need it");
	doctor_advise(f, "install it (Debian: `apt install wireshark-common`)");
}

/* Whether a line is the answer to our question. */
static bool is_answer(const char *line)
{
	struct json_object *root = json_tokener_parse(line), *value;
	bool is = root && json_object_is_type(root, json_type_object) &&
		  json_object_object_get_ex(root, "id", &value) &&
		  json_object_get_int(value) == 1 &&
		  json_object_object_get_ex(root, "result", &value);

	json_object_put(root);
	return is;
}

static void check_sharkd_status(struct doctor *d, struct doctor_finding *f)
{
	static const char question[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n";
	char dash[] = "-", end[32];
	char *argv[] = {d->sharkd, dash, NULL};
	uint64_t start_ns = clock_now_ns();
	struct doctor_said said;
	const char *line = "";
	size_t n;
	int error;

	if (!d->sharkd[0]) {
		doctor_say(f, DOCTOR_SKIPPED, "there is no sharkd");
		return;
	}
	error = doctor_ask(argv, question, start_ns + d->timeout_ns, &said);
	n = doctor_said_first(&said, &line);
	if (!error && is_answer(said.out.p))
		doctor_say(f, DOCTOR_OK, "answered within %u ms",
			   (unsigned)((clock_now_ns() - start_ns) / 1000000) + 1);
	else if (error == -ETIMEDOUT)
		doctor_say(f, DOCTOR_WARNING, "no answer within %u s",
			   (unsigned)(d->timeout_ns / NS_PER_S));
	else if (error)
		doctor_say(f, DOCTOR_WARNING, "%s cannot be run: %s", d->sharkd, strerror(-error));
	else
		doctor_say(f, DOCTOR_WARNING, "no answer to the method status; %s%s%.*s",
			   doctor_said_end(&said, end), n ? ": " : "", (int)n, line);
	if (f->status != DOCTOR_OK)
		doctor_advise(f,
			      "run `%s -` and see what it says; it has to be of tshark's version",
			      d->sharkd);
	doctor_said_done(&said);
}

const struct doctor_check doctor_tshark_checks[] = {
	{"tshark", check_tshark},
	{"sharkd", check_sharkd},
	{"sharkd-status", check_sharkd_status},
	{"fifo", doctor_check_fifo},
	{"decode", doctor_check_decode},
	{"lua", doctor_check_lua},
	{"lua-scripts", doctor_check_lua_scripts},
	{0},
};
