/* test_tally_print.c - goal: JSON is JSON with the members promised, CSV has as many cells in each
 * line. Method: a tally of hostile values; JSON read back by json-c, cells counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "tallying.h"

#define END                     \
	{                       \
		EK_FIELDS, NULL \
	}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *found;

	assert_true(json_object_object_get_ex(o, key, &found));
	return found;
}

static void test_json(void **state)
{
	struct tally *t = tallying_hostile();
	struct buf out = {0};
	struct json_object *root, *row;

	(void)state;
	tally_print_json(t, 0, &out);
	buf_putc(&out, '\0');
	root = json_tokener_parse(out.p);
	assert_non_null(root);
	assert_int_equal(json_object_get_int(member(root, "frames")), 1);
	assert_int_equal(json_object_array_length(member(root, "lengths")), TALLY_LENGTHS);
	assert_int_equal(json_object_array_length(member(root, "rates")), 1);
	assert_int_equal(json_object_get_int(member(member(root, "udp.streams"), "distinct")), 1);
	row = member(member(root, "dns.names"), "rows");
	assert_int_equal(json_object_array_length(row), 1);
	row = json_object_array_get_idx(row, 0);
	assert_string_equal(json_object_get_string(member(row, "filter")),
			    "dns && dns.qry.name == \"\\x1b]0;x\\x07,\\x22\\x0a=cmd|\\xff\\xe2\\x80"
			    "\\xae.example\"");
	assert_non_null(member(row, "exclude"));
	row = json_object_array_get_idx(member(member(root, "protocols"), "rows"), 0);
	assert_null(member(row, "filter"));
	json_object_put(root);
	buf_done(&out);
	tally_free(t);
}

static void test_csv(void **state)
{
	struct tally *t = tallying_hostile();
	struct buf out = {0};
	unsigned cells = 1, lines = 0;
	bool quoted = false;

	(void)state;
	tally_print_csv(t, 0, &out);
	for (size_t i = 0; i < out.n; i++) {
		quoted ^= out.p[i] == '"';
		cells += !quoted && out.p[i] == ',';
		assert_true(out.p[i] != '\x1b');
		if (quoted || out.p[i] != '\n')
			continue;
		assert_int_equal(cells, 13);
		cells = 1;
		lines++;
	}
	assert_true(lines > 30);
	buf_done(&out);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_csv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
