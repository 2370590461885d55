/* test_shown.c - which frames a display filter shows
 *
 * Goal: every frame that tshark shows is found at the place where capfile reads it, and no other,
 * in captures of each kind; a wrong filter is refused in tshark's words before a file is read;
 * where tshark breaks off, what it said stays, and where it cannot be run that is said. Names and
 * filters reach it as they are.
 *
 * Method: the tshark that is installed reads fixtures; scripts that are called tshark say what no
 * real one can be brought to say.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capfile/capfile.h"
#include "capfile/compress.h"
#include "cli/shown.h"
#include "files.h"
#include "tshark/detect.h"

#define CAPTURE(name) FIXTURES "/captures/" name

static void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' is not in '%s'", words, text);
}

static void ask_file(struct shown *s, const char *path)
{
	struct err err;

	if (!shown_file(s, path, &err))
		fail_msg("%s", err.text);
}

/* ---- the tshark that is installed ---- */

/* Skips the test where there is none. */
static const char *installed(void)
{
	static char path[4096];

	for (size_t step = 0; detect_next(NULL, getenv("PATH"), step, path); step++) {
		if (access(path, X_OK) == 0)
			return path;
	}
	print_message("skipped: tshark is not installed\n");
	skip();
	return NULL;
}

/* Frames of the file that are shown, of @all that capfile reads; each place is asked for, and one
 * before it, where no frame is. */
static unsigned shown_of(struct shown *s, const char *path, unsigned *all)
{
	struct capfile_frame f;
	struct err err;
	struct capfile *c = capfile_open(path, &err);
	unsigned n = 0;

	if (!c)
		fail_msg("%s", err.text);
	*all = 0;
	while (capfile_next(c, &f, &err) == CAPFILE_FRAME) {
		++*all;
		assert_false(shown_has(s, f.offset - 1));
		n += shown_has(s, f.offset);
	}
	capfile_close(c);
	return n;
}

static void all_frames_are_where_they_are(void **state)
{
	static const char *const paths[] = {
		CAPTURE("arp.pcap"),
		CAPTURE("format-pcap-be-nano.pcap"),
		CAPTURE("format-pcap-le-micro.pcap"),
		CAPTURE("format-pcapng-be.pcapng"),
		CAPTURE("format-pcapng-old-packet.pcapng"),
		CAPTURE("format-pcapng-sections.pcapng"),
		CAPTURE("format-pcapng-simple.pcapng"),
		CAPTURE("linktype-raw.pcap"),
		CAPTURE("iperf3-snaplen.pcapng"),
		CAPTURE("session.pcapng"),
		CAPTURE("format-pcapng-blocks.pcapng"),
	};
	const size_t count = sizeof(paths) / sizeof(paths[0]);
	struct shown s = {.tshark = installed(), .filter = "frame"};

	(void)state;
	for (size_t i = 0; i < count; i++) {
		unsigned all, n;

		ask_file(&s, paths[i]);
		assert_string_equal(s.trouble, "");
		n = shown_of(&s, paths[i], &all);
		assert_true(all > 0);
		assert_int_equal(n, all);
		/* tshark takes for frames what is none here, in the last file only. */
		assert_int_equal(s.count > n, i == count - 1);
	}
	shown_done(&s);
}

static void a_filter_and_its_reverse(void **state)
{
	struct shown s = {.tshark = installed(), .filter = "arp or icmp"};
	unsigned all;

	(void)state;
	ask_file(&s, CAPTURE("session.pcapng"));
	assert_int_equal(shown_of(&s, CAPTURE("session.pcapng"), &all), 11);
	s.filter = "!(arp or icmp)";
	ask_file(&s, CAPTURE("session.pcapng"));
	assert_int_equal(shown_of(&s, CAPTURE("session.pcapng"), &all), 92 - 11);
	s.filter = "tcp.port == 1 && udp";
	ask_file(&s, CAPTURE("session.pcapng"));
	assert_int_equal(shown_of(&s, CAPTURE("session.pcapng"), &all), 0);
	shown_done(&s);
}

/* Bytes of a file, packed; freed by the caller. */
static void pack(const char *from, const char *to)
{
	struct compress *c = compress_open(compress_kind_of(to));
	struct buf out = {0};
	char part[4096];
	FILE *f = fopen(from, "re");
	size_t n;

	assert_true(c && f);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		assert_true(compress_put(c, part, n, &out));
	fclose(f);
	assert_true(compress_end(c, &out));
	files_put(to, out.p, out.n);
	compress_close(c);
	buf_done(&out);
}

/* In a packed file unpacked bytes are counted, by both. */
static void packed_files_are_counted_unpacked(void **state)
{
	struct shown s = {.tshark = installed(), .filter = "arp or icmp"};
	const char *path = files_path("session.pcapng.gz");
	unsigned all;

	(void)state;
	pack(CAPTURE("session.pcapng"), path);
	ask_file(&s, path);
	assert_int_equal(shown_of(&s, path, &all), 11);
	shown_done(&s);
}

static void filters_are_checked(void **state)
{
	struct shown s = {.tshark = installed(), .filter = "tcp.port == 80 and (udp or arp)"};
	struct err err;

	(void)state;
	if (!shown_check(&s, &err))
		fail_msg("%s", err.text);
	s.filter = "arp or (";
	assert_false(shown_check(&s, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	expect_words(err.text, "-Y: 'arp or (': ");
	expect_words(err.text, "wireshark-filter(4)");
	assert_null(strchr(err.text, '\n'));
	s.filter = "no.such.field == 1";
	assert_false(shown_check(&s, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	expect_words(err.text, "no.such.field");
	shown_done(&s);
}

/* A file that ends in a frame: those before it are shown, and that it broke is known. */
static void broken_files_are_said(void **state)
{
	struct shown s = {.tshark = installed(), .filter = "frame"};
	const char *path = files_path("cut.pcap");
	char bytes[832];
	FILE *f = fopen(CAPTURE("arp.pcap"), "re");
	unsigned all;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	fclose(f);
	files_put(path, bytes, sizeof(bytes) - 5);
	ask_file(&s, path);
	assert_int_equal(shown_of(&s, path, &all), 11);
	expect_words(s.trouble, "cut short");
	assert_null(strchr(s.trouble, '\n'));
	/* What is said is of the last file. */
	ask_file(&s, CAPTURE("arp.pcap"));
	assert_string_equal(s.trouble, "");
	shown_done(&s);
}

/* ---- scripts ---- */

/* A script that is called tshark. */
static const char *script(const char *text)
{
	const char *path = files_path("tshark");
	char whole[2048];

	snprintf(whole, sizeof(whole), "#!/bin/sh\ncd %s\n%s\n", files_folder, text);
	files_put(path, whole, strlen(whole));
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static void words_reach_it_as_they_are(void **state)
{
	struct shown s = {
		.tshark = script("for w in \"$@\"; do echo \"[$w]\" >>words; done; wc -c >in"),
		.filter = "frame contains \"$(touch made) `x` ; *\"",
	};
	struct err err;

	(void)state;
	ask_file(&s, "-a \"b\".pcap");
	files_expect(files_path("words"),
		     "[-n]\n[-o]\n[frame.show_file_off:TRUE]\n[-r]\n[./-a \"b\".pcap]\n"
		     "[-Y]\n[frame contains \"$(touch made) `x` ; *\"]\n"
		     "[-T]\n[fields]\n[-e]\n[frame.file_off]\n");
	files_expect(files_path("in"), "0\n");
	assert_int_equal(unlink(files_path("words")), 0);
	/* What it is tried on comes by standard input: a capture without frames. */
	assert_true(shown_check(&s, &err));
	files_expect(files_path("words"),
		     "[-n]\n[-r]\n[-]\n[-Y]\n[frame contains \"$(touch made) `x` ; *\"]\n");
	files_expect(files_path("in"), "24\n");
	assert_int_equal(access(files_path("made"), F_OK), -1);
	shown_done(&s);
}

static void numbers_are_asked_for_in_order(void **state)
{
	struct shown s = {.tshark = script("echo 24; echo; echo 100; echo 7000000000; printf 12"),
			  .filter = "x"};

	(void)state;
	for (unsigned twice = 0; twice < 2; twice++) {
		ask_file(&s, "x");
		/* The last may be a part of a number. */
		assert_int_equal(s.count, 3);
		assert_false(shown_has(&s, 1));
		assert_true(shown_has(&s, 24));
		assert_true(shown_has(&s, 24));
		assert_false(shown_has(&s, 25));
		assert_false(shown_has(&s, 99));
		assert_true(shown_has(&s, 100));
		assert_false(shown_has(&s, 101));
		assert_true(shown_has(&s, UINT64_C(7000000000)));
		assert_false(shown_has(&s, UINT64_MAX));
	}
	shown_done(&s);
	assert_null(s.offsets);
}

/* Many, so that they are split anywhere by the pipe, and room for them grows. */
static void many_numbers(void **state)
{
	struct shown s = {.tshark = script("seq 1000 7 800000"), .filter = "x"};

	(void)state;
	ask_file(&s, "x");
	assert_int_equal(s.count, (800000 - 1000) / 7 + 1);
	for (size_t i = 0; i < s.count; i++)
		assert_int_equal(s.offsets[i], 1000 + 7 * i);
	shown_done(&s);
}

static void trouble_is_told_on_a_line(void **state)
{
	struct shown s = {.filter = "x"};
	struct err err;

	(void)state;
	s.tshark = script("echo 24\n"
			  "echo 'Running as user \"root\". This could be dangerous.' >&2\n"
			  "echo 'tshark: It broke.' >&2\necho >&2\necho '(Really.)' >&2; exit 2");
	ask_file(&s, "x");
	assert_int_equal(s.count, 1);
	assert_string_equal(s.trouble, "It broke. (Really.)");
	assert_false(shown_check(&s, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	expect_words(err.text, "-Y: 'x': It broke. (Really.); ");
	/* Words without failing are none. */
	s.tshark = script("echo 24; echo 'a warning' >&2");
	ask_file(&s, "x");
	assert_string_equal(s.trouble, "");
	assert_true(shown_check(&s, &err));
	/* Silence is not success, nor is being killed. */
	s.tshark = script("echo 24; exit 3");
	ask_file(&s, "x");
	expect_words(s.trouble, "tshark ended with status ");
	s.tshark = script("echo 24; kill -9 $$");
	ask_file(&s, "x");
	expect_words(s.trouble, "tshark ended with status ");
	assert_int_equal(s.count, 1);
	/* However much it says. */
	s.tshark = script("seq 1 100000 >&2; exit 1");
	ask_file(&s, "x");
	assert_int_equal(strlen(s.trouble), sizeof(s.trouble) - 1);
	expect_words(s.trouble, "1 2 3 ");
	shown_done(&s);
}

static void what_cannot_be_run_is_said(void **state)
{
	struct shown s = {.tshark = files_path("none"), .filter = "x"};
	struct err err;

	(void)state;
	assert_false(shown_check(&s, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	expect_words(err.text, "-Y: cannot run ");
	expect_words(err.text, "/none: No such file or directory");
	assert_false(shown_file(&s, "x", &err));
	expect_words(err.text, "/none: No such file or directory");
	shown_done(&s);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_begin, files_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_frames_are_where_they_are),
		cmocka_unit_test(a_filter_and_its_reverse),
		IN_FOLDER(packed_files_are_counted_unpacked),
		cmocka_unit_test(filters_are_checked),
		IN_FOLDER(broken_files_are_said),
		IN_FOLDER(words_reach_it_as_they_are),
		IN_FOLDER(numbers_are_asked_for_in_order),
		IN_FOLDER(many_numbers),
		IN_FOLDER(trouble_is_told_on_a_line),
		IN_FOLDER(what_cannot_be_run_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
