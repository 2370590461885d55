/* reorder.c - blocks of a big-endian pcapng section as they are in a little-endian one */
#include "capfile/reorder.h"

#include "base/bytes.h"

#define HEAD_BYTES	  8u
#define TAIL_BYTES	  4u
#define OPTION_VERDICT	  7u	/* of an enhanced packet block */
#define OPTION_CUSTOM_MIN 2988u /* 2988, 2989 and, not to be copied, 19372, 19373 */

/* What to turn round at the start of an option's value: a digit for each integer, of 1, 2, 4 or 8
 * bytes; the rest stays. */
static const struct {
	uint32_t type;
	uint16_t code;
	const char *shape;
} shapes[] = {
	{BLOCK_INTERFACE, 8, "8"},   /* if_speed */
	{BLOCK_INTERFACE, 10, "4"},  /* if_tzone */
	{BLOCK_INTERFACE, 14, "8"},  /* if_tsoffset */
	{BLOCK_INTERFACE, 16, "8"},  /* if_txspeed */
	{BLOCK_INTERFACE, 17, "8"},  /* if_rxspeed */
	{BLOCK_ENHANCED, 2, "4"},    /* epb_flags */
	{BLOCK_ENHANCED, 4, "8"},    /* epb_dropcount */
	{BLOCK_ENHANCED, 5, "8"},    /* epb_packetid */
	{BLOCK_ENHANCED, 6, "4"},    /* epb_queue */
	{BLOCK_ENHANCED, 8, "44"},   /* epb_processid_threadid */
	{BLOCK_PACKET, 2, "4"},	     /* pack_flags */
	{BLOCK_STATISTICS, 2, "44"}, /* isb_starttime, upper half first */
	{BLOCK_STATISTICS, 3, "44"}, /* isb_endtime */
	{BLOCK_STATISTICS, 4, "8"},  /* isb_ifrecv */
	{BLOCK_STATISTICS, 5, "8"},  /* isb_ifdrop */
	{BLOCK_STATISTICS, 6, "8"},  /* isb_filteraccept */
	{BLOCK_STATISTICS, 7, "8"},  /* isb_osdrop */
	{BLOCK_STATISTICS, 8, "8"},  /* isb_usrdeliv */
};

/* The shape of an option of @bytes bytes at @value. */
static const char *shape_of(uint32_t type, unsigned code, const unsigned char *value,
			    uint32_t bytes)
{
	/* Whose verdict it is, and then, of the kernel's two eBPF hooks, a number. */
	if (type == BLOCK_ENHANCED && code == OPTION_VERDICT)
		return bytes && (value[0] == 1 || value[0] == 2) ? "18" : "";
	if (code == OPTION_CUSTOM_MIN || code == OPTION_CUSTOM_MIN + 1 || code == 19372 ||
	    code == 19373)
		return "4"; /* the enterprise's number */
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].type == type && shapes[i].code == code)
			return shapes[i].shape;
	}
	return "";
}

/* Adds @bytes bytes, the integers of @shape at their front turned round while they fit. Return:
 * bytes that those had */
static uint32_t put_shaped(struct buf *out, const char *shape, const unsigned char *p,
			   uint32_t bytes)
{
	uint32_t at = 0;

	for (; *shape; shape++) {
		uint32_t n = (uint32_t)(*shape - '0');
		unsigned char turned[8];

		if (n > bytes - at)
			break;
		for (uint32_t i = 0; i < n; i++)
			turned[i] = p[at + n - 1 - i];
		buf_put(out, turned, n);
		at += n;
	}
	buf_put(out, p + at, bytes - at);
	return at;
}

static uint32_t pad4(uint32_t n)
{
	return (n + 3) & ~3u;
}

/* Options and records of names are laid out alike: code, length, value, padding; 0 ends them.
 * Return: bytes read, the end mark included */
static uint32_t put_list(struct buf *out, uint32_t type, const unsigned char *p, uint32_t bytes)
{
	uint32_t at = 0;

	while (bytes - at >= 4) {
		unsigned code = be16_load(p + at);
		uint32_t n = be16_load(p + at + 2);

		if (code == 0 || pad4(n) > bytes - at - 4)
			return at;
		put_shaped(out, "22", p + at, 4);
		put_shaped(out, shape_of(type, code, p + at + 4, n), p + at + 4, n);
		buf_put(out, p + at + 4 + n, pad4(n) - n);
		at += 4 + pad4(n);
	}
	return at;
}

void reorder_options(struct buf *out, uint32_t type, const unsigned char *p, uint32_t bytes)
{
	put_list(out, type, p, bytes);
}

/* The list at @at, and behind it what ended it: an end mark, or bytes that make no option. Return:
 * where that ends */
static uint32_t put_options(struct buf *out, uint32_t type, const unsigned char *p, uint32_t at,
			    uint32_t bytes)
{
	at += put_list(out, type, p + at, bytes - at);
	if (bytes - at < 4 || be16_load(p + at) != 0)
		return at;
	buf_put(out, "\0\0\0\0", 4);
	return at + 4;
}

/* How the fixed part of each block is laid out. */
static const char *fixed_of(uint32_t type)
{
	switch (type) {
	case BLOCK_SECTION: return "4228";
	case BLOCK_INTERFACE: return "224";
	case BLOCK_PACKET: return "224444";
	case BLOCK_SIMPLE: return "4";
	case BLOCK_STATISTICS: return "444";
	case BLOCK_ENHANCED: return "44444";
	case BLOCK_SECRETS: return "44";
	case BLOCK_CUSTOM:
	case BLOCK_CUSTOM_NOT_COPY: return "4";
	default: return "";
	}
}

static uint32_t shape_bytes(const char *shape)
{
	uint32_t n = 0;

	while (*shape)
		n += (uint32_t)(*shape++ - '0');
	return n;
}

/* Bytes of data between the fixed part and the options; all that is left where none follow. */
static uint32_t data_bytes(uint32_t type, const unsigned char *body, uint32_t fixed, uint32_t bytes)
{
	uint32_t left = bytes - fixed, n = left;

	if (type == BLOCK_SECTION || type == BLOCK_INTERFACE || type == BLOCK_STATISTICS ||
	    type == BLOCK_NAMES)
		return 0;
	if (type == BLOCK_ENHANCED || type == BLOCK_PACKET)
		n = be32_load(body + 12);
	else if (type == BLOCK_SECRETS)
		n = be32_load(body + 4);
	return n > left || pad4(n) > left ? left : pad4(n);
}

void reorder_block(struct buf *out, uint32_t type, const unsigned char *p, uint32_t bytes)
{
	const unsigned char *body = p + HEAD_BYTES;
	uint32_t all = bytes - HEAD_BYTES - TAIL_BYTES;
	const char *shape = fixed_of(type);
	uint32_t at = shape_bytes(shape), n;

	put_shaped(out, "44", p, HEAD_BYTES);
	if (at > all) {
		buf_put(out, body, all);
	} else {
		put_shaped(out, shape, body, at);
		n = data_bytes(type, body, at, all);
		buf_put(out, body + at, n);
		at += n;
		/* Names come first as records of the same shape, then as options. */
		if (type == BLOCK_NAMES)
			at = put_options(out, type, body, at, all);
		at = put_options(out, type, body, at, all);
		buf_put(out, body + at, all - at);
	}
	put_shaped(out, "4", p + bytes - TAIL_BYTES, TAIL_BYTES);
}
