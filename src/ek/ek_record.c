/* ek_record.c - one EK line scanned, without a tree, into the fields that we want */
#include "ek/ek_record.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/utf8.h"

/* Our columns in the order of enum ek_field; title_2: what tshark's default column is called in EK
 * output. Its "time" is not there, as we take that from our own frame. */
static const struct column {
	const char *title;
	size_t title_n;
	const char *title_2;
	size_t title_2_n;
	const char *format;
} columns[] = {
#define COLUMN(field, title, title_2, format) \
	[field] = {title, sizeof(title) - 1, title_2, sizeof(title_2) - 1, format}
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

/* One walk over one line. */
struct scan {
	const char *p;
	const char *end;
	const char *why;  /* set once the line is broken */
	uint64_t objects; /* bit d: what was opened at depth d is an object, else an array */
	unsigned depth;	  /* containers open */
	bool fresh; /* a bracket was opened just now: no comma comes before the next element */
};
static_assert(EK_DEPTH_MAX <= 64, "scan.objects has a bit for each level");

/* What is known of the line so far, beside the fields. */
struct found {
	struct ek_record *r;
	struct ek_span layer_number;	/* frame.number and frame.protocols as layers have them: */
	struct ek_span layer_protocols; /* used where there is no such column */
	unsigned expected;		/* field whose column should come next */
	bool packet;			/* a key that only packets have */
	bool index;
};

static const struct ek_span nothing = {"", 0};

static const char cut[] = "the line ends inside the object";

static bool broken(struct scan *s, const char *why)
{
	s->why = s->p < s->end ? why : cut;
	return false;
}

#define BYTES(b) ((uint64_t)(b)*0x0101010101010101u)

/* The high bit of each zero byte of @v; above the lowest of them there may be false ones. */
static uint64_t zero_bytes(uint64_t v)
{
	return (v - BYTES(0x01)) & ~v & BYTES(0x80);
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* First byte in [p, end) that a string's plain text cannot hold: quote, backslash, control; or end.
 * Eight bytes at a time; read as little-endian, the lowest mark is the first byte. */
static const char *plain_end(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t v = le64_load((const unsigned char *)p);
		uint64_t stop = ((v - BYTES(0x20)) & ~v & BYTES(0x80)) |
				zero_bytes(v ^ BYTES('"')) | zero_bytes(v ^ BYTES('\\'));

		if (stop)
			return p + __builtin_ctzll(stop) / 8;
	}
	while (p < end && is_plain(*p))
		p++;
	return p;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What \uXXXX at @p stands for, or -1 where there is none before @end. */
static int32_t escaped_unit(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* What the byte after a backslash stands for, or 0 where JSON knows none (RFC 8259, section 7). */
static char escaped_byte(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/': return c;
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return 0;
	}
}

/* Steps over the escape at s->p, byte by byte, so that one cut short is known as such. */
static bool skip_escape(struct scan *s)
{
	static const char unknown[] = "an escape that JSON does not know";

	s->p++;
	if (s->p < s->end && escaped_byte(*s->p)) {
		s->p++;
		return true;
	}
	if (s->p == s->end || *s->p != 'u')
		return broken(s, unknown);
	s->p++;
	for (int i = 0; i < 4; i++, s->p++) {
		if (s->p == s->end || hex_digit(*s->p) < 0)
			return broken(s, unknown);
	}
	return true;
}

/* Steps over the string that starts at s->p. */
static bool scan_string(struct scan *s, struct ek_span *span)
{
	*span = (struct ek_span){++s->p, 0};
	for (;;) {
		s->p = plain_end(s->p, s->end);
		if (s->p == s->end)
			return broken(s, cut);
		if (*s->p == '"')
			break;
		if (*s->p != '\\')
			return broken(s, "a control character inside a string");
		if (!skip_escape(s))
			return false;
	}
	span->n = (size_t)(s->p - span->p);
	s->p++;
	return true;
}

/* The next byte that is no white space, or 0 at the end; a NUL of the line's own fits nowhere. */
static char peek(struct scan *s)
{
	for (; s->p < s->end; s->p++) {
		if (*s->p != ' ' && *s->p != '\t' && *s->p != '\r' && *s->p != '\n')
			return *s->p;
	}
	return 0;
}

static bool skip_digits(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

/* Steps over one of @a and @b. */
static bool skip_either(struct scan *s, char a, char b)
{
	if (s->p == s->end || (*s->p != a && *s->p != b))
		return false;
	s->p++;
	return true;
}

static bool scan_number(struct scan *s, struct ek_span *span)
{
	const char *from = s->p;

	skip_either(s, '-', '-');
	if (!skip_either(s, '0', '0') && !skip_digits(s))
		return broken(s, "no value where one should be");
	if (skip_either(s, '.', '.') && !skip_digits(s))
		return broken(s, "a number without digits after its point");
	if (skip_either(s, 'e', 'E')) {
		skip_either(s, '+', '-');
		if (!skip_digits(s))
			return broken(s, "a number without digits in its exponent");
	}
	span->p = from;
	span->n = (size_t)(s->p - from);
	return true;
}

static bool skip_word(struct scan *s, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++, s->p++) {
		if (s->p == s->end || *s->p != word[i])
			return broken(s, "no value where one should be");
	}
	return true;
}

static bool open_container(struct scan *s)
{
	uint64_t bit = UINT64_C(1) << s->depth % 64;

	if (s->depth == EK_DEPTH_MAX)
		return broken(s, "nested too deep");
	s->objects = *s->p == '{' ? s->objects | bit : s->objects & ~bit;
	s->depth++;
	s->fresh = true;
	s->p++;
	return true;
}

/* Steps over a string, a number or a word, or into an object or an array. @span: text of a string
 * or a number; else untouched. */
static bool scan_value(struct scan *s, struct ek_span *span)
{
	switch (peek(s)) {
	case '"': return scan_string(s, span);
	case '{':
	case '[': return open_container(s);
	case 't': return skip_word(s, "true", 4);
	case 'f': return skip_word(s, "false", 5);
	case 'n': return skip_word(s, "null", 4);
	default: return scan_number(s, span);
	}
}

static bool scan_key(struct scan *s, struct ek_span *key)
{
	if (peek(s) != '"')
		return broken(s, "no key where one should be");
	if (!scan_string(s, key))
		return false;
	if (peek(s) != ':')
		return broken(s, "no colon after a key");
	s->p++;
	return true;
}

/* Steps to the next value of the innermost container; @key: its key, empty in an array.
 * Return: false where the container ended (it is closed then) or the line is broken (s->why) */
static bool next_element(struct scan *s, struct ek_span *key)
{
	bool object = s->objects >> (s->depth - 1) & 1;
	bool fresh = s->fresh;
	char c = peek(s);

	s->fresh = false;
	if (c == (object ? '}' : ']')) {
		s->p++;
		s->depth--;
		return false;
	}
	if (!fresh) {
		if (c != ',')
			return broken(s, "neither a comma nor the closing bracket");
		s->p++;
	}
	if (object)
		return scan_key(s, key);
	*key = nothing;
	return true;
}

/* Steps over the rest of all containers opened beyond @depth. */
static bool skip_to_depth(struct scan *s, unsigned depth)
{
	struct ek_span ignored;

	while (s->depth > depth) {
		if (next_element(s, &ignored)) {
			if (!scan_value(s, &ignored))
				return false;
		} else if (s->why) {
			return false;
		}
	}
	return true;
}

static bool skip_value(struct scan *s)
{
	unsigned depth = s->depth;
	struct ek_span ignored;

	return scan_value(s, &ignored) && skip_to_depth(s, depth);
}

/* Steps over a value and keeps its text, or that of the first element of an array (-e), where it
 * has one and @span has none yet. */
static bool take_text(struct scan *s, struct ek_span *span)
{
	unsigned depth = s->depth;
	struct ek_span text = {0}, key;
	bool array = peek(s) == '[';

	if (!scan_value(s, &text))
		return false;
	/* Of an array just opened, "no next element" can but mean that it is empty. */
	if (array && next_element(s, &key) && !scan_value(s, &text))
		return false;
	if (!span->p)
		*span = text;
	return skip_to_depth(s, depth);
}

static bool is(const struct ek_span *key, const char *text, size_t n)
{
	return key->n == n && memcmp(key->p, text, n) == 0;
}
#define IS(key, text) is(key, "" text, sizeof(text) - 1)

/* Walks the frame layer; in array form, as later versions may have it for repeated layers, the
 * first of them. What else it may be, {"filtered":"frame"} under -j or a string, has no number. */
static bool scan_frame(struct scan *s, struct found *f)
{
	unsigned depth = s->depth;
	struct ek_span key = nothing;
	bool ok;

	if (peek(s) == '[') {
		if (!open_container(s))
			return false;
		if (!next_element(s, &key))
			return true; /* an empty one, as in take_text() */
	}
	if (peek(s) != '{')
		return skip_value(s) && skip_to_depth(s, depth);
	if (!open_container(s))
		return false;
	while (next_element(s, &key)) {
		if (IS(&key, "frame_frame_number"))
			ok = take_text(s, &f->layer_number);
		else if (IS(&key, "frame_frame_protocols"))
			ok = take_text(s, &f->layer_protocols);
		else
			ok = skip_value(s);
		if (!ok)
			return false;
	}
	return !s->why && skip_to_depth(s, depth);
}

static bool scan_layers(struct scan *s, struct found *f)
{
	struct ek_span key = nothing;
	bool ok;

	if (peek(s) != '{')
		return skip_value(s);
	if (!open_container(s))
		return false;
	while (next_element(s, &key)) {
		if (IS(&key, "frame"))
			ok = scan_frame(s, f);
		else if (IS(&key, "frame_number"))
			ok = take_text(s, &f->layer_number);
		else if (IS(&key, "frame_protocols"))
			ok = take_text(s, &f->layer_protocols);
		else
			ok = skip_value(s);
		if (!ok)
			return false;
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

static bool scan_member(struct scan *s, struct found *f, const struct ek_span *key)
{
	unsigned field;

	if (IS(key, "layers")) {
		f->packet = true;
		return scan_layers(s, f);
	}
	if (IS(key, "timestamp")) {
		f->packet = true;
		return skip_value(s);
	}
	if (IS(key, "index")) {
		f->index = f->index || peek(s) == '{';
		return skip_value(s);
	}
	field = field_named(key, f->expected);
	if (field == EK_FIELDS)
		return skip_value(s);
	f->packet = true;
	f->expected = field + 1;
	return take_text(s, &f->r->field[field]);
}

static bool scan_line(struct scan *s, struct found *f)
{
	struct ek_span key = nothing;

	if (!open_container(s))
		return false;
	while (next_element(s, &key)) {
		if (!scan_member(s, f, &key))
			return false;
	}
	if (s->why)
		return false;
	if (peek(s) || s->p < s->end)
		return broken(s, "more after the object's end");
	return true;
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

void ek_record_scan(struct ek_record *r, const char *line, size_t n)
{
	struct scan s = {.p = line, .end = n ? line + n : line};
	struct found f = {.r = r};

	memset(r, 0, sizeof(*r));
	r->kind = EK_NOISE;
	if (peek(&s) != '{')
		return;
	if (!scan_line(&s, &f)) {
		/* Nothing of such a line is to be believed: it may be two lines run together. */
		memset(r, 0, sizeof(*r));
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

/* Reads the escape at @p, "\uXXXX" or two of them that make a pair. Return: bytes taken */
static size_t unescape_unicode(const char *p, const char *end, uint32_t *cp)
{
	int32_t unit = escaped_unit(p, end), low;

	if (unit < 0xd800 || unit > 0xdfff) {
		*cp = (uint32_t)unit;
		return 6;
	}
	*cp = 0xfffd;
	if (unit >= 0xdc00)
		return 6;
	low = escaped_unit(p + 6, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 6;
	*cp = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
	return 12;
}

size_t ek_unescape(struct ek_span s, char *out)
{
	const char *p = s.p, *end = s.n ? s.p + s.n : s.p, *from;
	size_t n = 0;
	uint32_t cp;

	while (p < end) {
		from = p;
		while (p < end && *p != '\\')
			p++;
		memcpy(out + n, from, (size_t)(p - from));
		n += (size_t)(p - from);
		if (p == end)
			break;
		if (end - p >= 2 && escaped_byte(p[1])) {
			out[n++] = escaped_byte(p[1]);
			p += 2;
		} else if (escaped_unit(p, end) >= 0) {
			p += unescape_unicode(p, end, &cp);
			n += utf8_put(cp, out + n);
		} else {
			out[n++] = *p++;
		}
	}
	return n;
}
