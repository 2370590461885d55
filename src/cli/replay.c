/* replay.c - `secvf replay`: the source's thread, and the order in which parts start and stop */
#include "cli/serve.h"
#include "cli/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"
#include "cli/findmax.h"
#include "cli/send.h"
#include "os/disk_posix.h"
#include "os/nap.h"
#include "os/recover.h"

/* Without a flush after each packet tshark holds back up to 4 KiB of lines, some 30 frames at
 * least; a store that is smaller than this could fill up with those alone, and the source would
 * wait for ever. */
#define UNFLUSHED_FRAMES_MIN 1024u
#define UNFLUSHED_BYTES_MIN  (1024u * FRAME_BYTES_MAX)

/* Where the source waits for the pipeline, a queue hands frames over, and a longer one would only
 * push them out of the caches. */
#define HANDOVER_FRAMES 4096u
#define HANDOVER_BATCH	64u

/* Where pipeline and spool run on the source's thread, what is under way should fit the nearest
 * cache. */
#define ALONE_FRAMES 512u
#define ALONE_BYTES  (1u << 20)

/* What the signal handler needs; set while a session runs. */
static struct {
	atomic_int interrupted; /* written by the handler and by the output's thread */
	atomic_int abandoned;	/* nobody wants to know what is left to do either */
	struct waker *waker;
	struct session *session;
} signalled;

/* No tshark, and no FIFO. */
static void leave_nothing(const struct pipeline *p)
{
	for (unsigned i = 0; i < pipeline_lanes(p); i++) {
		const struct lane *l = pipeline_lane(p, i);

		if (child_should_reap(&l->child) && l->process.pid > 0)
			kill(l->process.pid, SIGKILL);
		if (l->fifo_path[0])
			unlink(l->fifo_path);
	}
}

/* A second signal ends it at once: no waiting, no ledger, but no tshark and no FIFO left behind
 * either. */
static void on_signal(int number)
{
	struct session *s = signalled.session;

	if (signalled.interrupted++) {
		leave_nothing(s->pipeline);
		if (backfill_running(&s->backfill))
			leave_nothing(backfill_running(&s->backfill));
		if (s->posix.dir[0])
			rmdir(s->posix.dir);
		_exit(EXIT_UNBALANCED);
	}
	(void)number;
	waker_wake(signalled.waker);
}

void session_cut(struct session *s)
{
	pipeline_cut(s->pipeline);
	waker_wake(&s->waker);
	waker_wake(&s->source_waker);
}

void session_stop(struct session *s)
{
	signalled.interrupted = 1;
	waker_wake(&s->source_waker);
}

void session_abandon(struct session *s)
{
	signalled.abandoned = 1;
	session_stop(s);
}

static void on_cut(int number)
{
	(void)number;
	session_cut(signalled.session);
}

static void handle_signals(struct session *s, bool on)
{
	struct sigaction action = {.sa_handler = on ? on_signal : SIG_DFL};
	struct sigaction cut = {.sa_handler = on ? on_cut : SIG_IGN, .sa_flags = SA_RESTART};

	signalled.session = s;
	signalled.waker = &s->source_waker;
	/* Who hosts sessions has a signal for all of them. */
	if (s->options.host.event)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigemptyset(&cut.sa_mask);
	sigaction(SIGUSR1, &cut, NULL);
}

/* ---- ports and drops ---- */

static int add_fresh_port(struct session *s, const char *name)
{
	int port = switch_port_add(s->eth, name, &s->options.port);

	if (port < 0)
		return port;
	s->port_now[port] = (unsigned)port;
	atomic_store_explicit(&s->port_name[port], switch_port_name(s->eth, (unsigned)port),
			      memory_order_release);
	for (unsigned i = 0; i < s->options.interfaces; i++) {
		if (strcmp(s->options.interface[i], name) == 0) {
			if (!atomic_load_explicit(&s->scope_changed, memory_order_relaxed))
				tap_scope_add(&s->pipeline->tap, (unsigned)port);
			s->seen[i] = true;
		}
	}
	return port;
}

int session_port_add(struct session *s, const char *name)
{
	int port = switch_port_find(s->eth, name);

	return port >= 0 ? port : add_fresh_port(s, name);
}

static int add_port(void *ctx, const char *name)
{
	return session_port_add(ctx, name);
}

void session_port_flap(struct session *s, const char *name, bool down)
{
	int was = switch_port_find(s->eth, name), is;

	if (was < 0)
		return;
	if (down) {
		switch_port_remove(s->eth, (unsigned)was);
		return;
	}
	is = add_fresh_port(s, name);
	for (unsigned i = 0; is >= 0 && i < PORTS_MAX; i++) {
		if (s->port_now[i] == (unsigned)was)
			s->port_now[i] = (unsigned)is;
	}
}

const char *session_port_name(const struct session *s, unsigned port)
{
	/* Acquire: the name is written; pairs with add_port(). */
	return port < PORTS_MAX ? atomic_load_explicit(&s->port_name[port], memory_order_acquire)
				: NULL;
}

static const char *port_name(void *ctx, unsigned port)
{
	return session_port_name(ctx, port);
}

static void on_drop(void *ctx, const struct frame *f, unsigned port, enum switch_drop why,
		    bool forwarded)
{
	struct session *s = ctx;
	struct tap_report *report = &s->drops[port][forwarded ? SWITCH_DROPS : why];

	report->event = forwarded ? "notice" : "drop";
	report->cause = switch_drop_name(why);
	report->port = switch_port_name(s->eth, port);
	tap_lost(&s->pipeline->tap, report, f);
}

/* A ring of reports that is full is emptied by the pipeline, which tap_report() wakes. */
void session_tell(struct session *s, struct tap_report *report)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (report->run.count && !tap_report(&s->pipeline->tap, report))
		nanosleep(&pause, NULL);
	report->run = (struct run){0};
}

/* Told at the end. */
static void tell_drops(struct session *s)
{
	for (unsigned port = 0; port < switch_ports(s->eth); port++) {
		for (int why = 0; why <= SWITCH_DROPS; why++)
			session_tell(s, &s->drops[port][why]);
	}
}

/* ---- the source ---- */

static void sleep_source(struct session *s, uint64_t left_ns)
{
	struct pollfd fds[1 + LOAD_PORTS_MAX] = {
		{.fd = waker_fd(&s->source_waker), .events = POLLIN}};
	nfds_t count = 1 + live_fds(&s->live, fds + 1);
	uint64_t now_ns = clock_now_ns();

	if (left_ns > live_patience(&s->live))
		left_ns = live_patience(&s->live);
	tap_flush(&s->pipeline->tap);
	actor_sleep(fds, count, left_ns < UINT64_MAX - now_ns ? now_ns + left_ns : UINT64_MAX);
	waker_clear(&s->source_waker);
}

static bool source_over(const struct session *s)
{
	return signalled.interrupted || s->over;
}

/* Return: the time, at or after @due_ns; earlier only where the source is over */
static uint64_t wait_until(struct session *s, uint64_t due_ns)
{
	uint64_t now_ns = clock_now_ns(), wake_ns;

	while (now_ns < due_ns && !source_over(s)) {
		bool more = live_input(s);

		now_ns = clock_now_ns();
		wake_ns = nap_wake_ns(&s->nap, due_ns, now_ns);
		if (!more && wake_ns && !source_over(s)) {
			sleep_source(s, wake_ns - now_ns);
			now_ns = clock_now_ns();
			nap_woken(&s->nap, wake_ns, now_ns);
		}
	}
	return now_ns;
}

struct asking {
	pthread_mutex_t lock;
	pthread_cond_t came;
	bool here;
};

static void on_answer(struct frame_query *q)
{
	struct asking *a = q->ctx;

	pthread_mutex_lock(&a->lock);
	a->here = true;
	pthread_cond_signal(&a->came);
	pthread_mutex_unlock(&a->lock);
}

static bool ask(struct session *s, struct frame_query *q, struct asking *a)
{
	q->answer = on_answer;
	q->ctx = a;
	if (!pipeline_ask(s->pipeline, q))
		return false;
	waker_wake(&s->waker);
	waker_wake(&s->source_waker);
	pthread_mutex_lock(&a->lock);
	while (!a->here)
		pthread_cond_wait(&a->came, &a->lock);
	pthread_mutex_unlock(&a->lock);
	return true;
}

bool session_ask(struct session *s, struct frame_query *q)
{
	struct asking a = {.here = false};
	bool asked;

	pthread_mutex_init(&a.lock, NULL);
	pthread_cond_init(&a.came, NULL);
	asked = ask(s, q, &a);
	pthread_cond_destroy(&a.came);
	pthread_mutex_destroy(&a.lock);
	return asked;
}

void session_sleep(struct session *s)
{
	sleep_source(s, UINT64_MAX);
}

bool session_interrupted(void)
{
	return signalled.interrupted != 0;
}

/* Return: whether there was none */
static bool wait_for_room(struct session *s)
{
	struct tap *tap = &s->pipeline->tap;

	if (tap_has_room(tap))
		return false;
	while (!tap_has_room(tap) && !signalled.interrupted) {
		if (s->is_alone)
			alone_wait(&s->alone);
		else if (tap_sleeps(tap))
			sleep_source(s, UINT64_MAX);
	}
	return true;
}

/* At top speed nothing but latencies hangs on the time, and reading the clock holds up a processor
 * until its stores have reached the cache, which are a frame's bytes. Return: the time, nearly */
static uint64_t wait_at_top_speed(struct session *s)
{
	uint64_t sent = atomic_load_explicit(&s->sent, memory_order_relaxed);

	if (wait_for_room(s) || sent % s->pipeline->tap.config.batch == 0)
		return clock_now_ns();
	return s->end_ns;
}

/* Return: the time; past the end of the source where it comes first */
static uint64_t wait_as_paced(struct session *s, struct pace *pace, const struct frame *f)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t due_ns = pace_next(pace, f->ts_ns, f->caplen, now_ns);

	if (due_ns >= s->stop_ns)
		return UINT64_MAX;
	live_glance(s, now_ns);
	if (now_ns < due_ns)
		now_ns = wait_until(s, due_ns);
	if (!source_over(s))
		hist_add(&s->jitter, now_ns - due_ns);
	return now_ns;
}

void session_offer(struct session *s, struct frame *f, unsigned port, uint64_t now_ns)
{
	uint64_t sent = atomic_load_explicit(&s->sent, memory_order_relaxed) + 1;

	if (!atomic_load_explicit(&s->start_ns, memory_order_relaxed))
		atomic_store_explicit(&s->start_ns, now_ns, memory_order_relaxed);
	s->end_ns = now_ns;
	f->serial = sent;
	atomic_store_explicit(&s->sent, sent, memory_order_relaxed);
	atomic_store_explicit(&s->sent_bytes,
			      atomic_load_explicit(&s->sent_bytes, memory_order_relaxed) +
				      f->caplen,
			      memory_order_relaxed);
	if (s->bundle)
		bundle_frame(s->bundle, f, port, switch_port_name(s->eth, port));
	if (s->faulty) {
		inject_frame(&s->faulty->inject, sent);
		port = s->port_now[port];
	}
	s->over |= sent == s->options.replay.limit;
	switch_input(s->eth, port, f, now_ns);
}

/* Return: false where the source has come to its end, and nothing was sent */
static bool send_frame(struct session *s, struct pace *pace, struct frame *f, unsigned port)
{
	uint64_t now_ns =
		pace->rate.mode == PACE_TOPSPEED ? wait_at_top_speed(s) : wait_as_paced(s, pace, f);

	if (source_over(s) || now_ns >= s->stop_ns)
		return false;
	if (s->options.timestamps_now)
		f->ts_ns = clock_wall_ns();
	session_offer(s, f, port, now_ns);
	return true;
}

static void send_files(struct session *s)
{
	struct pace pace;
	struct frame f;
	unsigned port;

	pace_init(&pace, s->options.rate);
	while (!source_over(s)) {
		if (replay_next(s->replay, &f, &port, &s->failure) != REPLAY_FRAME ||
		    !send_frame(s, &pace, &f, port))
			return;
	}
}

static void run_source(struct session *s)
{
	uint64_t duration_ns = s->options.load.duration_ns;

	s->stop_ns = duration_ns ? clock_now_ns() + duration_ns : UINT64_MAX;
	if (s->replay)
		send_files(s);
	/* What interfaces give has no end of its own. */
	if (s->live.count && (!s->replay || duration_ns))
		wait_until(s, s->stop_ns);
	if (s->end_ns)
		s->end_ns = clock_now_ns();
	live_close(s);
	tell_drops(s);
	tap_end(&s->pipeline->tap);
}

/* The source has ended; what is under way comes through, unless the user does not want to wait for
 * it. */
static void drain(struct session *s)
{
	while (s->is_alone && !pipeline_finished(s->pipeline)) {
		if (signalled.interrupted && !s->interrupted) {
			s->interrupted = true;
			pipeline_stop(s->pipeline, clock_now_ns());
		}
		alone_wait(&s->alone);
	}
	while (!s->is_alone && !actor_finished(&s->actor)) {
		if (signalled.interrupted && !s->interrupted) {
			s->interrupted = true;
			actor_stop(&s->actor);
		}
		sleep_source(s, UINT64_MAX);
	}
	s->interrupted |= signalled.interrupted != 0;
	actor_join(&s->actor);
}

/* ---- start and stop ---- */

static void on_broken_output(void *ctx)
{
	struct session *s = ctx;

	/* Who reads us has seen enough (head, less). */
	session_stop(s);
}

/* Whether a read may wait for who writes: frames must not wait with it. */
static bool from_pipe(const struct options *o)
{
	for (unsigned i = 0; i < o->replay.file_count; i++) {
		const char *file = o->replay.files[i];
		struct stat st;

		if (strcmp(file, "-") == 0 || (stat(file, &st) == 0 && !S_ISREG(st.st_mode)))
			return true;
	}
	return false;
}

void session_audit_line(void *ctx, const char *members, size_t n)
{
	struct session *s = ctx;

	pthread_mutex_lock(&s->audit_lock);
	audit_file_line(&s->audit, members, n);
	atomic_fetch_add_explicit(&s->audit_lines, 1, memory_order_relaxed);
	if (s->bundle)
		bundle_line(s->bundle, members, n);
	pthread_mutex_unlock(&s->audit_lock);
}

static const char *find_tshark(void *ctx)
{
	struct session *s = ctx;

	return cli_find_tshark(s->found_later) ? s->found_later : NULL;
}

static struct pipeline_config make_config(struct session *s)
{
	const struct options *o = &s->options;
	bool topspeed = o->rate.mode == PACE_TOPSPEED;
	struct pipeline_config config = {
		.tap = {.queue_limit = o->queue_limit || !topspeed ? o->queue_limit
				       : s->is_alone		   ? ALONE_FRAMES
								   : HANDOVER_FRAMES,
			.batch = topspeed && !from_pipe(o) ? HANDOVER_BATCH : 1,
			.all = o->interfaces == 0,
			.filter = s->filter,
			.wake_consumer = {.fn = waker_wake, .ctx = &s->waker},
			.wake_producer = {.fn = waker_wake, .ctx = &s->source_waker}},
		.buffer_frames = o->buffer_frames,
		.buffer_bytes = o->buffer_bytes,
		.spool = s->spools ? &s->spool : NULL,
		.direct = o->direct,
		.write = o->write || o->journal,
		.cut_each = !o->write && !o->rotate,
		.lossless = topspeed,
		.profile = o->profile,
		.adaptive = o->adaptive,
		.gaps = o->backfill != BACKFILL_OFF,
		.shards = o->shards,
		.tshark_memory = o->tshark_memory,
		.verbatim = o->format == OUTPUT_EK,
		.flush = !topspeed || from_pipe(o) ||
			 (o->buffer_frames && o->buffer_frames < UNFLUSHED_FRAMES_MIN) ||
			 (o->buffer_bytes && o->buffer_bytes < UNFLUSHED_BYTES_MIN),
		.tshark = s->tshark.found ? s->tshark.path : NULL,
		.tshark_write = o->tshark_write,
		.dissect = &s->options.dissect,
		.stall_ns = o->stall_ns,
		.hang_ns = o->hang_ns,
		.port_name = port_name,
		.port_name_ctx = s,
		.audit = {.line = session_audit_line, .ctx = s},
	};

	if (!s->tshark.found && !o->tshark) {
		config.find_tshark = find_tshark;
		config.find_tshark_ctx = s;
	}
	/* Nobody looks back. */
	if (s->is_alone && !o->buffer_frames && !o->buffer_bytes) {
		config.tap.segment_frames = SEGMENT_FRAMES;
		config.buffer_frames = 4 * ALONE_FRAMES;
		config.buffer_bytes = ALONE_BYTES;
	}
	s->sink = output_sink(&s->output);
	if (o->before)
		s->sink = o->before(o->before_ctx, s->sink);
	if (!o->direct)
		config.sink = s->sink;
	if (o->journal && s->spools)
		config.tap.source = spool_source(&s->spool);
	port_posix_init(&s->posix, &config.port);
	if (s->faulty)
		inject_wrap(&s->faulty->inject, &config);
	return config;
}

/* ---- files ---- */

static void port_counts(void *ctx, unsigned port, struct pcapng_counts *counts)
{
	const struct session *s = ctx;
	const struct tap_port *p = &s->pipeline->tap.port[port];

	counts->received = atomic_load_explicit(&p->received, memory_order_relaxed);
	counts->accepted = atomic_load_explicit(&p->accepted, memory_order_relaxed);
	counts->dropped = atomic_load_explicit(&p->dropped, memory_order_relaxed);
}

static void name_session(struct session *s)
{
	time_t seconds = (time_t)(clock_wall_ns() / 1000000000);
	struct utsname system;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(s->name, sizeof(s->name), "secvf-%04d%02d%02d-%02d%02d%02d-%ld", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (long)getpid());
	if (uname(&system) == 0)
		snprintf(s->system, sizeof(s->system), "%.60s %.60s %.60s", system.sysname,
			 system.release, system.machine);
}

/* Where files are to go. Return: false where none are written */
static bool choose_path(struct session *s)
{
	const struct options *o = &s->options;
	char below[96];

	if (o->no_spill)
		return false;
	if (o->write)
		return snprintf(s->path, sizeof(s->path), "%s", o->write) < (int)sizeof(s->path);
	snprintf(below, sizeof(below), "Captures/%s", s->name);
	return home_path(s->path, sizeof(s->path), below);
}

static bool init_spool(struct session *s)
{
	const struct options *o = &s->options;
	struct spool_config config = {
		.path = s->path,
		.naming = !o->write   ? SPOOL_ROTATION
			  : o->rotate ? SPOOL_NUMBERED
				      : SPOOL_SINGLE,
		.limits = o->files,
		.session = s->name,
		.os = s->system,
		.port_name = port_name,
		.port_counts = port_counts,
		.port_ctx = s,
		.journal = o->journal,
		.wake_source = {.fn = waker_wake, .ctx = &s->source_waker},
		.disk = disk_posix(),
		.wake_spool = {.fn = waker_wake, .ctx = &s->spool_waker},
		.wake_pipeline = {.fn = waker_wake, .ctx = &s->waker},
	};

	name_session(s);
	if (!choose_path(s))
		return true;
	if (s->faulty)
		config.disk = inject_disk(&s->faulty->inject, config.disk);
	if (waker_init(&s->spool_waker) || spool_init(&s->spool, &config))
		return false;
	s->spools = true;
	return true;
}

static void on_recovered(void *ctx, const struct recovered *r)
{
	struct session *s = ctx;
	struct audit audit = {.line = audit_file_line, .ctx = &s->audit};

	audit_begin(&audit, "recovered");
	audit_text(&audit, "file", r->from, strlen(r->from));
	audit_text(&audit, "now", r->to, strlen(r->to));
	audit_u64(&audit, "frames", r->frames);
	audit_u64(&audit, "cut", r->cut);
	if (r->error)
		audit_str(&audit, "error", strerror(-r->error));
	audit_end(&audit);
	audit_done(&audit);
	if (!s->options.quiet && r->frames)
		fprintf(stderr, "recovered %llu frames of a run that was killed: %s\n",
			(unsigned long long)r->frames, r->error ? strerror(-r->error) : r->to);
}

/* What an earlier run left where this one writes. */
static void recover(struct session *s)
{
	char *slash = strrchr(s->path, '/');

	if (!s->spools)
		return;
	if (slash)
		*slash = '\0';
	recover_folder(slash ? s->path : ".", on_recovered, s);
	if (slash)
		*slash = '/';
}

static bool use_color(const struct options *o)
{
	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static enum match verdict(void *ctx, uint64_t id)
{
	struct session *s = ctx;

	return display_verdict(&s->display, id);
}

static void init_output(struct session *s)
{
	struct winsize size = {0};
	unsigned columns = 0;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	s->output.format = s->options.format;
	s->output.broken = on_broken_output;
	s->output.ctx = s;
	s->output.verdict = verdict;
	s->output.each = s->options.each;
	s->output.each_ctx = s->options.each_ctx;
	if (isatty(STDERR_FILENO) && !s->options.quiet && !s->options.no_progress)
		s->output.progress = session_progress;
	emit_table_init(&s->output.table, use_color(&s->options), columns);
}

/* The expression, and a caret below the place where it goes wrong, where that can be had. */
static void show_place(const char *expression)
{
	size_t at, n;

	if (strpbrk(expression, "\t\n") || !bpf_error_place(expression, &at, &n))
		return;
	fprintf(stderr, "  %s\n  %*s^", expression, (int)at, "");
	while (n-- > 1)
		fputc('~', stderr);
	fputc('\n', stderr);
}

/* Everything that may fail before the first frame. Return: false with @err filled. */
static bool prepare(struct session *s, struct err *err)
{
	const struct options *o = &s->options;
	struct replay_ports ports = {.port = add_port, .ctx = s};
	struct switch_listener listener = {.drop = on_drop, .ctx = s};
	struct pipeline_config config;

	/* Asking a tshark for its version takes longer than writing many frames does. */
	if (o->profile != PROFILE_OFF && !cli_detect(&s->tshark, o->tshark, err))
		return false;
	if (o->format == OUTPUT_EK && !s->tshark.found) {
		err_set(err, EXIT_ENVIRONMENT,
			"-T ek prints tshark's own lines, and no tshark was "
			"found: install it, or name it with --tshark");
		return false;
	}
	if (o->filter && !(s->filter = bpf_compile(o->filter, err))) {
		show_place(o->filter);
		return false;
	}
	if (o->bundle && !(s->bundle = bundle_open(o->bundle, err)))
		return false;
	if (o->faults && !(s->faulty = faulty_open(s, o->faults, err)))
		return false;
	err_set(err, EXIT_ENVIRONMENT, "out of memory or descriptors at the start");
	s->eth = switch_new(&o->eth);
	if (!s->eth || waker_init(&s->waker) || waker_init(&s->source_waker) || !init_spool(s))
		return false;
	init_output(s);
	s->pipeline = calloc(1, sizeof(*s->pipeline));
	if (!s->pipeline)
		return false;
	s->is_alone = o->direct && o->rate.mode == PACE_TOPSPEED;
	config = make_config(s);
	nap_init(&s->nap, &s->source_waker);
	s->alone = (struct alone){.pipeline = s->pipeline, .waker = &s->source_waker};
	if (pipeline_init(s->pipeline, &config)) {
		free(s->pipeline);
		s->pipeline = NULL;
		return false;
	}
	if (!filling_open(s))
		return false;
	display_open(&s->display, s);
	if (o->display && !display_check(&s->display, o->display, err))
		return false;
	switch_listen(s->eth, listener);
	switch_subscribe(s->eth, tap_subscriber(&s->pipeline->tap));
	if (o->control && !control_open(&s->control, s, o->control, err))
		return false;
	if (!live_open(s, err))
		return false;
	if (!o->replay.file_count)
		return true;
	/* Last: it asks for the ports of named VMs at once. */
	s->replay = replay_open(&o->replay, ports, err);
	return s->replay != NULL;
}

static void say_start(struct session *s)
{
	struct err err;

	if (audit_file_open(&s->audit, s->options.audit, &err))
		cli_say(&err);
	live_say(s);
	if (s->options.quiet)
		return;
	if (!s->tshark.found && s->options.profile != PROFILE_OFF && s->options.tshark)
		fprintf(stderr, "tshark: none, as asked; offline: basic decode of headers only\n");
	else if (!s->tshark.found && s->options.profile != PROFILE_OFF)
		fprintf(stderr,
			"tshark: \xe2\x9c\x97 not found; offline: basic decode of headers only "
			"(install tshark, or name it with --tshark)\n");
}

static bool run(struct session *s, struct err *err)
{
	struct wake wake = {.fn = waker_wake, .ctx = &s->waker};

	nap_exactly();
	if (output_start(&s->output, wake)) {
		err_set(err, EXIT_ENVIRONMENT, "could not start a thread");
		return false;
	}
	handle_signals(s, true);
	/* Before the threads that meet them. */
	if (s->faulty && !faulty_start(s->faulty))
		err_set(&s->failure, EXIT_ENVIRONMENT, "--faults: could not start a thread");
	if (s->spools && !s->is_alone && spooler_start(&s->spooler, &s->spool, &s->spool_waker)) {
		err_set(err, EXIT_ENVIRONMENT, "could not start a thread");
		handle_signals(s, false);
		output_join(&s->output);
		return false;
	}
	if (!s->is_alone &&
	    actor_start(&s->actor, s->pipeline, &s->backfill, &s->waker, &s->source_waker)) {
		err_set(err, EXIT_ENVIRONMENT, "could not start a thread");
		handle_signals(s, false);
		if (s->spools) {
			spool_end(&s->spool);
			spooler_join(&s->spooler);
		}
		output_join(&s->output);
		return false;
	}
	if (s->options.display && !display_set(&s->display, s->options.display, false, &s->failure))
		session_stop(s);
	if (s->options.control && control_start(&s->control))
		err_set(&s->failure, EXIT_ENVIRONMENT, "--control: could not start a thread");
	if (s->options.host.event)
		s->options.host.event(s->options.host.ctx, s, HOST_RUNS);
	if (!session_watch(s))
		err_set(&s->failure, EXIT_ENVIRONMENT,
			"--series, --plot: could not start a thread");
	run_source(s);
	drain(s);
	display_finish(&s->display, session_interrupted);
	if (s->options.host.event)
		s->options.host.event(s->options.host.ctx, s, HOST_CAPTURED);
	if (filling_waits(s)) {
		/* The next signal ends this, as the last one ended the source. */
		signalled.interrupted = 0;
		if (signalled.abandoned)
			signalled.interrupted = 1;
		filling_last(s);
		s->interrupted |= signalled.interrupted != 0;
	}
	if (s->options.host.event)
		s->options.host.event(s->options.host.ctx, s, HOST_ENDED);
	sampler_stop(&s->sampler);
	s->done_ns = clock_now_ns();
	if (!s->tshark.found && s->pipeline->config.tshark) {
		s->tshark.found = true;
		snprintf(s->tshark.path, sizeof(s->tshark.path), "%s", s->found_later);
	}
	pipeline_hush(s->pipeline);
	if (s->spools && !s->is_alone)
		spooler_join(&s->spooler);
	output_join(&s->output);
	if (s->faulty)
		s->recovery_ns = faulty_stop(s->faulty);
	handle_signals(s, false);
	return true;
}

/* Interfaces that were asked for and never came are most likely misspelt. */
static void say_missing(const struct session *s)
{
	for (unsigned i = 0; i < s->options.interfaces; i++) {
		if (s->seen[i])
			continue;
		fprintf(stderr, "secvf: --interface %s: no VM of that name appeared; there were",
			s->options.interface[i]);
		for (unsigned port = 0; port < switch_ports(s->eth); port++)
			fprintf(stderr, "%s %s", port ? "," : "", switch_port_name(s->eth, port));
		fprintf(stderr, "\n");
	}
}

/* A display filter's thread may still have a line for the audit log, which is not of the bundle. */
static struct bundle *take_bundle(struct session *s)
{
	struct bundle *b;

	pthread_mutex_lock(&s->audit_lock);
	b = s->bundle;
	s->bundle = NULL;
	pthread_mutex_unlock(&s->audit_lock);
	return b;
}

static uint64_t audit_unwritten(struct session *s)
{
	uint64_t lines;

	pthread_mutex_lock(&s->audit_lock);
	lines = s->audit.unwritten;
	pthread_mutex_unlock(&s->audit_lock);
	return lines;
}

static int finish(struct session *s)
{
	struct bundle *bundle = take_bundle(s);
	uint64_t unwritten = audit_unwritten(s);
	struct ledger ledger = pipeline_ledger(s->pipeline);
	struct err err = {0};
	char why[256], report[4200];
	int exit = EXIT_BALANCED;

	if (!s->options.quiet)
		session_summary(s, &ledger);
	say_missing(s);
	if (unwritten) {
		fprintf(stderr,
			"secvf: audit log %s: %llu lines could not be written; --audit names another "
			"file\n",
			s->audit.path, (unsigned long long)unwritten);
		exit = EXIT_ENVIRONMENT;
	}
	if (s->output.error && s->output.error != EPIPE) {
		fprintf(stderr, "secvf: standard output: %s; %llu frames were not printed\n",
			strerror(s->output.error), (unsigned long long)s->output.lost);
		exit = EXIT_ENVIRONMENT;
	}
	if (s->pipeline->spill.unwritten && s->spools) {
		fprintf(stderr,
			"secvf: %llu frames could not be written, as the audit log says: make room, or "
			"write to another folder (%s)\n",
			(unsigned long long)s->pipeline->spill.unwritten, s->path);
		exit = EXIT_ENVIRONMENT;
	}
	if (s->failure.exit)
		exit = cli_say(&s->failure);
	if (bundle && !s->options.report) {
		snprintf(report, sizeof(report), "%s/report.json", bundle->folder);
		s->options.report = report;
	}
	if (s->options.report && session_report(s, &ledger, &err))
		exit = cli_say(&err);
	if (session_watched(s, &err))
		exit = cli_say(&err);
	if (!ledger_balanced(&ledger, why, sizeof(why)) || ledger.queued || ledger.in_flight) {
		fprintf(stderr, "secvf: the ledger does not balance: %s\n",
			ledger.queued || ledger.in_flight ? "frames are left under way" : why);
		exit = EXIT_UNBALANCED;
	}
	if (bundle && bundle_close(bundle, s, s->options.report, exit, &err))
		exit = cli_say(&err);
	return exit;
}

static void session_done(struct session *s)
{
	if (s->options.host.event)
		s->options.host.event(s->options.host.ctx, s, HOST_GONE);
	control_stop(&s->control);
	display_close(&s->display);
	output_done(&s->output);
	live_close(s);
	filling_close(s);
	if (s->pipeline)
		pipeline_done(s->pipeline);
	if (s->spools) {
		spool_done(&s->spool);
		waker_done(&s->spool_waker);
	}
	port_posix_done(&s->posix);
	audit_file_close(&s->audit);
	pthread_mutex_destroy(&s->audit_lock);
	replay_close(s->replay);
	switch_free(s->eth);
	bpf_free(s->filter);
	if (s->waker.fd[0] >= 0)
		waker_done(&s->waker);
	if (s->source_waker.fd[0] >= 0)
		waker_done(&s->source_waker);
	free(s->pipeline);
	faulty_free(s->faulty);
	bundle_drop(s->bundle);
	free(s);
}

static void fill_result(const struct session *s, struct trial *t)
{
	struct ledger l = pipeline_ledger(s->pipeline);

	t->sent = atomic_load_explicit(&s->sent, memory_order_relaxed);
	t->dropped = l.dropped_queue;
	if (s->tshark.found && s->options.profile != PROFILE_OFF)
		t->skipped = l.undecoded;
	t->behind_ns = s->done_ns - s->end_ns;
	t->interrupted = s->interrupted;
}

int session_run(const struct options *o, struct trial *result)
{
	struct session *s = calloc(1, sizeof(*s));
	struct err err = {0};
	int exit;

	check(s);
	s->options = *o;
	s->audit.fd = -1;
	pthread_mutex_init(&s->audit_lock, NULL);
	s->waker.fd[0] = s->source_waker.fd[0] = -1;
	if (o->host.event)
		signalled.interrupted = signalled.abandoned = 0;
	if (!prepare(s, &err)) {
		session_done(s);
		if (!o->why)
			return cli_say(&err);
		*o->why = err;
		return err.exit;
	}
	say_start(s);
	recover(s);
	if (run(s, &err)) {
		exit = finish(s);
		if (result)
			fill_result(s, result);
	} else {
		exit = cli_say(&err);
	}
	session_done(s);
	return exit;
}

/* The words are read once more, by the session of the panel. */
static int run_with_panel(const struct options *o, int argc, char **argv)
{
	struct serve s = {.tshark = o->tshark,
			  .words = argc - 1,
			  .word = argv + 1,
			  .start = true,
			  .must_start = true};
	char *where = o->ui_where ? strdup(o->ui_where) : NULL;
	struct err err = {0};
	int exit;

	check(where || !o->ui_where);
	exit = serve_where(&s, "--ui", where, &err) ? serve_run(&s) : cli_say(&err);
	free(where);
	return exit;
}

int cli_replay(int argc, char **argv)
{
	struct options *o = calloc(1, sizeof(*o));
	struct err err = {0};
	int exit;

	check(o);
	if (!options_parse(o, argc, argv, &err))
		exit = err.text[0] ? cli_say(&err) : err.exit;
	else if (o->ui)
		exit = run_with_panel(o, argc, argv);
	else if (o->load.find_max)
		exit = findmax_run(o);
	else if (o->load.to)
		exit = send_run(o, NULL);
	else
		exit = session_run(o, NULL);
	free(o);
	return exit;
}
