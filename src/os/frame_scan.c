/* frame_scan.c - one frame after the other, out of a session's files */
#include "os/frame_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/segment.h"
#include "tap/frame.h"

/* As much as a place may be before its frame, and the longest block. */
#define SCAN_BYTES (PLACE_STEP + FRAME_BYTES_MAX + 65536u)

int frame_scan_init(struct frame_scan *s, struct places *places)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->places = places;
	s->bytes = malloc(SCAN_BYTES);
	return s->bytes ? 0 : -ENOMEM;
}

static void shut(struct frame_scan *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void frame_scan_done(struct frame_scan *s)
{
	shut(s);
	free(s->bytes);
	s->bytes = NULL;
}

static int go_to(struct frame_scan *s, uint64_t id)
{
	struct place place;

	shut(s);
	if (!places_find(s->places, id, &place))
		return -ENOENT;
	s->fd = open(place.path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	s->offset = place.offset;
	s->id = place.first;
	s->n = s->at = 0;
	return 0;
}

/* What is at hand has been stepped over: read on. Return: bytes, 0 at the end, -errno */
static int64_t read_on(struct frame_scan *s)
{
	ssize_t n;

	s->offset += s->at;
	s->at = s->n = 0;
	do
		n = pread(s->fd, s->bytes, SCAN_BYTES, (off_t)s->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	s->n = (uint64_t)n;
	return n;
}

/* In the file that is open. Return: 0, -ENOENT where it ends before */
static int find(struct frame_scan *s, uint64_t id)
{
	for (;;) {
		int64_t n;

		if (block_find(s->bytes, s->n, &s->at, &s->id, id))
			return 0;
		n = read_on(s);
		if (n < 0)
			return (int)n;
		if (block_find(s->bytes, s->n, &s->at, &s->id, id))
			return 0;
		/* The end, a block that is cut short, or one that no tap lays out. */
		if (!s->at)
			return n ? -EBADMSG : -ENOENT;
	}
}

int frame_scan_to(struct frame_scan *s, uint64_t id, const unsigned char **block)
{
	int error = -ENOENT;

	if (s->fd >= 0 && id >= s->id)
		error = find(s, id);
	/* In another file; or this one has been renamed or deleted, and is asked for anew. */
	if (error) {
		error = go_to(s, id);
		if (!error)
			error = find(s, id);
	}
	if (!error)
		*block = s->bytes + s->at;
	return error;
}
