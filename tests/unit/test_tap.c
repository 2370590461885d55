/* test_tap.c - scope, capture filter, queue, and reports of drops
 *
 * Goal: each frame published is counted once: out of scope, refused by the filter, dropped, or
 * laid out and queued; each run of drops is told with its exact first, last, count and times, and
 * where reports are backed up the runs are joined and the count stays exact; the end comes last.
 * Segments, one after the other, are the rest of a pcapng file: ports declared before their first
 * frame and once, at starts of segments; frames exact, with what was dropped before each.
 *
 * Method: frames with chosen serials go into small queues, reports are compared number by number;
 * the serial comes back in the time stamp. The limit of reports is reached with drops that never
 * follow one another. Segments are compared with bytes put by another hand (capture_image.h), come
 * from a source that counts what is freed, and, after a random run, are read back as a file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/capfile.h"
#include "capture_image.h"
#include "frames.h"
#include "random.h"
#include "tap/tap.h"

static uint64_t ts_of(uint64_t serial)
{
	return UINT64_C(1000000000000) + serial * 10;
}

static void publish_at(struct tap *t, uint64_t serial, unsigned ingress, int egress)
{
	struct subscriber s = tap_subscriber(t);
	struct frame *f = frames_new(60);

	f->serial = serial;
	f->ts_ns = ts_of(serial);
	f->ingress = (uint16_t)ingress;
	port_set_add(&f->ports, ingress);
	if (egress >= 0)
		port_set_add(&f->ports, (unsigned)egress);
	s.publish(s.ctx, f);
	free(f);
}

static void publish(struct tap *t, uint64_t serial)
{
	publish_at(t, serial, 0, -1);
}

static uint64_t serial_of(const unsigned char *block)
{
	return (packet_of(block).ts_ns - ts_of(0)) / 10;
}

static uint64_t take(struct tap *t)
{
	struct tap_frame f;

	if (!tap_take(t, &f))
		return 0;
	assert_true(segment_has(f.segment, f.block));
	assert_true(f.id >= f.segment->first_id);
	return serial_of(f.block);
}

static void begin(struct tap *t, uint32_t limit)
{
	assert_int_equal(tap_init(t, &(struct tap_config){.queue_limit = limit, .all = true}), 0);
}

static void expect_report(struct tap *t, uint64_t first, uint64_t last, uint64_t count)
{
	struct tap_report *r = tap_take_report(t);

	assert_non_null(r);
	assert_string_equal(r->event, "drop");
	assert_string_equal(r->cause, "dropped_queue");
	assert_null(r->port);
	assert_int_equal(r->run.first, first);
	assert_int_equal(r->run.last, last);
	assert_int_equal(r->run.count, count);
	assert_int_equal(r->run.first_ts_ns, ts_of(first));
	assert_int_equal(r->run.last_ts_ns, ts_of(last));
	free(r);
}

/* A frame that came in by a wanted port or went out of one. */
static void scope_is_either_end(void **state)
{
	struct tap_config config = {.queue_limit = 100};
	struct tap t;

	(void)state;
	port_set_add(&config.scope, 3);
	port_set_add(&config.scope, 100);
	assert_int_equal(tap_init(&t, &config), 0);
	publish_at(&t, 1, 3, 5);
	publish_at(&t, 2, 5, 3);
	publish_at(&t, 3, 5, 6);
	publish_at(&t, 4, 100, -1);
	publish_at(&t, 5, 99, 36);
	assert_int_equal(t.forwarded, 5);
	assert_int_equal(t.out_of_scope, 2);
	tap_scope_add(&t, 6);
	publish_at(&t, 6, 5, 6);
	assert_int_equal(t.out_of_scope, 2);
	assert_int_equal(take(&t), 1);
	assert_int_equal(take(&t), 2);
	assert_int_equal(take(&t), 4);
	assert_int_equal(take(&t), 6);
	assert_int_equal(take(&t), 0);
	tap_done(&t);
}

static void all_overrides_scope(void **state)
{
	struct tap_config config = {.queue_limit = 100, .all = true};
	struct tap t;

	(void)state;
	port_set_add(&config.scope, 3);
	assert_int_equal(tap_init(&t, &config), 0);
	publish_at(&t, 1, 9, 8);
	assert_int_equal(take(&t), 1);
	assert_int_equal(t.out_of_scope, 0);
	tap_done(&t);
}

static void filtered_frames_are_counted(void **state)
{
	struct err err;
	struct bpf *none = bpf_compile("tcp port 80", &err);
	struct bpf *every = bpf_compile("len = 60", &err);
	struct tap_config config = {.queue_limit = 1, .filter = none};
	struct tap t;

	(void)state;
	port_set_add(&config.scope, 0);
	assert_int_equal(tap_init(&t, &config), 0);
	for (uint64_t i = 1; i <= 5; i++)
		publish(&t, i);
	publish_at(&t, 6, 1, 2);
	assert_int_equal(t.forwarded, 6);
	assert_int_equal(t.prefiltered, 5);
	assert_int_equal(t.out_of_scope, 1); /* scope comes first: not counted twice */
	assert_int_equal(t.dropped_queue, 0);
	assert_int_equal(take(&t), 0);
	tap_done(&t);
	config.filter = every;
	assert_int_equal(tap_init(&t, &config), 0);
	publish(&t, 1);
	assert_int_equal(t.prefiltered, 0);
	assert_int_equal(take(&t), 1);
	tap_done(&t);
	bpf_free(none);
	bpf_free(every);
}

static void drops_are_told_in_runs(void **state)
{
	struct tap t;

	(void)state;
	begin(&t, 2);
	for (uint64_t i = 1; i <= 10; i++)
		publish(&t, i); /* 1, 2 queued; 3 to 10 dropped */
	assert_int_equal(t.dropped_queue, 8);
	assert_null(tap_take_report(&t)); /* it may still grow */
	assert_int_equal(take(&t), 1);
	publish(&t, 11); /* queued: the run is over */
	expect_report(&t, 3, 10, 8);
	publish(&t, 12);
	publish(&t, 20); /* another run: other frames lie between */
	expect_report(&t, 12, 12, 1);
	publish(&t, 21);
	tap_end(&t);
	assert_false(tap_ended(&t));
	expect_report(&t, 20, 21, 2);
	assert_null(tap_take_report(&t));
	assert_false(tap_ended(&t));
	assert_int_equal(take(&t), 2);
	assert_false(tap_ended(&t));
	assert_int_equal(take(&t), 11);
	assert_true(tap_ended(&t));
	assert_int_equal(t.forwarded, 14);
	assert_int_equal(t.dropped_queue, 11);
	tap_done(&t);
}

/* As tap_end() found the reports full, the last run comes out of the tap itself. */
static void backed_up_reports_are_joined(void **state)
{
	struct tap_report more = {"drop", "egress", NULL, {1, 1, 1, 0, 0}, NULL};
	uint64_t serial = 1, next = 3;
	struct tap t;

	(void)state;
	begin(&t, 1);
	publish(&t, 1);
	for (unsigned i = 0; i < TAP_REPORTS_MAX + 100; i++)
		publish(&t, serial += 2);
	assert_false(tap_report(&t, &more));
	assert_int_equal(t.dropped_queue, TAP_REPORTS_MAX + 100);
	/* Room for one: a queued frame ends the joined run, and it is told. */
	expect_report(&t, next, next, 1);
	next += 2;
	assert_int_equal(take(&t), 1);
	publish(&t, serial += 2);
	publish(&t, serial += 2);
	publish(&t, serial += 2);
	publish(&t, serial += 2);
	tap_end(&t);
	for (unsigned i = 0; i < TAP_REPORTS_MAX - 1; i++, next += 2)
		expect_report(&t, next, next, 1);
	expect_report(&t, next, next + 2 * 99, 100);
	assert_false(tap_ended(&t));
	expect_report(&t, serial - 4, serial, 3);
	assert_null(tap_take_report(&t));
	assert_int_equal(t.dropped_queue, TAP_REPORTS_MAX + 103);
	assert_int_equal(take(&t), serial - 6);
	assert_true(tap_ended(&t));
	tap_done(&t);
}

static void source_reports_by_the_same_road(void **state)
{
	struct tap_report report = {"drop", "ingress_spoofed", "vm-1", {7, 9, 3, 70, 90}, NULL};
	struct tap_report empty = {"drop", "ingress_spoofed", "vm-1", {0, 0, 0, 0, 0}, NULL};
	struct tap_report *got;
	struct tap t;

	(void)state;
	begin(&t, 1);
	assert_true(tap_report(&t, &empty));
	assert_null(tap_take_report(&t));
	assert_true(tap_report(&t, &report));
	report.run.count = 99; /* it was copied */
	got = tap_take_report(&t);
	assert_non_null(got);
	assert_string_equal(got->cause, "ingress_spoofed");
	assert_string_equal(got->port, "vm-1");
	assert_int_equal(got->run.first, 7);
	assert_int_equal(got->run.last, 9);
	assert_int_equal(got->run.count, 3);
	free(got);
	for (unsigned i = 0; i < TAP_REPORTS_MAX; i++)
		assert_true(tap_report(&t, &report));
	assert_false(tap_report(&t, &report));
	assert_true(tap_report(&t, &empty));
	tap_done(&t); /* frees what nobody took */
}

static void default_limit_is_50000(void **state)
{
	struct frame *f = frames_new(0);
	struct tap t;

	(void)state;
	begin(&t, 0);
	for (int i = 0; i < 50001; i++)
		tap_publish(&t, f);
	assert_int_equal(t.dropped_queue, 1);
	assert_int_equal(ring_count(&t.frames), 50000);
	tap_done(&t);
	free(f);
}

static void count_wakes(void *ctx)
{
	++*(unsigned *)ctx;
}

static void both_sides_are_woken(void **state)
{
	unsigned consumer = 0, producer = 0;
	struct tap_config config = {
		.queue_limit = 4,
		.all = true,
		.wake_consumer = {count_wakes, &consumer},
		.wake_producer = {count_wakes, &producer},
	};
	struct tap t;

	(void)state;
	assert_int_equal(tap_init(&t, &config), 0);
	assert_true(ring_consumer_sleeps(&t.frames));
	for (uint64_t i = 1; i <= 4; i++)
		publish(&t, i);
	assert_int_equal(consumer, 1);
	assert_true(ring_producer_sleeps(&t.frames));
	while (take(&t)) {
	}
	assert_int_equal(producer, 1);
	assert_true(ring_consumer_sleeps(&t.frames));
	tap_end(&t);
	assert_int_equal(consumer, 2);
	assert_true(tap_ended(&t));
	tap_done(&t);
}

/* ---- what is laid out ---- */

/* A source of segments that counts. Zero it, and give `bytes`, to start */
struct source {
	uint32_t bytes;	     /* of a segment, at least */
	uint32_t frames_max; /* 0: many */
	bool none;
	bool file;	   /* a segment is a file of its own */
	struct image head; /* what a segment has in it already */
	unsigned taken, asked_bytes;
};

static unsigned freed; /* segments of sources */

static void count_unmap(struct segment *s)
{
	free(s->base);
	freed++;
}

static struct segment *source_take(void *ctx, uint32_t bytes)
{
	struct source *source = ctx;
	uint32_t cap = (uint32_t)source->head.n + (bytes > source->bytes ? bytes : source->bytes);
	struct segment *s;

	source->asked_bytes = bytes;
	if (source->none)
		return NULL;
	s = segment_new(cap, source->frames_max ? source->frames_max : SEGMENT_FRAMES);
	assert_non_null(s);
	memset(s->base, 0xee, cap);
	if (source->head.n)
		memcpy(s->base, source->head.p, source->head.n);
	s->used = (uint32_t)source->head.n;
	s->unmap = count_unmap;
	if (source->file)
		s->file = (struct journal_file *)source; /* never looked into */
	source->taken++;
	return s;
}

static const char *name_of(void *ctx, unsigned port)
{
	static char name[16];

	(void)ctx;
	snprintf(name, sizeof(name), "vm%u", port);
	return port % 4 == 3 ? NULL : name;
}

static void begin_source(struct tap *t, struct source *source, uint32_t limit)
{
	struct tap_config config = {
		.queue_limit = limit,
		.all = true,
		.source = {.take = source_take, .ctx = source},
		.port_name = name_of,
	};

	freed = 0;
	assert_int_equal(tap_init(t, &config), 0);
}

/* What a frame is to look like; its bytes count on from its serial. */
static struct frame *frame_of(uint64_t serial, unsigned ingress, uint32_t caplen, uint32_t len)
{
	struct frame *f = frames_new(caplen);

	for (uint32_t i = 0; i < caplen; i++)
		frames_bytes(f)[i] = (unsigned char)(serial + i);
	f->len = len;
	f->serial = serial;
	f->ts_ns = ts_of(serial);
	f->ingress = (uint16_t)ingress;
	port_set_add(&f->ports, ingress);
	return f;
}

static void offer(struct tap *t, struct frame *f)
{
	tap_publish(t, f);
	memset(frames_bytes(f), 0xdd, f->caplen);
	free(f);
}

static void expect_interfaces(struct image *want, unsigned first, unsigned last)
{
	for (unsigned port = first; port <= last; port++) {
		char name[16];

		snprintf(name, sizeof(name), port % 4 == 3 ? "port-%u" : "vm%u", port);
		image_interface(want, 1, FRAME_BYTES_MAX, name, 9, 0);
	}
}

static void expect_packet(struct image *want, uint64_t serial, unsigned ingress, uint32_t caplen,
			  uint32_t len, uint64_t dropcount)
{
	size_t at = image_block(want, 6);

	image_int(want, ingress, 4);
	image_int(want, ts_of(serial) >> 32, 4);
	image_int(want, ts_of(serial) & 0xffffffff, 4);
	image_int(want, caplen, 4);
	image_int(want, len, 4);
	for (uint32_t i = 0; i < caplen; i++)
		image_int(want, (serial + i) & 255, 1);
	image_pad4(want);
	image_option(want, 2, "\2\0\0", 4); /* epb_flags: outbound */
	if (dropcount) {
		image_int(want, 4, 2);
		image_int(want, 8, 2);
		image_int(want, dropcount, 8);
	}
	image_option(want, 0, NULL, 0);
	image_block_end(want, at);
}

static void expect_bytes(const struct segment *s, struct image *want)
{
	assert_int_equal(s->used, want->n);
	assert_memory_equal(s->base, want->p, want->n);
	want->n = 0;
}

static void frames_are_laid_out_exactly(void **state)
{
	struct source source = {.bytes = 4096};
	struct image want = {0};
	struct tap_frame a, b, c;
	struct tap t;

	(void)state;
	begin_source(&t, &source, 10);
	offer(&t, frame_of(1, 1, 5, 1500));
	offer(&t, frame_of(2, 0, 0, 0));
	offer(&t, frame_of(3, 1, 8, UINT32_MAX));
	assert_true(tap_take(&t, &a));
	assert_true(tap_take(&t, &b));
	assert_true(tap_take(&t, &c));
	assert_int_equal(a.id, 1);
	assert_int_equal(b.id, 2);
	assert_int_equal(c.id, 3);
	assert_ptr_equal(a.segment, c.segment);
	assert_int_equal(a.segment->first_id, 1);
	assert_int_equal(a.segment->frames, 3);
	assert_int_equal(a.segment->interfaces, 0);
	assert_int_equal(a.segment->declares, 2);
	expect_interfaces(&want, 0, 1);
	assert_int_equal(a.segment->first_bytes, want.n);
	assert_ptr_equal(a.block, a.segment->base + want.n);
	assert_ptr_equal(b.block, a.block + block_bytes(a.block));
	assert_ptr_equal(c.block, b.block + block_bytes(b.block));
	expect_packet(&want, 1, 1, 5, 1500, 0);
	expect_packet(&want, 2, 0, 0, 0, 0);
	expect_packet(&want, 3, 1, 8, UINT32_MAX, 0);
	expect_bytes(a.segment, &want);
	tap_done(&t);
	assert_int_equal(freed, 1);
	image_done(&want);
}

/* A port that appears late begins a segment, which declares it and those before it. */
static void ports_are_declared_where_segments_start(void **state)
{
	static const unsigned ports[] = {2, 0, 5, 0, 5, 3, 6};
	struct source source = {.bytes = 4096};
	struct segment *segment[3] = {0};
	struct image want = {0};
	struct tap_frame f;
	unsigned n = 0;
	struct tap t;

	(void)state;
	begin_source(&t, &source, 10);
	for (unsigned i = 0; i < 7; i++)
		offer(&t, frame_of(i + 1, ports[i], 4, 4));
	assert_int_equal(source.taken, 3);
	while (tap_take(&t, &f)) {
		if (!n || segment[n - 1] != f.segment)
			segment[n++] = segment_ref(f.segment);
	}
	assert_int_equal(n, 3);
	assert_int_equal(segment[0]->interfaces, 0);
	assert_int_equal(segment[0]->declares, 3);
	expect_interfaces(&want, 0, 2);
	assert_int_equal(segment[0]->first_bytes, want.n);
	expect_packet(&want, 1, 2, 4, 4, 0);
	expect_packet(&want, 2, 0, 4, 4, 0);
	expect_bytes(segment[0], &want);
	assert_int_equal(segment[1]->first_id, 3);
	assert_int_equal(segment[1]->interfaces, 3);
	assert_int_equal(segment[1]->declares, 3);
	expect_interfaces(&want, 3, 5);
	assert_int_equal(segment[1]->first_bytes, want.n);
	expect_packet(&want, 3, 5, 4, 4, 0);
	expect_packet(&want, 4, 0, 4, 4, 0);
	expect_packet(&want, 5, 5, 4, 4, 0);
	expect_packet(&want, 6, 3, 4, 4, 0);
	expect_bytes(segment[1], &want);
	assert_int_equal(segment[2]->first_id, 7);
	assert_int_equal(segment[2]->interfaces, 6);
	assert_int_equal(segment[2]->declares, 1);
	expect_interfaces(&want, 6, 6);
	expect_packet(&want, 7, 6, 4, 4, 0);
	expect_bytes(segment[2], &want);
	for (unsigned i = 0; i < 3; i++)
		segment_unref(segment[i]);
	tap_done(&t);
	assert_int_equal(freed, 3);
	image_done(&want);
}

static void ports_have_names_without_being_asked(void **state)
{
	struct image want = {0};
	struct tap_frame f;
	struct tap t;

	(void)state;
	begin(&t, 1);
	offer(&t, frame_of(1, 1, 4, 4));
	assert_true(tap_take(&t, &f));
	image_interface(&want, 1, FRAME_BYTES_MAX, "port-0", 9, 0);
	image_interface(&want, 1, FRAME_BYTES_MAX, "port-1", 9, 0);
	assert_int_equal(f.segment->first_bytes, want.n);
	assert_memory_equal(f.segment->base, want.p, want.n);
	assert_int_equal(f.segment->cap, SEGMENT_BYTES);
	assert_int_equal(f.segment->frames_max, SEGMENT_FRAMES);
	tap_done(&t);
	image_done(&want);
}

/* One that begins a file has bytes already: it declares all ports, the known ones too. */
static void segment_that_begins_a_file_declares_all(void **state)
{
	struct source source = {.bytes = 512, .frames_max = 1};
	struct image want = {0};
	struct tap_frame f;
	struct tap t;

	(void)state;
	begin_source(&t, &source, 10);
	offer(&t, frame_of(1, 1, 4, 4));
	image_section(&source.head, UINT64_MAX);
	offer(&t, frame_of(2, 0, 4, 4)); /* nothing new to declare */
	offer(&t, frame_of(3, 3, 4, 4)); /* two known, two new */
	source.head.n = 0;
	offer(&t, frame_of(4, 2, 4, 4));
	assert_true(tap_take(&t, &f));
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.segment->interfaces, 0);
	assert_int_equal(f.segment->declares, 2);
	image_section(&want, UINT64_MAX);
	expect_interfaces(&want, 0, 1);
	assert_int_equal(f.segment->first_bytes, want.n);
	expect_packet(&want, 2, 0, 4, 4, 0);
	expect_bytes(f.segment, &want);
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.segment->interfaces, 0);
	assert_int_equal(f.segment->declares, 4);
	image_section(&want, UINT64_MAX);
	expect_interfaces(&want, 0, 3);
	assert_int_equal(f.segment->first_bytes, want.n);
	expect_packet(&want, 3, 3, 4, 4, 0);
	expect_bytes(f.segment, &want);
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.id, 4);
	assert_int_equal(f.segment->interfaces, 4);
	assert_int_equal(f.segment->declares, 0);
	assert_int_equal(f.segment->first_bytes, 0);
	assert_ptr_equal(f.block, f.segment->base);
	expect_packet(&want, 4, 2, 4, 4, 0);
	expect_bytes(f.segment, &want);
	tap_done(&t);
	assert_int_equal(freed, 4);
	image_done(&source.head);
	image_done(&want);
}

static void expect_port(const struct tap *t, unsigned port, uint64_t received, uint64_t accepted,
			uint64_t dropped)
{
	assert_int_equal(t->port[port].received, received);
	assert_int_equal(t->port[port].accepted, accepted);
	assert_int_equal(t->port[port].dropped, dropped);
}

/* The next frame queued of a port says how many of its own were dropped, once. */
static void drops_are_told_by_the_next_frame_of_the_port(void **state)
{
	struct source source = {.bytes = 4096};
	struct segment *s;
	struct image want = {0};
	struct tap t;

	(void)state;
	begin_source(&t, &source, 2);
	offer(&t, frame_of(1, 0, 4, 4));
	offer(&t, frame_of(2, 0, 4, 4));
	offer(&t, frame_of(3, 0, 4, 4)); /* dropped, and so on to 6 */
	offer(&t, frame_of(4, 1, 4, 4));
	offer(&t, frame_of(5, 0, 4, 4));
	offer(&t, frame_of(6, 2, 4, 4));
	assert_int_equal(source.taken, 1); /* what is dropped declares nothing */
	assert_int_equal(take(&t), 1);
	s = segment_ref(t.reading);
	assert_int_equal(take(&t), 2);
	expect_interfaces(&want, 0, 0);
	expect_packet(&want, 1, 0, 4, 4, 0);
	expect_packet(&want, 2, 0, 4, 4, 0);
	expect_bytes(s, &want);
	segment_unref(s);
	offer(&t, frame_of(7, 1, 4, 4));
	offer(&t, frame_of(8, 0, 4, 4));
	assert_int_equal(take(&t), 7);
	assert_int_equal(take(&t), 8);
	offer(&t, frame_of(9, 0, 4, 4));
	offer(&t, frame_of(10, 1, 4, 4));
	expect_interfaces(&want, 1, 1);
	expect_packet(&want, 7, 1, 4, 4, 1);
	expect_packet(&want, 8, 0, 4, 4, 2);
	expect_packet(&want, 9, 0, 4, 4, 0);
	expect_packet(&want, 10, 1, 4, 4, 0);
	expect_bytes(t.open, &want);
	expect_port(&t, 0, 6, 6, 2);
	expect_port(&t, 1, 3, 3, 1);
	expect_port(&t, 2, 1, 1, 1);
	expect_port(&t, 3, 0, 0, 0);
	assert_int_equal(t.port[2].dropped_before, 1); /* yet to be told */
	assert_int_equal(t.dropped_queue, 4);
	tap_done(&t);
	assert_int_equal(freed, 2);
	image_done(&want);
}

static void ports_are_counted_apart(void **state)
{
	struct err err;
	struct bpf *large = bpf_compile("greater 61", &err);
	struct tap_config config = {.queue_limit = 1, .filter = large};
	struct tap t;

	(void)state;
	assert_non_null(large);
	port_set_add(&config.scope, 0);
	port_set_add(&config.scope, 127);
	assert_int_equal(tap_init(&t, &config), 0);
	offer(&t, frame_of(1, 0, 62, 62));   /* queued */
	offer(&t, frame_of(2, 0, 60, 60));   /* refused */
	offer(&t, frame_of(3, 127, 62, 62)); /* dropped */
	offer(&t, frame_of(4, 127, 60, 60)); /* refused */
	offer(&t, frame_of(5, 127, 62, 62)); /* dropped */
	offer(&t, frame_of(6, 1, 62, 62));   /* out of scope */
	publish_at(&t, 7, 1, 0);	     /* in scope by where it goes; refused */
	expect_port(&t, 0, 2, 1, 0);
	expect_port(&t, 127, 3, 2, 2);
	expect_port(&t, 1, 1, 0, 0);
	assert_int_equal(t.forwarded, 7);
	assert_int_equal(t.out_of_scope, 1);
	assert_int_equal(t.prefiltered, 3);
	assert_int_equal(t.dropped_queue, 2);
	tap_done(&t);
	bpf_free(large);
}

/* Where no segment is to be had the frame is dropped and counted, and nothing else changes. */
static void no_segment_is_a_drop(void **state)
{
	struct source source = {.bytes = 256, .none = true};
	struct image want = {0};
	struct tap t;

	(void)state;
	begin_source(&t, &source, 10);
	offer(&t, frame_of(1, 2, 4, 4));
	offer(&t, frame_of(2, 1, 4, 4));
	assert_int_equal(t.dropped_queue, 2);
	assert_int_equal(t.interfaces, 0);
	assert_int_equal(take(&t), 0);
	source.none = false;
	offer(&t, frame_of(3, 2, 4, 4));
	expect_report(&t, 1, 2, 2);
	expect_interfaces(&want, 0, 2);
	expect_packet(&want, 3, 2, 4, 4, 1);
	expect_bytes(t.open, &want);
	assert_int_equal(t.open->first_id, 1); /* what is dropped has no id */
	source.none = true;
	offer(&t, frame_of(4, 3, 4, 4));   /* a new port wants a segment */
	offer(&t, frame_of(5, 0, 200, 4)); /* as does what is too long for this */
	offer(&t, frame_of(6, 0, 4, 4));   /* this fits in the open one */
	expect_report(&t, 4, 5, 2);
	source.none = false;
	offer(&t, frame_of(7, 3, 4, 4));
	expect_interfaces(&want, 3, 3);
	expect_packet(&want, 7, 3, 4, 4, 1);
	expect_bytes(t.open, &want);
	assert_int_equal(t.open->interfaces, 3);
	assert_int_equal(take(&t), 3);
	assert_int_equal(take(&t), 6);
	assert_int_equal(take(&t), 7);
	assert_int_equal(take(&t), 0);
	expect_port(&t, 0, 2, 2, 1);
	expect_port(&t, 1, 1, 1, 1);
	expect_port(&t, 2, 2, 2, 1);
	expect_port(&t, 3, 2, 2, 1);
	tap_done(&t);
	assert_int_equal(freed, 2);
	image_done(&want);
}

/* As if memory had run out for a frame before, in the middle of a block. */
static void fail_memory(struct tap *t)
{
	buf_puts(&t->fresh, "half a block");
	t->fresh.failed = t->declared.failed = true;
}

/* Memory that ran out while ports were declared is asked for again by the next frame. */
static void memory_may_come_back(void **state)
{
	struct source source = {.bytes = 512, .frames_max = 1};
	struct image want = {0};
	struct tap t;

	(void)state;
	begin_source(&t, &source, 10);
	fail_memory(&t);
	offer(&t, frame_of(1, 1, 4, 4));
	assert_int_equal(t.dropped_queue, 0);
	expect_interfaces(&want, 0, 1);
	expect_packet(&want, 1, 1, 4, 4, 0);
	expect_bytes(t.open, &want);
	fail_memory(&t);
	offer(&t, frame_of(2, 2, 4, 4));
	expect_interfaces(&want, 2, 2);
	expect_packet(&want, 2, 2, 4, 4, 0);
	expect_bytes(t.open, &want);
	fail_memory(&t);
	offer(&t, frame_of(3, 0, 4, 4)); /* nothing new to declare */
	expect_packet(&want, 3, 0, 4, 4, 0);
	expect_bytes(t.open, &want);
	/* What was declared is known whole where a file begins. */
	image_section(&source.head, UINT64_MAX);
	offer(&t, frame_of(4, 0, 4, 4));
	image_section(&want, UINT64_MAX);
	expect_interfaces(&want, 0, 2);
	expect_packet(&want, 4, 0, 4, 4, 0);
	expect_bytes(t.open, &want);
	assert_int_equal(t.dropped_queue, 0);
	tap_done(&t);
	assert_int_equal(freed, 4);
	image_done(&source.head);
	image_done(&want);
}

/* The same where blocks go on in the segment, as it is a file. */
static void memory_may_come_back_to_a_file(void **state)
{
	struct source source = {.bytes = 1024, .file = true};
	struct image want = {0};
	struct tap t;

	(void)state;
	image_section(&source.head, UINT64_MAX);
	begin_source(&t, &source, 10);
	fail_memory(&t);
	offer(&t, frame_of(1, 0, 4, 4));
	fail_memory(&t);
	offer(&t, frame_of(2, 2, 4, 4));
	fail_memory(&t);
	offer(&t, frame_of(3, 1, 4, 4));
	assert_int_equal(source.taken, 1);
	assert_int_equal(t.dropped_queue, 0);
	assert_int_equal(t.open->declares, 3);
	image_section(&want, UINT64_MAX);
	expect_interfaces(&want, 0, 0);
	expect_packet(&want, 1, 0, 4, 4, 0);
	expect_interfaces(&want, 1, 2);
	expect_packet(&want, 2, 2, 4, 4, 0);
	expect_packet(&want, 3, 1, 4, 4, 0);
	expect_bytes(t.open, &want);
	tap_done(&t);
	assert_int_equal(freed, 1);
	image_done(&source.head);
	image_done(&want);
}

static void what_is_too_large_has_a_segment_of_its_own(void **state)
{
	const uint32_t small = 2 * SEGMENT_FRAME_BYTES, large = small + 1;
	struct tap_config config = {.queue_limit = 10, .segment_frames = 2, .all = true};
	struct image want = {0};
	struct tap_frame f;
	struct tap t;

	(void)state;
	assert_int_equal(tap_init(&t, &config), 0);
	offer(&t, frame_of(1, 0, 60, 60));
	offer(&t, frame_of(2, 0, large, large));
	offer(&t, frame_of(3, 0, 60, 60));
	assert_int_equal(t.dropped_queue, 0);
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.segment->cap, small);
	assert_int_equal(f.segment->frames, 1);
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.id, 2);
	assert_int_equal(f.segment->frames, 1);
	assert_true(f.segment->cap > small && f.segment->cap <= small + 256);
	assert_ptr_equal(f.block, f.segment->base);
	expect_packet(&want, 2, 0, large, large, 0);
	expect_bytes(f.segment, &want);
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.segment->cap, small);
	assert_int_equal(f.id, 3);
	tap_done(&t);
	image_done(&want);
}

/* No more frames in a segment than either the tap's limit or the segment's stamps allow. */
static void segments_have_so_many_frames(void **state)
{
	static const struct {
		uint32_t config, segment, frames;
	} cases[] = {{3, 100, 3}, {100, 3, 3}, {1, 1, 1}, {0, 5000, SEGMENT_FRAMES}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct source source = {.bytes = SEGMENT_BYTES, .frames_max = cases[i].segment};
		struct tap_config config = {
			.all = true,
			.segment_frames = cases[i].config,
			.source = {.take = source_take, .ctx = &source},
		};
		uint64_t frames = (uint64_t)3 * cases[i].frames;
		struct tap_frame f;
		struct tap t;

		freed = 0;
		assert_int_equal(tap_init(&t, &config), 0);
		for (uint64_t serial = 1; serial <= frames; serial++)
			offer(&t, frame_of(serial, 0, 4, 4));
		assert_int_equal(source.taken, 3);
		for (uint64_t id = 1; id <= frames; id++) {
			assert_true(tap_take(&t, &f));
			assert_int_equal(f.id, id);
			assert_int_equal(serial_of(f.block), id);
			assert_int_equal(f.segment->frames, cases[i].frames);
			assert_int_equal(f.segment->first_id, id - (id - 1) % cases[i].frames);
		}
		tap_done(&t);
		assert_int_equal(freed, 3);
	}
}

/* Stamps are us in 32 bits; a segment takes no frame an hour after its first. */
static void old_segments_take_no_more(void **state)
{
	static const uint64_t after[] = {0, 999, 1000, 1999999, SEGMENT_AGE_NS - 1};
	const uint64_t begun = UINT64_C(123456789012345678);
	struct source source = {.bytes = 4096};
	struct tap_frame f;
	struct frame *late;
	struct tap t;

	(void)state;
	begin_source(&t, &source, 10);
	for (unsigned i = 0; i < 5; i++) {
		struct frame *frame = frame_of(i + 1, 0, 4, 4);

		frame->published_ns = begun + after[i];
		offer(&t, frame);
	}
	assert_int_equal(source.taken, 1);
	late = frame_of(6, 0, 4, 4);
	late->published_ns = begun + SEGMENT_AGE_NS;
	offer(&t, late);
	assert_int_equal(source.taken, 2);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(tap_take(&t, &f));
		assert_int_equal(f.segment->opened_ns, begun);
		assert_int_equal(segment_published(f.segment, f.id),
				 begun + after[i] / 1000 * 1000);
	}
	assert_true(tap_take(&t, &f));
	assert_int_equal(f.segment->first_id, 6);
	assert_int_equal(segment_published(f.segment, 6), begun + SEGMENT_AGE_NS);
	tap_done(&t);
	assert_int_equal(freed, 2);
}

/* Of segments that were taken whole, the one read last is held, and those that somebody keeps. */
static void segments_go_with_their_last_frame(void **state)
{
	struct source source = {.bytes = 4096, .frames_max = 2};
	struct segment *kept = NULL;
	struct tap_frame f;
	struct tap t;

	(void)state;
	begin_source(&t, &source, 20);
	for (uint64_t serial = 1; serial <= 9; serial++)
		offer(&t, frame_of(serial, 0, 4, 4));
	assert_int_equal(source.taken, 5);
	assert_int_equal(freed, 0);
	for (uint64_t id = 1; id <= 6; id++) {
		assert_true(tap_take(&t, &f));
		if (id == 3)
			kept = segment_ref(f.segment);
		assert_int_equal(freed, id > 2);
	}
	assert_int_equal(serial_of(kept->base), 3);
	segment_unref(kept);
	assert_int_equal(freed, 2);
	tap_done(&t); /* one being read, one queued, one open */
	assert_int_equal(freed, 5);
}

/* ---- all of it, read back ---- */

struct bytes {
	const struct image *image;
	size_t at;
};

static ssize_t read_bytes(void *ctx, void *buf, size_t n)
{
	struct bytes *b = ctx;
	size_t left = b->image->n - b->at;

	if (n > left)
		n = left;
	memcpy(buf, b->image->p + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

struct offered {
	unsigned ingress;
	uint32_t caplen;
};

/* Each frame that was taken, in order, from the port that it came in by. */
static void read_back(const struct image *file, const struct offered *offered,
		      const uint64_t *taken, unsigned count)
{
	struct bytes bytes = {.image = file};
	struct capfile_source source = {.read = read_bytes, .ctx = &bytes};
	struct capfile_frame f;
	struct err err;
	struct capfile *c = capfile_open_source("segments", source, 0, &err);

	assert_non_null(c);
	for (unsigned i = 0; i < count; i++) {
		const struct offered *o = &offered[taken[i]];
		const struct capfile_interface *interface;
		struct image name = {0};
		unsigned interfaces;

		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
		assert_int_equal(f.ts_ns, ts_of(taken[i]));
		assert_int_equal(f.caplen, o->caplen);
		assert_int_equal(f.len, o->caplen + 7);
		for (uint32_t at = 0; at < f.caplen; at++)
			assert_int_equal(f.data[at], (taken[i] + at) & 255);
		interface = capfile_interfaces(c, &interfaces);
		assert_int_equal(f.interface, o->ingress);
		assert_true(f.interface < interfaces);
		expect_interfaces(&name, f.interface, f.interface);
		assert_memory_equal(interface[f.interface].name, name.p + 20,
				    strlen(interface[f.interface].name));
		image_done(&name);
	}
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	capfile_close(c);
}

static void random_run(uint64_t seed)
{
	static struct offered offered[1001];
	static uint64_t taken[1000];
	struct sim_random r = {seed};
	struct source source = {.bytes = (uint32_t)random_range(&r, 64, 5000),
				.frames_max = (uint32_t)random_range(&r, 1, 50)};
	struct segment *last = NULL;
	struct image file = {0};
	struct tap_frame f;
	unsigned count = 0;
	struct tap t;

	begin_source(&t, &source, (uint32_t)random_range(&r, 1, 20));
	image_section(&file, UINT64_MAX);
	for (uint64_t serial = 1; serial <= 1000 || ring_count(&t.frames);) {
		if (serial <= 1000 && random_chance(&r, 600)) {
			source.none = random_chance(&r, 100);
			offered[serial].ingress =
				(unsigned)random_range(&r, 0, serial / 50 % PORTS_MAX);
			offered[serial].caplen = (uint32_t)random_range(&r, 0, 300);
			offer(&t, frame_of(serial, offered[serial].ingress, offered[serial].caplen,
					   offered[serial].caplen + 7));
			serial++;
		} else if (tap_take(&t, &f)) {
			if (f.segment != last) {
				segment_unref(last);
				last = segment_ref(f.segment);
				image_put(&file, last->base, last->first_bytes);
			}
			assert_int_equal(f.id, count + 1);
			taken[count++] = serial_of(f.block);
			image_put(&file, f.block, block_bytes(f.block));
		}
	}
	assert_int_equal(count + t.dropped_queue, 1000);
	assert_true(count > 300 && t.dropped_queue > 20);
	read_back(&file, offered, taken, count);
	segment_unref(last);
	tap_done(&t);
	assert_int_equal(freed, source.taken);
	image_done(&file);
}

static void segments_are_a_file(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++)
		random_run(seed);
}

static struct tap_change *change_of(const char *filter, int port)
{
	struct tap_change *c = calloc(1, sizeof(*c));
	struct err err;

	assert_non_null(c);
	if (filter) {
		c->kind = TAP_CHANGE_FILTER;
		c->filter = bpf_compile(filter, &err);
		assert_non_null(c->filter);
		snprintf(c->text, sizeof(c->text), "%s", filter);
	} else {
		c->kind = TAP_CHANGE_SCOPE;
		c->all = port < 0;
		if (port >= 0)
			port_set_add(&c->scope, (unsigned)port);
		snprintf(c->text, sizeof(c->text), "port %d", port);
	}
	return c;
}

static void expect_change(struct tap *t, const char *event, const char *text, uint64_t serial)
{
	struct tap_report *r = tap_take_report(t);

	assert_non_null(r);
	assert_string_equal(r->event, event);
	assert_string_equal(r->text, text);
	assert_int_equal(r->run.first, serial);
	tap_report_free(r);
}

/* From the next frame on, told with its serial; of two that came between frames the later counts.
 */
static void filter_and_scope_change(void **state)
{
	struct tap t;

	(void)state;
	begin(&t, 100);
	publish(&t, 1);
	tap_change(&t, change_of("len > 1000", 0));
	assert_null(tap_take_report(&t));
	publish(&t, 2);
	publish(&t, 3);
	assert_int_equal(t.prefiltered, 2);
	expect_change(&t, "filter_changed", "len > 1000", 2);
	tap_change(&t, change_of("len > 2000", 0));
	tap_change(&t, change_of("len < 1000", 0));
	publish(&t, 4);
	expect_change(&t, "filter_changed", "len < 1000", 4);
	tap_change(&t, change_of(NULL, 7));
	publish(&t, 5);
	publish_at(&t, 6, 7, 3);
	assert_int_equal(t.out_of_scope, 1);
	expect_change(&t, "scope_changed", "port 7", 5);
	tap_change(&t, change_of(NULL, -1));
	publish(&t, 7);
	assert_int_equal(take(&t), 1);
	assert_int_equal(take(&t), 4);
	assert_int_equal(take(&t), 6);
	assert_int_equal(take(&t), 7);
	assert_int_equal(t.forwarded, 7);
	/* One that no frame came after is freed with the tap. */
	tap_change(&t, change_of("len < 10", 0));
	tap_done(&t);
}

/* Neither takes the other's place. */
static void filter_and_scope_change_together(void **state)
{
	struct tap t;

	(void)state;
	begin(&t, 100);
	for (int scope_first = 0; scope_first < 2; scope_first++) {
		uint64_t serial = 1 + 3 * (uint64_t)scope_first;

		if (scope_first)
			tap_change(&t, change_of(NULL, 7));
		tap_change(&t, change_of("len > 1000", 0));
		if (!scope_first)
			tap_change(&t, change_of(NULL, 7));
		publish(&t, serial);
		publish_at(&t, serial + 1, 7, 3);
		expect_change(&t, "filter_changed", "len > 1000", serial);
		expect_change(&t, "scope_changed", "port 7", serial);
		assert_int_equal(t.out_of_scope, 1 + scope_first);
		assert_int_equal(t.prefiltered, 1 + 2 * scope_first);
		tap_change(&t, change_of(NULL, -1));
		publish(&t, serial + 2);
		expect_change(&t, "scope_changed", "port -1", serial + 2);
		/* The filter still holds. */
		assert_int_equal(t.prefiltered, 2 + 2 * scope_first);
		tap_change(&t, change_of("len > 0", 0));
		publish(&t, 100 + serial);
		expect_change(&t, "filter_changed", "len > 0", 100 + serial);
	}
	tap_done(&t);
}

/* Where reports are backed up a change waits, rather than go untold. */
static void untold_change_waits(void **state)
{
	struct tap_report report = {.event = "drop", .cause = "test", .run = {.count = 1}};
	struct tap t;
	struct tap_report *r;

	(void)state;
	begin(&t, 100);
	while (tap_report(&t, &report))
		;
	tap_change(&t, change_of("len > 1000", 0));
	publish(&t, 1);
	assert_int_equal(t.prefiltered, 0);
	while ((r = tap_take_report(&t)))
		tap_report_free(r);
	publish(&t, 2);
	assert_int_equal(t.prefiltered, 1);
	expect_change(&t, "filter_changed", "len > 1000", 2);
	tap_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_and_scope_change),
		cmocka_unit_test(filter_and_scope_change_together),
		cmocka_unit_test(untold_change_waits),
		cmocka_unit_test(scope_is_either_end),
		cmocka_unit_test(all_overrides_scope),
		cmocka_unit_test(filtered_frames_are_counted),
		cmocka_unit_test(drops_are_told_in_runs),
		cmocka_unit_test(backed_up_reports_are_joined),
		cmocka_unit_test(source_reports_by_the_same_road),
		cmocka_unit_test(default_limit_is_50000),
		cmocka_unit_test(both_sides_are_woken),
		cmocka_unit_test(frames_are_laid_out_exactly),
		cmocka_unit_test(ports_are_declared_where_segments_start),
		cmocka_unit_test(ports_have_names_without_being_asked),
		cmocka_unit_test(segment_that_begins_a_file_declares_all),
		cmocka_unit_test(drops_are_told_by_the_next_frame_of_the_port),
		cmocka_unit_test(ports_are_counted_apart),
		cmocka_unit_test(no_segment_is_a_drop),
		cmocka_unit_test(memory_may_come_back),
		cmocka_unit_test(memory_may_come_back_to_a_file),
		cmocka_unit_test(what_is_too_large_has_a_segment_of_its_own),
		cmocka_unit_test(segments_have_so_many_frames),
		cmocka_unit_test(old_segments_take_no_more),
		cmocka_unit_test(segments_go_with_their_last_frame),
		cmocka_unit_test(segments_are_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
