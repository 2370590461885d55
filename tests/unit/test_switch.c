/* test_switch.c - what switch.c forwards, learns, drops and counts
 *
 * Goal: each sentence of the theory of operation in switch.h holds, and no frame goes uncounted or
 * is kept or freed wrongly.
 *
 * Method: a bench of one switch, a recording subscriber and a recording listener. Each frame is
 * sent with a second reference held here, so that what the switch wrote into it, and how many
 * references are left, can be seen afterwards; in the end the counters must account for all
 * frames sent so far. A model that keeps its addresses in a plain array, searched from end to end,
 * is run beside the switch over random traffic, time, spoofs and ports that come and go. What must
 * end the process is tried in a child. The source is included, so that its allocations can be made
 * to fail.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned callocs, calloc_fails_at; /* 0: never */

static void *test_calloc_nth(size_t count, size_t size)
{
	return ++callocs == calloc_fails_at ? NULL : calloc(count, size);
}

#define calloc test_calloc_nth
#include "frames.h"
#include "switch.c" /* NOLINT(bugprone-suspicious-include): see the method above */
#undef calloc

#define S	  UINT64_C(1000000000)
#define T0	  (UINT64_C(50) * S + 7)
#define BROADCAST UINT64_C(0xffffffffffff)
#define MULTICAST UINT64_C(0x01005e0000fb)
#define VM(n)	  (UINT64_C(0x020000000000) + (n))

struct bench {
	struct eth_switch *s;
	/* What the subscriber saw */
	uint64_t published;
	const struct frame *last;
	/* What the listener saw */
	uint64_t told, told_forwarded;
	enum switch_drop told_why;
	unsigned told_port;
	/* What was sent, and the frame that was sent last (one reference held) */
	uint64_t sent;
	struct frame *frame;
};

static void on_publish(void *ctx, const struct frame *f)
{
	struct bench *b = ctx;

	b->published++;
	b->last = f;
}

static void on_drop(void *ctx, const struct frame *f, unsigned port, enum switch_drop why,
		    bool forwarded)
{
	struct bench *b = ctx;

	b->told++;
	b->told_forwarded += forwarded;
	b->told_why = why;
	b->told_port = port;
	assert_ptr_equal(f, b->frame);
	assert_int_equal(f->ingress, port);
	/* Told before it is published, so that a report of it never comes after the frame. */
	if (forwarded)
		assert_ptr_not_equal(b->last, f);
}

static void bench_open(struct bench *b, struct switch_config config, unsigned ports)
{
	unsigned i;

	memset(b, 0, sizeof(*b));
	b->s = switch_new(&config);
	assert_non_null(b->s);
	assert_int_equal(switch_subscribe(b->s, (struct subscriber){on_publish, b}), 0);
	switch_listen(b->s, (struct switch_listener){on_drop, b});
	for (i = 0; i < ports; i++) {
		char name[SWITCH_NAME_MAX];

		snprintf(name, sizeof(name), "vm-%u", i + 1);
		assert_int_equal(switch_port_add(b->s, name, NULL), (int)i);
	}
}

static const struct switch_port_stats *stats(const struct bench *b, unsigned port)
{
	return switch_port_stats(b->s, port);
}

static uint64_t dropped(const struct bench *b, unsigned port)
{
	uint64_t sum = 0;
	unsigned why;

	for (why = 0; why < SWITCH_DROPS; why++)
		sum += stats(b, port)->dropped[why];
	return sum;
}

/* Every frame sent so far is forwarded or dropped once, and told or published so. */
static void assert_accounted(const struct bench *b)
{
	uint64_t in = 0, lost = 0, logged = 0;
	unsigned i;

	for (i = 0; i < switch_ports(b->s); i++) {
		in += stats(b, i)->in;
		lost += dropped(b, i);
		logged += stats(b, i)->spoof_logged;
		assert_true(stats(b, i)->flooded + stats(b, i)->local <= stats(b, i)->in);
	}
	assert_true(in == b->published && logged == b->told_forwarded);
	assert_true(lost == b->told - b->told_forwarded && in + lost == b->sent);
}

static void bench_close(struct bench *b)
{
	assert_accounted(b);
	free(b->frame);
	switch_free(b->s);
}

static void mac_store(unsigned char *p, uint64_t mac)
{
	be16_store(p, (uint16_t)(mac >> 32));
	be16_store(p + 2, (uint16_t)(mac >> 16));
	be16_store(p + 4, (uint16_t)mac);
}

static struct frame *frame_make(uint64_t destination, uint64_t source, uint32_t caplen)
{
	unsigned char head[14] = {0};
	struct frame *f = frames_new(caplen);

	mac_store(head, destination);
	mac_store(head + 6, source);
	memcpy(frames_bytes(f), head, caplen < sizeof(head) ? caplen : sizeof(head));
	return f;
}

/* A frame that is made for this. */
static bool input(struct eth_switch *s, unsigned port, struct frame *f, uint64_t now_ns)
{
	bool forwarded = switch_input(s, port, f, now_ns);

	free(f);
	return forwarded;
}

static bool send_frame(struct bench *b, unsigned port, struct frame *f, uint64_t now_ns)
{
	uint64_t published = b->published, told = b->told;
	bool forwarded;

	free(b->frame);
	b->frame = f;
	b->last = NULL;
	b->sent++;
	forwarded = switch_input(b->s, port, f, now_ns);
	assert_int_equal(b->published - published, forwarded);
	assert_ptr_equal(b->last, forwarded ? f : NULL);
	assert_true(forwarded || b->told == told + 1);
	return forwarded;
}

static bool send_at(struct bench *b, unsigned port, uint64_t destination, uint64_t source,
		    uint64_t now_ns)
{
	return send_frame(b, port, frame_make(destination, source, 60), now_ns);
}

/* The last frame came in by, and went out of, these ports (bits of the low word) and no others. */
#define assert_ports(b, bits)                                        \
	do {                                                         \
		assert_int_equal((b)->frame->ports.word[0], (bits)); \
		assert_int_equal((b)->frame->ports.word[1], 0);      \
	} while (0)

/* ---- forwarding ---- */

static void unknown_destination_is_flooded(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 4);
	assert_true(send_at(&b, 1, VM(9), VM(1), T0));
	assert_ports(&b, 0xf);
	assert_int_equal(b.frame->ingress, 1);
	assert_int_equal(b.frame->published_ns, T0);
	assert_int_equal(stats(&b, 1)->in, 1);
	assert_int_equal(stats(&b, 1)->in_bytes, 60);
	assert_int_equal(stats(&b, 1)->flooded, 1);
	assert_int_equal(stats(&b, 1)->out, 0);
	assert_int_equal(stats(&b, 0)->out, 1);
	assert_int_equal(stats(&b, 2)->out, 1);
	assert_int_equal(stats(&b, 3)->out, 1);
	assert_int_equal(stats(&b, 3)->out_bytes, 60);
	assert_int_equal(stats(&b, 0)->in, 0);
	bench_close(&b);
}

static void learned_destination_goes_to_its_port(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 4);
	assert_true(send_at(&b, 2, BROADCAST, VM(2), T0));
	assert_int_equal(switch_addresses(b.s), 1);
	assert_true(send_at(&b, 0, VM(2), VM(0), T0));
	assert_ports(&b, 1 << 0 | 1 << 2);
	/* And back: what was learned from a unicast frame counts as well. */
	assert_true(send_at(&b, 2, VM(0), VM(2), T0));
	assert_ports(&b, 1 << 0 | 1 << 2);
	assert_int_equal(b.frame->ingress, 2);
	assert_int_equal(switch_addresses(b.s), 2);
	assert_int_equal(stats(&b, 0)->out, 2);
	assert_int_equal(stats(&b, 2)->out, 1);
	assert_int_equal(stats(&b, 1)->out, 1);
	assert_int_equal(stats(&b, 3)->out, 1);
	assert_int_equal(stats(&b, 0)->flooded, 0);
	assert_int_equal(stats(&b, 0)->local, 0);
	bench_close(&b);
}

/* One that differs in any single bit is another address. */
static void all_48_bits_count(void **state)
{
	struct bench b;
	unsigned bit;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	assert_true(send_at(&b, 1, BROADCAST, VM(1), T0));
	for (bit = 0; bit < 48; bit++) {
		assert_true(send_at(&b, 0, VM(1) ^ UINT64_C(1) << bit, VM(99), T0));
		assert_ports(&b, 7);
	}
	assert_true(send_at(&b, 0, VM(1), VM(0), T0));
	assert_ports(&b, 3);
	bench_close(&b);
}

static void group_destinations_are_flooded(void **state)
{
	/* Broadcast, multicast of IPv4 and IPv6, and one that IEEE 802.1D reserves */
	static const uint64_t groups[] = {BROADCAST, MULTICAST, UINT64_C(0x333300000001),
					  UINT64_C(0x0180c2000000)};
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	for (i = 0; i < 4; i++) {
		/* As a source too: were it learned, the next would go to port 1 alone. */
		assert_true(send_at(&b, 1, BROADCAST, groups[i], T0));
		assert_true(send_at(&b, 0, groups[i], VM(0), T0));
		assert_ports(&b, 7);
	}
	assert_int_equal(stats(&b, 0)->flooded, 4);
	bench_close(&b);
}

static void group_sources_are_not_learned(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	assert_true(send_at(&b, 0, BROADCAST, MULTICAST, T0));
	assert_int_equal(switch_addresses(b.s), 0);
	/* Not owned either: another port that uses it does not spoof. */
	assert_true(send_at(&b, 1, BROADCAST, MULTICAST, T0));
	assert_true(send_at(&b, 2, VM(7), BROADCAST, T0));
	assert_int_equal(switch_addresses(b.s), 0);
	assert_int_equal(b.told, 0);
	bench_close(&b);
}

static void local_frames_have_no_egress_and_are_published(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	assert_true(send_at(&b, 1, BROADCAST, VM(1), T0));
	assert_true(send_at(&b, 1, VM(1), VM(2), T0));
	assert_ports(&b, 1 << 1);
	/* To itself, from an address not seen before: learned first, so local. */
	assert_true(send_at(&b, 1, VM(3), VM(3), T0));
	assert_ports(&b, 1 << 1);
	assert_int_equal(stats(&b, 1)->local, 2);
	assert_int_equal(stats(&b, 1)->flooded, 1);
	assert_int_equal(stats(&b, 1)->out, 0);
	assert_int_equal(stats(&b, 0)->out, 1);
	assert_int_equal(b.published, 3);
	bench_close(&b);
}

static void alone_on_the_switch_is_still_forwarded(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 1);
	assert_true(send_at(&b, 0, BROADCAST, VM(0), T0));
	assert_ports(&b, 1);
	assert_int_equal(stats(&b, 0)->out, 0);
	assert_int_equal(stats(&b, 0)->flooded, 1);
	bench_close(&b);
}

/* Both words of the set of ports. */
static void all_ports_can_be_used(void **state)
{
	unsigned from, to;
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, PORTS_MAX);
	for (from = 0; from < PORTS_MAX; from++) {
		assert_true(send_at(&b, from, BROADCAST, VM(from), T0));
		assert_true(b.frame->ports.word[0] == UINT64_MAX);
		assert_true(b.frame->ports.word[1] == UINT64_MAX);
	}
	for (from = 0; from < PORTS_MAX; from++)
		assert_int_equal(stats(&b, from)->out, PORTS_MAX - 1);
	for (from = 0; from < PORTS_MAX; from++) {
		for (to = 0; to < PORTS_MAX; to++) {
			struct port_set want = {{0, 0}};

			port_set_add(&want, from);
			port_set_add(&want, to);
			assert_true(send_at(&b, from, VM(to), VM(from), T0));
			assert_memory_equal(&b.frame->ports, &want, sizeof(want));
		}
		assert_int_equal(stats(&b, from)->local, 1);
	}
	bench_close(&b);
}

/* ---- ageing and the bound of the table ---- */

static void addresses_age_out(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	assert_true(send_at(&b, 0, BROADCAST, VM(0), T0));
	assert_true(send_at(&b, 1, VM(0), VM(1), T0 + 300 * S - 1));
	assert_ports(&b, 3);
	/* To be a destination does not keep an address young. */
	assert_true(send_at(&b, 1, VM(0), VM(1), T0 + 300 * S));
	assert_ports(&b, 7);
	assert_int_equal(switch_addresses(b.s), 1);
	/* Another port may have it now. */
	assert_true(send_at(&b, 2, BROADCAST, VM(0), T0 + 300 * S));
	assert_true(send_at(&b, 1, VM(0), VM(1), T0 + 300 * S));
	assert_ports(&b, 1 << 1 | 1 << 2);
	bench_close(&b);
}

static void being_seen_keeps_an_address_young(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){.age_ns_max = 10 * S}, 3);
	for (i = 0; i < 100; i++)
		assert_true(send_at(&b, 0, BROADCAST, VM(0), T0 + 9 * S * i));
	assert_true(send_at(&b, 1, VM(0), VM(1), T0 + (99 * 9 + 9) * S));
	assert_ports(&b, 3);
	assert_true(send_at(&b, 1, VM(0), VM(1), T0 + (99 * 9 + 10) * S));
	assert_ports(&b, 7);
	bench_close(&b);
}

/* Any frame sweeps, one that is dropped too; a time before the latest sweeps nothing and counts as
 * the latest. */
static void ageing_follows_the_latest_time(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){.age_ns_max = 100}, 2);
	for (i = 0; i < 50; i++)
		assert_true(send_at(&b, 0, BROADCAST, VM(i), T0 + i));
	assert_int_equal(switch_addresses(b.s), 50);
	assert_false(send_frame(&b, 1, frame_make(0, 0, 3), T0 + 120));
	assert_int_equal(switch_addresses(b.s), 29); /* 21 to 49 */
	assert_true(send_at(&b, 0, BROADCAST, VM(60), 5));
	assert_int_equal(b.frame->published_ns, T0 + 120);
	assert_int_equal(switch_addresses(b.s), 30);
	assert_false(send_frame(&b, 1, frame_make(0, 0, 3), T0 + 219));
	assert_int_equal(switch_addresses(b.s), 1);
	assert_false(send_frame(&b, 1, frame_make(0, 0, 3), T0 + 220));
	assert_int_equal(switch_addresses(b.s), 0);
	bench_close(&b);
}

static void the_unseen_for_longest_makes_room(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){.addresses_max = 4}, 3);
	for (i = 0; i < 4; i++)
		assert_true(send_at(&b, 0, BROADCAST, VM(i), T0));
	/* In one and the same nanosecond order counts: 0 is newest now, then 2; so 1, then 3 go. */
	assert_true(send_at(&b, 0, BROADCAST, VM(2), T0));
	assert_true(send_at(&b, 0, BROADCAST, VM(0), T0));
	assert_true(send_at(&b, 1, VM(3), VM(10), T0));
	assert_ports(&b, 3);
	assert_int_equal(switch_addresses(b.s), 4);
	assert_true(send_at(&b, 1, VM(1), VM(10), T0));
	assert_ports(&b, 7);
	assert_true(send_at(&b, 1, VM(3), VM(11), T0));
	assert_ports(&b, 7);
	assert_true(send_at(&b, 1, VM(2), VM(11), T0));
	assert_ports(&b, 3);
	assert_true(send_at(&b, 1, VM(0), VM(11), T0));
	assert_ports(&b, 3);
	/* Who made room is owned by nobody. */
	assert_true(send_at(&b, 2, BROADCAST, VM(1), T0));
	assert_int_equal(b.told, 0);
	bench_close(&b);
}

static void a_table_of_one_works(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){.addresses_max = 1}, 3);
	for (i = 0; i < 1000; i++) {
		assert_true(send_at(&b, i % 3, VM(i), VM(i), T0 + i));
		assert_int_equal(switch_addresses(b.s), 1);
	}
	assert_int_equal(stats(&b, 0)->local, 334);
	bench_close(&b);
}

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* A million invented addresses: the table stays in its bound, and the address that is in use all
 * the while stays in the table. */
static void a_flood_of_addresses_is_bounded(void **state)
{
	struct frame *attack = frame_make(BROADCAST, 0, 60);
	uint64_t random = 0x5eed;
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	switch_unsubscribe(b.s, &b); /* its checks are not what takes time here */
	for (i = 0; i < 1000000; i++) {
		uint64_t mac = next_random(&random) & UINT64_C(0xfeffffffffff);

		mac_store(frames_bytes(attack) + 6, mac);
		assert_true(switch_input(b.s, 0, attack, T0 + i));
		if (i % 1000 == 0) {
			mac_store(frames_bytes(attack) + 6, VM(1));
			assert_true(switch_input(b.s, 1, attack, T0 + i));
			assert_true(switch_addresses(b.s) <= SWITCH_ADDRESSES_MAX);
		}
	}
	assert_int_equal(switch_addresses(b.s), SWITCH_ADDRESSES_MAX);
	free(attack);
	b.published = b.sent = 1001000;
	assert_int_equal(switch_subscribe(b.s, (struct subscriber){on_publish, &b}), 0);
	assert_true(send_at(&b, 2, VM(1), VM(2), T0 + i));
	assert_ports(&b, 1 << 1 | 1 << 2);
	bench_close(&b);
}

/* ---- drops ---- */

static void assert_dropped(const struct bench *b, unsigned port, enum switch_drop why,
			   uint64_t count)
{
	assert_int_equal(stats(b, port)->dropped[why], count);
	assert_int_equal(b->told_why, why);
	assert_int_equal(b->told_port, port);
	assert_accounted(b);
}

static void runts_are_dropped(void **state)
{
	struct bench b;
	uint32_t length;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 2);
	for (length = 0; length < SWITCH_FRAME_MIN; length++) {
		assert_false(send_frame(&b, 1, frame_make(BROADCAST, VM(1), length), T0));
		assert_dropped(&b, 1, SWITCH_RUNT, length + 1);
	}
	assert_int_equal(switch_addresses(b.s), 0);
	assert_int_equal(stats(&b, 0)->out, 0);
	assert_true(send_frame(&b, 1, frame_make(BROADCAST, VM(1), SWITCH_FRAME_MIN), T0));
	bench_close(&b);
}

static void oversize_frames_are_dropped(void **state)
{
	static const struct {
		uint32_t config, longest;
	} cases[] = {{0, SWITCH_FRAME_MAX}, {1518, 1518}, {14, 14}};
	struct bench b;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		uint32_t longest = cases[i].longest;

		bench_open(&b, (struct switch_config){.frame_max = cases[i].config}, 2);
		assert_true(send_frame(&b, 0, frame_make(BROADCAST, VM(0), longest), T0));
		assert_false(send_frame(&b, 1, frame_make(BROADCAST, VM(1), longest + 1), T0));
		assert_dropped(&b, 1, SWITCH_OVERSIZE, 1);
		assert_int_equal(switch_addresses(b.s), 1);
		bench_close(&b);
	}
	bench_open(&b, (struct switch_config){.frame_max = FRAME_BYTES_MAX}, 2);
	assert_true(send_frame(&b, 0, frame_make(BROADCAST, VM(0), FRAME_BYTES_MAX), T0));
	assert_int_equal(stats(&b, 1)->out_bytes, FRAME_BYTES_MAX);
	bench_close(&b);
}

/* The length on the wire comes from the file and may be anything: what was captured decides. */
static void an_absurd_wire_length_changes_nothing(void **state)
{
	struct bench b;
	struct frame *f;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 2);
	f = frame_make(BROADCAST, VM(0), 60);
	f->len = UINT32_MAX;
	assert_true(send_frame(&b, 0, f, T0));
	f = frame_make(BROADCAST, VM(0), 60);
	f->len = 0;
	assert_true(send_frame(&b, 0, f, T0));
	assert_int_equal(stats(&b, 0)->in_bytes, 120);
	bench_close(&b);
}

static void spoofed_frames_are_dropped(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){.spoof = SWITCH_SPOOF_DROP}, 3);
	assert_true(send_at(&b, 0, BROADCAST, VM(0), T0));
	assert_false(send_at(&b, 1, BROADCAST, VM(0), T0 + 1));
	assert_dropped(&b, 1, SWITCH_SPOOFED, 1);
	assert_int_equal(b.told_forwarded, 0);
	assert_int_equal(stats(&b, 1)->spoof_logged, 0);
	/* The address stays where it is; and the owner is not held to account. */
	assert_true(send_at(&b, 2, VM(0), VM(2), T0 + 2));
	assert_ports(&b, 1 << 0 | 1 << 2);
	assert_true(send_at(&b, 0, BROADCAST, VM(0), T0 + 3));
	bench_close(&b);
}

static void spoofed_frames_are_logged(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){.spoof = SWITCH_SPOOF_LOG}, 3);
	assert_true(send_at(&b, 0, BROADCAST, VM(0), T0));
	assert_true(send_at(&b, 1, VM(0), VM(0), T0 + 1));
	assert_ports(&b, 3); /* to its owner */
	assert_int_equal(b.told, 1);
	assert_int_equal(b.told_forwarded, 1);
	assert_int_equal(b.told_why, SWITCH_SPOOFED);
	assert_int_equal(b.told_port, 1);
	assert_int_equal(stats(&b, 1)->spoof_logged, 1);
	assert_int_equal(dropped(&b, 1), 0);
	assert_true(send_at(&b, 2, VM(0), VM(2), T0 + 2));
	assert_ports(&b, 1 << 0 | 1 << 2);
	bench_close(&b);
}

/* Whoever spoofs can neither keep an address alive for its owner, nor have it early. */
static void a_spoofer_does_not_refresh(void **state)
{
	static const enum switch_spoof_policy policies[] = {SWITCH_SPOOF_DROP, SWITCH_SPOOF_LOG};
	struct bench b;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		bool logs = policies[i] == SWITCH_SPOOF_LOG;

		bench_open(&b, (struct switch_config){.age_ns_max = 100, .spoof = policies[i]}, 2);
		assert_true(send_at(&b, 0, BROADCAST, VM(0), T0));
		for (k = 0; k < 100; k++)
			assert_int_equal(send_at(&b, 1, BROADCAST, VM(0), T0 + k), logs);
		assert_int_equal(b.told, 100);
		assert_true(send_at(&b, 1, BROADCAST, VM(0), T0 + 100));
		assert_int_equal(b.told, 100);
		assert_int_equal(send_at(&b, 0, BROADCAST, VM(0), T0 + 100), logs);
		assert_int_equal(b.told, 101);
		bench_close(&b);
	}
}

/* ---- ports that join and leave ---- */

static void a_port_that_left_is_dropped(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 4);
	assert_true(send_at(&b, 1, BROADCAST, VM(1), T0));
	assert_true(send_at(&b, 2, BROADCAST, VM(2), T0));
	assert_true(send_at(&b, 1, BROADCAST, VM(11), T0));
	assert_int_equal(switch_addresses(b.s), 3);
	switch_port_remove(b.s, 1);
	assert_false(switch_port_present(b.s, 1));
	assert_int_equal(switch_addresses(b.s), 1);

	assert_false(send_at(&b, 1, VM(2), VM(1), T0));
	assert_dropped(&b, 1, SWITCH_NO_PORT, 1);
	/* Even a runt: its port is what is wrong first. */
	assert_false(send_frame(&b, 1, frame_make(0, 0, 0), T0));
	assert_dropped(&b, 1, SWITCH_NO_PORT, 2);
	assert_int_equal(switch_addresses(b.s), 1);

	/* Neither its addresses nor a flood lead there; others' addresses still do. */
	assert_true(send_at(&b, 0, VM(1), VM(0), T0));
	assert_ports(&b, 1 << 0 | 1 << 2 | 1 << 3);
	assert_true(send_at(&b, 0, VM(2), VM(0), T0));
	assert_ports(&b, 1 << 0 | 1 << 2);
	assert_int_equal(stats(&b, 1)->in, 2);
	assert_int_equal(stats(&b, 1)->out, 1);
	assert_string_equal(switch_port_name(b.s, 1), "vm-2");
	/* And another port may have them. */
	assert_true(send_at(&b, 3, BROADCAST, VM(11), T0));
	bench_close(&b);
}

static void a_port_that_returns_has_a_new_index(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){0}, 3);
	assert_int_equal(switch_port_add(b.s, "vm-2", NULL), -EEXIST);
	assert_true(send_at(&b, 1, BROADCAST, VM(1), T0));
	switch_port_remove(b.s, 1);
	assert_int_equal(switch_port_find(b.s, "vm-2"), 1);
	assert_int_equal(switch_port_add(b.s, "vm-2", NULL), 3);
	assert_int_equal(switch_port_find(b.s, "vm-2"), 3);
	assert_int_equal(switch_port_add(b.s, "vm-2", NULL), -EEXIST);
	assert_int_equal(switch_ports(b.s), 4);
	assert_int_equal(stats(&b, 1)->in, 1);
	assert_int_equal(stats(&b, 3)->in, 0);
	assert_true(send_at(&b, 3, BROADCAST, VM(1), T0));
	assert_ports(&b, 1 << 0 | 1 << 2 | 1 << 3);
	switch_port_remove(b.s, 3);
	assert_int_equal(switch_port_find(b.s, "vm-2"), 3);
	bench_close(&b);
}

static void names_and_indexes_are_bounded(void **state)
{
	char name[SWITCH_NAME_MAX + 1];
	struct bench b;
	unsigned i;

	(void)state;
	bench_open(&b, (struct switch_config){0}, PORTS_MAX - 1);
	memset(name, 'n', sizeof(name));
	name[SWITCH_NAME_MAX] = '\0';
	assert_int_equal(switch_port_add(b.s, name, NULL), -EINVAL);
	assert_int_equal(switch_port_add(b.s, "", NULL), -EINVAL);
	assert_int_equal(switch_ports(b.s), PORTS_MAX - 1);
	assert_int_equal(switch_port_find(b.s, ""), -ENOENT);
	name[SWITCH_NAME_MAX - 1] = '\0';
	assert_int_equal(switch_port_find(b.s, name), -ENOENT);
	assert_int_equal(switch_port_add(b.s, name, NULL), PORTS_MAX - 1);
	assert_string_equal(switch_port_name(b.s, PORTS_MAX - 1), name);
	/* Full, and stays so: indexes are not used again. */
	assert_int_equal(switch_port_add(b.s, "more", NULL), -ENOSPC);
	for (i = 0; i < PORTS_MAX; i++)
		switch_port_remove(b.s, i);
	assert_int_equal(switch_port_add(b.s, "more", NULL), -ENOSPC);
	bench_close(&b);
}

/* ---- rate limits ---- */

static void bench_open_limited(struct bench *b, uint64_t rate_max, uint64_t broadcast_rate_max)
{
	struct switch_port_config limits = {rate_max, broadcast_rate_max};

	bench_open(b, (struct switch_config){0}, 1);
	assert_int_equal(switch_port_add(b->s, "limited", &limits), 1);
	assert_true(send_at(b, 0, BROADCAST, VM(0), T0));
}

/* Frames of a burst that pass at one instant. */
static uint64_t burst(struct bench *b, uint64_t destination, uint64_t now_ns)
{
	uint64_t passed = 0;

	while (send_at(b, 1, destination, VM(1), now_ns))
		passed++;
	return passed;
}

static void bursts_are_a_tenth_of_a_second(void **state)
{
	static const struct {
		uint64_t rate, burst;
	} cases[] = {{2, 1},  {7, 1},	   {10, 1},	{19, 1},
		     {20, 2}, {1000, 100}, {1239, 123}, {123456, 12345}};
	struct bench b;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_open_limited(&b, cases[i].rate, 0);
		assert_int_equal(burst(&b, VM(0), T0), cases[i].burst);
		assert_dropped(&b, 1, SWITCH_RATE, 1);
		/* Neither most of a second of rest nor years of it give more than a burst. */
		assert_int_equal(burst(&b, VM(0), T0 + S - 1), cases[i].burst);
		assert_int_equal(burst(&b, VM(0), UINT64_C(300) * 365 * 86400 * S), cases[i].burst);
		bench_close(&b);
	}
}

/* A frame on offer every step_ns for ten minutes: what passes is the burst and the rate times the
 * time, in whole frames, without one too few or too many. */
static void limited_for_minutes(uint64_t rate, uint64_t step_ns, bool group)
{
	uint64_t depth = rate / 10 > 1 ? rate / 10 : 1, passed = 0, t;
	struct bench b;

	bench_open_limited(&b, group ? 0 : rate, group ? rate : 0);
	for (t = 0; t <= 600 * S; t += step_ns)
		passed += send_at(&b, 1, group ? MULTICAST : VM(0), VM(1), T0 + t);
	assert_int_equal(passed, depth + rate * 600);
	assert_dropped(&b, 1, group ? SWITCH_BROADCAST_RATE : SWITCH_RATE,
		       600 * S / step_ns + 1 - passed);
	assert_int_equal(stats(&b, 1)->in, passed);
	bench_close(&b);
}

static void limits_are_exact_over_minutes(void **state)
{
	(void)state;
	limited_for_minutes(1000, S / 2500, false);
	limited_for_minutes(1000, S / 2500, true);
	limited_for_minutes(30, S / 100, false);
	limited_for_minutes(70, S / 200, false);
	limited_for_minutes(990, S / 1000, false);
	limited_for_minutes(8, S / 16, false);
	limited_for_minutes(1, S / 4, true);
}

/* Just at the limit nothing is dropped, and one nanosecond earlier everything. */
static void at_the_limit_nothing_is_dropped(void **state)
{
	static const uint64_t rates[] = {1, 8, 1000};
	struct bench b;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		uint64_t gap_ns = S / rates[i], k;

		bench_open_limited(&b, rates[i], 0);
		burst(&b, VM(0), T0);
		for (k = 1; k < 100000; k++) {
			assert_false(send_at(&b, 1, VM(0), VM(1), T0 + k * gap_ns - 1));
			assert_true(send_at(&b, 1, VM(0), VM(1), T0 + k * gap_ns));
		}
		bench_close(&b);
	}
}

static void limits_are_apart(void **state)
{
	struct bench b;

	(void)state;
	/* A storm of broadcasts, all of it dropped past its own limit, costs unicast nothing. */
	bench_open_limited(&b, 1000, 200);
	assert_int_equal(burst(&b, BROADCAST, T0), 20);
	assert_dropped(&b, 1, SWITCH_BROADCAST_RATE, 1);
	assert_false(send_at(&b, 1, MULTICAST, VM(1), T0));
	assert_dropped(&b, 1, SWITCH_BROADCAST_RATE, 2);
	assert_int_equal(burst(&b, VM(0), T0), 80);
	assert_dropped(&b, 1, SWITCH_RATE, 1);
	bench_close(&b);

	/* Nor the other way round: what the port's limit drops, its broadcasts may use later. */
	bench_open_limited(&b, 100, 200);
	assert_int_equal(burst(&b, VM(0), T0), 10);
	assert_false(send_at(&b, 1, BROADCAST, VM(1), T0));
	assert_dropped(&b, 1, SWITCH_RATE, 2);
	assert_int_equal(burst(&b, BROADCAST, T0 + S / 100), 1);
	assert_dropped(&b, 1, SWITCH_RATE, 3);
	bench_close(&b);

	/* Unicast that is flooded is no broadcast. */
	bench_open_limited(&b, 0, 1);
	assert_int_equal(burst(&b, BROADCAST, T0), 1);
	assert_true(send_at(&b, 1, VM(77), VM(1), T0));
	assert_true(send_at(&b, 1, VM(77), VM(1), T0));
	bench_close(&b);
}

/* A storm takes nothing from the bucket that did not drop it, however it is filled meanwhile. */
static void a_dropped_frame_takes_no_token(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	bench_open_limited(&b, 100, 1000);
	assert_int_equal(burst(&b, VM(0), T0), 10);
	for (i = 0; i < 1000; i++)
		assert_false(send_at(&b, 1, BROADCAST, VM(1), T0));
	assert_int_equal(b.s->ports[1].group.level, b.s->ports[1].group.depth);
	bench_close(&b);
}

static void runts_and_oversize_use_no_allowance(void **state)
{
	struct bench b;

	(void)state;
	bench_open_limited(&b, 1, 1);
	assert_false(send_frame(&b, 1, frame_make(BROADCAST, VM(1), 13), T0));
	assert_false(send_frame(&b, 1, frame_make(BROADCAST, VM(1), 9217), T0));
	assert_true(send_at(&b, 1, BROADCAST, VM(1), T0));
	bench_close(&b);
}

static void spoofed_frames_use_allowance(void **state)
{
	struct bench b;

	(void)state;
	bench_open_limited(&b, 1, 0);
	assert_false(send_at(&b, 1, BROADCAST, VM(0), T0));
	assert_dropped(&b, 1, SWITCH_SPOOFED, 1);
	assert_false(send_at(&b, 1, BROADCAST, VM(1), T0));
	assert_dropped(&b, 1, SWITCH_RATE, 1);
	/* What the limit dropped was not learned. */
	assert_int_equal(switch_addresses(b.s), 1);
	bench_close(&b);
}

/* Rates and times whose products are small numbers again where 64 bits wrap round. */
static void products_do_not_wrap(void **state)
{
	static const uint64_t rates[] = {UINT64_MAX, UINT64_MAX / 100000000 + 1,
					 SWITCH_RATE_LIMIT + 1, SWITCH_RATE_LIMIT};
	struct bench b;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 4; i++) {
		bench_open_limited(&b, rates[i], rates[i]);
		for (k = 0; k < 1000; k++)
			assert_true(send_at(&b, 1, BROADCAST, VM(1), T0));
		assert_true(send_at(&b, 1, BROADCAST, VM(1), T0 + S - 1));
		assert_true(send_at(&b, 1, BROADCAST, VM(1), UINT64_MAX));
		bench_close(&b);
	}
	bench_open_limited(&b, 8, 0);
	assert_int_equal(burst(&b, VM(0), T0), 1);
	assert_int_equal(burst(&b, VM(0), T0 + (UINT64_C(1) << 61)), 1);
	bench_close(&b);
}

/* A clock that goes back earns nothing twice. */
static void time_that_goes_back_earns_nothing(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	bench_open_limited(&b, 10, 0);
	assert_int_equal(burst(&b, VM(0), T0), 1);
	for (i = 0; i < 100; i++) {
		assert_false(send_at(&b, 1, VM(0), VM(1), T0 - S));
		assert_false(send_at(&b, 1, VM(0), VM(1), T0));
	}
	assert_true(send_at(&b, 1, VM(0), VM(1), T0 + S / 10));
	bench_close(&b);
}

/* ---- subscribers ---- */

#define KEPT_MAX 64u

struct keeper {
	const struct frame *kept[KEPT_MAX]; /* by address: it is borrowed */
	unsigned *order;		    /* calls of all keepers so far, or NULL */
	unsigned place;			    /* among them, for each frame */
	unsigned count;
};

static void keep(void *ctx, const struct frame *f)
{
	struct keeper *k = ctx;

	assert_true(k->count < KEPT_MAX);
	k->kept[k->count++] = f;
	if (k->order)
		assert_int_equal((*k->order)++ % SWITCH_SUBSCRIBERS_MAX, k->place);
}

static void every_subscriber_gets_each_forwarded_frame_once(void **state)
{
	struct keeper keepers[SWITCH_SUBSCRIBERS_MAX + 1] = {0};
	struct switch_config config = {0};
	struct eth_switch *s = switch_new(&config);
	struct frame *frames[KEPT_MAX];
	unsigned i, k, calls = 0;

	(void)state;
	assert_int_equal(switch_port_add(s, "a", NULL), 0);
	assert_int_equal(switch_port_add(s, "b", NULL), 1);
	for (i = 0; i < SWITCH_SUBSCRIBERS_MAX; i++) {
		keepers[i].order = &calls;
		keepers[i].place = i;
		assert_int_equal(switch_subscribe(s, (struct subscriber){keep, &keepers[i]}), 0);
	}
	assert_int_equal(switch_subscribe(s, (struct subscriber){keep, &keepers[i]}), -ENOSPC);
	for (k = 0; k < KEPT_MAX; k++) {
		frames[k] = frame_make(BROADCAST, VM(k), 60);
		assert_true(switch_input(s, k % 2, frames[k], T0));
		/* Between them a spoof and a runt, which no subscriber may see. */
		assert_false(input(s, 1 - k % 2, frame_make(BROADCAST, VM(k), 60), T0));
		assert_false(input(s, 0, frame_make(0, 0, 0), T0));
	}
	for (i = 0; i < SWITCH_SUBSCRIBERS_MAX; i++) {
		assert_int_equal(keepers[i].count, KEPT_MAX);
		for (k = 0; k < KEPT_MAX; k++)
			assert_ptr_equal(keepers[i].kept[k], frames[k]);
	}
	for (k = 0; k < KEPT_MAX; k++)
		free(frames[k]);
	switch_free(s);
}

static void taps_come_and_go(void **state)
{
	struct keeper keepers[3] = {0};
	struct switch_config config = {0};
	struct eth_switch *s = switch_new(&config);
	unsigned i;

	(void)state;
	assert_int_equal(switch_port_add(s, "a", NULL), 0);
	/* Without any: forwarded and counted. */
	assert_true(input(s, 0, frame_make(BROADCAST, VM(1), 60), T0));
	for (i = 0; i < 3; i++)
		assert_int_equal(switch_subscribe(s, (struct subscriber){keep, &keepers[i]}), 0);
	assert_true(input(s, 0, frame_make(BROADCAST, VM(1), 60), T0));
	switch_unsubscribe(s, &keepers[1]);
	switch_unsubscribe(s, &keepers[1]);
	assert_true(input(s, 0, frame_make(BROADCAST, VM(1), 60), T0));
	switch_unsubscribe(s, &keepers[0]);
	assert_true(input(s, 0, frame_make(BROADCAST, VM(1), 60), T0));
	switch_unsubscribe(s, &keepers[2]);
	assert_true(input(s, 0, frame_make(BROADCAST, VM(1), 60), T0));
	assert_int_equal(keepers[0].count, 2);
	assert_int_equal(keepers[1].count, 1);
	assert_int_equal(keepers[2].count, 3);
	assert_int_equal(switch_port_stats(s, 0)->in, 5);
	switch_free(s);
}

/* ---- beside a model ---- */

#define MODEL_PORTS	6u
#define MODEL_ADDRESSES 8u

struct model {
	struct {
		uint64_t mac, seen_ns, seen_order;
		unsigned port;
		bool used;
	} at[MODEL_ADDRESSES];
	uint64_t age_ns, order;
	bool logs;
	uint64_t present; /* bits */
};

static unsigned model_find(const struct model *m, uint64_t mac)
{
	unsigned i;

	for (i = 0; i < MODEL_ADDRESSES; i++) {
		if (m->at[i].used && m->at[i].mac == mac)
			break;
	}
	return i;
}

static uint32_t model_count(const struct model *m)
{
	uint32_t i, count = 0;

	for (i = 0; i < MODEL_ADDRESSES; i++)
		count += m->at[i].used;
	return count;
}

static void model_see(struct model *m, uint64_t mac, unsigned port, uint64_t now_ns)
{
	unsigned i, at = model_find(m, mac);

	for (i = 0; at == MODEL_ADDRESSES && i < MODEL_ADDRESSES; i++) {
		if (!m->at[i].used)
			at = i;
	}
	if (at == MODEL_ADDRESSES) {
		for (i = 1, at = 0; i < MODEL_ADDRESSES; i++) {
			if (m->at[i].seen_order < m->at[at].seen_order)
				at = i;
		}
	}
	m->at[at].used = true;
	m->at[at].mac = mac;
	m->at[at].port = port;
	m->at[at].seen_ns = now_ns;
	m->at[at].seen_order = ++m->order;
}

/* Ports that the frame must have in its set; 0 where it must be dropped. */
static uint64_t model_input(struct model *m, unsigned port, uint64_t destination, uint64_t source,
			    uint64_t now_ns)
{
	unsigned i;

	for (i = 0; i < MODEL_ADDRESSES; i++) {
		if (m->at[i].used && now_ns - m->at[i].seen_ns >= m->age_ns)
			m->at[i].used = false;
	}
	if (!(m->present >> port & 1))
		return 0;
	if (!(source >> 40 & 1)) {
		i = model_find(m, source);
		if (i == MODEL_ADDRESSES || m->at[i].port == port)
			model_see(m, source, port, now_ns);
		else if (!m->logs)
			return 0;
	}
	i = destination >> 40 & 1 ? MODEL_ADDRESSES : model_find(m, destination);
	if (i == MODEL_ADDRESSES)
		return m->present;
	return UINT64_C(1) << port | UINT64_C(1) << m->at[i].port;
}

static void model_port_remove(struct model *m, unsigned port)
{
	unsigned i;

	for (i = 0; i < MODEL_ADDRESSES; i++) {
		if (m->at[i].port == port)
			m->at[i].used = false;
	}
	m->present &= ~(UINT64_C(1) << port);
}

static void run_beside_model(uint64_t seed)
{
	uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, now_ns = T0;
	uint64_t macs = 4 + seed % 20;
	struct model m = {.age_ns = 100 + seed % 4000, .logs = seed & 1};
	struct switch_config config = {.addresses_max = MODEL_ADDRESSES,
				       .age_ns_max = m.age_ns,
				       .spoof = m.logs ? SWITCH_SPOOF_LOG : SWITCH_SPOOF_DROP};
	struct bench b;
	unsigned step;

	bench_open(&b, config, MODEL_PORTS);
	m.present = (1 << MODEL_PORTS) - 1;
	for (step = 0; step < 3000; step++) {
		uint64_t r = next_random(&random);
		uint64_t destination = r % 16 == 0 ? MULTICAST : VM(r / 16 % macs);
		uint64_t source = r >> 16 & 15 ? VM((r >> 20) % macs) : MULTICAST;
		/* Mostly the port where the address is at home, so that spoofs are not the rule. */
		unsigned port = (unsigned)(r >> 32 & 7 ? source : r >> 36) % MODEL_PORTS;
		uint64_t want;

		now_ns += r >> 40 & 31 ? r >> 48 & 63 : r >> 48 & 4095;
		want = model_input(&m, port, destination, source, now_ns);
		if (send_at(&b, port, destination, source, now_ns) != (want != 0))
			fail_msg("seed %llu, step %u", (unsigned long long)seed, step);
		if (want && (b.frame->ports.word[0] != want || b.frame->ports.word[1] != 0))
			fail_msg("seed %llu, step %u: ports", (unsigned long long)seed, step);
		if (switch_addresses(b.s) != model_count(&m))
			fail_msg("seed %llu, step %u: addresses", (unsigned long long)seed, step);
		if (step == 1000 || step == 2000) {
			port = (unsigned)(seed + step / 1000) % MODEL_PORTS;
			model_port_remove(&m, port);
			switch_port_remove(b.s, port);
		}
	}
	bench_close(&b);
}

static void behaves_like_the_model(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 200; seed++)
		run_beside_model(seed);
}

/* Where the entries are in memory, which differs from run to run, must not show: two switches that
 * are given the same frames do the same. */
static void the_hash_does_not_show(void **state)
{
	struct switch_config config = {.addresses_max = 512};
	struct bench a, b;
	uint64_t random = 77;
	unsigned i;

	(void)state;
	bench_open(&a, config, 4);
	bench_open(&b, config, 4);
	assert_true(a.s->table.multiplier != b.s->table.multiplier);
	for (i = 0; i < 20000; i++) {
		uint64_t r = next_random(&random);
		uint64_t destination = VM(r % 700), source = VM((r >> 16) % 700);
		unsigned port = (unsigned)(r >> 32) % 4;

		assert_int_equal(send_at(&a, port, destination, source, T0 + i),
				 send_at(&b, port, destination, source, T0 + i));
		assert_memory_equal(&a.frame->ports, &b.frame->ports, sizeof(struct port_set));
	}
	assert_int_equal(switch_addresses(a.s), switch_addresses(b.s));
	bench_close(&a);
	bench_close(&b);
}

/* Chains stay short for the patterns that addresses come in: counters in the low or the middle
 * bytes. */
static void chains_are_short(void **state)
{
	unsigned shift;

	(void)state;
	for (shift = 0; shift <= 24; shift += 8) {
		unsigned i, longest = 0;
		struct bench b;

		bench_open(&b, (struct switch_config){0}, 1);
		for (i = 0; i < SWITCH_ADDRESSES_MAX; i++)
			send_at(&b, 0, BROADCAST, (UINT64_C(2) << 40) + ((uint64_t)i * 2 << shift),
				T0);
		assert_int_equal(switch_addresses(b.s), SWITCH_ADDRESSES_MAX);
		for (i = 0; i < 2 * SWITCH_ADDRESSES_MAX; i++) {
			unsigned length = 0;
			uint32_t at;

			for (at = b.s->table.buckets[i]; at; at = b.s->table.entries[at].chain)
				length++;
			longest = length > longest ? length : longest;
		}
		assert_in_range(longest, 1, 64);
		bench_close(&b);
	}
}

/* ---- the rest ---- */

static void drop_names_are_those_of_reports(void **state)
{
	(void)state;
	assert_string_equal(switch_drop_name(SWITCH_RUNT), "runt");
	assert_string_equal(switch_drop_name(SWITCH_OVERSIZE), "oversize");
	assert_string_equal(switch_drop_name(SWITCH_SPOOFED), "spoofed");
	assert_string_equal(switch_drop_name(SWITCH_RATE), "rate_limit");
	assert_string_equal(switch_drop_name(SWITCH_BROADCAST_RATE), "broadcast_rate_limit");
	assert_string_equal(switch_drop_name(SWITCH_NO_PORT), "no_port");
}

static void no_listener_is_no_harm(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, (struct switch_config){.spoof = SWITCH_SPOOF_LOG}, 2);
	switch_listen(b.s, (struct switch_listener){NULL, NULL});
	switch_unsubscribe(b.s, &b);
	assert_false(input(b.s, 0, frame_make(0, 0, 3), T0));
	assert_true(input(b.s, 0, frame_make(BROADCAST, VM(0), 60), T0));
	assert_int_equal(stats(&b, 0)->dropped[SWITCH_RUNT], 1);
	switch_free(b.s);
	switch_free(NULL);
}

/* Fail the Nth allocation, for N = 1, 2, ... until none is reached. Leaks show under a sanitizer.
 */
static void without_memory_there_is_no_switch(void **state)
{
	struct switch_config config = {0};
	struct eth_switch *s = NULL;

	(void)state;
	for (calloc_fails_at = 1; !s; calloc_fails_at++) {
		callocs = 0;
		s = switch_new(&config);
		assert_int_equal(s == NULL, callocs >= calloc_fails_at);
		assert_true(calloc_fails_at < 10);
	}
	assert_true(calloc_fails_at > 2);
	calloc_fails_at = 0;
	switch_free(s);
}

static void publish_and_input(void *ctx, const struct frame *f)
{
	struct eth_switch *s = ctx;

	struct frame again = *f;

	switch_input(s, 0, &again, T0);
}

static void drop_and_leave(void *ctx, const struct frame *f, unsigned port, enum switch_drop why,
			   bool forwarded)
{
	(void)f;
	(void)why;
	(void)forwarded;
	switch_port_remove(ctx, port);
}

static void mistake(unsigned which, struct eth_switch *s)
{
	struct switch_config config = {0};

	switch (which) {
	case 0: input(s, 1, frame_make(BROADCAST, VM(0), 60), T0); break;
	case 1:
		switch_subscribe(s, (struct subscriber){publish_and_input, s});
		input(s, 0, frame_make(BROADCAST, VM(0), 60), T0);
		break;
	case 2:
		switch_listen(s, (struct switch_listener){drop_and_leave, s});
		input(s, 0, frame_make(0, 0, 0), T0);
		break;
	case 3:
		switch_port_remove(s, 0);
		switch_port_remove(s, 0);
		break;
	case 4: switch_port_stats(s, 1); break;
	case 5: switch_port_name(s, 7); break;
	case 6: switch_drop_name(SWITCH_DROPS); break;
	case 7: switch_subscribe(s, (struct subscriber){NULL, s}); break;
	case 8:
		config.frame_max = FRAME_BYTES_MAX + 1;
		switch_new(&config);
		break;
	case 9:
		config.addresses_max = SWITCH_ADDRESSES_LIMIT + 1;
		switch_new(&config);
		break;
	default: break;
	}
}

/* Our callers' mistakes end the process by check(), they are not carried on with. */
static void mistakes_end_the_process(void **state)
{
	unsigned which;

	(void)state;
	for (which = 0; which <= 10; which++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			struct switch_config config = {0};
			struct eth_switch *s = switch_new(&config);
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			/* The message on stderr would look like a failure of this program. */
			signal(SIGABRT, SIG_DFL);
			if (!s || null < 0 || dup2(null, STDERR_FILENO) < 0)
				_exit(1);
			switch_port_add(s, "a", NULL);
			mistake(which, s);
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		/* The last is none: the way to here does not end the process by itself. */
		if (which == 10)
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_destination_is_flooded),
		cmocka_unit_test(learned_destination_goes_to_its_port),
		cmocka_unit_test(all_48_bits_count),
		cmocka_unit_test(group_destinations_are_flooded),
		cmocka_unit_test(group_sources_are_not_learned),
		cmocka_unit_test(local_frames_have_no_egress_and_are_published),
		cmocka_unit_test(alone_on_the_switch_is_still_forwarded),
		cmocka_unit_test(all_ports_can_be_used),
		cmocka_unit_test(addresses_age_out),
		cmocka_unit_test(being_seen_keeps_an_address_young),
		cmocka_unit_test(ageing_follows_the_latest_time),
		cmocka_unit_test(the_unseen_for_longest_makes_room),
		cmocka_unit_test(a_table_of_one_works),
		cmocka_unit_test(a_flood_of_addresses_is_bounded),
		cmocka_unit_test(runts_are_dropped),
		cmocka_unit_test(oversize_frames_are_dropped),
		cmocka_unit_test(an_absurd_wire_length_changes_nothing),
		cmocka_unit_test(spoofed_frames_are_dropped),
		cmocka_unit_test(spoofed_frames_are_logged),
		cmocka_unit_test(a_spoofer_does_not_refresh),
		cmocka_unit_test(a_port_that_left_is_dropped),
		cmocka_unit_test(a_port_that_returns_has_a_new_index),
		cmocka_unit_test(names_and_indexes_are_bounded),
		cmocka_unit_test(bursts_are_a_tenth_of_a_second),
		cmocka_unit_test(limits_are_exact_over_minutes),
		cmocka_unit_test(at_the_limit_nothing_is_dropped),
		cmocka_unit_test(limits_are_apart),
		cmocka_unit_test(a_dropped_frame_takes_no_token),
		cmocka_unit_test(runts_and_oversize_use_no_allowance),
		cmocka_unit_test(spoofed_frames_use_allowance),
		cmocka_unit_test(products_do_not_wrap),
		cmocka_unit_test(time_that_goes_back_earns_nothing),
		cmocka_unit_test(every_subscriber_gets_each_forwarded_frame_once),
		cmocka_unit_test(taps_come_and_go),
		cmocka_unit_test(behaves_like_the_model),
		cmocka_unit_test(the_hash_does_not_show),
		cmocka_unit_test(chains_are_short),
		cmocka_unit_test(drop_names_are_those_of_reports),
		cmocka_unit_test(no_listener_is_no_harm),
		cmocka_unit_test(without_memory_there_is_no_switch),
		cmocka_unit_test(mistakes_end_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
