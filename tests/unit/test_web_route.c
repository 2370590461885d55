/* test_web_route.c - the table of routes
 *
 * Goal: each row is found by its own path and method and by no other; variables are decoded and
 * bounded; what is not there is told from what is there by another method.
 *
 * Method: the table as it lists itself, each row asked for, and spoilt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/route.h"

static const struct route *found(const char *method, const char *path, struct route_arg *arg)
{
	const struct route *r = NULL;
	char allow[ROUTE_ALLOW_MAX];

	return route_find(method, path, &r, arg, allow) == ROUTE_FOUND ? r : NULL;
}

static void test_each(void **state)
{
	struct buf list = {0};
	struct json_object *all;

	(void)state;
	route_list(&list);
	buf_putc(&list, '\0');
	all = json_tokener_parse(list.p);
	assert_non_null(all);
	assert_int_equal(json_object_array_length(all), ROUTES);
	for (size_t i = 0; i < ROUTES; i++) {
		struct json_object *row = json_object_array_get_idx(all, i), *v;
		struct route_arg arg;
		char path[256], longer[260], allow[ROUTE_ALLOW_MAX];
		const char *method, *pattern;
		const struct route *r;
		size_t fixed;

		json_object_object_get_ex(row, "method", &v);
		method = json_object_get_string(v);
		json_object_object_get_ex(row, "path", &v);
		pattern = json_object_get_string(v);
		fixed = strcspn(pattern, "{");
		snprintf(path, sizeof(path), "%.*s%s%s", (int)fixed, pattern,
			 pattern[fixed] ? "12" : "",
			 pattern[fixed] ? strchr(pattern, '}') + 1 : "");
		r = found(method, path, &arg);
		assert_non_null(r);
		assert_int_equal(r->id, i);
		assert_int_equal(route_changes(r), strcmp(method, "GET") != 0);
		if (pattern[fixed])
			assert_string_equal(arg.text, "12");
		assert_int_equal(route_find("BREW", path, &r, &arg, allow), ROUTE_NO_METHOD);
		assert_non_null(strstr(allow, method));
		snprintf(longer, sizeof(longer), "%s/x/y", path);
		assert_int_equal(route_find(method, longer, &r, &arg, allow), ROUTE_NO_PATH);
	}
	json_object_put(all);
	buf_done(&list);
}

static void test_variables(void **state)
{
	struct route_arg arg;
	const struct route *r;
	char allow[ROUTE_ALLOW_MAX], path[512];

	(void)state;
	assert_int_equal(found("GET", "/api/frames/9007199254740991", &arg)->id, ROUTE_FRAME);
	assert_true(arg.number == FIELD_NUMBER_MAX);
	assert_int_equal(found("HEAD", "/api/frames/1/bytes", &arg)->id, ROUTE_BYTES);
	assert_int_equal(found("PUT", "/api/filters/a%2Fb+c%20d", &arg)->id, ROUTE_SAVED_CHANGE);
	assert_string_equal(arg.text, "a/b+c d");
	assert_null(found("GET", "/api/frames/9007199254740992", &arg));
	assert_null(found("GET", "/api/frames/0", &arg));
	assert_null(found("GET", "/api/frames/", &arg));
	assert_null(found("GET", "/api/frames//bytes", &arg));
	assert_null(found("GET", "/api/frames/1x", &arg));
	assert_null(found("DELETE", "/api/filters/%zz", &arg));
	assert_null(found("DELETE", "/api/filters/a/b", &arg));
	assert_null(found("GET", "", &arg));
	assert_null(found("GET", "//", &arg));
	assert_null(found("GET", "/api", &arg));
	/* 128 bytes of a name, encoded, and one more */
	strcpy(path, "/api/filters/");
	for (unsigned i = 0; i < 128; i++)
		strcat(path, "%61");
	assert_non_null(found("DELETE", path, &arg));
	assert_int_equal(strlen(arg.text), 128);
	strcat(path, "a");
	assert_null(found("DELETE", path, &arg));
	assert_int_equal(route_find("GET", "/api/filters/x", &r, &arg, allow), ROUTE_NO_METHOD);
	assert_string_equal(allow, "PUT, DELETE");
	assert_int_equal(route_find("get", "/", &r, &arg, allow), ROUTE_NO_METHOD);
	assert_string_equal(allow, "GET, HEAD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_each),
					   cmocka_unit_test(test_variables)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
