/* test_values.c - what fields hold in each of some frames
 *
 * Goal: what tshark prints becomes the values of the frames that were asked for, by their own
 * numbers; what is there often or long is cut at its bounds, behind a whole character; whatever is
 * no such answer is refused, and nothing that it holds breaks the JSON.
 *
 * Method: answers as tshark writes them, and their pieces, cut anywhere and with bytes changed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/values.h"

#define PACKET(n, more) \
	"{\"_index\":\"x\",\"_source\":{\"layers\":{\"frame.number\":[\"" n "\"]" more "}}}"

static const char answer[] = "[" PACKET("1", ",\"dns.qry.name\":[\"a.example\"]") ",\n" PACKET(
	"3", ",\"tcp.port\":[\"80\",\"5\"],\"tcp.ack\":[\"1\",\"9\"]") "]";

static struct values asked(void)
{
	struct values v = {.field = {"dns.qry.name", "tcp.port", NULL, "tcp.ack"},
			   .numbers = {[3] = true},
			   .fields = 4,
			   .id = {71, 73, 80},
			   .frames = 3,
			   .count = 3};

	v.ids = malloc(3 * sizeof(*v.ids));
	assert_non_null(v.ids);
	for (unsigned i = 0; i < 3; i++)
		v.ids[i] = 71 + i;
	return v;
}

static void expect(const struct values *v, const char *want)
{
	struct buf out = {0};

	values_put(v, "gone", &out);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	buf_done(&out);
}

static void values_of_frames(void **state)
{
	struct values v = asked();
	struct err err;

	(void)state;
	assert_true(values_read(&v, answer, strlen(answer), &err));
	expect(&v, "[{\"id\":71,\"values\":[[\"a.example\"],[],null,[]]},"
		   "{\"id\":73,\"values\":[[],[\"80\",\"5\"],null,[\"71\",\"9\"]]},"
		   "{\"id\":80,\"values\":[null,null,null,null],\"why\":\"gone\"}]");
	/* Another answer replaces it. */
	assert_true(values_read(&v, "[]", 2, &err));
	assert_null(v.found[0]);
	values_done(&v);
	assert_null(v.whole);
}

static void put_many(struct buf *b, unsigned n, const char *text)
{
	buf_puts(b, "[{\"_source\":{\"layers\":{\"frame.number\":[\"1\"],\"dns.qry.name\":[");
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "%s\"%s\"", i ? "," : "", text);
	buf_puts(b, "]}}}]");
}

/* Return: the values of the first field of the first frame, as they come out; put by the caller */
static struct json_object *come_out(const char *text, size_t n)
{
	struct values v = asked();
	struct json_object *all, *list;
	struct buf out = {0};
	struct err err;

	assert_true(values_read(&v, text, n, &err));
	values_put(&v, "", &out);
	buf_putc(&out, '\0');
	all = json_tokener_parse(out.p);
	assert_non_null(all);
	list = json_object_object_get(json_object_array_get_idx(all, 0), "values");
	list = json_object_get(json_object_array_get_idx(list, 0));
	json_object_put(all);
	buf_done(&out);
	values_done(&v);
	return list;
}

static void bounds(void **state)
{
	static const unsigned counts[] = {0, 1, VALUES_EACH_MAX, VALUES_EACH_MAX + 1, 1000};
	struct json_object *list;
	struct buf b = {0};
	char text[600];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned want = counts[i] < VALUES_EACH_MAX ? counts[i] : VALUES_EACH_MAX;

		b.n = 0;
		put_many(&b, counts[i], "x");
		list = come_out(b.p, b.n);
		assert_int_equal(json_object_array_length(list), want);
		if (want)
			assert_string_equal(
				json_object_get_string(json_object_array_get_idx(list, want - 1)),
				counts[i] > want ? "\xe2\x80\xa6" : "x");
		json_object_put(list);
	}
	/* Two bytes each, at all places of the cut. */
	for (unsigned n = VALUES_BYTES_MAX - 4; n < VALUES_BYTES_MAX + 8; n++) {
		const char *got;

		memset(text, 'a', sizeof(text));
		for (unsigned i = n % 2; i + 1 < n; i += 2)
			memcpy(text + i, "\xc3\xa4", 2);
		text[n] = '\0';
		b.n = 0;
		put_many(&b, 1, text);
		list = come_out(b.p, b.n);
		got = json_object_get_string(json_object_array_get_idx(list, 0));
		assert_null(strstr(got, "\xef\xbf\xbd"));
		if (n <= VALUES_BYTES_MAX)
			assert_string_equal(got, text);
		else
			assert_in_range(strlen(got), VALUES_BYTES_MAX - 1, VALUES_BYTES_MAX);
		json_object_put(list);
	}
	buf_done(&b);
}

static void strange_values(void **state)
{
	static const char *const values[] = {"null",	     "1.5",	     "{\"a\":1}",   "[[]]",
					     "\"\\u0000a\"", "\"\xff\xfe\"", "\"\\ud800\"", "true"};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct buf b = {0};
		struct json_object *list;

		buf_printf(&b, "[" PACKET("1", ",\"dns.qry.name\":[%s]") "]", values[i]);
		list = come_out(b.p, b.n);
		assert_int_equal(json_object_array_length(list), 1);
		assert_true(
			json_object_is_type(json_object_array_get_idx(list, 0), json_type_string));
		json_object_put(list);
		buf_done(&b);
	}
}

static void numbers_that_are_none(void **state)
{
	static const char *const numbers[] = {"0", "4", "-1", "1x", "", "18446744073709551616",
					      "x"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct values v = asked();
		struct buf b = {0};

		buf_printf(&b, "[" PACKET("%s", "") "]", numbers[i]);
		assert_true(values_read(&v, b.p, b.n, &err));
		assert_null(v.found[0]);
		assert_null(v.found[1]);
		assert_null(v.found[2]);
		buf_done(&b);
		values_done(&v);
	}
}

static void what_is_no_answer(void **state)
{
	struct values v = asked();
	struct err err = {0};

	(void)state;
	for (size_t n = 0; n < strlen(answer); n++)
		assert_false(values_read(&v, answer, n, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_false(values_read(&v, "{}", 2, &err));
	values_done(&v);
	/* Any byte changed: refused, or what comes out is JSON still. */
	for (size_t i = 0; i < strlen(answer); i++) {
		for (unsigned c = 1; c < 256; c += 5) {
			char text[sizeof(answer)];
			struct buf out = {0};
			struct json_object *o;

			memcpy(text, answer, sizeof(answer));
			text[i] = (char)c;
			v = asked();
			if (values_read(&v, text, strlen(text), &err)) {
				values_put(&v, "\"", &out);
				buf_putc(&out, '\0');
				o = json_tokener_parse(out.p);
				assert_non_null(o);
				json_object_put(o);
			}
			buf_done(&out);
			values_done(&v);
		}
	}
}

static void names(void **state)
{
	(void)state;
	assert_true(values_name_ok("dns.qry.name"));
	assert_true(values_name_ok("_ws.expert"));
	assert_true(values_name_ok("6lowpan"));
	assert_true(values_name_ok("xml.a-b"));
	assert_false(values_name_ok(""));
	assert_false(values_name_ok("-r"));
	assert_false(values_name_ok(".a"));
	assert_false(values_name_ok("a b"));
	assert_false(values_name_ok("a,b"));
	assert_false(values_name_ok("\xc3\xa4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_frames),  cmocka_unit_test(bounds),
		cmocka_unit_test(strange_values),    cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(what_is_no_answer), cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
