/* test_web_body.c - request bodies
 *
 * Goal: a body that is no JSON object is refused with the place; so is a member that is unknown,
 * missing, of another kind or out of its bounds, by its name.
 *
 * Method: one text for each way to be wrong, at both sides of each bound; a body of every length
 * that one can be cut to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/body.h"

static const char *const words[] = {"on", "off", NULL};
static const struct field fields[] = {
	{.name = "text", .kind = FIELD_TEXT, .required = true, .least = 1, .most = 4},
	{.name = "number", .kind = FIELD_NUMBER, .least = 2, .most = FIELD_NUMBER_MAX},
	{.name = "word", .kind = FIELD_WORD, .words = words},
	{.name = "rate", .kind = FIELD_RATE, .least = 1, .most = 100},
	{.name = "bool", .kind = FIELD_BOOL},
	{.name = "true", .kind = FIELD_TRUE},
	{.name = "texts", .kind = FIELD_TEXTS, .least = 1, .most = 2, .items = 2},
	{.name = "numbers", .kind = FIELD_NUMBERS, .least = 1, .most = 9, .items = 2},
	{.name = NULL}};

static bool takes(const char *text, struct err *err)
{
	struct json_object *o = body_parse(text, strlen(text), err);
	bool ok = o && body_check(o, fields, err);

	json_object_put(o);
	return ok;
}

static void expect(const char *text, const char *words_of_it)
{
	struct err err = {0};

	if (takes(text, &err))
		fail_msg("%s is taken", text);
	if (!strstr(err.text, words_of_it))
		fail_msg("'%s' is not in: %s", words_of_it, err.text);
}

static void test_right(void **state)
{
	static const char *const right[] = {
		"{\"text\":\"a\"}",
		" {\"text\":\"\xc3\xa9\xc3\xa9\"}\n ",
		"{\"text\":\"a\",\"number\":2}",
		"{\"text\":\"a\",\"number\":9007199254740991}",
		"{\"text\":\"a\",\"word\":\"off\",\"bool\":false,\"true\":true}",
		"{\"text\":\"a\",\"rate\":\"100\"}",
		"{\"text\":\"a\",\"texts\":[],\"numbers\":[]}",
		"{\"text\":\"a\",\"texts\":[\"a\",\"bb\"],\"numbers\":[1,9]}"};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		if (!takes(right[i], &err))
			fail_msg("%s: %s", right[i], err.text);
	}
}

static void test_wrong(void **state)
{
	(void)state;
	expect("", "member text is missing");
	expect("[]", "an object is wanted");
	expect("null ", "an object is wanted");
	expect("1", "the JSON ends too early"); /* a number may go on */
	expect("{\"text\":\"a\"} x", "no JSON from byte 1");
	expect("{\"text\":\"a\"}{}", "no JSON from byte 1");
	expect("{'text':\"a\"}", "no JSON from byte 1 on");
	expect("{\"text\":\"\xff\"}", "no JSON");
	expect("{\"text\":\"a\",}", "no JSON");
	expect("{\"text\":'a'}", "no JSON from byte 8 on");
	expect("{\"text\":\"a\nb\"}", "no JSON from byte 10 on");
	expect("{\"text\":NaN}", "member text");
	expect("{\"texts\":[[[[[[[[[[", "no JSON");
	expect("{\"text\":\"\"}", "member text: a text of 1 to 4 bytes");
	expect("{\"text\":\"12345\"}", "member text: a text of 1 to 4 bytes");
	expect("{\"text\":\"a\\u0000\"}", "without NUL");
	expect("{\"text\":null}", "member text");
	expect("{\"text\":\"a\",\"tex\":1}", "no member 'tex'");
	expect("{\"text\":\"a\",\"\\u001b[2J\":1}", "no member '\\x1b[2J'");
	expect("{\"text\":\"a\",\"number\":1}", "from 2 to 9007199254740991");
	expect("{\"text\":\"a\",\"number\":9007199254740992}", "member number");
	expect("{\"text\":\"a\",\"number\":99999999999999999999999}", "member number");
	expect("{\"text\":\"a\",\"number\":-2}", "member number");
	expect("{\"text\":\"a\",\"number\":2.0}", "member number");
	expect("{\"text\":\"a\",\"number\":\"2\"}", "member number");
	expect("{\"text\":\"a\",\"word\":\"o\"}", "one of \"on\", \"off\" is wanted");
	expect("{\"text\":\"a\",\"word\":\"on\\u0000\"}", "member word");
	expect("{\"text\":\"a\",\"rate\":\"0\"}", "member rate: \"recorded\"");
	expect("{\"text\":\"a\",\"rate\":5}", "member rate");
	expect("{\"text\":\"a\",\"bool\":0}", "member bool: true or false");
	expect("{\"text\":\"a\",\"true\":false}", "member true: true is wanted");
	expect("{\"text\":\"a\",\"texts\":[\"a\",\"a\",\"a\"]}", "at most 2 texts");
	expect("{\"text\":\"a\",\"texts\":[\"\"]}", "member texts");
	expect("{\"text\":\"a\",\"texts\":[\"a\",null]}", "member texts");
	expect("{\"text\":\"a\",\"texts\":\"a\"}", "member texts");
	expect("{\"text\":\"a\",\"numbers\":[0]}", "at most 2 whole numbers from 1 to 9");
	expect("{\"text\":\"a\",\"numbers\":[1,\"2\"]}", "member numbers");
}

static void test_cut(void **state)
{
	static const char whole[] = "{\"text\":\"a\",\"texts\":[\"a\",\"b\"],\"number\":12}";
	char text[sizeof(whole)];
	struct err err = {0};

	(void)state;
	for (size_t n = 1; n < sizeof(whole) - 1; n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		if (takes(text, &err))
			fail_msg("%s is taken", text);
	}
	assert_true(takes(whole, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_right),
					   cmocka_unit_test(test_wrong),
					   cmocka_unit_test(test_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
