/* rxring_linux.c - a ring of the kind TPACKET_V3 */
#include "os/rxring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"

#define RING_BYTES ((size_t)RXRING_BLOCK_BYTES * RXRING_BLOCKS)
/* Of no meaning to a ring of this kind but that it divides a block. */
#define SLOT_BYTES 2048u
/* Where the sender's kind and address lie, behind a frame's header. */
#define FROM_AT \
	((sizeof(struct tpacket3_hdr) + TPACKET_ALIGNMENT - 1) & ~((size_t)TPACKET_ALIGNMENT - 1))
#define TAG_AT	  12u
#define TAG_BYTES 4u

static struct tpacket_block_desc *block_of(const struct rxring *r)
{
	return (struct tpacket_block_desc *)(void *)(r->map +
						     (size_t)r->block * RXRING_BLOCK_BYTES);
}

static _Atomic uint32_t *status_of(const struct rxring *r)
{
	return (_Atomic uint32_t *)(void *)&block_of(r)->hdr.bh1.block_status;
}

/* Return: 0, or -errno */
static int make_ring(struct rxring *r)
{
	struct tpacket_req3 want = {.tp_block_size = RXRING_BLOCK_BYTES,
				    .tp_block_nr = RXRING_BLOCKS,
				    .tp_frame_size = SLOT_BYTES,
				    .tp_frame_nr = (unsigned)(RING_BYTES / SLOT_BYTES),
				    .tp_retire_blk_tov = RXRING_RETIRE_MS};
	int version = TPACKET_V3, one = 1;
	void *map;

	/* The kernel has this since 4.20; frames are looked at for it too. */
	(void)setsockopt(r->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &want, sizeof(want)))
		return -errno;
	map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	r->map = map;
	return 0;
}

/* From here on frames come. Return: 0, or -errno */
static int begin(struct rxring *r)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = r->iface.index};
	struct packet_mreq all = {.mr_ifindex = r->iface.index, .mr_type = PACKET_MR_PROMISC};

	if (setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)))
		return -errno;
	return bind(r->fd, (struct sockaddr *)&at, sizeof(at)) ? -errno : 0;
}

bool rxring_open(struct rxring *r, const char *option, const char *name, struct err *err)
{
	int error;

	memset(r, 0, sizeof(*r));
	r->fd = -1;
	if (!iface_find(&r->iface, option, name, err))
		return false;
	r->tagged = malloc(FRAME_BYTES_MAX);
	/* Protocol 0: nothing comes before the ring is there. */
	r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = r->fd < 0 ? -errno : r->tagged ? make_ring(r) : -ENOMEM;
	if (!error)
		error = begin(r);
	if (!error) {
		/* One that is down says so once; that is no news. */
		(void)rxring_troubled(r);
		return true;
	}
	err_set(err, EXIT_ENVIRONMENT, "%s: interface '%s' can't be captured from: %s%s", option,
		name, strerror(-error),
		error == -EPERM	   ? "; run as root, or with the capability CAP_NET_RAW"
		: error == -ENOMEM ? "; a ring of 64 MiB is wanted"
				   : "");
	rxring_close(r);
	return false;
}

void rxring_close(struct rxring *r)
{
	if (r->map)
		munmap(r->map, RING_BYTES);
	if (r->fd >= 0)
		close(r->fd);
	free(r->tagged);
	memset(r, 0, sizeof(*r));
	r->fd = -1;
}

int rxring_fd(const struct rxring *r)
{
	return r->fd;
}

/* A block that the kernel has handed over is taken, one that is read is given back. Return: false
 * where there is none */
static bool take_block(struct rxring *r)
{
	struct tpacket_block_desc *b;

	while (!r->left) {
		if (r->held) {
			/* Release: all was read before; pairs with the kernel's own barrier. */
			atomic_store_explicit(status_of(r), TP_STATUS_KERNEL, memory_order_release);
			r->held = false;
			r->block = (r->block + 1) % RXRING_BLOCKS;
		}
		/* Acquire: the frames were written before. */
		if (!(atomic_load_explicit(status_of(r), memory_order_acquire) & TP_STATUS_USER))
			return false;
		b = block_of(r);
		r->held = true;
		r->left = b->hdr.bh1.num_pkts;
		r->at = (unsigned char *)b + b->hdr.bh1.offset_to_first_pkt;
	}
	return true;
}

/* The frame as it was on the wire: the kernel keeps the outer VLAN tag apart. */
static void put_tag_back(struct rxring *r, const struct tpacket3_hdr *h, struct frame *f)
{
	uint16_t type = ETH_P_8021Q;

	if (f->caplen < TAG_AT || f->caplen + TAG_BYTES > FRAME_BYTES_MAX)
		return;
	if (h->tp_status & TP_STATUS_VLAN_TPID_VALID)
		type = h->hv1.tp_vlan_tpid;
	memcpy(r->tagged, f->data, TAG_AT);
	be16_store(r->tagged + TAG_AT, type);
	be16_store(r->tagged + TAG_AT + 2, (uint16_t)h->hv1.tp_vlan_tci);
	memcpy(r->tagged + TAG_AT + TAG_BYTES, f->data + TAG_AT, f->caplen - TAG_AT);
	f->data = r->tagged;
	f->caplen += TAG_BYTES;
	f->len += TAG_BYTES;
}

bool rxring_next(struct rxring *r, struct frame *f)
{
	const struct tpacket3_hdr *h;
	const struct sockaddr_ll *from;

	do {
		if (!take_block(r))
			return false;
		h = (const struct tpacket3_hdr *)(const void *)r->at;
		from = (const struct sockaddr_ll *)(const void *)(r->at + FROM_AT);
		r->at += h->tp_next_offset;
		r->left--;
	} while (from->sll_pkttype == PACKET_OUTGOING);
	*f = (struct frame){.data = (const unsigned char *)h + h->tp_mac,
			    .caplen = h->tp_snaplen < FRAME_BYTES_MAX ? h->tp_snaplen
								      : FRAME_BYTES_MAX,
			    .len = h->tp_len,
			    .ts_ns = (uint64_t)h->tp_sec * 1000000000 + h->tp_nsec};
	if (h->tp_status & TP_STATUS_VLAN_VALID)
		put_tag_back(r, h, f);
	return true;
}

uint64_t rxring_drops(struct rxring *r)
{
	struct tpacket_stats_v3 stats = {0};
	socklen_t n = sizeof(stats);

	/* The kernel starts over at each question. */
	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &n))
		return 0;
	return stats.tp_drops;
}

bool rxring_troubled(struct rxring *r)
{
	int error = 0;
	socklen_t n = sizeof(error);

	return getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error != 0;
}
