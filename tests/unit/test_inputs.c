/* test_inputs.c - the captures that a command reads
 *
 * Goal: a file is taken as it is named, of a folder its captures and nothing else, of a session its
 * files and those of no other, in the order of their numbers; what is not there is said with what
 * was looked for; there is a bound.
 *
 * Method: a folder of its own is filled with files; the paths that come out are compared as text.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inputs.h"
#include "files.h"

static int remove_folder(void **state)
{
	unsetenv("AVF_HOME");
	return files_end(state);
}

static void make_dir(const char *name)
{
	assert_int_equal(mkdir(files_path(name), 0700), 0);
}

/* A file of so many bytes. */
static void put_file(const char *name, size_t bytes)
{
	FILE *f = fopen(files_path(name), "we");

	assert_non_null(f);
	while (bytes--)
		assert_int_equal(fputc('x', f), 'x');
	assert_int_equal(fclose(f), 0);
}

/* Names of the paths, a blank before each, without the folder. */
static const char *names(const struct inputs *in)
{
	static char text[4096];
	size_t n = 0, m = strlen(files_folder);

	text[0] = '\0';
	for (size_t i = 0; i < in->count; i++) {
		const char *name = in->paths[i];

		if (strncmp(name, files_folder, m) == 0 && name[m] == '/')
			name += m + 1;
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", name);
	}
	return text;
}

static void add(struct inputs *in, const char *path)
{
	struct err err;

	if (!inputs_add(in, path, &err))
		fail_msg("%s", err.text);
}

static void expect_folder(const char *path, const char *want)
{
	struct inputs in = {0};

	add(&in, path);
	assert_string_equal(names(&in), want);
	inputs_done(&in);
}

static void expect_words(const struct err *err, int exit, const char *words)
{
	assert_int_equal(err->exit, exit);
	if (!strstr(err->text, words))
		fail_msg("'%s' is not in '%s'", words, err->text);
}

static void files_are_as_they_are_named(void **state)
{
	struct inputs in = {0};
	struct err err;

	(void)state;
	put_file("b", 10);
	put_file("a.pcap", 5);
	add(&in, files_path("b"));
	assert_false(inputs_stdin(&in));
	add(&in, files_path("a.pcap"));
	add(&in, "-");
	add(&in, files_path("b"));
	assert_string_equal(names(&in), " b a.pcap - b");
	assert_int_equal(in.bytes, 25);
	assert_true(inputs_stdin(&in));
	assert_false(inputs_add(&in, files_path("none"), &err));
	expect_words(&err, EXIT_ENVIRONMENT, "/none: No such file or directory");
	assert_int_equal(in.count, 4);
	inputs_done(&in);
	assert_int_equal(in.count, 0);
	assert_null(in.paths);
}

/* What is no file has no size that could be gone through. */
static void bytes_are_of_files(void **state)
{
	struct inputs in = {0};

	(void)state;
	assert_int_equal(mkfifo(files_path("fifo.pcap"), 0600), 0);
	add(&in, files_path("fifo.pcap"));
	add(&in, "/dev/null");
	assert_int_equal(in.count, 2);
	assert_int_equal(in.bytes, 0);
	inputs_done(&in);
}

static void of_a_folder_its_captures(void **state)
{
	static const char *const others[] = {
		".pcap",     ".hidden.pcap", "a.pcapx",	     "a.PCAP",	"a",	 "pcap",
		"a.gz",	     "a.pcap.bz2",   "a.pcap.gz.gz", "a.part",	"cap",	 "a.pcapng.part",
		"notes.txt", "a.pcap.zst~",  ".pcapng.gz",   "a.pcap.", "a.zst",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		put_file(others[i], 1);
	put_file("c.cap", 1);
	put_file("b.pcapng", 1);
	put_file("a.pcap", 1);
	put_file("d.pcap.gz", 1);
	put_file("e.pcapng.zst", 1);
	put_file("f.cap.gz", 1);
	put_file("g.gz.zst.pcap", 1);
	/* Folders below are not gone into, nor is a name all that makes a file. */
	make_dir("below");
	put_file("below/h.pcap", 1);
	make_dir("i.pcap");
	put_file("i.pcap/j.pcap", 1);
	assert_int_equal(mkfifo(files_path("k.pcap"), 0600), 0);
	assert_int_equal(symlink("below/h.pcap", files_path("l.pcap")), 0);
	expect_folder(files_folder, " a.pcap b.pcapng c.cap d.pcap.gz e.pcapng.zst f.cap.gz "
				    "g.gz.zst.pcap l.pcap");
	expect_folder(files_path("i.pcap"), " i.pcap/j.pcap");
	expect_folder(files_path("i.pcap///"), " i.pcap/j.pcap");
}

static void numbers_go_by_value(void **state)
{
	static const char *const order[] = {
		"a-1.pcap",
		"a-2.pcap",
		"a-009.pcap",
		"a-9.pcap",
		"a-0010.pcap",
		"a-10.pcap",
		"a-011.pcap",
		"a-99999999999999999998.pcap",
		"a-99999999999999999999.pcap",
		"a-100000000000000000000.pcap",
		"a1b2.pcap",
		"a1b10.pcap",
		"a10b1.pcap",
		"ab.pcap",
		"b-2026-02-09.pcap",
		"b-2026-02-10.pcap",
		"b-2026-10-01.pcap",
	};
	const size_t count = sizeof(order) / sizeof(order[0]);
	char want[1024] = "";

	(void)state;
	for (size_t i = 0; i < count; i++) {
		put_file(order[(i * 7) % count], 1);
		snprintf(want + strlen(want), sizeof(want) - strlen(want), " %s", order[i]);
	}
	expect_folder(files_folder, want);
}

/* Each folder is in order for itself, behind what was named before. */
static void folders_follow_one_another(void **state)
{
	struct inputs in = {0};

	(void)state;
	make_dir("z");
	make_dir("a");
	put_file("z/2.pcap", 3);
	put_file("z/1.pcap", 4);
	put_file("a/3.pcap", 5);
	put_file("y.pcap", 6);
	add(&in, files_path("z"));
	add(&in, files_path("y.pcap"));
	add(&in, files_path("a"));
	assert_string_equal(names(&in), " z/1.pcap z/2.pcap y.pcap a/3.pcap");
	assert_int_equal(in.bytes, 18);
	inputs_done(&in);
}

static void folders_without_captures(void **state)
{
	struct inputs in = {0};
	struct err err;

	(void)state;
	make_dir("empty");
	put_file("empty/readme.txt", 1);
	put_file("a.pcap", 1);
	add(&in, files_path("a.pcap"));
	assert_false(inputs_add(&in, files_path("empty"), &err));
	expect_words(&err, EXIT_ENVIRONMENT, "/empty: there is no capture in that folder");
	assert_int_equal(in.count, 1);
	inputs_done(&in);
}

static void of_a_session_its_files(void **state)
{
	static const char *const others[] = {
		"s-rot.pcapng",
		"s-rot1.pcapng.part",
		"s-rot1x.pcapng",
		"s-rot-1.pcapng",
		"s-rot1.pcap",
		"ss-rot1.pcapng",
		"s2-rot1.pcapng",
		"t-s-rot1.pcapng",
		"s-rot1.pcapng.gz",
		"s-journal1.pcapng",
		"s-rot1-2.pcapng",
		"s.pcapng",
		"s-rot1-recovered.pcapng",
	};
	struct inputs in = {0};
	struct err err;
	char path[128];

	(void)state;
	setenv("AVF_HOME", files_folder, 1);
	make_dir("Captures");
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(path, sizeof(path), "Captures/%s", others[i]);
		put_file(path, 1);
	}
	assert_false(inputs_session(&in, "s", &err));
	expect_words(&err, EXIT_ENVIRONMENT, "--session s: there is no file s-rotN.pcapng in ");
	assert_int_equal(in.count, 0);
	for (unsigned n = 1; n <= 11; n += 5) {
		snprintf(path, sizeof(path), "Captures/s-rot%u.pcapng", 12 - n);
		put_file(path, n);
	}
	put_file("Captures/s-rot1-rot1.pcapng", 1);
	assert_true(inputs_session(&in, "s", &err));
	assert_string_equal(names(&in), " Captures/s-rot1.pcapng Captures/s-rot6.pcapng "
					"Captures/s-rot11.pcapng");
	assert_int_equal(in.bytes, 18);
	assert_true(inputs_session(&in, "s-rot1", &err));
	assert_string_equal(names(&in) + strlen(names(&in)) - 27, "Captures/s-rot1-rot1.pcapng");
	assert_int_equal(in.count, 4);
	inputs_done(&in);
}

static void sessions_are_where_they_are_kept(void **state)
{
	char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
	struct inputs in = {0};
	struct err err;

	(void)state;
	setenv("HOME", files_folder, 1);
	assert_false(inputs_session(&in, "s", &err));
	expect_words(&err, EXIT_ENVIRONMENT, "/.avf/Captures: No such file or directory");
	make_dir(".avf");
	make_dir(".avf/Captures");
	put_file(".avf/Captures/s-rot1.pcapng", 1);
	assert_true(inputs_session(&in, "s", &err));
	assert_string_equal(names(&in), " .avf/Captures/s-rot1.pcapng");
	unsetenv("HOME");
	assert_false(inputs_session(&in, "s", &err));
	expect_words(&err, EXIT_ENVIRONMENT, "neither AVF_HOME nor HOME is set");
	if (home)
		setenv("HOME", home, 1);
	free(home);
	inputs_done(&in);
}

/* The name goes into a path: it must not lead elsewhere. */
static void sessions_are_names(void **state)
{
	static const char *const wrong[] = {"", "/", "../s", "a/b", "/etc/s"};
	struct inputs in = {0};
	struct err err;

	(void)state;
	setenv("AVF_HOME", files_folder, 1);
	make_dir("Captures");
	put_file("s-rot1.pcapng", 1);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(inputs_session(&in, wrong[i], &err));
		expect_words(&err, EXIT_USAGE, "the name of a session is wanted, no path");
	}
	assert_int_equal(in.count, 0);
	inputs_done(&in);
}

static void there_is_a_bound(void **state)
{
	struct inputs in = {0};
	struct err err;

	(void)state;
	for (unsigned i = 0; i < INPUTS_MAX; i++)
		add(&in, "-");
	assert_false(inputs_add(&in, "-", &err));
	expect_words(&err, EXIT_USAGE, "more than 65536 files");
	put_file("a.pcap", 1);
	assert_false(inputs_add(&in, files_folder, &err));
	expect_words(&err, EXIT_USAGE, "more than 65536 files");
	assert_int_equal(in.count, INPUTS_MAX);
	inputs_done(&in);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_begin, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_are_as_they_are_named), IN_FOLDER(bytes_are_of_files),
		IN_FOLDER(of_a_folder_its_captures),	IN_FOLDER(numbers_go_by_value),
		IN_FOLDER(folders_follow_one_another),	IN_FOLDER(folders_without_captures),
		IN_FOLDER(of_a_session_its_files),	IN_FOLDER(sessions_are_where_they_are_kept),
		IN_FOLDER(sessions_are_names),		IN_FOLDER(there_is_a_bound),
	};

	unsetenv("AVF_HOME");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
