/* test_suite.c - the captures of a regression suite, and where their golden files are
 *
 * Goal: what is found is in one order, whatever the order of the folder; golden files are where
 * they belong; those whose capture has gone are found; ambiguous and empty suites are refused.
 *
 * Method: a folder of empty files, made in an order of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/suite.h"

static char folder[64];

static const char *path_of(const char *name)
{
	static char path[8][128];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, 128, "%s/%s", folder, name);
	return p;
}

static void touch(const char *name)
{
	struct err err;
	int fd;

	assert_true(suite_make_folders(path_of(name), &err));
	fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_suite-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	touch("c/b10.pcap");
	touch("c/b9.pcap");
	touch("c/a/z.pcapng.zst");
	touch("c/z.pcap.gz");
	touch("c/.hidden.pcap");
	touch("c/.hidden/x.pcap");
	touch("c/notes.txt");
	touch("c/z.pcap.gz.golden.json");
	touch("c/gone.pcap.golden.json");
	touch("d/b9.pcap");
	return symlink(path_of("c"), path_of("c/loop"));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void fill(struct suite *s, const char *a, const char *b, const char *golden,
		 const char *filter)
{
	char *paths[] = {(char *)a, (char *)b};
	struct err err;

	*s = (struct suite){0};
	if (!suite_fill(s, paths, b ? 2 : 1, golden, filter, &err))
		fail_msg("%s", err.text);
}

static void expect_refused(const char *a, const char *b, const char *golden, const char *filter,
			   int exit, const char *words)
{
	char *paths[] = {(char *)a, (char *)b};
	struct suite s = {0};
	struct err err;

	assert_false(suite_fill(&s, paths, b ? 2 : 1, golden, filter, &err));
	assert_int_equal(err.exit, exit);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
	suite_done(&s);
}

static void walks_in_order(void **state)
{
	static const char *const names[] = {"a/z.pcapng.zst", "b9.pcap", "b10.pcap",
					    "gone.pcap.golden.json", "z.pcap.gz"};
	struct suite s;

	(void)state;
	fill(&s, path_of("c/"), NULL, NULL, NULL);
	assert_int_equal(s.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(s.one[i].name, names[i]);
	assert_string_equal(s.one[0].capture, path_of("c/a/z.pcapng.zst"));
	assert_string_equal(s.one[0].golden, path_of("c/a/z.pcapng.zst.golden.json"));
	assert_null(s.one[3].capture);
	assert_string_equal(s.one[3].golden, path_of("c/gone.pcap.golden.json"));
	suite_done(&s);
}

static void golden_files_elsewhere(void **state)
{
	struct suite s;

	(void)state;
	touch("g/a/gone.pcap.golden.json");
	fill(&s, path_of("c"), NULL, path_of("g"), NULL);
	assert_int_equal(s.count, 5);
	assert_string_equal(s.one[0].name, "a/gone.pcap.golden.json");
	assert_null(s.one[0].capture);
	assert_string_equal(s.one[1].golden, path_of("g/a/z.pcapng.zst.golden.json"));
	suite_done(&s);
	/* Beside a single file there may be those of others. */
	fill(&s, path_of("c/b9.pcap"), NULL, path_of("g"), NULL);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.one[0].name, path_of("c/b9.pcap"));
	assert_string_equal(s.one[0].golden, path_of("g/b9.pcap.golden.json"));
	suite_done(&s);
}

static void two_folders(void **state)
{
	struct suite s;

	(void)state;
	fill(&s, path_of("d"), path_of("c"), NULL, NULL);
	assert_int_equal(s.count, 6);
	assert_string_equal(s.one[5].name, path_of("d/b9.pcap"));
	suite_done(&s);
	expect_refused(path_of("c"), path_of("d"), path_of("g"), NULL, EXIT_USAGE,
		       "would both have the golden file");
	expect_refused(path_of("c"), path_of("c/b9.pcap"), NULL, NULL, EXIT_USAGE,
		       "would both have the golden file");
}

static void filters(void **state)
{
	struct suite s;

	(void)state;
	fill(&s, path_of("c"), NULL, NULL, "*z.pcap*");
	assert_int_equal(s.count, 2);
	assert_string_equal(s.one[0].name, "a/z.pcapng.zst");
	suite_done(&s);
	expect_refused(path_of("c"), NULL, NULL, "nothing*", EXIT_USAGE,
		       "--filter 'nothing*': none of 5 captures");
}

static void nothing_there(void **state)
{
	(void)state;
	touch("empty/notes.txt");
	expect_refused(path_of("none"), NULL, NULL, NULL, EXIT_ENVIRONMENT, "No such file");
	expect_refused(path_of("empty"), NULL, NULL, NULL, EXIT_ENVIRONMENT, "there is no capture");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(walks_in_order), TEST(golden_files_elsewhere), TEST(two_folders),
		TEST(filters),	      TEST(nothing_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
