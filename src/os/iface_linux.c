/* iface_linux.c - interfaces by ioctl() and /proc/net/dev */
#include "os/iface.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

_Static_assert(IFACE_NAME_MAX == IFNAMSIZ, "a name fits a request");

/* One question about an interface. Return: 0, or -errno */
static int ask(const char *name, unsigned long question, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", name);
	if (ioctl(fd, question, r))
		error = -errno;
	close(fd);
	return error;
}

/* The names of those that there are, for a message. */
static void list_names(char *text, size_t n)
{
	struct if_nameindex *list = if_nameindex();
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; list && list[i].if_name && at < n; i++)
		at += (size_t)snprintf(text + at, n - at, "%s%s", i ? ", " : "", list[i].if_name);
	if_freenameindex(list);
}

bool iface_find(struct iface *i, const char *option, const char *name, struct err *err)
{
	struct ifreq r = {0};
	char names[512];
	int error;

	if (!name[0] || strlen(name) >= IFACE_NAME_MAX) {
		err_set(err, EXIT_USAGE,
			"%s: '%.40s': the name of an interface has 1 to %u bytes; `ip link` lists them",
			option, name, IFACE_NAME_MAX - 1);
		return false;
	}
	memset(i, 0, sizeof(*i));
	error = ask(name, SIOCGIFINDEX, &r);
	if (error == -ENODEV) {
		list_names(names, sizeof(names));
		err_set(err, EXIT_ENVIRONMENT, "%s: there is no interface '%s' here; there are: %s",
			option, name, names);
		return false;
	}
	i->index = r.ifr_ifindex;
	if (!error && !(error = ask(name, SIOCGIFHWADDR, &r)) &&
	    r.ifr_hwaddr.sa_family != ARPHRD_ETHER && r.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK) {
		err_set(err, EXIT_ENVIRONMENT,
			"%s: '%s' is no Ethernet interface (its hardware type is %u), and the switch "
			"forwards Ethernet; name another",
			option, name, r.ifr_hwaddr.sa_family);
		return false;
	}
	if (!error && !(error = ask(name, SIOCGIFMTU, &r)))
		i->mtu = (uint32_t)r.ifr_mtu;
	if (!error && !(error = ask(name, SIOCGIFFLAGS, &r)))
		i->up = r.ifr_flags & IFF_UP;
	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "%s: '%s' can't be looked at: %s", option, name,
			strerror(-error));
		return false;
	}
	snprintf(i->name, sizeof(i->name), "%s", name);
	return true;
}

enum iface_state iface_state(const struct iface *i)
{
	struct ifreq r = {0};

	if (ask(i->name, SIOCGIFINDEX, &r) || r.ifr_ifindex != i->index ||
	    ask(i->name, SIOCGIFFLAGS, &r))
		return IFACE_GONE;
	return r.ifr_flags & IFF_UP ? IFACE_UP : IFACE_DOWN;
}

bool iface_counters(const struct iface *i, struct iface_counters *c)
{
	/* /proc/net is that of the reader's namespace, which /sys need not be. */
	FILE *f = fopen("/proc/net/dev", "re");
	size_t length = strlen(i->name);
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *name = line + strspn(line, " ");
		struct iface_counters now;

		if (strncmp(name, i->name, length) != 0 || name[length] != ':')
			continue;
		found = sscanf(name + length + 1,
			       "%*u %" SCNu64 " %" SCNu64 " %" SCNu64
			       " %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64,
			       &now.rx_frames, &now.rx_errors, &now.rx_dropped, &now.tx_frames,
			       &now.tx_errors, &now.tx_dropped) == 6;
		if (found)
			*c = now;
	}
	if (f)
		fclose(f);
	return found;
}

int iface_set_up(const struct iface *i)
{
	struct ifreq r = {0};
	int error = ask(i->name, SIOCGIFFLAGS, &r);

	if (error || r.ifr_flags & IFF_UP)
		return error;
	r.ifr_flags |= IFF_UP;
	return ask(i->name, SIOCSIFFLAGS, &r);
}
