/* iface.h - a network interface of this machine: what it is, and what it has counted
 *
 * Source: netdevice(7), proc_pid_net(5)
 */
#ifndef SECVF_OS_IFACE_H
#define SECVF_OS_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define IFACE_NAME_MAX 16u /* IFNAMSIZ: bytes of a name, NUL included */

/** struct iface - An interface as it was when it was looked at */
struct iface {
	char name[IFACE_NAME_MAX];
	int index;
	uint32_t mtu; /* of what follows the Ethernet header */
	bool up;
};

/** struct iface_counters - What the interface has counted since it was made */
struct iface_counters {
	uint64_t rx_frames, rx_errors, rx_dropped;
	uint64_t tx_frames, tx_errors, tx_dropped;
};

/** enum iface_state - Where an interface that was opened is now */
enum iface_state {
	IFACE_UP,
	IFACE_DOWN,
	IFACE_GONE, /* or another has its name */
};

/**
 * iface_find() - Look at an interface
 * @i:       Filled on success
 * @option:  Option that named it, for the message
 * @name:    Its name
 * @err:     EXIT_USAGE for a name that none can have; EXIT_ENVIRONMENT: there is none, or it is no
 *           Ethernet; with the interfaces that there are. On systems other than Linux always
 */
bool iface_find(struct iface *i, const char *option, const char *name, struct err *err);

/** iface_state() - Where it is now */
enum iface_state iface_state(const struct iface *i);

/** iface_counters() - Read its counters. Return: false, and nothing set, where they can't be had */
bool iface_counters(const struct iface *i, struct iface_counters *c);

/** iface_set_up() - Bring it up. Return: 0, or -errno */
int iface_set_up(const struct iface *i);

#endif
