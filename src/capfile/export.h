/* export.h - captures written anew: chosen frames of many files, as one pcapng or pcap
 *
 * Theory of operation: inputs are given one after the other; bytes leave by the sink in large
 * pieces. What pcapng said little-endian is copied as it is, only the number of the interface is
 * set anew: options, comments, resolutions and offsets of time stay. Big-endian blocks are turned
 * round, time stamps in ticks as recorded; simple and obsolete packet blocks and records of pcap
 * become enhanced packet blocks, those of pcap with time stamps in ns. Interface blocks that are
 * equal, byte by byte, in several sections become one. Names, secrets and custom blocks that may be
 * copied are; statistics tell of a whole capture and are copied where no frame is left out. Blocks
 * of other types are left out and counted.
 *
 * Bounds: a section has as many interfaces as our own reader accepts; with one more, a new section
 * begins. What is kept is the interface blocks of one section, EXPORT_KEPT_MAX bytes at most.
 *
 * Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng
 */
#ifndef SECVF_CAPFILE_EXPORT_H
#define SECVF_CAPFILE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capfile/capfile.h"
#include "capfile/compress.h"
#include "capfile/selection.h"

#define EXPORT_OUT_BYTES  (256u << 10) /* given to the sink at a time, one block more at most */
#define EXPORT_KEPT_MAX	  CAPFILE_KEPT_MAX
#define EXPORT_TICK_EVERY 1024u /* frames */

enum export_format {
	EXPORT_PCAPNG,
	EXPORT_PCAP,	/* microseconds, for old tools */
	EXPORT_PCAP_NS, /* nanoseconds */
};

struct export_config {
	enum export_format format;
	enum compress_kind compress;
	const char *application;     /* shb_userappl; borrowed */
	struct selection *selection; /* borrowed, scanned already where it scans */
	/* Of a pcapng only the frames, with their times, flags and drops, and names of interfaces;
	 * no comments, texts, other options and blocks. Times are in ns. */
	bool bare;
	/* Each frame that is wanted, to be changed in place before it is written; its length stays.
	 * NULL: none is. Return: false where it is to be left out */
	bool (*frame)(void *ctx, int linktype, unsigned char *data, uint32_t caplen);
	/* Takes all @n bytes. Return: 0, or negative errno */
	int (*write)(void *ctx, const void *p, size_t n);
	/* Every EXPORT_TICK_EVERY frames; NULL: none */
	void (*tick)(void *ctx, const struct capfile *c);
	void *ctx;
};

struct export_stats {
	uint64_t read, written; /* frames */
	uint64_t bytes;		/* given to the sink */
	uint64_t left_out;	/* blocks of types that are not copied */
};

enum export_result {
	EXPORT_WHOLE,
	EXPORT_BROKEN, /* the input ends with a broken place; what is before it was exported */
	EXPORT_FAILED, /* nothing more can be exported */
};

struct export;

/** export_open() - Start; writes the first header. Return: NULL with @err */
struct export *export_open(const struct export_config *config, struct err *err);

/**
 * export_input() - Export the frames of one input that are wanted
 * @e:    Export
 * @c:    Capture of which no frame was read yet; read to its end, and watched
 * @err:  Filled unless EXPORT_WHOLE; EXIT_ENVIRONMENT, or EXIT_USAGE where the filter does not suit
 */
enum export_result export_input(struct export *e, struct capfile *c, struct err *err);

/** export_end() - Write the rest. Return: false with @err */
bool export_end(struct export *e, struct err *err);

/** export_stats() - What was done so far */
const struct export_stats *export_stats(const struct export *e);

/** export_close() - Free; NULL is allowed */
void export_close(struct export *e);

#endif
