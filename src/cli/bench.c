/* bench.c - `secvf bench`: whole commands measured beside their peer, in turn, as medians and
 * ratios
 *
 * Machines are shared and noisy, so a figure alone says little: each of our runs is followed by one
 * of the peer's on the same file (A B A B ...), and the ratio is taken pair by pair.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <pcap/pcap.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"
#include "os/port_posix.h"
#include "replay.h"
#include "tshark/args.h"

extern char **environ;

static const char help[] =
	"usage: secvf bench [live|replay|write|latency|all] [OPTION...] FILE\n"
	"\n"
	"  live      decode at top speed against tshark alone on the same file, each profile\n"
	"  replay    frames a second through switch, tap and basic decode, without tshark\n"
	"  write     frames a second into a file, without decode, against tcpdump, dumpcap reading a\n"
	"            FIFO (those that are installed) and dd of the same bytes\n"
	"  latency   from the switch to tshark's decode, at a low rate\n"
	"\n"
	"FILE is repeated with fresh addresses until it has enough frames.\n"
	"\n"
	"  --runs N          measured runs of each command, after one that is not (default 5)\n"
	"  --frames N        frames for replay and write (default 1000000)\n"
	"  --dir DIR         where input and output of the runs lie, in a folder of our own\n"
	"                    (default: $TMPDIR, or /tmp)\n"
	"  --shards N|auto   live: with so many tsharks, too, against the one\n"
	"  --live-frames N   frames for live; a tenth of them in full (default 50000)\n"
	"  --pps N           rate of latency (default 100)\n"
	"  --seconds N       length of a latency run (default 10)\n"
	"  --tshark PATH     tshark to run (default: $PATH, then the usual places)\n"
	"  --json            print one JSON object instead of the table\n";

#define RUNS_MAX   100
#define PATH_BYTES 544 /* our folder and a name in it */

struct bench {
	const char *what, *file;
	const char *shards; /* NULL: one is enough */
	unsigned long long runs, frames, live_frames, pps, seconds;
	const char *asked_tshark;
	bool json;
	struct detected tshark;
	char self[4096];
	const char *within;	  /* folder that ours is made in; NULL: the usual one */
	char dir[512];		  /* our temporary folder */
	struct json_object *root; /* results */
};

struct sample {
	double wall_s, cpu_s; /* of the process and its children */
};

/* ---- running commands ---- */

static bool run_command(const char *const argv[], struct sample *sample, struct err *err)
{
	posix_spawn_file_actions_t actions;
	struct rusage before, after;
	uint64_t start_ns;
	int status = 0, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	getrusage(RUSAGE_CHILDREN, &before);
	start_ns = clock_now_ns();
	error = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!error) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		}
		sample->wall_s = (double)(clock_now_ns() - start_ns) / 1e9;
		getrusage(RUSAGE_CHILDREN, &after);
		sample->cpu_s = (double)(after.ru_utime.tv_sec + after.ru_stime.tv_sec -
					 before.ru_utime.tv_sec - before.ru_stime.tv_sec) +
				(double)(after.ru_utime.tv_usec + after.ru_stime.tv_usec -
					 before.ru_utime.tv_usec - before.ru_stime.tv_usec) /
					1e6;
	}
	if (!error && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	err_set(err, EXIT_UNBALANCED, "bench: %s %s: %s", argv[0], argv[1],
		error ? strerror(error) : "did not exit with 0");
	return false;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values, size_t n)
{
	double sorted[RUNS_MAX];

	memcpy(sorted, values, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_value);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* ---- input of the right size ---- */

static int one_port(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

/* Write @frames frames of the user's file, repeated, to a capture of our own. */
static bool make_input(struct bench *b, const char *path, uint64_t frames, struct err *err)
{
	struct replay_config config = {
		.files = &b->file, .file_count = 1, .loops = 0, .limit = frames, .unique_ip = true};
	struct replay_ports ports = {.port = one_port};
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)FRAME_BYTES_MAX,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap_dump_open(dead, path);
	struct replay *replay = replay_open(&config, ports, err);
	enum replay_result result = REPLAY_FAILED;
	struct frame f;
	unsigned port;

	while (dumper && replay && (result = replay_next(replay, &f, &port, err)) == REPLAY_FRAME) {
		struct pcap_pkthdr header = {.caplen = f.caplen, .len = f.len};

		header.ts.tv_sec = (time_t)(f.ts_ns / 1000000000);
		header.ts.tv_usec = (suseconds_t)(f.ts_ns % 1000000000);
		pcap_dump((unsigned char *)dumper, &header, f.data);
	}
	if (!dumper)
		err_set(err, EXIT_ENVIRONMENT, "bench: %s: %s", path, pcap_geterr(dead));
	else
		pcap_dump_close(dumper);
	replay_close(replay);
	pcap_close(dead);
	return dumper && replay && result == REPLAY_END;
}

/* ---- results ---- */

static struct json_object *result(struct bench *b, const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(b->root, name, o);
	return o;
}

static void put(struct json_object *o, const char *key, double value)
{
	json_object_object_add(o, key, json_object_new_double(value));
}

static double rounded(double value)
{
	return (double)(int64_t)(value * 1000 + 0.5) / 1000;
}

/* ---- live ---- */

static bool measure_pair(const char *const ours[], const char *const theirs[], size_t runs,
			 uint64_t frames, struct json_object *o, struct err *err)
{
	double our_rate[RUNS_MAX], their_rate[RUNS_MAX], ratio[RUNS_MAX], cpu[RUNS_MAX];
	struct sample a, b;

	if (!run_command(ours, &a, err) || !run_command(theirs, &b, err))
		return false;
	for (size_t i = 0; i < runs; i++) {
		if (!run_command(ours, &a, err) || !run_command(theirs, &b, err))
			return false;
		our_rate[i] = (double)frames / a.wall_s;
		their_rate[i] = (double)frames / b.wall_s;
		ratio[i] = b.wall_s / a.wall_s;
		cpu[i] = a.cpu_s / b.cpu_s;
	}
	put(o, "frames", (double)frames);
	put(o, "secvf_frames_per_s", rounded(median(our_rate, runs)));
	put(o, "tshark_frames_per_s", rounded(median(their_rate, runs)));
	put(o, "ratio", rounded(median(ratio, runs)));
	put(o, "cpu_ratio", rounded(median(cpu, runs)));
	return true;
}

static bool bench_shards(struct bench *b, enum profile profile, const char *shards,
			 const char *input, uint64_t frames, struct err *err)
{
	/* The peer reads the file itself, with the very arguments that our child gets. */
	struct args_config config = {.tshark = b->tshark.path, .fifo = input, .profile = profile};
	char name[32];
	struct args theirs;
	const char *ours[] = {b->self,	  "replay",	  "--topspeed", "-T",
			      "none",	  "-q",		  "--audit",	"/dev/null",
			      "--tshark", b->tshark.path, "--decode",	profile_name(profile),
			      "--shards", shards,	  input,	NULL};
	bool ok;

	snprintf(name, sizeof(name), "live %s/%s", profile_name(profile), shards);
	check(args_make(&theirs, &config));
	ok = measure_pair(ours, (const char *const *)theirs.argv, b->runs, frames, result(b, name),
			  err);
	args_done(&theirs);
	return ok;
}

static bool bench_profile(struct bench *b, enum profile profile, const char *input, uint64_t frames,
			  struct err *err)
{
	return bench_shards(b, profile, "1", input, frames, err) &&
	       (!b->shards || bench_shards(b, profile, b->shards, input, frames, err));
}

static bool bench_live(struct bench *b, struct err *err)
{
	char input[PATH_BYTES], small[PATH_BYTES];
	uint64_t few = b->live_frames / 10 ? b->live_frames / 10 : 1;

	if (!b->tshark.found) {
		err_set(err, EXIT_ENVIRONMENT,
			"bench live: no tshark was found to measure against");
		return false;
	}
	snprintf(input, sizeof(input), "%s/live.pcap", b->dir);
	snprintf(small, sizeof(small), "%s/full.pcap", b->dir);
	return make_input(b, input, b->live_frames, err) && make_input(b, small, few, err) &&
	       bench_profile(b, PROFILE_SUMMARY, input, b->live_frames, err) &&
	       bench_profile(b, PROFILE_LEAN, input, b->live_frames, err) &&
	       bench_profile(b, PROFILE_FULL, small, few, err);
}

/* ---- replay ---- */

static bool bench_replay(struct bench *b, struct err *err)
{
	double rate[RUNS_MAX], inside[RUNS_MAX];
	char input[PATH_BYTES], report[PATH_BYTES];
	const char *argv[] = {b->self, "replay",  "--topspeed", "--tshark", "none", "-T",  "none",
			      "-q",    "--audit", "/dev/null",	"--report", report, input, NULL};
	struct json_object *o = result(b, "replay");
	struct sample s;

	snprintf(input, sizeof(input), "%s/replay.pcap", b->dir);
	snprintf(report, sizeof(report), "%s/report.json", b->dir);
	if (!make_input(b, input, b->frames, err) || !run_command(argv, &s, err))
		return false;
	for (size_t i = 0; i < b->runs; i++) {
		struct json_object *r, *timing;

		if (!run_command(argv, &s, err))
			return false;
		r = json_object_from_file(report);
		timing = json_object_object_get(r, "timing");
		rate[i] = (double)b->frames / s.wall_s;
		inside[i] =
			(double)b->frames * 1e9 /
			(double)json_object_get_int64(json_object_object_get(timing, "total_ns"));
		json_object_put(r);
	}
	put(o, "frames", (double)b->frames);
	put(o, "secvf_frames_per_s", rounded(median(rate, b->runs)));
	put(o, "without_start_up_frames_per_s", rounded(median(inside, b->runs)));
	return true;
}

/* ---- write ---- */

static bool installed(const char *program)
{
	const char *argv[] = {"sh", "-c", "command -v \"$0\"", program, NULL};
	struct sample s;

	return run_command(argv, &s, &(struct err){0});
}

/* What earlier runs left to be written back is not this run's to pay for. */
static bool run_settled(const char *const argv[], const char *out, struct sample *s,
			struct err *err)
{
	bool ok;

	sync();
	ok = run_command(argv, s, err);
	unlink(out);
	return ok;
}

/* Each run of ours is followed by one of each peer. */
static bool bench_write(struct bench *b, struct err *err)
{
	char input[PATH_BYTES], out[PATH_BYTES], fifo[PATH_BYTES], from[PATH_BYTES + 3],
		to[PATH_BYTES + 3];
	const char *ours[] = {b->self,	   "replay", "--topspeed", "--direct", "-q", "--audit",
			      "/dev/null", "-w",     out,	   input,      NULL};
	const char *tcpdump[] = {"tcpdump", "-r", input, "-w", out, NULL};
	const char *dumpcap[] = {
		"sh", "-c", "cat \"$0\" >\"$1\" & exec dumpcap -q -i \"$1\" -w \"$2\"", input, fifo,
		out,  NULL};
	const char *dd[] = {"dd", from, to, "bs=1M", NULL};
	const struct {
		const char *name;
		const char *const *argv;
	} commands[] = {{"secvf", ours}, {"tcpdump", tcpdump}, {"dumpcap", dumpcap}, {"dd", dd}};
	double wall_s[sizeof(commands) / sizeof(commands[0])][RUNS_MAX], ratio[RUNS_MAX];
	struct json_object *o = result(b, "write");
	struct sample s;
	char key[64];

	snprintf(input, sizeof(input), "%s/write.pcap", b->dir);
	snprintf(out, sizeof(out), "%s/written", b->dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", b->dir);
	snprintf(from, sizeof(from), "if=%s", input);
	snprintf(to, sizeof(to), "of=%s", out);
	if (!make_input(b, input, b->frames, err))
		return false;
	if (mkfifo(fifo, 0600) < 0) {
		err_set(err, EXIT_ENVIRONMENT, "bench: %s: %s", fifo, strerror(errno));
		return false;
	}
	put(o, "frames", (double)b->frames);
	for (size_t run = 0; run <= b->runs; run++) { /* the first warms up */
		for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
			if (c > 0 && !installed(commands[c].name))
				continue;
			if (!run_settled(commands[c].argv, out, &s, err))
				return false;
			if (run > 0)
				wall_s[c][run - 1] = s.wall_s;
		}
	}
	for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
		if (c > 0 && !installed(commands[c].name))
			continue;
		snprintf(key, sizeof(key), "%s_frames_per_s", commands[c].name);
		put(o, key, rounded((double)b->frames / median(wall_s[c], b->runs)));
		for (size_t run = 0; run < b->runs; run++)
			ratio[run] = wall_s[c][run] / wall_s[0][run];
		snprintf(key, sizeof(key), "ratio_to_%s", commands[c].name);
		if (c > 0)
			put(o, key, rounded(median(ratio, b->runs)));
	}
	return true;
}

/* ---- latency ---- */

static bool bench_latency(struct bench *b, struct err *err)
{
	char report[PATH_BYTES], pps[24], limit[24];
	const char *argv[] = {b->self,	  "replay",	  "--pps",     pps,	   "--limit",
			      limit,	  "--loop",	  "0",	       "-T",	   "none",
			      "-q",	  "--audit",	  "/dev/null", "--report", report,
			      "--tshark", b->tshark.path, b->file,     NULL};
	struct json_object *o = result(b, "latency"), *r, *latency;
	struct sample s;

	snprintf(report, sizeof(report), "%s/report.json", b->dir);
	snprintf(pps, sizeof(pps), "%llu", b->pps);
	snprintf(limit, sizeof(limit), "%llu", b->pps * b->seconds);
	if (!run_command(argv, &s, err))
		return false;
	r = json_object_from_file(report);
	latency = json_object_object_get(json_object_object_get(r, "tshark"), "latency_ns");
	put(o, "pps", (double)b->pps);
	put(o, "p50_ms",
	    rounded(json_object_get_double(json_object_object_get(latency, "p50")) / 1e6));
	put(o, "p99_ms",
	    rounded(json_object_get_double(json_object_object_get(latency, "p99")) / 1e6));
	put(o, "max_ms",
	    rounded(json_object_get_double(json_object_object_get(latency, "max")) / 1e6));
	put(o, "cpu_share", rounded(s.cpu_s / s.wall_s));
	json_object_put(r);
	return true;
}

/* ---- the command ---- */

static bool known(const char *what)
{
	static const char *const words[] = {"all", "live", "replay", "write", "latency"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(what, words[i]) == 0)
			return true;
	}
	return false;
}

static bool parse(struct bench *b, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"runs", required_argument, NULL, 'r'},
		{"frames", required_argument, NULL, 'f'},
		{"live-frames", required_argument, NULL, 'l'},
		{"pps", required_argument, NULL, 'p'},
		{"seconds", required_argument, NULL, 's'},
		{"tshark", required_argument, NULL, 't'},
		{"shards", required_argument, NULL, 'n'},
		{"dir", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool ok = true;
	int word;

	optind = 1;
	opterr = 0;
	while (ok && (word = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		switch (word) {
		case 'r': ok = cli_u64("--runs", optarg, 1, RUNS_MAX, &b->runs, err); break;
		case 'f': ok = cli_u64("--frames", optarg, 2, 100000000, &b->frames, err); break;
		case 'l':
			ok = cli_u64("--live-frames", optarg, 2, 100000000, &b->live_frames, err);
			break;
		case 'p': ok = cli_u64("--pps", optarg, 1, 1000000, &b->pps, err); break;
		case 's': ok = cli_u64("--seconds", optarg, 1, 3600, &b->seconds, err); break;
		case 't': b->asked_tshark = optarg; break;
		case 'n': b->shards = optarg; break;
		case 'd': b->within = optarg; break;
		case 'j': b->json = true; break;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default: cli_usage(word, argv, "bench", err); return false;
		}
	}
	if (!ok)
		return false;
	b->what = argc - optind == 2 ? argv[optind++] : "all";
	if (argc - optind != 1 || !known(b->what)) {
		err_set(err, EXIT_USAGE,
			"secvf bench [live|replay|write|latency|all] FILE; --help tells more");
		return false;
	}
	b->file = argv[optind];
	return true;
}

static bool wanted(const struct bench *b, const char *what)
{
	return strcmp(b->what, what) == 0 || strcmp(b->what, "all") == 0;
}

static void print_row(const char *name, struct json_object *o)
{
	struct json_object_iterator at = json_object_iter_begin(o), end = json_object_iter_end(o);

	printf("%-18s", name);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		printf("  %s %.10g", json_object_iter_peek_name(&at),
		       json_object_get_double(json_object_iter_peek_value(&at)));
	printf("\n");
}

static void print(const struct bench *b)
{
	struct json_object_iterator at, end = json_object_iter_end(b->root);

	if (b->json) {
		printf("%s\n", json_object_to_json_string_ext(b->root, JSON_C_TO_STRING_PRETTY));
		return;
	}
	printf("%s, %llu runs, medians; tshark %s\n", b->file, b->runs,
	       b->tshark.found ? b->tshark.version : "not found");
	for (at = json_object_iter_begin(b->root); !json_object_iter_equal(&at, &end);
	     json_object_iter_next(&at))
		print_row(json_object_iter_peek_name(&at), json_object_iter_peek_value(&at));
}

static void clean_up(const struct bench *b)
{
	static const char *const files[] = {"live.pcap",  "full.pcap", "replay.pcap", "report.json",
					    "write.pcap", "written",   "fifo"};
	char path[PATH_BYTES];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", b->dir, files[i]);
		unlink(path);
	}
	rmdir(b->dir);
}

int cli_bench(int argc, char **argv)
{
	struct bench b = {
		.runs = 5, .frames = 1000000, .live_frames = 50000, .pps = 100, .seconds = 10};
	struct err err = {0};
	bool ok;

	if (!parse(&b, argc, argv, &err))
		return err.text[0] ? cli_say(&err) : err.exit;
	if (!cli_detect(&b.tshark, b.asked_tshark, &err))
		return cli_say(&err);
	if (!b.within)
		b.within = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	if (snprintf(b.dir, sizeof(b.dir), "%s/secvf-bench-XXXXXX", b.within) >=
		    (int)sizeof(b.dir) ||
	    !cli_self(b.self) || !mkdtemp(b.dir)) {
		err_set(&err, EXIT_ENVIRONMENT, "bench: %s: %s", b.dir, strerror(errno));
		return cli_say(&err);
	}
	b.root = json_object_new_object();
	ok = (!wanted(&b, "live") || bench_live(&b, &err)) &&
	     (!wanted(&b, "replay") || bench_replay(&b, &err)) &&
	     (!wanted(&b, "write") || bench_write(&b, &err)) &&
	     (!wanted(&b, "latency") || bench_latency(&b, &err));
	if (ok)
		print(&b);
	json_object_put(b.root);
	clean_up(&b);
	return ok ? EXIT_BALANCED : cli_say(&err);
}
