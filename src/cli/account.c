/* account.c - what came out of the pipeline for one capture */
#include "cli/account.h"

#include <assert.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap/frame.h"

static const char *const field_names[] = {
	"id",  "ts",	"vm",	 "len",	     "caplen", "eth_src",   "eth_dst", "ethertype", "src",
	"dst", "sport", "dport", "protocol", "info",   "protocols", "status",  "crc",
};
static_assert(sizeof(field_names) / sizeof(field_names[0]) == ACCOUNT_FIELDS,
	      "each field has a name");

static const char *const part_names[] = {
	"ledger", "switch", "statistics", "protocols", "conversations", "frames",
};
static_assert(sizeof(part_names) / sizeof(part_names[0]) == ACCOUNT_PARTS, "each part has a name");

/* decoded_live and backfilled add up to decoded; queued and in_flight are 0 in every run that
 * balances. */
static const char *const ledger_names[] = {
	"forwarded",	"out_of_scope", "prefiltered", "dropped_queue", "captured",
	"discarded",	"decoded",	"undecoded",   "skipped_stall", "skipped_backlog",
	"skipped_load", "lost_child",	"quarantined", "unreadable",	"no_tshark",
	"not_asked",	"stopped",
};

static int find(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

const char *account_field_name(enum account_field field)
{
	return field_names[field];
}

bool account_field_find(const char *name, enum account_field *field)
{
	int i = find(field_names, ACCOUNT_FIELDS, name);

	if (i >= 0)
		*field = (enum account_field)i;
	return i >= 0;
}

bool account_field_is_number(enum account_field field)
{
	return field == FIELD_ID || field == FIELD_LEN || field == FIELD_CAPLEN ||
	       field == FIELD_SPORT || field == FIELD_DPORT;
}

int account_fields_have(const struct account_fields *f, enum account_field field)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (f->field[i] == field)
			return (int)i;
	}
	return -1;
}

const char *account_part_name(enum account_part part)
{
	return part_names[part];
}

bool account_part_find(const char *name, enum account_part *part)
{
	int i = find(part_names, ACCOUNT_PARTS, name);

	if (i >= 0)
		*part = (enum account_part)i;
	return i >= 0;
}

bool account_part_has_bytes(enum account_part part)
{
	return part == PART_STATISTICS || part == PART_PROTOCOLS || part == PART_CONVERSATIONS;
}

bool account_ledger_has(const char *name)
{
	return find(ledger_names, sizeof(ledger_names) / sizeof(ledger_names[0]), name) >= 0;
}

/* ---- storage ---- */

void account_init(struct account *a, const struct account_fields *fields)
{
	*a = (struct account){.fields = *fields, .index = json_object_new_object()};
	a->failed = !a->index;
}

void account_done(struct account *a)
{
	for (size_t i = 0; i < a->fact_count; i++)
		free(a->facts[i].name);
	for (size_t i = 0; i < a->error_count; i++)
		free(a->errors[i]);
	free(a->facts);
	free(a->errors);
	free(a->values);
	json_object_put(a->index);
	buf_done(&a->text);
	memset(a, 0, sizeof(*a));
}

/* Makes room for one more. Return: false where memory ran out */
static bool grow(struct account *a, void **list, size_t count, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 64;
	void *p;

	if (a->failed)
		return false;
	if (count < *cap)
		return true;
	p = realloc(*list, more * size);
	if (!p) {
		a->failed = true;
		return false;
	}
	*list = p;
	*cap = more;
	return true;
}

struct account_value *account_frame(struct account *a)
{
	struct account_value *v;

	if (!grow(a, (void **)&a->values, a->frames, &a->frames_cap,
		  sizeof(*a->values) * (a->fields.count ? a->fields.count : 1)))
		return NULL;
	v = a->values + a->frames * a->fields.count;
	for (unsigned i = 0; i < a->fields.count; i++)
		v[i] = (struct account_value){.n = UINT32_MAX};
	a->frames++;
	return v;
}

void account_set(struct account *a, struct account_value *value, const char *p, size_t n)
{
	*value = (struct account_value){.at = a->text.n, .n = (uint32_t)n};
	buf_put(&a->text, p, n);
	a->failed |= a->text.failed;
}

const char *account_text(const struct account *a, const struct account_value *value)
{
	static const char nothing[] = "";

	if (value->n == UINT32_MAX)
		return NULL;
	return value->n ? a->text.p + value->at : nothing;
}

static void make_key(struct buf *key, enum account_part part, const char *name)
{
	buf_putc(key, (char)('0' + part));
	buf_puts(key, name);
	buf_putc(key, '\0');
}

static struct account_fact *look_up(const struct account *a, enum account_part part,
				    const char *name)
{
	struct buf key = {0};
	struct json_object *at = NULL;

	make_key(&key, part, name);
	if (key.failed || !json_object_object_get_ex(a->index, key.p, &at))
		at = NULL;
	buf_done(&key);
	return at && a->facts ? &a->facts[json_object_get_int64(at)] : NULL;
}

const struct account_fact *account_find(const struct account *a, enum account_part part,
					const char *name)
{
	return look_up(a, part, name);
}

void account_add(struct account *a, enum account_part part, const char *name, uint64_t count,
		 uint64_t bytes)
{
	struct account_fact *fact;
	struct buf key = {0};

	if ((!count && !bytes) || a->failed)
		return;
	fact = look_up(a, part, name);
	if (fact) {
		fact->count += count;
		fact->bytes += bytes;
		return;
	}
	if (!grow(a, (void **)&a->facts, a->fact_count, &a->fact_cap, sizeof(*a->facts)))
		return;
	make_key(&key, part, name);
	fact = &a->facts[a->fact_count];
	*fact = (struct account_fact){
		.part = part, .name = strdup(name), .count = count, .bytes = bytes};
	if (!fact->name || key.failed ||
	    json_object_object_add(a->index, key.p, json_object_new_int64((int64_t)a->fact_count)))
		a->failed = true;
	else
		a->fact_count++;
	if (a->failed)
		free(fact->name);
	buf_done(&key);
}

void account_error(struct account *a, const char *text)
{
	char **errors = realloc(a->errors, (a->error_count + 1) * sizeof(*errors));

	if (errors)
		a->errors = errors;
	if (!errors || !(errors[a->error_count] = strdup(text)))
		a->failed = true;
	else
		a->error_count++;
}

/* ---- a row ---- */

static const char *text_of(struct json_object *row, enum account_field field)
{
	struct json_object *o = NULL;

	if (!json_object_object_get_ex(row, field_names[field], &o) || !o)
		return NULL;
	return json_object_get_string(o);
}

/* What can be claimed about the length of a frame on the wire has no bound; see stats_add(). */
static uint64_t bytes_of(struct json_object *row)
{
	int64_t len = json_object_get_int64(json_object_object_get(row, "len"));
	int64_t caplen = json_object_get_int64(json_object_object_get(row, "caplen"));

	return (uint64_t)(len <= (int64_t)FRAME_BYTES_MAX ? len : caplen);
}

static void put_end(struct buf *b, const char *address, const char *port)
{
	buf_puts(b, address ? address : "-");
	if (port)
		buf_printf(b, strchr(address ? address : "", ':') ? " %s" : ":%s", port);
}

/* The end that sorts first comes first, so that both ways have one name. */
static void add_conversation(struct account *a, struct json_object *row, uint64_t bytes)
{
	struct buf from = {0}, to = {0}, name = {0};
	bool swap;

	put_end(&from, text_of(row, FIELD_SRC), text_of(row, FIELD_SPORT));
	put_end(&to, text_of(row, FIELD_DST), text_of(row, FIELD_DPORT));
	buf_putc(&from, '\0');
	buf_putc(&to, '\0');
	if (!from.failed && !to.failed) {
		swap = strcmp(from.p, to.p) > 0;
		buf_printf(&name, "%s - %s", swap ? to.p : from.p, swap ? from.p : to.p);
		buf_putc(&name, '\0');
	}
	if (from.failed || to.failed || name.failed)
		a->failed = true;
	else
		account_add(a, PART_CONVERSATIONS, name.p, 1, bytes);
	buf_done(&from);
	buf_done(&to);
	buf_done(&name);
}

static bool has_kind(struct json_object *o, enum account_field field)
{
	return !o || json_object_is_type(o, account_field_is_number(field) ? json_type_int
									   : json_type_string);
}

bool account_row(struct account *a, struct json_object *row)
{
	struct account_value *v;
	const char *protocol;

	if (!json_object_is_type(row, json_type_object))
		return false;
	for (int i = 0; i < FIELD_CRC; i++) {
		struct json_object *o;

		if (!json_object_object_get_ex(row, field_names[i], &o) ||
		    !has_kind(o, (enum account_field)i))
			return false;
	}
	v = account_frame(a);
	for (unsigned i = 0; v && i < a->fields.count; i++) {
		struct json_object *o =
			json_object_object_get(row, field_names[a->fields.field[i]]);

		if (o)
			account_set(a, &v[i], json_object_get_string(o),
				    json_object_is_type(o, json_type_string)
					    ? (size_t)json_object_get_string_len(o)
					    : strlen(json_object_get_string(o)));
	}
	protocol = text_of(row, FIELD_PROTOCOL);
	account_add(a, PART_PROTOCOLS, protocol ? protocol : "-", 1, bytes_of(row));
	add_conversation(a, row, bytes_of(row));
	return true;
}

/* ---- a report ---- */

static bool add_counts(struct account *a, enum account_part part, struct json_object *from)
{
	if (!json_object_is_type(from, json_type_object))
		return false;
	json_object_object_foreach(from, name, value)
	{
		if (part != PART_LEDGER || account_ledger_has(name))
			account_add(a, part, name, json_object_get_uint64(value), 0);
	}
	return true;
}

bool account_report(struct account *a, struct json_object *report)
{
	struct json_object *of_switch = json_object_object_get(report, "switch");
	struct json_object *protocols = json_object_object_get(report, "protocols");

	if (!add_counts(a, PART_LEDGER, json_object_object_get(report, "ledger")) ||
	    !add_counts(a, PART_SWITCH, json_object_object_get(of_switch, "dropped")) ||
	    !json_object_is_type(protocols, json_type_object))
		return false;
	json_object_object_foreach(protocols, name, sums)
	{
		account_add(a, PART_STATISTICS, name,
			    json_object_get_uint64(json_object_object_get(sums, "frames")),
			    json_object_get_uint64(json_object_object_get(sums, "bytes")));
	}
	return true;
}
