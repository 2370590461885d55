/* test_settings_file.c - the settings on disk
 *
 * Goal: what is committed is read again; whatever fails leaves the old file whole and nothing
 * beside it; a broken file is set aside, never written over; links stay; processes that add at once
 * lose nothing.
 *
 * Method: a folder of its own, looked at after each call. A limit on file sizes stands for a full
 * disk, at each size up to that of the whole. Children that add, as fast as they can, each names of
 * its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "analysis/saved.h"
#include "os/settings_file.h"
#include "unit/files.h"

/* Names in @folder that begin so. */
static unsigned named(const char *folder, const char *begin)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.' && strncmp(e->d_name, begin, strlen(begin)) == 0;
	closedir(d);
	return n;
}

static bool try_add(const char *path, const char *name, struct err *err)
{
	struct settings s = {0};
	struct settings_file f;
	bool ok = settings_file_begin(&f, path, &s, err) && saved_add(&s, name, "tcp", "", err) &&
		  settings_file_commit(&f, &s, err);

	settings_file_end(&f);
	settings_done(&s);
	return ok;
}

static void add(const char *path, const char *name)
{
	struct err err = {0};

	if (!try_add(path, name, &err))
		fail_msg("%s", err.text);
}

static size_t count(const char *path)
{
	struct settings s = {0};
	struct settings_file f;
	struct err err = {0};
	size_t n;

	if (!settings_file_read(&f, path, &s, &err))
		fail_msg("%s", err.text);
	n = s.saved_count;
	settings_done(&s);
	return n;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void usual_place(void **state)
{
	char path[SETTINGS_FILE_PATH_MAX], home[64];

	(void)state;
	snprintf(home, sizeof(home), "%s", getenv("HOME") ? getenv("HOME") : "");
	setenv("HOME", "/h", 1);
	setenv("XDG_CONFIG_HOME", "/x", 1);
	assert_true(settings_file_usual(path));
	assert_string_equal(path, "/x/secvf/settings.json");
	setenv("XDG_CONFIG_HOME", "x", 1);
	assert_true(settings_file_usual(path));
	assert_string_equal(path, "/h/.config/secvf/settings.json");
	unsetenv("XDG_CONFIG_HOME");
	assert_true(settings_file_usual(path));
	assert_string_equal(path, "/h/.config/secvf/settings.json");
	unsetenv("HOME");
	assert_false(settings_file_usual(path));
	setenv("HOME", home, 1);
}

static void written_and_read(void **state)
{
	const char *path = files_path("a/b/settings.json");
	char folder[128];

	(void)state;
	umask(0);
	assert_int_equal(count(path), 0);
	assert_int_equal(access(files_path("a"), F_OK), -1); /* to read makes nothing */
	add(path, "one");
	add(path, "two");
	assert_int_equal(count(path), 2);
	assert_int_equal(mode_of(path), 0600);
	snprintf(folder, sizeof(folder), "%s/a/b", files_folder);
	assert_int_equal(mode_of(folder), 0700);
	assert_int_equal(named(folder, ""), 2); /* and the lock */
	assert_int_equal(named(folder, "settings.json.lock"), 1);
	/* What others could read they cannot any more; what a crash left is no obstacle. */
	assert_int_equal(chmod(path, 0644), 0);
	files_put(files_path("a/b/settings.json.part"), "x", 1);
	add(path, "three");
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(named(folder, ""), 2);
	files_put(path, "", 0);
	assert_int_equal(count(path), 0);
}

static void links_stay(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(files_path("real"), 0700), 0);
	assert_int_equal(mkdir(files_path("links"), 0700), 0);
	assert_int_equal(symlink("../real/s.json", files_path("links/one")), 0);
	assert_int_equal(symlink("one", files_path("links/two")), 0);
	add(files_path("links/two"), "a"); /* to nowhere, until then */
	add(files_path("links/one"), "b");
	add(files_path("real/s.json"), "c");
	assert_int_equal(count(files_path("links/two")), 3);
	assert_int_equal(lstat(files_path("links/one"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(files_path("real/s.json"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(named(files_path("links"), ""), 2);
	assert_int_equal(symlink("loop", files_path("loop")), 0);
	assert_false(try_add(files_path("loop"), "a", &(struct err){0}));
}

static void broken_is_set_aside(void **state)
{
	static const char broken[] = "{\"SavedDisplayFilters\": {\n\"a\": \"tcp\",}";
	const char *path = files_path("settings.json");
	struct settings s = {.queue_limit = 1};
	struct settings_file f;
	struct err err = {0};
	char aside[256], *text;

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		files_put(path, broken, strlen(broken));
		/* Whoever meets it first: a reader, or a writer. */
		assert_true(
			(i == 1 ? settings_file_read : settings_file_begin)(&f, path, &s, &err));
		settings_file_end(&f);
		assert_int_equal(s.queue_limit, 0);
		assert_non_null(strstr(f.said, "settings.json:2:"));
		assert_non_null(strstr(f.said, "the file is "));
		snprintf(aside, sizeof(aside), "%.*s",
			 (int)strcspn(strstr(f.said, "the file is ") + 12, " "),
			 strstr(f.said, "the file is ") + 12);
		assert_non_null(strstr(aside, "/settings.json.broken-2"));
		files_expect(aside, broken);
		assert_int_equal(named(files_folder, "settings.json.broken-"), i);
		assert_int_equal(access(path, F_OK), -1);
	}
	add(path, "a");
	text = files_read(path, NULL);
	assert_non_null(strstr(text, "\"name\": \"a\""));
	free(text);
	settings_done(&s);
}

static void what_is_no_file(void **state)
{
	const char *folder = files_path("d"), *fifo = files_path("p"), *below = files_path("f/x");
	static char big[1 << 20];
	struct err err = {0};
	FILE *f;

	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_false(try_add(folder, "a", &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "/d: cannot be read: Is a directory"));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(try_add(fifo, "a", &err));
	assert_non_null(strstr(err.text, "/p: cannot be read"));
	files_put(files_path("f"), "{}", 2);
	assert_false(try_add(below, "a", &err));
	assert_non_null(strstr(err.text, "Not a directory"));
	/* Too long to be read is not known to be broken: it stays where it is. */
	f = fopen(files_path("big"), "we");
	assert_non_null(f);
	for (unsigned i = 0; i < 17; i++)
		assert_int_equal(fwrite(big, 1, sizeof(big), f), sizeof(big));
	fclose(f);
	assert_false(try_add(files_path("big"), "a", &err));
	assert_non_null(strstr(err.text, "/big: cannot be read: File too large"));
	assert_int_equal(named(files_folder, "big"), 2);
}

/* Return: 0 where it failed for want of room, 1 where it did not fail, else what is wrong */
static int add_within(const char *path, rlim_t bytes)
{
	const struct rlimit limit = {bytes, bytes};
	struct err err = {0};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 2;
	if (try_add(path, "new", &err))
		return 1;
	return err.exit == EXIT_ENVIRONMENT && strstr(err.text, "cannot be written: File too large")
		       ? 0
		       : 3;
}

static void full_disks_leave_the_old_one(void **state)
{
	const char *path = files_path("settings.json");
	unsigned failures = 0;
	char *old;

	(void)state;
	add(path, "old");
	old = files_read(path, NULL);
	for (rlim_t bytes = 0;; bytes += 7) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(add_within(path, bytes));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(named(files_folder, ""), 2);
		if (WEXITSTATUS(status) == 1)
			break;
		assert_int_equal(WEXITSTATUS(status), 0);
		files_expect(path, old);
		failures++;
	}
	assert_true(failures > 10);
	assert_int_equal(count(path), 2);
	free(old);
}

#define PROCESSES 4u
#define EACH	  40u

static int add_many(const char *path, unsigned which)
{
	for (unsigned i = 0; i < EACH; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%u-%u", which, i);
		if (!try_add(path, name, &(struct err){0}))
			return 1;
	}
	return 0;
}

static void at_once_nothing_is_lost(void **state)
{
	const char *path = files_path("settings.json");
	pid_t pids[PROCESSES];

	(void)state;
	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(add_many(path, i));
	}
	/* Meanwhile every look finds whole settings. */
	for (size_t seen = 0; seen < PROCESSES * EACH / 2;) {
		size_t n = count(path);

		assert_true(n >= seen);
		seen = n;
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count(path), PROCESSES * EACH);
	assert_int_equal(named(files_folder, ""), 2);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_begin, files_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_place),
		IN_FOLDER(written_and_read),
		IN_FOLDER(links_stay),
		IN_FOLDER(broken_is_set_aside),
		IN_FOLDER(what_is_no_file),
		IN_FOLDER(full_disks_leave_the_old_one),
		IN_FOLDER(at_once_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
