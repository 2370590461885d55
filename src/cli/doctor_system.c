/* doctor_system.c - the checks of `secvf doctor` about the system: interfaces, rights, limits */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <net/if.h>
#include <sys/socket.h>
#endif

#include "cli/doctor.h"
#include "os/iface.h"
#include "os/port_posix.h"

/* A pipeline has FIFO, stdout and stderr of each tshark, files, sockets: 100 at most shards. */
#define DESCRIPTORS_LEAST 256u

#ifdef __linux__

#define CAP_NET_ADMIN_BIT 12u /* linux/capability.h */

/* FIFO and stdout of a tshark, two of them while one takes over from another. */
#define PIPE_BYTES_WANTED (4u * PORT_PIPE_BYTES)

/* ---- rights ---- */

/* Really made, for no protocol: it receives nothing. */
static int try_packet_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void check_capture_right(struct doctor *d, struct doctor_finding *f)
{
	int error = try_packet_socket();

	(void)d;
	if (!error) {
		doctor_say(f, DOCTOR_OK, "interfaces can be captured from");
		return;
	}
	doctor_say(f, DOCTOR_WARNING, "--from iface:NAME is not possible: %s", strerror(-error));
	doctor_advise(f, "run as root, or `setcap cap_net_raw,cap_net_admin+ep` on secvf; replays "
			 "of files need no right");
}

/* Whether the process has it in its effective set; proc(5). */
static bool has_capability(unsigned bit)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long set = 0;
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "CapEff: %llx", &set) == 1;
	if (file)
		fclose(file);
	return found && (set >> bit & 1);
}

/* Why no tap device can be made; NULL where one can. It is not tried: programs that watch
 * interfaces, such as NetworkManager, would see it come and go. */
static const char *tap_obstacle(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV
			       ? "the kernel has no tap devices (`modprobe tun`)"
			       : "/dev/net/tun cannot be opened (its mode, or a container's rules)";
	close(fd);
	return has_capability(CAP_NET_ADMIN_BIT) ? NULL : "the capability CAP_NET_ADMIN is missing";
}

static void check_tap_right(struct doctor *d, struct doctor_finding *f)
{
	const char *why = tap_obstacle();

	(void)d;
	if (!why) {
		doctor_say(f, DOCTOR_OK, "tap devices can be made");
		return;
	}
	doctor_say(f, DOCTOR_WARNING, "--port tap:NAME is not possible: %s", why);
	doctor_advise(f, "run as root, or `setcap cap_net_raw,cap_net_admin+ep` on secvf with "
			 "/dev/net/tun of mode 0666");
}

/* ---- ports ---- */

static bool is_tap(const char *name)
{
	char path[64 + IFACE_NAME_MAX];

	snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", name);
	return access(path, F_OK) == 0;
}

static void add_found(struct doctor_finding *f, const char *port, const char *how)
{
	buf_printf(&f->found, "%s%s %s", f->found.n ? "; " : "", port, how);
}

static void check_iface(const char *port, struct doctor_finding *f)
{
	const char *name = port + strlen("iface:");
	struct iface i;
	struct err err = {0};

	if (!iface_find(&i, "--port", name, &err)) {
		add_found(f, port, "cannot be used");
		doctor_worse(f, DOCTOR_FAILED);
		doctor_advise(f, "%s", err.text);
	} else if (!i.up) {
		add_found(f, port, "is down");
		doctor_worse(f, DOCTOR_WARNING);
		doctor_advise(f, "`ip link set %s up`", name);
	} else {
		add_found(f, port, "is up");
	}
}

static void check_tap(const char *port, struct doctor_finding *f)
{
	const char *name = port + strlen("tap:"), *why = tap_obstacle();

	if (why) {
		add_found(f, port, "cannot be used");
		doctor_worse(f, DOCTOR_FAILED);
		doctor_advise(f, "%s", why);
	} else if (strlen(name) >= IFACE_NAME_MAX || strpbrk(name, "%/ ")) {
		add_found(f, port, "is no name of a tap device");
		doctor_worse(f, DOCTOR_FAILED);
		doctor_advise(f, "give 1 to %u bytes, no '%%', '/' or space", IFACE_NAME_MAX - 1);
	} else if (!if_nametoindex(name)) {
		add_found(f, port, "is not there, and will be made");
	} else if (!is_tap(name)) {
		add_found(f, port, "is another kind of interface");
		doctor_worse(f, DOCTOR_FAILED);
		doctor_advise(f, "name another, or use iface:%s", name);
	} else {
		add_found(f, port, "is there, and will be brought up");
	}
}

static void check_ports(struct doctor *d, struct doctor_finding *f)
{
	if (!d->ports)
		doctor_say(f, DOCTOR_SKIPPED,
			   "no port was named: --port iface:NAME or tap:NAME looks at one");
	for (unsigned i = 0; i < d->ports; i++) {
		if (strncmp(d->port[i], "tap:", 4) == 0)
			check_tap(d->port[i], f);
		else
			check_iface(d->port[i], f);
	}
}

/* ---- pipes ---- */

/* A number from /proc/sys/fs. Return: false where it can't be had */
static bool read_number(const char *path, uint64_t *value)
{
	FILE *file = fopen(path, "re");
	bool found = file && fscanf(file, "%" SCNu64, value) == 1;

	if (file)
		fclose(file);
	return found;
}

static int try_pipe(void)
{
	int fd[2], error = 0;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	if (fcntl(fd[0], F_SETPIPE_SZ, PORT_PIPE_BYTES) < 0)
		error = -errno;
	close(fd[0]);
	close(fd[1]);
	return error;
}

static void check_pipe_size(struct doctor *d, struct doctor_finding *f)
{
	int error = try_pipe();
	uint64_t most = 0;

	(void)d;
	if (!error) {
		doctor_say(f, DOCTOR_OK, "pipes of %u KiB can be had", PORT_PIPE_BYTES / 1024u);
		return;
	}
	(void)read_number("/proc/sys/fs/pipe-max-size", &most);
	doctor_say(f, DOCTOR_WARNING,
		   "no pipe of %u KiB: %s; pipe-max-size is %" PRIu64
		   ". With smaller ones tshark is fed at a third of the speed",
		   PORT_PIPE_BYTES / 1024u, strerror(-error), most);
	doctor_advise(f,
		      most < PORT_PIPE_BYTES
			      ? "`sysctl fs.pipe-max-size=%u`"
			      : "`sysctl fs.pipe-user-pages-soft=0` (now %u bytes at once are "
				"too many for this user), or end what holds pipes",
		      (unsigned)PORT_PIPE_BYTES);
}

static void check_pipe_pages(struct doctor *d, struct doctor_finding *f)
{
	long page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t pages = 0;

	(void)d;
	if (!read_number("/proc/sys/fs/pipe-user-pages-soft", &pages) || page_bytes <= 0) {
		doctor_say(f, DOCTOR_SKIPPED, "this kernel does not say");
	} else if (!pages) {
		doctor_say(f, DOCTOR_OK, "no limit for all pipes of a user");
	} else if (pages >= PIPE_BYTES_WANTED / (uint64_t)page_bytes) {
		doctor_say(f, DOCTOR_OK, "%" PRIu64 " pages for all pipes of a user", pages);
	} else {
		doctor_say(f, DOCTOR_WARNING,
			   "%" PRIu64 " pages for all pipes of a user; a capture wants %" PRIu64,
			   pages, PIPE_BYTES_WANTED / (uint64_t)page_bytes);
		doctor_advise(f, "`sysctl fs.pipe-user-pages-soft=16384`");
	}
}

#else

static void check_linux_only(struct doctor *d, struct doctor_finding *f)
{
	(void)d;
	doctor_say(f, DOCTOR_SKIPPED, "it is a matter of Linux only");
}

/* Ports that somebody asks for are refused there, as by the capture itself. */
static void check_ports(struct doctor *d, struct doctor_finding *f)
{
	struct iface i;
	struct err err = {0};

	if (!d->ports) {
		doctor_say(f, DOCTOR_SKIPPED, "no port was named");
	} else if (!iface_find(&i, "--port", d->port[0], &err)) {
		doctor_say(f, DOCTOR_FAILED, "%s cannot be used", d->port[0]);
		doctor_advise(f, "%s", err.text);
	}
}

#define check_capture_right check_linux_only
#define check_tap_right	    check_linux_only
#define check_pipe_size	    check_linux_only
#define check_pipe_pages    check_linux_only

#endif

static void check_descriptors(struct doctor *d, struct doctor_finding *f)
{
	struct rlimit limit;

	(void)d;
	if (getrlimit(RLIMIT_NOFILE, &limit)) {
		doctor_say(f, DOCTOR_SKIPPED, "the limit cannot be read: %s", strerror(errno));
	} else if (limit.rlim_cur >= DESCRIPTORS_LEAST) {
		if (limit.rlim_cur == RLIM_INFINITY)
			doctor_say(f, DOCTOR_OK, "no limit");
		else
			doctor_say(f, DOCTOR_OK, "%ju at once", (uintmax_t)limit.rlim_cur);
	} else {
		doctor_say(f, DOCTOR_FAILED, "%ju at once; %u are wanted",
			   (uintmax_t)limit.rlim_cur, DESCRIPTORS_LEAST);
		doctor_advise(f, "`ulimit -n 1024` before the capture%s",
			      limit.rlim_max < DESCRIPTORS_LEAST
				      ? "; the hard limit is too low as well, and root has to "
					"raise it"
				      : "");
	}
}

const struct doctor_check doctor_system_checks[] = {
	{"ports", check_ports},
	{"capture-right", check_capture_right},
	{"tap-right", check_tap_right},
	{"descriptors", check_descriptors},
	{"pipe-size", check_pipe_size},
	{"pipe-pages", check_pipe_pages},
	{0},
};
