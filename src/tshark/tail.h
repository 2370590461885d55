/* tail.h - tshark's stderr cut into lines, the last of them kept */
#ifndef SECVF_TSHARK_TAIL_H
#define SECVF_TSHARK_TAIL_H

#include <stdbool.h>
#include <stddef.h>

#define TAIL_LINES 64  /* kept */
#define TAIL_BYTES 512 /* of a line, the rest of a longer one is left out */

struct tail {
	char line[TAIL_LINES][TAIL_BYTES];
	size_t length[TAIL_LINES];
	size_t lines; /* whole lines so far, in all */
	char part[TAIL_BYTES];
	size_t part_n;
	bool part_open; /* bytes came since the last newline */
};

/**
 * tail_feed() - Bytes as they came; any chunking gives the same lines
 * @line:  Called for each whole line, borrowed for the call
 */
void tail_feed(struct tail *t, const char *p, size_t n,
	       void (*line)(void *ctx, const char *text, size_t n), void *ctx);

/** tail_end() - The stream has ended; a last line without newline counts */
void tail_end(struct tail *t, void (*line)(void *ctx, const char *text, size_t n), void *ctx);

/** tail_last() - The @back-th line from the end, 0 the last; NULL where there is none */
const char *tail_last(const struct tail *t, size_t back, size_t *n);

#endif
