/* switch.h - a simulated Ethernet switch whose ports are named after VMs
 *
 * Theory of operation: switch_input() takes one frame on one port at a time, on one thread. The
 * frame passes admission (length, rate limits, ownership of its source address, in this order), its
 * source is learned, and it is forwarded: to the port of a known unicast destination, else to every
 * other port; never back out of the port it came in by. A forwarded frame is published once to each
 * subscriber, by reference. A frame whose destination lives on its own ingress port is a forwarded
 * frame with no egress: a monitoring tap sees it as a mirror port (SPAN) on the ingress side would,
 * and it is counted apart (switch_port_stats.local). All group addresses are flooded, those that
 * IEEE 802.1D 7.12.6 reserves too: this switch runs no protocol of its own, and what a VM sends
 * there is worth seeing.
 *
 * The table of addresses is bounded; when it is full, the entry unseen for longest makes room.
 * A source that has a group bit set is not learned (IEEE 802.1D 7.8). An address is owned by the
 * port that it was last learned on until it ages out, makes room for another, or the port leaves;
 * another port that uses it as its source spoofs: dropped and counted, or forwarded and counted
 * (policy SWITCH_SPOOF_LOG), and in no case does the address move, or seem younger. So a port that
 * may invent addresses as fast as it likes can push out the owner of one that is silent; a rate
 * limit on the port, or a larger table, makes that slow.
 *
 * Rate limits are token buckets, in integers that round nothing. A frame that either limit of its
 * port drops takes nothing from the other: a storm of broadcasts does not use up the allowance for
 * unicast. A spoofed frame has used its allowance, dropped or not.
 *
 * Every step is O(1) for each frame, but for the ports that a flood goes to: look-up is by a hash
 * that hostile addresses cannot aim at, eviction and ageing take from the end of a list in order of
 * last sight.
 *
 * The switch reads no clock: every call is given the time. One that is before the latest so far
 * counts as the latest. Subscribers and the listener may read the switch, and may not change it: no
 * input, no joining or leaving from within a call of theirs.
 */
#ifndef SECVF_SIM_SWITCH_H
#define SECVF_SIM_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tap/frame.h"
#include "tap/publish.h"

#define SWITCH_FRAME_MIN       14u	  /* an Ethernet header; shorter is a runt */
#define SWITCH_FRAME_MAX       9216u	  /* default longest frame: jumbo with room for tags */
#define SWITCH_ADDRESSES_MAX   8192u	  /* default table size: a common access switch's */
#define SWITCH_ADDRESSES_LIMIT (1u << 24) /* largest table: 16 M entries, 640 MB */
#define SWITCH_AGE_NS_MAX      (300u * UINT64_C(1000000000)) /* default ageing, IEEE 802.1D 7.9.2 */
#define SWITCH_NAME_MAX	       64u /* bytes in a port's name, NUL included */
#define SWITCH_SUBSCRIBERS_MAX 8u
/* Higher rate limits count as this one, ten frames a nanosecond: past it the arithmetic would need
 * more than 64 bits, and no machine offers as many. */
#define SWITCH_RATE_LIMIT UINT64_C(10000000000)

/* Why a frame was not forwarded; names for reports from switch_drop_name(). */
enum switch_drop {
	SWITCH_RUNT,	       /* caplen < SWITCH_FRAME_MIN */
	SWITCH_OVERSIZE,       /* caplen > frame_max */
	SWITCH_SPOOFED,	       /* source address owned by another port, policy drop */
	SWITCH_RATE,	       /* port's frame rate exceeded */
	SWITCH_BROADCAST_RATE, /* port's broadcast and multicast rate exceeded */
	SWITCH_NO_PORT,	       /* the port has left */
	SWITCH_DROPS
};

enum switch_spoof_policy {
	SWITCH_SPOOF_DROP,
	SWITCH_SPOOF_LOG
};

struct switch_config {
	uint32_t frame_max;	/* 0: SWITCH_FRAME_MAX; at most FRAME_BYTES_MAX */
	uint32_t addresses_max; /* 0: SWITCH_ADDRESSES_MAX; at most SWITCH_ADDRESSES_LIMIT */
	uint64_t age_ns_max;	/* 0: SWITCH_AGE_NS_MAX */
	enum switch_spoof_policy spoof;
};

struct switch_port_config {
	/* Frames a second, 0: no limit; bursts of a tenth of a second, 1 at least */
	uint64_t rate_max;
	/* Of those with a group destination, apart; 0: no limit */
	uint64_t broadcast_rate_max;
};

struct switch_port_stats {
	uint64_t in, out; /* frames that came in here and were forwarded; copies sent out of here */
	uint64_t in_bytes, out_bytes;	/* of those, as captured */
	uint64_t dropped[SWITCH_DROPS]; /* frames that came in here and are not in `in`, by cause */
	uint64_t flooded;		/* in, sent to all other ports */
	uint64_t local;			/* in, destination on this same port */
	uint64_t spoof_logged;		/* in, forwarded under SWITCH_SPOOF_LOG */
};

/**
 * struct switch_listener - Told of each drop, and of each spoofed frame under SWITCH_SPOOF_LOG
 *
 * drop() borrows @f for the call.
 */
struct switch_listener {
	void (*drop)(void *ctx, const struct frame *f, unsigned port, enum switch_drop why,
		     bool forwarded);
	void *ctx;
};

struct eth_switch;

/** switch_new() - Make a switch; @config is copied. Return: switch, or NULL where memory ran out */
struct eth_switch *switch_new(const struct switch_config *config);

/** switch_free() - Free; NULL is allowed */
void switch_free(struct eth_switch *s);

/**
 * switch_port_add() - A VM joins
 * @s:       Switch
 * @name:    Name, copied; not empty, below SWITCH_NAME_MAX bytes, not in use
 * @config:  Limits, copied; NULL for none
 *
 * Return: port index below PORTS_MAX; -EEXIST, -EINVAL (name), -ENOSPC (all indexes in use). An
 * index is not used again while the switch lives, so that counters and names keep their meaning.
 * The name of a port that left may be used again, under a new index.
 */
int switch_port_add(struct eth_switch *s, const char *name,
		    const struct switch_port_config *config);

/** switch_port_remove() - A VM leaves, once; its addresses are forgotten, counters and name stay */
void switch_port_remove(struct eth_switch *s, unsigned port);

/** switch_port_find() - Index of the latest port of that name, present or gone, or -ENOENT */
int switch_port_find(const struct eth_switch *s, const char *name);

/** switch_ports() - Number of indexes handed out so far */
unsigned switch_ports(const struct eth_switch *s);

/** switch_port_name() - Name of a port; lives as long as the switch */
const char *switch_port_name(const struct eth_switch *s, unsigned port);

/** switch_port_present() - Whether the port has not left */
bool switch_port_present(const struct eth_switch *s, unsigned port);

/** switch_port_stats() - Counters of a port, present or gone; live, borrowed from the switch */
const struct switch_port_stats *switch_port_stats(const struct eth_switch *s, unsigned port);

/** switch_subscribe() - Add a tap; copied. Return: 0, or -ENOSPC */
int switch_subscribe(struct eth_switch *s, struct subscriber tap);

/** switch_unsubscribe() - Take each tap with this @ctx away; none is no error */
void switch_unsubscribe(struct eth_switch *s, const void *ctx);

/** switch_listen() - Set the listener; copied; a NULL drop() takes it away */
void switch_listen(struct eth_switch *s, struct switch_listener listener);

/** switch_addresses() - Entries in the address table now */
uint32_t switch_addresses(const struct eth_switch *s);

/** switch_drop_name() - Name in reports and audit lines: "runt", "oversize", "spoofed",
 * "rate_limit", "broadcast_rate_limit", "no_port" */
const char *switch_drop_name(enum switch_drop why);

/**
 * switch_input() - One frame arrives
 * @s:       Switch
 * @port:    Ingress: an index that switch_port_add() gave
 * @f:       Its ingress is set here, and its ports and published_ns where it is forwarded
 * @now_ns:  Monotonic
 *
 * Return: true where it was forwarded (and published), false where it was dropped and counted
 */
bool switch_input(struct eth_switch *s, unsigned port, struct frame *f, uint64_t now_ns);

#endif
