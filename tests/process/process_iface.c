/* process_iface.c - frames in and out of real interfaces, with tcpreplay and tcpdump at the other
 * end
 *
 * Goal: what tcpreplay sends arrives through --from, byte for byte, VLAN tags too; what --to sends
 * arrives at tcpdump and at another secvf; a tap device carries frames both ways; frames that an
 * interface refuses or drops, an interface that goes down or away, all are counted and told, and
 * nothing of it is an end but for the interface itself. An absurd original length stops tcpreplay
 * and not us.
 *
 * Method: the test program moves into a network namespace of its own, with a pair of veth devices
 * v0 and v1, which end with it. A peer is started once the other side has said that it listens: a
 * line of the audit log, or of tcpdump's stderr. Frames are compared as tcpdump prints them. Needs
 * root.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name)  FIXTURES "/captures/" name
#define WORDS(...)     ((const char *const[]){__VA_ARGS__, NULL})

#define SESSION_FRAMES 92 /* of session.pcapng */

static char cannot[128]; /* why there is no namespace; "" where there is one */

/* ---- tools ---- */

static const char *tool(const char *name)
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/sbin", "/bin",
					      "/usr/local/bin"};
	static char path[8][64];
	static unsigned next;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *p = path[next % 8];

		snprintf(p, sizeof(path[0]), "%s/%s", folders[i], name);
		if (access(p, X_OK) == 0) {
			next++;
			return p;
		}
	}
	return NULL;
}

static void need(const char *name)
{
	if (tool(name))
		return;
	print_message("skipped: %s is not installed\n", name);
	skip();
}

static void need_namespace(void)
{
	if (!cannot[0])
		return;
	print_message("skipped: %s\n", cannot);
	skip();
}

static bool set_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static int ip(const char *const words[])
{
	const char *argv[16] = {tool("ip")};
	unsigned n = 1;

	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	return proc_run(argv, "ip-out", "ip-err");
}

/* Both ends anew and up; the frames of IPv6's own would be counted among ours. */
static void make_veth(void)
{
	ip(WORDS("link", "del", "v0"));
	assert_int_equal(ip(WORDS("link", "add", "v0", "type", "veth", "peer", "name", "v1")), 0);
	assert_int_equal(ip(WORDS("link", "set", "v0", "up")), 0);
	assert_int_equal(ip(WORDS("link", "set", "v1", "up")), 0);
}

static void enter_namespace(void)
{
	if (!tool("ip")) {
		snprintf(cannot, sizeof(cannot), "iproute2 (ip) is not installed");
		return;
	}
	if (unshare(CLONE_NEWNET)) {
		snprintf(cannot, sizeof(cannot),
			 "a network namespace can't be made (%s): run as root", strerror(errno));
		return;
	}
	/* A kernel without IPv6 has nothing to switch off. */
	(void)set_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	(void)set_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
}

/* secvf replay in the background, with report and audit log; it captures once this returns. */
static pid_t listener(const char *const words[])
{
	static char report[256], audit[256];
	const char *argv[32] = {SECVF,	   "replay", "--report", report,
				"--audit", audit,    "-T",	 "none"};
	unsigned n = 8;
	pid_t pid;

	snprintf(report, sizeof(report), "%s", proc_path("report.json"));
	snprintf(audit, sizeof(audit), "%s", proc_path("audit.log"));
	unlink(audit);
	unlink(report);
	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	pid = proc_start(argv, "out", "err");
	proc_await("audit.log", "interface_opened");
	return pid;
}

/* tcpdump in the background, until it has @frames; it captures once this returns. */
static pid_t tcpdump(const char *interface, const char *file, int64_t frames)
{
	char count[24];
	pid_t pid;

	snprintf(count, sizeof(count), "%lld", (long long)frames);
	unlink(proc_path("dump-err"));
	pid = proc_start(WORDS(tool("tcpdump"), "-i", interface, "-Q", "in", "-n", "-w",
			       proc_path(file), "-c", count),
			 "dump-out", "dump-err");
	proc_await("dump-err", "listening on");
	return pid;
}

/* Another secvf sends; its report is "sent.json". */
static int send_to(const char *const words[])
{
	const char *argv[32] = {SECVF,	    "replay", "--to",	 "iface:v0",
				"--report", NULL,     "--audit", NULL};
	unsigned n = 8;

	argv[5] = proc_path("sent.json");
	argv[7] = proc_path("sent.log");
	unlink(argv[7]);
	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	return proc_run(argv, "send-out", "send-err");
}

/* A number of the sender's report. */
static int64_t sent(const char *path)
{
	int64_t value;
	char *kept = strdup(proc_path("report.json"));
	char *moved = strdup(proc_path("other.json"));

	rename(kept, moved);
	assert_int_equal(rename(proc_path("sent.json"), kept), 0);
	value = proc_report(path);
	assert_int_equal(rename(kept, proc_path("sent.json")), 0);
	rename(moved, kept);
	free(kept);
	free(moved);
	return value;
}

/* Sum of "count" in the sender's audit lines of this event and cause. */
static long told(const char *event, const char *cause)
{
	char *text = proc_read("sent.log", NULL), *rest = text, *line;
	char wanted[128];
	long sum = 0;

	snprintf(wanted, sizeof(wanted), "\"event\":\"%s\",\"cause\":\"%s\"", event, cause);
	while ((line = strsep(&rest, "\n"))) {
		const char *count = strstr(line, "\"count\":");

		if (strstr(line, wanted) && count)
			sum += atol(count + 8);
	}
	free(text);
	return sum;
}

static void expect_text(const char *file, const char *words)
{
	char *text = proc_read(file, NULL);

	if (!strstr(text, words))
		fail_msg("%s: not in %s: %s", words, file, text);
	free(text);
}

/* Fails where the two captures do not hold the same frames, as tcpdump prints their bytes. */
static void expect_same_frames(const char *a, const char *b)
{
	const char *tcpdump_path = tool("tcpdump");
	char *x, *y;

	assert_int_equal(proc_run(WORDS(tcpdump_path, "-r", a, "-n", "-t", "-xx"), "x", "ignored"),
			 0);
	assert_int_equal(proc_run(WORDS(tcpdump_path, "-r", b, "-n", "-t", "-xx"), "y", "ignored"),
			 0);
	x = proc_read("x", NULL);
	y = proc_read("y", NULL);
	assert_true(strlen(x) > 100);
	if (strcmp(x, y) != 0)
		fail_msg("%s and %s hold different frames", a, b);
	free(x);
	free(y);
}

static void expect_balanced(void)
{
	assert_int_equal(proc_report("balanced"), 1);
	assert_int_equal(proc_report("ledger.queued"), 0);
	assert_int_equal(proc_report("ledger.in_flight"), 0);
}

/* ---- frames from an interface ---- */

static void from_tcpreplay(const char *capture, const char *frames)
{
	char *file = strdup(proc_path("got.pcapng"));
	pid_t pid =
		listener(WORDS("--from", "iface:v1", "-c", frames, "--decode", "off", "-w", file));

	assert_int_equal(
		proc_run(WORDS(tool("tcpreplay"), "-i", "v0", "-K", "--pps", "5000", capture),
			 "peer-out", "peer-err"),
		0);
	assert_int_equal(proc_wait(pid), 0);
	expect_balanced();
	assert_int_equal(proc_report("interfaces.v1.in"), atol(frames));
	assert_int_equal(proc_report("interfaces.v1.kernel_drops"), 0);
	assert_int_equal(proc_report("ledger.captured"), atol(frames));
	assert_int_equal(proc_report("switch.ports.v1.in"), atol(frames));
	expect_same_frames(capture, file);
	free(file);
}

static void test_from_tcpreplay(void **state)
{
	(void)state;
	need_namespace();
	need("tcpreplay");
	need("tcpdump");
	make_veth();
	from_tcpreplay(CAPTURE("session.pcapng"), "92");
}

/* The kernel takes the outer tag off; it is put back. */
static void test_from_keeps_tags(void **state)
{
	(void)state;
	need_namespace();
	need("tcpreplay");
	need("tcpdump");
	make_veth();
	from_tcpreplay(CAPTURE("vlan.pcap"), "44");
	from_tcpreplay(CAPTURE("qinq.pcap"), "39");
}

/* Frames that this machine sends out of the interface are not captured. tcpreplay's are shown to
 * all that listen there; ours would not be. */
static void test_from_ignores_outgoing(void **state)
{
	pid_t pid, dump;

	(void)state;
	need_namespace();
	need("tcpreplay");
	need("tcpdump");
	make_veth();
	dump = tcpdump("v1", "dump.pcap", SESSION_FRAMES);
	pid = listener(WORDS("--from", "iface:v0", "--decode", "off", "-T", "json"));
	assert_int_equal(proc_run(WORDS(tool("tcpreplay"), "-i", "v0", "-K", "--pps", "2000",
					CAPTURE("session.pcapng")),
				  "peer-out", "peer-err"),
			 0);
	assert_int_equal(proc_wait(dump), 0);
	/* One frame the other way; once it is seen, all others would have been. */
	assert_int_equal(proc_run(WORDS(tool("tcpreplay"), "-i", "v1", "-K", "--limit", "1",
					CAPTURE("session.pcapng")),
				  "peer-out", "peer-err"),
			 0);
	while (!proc_lines("out"))
		proc_pause();
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 0);
	assert_int_equal(proc_report("interfaces.v0.in"), 1);
	assert_int_equal(proc_report("interrupted"), 1);
	expect_balanced();
}

static void test_from_ends_by_time(void **state)
{
	(void)state;
	need_namespace();
	make_veth();
	assert_int_equal(proc_secvf("out", WORDS("--from", "iface:v1", "-a", "duration:1", "-T",
						 "none", "--decode", "off")),
			 0);
	assert_int_equal(proc_report("interrupted"), 0);
}

static void test_from_interface_gone(void **state)
{
	pid_t pid;

	(void)state;
	need_namespace();
	make_veth();
	pid = listener(WORDS("--from", "iface:v1", "--decode", "off"));
	assert_int_equal(send_to(WORDS("--pps", "5000", CAPTURE("session.pcapng"))), 0);
	assert_int_equal(ip(WORDS("link", "set", "v1", "down")), 0);
	proc_await("audit.log", "\"cause\":\"down\"");
	assert_int_equal(ip(WORDS("link", "set", "v1", "up")), 0);
	proc_await("audit.log", "\"cause\":\"up\"");
	assert_int_equal(ip(WORDS("link", "del", "v0")), 0);
	assert_int_equal(proc_wait(pid), 3);
	expect_text("err", "interface 'v1' has gone after 92 frames");
	expect_text("audit.log", "\"cause\":\"gone\"");
	assert_int_equal(proc_report("ledger.captured"), SESSION_FRAMES);
	expect_balanced();
}

/* More than the ring holds, while nobody reads it. */
static void test_from_kernel_drops(void **state)
{
	int64_t drops, in;
	pid_t pid;

	(void)state;
	need_namespace();
	make_veth();
	pid = listener(WORDS("--from", "iface:v1", "--decode", "off", "--no-spill"));
	kill(pid, SIGSTOP);
	/* 64 MiB are less than 270,000 frames of these. */
	assert_int_equal(send_to(WORDS("--topspeed", "--loop", "3300", CAPTURE("session.pcapng"))),
			 0);
	kill(pid, SIGCONT);
	/* What is in the ring was there before the signal, and is read before its drops are asked
	 * for the last time. */
	proc_await("audit.log", "\"cause\":\"kernel\"");
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 0);
	drops = proc_report("interfaces.v1.kernel_drops");
	in = proc_report("interfaces.v1.in");
	assert_true(drops > 0);
	assert_true(in > 0);
	assert_int_equal(proc_audit_count("drop") - proc_report("ledger.dropped_queue"), drops);
	assert_int_equal(sent("ledger.sent"), 3300 * SESSION_FRAMES);
	assert_true(in + drops <= 3300 * SESSION_FRAMES);
	expect_balanced();
}

/* ---- frames to an interface ---- */

static void test_to_tcpdump_and_secvf(void **state)
{
	pid_t dump, pid;
	char *file;

	(void)state;
	need_namespace();
	need("tcpdump");
	make_veth();
	file = strdup(proc_path("dump.pcap"));
	dump = tcpdump("v1", "dump.pcap", SESSION_FRAMES);
	pid = listener(
		WORDS("--from", "iface:v1", "-c", "92", "--decode", "off", "--expect-pps", "2000"));
	assert_int_equal(send_to(WORDS("--pps", "2000", CAPTURE("session.pcapng"))), 0);
	assert_int_equal(proc_wait(dump), 0);
	assert_int_equal(proc_wait(pid), 0);
	expect_same_frames(CAPTURE("session.pcapng"), file);
	assert_int_equal(proc_report("interfaces.v1.in"), SESSION_FRAMES);
	assert_true(proc_report("interfaces.v1.gap.p50") > 0);
	assert_true(proc_report("interfaces.v1.gap_error.max") > 0);
	expect_balanced();
	assert_int_equal(sent("ledger.offered"), SESSION_FRAMES);
	assert_int_equal(sent("ledger.sent"), SESSION_FRAMES);
	assert_int_equal(sent("ledger.refused"), 0);
	assert_int_equal(sent("interface.tx_frames"), SESSION_FRAMES);
	assert_int_equal(sent("balanced"), 1);
	free(file);
}

/* All arrive in order, whether one goes with a call or many. */
static void test_to_at_top_speed(void **state)
{
	char *file;
	pid_t dump;

	(void)state;
	need_namespace();
	need("tcpdump");
	make_veth();
	file = strdup(proc_path("dump.pcap"));
	dump = tcpdump("v1", "dump.pcap", SESSION_FRAMES);
	assert_int_equal(send_to(WORDS("--topspeed", CAPTURE("session.pcapng"))), 0);
	assert_int_equal(proc_wait(dump), 0);
	expect_same_frames(CAPTURE("session.pcapng"), file);
	free(file);
}

static void test_to_over_mtu(void **state)
{
	(void)state;
	need_namespace();
	make_veth();
	assert_int_equal(send_to(WORDS("--topspeed", CAPTURE("jumbo.pcap"))), 0);
	assert_int_equal(sent("ledger.offered"), 21);
	assert_int_equal(sent("ledger.over_mtu"), 7);
	assert_int_equal(sent("ledger.sent"), 14);
	assert_int_equal(sent("interface.tx_frames"), 14);
	assert_int_equal(told("drop", "over_mtu"), 7);
	assert_int_equal(sent("balanced"), 1);
}

static void test_to_runts(void **state)
{
	(void)state;
	need_namespace();
	make_veth();
	assert_int_equal(send_to(WORDS("--topspeed", CAPTURE("hostile-runts.pcap"))), 0);
	assert_true(sent("ledger.runt") > 0);
	assert_int_equal(sent("ledger.runt"), told("drop", "runt"));
	assert_int_equal(sent("ledger.sent") + sent("ledger.runt"), 13);
}

/* Three sound frames; the record of the second says that it was 4,294,967,295 bytes long. */
static char *write_absurd(void)
{
	static const uint32_t head[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	const uint32_t lengths[3] = {60, 0xffffffff, 60};
	char *path = strdup(proc_path("absurd.pcap"));
	unsigned char frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fwrite(head, sizeof(head), 1, f);
	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t record[4] = {1700000000 + i, 0, sizeof(frame), lengths[i]};

		frame[20] = (unsigned char)i;
		fwrite(record, sizeof(record), 1, f);
		fwrite(frame, sizeof(frame), 1, f);
	}
	assert_int_equal(fclose(f), 0);
	return path;
}

static void test_to_absurd_length(void **state)
{
	char *path;

	(void)state;
	need_namespace();
	make_veth();
	path = write_absurd();
	assert_int_equal(send_to(WORDS("--topspeed", path)), 0);
	assert_int_equal(sent("ledger.sent"), 3);
	assert_int_equal(sent("notices.absurd_length"), 1);
	assert_int_equal(told("notice", "absurd_length"), 1);
	if (tool("tcpreplay")) {
		assert_int_not_equal(
			proc_run(WORDS(tool("tcpreplay"), "-i", "v0", "-K", "--topspeed", path),
				 "peer-out", "peer-err"),
			0);
		expect_text("peer-err", "Invalid packet length");
	}
	free(path);
}

static void test_to_interface_down(void **state)
{
	char *report, *audit;
	pid_t pid, dump;

	(void)state;
	need_namespace();
	need("tcpdump");
	make_veth();
	report = strdup(proc_path("sent.json"));
	audit = strdup(proc_path("sent.log"));
	unlink(audit);
	dump = tcpdump("v1", "dump.pcap", 20);
	pid = proc_start(WORDS(SECVF, "replay", "--to", "iface:v0", "--pps", "1000", "--loop", "0",
			       "--report", report, "--audit", audit, CAPTURE("session.pcapng")),
			 "send-out", "send-err");
	/* Twenty have come: it is under way. */
	assert_int_equal(proc_wait(dump), 0);
	assert_int_equal(ip(WORDS("link", "set", "v0", "down")), 0);
	assert_int_equal(proc_wait(pid), 3);
	expect_text("send-err", "interface 'v0' went down after");
	/* More than one where several were overdue and went together. */
	assert_in_range(sent("ledger.interface_down"), 1, 64);
	assert_int_equal(told("drop", "interface_down"), sent("ledger.interface_down"));
	assert_int_equal(sent("balanced"), 1);
	assert_int_equal(send_to(WORDS(CAPTURE("session.pcapng"))), 3);
	expect_text("send-err", "ip link set v0 up");
	free(report);
	free(audit);
}

static void test_to_by_time_and_steps(void **state)
{
	(void)state;
	need_namespace();
	make_veth();
	assert_int_equal(
		send_to(WORDS("--pps", "1000/200ms,0..4000/500ms", CAPTURE("session.pcapng"))), 0);
	/* 200, and the area of the ramp. */
	assert_int_equal(sent("ledger.sent"), 1200);
	assert_int_equal(send_to(WORDS("--pps", "1000", "--loop", "0", "-a", "duration:1",
				       CAPTURE("session.pcapng"))),
			 0);
	assert_in_range(sent("ledger.sent"), 900, 1000);
}

/* ---- tap devices; tcpreplay means to attach to one by itself where its name begins with "tap"
 * ---- */

static void test_tap_in(void **state)
{
	pid_t pid;

	(void)state;
	need_namespace();
	need("tcpreplay");
	pid = listener(WORDS("--port", "tap:vm7", "-c", "92", "--decode", "off"));
	assert_int_equal(proc_run(WORDS(tool("tcpreplay"), "-i", "vm7", "-K", "--pps", "2000",
					CAPTURE("session.pcapng")),
				  "peer-out", "peer-err"),
			 0);
	assert_int_equal(proc_wait(pid), 0);
	assert_int_equal(proc_report("interfaces.vm7.in"), SESSION_FRAMES);
	assert_int_equal(proc_report("switch.ports.vm7.in"), SESSION_FRAMES);
	assert_int_equal(proc_report("interfaces.vm7.kernel_drops"), 0);
	expect_balanced();
}

static void test_tap_out(void **state)
{
	int64_t out;
	pid_t dump;

	(void)state;
	need_namespace();
	need("tcpdump");
	assert_int_equal(ip(WORDS("tuntap", "add", "dev", "vm8", "mode", "tap")), 0);
	assert_int_equal(ip(WORDS("link", "set", "vm8", "up")), 0);
	assert_int_equal(proc_secvf("out", WORDS("--port", "tap:vm8", "--pps", "2000", "-T", "none",
						 "--decode", "off", CAPTURE("session.pcapng"))),
			 0);
	out = proc_report("interfaces.vm8.out");
	assert_int_equal(out, proc_report("switch.ports.vm8.out"));
	/* Broadcasts, and what goes to addresses that are not learned yet; not what goes from one
	 * VM to the other. */
	assert_in_range(out, 5, SESSION_FRAMES - 20);
	/* The switch does the same again; this time somebody counts what comes out. */
	dump = tcpdump("vm8", "dump.pcap", out);
	assert_int_equal(proc_secvf("out", WORDS("--port", "tap:vm8", "--pps", "2000", "-T", "none",
						 "--decode", "off", CAPTURE("session.pcapng"))),
			 0);
	assert_int_equal(proc_wait(dump), 0);
	assert_int_equal(proc_report("interfaces.vm8.out"), out);
	expect_balanced();
}

/* A device that is down takes nothing: counted and told, and the replay goes on. */
static void test_tap_down(void **state)
{
	int64_t lost;
	pid_t pid;

	(void)state;
	need_namespace();
	pid = listener(WORDS("--port", "tap:vm9", "--pps", "2000", "--loop", "0", "--decode", "off",
			     CAPTURE("arp.pcap")));
	assert_int_equal(ip(WORDS("link", "set", "vm9", "down")), 0);
	proc_await("audit.log", "\"cause\":\"down\"");
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 0);
	lost = proc_report("interfaces.vm9.tap_down");
	assert_true(lost > 0);
	assert_int_equal(proc_audit_count("not_sent"), lost);
	expect_balanced();
}

static void test_tap_gone(void **state)
{
	pid_t pid;

	(void)state;
	need_namespace();
	assert_int_equal(ip(WORDS("tuntap", "add", "dev", "vm6", "mode", "tap")), 0);
	pid = listener(WORDS("--port", "tap:vm6", "--decode", "off"));
	assert_int_equal(ip(WORDS("link", "del", "vm6")), 0);
	assert_int_equal(proc_wait(pid), 3);
	expect_text("err", "interface 'vm6' has gone after 0 frames");
	expect_text("audit.log", "\"cause\":\"gone\"");
}

/* ---- bad words, searches, series: without interfaces ---- */

static void expect_refused(int exit, const char *why, const char *const words[])
{
	assert_int_equal(proc_secvf("out", words), exit);
	expect_text("err", why);
}

static void test_bad_words(void **state)
{
	(void)state;
	expect_refused(2, "iface:NAME is wanted", WORDS("--to", "v0", CAPTURE("arp.pcap")));
	expect_refused(2, "tap:NAME is wanted", WORDS("--port", "iface:v0"));
	expect_refused(2, "none was named", WORDS("--to", "iface:v0"));
	expect_refused(2, "--to does not go with -w",
		       WORDS("--to", "iface:v0", "-w", "f", CAPTURE("arp.pcap")));
	expect_refused(2, "--to does not go with --from",
		       WORDS("--to", "iface:v0", "--from", "iface:v1", CAPTURE("arp.pcap")));
	expect_refused(2, "--topspeed does not go with --from",
		       WORDS("--from", "iface:v1", "--topspeed", CAPTURE("arp.pcap")));
	expect_refused(2, "--expect-pps says what is expected",
		       WORDS("--from", "iface:v1", "--pps", "5"));
	expect_refused(2, "was named before", WORDS("--from", "iface:v1", "--from", "iface:v1"));
	expect_refused(2, "duration:SECONDS is wanted", WORDS("-a", "5", CAPTURE("arp.pcap")));
	expect_refused(2, "LOW..HIGH", WORDS("--find-max", "5", CAPTURE("arp.pcap")));
	expect_refused(2, "is for --find-max", WORDS("--trial", "5", CAPTURE("arp.pcap")));
	expect_refused(2, "there is no '/' and time", WORDS("--pps", "1..5", CAPTURE("arp.pcap")));
#ifdef __linux__
	expect_refused(3, "there is no interface 'nosuch0' here",
		       WORDS("--to", "iface:nosuch0", CAPTURE("arp.pcap")));
	expect_refused(3, "there is no interface 'nosuch0' here", WORDS("--from", "iface:nosuch0"));
	expect_refused(2, "no name for a tap device", WORDS("--port", "tap:tap%d"));
#endif
}

static void test_find_max(void **state)
{
	int64_t max = 0;

	(void)state;
	/* A machine that holds us up loses at any rate: not five times in a row. */
	for (int i = 0; i < 5 && max < 400; i++) {
		int exit = proc_secvf("out", WORDS("--find-max", "100..400", "--trial", "1",
						   "--decode", "off", CAPTURE("session.pcapng")));

		max = proc_report("find_max.max");
		assert_int_equal(exit, max ? 0 : 1);
	}
	assert_int_equal(max, 400);
	expect_text("out", "400 frames/s without loss, which is the highest");
	/* A rate that no source can keep. */
	assert_int_equal(
		proc_secvf("out", WORDS("--find-max", "50000000..100000000", "--trial", "1",
					"--decode", "off", CAPTURE("session.pcapng"))),
		1);
	expect_text("out", "even 50000000 frames/s lose");
	assert_int_equal(proc_report("find_max.max"), 0);
}

static void test_series_and_plot(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--pps", "100..1000/1s", "--decode", "off", "-T",
						 "none", "--series", proc_path("s.csv"), "--plot",
						 proc_path("s.svg"), CAPTURE("session.pcapng"))),
			 0);
	assert_int_equal(proc_report("ledger.forwarded"), 550);
	text = proc_read("s.csv", NULL);
	assert_int_equal(strncmp(text, "seconds,asked_per_s,sent_per_s,sent,queue,", 42), 0);
	free(text);
	/* Ten and the last, unless the machine held it up. */
	assert_in_range(proc_lines("s.csv"), 3, 14);
	expect_text("s.csv", ",550,");
	expect_text("s.svg", "Rate (frames/s)");
	expect_text("s.svg", "</svg>");
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--decode", "off", "-T", "none",
						 "--plot", "/nonexistent/f", CAPTURE("arp.pcap"))),
			 3);
	expect_text("err", "--plot /nonexistent/f: No such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_tcpreplay),
		cmocka_unit_test(test_from_keeps_tags),
		cmocka_unit_test(test_from_ignores_outgoing),
		cmocka_unit_test(test_from_ends_by_time),
		cmocka_unit_test(test_from_interface_gone),
		cmocka_unit_test(test_from_kernel_drops),
		cmocka_unit_test(test_to_tcpdump_and_secvf),
		cmocka_unit_test(test_to_at_top_speed),
		cmocka_unit_test(test_to_over_mtu),
		cmocka_unit_test(test_to_runts),
		cmocka_unit_test(test_to_absurd_length),
		cmocka_unit_test(test_to_interface_down),
		cmocka_unit_test(test_to_by_time_and_steps),
		cmocka_unit_test(test_tap_in),
		cmocka_unit_test(test_tap_out),
		cmocka_unit_test(test_tap_down),
		cmocka_unit_test(test_tap_gone),
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_find_max),
		cmocka_unit_test(test_series_and_plot),
	};

	enter_namespace();
	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
