/* bench_parts.c - store, filters and decoder of EK lines, in this process and beside their peers */
#include <inttypes.h>
#include <json-c/json.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/bench.h"
#include "cli/bench_stages.h"
#include "cli/ek_engines.h"
#include "cli/wholefile.h"
#include "os/frame_read.h"
#include "tap/bpf.h"

/* ---- store ---- */

/* Frames of the file that ids are looked up in, at most: it is read whole to be known. */
#define LOOKUP_FRAMES_MAX UINT64_C(400000)
/* Look-ups of one pass. */
#define LOOKUPS 256u

struct lookups {
	struct bench_stages *stages; /* memory */
	struct places *places;	     /* disk */
	uint64_t frames, seed, wrong;
	struct buf block;
	unsigned sum; /* of a byte of each, so that the compiler keeps them */
};

static uint64_t any_id(struct lookups *l)
{
	l->seed = l->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return 1 + (l->seed >> 33) % l->frames;
}

static void lookup_memory(void *ctx)
{
	struct lookups *l = ctx;

	for (unsigned i = 0; i < LOOKUPS; i++) {
		const struct slot *slot = store_slot(&l->stages->store, any_id(l));
		struct packet_view v = packet_of(slot->block);

		l->sum += v.caplen ? v.data[v.caplen - 1] : 0;
	}
}

static void lookup_disk(void *ctx)
{
	struct lookups *l = ctx;

	for (unsigned i = 0; i < LOOKUPS; i++) {
		l->block.n = 0;
		l->wrong += frame_read(l->places, any_id(l), &l->block) != 0;
	}
}

struct dumping {
	const struct loaded *loaded;
	pcap_dumper_t *dumper;
};

static void dump_all(void *ctx)
{
	struct dumping *d = ctx;

	for (size_t i = 0; i < d->loaded->frames; i++) {
		const struct dfilter_frame *f = &d->loaded->frame[i];
		struct pcap_pkthdr header = {.caplen = f->caplen, .len = f->len};

		pcap_dump((unsigned char *)d->dumper, &header, f->data);
	}
}

static bool append(struct bench *b, struct loaded *l, struct err *err)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)FRAME_BYTES_MAX);
	struct dumping d = {.loaded = l, .dumper = pcap_dump_open(dead, "/dev/null")};
	uint64_t slice_ns = bench_slice_ns(b, 3, 2);
	struct bench_stages stages;
	struct bench_loop us = {b, bench_stages_append, &stages, (double)l->frames, slice_ns};
	struct bench_loop them = {b, dump_all, &d, (double)l->frames, slice_ns};
	struct contest *c = contest_new("store", "frames/s", l->frames,
					"append: tap, block, queue and slot; one thread");
	bool ok = false;

	if (!bench_stages_init(&stages, l, err)) {
		free(c);
	} else {
		if (c) {
			contest_add(c, "secvf", bench_run_loop, &us, NULL);
			contest_add(c, "libpcap to /dev/null", bench_run_loop, &them,
				    d.dumper ? NULL : "/dev/null cannot be written");
		}
		ok = bench_hold(b, c, 3, err);
		bench_stages_done(&stages);
	}
	if (d.dumper)
		pcap_dump_close(d.dumper);
	pcap_close(dead);
	return ok;
}

static bool from_memory(struct bench *b, struct loaded *l, struct err *err)
{
	struct bench_stages stages;
	struct lookups look = {.stages = &stages, .frames = l->frames, .seed = 1};
	struct bench_loop us = {b, lookup_memory, &look, LOOKUPS, bench_slice_ns(b, 3, 1)};
	struct contest *c =
		contest_new("store", "look-ups/s", l->frames, "a frame in memory by its id");
	bool ok;

	if (!bench_stages_init(&stages, l, err)) {
		free(c);
		return false;
	}
	bench_stages_fill(&stages);
	if (c) {
		contest_add(c, "secvf", bench_run_loop, &us, NULL);
		snprintf(c->note, sizeof(c->note), "%s",
			 "no peer: nothing else keeps frames by number in memory");
	}
	ok = bench_hold(b, c, 3, err);
	bench_stages_done(&stages);
	return ok;
}

/* A capture of ours, and where each of its frames is. */
static bool know_places(struct bench *b, struct places *places, const char *file, uint64_t frames,
			struct err *err)
{
	char input[BENCH_PATH_BYTES];
	const char *write[] = {b->self,	    "replay", "--topspeed", "--direct", "-q", "--audit",
			       "/dev/null", "-w",     file,	    input,	NULL};
	struct bench_command command = {.b = b, .argv = write, .frames = frames};
	struct contest_sample s;
	struct buf whole = {0};
	bool ok;

	ok = bench_input(b, bench_path(b, input, "store.pcap"), frames, err) &&
	     bench_run_command(&command, &s, err) &&
	     wholefile_read("bench store", file, BENCH_OUTPUT_BYTES, &whole, err);
	if (ok) {
		places_begin(places, file, 1);
		places_blocks(places, 1, (const unsigned char *)whole.p, whole.n, 0);
	}
	buf_done(&whole);
	return ok;
}

static bool from_disk(struct bench *b, struct err *err)
{
	char file[BENCH_PATH_BYTES], out[BENCH_PATH_BYTES], number[32];
	uint64_t frames = b->frames < LOOKUP_FRAMES_MAX ? b->frames : LOOKUP_FRAMES_MAX;
	const char *editcap[] = {"editcap", "-r", file, out, number, NULL};
	struct bench_command them = {.b = b, .argv = editcap, .frames = 1};
	struct places places;
	struct lookups look = {.places = &places, .frames = frames, .seed = 1};
	struct bench_loop us = {b, lookup_disk, &look, LOOKUPS, bench_slice_ns(b, 3, 2)};
	struct contest *c;
	bool ok;

	bench_path(b, file, "store.pcapng");
	bench_path(b, out, "one.pcapng");
	snprintf(number, sizeof(number), "%" PRIu64, frames / 2 + 1);
	if (places_init(&places)) {
		err_set(err, EXIT_ENVIRONMENT, "bench store: there is no memory for places");
		return false;
	}
	ok = know_places(b, &places, file, frames, err);
	c = ok ? contest_new("store", "look-ups/s", 0, "a frame in a file by its id, of %" PRIu64,
			     frames)
	       : NULL;
	if (c) {
		contest_add(c, "secvf", bench_run_loop, &us, NULL);
		contest_add(c, "editcap -r, middle one", bench_run_command, &them,
			    bench_installed("editcap"));
	}
	ok = ok && bench_hold(b, c, 3, err);
	if (ok && look.wrong) {
		err_set(err, EXIT_UNBALANCED, "bench store: %s: %" PRIu64 " frames were not found",
			file, look.wrong);
		ok = false;
	}
	buf_done(&look.block);
	places_done(&places);
	return ok;
}

bool bench_store(struct bench *b, struct err *err)
{
	struct loaded l;
	bool ok;

	if (!bench_load(b, &l, b->frames, err))
		return false;
	ok = append(b, &l, err) && from_memory(b, &l, err) && from_disk(b, err);
	loaded_done(&l);
	return ok;
}

/* ---- filter ---- */

struct filtering {
	const struct loaded *loaded;
	struct bpf *ours;
	struct bpf_program theirs;
	struct dfilter *display;
	uint64_t yes[2]; /* of ours, of the peer's: what the loops are run for */
	uint64_t passes[2];
};

static void pass_ours(void *ctx)
{
	struct filtering *f = ctx;

	for (size_t i = 0; i < f->loaded->frames; i++) {
		const struct dfilter_frame *frame = &f->loaded->frame[i];

		f->yes[0] += bpf_match(f->ours, frame->data, frame->caplen, frame->len);
	}
	f->passes[0]++;
}

static void pass_theirs(void *ctx)
{
	struct filtering *f = ctx;

	for (size_t i = 0; i < f->loaded->frames; i++) {
		const struct dfilter_frame *frame = &f->loaded->frame[i];

		f->yes[1] +=
			bpf_filter(f->theirs.bf_insns, frame->data, frame->len, frame->caplen) != 0;
	}
	f->passes[1]++;
}

static void pass_display(void *ctx)
{
	struct filtering *f = ctx;

	for (size_t i = 0; i < f->loaded->frames; i++)
		f->yes[0] += dfilter_match(f->display, &f->loaded->frame[i]) == DFILTER_YES;
	f->passes[0]++;
}

static const char *const capture_filters[] = {
	"tcp port 80",
	"not (port 22 or port 443 or arp or stp or host 192.168.1.1)",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
};
static const char *const display_filters[] = {
	"tcp.port == 443",
	"tcp.flags.syn == 1 and tcp.flags.ack == 0",
};
/* By headers alone, without a tshark; and one that has to dissect, for which ours has two: one that
 * decodes the rows, and one that judges them. */
static const struct {
	const char *text, *profile;
} held_filters[] = {{"tcp.port == 443", "off"}, {"dns.flags.response == 1", "summary"}};
#define FILTER_PARTS 7u

static bool prefilter(struct bench *b, const struct loaded *l, const char *text, struct err *err)
{
	uint64_t slice_ns = bench_slice_ns(b, FILTER_PARTS, 2);
	struct filtering f = {.loaded = l, .ours = bpf_compile(text, err)};
	struct bench_loop us = {b, pass_ours, &f, (double)l->frames, slice_ns};
	struct bench_loop them = {b, pass_theirs, &f, (double)l->frames, slice_ns};
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)FRAME_BYTES_MAX);
	struct contest *c;
	bool ok;

	check(f.ours && dead && pcap_compile(dead, &f.theirs, text, 1, 0) == 0);
	c = contest_new("filter", "frames/s", l->frames, "capture filter: %s", text);
	if (c) {
		contest_add(c, "secvf", bench_run_loop, &us, NULL);
		contest_add(c, "libpcap", bench_run_loop, &them, NULL);
	}
	ok = bench_hold(b, c, FILTER_PARTS, err);
	if (ok && f.yes[0] * f.passes[1] != f.yes[1] * f.passes[0]) {
		err_set(err, EXIT_UNBALANCED, "bench filter: %s: libpcap takes other frames", text);
		ok = false;
	}
	pcap_freecode(&f.theirs);
	pcap_close(dead);
	bpf_free(f.ours);
	return ok;
}

static bool native(struct bench *b, const struct loaded *l, const char *text, struct err *err)
{
	struct dfilter_error why;
	struct filtering f = {.loaded = l, .display = dfilter_compile(text, &why)};
	struct bench_loop us = {b, pass_display, &f, (double)l->frames,
				bench_slice_ns(b, FILTER_PARTS, 1)};
	struct contest *c;
	bool ok;

	check(f.display);
	c = contest_new("filter", "frames/s", l->frames, "display filter by headers: %s", text);
	if (c) {
		contest_add(c, "secvf", bench_run_loop, &us, NULL);
		snprintf(c->note, sizeof(c->note), "%s",
			 "no peer: tshark's filters run within a dissection only, see below");
	}
	ok = bench_hold(b, c, FILTER_PARTS, err);
	dfilter_free(f.display);
	return ok;
}

static bool held(struct bench *b, const char *input, const char *text, const char *profile,
		 struct err *err)
{
	const char *ours[] = {
		b->self,   "replay",   "--topspeed",   "--decode",  profile,	  "-Y",
		text,	   "-q",       "--audit",      "/dev/null", "--no-spill", "--buffer-frames",
		"1000000", "--tshark", b->tshark.path, input,	    NULL};
	const char *theirs[] = {b->tshark.path, "-n", "-r", input, "-Y", text, NULL};
	struct bench_command us = {.b = b, .argv = ours, .frames = b->live_frames};
	struct bench_command them = {.b = b, .argv = theirs, .frames = b->live_frames};
	struct contest *c =
		contest_new("filter", "frames/s", b->live_frames,
			    "display filter over frames held, decode %s: %s", profile, text);

	if (c) {
		contest_add(c, "secvf", bench_run_command, &us, bench_no_tshark(b));
		contest_add(c, "tshark -r F -Y", bench_run_command, &them, bench_no_tshark(b));
	}
	return bench_hold(b, c, FILTER_PARTS, err);
}

bool bench_filter(struct bench *b, struct err *err)
{
	char input[BENCH_PATH_BYTES];
	struct loaded l;
	bool ok;

	if (!bench_load(b, &l, b->live_frames, err))
		return false;
	ok = bench_input(b, bench_path(b, input, "filter.pcap"), b->live_frames, err);
	for (unsigned i = 0; ok && i < sizeof(capture_filters) / sizeof(char *); i++)
		ok = prefilter(b, &l, capture_filters[i], err);
	for (unsigned i = 0; ok && i < sizeof(display_filters) / sizeof(char *); i++)
		ok = native(b, &l, display_filters[i], err);
	for (unsigned i = 0; ok && i < sizeof(held_filters) / sizeof(held_filters[0]); i++)
		ok = held(b, input, held_filters[i].text, held_filters[i].profile, err);
	loaded_done(&l);
	return ok;
}

/* ---- ek ---- */

/* Those of tests/bench/bench_ek that the program is not linked against. */
static const char *const foreign[] = {"simdjson-dom", "simdjson-on-demand", "yyjson"};
#define FOREIGN 3u

struct decoding {
	const char *text;
	size_t n;
	ek_engine *engine;
};

static void decode_all(void *ctx)
{
	struct decoding *d = ctx;
	struct ek_engines_seen seen = {0};

	ek_engines_round(d->text, d->n, d->engine, &seen);
}

struct outside {
	struct bench *b;
	char program[4200], seconds[32];
	const char *engine, *file;
};

/* bench_ek's own figure: it takes no account of its start. */
static bool run_outside(void *ctx, struct contest_sample *s, struct err *err)
{
	struct outside *o = ctx;
	const char *argv[] = {o->program, o->engine, o->seconds, o->file, NULL};
	struct collect c = {0};
	struct json_object *said, *rate;
	bool ok = bench_collect(o->b, &c, argv, err);

	said = ok ? json_tokener_parse(c.out.p) : NULL;
	if (ok && !json_object_object_get_ex(said, "mb_s", &rate)) {
		err_set(err, EXIT_UNBALANCED, "bench ek: %s says no mb_s", o->program);
		ok = false;
	}
	if (ok)
		s->value = json_object_get_double(rate);
	json_object_put(said);
	collect_done(&c);
	return ok;
}

/* Where a build has it, beside the program; and which engines it has. */
static void look_outside(struct bench *b, struct outside *o, struct collect *engines)
{
	const char *slash = strrchr(b->self, '/');
	const char *argv[] = {o->program, NULL};

	snprintf(o->program, sizeof(o->program), "%.*s/tests/bench_ek",
		 slash ? (int)(slash - b->self) : 0, b->self);
	if (access(o->program, X_OK) == 0)
		(void)bench_collect(b, engines, argv, NULL);
}

static bool ek_profile(struct bench *b, enum profile profile, const char *text, size_t n,
		       const char *file, struct err *err)
{
	uint64_t slice_ns = bench_slice_ns(b, 3, 3 + FOREIGN);
	struct decoding record = {text, n, ek_engines_find("record")};
	struct decoding json_c = {text, n, ek_engines_find("json-c")};
	struct bench_loop us = {b, decode_all, &record, (double)n / 1e6, slice_ns};
	struct bench_loop them = {b, decode_all, &json_c, (double)n / 1e6, slice_ns};
	struct outside outside[FOREIGN];
	struct collect engines = {0};
	struct contest *c = contest_new("ek", "MB/s", 0, "decode EK lines, %s, %zu bytes",
					profile_name(profile), n);
	bool ok;

	if (c) {
		contest_add(c, "secvf", bench_run_loop, &us, NULL);
		contest_add(c, "json-c", bench_run_loop, &them, NULL);
	}
	for (unsigned i = 0; c && i < FOREIGN; i++) {
		outside[i] = (struct outside){.b = b, .engine = foreign[i], .file = file};
		if (i == 0)
			look_outside(b, &outside[0], &engines);
		memcpy(outside[i].program, outside[0].program, sizeof(outside[i].program));
		snprintf(outside[i].seconds, sizeof(outside[i].seconds), "%.3f",
			 (double)slice_ns / 1e9);
		contest_add(c, foreign[i], run_outside, &outside[i],
			    engines.out.n && strstr(engines.out.p, foreign[i])
				    ? NULL
				    : "no tests/bench_ek that has it is beside this program");
	}
	collect_done(&engines);
	ok = bench_hold(b, c, 3, err);
	return ok;
}

bool bench_ek(struct bench *b, struct err *err)
{
	char input[BENCH_PATH_BYTES], file[BENCH_PATH_BYTES];
	static const enum profile profiles[] = {PROFILE_FULL, PROFILE_LEAN, PROFILE_SUMMARY};
	bool ok = true;

	if (!b->tshark.found) {
		struct contest *c = contest_new("ek", "MB/s", 0, "decode EK lines");

		if (c && b->contests < BENCH_CONTESTS_MAX) {
			contest_add(c, "secvf", NULL, NULL, bench_no_tshark(b));
			b->contest[b->contests++] = c;
		}
		return true;
	}
	bench_path(b, file, "lines.ek");
	bench_path(b, input, "ek.pcap");
	for (unsigned i = 0; ok && i < 3; i++) {
		uint64_t frames = b->live_frames / (profiles[i] == PROFILE_FULL ? 20 : 5);
		struct collect lines = {0};
		double cpu_ns;

		ok = bench_input(b, input, frames ? frames : 1, err) &&
		     bench_record(b, input, profiles[i], &lines, &cpu_ns, err);
		ok = ok && wholefile_write("bench ek", file, lines.out.p, lines.out.n, err);
		ok = ok && buf_reserve(&lines.out, EK_ENGINES_PADDING) &&
		     ek_profile(b, profiles[i], lines.out.p, lines.out.n, file, err);
		collect_done(&lines);
	}
	return ok;
}
