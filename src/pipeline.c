/* pipeline.c - the wiring of the stages; the diagram is in the header */
#include "pipeline.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"

static const char *const refusal_names[] = {
	"oversize", "cut", "noise", "broken", "unnumbered", "unmatched",
};

_Static_assert(sizeof(refusal_names) / sizeof(refusal_names[0]) == EK_REFUSALS,
	       "each refusal has its name");

const char *ek_refusal_name(enum ek_refusal why)
{
	return refusal_names[why];
}

int pipeline_init(struct pipeline *p, const struct pipeline_config *config)
{
	int error;

	memset(p, 0, sizeof(*p));
	p->config = *config;
	p->fifo = p->process.out = p->process.err = -1;
	check(!config->direct || (config->profile == PROFILE_OFF && !config->sink.offer));
	p->config.tap.port_name = config->port_name;
	p->config.tap.port_name_ctx = config->port_name_ctx;
	if (!p->config.buffer_frames)
		p->config.buffer_frames = STORE_FRAMES;
	/* Memory goes by segments: in a small buffer they are small. */
	if (!p->config.tap.segment_frames)
		p->config.tap.segment_frames = p->config.buffer_frames < 16 * SEGMENT_FRAMES
						       ? p->config.buffer_frames / 16 + 1
						       : SEGMENT_FRAMES;
	error = tap_init(&p->tap, &p->config.tap);
	if (error)
		return error;
	error = store_init(&p->store, p->config.buffer_frames);
	if (error)
		goto fail_store;
	p->store.bytes_max = config->buffer_bytes;
	spill_init(&p->spill, &p->store, config->spool, &p->config.audit);
	p->spill.eager = config->write;
	p->spill.keep = config->write && !config->direct;
	p->spill.cut_each = config->cut_each;
	error = feed_init(&p->feed, &p->store, config->lossless ? 0 : config->stall_ns);
	if (error)
		goto fail_feed;
	ek_lines_init(&p->lines, 0);
	/* What is needed to go on, and to say why not, is there from the start. */
	if (!audit_reserve(&p->config.audit) || !ek_lines_reserve(&p->lines)) {
		error = -ENOMEM;
		goto fail_reserve;
	}
	child_init(&p->child, config->hang_ns);
	/* A source that waits must not wait for a tshark that never comes. */
	if (config->lossless)
		child_finish(&p->child);
	return 0;

fail_reserve:
	audit_done(&p->config.audit);
	ek_lines_done(&p->lines);
	feed_done(&p->feed);
fail_feed:
	store_done(&p->store);
fail_store:
	tap_done(&p->tap);
	return error;
}

static void close_fd(struct pipeline *p, int *fd)
{
	if (*fd < 0)
		return;
	p->config.port.ops->close(p->config.port.ctx, *fd);
	*fd = -1;
}

static void remove_fifo(struct pipeline *p)
{
	close_fd(p, &p->fifo);
	if (p->fifo_path[0])
		p->config.port.ops->fifo_remove(p->config.port.ctx, p->fifo_path);
	p->fifo_path[0] = '\0';
}

void pipeline_done(struct pipeline *p)
{
	if (child_should_reap(&p->child))
		p->config.port.ops->kill(p->config.port.ctx, p->process.pid, SIGKILL);
	remove_fifo(p);
	close_fd(p, &p->process.out);
	close_fd(p, &p->process.err);
	decoded_free(p->refused);
	buf_done(&p->index);
	ek_lines_done(&p->lines);
	feed_done(&p->feed);
	spill_done(&p->spill);
	store_done(&p->store);
	tap_done(&p->tap);
	audit_done(&p->config.audit);
}

/* ---- losses, told in runs ---- */

static void tell_run(struct pipeline *p, enum undecoded cause)
{
	if (!p->run[cause].count)
		return;
	audit_run(&p->config.audit, "undecoded", undecoded_name(cause), "id", NULL, &p->run[cause]);
	p->run[cause] = (struct run){0};
}

/* Settle a frame that the feed does not know, or knows no more, and have it named. */
static void lose(struct pipeline *p, uint64_t id, enum undecoded cause, uint64_t now_ns)
{
	uint64_t ts_ns = packet_of(store_slot(&p->store, id)->block).ts_ns;

	store_undecoded(&p->store, id, cause);
	if (!run_extend(&p->run[cause], id, ts_ns)) {
		tell_run(p, cause);
		run_extend(&p->run[cause], id, ts_ns);
	}
	p->run_ns[cause] = now_ns;
}

/* Settle a frame without tshark's decode, wherever it is. */
static void give_up(struct pipeline *p, uint64_t id, enum undecoded cause, uint64_t now_ns)
{
	if (store_slot(&p->store, id)->state == SLOT_PENDING)
		feed_forget(&p->feed, store_slot(&p->store, id)->block);
	lose(p, id, cause, now_ns);
}

static void tell_old_runs(struct pipeline *p, uint64_t now_ns)
{
	for (int i = 0; i < UNDECODED_CAUSES; i++) {
		/* These two go on for the whole session, as one run. */
		if (i == UNDECODED_NO_TSHARK || i == UNDECODED_NOT_ASKED)
			continue;
		if (p->run[i].count && now_ns - p->run_ns[i] >= PIPELINE_RUN_NS)
			tell_run(p, (enum undecoded)i);
	}
}

/* Skip what waits for a FIFO that has stalled. The record at its mouth stays: it is finished once
 * begun, and else it is how we find out that bytes move again. */
static void skip_stalled(struct pipeline *p, uint64_t now_ns)
{
	uint64_t mouth = feed_begun(&p->feed);

	for (uint64_t id = store_oldest_unsettled(&p->store); id < p->store.head; id++) {
		if (store_slot(&p->store, id)->state != SLOT_PENDING)
			continue;
		if (!mouth)
			mouth = id;
		if (id != mouth)
			give_up(p, id, UNDECODED_SKIPPED_STALL, now_ns);
	}
}

/* Settle everything that is not settled. */
static void lose_all(struct pipeline *p, enum undecoded cause, uint64_t now_ns)
{
	for (uint64_t id = store_oldest_unsettled(&p->store); id < p->store.head; id++) {
		if (store_slot(&p->store, id)->state < SLOT_DECODED)
			give_up(p, id, cause, now_ns);
	}
}

/* ---- capture: from the tap into the store ---- */

static void take_reports(struct pipeline *p)
{
	struct tap_report *report;

	while ((report = tap_take_report(&p->tap))) {
		if (report->text) {
			audit_begin(&p->config.audit, report->event);
			audit_text(&p->config.audit, "now", report->text, strlen(report->text));
			audit_u64(&p->config.audit, "from_serial", report->run.first);
			audit_end(&p->config.audit);
		} else {
			audit_run(&p->config.audit, report->event, report->cause, "serial",
				  report->port, &report->run);
		}
		tap_report_free(report);
	}
}

/* Why a frame captured now will not be fed to tshark at all. Return: false where it will be. */
static bool settled_at_once(const struct pipeline *p, enum undecoded *cause)
{
	if (p->config.profile == PROFILE_OFF)
		*cause = UNDECODED_NOT_ASKED;
	else if (!p->config.tshark)
		*cause = UNDECODED_NO_TSHARK;
	else if (p->stop_termed)
		*cause = UNDECODED_STOPPED;
	else if (p->child.state == CHILD_GAVE_UP)
		*cause = UNDECODED_LOST_CHILD;
	else if (p->child.state == CHILD_RUNNING && p->feed.stalled && !feed_idle(&p->feed))
		/* With nothing at the mouth, this frame goes there: it shows when bytes move again.
		 */
		*cause = UNDECODED_SKIPPED_STALL;
	else
		return false;
	return true;
}

static bool emit_one(struct pipeline *p);

/* Live: the oldest give way to those that come. Where frames go to disk by segments, as many do as
 * a segment holds, so that they are written together. */
static void skip_oldest(struct pipeline *p, uint64_t now_ns)
{
	uint64_t n = p->config.spool ? p->config.tap.segment_frames : 1;
	uint64_t id;

	while (n-- && (id = store_oldest_unsettled(&p->store)) < p->store.head)
		give_up(p, id, UNDECODED_SKIPPED_BACKLOG, now_ns);
}

/* Make room for one more frame in a store that is at its bound. Return: false where the source must
 * wait. */
static bool make_room(struct pipeline *p, uint64_t now_ns)
{
	while (store_at_bound(&p->store)) {
		bool coming = spill_pressed(&p->spill, now_ns);

		if (!store_at_bound(&p->store))
			return true;
		if (coming)
			return false; /* as what is under way is written */
		if (p->store.emitted > p->store.tail) {
			if (spill_discard(&p->spill))
				continue;
			return false;
		}
		if (!store_emit_ready(&p->store)) {
			if (p->config.lossless)
				return false;
			skip_oldest(p, now_ns);
		}
		if (!emit_one(p))
			return false;
	}
	return true;
}

static void count_protocol(struct pipeline *p, const unsigned char *block)
{
	struct packet_view v = packet_of(block);
	struct basic basic;

	basic_decode(&basic, v.data, v.caplen);
	stats_add(&p->stats, &v, &basic);
}

static void capture_one(struct pipeline *p, const struct tap_frame *f, uint64_t now_ns)
{
	enum undecoded cause;
	uint64_t id;

	count_protocol(p, f->block);
	id = store_add(&p->store, f->segment, f->block, f->bytes);
	check(id == f->id);
	if (settled_at_once(p, &cause))
		lose(p, id, cause, now_ns);
	else
		feed_arrived(&p->feed, f->block, now_ns);
}

/* Room is made for a frame that is there, not for one that may come. */
static bool take(struct pipeline *p, struct tap_frame *f, uint64_t now_ns)
{
	return ring_count(&p->tap.frames) && make_room(p, now_ns) && tap_take(&p->tap, f);
}

/* Nobody looks at these frames, so nothing here does either, but for the first and the last: each
 * would have to come over from the processor that laid it out. */
static int capture_direct(struct pipeline *p, uint64_t now_ns)
{
	struct run run = {0};
	struct tap_frame f;

	while (run.count < PIPELINE_STEP_FRAMES && take(p, &f, now_ns)) {
		check(store_add(&p->store, f.segment, f.block, f.bytes) == f.id);
		store_undecoded(&p->store, f.id, UNDECODED_NOT_ASKED);
		store_emit(&p->store, &run.last);
		if (!run.count++) {
			run.first = f.id;
			run.first_ts_ns = packet_of(f.block).ts_ns;
		}
	}
	if (run.count)
		run.last_ts_ns = packet_of(f.block).ts_ns;
	check(run_add(&p->run[UNDECODED_NOT_ASKED], &run));
	return (int)run.count;
}

static int capture(struct pipeline *p, uint64_t now_ns)
{
	struct tap_frame f;
	int n = 0;

	take_reports(p);
	if (p->config.direct)
		return capture_direct(p, now_ns);
	while (n < PIPELINE_STEP_FRAMES && take(p, &f, now_ns)) {
		capture_one(p, &f, now_ns);
		n++;
	}
	return n;
}

/* ---- emit: settled frames to the sink, in order ---- */

static struct decoded *make_decoded(struct pipeline *p, uint64_t id, struct slot *slot)
{
	static const uint8_t status[] = {
		[SLOT_DECODED] = DECODED_TSHARK,
		[SLOT_BASIC] = DECODED_BASIC,
		[SLOT_SKIPPED] = DECODED_SKIPPED,
	};
	struct decoded *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->id = id;
	d->packet = packet_of(slot->block);
	d->segment = segment_ref(store_segment(&p->store, id));
	d->vm = p->config.port_name(p->config.port_name_ctx, d->packet.interface);
	d->status = (enum decoded_status)status[slot->state];
	basic_decode(&d->basic, d->packet.data, d->packet.caplen);
	d->fields = slot->fields;
	d->raw = slot->raw;
	d->raw_n = slot->raw_n;
	slot->fields = NULL;
	slot->raw = NULL;
	return d;
}

static void tell_missed(struct pipeline *p)
{
	if (p->missed_run.count)
		audit_run(&p->config.audit, "missed", "output_full", "id", NULL, &p->missed_run);
	p->missed_run = (struct run){0};
}

/* Live: a subscriber that lags misses rows, it does not hold up the capture; but they are told. */
static void miss(struct pipeline *p, uint64_t id, uint64_t ts_ns)
{
	p->missed++;
	if (run_extend(&p->missed_run, id, ts_ns))
		return;
	tell_missed(p);
	run_extend(&p->missed_run, id, ts_ns);
}

/* Offer the refused frame again, or the next settled one. Return: false where the sink is full or
 * nothing is settled. */
static bool emit_one(struct pipeline *p)
{
	struct decoded *d = p->refused;
	struct slot *slot;
	uint64_t id;

	p->refused = NULL;
	if (!d) {
		slot = store_emit(&p->store, &id);
		if (!slot)
			return false;
		if (!p->config.sink.offer)
			return true;
		d = make_decoded(p, id, slot);
		if (!d) {
			miss(p, id, packet_of(slot->block).ts_ns);
			return true;
		}
	}
	if (p->config.sink.offer(p->config.sink.ctx, d))
		return true;
	if (p->config.lossless || p->draining) {
		p->refused = d;
		p->sink_full = true;
		return false;
	}
	miss(p, d->id, d->packet.ts_ns);
	decoded_free(d);
	return true;
}

static bool emit(struct pipeline *p, int most)
{
	p->sink_full = false;
	for (int n = 0; n < most; n++) {
		if (!emit_one(p))
			return false;
	}
	return true;
}

/* ---- the child: spawn, open, signal, reap ---- */

static void audit_child(struct pipeline *p, const char *event)
{
	audit_begin(&p->config.audit, event);
	audit_u64(&p->config.audit, "generation", p->child.generation);
	audit_i64(&p->config.audit, "pid", p->process.pid);
}

static void audit_failure(struct pipeline *p, const char *event, const char *what, int error)
{
	audit_begin(&p->config.audit, event);
	audit_u64(&p->config.audit, "generation", p->child.generation);
	audit_str(&p->config.audit, "what", what);
	audit_str(&p->config.audit, "error", strerror(-error));
	audit_end(&p->config.audit);
}

static int spawn_process(struct pipeline *p)
{
	const struct port *port = &p->config.port;
	struct args_config config = {
		.tshark = p->config.tshark,
		.fifo = p->fifo_path,
		.profile = p->config.profile,
		.verbatim = p->config.verbatim,
		.write = p->config.tshark_write,
		.generation = p->child.generation + 1,
		.flush = p->config.flush || p->child.generation > 0,
	};
	struct args args;
	int error;

	error = port->ops->fifo_make(port->ctx, p->fifo_path);
	if (error) {
		p->fifo_path[0] = '\0';
		audit_failure(p, "fifo_failed", "make", error);
		return error;
	}
	if (!args_make(&args, &config)) {
		args_done(&args);
		return -ENOMEM;
	}
	error = port->ops->spawn(port->ctx, args.argv, &p->process);
	args_done(&args);
	if (error)
		audit_failure(p, "spawn_failed", p->config.tshark, error);
	return error;
}

static void spawn(struct pipeline *p, uint64_t now_ns)
{
	int error;

	p->process = (struct port_child){.pid = 0, .out = -1, .err = -1};
	error = spawn_process(p);
	child_spawned(&p->child, error == 0, now_ns);
	if (error) {
		remove_fifo(p);
		return;
	}
	p->retried += feed_restart(&p->feed, now_ns);
	ek_lines_reset(&p->lines);
	p->index.n = 0;
	p->stderr_lines = 0;
	audit_child(p, "tshark_started");
	audit_str(&p->config.audit, "profile", profile_name(p->config.profile));
	audit_end(&p->config.audit);
}

static void signal_child(struct pipeline *p, int signal)
{
	const struct port *port = &p->config.port;

	audit_child(p, "tshark_signalled");
	audit_str(&p->config.audit, "signal", signal == SIGTERM ? "TERM" : "KILL");
	audit_str(&p->config.audit, "why", p->child.hung ? "hang" : "stop");
	audit_end(&p->config.audit);
	/* A child that is told to go gets no more input: else it may never read the end of it. */
	close_fd(p, &p->fifo);
	/* Its pid may be somebody else's by the time that it has been reaped. */
	if (!p->child.reaped)
		port->ops->kill(port->ctx, p->process.pid, signal);
}

static void open_fifo(struct pipeline *p, uint64_t now_ns)
{
	const struct port *port = &p->config.port;
	int fd = port->ops->fifo_open(port->ctx, p->fifo_path);

	if (fd < 0 && fd != -ENXIO) {
		/* One that has gone never comes back, and for other errors back-off is better than
		 * trying each 2 ms. */
		audit_failure(p, "fifo_failed", "open", fd);
		child_stop(&p->child, now_ns);
		signal_child(p, SIGTERM);
		return;
	}
	if (fd >= 0)
		p->fifo = fd;
	child_opened(&p->child, fd >= 0, now_ns);
}

static bool in_flight(const struct pipeline *p)
{
	return p->feed.fed_count > 0 || feed_begun(&p->feed);
}

/* Whether rows can go on being settled: in a lossless run a full sink holds up tshark too. */
static bool may_read(const struct pipeline *p)
{
	return !(p->config.lossless && p->sink_full);
}

static void tick_child(struct pipeline *p, uint64_t now_ns)
{
	bool awaited = in_flight(p);

	if (p->child.state == CHILD_IDLE && !p->stop_termed &&
	    (!p->draining || store_unsettled(&p->store)) && p->config.tshark &&
	    p->config.profile != PROFILE_OFF)
		child_start(&p->child, now_ns);
	if (!may_read(p) && child_alive(&p->child))
		child_held(&p->child, now_ns);
	switch (child_tick(&p->child, now_ns, awaited)) {
	case CHILD_SPAWN: spawn(p, now_ns); break;
	case CHILD_OPEN: open_fifo(p, now_ns); break;
	case CHILD_TERM: signal_child(p, SIGTERM); break;
	case CHILD_KILL: signal_child(p, SIGKILL); break;
	case CHILD_NOTHING: break;
	}
}

static void reap(struct pipeline *p)
{
	const struct port *port = &p->config.port;
	int status = 0;
	int result;

	/* An exit shows first as the end of a pipe; asking the system at each step would cost a
	 * call a step. */
	if (!child_should_reap(&p->child) ||
	    !(p->child.out_ended || p->child.err_ended || p->child.state >= CHILD_TERMINATING))
		return;
	result = port->ops->reap(port->ctx, p->process.pid, &status);
	if (result == 0)
		return;
	/* A status that nobody could fetch is no clean end. */
	child_reaped(&p->child, result > 0 ? status : SIGKILL);
}

/* ---- feed: pending frames into the FIFO ---- */

static void fifo_broke(struct pipeline *p, int error, uint64_t now_ns)
{
	if (error != -EPIPE)
		audit_failure(p, "fifo_failed", "write", error);
	close_fd(p, &p->fifo);
	child_input_broke(&p->child, now_ns);
}

/* With this many frames on their way one more millisecond matters to none of them, but a wake-up
 * for each piece that tshark reads or prints costs half as much again as all the rest of our work.
 */
static bool crowded(const struct pipeline *p)
{
	return p->feed.fed_count > PIPELINE_CROWD && p->process.out >= 0 && may_read(p);
}

static void feed_fifo(struct pipeline *p, uint64_t now_ns)
{
	const struct port *port = &p->config.port;

	if (p->child.state != CHILD_RUNNING)
		return;
	if (crowded(p) && p->feed.blocked && now_ns < p->tried_ns + FEED_BATCH_NS)
		return;
	p->tried_ns = now_ns;
	/* The last frames are not kept waiting for company. */
	while (feed_due(&p->feed) <= now_ns || (p->draining && !feed_idle(&p->feed))) {
		int n = feed_lend(&p->feed, p->iov);
		uint64_t lent = 0;
		ssize_t took;

		if (n == 0)
			return;
		for (int i = 0; i < n; i++)
			lent += p->iov[i].iov_len;
		took = port->ops->writev(port->ctx, p->fifo, p->iov, n);
		if (took < 0 && took != -EAGAIN && took != -EINTR) {
			fifo_broke(p, (int)took, now_ns);
			return;
		}
		feed_took(&p->feed, took > 0 ? (uint64_t)took : 0,
			  took < 0 || (uint64_t)took < lent, now_ns);
		if (took < 0)
			break;
	}
	if (!feed_check_stall(&p->feed, now_ns))
		return;
	skip_stalled(p, now_ns);
}

static void close_input(struct pipeline *p, uint64_t now_ns)
{
	if (p->child.state != CHILD_RUNNING || !p->draining || !feed_idle(&p->feed) ||
	    !p->feed.header_done)
		return;
	close_fd(p, &p->fifo);
	child_input_closed(&p->child, now_ns);
}

/* ---- ek: tshark's lines back to frames ---- */

static void refuse(struct pipeline *p, enum ek_refusal why, const struct ek_line *line,
		   const char *detail)
{
	size_t n = line->n < EK_LINE_HEAD ? line->n : EK_LINE_HEAD;

	p->refusals[why]++;
	audit_begin(&p->config.audit, "ek_line");
	audit_str(&p->config.audit, "cause", ek_refusal_name(why));
	audit_u64(&p->config.audit, "generation", p->child.generation);
	audit_u64(&p->config.audit, "bytes", line->total);
	if (detail)
		audit_str(&p->config.audit, "detail", detail);
	audit_text(&p->config.audit, "head", line->p, n);
	audit_end(&p->config.audit);
}

/* The lines of one document as tshark printed them, the index line before it included. */
static char *keep_raw(struct pipeline *p, const struct ek_line *line, uint32_t *n)
{
	size_t total = p->index.n + line->n + 1;
	char *raw;

	*n = 0;
	if (!p->config.verbatim || total > UINT32_MAX)
		return NULL;
	raw = malloc(total);
	if (!raw)
		return NULL;
	if (p->index.n)
		memcpy(raw, p->index.p, p->index.n);
	memcpy(raw + p->index.n, line->p, line->n);
	raw[total - 1] = '\n';
	*n = (uint32_t)total;
	return raw;
}

/* Whether a frame that was fed still waits for its record; it may have been given up. */
static bool awaited(struct pipeline *p, uint64_t id)
{
	return id >= p->store.tail && store_slot(&p->store, id)->state == SLOT_FED;
}

static void note_latency(struct pipeline *p, uint64_t ns)
{
	hist_add(&p->latency, ns);
	/* Relaxed, and not exact: one may get lost while the reader sets it to 0. */
	if (ns > atomic_load_explicit(&p->gauges.latency_ns, memory_order_relaxed))
		atomic_store_explicit(&p->gauges.latency_ns, ns, memory_order_relaxed);
}

static void match_document(struct pipeline *p, const struct ek_record *record,
			   const struct ek_line *line, uint64_t now_ns)
{
	uint64_t passed = 0, id, published_ns;
	struct decoded_fields *fields;
	uint32_t raw_n;
	char *raw;

	id = feed_match(&p->feed, record->number, &passed);
	if (!id) {
		refuse(p, EK_REFUSED_UNMATCHED, line, NULL);
		return;
	}
	child_progress(&p->child, now_ns);
	while (passed--) {
		uint64_t before = feed_take(&p->feed);

		if (awaited(p, before))
			lose(p, before, UNDECODED_UNREADABLE, now_ns);
	}
	feed_take(&p->feed);
	if (!awaited(p, id))
		return; /* given up as the backlog grew too long; it was counted and told then */
	raw = keep_raw(p, line, &raw_n);
	fields = p->config.verbatim ? NULL : decoded_fields_make(record);
	/* For want of memory: a decode of which nothing is kept is none. */
	if (p->config.verbatim ? !raw : !fields) {
		lose(p, id, UNDECODED_UNREADABLE, now_ns);
		return;
	}
	/* It may have been published since this step began. */
	published_ns = segment_published(store_segment(&p->store, id), id);
	note_latency(p, now_ns > published_ns ? now_ns - published_ns : 0);
	store_decoded(&p->store, id, fields, raw, raw_n);
}

static void read_line(struct pipeline *p, const struct ek_line *line, uint64_t now_ns)
{
	struct ek_record record;

	if (line->kind == EK_LINE_OVERSIZE || line->kind == EK_LINE_CUT) {
		refuse(p, line->kind == EK_LINE_CUT ? EK_REFUSED_CUT : EK_REFUSED_OVERSIZE, line,
		       NULL);
		return;
	}
	ek_record_scan(&record, line->p, line->n);
	switch (record.kind) {
	case EK_INDEX:
		if (!p->config.verbatim)
			return;
		p->index.n = 0;
		buf_put(&p->index, line->p, line->n);
		buf_putc(&p->index, '\n');
		return;
	case EK_DOCUMENT:
		if (record.has_number)
			match_document(p, &record, line, now_ns);
		else
			refuse(p, EK_REFUSED_UNNUMBERED, line, NULL);
		p->index.n = 0;
		return;
	case EK_NOISE:
		/* An empty line holds nothing that could be lost. */
		if (line->n)
			refuse(p, EK_REFUSED_NOISE, line, NULL);
		return;
	case EK_BROKEN: refuse(p, EK_REFUSED_BROKEN, line, record.why); return;
	}
}

static void read_lines(struct pipeline *p, uint64_t now_ns)
{
	struct ek_line line;

	while (ek_lines_next(&p->lines, &line))
		read_line(p, &line, now_ns);
}

/* Return: whether there may be more to read at once. */
static bool read_out(struct pipeline *p, uint64_t now_ns)
{
	const struct port *port = &p->config.port;
	struct ek_line line;

	for (int i = 0; i < PIPELINE_STEP_READS; i++) {
		size_t room;
		char *space;
		ssize_t n;

		if (p->process.out < 0 || !may_read(p))
			return false;
		space = ek_lines_space(&p->lines, &room);
		if (!space)
			return false;
		n = port->ops->read(port->ctx, p->process.out, space, room);
		if (n == -EAGAIN || n == -EINTR)
			return false;
		if (n > 0) {
			ek_lines_filled(&p->lines, (size_t)n);
			read_lines(p, now_ns);
			continue;
		}
		if (ek_lines_end(&p->lines, &line))
			read_line(p, &line, now_ns);
		close_fd(p, &p->process.out);
		child_ended(&p->child, true, false, now_ns);
	}
	return true;
}

static void stderr_line(void *ctx, const char *text, size_t n)
{
	struct pipeline *p = ctx;

	/* A flood would push everything else out of a log that is bounded. */
	if (++p->stderr_lines > PIPELINE_STDERR_LINES)
		return;
	audit_begin(&p->config.audit, "tshark_stderr");
	audit_u64(&p->config.audit, "generation", p->child.generation);
	audit_text(&p->config.audit, "text", text, n);
	audit_end(&p->config.audit);
}

static void read_err(struct pipeline *p, uint64_t now_ns)
{
	const struct port *port = &p->config.port;
	char bytes[4096];

	for (int i = 0; i < PIPELINE_STEP_READS && p->process.err >= 0; i++) {
		ssize_t n = port->ops->read(port->ctx, p->process.err, bytes, sizeof(bytes));

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n > 0) {
			tail_feed(&p->tail, bytes, (size_t)n, stderr_line, p);
			continue;
		}
		tail_end(&p->tail, stderr_line, p);
		close_fd(p, &p->process.err);
		child_ended(&p->child, false, true, now_ns);
	}
}

/* ---- the end of a generation ---- */

/* One more generation has ended on this frame. Return: whether it has been settled. */
static bool suspect(struct pipeline *p, uint64_t id, enum undecoded cause, uint64_t now_ns)
{
	struct slot *slot;

	if (!awaited(p, id))
		return false;
	slot = store_slot(&p->store, id);
	slot->suspect++;
	if (slot->suspect < PIPELINE_SUSPECT_MAX)
		return false;
	lose(p, id, cause, now_ns);
	return true;
}

static void audit_stderr_rest(struct pipeline *p)
{
	size_t n = 0;
	const char *last = tail_last(&p->tail, 0, &n);

	if (p->stderr_lines <= PIPELINE_STDERR_LINES || !last)
		return;
	audit_child(p, "tshark_stderr_rest");
	audit_u64(&p->config.audit, "lines", p->stderr_lines - PIPELINE_STDERR_LINES);
	audit_text(&p->config.audit, "last", last, n);
	audit_end(&p->config.audit);
}

static void audit_exit(struct pipeline *p)
{
	int status = p->child.status;

	audit_child(p, "tshark_ended");
	if (WIFSIGNALED(status))
		audit_i64(&p->config.audit, "signal", WTERMSIG(status));
	else
		audit_i64(&p->config.audit, "exit", WEXITSTATUS(status));
	audit_str(&p->config.audit, "clean", p->child.clean ? "yes" : "no");
	audit_u64(&p->config.audit, "in_flight", store_unsettled(&p->store));
	audit_u64(&p->config.audit, "record", p->feed.fed_base);
	audit_end(&p->config.audit);
}

static void generation_over(struct pipeline *p, uint64_t now_ns)
{
	uint64_t id;

	if (!child_over(&p->child))
		return;
	if (p->process.pid) {
		audit_stderr_rest(p);
		audit_exit(p);
	}
	if (p->child.clean) {
		/* It went through all its input; what did not come back was lost among unreadable
		 * lines. Once is tried again, as a signal from outside looks the same. */
		while ((id = feed_take(&p->feed)))
			suspect(p, id, UNDECODED_UNREADABLE, now_ns);
	} else if (p->process.pid && (p->config.flush || p->child.generation > 1)) {
		/* Every record before the frame it was on had been flushed. */
		id = feed_oldest(&p->feed);
		if (id && !p->stop_termed)
			suspect(p, id, UNDECODED_QUARANTINED, now_ns);
	}
	remove_fifo(p);
	if (p->stop_termed)
		lose_all(p, UNDECODED_STOPPED, now_ns);
	child_again(&p->child, !p->stop_termed && (store_unsettled(&p->store) || !p->draining),
		    now_ns);
	if (p->child.state == CHILD_GAVE_UP)
		lose_all(p, UNDECODED_LOST_CHILD, now_ns);
}

void pipeline_stop(struct pipeline *p, uint64_t now_ns)
{
	if (!p->stop_ns)
		p->stop_ns = now_ns + PIPELINE_STOP_NS;
}

/* The user has waited long enough: end tshark, settle what it did not get to. */
static void stop_late(struct pipeline *p, uint64_t now_ns)
{
	if (!p->stop_ns || now_ns < p->stop_ns || !tap_closed(&p->tap) || p->stop_termed)
		return;
	p->stop_termed = true;
	if (child_alive(&p->child)) {
		if (child_stop(&p->child, now_ns))
			signal_child(p, SIGTERM);
		return;
	}
	if (p->child.state == CHILD_WAITING)
		child_give_up(&p->child);
	lose_all(p, UNDECODED_STOPPED, now_ns);
}

static void drain(struct pipeline *p)
{
	if (p->draining || !tap_ended(&p->tap))
		return;
	p->draining = true;
	child_finish(&p->child);
}

/* Everything but the writing of files is done. */
static bool decoded_all(struct pipeline *p)
{
	return p->draining && !child_alive(&p->child) && p->child.state != CHILD_WAITING &&
	       !store_unsettled(&p->store) && !p->refused && !store_emit_ready(&p->store);
}

bool pipeline_finished(struct pipeline *p)
{
	return decoded_all(p) && p->spill.ended;
}

void pipeline_cut(struct pipeline *p)
{
	/* Relaxed: nothing hangs on it but itself. */
	atomic_store_explicit(&p->cut_asked, true, memory_order_relaxed);
	tap_cut(&p->tap);
}

/* ---- frames by id ---- */

static struct frame_query hushed; /* an address that no query has */

bool pipeline_ask(struct pipeline *p, struct frame_query *q)
{
	struct frame_query *newest = atomic_load_explicit(&p->queries, memory_order_relaxed);

	do {
		if (newest == &hushed)
			return false;
		q->next = newest;
		/* Release: the query is written; pairs with the acquire of who takes it. */
	} while (!atomic_compare_exchange_weak_explicit(
		&p->queries, &newest, q, memory_order_release, memory_order_relaxed));
	return true;
}

static void find(struct pipeline *p, struct frame_query *q)
{
	struct store *s = &p->store;

	q->where = FRAME_NONE;
	q->segment = NULL;
	q->block = NULL;
	if (!q->id || q->id >= s->head)
		return;
	q->where = FRAME_IN_MEMORY;
	if (q->id >= s->tail) {
		q->segment = segment_ref(store_segment(s, q->id));
		q->block = store_slot(s, q->id)->block;
	} else if (!spill_find(&p->spill, q->id, &q->segment, &q->block)) {
		q->where = FRAME_LEFT;
	}
}

static void answer(struct pipeline *p, struct frame_query *q)
{
	while (q && q != &hushed) {
		struct frame_query *next = q->next;

		find(p, q);
		q->answer(q);
		q = next;
	}
}

static void answer_all(struct pipeline *p)
{
	struct frame_query *newest = atomic_load_explicit(&p->queries, memory_order_relaxed);

	if (newest && newest != &hushed)
		answer(p, atomic_exchange_explicit(&p->queries, NULL, memory_order_acquire));
}

void pipeline_hush(struct pipeline *p)
{
	answer(p, atomic_exchange_explicit(&p->queries, &hushed, memory_order_acquire));
}

static void write_out(struct pipeline *p, uint64_t now_ns)
{
	if (atomic_load_explicit(&p->cut_asked, memory_order_relaxed) &&
	    atomic_exchange_explicit(&p->cut_asked, false, memory_order_relaxed))
		spill_cut(&p->spill);
	if (decoded_all(p))
		spill_end(&p->spill, now_ns);
	else
		spill_step(&p->spill, now_ns);
}

static void show_gauges(struct pipeline *p)
{
	struct pipeline_gauges *g = &p->gauges;

	atomic_store_explicit(&g->captured, p->store.captured, memory_order_relaxed);
	atomic_store_explicit(&g->decoded, p->store.decoded, memory_order_relaxed);
	atomic_store_explicit(&g->undecoded, p->store.undecoded, memory_order_relaxed);
	atomic_store_explicit(&g->generations, p->child.generation, memory_order_relaxed);
	atomic_store_explicit(&g->child_state, (int)p->child.state, memory_order_relaxed);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t run_due(const struct pipeline *p)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < UNDECODED_CAUSES; i++) {
		if (p->run[i].count && i != UNDECODED_NO_TSHARK && i != UNDECODED_NOT_ASKED)
			due = least(due, p->run_ns[i] + PIPELINE_RUN_NS);
	}
	return due;
}

static void say_wait(struct pipeline *p, bool busy, bool captured, uint64_t now_ns,
		     struct pipeline_wait *wait)
{
	bool open = p->child.state == CHILD_RUNNING;
	uint64_t feed = open ? feed_due(&p->feed) : UINT64_MAX;

	*wait = (struct pipeline_wait){.fifo = -1, .out = -1, .err = p->process.err};
	wait->due_ns = least(child_due(&p->child, in_flight(p)), run_due(p));
	if (crowded(p)) {
		wait->due_ns = least(wait->due_ns, now_ns + FEED_BATCH_NS);
	} else {
		if (may_read(p))
			wait->out = p->process.out;
		if (open && p->feed.blocked && feed <= now_ns)
			wait->fifo = p->fifo;
	}
	if (open && p->feed.blocked && feed <= now_ns) {
		wait->due_ns = least(wait->due_ns, feed_stall_due(&p->feed));
	} else {
		wait->due_ns = least(wait->due_ns, feed);
	}
	if (child_alive(&p->child) &&
	    (p->child.out_ended || p->child.err_ended || p->child.state >= CHILD_TERMINATING))
		wait->due_ns = least(wait->due_ns, now_ns + CHILD_RETRY_NS);
	if (p->stop_ns && !p->stop_termed && tap_closed(&p->tap))
		wait->due_ns = least(wait->due_ns, p->stop_ns);
	wait->due_ns = least(wait->due_ns, spill_due(&p->spill));
	if (busy)
		wait->due_ns = 0;
	/* A frame that there is no room for is no news; the end is, and a live capture makes room.
	 */
	if (p->draining ||
	    (ring_count(&p->tap.frames) && ((p->config.lossless && store_full(&p->store)) ||
					    (store_at_bound(&p->store) && p->spill.under_way))))
		return;
	/* While frames come, the next look is a batch away, so that nobody need wake us for each.
	 */
	wait->frames = !captured && feed_idle(&p->feed);
	if (!wait->frames)
		wait->due_ns = least(wait->due_ns, now_ns + FEED_BATCH_NS);
}

void pipeline_step(struct pipeline *p, uint64_t now_ns, struct pipeline_wait *wait)
{
	int captured = capture(p, now_ns);
	bool busy = captured == PIPELINE_STEP_FRAMES;

	drain(p);
	tick_child(p, now_ns);
	feed_fifo(p, now_ns);
	close_input(p, now_ns);
	busy |= read_out(p, now_ns);
	read_err(p, now_ns);
	reap(p);
	generation_over(p, now_ns);
	stop_late(p, now_ns);
	busy |= emit(p, PIPELINE_STEP_EMITS);
	write_out(p, now_ns);
	answer_all(p);
	tell_old_runs(p, now_ns);
	if (pipeline_finished(p)) {
		for (int i = 0; i < UNDECODED_CAUSES; i++)
			tell_run(p, (enum undecoded)i);
		tell_missed(p);
	}
	show_gauges(p);
	say_wait(p, busy, captured > 0, now_ns, wait);
}

struct ledger pipeline_ledger(struct pipeline *p)
{
	const struct tap *t = &p->tap;
	const struct store *s = &p->store;
	struct ledger l = {
		.forwarded = atomic_load_explicit(&t->forwarded, memory_order_relaxed),
		.out_of_scope = atomic_load_explicit(&t->out_of_scope, memory_order_relaxed),
		.prefiltered = atomic_load_explicit(&t->prefiltered, memory_order_relaxed),
		.dropped_queue = atomic_load_explicit(&t->dropped_queue, memory_order_relaxed),
		.queued = ring_count(&t->frames),
		.captured = s->captured,
		.in_memory = s->head - s->tail,
		.spilled = s->spilled,
		.discarded = s->discarded,
		.decoded = s->decoded,
		.undecoded = s->undecoded,
		.in_flight = store_unsettled(s),
		.decoded_live = s->decoded,
	};

	memcpy(l.cause, s->cause, sizeof(l.cause));
	return l;
}
