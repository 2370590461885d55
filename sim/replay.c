/* replay.c - captures as a stream of frames for the switch */
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "capfile/capfile.h"
#include "ethwrap.h"
#include "ipshift.h"
#include "capfile/linktype.h"
#include "vmports.h"

/* Buffers of merged files together, before any grows for a long record: 128 KiB each of 512. */
#define MERGE_BYTES (64u << 20)
/* At a rate: a read of so much fits between two frames, at 300,000 a second even. */
#define PACED_BUFFER	  (16u << 10)
#define PROBE_BUFFER	  4096u /* to see whether a file is a capture */
#define DESCRIPTORS_SPARE 32u	/* of the process, beside merged files */
#define INTERFACE_CACHE	  16u

/** struct input - One open file, and its next frame */
struct input {
	struct capfile *capfile; /* NULL: over in this pass */
	unsigned file;
	struct capfile_frame frame;
	bool settled, by_interface; /* how frames get their ports; settled at the first */
	/* Ports of interfaces, by index modulo the size; -1: the name is to be looked up */
	struct {
		unsigned interface;
		int port;
	} cache[INTERFACE_CACHE];
};

struct replay {
	struct replay_config config;
	struct vmports vmports;
	unsigned char *made; /* a frame that is not the file's own; FRAME_BYTES_MAX */
	struct replay_file_stats *files;

	struct input *inputs; /* in turn: one; merged: one a file */
	unsigned next_file;   /* in turn: to be opened next */
	unsigned *heap;	      /* merged: inputs with a frame, the earliest first */
	unsigned heap_count;
	bool front_used; /* merged: the frame of heap[0] was handed out */
	bool merging;	 /* merged: the heap of this pass was made */

	uint64_t pass, pass_frames;
	uint64_t ts_min, ts_max; /* recorded, in pass 0 */
	uint64_t period_ns;	 /* from pass 0 on */
	uint64_t shift_ns;	 /* added in this pass */
	uint64_t frames;

	unsigned broken; /* files, not tolerated */
	struct err broken_err;
	bool over;
};

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Keeps the first message about a file. */
static void file_broken(struct replay *r, unsigned file, const struct err *err)
{
	struct replay_file_stats *stats = &r->files[file];

	if (!stats->broken)
		snprintf(stats->why, sizeof(stats->why), "%.*s", (int)sizeof(stats->why) - 1,
			 err->text);
	stats->broken = true;
	if (r->config.tolerant)
		return;
	if (r->broken++ == 0)
		r->broken_err = *err;
}

/* Return: false where the file can't be opened; @err says why */
static bool input_open(struct replay *r, struct input *in, unsigned file, struct err *err)
{
	size_t bytes = CAPFILE_BUFFER;

	if (r->config.merge && MERGE_BYTES / r->config.file_count < bytes)
		bytes = MERGE_BYTES / r->config.file_count;
	if (r->config.paced && bytes > PACED_BUFFER)
		bytes = PACED_BUFFER;
	in->file = file;
	in->settled = false;
	in->by_interface = false;
	for (unsigned i = 0; i < INTERFACE_CACHE; i++)
		in->cache[i].port = -1;
	in->capfile = capfile_open_buffered(r->config.files[file], bytes, err);
	return in->capfile != NULL;
}

static void input_close(struct input *in)
{
	capfile_close(in->capfile);
	in->capfile = NULL;
}

/* Reads the next frame of an input. Return: false where it has no more; it is closed then */
static bool input_next(struct replay *r, struct input *in)
{
	struct err err;

	switch (capfile_next(in->capfile, &in->frame, &err)) {
	case CAPFILE_FRAME: return true;
	case CAPFILE_BROKEN: file_broken(r, in->file, &err); break;
	case CAPFILE_END: break;
	}
	input_close(in);
	return false;
}

/* In turn: the input whose frame is next, or NULL at the end of the pass. */
static struct input *turn_next(struct replay *r)
{
	struct input *in = &r->inputs[0];
	struct err err;

	for (;;) {
		if (in->capfile && input_next(r, in))
			return in;
		if (r->next_file == r->config.file_count)
			return NULL;
		if (!input_open(r, in, r->next_file, &err))
			file_broken(r, r->next_file, &err);
		r->next_file++;
	}
}

static bool earlier(const struct replay *r, unsigned x, unsigned y)
{
	const struct input *a = &r->inputs[x], *b = &r->inputs[y];

	if (a->frame.ts_ns != b->frame.ts_ns)
		return a->frame.ts_ns < b->frame.ts_ns;
	return x < y;
}

/* Puts heap[@at] in its place among those below it. */
static void sift_down(struct replay *r, unsigned at)
{
	unsigned moved = r->heap[at];

	for (;;) {
		unsigned child = at * 2 + 1;

		if (child >= r->heap_count)
			break;
		if (child + 1 < r->heap_count && earlier(r, r->heap[child + 1], r->heap[child]))
			child++;
		if (!earlier(r, r->heap[child], moved))
			break;
		r->heap[at] = r->heap[child];
		at = child;
	}
	r->heap[at] = moved;
}

/* Opens what is not open, reads the first frame of each file. */
static void merge_start(struct replay *r)
{
	struct err err;

	check(r->inputs);
	r->heap_count = 0;
	for (unsigned i = 0; i < r->config.file_count; i++) {
		struct input *in = &r->inputs[i];

		if (!in->capfile && !input_open(r, in, i, &err))
			file_broken(r, i, &err);
		else if (input_next(r, in))
			r->heap[r->heap_count++] = i;
	}
	for (unsigned i = r->heap_count / 2; i-- > 0;)
		sift_down(r, i);
	r->front_used = false;
	r->merging = true;
}

/* Merged: the input whose frame is next, or NULL at the end of the pass. */
static struct input *merge_next(struct replay *r)
{
	if (!r->merging)
		merge_start(r);
	if (r->heap_count && r->front_used) {
		if (!input_next(r, &r->inputs[r->heap[0]]))
			r->heap[0] = r->heap[--r->heap_count];
		if (r->heap_count)
			sift_down(r, 0);
	}
	r->front_used = true;
	return r->heap_count ? &r->inputs[r->heap[0]] : NULL;
}

/* Return: false where there is no further pass */
static bool pass_next(struct replay *r)
{
	uint64_t span = r->ts_max - r->ts_min;

	if (r->pass_frames == 0 || r->broken || r->pass + 1 == r->config.loops)
		return false;
	if (r->pass == 0) {
		uint64_t gap = r->pass_frames > 1 ? span / (r->pass_frames - 1) : 0;

		r->period_ns = add_saturating(span, gap ? gap : REPLAY_GAP_NS);
	}
	r->pass++;
	r->pass_frames = 0;
	r->shift_ns = add_saturating(r->shift_ns, r->period_ns);
	r->next_file = 0;
	r->merging = false;
	return true;
}

static struct input *input_pick(struct replay *r)
{
	struct input *in;

	do
		in = r->config.merge ? merge_next(r) : turn_next(r);
	while (!in && pass_next(r));
	return in;
}

/* Whether two interfaces described so far have different names. */
static bool interfaces_differ(const struct capfile *c)
{
	unsigned count;
	const struct capfile_interface *in = capfile_interfaces(c, &count);
	const char *first = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (!in[i].name || !in[i].name[0])
			continue;
		if (!first)
			first = in[i].name;
		else if (strcmp(first, in[i].name) != 0)
			return true;
	}
	return false;
}

/* Port of the interface of @in's frame, which has that name. */
static int interface_port(struct replay *r, struct input *in, const char *name, struct err *err)
{
	unsigned index = in->frame.interface;
	unsigned at = index % INTERFACE_CACHE;

	if (in->cache[at].port < 0 || in->cache[at].interface != index) {
		in->cache[at].interface = index;
		in->cache[at].port = vmports_by_name(&r->vmports, name, err);
	}
	return in->cache[at].port;
}

static int input_port(struct replay *r, struct input *in, const struct frame *f, struct err *err)
{
	if (!in->settled) {
		in->by_interface = interfaces_differ(in->capfile);
		in->settled = true;
	}
	if (in->by_interface) {
		unsigned count;
		const char *name =
			capfile_interfaces(in->capfile, &count)[in->frame.interface].name;

		if (name && name[0])
			return interface_port(r, in, name, err);
	}
	return vmports_by_mac(&r->vmports, f->data, f->caplen, err);
}

/* Link types that tcprewrite makes Ethernet of: PPP_HDLC, C_HDLC, IEEE802_11, with radiotap,
 * JUNIPER_ETHER; data frames at least. */
static bool tcprewrite_knows(int linktype)
{
	return linktype == 50 || linktype == 104 || linktype == 105 || linktype == 127 ||
	       linktype == 178;
}

static void set_linktype_err(const struct replay *r, const struct input *in, struct err *err)
{
	const struct capfile_frame *f = &in->frame;
	char remedy[256];

	if (ethwrap_knows(f->linktype))
		snprintf(remedy, sizeof(remedy), "--as-ethernet wraps it");
	else if (capfile_is_pcapng(in->capfile))
		snprintf(remedy, sizeof(remedy),
			 "drop its interface with `tshark -r FILE -Y 'frame.interface_id != %u' -w "
			 "OUT`",
			 f->interface);
	else if (tcprewrite_knows(f->linktype))
		snprintf(remedy, sizeof(remedy),
			 "`tcprewrite --dlt=enet -i FILE -o OUT` may convert it");
	else
		snprintf(remedy, sizeof(remedy), "leave the file out");
	err_set(err, EXIT_ENVIRONMENT,
		"%s: frame %" PRIu64 " (at byte %" PRIu64
		") has link type %d (%s), and the switch forwards Ethernet: %s",
		r->config.files[in->file], f->number, f->offset, f->linktype,
		linktype_name(f->linktype), remedy);
}

/* The frame of @in as the switch takes it. Return: false with @err filled */
static bool frame_make(struct replay *r, const struct input *in, struct frame *f, struct err *err)
{
	const struct capfile_frame *from = &in->frame;
	struct ethwrap w;

	*f = (struct frame){.data = from->data, .caplen = from->caplen, .len = from->len};
	if (from->linktype == LINKTYPE_ETHERNET)
		return true;
	if (!r->config.as_ethernet || !ethwrap_knows(from->linktype)) {
		set_linktype_err(r, in, err);
		return false;
	}
	ethwrap(from->linktype, from->data, from->caplen, from->len, &w);
	memcpy(r->made, w.header, ETHWRAP_HEADER);
	memcpy(r->made + ETHWRAP_HEADER, from->data + w.skip, w.caplen - ETHWRAP_HEADER);
	*f = (struct frame){.data = r->made, .caplen = w.caplen, .len = w.len};
	return true;
}

/* Hosts of each pass are others. */
static void shift_hosts(struct replay *r, struct frame *f)
{
	if (f->data != r->made)
		memcpy(r->made, f->data, f->caplen);
	f->data = r->made;
	ipshift(r->made, f->caplen, (uint32_t)r->pass);
}

static void count_frame(struct replay *r, const struct input *in)
{
	struct replay_file_stats *stats = &r->files[in->file];
	uint64_t ts_ns = in->frame.ts_ns;

	stats->frames++;
	stats->bytes += in->frame.caplen;
	if (r->pass == 0) {
		if (r->pass_frames == 0 || ts_ns < r->ts_min)
			r->ts_min = ts_ns;
		if (r->pass_frames == 0 || ts_ns > r->ts_max)
			r->ts_max = ts_ns;
	}
	r->pass_frames++;
	r->frames++;
}

/* Adds to a message, as far as there is room; to none where the caller wants no words. */
static void err_add(struct err *err, const char *text)
{
	size_t n = err ? strlen(err->text) : 0;

	if (err)
		snprintf(err->text + n, sizeof(err->text) - n, "%s", text);
}

/* No frame comes any more. */
static enum replay_result finish(struct replay *r, struct err *err)
{
	char others[64];

	r->over = true;
	if (!r->broken)
		return REPLAY_END;
	if (!err)
		return REPLAY_FAILED;
	*err = r->broken_err;
	err_add(err, " (--tolerant accepts that)");
	if (r->broken > 1) {
		snprintf(others, sizeof(others), "; so %s %u more file%s",
			 r->broken == 2 ? "is" : "are", r->broken - 1, r->broken == 2 ? "" : "s");
		err_add(err, others);
	}
	return REPLAY_FAILED;
}

enum replay_result replay_next(struct replay *r, struct frame *f, unsigned *port, struct err *err)
{
	struct input *in;
	int at;

	if (r->over)
		return REPLAY_END;
	in = r->config.limit && r->frames == r->config.limit ? NULL : input_pick(r);
	if (!in)
		return finish(r, err);
	at = frame_make(r, in, f, err) ? input_port(r, in, f, err) : -1;
	if (at < 0) {
		r->over = true;
		return REPLAY_FAILED;
	}
	count_frame(r, in);
	if (r->config.unique_ip && r->pass)
		shift_hosts(r, f);
	f->ts_ns = add_saturating(in->frame.ts_ns, r->shift_ns);
	f->serial = r->frames;
	*port = (unsigned)at;
	return REPLAY_FRAME;
}

/* Whether as many files as are to be merged can be open. */
static bool descriptors_suffice(unsigned files, struct err *err)
{
	struct rlimit limit;

	if (files > REPLAY_MERGE_MAX) {
		err_set(err, EXIT_USAGE,
			"--merge has all files open at once, %u at most, and %u are named; merge "
			"some of them with mergecap first",
			REPLAY_MERGE_MAX, files);
		return false;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur >= files + DESCRIPTORS_SPARE)
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"--merge of %u files needs more descriptors than this process may have; raise the "
		"limit with `ulimit -n %u`",
		files, files + DESCRIPTORS_SPARE);
	return false;
}

/* Looks at one file before the start: there, readable, as often as it has to be, a capture. */
static bool file_check(struct replay *r, unsigned file, struct err *err)
{
	const char *path = r->config.files[file];
	struct capfile *c;
	struct stat st;

	if (strcmp(path, "-") != 0) {
		if (stat(path, &st) != 0 || access(path, R_OK) != 0) {
			err_set(err, EXIT_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
			return false;
		}
		if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
			c = capfile_open_buffered(path, PROBE_BUFFER, err);
			capfile_close(c);
			if (c || (r->config.tolerant && S_ISREG(st.st_mode)))
				return true;
			if (r->config.file_count > 1 && S_ISREG(st.st_mode))
				err_add(err, " (--tolerant goes on without it)");
			return false;
		}
	}
	if (r->config.loops == 1)
		return true;
	err_set(err, EXIT_USAGE,
		"%s: a pipe can be read once, and --loop reads it again; save it to a file first",
		strcmp(path, "-") != 0 ? path : "standard input");
	return false;
}

static bool files_check(struct replay *r, struct err *err)
{
	unsigned inputs = 0;

	if (r->config.file_count == 0) {
		err_set(err, EXIT_USAGE,
			"no capture is named; name files, or - for standard input");
		return false;
	}
	for (unsigned i = 0; i < r->config.file_count; i++)
		inputs += strcmp(r->config.files[i], "-") == 0;
	if (inputs > 1) {
		err_set(err, EXIT_USAGE,
			"- (standard input) is named %u times, and can be read once", inputs);
		return false;
	}
	if (r->config.merge && !descriptors_suffice(r->config.file_count, err))
		return false;
	for (unsigned i = 0; i < r->config.file_count; i++) {
		if (!file_check(r, i, err))
			return false;
	}
	return true;
}

struct replay *replay_open(const struct replay_config *config, struct replay_ports ports,
			   struct err *err)
{
	struct replay *r = calloc(1, sizeof(*r));
	unsigned slots = config->file_count ? config->file_count : 1;

	if (r) {
		r->config = *config;
		r->files = calloc(slots, sizeof(*r->files));
		r->inputs = calloc(config->merge ? slots : 1, sizeof(*r->inputs));
		r->heap = calloc(config->merge ? slots : 1, sizeof(*r->heap));
	}
	if (r && (config->as_ethernet || config->unique_ip))
		r->made = malloc(FRAME_BYTES_MAX);
	if (!r || !r->files || !r->inputs || !r->heap ||
	    (!r->made && (config->as_ethernet || config->unique_ip))) {
		err_set(err, EXIT_ENVIRONMENT, "no memory to replay %u files", slots);
		replay_close(r);
		return NULL;
	}
	for (unsigned i = 0; i < config->file_count; i++)
		r->files[i].path = config->files[i];
	if (!files_check(r, err) ||
	    !vmports_init(&r->vmports, ports, config->vms, config->vm_count, err)) {
		replay_close(r);
		return NULL;
	}
	return r;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	for (unsigned i = 0; r->inputs && i < (r->config.merge ? r->config.file_count : 1); i++)
		capfile_close(r->inputs[i].capfile);
	free(r->made);
	free(r->heap);
	free(r->inputs);
	free(r->files);
	free(r);
}

const struct replay_file_stats *replay_files(const struct replay *r, unsigned *count)
{
	*count = r->config.file_count;
	return r->files;
}
