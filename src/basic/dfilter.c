/* dfilter.c - text of a display filter compiled into a program
 *
 * Operator precedence with a stack of our own, so that depth is a number and not the C stack's.
 * Each "and" and "or" becomes a jump behind its left side, which is passed over where that side
 * decides, and an instruction that joins the two.
 */
#include "basic/dfilter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "basic/dfilter_private.h"

enum token {
	T_END,
	T_WORD,
	T_COMPARE,
	T_AND,
	T_OR,
	T_NOT,
	T_IN,
	T_OPEN,
	T_CLOSE,
	T_SET_OPEN,
	T_SET_CLOSE,
	T_COMMA,
	T_TO, /* ".." */
	T_BITS,
	T_BEYOND, /* what tshark has a use for and we have not */
	T_WRONG,
};

enum compare {
	C_ANY_EQ,
	C_ALL_NE,
	C_ALL_EQ,
	C_ANY_NE,
	C_GT,
	C_GE,
	C_LT,
	C_LE,
};

/* An operator whose right side, or parenthesis whose end, is still to come. */
struct pending {
	uint8_t token; /* T_OPEN, T_NOT, T_AND, T_OR */
	uint32_t jump; /* of T_AND, T_OR: the instruction that goes over the right side */
	uint32_t at;
};

/* On each level of parentheses an "or", an "and" and a "not" may wait. */
#define PENDING_MAX (4 * (DFILTER_DEPTH_MAX + 1))

/* A test takes a jump, itself and a joining instruction; negations are at most as many as bytes. */
#define INSNS_MAX (DFILTER_TESTS_MAX * 3 + DFILTER_TEXT_MAX)

struct parse {
	const char *text;
	uint32_t at, end; /* of the token that is looked at */
	enum token token;
	enum compare compare; /* of T_COMPARE */
	struct dfilter_error *err;
	struct pending pending[PENDING_MAX];
	unsigned pendings, depth;
	struct dfilter_insn insn[INSNS_MAX];
	struct dfilter_range range[DFILTER_RANGES_MAX];
	uint32_t insns, ranges, tests;
};

__attribute__((format(printf, 5, 6))) static bool
refuse(struct parse *p, enum dfilter_fault fault, uint32_t at, uint32_t n, const char *fmt, ...)
{
	va_list args;

	p->err->fault = fault;
	p->err->at = at;
	p->err->n = n;
	va_start(args, fmt);
	vsnprintf(p->err->text, sizeof(p->err->text), fmt, args);
	va_end(args);
	return false;
}

/* The token that is looked at, as far as it is shown: "%.*s" of these two. */
#define SHOWN_MAX 60u
#define SHOWN(p) \
	(int)((p)->end - (p)->at < SHOWN_MAX ? (p)->end - (p)->at : SHOWN_MAX), (p)->text + (p)->at

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("_.:/-", c));
}

struct keyword {
	const char *text;
	uint8_t token, compare;
};

/* The longest first where one begins another. */
static const struct keyword symbols[] = {
	{"===", T_COMPARE, C_ALL_EQ},
	{"!==", T_COMPARE, C_ANY_NE},
	{"==", T_COMPARE, C_ANY_EQ},
	{"!=", T_COMPARE, C_ALL_NE},
	{"~=", T_COMPARE, C_ANY_NE},
	{">=", T_COMPARE, C_GE},
	{"<=", T_COMPARE, C_LE},
	{"&&", T_AND, 0},
	{"||", T_OR, 0},
	{"..", T_TO, 0},
	{">", T_COMPARE, C_GT},
	{"<", T_COMPARE, C_LT},
	{"!", T_NOT, 0},
	{"(", T_OPEN, 0},
	{")", T_CLOSE, 0},
	{"{", T_SET_OPEN, 0},
	{"}", T_SET_CLOSE, 0},
	{",", T_COMMA, 0},
	{"&", T_BITS, 0},
};

static const struct keyword words[] = {
	{"and", T_AND, 0},
	{"or", T_OR, 0},
	{"not", T_NOT, 0},
	{"in", T_IN, 0},
	{"bitwise_and", T_BITS, 0},
	{"eq", T_COMPARE, C_ANY_EQ},
	{"any_eq", T_COMPARE, C_ANY_EQ},
	{"ne", T_COMPARE, C_ALL_NE},
	{"all_ne", T_COMPARE, C_ALL_NE},
	{"all_eq", T_COMPARE, C_ALL_EQ},
	{"any_ne", T_COMPARE, C_ANY_NE},
	{"gt", T_COMPARE, C_GT},
	{"ge", T_COMPARE, C_GE},
	{"lt", T_COMPARE, C_LT},
	{"le", T_COMPARE, C_LE},
	{"contains", T_BEYOND, 0},
	{"matches", T_BEYOND, 0},
	{"any", T_BEYOND, 0},
	{"all", T_BEYOND, 0},
};

static void scan_word(struct parse *p)
{
	const char *s = p->text + p->at;
	uint32_t n = 1;

	while (is_word_char(s[n]) && !(s[n] == '.' && s[n + 1] == '.'))
		n++;
	p->end = p->at + n;
	p->token = T_WORD;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].text) == n && !memcmp(words[i].text, s, n)) {
			p->token = words[i].token;
			p->compare = words[i].compare;
		}
}

static void next(struct parse *p)
{
	const char *s;

	p->at = p->end + (uint32_t)strspn(p->text + p->end, " \t\r\n");
	p->end = p->at;
	s = p->text + p->at;
	p->token = T_END;
	if (!*s)
		return;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (!strncmp(s, symbols[i].text, strlen(symbols[i].text))) {
			p->token = symbols[i].token;
			p->compare = symbols[i].compare;
			p->end += (uint32_t)strlen(symbols[i].text);
			return;
		}
	if (is_word_char(*s)) {
		scan_word(p);
		return;
	}
	p->end++;
	p->token = strchr("+*%[]#@$\"'~", *s) ? T_BEYOND : T_WRONG;
}

/* What came is not what may come here. */
static bool unexpected(struct parse *p, const char *wanted)
{
	if (p->token == T_END)
		return refuse(p, DFILTER_SYNTAX, p->at, 0, "the filter ends where %s should follow",
			      wanted);
	if (p->token == T_WRONG)
		return refuse(p, DFILTER_SYNTAX, p->at, p->end - p->at,
			      "a character that no filter has; %s should follow", wanted);
	if (p->token == T_BEYOND || p->token == T_BITS || p->token == T_SET_OPEN ||
	    (p->token == T_WORD && p->text[p->at] == '-'))
		return refuse(
			p, DFILTER_BEYOND, p->at, p->end - p->at,
			"\"%.*s\" takes tshark; without it fields are compared by == != < > <= "
			">= === !== in and &",
			SHOWN(p));
	return refuse(p, DFILTER_SYNTAX, p->at, p->end - p->at, "\"%.*s\" where %s should follow",
		      SHOWN(p), wanted);
}

static struct dfilter_insn *emit(struct parse *p, enum dfilter_op op)
{
	struct dfilter_insn *in = &p->insn[p->insns];

	check(p->insns < INSNS_MAX);
	*in = (struct dfilter_insn){.op = (uint8_t)op, .mask = UINT64_MAX};
	p->insns++;
	return in;
}

static void add_range(struct parse *p, struct dfilter_insn *in, struct dfilter_range r)
{
	check(p->ranges < DFILTER_RANGES_MAX);
	p->range[p->ranges++] = r;
	in->ranges++;
}

static const char *kind(const struct dfilter_field *field)
{
	static const char *const kinds[] = {
		[DFILTER_HEADER] = "value",	 [DFILTER_BOOL] = "True, False or number",
		[DFILTER_UINT] = "number",	 [DFILTER_ETHER] = "Ethernet address",
		[DFILTER_IPV4] = "IPv4 address", [DFILTER_INET6] = "IPv6 address",
	};

	return kinds[field->type];
}

/* Whether tshark takes such a word for no value either. Others may be names, or fields. */
static bool is_wrong(const struct dfilter_field *field, const char *s, uint32_t n)
{
	switch ((enum dfilter_type)field->type) {
	case DFILTER_UINT: return *s >= '0' && *s <= '9';
	case DFILTER_IPV4: return strspn(s, "0123456789.") >= n;
	case DFILTER_INET6: return memchr(s, ':', n) != NULL;
	default: return false;
	}
}

/* A value of @field, and go on behind it. */
static bool value(struct parse *p, const struct dfilter_field *field, bool prefix,
		  struct dfilter_range *out)
{
	uint32_t n = p->end - p->at;

	if (p->token != T_WORD)
		return unexpected(p, "a value");
	if (p->text[p->at] == '-')
		return unexpected(p, "a value");
	switch (dfilter_literal(field, p->text + p->at, n, prefix, out)) {
	case DFILTER_LITERAL_OK: next(p); return true;
	case DFILTER_LITERAL_LARGE:
		return refuse(p, DFILTER_SYNTAX, p->at, n,
			      "%.*s is too large for %s, which ends at %u", SHOWN(p), field->name,
			      field->max);
	case DFILTER_LITERAL_PREFIX:
		/* "/010" is 8 for tshark, and "> 10.0.0.0/8" is something. */
		return refuse(
			p,
			prefix && !memmem(p->text + p->at, n, "/0", 2) ? DFILTER_SYNTAX
								       : DFILTER_BEYOND,
			p->at, n,
			"%.*s: a prefix length is from 0 to %u, and goes with == and != or alone in a set",
			SHOWN(p), field->type == DFILTER_IPV4 ? 32u : 128u);
	case DFILTER_LITERAL_BAD: break;
	}
	return refuse(p, is_wrong(field, p->text + p->at, n) ? DFILTER_SYNTAX : DFILTER_BEYOND,
		      p->at, n, "%.*s is no %s, which %s is compared with here", SHOWN(p),
		      kind(field), field->name);
}

/* Behind a comparison; the value that @in compares with. */
static bool compared(struct parse *p, const struct dfilter_field *field, enum compare c,
		     struct dfilter_insn *in)
{
	static const struct dfilter_value zero, largest = {UINT64_MAX, UINT64_MAX};
	struct dfilter_range r = {{0, 0}, {0, 0}};

	in->op = c == C_ALL_EQ || c == C_ALL_NE ? DFILTER_ALL : DFILTER_ANY;
	/* An "is not below" for "is at least": all fields here have an order without holes. */
	in->negated = c == C_ALL_NE || c == C_ANY_NE || c == C_GT || c == C_LT;
	if (!value(p, field, c <= C_ANY_NE, &r))
		return false;
	if (c == C_GT || c == C_LE)
		r.low = zero;
	else if (c == C_LT || c == C_GE)
		r.high = largest;
	add_range(p, in, r);
	return true;
}

static bool set(struct parse *p, const struct dfilter_field *field, struct dfilter_insn *in)
{
	in->op = DFILTER_ANY;
	if (p->token != T_SET_OPEN)
		return unexpected(p, "a set in braces");
	do {
		struct dfilter_range r = {{0, 0}, {0, 0}}, to = r;
		uint32_t at, n;

		next(p);
		at = p->at;
		n = p->end - p->at;
		if (!value(p, field, true, &r))
			return false;
		if (p->token == T_TO) {
			if (memchr(p->text + at, '/', n))
				return refuse(p, DFILTER_BEYOND, at, n,
					      "a range goes from one address to another");
			next(p);
			if (!value(p, field, false, &to))
				return false;
			r.high = to.high;
		}
		add_range(p, in, r);
	} while (p->token == T_COMMA);
	if (p->token != T_SET_CLOSE)
		return unexpected(p, "\",\", \"..\" or \"}\"");
	next(p);
	return true;
}

/* FIELD & BITS, alone or compared. */
static bool bits(struct parse *p, const struct dfilter_field *field, struct dfilter_insn *in)
{
	struct dfilter_range r = {{0, 0}, {0, 0}};
	enum compare c;

	if (field->type != DFILTER_UINT)
		return refuse(p, DFILTER_BEYOND, p->at, p->end - p->at,
			      "& is for numbers here; %s is none", field->name);
	next(p);
	if (!value(p, field, false, &r))
		return false;
	in->mask = r.low.lo;
	if (p->token == T_COMPARE) {
		c = p->compare;
		next(p);
		return compared(p, field, c, in);
	}
	in->op = DFILTER_ANY;
	in->negated = true;
	add_range(p, in, (struct dfilter_range){{0, 0}, {0, 0}});
	return true;
}

static const struct dfilter_field *field_here(struct parse *p)
{
	const struct dfilter_field *field;

	if (p->token != T_WORD) {
		unexpected(p, "a field");
		return NULL;
	}
	field = dfilter_field(p->text + p->at, p->end - p->at);
	if (!field)
		refuse(p, DFILTER_BEYOND, p->at, p->end - p->at,
		       "\"%.*s\" is no field that is known without tshark; known are those of frame, "
		       "eth, vlan, arp, ip, ipv6, icmp, icmpv6, tcp, udp and sctp headers",
		       SHOWN(p));
	return field;
}

/* A field with what is asked of it. */
static bool test(struct parse *p)
{
	const struct dfilter_field *field = field_here(p);
	struct dfilter_insn *in;
	bool negated = false;
	enum compare c;

	if (!field)
		return false;
	check(p->tests++ < DFILTER_TESTS_MAX);
	in = emit(p, DFILTER_EXISTS);
	in->field = field->id;
	in->layer = field->layer;
	in->wide = field->type == DFILTER_INET6;
	in->first = p->ranges;
	next(p);
	if (field->type == DFILTER_BOOL)
		in->bit = (uint8_t)field->max;
	if (p->token == T_NOT) {
		negated = true;
		next(p);
		if (p->token != T_IN)
			return unexpected(p, "\"in\"");
	}
	if (field->type == DFILTER_HEADER &&
	    (p->token == T_COMPARE || p->token == T_BITS || p->token == T_IN))
		return refuse(
			p, DFILTER_BEYOND, p->at, p->end - p->at,
			"bytes of a header take tshark; \"%s\" alone asks whether it is there",
			field->name);
	switch (p->token) {
	case T_COMPARE:
		c = p->compare;
		next(p);
		if (!compared(p, field, c, in))
			return false;
		break;
	case T_BITS: return bits(p, field, in);
	case T_IN:
		next(p);
		if (!set(p, field, in))
			return false;
		if (negated)
			emit(p, DFILTER_NOT);
		break;
	default: break;
	}
	return true;
}

/* Join what waits and binds tighter than @token, or as tight; all of it down to a parenthesis for
 * others. */
static void join(struct parse *p, enum token token)
{
	while (p->pendings) {
		struct pending *o = &p->pending[p->pendings - 1];

		if (o->token == T_OPEN || (token == T_AND && o->token == T_OR))
			return;
		if (o->token == T_NOT) {
			emit(p, DFILTER_NOT);
			p->depth--;
		} else {
			emit(p, o->token == T_AND ? DFILTER_AND : DFILTER_OR);
			p->insn[o->jump].to = p->insns;
		}
		p->pendings--;
	}
}

static void push(struct parse *p, enum token token, uint32_t jump)
{
	check(p->pendings < PENDING_MAX);
	p->pending[p->pendings++] =
		(struct pending){.token = (uint8_t)token, .jump = jump, .at = p->at};
}

/* What may stand in front of a test. */
static bool prefixes(struct parse *p)
{
	while (p->token == T_NOT || p->token == T_OPEN) {
		/* Two negations in a row are none. */
		if (p->token == T_NOT && p->pendings &&
		    p->pending[p->pendings - 1].token == T_NOT) {
			p->pendings--;
			p->depth--;
		} else if (p->depth == DFILTER_DEPTH_MAX) {
			return refuse(p, DFILTER_BEYOND, p->at, p->end - p->at,
				      "more than %u parentheses and negations within each other",
				      DFILTER_DEPTH_MAX);
		} else {
			push(p, p->token, 0);
			p->depth++;
		}
		next(p);
	}
	return true;
}

static bool closes(struct parse *p)
{
	while (p->token == T_CLOSE) {
		join(p, T_CLOSE);
		if (!p->pendings)
			return refuse(p, DFILTER_SYNTAX, p->at, 1,
				      "\")\" without a \"(\" before it");
		p->pendings--;
		p->depth--;
		next(p);
	}
	return true;
}

static bool expression(struct parse *p)
{
	for (;;) {
		if (!prefixes(p) || !test(p) || !closes(p))
			return false;
		if (p->token != T_AND && p->token != T_OR)
			break;
		join(p, p->token);
		push(p, p->token, p->insns);
		emit(p, p->token == T_AND ? DFILTER_UNLESS_NO : DFILTER_UNLESS_YES);
		next(p);
	}
	join(p, T_END);
	if (p->token != T_END)
		return unexpected(p, "\"and\", \"or\" or the end");
	if (p->pendings)
		return refuse(p, DFILTER_SYNTAX, p->pending[p->pendings - 1].at, 1,
			      "\"(\" without a \")\" behind it");
	return true;
}

static struct dfilter *finish(const struct parse *p)
{
	size_t insns = p->insns * sizeof(p->insn[0]), ranges = p->ranges * sizeof(p->range[0]);
	struct dfilter *f = calloc(1, sizeof(*f) + insns + ranges);

	static_assert(sizeof(struct dfilter_insn) % _Alignof(struct dfilter_range) == 0,
		      "ranges lie behind instructions");
	if (!f)
		return NULL;
	f->insns = p->insns;
	f->ranges = p->ranges;
	f->range = (struct dfilter_range *)((unsigned char *)f->insn + insns);
	memcpy(f->insn, p->insn, insns);
	memcpy(f->range, p->range, ranges);
	dfilter_sure_init(f);
	return f;
}

struct dfilter *dfilter_compile(const char *text, struct dfilter_error *err)
{
	struct parse *p = calloc(1, sizeof(*p));
	struct dfilter *f = NULL;
	size_t n = strlen(text);

	*err = (struct dfilter_error){.fault = DFILTER_MEMORY, .text = "out of memory"};
	if (!p)
		return NULL;
	p->text = text;
	p->err = err;
	if (n > DFILTER_TEXT_MAX) {
		refuse(p, DFILTER_BEYOND, DFILTER_TEXT_MAX, (uint32_t)(n - DFILTER_TEXT_MAX),
		       "a filter has %u bytes at most", DFILTER_TEXT_MAX);
	} else {
		next(p);
		if (p->token == T_END || expression(p))
			f = finish(p);
	}
	free(p);
	return f;
}
