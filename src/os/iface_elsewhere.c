/* iface_elsewhere.c - interfaces, on systems that have no packet sockets of Linux's kind: refused
 */
#include "os/iface.h"
#include "os/rxring.h"
#include "os/tapdev.h"
#include "os/txsock.h"

#include "base/check.h"

static bool refuse(const char *option, const char *name, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT,
		"%s: '%s': interfaces can be used on Linux only so far; capture with `tcpdump -w` or "
		"send with tcpreplay, and replay files here",
		option, name);
	return false;
}

bool iface_find(struct iface *i, const char *option, const char *name, struct err *err)
{
	(void)i;
	return refuse(option, name, err);
}

enum iface_state iface_state(const struct iface *i)
{
	(void)i;
	return IFACE_GONE;
}

bool iface_counters(const struct iface *i, struct iface_counters *c)
{
	(void)i;
	(void)c;
	return false;
}

int iface_set_up(const struct iface *i)
{
	(void)i;
	check(false);
	return 0;
}

bool txsock_open(struct txsock *t, const char *option, const char *name, struct err *err)
{
	t->fd = -1;
	return refuse(option, name, err);
}

void txsock_close(struct txsock *t)
{
	(void)t;
}

unsigned txsock_pending(const struct txsock *t)
{
	(void)t;
	return 0;
}

void txsock_push(struct txsock *t, const unsigned char *data, uint32_t bytes)
{
	(void)t;
	(void)data;
	(void)bytes;
	check(false);
}

bool txsock_full(const struct txsock *t)
{
	(void)t;
	return false;
}

int txsock_send(struct txsock *t)
{
	(void)t;
	check(false);
	return 0;
}

void txsock_skip(struct txsock *t)
{
	(void)t;
	check(false);
}

bool rxring_open(struct rxring *r, const char *option, const char *name, struct err *err)
{
	r->fd = -1;
	return refuse(option, name, err);
}

void rxring_close(struct rxring *r)
{
	(void)r;
}

int rxring_fd(const struct rxring *r)
{
	return r->fd;
}

bool rxring_next(struct rxring *r, struct frame *f)
{
	(void)r;
	(void)f;
	return false;
}

uint64_t rxring_drops(struct rxring *r)
{
	(void)r;
	return 0;
}

bool rxring_troubled(struct rxring *r)
{
	(void)r;
	return false;
}

bool tapdev_open(struct tapdev *t, const char *option, const char *name, struct err *err)
{
	t->fd = -1;
	return refuse(option, name, err);
}

void tapdev_close(struct tapdev *t)
{
	(void)t;
}

int tapdev_fd(const struct tapdev *t)
{
	return t->fd;
}

int tapdev_read(struct tapdev *t, struct frame *f)
{
	(void)t;
	(void)f;
	return 0;
}

int tapdev_write(struct tapdev *t, const unsigned char *data, uint32_t bytes)
{
	(void)t;
	(void)data;
	(void)bytes;
	check(false);
	return 0;
}
