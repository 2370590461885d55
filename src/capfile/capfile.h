/* capfile.h - captures read frame by frame: pcap and pcapng, streamed
 *
 * Theory of operation: a file (or "-", standard input) is read through one buffer whose size does
 * not depend on the file: it starts at CAPFILE_BUFFER and grows to hold the longest record or
 * block that has to be looked at whole, CAPFILE_BLOCK_MAX at most. A frame's bytes are borrowed
 * until the next call. gzip and zstd are unpacked on the way, told by their first bytes. pcap:
 * micro- and nanosecond magic and Kuznetzov's modified one with longer record headers, both byte
 * orders, versions 2.0 to 2.4 (before 2.3 the two lengths of a record are swapped) and 543.0.
 * pcapng: sections in either byte order, interface blocks with if_name, if_tsresol, if_tsoffset;
 * enhanced, simple and (obsolete) packet blocks; comments are kept; blocks of other types are
 * skipped without being held, unless somebody watches them. A new section numbers its interfaces
 * from 0 again; capfile_frame.interface counts on.
 *
 * What breaks: a record or block that the file ends inside, a length beyond its bound or
 * that contradicts another, a packet of an interface that no block described, a section
 * that says it is longer than the file. A file that breaks gives all whole frames before the
 * break, then CAPFILE_BROKEN. The byte offset in its message is that of the record or block which
 * is not whole: all bytes before it are good, and `head -c OFFSET` keeps just those. In a
 * compressed file it counts unpacked bytes, and says so.
 *
 * Time stamps become ns since 1970 UTC. Seconds of pcap are unsigned (until 2106); a fraction that
 * is no fraction (a million microseconds or more) is carried into the seconds; finer units than ns
 * are rounded down; what lies before 1970 is 0 and what lies after 2554 is UINT64_MAX. A simple
 * packet block has no time: 0.
 *
 * Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng,
 * https://www.tcpdump.org/linktypes.html, and for what predates them libpcap's sf-pcap.c
 */
#ifndef SECVF_CAPFILE_CAPFILE_H
#define SECVF_CAPFILE_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Bytes asked for at a time; so many stay in a processor's cache. */
#define CAPFILE_BUFFER		     (256u << 10)
#define CAPFILE_BLOCK_MAX	     (16u << 20) /* a longer pcapng block breaks (libpcap's bound) */
#define CAPFILE_INTERFACES_MAX	     4096u	 /* in one section; more is refused as broken */
#define CAPFILE_INTERFACES_TOTAL_MAX (1u << 16)	 /* in all sections of a file; likewise */
#define CAPFILE_NAME_MAX	     256u	 /* bytes kept of an if_name, NUL included */
#define CAPFILE_TEXT_MAX	     4096u	 /* bytes kept of a section's text, NUL included */
#define CAPFILE_KEPT_MAX	     (64u << 20) /* bytes of interface blocks kept, where asked for */

struct capfile_interface {
	char *name;   /* if_name, or NULL; whatever bytes the file has, cut to CAPFILE_NAME_MAX */
	int linktype; /* LINKTYPE_ */
	uint32_t snaplen; /* 0: no limit */
	uint8_t tsresol;  /* as in the option; 6 where it is absent */
	int64_t tsoffset_s;
	char *description;    /* if_description, as name */
	unsigned char *block; /* the whole block, where asked for by capfile_watch(); else NULL */
	uint32_t block_bytes;
	bool big; /* byte order of the block */
};

/** struct capfile_section - Texts of the section being read; NULL what it does not have, each cut
 * to CAPFILE_TEXT_MAX */
struct capfile_section {
	char *hardware, *os, *application, *comment;
};

/** struct capfile_block - A whole block of pcapng, from type to second length */
struct capfile_block {
	uint32_t type;
	const unsigned char *p; /* borrowed for the call */
	uint32_t bytes;
	uint64_t offset;	  /* in the file */
	unsigned first_interface; /* index of the section's first one */
	bool big;
};

/** struct capfile_watch - Who wants to know more than frames */
struct capfile_watch {
	/* Each block that is no packet, in the order of the file, after the first section header.
	 * An interface block is in capfile_interfaces() by then. Must not call into the capture
	 * other than by the functions that only look. NULL: none are wanted */
	void (*block)(void *ctx, const struct capfile_block *block);
	void *ctx;
	bool keep_interfaces; /* fill capfile_interface.block; beyond CAPFILE_KEPT_MAX breaks */
};

struct capfile_frame {
	const unsigned char *data; /* borrowed until the next capfile_next() or _close() */
	uint32_t caplen;	   /* at most FRAME_BYTES_MAX */
	uint32_t len;		   /* as recorded, whatever it says */
	uint64_t ts_ns;
	uint64_t offset;    /* byte offset of its record in the file, unpacked */
	uint64_t number;    /* 1 on, in this file */
	unsigned interface; /* index, counted through all sections of the file; 0 in pcap */
	int linktype;
	const char *comment; /* first opt_comment, with a NUL; borrowed as data; NULL if none */
	size_t comments;     /* how many it had */
	const unsigned char *block; /* the whole record or block; borrowed as data */
	uint32_t block_bytes;
	uint32_t block_type;	      /* of pcapng; 0 in pcap */
	bool big;		      /* byte order of block and options */
	const unsigned char *options; /* as pcapng has them, with or without an end mark */
	uint32_t options_bytes;
	uint32_t flags;	    /* epb_flags; 0 if absent */
	uint64_t dropcount; /* epb_dropcount, or what the obsolete packet block counts; 0 if absent
			     */
	uint64_t ticks;	    /* the time stamp as recorded; in pcapng's packet blocks only */
};

enum capfile_result {
	CAPFILE_FRAME,
	CAPFILE_END,
	CAPFILE_BROKEN, /* truncated or malformed; err says at which byte, and what to do */
};

/** struct capfile_source - Where the bytes come from; a test or a fuzzer makes up its own */
struct capfile_source {
	/* Return: bytes put at @buf, 1 to @n; 0 at the end; negative errno */
	ssize_t (*read)(void *ctx, void *buf, size_t n);
	void (*close)(void *ctx); /* or NULL */
	void *ctx;
};

struct capfile;

/**
 * capfile_open() - Open a capture and read its first header
 * @path:  File, or "-" for standard input
 * @err:   Filled on failure, EXIT_ENVIRONMENT: names the file, what is wrong (no such file, empty,
 *         not a capture and what it looks like: xz, ERF, snoop, ...), and the remedy
 *
 * Return: capture, or NULL
 */
struct capfile *capfile_open(const char *path, struct err *err);

/**
 * capfile_open_buffered() - capfile_open() with a buffer of another size, for many files at once
 * @path:          As capfile_open()
 * @buffer_bytes:  To start with; it grows where one record needs more. 0: CAPFILE_BUFFER
 * @err:           As capfile_open()
 */
struct capfile *capfile_open_buffered(const char *path, size_t buffer_bytes, struct err *err);

/**
 * capfile_open_source() - capfile_open_buffered() over any source of bytes
 * @path:          Name in messages; copied
 * @source:        Taken, also on failure: its close() is called in every case
 * @buffer_bytes:  As capfile_open_buffered()
 * @err:           As capfile_open()
 */
struct capfile *capfile_open_source(const char *path, struct capfile_source source,
				    size_t buffer_bytes, struct err *err);

/** capfile_close() - Close and free; NULL is allowed */
void capfile_close(struct capfile *c);

/**
 * capfile_next() - Read one frame; waits for its bytes where the source is a pipe
 * @c:      Capture
 * @frame:  Filled on CAPFILE_FRAME, else untouched
 * @err:    Filled on CAPFILE_BROKEN, EXIT_ENVIRONMENT: "FILE: broken at byte N: <what>; M whole
 *          frames were read before it"
 *
 * After CAPFILE_END or CAPFILE_BROKEN every further call gives the same.
 */
enum capfile_result capfile_next(struct capfile *c, struct capfile_frame *frame, struct err *err);

/**
 * capfile_interfaces() - Interfaces seen so far, in order; grows while frames are read
 * @c:      Capture
 * @count:  Set to how many there are
 *
 * Return: the interfaces, until the next capfile_next() or _close()
 */
const struct capfile_interface *capfile_interfaces(const struct capfile *c, unsigned *count);

/** capfile_section() - Texts of the section being read, until the next capfile_next() or _close();
 * none in pcap */
const struct capfile_section *capfile_section(const struct capfile *c);

/** capfile_watch() - Have @watch told of more than frames; before the first capfile_next(). Copied
 */
void capfile_watch(struct capfile *c, const struct capfile_watch *watch);

/**
 * capfile_comment() - The comments of a frame, one after the other
 * @frame:  From capfile_next(), while its bytes are borrowed
 * @at:     0 to start; goes on
 * @n:      Set to the comment's bytes, which have no NUL
 *
 * Return: comment, or NULL after the last
 */
const char *capfile_comment(const struct capfile_frame *frame, uint32_t *at, size_t *n);

/** capfile_taken() - Bytes of the file read so far, packed ones where it is compressed; for
 * progress
 */
uint64_t capfile_taken(const struct capfile *c);

/** capfile_is_packed() - Whether the file is compressed */
bool capfile_is_packed(const struct capfile *c);

/** capfile_path() - Path as opened */
const char *capfile_path(const struct capfile *c);

/** capfile_is_pcapng() - Whether the file is pcapng */
bool capfile_is_pcapng(const struct capfile *c);

#endif
