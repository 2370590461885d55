/* doctor_decode.c - the checks of `secvf doctor` that go the pipeline's way
 *
 * The port is the pipeline's, and so are the words that tshark is started with, the blocks that it
 * is fed, and the scanner that reads its line. So what works here works there.
 */
#include "cli/doctor_decode.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor_ask.h"
#include "cli/doctor_tidy.h"
#include "ek/ek_record.h"
#include "os/port_posix.h"
#include "os/scratch.h"
#include "pcapng/pcapng_write.h"
#include "tshark/args.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* Opening a FIFO has no descriptor to wait for: it is tried again, as the pipeline does. */
#define RETRY_NS (2 * NS_PER_MS)

/* 1 s after 2023-11-14 22:13:20 UTC; any time does. */
#define FRAME_NS UINT64_C(1700000001000000000)

/* Who has 192.0.2.2? Tell 192.0.2.1 (RFC 826; addresses of RFC 5737): needs no preference, no
 * other frame and no name. */
static const unsigned char frame[60] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,   0, 0, 0, 1, 8, 6, 0, 1, 8, 0,   6, 4, 0,
	1,    2,    0,	  0,	0,    0,    1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2,
};

struct decode {
	struct port_posix posix;
	struct port port;
	char fifo[PORT_PATH_MAX];
	bool made;
	struct port_child child;
	uint64_t start_ns, until_ns;
	struct doctor_said said;
	bool fed; /* tshark had opened the FIFO, and took the frame */
};

static int make_fifo(struct decode *c)
{
	sigset_t before;
	int error;

	port_posix_init(&c->posix, &c->port);
	doctor_tidy_hold(&before);
	error = c->port.ops->fifo_make(c->port.ctx, c->fifo);
	if (c->posix.dir[0])
		doctor_tidy_note(c->posix.dir);
	c->made = !error;
	if (c->made)
		doctor_tidy_note(c->fifo);
	doctor_tidy_release(&before);
	return error;
}

static void remove_fifo(struct decode *c)
{
	if (c->made)
		doctor_tidy_remove(c->fifo);
	if (c->posix.dir[0])
		doctor_tidy_remove(c->posix.dir);
}

void doctor_check_fifo(struct doctor *d, struct doctor_finding *f)
{
	struct decode c = {0};
	int error = make_fifo(&c);

	d->fifo = !error;
	if (d->fifo) {
		doctor_say(f, DOCTOR_OK, "can be made in %s", scratch_base());
	} else {
		doctor_say(f, DOCTOR_FAILED, "none can be made in %s: %s", scratch_base(),
			   strerror(-error));
		doctor_advise(f,
			      "set TMPDIR to a folder of yours on a file system that has FIFOs, "
			      "with a path of less than %u bytes",
			      (unsigned)sizeof(c.posix.dir) - 13);
	}
	remove_fifo(&c);
}

/* A section, its interface, one packet: what the pipeline feeds. Return: false without memory */
static bool lay_out(struct buf *b)
{
	const struct pcapng_packet packet = {
		.data = frame, .caplen = sizeof(frame), .len = sizeof(frame), .ts_ns = FRAME_NS};
	uint32_t n = pcapng_packet_bytes(&packet);

	pcapng_put_section(b, NULL, NULL, "secvf doctor", NULL);
	pcapng_put_interface(b, 1, sizeof(frame), "doctor", NULL);
	if (b->failed || !buf_reserve(b, n))
		return false;
	pcapng_packet((unsigned char *)b->p + b->n, &packet);
	b->n += n;
	return true;
}

static int start(struct decode *c, const char *tshark)
{
	const struct args_config config = {
		.tshark = tshark, .fifo = c->fifo, .profile = PROFILE_LEAN};
	struct args args;
	sigset_t before;
	int error = -ENOMEM;

	c->child = (struct port_child){.out = -1, .err = -1};
	if (args_make(&args, &config)) {
		doctor_tidy_hold(&before);
		error = c->port.ops->spawn(c->port.ctx, args.argv, &c->child);
		if (!error)
			doctor_tidy_child(c->child.pid);
		doctor_tidy_release(&before);
	}
	args_done(&args);
	return error;
}

/* Once tshark reads, all of it at once: it is less than the least that a FIFO holds. */
static int feed(struct decode *c, const struct buf *b)
{
	const struct iovec part = {.iov_base = b->p, .iov_len = b->n};
	int fd;

	while ((fd = c->port.ops->fifo_open(c->port.ctx, c->fifo)) == -ENXIO) {
		uint64_t now_ns = clock_now_ns();

		if (now_ns >= c->until_ns)
			return -ETIMEDOUT;
		/* With both outputs at their end it has exited, or is of no use any more. */
		if (doctor_hear(&c->child.out, &c->child.err, now_ns + RETRY_NS, &c->said)) {
			return -EPIPE;
		}
	}
	if (fd < 0)
		return fd;
	c->fed = c->port.ops->writev(c->port.ctx, fd, &part, 1) == (ssize_t)b->n;
	c->port.ops->close(c->port.ctx, fd);
	return c->fed ? 0 : -EPIPE;
}

/* Of all lines that tshark printed, that of our frame. */
static bool find_frame(const struct doctor_said *said, struct ek_record *r)
{
	const char *p = said->out.p;

	while (*p) {
		size_t n = strcspn(p, "\n");

		ek_record_scan(r, p, n);
		if (r->kind == EK_DOCUMENT && r->has_number && r->number == 1)
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

static void judge(const struct doctor *d, const struct decode *c, int error,
		  struct doctor_finding *f)
{
	unsigned seconds = (unsigned)(d->timeout_ns / NS_PER_S);
	unsigned ms = (unsigned)((clock_now_ns() - c->start_ns) / NS_PER_MS) + 1;
	const char *line = "";
	size_t n = doctor_said_first(&c->said, &line);
	struct ek_record r;
	char end[32];

	if (!error && find_frame(&c->said, &r) && !c->said.status) {
		doctor_say(f, n ? DOCTOR_WARNING : DOCTOR_OK,
			   "one frame in and out in %u ms, as %.*s", ms,
			   (int)r.field[EK_PROTOCOL].n,
			   r.field[EK_PROTOCOL].p ? r.field[EK_PROTOCOL].p : "");
		if (n)
			buf_printf(&f->found, "; but tshark said: %.*s", (int)n, line);
	} else if (error == -ETIMEDOUT) {
		doctor_say(f, DOCTOR_FAILED, "tshark %s within %u s%s%.*s",
			   c->fed ? "took a frame, and did not end" : "did not open its FIFO",
			   seconds, n ? "; it said: " : "", (int)n, line);
	} else if (c->said.ended) {
		doctor_say(f, DOCTOR_FAILED, "tshark ended with %s %s%s%.*s",
			   doctor_said_end(&c->said, end),
			   c->fed ? "without a line for the frame" : "before it read anything",
			   n ? "; it said: " : "", (int)n, line);
	} else {
		doctor_say(f, DOCTOR_FAILED, "%s: %s", d->tshark.path, strerror(-error));
	}
	if (f->status == DOCTOR_OK)
		return;
	if (c->said.err.n > n && n)
		doctor_advise(f, "`%s -n -T ek -r` of any capture shows all that it says",
			      d->tshark.path);
	doctor_advise(f, "see that its preferences, profile and plugins are whole (`tshark -G "
			 "folders` says where they are), or name another with --tshark PATH");
}

void doctor_check_decode(struct doctor *d, struct doctor_finding *f)
{
	struct decode c = {.start_ns = clock_now_ns()};
	struct buf b = {0};
	int error, late;

	c.until_ns = c.start_ns + d->timeout_ns;
	if (!d->tshark.found || !d->fifo) {
		doctor_say(f, DOCTOR_SKIPPED,
			   d->fifo ? "there is no tshark" : "there is no FIFO to feed it by");
		return;
	}
	error = lay_out(&b) ? make_fifo(&c) : -ENOMEM;
	if (!error)
		error = start(&c, d->tshark.path);
	if (!error) {
		error = feed(&c, &b);
		(void)doctor_hear(&c.child.out, &c.child.err, c.until_ns, &c.said);
		/* One that hangs is not waited for twice. */
		late = doctor_reap(c.child.pid, error == -ETIMEDOUT ? 0 : c.until_ns, &c.said);
		error = error && error != -EPIPE ? error : late;
	}
	judge(d, &c, error, f);
	if (c.child.pid && c.child.out >= 0)
		close(c.child.out);
	if (c.child.pid && c.child.err >= 0)
		close(c.child.err);
	doctor_said_done(&c.said);
	buf_done(&b);
	remove_fifo(&c);
}
