/* test_tally_print.c - goal: JSON is JSON with the members promised, CSV has as many cells in each
 * line, text cannot drive a terminal, and what is approximate is said to be. Method: a tally of
 * hostile values, and one that was thinned; JSON read back by json-c, cells counted.
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

static struct tally *hostile(void)
{
	struct tally *t = tally_new(1);

	tallying_add(
		t, 60,
		(struct tallying[]){{EK_PROTOCOL, "DNS"},
				    {EK_PROTOCOLS, "eth:ethertype:ip:udp:dns"},
				    {EK_ADDRESSES, "10.0.0.1,10.0.0.2"},
				    {EK_UDP_STREAM, "0"},
				    {EK_DNS_RESPONSE, "0"},
				    {EK_DNS_TYPE, "1"},
				    {EK_DNS_NAME, "\x1b]0;x\x07,\"\n=cmd|\xff\xe2\x80\xae.example"},
				    END});
	return t;
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *found;

	assert_true(json_object_object_get_ex(o, key, &found));
	return found;
}

static void test_json(void **state)
{
	struct tally *t = hostile();
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
	struct tally *t = hostile();
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

static void test_text(void **state)
{
	struct tally *t = hostile();
	struct buf out = {0};

	(void)state;
	tally_print_text(t, 5, &out);
	buf_putc(&out, '\0');
	for (size_t i = 0; i + 1 < out.n; i++)
		assert_true(out.p[i] == '\n' ||
			    ((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f));
	assert_non_null(strstr(out.p, "UDP: 1 frames, 60 bytes; conversations: 1 different"));
	assert_non_null(strstr(out.p, "\\x1b]0;x"));
	assert_null(strstr(out.p, "about"));
	buf_done(&out);
	tally_free(t);
}

static void test_approximate(void **state)
{
	static const struct tally_amount one = {.n = {1, 60}};
	struct tally *t = tally_new(1);
	struct buf out = {0};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		tally_table_add(&t->table[TALLY_LAYER], &i, sizeof(i), &one);
	tally_print_text(t, 5, &out);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "Layers: about "));
	assert_non_null(strstr(out.p, "standard error 0.81 %"));
	out.n = 0;
	tally_print_json(t, 5, &out);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "\"estimated\":true"));
	buf_done(&out);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_approximate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
