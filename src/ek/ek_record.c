/* ek_record.c - one EK line scanned, without a tree, into the fields that we want */
#include "ek/ek_record.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "ek/ek_walk.h"

/* Our columns in the order of enum ek_field; title_2: what tshark's default column is called in EK
 * output. Its "time" is not there, as we take that from our own frame. */
static const struct column {
	const char *title;
	size_t title_n;
	char lead[24]; /* what stands between the value before and its text, 4 bytes at least */
	size_t lead_n;
	const char *title_2;
	size_t title_2_n;
	const char *format;
} columns[] = {
#define COLUMN(field, title, title_2, format)    \
	[field] = {title,                        \
		   sizeof(title) - 1,            \
		   ",\"" title "\":\"",          \
		   sizeof(",\"\":\"" title) - 1, \
		   title_2,                      \
		   sizeof(title_2) - 1,          \
		   format}
#define CUSTOM(field, title, name) COLUMN(field, title, "", "%Cus:" name ":0:U")
	COLUMN(EK_NUMBER, "no", "no_", "%m"),
	COLUMN(EK_SOURCE, "src", "source", "%s"),
	COLUMN(EK_DESTINATION, "dst", "destination", "%d"),
	COLUMN(EK_PROTOCOL, "proto", "protocol", "%p"),
	COLUMN(EK_LENGTH, "len", "length", "%L"),
	COLUMN(EK_INFO, "info", "info", "%i"),
	CUSTOM(EK_PROTOCOLS, "protocols", "frame.protocols"),
	CUSTOM(EK_TCP_STREAM, "tcp_stream", "tcp.stream"),
	CUSTOM(EK_DNS_NAME, "dns_name", "dns.qry.name"),
	CUSTOM(EK_DNS_RESPONSE, "dns_response", "dns.flags.response"),
	CUSTOM(EK_HTTP_METHOD, "http_method", "http.request.method"),
	CUSTOM(EK_HTTP_CODE, "http_code", "http.response.code"),
	CUSTOM(EK_HTTP_HOST, "http_host", "http.host"),
	CUSTOM(EK_HTTP_AGENT, "http_agent", "http.user_agent"),
	CUSTOM(EK_TLS_TYPE, "tls_type", "tls.record.content_type"),
	CUSTOM(EK_TLS_SNI, "tls_sni", "tls.handshake.extensions_server_name"),
	CUSTOM(EK_ARP_OPCODE, "arp_opcode", "arp.opcode"),
	CUSTOM(EK_ICMP_TYPE, "icmp_type", "icmp.type"),
	CUSTOM(EK_ICMP_CODE, "icmp_code", "icmp.code"),
	CUSTOM(EK_ICMPV6_TYPE, "icmpv6_type", "icmpv6.type"),
	CUSTOM(EK_ICMPV6_CODE, "icmpv6_code", "icmpv6.code"),
	CUSTOM(EK_UDP_STREAM, "udp_stream", "udp.stream"),
	CUSTOM(EK_DNS_TYPE, "dns_type", "dns.qry.type"),
	CUSTOM(EK_DNS_RCODE, "dns_rcode", "dns.flags.rcode"),
	CUSTOM(EK_HTTP2, "http2", "http2.headers.method or http2.headers.status"),
	CUSTOM(EK_ADDRESSES, "addresses", "ip.addr or ipv6.addr"),
	CUSTOM(EK_ARP_ADDRESSES, "arp_addresses", "arp.src.proto_ipv4 or arp.dst.proto_ipv4"),
#undef CUSTOM
#undef COLUMN
};
static_assert(sizeof(columns) / sizeof(columns[0]) == EK_FIELDS, "a column for each field");

const char *ek_field_title(enum ek_field field)
{
	check(field < EK_FIELDS);
	return columns[field].title;
}

const char *ek_field_format(enum ek_field field)
{
	check(field < EK_FIELDS);
	return columns[field].format;
}

/* What is known of the line so far, beside the fields. */
struct found {
	struct ek_record *r;
	struct ek_span layer_number;	/* frame.number and frame.protocols as layers have them: */
	struct ek_span layer_protocols; /* used where there is no such column */
	unsigned expected;		/* field whose column should come next */
	bool packet;			/* a key that only packets have */
	bool index;
};

/* Steps over a value and keeps its text, or that of the first element of an array (-e), where it
 * has one and @span has none yet. */
static bool take_text(struct ek_walk *s, struct ek_span *span)
{
	unsigned depth = s->depth;
	struct ek_span text = {0}, key = {0};
	bool array = ek_peek(s) == '[';

	if (!ek_scan_value(s, &text))
		return false;
	/* Of an array just opened, "no next element" can but mean that it is empty. */
	if (array && ek_next_element(s, &key) && !ek_scan_value(s, &text))
		return false;
	if (!span->p)
		*span = text;
	return ek_skip_to_depth(s, depth);
}

static bool is(const struct ek_span *key, const char *text, size_t n)
{
	return key->n == n && memcmp(key->p, text, n) == 0;
}
#define IS(key, text) is(key, "" text, sizeof(text) - 1)

/* Walks the frame layer; in array form, as later versions may have it for repeated layers, the
 * first of them. What else it may be, {"filtered":"frame"} under -j or a string, has no number. */
static bool scan_frame(struct ek_walk *s, struct found *f)
{
	unsigned depth = s->depth;
	struct ek_span key = {0};
	bool ok;

	if (ek_peek(s) == '[') {
		if (!ek_open_container(s))
			return false;
		if (!ek_next_element(s, &key))
			return true; /* an empty one, as in take_text() */
	}
	if (ek_peek(s) != '{')
		return ek_skip_value(s) && ek_skip_to_depth(s, depth);
	if (!ek_open_container(s))
		return false;
	while (ek_next_element(s, &key)) {
		if (IS(&key, "frame_frame_number"))
			ok = take_text(s, &f->layer_number);
		else if (IS(&key, "frame_frame_protocols"))
			ok = take_text(s, &f->layer_protocols);
		else
			ok = ek_skip_value(s);
		if (!ok)
			return false;
		if (f->layer_number.p && f->layer_protocols.p)
			return ek_skip_rest_of_object(s) && ek_skip_to_depth(s, depth);
	}
	return !s->why && ek_skip_to_depth(s, depth);
}

static bool scan_layers(struct ek_walk *s, struct found *f)
{
	struct ek_span key = {0};
	bool ok;

	if (ek_peek(s) != '{')
		return ek_skip_value(s);
	if (!ek_open_container(s))
		return false;
	while (ek_next_element(s, &key)) {
		if (IS(&key, "frame"))
			ok = scan_frame(s, f);
		else if (IS(&key, "frame_number"))
			ok = take_text(s, &f->layer_number);
		else if (IS(&key, "frame_protocols"))
			ok = take_text(s, &f->layer_protocols);
		else
			ok = ek_skip_value(s);
		if (!ok)
			return false;
		if (f->layer_number.p && f->layer_protocols.p)
			return ek_skip_rest_of_object(s);
	}
	return !s->why;
}

static bool names(const struct column *c, const struct ek_span *key)
{
	return is(key, c->title, c->title_n) || (c->title_2_n && is(key, c->title_2, c->title_2_n));
}

/* The field that a key of the outer object names, or EK_FIELDS. Columns come in the order in which
 * we asked for them, so the one after the last found is tried first. */
static unsigned field_named(const struct ek_span *key, unsigned expected)
{
	expected %= EK_FIELDS;
	if (names(&columns[expected], key))
		return expected;
	for (unsigned i = 0; i < EK_FIELDS; i++) {
		if (names(&columns[i], key))
			return i;
	}
	return EK_FIELDS;
}

/* A frame number as tshark prints it: decimal digits, no sign, no leading zero. */
static bool number_read(const struct ek_span *span, uint64_t *number)
{
	const uint64_t limit = UINT64_C(1) << 53; /* 16 digits, so the sum cannot overflow */
	uint64_t v = 0;

	if (!span->p || span->n == 0 || span->n > 16 || span->p[0] == '0')
		return false;
	for (size_t i = 0; i < span->n; i++) {
		if (span->p[i] < '0' || span->p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(span->p[i] - '0');
	}
	if (v >= limit)
		return false;
	*number = v;
	return true;
}

static bool scan_member(struct ek_walk *s, struct found *f, const struct ek_span *key)
{
	unsigned field;
	uint64_t number;

	if (IS(key, "layers")) {
		f->packet = true;
		/* What is sought in them counts only where no column has it. */
		if (f->r->field[EK_PROTOCOLS].n && number_read(&f->r->field[EK_NUMBER], &number))
			return ek_skip_value(s);
		return scan_layers(s, f);
	}
	if (IS(key, "timestamp")) {
		f->packet = true;
		return ek_skip_value(s);
	}
	if (IS(key, "index")) {
		f->index = f->index || ek_peek(s) == '{';
		return ek_skip_value(s);
	}
	field = field_named(key, f->expected);
	if (field == EK_FIELDS)
		return ek_skip_value(s);
	f->packet = true;
	f->expected = field + 1;
	return take_text(s, &f->r->field[field]);
}

/* Whether the bytes at @p are those of @lead, 4 to 24: loads of one width, which may overlap. */
static bool leads(const char *p, const char *lead, size_t n)
{
	size_t middle;

	if (n < 8)
		return memcmp(p, lead, 4) == 0 && memcmp(p + n - 4, lead + n - 4, 4) == 0;
	middle = (n - 8) / 2;
	return memcmp(p, lead, 8) == 0 && memcmp(p + n - 8, lead + n - 8, 8) == 0 &&
	       memcmp(p + middle, lead + middle, 8) == 0;
}

/* Nearly all columns stand just behind the one before, with a string: the bytes up to its opening
 * quote are known. Steps over such a column. Return: false where it is otherwise, with nothing
 * done, or where the line is broken (s->why) */
static bool next_column(struct ek_walk *s, struct found *f)
{
	const struct column *c = &columns[f->expected % EK_FIELDS];
	struct ek_span *field = &f->r->field[f->expected % EK_FIELDS], text;

	if (s->fresh || f->expected == EK_FIELDS || (size_t)(s->end - s->p) < c->lead_n ||
	    !leads(s->p, c->lead, c->lead_n))
		return false;
	s->p += c->lead_n - 1;
	f->expected++;
	f->packet = true;
	if (s->end - s->p > 1 && s->p[1] == '"') { /* most of them, of most packets */
		s->p += 2;
		if (!field->p)
			field->p = s->p - 1;
		return true;
	}
	if (!ek_scan_string(s, &text))
		return false;
	if (!field->p) { /* piece by piece, as they were written: a wider load would wait */
		field->p = text.p;
		field->n = text.n;
	}
	return true;
}

static bool scan_line(struct ek_walk *s, struct found *f)
{
	static const char first[] = "{\"timestamp\":\"";
	const size_t first_n = sizeof(first) - 1;
	struct ek_span key = {0};

	if (!ek_open_container(s))
		return false;
	/* What every packet begins with, at one stroke; else it is a key like others. */
	if ((size_t)(s->end - s->p) >= first_n && leads(s->p - 1, first, first_n)) {
		s->fresh = false;
		s->p += first_n - 2;
		f->packet = true;
		if (!ek_scan_string(s, &key))
			return false;
	}
	for (;;) {
		while (next_column(s, f))
			;
		if (s->why || !ek_next_element(s, &key))
			break;
		if (!scan_member(s, f, &key))
			return false;
	}
	if (s->why)
		return false;
	if (ek_peek(s) || s->p < s->end)
		return ek_broken(s, EK_MORE);
	return true;
}

/* Every other line is this one, with one date for hours on end. */
static bool is_index_line(const char *line, size_t n)
{
	static const char before[] = "{\"index\":{\"_index\":\"packets-", date[] = "YYYY-MM-DD",
			  behind[] = "\",\"_type\":\"doc\"}}";
	const size_t at = sizeof(before) - 1, date_n = sizeof(date) - 1,
		     behind_n = sizeof(behind) - 1;

	if (n != at + date_n + behind_n || memcmp(line, before, at) != 0 ||
	    memcmp(line + at + date_n, behind, behind_n) != 0)
		return false;
	for (size_t i = at; i < at + date_n; i++) {
		if (line[i] != '-' && (line[i] < '0' || line[i] > '9'))
			return false;
	}
	return true;
}

/* By the C library, which knows the processor: of a size that it sees, gcc makes a string
 * instruction, and what is then written waits for it. */
static void clear(struct ek_record *r)
{
	size_t n = sizeof(*r);

	__asm__("" : "+r"(n));
	memset(r, 0, n);
}

void ek_record_scan(struct ek_record *r, const char *line, size_t n)
{
	struct ek_walk s = {.p = line, .end = n ? line + n : line};
	struct found f = {.r = r};

	clear(r);
	if (is_index_line(line, n)) {
		r->kind = EK_INDEX;
		return;
	}
	r->kind = EK_NOISE;
	if (ek_peek(&s) != '{')
		return;
	if (!scan_line(&s, &f)) {
		/* Nothing of such a line is to be believed: it may be two lines run together. */
		clear(r);
		r->kind = EK_BROKEN;
		r->broken_at = (size_t)(s.p - line);
		r->why = s.why;
		return;
	}
	if (!f.packet) {
		r->kind = f.index ? EK_INDEX : EK_NOISE;
		return;
	}
	r->kind = EK_DOCUMENT;
	r->has_number = number_read(&r->field[EK_NUMBER], &r->number);
	if (!r->has_number && number_read(&f.layer_number, &r->number)) {
		r->has_number = true;
		r->field[EK_NUMBER] = f.layer_number;
	}
	if (!r->field[EK_PROTOCOLS].n && f.layer_protocols.p)
		r->field[EK_PROTOCOLS] = f.layer_protocols;
}
