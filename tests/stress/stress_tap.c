/* stress_tap.c - the tap between a switch's thread and a pipeline's
 *
 * Goal: whatever the timing, each frame is taken, dropped or filtered, once, with the bytes, the id
 * and the stamp that are its own; every dropped serial is covered by a report, none that was taken
 * is; no data race (ThreadSanitizer).
 *
 * Method: one thread publishes 500,000 frames into a queue of 64 without ever waiting, the other
 * takes frames and reports and sleeps when there is nothing; then each serial is looked up. A frame
 * carries its serial in its data, its time stamp and the time of its publication. Segments are
 * short, given back by either thread, and used again. Once each frame wakes the other thread, once
 * each sixteenth does.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/waker.h"
#include "tap/tap.h"

#define FRAMES UINT64_C(500000)

struct stress {
	struct tap tap;
	struct waker waker;
	unsigned char *fate; /* by serial: 1 taken, 2 in a report */
	uint64_t taken, told, reports, wrong;
};

/* Every seventh frame is out of scope, so that runs of drops are short and many. */
static unsigned port_of(uint64_t serial)
{
	return serial % 7 == 0;
}

static void *publish(void *ctx)
{
	struct stress *s = ctx;

	for (uint64_t serial = 1; serial <= FRAMES; serial++) {
		struct frame f = {.data = (const unsigned char *)&serial,
				  .caplen = sizeof(serial),
				  .len = sizeof(serial),
				  .serial = serial,
				  .ts_ns = serial,
				  .published_ns = serial * 1000};

		port_set_add(&f.ports, port_of(serial));
		tap_publish(&s->tap, &f);
	}
	tap_end(&s->tap);
	return NULL;
}

static void mark(struct stress *s, uint64_t serial, unsigned char fate)
{
	if (serial < 1 || serial > FRAMES || s->fate[serial])
		s->wrong++;
	else
		s->fate[serial] = fate;
}

static void take_all(struct stress *s)
{
	struct tap_report *report;
	struct tap_frame f;

	while (tap_take(&s->tap, &f)) {
		struct packet_view v = packet_of(f.block);

		mark(s, v.ts_ns, 1);
		s->taken++;
		if (v.caplen != sizeof(v.ts_ns) || memcmp(v.data, &v.ts_ns, v.caplen) != 0 ||
		    f.id != s->taken || segment_published(f.segment, f.id) != v.ts_ns * 1000)
			s->wrong++;
	}
	while ((report = tap_take_report(&s->tap))) {
		/* Runs that had to be joined cover more serials than they count. */
		for (uint64_t serial = report->run.first; serial <= report->run.last; serial++) {
			if (report->run.count == report->run.last - report->run.first + 1)
				mark(s, serial, 2);
			else if (!s->fate[serial])
				s->fate[serial] = 3;
		}
		s->told += report->run.count;
		s->reports++;
		tap_report_free(report);
	}
}

static bool check_end(const struct stress *s)
{
	const struct tap *t = &s->tap;
	uint64_t uncovered = 0;

	for (uint64_t serial = 1; serial <= FRAMES; serial++)
		uncovered += !s->fate[serial] && port_of(serial) == 0;
	if (t->forwarded == FRAMES && t->out_of_scope == FRAMES / 7 && t->dropped_queue > 0 &&
	    t->forwarded == t->out_of_scope + t->dropped_queue + s->taken &&
	    s->told == t->dropped_queue && !uncovered && !s->wrong)
		return true;
	fprintf(stderr,
		"forwarded %llu, out of scope %llu, dropped %llu; taken %" PRIu64 ", told %" PRIu64
		" in %" PRIu64 " reports, uncovered %" PRIu64 ", wrong %" PRIu64 "\n",
		t->forwarded, t->out_of_scope, t->dropped_queue, s->taken, s->told, s->reports,
		uncovered, s->wrong);
	return false;
}

static bool run(uint32_t batch)
{
	static struct stress s;
	struct tap_config config = {
		.queue_limit = 64,
		.batch = batch,
		.segment_frames = 100,
		.wake_consumer = {waker_wake, &s.waker},
	};
	pthread_t thread;
	bool ok;

	memset(&s, 0, sizeof(s));
	port_set_add(&config.scope, 0);
	s.fate = calloc(FRAMES + 1, 1);
	if (!s.fate || waker_init(&s.waker) || tap_init(&s.tap, &config) ||
	    pthread_create(&thread, NULL, publish, &s))
		return false;
	while (!tap_ended(&s.tap)) {
		struct pollfd fd = {.fd = waker_fd(&s.waker), .events = POLLIN};

		take_all(&s);
		if (!ring_consumer_sleeps(&s.tap.frames))
			continue;
		poll(&fd, 1, -1);
		waker_clear(&s.waker);
		ring_consumer_wakes(&s.tap.frames);
	}
	pthread_join(thread, NULL);
	ok = check_end(&s);
	tap_done(&s.tap);
	waker_done(&s.waker);
	free(s.fate);
	return ok;
}

int main(void)
{
	alarm(120);
	return !run(1) || !run(16);
}
