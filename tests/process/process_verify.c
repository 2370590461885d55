/* process_verify.c - the regression suite, with the real command and the real tshark
 *
 * Goal: the fixtures come out as their golden files say; whatever changes in a capture, in what
 * comes out, or in the program that is run, is seen and named; files are updated whole and only
 * where they have to be; the reports are what they say they are.
 *
 * Method: copies of fixtures are changed byte by byte, golden files word by word; scripts stand for
 * programs that crash, hang, or print what is none of their business.
 */
#include <fcntl.h>
#include <ftw.h>
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

#define CAPTURE(name) FIXTURES "/captures/" name

/* ---- helpers ---- */

static int verify_words(const char *const words[])
{
	const char *argv[32] = {SECVF, "verify"};
	size_t n = 2;

	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	return proc_run(argv, "out", "err");
}

/* Return: exit code; "out" and "err" have what was said */
#define VERIFY(...) verify_words((const char *const[]){__VA_ARGS__, NULL})

static bool says(const char *name, const char *words)
{
	char *text = proc_read(name, NULL);
	bool found = strstr(text, words) != NULL;

	free(text);
	return found;
}

static void expect(const char *name, const char *words)
{
	char *text = proc_read(name, NULL);

	if (!strstr(text, words))
		fail_msg("'%s' is not in %s:\n%s", words, name, text);
	free(text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* Each test begins with an empty folder. */
static int empty_folder(void **state)
{
	static const char *const names[] = {"g", "h", "keep", "suite"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		nftw(proc_path(names[i]), remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unlink(proc_path("x.pcap"));
	unlink(proc_path("x.pcap.golden.json"));
	unlink(proc_path("secvf.sh"));
	return 0;
}

static void write_bytes(const char *name, const char *p, size_t n)
{
	FILE *f = fopen(proc_path(name), "we");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void copy(const char *from, const char *name)
{
	char buf[65536];
	FILE *f = fopen(from, "re");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf), f);
	assert_true(n > 0 && n < sizeof(buf));
	fclose(f);
	write_bytes(name, buf, n);
}

/* In a file, the first @from becomes @to. */
static void edit(const char *name, const char *from, const char *to)
{
	char *text = proc_read(name, NULL), *at = strstr(text, from), *edited;
	size_t n = strlen(text) + strlen(to) + 1;

	if (!at)
		fail_msg("'%s' is not in %s", from, name);
	edited = malloc(n);
	assert_non_null(edited);
	snprintf(edited, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	write_bytes(name, edited, strlen(edited));
	free(edited);
	free(text);
}

static void script(const char *text)
{
	write_bytes("secvf.sh", text, strlen(text));
	assert_int_equal(chmod(proc_path("secvf.sh"), 0700), 0);
}

/* x.pcap, a copy of a fixture, with a golden file for the basic decode. */
static void make_case(const char *fixture)
{
	copy(fixture, "x.pcap");
	assert_int_equal(VERIFY("--update", "--decode", "off", proc_path("x.pcap")), 0);
	expect("out", ": new: ");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 0);
	expect("out", "verify: 1 case, 1 passed");
}

static void need_tshark(void)
{
	if (proc_tshark())
		return;
	print_message("skipped: tshark is not installed\n");
	skip();
}

/* Where the bytes of frame @n begin in a pcap of this machine's byte order. */
static size_t frame_at(const char *p, unsigned n)
{
	size_t at = 24;
	uint32_t caplen;

	while (--n) {
		memcpy(&caplen, p + at + 8, sizeof(caplen));
		at += 16 + caplen;
	}
	return at + 16;
}

/* ---- the fixtures ---- */

/* In pieces, each of which ends within what a command may take on a loaded machine. */
static void test_fixtures_come_out_as_expected(void **state)
{
	static const char *const pieces[] = {"captures/[0-9a-g]*", "captures/h*", "captures/[i-r]*",
					     "captures/[s-z]*", "corrupt/*"};
	bool with = proc_tshark() != NULL;
	unsigned all = 0;

	(void)state;
	if (!with)
		print_message(
			"tshark is not installed: only what is decoded without it is compared\n");
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		int exit = with ? VERIFY("-q", "--filter", pieces[i], "--golden",
					 FIXTURES "/golden", FIXTURES)
				: VERIFY("-q", "--filter", pieces[i], "--golden",
					 FIXTURES "/golden", "--decode", "off", FIXTURES);
		char *text = proc_read("out", NULL);
		unsigned cases = 0, passed = 1;

		if (exit)
			fail_msg("%s", text);
		assert_int_equal(sscanf(text, "verify: %u cases, %u passed", &cases, &passed), 2);
		assert_int_equal(cases, passed);
		all += cases;
		free(text);
	}
	/* A suite that shrinks is none. */
	assert_true(all >= 136);
}

static void test_same_bytes_each_time_and_in_parallel(void **state)
{
	const char *some = proc_tshark() ? "lean,off" : "off";

	(void)state;
	assert_int_equal(VERIFY("--update", "-j", "1", "--decode", some, "--golden", proc_path("g"),
				"--filter", "d*.pcap", "--fields", "id,vm,info,ethertype,crc",
				FIXTURES "/captures"),
			 0);
	assert_int_equal(VERIFY("--update", "-j", "8", "--decode", some, "--golden", proc_path("h"),
				"--filter", "d*.pcap", "--fields", "id,vm,info,ethertype,crc",
				FIXTURES "/captures"),
			 0);
	assert_int_equal(proc_run((const char *const[]){"/usr/bin/diff", "-r", proc_path("g"),
							proc_path("h"), NULL},
				  "out", "err"),
			 0);
}

/* ---- what changes is seen ---- */

static void test_one_byte_of_an_address(void **state)
{
	size_t n;
	char *capture;

	(void)state;
	make_case(CAPTURE("dns.pcap"));
	capture = proc_read("x.pcap", &n);
	/* Last byte of the IPv4 source. */
	capture[frame_at(capture, 3) + 14 + 15] = 9;
	write_bytes("x.pcap", capture, n);
	free(capture);
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "\n    off frame 3 src: expected \"192.0.2.1\", actual \"192.0.2.9\"\n");
	expect("out", "\n    off frame 3 crc: expected ");
	expect("out",
	       "\n    off conversations \"192.0.2.1:49827 - 192.0.2.2:53\": expected 2 frames, "
	       "208 bytes; actual 1 frame, ");
	assert_false(says("out", "frame 2 "));
	assert_false(says("out", "frame 4 "));
	assert_false(says("out", "missing"));
}

/* Nothing but the frame's bytes differs: no field of a decode says so. */
static void test_one_byte_of_a_payload(void **state)
{
	size_t n;
	char *capture;

	(void)state;
	make_case(CAPTURE("dns.pcap"));
	capture = proc_read("x.pcap", &n);
	capture[frame_at(capture, 42) - 16 - 1] ^= 1;
	write_bytes("x.pcap", capture, n);
	free(capture);
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "x.pcap: 1 difference\n    off frame 41 crc: expected \"");
}

static void test_a_frame_that_is_missing(void **state)
{
	size_t n, from, to;
	char *capture;

	(void)state;
	make_case(CAPTURE("dns.pcap"));
	capture = proc_read("x.pcap", &n);
	from = frame_at(capture, 5) - 16;
	to = frame_at(capture, 6) - 16;
	memmove(capture + from, capture + to, n - to);
	write_bytes("x.pcap", capture, n - (to - from));
	free(capture);
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	/* The frame; four terms of the ledger; three sums. */
	expect("out", "x.pcap: 8 differences\n");
	expect("out", "\n    off frame 5 is missing: ts ");
	expect("out", "\n    off ledger \"captured\": expected 42, actual 41\n");
	/* No more is told than was asked for. */
	assert_int_equal(VERIFY("--max-diffs", "2", proc_path("x.pcap")), 1);
	expect("out", "\n    and 6 more differences\n");
	assert_false(says("out", "is missing"));
}

static void test_a_frame_that_tshark_sees_otherwise(void **state)
{
	static const char rules[] =
		"{\"secvf-rules\": 1, \"rules\": [{\"name\": \"mine\", \"field\": \"protocol\", "
		"\"from\": \"DHCPX\", \"to\": \"DHCP\", \"reason\": \"a test\"}]}";

	(void)state;
	need_tshark();
	copy(CAPTURE("dhcp.pcap"), "x.pcap");
	assert_int_equal(VERIFY("--update", "--decode", "lean", proc_path("x.pcap")), 0);
	edit("x.pcap.golden.json", "eth:ethertype:ip:udp:dhcp", "eth:ethertype:ip:udp:bootp");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "x.pcap: 1 difference\n    lean frame 1 protocols: expected "
		      "\"eth:ethertype:ip:udp:bootp\", actual \"eth:ethertype:ip:udp:dhcp\"\n");
	/* Had an old version made the file, that would be known. */
	edit("x.pcap.golden.json", "\"tshark\": \"4", "\"tshark\": \"2");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 0);
	expect("out", "x.pcap: 1 difference tolerated\n    1 tolerated by rule bootp-is-dhcp: ");
	/* A rule of one's own. */
	edit("x.pcap.golden.json", "\"protocol\": \"DHCP\"", "\"protocol\": \"DHCPX\"");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	write_bytes("rules.json", rules, strlen(rules));
	assert_int_equal(VERIFY("--rules", proc_path("rules.json"), proc_path("x.pcap")), 0);
	expect("out", "1 tolerated by rule mine: a test");
}

/* ---- programs that misbehave ---- */

static void test_crash_of_one_is_a_failure_of_one(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("--update", "--decode", "off", "--golden", proc_path("g"),
				"--filter", "d*.pcap", FIXTURES "/captures"),
			 0);
	script("#!/bin/sh\ncase \"$*\" in\n*/dns.pcap) echo 'last words' >&2; kill -SEGV $$ ;;\nesac\n"
	       "exec " SECVF " \"$@\"\n");
	assert_int_equal(VERIFY("--program", proc_path("secvf.sh"), "--golden", proc_path("g"),
				"--filter", "d*.pcap", "--junit", proc_path("j.xml"),
				FIXTURES "/captures"),
			 1);
	expect("out",
	       "dns.pcap: off: secvf crashed: signal 11 (Segmentation fault)\n    last words\n");
	expect("out", ", 1 failed, in");
	expect("j.xml", "<failure message=\"off: secvf crashed: signal 11 (Segmentation fault)\" "
			"type=\"failed\">last words\n</failure>");
	/* It is not taken for what ought to come out, either. */
	assert_int_equal(VERIFY("--update", "--program", proc_path("secvf.sh"), "--golden",
				proc_path("g"), "--filter", "dns.pcap", FIXTURES "/captures"),
			 1);
	assert_int_equal(
		VERIFY("--golden", proc_path("g"), "--filter", "dns.pcap", FIXTURES "/captures"),
		0);
}

static void expect_program(const char *text, const char *words)
{
	script(text);
	assert_int_equal(
		VERIFY("--timeout", "1", "--program", proc_path("secvf.sh"), proc_path("x.pcap")),
		1);
	expect("out", words);
}

static void test_programs_that_do_not_behave(void **state)
{
	(void)state;
	make_case(CAPTURE("arp.pcap"));
	expect_program("#!/bin/sh\nexec sleep 1000\n", "off: it did not end within 1 s; --timeout");
	expect_program("#!/bin/sh\ntrap '' TERM\nsleep 1000 >/dev/null\nsleep 1000 >/dev/null\n"
		       "exec sleep 1000\n",
		       "off: it did not end within 1 s; --timeout");
	expect_program("#!/bin/sh\necho hello\n",
		       "row 1 of its output is no row of -T json: hello");
	expect_program("#!/bin/sh\nprintf '{\"id\":'\n",
		       "row 1 of its output is no row of -T json");
	expect_program("#!/bin/sh\nexit 0\n", "report.json: cannot be read: No such file");
	expect_program("#!/bin/sh\necho no >&2; exit 9\n",
		       "off exit: expected 0, actual 9\n    off error 1: "
		       "expected null, actual \"no\"");
}

static void test_interrupted(void **state)
{
	pid_t pid;

	(void)state;
	make_case(CAPTURE("arp.pcap"));
	script("#!/bin/sh\necho $$ >$(dirname \"$0\")/started.new\n"
	       "mv $(dirname \"$0\")/started.new $(dirname \"$0\")/started\nexec sleep 1000\n");
	unlink(proc_path("started"));
	mkdir(proc_path("suite"), 0700);
	setenv("TMPDIR", proc_path("suite"), 1);
	pid = proc_start((const char *const[]){SECVF, "verify", "--json", proc_path("r.json"),
					       "--program", proc_path("secvf.sh"),
					       proc_path("x.pcap"), NULL},
			 "out", "err");
	unsetenv("TMPDIR");
	proc_await("started", "\n");
	kill(pid, SIGINT);
	assert_int_equal(proc_wait(pid), 1);
	expect("err", "interrupted; 1 cases were not run to their end");
	expect("r.json", "\"pending\": 1");
	/* Neither the child nor what was on the way is left. */
	{
		char *text = proc_read("started", NULL);

		assert_int_equal(kill((pid_t)atol(text), 0), -1);
		free(text);
	}
	assert_int_equal(rmdir(proc_path("suite")), 0);
}

/* ---- golden files ---- */

static void test_missing_broken_and_orphaned(void **state)
{
	(void)state;
	copy(CAPTURE("arp.pcap"), "x.pcap");
	assert_int_equal(VERIFY("--decode", "off", proc_path("x.pcap")), 1);
	expect("out", "there is no golden file ");
	expect("out", "x.pcap.golden.json; 'secvf verify --update' makes it");
	assert_int_equal(VERIFY("--decode", "off", "--update", proc_path("x.pcap")), 0);
	if (proc_tshark()) {
		assert_int_equal(VERIFY("--decode", "lean", proc_path("x.pcap")), 1);
		expect("out",
		       "has nothing for --decode lean; 'secvf verify --update --decode lean' adds");
	}
	edit("x.pcap.golden.json", "\"exit\": 0,", "\"exit\": 0");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "error ");
	expect("out", "x.pcap.golden.json: line 10, column 7 (byte ");
	/* A file that somebody may have worked on is not overwritten. */
	assert_int_equal(VERIFY("--update", "--decode", "off", proc_path("x.pcap")), 1);
	expect("out", "mend it, or remove it");
	edit("x.pcap.golden.json", "\"exit\": 0", "\"exits\": 0,");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "decode.off.exits: there is no such key here");
	mkdir(proc_path("suite"), 0700);
	copy(CAPTURE("arp.pcap"), "suite/a.pcap");
	copy(CAPTURE("arp.pcap"), "suite/b.pcap");
	assert_int_equal(VERIFY("--update", "--decode", "off", proc_path("suite")), 0);
	unlink(proc_path("suite/a.pcap"));
	assert_int_equal(VERIFY(proc_path("suite")), 1);
	expect("out", "a.pcap.golden.json: the capture of this golden file has gone");
	expect("out", "1 passed, 1 failed");
}

static void test_update(void **state)
{
	char *before, *after;

	(void)state;
	make_case(CAPTURE("arp.pcap"));
	before = proc_read("x.pcap.golden.json", NULL);
	assert_int_equal(VERIFY("--update", proc_path("x.pcap")), 0);
	expect("out", ": unchanged\n");
	edit("x.pcap.golden.json", "\"ARP\": {\"frames\": 10", "\"ARP\": {\"frames\": 99");
	assert_int_equal(VERIFY("--update", proc_path("x.pcap")), 0);
	expect("out", ": changed: 1 difference\n    off statistics \"ARP\": expected 99 frames, ");
	after = proc_read("x.pcap.golden.json", NULL);
	assert_string_equal(before, after);
	free(before);
	free(after);
	/* Fields and parts stay as the file has them. */
	assert_int_equal(VERIFY("--update", "--fields", "id,src", "--parts", "frames,ledger",
				proc_path("x.pcap")),
			 0);
	expect("out", ": changed: what it is made with");
	assert_int_equal(VERIFY("--update", proc_path("x.pcap")), 0);
	expect("out", ": unchanged\n");
	expect("x.pcap.golden.json",
	       "\"fields\": [\"id\", \"src\"],\n  \"parts\": [\"ledger\", \"frames\"]");
	expect("x.pcap.golden.json", "\n        {\"id\": 1, \"src\": \"02:00:00:00:00:01\"},\n");
	assert_false(says("x.pcap.golden.json", "statistics\": {"));
}

static void test_options_of_a_capture(void **state)
{
	(void)state;
	copy(CAPTURE("dns.pcap"), "x.pcap");
	assert_int_equal(VERIFY("--update", "--decode", "off", "-f", "arp", "--limit", "40",
				proc_path("x.pcap")),
			 0);
	expect("x.pcap.golden.json", "\"options\": {\"filter\": \"arp\", \"limit\": 40}");
	expect("x.pcap.golden.json",
	       "\"ledger\": {\"forwarded\": 40, \"prefiltered\": 38, \"captured\": 2, ");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 0);
	edit("x.pcap.golden.json", "\"arp\"", "\"icmp\"");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "off ledger \"captured\": expected 2, actual ");
	/* An option that is wrong is a failure with the words of replay. */
	edit("x.pcap.golden.json", "\"icmp\"", "\"icmp and\"");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out", "off exit: expected 0, actual 2");
	assert_int_equal(VERIFY("--update", proc_path("x.pcap")), 1);
	expect("out", "exit 2 is not recorded");
}

static void test_expected_errors(void **state)
{
	(void)state;
	make_case(FIXTURES "/corrupt/cut-record-data.pcap");
	expect("x.pcap.golden.json",
	       "\"exit\": 3,\n      \"errors\": [\n        \"x.pcap: broken at byte 426: ");
	edit("x.pcap.golden.json", "at byte 426", "at byte 427");
	edit("x.pcap.golden.json", "\"exit\": 3", "\"exit\": 0");
	assert_int_equal(VERIFY(proc_path("x.pcap")), 1);
	expect("out",
	       "x.pcap: 2 differences\n    off exit: expected 0, actual 3\n    off error 1: expected "
	       "\"x.pcap: broken at byte 427: ");
}

/* ---- reports ---- */

static void test_reports(void **state)
{
	struct json_object *root, *list;

	(void)state;
	mkdir(proc_path("suite"), 0700);
	copy(CAPTURE("arp.pcap"), "suite/a.pcap");
	copy(CAPTURE("dns.pcap"), "suite/b.pcap");
	assert_int_equal(VERIFY("--update", "--decode", "off", proc_path("suite")), 0);
	copy(CAPTURE("dhcp.pcap"), "suite/b.pcap");
	assert_int_equal(VERIFY("--tap", "--junit", proc_path("j.xml"), "--json",
				proc_path("r.json"), "--keep", proc_path("keep"),
				proc_path("suite")),
			 1);
	expect("out", "TAP version 14\n1..2\nok 1 - a.pcap\n  ---\n  outcome: passed\n");
	expect("out", "\nnot ok 2 - b.pcap\n  ---\n  outcome: failed\n");
	expect("j.xml", "<testsuite name=\"verify\" tests=\"2\" failures=\"1\" errors=\"0\" ");
	expect("j.xml", "<property name=\"tshark\" value=\"");
	if (access("/usr/bin/xmllint", X_OK) == 0)
		assert_int_equal(proc_run((const char *const[]){"/usr/bin/xmllint", "--noout",
								proc_path("j.xml"), NULL},
					  "out2", "err2"),
				 0);
	root = json_object_from_file(proc_path("r.json"));
	assert_non_null(root);
	list = json_object_object_get(root, "cases");
	assert_int_equal(json_object_array_length(list), 2);
	json_object_put(root);
	/* What came out, as --update would have written it. */
	expect("keep/b.pcap/actual.golden.json", "\"ledger\": {\"forwarded\": 5, ");
	expect("keep/b.pcap/off.report.json", "\"balanced\":true");
	assert_int_equal(access(proc_path("keep/a.pcap"), F_OK), -1);
	/* Only what did not pass. */
	assert_int_equal(VERIFY("-q", proc_path("suite")), 1);
	assert_false(says("out", "a.pcap"));
	expect("out", "b.pcap: ");
	assert_int_equal(VERIFY("--list", proc_path("suite")), 0);
	expect("out", "golden  a.pcap  off 12\ngolden  b.pcap  off 42\n");
	assert_int_equal(
		VERIFY("--json", "-", "--decode", "off", "--filter", "a*", proc_path("suite")), 0);
	expect("out", "{\n  \"suite\": \"verify\",");
	expect("err", "verify: 1 case, 1 passed");
	assert_int_equal(
		VERIFY("--junit", proc_path("none/j.xml"), "--filter", "a*", proc_path("suite")),
		3);
	expect("err", "--junit ");
}

static void test_usage_and_environment(void **state)
{
	(void)state;
	copy(CAPTURE("arp.pcap"), "x.pcap");
	assert_int_equal(VERIFY("--nonsense"), 2);
	assert_int_equal(VERIFY("--golden"), 2);
	assert_int_equal(verify_words((const char *const[]){NULL}), 2);
	assert_int_equal(VERIFY("-"), 2);
	assert_int_equal(VERIFY("--fields", "id", proc_path("x.pcap")), 2);
	expect("err", "add --update");
	assert_int_equal(VERIFY("--update", "--fields", "id,colour", proc_path("x.pcap")), 2);
	assert_int_equal(VERIFY("--decode", "half", proc_path("x.pcap")), 2);
	assert_int_equal(VERIFY("--jobs", "0", proc_path("x.pcap")), 2);
	assert_int_equal(VERIFY(proc_path("none")), 3);
	assert_int_equal(VERIFY("--program", proc_path("none"), proc_path("x.pcap")), 3);
	assert_int_equal(VERIFY("--tshark", proc_path("x.pcap"), proc_path("x.pcap")), 3);
	assert_int_equal(VERIFY("--rules", proc_path("none"), proc_path("x.pcap")), 3);
	/* Without tshark nothing is left out silently. */
	if (!proc_tshark()) {
		assert_int_equal(VERIFY(proc_path("x.pcap")), 3);
		expect("err", "--decode off");
	}
	assert_int_equal(VERIFY("--help"), 0);
	expect("out", "usage: secvf verify ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, empty_folder, empty_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fixtures_come_out_as_expected),
		TEST(test_same_bytes_each_time_and_in_parallel),
		TEST(test_one_byte_of_an_address),
		TEST(test_one_byte_of_a_payload),
		TEST(test_a_frame_that_is_missing),
		TEST(test_a_frame_that_tshark_sees_otherwise),
		TEST(test_crash_of_one_is_a_failure_of_one),
		TEST(test_programs_that_do_not_behave),
		TEST(test_interrupted),
		TEST(test_missing_broken_and_orphaned),
		TEST(test_update),
		TEST(test_options_of_a_capture),
		TEST(test_expected_errors),
		TEST(test_reports),
		TEST(test_usage_and_environment),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
