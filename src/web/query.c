/* query.c - request targets taken apart */
#include "web/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/digits.h"
#include "base/safe.h"
#include "base/utf8.h"

static bool is_utf8(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;

		i += utf8_next(s + i, n - i, &cp);
		if (cp == UINT32_MAX)
			return false;
	}
	return true;
}

bool query_decode(char *s, bool plus)
{
	char *to = s;

	for (const char *from = s; *from; from++) {
		if (*from == '%') {
			int high = digit_of_hex(from[1]);
			int low = high < 0 ? -1 : digit_of_hex(from[2]);

			if (low < 0 || (high == 0 && low == 0))
				return false;
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = (char)(plus && *from == '+' ? ' ' : *from);
		}
	}
	*to = '\0';
	return is_utf8(s, (size_t)(to - s));
}

bool query_number(const char *s, uint64_t least, uint64_t most, uint64_t *number)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; s[n] >= '0' && s[n] <= '9'; n++) {
		unsigned digit = (unsigned)(s[n] - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (n == 0 || n > DIGITS_U64_MAX || s[n] || v < least || v > most)
		return false;
	*number = v;
	return true;
}

bool query_rate_ok(const char *s, uint64_t least, uint64_t most)
{
	uint64_t unused;

	return strcmp(s, "recorded") == 0 || strcmp(s, "topspeed") == 0 ||
	       query_number(s, least, most, &unused);
}

void query_quote(const char *s, char quoted[64])
{
	struct buf b = {0};
	unsigned columns;
	size_t n = strnlen(s, 40), took = safe_put(&b, s, n, 40, &columns);

	if (b.n > 60) /* escapes and marks */
		b.n = 57;
	snprintf(quoted, 64, "%.*s%s", (int)b.n, b.n ? b.p : "", s[took] || b.n == 57 ? "..." : "");
	buf_done(&b);
}

static bool word_ok(const struct field *f, const char *text)
{
	for (size_t i = 0; f->words[i]; i++) {
		if (strcmp(f->words[i], text) == 0)
			return true;
	}
	return false;
}

static void refuse_word(const struct field *f, struct err *err)
{
	struct buf b = {0};

	for (size_t i = 0; f->words[i]; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", f->words[i]);
	err_set(err, EXIT_USAGE, "parameter %s: one of %.*s is wanted", f->name, (int)b.n,
		b.n ? b.p : "");
	buf_done(&b);
}

static bool take(const struct field *f, struct query_value *v, const char *text, struct err *err)
{
	size_t n = strlen(text);

	v->given = true;
	v->text = text;
	switch (f->kind) {
	case FIELD_NUMBER:
		if (query_number(text, f->least, f->most, &v->number))
			return true;
		err_set(err, EXIT_USAGE,
			"parameter %s: a whole number from %" PRIu64 " to %" PRIu64 " is wanted",
			f->name, f->least, f->most);
		return false;
	case FIELD_WORD:
		if (word_ok(f, text))
			return true;
		refuse_word(f, err);
		return false;
	case FIELD_TEXT:
		if (n >= f->least && n <= f->most)
			return true;
		err_set(err, EXIT_USAGE,
			"parameter %s: a text of %" PRIu64 " to %" PRIu64 " bytes is wanted",
			f->name, f->least, f->most);
		return false;
	case FIELD_RATE:
	case FIELD_BOOL:
	case FIELD_TRUE:
	case FIELD_TEXTS:
	case FIELD_NUMBERS: break;
	}
	check(f->kind <= FIELD_WORD); /* others are for bodies */
	return false;
}

static bool take_pair(struct query *q, const struct field *fields, char *pair, struct err *err)
{
	char *value = strchr(pair, '='), quoted[64];

	if (value)
		*value++ = '\0';
	if (!query_decode(pair, true) || (value && !query_decode(value, true))) {
		err_set(err, EXIT_USAGE,
			"the query: '%%' wants two hexadecimal digits behind it, and what is "
			"encoded has to be UTF-8 without NUL");
		return false;
	}
	query_quote(pair, quoted);
	for (size_t i = 0; fields && fields[i].name; i++) {
		if (strcmp(fields[i].name, pair) != 0)
			continue;
		if (!q->value[i].given)
			return take(&fields[i], &q->value[i], value ? value : "", err);
		err_set(err, EXIT_USAGE, "parameter %s is given twice", quoted);
		return false;
	}
	err_set(err, EXIT_USAGE,
		"there is no parameter '%s' here; docs/openapi.json has those "
		"that there are",
		quoted);
	return false;
}

bool query_parse(struct query *q, const struct field *fields, char *text, struct err *err)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; fields && fields[i].name; i++) {
		check(i < QUERY_PARAMS_MAX);
		q->value[i].number = fields[i].otherwise;
		q->value[i].text = "";
	}
	while (text && *text) {
		char *next = strchr(text, '&');

		if (next)
			*next++ = '\0';
		if (*text && !take_pair(q, fields, text, err))
			return false;
		text = next;
	}
	for (size_t i = 0; fields && fields[i].name; i++) {
		if (!fields[i].required || q->value[i].given)
			continue;
		err_set(err, EXIT_USAGE, "parameter %s is missing", fields[i].name);
		return false;
	}
	return true;
}
