/* doctor.c - `secvf doctor`: what a capture needs, looked at one by one */
#include "cli/doctor.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe.h"
#include "cli/cli.h"
#include "cli/doctor_tidy.h"

static const char help[] =
	"usage: secvf doctor [OPTION...]\n"
	"\n"
	"Checks what a capture needs, and says what to do where something is missing. One line a check:\n"
	"\xe2\x9c\x93 as it should be, ! a warning, \xe2\x9c\x97 failed, - not looked at. Nothing that it\n"
	"makes stays.\n"
	"Exit code 0 where nothing failed, 3 where something did.\n"
	"\n"
	"  --tshark PATH     this tshark; 'none': do without (default: $PATH, then the usual places)\n"
	"  --home DIR        folder of captures and logs (default $AVF_HOME, else ~/.avf)\n"
	"  --port iface:NAME look at an interface that VMs are to be captured at; can be repeated\n"
	"  --port tap:NAME   the same for a tap device\n"
	"  --timeout SECONDS for each program that is run (default 30)\n"
	"  -T text|json      json: an array of {check, status, found, remedy}\n"
	"  -q, --quiet       only what is a warning or failed\n";

#define TIMEOUT_MAX_S 600u
#define NS_PER_S      UINT64_C(1000000000)
#define TEXT_COLUMNS  600u
#define NAME_COLUMNS  15

/* Order of enum doctor_status. */
static const char *const words[] = {"ok", "warning", "failed", "skipped"};
static const char *const marks[] = {"\xe2\x9c\x93", "!", "\xe2\x9c\x97", "-"};

_Static_assert(sizeof(words) / sizeof(words[0]) == DOCTOR_SKIPPED + 1, "a word for each status");
_Static_assert(sizeof(marks) / sizeof(marks[0]) == DOCTOR_SKIPPED + 1, "a mark for each status");

static const struct doctor_check *const lists[] = {doctor_tshark_checks, doctor_system_checks,
						   doctor_home_checks};

struct options {
	bool json, quiet;
};

/* ---- findings ---- */

static void __attribute__((format(printf, 2, 0)))
put_va(struct buf *b, const char *fmt, va_list args)
{
	char text[4096 + 1024];

	vsnprintf(text, sizeof(text), fmt, args);
	buf_puts(b, text);
}

void doctor_say(struct doctor_finding *f, enum doctor_status status, const char *fmt, ...)
{
	va_list args;

	f->status = status;
	f->found.n = 0;
	va_start(args, fmt);
	put_va(&f->found, fmt, args);
	va_end(args);
}

void doctor_advise(struct doctor_finding *f, const char *fmt, ...)
{
	va_list args;

	if (f->remedy.n)
		buf_puts(&f->remedy, "; ");
	va_start(args, fmt);
	put_va(&f->remedy, fmt, args);
	va_end(args);
}

void doctor_worse(struct doctor_finding *f, enum doctor_status status)
{
	if (status > f->status)
		f->status = status;
}

/* ---- printing ---- */

static void put_text(struct buf *out, const struct buf *text)
{
	unsigned columns;

	if (text->n)
		(void)safe_put(out, text->p, text->n, TEXT_COLUMNS, &columns);
}

static void print_text(struct buf *out, const char *name, const struct doctor_finding *f)
{
	buf_printf(out, "%s %-*s  ", marks[f->status], NAME_COLUMNS, name);
	put_text(out, &f->found);
	buf_putc(out, '\n');
	if (f->remedy.n) {
		buf_printf(out, "%*s", NAME_COLUMNS + 4, "");
		put_text(out, &f->remedy);
		buf_putc(out, '\n');
	}
}

static void print_json(struct buf *out, const char *name, const struct doctor_finding *f,
		       bool first)
{
	buf_puts(out, first ? "[\n  {\"check\":" : ",\n  {\"check\":");
	buf_json(out, name, strlen(name));
	buf_printf(out, ",\"status\":\"%s\",\"found\":", words[f->status]);
	buf_json(out, f->found.p ? f->found.p : "", f->found.n);
	buf_puts(out, ",\"remedy\":");
	if (f->remedy.n)
		buf_json(out, f->remedy.p, f->remedy.n);
	else
		buf_puts(out, "null");
	buf_putc(out, '}');
}

/* ---- work ---- */

/* Run a check and print it at once, as some take a while. Return: whether it failed */
static bool run_one(struct doctor *d, const struct options *o, const struct doctor_check *c,
		    bool *first)
{
	struct doctor_finding f = {0};
	struct buf out = {0};
	bool failed;

	c->run(d, &f);
	failed = f.status == DOCTOR_FAILED;
	if (!o->quiet || failed || f.status == DOCTOR_WARNING) {
		if (o->json)
			print_json(&out, c->name, &f, *first);
		else
			print_text(&out, c->name, &f);
		fwrite(out.p ? out.p : "", 1, out.n, stdout);
		fflush(stdout);
		*first = false;
	}
	buf_done(&out);
	buf_done(&f.found);
	buf_done(&f.remedy);
	return failed;
}

static bool run(struct doctor *d, const struct options *o, unsigned *failed, struct err *err)
{
	bool first = true;

	signal(SIGPIPE, SIG_IGN);
	doctor_tidy_begin();
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (const struct doctor_check *c = lists[i]; c->name; c++)
			*failed += run_one(d, o, c, &first);
	}
	if (o->json)
		fputs(first ? "[]\n" : "\n]\n", stdout);
	if (fflush(stdout) || ferror(stdout)) {
		err_set(err, EXIT_ENVIRONMENT, "standard output cannot be written");
		return false;
	}
	return true;
}

static bool add_port(struct doctor *d, const char *text, struct err *err)
{
	size_t kind = strncmp(text, "iface:", 6) == 0 ? 6 : strncmp(text, "tap:", 4) == 0 ? 4 : 0;

	if (!kind || !text[kind]) {
		err_set(err, EXIT_USAGE, "--port: '%.60s': iface:NAME or tap:NAME is wanted", text);
		return false;
	}
	if (d->ports == DOCTOR_PORTS_MAX) {
		err_set(err, EXIT_USAGE, "--port: more than %u were named", DOCTOR_PORTS_MAX);
		return false;
	}
	d->port[d->ports++] = text;
	return true;
}

static bool set_home(const char *folder, struct err *err)
{
	if (*folder && setenv("AVF_HOME", folder, 1) == 0)
		return true;
	err_set(err, EXIT_USAGE, "--home: a folder is wanted");
	return false;
}

static bool take(struct doctor *d, struct options *o, int word, char **argv, struct err *err)
{
	unsigned long long seconds;

	switch (word) {
	case 's': d->asked = optarg; return true;
	case 'd': return set_home(optarg, err);
	case 'p': return add_port(d, optarg, err);
	case 't':
		if (!cli_u64("--timeout", optarg, 1, TIMEOUT_MAX_S, &seconds, err))
			return false;
		d->timeout_ns = seconds * NS_PER_S;
		return true;
	case 'T':
		o->json = strcmp(optarg, "json") == 0;
		if (o->json || strcmp(optarg, "text") == 0)
			return true;
		err_set(err, EXIT_USAGE, "-T: '%.60s': text or json is wanted", optarg);
		return false;
	case 'q': o->quiet = true; return true;
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: cli_usage(word, argv, "doctor", err); return false;
	}
}

static bool parse(struct doctor *d, struct options *o, int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{"tshark", required_argument, NULL, 's'},
		{"home", required_argument, NULL, 'd'},
		{"port", required_argument, NULL, 'p'},
		{"timeout", required_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hqT:", options, NULL)) != -1) {
		if (!take(d, o, word, argv, err))
			return false;
	}
	if (optind < argc)
		err_set(err, EXIT_USAGE,
			"doctor: '%.60s': no file is wanted; 'secvf doctor --help'", argv[optind]);
	return optind >= argc;
}

int cli_doctor(int argc, char **argv)
{
	struct doctor d = {.timeout_ns = 30 * NS_PER_S};
	struct options o = {0};
	struct err err = {0};
	unsigned failed = 0;
	bool ok = parse(&d, &o, argc, argv, &err) && run(&d, &o, &failed, &err);

	if (!ok && err.exit != EXIT_BALANCED)
		return cli_say(&err);
	return ok && failed ? EXIT_ENVIRONMENT : EXIT_BALANCED;
}
