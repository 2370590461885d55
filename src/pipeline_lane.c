/* pipeline_lane.c - one tshark after the other, from its FIFO to the lines that it prints */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"
#include "pipeline_private.h"

static const char *const role_names[] = {"rests", "serves", "comes", "goes"};

_Static_assert(sizeof(role_names) / sizeof(role_names[0]) == LANE_ROLES, "each role has its name");

const char *lane_role_name(enum lane_role role)
{
	return role_names[role];
}

struct lane *lane_other(struct lane *l)
{
	struct shard *s = &l->p->shard[l->shard];

	return l == &s->lane[0] ? &s->lane[1] : &s->lane[0];
}

int lane_init(struct lane *l, struct pipeline *p, unsigned shard)
{
	const struct pipeline_config *c = &p->config;

	l->p = p;
	l->shard = shard;
	l->profile = p->profile;
	l->fifo = l->process.out = l->process.err = -1;
	if (feed_init(&l->feed, &p->store, shard, c->lossless ? 0 : c->stall_ns))
		return -ENOMEM;
	ek_lines_init(&l->lines, 0);
	child_init(&l->child, c->hang_ns);
	/* A source that waits must not wait for a tshark that never comes. */
	if (c->lossless)
		child_finish(&l->child);
	return ek_lines_reserve(&l->lines) ? 0 : -ENOMEM;
}

static const struct port *port_of(const struct lane *l)
{
	return &l->p->config.port;
}

static struct audit *audit_of(struct lane *l)
{
	return &l->p->config.audit;
}

static void close_fd(struct lane *l, int *fd)
{
	if (*fd < 0)
		return;
	port_of(l)->ops->close(port_of(l)->ctx, *fd);
	*fd = -1;
}

static void remove_fifo(struct lane *l)
{
	close_fd(l, &l->fifo);
	if (l->fifo_path[0])
		port_of(l)->ops->fifo_remove(port_of(l)->ctx, l->fifo_path);
	l->fifo_path[0] = '\0';
}

void lane_done(struct lane *l)
{
	if (!l->p)
		return;
	if (child_should_reap(&l->child))
		port_of(l)->ops->kill(port_of(l)->ctx, l->process.pid, SIGKILL);
	remove_fifo(l);
	close_fd(l, &l->process.out);
	close_fd(l, &l->process.err);
	buf_done(&l->index);
	ek_codes_done(&l->codes);
	ek_lines_done(&l->lines);
	feed_done(&l->feed);
}

/* ---- the child: spawn, open, signal, reap ---- */

static void audit_child(struct lane *l, const char *event)
{
	audit_begin(audit_of(l), event);
	audit_u64(audit_of(l), "generation", l->generation);
	audit_i64(audit_of(l), "pid", l->process.pid);
}

static void audit_failure(struct lane *l, const char *event, const char *what, int error)
{
	audit_begin(audit_of(l), event);
	audit_u64(audit_of(l), "generation", l->generation);
	audit_str(audit_of(l), "what", what);
	audit_str(audit_of(l), "error", strerror(-error));
	audit_end(audit_of(l));
}

static int spawn_process(struct lane *l)
{
	const struct port *port = port_of(l);
	struct args_config config = {
		.tshark = l->p->config.tshark,
		.fifo = l->fifo_path,
		.profile = l->profile,
		.verbatim = l->p->config.verbatim,
		.write = l->p->config.tshark_write,
		.dissect = l->p->config.dissect,
		.generation = l->p->generations + 1,
		.flush = l->flushes,
	};
	struct args args;
	int error;

	error = port->ops->fifo_make(port->ctx, l->fifo_path);
	if (error) {
		l->fifo_path[0] = '\0';
		audit_failure(l, "fifo_failed", "make", error);
		return error;
	}
	if (!args_make(&args, &config)) {
		args_done(&args);
		return -ENOMEM;
	}
	error = port->ops->spawn(port->ctx, args.argv, &l->process);
	args_done(&args);
	if (error)
		audit_failure(l, "spawn_failed", l->p->config.tshark, error);
	return error;
}

static void spawn(struct lane *l, uint64_t now_ns)
{
	int error;

	l->process = (struct port_child){.pid = 0, .out = -1, .err = -1};
	/* One that begins anyway begins as is wanted now. */
	if (l->role == LANE_SERVES && l->p->profile != PROFILE_OFF)
		l->profile = l->p->profile;
	l->flushes = l->p->config.flush || l->p->shard[l->shard].generations > 0;
	error = spawn_process(l);
	l->generation = ++l->p->generations;
	l->p->shard[l->shard].generations++;
	child_spawned(&l->child, error == 0, now_ns);
	if (error) {
		remove_fifo(l);
		return;
	}
	feed_restart(&l->feed, now_ns);
	/* Until it takes over it is given no frame. */
	if (l->role == LANE_COMES)
		feed_retire(&l->feed);
	l->warmed = 0;
	ek_lines_reset(&l->lines);
	l->memory = 0;
	l->memory_due_ns = now_ns + LANE_MEMORY_NS;
	l->index.n = 0;
	l->stderr_lines = 0;
	audit_child(l, "tshark_started");
	audit_str(audit_of(l), "profile", profile_name(l->profile));
	if (l->p->shards > 1)
		audit_u64(audit_of(l), "shard", l->shard);
	audit_end(audit_of(l));
}

static void signal_child(struct lane *l, int signal)
{
	const struct port *port = port_of(l);

	audit_child(l, "tshark_signalled");
	audit_str(audit_of(l), "signal", signal == SIGTERM ? "TERM" : "KILL");
	audit_str(audit_of(l), "why", l->child.hung ? "hang" : "stop");
	audit_end(audit_of(l));
	/* A child that is told to go gets no more input: else it may never read the end of it. */
	close_fd(l, &l->fifo);
	/* Its pid may be somebody else's by the time that it has been reaped. */
	if (!l->child.reaped)
		port->ops->kill(port->ctx, l->process.pid, signal);
}

static void open_fifo(struct lane *l, uint64_t now_ns)
{
	const struct port *port = port_of(l);
	int fd = port->ops->fifo_open(port->ctx, l->fifo_path);

	if (fd < 0 && fd != -ENXIO) {
		/* One that has gone never comes back, and for other errors back-off is better than
		 * trying each 2 ms. */
		audit_failure(l, "fifo_failed", "open", fd);
		child_stop(&l->child, now_ns);
		signal_child(l, SIGTERM);
		return;
	}
	if (fd >= 0)
		l->fifo = fd;
	child_opened(&l->child, fd >= 0, now_ns);
}

static bool in_flight(const struct lane *l)
{
	return l->feed.fed_count > 0 || feed_begun(&l->feed);
}

/* Whether there is anything that a process is wanted for. */
static bool wanted(const struct lane *l)
{
	const struct pipeline *p = l->p;

	if (p->stop_termed || !p->config.tshark || p->config.profile == PROFILE_OFF)
		return false;
	if (l->role == LANE_SERVES)
		return !p->draining || !feed_idle(&l->feed);
	return l->role == LANE_COMES && !p->draining;
}

static void tick_child(struct lane *l, uint64_t now_ns)
{
	bool awaited = in_flight(l);

	if (l->child.state == CHILD_IDLE && wanted(l))
		child_start(&l->child, now_ns);
	if (!pipeline_may_read(l->p) && child_alive(&l->child))
		child_held(&l->child, now_ns);
	switch (child_tick(&l->child, now_ns, awaited)) {
	case CHILD_SPAWN: spawn(l, now_ns); break;
	case CHILD_OPEN: open_fifo(l, now_ns); break;
	case CHILD_TERM: signal_child(l, SIGTERM); break;
	case CHILD_KILL: signal_child(l, SIGKILL); break;
	case CHILD_NOTHING: break;
	}
}

static void reap(struct lane *l)
{
	const struct port *port = port_of(l);
	int status = 0;
	int result;

	/* An exit shows first as the end of a pipe; asking the system at each step would cost a
	 * call a step. */
	if (!child_should_reap(&l->child) ||
	    !(l->child.out_ended || l->child.err_ended || l->child.state >= CHILD_TERMINATING))
		return;
	result = port->ops->reap(port->ctx, l->process.pid, &status);
	if (result == 0)
		return;
	/* A status that nobody could fetch is no clean end. */
	child_reaped(&l->child, result > 0 ? status : SIGKILL);
}

/* ---- feed: pending frames into the FIFO ---- */

static void fifo_broke(struct lane *l, int error, uint64_t now_ns)
{
	if (error != -EPIPE)
		audit_failure(l, "fifo_failed", "write", error);
	close_fd(l, &l->fifo);
	child_input_broke(&l->child, now_ns);
}

/* With this many frames on their way one more millisecond matters to none of them, but a wake-up
 * for each piece that tshark reads or prints costs half as much again as all the rest of our work.
 */
static bool crowded(const struct lane *l)
{
	return l->feed.fed_count > PIPELINE_CROWD && l->process.out >= 0 && pipeline_may_read(l->p);
}

static void feed_fifo(struct lane *l, uint64_t now_ns)
{
	const struct port *port = port_of(l);

	if (l->child.state != CHILD_RUNNING)
		return;
	if (crowded(l) && l->feed.blocked && now_ns < l->tried_ns + FEED_BATCH_NS)
		return;
	l->tried_ns = now_ns;
	/* The last frames are not kept waiting for company. */
	while (feed_due(&l->feed) <= now_ns || (l->p->draining && !feed_idle(&l->feed))) {
		int n = feed_lend(&l->feed, l->p->iov);
		uint64_t lent = 0;
		ssize_t took;

		if (n == 0)
			return;
		for (int i = 0; i < n; i++)
			lent += l->p->iov[i].iov_len;
		took = port->ops->writev(port->ctx, l->fifo, l->p->iov, n);
		if (took < 0 && took != -EAGAIN && took != -EINTR) {
			fifo_broke(l, (int)took, now_ns);
			return;
		}
		feed_took(&l->feed, took > 0 ? (uint64_t)took : 0,
			  took < 0 || (uint64_t)took < lent, now_ns);
		if (took < 0)
			break;
	}
	if (!feed_check_stall(&l->feed, now_ns))
		return;
	pipeline_skip_stalled(l->p, l, now_ns);
}

static void close_input(struct lane *l, uint64_t now_ns)
{
	if (l->child.state != CHILD_RUNNING || !feed_idle(&l->feed) || !l->feed.header_done ||
	    !(l->p->draining || l->role == LANE_GOES))
		return;
	close_fd(l, &l->fifo);
	child_input_closed(&l->child, now_ns);
}

/* ---- ek: tshark's lines back to frames ---- */

static void refuse(struct lane *l, enum ek_refusal why, const struct ek_line *line,
		   const char *detail)
{
	size_t n = line->n < EK_LINE_HEAD ? line->n : EK_LINE_HEAD;

	l->p->refusals[why]++;
	audit_begin(audit_of(l), "ek_line");
	audit_str(audit_of(l), "cause", ek_refusal_name(why));
	audit_u64(audit_of(l), "generation", l->generation);
	audit_u64(audit_of(l), "bytes", line->total);
	if (detail)
		audit_str(audit_of(l), "detail", detail);
	audit_text(audit_of(l), "head", line->p, n);
	audit_end(audit_of(l));
}

/* The lines of one document as tshark printed them, the index line before it included. */
static char *keep_raw(struct lane *l, const struct ek_line *line, uint32_t *n)
{
	size_t total = l->index.n + line->n + 1;
	char *raw;

	*n = 0;
	if (!l->p->config.verbatim || total > SLOT_RAW_MAX || l->index.failed)
		return NULL;
	raw = malloc(total);
	if (!raw)
		return NULL;
	if (l->index.n)
		memcpy(raw, l->index.p, l->index.n);
	memcpy(raw + l->index.n, line->p, line->n);
	raw[total - 1] = '\n';
	*n = (uint32_t)total;
	return raw;
}

/* Whether a frame that was fed still waits for its record; it may have been given up. */
static bool awaited(struct lane *l, uint64_t id)
{
	const struct store *s = &l->p->store;

	return id >= s->tail && id < s->head && store_slot(&l->p->store, id)->state == SLOT_FED;
}

static void note_latency(struct lane *l, uint64_t ns)
{
	hist_add(&l->p->latency, ns);
	/* Relaxed, and not exact: one may get lost while the reader sets it to 0. */
	if (ns > atomic_load_explicit(&l->p->gauges.latency_ns, memory_order_relaxed))
		atomic_store_explicit(&l->p->gauges.latency_ns, ns, memory_order_relaxed);
}

static void match_document(struct lane *l, struct ek_record *record, const struct ek_line *line,
			   uint64_t now_ns)
{
	uint64_t passed = 0, id, published_ns;
	struct decoded_fields *fields;
	uint32_t raw_n;
	char *raw;

	id = feed_match(&l->feed, record->number, &passed);
	if (!id) {
		refuse(l, EK_REFUSED_UNMATCHED, line, NULL);
		return;
	}
	child_progress(&l->child, now_ns);
	while (passed--) {
		uint64_t before = feed_take(&l->feed);

		if (awaited(l, before))
			pipeline_lose(l->p, before, UNDECODED_UNREADABLE, now_ns);
	}
	feed_take(&l->feed);
	if (!awaited(l, id))
		return; /* given up as the backlog grew too long; it was counted and told then */
	raw = keep_raw(l, line, &raw_n);
	if (!l->p->config.verbatim)
		ek_codes_settle(&l->codes, record, line->p, line->n);
	fields = l->p->config.verbatim ? NULL : decoded_fields_make(record);
	/* For want of memory: a decode of which nothing is kept is none. */
	if (l->p->config.verbatim ? !raw : !fields) {
		pipeline_lose(l->p, id, UNDECODED_UNREADABLE, now_ns);
		return;
	}
	/* It may have been published since this step began. */
	published_ns = segment_published(store_segment(&l->p->store, id), id);
	note_latency(l, now_ns > published_ns ? now_ns - published_ns : 0);
	l->p->shard[l->shard].decoded++;
	store_decoded(&l->p->store, id, l->profile, fields, raw, raw_n);
}

static void read_line(struct lane *l, const struct ek_line *line, uint64_t now_ns)
{
	struct ek_record record;

	if (line->kind == EK_LINE_OVERSIZE || line->kind == EK_LINE_CUT) {
		refuse(l, line->kind == EK_LINE_CUT ? EK_REFUSED_CUT : EK_REFUSED_OVERSIZE, line,
		       NULL);
		return;
	}
	ek_record_scan(&record, line->p, line->n);
	switch (record.kind) {
	case EK_INDEX:
		if (!l->p->config.verbatim)
			return;
		buf_reset(&l->index);
		buf_put(&l->index, line->p, line->n);
		buf_putc(&l->index, '\n');
		return;
	case EK_DOCUMENT:
		if (record.has_number)
			match_document(l, &record, line, now_ns);
		else
			refuse(l, EK_REFUSED_UNNUMBERED, line, NULL);
		buf_reset(&l->index);
		return;
	case EK_NOISE:
		/* An empty line holds nothing that could be lost. */
		if (line->n)
			refuse(l, EK_REFUSED_NOISE, line, NULL);
		return;
	case EK_BROKEN: refuse(l, EK_REFUSED_BROKEN, line, record.why); return;
	}
}

static void read_lines(struct lane *l, uint64_t now_ns)
{
	struct ek_line line;

	while (ek_lines_next(&l->lines, &line))
		read_line(l, &line, now_ns);
}

/* Return: whether there may be more to read at once. */
static bool read_out(struct lane *l, uint64_t now_ns)
{
	const struct port *port = port_of(l);
	struct ek_line line;

	for (int i = 0; i < PIPELINE_STEP_READS; i++) {
		size_t room;
		char *space;
		ssize_t n;

		if (l->process.out < 0 || !pipeline_may_read(l->p))
			return false;
		space = ek_lines_space(&l->lines, &room);
		if (!space)
			return false;
		n = port->ops->read(port->ctx, l->process.out, space, room);
		if (n == -EAGAIN || n == -EINTR)
			return false;
		if (n > 0) {
			ek_lines_filled(&l->lines, (size_t)n);
			read_lines(l, now_ns);
			continue;
		}
		if (ek_lines_end(&l->lines, &line))
			read_line(l, &line, now_ns);
		close_fd(l, &l->process.out);
		child_ended(&l->child, true, false, now_ns);
	}
	return true;
}

static void stderr_line(void *ctx, const char *text, size_t n)
{
	struct lane *l = ctx;

	/* A flood would push everything else out of a log that is bounded. */
	if (++l->stderr_lines > PIPELINE_STDERR_LINES)
		return;
	audit_begin(audit_of(l), "tshark_stderr");
	audit_u64(audit_of(l), "generation", l->generation);
	audit_text(audit_of(l), "text", text, n);
	audit_end(audit_of(l));
}

static void read_err(struct lane *l, uint64_t now_ns)
{
	const struct port *port = port_of(l);
	char bytes[4096];

	for (int i = 0; i < PIPELINE_STEP_READS && l->process.err >= 0; i++) {
		ssize_t n = port->ops->read(port->ctx, l->process.err, bytes, sizeof(bytes));

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n > 0) {
			tail_feed(&l->tail, bytes, (size_t)n, stderr_line, l);
			continue;
		}
		tail_end(&l->tail, stderr_line, l);
		close_fd(l, &l->process.err);
		child_ended(&l->child, false, true, now_ns);
	}
}

/* ---- what it takes ---- */

static void look_at_memory(struct lane *l, uint64_t now_ns)
{
	const struct port *port = port_of(l);
	int64_t bytes;

	if (!l->p->config.tshark_memory || !port->ops->memory || l->child.state != CHILD_RUNNING ||
	    l->child.reaped || now_ns < l->memory_due_ns)
		return;
	l->memory_due_ns = now_ns + LANE_MEMORY_NS;
	bytes = port->ops->memory(port->ctx, l->process.pid);
	l->memory = bytes > 0 ? (uint64_t)bytes : 0;
}

/* ---- the end of a generation ---- */

/* One more generation has ended on this frame. Return: whether it has been settled. */
static bool suspect(struct lane *l, uint64_t id, enum undecoded cause, uint64_t now_ns)
{
	struct slot *slot;

	if (!awaited(l, id))
		return false;
	slot = store_slot(&l->p->store, id);
	slot->suspect++;
	if (slot->suspect < PIPELINE_SUSPECT_MAX)
		return false;
	pipeline_lose(l->p, id, cause, now_ns);
	return true;
}

static void audit_stderr_rest(struct lane *l)
{
	size_t n = 0;
	const char *last = tail_last(&l->tail, 0, &n);

	if (l->stderr_lines <= PIPELINE_STDERR_LINES || !last)
		return;
	audit_child(l, "tshark_stderr_rest");
	audit_u64(audit_of(l), "lines", l->stderr_lines - PIPELINE_STDERR_LINES);
	audit_text(audit_of(l), "last", last, n);
	audit_end(audit_of(l));
}

static void audit_exit(struct lane *l)
{
	int status = l->child.status;

	audit_child(l, "tshark_ended");
	if (WIFSIGNALED(status))
		audit_i64(audit_of(l), "signal", WTERMSIG(status));
	else
		audit_i64(audit_of(l), "exit", WEXITSTATUS(status));
	audit_str(audit_of(l), "clean", l->child.clean ? "yes" : "no");
	audit_u64(audit_of(l), "in_flight", store_unsettled(&l->p->store));
	audit_u64(audit_of(l), "record", l->feed.fed_base);
	audit_end(audit_of(l));
}

/* Which frames this end speaks against. */
static void accuse(struct lane *l, uint64_t now_ns)
{
	uint64_t id;

	if (l->child.clean) {
		/* It went through all its input; what did not come back was lost among unreadable
		 * lines. Once is tried again, as a signal from outside looks the same. */
		for (uint64_t i = 0; i < l->feed.fed_count; i++)
			suspect(l, feed_nth(&l->feed, i), UNDECODED_UNREADABLE, now_ns);
	} else if (l->process.pid && l->flushes) {
		/* Every record before the frame it was on had been flushed. */
		id = feed_oldest(&l->feed);
		if (id && !l->p->stop_termed)
			suspect(l, id, UNDECODED_QUARANTINED, now_ns);
	}
}

/* What it owed goes to the lane that serves, which may be this one. */
static void hand_back(struct lane *l, uint64_t now_ns)
{
	struct lane *serving = shard_lane(l->p, l->shard);

	l->p->retried += feed_return(&l->feed);
	feed_adopt(&serving->feed, now_ns);
}

static void generation_over(struct lane *l, uint64_t now_ns)
{
	struct pipeline *p = l->p;

	if (!child_over(&l->child))
		return;
	if (l->process.pid) {
		audit_stderr_rest(l);
		audit_exit(l);
	}
	accuse(l, now_ns);
	hand_back(l, now_ns);
	remove_fifo(l);
	if (p->stop_termed)
		pipeline_lose_shard(p, l->shard, UNDECODED_STOPPED, now_ns);
	child_again(&l->child, wanted(l) && l->role == LANE_SERVES, now_ns);
	if (l->role == LANE_COMES)
		p->shard[l->shard].retry_ns = now_ns + SHARD_RETRY_NS;
	if (l->role != LANE_SERVES)
		l->role = LANE_RESTS;
	if (shard_lane(p, l->shard)->child.state == CHILD_GAVE_UP)
		pipeline_lose_shard(p, l->shard, UNDECODED_LOST_CHILD, now_ns);
}

void lane_end(struct lane *l, uint64_t now_ns)
{
	if (child_alive(&l->child)) {
		if (child_stop(&l->child, now_ns))
			signal_child(l, SIGTERM);
	} else if (l->child.state == CHILD_WAITING) {
		child_give_up(&l->child);
	}
}

bool lane_step(struct lane *l, uint64_t now_ns)
{
	bool more;

	tick_child(l, now_ns);
	feed_fifo(l, now_ns);
	close_input(l, now_ns);
	more = read_out(l, now_ns);
	read_err(l, now_ns);
	reap(l);
	generation_over(l, now_ns);
	look_at_memory(l, now_ns);
	return more;
}

static void wait_until(struct pipeline_wait *wait, uint64_t due_ns)
{
	if (due_ns < wait->due_ns)
		wait->due_ns = due_ns;
}

static void wait_on(struct pipeline_wait *wait, int fd, bool write)
{
	if (fd >= 0)
		wait->fd[wait->fds++] = (struct pipeline_fd){.fd = fd, .write = write};
}

void lane_wait(struct lane *l, uint64_t now_ns, struct pipeline_wait *wait)
{
	bool open = l->child.state == CHILD_RUNNING;
	uint64_t feed = open ? feed_due(&l->feed) : UINT64_MAX;
	bool blocked = open && l->feed.blocked && feed <= now_ns;

	/* The other lane has just given frames back. */
	if (l->child.state == CHILD_IDLE && wanted(l))
		wait_until(wait, now_ns);
	wait_on(wait, l->process.err, false);
	wait_until(wait, child_due(&l->child, in_flight(l)));
	if (crowded(l)) {
		wait_until(wait, now_ns + FEED_BATCH_NS);
	} else {
		if (pipeline_may_read(l->p))
			wait_on(wait, l->process.out, false);
		if (blocked)
			wait_on(wait, l->fifo, true);
	}
	wait_until(wait, blocked ? feed_stall_due(&l->feed) : feed);
	if (child_alive(&l->child) &&
	    (l->child.out_ended || l->child.err_ended || l->child.state >= CHILD_TERMINATING))
		wait_until(wait, now_ns + CHILD_RETRY_NS);
}

/* ---- from one lane to the other ---- */

/* Why the one that serves is to be replaced; NULL: it is not. */
static const char *outlived(const struct pipeline *p, const struct lane *l)
{
	if (p->profile != PROFILE_OFF && l->profile != p->profile)
		return "profile";
	if (p->config.tshark_memory && l->memory > p->config.tshark_memory / (p->shards + 1))
		return "memory";
	return NULL;
}

static void audit_change(struct lane *l, const char *event, const char *why)
{
	audit_begin(audit_of(l), event);
	audit_u64(audit_of(l), "generation", l->generation);
	if (l->p->shards > 1)
		audit_u64(audit_of(l), "shard", l->shard);
	audit_str(audit_of(l), "why", why);
	audit_str(audit_of(l), "profile", profile_name(l->profile));
	audit_u64(audit_of(l), "memory", l->memory);
	audit_end(audit_of(l));
}

static void call_successor(struct pipeline *p, struct shard *s, uint64_t now_ns)
{
	struct lane *serving = &s->lane[s->serving], *next = lane_other(serving);
	const char *why = outlived(p, serving);

	if (!why || serving->child.state != CHILD_RUNNING || next->role != LANE_RESTS ||
	    now_ns < s->retry_ns || p->draining)
		return;
	/* Two of each would be twice the memory. */
	if (serving->profile == p->profile && p->changing)
		return;
	audit_change(serving, "tshark_outlived", why);
	next->role = LANE_COMES;
	next->profile = p->profile != PROFILE_OFF ? p->profile : serving->profile;
	if (serving->profile == p->profile)
		p->changing = s;
}

static void rest(struct lane *l)
{
	child_rest(&l->child);
	l->role = LANE_RESTS;
}

static void take_over(struct pipeline *p, struct shard *s, struct lane *next, uint64_t now_ns)
{
	struct lane *last = lane_other(next);

	feed_retire(&last->feed);
	last->role = LANE_GOES;
	next->role = LANE_SERVES;
	s->serving ^= 1;
	next->feed.retired = false;
	feed_adopt(&next->feed, now_ns);
	p->changes++;
	/* Between two processes, or done for: nobody is there to finish. */
	if (!child_alive(&last->child))
		rest(last);
}

void shard_step(struct pipeline *p, struct shard *s, uint64_t now_ns)
{
	struct lane *next = lane_other(&s->lane[s->serving]);

	if (next->role == LANE_COMES && p->draining) {
		lane_end(next, now_ns);
		if (!child_alive(&next->child))
			rest(next);
	} else if (next->role == LANE_COMES && next->child.state == CHILD_RUNNING &&
		   next->feed.header_done && feed_warmed(&next->feed)) {
		/* While it was fed what the other had seen, the other has seen more. */
		if (next->warmed++ >= LANE_WARMINGS || feed_warm(&next->feed, &s->warm) == 0)
			take_over(p, s, next, now_ns);
	}
	if (p->changing == s && lane_other(&s->lane[s->serving])->role == LANE_RESTS)
		p->changing = NULL;
	call_successor(p, s, now_ns);
}

uint64_t shard_due(const struct pipeline *p, const struct shard *s, uint64_t now_ns)
{
	return s->retry_ns > now_ns && !p->draining && outlived(p, &s->lane[s->serving])
		       ? s->retry_ns
		       : UINT64_MAX;
}
