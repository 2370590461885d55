/* process_anonymize.c - `secvf anonymize` as a command
 *
 * Goal: the same key gives the same file and another key another one; names, comments and secrets
 * of the input are not in the output; what it says at the end is what it did; exit codes and
 * messages are those promised; no half file is ever there.
 *
 * Method: the command is run on fixtures, tshark reads its output where it is installed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name) FIXTURES "/captures/" name
#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})

static int anonymize(const char *const words[])
{
	const char *argv[32] = {SECVF, "anonymize"};
	size_t n = 2;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

static void expect_no_parts(void)
{
	DIR *d = opendir(proc_dir());
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strstr(e->d_name, ".part-"))
			fail_msg("%s is left", e->d_name);
	}
	closedir(d);
}

static bool same(const char *one, const char *two)
{
	size_t n, m;
	char *a = proc_read(one, &n), *b = proc_read(two, &m);
	bool equal = n == m && memcmp(a, b, n) == 0;

	free(a);
	free(b);
	return equal;
}

static void put_key(const char *name, const char *text)
{
	FILE *f = fopen(proc_kept(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_same_key_same_file(void **state)
{
	const char *f = CAPTURE("session.pcapng");

	(void)state;
	put_key("key", "a key\n");
	assert_int_equal(anonymize(WORDS(f, "-w", proc_kept("a.pcapng"), "--key", "a key")), 0);
	proc_expect("err", "anonymized 92 frames, 92 of them changed");
	assert_int_equal(
		anonymize(WORDS(f, "-w", proc_kept("b.pcapng"), "--key-file", proc_kept("key"))),
		0);
	assert_int_equal(anonymize(WORDS("-q", f, "-w", proc_kept("c.pcapng"), "--key", "a kez")),
			 0);
	assert_int_equal(proc_lines("err"), 0);
	assert_true(same("a.pcapng", "b.pcapng"));
	assert_false(same("a.pcapng", "c.pcapng"));
	expect_no_parts();
}

/* Each format is read by tshark: the same frames, and no checksum that went bad. */
static void test_tshark_reads_it(void **state)
{
	static const char *const outs[] = {"d.pcapng", "d.pcapng.gz", "d.pcap"};
	static const char bad[] = "ip.checksum.status == 0 || tcp.checksum.status == 0 || "
				  "udp.checksum.status == 0 || icmp.checksum.status == 0 || "
				  "icmpv6.checksum.status == 0";
	size_t before = 0;

	(void)state;
	if (!proc_tshark()) {
		print_message("skipped: tshark is not installed\n");
		skip();
	}
	for (unsigned i = 0; i < 4; i++) {
		const char *out = i < 3 ? proc_kept(outs[i]) : CAPTURE("session.pcapng");

		if (i < 3)
			assert_int_equal(anonymize(WORDS(CAPTURE("session.pcapng"), "-w", out, "-F",
							 i == 2 ? "nsecpcap" : "pcapng", "--key",
							 "k", "--payload", "random")),
					 0);
		assert_int_equal(proc_run(WORDS(proc_tshark(), "-n", "-r", out), "out", "err"), 0);
		assert_int_equal(proc_lines("out"), 92);
		assert_int_equal(
			proc_run(WORDS(proc_tshark(), "-n", "-r", out, "-o",
				       "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
				       "-o", "udp.check_checksum:TRUE", "-Y", bad),
				 "out", "err"),
			0);
		if (i == 0)
			before = proc_lines("out");
		assert_int_equal(proc_lines("out"), before);
	}
}

/* Comments, names and secrets are in blocks of their own. */
static void test_blocks_are_left_out(void **state)
{
	static const char *const files[] = {CAPTURE("tls-keys.pcapng"),
					    CAPTURE("format-pcapng-blocks.pcapng")};
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		char *bytes;
		size_t n;

		assert_int_equal(stat(files[i], &st), 0);
		assert_int_equal(
			anonymize(WORDS(files[i], "-w", proc_kept("e.pcapng"), "--key", "k")), 0);
		proc_expect("err", "blocks that are no frames");
		bytes = proc_read("e.pcapng", &n);
		assert_null(memmem(bytes, n, "CLIENT_", 7));
		assert_null(memmem(bytes, n, "comment", 7));
		free(bytes);
	}
}

static void test_what_is_not_understood(void **state)
{
	const char *f = CAPTURE("linktype-raw.pcap"), *o = proc_kept("f.pcapng");

	(void)state;
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "k")), 0);
	assert_int_equal(anonymize(WORDS(CAPTURE("hostile-headers.pcapng"), "-w", o, "--key", "k",
					 "--unknown", "drop")),
			 0);
	proc_expect("err", "those frames were left out");
	assert_int_equal(anonymize(WORDS(CAPTURE("hostile-headers.pcapng"), "-w", o, "--key", "k")),
			 0);
	proc_expect("err", "those parts were zeroed");
}

static void test_usage(void **state)
{
	const char *f = CAPTURE("arp.pcap"), *o = proc_kept("g.pcapng");
	const char *cut = FIXTURES "/corrupt/cut-record-data.pcap";

	(void)state;
	assert_int_equal(anonymize(WORDS("--help")), 0);
	assert_int_equal(anonymize(WORDS("-w", o, "--key", "k")), 2);
	assert_int_equal(anonymize(WORDS(f, f, "-w", o, "--key", "k")), 2);
	assert_int_equal(anonymize(WORDS(f, "--key", "k")), 2);
	assert_int_equal(anonymize(WORDS(f, "-w", o)), 2);
	proc_expect("err", "a key is wanted");
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "k", "--key-file", "x")), 2);
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "")), 2);
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "k", "--payload", "drop")), 2);
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "k", "--unknown", "random")), 2);
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "k", "-F", "x")), 2);
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key", "k", "--nothing")), 2);
	assert_int_equal(anonymize(WORDS("/nowhere", "-w", o, "--key", "k")), 3);
	assert_int_equal(anonymize(WORDS(f, "-w", "/nowhere/x", "--key", "k")), 3);
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key-file", "/nowhere/key")), 3);
	put_key("empty", "\n");
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key-file", proc_kept("empty"))), 3);
	proc_expect("err", "it is empty");
	put_key("lines", "one\ntwo\n");
	assert_int_equal(anonymize(WORDS(f, "-w", o, "--key-file", proc_kept("lines"))), 3);
	proc_expect("err", "more than a line");
	assert_int_equal(access(o, F_OK), -1);
	assert_int_equal(anonymize(WORDS(cut, "-w", o, "--key", "k")), 3);
	proc_expect("err", "broken at byte 426");
	proc_expect("err", "anonymized 5 frames");
	assert_int_equal(anonymize(WORDS(cut, "-w", o, "--key", "k", "--tolerant")), 0);
	/* What was there before stays. */
	assert_int_equal(anonymize(WORDS("/nowhere", "-w", o, "--key", "k")), 3);
	assert_int_equal(access(o, F_OK), 0);
	expect_no_parts();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_key_same_file),
		cmocka_unit_test(test_tshark_reads_it),
		cmocka_unit_test(test_blocks_are_left_out),
		cmocka_unit_test(test_what_is_not_understood),
		cmocka_unit_test(test_usage),
	};

	proc_dir();
	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
