/* test_wholefile.c - small files that are written whole or not at all, and read whole
 *
 * Goal: a file has its old bytes or its new ones, keeps its permissions and the link that leads to
 * it; nothing else is left in its folder; a file that is too long or not there is said.
 *
 * Method: a folder of its own, its files looked at after each call. A FIFO stands for devices.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/wholefile.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_wholefile-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

/* What a test leaves behind it has to remove. */
static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, 128, "%s/%s", folder, name);
	return p;
}

static void put(const char *name, const char *text)
{
	struct err err;

	if (!wholefile_write("--x", path_of(name), text, strlen(text), &err))
		fail_msg("%s", err.text);
}

static void expect(const char *name, const char *want)
{
	struct buf b = {0};
	struct err err;

	if (!wholefile_read("--x", path_of(name), 1000, &b, &err))
		fail_msg("%s", err.text);
	assert_int_equal(b.n, strlen(want));
	assert_memory_equal(b.p, want, b.n);
	buf_done(&b);
}

static unsigned files(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void new_and_replaced(void **state)
{
	struct stat st;

	(void)state;
	put("f", "one");
	expect("f", "one");
	assert_int_equal(chmod(path_of("f"), 0640), 0);
	put("f", "");
	expect("f", "");
	assert_int_equal(stat(path_of("f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(files(), 1);
	unlink(path_of("f"));
}

static void through_a_link(void **state)
{
	struct stat st;

	(void)state;
	put("f", "one");
	assert_int_equal(symlink("f", path_of("link")), 0);
	put("link", "two");
	expect("f", "two");
	assert_int_equal(lstat(path_of("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(path_of("link"));
	unlink(path_of("f"));
}

static void into_a_fifo(void **state)
{
	char got[8] = "";
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	fd = open(path_of("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	put("fifo", "bytes");
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	assert_string_equal(got, "bytes");
	close(fd);
	assert_int_equal(lstat(path_of("fifo"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	unlink(path_of("fifo"));
}

static void refused(void **state)
{
	struct buf b = {0};
	struct err err;

	(void)state;
	assert_false(wholefile_write("--x", path_of("none/f"), "a", 1, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "/none/f: cannot be written: No such file"));
	assert_false(wholefile_write("--x", folder, "a", 1, &err));
	assert_false(wholefile_read("golden", path_of("none"), 10, &b, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "/none: cannot be read: No such file"));
	assert_false(wholefile_read("golden", folder, 10, &b, &err));
	put("f", "0123456789");
	assert_true(wholefile_read("golden", path_of("f"), 10, &b, &err));
	assert_false(wholefile_read("golden", path_of("f"), 9, &b, &err));
	assert_non_null(strstr(err.text, "File too large"));
	buf_done(&b);
	assert_int_equal(files(), 1);
	unlink(path_of("f"));
}

/* A folder of that name stays. */
static void name_taken(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(mkdir(path_of("d"), 0700), 0);
	assert_false(wholefile_write("--x", path_of("d"), "a", 1, &err));
	assert_int_equal(files(), 1);
	assert_int_equal(rmdir(path_of("d")), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_and_replaced), TEST(through_a_link), TEST(into_a_fifo),
		TEST(refused),		TEST(name_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
