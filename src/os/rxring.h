/* rxring.h - the frames that an interface receives, with the kernel's time stamps
 *
 * Theory of operation: a ring of blocks is shared with the kernel (TPACKET_V3), which fills one
 * after the other and hands it over when it is full or RXRING_RETIRE_MS old. Frames are looked at
 * where they lie. What the machine sends out of the interface by itself is not taken. A VLAN tag
 * that the kernel took off is put back. Frames that found the ring full are counted by the kernel,
 * and rxring_drops() tells how many.
 *
 * Source: packet(7), Documentation/networking/packet_mmap.rst
 */
#ifndef SECVF_OS_RXRING_H
#define SECVF_OS_RXRING_H

#include <stdint.h>

#include "os/iface.h"
#include "tap/frame.h"

/* 64 MiB hold 45,000 full-size frames, or a quarter of a second of small ones at a million a
 * second. At low rates every block that is handed over early counts, however little is in it: 512
 * of them are a second in which nobody needs to look. A block has room for the longest frame there
 * is, of 64 KiB and its headers. */
#define RXRING_BLOCK_BYTES (1u << 17)
#define RXRING_BLOCKS	   512u
#define RXRING_RETIRE_MS   2u

struct rxring {
	struct iface iface;
	int fd;
	unsigned char *map;
	unsigned char *tagged; /* a frame with its tag put back */
	unsigned block;	       /* being read */
	uint32_t left;	       /* frames of it that are to be read */
	unsigned char *at;     /* the next of them */
	bool held;	       /* the block is ours */
};

/**
 * rxring_open() - Start to capture
 * @option, @name:  As iface_find()
 * @err:            As iface_find(); EXIT_ENVIRONMENT too where permission or memory is missing
 *
 * An interface that is down may be opened; frames come once it is up.
 */
bool rxring_open(struct rxring *r, const char *option, const char *name, struct err *err);

/** rxring_close() - End; frames not read are gone */
void rxring_close(struct rxring *r);

/** rxring_fd() - Readable where a block has been handed over, or the interface went down */
int rxring_fd(const struct rxring *r);

/**
 * rxring_next() - The next frame
 * @f:  data (until the next call), caplen, len, ts_ns are set; all else is zero
 *
 * Return: false where there is none now
 */
bool rxring_next(struct rxring *r, struct frame *f);

/** rxring_drops() - Frames that were dropped for want of room since the last call */
uint64_t rxring_drops(struct rxring *r);

/** rxring_troubled() - Whether the interface went down or away since the last call */
bool rxring_troubled(struct rxring *r);

#endif
