/* places.c - where on disk each frame is */
#include "store/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pcapng/pcapng_write.h"
#include "store/segment.h"

int places_init(struct places *p)
{
	memset(p, 0, sizeof(*p));
	return -pthread_mutex_init(&p->lock, NULL);
}

static void file_done(struct place_file *f)
{
	free(f->path);
	free(f->mark);
}

void places_done(struct places *p)
{
	for (unsigned i = 0; i < p->files; i++)
		file_done(&p->file[i]);
	free(p->file);
	pthread_mutex_destroy(&p->lock);
}

/* Room for one more of @size. Return: false where memory ran out */
static bool grow(void **items, unsigned count, unsigned *cap, size_t size)
{
	unsigned more = *cap ? *cap * 2 : 16;
	void *p;

	if (count < *cap)
		return true;
	p = realloc(*items, more * size);
	if (!p)
		return false;
	*items = p;
	*cap = more;
	return true;
}

void places_begin(struct places *p, const char *path, uint64_t first)
{
	char *copy = strdup(path);

	pthread_mutex_lock(&p->lock);
	if (copy && grow((void **)&p->file, p->files, &p->cap, sizeof(*p->file))) {
		p->file[p->files++] =
			(struct place_file){.path = copy, .first = first, .end = first};
		copy = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	free(copy);
}

/* The newest file, where @id is the one behind its last frame: else it is one that could not be
 * begun. */
static struct place_file *newest(struct places *p, uint64_t id)
{
	struct place_file *f = p->files ? &p->file[p->files - 1] : NULL;

	return f && f->end == id ? f : NULL;
}

void places_add(struct places *p, uint64_t id, uint64_t end, uint64_t offset)
{
	struct place_file *f;

	pthread_mutex_lock(&p->lock);
	f = newest(p, id);
	if (f && (!f->marks || offset - f->mark[f->marks - 1].offset >= PLACE_STEP / 2) &&
	    grow((void **)&f->mark, f->marks, &f->cap, sizeof(*f->mark)))
		f->mark[f->marks++] = (struct place_mark){id, offset};
	if (f && f->marks)
		f->end = end;
	pthread_mutex_unlock(&p->lock);
}

void places_blocks(struct places *p, uint64_t id, const unsigned char *blocks, uint64_t n,
		   uint64_t offset)
{
	uint64_t at = 0, marked = 0, first = id;

	for (; at < n; at += block_bytes(blocks + at)) {
		if (at - marked >= PLACE_STEP / 2 && id != first) {
			places_add(p, first, id, offset + marked);
			marked = at;
			first = id;
		}
		id += le32_load(blocks + at) == PCAPNG_PACKET;
	}
	if (id != first)
		places_add(p, first, id, offset + marked);
}

void places_rename(struct places *p, const char *path)
{
	char *copy = strdup(path);

	pthread_mutex_lock(&p->lock);
	if (p->files && copy) {
		char *old = p->file[p->files - 1].path;

		p->file[p->files - 1].path = copy;
		copy = old;
	}
	pthread_mutex_unlock(&p->lock);
	free(copy);
}

void places_drop(struct places *p, uint64_t first)
{
	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < p->files; i++) {
		if (p->file[i].first != first)
			continue;
		file_done(&p->file[i]);
		p->files--;
		memmove(p->file + i, p->file + i + 1, (p->files - i) * sizeof(*p->file));
		break;
	}
	pthread_mutex_unlock(&p->lock);
}

/* The first file that ends behind @id, or files. */
static unsigned file_index(const struct places *p, uint64_t id)
{
	unsigned low = 0, high = p->files;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (p->file[middle].end <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct place_file *file_of(const struct places *p, uint64_t id)
{
	unsigned i = file_index(p, id);

	return i < p->files && p->file[i].first <= id ? &p->file[i] : NULL;
}

bool places_range(struct places *p, uint64_t id, uint64_t *next)
{
	bool there = false;
	unsigned i;

	*next = UINT64_MAX;
	pthread_mutex_lock(&p->lock);
	i = file_index(p, id);
	if (i < p->files) {
		there = p->file[i].first <= id;
		*next = there ? p->file[i].end : p->file[i].first;
	}
	pthread_mutex_unlock(&p->lock);
	return there;
}

bool places_find(struct places *p, uint64_t id, struct place *place)
{
	const struct place_file *f;

	pthread_mutex_lock(&p->lock);
	f = file_of(p, id);
	if (f) {
		unsigned low = 0, high = f->marks;

		while (high - low > 1) {
			unsigned middle = low + (high - low) / 2;

			if (f->mark[middle].id <= id)
				low = middle;
			else
				high = middle;
		}
		snprintf(place->path, sizeof(place->path), "%s", f->path);
		place->first = f->mark[low].id;
		place->offset = f->mark[low].offset;
	}
	pthread_mutex_unlock(&p->lock);
	return f != NULL;
}
