/* loaded.h - frames of captures in memory, one after the other, decoded: what loops are measured on
 *
 * They are few enough to be read often, so that it is the loops that are measured, not the memory.
 */
#ifndef SECVF_CLI_LOADED_H
#define SECVF_CLI_LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "basic/dfilter.h"

#define LOADED_FRAMES_MAX 50000u
#define LOADED_BYTES_MAX  (16u << 20)

struct loaded {
	struct dfilter_frame *frame; /* data, caplen, len (0 on the wire: caplen), number, basic */
	struct basic *basic;
	unsigned char *bytes;
	size_t frames, used;
};

/** loaded_init() - Empty. Return: false where memory ran out */
bool loaded_init(struct loaded *l);

/** loaded_done() - Free; a zeroed one, too */
void loaded_done(struct loaded *l);

/**
 * loaded_read() - Add the Ethernet frames of a capture, until there is room for no more
 * @err:  Where it cannot be read; what came before stands
 */
bool loaded_read(struct loaded *l, const char *path, struct err *err);

#endif
