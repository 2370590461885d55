/* txsock_linux.c - sendmmsg() on a packet socket */
#include "os/txsock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

/* The kernel's buffer for what was sent and has not left; it counts its own overhead, too. */
#define SEND_BYTES (8 << 20)

struct txsock_batch {
	struct mmsghdr message[TXSOCK_BATCH];
	struct iovec piece[TXSOCK_BATCH];
	size_t slot; /* bytes of each frame's place */
	unsigned char bytes[];
};

static struct txsock_batch *batch_new(uint32_t mtu)
{
	size_t slot = ((size_t)mtu + TXSOCK_HEADER + 63) & ~(size_t)63;
	struct txsock_batch *b = calloc(1, sizeof(*b) + TXSOCK_BATCH * slot);

	if (!b)
		return NULL;
	b->slot = slot;
	for (unsigned i = 0; i < TXSOCK_BATCH; i++) {
		b->piece[i].iov_base = b->bytes + i * slot;
		b->message[i].msg_hdr.msg_iov = &b->piece[i];
		b->message[i].msg_hdr.msg_iovlen = 1;
	}
	return b;
}

/* A packet socket that sends to @i and receives nothing. Return: descriptor, or -errno */
static int open_socket(const struct iface *i)
{
	/* Protocol 0: the socket is on no list of receivers. */
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = i->index};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int bytes = SEND_BYTES, one = 1, error = 0;

	if (fd < 0)
		return -errno;
	/* Both are for speed, and a kernel without them sends all the same. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

bool txsock_open(struct txsock *t, const char *option, const char *name, struct err *err)
{
	memset(t, 0, sizeof(*t));
	t->fd = -1;
	if (!iface_find(&t->iface, option, name, err))
		return false;
	if (!t->iface.up) {
		err_set(err, EXIT_ENVIRONMENT,
			"%s: interface '%s' is down, and takes no frames; `ip link set %s up` first",
			option, name, name);
		return false;
	}
	t->batch = batch_new(t->iface.mtu);
	t->fd = t->batch ? open_socket(&t->iface) : -ENOMEM;
	if (t->fd >= 0)
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s: interface '%s' can't be sent to: %s%s", option, name,
		strerror(-t->fd),
		t->fd == -EPERM ? "; run as root, or with the capability CAP_NET_RAW" : "");
	txsock_close(t);
	return false;
}

void txsock_close(struct txsock *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	free(t->batch);
	t->batch = NULL;
	t->count = t->first = 0;
}

unsigned txsock_pending(const struct txsock *t)
{
	return t->count - t->first;
}

bool txsock_full(const struct txsock *t)
{
	return t->count == TXSOCK_BATCH;
}

void txsock_push(struct txsock *t, const unsigned char *data, uint32_t bytes)
{
	struct txsock_batch *b = t->batch;

	check(!txsock_full(t) && bytes <= b->slot);
	memcpy(b->piece[t->count].iov_base, data, bytes);
	b->piece[t->count].iov_len = bytes;
	t->count++;
}

/* The oldest @n have left the batch; an empty one starts over. */
static void leave(struct txsock *t, unsigned n)
{
	t->first += n;
	if (t->first == t->count)
		t->first = t->count = 0;
}

int txsock_send(struct txsock *t)
{
	int n;

	check(txsock_pending(t));
	do
		n = sendmmsg(t->fd, t->batch->message + t->first, txsock_pending(t), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	leave(t, (unsigned)n);
	return n;
}

void txsock_skip(struct txsock *t)
{
	check(txsock_pending(t));
	leave(t, 1);
}
