/* values.c - what fields hold in each of some frames */
#include "analysis/values.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* An array of packets, an object, _source, layers, the field's values; and some to spare. */
#define DEPTH_MAX 12

void values_done(struct values *v)
{
	json_object_put(v->whole);
	free(v->ids);
	*v = (struct values){0};
}

bool values_name_ok(const char *name)
{
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n && !name[n] && name[0] != '-' && name[0] != '.';
}

/* ---- reading ---- */

/* The frame whose number tshark tells. Return: 0 where it is none */
static uint64_t frame_of(const struct values *v, const char *text)
{
	char *end;
	uint64_t number = text ? strtoull(text, &end, 10) : 0;

	return number && !*end && number <= v->count ? v->ids[number - 1] : 0;
}

static void keep(struct values *v, struct json_object *packet)
{
	struct json_object *layers =
		json_object_object_get(json_object_object_get(packet, "_source"), "layers");
	struct json_object *list = json_object_object_get(layers, VALUES_NUMBER);
	uint64_t id = 0;

	if (json_object_is_type(list, json_type_array) && json_object_array_length(list))
		id = frame_of(v, json_object_get_string(json_object_array_get_idx(list, 0)));
	for (unsigned i = 0; id && i < v->frames; i++) {
		if (v->id[i] == id)
			v->found[i] = layers;
	}
}

bool values_read(struct values *v, const char *text, size_t n, struct err *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);

	json_object_put(v->whole);
	v->whole = tokener && n <= INT32_MAX ? json_tokener_parse_ex(tokener, text, (int)n) : NULL;
	json_tokener_free(tokener);
	memset(v->found, 0, sizeof(v->found));
	if (!json_object_is_type(v->whole, json_type_array)) {
		err_set(err, EXIT_ENVIRONMENT,
			"what tshark printed of the fields is no JSON array: it is not understood");
		return false;
	}
	for (size_t i = 0; i < json_object_array_length(v->whole); i++)
		keep(v, json_object_array_get_idx(v->whole, i));
	return true;
}

/* ---- writing ---- */

/* Cut behind a whole character. */
static void put_value(struct buf *out, const char *text, size_t n)
{
	size_t whole = 0;
	uint32_t cp;

	if (n <= VALUES_BYTES_MAX) {
		buf_json(out, text, n);
		return;
	}
	while (whole < VALUES_BYTES_MAX - 3) {
		size_t one = utf8_next(text + whole, n - whole, &cp);

		if (whole + one > VALUES_BYTES_MAX - 3)
			break;
		whole += one;
	}
	buf_json(out, text, whole);
	out->n -= out->failed ? 0 : 1; /* its quote */
	buf_puts(out, "\xe2\x80\xa6\"");
}

static void put_one(const struct values *v, bool number, struct json_object *value, struct buf *out)
{
	const char *text = json_object_get_string(value);
	uint64_t id = number ? frame_of(v, text) : 0;

	if (id)
		buf_printf(out, "\"%" PRIu64 "\"", id);
	else if (json_object_is_type(value, json_type_string))
		put_value(out, text, (size_t)json_object_get_string_len(value));
	else
		put_value(out, text ? text : "", text ? strlen(text) : 0);
}

static void put_field(const struct values *v, bool number, struct json_object *list,
		      struct buf *out)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	buf_putc(out, '[');
	for (size_t i = 0; i < n && i < VALUES_EACH_MAX; i++) {
		if (i)
			buf_putc(out, ',');
		if (i + 1 == VALUES_EACH_MAX && n > VALUES_EACH_MAX)
			buf_puts(out, "\"\xe2\x80\xa6\"");
		else
			put_one(v, number, json_object_array_get_idx(list, i), out);
	}
	buf_putc(out, ']');
}

void values_put(const struct values *v, const char *why, struct buf *out)
{
	buf_putc(out, '[');
	for (unsigned i = 0; i < v->frames; i++) {
		buf_puts(out, i ? ",{\"id\":" : "{\"id\":");
		buf_u64(out, v->id[i]);
		buf_puts(out, ",\"values\":[");
		for (unsigned k = 0; k < v->fields; k++) {
			if (k)
				buf_putc(out, ',');
			if (v->found[i] && v->field[k])
				put_field(v, v->numbers[k],
					  json_object_object_get(v->found[i], v->field[k]), out);
			else
				buf_puts(out, "null");
		}
		buf_putc(out, ']');
		if (!v->found[i]) {
			buf_puts(out, ",\"why\":");
			buf_json(out, why, strlen(why));
		}
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}
