/* capfile_private.h - what the parts of capfile share; for capfile*.c alone */
#ifndef SECVF_CAPFILE_CAPFILE_PRIVATE_H
#define SECVF_CAPFILE_CAPFILE_PRIVATE_H

#include "base/bytes.h"
#include "capfile/capfile.h"

#define CAPFILE_WHY_MAX 512u

struct unpack;

/* A tick of an interface in ns: (ticks * mul / div) >> shift, in 128 bits. mul is at most 1e9 and
 * ticks below 2^64, so that the product stays below 2^94. */
struct capfile_scale {
	uint64_t mul, div;
	unsigned shift;
};

struct capfile {
	char *path;
	const char *said; /* path as messages say it */
	struct capfile_source source;
	struct unpack *unpack; /* the source, where the file is compressed; else NULL */
	uint64_t taken;	       /* bytes that the source gave */

	/* The buffer: bytes [at, end) of buf are read and not taken; buf[0] is byte @base of the
	 * file. */
	unsigned char *buf;
	size_t cap, at, end;
	uint64_t base;
	bool at_end;	/* the source has no more */
	int read_error; /* errno of the source, or ENOMEM for the buffer; then at_end holds too */

	enum capfile_result state; /* CAPFILE_FRAME while there may be more */
	char why[CAPFILE_WHY_MAX]; /* the words after "broken", where state is CAPFILE_BROKEN */
	uint64_t frames;
	bool pcapng;
	bool big; /* integers of the file, or of this section, are big-endian */

	struct capfile_interface *interfaces;
	struct capfile_scale *scales; /* one for each interface */
	unsigned interface_count, interface_cap;

	struct {
		uint32_t header_bytes; /* of a record */
		uint32_t tick_ns;
		bool swapped;	    /* lengths are the other way round: original first */
		bool maybe_swapped; /* ... where that makes sense of them */
	} pcap;
	struct {
		uint64_t section_at;  /* where this section's header starts */
		uint64_t section_end; /* where the section says it ends; 0 where it does not say */
		unsigned section_first; /* index of its first interface */
		unsigned char *comment; /* the last frame's, with a NUL; 65,536 bytes once needed */
		struct capfile_section section;
	} ng;

	struct capfile_watch watch;
	size_t kept_bytes; /* of interface blocks, CAPFILE_KEPT_MAX at most */
};

/** capfile_fill() - Slow path of capfile_want() */
const unsigned char *capfile_fill(struct capfile *c, size_t n);

/**
 * capfile_want() - Have the next @n bytes in the buffer, without taking them
 * @c:  Capture
 * @n:  At most CAPFILE_BLOCK_MAX
 *
 * Return: the bytes, until the next capfile_want(); or NULL where the source ends before
 */
static inline const unsigned char *capfile_want(struct capfile *c, size_t n)
{
	return c->end - c->at >= n ? c->buf + c->at : capfile_fill(c, n);
}

/** capfile_left() - Bytes in the buffer; all that the file still has, once capfile_want() failed */
static inline size_t capfile_left(const struct capfile *c)
{
	return c->end - c->at;
}

/** capfile_take() - Go past @n bytes that capfile_want() gave */
static inline void capfile_take(struct capfile *c, size_t n)
{
	c->at += n;
}

/** capfile_offset() - Byte of the file at which the next byte not taken is */
static inline uint64_t capfile_offset(const struct capfile *c)
{
	return c->base + c->at;
}

/** capfile_skip() - Go past @n bytes without holding them. Return: false where the file ends before
 */
bool capfile_skip(struct capfile *c, uint64_t n);

/** capfile_u16() - An integer of the file's byte order; also the two below */
static inline uint16_t capfile_u16(const struct capfile *c, const unsigned char *p)
{
	return c->big ? be16_load(p) : le16_load(p);
}

static inline uint32_t capfile_u32(const struct capfile *c, const unsigned char *p)
{
	return c->big ? be32_load(p) : le32_load(p);
}

static inline uint64_t capfile_u64(const struct capfile *c, const unsigned char *p)
{
	return c->big ? (uint64_t)be32_load(p) << 32 | be32_load(p + 4) : le64_load(p);
}

/**
 * capfile_break() - State that the file is broken
 * @c:       Capture
 * @offset:  Where the record or block starts that is not whole
 * @fmt:     What is wrong, and what to do if that is known
 *
 * Return: CAPFILE_BROKEN
 */
enum capfile_result capfile_break(struct capfile *c, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * capfile_short() - State that the file has no more bytes where more are needed
 * @c:       Capture, after a capfile_want() or capfile_skip() that failed
 * @offset:  Where the record or block starts
 * @what:    "record", "packet block"
 * @n:       Bytes that it should have
 *
 * Return: CAPFILE_BROKEN
 */
enum capfile_result capfile_short(struct capfile *c, uint64_t offset, const char *what, uint64_t n);

/** capfile_interface_add() - Keep an interface; @in->name is taken on success. Return: false where
 * memory ran out */
bool capfile_interface_add(struct capfile *c, const struct capfile_interface *in,
			   struct capfile_scale scale);

/** capfile_section_done() - Free the texts */
void capfile_section_done(struct capfile_section *s);

/** capfile_unpack() - Go on with what is packed in the file, where it is gzip or zstd. Return:
 * false where memory ran out */
bool capfile_unpack(struct capfile *c);

/** capfile_unpack_why() - What is wrong with the packed data, or NULL; @u may be NULL */
const char *capfile_unpack_why(const struct unpack *u);

/** capfile_unpack_taken() - Packed bytes read so far */
uint64_t capfile_unpack_taken(const struct unpack *u);

/**
 * capfile_pcap_open() - Read the header of a pcap file
 * @c:  Capture of which at least 4 bytes are in the buffer
 *
 * Return: CAPFILE_FRAME, CAPFILE_BROKEN (in @c), or CAPFILE_END where the magic is not one of pcap
 */
enum capfile_result capfile_pcap_open(struct capfile *c);

/** capfile_pcap_next() - capfile_next() of pcap; on CAPFILE_BROKEN the words are in @c */
enum capfile_result capfile_pcap_next(struct capfile *c, struct capfile_frame *frame);

/** capfile_pcapng_open() - As capfile_pcap_open() for the first section header of pcapng */
enum capfile_result capfile_pcapng_open(struct capfile *c);

/** capfile_pcapng_next() - As capfile_pcap_next() */
enum capfile_result capfile_pcapng_next(struct capfile *c, struct capfile_frame *frame);

/**
 * capfile_guess() - What a file is that is no capture of ours
 * @p, @n:   Its first bytes
 * @path:    For the remedy, as messages say it
 * @err:     Filled: what it looks like and what to do
 */
void capfile_guess(const unsigned char *p, size_t n, const char *path, struct err *err);

#endif
