/* ek_oracle.c - what a line of EK says, found out slowly and by other means than src/ek */
#include "oracle/ek_oracle.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Containers open at once, as src/ek/ek_record.h has it. */
#define DEPTH_MAX 64u

/* Titles of our columns and of tshark's own, which stand in the outer object. */
static const struct {
	const char *title, *or_title;
} titles[ORACLE_FIELDS] = {
	{"no", "no_"},
	{"src", "source"},
	{"dst", "destination"},
	{"proto", "protocol"},
	{"len", "length"},
	{"info", "info"},
	{"protocols", "protocols"},
	{"tcp_stream", "tcp_stream"},
	{"dns_name", "dns_name"},
	{"dns_response", "dns_response"},
	{"http_method", "http_method"},
	{"http_code", "http_code"},
	{"http_host", "http_host"},
	{"http_agent", "http_agent"},
	{"tls_type", "tls_type"},
	{"tls_sni", "tls_sni"},
	{"arp_opcode", "arp_opcode"},
	{"icmp_type", "icmp_type"},
	{"icmp_code", "icmp_code"},
	{"icmpv6_type", "icmpv6_type"},
	{"icmpv6_code", "icmpv6_code"},
	{"udp_stream", "udp_stream"},
	{"dns_type", "dns_type"},
	{"dns_rcode", "dns_rcode"},
	{"http2", "http2"},
	{"addresses", "addresses"},
	{"arp_addresses", "arp_addresses"},
};
#define FIELD_NUMBER	0
#define FIELD_PROTOCOLS 6

void oracle_init(struct oracle *o)
{
	memset(o, 0, sizeof(*o));
	check(!regcomp(&o->json_number, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$",
		       REG_EXTENDED | REG_NOSUB));
	/* 2^53 has 16 digits. */
	check(!regcomp(&o->frame_number, "^[1-9][0-9]{0,15}$", REG_EXTENDED | REG_NOSUB));
}

/* json_tokener_reset() (0.16) does not forget half of a surrogate pair that broken text ended with.
 */
static void tokener_renew(struct oracle *o)
{
	if (o->tokener)
		json_tokener_free(o->tokener);
	o->tokener = json_tokener_new_ex(DEPTH_MAX + 2);
	check(o->tokener);
}

static void forget(struct oracle *o)
{
	for (size_t i = 0; i < o->n; i++) {
		json_object_put(o->node[i].key);
		json_object_put(o->node[i].value);
	}
	o->n = 0;
}

void oracle_done(struct oracle *o)
{
	forget(o);
	free(o->node);
	regfree(&o->json_number);
	regfree(&o->frame_number);
	if (o->tokener)
		json_tokener_free(o->tokener);
}

/* ---- the grammar ---- */

static char peek(const struct oracle *o, size_t *at)
{
	while (*at < o->line_n && o->line[*at] && strchr(" \t\r\n", o->line[*at]))
		++*at;
	return *at < o->line_n ? o->line[*at] : '\0';
}

/* The string at @at, by json-c. Return: NULL where there is none, or one that RFC 8259 would not
 * have; @at is behind its end, and *from and *n between its quotes */
static struct json_object *string(struct oracle *o, size_t *at, size_t *from, size_t *n)
{
	size_t left = o->line_n - *at;
	struct json_object *s;

	json_tokener_reset(o->tokener);
	json_tokener_set_flags(o->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	s = json_tokener_parse_ex(o->tokener, o->line + *at, left < INT_MAX ? (int)left : INT_MAX);
	if (!s)
		return NULL;
	check(json_object_is_type(s, json_type_string));
	*from = *at + 1;
	/* Its end has white space behind the string, too. */
	for (*at += json_tokener_get_parse_end(o->tokener); o->line[*at - 1] != '"';)
		--*at;
	*n = *at - 1 - *from;
	for (size_t i = *from; i < *from + *n; i++) {
		if ((unsigned char)o->line[i] < 0x20) {
			json_object_put(s);
			return NULL;
		}
	}
	return s;
}

static bool matches(const regex_t *re, const char *p, size_t n)
{
	char *text = malloc(n + 1);
	bool yes;

	check(text);
	memcpy(text, p, n);
	text[n] = '\0';
	yes = strlen(text) == n && regexec(re, text, 0, NULL, 0) == 0;
	free(text);
	return yes;
}

static bool number(struct oracle *o, size_t *at)
{
	const char *p = o->line + *at;
	size_t n = 0;

	while (n < o->line_n - *at && p[n] && strchr("+-.0123456789eE", p[n]))
		n++;
	*at += n;
	return matches(&o->json_number, p, n);
}

static bool word(const struct oracle *o, size_t *at, const char *text)
{
	size_t n = strlen(text);

	if (o->line_n - *at < n || memcmp(o->line + *at, text, n) != 0)
		return false;
	*at += n;
	return true;
}

/* Borrowed until the next. */
static struct oracle_node *node_add(struct oracle *o)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->node = realloc(o->node, o->cap * sizeof(*o->node));
		check(o->node);
	}
	memset(&o->node[o->n], 0, sizeof(*o->node));
	return &o->node[o->n++];
}

static bool value(struct oracle *o, size_t *at, unsigned depth, const struct oracle_node *key);

/* The members of a container whose bracket is at @at. */
static bool members(struct oracle *o, size_t *at, unsigned depth)
{
	bool object = o->line[*at] == '{';
	char closing = object ? '}' : ']';

	++*at;
	if (peek(o, at) == closing)
		return word(o, at, object ? "}" : "]");
	do {
		struct oracle_node key = {0};

		if (object) {
			if (peek(o, at) != '"')
				return false;
			key.key = string(o, at, &key.key_at, &key.key_n);
			if (!key.key)
				return false;
			if (peek(o, at) != ':') {
				json_object_put(key.key);
				return false;
			}
			++*at;
		}
		if (!value(o, at, depth, &key))
			return false;
		if (peek(o, at) == closing)
			return word(o, at, object ? "}" : "]");
	} while (word(o, at, ","));
	return false;
}

/* @key: its key, now the node's */
static bool value(struct oracle *o, size_t *at, unsigned depth, const struct oracle_node *key)
{
	char kind = peek(o, at);
	size_t i = o->n, from = *at, n;
	struct oracle_node *node = node_add(o);
	bool ok;

	*node = *key;
	node->depth = depth;
	node->kind = kind == '-' || (kind >= '1' && kind <= '9') ? '0' : kind;
	switch (node->kind) {
	case '{':
	case '[': ok = depth < DEPTH_MAX && members(o, at, depth + 1); break;
	case '"':
		node->value = string(o, at, &node->at, &node->n);
		node->end = o->n;
		return node->value;
	case 't': ok = word(o, at, "true"); break;
	case 'f': ok = word(o, at, "false"); break;
	case 'n': ok = word(o, at, "null"); break;
	default: ok = number(o, at); break;
	}
	n = *at - from;
	node = &o->node[i]; /* they may have moved */
	node->at = from;
	node->n = n;
	node->end = o->n;
	return ok;
}

/* ---- what a packet says ---- */

static bool key_is(const struct oracle *o, size_t i, const char *key)
{
	const struct oracle_node *node = &o->node[i];

	return node->key_n == strlen(key) && memcmp(o->line + node->key_at, key, node->key_n) == 0;
}

/* The node that holds the text of a value: itself, or its first element. */
static size_t text_of(const struct oracle *o, size_t i)
{
	if (o->node[i].kind == '[' && o->node[i].end > i + 1)
		i++;
	return o->node[i].kind == '"' || o->node[i].kind == '0' ? i : ORACLE_NONE;
}

static void keep_first(const struct oracle *o, size_t *kept, size_t i)
{
	if (*kept == ORACLE_NONE)
		*kept = text_of(o, i);
}

static uint64_t frame_number(const struct oracle *o, size_t i)
{
	char digits[17] = "";
	uint64_t v;

	if (i == ORACLE_NONE || !matches(&o->frame_number, o->line + o->node[i].at, o->node[i].n))
		return 0;
	memcpy(digits, o->line + o->node[i].at, o->node[i].n);
	v = strtoull(digits, NULL, 10);
	return v < UINT64_C(1) << 53 ? v : 0;
}

#define EACH_CHILD(o, i, of)     \
	(i) = (of) + 1;          \
	(i) < (o)->node[of].end; \
	(i) = (o)->node[i].end

static void layers(const struct oracle *o, size_t of, size_t *number_at, size_t *protocols_at)
{
	size_t i, k, frame;

	if (o->node[of].kind != '{')
		return;
	for (EACH_CHILD(o, i, of)) {
		if (key_is(o, i, "frame_number"))
			keep_first(o, number_at, i);
		if (key_is(o, i, "frame_protocols"))
			keep_first(o, protocols_at, i);
		if (!key_is(o, i, "frame"))
			continue;
		frame = o->node[i].kind == '[' && o->node[i].end > i + 1 ? i + 1 : i;
		if (o->node[frame].kind != '{')
			continue;
		for (EACH_CHILD(o, k, frame)) {
			if (key_is(o, k, "frame_frame_number"))
				keep_first(o, number_at, k);
			if (key_is(o, k, "frame_frame_protocols"))
				keep_first(o, protocols_at, k);
		}
	}
}

static void packet(struct oracle *o)
{
	size_t number_at = ORACLE_NONE, protocols_at = ORACLE_NONE, i;
	size_t *protocols = &o->field[FIELD_PROTOCOLS];

	o->kind = ORACLE_OTHER;
	for (EACH_CHILD(o, i, 0)) {
		bool is_packet = key_is(o, i, "timestamp");

		if (key_is(o, i, "layers")) {
			is_packet = true;
			layers(o, i, &number_at, &protocols_at);
		}
		for (unsigned f = 0; f < ORACLE_FIELDS; f++) {
			if (key_is(o, i, titles[f].title) || key_is(o, i, titles[f].or_title)) {
				is_packet = true;
				keep_first(o, &o->field[f], i);
			}
		}
		if (is_packet)
			o->kind = ORACLE_PACKET;
		if (o->kind != ORACLE_PACKET && key_is(o, i, "index") && o->node[i].kind == '{')
			o->kind = ORACLE_INDEX;
	}
	o->number = frame_number(o, o->field[FIELD_NUMBER]);
	if (!o->number && (o->number = frame_number(o, number_at)))
		o->field[FIELD_NUMBER] = number_at;
	if (protocols_at != ORACLE_NONE && (*protocols == ORACLE_NONE || !o->node[*protocols].n))
		*protocols = protocols_at;
}

/* json-c has to take the whole of what is accepted, too. */
static void check_whole(struct oracle *o)
{
	struct json_object *whole;

	if (o->line_n > INT_MAX)
		return;
	json_tokener_reset(o->tokener);
	json_tokener_set_flags(o->tokener, 0);
	whole = json_tokener_parse_ex(o->tokener, o->line, (int)o->line_n);
	check(whole && json_object_is_type(whole, json_type_object));
	json_object_put(whole);
}

void oracle_read(struct oracle *o, const char *line, size_t n)
{
	const struct oracle_node none = {0};
	size_t at = 0;

	forget(o);
	if (!o->tokener || o->verdict == ORACLE_REFUSED)
		tokener_renew(o);
	o->line = line;
	o->line_n = n;
	o->kind = ORACLE_OTHER;
	o->number = 0;
	for (unsigned f = 0; f < ORACLE_FIELDS; f++)
		o->field[f] = ORACLE_NONE;
	o->verdict = ORACLE_NO_OBJECT;
	if (peek(o, &at) != '{')
		return;
	o->verdict = ORACLE_REFUSED;
	if (!value(o, &at, 0, &none) || peek(o, &at) || at < n)
		return;
	o->verdict = ORACLE_ACCEPTED;
	check_whole(o);
	packet(o);
}
