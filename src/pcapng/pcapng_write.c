/* pcapng_write.c - blocks of a pcapng file, laid out in memory */
#include "pcapng/pcapng_write.h"

#include <stdatomic.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/utf8.h"

#define OPTION_END	       0u
#define OPTION_COMMENT	       1u
#define OPTION_SHB_HARDWARE    2u
#define OPTION_SHB_OS	       3u
#define OPTION_SHB_APPLICATION 4u
#define OPTION_IF_NAME	       2u
#define OPTION_IF_DESCRIPTION  3u
#define OPTION_IF_TSRESOL      9u
#define OPTION_EPB_FLAGS       2u
#define OPTION_EPB_DROPCOUNT   4u
#define OPTION_ISB_STARTTIME   2u
#define OPTION_ISB_ENDTIME     3u
#define OPTION_ISB_IFRECV      4u
#define OPTION_ISB_FILTER      6u
#define OPTION_ISB_OSDROP      7u
#define OPTION_ISB_USRDELIV    8u

static void put_u16(struct buf *b, unsigned v)
{
	buf_put(b, (unsigned char[]){(unsigned char)v, (unsigned char)(v >> 8)}, 2);
}

static void put_u32(struct buf *b, uint32_t v)
{
	unsigned char bytes[4];

	le32_store(bytes, v);
	buf_put(b, bytes, sizeof(bytes));
}

static void put_u64(struct buf *b, uint64_t v)
{
	put_u32(b, (uint32_t)v);
	put_u32(b, (uint32_t)(v >> 32));
}

/* A time stamp of a block or of a statistics option: upper half first. */
static void put_time(struct buf *b, uint64_t ns)
{
	put_u32(b, (uint32_t)(ns >> 32));
	put_u32(b, (uint32_t)ns);
}

static void pad(struct buf *b, size_t n)
{
	static const char zeros[4];

	buf_put(b, zeros, -n & 3);
}

static void put_option(struct buf *b, unsigned code, const void *value, size_t n)
{
	put_u16(b, code);
	put_u16(b, (unsigned)n);
	buf_put(b, value, n);
	pad(b, n);
}

/* Bytes of a text of @n that fit into an option, without a part of a character at their end. */
static size_t fitting(const char *text, size_t n)
{
	if (n <= PCAPNG_OPTION_MAX)
		return n;
	/* A character that is cut starts three bytes before the cut, or nearer. */
	for (size_t at = PCAPNG_OPTION_MAX - 3; at < PCAPNG_OPTION_MAX; at++) {
		uint32_t cp;

		if (at + utf8_next(text + at, n - at, &cp) > PCAPNG_OPTION_MAX)
			return at;
	}
	return PCAPNG_OPTION_MAX;
}

static void put_text(struct buf *b, unsigned code, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (n)
		put_option(b, code, text, fitting(text, n));
}

static size_t begin(struct buf *b, uint32_t type)
{
	size_t at = b->n;

	put_u32(b, type);
	put_u32(b, 0);
	return at;
}

static void end(struct buf *b, size_t at)
{
	uint32_t length = (uint32_t)(b->n - at) + PCAPNG_TAIL_BYTES;

	put_u32(b, length);
	if (!b->failed)
		le32_store((unsigned char *)b->p + at + 4, length);
}

static void end_options(struct buf *b, size_t at)
{
	put_u32(b, OPTION_END);
	end(b, at);
}

void pcapng_put_section(struct buf *b, const char *hardware, const char *os,
			const char *application, const char *comment)
{
	size_t at = begin(b, PCAPNG_SECTION);

	put_u32(b, 0x1a2b3c4d);
	put_u32(b, 1); /* version 1.0 */
	put_u64(b, UINT64_MAX);
	put_text(b, OPTION_COMMENT, comment);
	put_text(b, OPTION_SHB_HARDWARE, hardware);
	put_text(b, OPTION_SHB_OS, os);
	put_text(b, OPTION_SHB_APPLICATION, application);
	end_options(b, at);
}

void pcapng_put_interface(struct buf *b, int linktype, uint32_t snaplen, const char *name,
			  const char *description)
{
	size_t at = begin(b, PCAPNG_INTERFACE);

	put_u16(b, (unsigned)linktype);
	put_u16(b, 0);
	put_u32(b, snaplen);
	put_text(b, OPTION_IF_NAME, name);
	put_text(b, OPTION_IF_DESCRIPTION, description);
	put_option(b, OPTION_IF_TSRESOL, "\x09", 1);
	end_options(b, at);
}

static void put_count(struct buf *b, unsigned code, uint64_t count)
{
	if (count == UINT64_MAX)
		return;
	put_u16(b, code);
	put_u16(b, 8);
	put_u64(b, count);
}

static void put_moment(struct buf *b, unsigned code, uint64_t ns)
{
	if (!ns)
		return;
	put_u16(b, code);
	put_u16(b, 8);
	put_time(b, ns);
}

void pcapng_put_statistics(struct buf *b, uint32_t interface, uint64_t ts_ns,
			   const struct pcapng_counts *counts)
{
	size_t at = begin(b, PCAPNG_STATISTICS);

	put_u32(b, interface);
	put_time(b, ts_ns);
	put_moment(b, OPTION_ISB_STARTTIME, counts->start_ns);
	put_moment(b, OPTION_ISB_ENDTIME, counts->end_ns);
	put_count(b, OPTION_ISB_IFRECV, counts->received);
	put_count(b, OPTION_ISB_FILTER, counts->accepted);
	put_count(b, OPTION_ISB_OSDROP, counts->dropped);
	put_count(b, OPTION_ISB_USRDELIV, counts->delivered);
	end_options(b, at);
}

static uint32_t option_bytes(const struct pcapng_packet *p)
{
	uint32_t n = (p->flags ? 8u : 0u) + (p->dropcount ? 12u : 0u);

	return n ? n + 4 : 0;
}

uint32_t pcapng_packet_bytes(const struct pcapng_packet *p)
{
	return PCAPNG_PACKET_DATA + pcapng_pad(p->caplen) + option_bytes(p) + PCAPNG_TAIL_BYTES;
}

static unsigned char *store_option(unsigned char *at, uint32_t code, uint32_t n)
{
	le32_store(at, n << 16 | code);
	return at + 4;
}

void pcapng_packet(unsigned char *at, const struct pcapng_packet *p)
{
	uint32_t length = pcapng_packet_bytes(p);
	unsigned char *o = at + PCAPNG_PACKET_DATA + pcapng_pad(p->caplen);
	unsigned char type[4];
	uint32_t word;

	le32_store(at + 8, p->interface);
	le32_store(at + 12, (uint32_t)(p->ts_ns >> 32));
	le32_store(at + 16, (uint32_t)p->ts_ns);
	le32_store(at + 20, p->caplen);
	le32_store(at + 24, p->len);
	/* The padding is zeroed first, as a part of the last word of data. */
	if (p->caplen % 4)
		le32_store(o - 4, 0);
	if (p->caplen)
		memcpy(at + PCAPNG_PACKET_DATA, p->data, p->caplen);
	if (p->flags) {
		o = store_option(o, OPTION_EPB_FLAGS, 4);
		le32_store(o, p->flags);
		o += 4;
	}
	if (p->dropcount) {
		o = store_option(o, OPTION_EPB_DROPCOUNT, 8);
		le32_store(o, (uint32_t)p->dropcount);
		le32_store(o + 4, (uint32_t)(p->dropcount >> 32));
		o += 8;
	}
	if (p->flags || p->dropcount)
		o = store_option(o, OPTION_END, 0);
	le32_store(o, length);
	le32_store(at + 4, length);
	le32_store(type, PCAPNG_PACKET);
	memcpy(&word, type, sizeof(word));
	atomic_store_explicit((_Atomic uint32_t *)(void *)at, word, memory_order_release);
}

void pcapng_put_commented(struct buf *b, const unsigned char *block, const char *comment)
{
	uint32_t length = le32_load(block + 4);
	uint32_t data = PCAPNG_PACKET_DATA + pcapng_pad(le32_load(block + 20));
	uint32_t options = length - PCAPNG_TAIL_BYTES - data;
	size_t at = b->n;

	check(le32_load(block) == PCAPNG_PACKET && data + PCAPNG_TAIL_BYTES <= length);
	buf_put(b, block, data);
	put_text(b, OPTION_COMMENT, comment);
	/* Options end with a mark of their own where there are any. */
	if (options)
		buf_put(b, block + data, options);
	else
		put_u32(b, OPTION_END);
	end(b, at);
}
