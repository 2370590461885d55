/* follow.h - what a stream carried, in both directions
 *
 * Sources: sharkd's answer to "follow", and `tshark -q -z follow,KIND,raw,FILTER` (Wireshark 4.0)
 */
#ifndef SECVF_ANALYSIS_FOLLOW_H
#define SECVF_ANALYSIS_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define FOLLOW_BYTES_MAX (128u << 20)

struct follow_piece {
	uint32_t at, n;	  /* in follow.bytes */
	uint32_t frame;	  /* that it ended in; 0: not known */
	bool from_server; /* else from the client: who spoke first */
};

struct follow {
	char client[128], server[128]; /* "192.0.2.1:52404"; printable ASCII */
	struct follow_piece *piece;
	uint32_t pieces, pieces_cap;
	struct buf bytes;
	uint64_t client_bytes, server_bytes;
	bool cut; /* there was more than FOLLOW_BYTES_MAX */
};

enum follow_form {
	FOLLOW_TEXT, /* what is printable, the rest as '.'; line breaks kept */
	FOLLOW_HEX,
	FOLLOW_RAW,
	FOLLOW_JSON
};

/** follow_from_sharkd() - @answer: the whole response, NUL-terminated. @err: EXIT_ENVIRONMENT */
bool follow_from_sharkd(struct follow *f, const char *answer, size_t n, struct err *err);

/** follow_from_tshark() - @text: all that -z follow,...,raw,... printed. @err: EXIT_ENVIRONMENT */
bool follow_from_tshark(struct follow *f, const char *text, size_t n, struct err *err);

/** follow_put() - As text for a person or a program; FOLLOW_RAW is the bytes alone, both ways */
void follow_put(const struct follow *f, enum follow_form form, struct buf *out);

/** follow_done() - Free, and zero */
void follow_done(struct follow *f);

#endif
