/* options.c - the words of `secvf replay` */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "pipeline.h"
#include "store/store.h"
#include "tap/ring.h"
#include "tshark/child.h"

static const char help[] =
	"usage: secvf replay [OPTION...] FILE...\n"
	"       secvf replay [OPTION...] --from iface:NAME | --port tap:NAME [FILE...]\n"
	"\n"
	"Replays captures (pcap, pcapng; - is standard input) through the simulated switch, the tap, the\n"
	"queue and the FIFO into tshark, and shows what comes out. Files follow each other.\n"
	"\n"
	"Source\n"
	"  --merge               merge the files by time\n"
	"  --tolerant            a broken file is said, and is no error\n"
	"  --as-ethernet         wrap raw IP, Linux cooked, null and loopback frames as Ethernet\n"
	"  --vm NAME=MAC         name the VM with this source address; others are vm-1, vm-2, ...\n"
	"  --loop N              passes over the files; 0: for ever (default 1)\n"
	"  --limit N, -c N       stop after N frames\n"
	"  --unique-ip           other IPv4 addresses in each pass\n"
	"  --timestamps now      stamp frames when they are sent (default: as recorded)\n"
	"Rate (default: as recorded)\n"
	"  --multiplier X        X times as fast as recorded\n"
	"  --pps N               frames a second, fractions too\n"
	"  --mbps N              megabits a second, fractions too\n"
	"  --topspeed            as fast as the pipeline takes them without loss\n"
	"Switch\n"
	"  --max-frame BYTES     longest frame that it forwards (default 9216)\n"
	"  --spoof drop|log      frames with a source address of another port (default log)\n"
	"  --port-pps N          frames a second that a port may send (default: no limit)\n"
	"  --port-broadcast-pps N  of those, broadcast and multicast (default: no limit)\n"
	"Capture\n"
	"  -i, --interface VM    capture what this VM sends or receives; may be repeated (default: all traffic)\n"
	"  -f EXPRESSION         capture filter, as in pcap-filter(7)\n"
	"  --queue-limit N       frames between switch and capture (default 50000)\n"
	"  --buffer-frames N     newest frames kept in memory (default 100000)\n"
	"  --buffer-bytes SIZE   and their bytes; SIZE is a number, or one with k, M or G behind it\n"
	"  --no-spill            discard frames past that bound, rather than write them to\n"
	"                        $AVF_HOME/Captures/SESSION-rotN.pcapng\n"
	"Files\n"
	"  -w FILE               write every captured frame to FILE, as pcapng\n"
	"  -b WHAT:N             begin another file, as dumpcap does, after duration:SECONDS,\n"
	"                        filesize:KB, packets:N, or at each interval:SECONDS; keep the newest\n"
	"                        files:N. May be repeated. SIGUSR1 begins another file, too\n"
	"  --ring-files N        keep the newest N files\n"
	"  --ring-bytes SIZE     keep the newest files that take no more than SIZE\n"
	"  --direct              capture to the files of -w and nothing else: no decode, no rows, no counts\n"
	"                        by protocol, so that more frames a second get there\n"
	"  --journal             write frames to files as they come, so that a kill of secvf loses none;\n"
	"                        files have 32 MB, or as -b filesize says. 'secvf recover', and the next\n"
	"                        start, seal what was left\n"
	"  --quota SIZE          for all captures in the folder: own files go first, then writing stops\n";

/* A string may be 4,095 bytes long. */
static const char help_more[] =
	"Decode\n"
	"  --tshark PATH|none    tshark to run (default: $PATH, then the usual places)\n"
	"  --decode PROFILE      full, lean, summary, off; auto: full, and less where tshark does not keep\n"
	"                        up, and back (default: auto; lean where the source waits for tshark, with\n"
	"                        --topspeed, and for -T ek and --find-max)\n"
	"  --shards N|auto       so many tsharks share the traffic, by pairs of hosts (default 1); auto:\n"
	"                        one a processor\n"
	"  --tshark-memory SIZE  replace a tshark while it runs before all of them together have more\n"
	"                        (default 512M; 0: never; k, M, G)\n"
	"  --tshark-write FILE   tshark -w: it writes what it decodes to FILE, too; one that follows a\n"
	"                        crash, to FILE-g2. The sure way is -w: it does not go through tshark\n"
	"  --stall MS            skip frames when the FIFO makes no progress for so long; 0: never\n"
	"                        (default 250; with --topspeed 0: the source waits instead)\n"
	"  --backfill WHEN       what was skipped is decoded later: idle, while live decode leaves room, and\n"
	"                        the rest at the end; stop, once the source has ended; off. Rows of it are\n"
	"                        updates (default: idle with --decode auto, else off)\n"
	"  -o NAME:VALUE         a preference of Wireshark's, as tshark -o; -d, -N likewise: decode as, and\n"
	"                        resolve names (default: none). They hold for display filters, too\n"
	"  --keylog FILE         secrets of TLS sessions (SSLKEYLOGFILE)\n"
	"  --hang SECONDS        end a tshark that gives no record for so long (default 60, 0: never)\n"
	"Output\n"
	"  -Y EXPRESSION         display filter, as in wireshark-filter(4): rows of these frames only.\n"
	"                        All frames are captured and decoded all the same\n"
	"  -T FORMAT             table (default), json, ek (tshark's own lines), none\n"
	"  --color WHEN          auto (default), always, never\n"
	"  --report FILE         write a JSON report; - is standard output\n"
	"  --audit FILE          audit log (default $AVF_HOME/logs/error-audit.log)\n"
	"  --faults FILE         what goes wrong on the way, on purpose: a plan, as in docs/scenarios.md\n"
	"  --bundle FILE.tar.zst keep what reproduces this run: frames, options, faults, audit log, versions;\n"
	"                        'secvf run FILE.tar.zst' plays it again\n"
	"  --control SOCKET      listen there for 'secvf control': filter, display, stop ...\n"
	"  --ui[=ADDRESS:PORT]   show the run in a browser: print the panel's address instead of rows, and\n"
	"                        serve it until SIGINT, as 'secvf serve --start -- ...'\n"
	"  --stats               as -T none: only the summary\n"
	"  -q, --quiet           no progress line and no summary\n"
	"  --no-progress         no progress line\n"
	"  -h, --help            this text\n"
	"Interfaces (Linux)\n"
	"  --to iface:NAME       send the frames to this interface, instead of the simulated switch\n"
	"  --from iface:NAME     a port of the switch: what this interface receives comes in\n"
	"  --port tap:NAME       a port of the switch, both ways: this tap device, made where there is none\n"
	"  --expect-pps N        with --from: the rate that gaps between its frames are measured against\n"
	"Load\n"
	"  --pps STEP[,STEP...]  1000/10s: a rate for a time (ms, s, m, h); 1000..20000/60s: a ramp. The\n"
	"                        files are repeated until the last ends, unless --loop says otherwise\n"
	"  -a duration:SECONDS   stop after so long\n"
	"  --find-max LOW..HIGH  look for the highest rate without loss, by runs of --trial SECONDS\n"
	"                        (default 3); --loss any (default), dropped or skipped counts as loss\n"
	"  --series FILE         rate, queue, drops and latency each 100 ms, as CSV\n"
	"  --plot FILE           the same drawn, as SVG\n";

enum {
	OPT_MERGE = 256,
	OPT_TOLERANT,
	OPT_AS_ETHERNET,
	OPT_VM,
	OPT_LOOP,
	OPT_LIMIT,
	OPT_UNIQUE_IP,
	OPT_TIMESTAMPS,
	OPT_MULTIPLIER,
	OPT_PPS,
	OPT_MBPS,
	OPT_TOPSPEED,
	OPT_MAX_FRAME,
	OPT_SPOOF,
	OPT_PORT_PPS,
	OPT_PORT_BROADCAST_PPS,
	OPT_QUEUE_LIMIT,
	OPT_BUFFER_FRAMES,
	OPT_BUFFER_BYTES,
	OPT_NO_SPILL,
	OPT_JOURNAL,
	OPT_DIRECT,
	OPT_RING_FILES,
	OPT_RING_BYTES,
	OPT_QUOTA,
	OPT_TSHARK,
	OPT_TSHARK_WRITE,
	OPT_DECODE,
	OPT_SHARDS,
	OPT_TSHARK_MEMORY,
	OPT_BACKFILL,
	OPT_STALL,
	OPT_HANG,
	OPT_COLOR,
	OPT_REPORT,
	OPT_AUDIT,
	OPT_STATS,
	OPT_CONTROL,
	OPT_FAULTS,
	OPT_BUNDLE,
	OPT_UI,
	OPT_NO_PROGRESS,
	OPT_LOAD, /* and the other words of load.h behind it */
};

static const struct option long_options[] = {
	{"merge", no_argument, NULL, OPT_MERGE},
	{"tolerant", no_argument, NULL, OPT_TOLERANT},
	{"as-ethernet", no_argument, NULL, OPT_AS_ETHERNET},
	{"vm", required_argument, NULL, OPT_VM},
	{"loop", required_argument, NULL, OPT_LOOP},
	{"limit", required_argument, NULL, OPT_LIMIT},
	{"unique-ip", no_argument, NULL, OPT_UNIQUE_IP},
	{"timestamps", required_argument, NULL, OPT_TIMESTAMPS},
	{"multiplier", required_argument, NULL, OPT_MULTIPLIER},
	{"pps", required_argument, NULL, OPT_PPS},
	{"mbps", required_argument, NULL, OPT_MBPS},
	{"topspeed", no_argument, NULL, OPT_TOPSPEED},
	{"max-frame", required_argument, NULL, OPT_MAX_FRAME},
	{"spoof", required_argument, NULL, OPT_SPOOF},
	{"port-pps", required_argument, NULL, OPT_PORT_PPS},
	{"port-broadcast-pps", required_argument, NULL, OPT_PORT_BROADCAST_PPS},
	{"interface", required_argument, NULL, 'i'},
	{"queue-limit", required_argument, NULL, OPT_QUEUE_LIMIT},
	{"buffer-frames", required_argument, NULL, OPT_BUFFER_FRAMES},
	{"buffer-bytes", required_argument, NULL, OPT_BUFFER_BYTES},
	{"no-spill", no_argument, NULL, OPT_NO_SPILL},
	{"direct", no_argument, NULL, OPT_DIRECT},
	{"journal", no_argument, NULL, OPT_JOURNAL},
	{"ring-files", required_argument, NULL, OPT_RING_FILES},
	{"ring-bytes", required_argument, NULL, OPT_RING_BYTES},
	{"quota", required_argument, NULL, OPT_QUOTA},
	{"keylog", required_argument, NULL, DISSECT_KEYLOG},
	{"tshark", required_argument, NULL, OPT_TSHARK},
	{"tshark-write", required_argument, NULL, OPT_TSHARK_WRITE},
	{"decode", required_argument, NULL, OPT_DECODE},
	{"shards", required_argument, NULL, OPT_SHARDS},
	{"tshark-memory", required_argument, NULL, OPT_TSHARK_MEMORY},
	{"backfill", required_argument, NULL, OPT_BACKFILL},
	{"stall", required_argument, NULL, OPT_STALL},
	{"hang", required_argument, NULL, OPT_HANG},
	{"color", required_argument, NULL, OPT_COLOR},
	{"report", required_argument, NULL, OPT_REPORT},
	{"audit", required_argument, NULL, OPT_AUDIT},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"faults", required_argument, NULL, OPT_FAULTS},
	{"bundle", required_argument, NULL, OPT_BUNDLE},
	{"ui", optional_argument, NULL, OPT_UI},
	{"stats", no_argument, NULL, OPT_STATS},
	{"quiet", no_argument, NULL, 'q'},
	{"no-progress", no_argument, NULL, OPT_NO_PROGRESS},
	{"to", required_argument, NULL, OPT_LOAD + LOAD_TO},
	{"from", required_argument, NULL, OPT_LOAD + LOAD_FROM},
	{"port", required_argument, NULL, OPT_LOAD + LOAD_PORT},
	{"expect-pps", required_argument, NULL, OPT_LOAD + LOAD_EXPECT},
	{"find-max", required_argument, NULL, OPT_LOAD + LOAD_FIND_MAX},
	{"loss", required_argument, NULL, OPT_LOAD + LOAD_LOSS},
	{"trial", required_argument, NULL, OPT_LOAD + LOAD_TRIAL},
	{"plot", required_argument, NULL, OPT_LOAD + LOAD_PLOT},
	{"series", required_argument, NULL, OPT_LOAD + LOAD_SERIES},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The index of @text among @words, or -1 with @err filled. */
static int one_of(const char *option, const char *text, const char *const *words, int count,
		  struct err *err)
{
	char list[128] = "";

	for (int i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 words[i]);
	}
	err_set(err, EXIT_USAGE, "%s: '%s': one of %s is wanted", option, text, list);
	return -1;
}

static bool set_rate(struct options *o, enum pace_mode mode, const char *option, const char *text,
		     struct err *err)
{
	if (o->rate.mode != PACE_RECORDED || o->rate.den != 0) {
		err_set(err, EXIT_USAGE,
			"%s: only one of --multiplier, --pps, --mbps, --topspeed "
			"can set the rate",
			option);
		return false;
	}
	if (mode == PACE_TOPSPEED) {
		o->rate = (struct pace_rate){.mode = mode, .num = 1, .den = 1};
		return true;
	}
	if (mode == PACE_PPS && ramp_is(text)) {
		o->rate = (struct pace_rate){
			.mode = PACE_RAMP, .num = 1, .den = 1, .ramp = &o->load.ramp};
		return ramp_parse(&o->load.ramp, option, text, err);
	}
	return pace_rate_parse(&o->rate, mode, option, text, err);
}

static bool add_name(const char **names, unsigned *count, const char *option, const char *name,
		     struct err *err)
{
	if (*count == OPTIONS_NAMES_MAX) {
		err_set(err, EXIT_USAGE, "%s: more than %d were given", option, OPTIONS_NAMES_MAX);
		return false;
	}
	names[(*count)++] = name;
	return true;
}

static bool source_option(struct options *o, int word, const char *text, struct err *err)
{
	static const char *const timestamps[] = {"recorded", "now"};
	unsigned long long n = 0;
	int choice;

	switch (word) {
	case OPT_MERGE: o->replay.merge = true; return true;
	case OPT_TOLERANT: o->replay.tolerant = true; return true;
	case OPT_AS_ETHERNET: o->replay.as_ethernet = true; return true;
	case OPT_UNIQUE_IP: o->replay.unique_ip = true; return true;
	case OPT_VM: return add_name(o->vm, &o->replay.vm_count, "--vm", text, err);
	case OPT_LOOP:
		if (!cli_u64("--loop", text, 0, UINT32_MAX, &n, err))
			return false;
		o->replay.loops = n;
		o->loops_given = true;
		return true;
	case OPT_LIMIT:
		if (!cli_u64("--limit", text, 1, UINT64_MAX / 2, &n, err))
			return false;
		o->replay.limit = n;
		return true;
	case OPT_TIMESTAMPS:
		choice = one_of("--timestamps", text, timestamps, 2, err);
		o->timestamps_now = choice == 1;
		return choice >= 0;
	case OPT_MULTIPLIER: return set_rate(o, PACE_RECORDED, "--multiplier", text, err);
	case OPT_PPS: return set_rate(o, PACE_PPS, "--pps", text, err);
	case OPT_MBPS: return set_rate(o, PACE_MBPS, "--mbps", text, err);
	default: return set_rate(o, PACE_TOPSPEED, "--topspeed", "", err);
	}
}

static bool switch_option(struct options *o, int word, const char *text, struct err *err)
{
	static const char *const spoof[] = {"drop", "log"};
	unsigned long long n = 0;
	int choice;

	switch (word) {
	case OPT_MAX_FRAME:
		if (!cli_u64("--max-frame", text, SWITCH_FRAME_MIN, FRAME_BYTES_MAX, &n, err))
			return false;
		o->eth.frame_max = (uint32_t)n;
		return true;
	case OPT_PORT_PPS:
		if (!cli_u64("--port-pps", text, 1, 1000000000, &n, err))
			return false;
		o->port.rate_max = n;
		return true;
	case OPT_PORT_BROADCAST_PPS:
		if (!cli_u64("--port-broadcast-pps", text, 1, 1000000000, &n, err))
			return false;
		o->port.broadcast_rate_max = n;
		return true;
	default:
		choice = one_of("--spoof", text, spoof, 2, err);
		o->eth.spoof = choice == 0 ? SWITCH_SPOOF_DROP : SWITCH_SPOOF_LOG;
		return choice >= 0;
	}
}

/* -b, in dumpcap's words. */
static bool rotate_option(struct options *o, const char *text, struct err *err)
{
	static const char *const words[] = {"duration", "filesize", "packets", "files", "interval"};
	const char *colon = strchr(text, ':');
	unsigned long long n = 0;
	char word[16] = "";
	int which;

	if (colon)
		snprintf(word, sizeof(word), "%.*s", (int)(colon - text), text);
	which = one_of("-b", word, words, 5, err);
	/* 2 TB in kB, and as many seconds as a year has. */
	if (which < 0 || !cli_u64("-b", colon + 1, 1, which == 1 ? 2000000000 : 31622400, &n, err))
		return false;
	o->rotate = true;
	switch (which) {
	case 0: o->files.duration_ns = n * 1000000000; break;
	case 1: o->files.bytes = n * 1000; break;
	case 2: o->files.frames = n; break;
	case 3: o->files.ring_files = (uint32_t)n; break;
	default: o->files.interval_ns = n * 1000000000; break;
	}
	return true;
}

static bool file_option(struct options *o, int word, const char *text, struct err *err)
{
	unsigned long long n = 0;

	switch (word) {
	case 'w': o->write = text; return true;
	case 'b': return rotate_option(o, text, err);
	case OPT_DIRECT: o->direct = true; return true;
	case OPT_JOURNAL: o->journal = true; return true;
	case OPT_NO_SPILL: o->no_spill = true; return true;
	case OPT_BUFFER_BYTES: return cli_bytes("--buffer-bytes", text, &o->buffer_bytes, err);
	case OPT_RING_BYTES:
		o->rotate = true;
		return cli_bytes("--ring-bytes", text, &o->files.ring_bytes, err);
	case OPT_QUOTA: return cli_bytes("--quota", text, &o->files.quota, err);
	default:
		if (!cli_u64("--ring-files", text, 1, 1000000, &n, err))
			return false;
		o->rotate = true;
		o->files.ring_files = (uint32_t)n;
		return true;
	}
}

static bool read_shards(struct options *o, const char *text, struct err *err)
{
	unsigned long long n = 0;

	if (strcmp(text, "auto") == 0) {
		long processors = sysconf(_SC_NPROCESSORS_ONLN);

		o->shards = processors < 1		    ? 1
			    : processors < (long)SHARDS_MAX ? (unsigned)processors
							    : SHARDS_MAX;
		return true;
	}
	if (!cli_u64("--shards", text, 1, SHARDS_MAX, &n, err))
		return false;
	o->shards = (unsigned)n;
	return true;
}

static bool decode_option(struct options *o, int word, const char *text, struct err *err)
{
	static const char *const backfill[] = {"off", "stop", "idle"};
	unsigned long long n = 0;
	int choice;

	switch (word) {
	case OPT_QUEUE_LIMIT:
		if (!cli_u64("--queue-limit", text, 1, RING_LIMIT_MAX, &n, err))
			return false;
		o->queue_limit = (uint32_t)n;
		return true;
	case OPT_BUFFER_FRAMES:
		if (!cli_u64("--buffer-frames", text, 1, STORE_FRAMES_MAX, &n, err))
			return false;
		o->buffer_frames = (uint32_t)n;
		return true;
	case OPT_STALL:
		if (!cli_u64("--stall", text, 0, 3600000, &n, err))
			return false;
		o->stall_ns = n * 1000000;
		o->stall_given = true;
		return true;
	case OPT_BACKFILL:
		choice = one_of("--backfill", text, backfill, 3, err);
		o->backfill_given = true;
		o->backfill = (enum backfill_mode)(choice < 0 ? 0 : choice);
		return choice >= 0;
	case OPT_SHARDS: return read_shards(o, text, err);
	case OPT_TSHARK_MEMORY:
		o->tshark_memory = 0;
		return strcmp(text, "0") == 0 ||
		       cli_bytes("--tshark-memory", text, &o->tshark_memory, err);
	case OPT_HANG:
		if (!cli_u64("--hang", text, 0, 86400, &n, err))
			return false;
		o->hang_ns = n * 1000000000;
		return true;
	case OPT_TSHARK: o->tshark = text; return true;
	case OPT_TSHARK_WRITE: o->tshark_write = text; return true;
	default:
		o->decode_given = true;
		o->adaptive = strcmp(text, "auto") == 0;
		if (profile_parse(&o->profile, o->adaptive ? "full" : text))
			return true;
		err_set(err, EXIT_USAGE,
			"--decode: '%s': one of auto, full, lean, summary, off is wanted", text);
		return false;
	}
}

static bool output_option(struct options *o, int word, const char *text, struct err *err)
{
	static const char *const formats[] = {"table", "json", "ek", "none"};
	static const char *const colors[] = {"auto", "always", "never"};
	int choice = 0;

	switch (word) {
	case 'T':
		choice = one_of("-T", text, formats, 4, err);
		o->format = (enum output_format)(choice < 0 ? 0 : choice);
		break;
	case OPT_COLOR:
		choice = one_of("--color", text, colors, 3, err);
		o->color = (enum output_color)(choice < 0 ? 0 : choice);
		break;
	case OPT_STATS: o->format = OUTPUT_NONE; break;
	case OPT_CONTROL: o->control = text; break;
	case OPT_FAULTS: o->faults = text; break;
	case OPT_BUNDLE: o->bundle = text; break;
	case OPT_UI:
		o->ui = true;
		o->ui_where = text;
		break;
	case OPT_REPORT: o->report = text; break;
	case OPT_AUDIT: o->audit = text; break;
	case 'q': o->quiet = true; break;
	default: o->no_progress = true; break;
	}
	return choice >= 0;
}

static bool option(struct options *o, int word, const char *text, struct err *err)
{
	if (word >= OPT_LOAD && word < OPT_LOAD + LOAD_WORDS)
		return load_option(&o->load, (enum load_word)(word - OPT_LOAD), text, err);
	if (word >= OPT_MERGE && word <= OPT_TOPSPEED)
		return source_option(o, word, text, err);
	if (word >= OPT_MAX_FRAME && word <= OPT_PORT_BROADCAST_PPS)
		return switch_option(o, word, text, err);
	if ((word >= OPT_BUFFER_BYTES && word <= OPT_QUOTA) || word == 'w' || word == 'b')
		return file_option(o, word, text, err);
	if (word >= OPT_QUEUE_LIMIT && word <= OPT_HANG)
		return decode_option(o, word, text, err);
	switch (word) {
	case 'c': return source_option(o, OPT_LIMIT, text, err);
	case 'a': return load_option(&o->load, LOAD_AUTOSTOP, text, err);
	case 'f': o->filter = text; return true;
	case 'Y': o->display = text; return true;
	case 'o':
	case 'd':
	case 'N':
	case DISSECT_KEYLOG: return dissect_option(&o->dissect, word, text, err);
	case 'i': return add_name(o->interface, &o->interfaces, "--interface", text, err);
	default: return output_option(o, word, text, err);
	}
}

/* Live, what tshark keeps up with is not known before; elsewhere runs are to be alike, or measured
 * with one profile. */
static bool is_live(const struct options *o)
{
	return o->rate.mode != PACE_TOPSPEED && o->format != OUTPUT_EK && !o->direct &&
	       !o->load.find_max && !o->load.to;
}

static void keep(struct options *o, int word, const char *text);

/* What is chosen is kept as if it had been said: what plays it again has other words before. */
static void choose_decode(struct options *o)
{
	if (!o->decode_given && is_live(o)) {
		o->adaptive = true;
		o->profile = PROFILE_FULL;
		keep(o, OPT_DECODE, "auto");
	}
	if (!o->backfill_given && o->adaptive) {
		o->backfill = BACKFILL_IDLE;
		keep(o, OPT_BACKFILL, "idle");
	}
}

/* What no single option can tell. */
static bool settle(struct options *o, int argc, char **argv, struct err *err)
{
	if (optind == argc && !o->load.ports && !o->load.to) {
		err_set(err, EXIT_USAGE,
			"no capture was named; 'secvf replay FILE...', and - is standard input");
		return false;
	}
	o->replay.files = (const char *const *)(argv + optind);
	o->replay.file_count = (unsigned)(argc - optind);
	o->replay.vms = o->vm;
	if (!load_settle(o, err))
		return false;
	if (o->rate.den == 0)
		o->rate = (struct pace_rate){.mode = PACE_RECORDED, .num = 1, .den = 1};
	o->replay.paced = o->rate.mode != PACE_TOPSPEED;
	if (o->rate.mode == PACE_TOPSPEED && o->stall_given && o->stall_ns) {
		err_set(err, EXIT_USAGE,
			"--stall: with --topspeed the source waits for tshark, so nothing is skipped; "
			"give a rate, or --stall 0");
		return false;
	}
	if (o->adaptive && (o->rate.mode == PACE_TOPSPEED || o->format == OUTPUT_EK)) {
		err_set(err, EXIT_USAGE, "--decode auto: %s",
			o->format == OUTPUT_EK
				? "-T ek is tshark's own output of one profile; name it"
				: "with --topspeed the source waits for tshark, however slow; "
				  "name a profile, or give a rate");
		return false;
	}
	choose_decode(o);
	if (o->direct && !o->write) {
		err_set(err, EXIT_USAGE, "--direct writes captures to disk: add -w FILE");
		return false;
	}
	if (o->direct) {
		o->profile = PROFILE_OFF;
		o->format = OUTPUT_NONE;
	}
	if (o->journal && o->write && !o->rotate) {
		err_set(err, EXIT_USAGE,
			"--journal makes many files, and -w FILE alone is one: add -b filesize:KB, or "
			"leave out -w");
		return false;
	}
	if (o->ui && (o->load.to || o->load.find_max)) {
		err_set(err, EXIT_USAGE,
			"--ui shows what the simulated switch is given; leave out %s, or --ui",
			o->load.to ? "--to" : "--find-max");
		return false;
	}
	if (o->no_spill && (o->write || o->rotate || o->journal)) {
		err_set(err, EXIT_USAGE,
			"--no-spill writes no files, and -w, -b, --ring-* and --journal are about files; leave "
			"one of them out");
		return false;
	}
	if (o->write && strcmp(o->write, "-") == 0) {
		err_set(err, EXIT_USAGE,
			"-w - is not possible, as a file is given its name once it is whole; name a "
			"file, and `secvf export FILE -w -` writes it to standard output");
		return false;
	}
	if (o->format == OUTPUT_EK &&
	    (o->profile == PROFILE_OFF || (o->tshark && strcmp(o->tshark, "none") == 0))) {
		err_set(err, EXIT_USAGE,
			"-T ek prints tshark's own lines, so it needs tshark: "
			"leave out --tshark none and --decode off, or use -T json");
		return false;
	}
	if (o->tshark_write &&
	    (o->profile == PROFILE_OFF || (o->tshark && strcmp(o->tshark, "none") == 0))) {
		err_set(err, EXIT_USAGE,
			"--tshark-write is for tshark to write, so it needs one: leave out --tshark "
			"none and --decode off, or use -w FILE");
		return false;
	}
	return true;
}

/* What the user looks at, and where files lie, is not the run's; nor is what its frames were made
 * of.
 */
static bool is_kept(int word)
{
	switch (word) {
	case 'T':
	case 'Y':
	case 'q':
	case 'c':
	case OPT_MERGE:
	case OPT_TOLERANT:
	case OPT_AS_ETHERNET:
	case OPT_VM:
	case OPT_LOOP:
	case OPT_LIMIT:
	case OPT_UNIQUE_IP:
	case OPT_TIMESTAMPS:
	case OPT_TSHARK:
	case OPT_TSHARK_WRITE:
	case OPT_COLOR:
	case OPT_REPORT:
	case OPT_AUDIT:
	case OPT_CONTROL:
	case OPT_FAULTS:
	case OPT_BUNDLE:
	case OPT_UI:
	case OPT_STATS:
	case OPT_NO_PROGRESS: return false;
	/* Interfaces and searches are the machine's. */
	default: return word < OPT_LOAD && word != 'a';
	}
}

static void keep(struct options *o, int word, const char *text)
{
	static char words[OPTIONS_KEPT_MAX][32];
	const char *slash = word == 'w' && text ? strrchr(text, '/') : NULL;
	char *kept = words[o->kept];

	if (!is_kept(word) || o->kept + 2 > OPTIONS_KEPT_MAX)
		return;
	snprintf(kept, sizeof(words[0]), "-%c", word);
	for (size_t i = 0; long_options[i].name; i++) {
		if (long_options[i].val == word)
			snprintf(kept, sizeof(words[0]), "--%s", long_options[i].name);
	}
	o->keep[o->kept++] = kept;
	if (text)
		o->keep[o->kept++] = slash ? slash + 1 : text;
}

bool options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	int word;

	memset(o, 0, sizeof(*o));
	o->replay.loops = 1;
	o->eth.spoof = SWITCH_SPOOF_LOG;
	o->profile = PROFILE_LEAN;
	o->stall_ns = FEED_STALL_NS;
	o->hang_ns = CHILD_HANG_NS_MAX;
	o->tshark_memory = LANE_MEMORY_BYTES;
	/* From the start, also where the last words ended within one: serve begins many captures.
	 */
#ifdef __APPLE__
	optind = optreset = 1;
#else
	optind = 0;
#endif
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hqa:i:f:c:T:w:b:Y:o:d:N:", long_options, NULL)) !=
	       -1) {
		if (word == 'h') {
			fputs(help, stdout);
			fputs(help_more, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		}
		if (word == '?' || word == ':') {
			cli_usage(word, argv, "replay", err);
			return false;
		}
		if (!option(o, word, optarg, err))
			return false;
		keep(o, word, optarg);
	}
	return settle(o, argc, argv, err);
}
