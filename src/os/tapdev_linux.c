/* tapdev_linux.c - /dev/net/tun */
#include "os/tapdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *remedy(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES: return "; run as root, or with the capability CAP_NET_ADMIN";
	case -EBUSY: return "; another program is attached to it: end that, or name another";
	case -EINVAL: return "; another kind of interface has this name: name another";
	case -ENOENT:
	case -ENODEV: return "; the kernel has no tap devices: `modprobe tun`";
	default: return "";
	}
}

static int attach(struct tapdev *t, const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	t->bytes = malloc(FRAME_BYTES_MAX);
	if (!t->bytes)
		return -ENOMEM;
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return ioctl(t->fd, TUNSETIFF, &r) ? -errno : 0;
}

bool tapdev_open(struct tapdev *t, const char *option, const char *name, struct err *err)
{
	int error;

	memset(t, 0, sizeof(*t));
	t->fd = -1;
	/* The kernel would put a number in the place of "%d". */
	if (!name[0] || strlen(name) >= IFACE_NAME_MAX || strpbrk(name, "%/ ")) {
		err_set(err, EXIT_USAGE,
			"%s: '%.40s' is no name for a tap device: 1 to %u bytes, no '%%', '/' or "
			"space",
			option, name, IFACE_NAME_MAX - 1);
		return false;
	}
	error = attach(t, name);
	if (!error && !iface_find(&t->iface, option, name, err)) {
		tapdev_close(t);
		return false;
	}
	if (!error)
		error = iface_set_up(&t->iface);
	if (!error)
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s: tap device '%s' can't be used: %s%s", option, name,
		strerror(-error), remedy(error));
	tapdev_close(t);
	return false;
}

void tapdev_close(struct tapdev *t)
{
	if (t->fd >= 0)
		close(t->fd);
	free(t->bytes);
	t->fd = -1;
	t->bytes = NULL;
}

int tapdev_fd(const struct tapdev *t)
{
	return t->fd;
}

int tapdev_read(struct tapdev *t, struct frame *f)
{
	ssize_t n = read(t->fd, t->bytes, FRAME_BYTES_MAX);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*f = (struct frame){.data = t->bytes, .caplen = (uint32_t)n, .len = (uint32_t)n};
	return 1;
}

int tapdev_write(struct tapdev *t, const unsigned char *data, uint32_t bytes)
{
	return write(t->fd, data, bytes) < 0 ? -errno : 0;
}
