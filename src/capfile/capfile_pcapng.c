/* capfile_pcapng.c - pcapng: sections of blocks (draft-ietf-opsawg-pcapng) */
#include "capfile/capfile_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tap/frame.h"

#define BLOCK_SECTION	      0x0a0d0d0au
#define BLOCK_INTERFACE	      1u
#define BLOCK_PACKET	      2u /* obsolete */
#define BLOCK_SIMPLE	      3u
#define BLOCK_ENHANCED	      6u

#define BYTE_ORDER_MAGIC      0x1a2b3c4du

#define HEAD_BYTES	      8u  /* type and length */
#define TAIL_BYTES	      4u  /* length again */
#define PACKET_BYTES	      20u /* of an enhanced or obsolete packet block, before the data */
#define SECTION_BYTES	      16u
#define INTERFACE_BYTES	      8u

#define OPTION_END	      0u
#define OPTION_COMMENT	      1u
#define OPTION_HARDWARE	      2u /* of a section */
#define OPTION_OS	      3u
#define OPTION_APPLICATION    4u
#define OPTION_IF_NAME	      2u
#define OPTION_IF_DESCRIPTION 3u
#define OPTION_FLAGS	      2u /* of a packet */
#define OPTION_DROPCOUNT      4u
#define DROPS_UNKNOWN	      0xffffu /* in an obsolete packet block */
#define OPTION_IF_TSRESOL     9u
#define OPTION_IF_TSOFFSET    14u

#define COMMENT_BYTES	      (UINT16_MAX + 1u) /* an option's longest value and a NUL */

#define NS_PER_S	      1000000000

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

struct block {
	uint64_t offset;	   /* of its first byte in the file */
	uint32_t type, length;	   /* length of the whole: head, body and tail */
	const unsigned char *body; /* in the buffer, where block_body() was called */
	uint32_t body_bytes;	   /* a multiple of 4 */
};

struct option {
	uint16_t code, bytes;
	const unsigned char *value;
};

static uint32_t pad4(uint32_t n)
{
	return (n + 3) & ~3u;
}

/* The file ends between two blocks. */
static enum capfile_result file_end(struct capfile *c)
{
	uint64_t offset = capfile_offset(c);

	if (c->read_error)
		return capfile_short(c, offset, "block", HEAD_BYTES);
	if (c->ng.section_end > offset)
		return capfile_break(c, offset,
				     "the file ends here, and its section, from byte %" PRIu64
				     ", says that it goes on to byte %" PRIu64
				     ": its writer was stopped, or it was not copied whole",
				     c->ng.section_at, c->ng.section_end);
	return CAPFILE_END;
}

/* Byte order of the section whose header is at the front. Return: false where it has none */
static bool order_read(struct capfile *c, const unsigned char *p)
{
	c->big = be32_load(p + HEAD_BYTES) == BYTE_ORDER_MAGIC;
	return c->big || le32_load(p + HEAD_BYTES) == BYTE_ORDER_MAGIC;
}

/* Reads type and length; takes nothing. Return: CAPFILE_FRAME where a block follows */
static enum capfile_result block_head(struct capfile *c, struct block *b)
{
	uint64_t offset = capfile_offset(c);
	const unsigned char *p = capfile_want(c, HEAD_BYTES);

	*b = (struct block){.offset = offset};
	if (!p && capfile_left(c) == 0)
		return file_end(c);
	if (!p)
		return capfile_short(c, offset, "block header", HEAD_BYTES);
	b->type = capfile_u32(c, p);
	/* The type of a section header reads the same in both orders; its length does not. */
	if (b->type == BLOCK_SECTION) {
		p = capfile_want(c, HEAD_BYTES + 4);
		if (!p)
			return capfile_short(c, offset, "section header", HEAD_BYTES + 4);
		if (!order_read(c, p))
			return capfile_break(
				c, offset,
				"the section header has 0x%08" PRIx32
				" in place of the byte-order magic: the file is damaged",
				be32_load(p + HEAD_BYTES));
	}
	b->length = capfile_u32(c, p + 4);
	if (b->length < HEAD_BYTES + TAIL_BYTES || b->length % 4 != 0 ||
	    b->length > CAPFILE_BLOCK_MAX)
		return capfile_break(
			c, offset,
			"a block of type 0x%08" PRIx32 " says that it has %" PRIu32
			" bytes, and a multiple of 4 from 12 to %u is needed: the file "
			"is damaged, or not a capture; pcapfix or editcap may repair it",
			b->type, b->length, CAPFILE_BLOCK_MAX);
	b->body_bytes = b->length - HEAD_BYTES - TAIL_BYTES;
	return CAPFILE_FRAME;
}

/* Compares the length at the end with that at the start. Return: false where they differ (broken)
 */
static bool tail_agrees(struct capfile *c, const struct block *b, const unsigned char *tail)
{
	uint32_t length = capfile_u32(c, tail);

	if (length == b->length)
		return true;
	capfile_break(c, b->offset,
		      "a block of type 0x%08" PRIx32 " says %" PRIu32
		      " bytes at its start and %" PRIu32
		      " at its end: the file is damaged; pcapfix or editcap may repair it",
		      b->type, b->length, length);
	return false;
}

/* Goes past a block without holding it. Return: false where it is broken */
static bool block_skip(struct capfile *c, const struct block *b)
{
	const unsigned char *tail;

	if (!capfile_skip(c, b->length - TAIL_BYTES)) {
		capfile_short(c, b->offset, "block", b->length);
		return false;
	}
	tail = capfile_want(c, TAIL_BYTES);
	if (!tail) {
		capfile_short(c, b->offset, "block", b->length);
		return false;
	}
	if (!tail_agrees(c, b, tail))
		return false;
	capfile_take(c, TAIL_BYTES);
	return true;
}

/* Has the whole block in the buffer, taken; it stays there until bytes are next wanted. Return:
 * false where it is broken */
static bool block_body(struct capfile *c, struct block *b)
{
	const unsigned char *p = capfile_want(c, b->length);

	if (!p) {
		capfile_short(c, b->offset, "block", b->length);
		return false;
	}
	if (!tail_agrees(c, b, p + b->length - TAIL_BYTES))
		return false;
	b->body = p + HEAD_BYTES;
	capfile_take(c, b->length);
	return true;
}

/*
 * The option at @at, which goes past it. A body ends its options with an end mark or with
 * its last byte. Return: 1 an option, 0 the end, -1 broken
 */
static int option_next(struct capfile *c, const struct block *b, uint32_t *at, struct option *o)
{
	const unsigned char *p = b->body + *at;
	uint32_t left = b->body_bytes - *at;

	if (left < 4)
		return 0;
	o->code = capfile_u16(c, p);
	o->bytes = capfile_u16(c, p + 2);
	o->value = p + 4;
	if (o->code == OPTION_END)
		return 0;
	if (pad4(o->bytes) > left - 4) {
		capfile_break(c, b->offset,
			      "option %u at byte %" PRIu64
			      " says %u bytes and its block has %" PRIu32
			      " left: the file is damaged",
			      o->code, b->offset + HEAD_BYTES + *at, o->bytes, left - 4);
		return -1;
	}
	*at += 4 + pad4(o->bytes);
	return 1;
}

static bool body_fits(struct capfile *c, const struct block *b, const char *what, uint32_t need)
{
	if (b->body_bytes >= need)
		return true;
	capfile_break(c, b->offset,
		      "the %s block has %" PRIu32 " bytes, and needs %" PRIu32
		      ": the file is damaged",
		      what, b->length, need + HEAD_BYTES + TAIL_BYTES);
	return false;
}

void capfile_section_done(struct capfile_section *s)
{
	free(s->hardware);
	free(s->os);
	free(s->application);
	free(s->comment);
	*s = (struct capfile_section){0};
}

/* An option as text, the first of its code. Return: false where memory ran out */
static bool keep_text(char **text, const struct option *o, uint32_t max)
{
	if (!*text)
		*text = strndup((const char *)o->value, o->bytes < max ? o->bytes : max - 1);
	return *text != NULL;
}

static char **section_text(struct capfile_section *s, unsigned code)
{
	switch (code) {
	case OPTION_COMMENT: return &s->comment;
	case OPTION_HARDWARE: return &s->hardware;
	case OPTION_OS: return &s->os;
	case OPTION_APPLICATION: return &s->application;
	default: return NULL;
	}
}

static bool section_texts(struct capfile *c, const struct block *b)
{
	uint32_t at = SECTION_BYTES;
	struct option o;

	capfile_section_done(&c->ng.section);
	while (option_next(c, b, &at, &o) > 0) {
		char **text = section_text(&c->ng.section, o.code);

		if (text && !keep_text(text, &o, CAPFILE_TEXT_MAX)) {
			capfile_break(c, b->offset, "no memory for the texts of a section");
			return false;
		}
	}
	/* No frame hangs on them: broken ones have never broken a file. */
	return true;
}

static bool section_block(struct capfile *c, const struct block *b)
{
	uint64_t length;
	unsigned major, minor;

	if (!body_fits(c, b, "section header", SECTION_BYTES))
		return false;
	major = capfile_u16(c, b->body + 4);
	minor = capfile_u16(c, b->body + 6);
	/* Some writers said 1.2, which the specification declares to be 1.0. */
	if (major != 1 || (minor != 0 && minor != 2)) {
		capfile_break(c, b->offset,
			      "pcapng version %u.%u is not known, 1.0 is today's; `editcap` of a "
			      "newer Wireshark may convert the file",
			      major, minor);
		return false;
	}
	length = capfile_u64(c, b->body + 8);
	c->ng.section_at = b->offset;
	/* Negative: the writer did not know it. */
	c->ng.section_end = length > INT64_MAX ? 0 : b->offset + b->length + length;
	c->ng.section_first = c->interface_count;
	return section_texts(c, b);
}

static uint64_t power_of_10(unsigned n)
{
	uint64_t v = 1;

	while (n--)
		v *= 10;
	return v;
}

/* if_tsresol: the high bit says 2^-n, else 10^-n seconds a tick. */
static struct capfile_scale scale_of(uint8_t tsresol)
{
	unsigned n = tsresol & 0x7f;

	if (tsresol & 0x80)
		return (struct capfile_scale){.mul = NS_PER_S, .div = 1, .shift = n};
	if (n <= 9)
		return (struct capfile_scale){.mul = power_of_10(9 - n), .div = 1};
	/* 10^19 is the last power below 2^64; ticks finer than that never reach a ns in 64 bits. */
	if (n <= 9 + 19)
		return (struct capfile_scale){.mul = 1, .div = power_of_10(n - 9)};
	return (struct capfile_scale){.mul = 0, .div = 1};
}

static uint64_t ticks_ns(uint64_t ticks, const struct capfile_scale *scale, int64_t offset_s)
{
	u128 ns = (u128)ticks * scale->mul;
	i128 t;

	if (scale->div != 1)
		ns /= scale->div;
	/* Below 2^94 before, and 2^63 times 1e9 below 2^93: nothing overflows. */
	t = (i128)(ns >> scale->shift) + (i128)offset_s * NS_PER_S;
	if (t < 0)
		return 0;
	return t > (i128)UINT64_MAX ? UINT64_MAX : (uint64_t)t;
}

static bool interface_option(struct capfile *c, const struct block *b, const struct option *o,
			     struct capfile_interface *in)
{
	size_t n = o->bytes;
	size_t want = 0;

	switch (o->code) {
	case OPTION_IF_NAME:
	case OPTION_IF_DESCRIPTION:
		if (keep_text(o->code == OPTION_IF_NAME ? &in->name : &in->description, o,
			      CAPFILE_NAME_MAX))
			return true;
		capfile_break(c, b->offset, "no memory for the name of an interface");
		return false;
	case OPTION_IF_TSRESOL: want = 1; break;
	case OPTION_IF_TSOFFSET: want = 8; break;
	default: return true;
	}
	if (n != want) {
		capfile_break(c, b->offset,
			      "option %u of an interface has %zu bytes in place of %zu, so that "
			      "times cannot be told: the file is damaged",
			      o->code, n, want);
		return false;
	}
	if (o->code == OPTION_IF_TSRESOL)
		in->tsresol = o->value[0];
	else
		in->tsoffset_s = (int64_t)capfile_u64(c, o->value);
	return true;
}

/* The whole of the block in @in, where that is asked for. Return: false where it is too much */
static bool keep_block(struct capfile *c, const struct block *b, struct capfile_interface *in)
{
	if (!c->watch.keep_interfaces)
		return true;
	if (b->length > CAPFILE_KEPT_MAX - c->kept_bytes) {
		capfile_break(c, b->offset,
			      "the descriptions of interfaces take more than %u bytes; split the "
			      "file with editcap",
			      CAPFILE_KEPT_MAX);
		return false;
	}
	in->block = malloc(b->length);
	if (!in->block) {
		capfile_break(c, b->offset, "no memory for one more interface");
		return false;
	}
	memcpy(in->block, b->body - HEAD_BYTES, b->length);
	in->block_bytes = b->length;
	c->kept_bytes += b->length;
	return true;
}

static void interface_free(struct capfile_interface *in)
{
	free(in->name);
	free(in->description);
	free(in->block);
}

static bool interface_block(struct capfile *c, const struct block *b)
{
	struct capfile_interface in = {.tsresol = 6, .big = c->big};
	uint32_t at = INTERFACE_BYTES;
	struct option o;
	int more;

	if (!body_fits(c, b, "interface", INTERFACE_BYTES))
		return false;
	if (c->interface_count - c->ng.section_first >= CAPFILE_INTERFACES_MAX ||
	    c->interface_count >= CAPFILE_INTERFACES_TOTAL_MAX) {
		capfile_break(c, b->offset,
			      "one interface too many, the limits are %u in a section and %u in a "
			      "file; split it with editcap",
			      CAPFILE_INTERFACES_MAX, CAPFILE_INTERFACES_TOTAL_MAX);
		return false;
	}
	in.linktype = capfile_u16(c, b->body);
	in.snaplen = capfile_u32(c, b->body + 4);
	while ((more = option_next(c, b, &at, &o)) > 0) {
		if (!interface_option(c, b, &o, &in)) {
			interface_free(&in);
			return false;
		}
	}
	if (more == 0 && keep_block(c, b, &in)) {
		if (capfile_interface_add(c, &in, scale_of(in.tsresol)))
			return true;
		capfile_break(c, b->offset, "no memory for one more interface");
	}
	interface_free(&in);
	return false;
}

/* The interface of that number in this section, or NULL (broken). */
static const struct capfile_interface *interface_of(struct capfile *c, const struct block *b,
						    uint32_t id)
{
	unsigned count = c->interface_count - c->ng.section_first;

	if (id < count)
		return &c->interfaces[c->ng.section_first + id];
	capfile_break(c, b->offset,
		      "a packet of interface %" PRIu32 ", and the section has described %u so far: "
		      "the file is damaged, or was put together wrongly",
		      id, count);
	return NULL;
}

/* Whether @caplen bytes of data are in the body from @at on, and no more than a frame may have. */
static bool data_fits(struct capfile *c, const struct block *b, uint32_t at, uint32_t caplen)
{
	if (caplen > FRAME_BYTES_MAX)
		capfile_break(c, b->offset,
			      "the packet says %" PRIu32
			      " captured bytes, the limit is %u: the file "
			      "is damaged; pcapfix or editcap may repair it",
			      caplen, FRAME_BYTES_MAX);
	else if (caplen > b->body_bytes - at)
		capfile_break(c, b->offset,
			      "the packet says %" PRIu32
			      " captured bytes, and its block has room for "
			      "%" PRIu32 ": the file is damaged; pcapfix or editcap may repair it",
			      caplen, b->body_bytes - at);
	else
		return true;
	return false;
}

/* Keeps the first comment. Return: false where memory ran out */
static bool keep_comment(struct capfile *c, const struct block *b, const struct option *o,
			 struct capfile_frame *frame)
{
	if (!c->ng.comment)
		c->ng.comment = malloc(COMMENT_BYTES);
	if (!c->ng.comment) {
		capfile_break(c, b->offset, "no memory for a comment");
		return false;
	}
	memcpy(c->ng.comment, o->value, o->bytes);
	c->ng.comment[o->bytes] = '\0';
	frame->comment = (const char *)c->ng.comment;
	return true;
}

/* Keeps the first comment, counts all, reads flags and drops. Return: false where the options are
 * broken */
static bool options_read(struct capfile *c, const struct block *b, uint32_t at,
			 struct capfile_frame *frame)
{
	struct option o;
	int more;

	frame->options = b->body + at;
	frame->options_bytes = b->body_bytes - at;
	while ((more = option_next(c, b, &at, &o)) > 0) {
		if (o.code == OPTION_FLAGS && o.bytes == 4)
			frame->flags = capfile_u32(c, o.value);
		else if (o.code == OPTION_DROPCOUNT && o.bytes == 8 && b->type == BLOCK_ENHANCED)
			frame->dropcount = capfile_u64(c, o.value);
		else if (o.code == OPTION_COMMENT && frame->comments++ == 0 &&
			 !keep_comment(c, b, &o, frame))
			return false;
	}
	return more == 0;
}

/* What a frame has of its block. */
static struct capfile_frame frame_of(const struct capfile *c, const struct block *b)
{
	return (struct capfile_frame){.offset = b->offset,
				      .block = b->body - HEAD_BYTES,
				      .block_bytes = b->length,
				      .block_type = b->type,
				      .big = c->big};
}

/* Enhanced and obsolete packet blocks, whose members stand at the same places. */
static bool packet_block(struct capfile *c, const struct block *b, struct capfile_frame *frame)
{
	struct capfile_frame f = frame_of(c, b);
	const struct capfile_interface *in;
	uint64_t ticks;
	uint32_t id;

	if (!body_fits(c, b, "packet", PACKET_BYTES))
		return false;
	/* The upper half of the obsolete block's word counts drops. */
	id = b->type == BLOCK_PACKET ? capfile_u16(c, b->body) : capfile_u32(c, b->body);
	in = interface_of(c, b, id);
	if (!in)
		return false;
	if (b->type == BLOCK_PACKET && capfile_u16(c, b->body + 2) != DROPS_UNKNOWN)
		f.dropcount = capfile_u16(c, b->body + 2);
	ticks = (uint64_t)capfile_u32(c, b->body + 4) << 32 | capfile_u32(c, b->body + 8);
	f.caplen = capfile_u32(c, b->body + 12);
	f.len = capfile_u32(c, b->body + 16);
	if (!data_fits(c, b, PACKET_BYTES, f.caplen))
		return false;
	f.data = b->body + PACKET_BYTES;
	f.interface = c->ng.section_first + id;
	f.linktype = in->linktype;
	f.ticks = ticks;
	f.ts_ns = ticks_ns(ticks, &c->scales[f.interface], in->tsoffset_s);
	if (!options_read(c, b, PACKET_BYTES + pad4(f.caplen), &f))
		return false;
	*frame = f;
	return true;
}

/* A simple packet is of the first interface, has no time, and was cut to that one's snaplen. */
static bool simple_block(struct capfile *c, const struct block *b, struct capfile_frame *frame)
{
	const struct capfile_interface *in;
	uint32_t len, caplen;

	if (!body_fits(c, b, "simple packet", 4))
		return false;
	in = interface_of(c, b, 0);
	if (!in)
		return false;
	len = capfile_u32(c, b->body);
	caplen = in->snaplen && in->snaplen < len ? in->snaplen : len;
	if (!data_fits(c, b, 4, caplen))
		return false;
	*frame = frame_of(c, b);
	frame->data = b->body + 4;
	frame->caplen = caplen;
	frame->len = len;
	frame->interface = c->ng.section_first;
	frame->linktype = in->linktype;
	return true;
}

static bool block_wanted(const struct capfile *c, uint32_t type)
{
	return type == BLOCK_ENHANCED || type == BLOCK_SECTION || type == BLOCK_INTERFACE ||
	       type == BLOCK_SIMPLE || type == BLOCK_PACKET || c->watch.block;
}

/* A block that is no packet, to whoever watches. */
static void block_tell(const struct capfile *c, const struct block *b)
{
	const struct capfile_block told = {.type = b->type,
					   .p = b->body - HEAD_BYTES,
					   .bytes = b->length,
					   .offset = b->offset,
					   .first_interface = c->ng.section_first,
					   .big = c->big};

	if (c->watch.block)
		c->watch.block(c->watch.ctx, &told);
}

const char *capfile_comment(const struct capfile_frame *frame, uint32_t *at, size_t *n)
{
	while (*at + 4 <= frame->options_bytes) {
		const unsigned char *p = frame->options + *at;
		unsigned code = frame->big ? be16_load(p) : le16_load(p);
		unsigned bytes = frame->big ? be16_load(p + 2) : le16_load(p + 2);

		if (code == OPTION_END)
			break;
		*at += 4 + pad4(bytes);
		if (code == OPTION_COMMENT) {
			*n = bytes;
			return (const char *)p + 4;
		}
	}
	return NULL;
}

enum capfile_result capfile_pcapng_open(struct capfile *c)
{
	struct block b;
	enum capfile_result result;

	if (be32_load(c->buf + c->at) != BLOCK_SECTION)
		return CAPFILE_END;
	result = block_head(c, &b);
	if (result != CAPFILE_FRAME)
		return result;
	return block_body(c, &b) && section_block(c, &b) ? CAPFILE_FRAME : CAPFILE_BROKEN;
}

enum capfile_result capfile_pcapng_next(struct capfile *c, struct capfile_frame *frame)
{
	for (;;) {
		struct block b;
		enum capfile_result result = block_head(c, &b);
		bool whole;

		if (result != CAPFILE_FRAME)
			return result;
		if (!block_wanted(c, b.type)) {
			if (!block_skip(c, &b))
				return CAPFILE_BROKEN;
			continue;
		}
		if (!block_body(c, &b))
			return CAPFILE_BROKEN;
		switch (b.type) {
		case BLOCK_SECTION: whole = section_block(c, &b); break;
		case BLOCK_INTERFACE: whole = interface_block(c, &b); break;
		case BLOCK_SIMPLE:
			return simple_block(c, &b, frame) ? CAPFILE_FRAME : CAPFILE_BROKEN;
		case BLOCK_PACKET:
		case BLOCK_ENHANCED:
			return packet_block(c, &b, frame) ? CAPFILE_FRAME : CAPFILE_BROKEN;
		default: whole = true; break;
		}
		if (!whole)
			return CAPFILE_BROKEN;
		block_tell(c, &b);
	}
}
