/* bench_grow.c - how the cost of a frame grows with its size, with how many there are, with
 * conversations and with shards
 *
 * Frames are made for it: UDP between addresses of 10.0.0.0/8. The cost is processor time of
 * the whole command and its children, as a slope: that of a run less that of one of a fifth of the
 * frames, so that starting tsharks drops out.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/add.h"
#include "cli/bench.h"
#include "os/port_posix.h"
#include "tap/frame.h"

#define POINTS_MAX 6u
#define CASES	   3u

/* A frame's size, how many, conversations, shards. */
struct load_of {
	uint64_t bytes, frames, conversations, shards;
};

struct axis {
	const char *name, *title, *unit;
	uint64_t value[POINTS_MAX];
	unsigned points;
};

static const char *const case_names[CASES] = {"no decode", "summary", "lean"};
static const char *const case_profiles[CASES] = {"off", "summary", "lean"};

/* The shorter of the two runs of a slope. */
#define SHORTER	     5u
#define FRAMES_LEAST 40u /* so that a quarter has a fifth */

/* Without tshark a frame takes a hundredth of the time, so there are ten times as many. */
#define MORE_WITHOUT 10u

static void make_frame(unsigned char *p, uint32_t bytes, uint64_t conversation)
{
	uint32_t sum = 0, ip = bytes - 14;

	memset(p, 0, bytes);
	p[5] = 1;
	p[11] = 2;
	be16_store(p + 12, 0x0800);
	p[14] = 0x45;
	be16_store(p + 16, (uint16_t)ip);
	p[22] = 64;
	p[23] = 17;
	be32_store(p + 26, 0x0a000001u + (uint32_t)conversation);
	be32_store(p + 30, 0x0a800001u);
	for (unsigned i = 14; i < 34; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	be16_store(p + 24, (uint16_t)~sum);
	be16_store(p + 34, 40000);
	be16_store(p + 36, 9); /* discard: nothing dissects what is in it */
	be16_store(p + 38, (uint16_t)(ip - 20));
}

static bool make_load(const char *path, const struct load_of *load, struct err *err)
{
	static unsigned char p[65536];
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)FRAME_BYTES_MAX,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap_dump_open(dead, path);
	struct pcap_pkthdr header = {.caplen = (uint32_t)load->bytes, .len = (uint32_t)load->bytes};

	if (!dumper) {
		err_set(err, EXIT_ENVIRONMENT, "bench grow: %s: %s", path, pcap_geterr(dead));
	} else {
		for (uint64_t i = 0; i < load->frames; i++) {
			make_frame(p, header.caplen, i % load->conversations);
			header.ts.tv_sec = (time_t)(1700000000 + i / 100000);
			header.ts.tv_usec = (suseconds_t)(i % 100000 * 10000);
			pcap_dump((unsigned char *)dumper, &header, p);
		}
		pcap_dump_close(dumper);
	}
	pcap_close(dead);
	return dumper != NULL;
}

static bool cpu_of(struct bench *b, unsigned which, const struct load_of *load, uint64_t frames,
		   const char *input, double *ns, struct err *err)
{
	char shards[24], limit[24];
	const char *tshark = b->tshark.found ? b->tshark.path : "none";
	const char *argv[] = {b->self,
			      "replay",
			      "--topspeed",
			      "-T",
			      "none",
			      "-q",
			      "--audit",
			      "/dev/null",
			      "--no-spill",
			      "--tshark",
			      which ? tshark : "none",
			      "--decode",
			      case_profiles[which],
			      "--shards",
			      shards,
			      "--loop",
			      "0",
			      "-c",
			      limit,
			      input,
			      NULL};
	struct bench_command command = {.b = b, .argv = argv, .frames = frames};
	struct contest_sample s = {0};

	snprintf(shards, sizeof(shards), "%" PRIu64, load->shards);
	snprintf(limit, sizeof(limit), "%" PRIu64, frames);
	if (!bench_run_command(&command, &s, err))
		return false;
	*ns = s.cpu_ns;
	return true;
}

/* ns of processor time a frame; 0: not to be told from the start-up. */
static bool cost(struct bench *b, unsigned which, const struct load_of *load, const char *input,
		 uint64_t budget_ns, double *ns, struct err *err)
{
	uint64_t frames = which ? load->frames : load->frames * MORE_WITHOUT;
	uint64_t few = frames / SHORTER;
	uint64_t began_ns = clock_now_ns();
	double values[CONTEST_ROUNDS_MAX], less, all;
	unsigned rounds = 0;

	while (rounds < b->rounds && (!rounds || clock_now_ns() - began_ns < budget_ns)) {
		if (!cpu_of(b, which, load, few, input, &less, err) ||
		    !cpu_of(b, which, load, frames, input, &all, err))
			return false;
		values[rounds++] = (all - less) / (double)(frames - few);
	}
	*ns = fmax(0, contest_median(values, rounds));
	return true;
}

static struct load_of load_at(const struct bench *b, unsigned axis, uint64_t value)
{
	struct load_of load = {.bytes = 256,
			       .frames = b->live_frames < FRAMES_LEAST ? FRAMES_LEAST
								       : b->live_frames,
			       .conversations = 100,
			       .shards = 1};

	switch (axis) {
	case 0: load.bytes = value; break;
	case 1: load.frames = value; break;
	case 2: load.conversations = value; break;
	default: load.shards = value; break;
	}
	return load;
}

static void say(struct bench *b, const struct axis *axis, unsigned index, const double *ns,
		struct json_object *list)
{
	struct json_object *o = json_object_new_object();
	struct chart_panel *panel = &b->panel[b->panels - 1];

	json_object_array_add(list, o);
	add_u64(o, axis->name, axis->value[index]);
	buf_printf(&b->table, "%20" PRIu64, axis->value[index]);
	for (unsigned i = 0; i < CASES && i < panel->lines; i++) {
		struct chart_line *line = &panel->line[i];

		add_double(o, case_profiles[i], ns[i]);
		buf_printf(&b->table, "%14.0f", ns[i]);
		line->x[line->points] = (double)axis->value[index];
		line->y[line->points++] = ns[i];
	}
	buf_putc(&b->table, '\n');
}

/* A drawing of figures a hundred times apart shows how each grows from its first one. */
static void relate(struct chart_panel *panel)
{
	for (unsigned i = 0; i < panel->lines; i++) {
		double first = panel->line[i].y[0];

		for (unsigned k = 0; k < panel->line[i].points; k++)
			panel->line[i].y[k] = first > 0 ? panel->line[i].y[k] / first : 0;
	}
}

static bool grow_axis(struct bench *b, const struct axis *axis, unsigned index, struct err *err)
{
	unsigned cases = b->tshark.found ? CASES : 1;
	uint64_t budget_ns =
		b->seconds * UINT64_C(1000000000) / (4 * (uint64_t)axis->points * cases);
	struct chart_panel *panel = &b->panel[b->panels++];
	struct json_object *list = json_object_new_array();
	char input[BENCH_PATH_BYTES];

	json_object_object_add(b->root, axis->name, list);
	*panel = (struct chart_panel){.title = axis->title, .unit = axis->unit, .lines = cases};
	bench_path(b, input, "grow.pcap");
	buf_printf(&b->table, "%20s", axis->name);
	for (unsigned i = 0; i < cases; i++) {
		panel->line[i].name = case_names[i];
		buf_printf(&b->table, "%14s", case_names[i]);
	}
	buf_puts(&b->table, "   (ns of processor time a frame)\n");
	for (unsigned i = 0; i < axis->points; i++) {
		struct load_of load = load_at(b, index, axis->value[i]);
		double ns[CASES] = {0};

		if (!make_load(input, &load, err))
			return false;
		for (unsigned k = 0; k < cases; k++) {
			if (!cost(b, k, &load, input, budget_ns, &ns[k], err))
				return false;
		}
		say(b, axis, i, ns, list);
	}
	relate(panel);
	return true;
}

bool bench_grow(struct bench *b, struct err *err)
{
	const uint64_t n = load_at(b, 3, 1).frames;
	const struct axis axes[] = {
		{"frame_bytes",
		 "Cost of a frame by its size, the smallest being 1",
		 "bytes",
		 {60, 256, 512, 1024, 1514, 9014},
		 6},
		{"frames", "By how many there are", "frames", {n / 4, n / 2, n, n * 2, n * 4}, 5},
		{"conversations",
		 "By conversations",
		 "pairs of hosts",
		 {1, 10, 100, 1000, 10000, 100000},
		 6},
		{"shards", "By shards", "tsharks", {1, 2, 4, 8, 16}, 5},
	};
	bool ok = true;

	b->drawn = "How the processor time of a frame grows";
	if (!b->tshark.found)
		buf_printf(&b->table, "%s: without decode alone\n", bench_no_tshark(b));
	for (unsigned i = 0; ok && i < 4; i++)
		ok = grow_axis(b, &axes[i], i, err);
	return ok;
}
