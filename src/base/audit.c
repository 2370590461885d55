/* audit.c - events as JSON members */
#include "base/audit.h"

#include <string.h>

bool audit_reserve(struct audit *a)
{
	return buf_reserve(&a->members, AUDIT_EVENT_MAX);
}

void audit_done(struct audit *a)
{
	buf_done(&a->members);
}

static void put_key(struct audit *a, const char *key)
{
	if (a->members.n)
		buf_putc(&a->members, ',');
	buf_json(&a->members, key, strlen(key));
	buf_putc(&a->members, ':');
}

void audit_begin(struct audit *a, const char *event)
{
	buf_reset(&a->members);
	audit_str(a, "event", event);
}

void audit_text(struct audit *a, const char *key, const char *value, size_t n)
{
	put_key(a, key);
	buf_json(&a->members, value, n);
}

void audit_str(struct audit *a, const char *key, const char *value)
{
	audit_text(a, key, value, strlen(value));
}

void audit_u64(struct audit *a, const char *key, uint64_t value)
{
	put_key(a, key);
	buf_u64(&a->members, value);
}

void audit_i64(struct audit *a, const char *key, int64_t value)
{
	put_key(a, key);
	if (value < 0)
		buf_putc(&a->members, '-');
	buf_u64(&a->members, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void audit_end(struct audit *a)
{
	static const char lost[] = "\"event\":\"audit_failed\",\"error\":\"out of memory\"";

	a->lines++;
	if (a->members.failed)
		a->line(a->ctx, lost, sizeof(lost) - 1);
	else
		a->line(a->ctx, a->members.p, a->members.n);
}

static void put_time(struct audit *a, const char *key, uint64_t ts_ns)
{
	char digits[32];
	size_t n = 0;
	uint64_t ns = ts_ns % 1000000000;

	put_key(a, key);
	buf_putc(&a->members, '"');
	buf_u64(&a->members, ts_ns / 1000000000);
	for (uint64_t unit = 100000000; unit; unit /= 10)
		digits[n++] = (char)('0' + ns / unit % 10);
	buf_putc(&a->members, '.');
	buf_put(&a->members, digits, n);
	buf_putc(&a->members, '"');
}

void audit_run(struct audit *a, const char *event, const char *cause, const char *unit,
	       const char *where, const struct run *r)
{
	audit_begin(a, event);
	audit_str(a, "cause", cause);
	audit_str(a, "unit", unit);
	if (where)
		audit_str(a, "port", where);
	audit_u64(a, "first", r->first);
	audit_u64(a, "last", r->last);
	audit_u64(a, "count", r->count);
	put_time(a, "first_ts", r->first_ts_ns);
	put_time(a, "last_ts", r->last_ts_ns);
	audit_end(a);
}
