/* test_dissect.c - options of dissection
 *
 * Goal: -o, -d, -N and the key log become tshark's words, in order, within their bounds; what is
 * written wrong is refused with what it should look like.
 *
 * Method: vectors compared word for word, wrong texts by table, each bound at its edge.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tshark/dissect.h"

static const char *vector(const struct dissect *d)
{
	static char text[1024];
	char *argv[DISSECT_ARGS_MAX];
	int n = dissect_args(d, argv);

	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		strcat(text, i ? "|" : "");
		strncat(text, argv[i], 100);
	}
	return text;
}

static void take(struct dissect *d, int word, const char *text)
{
	struct err err = {0};

	if (!dissect_option(d, word, text, &err))
		fail_msg("%s", err.text);
}

static void words_are_exact(void **state)
{
	struct dissect d = {0};

	(void)state;
	assert_string_equal(vector(NULL), "-n");
	assert_string_equal(vector(&d), "-n");
	assert_true(dissect_is_plain(&d));
	take(&d, 'o', "tcp.x:FALSE");
	assert_false(dissect_is_plain(&d));
	assert_string_equal(vector(&d), "-n|-o|tcp.x:FALSE");
	take(&d, 'd', "tcp.port==8888,http");
	take(&d, 'o', "a:b:c");
	take(&d, DISSECT_KEYLOG, "/tmp/a b:c");
	assert_string_equal(vector(&d), "-n|-o|tcp.x:FALSE|-o|a:b:c|-d|tcp.port==8888,http|"
					"-o|tls.keylog_file:/tmp/a b:c");
	take(&d, 'N', "dmnNtvsg");
	assert_string_equal(vector(&d), "-N|dmnNtvsg|-o|tcp.x:FALSE|-o|a:b:c|-d|"
					"tcp.port==8888,http|-o|tls.keylog_file:/tmp/a b:c");
	take(&d, 'N', "t");
	assert_memory_equal(vector(&d), "-N|t|", 5);
}

static void each_alone_is_not_plain(void **state)
{
	static const struct {
		int word;
		const char *text;
	} options[] = {{'o', "a:b"}, {'d', "a==1,b"}, {'N', "m"}, {DISSECT_KEYLOG, "f"}};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct dissect d = {0};

		take(&d, options[i].word, options[i].text);
		assert_false(dissect_is_plain(&d));
	}
}

static void wrong_ones_are_refused(void **state)
{
	static const struct {
		int word;
		const char *text, *said;
	} cases[] = {
		{'o', "", "NAME:VALUE"},     {'o', "tcp", "NAME:VALUE"},
		{'o', ":x", "NAME:VALUE"},   {'d', "", "FIELD==VALUE"},
		{'d', "tcp=1", "FIELD=="},   {'d', "==1,x", "FIELD=="},
		{'d', "tcp:1", "FIELD=="},   {'N', "", "d m n N t v s g"},
		{'N', "x", "d m n N t v s"}, {'N', "m t", "d m n N t v s"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dissect d = {0};
		struct err err = {0};

		assert_false(dissect_option(&d, cases[i].word, cases[i].text, &err));
		assert_int_equal(err.exit, EXIT_USAGE);
		assert_non_null(strstr(err.text, cases[i].said));
		assert_true(dissect_is_plain(&d));
	}
}

static void all_bounds_hold(void **state)
{
	static char path[8192];
	struct dissect d = {0};
	char *argv[DISSECT_ARGS_MAX];
	struct err err = {0};

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	for (int i = 0; i < DISSECT_WORDS_MAX; i++) {
		take(&d, 'o', "a:b");
		take(&d, 'd', "a==1,b");
	}
	take(&d, 'N', "m");
	assert_false(dissect_option(&d, DISSECT_KEYLOG, path, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	path[4095] = '\0';
	take(&d, DISSECT_KEYLOG, path);
	assert_int_equal(dissect_args(&d, argv), DISSECT_ARGS_MAX);
	assert_string_equal(argv[DISSECT_ARGS_MAX - 1] + strlen("tls.keylog_file:"), path);
	assert_false(dissect_option(&d, 'o', "a:b", &err));
	assert_non_null(strstr(err.text, "at most 64"));
	assert_false(dissect_option(&d, 'd', "a==1,b", &err));
	assert_int_equal(dissect_args(&d, argv), DISSECT_ARGS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_exact),
		cmocka_unit_test(each_alone_is_not_plain),
		cmocka_unit_test(wrong_ones_are_refused),
		cmocka_unit_test(all_bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
