/* bench_commands.c - whole commands beside their peers on the same file */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "cli/bench.h"

/* ---- live ---- */

static bool live_shards(struct bench *b, enum profile profile, const char *shards,
			const char *input, uint64_t frames, unsigned parts, struct err *err)
{
	/* The peer reads the file itself, with the very arguments that our child gets. */
	struct args_config config = {.tshark = b->tshark.path, .fifo = input, .profile = profile};
	struct args theirs;
	const char *ours[] = {b->self,	  "replay",	  "--topspeed", "-T",
			      "none",	  "-q",		  "--audit",	"/dev/null",
			      "--tshark", b->tshark.path, "--decode",	profile_name(profile),
			      "--shards", shards,	  input,	NULL};
	struct bench_command us = {.b = b, .argv = ours, .frames = frames};
	struct bench_command them = {.b = b, .frames = frames};
	struct contest *c = contest_new("live", "frames/s", frames, "decode %s, shards %s",
					profile_name(profile), shards);
	bool ok;

	check(args_make(&theirs, &config));
	them.argv = (const char *const *)theirs.argv;
	if (c) {
		contest_add(c, "secvf", bench_run_command, &us, NULL);
		contest_add(c, "tshark", bench_run_command, &them, NULL);
	}
	ok = bench_hold(b, c, parts, err);
	args_done(&theirs);
	return ok;
}

bool bench_live(struct bench *b, struct err *err)
{
	static const enum profile profiles[] = {PROFILE_SUMMARY, PROFILE_LEAN, PROFILE_FULL};
	char input[BENCH_PATH_BYTES], small[BENCH_PATH_BYTES];
	uint64_t few = b->live_frames / 10 ? b->live_frames / 10 : 1;
	unsigned parts = b->shards ? 6 : 3;
	bool ok;

	if (!b->tshark.found) {
		struct contest *c = contest_new("live", "frames/s", 0, "decode");

		/* Nothing can be measured: it is said in the place of a figure. */
		if (c && b->contests < BENCH_CONTESTS_MAX) {
			contest_add(c, "tshark", NULL, NULL, bench_no_tshark(b));
			b->contest[b->contests++] = c;
		}
		return true;
	}
	ok = bench_input(b, bench_path(b, input, "live.pcap"), b->live_frames, err) &&
	     bench_input(b, bench_path(b, small, "full.pcap"), few, err);
	for (unsigned i = 0; ok && i < 3; i++) {
		bool full = profiles[i] == PROFILE_FULL;
		const char *from = full ? small : input;
		uint64_t frames = full ? few : b->live_frames;

		ok = live_shards(b, profiles[i], "1", from, frames, parts, err) &&
		     (!b->shards ||
		      live_shards(b, profiles[i], b->shards, from, frames, parts, err));
	}
	return ok;
}

/* ---- replay, capture ---- */

bool bench_replay(struct bench *b, struct err *err)
{
	char input[BENCH_PATH_BYTES], report[BENCH_PATH_BYTES];
	const char *argv[] = {b->self,	  "replay", "--topspeed", "--tshark", "none",
			      "-T",	  "none",   "-q",	  "--audit",  "/dev/null",
			      "--report", report,   "--no-spill", input,      NULL};
	struct bench_command us = {.b = b, .argv = argv, .frames = b->frames, .report = report};
	struct contest *c;

	bench_path(b, report, "report.json");
	if (!bench_input(b, bench_path(b, input, "replay.pcap"), b->frames, err))
		return false;
	c = contest_new("replay", "frames/s", b->frames,
			"switch, tap, basic decode; without start-up");
	if (c) {
		contest_add(c, "secvf", bench_run_command, &us, NULL);
		snprintf(
			c->note, sizeof(c->note), "%s",
			"no peer: nothing else replays into a switch of its own; tests/bench/pacing "
			"has tcpreplay over veth");
	}
	return bench_hold(b, c, 1, err);
}

/* The nearest peer that reads the same frames from the same file and keeps none of them. */
bool bench_capture(struct bench *b, struct err *err)
{
	char input[BENCH_PATH_BYTES];
	const char *ours[] = {b->self,	  "replay", "--topspeed", "--decode", "off",
			      "-T",	  "none",   "-q",	  "--audit",  "/dev/null",
			      "--tshark", "none",   "--no-spill", input,      NULL};
	const char *theirs[] = {"tcpdump", "-n", "-r", input, "-w", "/dev/null", NULL};
	struct bench_command us = {.b = b, .argv = ours, .frames = b->frames};
	struct bench_command them = {.b = b, .argv = theirs, .frames = b->frames};
	struct contest *c;

	if (!bench_input(b, bench_path(b, input, "capture.pcap"), b->frames, err))
		return false;
	c = contest_new("capture", "frames/s", b->frames,
			"switch, tap, queue and store, no tshark; all frames");
	if (c) {
		contest_add(c, "secvf", bench_run_command, &us, NULL);
		contest_add(c, "tcpdump -w /dev/null", bench_run_command, &them,
			    bench_installed("tcpdump"));
	}
	return bench_hold(b, c, 1, err);
}

/* ---- write ---- */

bool bench_write(struct bench *b, struct err *err)
{
	char input[BENCH_PATH_BYTES], out[BENCH_PATH_BYTES], fifo[BENCH_PATH_BYTES],
		from[BENCH_PATH_BYTES + 3], to[BENCH_PATH_BYTES + 3];
	const char *ours[] = {b->self,	   "replay", "--topspeed", "--direct", "-q", "--audit",
			      "/dev/null", "-w",     out,	   input,      NULL};
	const char *tcpdump[] = {"tcpdump", "-r", input, "-w", out, NULL};
	const char *dumpcap[] = {
		"sh", "-c", "cat \"$0\" >\"$1\" & exec dumpcap -q -i \"$1\" -w \"$2\"", input, fifo,
		out,  NULL};
	const char *dd[] = {"dd", from, to, "bs=1M", NULL};
	const char *const *words[] = {ours, tcpdump, dumpcap, dd};
	static const char *const names[] = {"secvf", "tcpdump", "dumpcap", "dd"};
	struct bench_command rival[4];
	struct contest *c;

	bench_path(b, out, "written");
	bench_path(b, fifo, "fifo");
	snprintf(from, sizeof(from), "if=%s", bench_path(b, input, "write.pcap"));
	snprintf(to, sizeof(to), "of=%s", out);
	if (!bench_input(b, input, b->frames, err))
		return false;
	if (mkfifo(fifo, 0600) < 0) {
		err_set(err, EXIT_ENVIRONMENT, "bench: %s: %s; choose another --dir", fifo,
			strerror(errno));
		return false;
	}
	c = contest_new("write", "frames/s", b->frames, "capture to a file, no decode");
	for (unsigned i = 0; c && i < 4; i++) {
		rival[i] = (struct bench_command){
			.b = b, .argv = words[i], .frames = b->frames, .output = out};
		contest_add(c, names[i], bench_run_command, &rival[i],
			    i ? bench_installed(names[i]) : NULL);
	}
	return bench_hold(b, c, 1, err);
}

/* ---- latency ---- */

static bool given(void *ctx, struct contest_sample *s, struct err *err)
{
	(void)err;
	*s = *(const struct contest_sample *)ctx;
	return true;
}

/* One run of --seconds, as long as that: quantiles need frames more than they need rounds. */
bool bench_latency(struct bench *b, struct err *err)
{
	static const char *const quantiles[] = {"p50", "p99", "max"};
	unsigned long long rounds = b->rounds, frames = b->pps * b->seconds / 2;
	char report[BENCH_PATH_BYTES], pps[24], limit[24], path[64];
	const char *argv[18 + 8] = {
		b->self, "replay", "--pps",   pps,	   "--limit",  limit,  "--loop",  "0", "-T",
		"none",	 "-q",	   "--audit", "/dev/null", "--report", report, "--tshark"};
	size_t n = 16;
	struct bench_command us = {.b = b, .argv = argv, .frames = frames};
	struct contest_sample s;
	bool ok;

	argv[n++] = b->tshark.found ? b->tshark.path : "none";
	for (unsigned i = 0; i < b->file_count && n < 25; i++)
		argv[n++] = b->files[i];
	argv[n] = NULL;
	bench_path(b, report, "report.json");
	snprintf(pps, sizeof(pps), "%llu", b->pps);
	snprintf(limit, sizeof(limit), "%llu", frames ? frames : 1);
	ok = !b->tshark.found || bench_run_command(&us, &s, err);
	b->rounds = 1;
	for (unsigned i = 0; ok && i < 3; i++) {
		struct contest *c = contest_new("latency", "ms", frames,
						"switch to tshark's decode at %llu/s, %s", b->pps,
						quantiles[i]);

		snprintf(path, sizeof(path), "tshark.latency_ns.%s", quantiles[i]);
		s.value = bench_number(report, path) / 1e6;
		if (c) {
			c->less = true;
			contest_add(c, "secvf", given, &s, bench_no_tshark(b));
			snprintf(c->note, sizeof(c->note), "%s",
				 "no peer: tshark does not say when it had a frame");
		}
		ok = bench_hold(b, c, 1, err);
	}
	b->rounds = rounds;
	return ok;
}
