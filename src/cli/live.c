/* live.c - interfaces and tap devices as ports */
#include "cli/live.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cli/add.h"
#include "cli/session.h"

static const char *const loss_names[] = {
	[LIVE_FULL] = "tap_full", [LIVE_DOWN] = "tap_down", [LIVE_FAILED] = "tap_failed"};
_Static_assert(sizeof(loss_names) / sizeof(loss_names[0]) == LIVE_LOSSES, "each has its name");

static const struct iface *iface_of(const struct live_port *p)
{
	return p->asked->is_tap ? &p->tap.iface : &p->ring.iface;
}

/* ---- out ---- */

static enum live_loss loss_of(int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM: return LIVE_FULL;
	case EIO:
	case ENETDOWN: return LIVE_DOWN;
	default: return LIVE_FAILED;
	}
}

static void put_out(struct session *s, struct live_port *p, const struct frame *f)
{
	int error = tapdev_write(&p->tap, f->data, f->caplen);
	enum live_loss why;

	if (!error) {
		p->out++;
		p->out_bytes += f->caplen;
		return;
	}
	why = loss_of(-error);
	p->lost[why]++;
	p->loss[why].event = "not_sent";
	p->loss[why].cause = loss_names[why];
	p->loss[why].port = switch_port_name(s->eth, p->port);
	tap_lost(&s->pipeline->tap, &p->loss[why], f);
}

/* The switch's subscriber: each frame that it forwarded. */
static void on_forwarded(void *ctx, const struct frame *f)
{
	struct session *s = ctx;

	for (unsigned i = 0; i < s->live.count; i++) {
		struct live_port *p = &s->live.port[i];

		if (p->open && p->asked->is_tap && f->ingress != p->port &&
		    port_set_has(&f->ports, p->port))
			put_out(s, p, f);
	}
}

/* ---- in ---- */

static void measure(const struct session *s, struct live_port *p, uint64_t ts_ns)
{
	const struct pace_rate *expect = &s->options.load.expect;
	uint64_t gap_ns;

	if (!p->in) {
		p->first_ts_ns = p->last_ts_ns = ts_ns;
		return;
	}
	gap_ns = ts_ns > p->last_ts_ns ? ts_ns - p->last_ts_ns : 0;
	hist_add(&p->gap, gap_ns);
	if (expect->den) {
		uint64_t due_ns = (uint64_t)((double)expect->den * 1e9 / (double)expect->num);

		hist_add(&p->gap_error, gap_ns > due_ns ? gap_ns - due_ns : due_ns - gap_ns);
	}
	p->last_ts_ns = ts_ns;
}

/* One frame. Return: whether there was one */
static bool take(struct session *s, struct live_port *p)
{
	struct frame f;

	if (p->asked->is_tap) {
		int result = tapdev_read(&p->tap, &f);

		p->troubled = result < 0;
		if (result <= 0)
			return false;
		f.ts_ns = clock_wall_ns();
	} else if (!rxring_next(&p->ring, &f)) {
		return false;
	} else {
		measure(s, p, f.ts_ns);
	}
	p->in++;
	p->in_bytes += f.caplen;
	session_offer(s, &f, p->port, clock_now_ns());
	return true;
}

static uint64_t new_drops(struct live_port *p)
{
	struct iface_counters c;
	uint64_t before = p->dropped_before;

	if (!p->asked->is_tap)
		return rxring_drops(&p->ring);
	/* What the system sent into the device and found no room in it. */
	if (!iface_counters(&p->tap.iface, &c) || c.tx_dropped < before)
		return 0;
	p->dropped_before = c.tx_dropped;
	return c.tx_dropped - before;
}

static void look_for_drops(struct session *s, struct live_port *p)
{
	uint64_t n = new_drops(p), serial = atomic_load_explicit(&s->sent, memory_order_relaxed);
	struct run *run = &p->kernel.run;

	if (n) {
		p->kernel_drops += n;
		atomic_fetch_add_explicit(&s->live.kernel_drops, n, memory_order_relaxed);
		p->kernel.event = "drop";
		p->kernel.cause = "kernel";
		p->kernel.port = switch_port_name(s->eth, p->port);
		if (!run->count) {
			run->first = serial;
			run->first_ts_ns = clock_wall_ns();
		}
		run->last = serial;
		run->last_ts_ns = clock_wall_ns();
		run->count += n;
	}
	if (tap_report(&s->pipeline->tap, &p->kernel))
		*run = (struct run){0};
	if (tap_report(&s->pipeline->tap, &p->state))
		p->state.run.count = 0;
}

static void close_port(struct live_port *p)
{
	if (p->asked->is_tap)
		tapdev_close(&p->tap);
	else
		rxring_close(&p->ring);
	p->open = false;
}

/* "interface" in the audit log. The pipeline's thread writes it, as all while it runs. */
static void say(struct session *s, struct live_port *p, const char *what)
{
	struct tap_report *r = &p->state;
	uint64_t serial = atomic_load_explicit(&s->sent, memory_order_relaxed);

	r->event = "interface";
	r->cause = what;
	r->port = switch_port_name(s->eth, p->port);
	r->run = (struct run){.count = 1,
			      .first = serial,
			      .last = serial,
			      .first_ts_ns = clock_wall_ns(),
			      .last_ts_ns = clock_wall_ns()};
	if (tap_report(&s->pipeline->tap, r))
		r->run.count = 0;
	/* No frame may come for long to wake who writes it. */
	tap_flush(&s->pipeline->tap);
}

/* The interface went down, came up again, or has gone. */
static void look_for_trouble(struct session *s, struct live_port *p)
{
	enum iface_state state = iface_state(iface_of(p));

	if (state == IFACE_GONE) {
		say(s, p, "gone");
		err_set(&s->failure, EXIT_ENVIRONMENT,
			"%s: interface '%s' has gone after %" PRIu64 " frames; what had come was "
			"captured",
			p->asked->is_tap ? "--port" : "--from", p->asked->name, p->in);
		look_for_drops(s, p);
		close_port(p);
		if (--s->live.open == 0 && !s->replay)
			s->over = true;
		return;
	}
	if (p->down == (state == IFACE_DOWN))
		return;
	p->down = !p->down;
	say(s, p, p->down ? "down" : "up");
}

bool live_input(struct session *s)
{
	struct live *l = &s->live;
	uint64_t now_ns;
	bool more = false, look;

	if (!l->open)
		return false;
	now_ns = clock_now_ns();
	look = now_ns - l->look_ns >= LIVE_LOOK_NS;
	l->turn_ns = now_ns;
	if (look)
		l->look_ns = now_ns;
	for (unsigned i = 0; i < l->count && !s->over; i++) {
		struct live_port *p = &l->port[i];
		unsigned n = 0;

		if (!p->open)
			continue;
		while (n < LIVE_TURN_FRAMES && !s->over && take(s, p))
			n++;
		more |= n == LIVE_TURN_FRAMES;
		if (look)
			look_for_drops(s, p);
		if (!n && !p->asked->is_tap)
			p->troubled = rxring_troubled(&p->ring);
		if (p->troubled || look)
			look_for_trouble(s, p);
	}
	return more;
}

void live_glance(struct session *s, uint64_t now_ns)
{
	if (s->live.open && now_ns - s->live.turn_ns >= LIVE_TURN_NS)
		live_input(s);
}

uint64_t live_patience(const struct live *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (l->port[i].open && l->port[i].down)
			return LIVE_LOOK_NS;
	}
	return UINT64_MAX;
}

nfds_t live_fds(const struct live *l, struct pollfd *fds)
{
	nfds_t n = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct live_port *p = &l->port[i];

		if (p->open)
			fds[n++] = (struct pollfd){.fd = p->asked->is_tap ? tapdev_fd(&p->tap)
									  : rxring_fd(&p->ring),
						   .events = POLLIN};
	}
	return n;
}

/* ---- start and end ---- */

static bool open_port(struct session *s, struct live_port *p, const struct load_port *asked,
		      struct err *err)
{
	struct iface_counters c;
	int port;

	p->asked = asked;
	p->ring.fd = p->tap.fd = -1;
	if (asked->is_tap ? !tapdev_open(&p->tap, "--port", asked->name, err)
			  : !rxring_open(&p->ring, "--from", asked->name, err))
		return false;
	p->open = true;
	p->down = !asked->is_tap && !p->ring.iface.up;
	if (asked->is_tap && iface_counters(&p->tap.iface, &c))
		p->dropped_before = c.tx_dropped;
	port = session_port_add(s, asked->name);
	if (port >= 0) {
		p->port = (unsigned)port;
		return true;
	}
	err_set(err, EXIT_ENVIRONMENT, "the switch has no port for '%s': %s", asked->name,
		strerror(-port));
	return false;
}

bool live_open(struct session *s, struct err *err)
{
	const struct load_options *load = &s->options.load;
	struct subscriber out = {.publish = on_forwarded, .ctx = s};

	for (unsigned i = 0; i < load->ports; i++) {
		s->live.count++;
		if (!open_port(s, &s->live.port[i], &load->port[i], err))
			return false;
		s->live.open++;
	}
	return !load->ports || switch_subscribe(s->eth, out) == 0;
}

void live_say(struct session *s)
{
	struct audit audit = {.line = audit_file_line, .ctx = &s->audit};

	for (unsigned i = 0; i < s->live.count; i++) {
		const struct live_port *p = &s->live.port[i];

		audit_begin(&audit, "interface_opened");
		audit_str(&audit, "interface", p->asked->name);
		audit_str(&audit, "kind", p->asked->is_tap ? "tap" : "iface");
		audit_end(&audit);
	}
	audit_done(&audit);
}

void live_close(struct session *s)
{
	struct live *l = &s->live;

	for (unsigned i = 0; i < l->count; i++) {
		struct live_port *p = &l->port[i];

		if (p->open && s->pipeline)
			look_for_drops(s, p);
		if (p->open)
			close_port(p);
		/* Nothing is left of them where no frame ever came. */
		session_tell(s, &p->kernel);
		session_tell(s, &p->state);
		for (int why = 0; why < LIVE_LOSSES; why++)
			session_tell(s, &p->loss[why]);
	}
	l->open = 0;
}

/* ---- what came and went ---- */

static double per_second(const struct live_port *p)
{
	uint64_t ns = p->last_ts_ns - p->first_ts_ns;

	return ns ? (double)(p->in - 1) * 1e9 / (double)ns : 0;
}

void live_summary(const struct session *s)
{
	for (unsigned i = 0; i < s->live.count; i++) {
		const struct live_port *p = &s->live.port[i];

		fprintf(stderr, "%-8s %s: in %" PRIu64, p->asked->is_tap ? "tap" : "iface",
			p->asked->name, p->in);
		if (p->asked->is_tap)
			fprintf(stderr, ", out %" PRIu64, p->out);
		if (p->gap.total)
			fprintf(stderr, " (%.0f/s)", per_second(p));
		for (int why = 0; why < LIVE_LOSSES; why++) {
			if (p->lost[why])
				fprintf(stderr, ", %s %" PRIu64, loss_names[why], p->lost[why]);
		}
		fprintf(stderr, ", dropped by the kernel %" PRIu64 "\n", p->kernel_drops);
	}
}

static void report_gaps(struct json_object *o, const struct session *s, const struct live_port *p)
{
	char expected[64] = "";

	/* By the kernel's time stamps, of arrival. */
	add_double(o, "achieved", per_second(p));
	add_u64(o, "span_ns", p->last_ts_ns - p->first_ts_ns);
	add_quantiles(add_object(o, "gap"), &p->gap);
	if (!s->options.load.expect.den)
		return;
	pace_rate_text(&s->options.load.expect, expected, sizeof(expected));
	add_str(o, "expected", expected);
	add_quantiles(add_object(o, "gap_error"), &p->gap_error);
}

void live_report(struct json_object *root, const struct session *s)
{
	struct json_object *all = add_object(root, "interfaces");

	for (unsigned i = 0; i < s->live.count; i++) {
		const struct live_port *p = &s->live.port[i];
		struct json_object *o = add_object(all, p->asked->name);

		add_str(o, "kind", p->asked->is_tap ? "tap" : "iface");
		add_u64(o, "in", p->in);
		add_u64(o, "in_bytes", p->in_bytes);
		add_u64(o, "kernel_drops", p->kernel_drops);
		if (!p->asked->is_tap) {
			report_gaps(o, s, p);
			continue;
		}
		add_u64(o, "out", p->out);
		add_u64(o, "out_bytes", p->out_bytes);
		for (int why = 0; why < LIVE_LOSSES; why++)
			add_u64(o, loss_names[why], p->lost[why]);
	}
}
