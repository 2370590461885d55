/* process_statistics.c - `secvf stats` as a command
 *
 * Goal: figures of a fixture in all three formats, with tshark and without; a filter, a limit, a
 * file; exit codes and messages are those promised, and nothing else is printed or left behind.
 *
 * Method: the command is run on fixtures whose content is known; where tshark is not installed what
 * needs it is passed over.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name) FIXTURES "/captures/" name
#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})

static int stats(const char *const words[])
{
	const char *argv[32] = {SECVF, "stats"};
	size_t n = 2;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

static void expect_empty(const char *file)
{
	char *found = proc_read(file, NULL);

	assert_string_equal(found, "");
	free(found);
}

static void test_formats(void **state)
{
	struct json_object *root, *frames;
	char *text;

	(void)state;
	if (!proc_tshark())
		skip();
	assert_int_equal(stats(WORDS(CAPTURE("session.pcapng"))), 0);
	expect_empty("err");
	proc_expect("out", "92 frames, 14963 bytes; decoded by tshark: 92, by headers alone: 0\n");
	proc_expect("out", "TCP: 55 frames, 10689 bytes; conversations: 4 different; tcp\n");
	proc_expect("out", "dns && dns.qry.name == \"www.malware.example\"\n");
	assert_int_equal(stats(WORDS("-T", "csv", "--top", "1", CAPTURE("session.pcapng"))), 0);
	proc_expect("out", "\r\narp.opcodes,\"1\",requests,4,168,4,,,,,0,\"arp.opcode == 1\","
			   "\"!(arp.opcode == 1)\"\r\n");
	assert_int_equal(stats(WORDS("-T", "json", "-c", "10", CAPTURE("session.pcapng"))), 0);
	text = proc_read("out", NULL);
	root = json_tokener_parse(text);
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "frames", &frames));
	assert_int_equal(json_object_get_int(frames), 10);
	json_object_put(root);
	free(text);
}

static void test_without_tshark(void **state)
{
	(void)state;
	assert_int_equal(stats(WORDS("--tshark", "none", "-f", "arp", CAPTURE("session.pcapng"))),
			 0);
	proc_expect("err", "secvf: 7 of 7 frames were counted by their headers alone: no tshark");
	proc_expect("out", "7 frames, 294 bytes; decoded by tshark: 0, by headers alone: 7\n");
	proc_expect("out", "arp.opcode == 1\n");
}

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(stats(WORDS("--tshark", "none", "-T", "csv", "-o", proc_path("table.csv"),
				     CAPTURE("arp.pcap"))),
			 0);
	expect_empty("out");
	proc_expect("table.csv", "section,key,name,frames,");
	assert_int_equal(
		stats(WORDS("--tshark", "none", "-o", "/nowhere/at/all", CAPTURE("arp.pcap"))), 3);
	proc_expect("err", "/nowhere/at/all");
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(stats(WORDS("--help")), 0);
	proc_expect("out", "usage: secvf stats ");
	assert_int_equal(stats(WORDS("--tshark", "none")), 2);
	proc_expect("err", "no capture was named");
	assert_int_equal(stats(WORDS("-T", "ek", CAPTURE("arp.pcap"))), 2);
	proc_expect("err", "one of text, json, csv is wanted");
	assert_int_equal(stats(WORDS("--top", "-1", CAPTURE("arp.pcap"))), 2);
	assert_int_equal(stats(WORDS("--pps", "5", CAPTURE("arp.pcap"))), 2);
	proc_expect("err", "secvf stats --help");
	assert_int_equal(stats(WORDS("-f", "no filter", CAPTURE("arp.pcap"))), 2);
	expect_empty("out");
	assert_int_equal(stats(WORDS("--tshark", "none", CAPTURE("no-such.pcap"))), 3);
	proc_expect("err", "no-such.pcap");
	expect_empty("out");
	/* As far as it is whole. */
	assert_int_equal(stats(WORDS("--tshark", "none", FIXTURES "/corrupt/cut-record-data.pcap")),
			 3);
	proc_expect("out", " frames, ");
	assert_int_equal(stats(WORDS("--tshark", "none", "--tolerant",
				     FIXTURES "/corrupt/cut-record-data.pcap")),
			 0);
}

static void test_runts_are_said(void **state)
{
	(void)state;
	assert_int_equal(stats(WORDS("--tshark", "none", CAPTURE("hostile-runts.pcap"))), 0);
	proc_expect("err", " frames were not counted: the switch dropped them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),	       cmocka_unit_test(test_without_tshark),
		cmocka_unit_test(test_file),	       cmocka_unit_test(test_errors),
		cmocka_unit_test(test_runts_are_said),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
