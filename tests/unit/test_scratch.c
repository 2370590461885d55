/* test_scratch.c - a folder for files that nobody else should see or keep
 *
 * Goal: it is private, files are new ones each time, all in it goes and nothing else; where none
 * can be made nothing is removed.
 *
 * Method: a TMPDIR of the test's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/scratch.h"

static char base[] = "/tmp/secvf-scratch-test-XXXXXX";

static void all_in_it_goes(void **state)
{
	char path[PATH_MAX + 64], outside[PATH_MAX];
	struct scratch s;
	struct stat st;

	(void)state;
	snprintf(outside, sizeof(outside), "%s/outside", base);
	assert_int_equal(scratch_file(outside, "x", 1), 0);
	assert_int_equal(scratch_make(&s), 0);
	assert_int_equal(strncmp(s.path, base, strlen(base)), 0);
	assert_int_equal(stat(s.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/folder", s.path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/folder/file", s.path);
	assert_int_equal(scratch_file(path, "x", 1), 0);
	snprintf(path, sizeof(path), "%s/link", s.path);
	assert_int_equal(symlink(outside, path), 0);
	snprintf(path, sizeof(path), "%s", s.path);
	scratch_remove(&s);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(outside, F_OK), 0);
	unlink(outside);
	/* A second time there is nothing to remove. */
	scratch_remove(&s);
	assert_int_equal(access(base, F_OK), 0);
}

static void files_are_new_ones(void **state)
{
	char path[PATH_MAX], text[8] = "";
	FILE *old;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", base);
	assert_int_equal(scratch_file(path, "old", 3), 0);
	old = fopen(path, "r");
	assert_non_null(old);
	assert_int_equal(scratch_file(path, "new", 3), 0);
	assert_int_equal(fread(text, 1, 3, old), 3);
	assert_string_equal(text, "old");
	fclose(old);
	unlink(path);
	assert_int_equal(scratch_file("/nowhere/file", "x", 1), -ENOENT);
	/* In parts; what can't be written is told. */
	fd = scratch_open(path);
	assert_true(fd >= 0);
	assert_int_equal(scratch_write(fd, "in p", 4), 0);
	assert_int_equal(scratch_write(fd, "arts", 4), 0);
	close(fd);
	old = fopen(path, "r");
	assert_non_null(old);
	assert_int_equal(fread(text, 1, 8, old), 8);
	assert_memory_equal(text, "in parts", 8);
	fclose(old);
	unlink(path);
	assert_int_equal(scratch_open("/nowhere/file"), -ENOENT);
	fd = open("/dev/full", O_WRONLY);
	if (fd >= 0) {
		assert_int_equal(scratch_write(fd, "x", 1), -ENOSPC);
		close(fd);
	}
}

static void nothing_is_removed_without_one(void **state)
{
	struct scratch s;

	(void)state;
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(scratch_make(&s), -ENOENT);
	assert_string_equal(s.path, "");
	scratch_remove(&s);
	setenv("TMPDIR", base, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_in_it_goes),
		cmocka_unit_test(files_are_new_ones),
		cmocka_unit_test(nothing_is_removed_without_one),
	};
	int failed;

	if (!mkdtemp(base))
		return 1;
	setenv("TMPDIR", base, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(base);
	return failed;
}
