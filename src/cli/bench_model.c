/* bench_model.c - what each stage costs, and what follows from it for more cores than there are
 *
 * Theory of operation: a frame costs processor time in three places that run at the same time: the
 * source's thread (read, switch, tap, queue), the pipeline's (store, header decode, feed, pipe, EK
 * decode), and a tshark for each shard. Each cost is measured by itself, as a slope: of two runs of
 * different length, so that a start-up drops out. With c processors and k shards, of which the
 * largest has the share m of the frames, frames a second are at most
 *
 *     1 / source   1 / pipeline   1 / (m * tshark)   c / (source + pipeline + tshark)
 *
 * and the least of them is what the model says. It is held against runs that are kept to one
 * processor, and to two. It knows nothing of caches that are shared or of wake-ups.
 */
#ifdef __linux__
#include <sched.h>
#endif
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/add.h"
#include "cli/bench.h"
#include "cli/bench_stages.h"
#include "cli/ek_engines.h"
#include "feed/shard.h"
#include "os/port_posix.h"
#include "replay.h"

static const unsigned cores_of[] = {1, 2, 4, 16, 64};
static const unsigned shards_of[] = {1, 2, 4, 8, 16};
#define CORES  (sizeof(cores_of) / sizeof(cores_of[0]))
#define SHARDS (sizeof(shards_of) / sizeof(shards_of[0]))

/* The shorter of the two runs of a slope. */
#define SHORTER 5u

/* Runs that the model is held against: processors, shards. */
static const struct {
	unsigned cores, shards;
} checks[] = {{1, 1}, {1, 2}, {2, 1}, {2, 2}};
#define CHECKS (sizeof(checks) / sizeof(checks[0]))

/* ns of processor time a frame */
struct costs {
	double read, tap, store, basic, pipe; /* whatever the profile */
	double read_byte;		      /* ns a byte that comes through a pipe */
	double tshark, lines, ek;	      /* by profile */
	double share[SHARDS];		      /* of the largest shard */
};

static double source_ns(const struct costs *c)
{
	return c->read + c->tap;
}

static double pipeline_ns(const struct costs *c)
{
	return c->store + c->basic + c->pipe + c->lines + c->ek;
}

static double share_of(const struct costs *c, unsigned shards)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		if (shards_of[i] == shards)
			return c->share[i];
	}
	return 1;
}

/* Frames a second; @share: of the largest shard; *bound: what holds them to it. */
static double predict(const struct costs *c, unsigned cores, double share, const char **bound)
{
	double source = source_ns(c), pipeline = pipeline_ns(c);
	const struct {
		const char *name;
		double ns;
	} bounds[] = {{"tshark", c->tshark * share},
		      {"pipeline", pipeline},
		      {"source", source},
		      {"cores", (source + pipeline + c->tshark) / cores}};
	double worst = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (bounds[i].ns > worst) {
			worst = bounds[i].ns;
			*bound = bounds[i].name;
		}
	}
	return 1e9 / worst;
}

/* ---- stages that are the same for each profile ---- */

static int one_port(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

static bool cost_of_reading(struct costs *costs, const char *input, struct err *err)
{
	struct replay_config config = {.files = &input, .file_count = 1, .loops = 1};
	struct replay *replay = replay_open(&config, (struct replay_ports){.port = one_port}, err);
	enum replay_result result = REPLAY_FAILED;
	uint64_t began_ns = bench_stages_cpu_ns(), frames = 0;
	struct frame f;
	unsigned port;

	while (replay && (result = replay_next(replay, &f, &port, err)) == REPLAY_FRAME)
		frames++;
	replay_close(replay);
	if (frames)
		costs->read = (double)(bench_stages_cpu_ns() - began_ns) / (double)frames;
	return result == REPLAY_END;
}

static void shares(struct costs *costs, const struct loaded *l)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		uint64_t count[SHARDS_MAX] = {0}, most = 0;

		for (size_t k = 0; k < l->frames; k++)
			count[shard_of(&l->basic[k], shards_of[i])]++;
		for (unsigned k = 0; k < SHARDS_MAX; k++)
			most = count[k] > most ? count[k] : most;
		costs->share[i] = (double)most / (double)l->frames;
	}
}

/* Passes until about a tenth of a second has gone. */
#define PASSES_NS UINT64_C(100000000)

static bool own_stages(struct costs *costs, const struct loaded *l, struct err *err)
{
	struct bench_stages s;
	uint64_t began_ns, took_ns;
	struct bench_pipe pipe = {0};
	unsigned passes = 0;
	int error;

	if (!bench_stages_init(&s, l, err))
		return false;
	bench_stages_switched(&s); /* memory is there from here on */
	s.switch_ns = s.store_ns = s.frames = 0;
	while (s.switch_ns + s.store_ns < PASSES_NS)
		bench_stages_switched(&s);
	costs->tap = (double)s.switch_ns / (double)s.frames;
	costs->store = (double)s.store_ns / (double)s.frames;
	began_ns = bench_stages_cpu_ns();
	do {
		bench_stages_decode(&s);
		passes++;
		took_ns = bench_stages_cpu_ns() - began_ns;
	} while (took_ns < PASSES_NS);
	costs->basic = (double)took_ns / (double)(passes * l->frames);
	bench_stages_done(&s);
	error = bench_stages_pipe(l, 8, &pipe);
	costs->pipe = (double)pipe.write_ns / (double)(8 * l->frames);
	costs->read_byte = pipe.bytes ? (double)pipe.read_ns / (double)pipe.bytes : 0;
	if (error)
		err_set(err, EXIT_ENVIRONMENT, "bench model: a pipe: %s", strerror(-error));
	return !error;
}

/* ---- tshark, and what it prints ---- */

static bool decode_costs(struct bench *b, struct costs *costs, enum profile profile,
			 const char *input, const char *shorter, uint64_t frames, struct err *err)
{
	uint64_t few = frames / SHORTER;
	double more = (double)(frames - few);
	double tshark_ns[2];
	uint64_t began_ns;
	struct ek_engines_seen seen = {0};
	struct collect c[2] = {{0}, {0}};
	bool ok;

	ok = bench_record(b, shorter, profile, &c[0], &tshark_ns[0], err) &&
	     bench_record(b, input, profile, &c[1], &tshark_ns[1], err) &&
	     buf_reserve(&c[1].out, EK_ENGINES_PADDING);
	if (ok) {
		costs->tshark = (tshark_ns[1] - tshark_ns[0]) / more;
		costs->lines = costs->read_byte * (double)c[1].out.n / (double)frames;
		began_ns = bench_stages_cpu_ns();
		ek_engines_round(c[1].out.p, c[1].out.n, ek_engines_find("record"), &seen);
		costs->ek = (double)(bench_stages_cpu_ns() - began_ns) / (double)frames;
	}
	collect_done(&c[0]);
	collect_done(&c[1]);
	if (ok && costs->tshark <= 0) {
		err_set(err, EXIT_UNBALANCED,
			"bench model: %" PRIu64 " frames are too few to tell what tshark takes for "
			"one; give more --live-frames",
			frames);
		ok = false;
	}
	return ok;
}

/* ---- held against runs ---- */

#ifdef __linux__
/* Keep this process, and what it starts, to the first @cores that it has. @before: to be given
 * back. Return: false where there are not so many */
static bool keep_to(unsigned cores, cpu_set_t *before)
{
	cpu_set_t some;
	unsigned found = 0;

	CPU_ZERO(&some);
	if (sched_getaffinity(0, sizeof(*before), before) < 0)
		return false;
	for (unsigned i = 0; i < CPU_SETSIZE && found < cores; i++) {
		if (CPU_ISSET(i, before)) {
			CPU_SET(i, &some);
			found++;
		}
	}
	return found == cores && sched_setaffinity(0, sizeof(some), &some) == 0;
}

static void keep_to_all(const cpu_set_t *before)
{
	(void)sched_setaffinity(0, sizeof(*before), before);
}
#else
typedef int cpu_set_t;
static bool keep_to(unsigned cores, cpu_set_t *before)
{
	(void)before;
	return cores == (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}
static void keep_to_all(const cpu_set_t *before)
{
	(void)before;
}
#endif

/* Wall time and processor time of a run. */
static bool run_times(struct bench *b, enum profile profile, unsigned shards, const char *input,
		      double ns[2], struct err *err)
{
	char count[12];
	const char *argv[] = {b->self,	  "replay",	  "--topspeed", "-T",
			      "none",	  "-q",		  "--audit",	"/dev/null",
			      "--tshark", b->tshark.path, "--decode",	profile_name(profile),
			      "--shards", count,	  input,	NULL};
	struct bench_command command = {.b = b, .argv = argv, .frames = 1};
	struct contest_sample s;

	snprintf(count, sizeof(count), "%u", shards);
	if (!bench_run_command(&command, &s, err))
		return false;
	ns[0] = 1e9 / s.value;
	ns[1] = s.cpu_ns;
	return true;
}

struct measured {
	double rate; /* frames a second, of the least times, as others may run too; 0: there are not
			so many processors */
	double cpu_ns; /* processor time a frame, of all threads and processes */
};

static bool measure(struct bench *b, enum profile profile, unsigned check, const char *input,
		    const char *shorter, uint64_t frames, uint64_t until_ns, struct measured *m,
		    struct err *err)
{
	double least[2] = {INFINITY, INFINITY}, cpu[CONTEST_ROUNDS_MAX], longer[2], less[2];
	uint64_t few = frames / SHORTER;
	double more = (double)(frames - few);
	unsigned rounds = 0;
	cpu_set_t before;
	bool ok = true;

	*m = (struct measured){0};
	if (!keep_to(checks[check].cores, &before))
		return true;
	while (ok && rounds < b->rounds && (!rounds || clock_now_ns() < until_ns)) {
		ok = run_times(b, profile, checks[check].shards, shorter, less, err) &&
		     run_times(b, profile, checks[check].shards, input, longer, err);
		if (!ok)
			break;
		least[0] = fmin(least[0], less[0]);
		least[1] = fmin(least[1], longer[0]);
		cpu[rounds++] = (longer[1] - less[1]) / more;
	}
	keep_to_all(&before);
	if (ok && least[1] > least[0]) {
		m->rate = more * 1e9 / (least[1] - least[0]);
		m->cpu_ns = contest_median(cpu, rounds);
	}
	return ok;
}

/* ---- what is said ---- */

static void say_costs(struct bench *b, const struct costs *c, const char *profile,
		      struct json_object *o)
{
	const struct {
		const char *name, *where;
		double ns;
	} rows[] = {{"read", "source", c->read},	{"switch_tap_queue", "source", c->tap},
		    {"store", "pipeline", c->store},	{"basic_decode", "pipeline", c->basic},
		    {"feed_pipe", "pipeline", c->pipe}, {"read_lines", "pipeline", c->lines},
		    {"ek_decode", "pipeline", c->ek},	{"tshark", "tshark", c->tshark}};
	struct json_object *costs = add_object(o, "cost_ns");

	buf_printf(&b->table, "%s, ns of processor time a frame:", profile);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_double(costs, rows[i].name, rows[i].ns);
		buf_printf(&b->table, "%s %s %.0f", i ? "," : "", rows[i].name, rows[i].ns);
	}
	buf_printf(&b->table, "\n  source's thread %.0f, pipeline's %.0f, tshark %.0f\n",
		   source_ns(c), pipeline_ns(c), c->tshark);
}

static void say_rate(struct bench *b, const struct costs *c, unsigned cores, unsigned shards,
		     double share, struct json_object *list, struct chart_line *line)
{
	struct json_object *one = json_object_new_object();
	const char *bound = "";
	double rate = predict(c, cores, share, &bound);

	json_object_array_add(list, one);
	add_u64(one, "cores", cores);
	add_u64(one, "shards", shards);
	add_double(one, "frames_per_s", rate);
	add_str(one, "bound_by", bound);
	buf_printf(&b->table, "%10.0f %-9s", rate, bound);
	line->x[line->points] = cores;
	line->y[line->points++] = rate;
}

/* The last column is for traffic of many hosts, of which each shard gets as much. */
static void say_predicted(struct bench *b, const struct costs *c, struct json_object *o,
			  struct chart_panel *panel)
{
	struct json_object *list = json_object_new_array(), *evenly = json_object_new_array();

	json_object_object_add(o, "predicted", list);
	json_object_object_add(o, "predicted_evenly", evenly);
	buf_puts(&b->table, "  predicted frames/s, by shards\n  cores");
	for (unsigned k = 0; k < SHARDS; k++)
		buf_printf(&b->table, "%20u", shards_of[k]);
	buf_printf(&b->table, "%20s", "16, equal");
	for (unsigned i = 0; i < CORES; i++) {
		buf_printf(&b->table, "\n  %5u", cores_of[i]);
		for (unsigned k = 0; k < SHARDS; k++)
			say_rate(b, c, cores_of[i], shards_of[k], c->share[k], list,
				 &panel->line[k]);
		say_rate(b, c, cores_of[i], SHARDS_MAX, 1.0 / SHARDS_MAX, evenly,
			 &panel->line[SHARDS]);
	}
	buf_putc(&b->table, '\n');
}

static void say_measured(struct bench *b, const struct costs *c, struct json_object *list,
			 unsigned check, const struct measured *m, struct chart_line *dots)
{
	const char *bound = "";
	double predicted =
		predict(c, checks[check].cores, share_of(c, checks[check].shards), &bound);
	double all_ns = source_ns(c) + pipeline_ns(c) + c->tshark;
	struct json_object *one = json_object_new_object();

	json_object_array_add(list, one);
	add_u64(one, "cores", checks[check].cores);
	add_u64(one, "shards", checks[check].shards);
	add_double(one, "predicted", predicted);
	buf_printf(&b->table, "  %u cores, %u shards: predicted %.0f", checks[check].cores,
		   checks[check].shards, predicted);
	if (m->rate <= 0) {
		add_str(one, "missing", "this machine gives us no such run");
		buf_puts(&b->table, ", not measured\n");
		return;
	}
	add_double(one, "measured", m->rate);
	add_double(one, "error", predicted / m->rate - 1);
	add_double(one, "predicted_cpu_ns", all_ns);
	add_double(one, "measured_cpu_ns", m->cpu_ns);
	buf_printf(&b->table,
		   ", measured %.0f: off by %+.1f %%; processor time a frame %.0f, measured "
		   "%.0f: off by %+.1f %%\n",
		   m->rate, 100 * (predicted / m->rate - 1), all_ns, m->cpu_ns,
		   m->cpu_ns > 0 ? 100 * (all_ns / m->cpu_ns - 1) : 0);
	dots->x[dots->points] = checks[check].cores;
	dots->y[dots->points++] = m->rate;
}

static bool model_profile(struct bench *b, struct costs *costs, enum profile profile,
			  struct err *err)
{
	static const char *const shard_names[] = {"1 shard",  "2 shards",  "4 shards",
						  "8 shards", "16 shards", "16 of equal shares"};
	static const char *const titles[] = {"full: frames/s predicted", "lean: frames/s predicted",
					     "summary: frames/s predicted"};
	uint64_t frames = profile == PROFILE_FULL ? b->live_frames / 10 : b->live_frames;
	uint64_t until_ns = clock_now_ns();
	struct chart_panel *panel = &b->panel[b->panels++];
	struct json_object *o = add_object(b->root, profile_name(profile)), *list;
	char input[BENCH_PATH_BYTES], shorter[BENCH_PATH_BYTES];
	struct measured m;

	frames = frames < 2 * SHORTER ? 2 * SHORTER : frames;
	bench_path(b, input, "model.pcap");
	bench_path(b, shorter, "shorter.pcap");
	if (!bench_input(b, input, frames, err) ||
	    !bench_input(b, shorter, frames / SHORTER, err) ||
	    !decode_costs(b, costs, profile, input, shorter, frames, err))
		return false;
	add_u64(o, "frames", frames);
	say_costs(b, costs, profile_name(profile), o);
	*panel = (struct chart_panel){
		.title = titles[profile], .unit = "processors", .lines = SHARDS + 2};
	for (unsigned i = 0; i <= SHARDS; i++)
		panel->line[i].name = shard_names[i];
	panel->line[SHARDS + 1].name = "measured";
	panel->line[SHARDS + 1].dots = true;
	say_predicted(b, costs, o, panel);
	list = json_object_new_array();
	json_object_object_add(o, "checked", list);
	for (unsigned i = 0; i < CHECKS; i++) {
		until_ns += b->seconds * UINT64_C(1000000000) / (3 * CHECKS);
		if (!measure(b, profile, i, input, shorter, frames, until_ns, &m, err))
			return false;
		say_measured(b, costs, list, i, &m, &panel->line[SHARDS + 1]);
	}
	return true;
}

bool bench_model(struct bench *b, struct err *err)
{
	static const enum profile profiles[] = {PROFILE_FULL, PROFILE_LEAN, PROFILE_SUMMARY};
	char input[BENCH_PATH_BYTES];
	struct costs costs = {0};
	struct loaded l;
	bool ok;

	if (!b->tshark.found) {
		err_set(err, EXIT_ENVIRONMENT, "bench model: %s; it is most of what is modelled",
			bench_no_tshark(b));
		return false;
	}
	b->drawn = "A model of more processors";
	if (!bench_load(b, &l, b->live_frames, err))
		return false;
	ok = bench_input(b, bench_path(b, input, "model.pcap"), b->live_frames, err) &&
	     cost_of_reading(&costs, input, err) && own_stages(&costs, &l, err);
	shares(&costs, &l);
	loaded_done(&l);
	buf_puts(&b->table, "largest shard's share of the frames:");
	for (unsigned i = 0; i < SHARDS; i++)
		buf_printf(&b->table, "%s %.3f of %u", i ? "," : "", costs.share[i], shards_of[i]);
	buf_putc(&b->table, '\n');
	for (unsigned i = 0; ok && i < 3; i++)
		ok = model_profile(b, &costs, profiles[i], err);
	return ok;
}
