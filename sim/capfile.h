/* capfile.h - captures read frame by frame: pcap and pcapng, streamed
 *
 * Theory of operation: a file (or "-", standard input) is read through one buffer whose size does not
 * depend on the file; a frame's bytes are borrowed until the next call. pcap: micro- and nanosecond
 * magic, both byte orders. pcapng: sections, interface blocks with if_name, if_tsresol, if_tsoffset,
 * enhanced, simple and (obsolete) packet blocks; comments are kept; blocks of other types are skipped.
 * A file that breaks gives all whole frames before the break, then CAPFILE_BROKEN with the byte
 * offset at which it broke and why. Time stamps become ns since 1970 UTC; a fraction that is no
 * fraction (a million microseconds or more) is carried into the seconds.
 *
 * Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, https://www.tcpdump.org/linktypes.html
 */
#ifndef SECVF_SIM_CAPFILE_H
#define SECVF_SIM_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CAPFILE_INTERFACES_MAX 4096u  /* in one section; more is refused as broken */
#define CAPFILE_BLOCK_MAX (16u << 20) /* a longer pcapng block is refused as broken (libpcap's bound) */

struct capfile_interface {
	char *name;          /* if_name, or NULL */
	int linktype;        /* LINKTYPE_ */
	uint32_t snaplen;    /* 0: no limit */
	uint8_t tsresol;     /* as in the option; 6 where it is absent */
	int64_t tsoffset_s;
};

struct capfile_frame {
	const unsigned char *data; /* borrowed until the next capfile_next() or _close() */
	uint32_t caplen, len;      /* caplen at most FRAME_BYTES_MAX; len as recorded, whatever it says */
	uint64_t ts_ns;
	uint64_t offset;           /* byte offset of its record in the file */
	uint64_t number;           /* 1 on, in this file */
	unsigned interface;        /* index, counted through all sections of the file; 0 in pcap */
	int linktype;
	const char *comment;       /* first opt_comment, with a NUL; borrowed as data; NULL if none */
	size_t comments;           /* how many it had */
};

enum capfile_result {
	CAPFILE_FRAME,
	CAPFILE_END,
	CAPFILE_BROKEN, /* truncated or malformed; err says at which byte, and what to do */
};

struct capfile;

/**
 * capfile_open() - Open a capture and read its first header
 * @path:  File, or "-" for standard input
 * @err:   Filled on failure: names the file, what is wrong (no such file, empty, not a capture and what
 *         it looks like: gzip, zstd, ERF, snoop, ...), and the remedy
 *
 * Return: capture, or NULL
 */
struct capfile *capfile_open(const char *path, struct err *err);

/** capfile_close() - Close and free; NULL is allowed */
void capfile_close(struct capfile *c);

/** capfile_next() - Read one frame. @frame is filled on CAPFILE_FRAME, @err on CAPFILE_BROKEN; after
 * CAPFILE_END or CAPFILE_BROKEN every further call gives the same. */
enum capfile_result capfile_next(struct capfile *c, struct capfile_frame *frame, struct err *err);

/** capfile_interfaces() - Interfaces seen so far, in order; grows while frames are read */
const struct capfile_interface *capfile_interfaces(const struct capfile *c, unsigned *count);

/** capfile_path() - Path as opened */
const char *capfile_path(const struct capfile *c);

/** capfile_is_pcapng() - Whether the file is pcapng */
bool capfile_is_pcapng(const struct capfile *c);

#endif
