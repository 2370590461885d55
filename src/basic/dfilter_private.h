/* dfilter_private.h - what the parts of the display filter share: fields, programs, certainty */
#ifndef SECVF_BASIC_DFILTER_PRIVATE_H
#define SECVF_BASIC_DFILTER_PRIVATE_H

#include <assert.h>
#include <stddef.h>

#include "basic/dfilter.h"

/* A text cannot have more of these: the shortest test is "ip||", the shortest value "1,". */
#define DFILTER_TESTS_MAX  (DFILTER_TEXT_MAX / 4 + 1)
#define DFILTER_RANGES_MAX (DFILTER_TEXT_MAX / 2 + 1)
/* Verdicts waiting: of an "or" and an "and" on each level, and the last one. */
#define DFILTER_STACK_MAX  (2 * (DFILTER_DEPTH_MAX + 1) + 1)
#define DFILTER_VALUES_MAX 4u /* of a field in one frame: VLAN tags */

static_assert(DFILTER_VALUES_MAX >= BASIC_VLANS_MAX, "all tags that are kept");

/* Headers that fields belong to; a bit each in masks. */
enum dfilter_layer {
	DFILTER_FRAME = 1 << 0,
	DFILTER_NUMBER = 1 << 1, /* the number that tshark gives the frame */
	DFILTER_ETH = 1 << 2,
	DFILTER_VLAN = 1 << 3,
	DFILTER_ARP = 1 << 4,
	DFILTER_IP = 1 << 5,
	DFILTER_IPV6 = 1 << 6,
	DFILTER_ICMP = 1 << 7,
	DFILTER_ICMPV6 = 1 << 8,
	DFILTER_TCP = 1 << 9,
	DFILTER_UDP = 1 << 10,
	DFILTER_SCTP = 1 << 11,
	/* All that a tunnel may bring once more. */
	DFILTER_INNER = (1 << 12) - (1 << 2),
};

enum dfilter_type {
	DFILTER_HEADER, /* exists or not, and has no value */
	DFILTER_BOOL,
	DFILTER_UINT,
	DFILTER_ETHER,
	DFILTER_IPV4,
	DFILTER_INET6,
};

enum dfilter_field_id {
	DFILTER_F_HEADER,
	DFILTER_F_LEN,
	DFILTER_F_CAP_LEN,
	DFILTER_F_NUMBER,
	DFILTER_F_ETH_ADDR,
	DFILTER_F_ETH_SRC,
	DFILTER_F_ETH_DST,
	DFILTER_F_ETH_TYPE,
	DFILTER_F_VLAN_ID,
	DFILTER_F_ARP_OPCODE,
	DFILTER_F_ADDR4, /* of IPv4 or ARP */
	DFILTER_F_SRC4,
	DFILTER_F_DST4,
	DFILTER_F_PROTO,
	DFILTER_F_TTL,
	DFILTER_F_VERSION,
	DFILTER_F_ADDR6,
	DFILTER_F_SRC6,
	DFILTER_F_DST6,
	DFILTER_F_ICMP_TYPE,
	DFILTER_F_ICMP_CODE,
	DFILTER_F_PORT, /* of TCP, UDP or SCTP */
	DFILTER_F_SPORT,
	DFILTER_F_DPORT,
	DFILTER_F_TCP_LEN,
	DFILTER_F_TCP_FLAGS,
	DFILTER_F_TCP_FLAG, /* one of them; the mask says which */
	DFILTER_F_UDP_LENGTH,
};

struct dfilter_field {
	const char *name;
	uint16_t layer; /* enum dfilter_layer */
	uint8_t type;	/* enum dfilter_type */
	uint8_t id;	/* enum dfilter_field_id */
	uint32_t max;	/* DFILTER_UINT: the largest value; DFILTER_BOOL: the flag's place */
};

/* A number, or an address as one: of 128 bits; of all but IPv6 addresses @hi is 0. */
struct dfilter_value {
	uint64_t hi, lo;
};

/* From @low to @high, both in it; empty where @low is above. */
struct dfilter_range {
	struct dfilter_value low, high;
};

enum dfilter_op {
	DFILTER_EXISTS, /* push whether the field is there */
	DFILTER_ANY, /* push whether a value of the field is, or with @negated is not, in @ranges */
	DFILTER_ALL, /* push whether there are values and all of them are, or are not */
	DFILTER_NOT, /* negate the top */
	DFILTER_AND, /* the two on top become one */
	DFILTER_OR,
	DFILTER_UNLESS_NO, /* go to @to where the top is no, and leave it there */
	DFILTER_UNLESS_YES,
};

struct dfilter_insn {
	uint8_t op; /* enum dfilter_op */
	uint8_t field;
	bool negated;
	bool wide;   /* values have 128 bits */
	uint8_t bit; /* DFILTER_F_TCP_FLAG: its place, from the lowest on */
	uint16_t layer;
	uint16_t ranges; /* count, from range @first on */
	uint32_t first;
	uint32_t to;
	uint64_t mask; /* taken of each value before it is compared */
};

struct dfilter {
	uint32_t insns, ranges;
	/* Ports that other packets travel behind, a bit each; see dfilter_sure.c. */
	uint64_t udp_tunnels[1024], tcp_tunnels[1024];
	struct dfilter_range *range;
	struct dfilter_insn insn[]; /* and behind them the ranges */
};

/* Of one frame: headers that are there for certain, with the values of the decode among theirs;
 * and headers that there may be, or be more of. */
struct dfilter_sure {
	uint16_t known, maybe; /* enum dfilter_layer */
};

/** dfilter_sure() - What of a frame is certain */
struct dfilter_sure dfilter_sure(const struct dfilter *f, const struct dfilter_frame *frame);

/** dfilter_sure_basic() - The headers that the decode has; nothing more can be */
struct dfilter_sure dfilter_sure_basic(const struct dfilter_frame *frame);

/** dfilter_sure_init() - Fill in the ports */
void dfilter_sure_init(struct dfilter *f);

/** dfilter_field() - Field of that name, not ended by a NUL, or NULL */
const struct dfilter_field *dfilter_field(const char *name, size_t n);

/** enum dfilter_literal - What became of a word that should be a value */
enum dfilter_literal {
	DFILTER_LITERAL_OK,
	DFILTER_LITERAL_BAD,	/* no value of the field's type */
	DFILTER_LITERAL_LARGE,	/* a number above what the field holds */
	DFILTER_LITERAL_PREFIX, /* a prefix length that is none, or where none may be */
};

/**
 * dfilter_literal() - Read a value as tshark reads it
 * @field:  Whose value it should be
 * @s, @n:  The word
 * @prefix: Whether an address may have a prefix length
 * @out:    The value alone, or all that share the prefix; written on DFILTER_LITERAL_OK
 */
enum dfilter_literal dfilter_literal(const struct dfilter_field *field, const char *s, size_t n,
				     bool prefix, struct dfilter_range *out);

#endif
