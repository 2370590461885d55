/* test_audit_file.c - the audit log on disk
 *
 * Goal: one JSON object a line, appended, stamped, in folders that are made where they miss; the
 * log turns at its size and keeps so many files; where nothing can be written, lines go to stderr.
 *
 * Method: real files below a folder of our own; the size at which it turns is reached with few
 * long lines. stderr is a file for the while.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/audit.h"
#include "os/audit_file.h"
#include "files.h"

static char before[4096];

static int make_dir(void **state)
{
	if (files_begin(state) || !getcwd(before, sizeof(before)))
		return -1;
	return chdir(files_folder);
}

static int remove_dir(void **state)
{
	return chdir(before) ? -1 : files_end(state);
}

static void line(struct audit_file *f, const char *members)
{
	audit_file_line(f, members, strlen(members));
}

/* Parse one line of ours. Return: bytes of it with its newline. */
static size_t expect_line(const char *text, const char *event)
{
	const char *newline = strchr(text, '\n');
	struct json_object *o;
	const char *time;
	unsigned y, mo, d, h, mi, s, ns;
	char one[512];
	int end = 0;

	assert_non_null(newline);
	assert_true((size_t)(newline - text) < sizeof(one));
	memcpy(one, text, (size_t)(newline - text));
	one[newline - text] = '\0';
	o = json_tokener_parse(one);
	assert_non_null(o);
	assert_string_equal(json_object_get_string(json_object_object_get(o, "event")), event);
	assert_int_equal(strncmp(one, "{\"time\":\"", 9), 0); /* first of all */
	time = json_object_get_string(json_object_object_get(o, "time"));
	assert_int_equal(strlen(time), 30);
	assert_int_equal(
		sscanf(time, "%4u-%2u-%2uT%2u:%2u:%2u.%9uZ%n", &y, &mo, &d, &h, &mi, &s, &ns, &end),
		7);
	assert_int_equal(end, 30);
	assert_true(y >= 2024 && mo >= 1 && mo <= 12 && d >= 1 && d <= 31 && h < 24 && mi < 60);
	json_object_put(o);
	return (size_t)(newline - text) + 1;
}

static void lines_are_stamped_and_appended(void **state)
{
	struct audit_file f;
	struct err err;
	struct stat st;
	char *text;
	size_t n = 0, seen;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(audit_file_open(&f, files_path("deep/deeper/log"), &err), 0);
		assert_int_equal(f.bytes, round ? n : 0);
		line(&f, "\"event\":\"one\"");
		line(&f, "\"event\":\"two\",\"k\":1");
		assert_int_equal(f.unwritten, 0);
		audit_file_close(&f);
		assert_int_equal(f.fd, -1);
		text = files_read(files_path("deep/deeper/log"), &n);
		assert_non_null(text);
		seen = 0;
		for (int i = 0; i <= round; i++) {
			seen += expect_line(text + seen, "one");
			seen += expect_line(text + seen, "two");
		}
		assert_int_equal(seen, n);
		free(text);
	}
	assert_int_equal(stat(files_path("deep/deeper/log"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(files_path("deep"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void descriptor_is_not_inherited(void **state)
{
	struct audit_file f;
	struct err err;

	(void)state;
	assert_int_equal(audit_file_open(&f, files_path("cloexec"), &err), 0);
	assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(f.fd, F_GETFL) & O_APPEND);
	audit_file_close(&f);
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? -1 : st.st_size;
}

enum {
	LONG_BYTES = 1 << 20
};

/* One event of @n bytes of members. */
static void long_line(struct audit_file *f, size_t n)
{
	static char members[LONG_BYTES];

	assert_true(n > 10 && n <= sizeof(members));
	memset(members, 'x', n);
	memcpy(members, "\"event\":\"", 9);
	members[n - 1] = '"';
	audit_file_line(f, members, n);
}

/* To the last byte. */
static void fill(struct audit_file *f)
{
	size_t stamp; /* bytes of a line that are not its members */

	long_line(f, LONG_BYTES / 2);
	stamp = f->line.n - LONG_BYTES / 2;
	while (AUDIT_FILE_BYTES - f->bytes > LONG_BYTES + 2 * stamp + 20)
		long_line(f, LONG_BYTES / 2);
	long_line(f, (AUDIT_FILE_BYTES - f->bytes) / 2);
	long_line(f, AUDIT_FILE_BYTES - f->bytes - stamp);
}

static void log_turns_at_its_size(void **state)
{
	struct audit_file f;
	struct err err;

	(void)state;
	assert_int_equal(audit_file_open(&f, files_path("turn"), &err), 0);
	fill(&f);
	assert_int_equal(size_of(files_path("turn")), AUDIT_FILE_BYTES);
	assert_int_equal(size_of(files_path("turn.1")), -1); /* full, not turned yet */
	/* One after the other they move up, and the last falls off. */
	for (unsigned files = 1; files <= AUDIT_FILES + 1; files++) {
		line(&f, "\"event\":\"mark\"");
		assert_in_range(size_of(files_path("turn")), 1, 100);
		for (unsigned i = 1; i < AUDIT_FILES + 2; i++) {
			char name[16];

			snprintf(name, sizeof(name), "turn.%u", i);
			assert_int_equal(size_of(files_path(name)), i <= files && i < AUDIT_FILES
									    ? (int)AUDIT_FILE_BYTES
									    : -1);
		}
		fill(&f);
	}
	assert_int_equal(f.unwritten, 0);
	audit_file_close(&f);
}

/* The size counts what an earlier process wrote. */
static void old_bytes_count(void **state)
{
	struct audit_file f;
	struct err err;
	int fd;

	(void)state;
	fd = open(files_path("old"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, AUDIT_FILE_BYTES), 0);
	close(fd);
	assert_int_equal(audit_file_open(&f, files_path("old"), &err), 0);
	line(&f, "\"event\":\"one\"");
	audit_file_close(&f);
	assert_int_equal(size_of(files_path("old.1")), AUDIT_FILE_BYTES);
	assert_true(size_of(files_path("old")) < 100);
}

/* Run with stderr into a file. */
static char *with_stderr(struct audit_file *f, size_t *n)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(files_path("stderr"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(saved >= 0 && fd >= 0);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	line(f, "\"event\":\"kept\"");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	return files_read(files_path("stderr"), n);
}

static void expect_stderr(const char *log)
{
	struct audit_file f;
	struct err err = {0};
	size_t n = 0;
	char *text;

	assert_true(audit_file_open(&f, log, &err) < 0);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "stderr"));
	assert_non_null(strstr(err.text, log));
	text = with_stderr(&f, &n);
	assert_non_null(text);
	assert_int_equal(expect_line(text, "kept"), n);
	assert_int_equal(f.unwritten, 0);
	free(text);
	audit_file_close(&f);
}

static void unwritable_goes_to_stderr(void **state)
{
	char log[4096];
	int fd;

	(void)state;
	fd = open(files_path("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	snprintf(log, sizeof(log), "%s", files_path("file/log")); /* a folder that is a file */
	expect_stderr(log);
	snprintf(log, sizeof(log), "%s", files_path("folder/log"));
	assert_int_equal(mkdir(files_path("folder"), 0700), 0);
	assert_int_equal(mkdir(log, 0700), 0); /* a file that is a folder */
	expect_stderr(log);
	assert_int_equal(symlink(files_path("elsewhere"), "link"), 0); /* somebody else's link */
	snprintf(log, sizeof(log), "%s", files_path("link"));
	expect_stderr(log);
	assert_int_equal(size_of(files_path("elsewhere")), -1);
}

static void usual_place_is_below_home(void **state)
{
	struct audit_file f;
	struct err err = {0};
	char place[4096];
	size_t n;

	(void)state;
	setenv("AVF_HOME", files_path("avf"), 1);
	assert_true(home_path(place, sizeof(place), "Captures"));
	assert_string_equal(place, files_path("avf/Captures"));
	assert_int_equal(audit_file_open(&f, NULL, &err), 0);
	line(&f, "\"event\":\"one\"");
	audit_file_close(&f);
	assert_true(size_of(files_path("avf/logs/error-audit.log")) > 0);
	setenv("AVF_HOME", "", 1); /* as if unset */
	setenv("HOME", files_path("user"), 1);
	assert_true(home_path(place, sizeof(place), "Captures"));
	assert_string_equal(place, files_path("user/.avf/Captures"));
	n = strlen(place);
	assert_false(home_path(place, n, "Captures")); /* no room for the NUL */
	assert_true(home_path(place, n + 1, "Captures"));
	unsetenv("AVF_HOME");
	unsetenv("HOME");
	assert_false(home_path(place, sizeof(place), "Captures"));
	assert_true(audit_file_open(&f, NULL, &err) < 0);
	assert_int_equal(f.fd, -1);
	assert_non_null(strstr(err.text, "AVF_HOME"));
	audit_file_close(&f);
}

/* A full disk is counted. */
static void lines_not_written_are_counted(void **state)
{
	struct audit_file f;
	struct err err;

	(void)state;
	if (access("/dev/full", W_OK))
		skip();
	assert_int_equal(audit_file_open(&f, "/dev/full", &err), 0);
	line(&f, "\"event\":\"one\"");
	line(&f, "\"event\":\"two\"");
	assert_int_equal(f.unwritten, 2);
	audit_file_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_stamped_and_appended),
		cmocka_unit_test(descriptor_is_not_inherited),
		cmocka_unit_test(log_turns_at_its_size),
		cmocka_unit_test(old_bytes_count),
		cmocka_unit_test(unwritable_goes_to_stderr),
		cmocka_unit_test(usual_place_is_below_home),
		cmocka_unit_test(lines_not_written_are_counted),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
