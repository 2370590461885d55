/* decoded.c - a frame with what decoding made of it, as subscribers see it */
#include "fanout/decoded.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

/* The escaped bytes of a field that are looked at. An escape is six bytes (\u0041) and stands for
 * one at least, so these give DECODED_FIELD_MAX or more, and the rest cannot matter. */
#define ESCAPED_MAX ((size_t)6 * DECODED_FIELD_MAX)

/* A text with this much unused behind it is given back to the allocator. */
#define SLACK_MAX 256u

static_assert(EK_FIELDS * ESCAPED_MAX < UINT32_MAX, "offsets in the text have 32 bits");

void decoded_free(struct decoded *d)
{
	if (!d)
		return;
	segment_unref(d->segment);
	free(d->fields);
	free(d->raw);
	free(d);
}

const char *decoded_status_name(enum decoded_status status)
{
	switch (status) {
	case DECODED_TSHARK: return "decoded";
	case DECODED_BASIC: return "basic";
	case DECODED_PENDING: return "pending";
	case DECODED_SKIPPED: return "skipped";
	}
	check_failed("status of a frame", __FILE__, __LINE__);
}

/* The part of a long field that is looked at: whole escapes of the first ESCAPED_MAX bytes. */
static struct ek_span head(struct ek_span s)
{
	size_t at = 0;

	if (s.n <= ESCAPED_MAX)
		return s;
	for (;;) {
		size_t step = s.p[at] != '\\' ? 1 : s.p[at + 1] == 'u' ? 6 : 2;

		if (step > ESCAPED_MAX - at)
			break;
		at += step;
	}
	s.n = at;
	return s;
}

/* Length of a text cut at DECODED_FIELD_MAX, with no character cut in two. */
static size_t cut(const char *text, size_t n)
{
	size_t from = DECODED_FIELD_MAX;
	uint32_t cp;

	if (n <= DECODED_FIELD_MAX)
		return n;
	/* The character that the bound is in begins at most three bytes before it. */
	while (from > DECODED_FIELD_MAX - 3 && ((unsigned char)text[from] & 0xc0) == 0x80)
		from--;
	if (from + utf8_next(text + from, n - from, &cp) > DECODED_FIELD_MAX)
		return from;
	return DECODED_FIELD_MAX;
}

struct decoded_fields *decoded_fields_make(const struct ek_record *r)
{
	struct decoded_fields *f, *smaller;
	struct ek_span span[EK_FIELDS];
	size_t room = 0, at = 0;

	for (unsigned i = 0; i < EK_FIELDS; i++) {
		span[i] = r->field[i].p ? head(r->field[i]) : (struct ek_span){0};
		room += span[i].n;
	}
	f = malloc(sizeof(*f) + room);
	if (!f)
		return NULL;
	for (unsigned i = 0; i < EK_FIELDS; i++) {
		size_t n = span[i].n ? ek_unescape(span[i], f->text + at) : 0;

		n = cut(f->text + at, n);
		f->field[i].at = (uint32_t)at;
		f->field[i].n = (uint32_t)n;
		at += n;
	}
	if (room - at <= SLACK_MAX)
		return f;
	smaller = realloc(f, sizeof(*f) + at);
	return smaller ? smaller : f;
}

const char *decoded_field(const struct decoded *d, enum ek_field field, size_t *n)
{
	check(field < EK_FIELDS);
	*n = 0;
	if (!d->fields)
		return "";
	*n = d->fields->field[field].n;
	return d->fields->text + d->fields->field[field].at;
}

static struct decoded_text field_text(const struct decoded *d, enum ek_field field)
{
	struct decoded_text text;

	text.p = decoded_field(d, field, &text.n);
	return text;
}

static struct decoded_text string_text(const char *s)
{
	return (struct decoded_text){.p = s, .n = strlen(s)};
}

void decoded_summary(const struct decoded *d, struct decoded_summary *s)
{
	if (d->status == DECODED_TSHARK && d->fields) {
		s->source = field_text(d, EK_SOURCE);
		s->destination = field_text(d, EK_DESTINATION);
		s->protocol = field_text(d, EK_PROTOCOL);
		s->info = field_text(d, EK_INFO);
		return;
	}
	basic_source(&d->basic, s->source_room);
	basic_destination(&d->basic, s->destination_room);
	s->source = string_text(s->source_room);
	s->destination = string_text(s->destination_room);
	s->protocol = string_text(basic_protocol(&d->basic, s->protocol_room));
	s->info.p = s->info_room;
	s->info.n = basic_info(&d->basic, s->info_room);
}
