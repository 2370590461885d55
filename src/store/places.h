/* places.h - where on disk each frame is
 *
 * Theory of operation: for each file that the spool keeps or writes, the ids of its frames and, a
 * mark each PLACE_STEP bytes at most, where some of them begin. A frame is found by going to the
 * last mark before it and stepping over the blocks from there. 16 bytes a mark: 16 KiB for a
 * gigabyte. Files are added in the order of ids, and each holds its frames without a gap.
 *
 * Threads: the spool's writes, any reads, under one lock, which is held for no call to the system.
 * A file may be renamed or deleted once it was told where a frame is: ask again then.
 */
#ifndef SECVF_STORE_PLACES_H
#define SECVF_STORE_PLACES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/disk.h"

/* As long as a segment is, and as can be read well within 10 ms. */
#define PLACE_STEP (1u << 20)

struct place_mark {
	uint64_t id, offset;
};

struct place_file {
	char *path;
	uint64_t first, end; /* ids; end is behind the last */
	struct place_mark *mark;
	unsigned marks, cap;
};

struct places {
	pthread_mutex_t lock;
	struct place_file *file;
	unsigned files, cap;
};

/** struct place - Where to look for a frame: frame @first begins at @offset or after, all from
 * there on follow */
struct place {
	char path[DISK_PATH_MAX];
	uint64_t offset, first;
};

/** places_init() - Return: 0, or -errno */
int places_init(struct places *p);

/** places_done() - Free */
void places_done(struct places *p);

/** places_begin() - A file with frames from @first on. Without memory it is not known, and its
 * frames will not be found */
void places_begin(struct places *p, const char *path, uint64_t first);

/** places_add() - The newest file: frames [@id, @end) begin at @offset */
void places_add(struct places *p, uint64_t id, uint64_t end, uint64_t offset);

/** places_blocks() - The newest file: its frames from @id on are the packet blocks in @n whole
 * blocks at @blocks, which lie at @offset of it */
void places_blocks(struct places *p, uint64_t id, const unsigned char *blocks, uint64_t n,
		   uint64_t offset);

/** places_rename() - The newest file has another name */
void places_rename(struct places *p, const char *path);

/** places_drop() - The file that begins with frame @first has gone; none is no error */
void places_drop(struct places *p, uint64_t first);

/** places_range() - Any thread. Return: whether frame @id is in a file; *next: the first id for
 * which that may be otherwise, UINT64_MAX for none */
bool places_range(struct places *p, uint64_t id, uint64_t *next);

/** places_find() - Any thread. Return: whether it is known where frame @id is */
bool places_find(struct places *p, uint64_t id, struct place *place);

#endif
