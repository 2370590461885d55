/* sim.c - `secvf sim`: seeds through the simulator */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "os/port_posix.h"
#include "world.h"

static const char help[] =
	"usage: secvf sim [--seed N | --seeds A..B] [--twice N]\n"
	"\n"
	"Runs switch, tap, pipeline and a simulated tshark in one thread under a virtual clock; traffic, bounds and\n"
	"faults are picked by the seed. Oracles watch order, content, ledger, audit log and liveness.\n"
	"\n"
	"  --seed N         one seed, told in full\n"
	"  --seeds A..B     many (default 1..2000)\n"
	"  --twice N        run each N-th seed twice; the traces must be equal (default 10)\n";

struct sim_options {
	unsigned long long first, last, twice;
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

static bool parse(struct sim_options *o, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"seed", required_argument, NULL, 's'},
		{"seeds", required_argument, NULL, 'r'},
		{"twice", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
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
			break;
		case 'r':
			if (!parse_seeds(o, optarg, err))
				return false;
			break;
		case 't':
			if (!cli_u64("--twice", optarg, 0, UINT64_MAX, &o->twice, err))
				return false;
			break;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default:
			err_set(err, EXIT_USAGE, "%s '%s'; 'secvf sim --help' lists the options",
				word == ':' ? "a value is missing after" : "there is no option",
				argv[optind - 1]);
			return false;
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

/* Return: whether the seed passed, and gave the same trace where it was run twice. */
static bool run_seed(uint64_t seed, bool twice, struct world_result *r)
{
	struct world_result again;

	world_run(seed, r);
	if (r->ok && twice) {
		world_run(seed, &again);
		if (again.hash != r->hash || again.steps != r->steps) {
			r->ok = false;
			snprintf(r->why, sizeof(r->why),
				 "not deterministic: the second trace has hash %016" PRIx64,
				 again.hash);
		}
	}
	if (r->ok)
		return true;
	tell(seed, r);
	printf("  again: secvf sim --seed %" PRIu64 "\n", seed);
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
	uint64_t failed = 0, generations = 0, virtual_ns = 0, start_ns;

	if (!parse(&o, argc, argv, &err))
		return err.text[0] ? cli_say(&err) : err.exit;
	start_ns = clock_now_ns();
	for (uint64_t seed = o.first; seed <= o.last; seed++) {
		failed += !run_seed(seed, o.twice && seed % o.twice == 0, &r);
		add_ledger(&sum, &r.ledger);
		generations += r.generations;
		virtual_ns += r.virtual_ns;
	}
	if (o.first == o.last && !failed)
		tell(o.first, &r);
	ledger_each(&sum, print_term, NULL);
	printf("%" PRIu64 " seeds, %" PRIu64 " failed; %" PRIu64
	       " generations, %.0f virtual s in %.1f s\n",
	       (uint64_t)(o.last - o.first + 1), failed, generations, (double)virtual_ns / 1e9,
	       (double)(clock_now_ns() - start_ns) / 1e9);
	return failed ? EXIT_UNBALANCED : EXIT_BALANCED;
}
