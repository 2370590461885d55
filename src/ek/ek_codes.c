/* ek_codes.c - columns of codes as numbers */
#include "ek/ek_codes.h"

#include <string.h>

static const struct {
	enum ek_field field;
	const char *key; /* in the layers */
} codes[] = {
	{EK_DNS_RESPONSE, "dns_dns_flags_response"},
	{EK_DNS_TYPE, "dns_dns_qry_type"},
	{EK_DNS_RCODE, "dns_dns_flags_rcode"},
	{EK_TLS_TYPE, "tls_tls_record_content_type"},
	{EK_ARP_OPCODE, "arp_arp_opcode"},
	{EK_ICMP_TYPE, "icmp_icmp_type"},
	{EK_ICMP_CODE, "icmp_icmp_code"},
	{EK_ICMPV6_TYPE, "icmpv6_icmpv6_type"},
	{EK_ICMPV6_CODE, "icmpv6_icmpv6_code"},
};

#define CODES (sizeof(codes) / sizeof(codes[0]))

static bool is_settled(struct ek_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != ',')
			return false;
	}
	return true;
}

static bool equals(struct ek_span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* The commonest, and no tree is needed for it. */
static bool settle_bit(struct ek_span *s)
{
	if (equals(*s, "True"))
		*s = (struct ek_span){"1", 1};
	else if (equals(*s, "False"))
		*s = (struct ek_span){"0", 1};
	else
		return false;
	return true;
}

static void put_value(struct buf *b, const struct ek_tree *t, uint32_t i)
{
	struct ek_span s = ek_tree_text(t, i);

	switch (t->node[i].kind) {
	case EK_NODE_STRING:
	case EK_NODE_NUMBER: buf_put(b, s.p, s.n); break;
	case EK_NODE_TRUE: buf_putc(b, '1'); break;
	case EK_NODE_FALSE: buf_putc(b, '0'); break;
	default: return;
	}
	buf_putc(b, ',');
}

/* All values of a key, wherever in the layers, each followed by a comma. */
static void put_values(struct buf *b, const struct ek_tree *t, const char *key)
{
	for (uint32_t i = 1; i < t->n; i++) {
		struct ek_span k = ek_tree_key(t, i);

		if (!k.p || !equals(k, key))
			continue;
		put_value(b, t, i);
		for (uint32_t e = i + 1; t->node[i].kind == EK_NODE_ARRAY && e < t->node[i].end;
		     e = t->node[e].end)
			put_value(b, t, e);
	}
}

void ek_codes_done(struct ek_codes *c)
{
	ek_tree_done(&c->tree);
	buf_done(&c->text);
}

void ek_codes_settle(struct ek_codes *c, struct ek_record *r, const char *line, size_t n)
{
	size_t at[CODES + 1];
	bool named[CODES], any = false;

	for (unsigned i = 0; i < CODES; i++) {
		struct ek_span *s = &r->field[codes[i].field];

		named[i] = s->n && !is_settled(*s) && !settle_bit(s);
		any |= named[i];
	}
	if (!any || ek_tree_build(&c->tree, line, n) != EK_TREE_OK)
		return;
	c->text.n = 0;
	for (unsigned i = 0; i < CODES; i++) {
		at[i] = c->text.n;
		if (named[i])
			put_values(&c->text, &c->tree, codes[i].key);
	}
	at[CODES] = c->text.n;
	/* Spans are set once the text has stopped moving. */
	for (unsigned i = 0; i < CODES && !c->text.failed; i++) {
		if (at[i + 1] > at[i])
			r->field[codes[i].field] =
				(struct ek_span){c->text.p + at[i], at[i + 1] - at[i] - 1};
	}
	if (c->text.failed)
		buf_done(&c->text);
}
