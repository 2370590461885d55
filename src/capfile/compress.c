/* compress.c - bytes to gzip, to zstd, or as they are */
#include "capfile/compress.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "base/check.h"

#define STEP_BYTES (256u << 10) /* room made in the buffer at a time */
#define PIECE_MAX  (1u << 30)	/* zlib counts in unsigned int */

struct compress {
	enum compress_kind kind;
	z_stream z;
	bool z_ready;
	ZSTD_CCtx *zstd;
	bool ended;
};

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

enum compress_kind compress_kind_of(const char *name)
{
	if (ends_with(name, ".gz"))
		return COMPRESS_GZIP;
	return ends_with(name, ".zst") ? COMPRESS_ZSTD : COMPRESS_NONE;
}

static bool encoder_open(struct compress *c)
{
	switch (c->kind) {
	case COMPRESS_GZIP:
		c->z_ready = deflateInit2(&c->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
					  Z_DEFAULT_STRATEGY) == Z_OK;
		return c->z_ready;
	case COMPRESS_ZSTD:
		c->zstd = ZSTD_createCCtx();
		return c->zstd &&
		       !ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_checksumFlag, 1));
	default: return true;
	}
}

struct compress *compress_open(enum compress_kind kind)
{
	struct compress *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->kind = kind;
	if (encoder_open(c))
		return c;
	compress_close(c);
	return NULL;
}

static bool gzip_step(struct compress *c, const void *p, size_t n, bool end, struct buf *out)
{
	int result = Z_OK;

	check(n <= PIECE_MAX);
	c->z.next_in = p;
	c->z.avail_in = (uInt)n;
	do {
		if (!buf_reserve(out, STEP_BYTES))
			return false;
		c->z.next_out = (unsigned char *)out->p + out->n;
		c->z.avail_out = STEP_BYTES;
		result = deflate(&c->z, end ? Z_FINISH : Z_NO_FLUSH);
		out->n += STEP_BYTES - c->z.avail_out;
		/* No progress is no error: there was nothing left to do. */
		if (result == Z_STREAM_ERROR)
			return false;
	} while (end ? result != Z_STREAM_END : c->z.avail_out == 0);
	return true;
}

static bool zstd_step(struct compress *c, const void *p, size_t n, bool end, struct buf *out)
{
	ZSTD_inBuffer in = {.src = p, .size = n};
	size_t left;

	do {
		ZSTD_outBuffer to;

		if (!buf_reserve(out, STEP_BYTES))
			return false;
		to = (ZSTD_outBuffer){.dst = out->p + out->n, .size = STEP_BYTES};
		left = ZSTD_compressStream2(c->zstd, &to, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		out->n += to.pos;
		if (ZSTD_isError(left))
			return false;
	} while (end ? left > 0 : in.pos < in.size);
	return true;
}

static bool step(struct compress *c, const void *p, size_t n, bool end, struct buf *out)
{
	check(!c->ended);
	c->ended = end;
	switch (c->kind) {
	case COMPRESS_GZIP: return gzip_step(c, p, n, end, out);
	case COMPRESS_ZSTD: return zstd_step(c, p, n, end, out);
	default: buf_put(out, p, n); return !out->failed;
	}
}

bool compress_put(struct compress *c, const void *p, size_t n, struct buf *out)
{
	return n == 0 || step(c, p, n, false, out);
}

bool compress_end(struct compress *c, struct buf *out)
{
	return step(c, "", 0, true, out);
}

void compress_close(struct compress *c)
{
	if (!c)
		return;
	if (c->z_ready)
		deflateEnd(&c->z);
	ZSTD_freeCCtx(c->zstd);
	free(c);
}
