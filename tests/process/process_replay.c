/* process_replay.c - the real command with the real tshark
 *
 * Goal: the promises that only whole processes can break: equality with tshark's own output on
 * every fixture, exit codes, signals, a tshark that dies, refuses or is not there, broken input.
 * Method: run the command, read its output, its report and its audit log; the peer is tshark
 * reading the same file by itself. Ordering is by what is seen (a process, a line), never by time.
 */
#include <dirent.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/proc.h"

#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})
#define CAPTURE(name) FIXTURES "/captures/" name

/* A file that tshark takes a minute for in full, and that ends two generations with a short
 * watchdog. */
static bool slow(const char *name)
{
	return strstr(name, "hostile-stuck") || strstr(name, "hostile-slow");
}

static void need_tshark(void)
{
	if (proc_tshark())
		return;
	print_message("skipped: tshark is not installed\n");
	skip();
}

static void assert_balanced(void)
{
	assert_int_equal(proc_report("balanced"), 1);
	assert_int_equal(proc_report("ledger.queued"), 0);
	assert_int_equal(proc_report("ledger.in_flight"), 0);
}

static uint32_t magic_of(const char *path)
{
	uint32_t magic = 0;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	if (fread(&magic, 1, sizeof(magic), f) != sizeof(magic))
		magic = 0;
	fclose(f);
	return magic;
}

static bool legacy_pcap(const char *path)
{
	uint32_t m = magic_of(path);

	return m == 0xa1b2c3d4 || m == 0xd4c3b2a1 || m == 0xa1b23c4d || m == 0x4d3cb2a1;
}

/* Frames on the switch have no FCS: what this file's header calls one arrives as a trailer, so
 * tshark, told of the FCS, shows the file otherwise. */
static bool has_fcs(const char *name)
{
	return strstr(name, "format-pcap-fcs") != NULL;
}

/* Files that cannot come out the same, and why. */
static bool differs(const char *name)
{
	/* Another link type than Ethernet, in all or in part: refused. */
	if (strncmp(name, "linktype-", 9) == 0 || strstr(name, "late-interface"))
		return true;
	/* Keys in a pcapng block let tshark decrypt; the libpcap stream in the FIFO has no place
	 * for them. */
	return has_fcs(name) || strstr(name, "tls-keys");
}

/* Where a capture takes long, as under a sanitizer, each Nth does; and each that is hostile. */
static int every(void)
{
	const char *text = getenv("SECVF_TEST_EVERY");
	int n = text ? atoi(text) : 1;

	return n > 1 ? n : 1;
}

/* Call @check for each capture of the fixtures. */
static void each_fixture(void (*check)(const char *name, const char *path))
{
	struct dirent **list;
	int n = scandir(FIXTURES "/captures", &list, NULL, alphasort);

	assert_true(n > 20);
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), CAPTURE("%s"), list[i]->d_name);
		if (strstr(list[i]->d_name, ".pcap") &&
		    (i % every() == 0 || strncmp(list[i]->d_name, "hostile-", 8) == 0))
			check(list[i]->d_name, path);
		free(list[i]);
	}
	free(list);
}

/* ---- equal to tshark ---- */

static unsigned compared;

static void check_verbatim(const char *name, const char *path)
{
	size_t ours_n, theirs_n;
	char *ours, *theirs;

	/* A fraction of a second that is none is carried into the seconds here; tshark prints it as
	 * it is. */
	if (!legacy_pcap(path) || slow(name) || differs(name) || strstr(name, "hostile-times"))
		return;
	assert_int_equal(proc_secvf("ours", WORDS("--topspeed", "--decode", "full", "-T", "ek",
						  "--max-frame", "262144", path)),
			 0);
	if (proc_report("switch.dropped.runt"))
		return;
	proc_run(WORDS(proc_tshark(), "-n", "-r", path, "-T", "ek"), "theirs", "err2");
	ours = proc_read("ours", &ours_n);
	theirs = proc_read("theirs", &theirs_n);
	if (ours_n != theirs_n || memcmp(ours, theirs, ours_n) != 0)
		fail_msg("%s: -T ek differs from tshark's (%zu and %zu bytes)", name, ours_n,
			 theirs_n);
	assert_balanced();
	compared++;
	free(ours);
	free(theirs);
}

static void test_ek_is_tsharks_byte_for_byte(void **state)
{
	(void)state;
	need_tshark();
	compared = 0;
	each_fixture(check_verbatim);
	print_message("%u captures compared\n", compared);
	assert_true(compared > 15 / (unsigned)every());
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	return value ? json_object_get_string(value) : "";
}

/* Compare one JSON line of ours with one line of `tshark -T fields`, fields apart by 0x1f. */
static bool same_row(const char *json, const char *fields, bool number)
{
	static const char *const keys[] = {"id", "protocol", "src", "dst", "len", "info"};
	struct json_object *o = json_tokener_parse(json);
	char row[70000] = "";
	size_t n = 0;

	assert_non_null(o);
	for (size_t i = 0; i < 6; i++)
		n += (size_t)snprintf(row + n, sizeof(row) - n, "%s%s", i ? "\x1f" : "",
				      text_of(o, keys[i]));
	json_object_put(o);
	return strcmp(number ? row : strchr(row, 0x1f), number ? fields : strchr(fields, 0x1f)) ==
	       0;
}

static void check_lean(const char *name, const char *path)
{
	char *ours, *theirs, *our_rest, *their_rest, *a, *b;
	bool numbered;
	int row = 0;

	if (differs(name))
		return;
	assert_int_equal(proc_secvf("ours", WORDS("--topspeed", "--decode", "lean", "-T", "json",
						  "--max-frame", "262144", path)),
			 0);
	assert_balanced();
	/* Runts, which the switch drops, and blocks that are no frames take a number of tshark's
	 * and none of ours. */
	numbered = proc_report("switch.dropped.runt") == 0 && !strstr(name, "pcapng-blocks");
	proc_run(WORDS(proc_tshark(), "-n", "-r", path, "-Y", "frame.cap_len >= 14 && eth", "-T",
		       "fields", "-E", "separator=\x1f", "-e", "frame.number", "-e",
		       "_ws.col.Protocol", "-e", "_ws.col.Source", "-e", "_ws.col.Destination",
		       "-e", "_ws.col.Length", "-e", "_ws.col.Info"),
		 "theirs", "err2");
	our_rest = ours = proc_read("ours", NULL);
	their_rest = theirs = proc_read("theirs", NULL);
	for (;;) {
		a = strsep(&our_rest, "\n");
		b = strsep(&their_rest, "\n");
		if (!a || !b || !*a || !*b)
			break;
		row++;
		if (!same_row(a, b, numbered))
			fail_msg("%s, row %d:\n%s\n%s", name, row, a, b);
	}
	if ((a && *a) || (b && *b))
		fail_msg("%s: one has more rows than the other after %d", name, row);
	compared++;
	free(ours);
	free(theirs);
}

static void test_lean_columns_are_tsharks(void **state)
{
	(void)state;
	need_tshark();
	compared = 0;
	each_fixture(check_lean);
	print_message("%u captures compared\n", compared);
	assert_true(compared > 40 / (unsigned)every());
}

/* What a run decodes as where nobody says so: a live one as tshark keeps up. */
static void expect_defaults(const char *const words[], const char *profile, const char *when)
{
	char expected[64];
	char *report;

	assert_int_equal(proc_secvf("out", words), 0);
	report = proc_read("report.json", NULL);
	snprintf(expected, sizeof(expected), "\"profile\":\"%s\"", profile);
	if (!strstr(report, expected))
		fail_msg("%s is not in the report", expected);
	snprintf(expected, sizeof(expected), "\"when\":\"%s\"", when);
	if (!strstr(report, expected))
		fail_msg("%s is not in the report", expected);
	free(report);
}

static void test_defaults_of_decode(void **state)
{
#define SHORT "--limit", "20", "--tshark", "none", "-T", "none", CAPTURE("dns.pcap")
	(void)state;
	expect_defaults(WORDS("--pps", "1000", SHORT), "auto", "idle");
	expect_defaults(WORDS("--multiplier", "1000", SHORT), "auto", "idle");
	expect_defaults(WORDS("--topspeed", SHORT), "lean", "off");
	expect_defaults(WORDS("--pps", "1000", "--decode", "lean", SHORT), "lean", "off");
	expect_defaults(WORDS("--pps", "1000", "--backfill", "stop", SHORT), "auto", "stop");
	expect_defaults(WORDS("--pps", "1000", "--decode", "lean", "--backfill", "idle", SHORT),
			"lean", "idle");
	assert_int_equal(proc_secvf("out", WORDS("--pps", "1000", "--backfill", "now", SHORT)), 2);
#undef SHORT
}

/* ---- tshark dies, refuses, is not there ---- */

static void test_killed_tshark_loses_nothing(void **state)
{
	const char *words[] = {SECVF,
			       "replay",
			       "--pps",
			       "4000",
			       "--decode",
			       "lean",
			       "--loop",
			       "0",
			       "--limit",
			       "12000",
			       "--stall", /* a machine under load is no stall */
			       "60000",
			       "-T",
			       "json",
			       "--report",
			       proc_path("report.json"),
			       "--audit",
			       proc_path("audit.log"),
			       CAPTURE("session.pcapng"),
			       NULL};
	pid_t pid, child;

	(void)state;
	need_tshark();
	unlink(proc_path("audit.log"));
	pid = proc_start(words, "out", "err");
	/* Mid-replay: rows have come out, and thousands are to come. */
	while (proc_lines("out") < 500)
		proc_pause();
	while (!(child = proc_child(pid, "tshark")))
		proc_pause();
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(proc_wait(pid), 0);
	assert_balanced();
	assert_int_equal(proc_report("tshark.generations"), 2);
	assert_int_equal(proc_report("ledger.captured"), 12000);
	assert_int_equal(proc_report("ledger.decoded"), 12000);
	assert_int_equal(proc_lines("out"), 12000);
	char *audit = proc_read("audit.log", NULL);
	assert_non_null(strstr(audit, "\"event\":\"tshark_ended\""));
	assert_non_null(strstr(audit, "\"signal\":9"));
	free(audit);
}

/* tshark's own file: its frames are those that were decoded, as our reader sees them. */
static void test_tshark_writes_too(void **state)
{
	uint64_t decoded;

	(void)state;
	need_tshark();
	assert_int_equal(
		proc_secvf("out", WORDS("--topspeed", "--tshark-write", proc_path("tshark.pcapng"),
					"-T", "json", CAPTURE("session.pcapng"))),
		0);
	assert_balanced();
	decoded = (uint64_t)proc_report("ledger.decoded");
	assert_true(decoded > 0);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--decode", "off", "-T", "json",
						 proc_path("tshark.pcapng"))),
			 0);
	assert_int_equal(proc_lines("out"), decoded);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark-write", "f", "--decode",
						 "off", CAPTURE("session.pcapng"))),
			 2);
}

static void test_no_tshark_is_basic_decode(void **state)
{
	char *err;

	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json",
						 CAPTURE("session.pcapng"))),
			 0);
	assert_balanced();
	assert_int_equal(proc_report("ledger.no_tshark"), proc_report("ledger.captured"));
	assert_int_equal(proc_lines("out"), proc_report("ledger.captured"));
	assert_int_equal(proc_audit_count("undecoded"), proc_report("ledger.captured"));
	err = proc_read("err", NULL);
	assert_non_null(strstr(err, "basic decode"));
	free(err);
}

/* A tshark that says its version and then refuses to work. */
static const char *make_fake(const char *name, const char *body)
{
	const char *path = proc_path(name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f,
		"#!/bin/sh\n[ \"$1\" = --version ] && { echo 'TShark (Wireshark) 4.0.99 (fake).'; exit 0; }\n%s\n",
		body);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static void test_refusing_tshark_is_given_up(void **state)
{
	const char *fake = make_fake("refuses", "echo 'tshark: no such filter' >&2; exit 2");
	char *err;

	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", fake, "-T", "json",
						 CAPTURE("session.pcapng"))),
			 0);
	assert_balanced();
	assert_int_equal(proc_report("ledger.lost_child"), proc_report("ledger.captured"));
	assert_int_equal(proc_audit_count("undecoded"), proc_report("ledger.captured"));
	err = proc_read("err", NULL);
	assert_non_null(strstr(err, "no such filter"));
	free(err);
}

static void test_stalled_tshark_is_skipped(void **state)
{
	/* Opens the FIFO and never reads: 400 jumbo frames are more than any pipe here holds. */
	const char *fake =
		make_fake("stalls", "while [ $# -gt 0 ]; do [ \"$1\" = -r ] && f=$2; shift; done\n"
				    "exec 3<\"$f\"; exec sleep 600");

	(void)state;
	assert_int_equal(
		proc_secvf("out", WORDS("--pps", "2000", "--decode", "lean", "--loop", "0",
					"--limit", "6000", "--max-frame", "262144", "--hang", "2",
					"--tshark", fake, "-T", "none", CAPTURE("gso.pcapng"))),
		0);
	assert_balanced();
	assert_true(proc_report("ledger.skipped_stall") > 0);
	assert_int_equal(proc_audit_count("undecoded"), proc_report("ledger.undecoded"));
	assert_int_equal(proc_report("ledger.captured"), 6000);
}

/* ---- signals and readers that leave ---- */

static void test_interrupt_accounts_for_everything(void **state)
{
	const char *words[] = {SECVF,
			       "replay",
			       "--pps",
			       "2000",
			       "--loop",
			       "0",
			       "-T",
			       "json",
			       "--tshark",
			       "none",
			       "--report",
			       proc_path("report.json"),
			       "--audit",
			       proc_path("audit.log"),
			       CAPTURE("session.pcapng"),
			       NULL};
	pid_t pid = proc_start(words, "out", "err");

	(void)state;
	while (proc_lines("out") < 100)
		proc_pause();
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 0);
	assert_balanced();
	assert_int_equal(proc_report("interrupted"), 1);
	assert_int_equal(proc_lines("out"), proc_report("ledger.captured"));
}

static void test_second_interrupt_ends_at_once(void **state)
{
	const char *fake = make_fake("hangs", "trap '' TERM; while :; do sleep 1; done");
	const char *words[] = {SECVF,
			       "replay",
			       "--topspeed",
			       "--tshark",
			       fake,
			       "-T",
			       "none",
			       "--audit",
			       proc_path("audit.log"),
			       CAPTURE("session.pcapng"),
			       NULL};
	pid_t pid;

	(void)state;
	unlink(proc_path("audit.log"));
	pid = proc_start(words, "out", "err");
	proc_await("audit.log", "tshark_started");
	kill(pid, SIGINT);
	/* Two signals that are pending at once are one: let the first be taken. */
	proc_await("audit.log", "tshark_signalled");
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 1);
}

static void test_interrupt_while_draining(void **state)
{
	const char *fake = make_fake("hangs2", "trap '' TERM; while :; do sleep 1; done");
	const char *words[] = {SECVF,
			       "replay",
			       "--topspeed",
			       "--tshark",
			       fake,
			       "-T",
			       "none",
			       "--report",
			       proc_path("report.json"),
			       "--audit",
			       proc_path("audit.log"),
			       CAPTURE("session.pcapng"),
			       NULL};
	pid_t pid;

	(void)state;
	unlink(proc_path("audit.log"));
	pid = proc_start(words, "out", "err");
	proc_await("audit.log", "tshark_started");
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 0);
	assert_balanced();
	assert_int_equal(proc_report("ledger.stopped"), proc_report("ledger.captured"));
	assert_int_equal(proc_audit_count("undecoded"), proc_report("ledger.captured"));
}

static void test_reader_that_leaves_ends_it(void **state)
{
	char command[1024];

	(void)state;
	snprintf(command, sizeof(command),
		 "%s replay --pps 5000 --loop 0 --tshark none -T json -q --audit %s %s | head -n 3",
		 SECVF, proc_path("audit.log"), CAPTURE("session.pcapng"));
	assert_int_equal(proc_run(WORDS("/bin/sh", "-c", command), "out", "err"), 0);
	assert_int_equal(proc_lines("out"), 3);
}

/* ---- input ---- */

static void test_truncated_file(void **state)
{
	const char *cut = FIXTURES "/corrupt/cut-record-data.pcap";
	char *err;

	(void)state;
	assert_int_equal(
		proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json", cut)), 3);
	assert_int_equal(proc_lines("out"), 5);
	assert_balanced();
	err = proc_read("err", NULL);
	assert_non_null(strstr(err, "broken at byte"));
	assert_non_null(strstr(err, "--tolerant"));
	free(err);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json",
						 "--tolerant", cut)),
			 0);
	assert_int_equal(proc_lines("out"), 5);
}

/* fixtures/corrupt/expect.tsv: file, whole frames before the fault (- for any), what is wrong. */
static void test_corrupt_files_give_their_whole_frames(void **state)
{
	FILE *f = fopen(FIXTURES "/corrupt/expect.tsv", "re");
	char line[512], name[128], frames[32];
	unsigned files = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char path[512];
		int code;

		if (line[0] == '#' || sscanf(line, "%127[^\t]\t%31[^\t]", name, frames) != 2)
			continue;
		snprintf(path, sizeof(path), FIXTURES "/corrupt/%s", name);
		code = proc_secvf("out",
				  WORDS("--topspeed", "--tshark", "none", "-T", "json", path));
		if (code != 0 && code != 3)
			fail_msg("%s: exit %d", name, code);
		if (frames[0] != '-' && proc_lines("out") != (size_t)atol(frames))
			fail_msg("%s: %zu frames, not %s", name, proc_lines("out"), frames);
		files++;
	}
	fclose(f);
	assert_true(files > 30);
}

static void test_link_types(void **state)
{
	char *err;

	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json",
						 CAPTURE("linktype-sll.pcap"))),
			 3);
	err = proc_read("err", NULL);
	assert_non_null(strstr(err, "--as-ethernet"));
	free(err);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "--as-ethernet",
						 "-T", "json", CAPTURE("linktype-sll.pcap"))),
			 0);
	assert_true(proc_lines("out") > 0);
}

static void test_usage_errors(void **state)
{
	const char *f = CAPTURE("session.pcapng");

	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--pps", "0", f)), 2);
	assert_int_equal(proc_secvf("out", WORDS("--pps", "10", "--topspeed", f)), 2);
	assert_int_equal(proc_secvf("out", WORDS("--nonsense", f)), 2);
	assert_int_equal(proc_secvf("out", WORDS("-T", "xml", f)), 2);
	assert_int_equal(proc_secvf("out", WORDS("-f", "tcp port port", f)), 2);
	assert_int_equal(proc_secvf("out", WORDS("--vm", "a=b", f)), 2);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed")), 2);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "/nonexistent.pcap")), 3);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "/bin/true", f)), 3);
}

/* ---- scope and filter ---- */

static void test_scope_and_filter_are_counted(void **state)
{
	const char *f = CAPTURE("session.pcapng");
	int64_t all, in;

	(void)state;
	assert_int_equal(
		proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json", f)), 0);
	all = proc_report("ledger.captured");
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json",
						 "-i", "vm-1", f)),
			 0);
	in = proc_report("ledger.captured");
	assert_true(in > 0 && in < all);
	assert_int_equal(proc_report("ledger.out_of_scope"), all - in);
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json",
						 "-f", "tcp", f)),
			 0);
	assert_true(proc_report("ledger.prefiltered") > 0);
	assert_int_equal(proc_report("ledger.prefiltered"), all - proc_report("ledger.captured"));
	assert_balanced();
}

static void test_named_vms(void **state)
{
	char *out;

	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "json",
						 "--vm", "client=02:00:00:00:00:01", "-i", "client",
						 CAPTURE("http.pcap"))),
			 0);
	assert_true(proc_report("switch.ports.client.in") > 0);
	assert_true(proc_report("ledger.captured") > 0);
	out = proc_read("out", NULL);
	assert_non_null(strstr(out, "\"vm\":\"client\""));
	free(out);
}

/* More runs of drops than the ring of reports holds, while no frame is captured that would wake the
 * pipeline. */
static void test_many_drops_and_no_frame(void **state)
{
	(void)state;
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "--tshark", "none", "-T", "none",
						 "--max-frame", "100", "--loop", "100", "-f",
						 "ether proto 0x9999", CAPTURE("http.pcap"))),
			 0);
	assert_balanced();
	assert_true(proc_report("switch.dropped.oversize") > 1024);
	assert_int_equal(proc_audit_count("drop"), proc_report("switch.dropped.oversize"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ek_is_tsharks_byte_for_byte),
		cmocka_unit_test(test_lean_columns_are_tsharks),
		cmocka_unit_test(test_killed_tshark_loses_nothing),
		cmocka_unit_test(test_tshark_writes_too),
		cmocka_unit_test(test_defaults_of_decode),
		cmocka_unit_test(test_no_tshark_is_basic_decode),
		cmocka_unit_test(test_refusing_tshark_is_given_up),
		cmocka_unit_test(test_stalled_tshark_is_skipped),
		cmocka_unit_test(test_interrupt_accounts_for_everything),
		cmocka_unit_test(test_interrupt_while_draining),
		cmocka_unit_test(test_second_interrupt_ends_at_once),
		cmocka_unit_test(test_reader_that_leaves_ends_it),
		cmocka_unit_test(test_truncated_file),
		cmocka_unit_test(test_corrupt_files_give_their_whole_frames),
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_many_drops_and_no_frame),
		cmocka_unit_test(test_named_vms),
		cmocka_unit_test(test_scope_and_filter_are_counted),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
