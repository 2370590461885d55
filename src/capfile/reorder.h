/* reorder.h - blocks of a big-endian pcapng section as they are in a little-endian one
 *
 * Integers of the block's fixed part and of the options that have some are turned round; texts,
 * addresses and what nobody knows the inside of (unknown options, data of custom blocks) stay as
 * they are.
 *
 * Source: draft-ietf-opsawg-pcapng
 */
#ifndef SECVF_CAPFILE_REORDER_H
#define SECVF_CAPFILE_REORDER_H

#include <stdint.h>

#include "base/buf.h"

/* Types of blocks. */
#define BLOCK_SECTION	      0x0a0d0d0au
#define BLOCK_INTERFACE	      1u
#define BLOCK_PACKET	      2u /* obsolete */
#define BLOCK_SIMPLE	      3u
#define BLOCK_NAMES	      4u
#define BLOCK_STATISTICS      5u
#define BLOCK_ENHANCED	      6u
#define BLOCK_SECRETS	      10u
#define BLOCK_CUSTOM	      0x00000badu /* that may be copied */
#define BLOCK_CUSTOM_NOT_COPY 0x40000badu

/**
 * reorder_block() - Add a big-endian block to @out, little-endian
 * @out:    Buffer
 * @type:   One of those above
 * @p:      The whole block, its two lengths equal; not aligned
 * @bytes:  Its length, a multiple of 4, 12 at least
 *
 * Bytes that are too few for the block's fixed part are copied as they are.
 */
void reorder_block(struct buf *out, uint32_t type, const unsigned char *p, uint32_t bytes);

/** reorder_options() - The same for options alone, those of a packet or an interface, up to and
 * without their end mark */
void reorder_options(struct buf *out, uint32_t type, const unsigned char *p, uint32_t bytes);

#endif
