/* frame_read.c - one frame out of the files of a session */
#include "os/frame_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/segment.h"
#include "tap/frame.h"

/* The longest block, and more than most steps take. */
#define READ_BYTES (FRAME_BYTES_MAX + 65536u)
/* A file that is renamed between the look and the opening is found again. */
#define TRIES 3

/* @id's block, from the place on. @bytes has READ_BYTES. Return: 0, -errno */
static int step_to(int fd, const struct place *place, uint64_t id, unsigned char *bytes,
		   struct buf *block)
{
	uint64_t offset = place->offset, at_id = place->first;

	for (;;) {
		ssize_t n = pread(fd, bytes, READ_BYTES, (off_t)offset);
		uint64_t at = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (block_find(bytes, (uint64_t)n, &at, &at_id, id)) {
			buf_put(block, bytes + at, block_bytes(bytes + at));
			return block->failed ? -ENOMEM : 0;
		}
		/* The end, a length that is none, or one of a block that no tap lays out. */
		if (!at)
			return -EBADMSG;
		offset += at;
	}
}

int frame_read(struct places *places, uint64_t id, struct buf *block)
{
	unsigned char *bytes = malloc(READ_BYTES);
	int error = bytes ? -ENOENT : -ENOMEM;
	struct place place;

	for (int i = 0; i < TRIES && error == -ENOENT && places_find(places, id, &place); i++) {
		int fd = open(place.path, O_RDONLY | O_CLOEXEC);

		error = fd < 0 ? -errno : step_to(fd, &place, id, bytes, block);
		if (fd >= 0)
			close(fd);
	}
	free(bytes);
	return error;
}
