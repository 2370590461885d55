/* capfile_unpack.c - gzip and zstd below the capture formats: bytes unpacked as they are read
 *
 * A file may be several members or frames, one after the other, as `cat` of compressed files makes.
 * Behind the last member of gzip there may be zeros, which tapes leave. Memory: one input buffer,
 * and the window of the format, 32 KiB of gzip and UNPACK_WINDOW_LOG at most of zstd.
 */
#include "capfile/capfile_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/check.h"

#define UNPACK_IN_BYTES	  (128u << 10)
#define UNPACK_WINDOW_LOG 27 /* 128 MiB, what zstd itself unpacks without being asked to */

/* Of a frame: its magic number, and the byte that says how long the header is (RFC 8878, 3.1.1). */
#define ZSTD_HEADER_BYTES 5u
#define ZSTD_BLOCK_HEADER 3u

enum unpack_kind {
	UNPACK_GZIP,
	UNPACK_ZSTD,
};

struct unpack {
	enum unpack_kind kind;
	struct capfile_source source; /* of the packed bytes */
	z_stream z;
	bool z_ready;
	ZSTD_DStream *zstd;
	size_t hint;	/* bytes that it wants to see next */
	bool inside;	/* of a member or frame: the file must not end here */
	bool in_end;	/* the source has no more */
	bool over;	/* the last member was read */
	int read_error; /* of the source */
	uint64_t taken; /* bytes that the source gave */
	size_t at, end; /* of in */
	char why[160];	/* what is wrong with the packed data; "": nothing so far */
	size_t in_bytes;
	unsigned char in[];
};

const char *capfile_unpack_why(const struct unpack *u)
{
	return u && u->why[0] ? u->why : NULL;
}

uint64_t capfile_unpack_taken(const struct unpack *u)
{
	return u->taken;
}

/* Has @want bytes in the input buffer, or as many as it holds. Return: false where the source ends
 * before any */
static bool input_gather(struct unpack *u, size_t want)
{
	if (want > u->in_bytes)
		want = u->in_bytes;
	if (u->end - u->at < want && u->at) {
		memmove(u->in, u->in + u->at, u->end - u->at);
		u->end -= u->at;
		u->at = 0;
	}
	while (u->end - u->at < want && !u->in_end) {
		size_t room = u->in_bytes - u->end;
		ssize_t got = u->source.read(u->source.ctx, u->in + u->end, room);

		check(got <= (ssize_t)room);
		if (got <= 0) {
			u->in_end = true;
			u->read_error = (int)-got;
			break;
		}
		u->end += (size_t)got;
		u->taken += (uint64_t)got;
	}
	return u->at < u->end;
}

/* Has bytes in the input buffer. Return: false at the end of the source */
static bool input_fill(struct unpack *u)
{
	return input_gather(u, 1);
}

static ssize_t unpack_fail(struct unpack *u, const char *format, const char *what)
{
	snprintf(u->why, sizeof(u->why), "the %s data around its byte %llu %s", format,
		 (unsigned long long)(u->taken - (u->end - u->at)), what);
	return -EBADMSG;
}

static ssize_t unpack_ended(struct unpack *u, const char *format)
{
	if (u->read_error)
		return -u->read_error;
	if (!u->inside)
		return 0;
	snprintf(u->why, sizeof(u->why),
		 "the %s data is cut short after %llu bytes: its writer was stopped, or it was not "
		 "copied whole",
		 format, (unsigned long long)u->taken);
	return -EBADMSG;
}

/* Between two members: goes past zeros. Return: 1 another member begins, 0 none, negative errno */
static ssize_t member_next(struct unpack *u)
{
	while (input_fill(u)) {
		if (u->in[u->at] == 0) {
			u->at++;
			continue;
		}
		/* The second byte of the magic is inflate's to judge. */
		if (u->in[u->at] != 0x1f)
			return unpack_fail(u, "gzip", "is followed by something else");
		inflateReset(&u->z);
		u->inside = true;
		return 1;
	}
	return -u->read_error;
}

static ssize_t gzip_read(struct unpack *u, unsigned char *buf, size_t n)
{
	u->z.next_out = buf;
	u->z.avail_out = (uInt)n;
	while (u->z.avail_out == n) {
		int result;

		if (!u->inside) {
			ssize_t more = member_next(u);

			if (more <= 0)
				return more;
		}
		if (!input_fill(u))
			return unpack_ended(u, "gzip");
		u->z.next_in = u->in + u->at;
		u->z.avail_in = (uInt)(u->end - u->at);
		result = inflate(&u->z, Z_NO_FLUSH);
		u->at = u->end - u->z.avail_in;
		if (result == Z_STREAM_END)
			u->inside = false;
		else if (result == Z_MEM_ERROR)
			return -ENOMEM;
		else if (result != Z_OK && result != Z_BUF_ERROR && u->z.avail_out == n)
			return unpack_fail(u, "gzip",
					   u->z.msg && strstr(u->z.msg, "check")
						   ? "has a wrong checksum: it is damaged"
						   : "is damaged");
		else if (result != Z_OK && result != Z_BUF_ERROR)
			break;
	}
	return (ssize_t)(n - u->z.avail_out);
}

static ssize_t zstd_read(struct unpack *u, unsigned char *buf, size_t n)
{
	ZSTD_outBuffer out = {.dst = buf, .size = n};

	while (out.pos == 0) {
		ZSTD_inBuffer in;
		size_t result;

		/* What is still inside the decoder comes out without input. */
		bool more = input_gather(u, u->hint);

		if (!more && !u->inside)
			return unpack_ended(u, "zstd");
		/* A whole block at a time, however the source gives it. When one is damaged, what
		 * the same call made of those before it is lost; and of one that comes in pieces
		 * some would be given before the damage shows. */
		in = (ZSTD_inBuffer){.src = u->in + u->at, .size = u->end - u->at};
		if (in.size > u->hint)
			in.size = u->hint;
		result = ZSTD_decompressStream(u->zstd, &out, &in);
		u->at += in.pos;
		if (ZSTD_isError(result)) {
			char what[96];

			snprintf(what, sizeof(what), "is damaged (%s)", ZSTD_getErrorName(result));
			return unpack_fail(u, "zstd", what);
		}
		u->inside = result != 0;
		/* Its hint counts the next block's header in, which may be the damage. */
		u->hint = !result		       ? ZSTD_HEADER_BYTES
			  : result > ZSTD_BLOCK_HEADER ? result - ZSTD_BLOCK_HEADER
						       : result;
		if (!more && out.pos == 0)
			return unpack_ended(u, "zstd");
	}
	return (ssize_t)out.pos;
}

/* zlib counts in unsigned int; a buffer is far below that. */
static ssize_t unpack_read(void *ctx, void *buf, size_t n)
{
	struct unpack *u = ctx;
	ssize_t got;

	check(n > 0 && n <= CAPFILE_BLOCK_MAX);
	if (u->over)
		return u->why[0] ? -EBADMSG : -u->read_error;
	got = u->kind == UNPACK_GZIP ? gzip_read(u, buf, n) : zstd_read(u, buf, n);
	u->over = got <= 0;
	return got;
}

static void unpack_close(void *ctx)
{
	struct unpack *u = ctx;

	if (u->source.close)
		u->source.close(u->source.ctx);
	if (u->z_ready)
		inflateEnd(&u->z);
	ZSTD_freeDStream(u->zstd);
	free(u);
}

static bool decoder_open(struct unpack *u)
{
	if (u->kind == UNPACK_GZIP) {
		u->z_ready = inflateInit2(&u->z, 15 + 16) == Z_OK;
		return u->z_ready;
	}
	u->zstd = ZSTD_createDStream();
	u->hint = ZSTD_HEADER_BYTES;
	return u->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax,
							       UNPACK_WINDOW_LOG));
}

bool capfile_unpack(struct capfile *c)
{
	const unsigned char *p = capfile_want(c, 4);
	enum unpack_kind kind = UNPACK_GZIP;
	struct unpack *u;
	size_t in_bytes;

	/* A frame of zstd, or one to be skipped, as pzstd begins with. */
	if (p && (le32_load(p) == 0xfd2fb528 || (le32_load(p) & 0xfffffff0) == 0x184d2a50))
		kind = UNPACK_ZSTD;
	else if (!p || p[0] != 0x1f || p[1] != 0x8b)
		return true;
	/* What the capture's buffer holds already is packed, too. */
	in_bytes = capfile_left(c) > UNPACK_IN_BYTES ? capfile_left(c) : UNPACK_IN_BYTES;
	u = calloc(1, sizeof(*u) + in_bytes);
	if (!u)
		return false;
	u->in_bytes = in_bytes;
	u->kind = kind;
	u->inside = true;
	if (!decoder_open(u)) {
		unpack_close(u);
		return false;
	}
	u->end = capfile_left(c);
	memcpy(u->in, c->buf + c->at, u->end);
	u->taken = u->end;
	u->in_end = c->at_end;
	u->read_error = c->read_error;
	u->source = c->source;
	c->source = (struct capfile_source){.read = unpack_read, .close = unpack_close, .ctx = u};
	c->unpack = u;
	c->at = c->end = 0;
	c->base = 0;
	c->at_end = false;
	c->read_error = 0;
	return true;
}
