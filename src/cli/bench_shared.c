/* bench_shared.c - input of the right size, commands and loops as rivals */
#include <errno.h>
#include <json-c/json.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/bench.h"
#include "cli/bench_stages.h"
#include "os/port_posix.h"
#include "replay.h"

const char *bench_path(const struct bench *b, char path[BENCH_PATH_BYTES], const char *name)
{
	snprintf(path, BENCH_PATH_BYTES, "%s/%s", b->dir, name);
	return path;
}

/* ---- input of the right size ---- */

static int one_port(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

bool bench_input(struct bench *b, const char *path, uint64_t frames, struct err *err)
{
	struct replay_config config = {.files = b->files,
				       .file_count = b->file_count,
				       .loops = 0,
				       .limit = frames,
				       .unique_ip = true};
	struct replay_ports ports = {.port = one_port};
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)FRAME_BYTES_MAX,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap_dump_open(dead, path);
	struct replay *replay = replay_open(&config, ports, err);
	enum replay_result result = REPLAY_FAILED;
	uint64_t written = 0;
	struct frame f;
	unsigned port;

	while (dumper && replay && (result = replay_next(replay, &f, &port, err)) == REPLAY_FRAME) {
		struct pcap_pkthdr header = {.caplen = f.caplen, .len = f.len};

		header.ts.tv_sec = (time_t)(f.ts_ns / 1000000000);
		header.ts.tv_usec = (suseconds_t)(f.ts_ns % 1000000000);
		pcap_dump((unsigned char *)dumper, &header, f.data);
		written++;
	}
	if (!dumper)
		err_set(err, EXIT_ENVIRONMENT, "bench: %s: %s", path, pcap_geterr(dead));
	else
		pcap_dump_close(dumper);
	if (dumper && replay && result == REPLAY_END && !written) {
		err_set(err, EXIT_ENVIRONMENT, "bench: %s: it has no frame to measure with",
			b->files[0]);
		result = REPLAY_FAILED;
	}
	replay_close(replay);
	pcap_close(dead);
	return dumper && replay && result == REPLAY_END;
}

bool bench_load(struct bench *b, struct loaded *l, uint64_t frames, struct err *err)
{
	char path[BENCH_PATH_BYTES];

	bench_path(b, path, "loaded.pcap");
	if (!loaded_init(l)) {
		err_set(err, EXIT_ENVIRONMENT, "bench: there is no memory for frames");
		return false;
	}
	if (bench_input(b, path, frames < LOADED_FRAMES_MAX ? frames : LOADED_FRAMES_MAX, err) &&
	    loaded_read(l, path, err))
		return true;
	loaded_done(l);
	return false;
}

/* ---- commands ---- */

const char *bench_installed(const char *program)
{
	static char why[128];
	const char *path = getenv("PATH");
	char full[4096];

	for (const char *p = path ? path : ""; *p;) {
		size_t n = strcspn(p, ":");

		snprintf(full, sizeof(full), "%.*s/%s", (int)n, p, program);
		if (access(full, X_OK) == 0)
			return NULL;
		p += n + (p[n] == ':');
	}
	snprintf(why, sizeof(why), "%s is not installed", program);
	return why;
}

const char *bench_no_tshark(const struct bench *b)
{
	return b->tshark.found ? NULL : "tshark is not installed, or --tshark none was given";
}

static double children_cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

bool bench_stopped(struct err *err)
{
	if (!trials_asked_to_stop())
		return false;
	err_set(err, EXIT_UNBALANCED, "bench: stopped by a signal");
	return true;
}

/* What the last command complained of, on one line; its first bytes are enough. */
static const char *complaint(const struct bench *b, char text[256])
{
	char path[BENCH_PATH_BYTES];
	FILE *f = fopen(bench_path(b, path, "stderr"), "re");
	size_t n = f ? fread(text, 1, 255, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
			text[i] = ' ';
	}
	return text;
}

/* Wait for a command. Return: false with @err unless it exited with 0. */
static bool await(struct bench *b, struct trial *t, const char *const argv[], struct err *err)
{
	enum trial_end end;
	char text[256];

	while ((end = trial_look(t, clock_now_ns())) == TRIAL_RUNS) {
		if (bench_stopped(err)) {
			trial_kill(t);
			return false;
		}
		trials_sleep(&b->trials, t->until_ns);
	}
	if (end == TRIAL_EXITED && t->code == 0)
		return true;
	if (end == TRIAL_HUNG)
		err_set(err, EXIT_UNBALANCED,
			"bench: %s %s took more than %llu s and was ended; give it more --seconds, "
			"or fewer --frames and --live-frames",
			argv[0], argv[1], b->seconds);
	else
		err_set(err, EXIT_UNBALANCED, "bench: %s %s ended with %s %d: %s", argv[0], argv[1],
			end == TRIAL_KILLED ? "signal" : "exit code", t->code, complaint(b, text));
	return false;
}

bool bench_run_command(void *ctx, struct contest_sample *s, struct err *err)
{
	struct bench_command *c = ctx;
	double cpu_ns;
	uint64_t start_ns;
	char said[BENCH_PATH_BYTES];
	struct trial t;
	bool ok;
	int error;

	if (bench_stopped(err))
		return false;
	if (c->output)
		sync();
	cpu_ns = children_cpu_ns();
	start_ns = clock_now_ns();
	error = trial_start(&t, (char *const *)c->argv, bench_path(c->b, said, "stderr"),
			    start_ns + c->b->seconds * UINT64_C(1000000000));
	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "bench: %s: %s", c->argv[0], strerror(-error));
		return false;
	}
	ok = await(c->b, &t, c->argv, err);
	s->value = (double)c->frames * 1e9 / (double)(clock_now_ns() - start_ns);
	s->cpu_ns = children_cpu_ns() - cpu_ns;
	if (ok && c->report && bench_number(c->report, "timing.total_ns") > 0)
		s->value = (double)c->frames * 1e9 / bench_number(c->report, "timing.total_ns");
	if (c->output)
		unlink(c->output);
	return ok;
}

bool bench_collect(struct bench *b, struct collect *c, const char *const argv[], struct err *err)
{
	char why[640];
	int error;

	if (bench_stopped(err))
		return false;
	c->timeout_ns = b->seconds * UINT64_C(1000000000);
	c->bytes_max = BENCH_OUTPUT_BYTES;
	error = collect_run(c, (char *const *)argv);
	if (!error && c->status == 0)
		return true;
	err_set(err, EXIT_UNBALANCED, "bench: %s: %s; more --seconds or fewer --live-frames may do",
		argv[0], collect_why(c, error, why));
	return false;
}

bool bench_record(struct bench *b, const char *input, enum profile profile, struct collect *c,
		  double *cpu_ns, struct err *err)
{
	struct args_config config = {.tshark = b->tshark.path, .fifo = input, .profile = profile};
	double before_ns = children_cpu_ns();
	struct args args;
	bool ok;

	check(args_make(&args, &config));
	ok = bench_collect(b, c, (const char *const *)args.argv, err);
	*cpu_ns = children_cpu_ns() - before_ns;
	args_done(&args);
	return ok;
}

double bench_number(const char *report, const char *path)
{
	struct json_object *root = json_object_from_file(report), *o = root;
	double value;

	for (const char *p = path; o && *p;) {
		char key[64];
		size_t n = strcspn(p, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, p);
		if (!json_object_object_get_ex(o, key, &o))
			o = NULL;
		p += n + (p[n] == '.');
	}
	value = o ? json_object_get_double(o) : 0;
	json_object_put(root);
	return value;
}

/* ---- loops ---- */

/* By processor time, as others may have the processor meanwhile. */
bool bench_run_loop(void *ctx, struct contest_sample *s, struct err *err)
{
	struct bench_loop *l = ctx;
	uint64_t start_ns = bench_stages_cpu_ns(), took_ns, passes = 0;

	if (bench_stopped(err))
		return false;
	do {
		l->pass(l->ctx);
		passes++;
		took_ns = bench_stages_cpu_ns() - start_ns;
	} while (took_ns < l->slice_ns);
	s->value = (double)passes * l->units * 1e9 / (double)(took_ns ? took_ns : 1);
	return true;
}

/* Half of the time there is is used, as others may have the processor, too. More than this tells
 * nothing new. */
#define SLICE_NS_MAX UINT64_C(400000000)

uint64_t bench_slice_ns(const struct bench *b, unsigned contests, unsigned rivals)
{
	uint64_t ns = b->seconds * UINT64_C(1000000000) / contests / rivals / (b->rounds + 1) / 2;

	return ns < SLICE_NS_MAX ? ns : SLICE_NS_MAX;
}

bool bench_hold(struct bench *b, struct contest *c, unsigned parts, struct err *err)
{
	if (!c || b->contests == BENCH_CONTESTS_MAX) {
		err_set(err, EXIT_ENVIRONMENT, "bench: there is no memory for results");
		free(c);
		return false;
	}
	b->contest[b->contests++] = c;
	return contest_run(c, (unsigned)b->rounds, b->seconds * UINT64_C(1000000000) / parts, err);
}
