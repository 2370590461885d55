/* test_saved.c - display filters kept under names
 *
 * Goal: each change does what it says to the list and no more, or is refused with words that help,
 * and then does nothing; what is merged is lost on neither side.
 *
 * Method: lists of one-letter names, looked at as a text after each call; texts at their bounds;
 * moves between every two places against a list shifted by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/saved.h"

static void make(struct settings *s, const char *letters)
{
	struct err err = {0};

	*s = (struct settings){0};
	for (; *letters; letters++) {
		char name[2] = {*letters, '\0'}, expression[8];

		snprintf(expression, sizeof(expression), "x.%c", *letters);
		assert_true(saved_add(s, name, expression, "", &err));
	}
}

/* Names, each of which has to have kept its own expression. */
static const char *names(const struct settings *s)
{
	static char text[64];
	size_t n = 0;

	for (; n < s->saved_count; n++) {
		text[n] = s->saved[n].name[0];
		assert_int_equal(s->saved[n].expression[2], text[n]);
	}
	text[n] = '\0';
	return text;
}

static void expect(const struct err *err, const char *words)
{
	assert_int_equal(err->exit, EXIT_USAGE);
	if (!strstr(err->text, words))
		fail_msg("'%s' is not in: %s", words, err->text);
}

static void test_changes(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	make(&s, "abcd");
	assert_int_equal(saved_find(&s, "c"), 2);
	assert_true(saved_find(&s, "C") == SAVED_NONE);
	assert_false(saved_add(&s, "b", "y", "", &err));
	expect(&err, "\"b\": a display filter has that name already");
	assert_false(saved_rename(&s, "a", "b", &err));
	expect(&err, "\"b\": a display filter has that name already");
	assert_true(saved_rename(&s, "a", "a", &err));
	assert_string_equal(names(&s), "abcd");
	assert_true(saved_remove(&s, "b", &err));
	assert_string_equal(names(&s), "acd");
	assert_true(saved_remove(&s, "d", &err));
	assert_string_equal(names(&s), "ac");
	assert_true(saved_rename(&s, "a", "\xe2\x82\xac", &err));
	assert_string_equal(s.saved[0].name, "\xe2\x82\xac");
	assert_string_equal(s.saved[0].expression, "x.a");
	assert_false(saved_rename(&s, "c", "", &err));
	expect(&err, "a name has 1 to 128 bytes");
	settings_done(&s);
}

static void test_moves(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	for (unsigned from = 0; from < 5; from++) {
		for (unsigned to = 0; to < 5; to++) {
			char want[] = "abcde", name[2] = {(char)('a' + from), '\0'};

			make(&s, "abcde");
			while (strchr(want, name[0]) < want + to) {
				char *p = strchr(want, name[0]);

				p[0] = p[1];
				p[1] = name[0];
			}
			while (strchr(want, name[0]) > want + to) {
				char *p = strchr(want, name[0]);

				p[0] = p[-1];
				p[-1] = name[0];
			}
			assert_true(saved_move(&s, name, to + 1, &err));
			assert_string_equal(names(&s), want);
			settings_done(&s);
		}
	}
	make(&s, "ab");
	assert_false(saved_move(&s, "a", 0, &err));
	assert_false(saved_move(&s, "a", 3, &err));
	expect(&err, "there is no position 3; there are 1 to 2");
	assert_false(saved_move(&s, "x", 1, &err));
	assert_string_equal(names(&s), "ab");
	settings_done(&s);
}

static void test_closest(void **state)
{
	struct settings s = {0};
	struct err err = {0};

	(void)state;
	assert_true(saved_expect(&s, "x", &err) == SAVED_NONE);
	expect(&err, "no display filter is saved as \"x\", and none at all");
	assert_true(saved_add(&s, "retransmissions", "tcp.analysis.retransmission", "", &err));
	assert_true(saved_add(&s, "resets", "tcp.flags.reset == 1", "", &err));
	assert_true(saved_add(&s, "\xc3\xbc\xc3\xbc", "udp", "", &err));
	assert_false(saved_remove(&s, "retransmision", &err));
	expect(&err, "saved as \"retransmision\"; the closest name is \"retransmissions\"");
	assert_false(saved_remove(&s, "rests", &err));
	expect(&err, "the closest name is \"resets\"");
	/* Characters count, not bytes: two are replaced, and six would be. */
	assert_false(saved_remove(&s, "\xc3\xa4\xe2\x82\xac", &err));
	expect(&err, "the closest name is \"\xc3\xbc\xc3\xbc\"");
	assert_false(saved_remove(&s, "\x1b[31m", &err));
	expect(&err, "\"\\x1b[31m\"");
	settings_done(&s);
}

static void test_texts(void **state)
{
	static char text[5000];
	struct settings s = {0};
	struct err err = {0};

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_null(saved_name_wrong(text, 128));
	assert_non_null(saved_name_wrong(text, 129));
	assert_non_null(saved_name_wrong(text, 0));
	assert_null(saved_expression_wrong(text, 4096));
	assert_non_null(saved_expression_wrong(text, 4097));
	assert_non_null(saved_expression_wrong(text, 0));
	assert_null(saved_note_wrong(text, 1024));
	assert_non_null(saved_note_wrong(text, 1025));
	assert_null(saved_note_wrong(text, 0));
	assert_non_null(saved_name_wrong("a\n", 2));
	assert_non_null(saved_name_wrong("\x7f", 1));
	assert_non_null(saved_name_wrong("\xc2\x9b", 2));
	assert_non_null(saved_name_wrong("\xff", 1));
	assert_null(saved_name_wrong("\xc3\xa9 \xe2\x82\xac", 6));
	assert_null(saved_expression_wrong("a\n", 2));
	assert_non_null(saved_expression_wrong("a\0b", 3));
	assert_non_null(saved_note_wrong("\xc0\x80", 2));
	assert_false(saved_add(&s, "a", "", "", &err));
	assert_false(saved_add(&s, "", "a", "", &err));
	assert_false(saved_add(&s, "a", "a", text, &err));
	expect(&err, "...\": a note has at most 1024 bytes");
	assert_int_equal(s.saved_count, 0);
	settings_done(&s);
}

static enum saved_merged merge(struct settings *s, const char *name, const char *expression,
			       const char *want)
{
	struct err err = {0};
	size_t at = SAVED_NONE;
	enum saved_merged merged = saved_merge(s, name, expression, "n", &at, &err);

	assert_int_not_equal(merged, SAVED_REFUSED);
	assert_string_equal(s->saved[at].name, want);
	assert_string_equal(s->saved[at].expression, expression);
	return merged;
}

static void test_merge(void **state)
{
	char name[129], want[129];
	struct settings s = {0};
	struct err err = {0};
	size_t at;

	(void)state;
	assert_int_equal(merge(&s, "a", "1", "a"), SAVED_ADDED);
	assert_int_equal(merge(&s, "a", "1", "a"), SAVED_THERE);
	assert_int_equal(merge(&s, "a", "2", "a (2)"), SAVED_RENAMED);
	assert_int_equal(merge(&s, "a", "2", "a (2)"), SAVED_THERE);
	assert_int_equal(merge(&s, "a", "3", "a (3)"), SAVED_RENAMED);
	assert_int_equal(merge(&s, "b", "1", "b"), SAVED_ADDED);
	assert_int_equal(s.saved_count, 4);
	/* A name without room for the number loses a whole character. */
	memset(name, 'x', 122);
	memcpy(name + 122, "\xe2\x82\xac\xe2\x82\xac", 7);
	assert_int_equal(merge(&s, name, "1", name), SAVED_ADDED);
	memcpy(want, name, 122);
	memcpy(want + 122, " (2)", 5);
	assert_int_equal(merge(&s, name, "2", want), SAVED_RENAMED);
	assert_int_equal(saved_merge(&s, "", "1", "", &at, &err), SAVED_REFUSED);
	assert_int_equal(saved_merge(&s, "z", "", "", &at, &err), SAVED_REFUSED);
	assert_int_equal(s.saved_count, 6);
	settings_done(&s);
}

static void test_full(void **state)
{
	struct settings s = {0};
	struct err err = {0};
	char name[16];
	size_t at;

	(void)state;
	for (unsigned i = 0; i < SETTINGS_SAVED_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_true(saved_add(&s, name, "x", "", &err));
	}
	assert_false(saved_add(&s, "more", "x", "", &err));
	expect(&err, "1000 display filters are saved, which is the most");
	assert_int_equal(saved_merge(&s, "0", "y", "", &at, &err), SAVED_REFUSED);
	assert_int_equal(saved_merge(&s, "0", "x", "", &at, &err), SAVED_THERE);
	assert_true(saved_remove(&s, "0", &err));
	assert_true(saved_add(&s, "more", "x", "", &err));
	settings_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes), cmocka_unit_test(test_moves),
		cmocka_unit_test(test_closest), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_merge),	cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
