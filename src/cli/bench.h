/* bench.h - one `secvf bench`, and what its benches share */
#ifndef SECVF_CLI_BENCH_H
#define SECVF_CLI_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/chart.h"
#include "cli/contest.h"
#include "cli/loaded.h"
#include "os/collect.h"
#include "os/trial.h"
#include "tshark/args.h"
#include "tshark/detect.h"

#define BENCH_CONTESTS_MAX 64u
#define BENCH_PATH_BYTES   640u /* our folder and a name in it */
#define BENCH_PANELS_MAX   4u

/* Of a tshark's output that is kept. */
#define BENCH_OUTPUT_BYTES ((size_t)512 << 20)

struct json_object;

struct bench {
	const char *what;
	const char *const *files;
	unsigned file_count;
	const char *shards; /* live: so many as well; NULL: one alone */
	unsigned long long rounds, frames, live_frames, pps, seconds;
	const char *asked_tshark, *json, *svg;
	struct detected tshark;
	char self[4096];
	const char *within; /* folder that ours is made in; NULL: the usual one */
	char dir[512];	    /* ours */
	char session[BENCH_PATH_BYTES];
	struct trials trials;
	struct contest *contest[BENCH_CONTESTS_MAX];
	unsigned contests;
	/* Of a bench that is no contest (model, grow): */
	struct json_object *root;
	struct buf table;
	struct chart_panel panel[BENCH_PANELS_MAX];
	unsigned panels;
	const char *drawn; /* title of the panels */
};

/* ---- shared (bench_shared.c) ---- */

/** bench_path() - A file of our folder; @path is filled and returned */
const char *bench_path(const struct bench *b, char path[BENCH_PATH_BYTES], const char *name);

/** bench_input() - Write @frames frames of the user's files, repeated with other addresses, to a
 * pcap. Return: false with @err */
bool bench_input(struct bench *b, const char *path, uint64_t frames, struct err *err);

/** bench_load() - The same, as far as there is room, in memory */
bool bench_load(struct bench *b, struct loaded *l, uint64_t frames, struct err *err);

/** bench_installed() - Return: NULL, or why @program is missing */
const char *bench_installed(const char *program);

/** bench_no_tshark() - Return: NULL, or why tshark is missing */
const char *bench_no_tshark(const struct bench *b);

/** struct bench_command - A command as a rival */
struct bench_command {
	struct bench *b;
	const char *const *argv;
	uint64_t frames;
	const char
		*output;    /* file that it makes, to be removed; NULL: none. What earlier runs left
			       to be written back is waited for first: it is not this run's to pay */
	const char *report; /* `secvf replay --report`: the rate is taken from it; NULL: by wall */
};

/** bench_run_command() - contest_rival.run of a command: frames a second, processor time of it and
 * its children. It is ended after --seconds */
bool bench_run_command(void *ctx, struct contest_sample *s, struct err *err);

/** struct bench_loop - Work of our own process as a rival, done again and again */
struct bench_loop {
	struct bench *b;
	void (*pass)(void *ctx);
	void *ctx;
	double units;	   /* that a pass is worth */
	uint64_t slice_ns; /* a run is at least one pass, and about so long */
};

/** bench_run_loop() - contest_rival.run of a loop: units a second */
bool bench_run_loop(void *ctx, struct contest_sample *s, struct err *err);

/** bench_slice_ns() - For each run of @contests of them with @rivals each */
uint64_t bench_slice_ns(const struct bench *b, unsigned contests, unsigned rivals);

/** bench_hold() - Run a contest, one of @parts that share --seconds, and keep it; it is taken, NULL
 * is no memory */
bool bench_hold(struct bench *b, struct contest *c, unsigned parts, struct err *err);

/** bench_stopped() - Whether a signal asked to stop; @err then says so */
bool bench_stopped(struct err *err);

/** bench_collect() - Run a program and keep what it prints; as collect_run(), @c zeroed */
bool bench_collect(struct bench *b, struct collect *c, const char *const argv[], struct err *err);

/** bench_record() - Have a tshark decode a pcap, as a profile has it, and keep what it prints
 * @c:       Zeroed; collect_done() frees it
 * @cpu_ns:  Set to its processor time */
bool bench_record(struct bench *b, const char *input, enum profile profile, struct collect *c,
		  double *cpu_ns, struct err *err);

/** bench_number() - A number at a path like "timing.total_ns" of a report; 0 where there is none */
double bench_number(const char *report, const char *path);

/* ---- the benches: each fills in contests, or root, table and panels. Return: false with @err */

bool bench_live(struct bench *b, struct err *err);
bool bench_replay(struct bench *b, struct err *err);
bool bench_capture(struct bench *b, struct err *err);
bool bench_write(struct bench *b, struct err *err);
bool bench_latency(struct bench *b, struct err *err);
bool bench_store(struct bench *b, struct err *err);
bool bench_filter(struct bench *b, struct err *err);
bool bench_ek(struct bench *b, struct err *err);
bool bench_model(struct bench *b, struct err *err);
bool bench_grow(struct bench *b, struct err *err);

#endif
