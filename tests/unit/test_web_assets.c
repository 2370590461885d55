/* test_web_assets.c - the page in the program, and the plain one in its place
 *
 * Goal: files are found by their whole names; without an index.html there is a page that says how
 * to build one; the description of the API is there.
 *
 * Method: tables with and without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <json-c/json.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "web/assets.h"

static const struct embedded none[] = {{0}};
static const struct embedded some[] = {
	{"assets/a-ABCDEFGH.js", "text/javascript", (const unsigned char *)"a", 1, true},
	{"index.html", "text/html", (const unsigned char *)"b", 1, false},
	{0}};

static void test_assets(void **state)
{
	const struct embedded *plain = assets_index(none);

	(void)state;
	assert_ptr_equal(assets_index(some), &some[1]);
	assert_ptr_equal(assets_find(some, "assets/a-ABCDEFGH.js"), &some[0]);
	assert_null(assets_find(some, "assets/a"));
	assert_null(assets_find(some, ""));
	assert_null(assets_find(none, "index.html"));
	assert_string_equal(plain->mime, "text/html; charset=utf-8");
	assert_int_equal(plain->n, strlen((const char *)plain->bytes));
	assert_non_null(strstr((const char *)plain->bytes, "built without the page"));
	assert_non_null(strstr((const char *)plain->bytes, "/api/openapi.json"));
	/* The policy that goes with it forbids these. */
	assert_null(strstr((const char *)plain->bytes, "<script"));
	assert_null(strstr((const char *)plain->bytes, "style="));
}

static void test_openapi(void **state)
{
	const struct embedded *file = assets_find(embedded_openapi, "openapi.json");
	struct buf text = {0};
	struct json_object *o, *version;

	(void)state;
	assert_non_null(file);
	assert_string_equal(file->mime, "application/json");
	buf_put(&text, file->bytes, file->n);
	buf_putc(&text, '\0');
	o = json_tokener_parse(text.p);
	assert_true(json_object_object_get_ex(o, "openapi", &version));
	assert_string_equal(json_object_get_string(version), "3.1.0");
	json_object_put(o);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_assets),
					   cmocka_unit_test(test_openapi)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
