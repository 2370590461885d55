/* dfilter_match.c - a compiled display filter run on a frame */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "basic/basic_names.h"
#include "basic/dfilter_private.h"

typedef struct dfilter_value values[DFILTER_VALUES_MAX];

static struct dfilter_value of_u(uint64_t v)
{
	return (struct dfilter_value){0, v};
}

static struct dfilter_value of_mac(const unsigned char mac[6])
{
	return of_u((uint64_t)be16_load(mac) << 32 | be32_load(mac + 2));
}

static struct dfilter_value of_ipv6(const unsigned char a[16])
{
	return (struct dfilter_value){(uint64_t)be32_load(a) << 32 | be32_load(a + 4),
				      (uint64_t)be32_load(a + 8) << 32 | be32_load(a + 12)};
}

static unsigned one(values v, uint64_t n)
{
	v[0] = of_u(n);
	return 1;
}

static unsigned load_frame(const struct dfilter_frame *fr, uint8_t field, values v)
{
	if (field == DFILTER_F_LEN)
		return one(v, fr->len);
	return one(v, field == DFILTER_F_CAP_LEN ? fr->caplen : fr->number);
}

static unsigned load_eth(const struct dfilter_frame *fr, uint8_t field, values v)
{
	const struct basic *b = fr->basic;
	unsigned n = 0;

	if (field == DFILTER_F_ETH_TYPE) {
		/* The first one; behind a tag it would be vlan.etype. A length is none. */
		uint16_t type = be16_load(fr->data + 12);

		return type >= 0x600 ? one(v, type) : 0;
	}
	if (field != DFILTER_F_ETH_SRC)
		v[n++] = of_mac(b->eth_dst);
	if (field != DFILTER_F_ETH_DST)
		v[n++] = of_mac(b->eth_src);
	return n;
}

static unsigned load_vlan(const struct basic *b, values v)
{
	unsigned n = b->vlan_count < BASIC_VLANS_MAX ? b->vlan_count : BASIC_VLANS_MAX;

	for (unsigned i = 0; i < n; i++)
		v[i] = of_u(b->vlan[i]);
	return n;
}

static unsigned load_arp(const struct basic *b, uint8_t field, values v)
{
	if (field == DFILTER_F_ARP_OPCODE)
		return one(v, b->arp_op);
	if (!(b->flags & BASIC_HAS_ADDRESS))
		return 0;
	return one(v, be32_load(field == DFILTER_F_SRC4 ? b->src : b->dst));
}

static unsigned load_ip(const struct dfilter_frame *fr, uint8_t field, values v)
{
	const struct basic *b = fr->basic;

	switch (field) {
	case DFILTER_F_ADDR4:
		v[0] = of_u(be32_load(b->src));
		v[1] = of_u(be32_load(b->dst));
		return 2;
	case DFILTER_F_SRC4: return one(v, be32_load(b->src));
	case DFILTER_F_DST4: return one(v, be32_load(b->dst));
	case DFILTER_F_ADDR6:
		v[0] = of_ipv6(b->src);
		v[1] = of_ipv6(b->dst);
		return 2;
	case DFILTER_F_SRC6: v[0] = of_ipv6(b->src); return 1;
	case DFILTER_F_DST6: v[0] = of_ipv6(b->dst); return 1;
	/* Of the header itself: the decode has the last one of a chain. */
	case DFILTER_F_PROTO:
		return one(v, fr->data[b->l3_offset + (b->family == BASIC_IPV4 ? 9 : 6)]);
	case DFILTER_F_TTL: return one(v, b->ttl);
	default: return one(v, b->family == BASIC_IPV4 ? 4 : 6);
	}
}

static unsigned load_ports(const struct basic *b, uint8_t field, values v)
{
	unsigned n = 0;

	if (field != DFILTER_F_DPORT)
		v[n++] = of_u(b->sport);
	if (field != DFILTER_F_SPORT)
		v[n++] = of_u(b->dport);
	return n;
}

static unsigned load_transport(const struct dfilter_frame *fr, const struct dfilter_insn *in,
			       values v)
{
	const struct basic *b = fr->basic;
	const unsigned char *p = fr->data + b->l4_offset;

	switch (in->field) {
	case DFILTER_F_ICMP_TYPE: return one(v, b->icmp_type);
	case DFILTER_F_ICMP_CODE: return one(v, b->icmp_code);
	case DFILTER_F_UDP_LENGTH:
		return fr->caplen - b->l4_offset < 6 ? 0 : one(v, be16_load(p + 4));
	case DFILTER_F_TCP_LEN: return b->flags & BASIC_HAS_TCP ? one(v, b->l4_length) : 0;
	case DFILTER_F_TCP_FLAGS:
		return b->flags & BASIC_HAS_TCP ? one(v, be16_load(p + 12) & 0xfff) : 0;
	case DFILTER_F_TCP_FLAG:
		return b->flags & BASIC_HAS_TCP ? one(v, b->tcp_flags >> in->bit & 1) : 0;
	default: return load_ports(b, in->field, v);
	}
}

/* Values of a field whose header is there. */
static unsigned load(const struct dfilter_frame *fr, const struct dfilter_insn *in, values v)
{
	switch (in->layer) {
	case DFILTER_FRAME:
	case DFILTER_NUMBER: return load_frame(fr, in->field, v);
	case DFILTER_ETH: return load_eth(fr, in->field, v);
	case DFILTER_VLAN: return load_vlan(fr->basic, v);
	case DFILTER_ARP: return load_arp(fr->basic, in->field, v);
	case DFILTER_IP:
	case DFILTER_IPV6:
	case DFILTER_IP | DFILTER_IPV6: return load_ip(fr, in->field, v);
	default: return load_transport(fr, in, v);
	}
}

static bool below(struct dfilter_value a, struct dfilter_value b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

static bool in_ranges(const struct dfilter_insn *in, const struct dfilter_range *r,
		      struct dfilter_value v)
{
	if (in->wide) {
		for (unsigned i = 0; i < in->ranges; i++)
			if (!below(v, r[i].low) && !below(r[i].high, v))
				return true;
		return false;
	}
	v.lo &= in->mask;
	for (unsigned i = 0; i < in->ranges; i++)
		if (v.lo >= r[i].low.lo && v.lo <= r[i].high.lo)
			return true;
	return false;
}

static enum dfilter_verdict test(const struct dfilter *f, const struct dfilter_insn *in,
				 const struct dfilter_frame *fr, struct dfilter_sure sure)
{
	enum dfilter_verdict open = sure.maybe & in->layer ? DFILTER_UNSURE : DFILTER_NO;
	struct dfilter_value v[DFILTER_VALUES_MAX];
	unsigned n;

	if (!(sure.known & in->layer))
		return open;
	if (in->field == DFILTER_F_HEADER)
		return DFILTER_YES;
	n = load(fr, in, v);
	if (!n || in->op == DFILTER_EXISTS)
		return n ? DFILTER_YES : open;
	for (unsigned i = 0; i < n; i++)
		if (in_ranges(in, f->range + in->first, v[i]) != in->negated) {
			if (in->op == DFILTER_ANY)
				return DFILTER_YES;
		} else if (in->op == DFILTER_ALL) {
			return DFILTER_NO;
		}
	if (in->op == DFILTER_ANY)
		return open;
	return sure.maybe & in->layer ? DFILTER_UNSURE : DFILTER_YES;
}

static enum dfilter_verdict run(const struct dfilter *f, const struct dfilter_frame *fr,
				struct dfilter_sure sure)
{
	enum dfilter_verdict below_top[DFILTER_STACK_MAX], top = DFILTER_YES;
	unsigned n = 0;

	for (uint32_t at = 0; at < f->insns; at++) {
		const struct dfilter_insn *in = &f->insn[at];

		switch ((enum dfilter_op)in->op) {
		case DFILTER_EXISTS:
		case DFILTER_ANY:
		case DFILTER_ALL:
			check(n < DFILTER_STACK_MAX);
			below_top[n++] = top;
			top = test(f, in, fr, sure);
			break;
		case DFILTER_NOT: top = DFILTER_YES - top; break;
		case DFILTER_AND:
			check(n > 0);
			n--;
			top = top < below_top[n] ? top : below_top[n];
			break;
		case DFILTER_OR:
			check(n > 0);
			n--;
			top = top > below_top[n] ? top : below_top[n];
			break;
		/* Behind the instruction that would join the two: the left side alone decides. */
		case DFILTER_UNLESS_NO:
			if (top == DFILTER_NO)
				at = in->to - 1;
			break;
		case DFILTER_UNLESS_YES:
			if (top == DFILTER_YES)
				at = in->to - 1;
			break;
		}
	}
	check(n == (f->insns != 0));
	return top;
}

enum dfilter_verdict dfilter_match(const struct dfilter *f, const struct dfilter_frame *frame)
{
	return run(f, frame, dfilter_sure(f, frame));
}

bool dfilter_match_basic(const struct dfilter *f, const struct dfilter_frame *frame)
{
	return run(f, frame, dfilter_sure_basic(frame)) == DFILTER_YES;
}

void dfilter_free(struct dfilter *f)
{
	free(f);
}
