/* test_jsonfile.c - a JSON file that people write
 *
 * Goal: errors have the line, column and byte where reading stopped; what is JSON and no object, or
 * more than one, is refused.
 *
 * Method: small files with one fault each.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/jsonfile.h"

static char path[64];

static bool read_text(const char *text, size_t n, struct jsonfile *f, struct err *err)
{
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "/tmp/test_jsonfile-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
	ok = jsonfile_read(f, "thing", path, 1000, err);
	unlink(path);
	return ok;
}

static void expect(const char *text, const char *words)
{
	struct jsonfile f;
	struct err err = {0};

	if (read_text(text, strlen(text), &f, &err))
		fail_msg("'%s' was taken", text);
	assert_null(f.root);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_int_equal(strncmp(err.text, "thing /tmp/test_jsonfile-", 25), 0);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
}

static void refused(void **state)
{
	struct jsonfile f;
	struct err err = {0};

	(void)state;
	expect("", "line 1, column 1 (byte 0): the JSON ends before it is whole");
	expect("{\"a\": 1,\n \"b\": }", "line 2, column 7 (byte 15): ");
	expect("{\"a\":\n\n [1", "line 3, column 4 (byte 10): the JSON ends before it is whole");
	expect("[1]", "a JSON object is wanted");
	expect("7 ", "a JSON object is wanted");
	expect("{} {}", "line 1, column 4 (byte 3): there is more behind the JSON");
	expect("{a: 1}", "line 1, column 2 (byte 1): ");
	expect("{\"a\": \"\xff\"}", "(byte 7): ");
	assert_false(read_text("{}\0", 3, &f, &err));
	assert_non_null(strstr(err.text, "there is more behind the JSON"));
}

static void taken(void **state)
{
	struct jsonfile f;
	struct err err;

	(void)state;
	assert_true(read_text(" {\"a\": [1, null]}\n \n", 20, &f, &err));
	assert_non_null(f.root);
	jsonfile_done(&f);
	jsonfile_done(&f);
}

static void too_long(void **state)
{
	char text[1200];
	struct jsonfile f;
	struct err err;

	(void)state;
	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[1199] = '}';
	assert_false(read_text(text, sizeof(text), &f, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
