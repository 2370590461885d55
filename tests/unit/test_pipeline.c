/* test_pipeline.c - the wiring, against a port that does what the test says
 *
 * Goal: what happens to each frame and what the audit log says of it when tshark dies, stalls,
 * hangs, prints garbage or is not there; who gives way when it is slow; what a step says to wait
 * for.
 *
 * Method: a port of a few flags (room in the FIFO, bytes on stdout, exited or not) that writes down
 * what it is asked. The test is tshark: it reads the FIFO's bytes and prints its lines. Time is a
 * number. The ledger must balance after every step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "frames.h"
#include "pipeline_private.h"

#define T0    UINT64_C(1000000000)
#define MS    UINT64_C(1000000)
#define STALL (250 * MS)
#define FIFO  100
#define OUT   101
#define ERR   102
#define PID   4711

struct row {
	uint64_t id;
	enum decoded_status status;
	char info[64];
	char raw[512];
	size_t raw_n;
};

static struct fixture {
	struct pipeline p;
	struct pipeline_wait wait;
	struct pipeline_config config;
	uint64_t now_ns, published;
	/* the port */
	struct buf calls; /* what was asked, in words */
	struct buf input; /* bytes in the FIFO, of this generation */
	uint64_t room;	  /* bytes that it takes still */
	int make_error, spawn_error, open_error, write_error;
	struct buf out, err; /* not read yet */
	bool ended, exited;  /* pipes closed; to be reaped */
	int status;
	char last_arg[32];
	/* audit and sink */
	struct buf audit;
	struct row rows[256];
	unsigned row_count;
	bool sink_full;
} f;

static int fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	(void)ctx;
	buf_puts(&f.calls, "make ");
	snprintf(path, PORT_PATH_MAX, "/fifo");
	return f.make_error;
}

static int fifo_open(void *ctx, const char *path)
{
	(void)ctx;
	assert_string_equal(path, "/fifo");
	if (!f.open_error)
		buf_puts(&f.calls, "open ");
	return f.open_error ? f.open_error : FIFO;
}

static void fifo_remove(void *ctx, const char *path)
{
	(void)ctx;
	assert_string_equal(path, "/fifo");
	buf_puts(&f.calls, "remove ");
}

static int spawn(void *ctx, char *const argv[], struct port_child *child)
{
	(void)ctx;
	buf_puts(&f.calls, "spawn ");
	assert_string_equal(argv[0], "/bin/tshark");
	snprintf(f.last_arg, sizeof(f.last_arg), "%s", argv[2]);
	if (f.spawn_error)
		return f.spawn_error;
	f.input.n = f.out.n = f.err.n = 0;
	f.ended = f.exited = false;
	*child = (struct port_child){.pid = PID, .out = OUT, .err = ERR};
	return 0;
}

static ssize_t port_read(void *ctx, int fd, void *bytes, size_t n)
{
	struct buf *b = fd == OUT ? &f.out : &f.err;

	(void)ctx;
	assert_true(fd == OUT || fd == ERR);
	if (!b->n)
		return f.ended ? 0 : -EAGAIN;
	if (n > b->n)
		n = b->n;
	memcpy(bytes, b->p, n);
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	return (ssize_t)n;
}

static ssize_t port_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	uint64_t took = 0;

	(void)ctx;
	assert_int_equal(fd, FIFO);
	if (f.write_error)
		return f.write_error;
	for (int i = 0; i < n; i++) {
		size_t part = iov[i].iov_len < f.room ? iov[i].iov_len : (size_t)f.room;

		buf_put(&f.input, iov[i].iov_base, part);
		f.room -= part;
		took += part;
	}
	return took ? (ssize_t)took : -EAGAIN;
}

static void port_close(void *ctx, int fd)
{
	(void)ctx;
	buf_printf(&f.calls, "close-%s ", fd == FIFO ? "fifo" : fd == OUT ? "out" : "err");
}

static int port_kill(void *ctx, int pid, int signal)
{
	(void)ctx;
	assert_int_equal(pid, PID);
	buf_printf(&f.calls, "%s ", signal == SIGTERM ? "TERM" : "KILL");
	return 0;
}

static int port_reap(void *ctx, int pid, int *status)
{
	(void)ctx;
	assert_int_equal(pid, PID);
	if (!f.exited)
		return 0;
	buf_puts(&f.calls, "reap ");
	*status = f.status;
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

static void audit_line(void *ctx, const char *members, size_t n)
{
	(void)ctx;
	buf_putc(&f.audit, '{');
	buf_put(&f.audit, members, n);
	buf_puts(&f.audit, "}\n");
}

static bool offer(void *ctx, struct decoded *d)
{
	struct row *row = &f.rows[f.row_count];
	const char *info;
	size_t n;

	(void)ctx;
	if (f.sink_full)
		return false;
	assert_true(f.row_count++ < 256);
	info = decoded_field(d, EK_INFO, &n);
	assert_true(n < sizeof(row->info) && d->raw_n <= sizeof(row->raw));
	*row = (struct row){.id = d->id, .status = d->status, .raw_n = d->raw_n};
	memcpy(row->info, info, n);
	if (d->raw)
		memcpy(row->raw, d->raw, d->raw_n);
	assert_string_equal(d->vm, "vm-1");
	decoded_free(d);
	return true;
}

static const char *port_name(void *ctx, unsigned port)
{
	(void)ctx;
	/* Frames come in by port 5; those before it are declared with it. */
	assert_in_range(port, 0, 5);
	return port == 5 ? "vm-1" : "other";
}

/* Live, -l, everything as the command has it; change f.config, then begin(). */
static void prepare(void)
{
	memset(&f, 0, sizeof(f));
	f.now_ns = T0;
	f.room = UINT64_MAX;
	f.config = (struct pipeline_config){
		.tap = {.all = true},
		.buffer_frames = 100,
		.profile = PROFILE_LEAN,
		.flush = true,
		.tshark = "/bin/tshark",
		.stall_ns = STALL,
		.hang_ns = CHILD_HANG_NS_MAX,
		.sink = {.offer = offer},
		.port_name = port_name,
		.port = {.ops = &ops},
		.audit = {.line = audit_line},
	};
}

static void begin(void)
{
	assert_int_equal(pipeline_init(&f.p, &f.config), 0);
}

static void end(void)
{
	pipeline_done(&f.p);
	buf_done(&f.calls);
	buf_done(&f.input);
	buf_done(&f.out);
	buf_done(&f.err);
	buf_done(&f.audit);
}

static void step(void)
{
	struct ledger l;
	char why[256];

	pipeline_step(&f.p, f.now_ns, &f.wait);
	l = pipeline_ledger(&f.p);
	if (!ledger_balanced(&l, why, sizeof(why)))
		fail_msg("%s", why);
}

static void steps(unsigned n)
{
	while (n--)
		step();
}

/* The one that is given frames. */
static struct lane *lane(void)
{
	return shard_lane(&f.p, 0);
}

static bool waits_for(int fd)
{
	for (unsigned i = 0; i < f.wait.fds; i++) {
		if (f.wait.fd[i].fd == fd) {
			assert_int_equal(f.wait.fd[i].write, fd == FIFO);
			return true;
		}
	}
	return false;
}

static void later(uint64_t ns)
{
	f.now_ns += ns;
	step();
}

static void publish(unsigned n)
{
	while (n--) {
		struct frame *frame = frames_new(20);

		memset(frames_bytes(frame), (int)++f.published, 20);
		frame->serial = f.published;
		frame->ts_ns = f.published;
		frame->ingress = 5;
		frame->published_ns = f.now_ns;
		tap_publish(&f.p.tap, frame);
		free(frame);
	}
}

/* Frames in, tshark up, and all of them in the FIFO as far as it has room. */
static void feed_it(unsigned n)
{
	publish(n);
	steps(3);
	later(FEED_BATCH_NS);
	steps(2);
}

static void say(const char *s)
{
	buf_puts(&f.out, s);
}

#define INDEX "{\"index\":{\"_index\":\"packets-2026-01-02\",\"_type\":\"doc\"}}\n"

static void answer(unsigned number)
{
	say(INDEX);
	buf_printf(&f.out, "{\"timestamp\":\"1\",\"no\":\"%u\",\"info\":\"i%u\",\"layers\":{}}\n",
		   number, number);
}

static void die(int status)
{
	f.ended = f.exited = true;
	f.status = status;
	steps(3);
}

/* Whatever else happened: a good tshark from now on, until the end. */
static void finish(void)
{
	f.room = UINT64_MAX;
	f.write_error = f.make_error = f.spawn_error = f.open_error = 0;
	tap_end(&f.p.tap);
	for (int i = 0; i < 1000 && !pipeline_finished(&f.p); i++) {
		const struct feed *feed = &lane()->feed;

		later(lane()->child.state == CHILD_WAITING ? CHILD_BACKOFF_NS_MAX : MS);
		if (!child_alive(&lane()->child) || lane()->child.state < CHILD_RUNNING || f.ended)
			continue;
		for (uint64_t k = 0; k < feed->fed_count; k++)
			answer((unsigned)(feed->fed_base + k));
		if (lane()->child.state != CHILD_RUNNING)
			die(0);
	}
	assert_true(pipeline_finished(&f.p));
}

/* Frames by id in the FIFO's stream, whole ones, as text: "1 2 5". */
static const char *fed(void)
{
	static char text[1024];
	size_t at = 24;

	text[0] = '\0';
	if (f.input.n < 24)
		return "no header";
	assert_int_equal(le32_load((unsigned char *)f.input.p), 0xa1b23c4d);
	while (at + 36 <= f.input.n) {
		snprintf(text + strlen(text), 8, "%s%u", *text ? " " : "",
			 (unsigned char)f.input.p[at + 16]);
		at += 36;
	}
	return text;
}

static unsigned told(const char *part)
{
	unsigned n = 0;

	buf_putc(&f.audit, '\0');
	for (const char *p = f.audit.p; (p = strstr(p, part)); p++)
		n++;
	f.audit.n--;
	return n;
}

static void expect_told(const char *part, unsigned n)
{
	unsigned got = told(part);

	if (got != n)
		fail_msg("told %u times, not %u: %s, in\n%.*s", got, n, part, (int)f.audit.n,
			 f.audit.p);
}

#define RUN(cause, first, last, count)                                                      \
	"\"event\":\"undecoded\",\"cause\":\"" cause "\",\"unit\":\"id\",\"first\":" #first \
	",\"last\":" #last ",\"count\":" #count ","

static void expect_calls(const char *want)
{
	buf_putc(&f.calls, '\0');
	assert_string_equal(f.calls.p, want);
	f.calls.n = 0;
}

static void expect_row(unsigned i, uint64_t id, enum decoded_status status, const char *info)
{
	assert_true(i < f.row_count);
	assert_int_equal(f.rows[i].id, id);
	assert_int_equal(f.rows[i].status, status);
	assert_string_equal(f.rows[i].info, info);
}

static uint64_t cause(enum undecoded why)
{
	return f.p.store.cause[why];
}

static const char *child(void)
{
	return child_state_name(lane()->child.state);
}

/* ---- the good way ---- */

static void frames_go_through(void **state)
{
	(void)state;
	prepare();
	begin();
	step(); /* tshark comes up before there are frames: it takes time to start */
	feed_it(3);
	expect_calls("make spawn open ");
	assert_string_equal(f.last_arg, "-l");
	assert_string_equal(fed(), "1 2 3");
	assert_true(waits_for(OUT));
	assert_true(waits_for(ERR));
	assert_false(waits_for(FIFO));
	answer(1);
	answer(2);
	step();
	assert_int_equal(f.row_count, 2);
	expect_row(0, 1, DECODED_TSHARK, "i1");
	expect_row(1, 2, DECODED_TSHARK, "i2");
	assert_false(pipeline_finished(&f.p));
	tap_end(&f.p.tap);
	steps(2);
	expect_calls("close-fifo ");
	assert_string_equal(child(), "draining");
	answer(3);
	die(0);
	expect_calls("close-out close-err reap remove ");
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(f.p.store.decoded, 3);
	assert_int_equal(f.p.latency.total, 3);
	assert_int_equal(f.p.gauges.captured, 3);
	assert_int_equal(f.p.gauges.decoded, 3);
	assert_int_equal(f.p.gauges.generations, 1);
	expect_told(
		"\"event\":\"tshark_started\",\"generation\":1,\"pid\":4711,\"profile\":\"lean\"",
		1);
	expect_told("\"event\":\"tshark_ended\",\"generation\":1,\"pid\":4711,\"exit\":0,"
		    "\"clean\":\"yes\",\"in_flight\":0",
		    1);
	assert_int_equal(f.p.config.audit.lines, 2);
	end();
}

static void nothing_to_do_at_all(void **state)
{
	(void)state;
	prepare();
	begin();
	tap_end(&f.p.tap);
	step();
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(f.calls.n, 0);
	end();
}

static void idle_waits_for_frames_alone(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(5);
	assert_string_equal(child(), "running");
	assert_true(f.wait.frames);
	assert_int_equal(f.wait.due_ns, UINT64_MAX);
	assert_false(waits_for(FIFO));
	assert_true(waits_for(OUT));
	publish(1);
	step();
	assert_false(f.wait.frames); /* the next look is a batch away */
	assert_int_equal(f.wait.due_ns, f.now_ns + FEED_BATCH_NS);
	later(FEED_BATCH_NS);
	assert_string_equal(fed(), "1");
	assert_true(f.wait.due_ns > f.now_ns); /* no busy loop while tshark decodes */
	finish();
	end();
}

static void last_frames_do_not_wait_for_company(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(3);
	publish(2);
	tap_end(&f.p.tap);
	step();
	assert_string_equal(fed(), "1 2");
	finish();
	end();
}

static void stderr_is_told_by_line(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(3);
	buf_puts(&f.err, "Running as user \"root\"\nhalf");
	step();
	expect_told("\"event\":\"tshark_stderr\",\"generation\":1,\"text\":\"Running as user "
		    "\\\"root\\\"\"",
		    1);
	expect_told("half", 0);
	die(1 << 8);
	expect_told("\"text\":\"half\"", 1);
	finish();
	end();
}

static void drops_are_told(void **state)
{
	(void)state;
	prepare();
	f.config.tap.queue_limit = 2;
	begin();
	publish(5);
	tap_end(&f.p.tap);
	step();
	expect_told(
		"\"event\":\"drop\",\"cause\":\"dropped_queue\",\"unit\":\"serial\",\"first\":3,"
		"\"last\":5,\"count\":3",
		1);
	tap_done(&f.p.tap);
	assert_int_equal(tap_init(&f.p.tap, &f.config.tap), 0);
	end();
}

/* ---- tshark dies ---- */

static void broken_fifo_feeds_again(void **state)
{
	(void)state;
	prepare();
	begin();
	f.room = 24 + 36 + 10; /* the second record is begun */
	feed_it(3);
	assert_true(waits_for(FIFO));
	f.write_error = -EPIPE;
	step();
	assert_string_equal(child(), "terminating");
	expect_calls("make spawn open close-fifo ");
	answer(1); /* its output is read to the end all the same */
	die(SIGSEGV);
	expect_calls("close-out close-err reap remove ");
	assert_int_equal(f.p.store.decoded, 1);
	assert_string_equal(child(), "waiting");
	expect_told("fifo_failed", 0); /* EPIPE is what a death looks like */
	expect_told("\"event\":\"tshark_ended\",\"generation\":1,\"pid\":4711,\"signal\":11,"
		    "\"clean\":\"no\",\"in_flight\":2",
		    1);
	f.write_error = 0;
	f.room = UINT64_MAX;
	later(CHILD_BACKOFF_NS - 10 * MS);
	assert_string_equal(child(), "waiting");
	later(10 * MS);
	steps(3);
	assert_string_equal(fed(), "2 3"); /* from the start of the record */
	assert_int_equal(f.p.retried, 0);  /* 2 had not been fed whole */
	answer(1);
	answer(2);
	step();
	assert_int_equal(f.row_count, 3);
	expect_row(1, 2, DECODED_TSHARK, "i1");
	finish();
	assert_int_equal(f.p.store.decoded, 3);
	assert_int_equal(f.p.store.undecoded, 0);
	expect_told("\"event\":\"undecoded\"", 0);
	end();
}

static void other_write_errors_are_told(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(2);
	f.write_error = -EIO;
	feed_it(1);
	expect_told("\"event\":\"fifo_failed\",\"generation\":1,\"what\":\"write\"", 1);
	assert_string_equal(child(), "terminating");
	die(0);
	finish();
	assert_int_equal(f.p.store.decoded, 1);
	end();
}

/* A frame on which two generations ended is settled, the rest is decoded. */
static void quarantine(bool flush, unsigned deaths)
{
	prepare();
	f.config.flush = flush;
	begin();
	for (unsigned i = 1; i <= deaths; i++) {
		assert_int_equal(cause(UNDECODED_QUARANTINED), 0);
		if (i == 1)
			feed_it(3);
		else
			later(CHILD_BACKOFF_NS_MAX);
		steps(4);
		assert_string_equal(fed(), i == 1 ? "1 2 3" : "2 3");
		assert_string_equal(f.last_arg, flush || i > 1 ? "-l" : "-r");
		if (i == 1)
			answer(1);
		die(SIGSEGV);
	}
	assert_int_equal(cause(UNDECODED_QUARANTINED), 1);
	assert_int_equal(f.p.retried, (deaths - 1) * 2 + 1);
	later(CHILD_BACKOFF_NS_MAX);
	steps(4);
	assert_string_equal(fed(), "3");
	finish();
	expect_told(RUN("quarantined", 2, 2, 1), 1);
	expect_told("\"event\":\"undecoded\"", 1);
	assert_int_equal(f.row_count, 3);
	expect_row(0, 1, DECODED_TSHARK, "i1");
	expect_row(1, 2, DECODED_SKIPPED, "");
	expect_row(2, 3, DECODED_TSHARK, "i1");
	end();
}

static void poison_is_quarantined(void **state)
{
	(void)state;
	quarantine(true, 2);
	quarantine(false, 3); /* without -l the first death says nothing of where it was */
}

/* It ran to its end, and a line is missing: tried once more, then given up. */
static void missing_lines_are_asked_for_once_more(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(3);
	tap_end(&f.p.tap);
	steps(2);
	answer(1);
	answer(2);
	die(0);
	assert_string_equal(child(), "waiting");
	assert_int_equal(f.p.store.undecoded, 0);
	later(CHILD_BACKOFF_NS);
	steps(4);
	assert_string_equal(fed(), "3");
	die(0);
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(cause(UNDECODED_UNREADABLE), 1);
	expect_told(RUN("unreadable", 3, 3, 1), 1);
	end();
}

static void failed_starts_are_backed_off_from(void **state)
{
	(void)state;
	prepare();
	f.make_error = -ENOSPC;
	begin();
	publish(1);
	step();
	expect_calls("make ");
	assert_string_equal(child(), "waiting");
	expect_told("\"event\":\"fifo_failed\",\"generation\":0,\"what\":\"make\"", 1);
	f.make_error = 0;
	f.spawn_error = -ENOENT;
	later(CHILD_BACKOFF_NS);
	expect_calls("make spawn remove ");
	expect_told("\"event\":\"spawn_failed\",\"generation\":1,\"what\":\"/bin/tshark\"", 1);
	assert_true(f.wait.due_ns > f.now_ns);
	f.spawn_error = 0;
	f.open_error = -ENXIO;
	later(2 * CHILD_BACKOFF_NS);
	step();
	expect_calls("make spawn ");
	assert_string_equal(child(), "starting");
	assert_in_range(f.wait.due_ns, f.now_ns + 1, f.now_ns + CHILD_RETRY_NS);
	f.open_error = -EACCES;
	later(CHILD_RETRY_NS);
	expect_told("\"what\":\"open\"", 1); /* and ENXIO is not told */
	/* One that cannot be opened is not tried each 2 ms: the next generation has another. */
	expect_told("\"event\":\"tshark_signalled\",\"generation\":3", 1);
	finish();
	assert_int_equal(f.p.store.decoded, 1);
	expect_told("\"event\":\"tshark_ended\"", 2); /* who never lived does not end */
	end();
}

static void hang_is_ended(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(2);
	f.calls.n = 0;
	later(CHILD_HANG_NS_MAX - 2 * FEED_BATCH_NS);
	expect_calls("");
	later(2 * FEED_BATCH_NS);
	expect_calls("close-fifo TERM ");
	expect_told(
		"\"event\":\"tshark_signalled\",\"generation\":1,\"pid\":4711,\"signal\":\"TERM\","
		"\"why\":\"hang\"",
		1);
	later(CHILD_GRACE_NS);
	expect_calls("KILL ");
	die(SIGKILL);
	finish();
	assert_int_equal(f.p.store.decoded, 2);
	end();
}

static void gives_up_when_nobody_else_comes(void **state)
{
	(void)state;
	prepare();
	f.spawn_error = -ENOENT;
	begin();
	publish(3);
	for (int i = 0; i < 2 * CHILD_FAILURES_MAX; i++)
		later(CHILD_BACKOFF_NS_MAX);
	assert_string_equal(child(), "waiting");
	assert_int_equal(f.p.store.undecoded, 0);
	tap_end(&f.p.tap);
	later(CHILD_BACKOFF_NS_MAX);
	assert_string_equal(child(), "gave_up");
	assert_int_equal(cause(UNDECODED_LOST_CHILD), 3);
	assert_true(pipeline_finished(&f.p));
	expect_told(RUN("lost_child", 1, 3, 3), 1);
	end();
}

/* A source that waits must not wait for a tshark that never comes. */
static void lossless_gives_up_early(void **state)
{
	(void)state;
	prepare();
	f.config.lossless = true;
	f.config.buffer_frames = 2;
	f.spawn_error = -ENOENT;
	begin();
	publish(5);
	for (int i = 0; i < CHILD_FAILURES_MAX; i++)
		later(CHILD_BACKOFF_NS_MAX);
	assert_string_equal(child(), "gave_up");
	steps(5);
	assert_int_equal(cause(UNDECODED_LOST_CHILD), 5);
	tap_end(&f.p.tap);
	step();
	assert_true(pipeline_finished(&f.p));
	end();
}

/* ---- lines ---- */

static void passed_over_is_unreadable(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(3);
	answer(1);
	say(INDEX "{\"timestamp\":\"1\",\"no\":\"2\",\"info\n");
	step();
	assert_int_equal(f.row_count, 1);
	assert_int_equal(f.p.store.undecoded, 0);
	answer(3);
	step();
	assert_int_equal(f.row_count, 3);
	expect_row(1, 2, DECODED_SKIPPED, "");
	expect_row(2, 3, DECODED_TSHARK, "i3");
	assert_int_equal(cause(UNDECODED_UNREADABLE), 1);
	expect_told(RUN("unreadable", 2, 2, 1), 0);
	assert_true(f.wait.due_ns <= f.now_ns + PIPELINE_RUN_NS);
	later(PIPELINE_RUN_NS); /* nothing was added to the run for so long */
	expect_told(RUN("unreadable", 2, 2, 1), 1);
	expect_told("\"event\":\"ek_line\",\"cause\":\"broken\"", 1);
	finish();
	expect_told("\"event\":\"undecoded\"", 1);
	end();
}

static void expect_refused(enum ek_refusal why, unsigned n)
{
	char line[64];

	snprintf(line, sizeof(line), "\"event\":\"ek_line\",\"cause\":\"%s\"",
		 ek_refusal_name(why));
	assert_int_equal(f.p.refusals[why], n);
	expect_told(line, n);
}

static void each_refusal_is_counted_once(void **state)
{
	static const char *const names[] = {"oversize", "cut",	      "noise",
					    "broken",	"unnumbered", "unmatched"};
	static char longer[80001];

	(void)state;
	for (int i = 0; i < EK_REFUSALS; i++)
		assert_string_equal(ek_refusal_name((enum ek_refusal)i), names[i]);
	prepare();
	begin();
	lane()->lines.line_max = 70000;
	feed_it(2);
	memset(longer, 'x', sizeof(longer) - 1);
	say(longer);
	say("\n");
	steps(2);
	expect_refused(EK_REFUSED_OVERSIZE, 1);
	expect_told("\"bytes\":80000,", 1);
	say("Lua: \x1b[2J print\n\n"); /* the empty line is tshark's own */
	step();
	expect_refused(EK_REFUSED_NOISE, 1);
	expect_told("\\u001b[2J", 1);
	say("{\"timestamp\":\"1\",\"no\":\n");
	step();
	expect_refused(EK_REFUSED_BROKEN, 1);
	say("{\"timestamp\":\"1\",\"layers\":{}}\n");
	step();
	expect_refused(EK_REFUSED_UNNUMBERED, 1);
	answer(3); /* nobody waits for it */
	step();
	expect_refused(EK_REFUSED_UNMATCHED, 1);
	answer(1);
	answer(1); /* repeated */
	step();
	expect_refused(EK_REFUSED_UNMATCHED, 2);
	assert_int_equal(f.p.store.decoded, 1);
	say("{\"timestamp\":\"1\",\"no\":\"2\"");
	step();
	expect_refused(EK_REFUSED_CUT, 0);
	die(SIGSEGV);
	expect_refused(EK_REFUSED_CUT, 1);
	assert_int_equal(f.p.store.decoded, 1);
	finish();
	for (int i = 0; i < EK_REFUSALS; i++)
		expect_refused((enum ek_refusal)i, i == EK_REFUSED_UNMATCHED ? 2 : 1);
	assert_int_equal(f.p.store.decoded, 2);
	end();
}

static void verbatim_lines_are_tshark_s_own(void **state)
{
	static const char first[] =
		"{\"index\":{\"_index\":\"packets-2026-01-02\"}}\n"
		"{\"timestamp\":\"1\",\"layers\":{\"frame\":{\"frame_frame_number\":\"1\"},"
		"\"x\":\"\xff\xfe\\u001b \xc3\xa9\"}}\n";
	static const char second[] = "{\"index\":{\"_type\":\"doc\"}}\n"
				     "{ \"layers\" : {\"frame\":{\"frame_frame_number\":\"2\"}}}\n";

	(void)state;
	prepare();
	f.config.verbatim = true;
	f.config.profile = PROFILE_FULL;
	begin();
	feed_it(2);
	say(first);
	say("Lua: noise between\n");
	say(second);
	step();
	assert_int_equal(f.row_count, 2);
	assert_int_equal(f.rows[0].raw_n, sizeof(first) - 1);
	assert_memory_equal(f.rows[0].raw, first, sizeof(first) - 1);
	assert_int_equal(f.rows[1].raw_n, sizeof(second) - 1);
	assert_memory_equal(f.rows[1].raw, second, sizeof(second) - 1);
	assert_string_equal(f.rows[0].info, ""); /* lines or fields, not both */
	finish();
	end();
}

/* The index line that a dead generation left is not another's. */
static void index_line_dies_with_its_generation(void **state)
{
	static const char own[] = "{\"timestamp\":\"1\",\"no\":\"1\",\"layers\":{}}\n";

	(void)state;
	prepare();
	f.config.verbatim = true;
	begin();
	feed_it(1);
	say(INDEX);
	die(SIGSEGV);
	later(CHILD_BACKOFF_NS);
	steps(4);
	say(own);
	step();
	assert_int_equal(f.row_count, 1);
	assert_int_equal(f.rows[0].raw_n, sizeof(own) - 1);
	assert_memory_equal(f.rows[0].raw, own, sizeof(own) - 1);
	finish();
	end();
}

static void lines_are_kept_only_where_asked(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(1);
	answer(1);
	step();
	assert_int_equal(f.rows[0].raw_n, 0);
	finish();
	end();
}

/* ---- who gives way ---- */

static void stall_skips_and_resumes(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(3);
	f.room = 0;
	feed_it(5);
	assert_string_equal(fed(), "");
	assert_true(waits_for(FIFO));
	/* From the first try on: it was the fifth step of feed_it() that found no room. */
	assert_true(f.wait.due_ns <= f.now_ns + STALL);
	later(STALL - FEED_BATCH_NS - 1);
	assert_int_equal(f.p.store.undecoded, 0);
	later(FEED_BATCH_NS + 1);
	/* All but the one at the mouth, which shows when bytes move again. */
	assert_int_equal(cause(UNDECODED_SKIPPED_STALL), 4);
	publish(1);
	step();
	assert_int_equal(cause(UNDECODED_SKIPPED_STALL), 5); /* while it lasts */
	f.room = UINT64_MAX;
	step();
	assert_string_equal(fed(), "1");
	feed_it(2);
	assert_string_equal(fed(), "1 7 8");
	for (unsigned i = 1; i <= 3; i++)
		answer(i);
	step();
	assert_int_equal(f.row_count, 8);
	expect_row(0, 1, DECODED_TSHARK, "i1");
	expect_row(5, 6, DECODED_SKIPPED, "");
	expect_row(6, 7, DECODED_TSHARK, "i2");
	finish();
	expect_told(RUN("skipped_stall", 2, 6, 5), 1);
	expect_told("\"event\":\"undecoded\"", 1);
	end();
}

/* A record once begun is finished, though its frame was not at the front of the queue. */
static void stall_inside_a_record_keeps_it(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(3);
	f.room = 36 + 5;
	feed_it(4);
	assert_string_equal(fed(), "1");
	later(STALL);
	assert_int_equal(cause(UNDECODED_SKIPPED_STALL), 2); /* 3 and 4 */
	f.room = UINT64_MAX;
	step();
	assert_string_equal(fed(), "1 2");
	finish();
	assert_int_equal(f.p.store.decoded, 2);
	end();
}

/* The frame at the mouth is pushed out of a small store: the stall must end all the same. */
static void stall_ends_though_its_mouth_was_given_up(void **state)
{
	(void)state;
	prepare();
	f.config.buffer_frames = 4;
	begin();
	steps(3);
	f.room = 0;
	feed_it(4);
	later(STALL);
	assert_int_equal(cause(UNDECODED_SKIPPED_STALL), 3);
	publish(1);
	step();
	assert_int_equal(cause(UNDECODED_SKIPPED_BACKLOG), 1);
	f.room = UINT64_MAX;
	for (int i = 0; i < 20; i++) {
		publish(1);
		later(10 * MS);
	}
	/* It is given frames to read again. */
	assert_true(f.input.n > 24);
	assert_false(lane()->feed.stalled);
	finish();
	end();
}

static void backlog_skips_the_oldest(void **state)
{
	(void)state;
	prepare();
	f.config.buffer_frames = 3;
	begin();
	feed_it(3);
	assert_string_equal(fed(), "1 2 3");
	publish(2);
	step();
	assert_int_equal(cause(UNDECODED_SKIPPED_BACKLOG), 2);
	assert_int_equal(f.p.store.discarded, 2);
	assert_int_equal(f.row_count, 2);
	expect_row(0, 1, DECODED_SKIPPED, "");
	for (unsigned i = 1; i <= 3; i++)
		answer(i); /* too late for 1 and 2: no line is refused for that */
	step();
	assert_int_equal(f.p.refusals[EK_REFUSED_UNMATCHED], 0);
	assert_int_equal(f.p.store.decoded, 1);
	expect_row(2, 3, DECODED_TSHARK, "i3");
	finish();
	assert_int_equal(f.p.store.decoded, 3);
	expect_told(RUN("skipped_backlog", 1, 2, 2), 1);
	end();
}

static void lossless_waits(void **state)
{
	(void)state;
	prepare();
	f.config.lossless = true;
	f.config.buffer_frames = 3;
	f.config.tap.queue_limit = 2;
	begin();
	steps(3);
	f.room = 0;
	publish(2);
	step();
	publish(2);
	steps(3);
	assert_int_equal(f.p.store.captured, 3);
	assert_int_equal(ring_count(&f.p.tap.frames), 1);
	later(100 * STALL);
	assert_int_equal(f.p.store.undecoded, 0); /* nothing is skipped */
	assert_false(f.wait.frames);
	f.room = UINT64_MAX;
	step();
	assert_string_equal(fed(), "1 2 3");
	answer(1);
	steps(3);
	assert_int_equal(f.p.store.captured, 4);
	later(FEED_BATCH_NS);
	assert_string_equal(fed(), "1 2 3 4");
	finish();
	assert_int_equal(f.p.store.decoded, 4);
	assert_int_equal(f.p.tap.dropped_queue, 0);
	end();
}

static void live_sink_misses_rows(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(3);
	f.sink_full = true;
	answer(1);
	answer(2);
	step();
	assert_int_equal(f.p.missed, 2);
	f.sink_full = false;
	answer(3);
	step();
	assert_int_equal(f.row_count, 1);
	expect_row(0, 3, DECODED_TSHARK, "i3");
	finish();
	assert_int_equal(f.p.missed, 2);
	end();
}

static void lossless_sink_is_waited_for(void **state)
{
	(void)state;
	prepare();
	f.config.lossless = true;
	begin();
	feed_it(3);
	f.sink_full = true;
	answer(1);
	answer(2);
	step();
	assert_true(f.p.sink_full);
	step();
	assert_false(waits_for(OUT)); /* tshark is held up, too */
	answer(3);
	step();
	assert_int_equal(f.p.store.decoded, 2);
	f.sink_full = false;
	steps(3);
	assert_int_equal(f.row_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(f.rows[i].id, i + 1);
	assert_int_equal(f.p.missed, 0);
	finish();
	end();
}

/* Once the source has ended there is time: rows are not missed any more. */
static void draining_sink_is_waited_for(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(2);
	tap_end(&f.p.tap);
	steps(2);
	f.sink_full = true;
	answer(1);
	answer(2);
	die(0);
	assert_false(pipeline_finished(&f.p));
	f.sink_full = false;
	step();
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(f.row_count, 2);
	assert_int_equal(f.p.missed, 0);
	end();
}

static void no_sink_is_no_loss(void **state)
{
	(void)state;
	prepare();
	f.config.sink.offer = NULL;
	begin();
	feed_it(3);
	finish();
	assert_int_equal(f.p.store.decoded, 3);
	assert_int_equal(f.p.missed, 0);
	end();
}

/* ---- without tshark ---- */

static void all_basic(enum undecoded why, const char *run)
{
	begin();
	publish(5);
	step();
	later(10 * PIPELINE_RUN_NS);
	publish(5);
	step();
	expect_told("undecoded", 0); /* one run for the whole session */
	tap_end(&f.p.tap);
	step();
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(f.calls.n, 0);
	assert_int_equal(cause(why), 10);
	assert_int_equal(f.row_count, 10);
	for (unsigned i = 0; i < 10; i++)
		expect_row(i, i + 1, DECODED_BASIC, "");
	expect_told(run, 1);
	assert_int_equal(f.p.config.audit.lines, 1);
	assert_int_equal(f.p.stats.frames, 10);
	end();
}

static void without_tshark_all_is_basic(void **state)
{
	(void)state;
	prepare();
	f.config.tshark = NULL;
	all_basic(UNDECODED_NO_TSHARK, RUN("no_tshark", 1, 10, 10));
	prepare();
	f.config.profile = PROFILE_OFF;
	all_basic(UNDECODED_NOT_ASKED, RUN("not_asked", 1, 10, 10));
}

/* ---- stop ---- */

static void stop_ends_a_hanging_tshark(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(3);
	answer(1);
	step();
	pipeline_stop(&f.p, f.now_ns);
	tap_end(&f.p.tap);
	f.calls.n = 0;
	steps(2);
	expect_calls("close-fifo ");
	assert_true(f.wait.due_ns <= f.now_ns + PIPELINE_STOP_NS);
	later(PIPELINE_STOP_NS - 1);
	expect_calls("");
	pipeline_stop(&f.p, f.now_ns); /* again: the first counts */
	later(1);
	expect_calls("TERM ");
	expect_told("\"signal\":\"TERM\",\"why\":\"stop\"", 1);
	later(CHILD_GRACE_NS - 1);
	expect_calls("");
	later(1);
	expect_calls("KILL ");
	later(10 * CHILD_GRACE_NS);
	expect_calls("");
	assert_int_equal(f.p.store.undecoded, 0);
	die(SIGKILL);
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(cause(UNDECODED_STOPPED), 2);
	assert_int_equal(cause(UNDECODED_QUARANTINED), 0);
	expect_told(RUN("stopped", 2, 3, 2), 1);
	assert_int_equal(f.row_count, 3);
	end();
}

/* Our own TERM is no proof against the frame that tshark was on. */
static void stop_makes_no_suspect(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(2);
	die(SIGSEGV); /* on frame 1, by itself */
	later(CHILD_BACKOFF_NS);
	steps(4);
	pipeline_stop(&f.p, f.now_ns);
	tap_end(&f.p.tap);
	steps(2);
	later(PIPELINE_STOP_NS);
	die(0);
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(cause(UNDECODED_QUARANTINED), 0);
	assert_int_equal(cause(UNDECODED_STOPPED), 2);
	end();
}

static void stop_lets_a_quick_tshark_finish(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(3);
	pipeline_stop(&f.p, f.now_ns);
	finish();
	assert_int_equal(f.p.store.decoded, 3);
	expect_told("tshark_signalled", 0);
	end();
}

static void stop_between_generations(void **state)
{
	(void)state;
	prepare();
	f.spawn_error = -ENOENT;
	begin();
	publish(3);
	for (int i = 0; i < 30; i++)
		later(CHILD_BACKOFF_NS_MAX);
	pipeline_stop(&f.p, f.now_ns);
	tap_end(&f.p.tap);
	step();
	assert_string_equal(child(), "waiting");
	later(PIPELINE_STOP_NS);
	assert_true(pipeline_finished(&f.p));
	assert_int_equal(cause(UNDECODED_STOPPED), 3);
	end();
}

/* The user asked, the source has not ended yet: wait for it, do not spin. */
static void stop_before_the_source_ends_does_not_spin(void **state)
{
	(void)state;
	prepare();
	begin();
	steps(3);
	pipeline_stop(&f.p, f.now_ns);
	later(PIPELINE_STOP_NS + 1);
	steps(3);
	assert_true(f.wait.due_ns > f.now_ns);
	finish();
	end();
}

static unsigned answers;

static void on_answer(struct frame_query *q)
{
	assert_ptr_equal(q->ctx, &answers);
	answers++;
}

/* Of five frames, with room for three: what is in memory, what has left, what there never was. */
static void frames_are_found_by_id(void **state)
{
	static const enum frame_where where[] = {FRAME_NONE,	  FRAME_LEFT,	   FRAME_LEFT,
						 FRAME_IN_MEMORY, FRAME_IN_MEMORY, FRAME_IN_MEMORY,
						 FRAME_NONE};
	struct frame_query q[7];

	(void)state;
	prepare();
	f.config.tshark = NULL;
	f.config.buffer_frames = 3;
	begin();
	publish(5);
	steps(2);
	answers = 0;
	for (unsigned id = 0; id < 7; id++) {
		q[id] = (struct frame_query){.id = id, .answer = on_answer, .ctx = &answers};
		assert_true(pipeline_ask(&f.p, &q[id]));
	}
	assert_int_equal(answers, 0);
	step();
	assert_int_equal(answers, 7);
	for (unsigned id = 0; id < 7; id++) {
		assert_int_equal(q[id].where, where[id]);
		assert_int_equal(q[id].block != NULL, where[id] == FRAME_IN_MEMORY);
		if (q[id].block)
			assert_int_equal(packet_of(q[id].block).ts_ns, id);
		segment_unref(q[id].segment);
	}
	/* The last are answered before it falls silent, and none after. */
	assert_true(pipeline_ask(&f.p, &q[4]));
	pipeline_hush(&f.p);
	assert_int_equal(answers, 8);
	segment_unref(q[4].segment);
	assert_false(pipeline_ask(&f.p, &q[4]));
	step();
	assert_false(pipeline_ask(&f.p, &q[4]));
	assert_int_equal(answers, 8);
	end();
}

static void done_kills_what_is_alive(void **state)
{
	(void)state;
	prepare();
	begin();
	feed_it(3);
	f.sink_full = true;
	answer(1);
	steps(2);
	f.calls.n = 0;
	pipeline_done(&f.p);
	expect_calls("KILL close-fifo remove close-out close-err ");
	begin(); /* for end() */
	end();
}

static const char *found_path;
static unsigned looked;

static const char *find_tshark(void *ctx)
{
	(void)ctx;
	looked++;
	return found_path;
}

/* It was not there at first: looked for at intervals, and from then on used. */
static void a_tshark_that_comes_is_found(void **state)
{
	(void)state;
	prepare();
	f.config.tshark = NULL;
	f.config.find_tshark = find_tshark;
	found_path = NULL;
	looked = 0;
	begin();
	feed_it(2);
	assert_int_equal(cause(UNDECODED_NO_TSHARK), 2);
	assert_int_equal(looked, 1);
	assert_true(f.wait.due_ns <= f.now_ns + PIPELINE_FIND_NS);
	found_path = "/bin/tshark";
	later(PIPELINE_FIND_NS);
	assert_int_equal(looked, 2);
	expect_told("\"event\":\"tshark_found\",\"path\":\"/bin/tshark\"", 1);
	expect_told(RUN("no_tshark", 1, 2, 2), 1);
	steps(4);
	feed_it(1);
	assert_string_equal(child(), "running");
	assert_string_equal(fed(), "3");
	later(PIPELINE_FIND_NS);
	assert_int_equal(looked, 2);
	answer(1);
	tap_end(&f.p.tap);
	finish();
	assert_int_equal(f.p.store.decoded, 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_go_through),
		cmocka_unit_test(nothing_to_do_at_all),
		cmocka_unit_test(idle_waits_for_frames_alone),
		cmocka_unit_test(last_frames_do_not_wait_for_company),
		cmocka_unit_test(stderr_is_told_by_line),
		cmocka_unit_test(drops_are_told),
		cmocka_unit_test(broken_fifo_feeds_again),
		cmocka_unit_test(other_write_errors_are_told),
		cmocka_unit_test(poison_is_quarantined),
		cmocka_unit_test(missing_lines_are_asked_for_once_more),
		cmocka_unit_test(failed_starts_are_backed_off_from),
		cmocka_unit_test(hang_is_ended),
		cmocka_unit_test(gives_up_when_nobody_else_comes),
		cmocka_unit_test(lossless_gives_up_early),
		cmocka_unit_test(passed_over_is_unreadable),
		cmocka_unit_test(each_refusal_is_counted_once),
		cmocka_unit_test(verbatim_lines_are_tshark_s_own),
		cmocka_unit_test(index_line_dies_with_its_generation),
		cmocka_unit_test(lines_are_kept_only_where_asked),
		cmocka_unit_test(stall_skips_and_resumes),
		cmocka_unit_test(stall_inside_a_record_keeps_it),
		cmocka_unit_test(stall_ends_though_its_mouth_was_given_up),
		cmocka_unit_test(backlog_skips_the_oldest),
		cmocka_unit_test(lossless_waits),
		cmocka_unit_test(live_sink_misses_rows),
		cmocka_unit_test(lossless_sink_is_waited_for),
		cmocka_unit_test(draining_sink_is_waited_for),
		cmocka_unit_test(no_sink_is_no_loss),
		cmocka_unit_test(without_tshark_all_is_basic),
		cmocka_unit_test(stop_ends_a_hanging_tshark),
		cmocka_unit_test(stop_makes_no_suspect),
		cmocka_unit_test(stop_lets_a_quick_tshark_finish),
		cmocka_unit_test(stop_between_generations),
		cmocka_unit_test(stop_before_the_source_ends_does_not_spin),
		cmocka_unit_test(frames_are_found_by_id),
		cmocka_unit_test(a_tshark_that_comes_is_found),
		cmocka_unit_test(done_kills_what_is_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
