/* send.c - read, wait, send, account */
#include "cli/send.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/add.h"
#include "cli/cli.h"
#include "cli/sampler.h"
#include "os/actor.h"
#include "os/audit_file.h"
#include "os/nap.h"
#include "os/port_posix.h"
#include "os/txsock.h"
#include "outgoing.h"

/* A frame this late, and by more than the gap before it, has others behind it that are due as well:
 * they go together. */
#define LATE_NS UINT64_C(8000)

/* Between two tries of a frame that there was no room for: some ten frames' time. */
#define RETRY_NS UINT64_C(20000)

struct sender {
	const struct options *options;
	struct audit_file audit_file;
	struct audit audit;
	struct waker waker;
	struct nap nap;
	struct txsock tx;
	struct outgoing out;
	struct outgoing_frame batch[TXSOCK_BATCH]; /* as tx has them */
	struct replay *replay;
	struct pace pace;
	struct sampler sampler;
	bool batches; /* a frame may wait for the next: it will not be long */
	bool down;    /* the interface is, or has gone */
	uint64_t stop_ns;
	uint64_t now_ns, due_ns; /* of the last frame */
	uint64_t gap_ns;	 /* between when it and the one before it were due */
	uint64_t start_ns, end_ns;
	struct hist lateness;  /* ns that frames were sent after they were due */
	struct hist gap_error; /* ns that the time between two frames was off */
	struct iface_counters before, after;
	struct err failure;
	/* For the sampler's thread, relaxed. */
	atomic_ullong frames, refused, began_ns, late_ns;
};

/* Set by the handler; the waker is that of the run that goes on. */
static atomic_int interrupted;
static struct waker *woken;

static void on_signal(int number)
{
	(void)number;
	/* Again: whoever is waited for does not answer. */
	if (atomic_fetch_add(&interrupted, 1) > 1)
		_exit(EXIT_UNBALANCED);
	waker_wake(woken);
}

static void handle_signals(struct waker *waker)
{
	struct sigaction action = {.sa_handler = waker ? on_signal : SIG_DFL};

	if (waker)
		woken = waker;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool send_interrupted(void)
{
	return interrupted != 0;
}

/* ---- sending ---- */

static void on_run(void *ctx, enum outgoing_fate fate, const struct run *run)
{
	struct sender *s = ctx;

	audit_run(&s->audit, fate < OUTGOING_REFUSALS ? "drop" : "notice", outgoing_fate_name(fate),
		  "serial", s->tx.iface.name, run);
}

/* The oldest frame of the batch was not taken. */
static void refused(struct sender *s, int error)
{
	struct pollfd room = {.fd = s->tx.fd, .events = error == EAGAIN ? POLLOUT : 0};
	uint64_t now_ns = clock_now_ns();

	switch (outgoing_failed(&s->out, &s->batch[s->tx.first], error, now_ns)) {
	case OUTGOING_RETRY: actor_sleep(&room, 1, now_ns + RETRY_NS); return;
	case OUTGOING_NEXT: txsock_skip(&s->tx); return;
	case OUTGOING_END: break;
	}
	s->down = true;
	txsock_skip(&s->tx);
	while (txsock_pending(&s->tx)) {
		outgoing_failed(&s->out, &s->batch[s->tx.first], error, now_ns);
		txsock_skip(&s->tx);
	}
	err_set(&s->failure, EXIT_ENVIRONMENT,
		"--to: interface '%s' %s after %" PRIu64 " frames; %s", s->tx.iface.name,
		iface_state(&s->tx.iface) == IFACE_GONE ? "has gone" : "went down", s->out.sent,
		"bring it up, and replay again");
}

/* All that wait in the batch. */
static void flush(struct sender *s)
{
	while (txsock_pending(&s->tx)) {
		unsigned head = s->tx.first;
		int n = txsock_send(&s->tx);

		for (int i = 0; i < n; i++)
			outgoing_sent(&s->out, &s->batch[head + (unsigned)i]);
		if (n < 0)
			refused(s, -n);
	}
	atomic_store_explicit(&s->frames, s->out.sent, memory_order_relaxed);
	atomic_store_explicit(&s->refused, outgoing_refused(&s->out), memory_order_relaxed);
}

static void measure(struct sender *s, uint64_t due_ns, uint64_t now_ns)
{
	uint64_t late = now_ns - due_ns;

	if (s->out.offered) {
		int64_t error = (int64_t)((now_ns - s->now_ns) - (due_ns - s->due_ns));

		hist_add(&s->gap_error, (uint64_t)(error < 0 ? -error : error));
	}
	hist_add(&s->lateness, late);
	if (late > atomic_load_explicit(&s->late_ns, memory_order_relaxed))
		atomic_store_explicit(&s->late_ns, late, memory_order_relaxed);
	s->now_ns = now_ns;
	s->gap_ns = due_ns - s->due_ns;
	s->due_ns = due_ns;
}

/* Return: false where the end comes before the frame is due */
static bool wait_for(struct sender *s, const struct frame *f)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t due_ns = pace_next(&s->pace, f->ts_ns, f->caplen, now_ns);

	if (due_ns >= s->stop_ns)
		return false;
	if (now_ns < due_ns) {
		flush(s);
		now_ns = nap_until(&s->nap, due_ns, &interrupted);
		if (now_ns < due_ns)
			return false;
	}
	measure(s, due_ns, now_ns);
	return true;
}

/* At top speed the clock is read once a batch. Return: false where the time is over */
static bool wait_for_batch(struct sender *s)
{
	if (txsock_pending(&s->tx))
		return true;
	s->now_ns = clock_now_ns();
	s->due_ns = s->now_ns;
	return s->now_ns < s->stop_ns;
}

static bool others_are_due(const struct sender *s)
{
	uint64_t late_ns = s->now_ns - s->due_ns;

	return late_ns >= LATE_NS && late_ns >= s->gap_ns;
}

/* Return: false at the end */
static bool send_frame(struct sender *s, const struct frame *f)
{
	bool topspeed = s->pace.rate.mode == PACE_TOPSPEED;

	if (!(topspeed ? wait_for_batch(s) : wait_for(s, f)))
		return false;
	if (!s->start_ns) {
		s->start_ns = s->now_ns;
		atomic_store_explicit(&s->began_ns, s->now_ns, memory_order_relaxed);
	}
	if (outgoing_offer(&s->out, f, s->now_ns)) {
		s->batch[s->tx.count] = (struct outgoing_frame){
			.serial = f->serial, .ts_ns = f->ts_ns, .bytes = f->caplen};
		txsock_push(&s->tx, f->data, f->caplen);
	}
	if (txsock_full(&s->tx) || !s->batches || (!topspeed && !others_are_due(s)))
		flush(s);
	return !s->down;
}

static void run(struct sender *s)
{
	const struct load_options *load = &s->options->load;
	uint64_t now_ns = clock_now_ns();
	struct frame f;
	unsigned port;

	s->stop_ns = load->duration_ns ? now_ns + load->duration_ns : UINT64_MAX;
	pace_init(&s->pace, s->options->rate);
	while (!interrupted) {
		if (replay_next(s->replay, &f, &port, &s->failure) != REPLAY_FRAME ||
		    !send_frame(s, &f))
			break;
	}
	flush(s);
	s->end_ns = s->pace.rate.mode == PACE_TOPSPEED ? clock_now_ns() : s->now_ns;
	outgoing_flush(&s->out);
}

/* ---- what was done ---- */

static double achieved(const struct sender *s)
{
	uint64_t ns = s->end_ns - s->start_ns;

	return ns && s->out.sent > 1 ? (double)(s->out.sent - 1) * 1e9 / (double)ns : 0;
}

static void summary(const struct sender *s)
{
	const struct outgoing *o = &s->out;
	char rate[RAMP_BYTES_MAX + 16];

	pace_rate_text(&s->options->rate, rate, sizeof(rate));
	fprintf(stderr, "sent     %" PRIu64 " frames to %s in %.3f s, %s: %.0f/s achieved", o->sent,
		s->tx.iface.name, (double)(s->end_ns - s->start_ns) / 1e9, rate, achieved(s));
	if (s->lateness.total)
		fprintf(stderr, "; jitter p50 %.1f us, p99 %.1f us, max %.1f us",
			(double)hist_quantile(&s->lateness, 500) / 1e3,
			(double)hist_quantile(&s->lateness, 990) / 1e3,
			(double)s->lateness.max / 1e3);
	fprintf(stderr, "%s\n", interrupted ? "; interrupted" : "");
	for (int fate = 0; fate < OUTGOING_FATES; fate++) {
		if (o->count[fate])
			fprintf(stderr, "%s %" PRIu64 " %s\n",
				fate < OUTGOING_REFUSALS ? "refused " : "notice  ", o->count[fate],
				outgoing_fate_name((enum outgoing_fate)fate));
	}
	if (o->count[OUTGOING_FAILED])
		fprintf(stderr, "         the last failed with: %s\n", strerror(o->last_error));
	if (s->after.tx_dropped != s->before.tx_dropped)
		fprintf(stderr, "dropped  %" PRIu64 " by the interface after it had taken them\n",
			s->after.tx_dropped - s->before.tx_dropped);
	fprintf(stderr, "ledger   offered %" PRIu64 " sent %" PRIu64 " refused %" PRIu64 ": %s\n",
		o->offered, o->sent, outgoing_refused(o),
		outgoing_balanced(o) ? "balanced" : "does not balance");
}

static void report_interface(struct json_object *root, const struct sender *s)
{
	struct json_object *o = add_object(root, "interface");

	add_str(o, "name", s->tx.iface.name);
	add_u64(o, "mtu", s->tx.iface.mtu);
	add_u64(o, "tx_frames", s->after.tx_frames - s->before.tx_frames);
	add_u64(o, "tx_errors", s->after.tx_errors - s->before.tx_errors);
	add_u64(o, "tx_dropped", s->after.tx_dropped - s->before.tx_dropped);
}

static void report_ledger(struct json_object *root, const struct sender *s)
{
	const struct outgoing *out = &s->out;
	struct json_object *o = add_object(root, "ledger");

	add_u64(o, "offered", out->offered);
	add_u64(o, "sent", out->sent);
	add_u64(o, "refused", outgoing_refused(out));
	for (int fate = 0; fate < OUTGOING_REFUSALS; fate++)
		add_u64(o, outgoing_fate_name((enum outgoing_fate)fate), out->count[fate]);
	add_bool(root, "balanced", outgoing_balanced(out));
	o = add_object(root, "notices");
	for (int fate = OUTGOING_REFUSALS; fate < OUTGOING_FATES; fate++)
		add_u64(o, outgoing_fate_name((enum outgoing_fate)fate), out->count[fate]);
	add_u64(root, "sent_bytes", out->sent_bytes);
	add_u64(root, "retries", out->retries);
}

static int report(const struct sender *s, struct err *err)
{
	struct json_object *root = json_object_new_object(), *o;
	char asked[RAMP_BYTES_MAX + 16];

	add_str(root, "version", SECVF_VERSION);
	report_interface(root, s);
	report_ledger(root, s);
	o = add_object(root, "rate");
	pace_rate_text(&s->options->rate, asked, sizeof(asked));
	add_str(o, "mode", pace_mode_name(s->options->rate.mode));
	add_str(o, "asked", asked);
	add_double(o, "achieved", achieved(s));
	add_str(o, "unit", "frames/s");
	add_quantiles(add_object(o, "jitter"), &s->lateness);
	add_quantiles(add_object(o, "gap_error"), &s->gap_error);
	add_files(root, s->replay);
	add_bool(root, "interrupted", interrupted != 0);
	o = add_object(root, "timing");
	add_u64(o, "source_ns", s->end_ns - s->start_ns);
	add_u64(o, "cpu_ns", add_cpu_ns());
	add_memory(root);
	return add_write(root, s->options->report, err);
}

/* Frames that the interface dropped behind our back are not lost silently either. */
static void tell_dropped_behind(struct sender *s)
{
	uint64_t dropped = s->after.tx_dropped - s->before.tx_dropped;

	if (!dropped)
		return;
	audit_begin(&s->audit, "interface_dropped");
	audit_str(&s->audit, "interface", s->tx.iface.name);
	audit_u64(&s->audit, "count", dropped);
	audit_end(&s->audit);
}

static int finish(struct sender *s)
{
	char rate[RAMP_BYTES_MAX + 16], title[RAMP_BYTES_MAX + 80];
	struct err err = {0};
	int exit = EXIT_BALANCED;

	iface_counters(&s->tx.iface, &s->after);
	tell_dropped_behind(s);
	if (!s->options->quiet)
		summary(s);
	if (s->audit_file.unwritten) {
		fprintf(stderr,
			"secvf: audit log %s: %llu lines could not be written; --audit names "
			"another file\n",
			s->audit_file.path, (unsigned long long)s->audit_file.unwritten);
		exit = EXIT_ENVIRONMENT;
	}
	if (s->failure.exit)
		exit = cli_say(&s->failure);
	if (s->options->report && report(s, &err))
		exit = cli_say(&err);
	pace_rate_text(&s->options->rate, rate, sizeof(rate));
	snprintf(title, sizeof(title), "secvf replay --to iface:%s, %s", s->tx.iface.name, rate);
	if (sampler_save(&s->sampler, s->options->load.series, s->options->load.plot, title,
			 "Lateness, greatest (ms from due to sent)", &err))
		exit = cli_say(&err);
	if (!outgoing_balanced(&s->out)) {
		fprintf(stderr,
			"secvf: the ledger does not balance: %" PRIu64
			" frames were offered, %" PRIu64 " sent and %" PRIu64 " refused\n",
			s->out.offered, s->out.sent, outgoing_refused(&s->out));
		exit = EXIT_UNBALANCED;
	}
	return exit;
}

/* ---- start and stop ---- */

static int no_port(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

/* On the sampler's thread. */
static void sample(void *ctx, uint64_t now_ns, struct series_row *row)
{
	struct sender *s = ctx;
	uint64_t began_ns = atomic_load_explicit(&s->began_ns, memory_order_relaxed);

	row->asked_milli = sampler_asked(&s->options->rate, began_ns, now_ns);
	row->frames = atomic_load_explicit(&s->frames, memory_order_relaxed);
	row->dropped = atomic_load_explicit(&s->refused, memory_order_relaxed);
	row->latency_ns = atomic_exchange_explicit(&s->late_ns, 0, memory_order_relaxed);
}

static bool from_pipe(const struct options *o)
{
	for (unsigned i = 0; i < o->replay.file_count; i++) {
		if (strcmp(o->replay.files[i], "-") == 0)
			return true;
	}
	return false;
}

static bool prepare(struct sender *s, struct err *err)
{
	struct replay_ports ports = {.port = no_port, .ctx = s};
	struct outgoing_teller teller = {.run = on_run, .ctx = s};

	if (!txsock_open(&s->tx, "--to", s->options->load.to, err))
		return false;
	err_set(err, EXIT_ENVIRONMENT, "out of memory or descriptors at the start");
	if (waker_init(&s->waker))
		return false;
	outgoing_init(&s->out, s->tx.iface.mtu, teller);
	s->batches = !from_pipe(s->options);
	s->audit = (struct audit){.line = audit_file_line, .ctx = &s->audit_file};
	s->replay = replay_open(&s->options->replay, ports, err);
	return s->replay != NULL;
}

static int send_all(struct sender *s)
{
	struct err err;
	int exit;

	if (audit_file_open(&s->audit_file, s->options->audit, &err))
		cli_say(&err);
	nap_exactly();
	iface_counters(&s->tx.iface, &s->before);
	nap_init(&s->nap, &s->waker);
	handle_signals(&s->waker);
	if ((s->options->load.plot || s->options->load.series) &&
	    sampler_start(&s->sampler, sample, s)) {
		err_set(&s->failure, EXIT_ENVIRONMENT, "could not start a thread");
	} else {
		run(s);
		sampler_stop(&s->sampler);
	}
	exit = finish(s);
	handle_signals(NULL);
	return exit;
}

int send_run(const struct options *o, struct send_result *result)
{
	struct sender *s = calloc(1, sizeof(*s));
	struct err err = {0};
	int exit;

	check(s);
	s->options = o;
	s->audit_file.fd = -1;
	s->tx.fd = s->waker.fd[0] = -1;
	exit = prepare(s, &err) ? send_all(s) : cli_say(&err);
	if (result)
		*result = (struct send_result){
			.sent = s->out.sent,
			.no_room =
				s->out.count[OUTGOING_NO_BUFFERS] + s->out.count[OUTGOING_FAILED],
			.dropped_behind = s->after.tx_dropped - s->before.tx_dropped,
		};
	replay_close(s->replay);
	txsock_close(&s->tx);
	if (s->waker.fd[0] >= 0)
		waker_done(&s->waker);
	audit_done(&s->audit);
	audit_file_close(&s->audit_file);
	free(s);
	return exit;
}
