/* test_replay.c - captures as a stream of frames with ports
 *
 * Goal: frames come in the order, with the times, ports and bytes that replay.h promises, over
 * several files, passes, link types; broken files and wrong options are said in the right words at
 * the right time, and lose no frame that is whole.
 *
 * Method: files written byte by byte into a directory of the test's own. Each frame carries a
 * number in its payload, so that what comes out is compared with what went in as lists of
 * numbers. The merge is held against a stable sort of the same frames.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "replay.h"
#include "switch.h"
#include "unit/capture_image.h"
#include "files.h"

#define S	    UINT64_C(1000000000)
#define FRAME_BYTES 40u /* Ethernet, IPv4 and a number where TCP would be */
#define FILES	    8u

static char paths[FILES][64];
static const char *files[FILES]; /* the same */

static struct {
	char name[PORTS_MAX][SWITCH_NAME_MAX];
	unsigned count, limit;
} ports;

static int port_ask(void *ctx, const char *name)
{
	(void)ctx;
	if (ports.count == ports.limit)
		return -ENOSPC;
	snprintf(ports.name[ports.count], SWITCH_NAME_MAX, "%s", name);
	return (int)ports.count++;
}

static struct replay *start(const struct replay_config *config, struct err *err)
{
	struct replay_ports p = {.port = port_ask};

	memset(&ports, 0, sizeof(ports));
	ports.limit = PORTS_MAX;
	return replay_open(config, p, err);
}

static struct replay *started(const struct replay_config *config)
{
	struct err err;
	struct replay *r = start(config, &err);

	if (!r)
		fail_msg("%s", err.text);
	return r;
}

/* A frame of host @host that carries @number. */
static void frame_bytes(unsigned char *p, unsigned host, uint32_t number)
{
	memset(p, 0, FRAME_BYTES);
	memset(p, 0xff, 6);
	p[6] = 2;
	p[11] = (unsigned char)host;
	be16_store(p + 12, 0x0800);
	p[14] = 0x45;
	p[17] = 26;
	p[23] = 253;
	be32_store(p + 26, 0x0a000000 + host);
	be32_store(p + 30, 0x0a0000ff);
	be32_store(p + 34, number);
}

static void put_record(struct image *i, uint32_t us, unsigned host, uint32_t number)
{
	unsigned char p[FRAME_BYTES];

	frame_bytes(p, host, number);
	image_record(i, us / 1000000, us % 1000000, FRAME_BYTES, FRAME_BYTES, p, FRAME_BYTES);
}

static void put_packet(struct image *i, unsigned interface, unsigned host, uint32_t number)
{
	unsigned char p[FRAME_BYTES];

	frame_bytes(p, host, number);
	image_packet(i, interface, 1000000 + number, p, FRAME_BYTES, FRAME_BYTES, NULL);
}

/* Saves as file @n and starts over. */
static void save(struct image *i, unsigned n)
{
	image_save(i, paths[n]);
	image_done(i);
}

/* File @n: @count frames from @host, numbered from @number, from @us on, one a second. */
static void save_simple(unsigned n, unsigned host, uint32_t number, unsigned count, uint32_t us)
{
	struct image i = {0};

	image_pcap(&i, PCAP_US, 2, 4, 1);
	for (unsigned k = 0; k < count; k++)
		put_record(&i, us + k * 1000000, host, number + k);
	save(&i, n);
}

static uint32_t number_of(const struct frame *f)
{
	assert_true(f->caplen >= 38);
	return be32_load(f->data + 34);
}

/* Takes the next frame and checks its number, time and port. */
static void expect_frame(struct replay *r, uint32_t number, uint64_t ts_ns, const char *port)
{
	struct frame f;
	unsigned at;
	struct err err;

	if (replay_next(r, &f, &at, &err) != REPLAY_FRAME)
		fail_msg("frame %" PRIu32 " does not come", number);
	assert_int_equal(number_of(&f), number);
	if (f.ts_ns != ts_ns)
		fail_msg("frame %" PRIu32 " has time %" PRIu64 ", not %" PRIu64, number, f.ts_ns,
			 ts_ns);
	assert_string_equal(ports.name[at], port);
}

static void expect_end(struct replay *r)
{
	struct frame f;
	unsigned at;
	struct err err;

	for (unsigned k = 0; k < 3; k++)
		assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_END);
	replay_close(r);
}

/* That it fails now, once, with these words; then closes. */
static void expect_failure(struct replay *r, const char *words)
{
	struct frame f;
	unsigned at;
	struct err err;

	assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FAILED);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
	expect_end(r);
}

static void expect_refused(const struct replay_config *config, int code, const char *words)
{
	struct err err = {0};

	assert_null(start(config, &err));
	assert_int_equal(err.exit, code);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

static void in_turn(void **state)
{
	struct replay_config config = {.files = files, .file_count = 3, .loops = 1};
	const struct replay_file_stats *stats;
	struct frame f;
	struct replay *r;
	struct err err;
	unsigned at, count;

	(void)state;
	save_simple(0, 1, 100, 2, 50000000);
	save_simple(1, 2, 200, 0, 0);
	save_simple(2, 2, 300, 2, 10000000);
	r = started(&config);
	assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FRAME);
	assert_int_equal(f.serial, 1);
	assert_int_equal(f.caplen, FRAME_BYTES);
	assert_int_equal(f.len, FRAME_BYTES);
	assert_int_equal(f.ts_ns, 50 * S);
	assert_string_equal(ports.name[at], "vm-1");
	expect_frame(r, 101, 51 * S, "vm-1");
	expect_frame(r, 300, 10 * S, "vm-2");
	assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FRAME);
	assert_int_equal(f.serial, 4);
	stats = replay_files(r, &count);
	assert_int_equal(count, 3);
	assert_string_equal(stats[2].path, paths[2]);
	assert_int_equal(stats[0].frames, 2);
	assert_int_equal(stats[0].bytes, 80);
	assert_int_equal(stats[1].frames, 0);
	assert_false(stats[1].broken);
	expect_end(r);
}

/* Random files against a stable sort: by file, then by time. */
static void merged(void **state)
{
	struct replay_config config = {.files = files, .file_count = 6, .merge = true, .loops = 1};
	uint32_t times[2000] = {0}, order[2000];
	unsigned total = 0, seed = 7;
	struct replay *r;

	(void)state;
	for (unsigned k = 0; k < 6; k++) {
		struct image i = {0};
		uint32_t us = 0;

		image_pcap(&i, PCAP_US, 2, 4, 1);
		for (unsigned n = 0; n < k * 60; n++) {
			seed = seed * 1664525u + 1013904223u;
			us += (seed >> 20) % 4;
			times[total] = us;
			put_record(&i, us, k, total++);
		}
		save(&i, k);
	}
	for (unsigned n = 0; n < total; n++) {
		unsigned at = n;

		for (; at && times[order[at - 1]] > times[n]; at--)
			order[at] = order[at - 1];
		order[at] = n;
	}
	r = started(&config);
	for (unsigned n = 0; n < total; n++) {
		struct frame f;
		unsigned at;
		struct err err;

		assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FRAME);
		assert_int_equal(number_of(&f), order[n]);
		assert_int_equal(f.ts_ns, times[order[n]] * UINT64_C(1000));
	}
	expect_end(r);
}

/* A file whose times go backwards keeps its own order. */
static void merge_keeps_each_order(void **state)
{
	struct replay_config config = {.files = files, .file_count = 2, .merge = true, .loops = 1};
	struct image i = {0};
	struct replay *r;

	(void)state;
	image_pcap(&i, PCAP_US, 2, 4, 1);
	put_record(&i, 5000000, 1, 1);
	put_record(&i, 1000000, 1, 2);
	save(&i, 0);
	save_simple(1, 2, 10, 3, 3000000);
	r = started(&config);
	expect_frame(r, 10, 3 * S, "vm-1");
	expect_frame(r, 11, 4 * S, "vm-1");
	expect_frame(r, 1, 5 * S, "vm-2");
	expect_frame(r, 2, 1 * S, "vm-2");
	expect_frame(r, 12, 5 * S, "vm-1");
	expect_end(r);
}

/* Ten frames of one second each: passes are 9 + 1 seconds apart. */
static void loops_rise(void **state)
{
	struct replay_config config = {.files = files, .file_count = 2, .loops = 3};
	const struct replay_file_stats *stats;
	struct replay *r;
	unsigned count;

	(void)state;
	save_simple(0, 1, 0, 4, 100000000);
	save_simple(1, 2, 4, 6, 104000000);
	for (int merge = 0; merge < 2; merge++) {
		config.merge = merge;
		r = started(&config);
		for (uint32_t n = 0; n < 30; n++)
			expect_frame(r, n % 10, (100 + n) * S, n % 10 < 4 ? "vm-1" : "vm-2");
		stats = replay_files(r, &count);
		assert_int_equal(stats[0].frames, 12);
		expect_end(r);
	}
	assert_int_equal(ports.count, 2);
}

static void loops_for_ever(void **state)
{
	struct replay_config config = {.files = files, .file_count = 1, .limit = 1000};
	struct replay *r;

	(void)state;
	/* One time only: the gap is a constant. */
	save_simple(0, 1, 7, 1, 1000000);
	r = started(&config);
	for (unsigned n = 0; n < 1000; n++)
		expect_frame(r, 7, S + UINT64_C(1) * REPLAY_GAP_NS * n, "vm-1");
	expect_end(r);
	/* No frame at all: it ends. */
	save_simple(0, 1, 0, 0, 0);
	config.limit = 0;
	expect_end(started(&config));
}

/* Times at their end do not wrap. */
static void loops_saturate(void **state)
{
	struct replay_config config = {.files = files, .file_count = 1, .loops = 3};
	unsigned char p[FRAME_BYTES];
	struct image i = {0};
	struct replay *r;

	(void)state;
	image_section(&i, UINT64_MAX);
	image_interface(&i, 1, 0, NULL, 9, 0);
	frame_bytes(p, 1, 1);
	image_packet(&i, 0, 5, p, FRAME_BYTES, FRAME_BYTES, NULL);
	image_packet(&i, 0, UINT64_MAX, p, FRAME_BYTES, FRAME_BYTES, NULL);
	save(&i, 0);
	r = started(&config);
	expect_frame(r, 1, 5, "vm-1");
	for (unsigned n = 0; n < 5; n++)
		expect_frame(r, 1, UINT64_MAX, "vm-1");
	expect_end(r);
}

static void limited(void **state)
{
	struct replay_config config = {.files = files, .file_count = 2, .loops = 1, .limit = 3};
	struct replay *r;

	(void)state;
	save_simple(0, 1, 0, 2, 0);
	save_simple(1, 2, 2, 2, 0);
	r = started(&config);
	expect_frame(r, 0, 0, "vm-1");
	expect_frame(r, 1, S, "vm-1");
	expect_frame(r, 2, 0, "vm-2");
	expect_end(r);
}

static void unique_ip(void **state)
{
	struct replay_config config = {
		.files = files, .file_count = 1, .loops = 3, .unique_ip = true};
	struct replay *r;

	(void)state;
	save_simple(0, 5, 0, 1, 0);
	for (int unique = 1; unique >= 0; unique--) {
		config.unique_ip = unique;
		r = started(&config);
		for (uint32_t pass = 0; pass < 3; pass++) {
			uint32_t add = unique ? pass : 0;
			struct frame f;
			unsigned at;
			struct err err;

			assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FRAME);
			assert_int_equal(be32_load(f.data + 26), 0x0a000005 + add);
			assert_int_equal(be32_load(f.data + 30), 0x0a0000ff + add);
		}
		expect_end(r);
	}
}

static void named_vms(void **state)
{
	const char *vms[] = {"web=02:00:00:00:00:02", "idle=02:00:00:00:00:63"};
	struct replay_config config = {
		.files = files, .file_count = 2, .loops = 1, .vms = vms, .vm_count = 2};
	struct replay *r;

	(void)state;
	save_simple(0, 1, 0, 1, 0);
	save_simple(1, 2, 1, 1, 0);
	r = started(&config);
	assert_int_equal(ports.count, 2);
	expect_frame(r, 0, 0, "vm-1");
	expect_frame(r, 1, 0, "web");
	expect_end(r);
	vms[1] = "idle";
	expect_refused(&config, EXIT_USAGE, "--vm \"idle\" is not NAME=MAC");
}

static void named_interfaces(void **state)
{
	struct replay_config config = {.files = files, .file_count = 2, .loops = 2};
	struct image i = {0};
	struct replay *r;

	(void)state;
	image_section(&i, UINT64_MAX);
	image_interface(&i, 1, 0, "left", 6, 0);
	image_interface(&i, 1, 0, NULL, 6, 0);
	image_interface(&i, 1, 0, "right", 6, 0);
	put_packet(&i, 2, 1, 0);
	put_packet(&i, 0, 1, 1);
	put_packet(&i, 1, 1, 2);
	image_section(&i, UINT64_MAX);
	image_interface(&i, 1, 0, "third", 6, 0);
	put_packet(&i, 0, 1, 3);
	save(&i, 0);
	/* One name, twice: by address. */
	image_section(&i, UINT64_MAX);
	image_interface(&i, 1, 0, "eth0", 6, 0);
	image_interface(&i, 1, 0, "eth0", 6, 0);
	put_packet(&i, 0, 9, 4);
	put_packet(&i, 1, 1, 5);
	save(&i, 1);
	r = started(&config);
	for (unsigned pass = 0; pass < 2; pass++) {
		/* 0 to 5 us, and a gap of 1 us. */
		uint64_t shift = S + pass * UINT64_C(6000);

		expect_frame(r, 0, shift, "right");
		expect_frame(r, 1, shift + 1000, "left");
		expect_frame(r, 2, shift + 2000, "vm-1");
		expect_frame(r, 3, shift + 3000, "third");
		expect_frame(r, 4, shift + 4000, "vm-2");
		expect_frame(r, 5, shift + 5000, "vm-1");
	}
	expect_end(r);
	assert_int_equal(ports.count, 5);
}

/* More interfaces than the cache of their ports has places. */
static void many_interfaces(void **state)
{
	struct replay_config config = {.files = files, .file_count = 1, .loops = 1};
	struct image i = {0};
	struct replay *r;
	char name[32];

	(void)state;
	image_section(&i, UINT64_MAX);
	for (unsigned k = 0; k < 50; k++) {
		snprintf(name, sizeof(name), "tap%u", k);
		image_interface(&i, 1, 0, name, 6, 0);
	}
	for (unsigned n = 0; n < 200; n++)
		put_packet(&i, n * 17 % 50, 1, n);
	save(&i, 0);
	r = started(&config);
	for (unsigned n = 0; n < 200; n++) {
		snprintf(name, sizeof(name), "tap%u", n * 17 % 50);
		expect_frame(r, n, S + n * UINT64_C(1000), name);
	}
	expect_end(r);
	assert_int_equal(ports.count, 50);
}

/* File 0 is cut inside its third record, file 1 is whole, file 2 says too much. */
static void save_broken(void)
{
	struct image i = {0};

	image_pcap(&i, PCAP_US, 2, 4, 1);
	for (unsigned k = 0; k < 3; k++)
		put_record(&i, k * 1000000, 1, k);
	i.n -= 7;
	save(&i, 0);
	save_simple(1, 1, 10, 2, 0);
	image_pcap(&i, PCAP_US, 2, 4, 1);
	put_record(&i, 0, 1, 20);
	image_record(&i, 0, 0, 0x7fffffff, 60, "abc", 3);
	save(&i, 2);
}

static void broken(void **state)
{
	struct replay_config config = {.files = files, .file_count = 3, .loops = 5};
	const struct replay_file_stats *stats;
	struct replay *r;
	char want[256];
	unsigned count;

	(void)state;
	save_broken();
	r = started(&config);
	expect_frame(r, 0, 0, "vm-1");
	expect_frame(r, 1, S, "vm-1");
	expect_frame(r, 10, 0, "vm-1");
	expect_frame(r, 11, S, "vm-1");
	expect_frame(r, 20, 0, "vm-1");
	/* One pass of the five, then what was wrong with the first, and that there is another. */
	snprintf(want, sizeof(want), "%s: broken at byte 136: a record of 56 bytes is cut short",
		 paths[0]);
	expect_failure(r, want);

	r = started(&config);
	for (unsigned k = 0; k < 5; k++) {
		struct frame f;
		unsigned at;

		assert_int_equal(replay_next(r, &f, &at, NULL), REPLAY_FRAME);
	}
	stats = replay_files(r, &count);
	assert_true(stats[0].broken && !stats[1].broken);
	assert_int_equal(stats[0].frames, 2);
	expect_failure(r, "; 2 whole frames were read before it (--tolerant accepts that); so is 1 "
			  "more file");
}

static void broken_and_tolerated(void **state)
{
	struct replay_config config = {
		.files = files, .file_count = 3, .loops = 2, .tolerant = true};
	static const uint32_t numbers[] = {0, 1, 10, 11, 20};
	const struct replay_file_stats *stats;
	struct replay *r;
	unsigned count;

	(void)state;
	save_broken();
	r = started(&config);
	for (unsigned pass = 0; pass < 2; pass++) {
		/* The span is 1 s over 5 frames: 1.25 s a pass. */
		uint64_t shift = pass * UINT64_C(1250000000);

		for (unsigned k = 0; k < 5; k++)
			expect_frame(r, numbers[k], shift + (numbers[k] % 10) * S, "vm-1");
	}
	stats = replay_files(r, &count);
	assert_true(stats[0].broken && !stats[1].broken && stats[2].broken);
	assert_int_equal(stats[2].frames, 2);
	assert_non_null(strstr(stats[2].why,
			       "broken at byte 80: the record says 2147483647 captured "
			       "bytes, the limit is 262144"));
	expect_end(r);

	config.merge = true;
	config.loops = 1;
	r = started(&config);
	expect_frame(r, 0, 0, "vm-1");
	expect_frame(r, 10, 0, "vm-1");
	expect_frame(r, 20, 0, "vm-1");
	expect_frame(r, 1, S, "vm-1");
	expect_frame(r, 11, S, "vm-1");
	expect_end(r);
}

/* A file that changes between two passes: what was first said of it stays. */
static void first_words_stay(void **state)
{
	struct replay_config config = {
		.files = files, .file_count = 1, .loops = 2, .tolerant = true};
	const struct replay_file_stats *stats;
	struct frame f;
	struct replay *r;
	unsigned count;

	(void)state;
	save_broken();
	r = started(&config);
	expect_frame(r, 0, 0, "vm-1");
	expect_frame(r, 1, S, "vm-1");
	assert_int_equal(rename(paths[2], paths[0]), 0);
	expect_frame(r, 20, 2 * S, "vm-1");
	assert_int_equal(replay_next(r, &f, &count, NULL), REPLAY_END);
	stats = replay_files(r, &count);
	assert_non_null(strstr(stats[0].why, "broken at byte 136"));
	replay_close(r);
}

/* What is no capture stops before the start; with tolerant, its place is empty. */
static void no_capture(void **state)
{
	struct replay_config config = {.files = files, .file_count = 2, .loops = 1};
	const struct replay_file_stats *stats;
	const char *two[] = {paths[0], files_folder};
	struct image i = {0};
	struct replay *r;
	unsigned count;

	(void)state;
	save_simple(0, 1, 0, 1, 0);
	image_put(&i, "\xfd\x37zXZ\0", 6);
	save(&i, 1);
	expect_refused(&config, EXIT_ENVIRONMENT, "it is xz, not pcap or pcapng; try `xz -dc ");
	expect_refused(&config, EXIT_ENVIRONMENT,
		       "| secvf replay -` (--tolerant goes on without it)");
	for (int merge = 0; merge < 2; merge++) {
		config.merge = merge;
		config.tolerant = true;
		r = started(&config);
		expect_frame(r, 0, 0, "vm-1");
		stats = replay_files(r, &count);
		assert_int_equal(stats[0].frames, 1);
		expect_end(r);
	}
	unlink(paths[1]);
	expect_refused(&config, EXIT_ENVIRONMENT, ": No such file or directory");
	config.files = two;
	expect_refused(&config, EXIT_ENVIRONMENT, "it is a directory");
	config.file_count = 0;
	expect_refused(&config, EXIT_USAGE, "no capture is named");
}

/* It was there at the start, and is not when its turn comes. */
static void gone_meanwhile(void **state)
{
	struct replay_config config = {.files = files, .file_count = 3, .loops = 1};
	struct replay *r;

	(void)state;
	for (unsigned n = 0; n < 3; n++)
		save_simple(n, 1, n, 1, 0);
	r = started(&config);
	expect_frame(r, 0, 0, "vm-1");
	unlink(paths[1]);
	expect_frame(r, 2, 0, "vm-1");
	expect_failure(r, "No such file or directory (--tolerant accepts that)");
}

static void other_link_types(void **state)
{
	struct replay_config config = {.files = files, .file_count = 1, .loops = 1};
	unsigned char p[FRAME_BYTES];
	struct image i = {0};
	struct replay *r;
	struct frame f;
	struct err err;
	unsigned at;

	(void)state;
	frame_bytes(p, 1, 77);
	/* Ethernet, then raw IP, then 802.11. */
	image_section(&i, UINT64_MAX);
	image_interface(&i, 1, 0, NULL, 6, 0);
	image_interface(&i, 101, 0, NULL, 6, 0);
	image_interface(&i, 105, 0, NULL, 6, 0);
	put_packet(&i, 0, 1, 0);
	image_packet(&i, 1, 1000001, p + 14, FRAME_BYTES - 14, 1000, NULL);
	image_packet(&i, 2, 1000002, p, FRAME_BYTES, FRAME_BYTES, NULL);
	save(&i, 0);
	/* Tolerating broken files does not tolerate that. */
	for (int tolerant = 0; tolerant < 2; tolerant++) {
		config.tolerant = tolerant;
		r = started(&config);
		expect_frame(r, 0, S, "vm-1");
		expect_failure(r, ": frame 2 (at byte 212) has link type 101 (RAW), and the switch "
				  "forwards Ethernet: --as-ethernet wraps it");
	}
	config.as_ethernet = true;
	r = started(&config);
	expect_frame(r, 0, S, "vm-1");
	assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FRAME);
	assert_string_equal(ports.name[at], "vm-2");
	assert_int_equal(f.caplen, FRAME_BYTES);
	assert_int_equal(f.len, 1014);
	assert_memory_equal(f.data, "\x02\0\x0a\0\0\xff\x02\0\x0a\0\0\1\x08\0", 14);
	assert_memory_equal(f.data + 14, p + 14, FRAME_BYTES - 14);
	expect_failure(r,
		       "has link type 105 (IEEE802_11), and the switch forwards Ethernet: drop its "
		       "interface with `tshark -r FILE -Y 'frame.interface_id != 2' -w OUT`");

	image_pcap(&i, PCAP_US, 2, 4, 12345);
	put_record(&i, 0, 1, 0);
	save(&i, 0);
	expect_failure(started(&config), "has link type 12345 (unknown), and the switch "
					 "forwards Ethernet: leave the file out");
	image_pcap(&i, PCAP_US, 2, 4, 104);
	put_record(&i, 0, 1, 0);
	save(&i, 0);
	expect_failure(started(&config), "link type 104 (C_HDLC), and the switch forwards "
					 "Ethernet: `tcprewrite --dlt=enet -i FILE -o OUT`");
	/* Without a frame there is nothing to forward. */
	image_pcap(&i, PCAP_US, 2, 4, 105);
	save(&i, 0);
	expect_end(started(&config));
}

/* Runts, and frames whose length is absurd, come as they are. */
static void odd_frames(void **state)
{
	struct replay_config config = {.files = files, .file_count = 1, .loops = 1};
	static const uint32_t caplens[] = {0, 1, 11, 13};
	struct image i = {0};
	struct replay *r;

	(void)state;
	image_pcap(&i, PCAP_US, 2, 4, 1);
	for (unsigned k = 0; k < 4; k++)
		image_record(&i, 0, 0, caplens[k], UINT32_MAX - k, "abcdefghijklmn", caplens[k]);
	save(&i, 0);
	r = started(&config);
	for (unsigned k = 0; k < 4; k++) {
		struct frame f;
		unsigned at;
		struct err err;

		assert_int_equal(replay_next(r, &f, &at, &err), REPLAY_FRAME);
		assert_int_equal(f.caplen, caplens[k]);
		assert_int_equal(f.len, UINT32_MAX - k);
		/* 'g' is a group's. */
		assert_string_equal(ports.name[at], "uplink");
	}
	expect_end(r);
}

static void switch_is_full(void **state)
{
	struct replay_config config = {.files = files, .file_count = 2, .loops = 1};
	struct replay *r;

	(void)state;
	save_simple(0, 1, 0, 1, 0);
	save_simple(1, 2, 1, 1, 0);
	r = started(&config);
	ports.limit = 1;
	expect_frame(r, 0, 0, "vm-1");
	expect_failure(r, "the switch has no port for \"vm-2\": No space left on device");
}

static void standard_input(void **state)
{
	const char *names[] = {"-", "-", paths[0]};
	struct replay_config config = {.files = names, .file_count = 1, .loops = 1};
	struct image i = {0};
	struct replay *r;
	char fd_path[32];
	int fds[2], saved;

	(void)state;
	config.loops = 2;
	expect_refused(&config, EXIT_USAGE, "standard input: a pipe can be read once, and --loop");
	config.loops = 0;
	expect_refused(&config, EXIT_USAGE, "standard input: a pipe can be read once, and --loop");
	config.loops = 1;
	config.file_count = 2;
	expect_refused(&config, EXIT_USAGE, "named 2 times, and can be read once");

	save_simple(0, 2, 5, 1, 0);
	image_pcap(&i, PCAP_US, 2, 4, 1);
	put_record(&i, 0, 1, 3);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", fds[0]);
	assert_int_equal(write(fds[1], i.p, i.n), (ssize_t)i.n);
	close(fds[1]);
	/* A pipe of another name is one as well. */
	names[0] = fd_path;
	config.file_count = 1;
	config.loops = 2;
	expect_refused(&config, EXIT_USAGE, "a pipe can be read once");
	saved = dup(STDIN_FILENO);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	config.files = names + 1;
	config.file_count = 2;
	config.loops = 1;
	r = started(&config);
	expect_frame(r, 3, 0, "vm-1");
	expect_frame(r, 5, 0, "vm-2");
	expect_end(r);
	dup2(saved, STDIN_FILENO);
	close(saved);
	image_done(&i);
}

static unsigned descriptors_open(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void merge_bounds(void **state)
{
	const char *many[REPLAY_MERGE_MAX + 1];
	struct replay_config config = {
		.files = many, .file_count = REPLAY_MERGE_MAX + 1, .merge = true, .loops = 2};
	struct rlimit limit, low;
	unsigned before = descriptors_open();
	struct replay *r;

	(void)state;
	save_simple(0, 1, 4, 1, 0);
	for (unsigned k = 0; k <= REPLAY_MERGE_MAX; k++)
		many[k] = paths[0];
	expect_refused(&config, EXIT_USAGE, "512 at most, and 513 are named");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 512;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	config.file_count = 500;
	expect_refused(&config, EXIT_ENVIRONMENT, "raise the limit with `ulimit -n 532`");
	config.file_count = 480;
	r = started(&config);
	for (unsigned k = 0; k < 960; k++)
		expect_frame(r, 4, k < 480 ? 0 : REPLAY_GAP_NS, "vm-1");
	expect_end(r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* Closed in the middle, nothing stays open. */
	r = started(&config);
	expect_frame(r, 4, 0, "vm-1");
	replay_close(r);
	assert_int_equal(descriptors_open(), before);
}

static int dir_make(void **state)
{
	if (files_begin(state))
		return -1;
	for (unsigned n = 0; n < FILES; n++) {
		snprintf(paths[n], sizeof(paths[n]), "%s/%u.cap", files_folder, n);
		files[n] = paths[n];
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_turn),
		cmocka_unit_test(merged),
		cmocka_unit_test(merge_keeps_each_order),
		cmocka_unit_test(loops_rise),
		cmocka_unit_test(loops_for_ever),
		cmocka_unit_test(loops_saturate),
		cmocka_unit_test(limited),
		cmocka_unit_test(unique_ip),
		cmocka_unit_test(named_vms),
		cmocka_unit_test(named_interfaces),
		cmocka_unit_test(many_interfaces),
		cmocka_unit_test(broken),
		cmocka_unit_test(broken_and_tolerated),
		cmocka_unit_test(first_words_stay),
		cmocka_unit_test(no_capture),
		cmocka_unit_test(gone_meanwhile),
		cmocka_unit_test(other_link_types),
		cmocka_unit_test(odd_frames),
		cmocka_unit_test(switch_is_full),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(merge_bounds),
	};

	return cmocka_run_group_tests(tests, dir_make, files_end);
}
