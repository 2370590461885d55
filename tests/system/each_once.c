/* each_once.c - whether a session's files hold each frame once, in order: each_once SOURCE FILE...
 *
 * The session replayed SOURCE over and over: its frame k is frame (k - 1) mod n of SOURCE. FILEs
 * are given in the order of their numbers. Each says in its section's comment which frame is its
 * first; that must be the one behind the last of the file before, and the first of all 1. Prints
 * the last frame's number. Exit 0: so it is; 1: not, and where.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/capfile.h"

struct source {
	struct source_frame {
		unsigned char *data;
		uint32_t caplen, len;
	} * frame;
	uint64_t count;
};

static struct capfile *open_or_end(const char *path)
{
	struct err err;
	struct capfile *c = capfile_open(path, &err);

	if (!c) {
		printf("%s\n", err.text);
		exit(1);
	}
	return c;
}

static bool next(struct capfile *c, struct capfile_frame *f)
{
	struct err err;

	switch (capfile_next(c, f, &err)) {
	case CAPFILE_FRAME: return true;
	case CAPFILE_END: return false;
	case CAPFILE_BROKEN: break;
	}
	printf("%s\n", err.text);
	exit(1);
}

static void read_source(struct source *s, const char *path)
{
	struct capfile *c = open_or_end(path);
	struct capfile_frame f;

	while (next(c, &f)) {
		s->frame = realloc(s->frame, (s->count + 1) * sizeof(*s->frame));
		if (!s->frame)
			exit(1);
		s->frame[s->count] = (struct source_frame){malloc(f.caplen + 1), f.caplen, f.len};
		if (!s->frame[s->count].data)
			exit(1);
		memcpy(s->frame[s->count++].data, f.data, f.caplen);
	}
	capfile_close(c);
}

/* Return: number of the frame behind the last of this file's */
static uint64_t check_file(const struct source *s, const char *path, uint64_t id)
{
	struct capfile *c = open_or_end(path);
	struct capfile_frame f;
	const char *comment = capfile_section(c)->comment;
	const char *first = comment ? strstr(comment, " first=") : NULL;

	if (!first || strtoull(first + 7, NULL, 10) != id) {
		printf("%s: begins with frame %s, not %" PRIu64 "\n", path, first ? first + 7 : "?",
		       id);
		exit(1);
	}
	for (; next(c, &f); id++) {
		const struct source_frame *want = &s->frame[(id - 1) % s->count];

		if (f.caplen != want->caplen || f.len != want->len ||
		    memcmp(f.data, want->data, f.caplen) != 0) {
			printf("%s: frame %" PRIu64 " of the session is another\n", path, id);
			exit(1);
		}
	}
	capfile_close(c);
	return id;
}

int main(int argc, char **argv)
{
	struct source s = {0};
	uint64_t id = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: each_once SOURCE FILE...\n");
		return 2;
	}
	read_source(&s, argv[1]);
	for (int i = 2; i < argc; i++)
		id = check_file(&s, argv[i], id);
	printf("%" PRIu64 "\n", id - 1);
	for (uint64_t i = 0; i < s.count; i++)
		free(s.frame[i].data);
	free(s.frame);
	return 0;
}
