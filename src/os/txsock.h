/* txsock.h - frames out of an interface, many with one call
 *
 * Theory of operation: frames are copied into a batch, and the batch is handed to the kernel by
 * sendmmsg(2) past the queueing discipline (PACKET_QDISC_BYPASS), which would only queue what the
 * sender paces by itself. Nothing here waits or tries again: an error concerns the oldest frame
 * that has not gone, and the caller decides what becomes of it.
 *
 * Source: packet(7), sendmmsg(2)
 */
#ifndef SECVF_OS_TXSOCK_H
#define SECVF_OS_TXSOCK_H

#include <stdint.h>

#include "os/iface.h"

/* More in a call gain nothing: what is left is the kernel's work for each frame. */
#define TXSOCK_BATCH 64u

/* Ethernet header and a VLAN tag, which the MTU does not count. */
#define TXSOCK_HEADER 18u

struct txsock_batch;

struct txsock {
	struct iface iface;
	int fd;
	unsigned count, first; /* in the batch; the oldest that has not gone */
	struct txsock_batch *batch;
};

/**
 * txsock_open() - Open an interface for sending
 * @option, @name:  As iface_find()
 * @err:            As iface_find(); EXIT_ENVIRONMENT too where it is down, or permission is missing
 */
bool txsock_open(struct txsock *t, const char *option, const char *name, struct err *err);

/** txsock_close() - What has not gone is dropped */
void txsock_close(struct txsock *t);

/** txsock_pending() - Frames that have not gone */
unsigned txsock_pending(const struct txsock *t);

/** txsock_push() - Add a frame; copied. @bytes: MTU + TXSOCK_HEADER at most. There must be room:
 * fewer than TXSOCK_BATCH since the batch was empty */
void txsock_push(struct txsock *t, const unsigned char *data, uint32_t bytes);

/** txsock_full() - Whether there is no room */
bool txsock_full(const struct txsock *t);

/**
 * txsock_send() - Hand the kernel what is pending; never blocks
 *
 * Return: frames that have gone, 1 at least; or -errno, of the oldest that has not
 */
int txsock_send(struct txsock *t);

/** txsock_skip() - Give the oldest pending frame up */
void txsock_skip(struct txsock *t);

#endif
