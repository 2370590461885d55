/* fuzz_pipeline.c - the whole decode stage, where the input says what the world does
 *
 * A header of a few bytes picks the mode and the bounds; behind it each byte is an event, some with
 * a byte or more of their own: frames come, time passes, the FIFO has room for so much, tshark
 * prints so many bytes of the input, or a record, whole or in pieces, is slow, ends, is killed; a
 * call of the port fails; the sink is full; the user stops. tshark's side is a port in memory. When
 * the input ends, so do the faults, and a good tshark answers what it is asked.
 *
 * What must hold: the ledger balances after every step; the FIFO carries whole records of frames in
 * order; each frame comes out once, in order, or is counted as missed; each one without a decode is
 * named in the audit log; descriptors are used while they are open; and the end is reached.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "pipeline_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES_MAX  200u
#define EVENTS_MAX  2000u
#define OUTPUT_MAX  (1u << 20) /* that tshark may have printed and nobody has read */
#define FRAME_BYTES 20u
#define HEADER	    6u
#define FIFO_HEADER 24u
#define FIFO_RECORD 16u
#define MS	    UINT64_C(1000000)
#define END_STEPS   100000u

enum {
	FIFO = 100,
	OUT,
	ERR,
	PID
};

/* What of the world is in the input's hand. */
static struct world {
	struct pipeline p;
	uint64_t now_ns, published, stopped;
	const uint8_t *in;
	size_t in_n;
	/* The port */
	bool fifo_made, fifo_open, out_open, err_open, alive, exited, ended, deaf;
	int status, make_error, spawn_error, open_error, write_error, read_error;
	struct buf input, out, err; /* in the FIFO since it was opened; not read yet */
	size_t room, piece;
	/* What came out */
	bool sink_full;
	uint64_t last_id, rows, decoded, named;
} w;

static uint8_t take(void)
{
	if (!w.in_n)
		return 0;
	w.in_n--;
	return *w.in++;
}

/* ---- the port ---- */

static int fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	(void)ctx;
	if (w.make_error)
		return w.make_error;
	check(!w.fifo_made);
	w.fifo_made = true;
	snprintf(path, PORT_PATH_MAX, "/fifo");
	return 0;
}

static int fifo_open(void *ctx, const char *path)
{
	(void)ctx;
	check(w.fifo_made && !w.fifo_open && strcmp(path, "/fifo") == 0);
	if (w.open_error || w.exited)
		return w.open_error ? w.open_error : -ENXIO;
	w.fifo_open = true;
	return FIFO;
}

static void fifo_remove(void *ctx, const char *path)
{
	(void)ctx;
	check(strcmp(path, "/fifo") == 0);
	w.fifo_made = false;
}

static int spawn(void *ctx, char *const argv[], struct port_child *child)
{
	(void)ctx;
	check(!w.alive && !w.out_open && !w.err_open && strcmp(argv[0], "/tshark") == 0);
	if (w.spawn_error)
		return w.spawn_error;
	w.input.n = w.out.n = w.err.n = 0;
	w.exited = w.ended = false;
	w.alive = w.out_open = w.err_open = true;
	*child = (struct port_child){.pid = PID, .out = OUT, .err = ERR};
	return 0;
}

static ssize_t port_read(void *ctx, int fd, void *bytes, size_t n)
{
	struct buf *b = fd == OUT ? &w.out : &w.err;

	(void)ctx;
	check(fd == OUT ? w.out_open : fd == ERR && w.err_open);
	if (w.read_error)
		return w.read_error;
	if (!b->n)
		return w.ended ? 0 : -EAGAIN;
	if (n > b->n)
		n = b->n;
	if (w.piece && n > w.piece)
		n = w.piece;
	memcpy(bytes, b->p, n);
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	return (ssize_t)n;
}

static ssize_t port_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	size_t took = 0;

	(void)ctx;
	check(fd == FIFO && w.fifo_open);
	if (w.write_error || w.exited)
		return w.write_error ? w.write_error : -EPIPE;
	for (int i = 0; i < n; i++) {
		size_t part = iov[i].iov_len < w.room ? iov[i].iov_len : w.room;

		buf_put(&w.input, iov[i].iov_base, part);
		w.room -= part;
		took += part;
	}
	return took ? (ssize_t)took : -EAGAIN;
}

static void port_close(void *ctx, int fd)
{
	bool *open = fd == FIFO ? &w.fifo_open : fd == OUT ? &w.out_open : &w.err_open;

	(void)ctx;
	check(fd >= FIFO && fd <= ERR && *open);
	*open = false;
}

static void exits(int status)
{
	w.exited = w.ended = true;
	w.status = status;
}

static int port_kill(void *ctx, int pid, int signal)
{
	(void)ctx;
	check(pid == PID && w.alive && (signal == SIGTERM || signal == SIGKILL));
	if (!w.exited && (signal == SIGKILL || !w.deaf))
		exits(signal);
	return 0;
}

static int port_reap(void *ctx, int pid, int *status)
{
	(void)ctx;
	check(pid == PID && w.alive);
	if (!w.exited)
		return 0;
	w.alive = false;
	*status = w.status;
	return 1;
}

static const struct port_ops ops = {
	.fifo_make = fifo_make,
	.fifo_open = fifo_open,
	.fifo_remove = fifo_remove,
	.spawn = spawn,
	.read = port_read,
	.writev = port_writev,
	.close = port_close,
	.kill = port_kill,
	.reap = port_reap,
};

/* ---- what comes out ---- */

static uint64_t member(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	check(at);
	return strtoull(at + strlen(key), NULL, 10);
}

static void audit_line(void *ctx, const char *members, size_t n)
{
	static const char event[] = "\"event\":\"undecoded\"";
	char text[1024];

	(void)ctx;
	if (n < sizeof(event) - 1 || memcmp(members, event, sizeof(event) - 1) != 0)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)n, members);
	w.named += member(text, "\"count\":");
}

static bool offer(void *ctx, struct decoded *d)
{
	(void)ctx;
	if (w.sink_full)
		return false;
	check(d->id > w.last_id && d->id <= w.published);
	check(d->packet.caplen == FRAME_BYTES && d->packet.data[0] == (uint8_t)d->id);
	w.last_id = d->id;
	w.rows++;
	w.decoded += d->status == DECODED_TSHARK;
	for (int i = 0; i < EK_FIELDS && d->fields; i++) {
		size_t n;

		(void)decoded_field(d, (enum ek_field)i, &n);
		check(n <= DECODED_FIELD_MAX);
	}
	check(!d->raw || (d->raw_n && d->raw[d->raw_n - 1] == '\n'));
	decoded_free(d);
	return true;
}

static const char *port_name(void *ctx, unsigned port)
{
	(void)ctx;
	check(port <= 1); /* frames come in by 1; those before it are declared with it */
	return "vm";
}

/* The FIFO's bytes so far: whole records of frames in order, the last cut short at most. */
static void check_input(void)
{
	const unsigned char *p = (const unsigned char *)w.input.p;
	size_t at = FIFO_HEADER;
	uint8_t last = 0;

	check(w.input.n < 4 || le32_load(p) == 0xa1b23c4d);
	while (at + FIFO_RECORD + FRAME_BYTES <= w.input.n) {
		check(le32_load(p + at + 8) == FRAME_BYTES &&
		      le32_load(p + at + 12) == FRAME_BYTES);
		check(p[at + FIFO_RECORD] > last); /* ids, of one byte each */
		last = p[at + FIFO_RECORD];
		at += FIFO_RECORD + FRAME_BYTES;
	}
}
static_assert(FRAMES_MAX <= UINT8_MAX, "an id is a byte of its frame");

static void step(uint64_t ns)
{
	struct pipeline_wait wait;
	struct ledger l;

	w.now_ns += ns;
	pipeline_step(&w.p, w.now_ns, &wait);
	l = pipeline_ledger(&w.p);
	check(ledger_balanced(&l, NULL, 0));
	check(l.forwarded == w.published);
	for (unsigned i = 0; i < wait.fds; i++)
		check(wait.fd[i].fd == FIFO  ? w.fifo_open
		      : wait.fd[i].fd == OUT ? w.out_open
					     : wait.fd[i].fd == ERR && w.err_open);
	check_input();
}

/* ---- events ---- */

static void publish(unsigned n)
{
	while (n-- && w.published < FRAMES_MAX) {
		unsigned char bytes[FRAME_BYTES];
		const struct frame frame = {.data = bytes,
					    .caplen = FRAME_BYTES,
					    .len = FRAME_BYTES,
					    .serial = w.published + 1,
					    .ts_ns = w.published,
					    .ingress = 1,
					    .published_ns = w.now_ns};

		memset(bytes, (int)++w.published, sizeof(bytes));
		tap_publish(&w.p.tap, &frame);
	}
}

static void print(const char *p, size_t n)
{
	if (w.alive && !w.ended && w.out.n + n <= OUTPUT_MAX)
		buf_put(&w.out, p, n);
}

static void answer(uint64_t number, size_t cut)
{
	char line[256];
	int n = snprintf(line, sizeof(line),
			 "{\"index\":{\"_type\":\"doc\"}}\n{\"timestamp\":\"1\",\"no\":\"%llu\","
			 "\"info\":\"i\",\"layers\":{}}\n",
			 (unsigned long long)number);

	print(line, cut && cut < (size_t)n ? cut : (size_t)n);
}

static void print_input(struct buf *to)
{
	size_t n = take();

	if (n > w.in_n)
		n = w.in_n;
	if (to == &w.out)
		print((const char *)w.in, n);
	else if (w.alive && !w.ended)
		buf_put(to, w.in, n);
	w.in += n;
	w.in_n -= n;
}

static void fail_calls(uint8_t which)
{
	w.make_error = which & 1 ? -ENOSPC : 0;
	w.spawn_error = which & 2 ? -EAGAIN : 0;
	w.open_error = which & 4 ? -ENXIO : which & 8 ? -ENOENT : 0;
	w.write_error = which & 16 ? -EPIPE : 0;
	w.read_error = which & 32 ? -EAGAIN : which & 64 ? -EIO : 0;
	w.deaf = which & 128;
}

static void answer_query(struct frame_query *q)
{
	check(q->where != FRAME_NONE || q->id > w.p.store.captured || !q->id);
	if (q->where == FRAME_IN_MEMORY)
		segment_unref(q->segment);
}

static void ask(uint64_t id)
{
	struct frame_query q = {.id = id, .answer = answer_query};

	check(pipeline_ask(&w.p, &q));
	step(0);
}

static void event(uint8_t what)
{
	const struct feed *feed = &shard_lane(&w.p, 0)->feed;
	uint8_t how = what >> 4;

	switch (what & 15) {
	case 0: publish(1u + how); break;
	case 1: step(how * MS); break;
	case 2: step(how * 100 * MS); break;
	case 3: w.room = how == 15 ? SIZE_MAX / 2 : (size_t)how * how * 8; break;
	case 4: print_input(&w.out); break;
	case 5:
		for (uint64_t i = 0; i < feed->fed_count && i <= how; i++)
			answer(feed->fed_base + i, 0);
		break;
	case 6: answer(feed->fed_base + how - 4, 0); break;
	case 7: answer(feed->fed_base + how % 4, take()); break;
	case 8: w.piece = how; break;
	case 9: print_input(&w.err); break;
	case 10:
		if (w.alive && !w.exited)
			exits(how & 8 ? how & 7 : how << 8);
		break;
	case 11: w.ended |= w.alive; break;
	case 12: fail_calls(take()); break;
	case 13: w.sink_full = how & 1; break;
	case 14:
		if (!w.stopped)
			pipeline_stop(&w.p, w.now_ns);
		w.stopped |= 1;
		break;
	default: ask(how); break;
	}
	step(0);
}

/* No faults any more, and a tshark that answers, to the end. */
static void finish(void)
{
	fail_calls(0);
	w.sink_full = false;
	w.room = SIZE_MAX / 2;
	w.piece = 0;
	tap_end(&w.p.tap);
	for (unsigned i = 0; i < END_STEPS && !pipeline_finished(&w.p); i++) {
		step(i < 100 ? MS : 50 * MS);
		if (!w.alive || w.exited)
			continue;
		if (w.ended) {
			exits(0);
			continue;
		}
		for (uint64_t k = 0; k < shard_lane(&w.p, 0)->feed.fed_count; k++)
			answer(shard_lane(&w.p, 0)->feed.fed_base + k, 0);
		step(0);
		if (shard_lane(&w.p, 0)->child.state == CHILD_DRAINING &&
		    !shard_lane(&w.p, 0)->feed.fed_count)
			exits(0);
	}
	check(pipeline_finished(&w.p));
}

static void check_end(bool sink)
{
	struct ledger l = pipeline_ledger(&w.p);

	check(l.captured == w.published && !l.in_flight && !l.queued);
	check(l.decoded + l.undecoded == l.captured && l.undecoded == w.named);
	check(!w.alive && !w.fifo_open && !w.out_open && !w.err_open && !w.fifo_made);
	if (sink) {
		check(w.rows + w.p.missed == w.published);
		check(w.decoded <= l.decoded && w.decoded + w.p.missed >= l.decoded);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipeline_config config = {.tap = {.all = true},
					 .port_name = port_name,
					 .port = {.ops = &ops},
					 .audit = {.line = audit_line}};
	uint8_t modes;

	if (size < HEADER)
		return 0;
	memset(&w, 0, sizeof(w));
	w.in = data;
	w.in_n = size;
	w.now_ns = 1000 * MS;
	w.room = SIZE_MAX / 2;
	modes = take();
	config.lossless = modes & 1;
	config.flush = modes & 2;
	config.verbatim = modes & 4;
	config.sink.offer = modes & 8 ? NULL : offer;
	config.profile = (enum profile)(modes >> 4 & 3);
	config.tshark = modes & 64 ? NULL : "/tshark";
	config.buffer_frames = 1u + take();
	config.stall_ns = take() * 10 * MS;
	config.hang_ns = take() * 100 * MS;
	config.tap.queue_limit = FRAMES_MAX + 1; /* which never fills */
	config.tap.segment_frames = 1u + take() % 32;
	config.buffer_bytes = take() * 256u;
	if (pipeline_init(&w.p, &config) != 0)
		return 0;
	for (unsigned i = 0; i < EVENTS_MAX && w.in_n; i++)
		event(take());
	finish();
	pipeline_hush(&w.p);
	check_end(config.sink.offer);
	pipeline_done(&w.p);
	buf_done(&w.input);
	buf_done(&w.out);
	buf_done(&w.err);
	return 0;
}
