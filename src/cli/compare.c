/* compare.c - where two accounts of a capture differ, in words */
#include "cli/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/align.h"

/* Of a long text so much is shown, from a little before the place where it differs. */
#define SHOWN_BYTES  160u
#define BEFORE_BYTES 40u

/* Two accounts while they are compared. */
struct pair {
	struct compare *c;
	const char *label;
	const struct account *expected, *actual;
	int64_t shift; /* of ids: extra frames so far, less those missing */
};

/* ---- telling ---- */

/* Counts a difference. Return: whether it is to be told */
static bool differs(struct compare *c)
{
	return c->differences++ < c->max;
}

/* A text in quotes; null where there is none. */
static void put_text(struct buf *out, const char *p, size_t n, size_t differs_at)
{
	size_t from = differs_at > BEFORE_BYTES && n > SHOWN_BYTES ? differs_at - BEFORE_BYTES : 0;
	size_t shown;

	if (!p) {
		buf_puts(out, "null");
		return;
	}
	/* Not within a character. */
	while (from && from < n && ((unsigned char)p[from] & 0xc0) == 0x80)
		from--;
	if (from > n)
		from = n;
	shown = n - from;
	if (shown > SHOWN_BYTES) {
		shown = SHOWN_BYTES;
		while (shown && ((unsigned char)p[from + shown] & 0xc0) == 0x80)
			shown--;
	}
	buf_puts(out, from ? "..." : "");
	buf_json(out, p + from, shown);
	buf_puts(out, from + shown < n ? "..." : "");
}

static size_t first_difference(const char *a, size_t n, const char *b, size_t m)
{
	size_t i = 0;

	while (a && b && i < n && i < m && a[i] == b[i])
		i++;
	return i;
}

static void put_both(struct buf *out, const char *e, size_t n, const char *a, size_t m)
{
	size_t at = first_difference(e, n, a, m);

	buf_puts(out, ": expected ");
	put_text(out, e, n, at);
	buf_puts(out, ", actual ");
	put_text(out, a, m, at);
	buf_putc(out, '\n');
}

static bool tolerated(struct compare *c, const struct rules_case *one)
{
	const struct rule *rule = c->rules ? rules_find(c->rules, one) : NULL;

	if (!rule)
		return false;
	if (!c->by_rule) {
		c->by_rule = calloc(c->rules->count, sizeof(*c->by_rule));
		c->failed |= !c->by_rule;
	}
	if (c->by_rule)
		c->by_rule[rule - c->rules->rule]++;
	c->tolerated++;
	return true;
}

/* ---- exit and complaints ---- */

static void compare_exit(struct pair *p)
{
	if (p->expected->exit != p->actual->exit && differs(p->c))
		buf_printf(&p->c->text, "%s exit: expected %d, actual %d\n", p->label,
			   p->expected->exit, p->actual->exit);
}

static void compare_errors(struct pair *p)
{
	size_t most = p->expected->error_count > p->actual->error_count ? p->expected->error_count
									: p->actual->error_count;

	for (size_t i = 0; i < most; i++) {
		const char *e = i < p->expected->error_count ? p->expected->errors[i] : NULL;
		const char *a = i < p->actual->error_count ? p->actual->errors[i] : NULL;
		struct rules_case one = {.expected_version = p->expected->tshark,
					 .actual_version = p->actual->tshark,
					 .is_error = true,
					 .expected = e,
					 .actual = a,
					 .expected_n = e ? strlen(e) : 0,
					 .actual_n = a ? strlen(a) : 0};

		if ((e && a && strcmp(e, a) == 0) || tolerated(p->c, &one) || !differs(p->c))
			continue;
		buf_printf(&p->c->text, "%s error %zu", p->label, i + 1);
		put_both(&p->c->text, e, one.expected_n, a, one.actual_n);
	}
}

/* ---- sums ---- */

static void put_sum(struct buf *out, enum account_part part, const struct account_fact *fact)
{
	uint64_t count = fact ? fact->count : 0;

	buf_u64(out, count);
	if (account_part_has_bytes(part))
		buf_printf(out, " frame%s, %" PRIu64 " bytes", count == 1 ? "" : "s",
			   fact ? fact->bytes : 0);
}

static void tell_sum(struct pair *p, enum account_part part, const char *name,
		     const struct account_fact *e, const struct account_fact *a)
{
	struct buf *out = &p->c->text;

	if (!differs(p->c))
		return;
	buf_printf(out, "%s %s ", p->label, account_part_name(part));
	put_text(out, name, strlen(name), 0);
	buf_puts(out, ": expected ");
	put_sum(out, part, e);
	buf_puts(out, account_part_has_bytes(part) ? "; actual " : ", actual ");
	put_sum(out, part, a);
	buf_putc(out, '\n');
}

/* A protocol that one version calls otherwise has its frames under the other name. */
static bool is_renamed(struct pair *p, const struct account_fact *one, const struct account *other,
		       bool one_expected)
{
	for (size_t i = 0; i < other->fact_count; i++) {
		const struct account_fact *f = &other->facts[i];
		const char *e = one_expected ? one->name : f->name;
		const char *a = one_expected ? f->name : one->name;
		struct rules_case c = {.expected_version = p->expected->tshark,
				       .actual_version = p->actual->tshark,
				       .field = FIELD_PROTOCOL,
				       .protocol = e,
				       .expected = e,
				       .actual = a,
				       .expected_n = strlen(e),
				       .actual_n = strlen(a)};

		if (f->part == PART_PROTOCOLS && f->count == one->count && f->bytes == one->bytes &&
		    p->c->rules && rules_find(p->c->rules, &c))
			return !one_expected || tolerated(p->c, &c);
	}
	return false;
}

static void compare_sums(struct pair *p, enum account_part part)
{
	for (size_t i = 0; i < p->expected->fact_count; i++) {
		const struct account_fact *e = &p->expected->facts[i], *a;

		if (e->part != part)
			continue;
		a = account_find(p->actual, part, e->name);
		if (a && a->count == e->count && a->bytes == e->bytes)
			continue;
		if (a || part != PART_PROTOCOLS || !is_renamed(p, e, p->actual, true))
			tell_sum(p, part, e->name, e, a);
	}
	for (size_t i = 0; i < p->actual->fact_count; i++) {
		const struct account_fact *a = &p->actual->facts[i];

		if (a->part != part || account_find(p->expected, part, a->name))
			continue;
		if (part != PART_PROTOCOLS || !is_renamed(p, a, p->expected, false))
			tell_sum(p, part, a->name, NULL, a);
	}
}

/* ---- frames ---- */

static bool is_identity(enum account_field field)
{
	switch (field) {
	case FIELD_TS:
	case FIELD_LEN:
	case FIELD_CAPLEN:
	case FIELD_ETH_SRC:
	case FIELD_ETH_DST:
	case FIELD_ETHERTYPE:
	case FIELD_SPORT:
	case FIELD_DPORT:
	case FIELD_CRC: return true;
	default: return false;
	}
}

static const struct account_value *value_of(const struct account *a, size_t frame, unsigned i)
{
	return &a->values[frame * a->fields.count + i];
}

/* FNV-1a. */
static uint64_t hash(uint64_t h, const void *p, size_t n)
{
	const unsigned char *byte = p;

	while (n--)
		h = (h ^ *byte++) * UINT64_C(1099511628211);
	return h;
}

/* By the fields that the frame's bytes decide; where none of them was chosen, by all but the id. */
static uint64_t *make_keys(const struct account *a)
{
	uint64_t *key = malloc((a->frames + 1) * sizeof(*key));
	bool any = false;

	for (unsigned i = 0; i < a->fields.count; i++)
		any |= is_identity(a->fields.field[i]);
	for (size_t frame = 0; key && frame < a->frames; frame++) {
		key[frame] = UINT64_C(14695981039346656037);
		for (unsigned i = 0; i < a->fields.count; i++) {
			const struct account_value *v = value_of(a, frame, i);
			const char *text = account_text(a, v);

			if (a->fields.field[i] == FIELD_ID ||
			    (any && !is_identity(a->fields.field[i])))
				continue;
			key[frame] = hash(key[frame], &v->n, sizeof(v->n));
			if (text)
				key[frame] = hash(key[frame], text, v->n);
		}
	}
	return key;
}

static bool same(const struct pair *p, size_t e, size_t a, unsigned i)
{
	const struct account_value *v = value_of(p->expected, e, i), *w = value_of(p->actual, a, i);

	return v->n == w->n &&
	       (v->n == UINT32_MAX ||
		memcmp(account_text(p->expected, v), account_text(p->actual, w), v->n) == 0);
}

static unsigned count_differences(void *ctx, size_t e, size_t a)
{
	const struct pair *p = ctx;
	unsigned n = 0;

	for (unsigned i = 0; i < p->expected->fields.count; i++)
		n += p->expected->fields.field[i] != FIELD_ID && !same(p, e, a, i);
	return n;
}

/* The number that a person finds the frame by. */
static void put_number(struct buf *out, const struct account *a, size_t frame)
{
	int i = account_fields_have(&a->fields, FIELD_ID);
	const struct account_value *v = i < 0 ? NULL : value_of(a, frame, (unsigned)i);

	if (v && v->n != UINT32_MAX)
		buf_put(out, account_text(a, v), v->n);
	else
		buf_u64(out, frame + 1);
}

static void tell_alone(struct pair *p, const struct account *a, size_t frame, const char *what)
{
	struct buf *out = &p->c->text;
	const char *between = "";

	if (!differs(p->c))
		return;
	buf_printf(out, "%s frame ", p->label);
	put_number(out, a, frame);
	buf_printf(out, " is %s: ", what);
	for (unsigned i = 0; i < a->fields.count; i++) {
		const struct account_value *v = value_of(a, frame, i);
		const char *text = account_text(a, v);

		if (!text || a->fields.field[i] == FIELD_ID)
			continue;
		buf_printf(out, "%s%s ", between, account_field_name(a->fields.field[i]));
		put_text(out, text, v->n, 0);
		between = ", ";
	}
	buf_putc(out, '\n');
}

static int64_t id_of(const struct account *a, size_t frame, unsigned i)
{
	const struct account_value *v = value_of(a, frame, i);
	char text[24] = "";

	if (v->n < sizeof(text))
		memcpy(text, account_text(a, v), v->n);
	return strtoll(text, NULL, 10);
}

/* A jump in the ids is told once. */
static void compare_id(struct pair *p, size_t e, size_t a, unsigned i)
{
	int64_t want = id_of(p->expected, e, i) + p->shift, got = id_of(p->actual, a, i);

	if (want == got)
		return;
	p->shift += got - want;
	if (differs(p->c))
		buf_printf(&p->c->text,
			   "%s frame %" PRId64 " id: expected %" PRId64 ", actual %" PRId64 "\n",
			   p->label, id_of(p->expected, e, i), want, got);
}

static void compare_field(struct pair *p, size_t e, size_t a, unsigned i)
{
	const struct account_value *v = value_of(p->expected, e, i), *w = value_of(p->actual, a, i);
	int at = account_fields_have(&p->expected->fields, FIELD_PROTOCOL);
	const struct account_value *of = at < 0 ? NULL : value_of(p->expected, e, (unsigned)at);
	char protocol[64] = "";
	struct rules_case c = {.expected_version = p->expected->tshark,
			       .actual_version = p->actual->tshark,
			       .field = p->expected->fields.field[i],
			       .protocol = of ? protocol : NULL,
			       .expected = account_text(p->expected, v),
			       .actual = account_text(p->actual, w),
			       .expected_n = v->n,
			       .actual_n = w->n};

	if (of && of->n < sizeof(protocol))
		memcpy(protocol, account_text(p->expected, of), of->n);
	if (tolerated(p->c, &c) || !differs(p->c))
		return;
	buf_printf(&p->c->text, "%s frame ", p->label);
	put_number(&p->c->text, p->expected, e);
	buf_printf(&p->c->text, " %s", account_field_name(c.field));
	put_both(&p->c->text, c.expected, c.expected_n, c.actual, c.actual_n);
}

static void compare_frame(struct pair *p, size_t e, size_t a)
{
	for (unsigned i = 0; i < p->expected->fields.count; i++) {
		if (p->expected->fields.field[i] == FIELD_ID)
			compare_id(p, e, a, i);
		else if (!same(p, e, a, i))
			compare_field(p, e, a, i);
	}
}

/* In order of both, as they are aligned. */
static void walk(struct pair *p, const size_t *partner)
{
	size_t a = 0;

	for (size_t e = 0; e <= p->expected->frames; e++) {
		bool at_end = e == p->expected->frames;
		size_t to = at_end ? p->actual->frames : partner[e];

		for (; to != ALIGN_NONE && a < to; a++) {
			tell_alone(p, p->actual, a, "extra");
			p->shift++;
		}
		if (at_end)
			break;
		if (to == ALIGN_NONE) {
			tell_alone(p, p->expected, e, "missing");
			p->shift--;
		} else {
			compare_frame(p, e, to);
			a = to + 1;
		}
	}
}

static void compare_frames(struct pair *p)
{
	struct align_config config = {.a_n = p->expected->frames,
				      .b_n = p->actual->frames,
				      .differ = count_differences,
				      /* Frames of which three quarters differ are two. */
				      .worst = p->expected->fields.count * 3 / 4 + 2,
				      .ctx = p};
	uint64_t *a = make_keys(p->expected), *b = make_keys(p->actual);
	size_t *partner = malloc((p->expected->frames + 1) * sizeof(*partner));

	config.a_key = a;
	config.b_key = b;
	if (a && b && partner && align(&config, partner))
		walk(p, partner);
	else
		p->c->failed = true;
	free(a);
	free(b);
	free(partner);
}

void compare_accounts(struct compare *c, const char *label, unsigned parts,
		      const struct account *expected, const struct account *actual)
{
	/* What is short first: differences in the frames may well use up what is told. */
	static const enum account_part order[] = {PART_LEDGER,	  PART_SWITCH,
						  PART_FRAMES,	  PART_STATISTICS,
						  PART_PROTOCOLS, PART_CONVERSATIONS};
	struct pair p = {.c = c, .label = label, .expected = expected, .actual = actual};

	compare_exit(&p);
	compare_errors(&p);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!(parts >> order[i] & 1))
			continue;
		if (order[i] == PART_FRAMES)
			compare_frames(&p);
		else
			compare_sums(&p, order[i]);
	}
	c->failed |= c->text.failed;
}

void compare_end(struct compare *c)
{
	if (c->differences > c->max)
		buf_printf(&c->text, "and %" PRIu64 " more difference%s\n", c->differences - c->max,
			   c->differences - c->max == 1 ? "" : "s");
	for (size_t i = 0; c->by_rule && i < c->rules->count; i++) {
		if (c->by_rule[i])
			buf_printf(&c->text, "%" PRIu64 " tolerated by rule %s: %s\n",
				   c->by_rule[i], c->rules->rule[i].name, c->rules->rule[i].reason);
	}
	c->failed |= c->text.failed;
}

void compare_done(struct compare *c)
{
	buf_done(&c->text);
	free(c->by_rule);
	c->by_rule = NULL;
}
