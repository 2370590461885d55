/* compress.h - bytes to gzip, to zstd, or as they are, streamed into a buffer
 *
 * gzip: one member at zlib's default level. zstd: one frame at its default level, with a checksum.
 *
 * Sources: RFC 1952, RFC 8878
 */
#ifndef SECVF_CAPFILE_COMPRESS_H
#define SECVF_CAPFILE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum compress_kind {
	COMPRESS_NONE,
	COMPRESS_GZIP,
	COMPRESS_ZSTD,
};

struct compress;

/** compress_kind_of() - What the end of a file's name asks for: ".gz", ".zst", else none */
enum compress_kind compress_kind_of(const char *name);

/** compress_open() - Start. Return: NULL where memory ran out */
struct compress *compress_open(enum compress_kind kind);

/**
 * compress_put() - Add bytes
 * @c:    Compressor
 * @p:    @n bytes
 * @out:  Gets what is ready, which may be nothing yet
 *
 * Return: false where memory ran out; the stream is lost then
 */
bool compress_put(struct compress *c, const void *p, size_t n, struct buf *out);

/** compress_end() - The rest and the trailer into @out; once, and nothing is added after it.
 * Return: as compress_put() */
bool compress_end(struct compress *c, struct buf *out);

/** compress_close() - Free; NULL is allowed */
void compress_close(struct compress *c);

#endif
