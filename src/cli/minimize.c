/* minimize.c - `secvf minimize`: the smallest capture on which a command still does it */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capfile/capfile.h"
#include "cli/cli.h"
#include "cli/jury.h"
#include "cli/outfile.h"
#include "os/port_posix.h"
#include "shrink/shrink.h"

static const char help[] =
	"usage: secvf minimize FILE [-o OUT] [OPTION...] -- CMD [ARG...]\n"
	"\n"
	"Makes a capture smaller, as long as CMD still reproduces: exits with 0. {} in CMD and its arguments\n"
	"stands for the path of the candidate. Flows go first, then frames, then bytes of frames; what is left\n"
	"cannot be made smaller in any one place. SIGINT ends it early, with the best result so far.\n"
	"\n"
	"  -o OUT               file to write (default: FILE's name with .min.pcapng, in this folder)\n"
	"  -F FORMAT            pcapng, pcap (microseconds), nsecpcap; by default as OUT's name says\n"
	"  --exit WHAT          what reproducing is: an exit code (default 0), 'nonzero' (or a signal), 'signal'\n"
	"  --timeout S          a CMD that takes longer is killed, and does not reproduce (default 10)\n"
	"  --time S, --tests N  stop after so much time, after so many runs of CMD\n"
	"  --jobs N             runs of CMD at a time (default 1); the result is the same for every N\n"
	"  --stages LIST        of flows, frames, lengths, tails, zeros, cuts (default: all); 'flows,frames'\n"
	"                       leaves the frames as they were captured\n"
	"  -q, --quiet          no progress, no account\n"
	"\n"
	"  secvf minimize field.pcapng -o fixture.pcapng -- \\\n"
	"    sh -c '[ -n \"$(tshark -r \"$1\" -Y tcp.analysis.flags)\" ]' sh {}\n"
	"  secvf minimize field.pcapng --exit signal -- ./parser {}\n";

#define NS_PER_S    UINT64_C(1000000000)
#define DRAW_NS	    UINT64_C(100000000)	 /* on a terminal */
#define LINE_NS	    UINT64_C(5000000000) /* elsewhere */
#define SECONDS_MAX 1000000u

struct job {
	const char *in, *out;
	char out_default[512];
	bool format_given, quiet;
	enum export_format format;
	struct jury_config wanted;
	uint64_t time_ns; /* 0: no limit */
	unsigned long long tests_max;
	unsigned stages;

	struct specimen specimen;
	size_t frames_before;
	uint64_t bytes_before;
	bool broken; /* FILE has a broken place; said already */
	struct shrink shrink;
	struct jury jury;
	struct buf candidate;

	/* Runs under way, in order: of the tries from head on, each made as if those before it did
	 * not reproduce. */
	struct run {
		struct shrink_try at;
		uint64_t hash;
		enum jury_verdict verdict;
	} runs[JURY_SEATS_MAX];
	unsigned head, running;
	struct shrink_try frontier; /* the next one to start */

	uint64_t tests, began_ns, drawn_ns;
	const char *stopped; /* why it ended early, or NULL */
	bool terminal;
};

/* ---- options ---- */

static bool parse_seconds(const char *option, const char *text, uint64_t *ns, struct err *err)
{
	uint64_t whole = 0, fraction = 0, unit = NS_PER_S;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && whole <= SECONDS_MAX; p++)
		whole = whole * 10 + (uint64_t)(*p - '0');
	if (*p == '.' && p > text) {
		for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) {
			unit /= 10;
			fraction += (uint64_t)(*p - '0') * unit;
		}
	}
	*ns = whole * NS_PER_S + fraction;
	if (!*p && *ns && whole <= SECONDS_MAX)
		return true;
	err_set(err, EXIT_USAGE,
		"%s '%s': seconds are wanted, as 10 or 0.5, more than 0 and at most %u", option,
		text, SECONDS_MAX);
	return false;
}

static bool parse_format(struct job *j, const char *text, struct err *err)
{
	j->format_given = true;
	if (strcmp(text, "pcapng") == 0)
		j->format = EXPORT_PCAPNG;
	else if (strcmp(text, "pcap") == 0)
		j->format = EXPORT_PCAP;
	else if (strcmp(text, "nsecpcap") == 0)
		j->format = EXPORT_PCAP_NS;
	else
		err_set(err, EXIT_USAGE, "-F '%s': pcapng, pcap or nsecpcap is wanted", text);
	return err->exit == 0;
}

static bool parse_exit(struct job *j, const char *text, struct err *err)
{
	unsigned long long code = 0;

	if (strcmp(text, "nonzero") == 0) {
		j->wanted.wants = JURY_NONZERO;
		return true;
	}
	if (strcmp(text, "signal") == 0) {
		j->wanted.wants = JURY_SIGNAL;
		return true;
	}
	if (!cli_u64("--exit", text, 0, 255, &code, err)) {
		err_set(err, EXIT_USAGE,
			"--exit '%s': an exit code from 0 to 255, 'nonzero' or 'signal' is wanted",
			text);
		return false;
	}
	j->wanted.wants = JURY_EXIT;
	j->wanted.code = (int)code;
	return true;
}

static bool parse_stages(struct job *j, const char *text, struct err *err)
{
	const char *p = text;

	j->stages = 0;
	for (;;) {
		size_t n = strcspn(p, ",");
		unsigned stage = 0;

		while (stage < SHRINK_STAGES && (strlen(shrink_stage_name(stage)) != n ||
						 strncmp(p, shrink_stage_name(stage), n) != 0))
			stage++;
		if (stage == SHRINK_STAGES) {
			err_set(err, EXIT_USAGE,
				"--stages '%s': a list of flows, frames, lengths, tails, zeros, cuts "
				"is wanted",
				text);
			return false;
		}
		j->stages |= 1u << stage;
		if (!p[n])
			return true;
		p += n + 1;
	}
}

static bool parse_word(struct job *j, int word, struct err *err)
{
	unsigned long long n;

	switch (word) {
	case 'o': j->out = optarg; return true;
	case 'F': return parse_format(j, optarg, err);
	case 'q': j->quiet = true; return true;
	case 'e': return parse_exit(j, optarg, err);
	case 'x': return parse_seconds("--timeout", optarg, &j->wanted.timeout_ns, err);
	case 't': return parse_seconds("--time", optarg, &j->time_ns, err);
	case 'n': return cli_u64("--tests", optarg, 1, UINT64_MAX, &j->tests_max, err);
	case 's': return parse_stages(j, optarg, err);
	case 'j':
		if (!cli_u64("--jobs", optarg, 1, JURY_SEATS_MAX, &n, err))
			return false;
		j->wanted.seats = (unsigned)n;
		return true;
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: return false;
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* FILE's own name, without what says its format, and .min.pcapng. */
static bool default_out(struct job *j, struct err *err)
{
	static const char *const ends[] = {".gz", ".zst", ".pcapng", ".pcap", ".cap"};
	const char *slash = strrchr(j->in, '/');
	const char *name = slash ? slash + 1 : j->in;
	size_t n = strlen(name);
	char stem[400];

	if (strcmp(j->in, "-") == 0)
		name = "stdin", n = 5;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t m = strlen(ends[i]);

		if (n > m && strncmp(name + n - m, ends[i], m) == 0)
			n -= m;
	}
	snprintf(stem, sizeof(stem), "%.*s", (int)(n < sizeof(stem) ? n : sizeof(stem) - 1), name);
	snprintf(j->out_default, sizeof(j->out_default), "./%s.min.%s", stem,
		 j->format_given && j->format != EXPORT_PCAPNG ? "pcap" : "pcapng");
	j->out = j->out_default;
	if (access(j->out, F_OK) == 0) {
		err_set(err, EXIT_USAGE,
			"%s is there already; say by -o OUT that it is to be replaced, or name "
			"another",
			j->out);
		return false;
	}
	return true;
}

static bool parse_done(struct job *j, char **front, int front_count, struct err *err)
{
	bool marked = false;

	for (char *const *word = j->wanted.command; word && *word; word++)
		marked |= strstr(*word, "{}") != NULL;
	if (front_count == 0)
		err_set(err, EXIT_USAGE, "what is to be minimized? secvf minimize FILE -- CMD {}");
	else if (front_count > 1)
		err_set(err, EXIT_USAGE, "'%s': one FILE is minimized; CMD comes behind '--'",
			front[1]);
	else if (!j->wanted.command || !j->wanted.command[0])
		err_set(err, EXIT_USAGE,
			"by which command? behind '--': secvf minimize %s -- CMD {}", front[0]);
	else if (!marked)
		err_set(err, EXIT_USAGE,
			"no {} in '%s' or its arguments: put it where the path of the candidate "
			"belongs",
			j->wanted.command[0]);
	else if (j->out && compress_kind_of(j->out) != COMPRESS_NONE)
		err_set(err, EXIT_USAGE,
			"-o %s: it is not compressed, as CMD reads what is written; call it .pcapng "
			"or .pcap",
			j->out);
	if (err->exit)
		return false;
	j->in = front[0];
	return j->out || default_out(j, err);
}

static bool parse(struct job *j, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"exit", required_argument, NULL, 'e'},
		{"timeout", required_argument, NULL, 'x'},
		{"time", required_argument, NULL, 't'},
		{"tests", required_argument, NULL, 'n'},
		{"jobs", required_argument, NULL, 'j'},
		{"stages", required_argument, NULL, 's'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int front = 1, word;

	/* What is behind the first '--' is CMD's, options too. */
	while (front < argc && strcmp(argv[front], "--") != 0)
		front++;
	j->wanted.command = front < argc ? argv + front + 1 : NULL;
	optind = 1;
	opterr = 0;
	while ((word = getopt_long(front, argv, ":o:F:qh", words, NULL)) != -1) {
		if (word == '?' || word == ':') {
			cli_usage(word, argv, "minimize", err);
			return false;
		}
		if (!parse_word(j, word, err))
			return false;
	}
	return parse_done(j, argv + optind, front - optind, err);
}

/* ---- the capture ---- */

/* Whether a pcap of microseconds would lose something of the times. */
static bool finer_than_us(const struct capfile *c)
{
	unsigned count;
	const struct capfile_interface *in = capfile_interfaces(c, &count);
	bool finer = false;

	for (unsigned i = 0; i < count; i++)
		finer |= in[i].tsresol > 6;
	return finer;
}

static bool load(struct job *j, struct err *err)
{
	struct capfile *c = capfile_open(j->in, err);
	enum export_result result;

	if (!c)
		return false;
	result = specimen_read(&j->specimen, c, err);
	if (!j->format_given && ends_with(j->out, ".pcap"))
		j->format = finer_than_us(c) ? EXPORT_PCAP_NS : EXPORT_PCAP;
	capfile_close(c);
	if (result == EXPORT_FAILED)
		return false;
	if (result == EXPORT_BROKEN) {
		j->broken = true;
		cli_say(err);
	}
	err->exit = 0;
	specimen_format(&j->specimen, j->format);
	j->wanted.suffix = j->format == EXPORT_PCAPNG ? ".pcapng" : ".pcap";
	j->frames_before = j->specimen.frames;
	j->bytes_before = specimen_bytes(&j->specimen);
	if (!j->frames_before)
		err_set(err, EXIT_ENVIRONMENT, "%s: there is no frame in it", j->in);
	return j->frames_before > 0;
}

/* ---- progress ---- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void tell(struct job *j, const char *stage, bool now)
{
	uint64_t now_ns = clock_now_ns();

	if (j->quiet || (!now && now_ns - j->drawn_ns < (j->terminal ? DRAW_NS : LINE_NS)))
		return;
	j->drawn_ns = now_ns;
	fprintf(stderr, "%s%s: %" PRIu64 " tests, %zu frame%s, %" PRIu64 " bytes left%s",
		j->terminal ? "\r" : "", stage, j->tests, j->specimen.frames,
		plural(j->specimen.frames), specimen_bytes(&j->specimen),
		j->terminal ? "\033[K" : "\n");
	fflush(stderr);
}

static void tell_end(const struct job *j)
{
	if (!j->quiet && j->terminal && j->drawn_ns)
		fprintf(stderr, "\r\033[K");
}

/* ---- is there anything to search for? ---- */

static bool interrupted(struct err *err)
{
	err_set(err, EXIT_UNBALANCED,
		"interrupted before anything was found out; nothing is written");
	return false;
}

/* The whole, as it would be written, does not reproduce. Does FILE itself? */
static bool explain(struct job *j, const char *how, struct err *err)
{
	bool itself = false;
	char complaint[300], path[4200];

	snprintf(path, sizeof(path), "%s%s", j->in[0] == '-' ? "./" : "", j->in);
	if (strcmp(j->in, "-") != 0)
		itself = jury_ask(&j->jury, NULL, path, err) == JURY_YES;
	if (err->exit)
		return false;
	if (itself)
		err_set(err, EXIT_UNBALANCED,
			"%s reproduces as it is, and its frames written anew do not (%s): it is the "
			"file, not what was captured%s; try -F pcap or -F pcapng",
			j->in, how, j->broken ? ", perhaps its broken place" : "");
	else {
		jury_complaint(&j->jury, complaint, sizeof(complaint));
		err_set(err, EXIT_UNBALANCED,
			"%s does not reproduce: %s%s%s%s; see that CMD works by hand, or say by --exit "
			"what reproducing is%s",
			j->in, how, complaint[0] ? ", after \"" : "", complaint,
			complaint[0] ? "\"" : "",
			j->jury.hung ? ", or give it more time by --timeout" : "");
	}
	return false;
}

static bool check_whole(struct job *j, struct err *err)
{
	char first[sizeof(j->jury.ended)];
	enum jury_verdict verdict;

	if (!specimen_write(&j->specimen, NULL, NULL, &j->candidate, err))
		return false;
	verdict = jury_ask(&j->jury, &j->candidate, NULL, err);
	if (verdict == JURY_RUNS)
		return !err->exit && interrupted(err);
	j->tests++;
	snprintf(first, sizeof(first), "%s", j->jury.ended);
	if (verdict == JURY_NO)
		return explain(j, first, err);
	verdict = jury_ask(&j->jury, &j->candidate, NULL, err);
	if (verdict == JURY_RUNS)
		return !err->exit && interrupted(err);
	j->tests++;
	if (verdict == JURY_NO)
		err_set(err, EXIT_UNBALANCED,
			"%s reproduces sometimes: the first time %s, the second time %s; make CMD "
			"repeat itself until it is sure",
			j->in, first, j->jury.ended);
	return verdict == JURY_YES;
}

/* A command that reproduces without any frame says nothing of the capture. */
static bool check_empty(struct job *j, struct err *err)
{
	enum jury_verdict verdict;

	if (!shrink_empty(&j->shrink, &j->candidate, err))
		return false;
	verdict = jury_ask(&j->jury, &j->candidate, NULL, err);
	if (verdict == JURY_RUNS)
		return !err->exit && interrupted(err);
	j->tests++;
	if (verdict == JURY_YES)
		err_set(err, EXIT_UNBALANCED,
			"CMD reproduces on a capture without frames, too (%s): it says nothing of %s",
			j->jury.ended, j->in);
	shrink_remember(&j->shrink, shrink_hash(&j->candidate));
	return verdict == JURY_NO;
}

/* ---- the search ---- */

static bool limits_met(struct job *j)
{
	if (trials_asked_to_stop())
		j->stopped = "interrupted";
	else if (j->time_ns && clock_now_ns() - j->began_ns >= j->time_ns)
		j->stopped = "out of time";
	else if (j->tests_max && j->tests >= j->tests_max)
		j->stopped = "out of tests";
	return j->stopped != NULL;
}

static unsigned seat_of(const struct job *j, unsigned place)
{
	return (j->head + place) % j->wanted.seats;
}

/* Takes seats until all are, or there is nothing to try but what hangs on those that run. */
static bool seats_fill(struct job *j, struct err *err)
{
	while (j->running < j->wanted.seats && !shrink_over(&j->frontier) && !limits_met(j) &&
	       (!j->tests_max || j->tests + j->running < j->tests_max)) {
		unsigned seat = seat_of(j, j->running);
		uint64_t hash;

		if (!shrink_candidate(&j->shrink, &j->frontier, &j->candidate, err))
			return false;
		hash = shrink_hash(&j->candidate);
		if (!shrink_tried(&j->shrink, hash)) {
			if (!jury_start(&j->jury, seat, &j->candidate, err))
				return false;
			j->runs[seat] = (struct run){.at = j->frontier, .hash = hash};
			j->running++;
		}
		shrink_next(&j->shrink, &j->frontier);
	}
	return true;
}

static void seats_look(struct job *j)
{
	for (unsigned i = 0; i < j->running; i++) {
		struct run *r = &j->runs[seat_of(j, i)];

		if (r->verdict == JURY_RUNS)
			r->verdict = jury_look(&j->jury, seat_of(j, i));
	}
}

/* Those behind one that reproduces were made for a specimen that is no more. */
static void seats_clear(struct job *j)
{
	for (unsigned i = 0; i < j->running; i++) {
		unsigned seat = seat_of(j, i);

		if (j->runs[seat].verdict == JURY_NO)
			shrink_remember(&j->shrink, j->runs[seat].hash);
		jury_dismiss(&j->jury, seat);
	}
	j->running = 0;
}

/* Takes the verdicts that are there, in order. */
static void seats_take(struct job *j)
{
	while (j->running && j->runs[j->head].verdict != JURY_RUNS) {
		const struct run r = j->runs[j->head];

		j->head = (j->head + 1) % j->wanted.seats;
		j->running--;
		j->tests++;
		tell(j, shrink_stage_name(r.at.stage), false);
		if (r.verdict == JURY_YES) {
			seats_clear(j);
			j->frontier = r.at;
			shrink_success(&j->shrink, &j->frontier);
		} else {
			shrink_remember(&j->shrink, r.hash);
		}
	}
}

static bool search(struct job *j, struct err *err)
{
	while (seats_fill(j, err)) {
		if (!j->running)
			return true;
		seats_look(j);
		if (j->runs[j->head].verdict == JURY_RUNS) {
			uint64_t until_ns = clock_now_ns() + DRAW_NS;

			if (j->time_ns && until_ns > j->began_ns + j->time_ns)
				until_ns = j->began_ns + j->time_ns;
			jury_wait(&j->jury, until_ns);
		}
		seats_take(j);
		if (limits_met(j)) {
			seats_clear(j);
			return true;
		}
	}
	seats_clear(j);
	return false;
}

/* ---- the result ---- */

/* Asked once more, on the very bytes that are written. */
static bool confirm(struct job *j, struct err *err)
{
	enum jury_verdict verdict;

	if (!specimen_write(&j->specimen, NULL, NULL, &j->candidate, err))
		return false;
	if (trials_asked_to_stop())
		return true;
	verdict = jury_ask(&j->jury, &j->candidate, NULL, err);
	if (verdict == JURY_RUNS)
		return !err->exit;
	j->tests++;
	if (verdict == JURY_NO) {
		err_set(err, EXIT_UNBALANCED,
			"%s is written, and did not reproduce when asked once more (%s): CMD does not "
			"always say the same of the same file",
			j->out, j->jury.ended);
		return false;
	}
	return true;
}

static bool put(struct job *j, struct err *err)
{
	int error = outfile_write(NULL, j->candidate.p, j->candidate.n);

	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "%s: cannot be written: %s", j->out,
			strerror(-error));
		return false;
	}
	return outfile_seal(err);
}

static void account(const struct job *j)
{
	uint64_t ms = (clock_now_ns() - j->began_ns) / (NS_PER_S / 1000);

	if (j->quiet)
		return;
	fprintf(stderr,
		"minimized %zu frame%s, %" PRIu64 " bytes to %zu frame%s, %" PRIu64
		" bytes by %" PRIu64 " tests in %" PRIu64 ".%03" PRIu64 " s, to %s\n",
		j->frames_before, plural(j->frames_before), j->bytes_before, j->specimen.frames,
		plural(j->specimen.frames), specimen_bytes(&j->specimen), j->tests, ms / 1000,
		ms % 1000, strcmp(j->out, "-") == 0 ? "standard output" : j->out);
	if (j->stopped)
		fprintf(stderr, "%s: it may be made smaller still\n", j->stopped);
}

static bool finish(struct job *j, struct err *err)
{
	bool confirmed = confirm(j, err);
	struct err failed;

	tell_end(j);
	if (!confirmed && err->exit != EXIT_UNBALANCED)
		return false;
	jury_close(&j->jury);
	if (!put(j, &failed)) {
		*err = failed;
		return false;
	}
	account(j);
	return confirmed;
}

static bool run(struct job *j, struct err *err)
{
	bool ok = load(j, err) && outfile_open(j->out, err) && jury_open(&j->jury, &j->wanted, err);

	j->began_ns = clock_now_ns();
	j->terminal = isatty(STDERR_FILENO);
	ok = ok && check_whole(j, err);
	if (ok && !shrink_init(&j->shrink, &j->specimen, j->stages, &j->frontier)) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory", j->in);
		ok = false;
	}
	ok = ok && check_empty(j, err);
	if (ok) {
		tell(j, "whole", true);
		ok = search(j, err) && finish(j, err);
	}
	tell_end(j);
	jury_close(&j->jury);
	outfile_drop();
	shrink_done(&j->shrink);
	specimen_done(&j->specimen);
	buf_done(&j->candidate);
	return ok;
}

int cli_minimize(int argc, char **argv)
{
	struct job j = {.format = EXPORT_PCAPNG,
			.stages = (1u << SHRINK_STAGES) - 1,
			.wanted = {.timeout_ns = 10 * NS_PER_S, .seats = 1}};
	struct err err = {0};

	if (parse(&j, argc, argv, &err) && run(&j, &err))
		return EXIT_BALANCED;
	return err.exit ? cli_say(&err) : EXIT_BALANCED;
}
