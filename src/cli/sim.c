/* sim.c - `secvf sim`: seeds through the simulator */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "os/port_posix.h"
#include "shrink_seed.h"
#include "world.h"

static const char help[] =
	"usage: secvf sim [--seed N | --seeds A..B | --minutes N] [OPTION...]\n"
	"\n"
	"Runs switch, tap, pipeline and a simulated tshark in one thread under a virtual clock; traffic, bounds and\n"
	"faults are picked by the seed. Oracles watch order, content, ledger, audit log and liveness.\n"
	"\n"
	"  --seed N         one seed, told in full\n"
	"  --seeds A..B     many (default 1..2000)\n"
	"  --minutes N      seeds for so long, from the first of --seeds, or from the time of day\n"
	"  --twice N        run each N-th seed twice; the traces must be equal (default 10)\n"
	"  --shrink         of each seed that fails: the least of its faults and frames that still do\n"
	"  --off FAULT,...  without these faults, as --shrink says; --faults lists them\n"
	"  --frames N       N frames at most\n"
	"  --faults         list the faults\n";

struct sim_options {
	unsigned long long first, last, twice, minutes, frames;
	bool given, shrink, list;
	struct world_limits limits;
};

static bool parse_seeds(struct sim_options *o, const char *text, struct err *err)
{
	char first[32];
	const char *dots = strstr(text, "..");

	if (!dots || (size_t)(dots - text) >= sizeof(first)) {
		err_set(err, EXIT_USAGE, "--seeds: '%s': A..B is wanted, as in 1..2000", text);
		return false;
	}
	snprintf(first, sizeof(first), "%.*s", (int)(dots - text), text);
	return cli_u64("--seeds", first, 0, UINT64_MAX, &o->first, err) &&
	       cli_u64("--seeds", dots + 2, o->first, UINT64_MAX - 1, &o->last, err);
}

static bool parse_off(struct sim_options *o, const char *text, struct err *err)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		unsigned i = 0;

		while (i < world_faults() && (strlen(world_fault_name(i)) != n ||
					      strncmp(world_fault_name(i), text, n) != 0))
			i++;
		if (i == world_faults()) {
			err_set(err, EXIT_USAGE, "--off: '%.*s' is no fault; --faults lists them",
				(int)n, text);
			return false;
		}
		o->limits.off |= UINT64_C(1) << i;
		text += n + (text[n] == ',');
	}
	return true;
}

static bool parse(struct sim_options *o, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"seed", required_argument, NULL, 's'},	   {"seeds", required_argument, NULL, 'r'},
		{"minutes", required_argument, NULL, 'm'}, {"twice", required_argument, NULL, 't'},
		{"shrink", no_argument, NULL, 'k'},	   {"off", required_argument, NULL, 'o'},
		{"frames", required_argument, NULL, 'f'},  {"faults", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0},
	};
	int word;

	*o = (struct sim_options){.first = 1, .last = 2000, .twice = 10};
	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		switch (word) {
		case 's':
			if (!cli_u64("--seed", optarg, 0, UINT64_MAX - 1, &o->first, err))
				return false;
			o->last = o->first;
			o->twice = 1;
			o->given = true;
			break;
		case 'r':
			if (!parse_seeds(o, optarg, err))
				return false;
			o->given = true;
			break;
		case 'm':
			if (!cli_u64("--minutes", optarg, 1, 100000, &o->minutes, err))
				return false;
			break;
		case 'k': o->shrink = true; break;
		case 'l': o->list = true; break;
		case 'o':
			if (!parse_off(o, optarg, err))
				return false;
			break;
		case 'f':
			if (!cli_u64("--frames", optarg, 1, UINT32_MAX, &o->frames, err))
				return false;
			o->limits.frames = (uint32_t)o->frames;
			break;
		case 't':
			if (!cli_u64("--twice", optarg, 0, UINT64_MAX, &o->twice, err))
				return false;
			break;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default: cli_usage(word, argv, "sim", err); return false;
		}
	}
	if (optind == argc)
		return true;
	err_set(err, EXIT_USAGE, "'%s': secvf sim takes no files", argv[optind]);
	return false;
}

static void tell(uint64_t seed, const struct world_result *r)
{
	printf("seed %" PRIu64 ": %s; hash %016" PRIx64 ", %" PRIu64 " steps, %" PRIu64
	       " port calls, %.3f virtual s, %u generations, %s\n",
	       seed, r->ok ? "ok" : r->why, r->hash, r->steps, r->events,
	       (double)r->virtual_ns / 1e9, r->generations, r->lossless ? "lossless" : "live");
}

static void print_term(void *ctx, const char *name, uint64_t value)
{
	(void)ctx;
	printf("  %-18s %" PRIu64 "\n", name, value);
}

/* Whether the seed passes, and gives the same trace where it is run twice. */
static bool passes(uint64_t seed, const struct world_limits *limits, bool twice,
		   struct world_result *r)
{
	struct world_result again;

	if (!world_run(seed, limits, r) || !twice)
		return r->ok;
	world_run(seed, limits, &again);
	if (again.hash == r->hash && again.steps == r->steps)
		return true;
	r->ok = false;
	snprintf(r->why, sizeof(r->why), "not deterministic: the second trace has hash %016" PRIx64,
		 again.hash);
	return false;
}

/* A command that does it again. */
static void print_command(uint64_t seed, const struct world_limits *limits)
{
	const char *comma = " --off ";

	printf("  again: secvf sim --seed %" PRIu64, seed);
	if (limits->frames)
		printf(" --frames %" PRIu32, limits->frames);
	for (unsigned i = 0; i < world_faults(); i++) {
		if (!(limits->off >> i & 1))
			continue;
		printf("%s%s", comma, world_fault_name(i));
		comma = ",";
	}
	printf("\n");
}

struct failing {
	uint64_t seed;
	struct world_result result; /* of the last one that failed */
};

static bool still_fails(void *ctx, const struct world_limits *limits)
{
	struct failing *f = ctx;
	struct world_result r;

	if (passes(f->seed, limits, true, &r))
		return false;
	f->result = r;
	return true;
}

static void print_least(uint64_t seed, struct world_limits limits)
{
	struct failing f = {.seed = seed};
	unsigned runs = shrink_seed(&limits, world_faults(), UINT32_C(1) << 10, still_fails, &f);

	printf("  the least of it, after %u runs:", runs);
	for (unsigned i = 0; i < world_faults(); i++) {
		if (!(limits.off >> i & 1))
			printf(" %s", world_fault_name(i));
	}
	printf("; %" PRIu32 " frames; %s\n", limits.frames, f.result.why);
	print_command(seed, &limits);
}

static bool run_seed(const struct sim_options *o, uint64_t seed, bool twice, struct world_result *r)
{
	if (passes(seed, &o->limits, twice, r))
		return true;
	tell(seed, r);
	print_command(seed, &o->limits);
	if (o->shrink)
		print_least(seed, o->limits);
	return false;
}

/* What the seeds reached, all together: a cause that never came up was not tested. */
static void add_ledger(struct ledger *sum, const struct ledger *l)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)l;

	_Static_assert(sizeof(*l) % sizeof(uint64_t) == 0, "a ledger is counters only");
	for (size_t i = 0; i < sizeof(*l) / sizeof(uint64_t); i++)
		to[i] += from[i];
}

int cli_sim(int argc, char **argv)
{
	struct sim_options o;
	struct err err = {0};
	struct world_result r;
	struct ledger sum = {0};
	uint64_t failed = 0, generations = 0, changes = 0, virtual_ns = 0, start_ns;

	if (!parse(&o, argc, argv, &err))
		return err.text[0] ? cli_say(&err) : err.exit;
	if (o.list) {
		for (unsigned i = 0; i < world_faults(); i++)
			puts(world_fault_name(i));
		return EXIT_BALANCED;
	}
	start_ns = clock_now_ns();
	if (o.minutes) {
		/* Others each time, unless the user says which. */
		o.first = o.given ? o.first : clock_wall_ns() / 1000;
		o.last = UINT64_MAX - 1;
	}
	for (uint64_t seed = o.first; seed <= o.last; seed++) {
		if (o.minutes && clock_now_ns() - start_ns >= o.minutes * UINT64_C(60000000000))
			o.last = seed - 1;
		if (seed > o.last)
			break;
		failed += !run_seed(&o, seed, o.twice && seed % o.twice == 0, &r);
		add_ledger(&sum, &r.ledger);
		generations += r.generations;
		changes += r.changes;
		virtual_ns += r.virtual_ns;
	}
	if (o.first == o.last && !failed)
		tell(o.first, &r);
	ledger_each(&sum, print_term, NULL);
	printf("%" PRIu64 " seeds, %" PRIu64 " failed; %" PRIu64 " generations, %" PRIu64
	       " of them took over, %.0f virtual s in %.1f s\n",
	       (uint64_t)(o.last - o.first + 1), failed, generations, changes,
	       (double)virtual_ns / 1e9, (double)(clock_now_ns() - start_ns) / 1e9);
	return failed ? EXIT_UNBALANCED : EXIT_BALANCED;
}
