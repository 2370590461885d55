/* test_jsontext.c - JSON in memory and in files, and errors by their place
 *
 * Goal: the same bytes are read the same from memory and from a file; what is refused is said with
 * its line, and cannot drive a terminal. The readers of members are tested with the plans and
 * scenarios that they are for.
 *
 * Method: texts, right and wrong, both ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsontext.h"
#include "unit/files.h"

static void test_both_ways(void **state)
{
	static const char *const texts[] = {"{\"a\": [1, 2]}", "[]",   "7",   "", "{",
					    "{\n\"a\" 1}",     "{}{}", "\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *path = files_path("f");
		struct jsontext file, memory;
		struct err one = {0}, other = {0};
		bool ok;

		files_put(path, texts[i], strlen(texts[i]));
		ok = jsontext_read(&file, path, &one);
		assert_int_equal(jsontext_parse(&memory, path, texts[i], strlen(texts[i]), &other),
				 ok);
		assert_string_equal(one.text, other.text);
		assert_int_equal(ok, i < 3);
		if (ok)
			assert_true(json_object_equal(file.root, memory.root));
		jsontext_done(&file);
		jsontext_done(&memory);
	}
}

static void test_refused(void **state)
{
	static const char text[] = "{\n\"a\": {\n\"\\u001b\\u202e\": 1}}";
	struct jt_at root, a;
	struct jsontext t;
	struct err err = {0};

	(void)state;
	assert_true(jsontext_parse(&t, "f", text, strlen(text), &err));
	assert_true(jsontext_root(&t, &root, &err) && jt_member(&root, "a", &a, &err));
	assert_false(jt_refuse(&a, "\x1b\xe2\x80\xae", &err, "'%s'", "\x1b[2J"));
	/* The key is written otherwise there, so the line is its object's. */
	assert_string_equal(err.text, "f:2: a.\\x1b\\u202e: '\\x1b[2J'");
	jsontext_done(&t);
	assert_false(jsontext_parse(&t, "f", text, JSONTEXT_BYTES_MAX + 1, &err));
	assert_string_equal(err.text, "f: longer than 16 MB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, files_begin, files_end);
}
