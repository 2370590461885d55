/* rowfile.c - rows appended, found by id */
#include "os/rowfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feed/shard.h"
#include "os/scratch.h"

/* What is kept of a row; the fields follow. */
struct row {
	struct decoded decoded; /* its pointers mean nothing, but vm */
	uint32_t fields;	/* bytes of struct decoded_fields with its text; 0: none */
};

#define PAIRS 0x7fffffffu

int rowfile_init(struct rowfile *r, uint32_t rows_max)
{
	char path[PATH_MAX + 16];

	memset(r, 0, sizeof(*r));
	r->head = 1;
	r->rows_max = rows_max ? rows_max : ROWFILE_ROWS;
	snprintf(path, sizeof(path), "%s/secvf-rows-XXXXXX", scratch_base());
	r->fd = mkostemp(path, O_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	unlink(path);
	r->entry = calloc(r->rows_max, sizeof(*r->entry));
	if (!r->entry) {
		close(r->fd);
		return -ENOMEM;
	}
	return -pthread_mutex_init(&r->lock, NULL);
}

void rowfile_done(struct rowfile *r)
{
	close(r->fd);
	free(r->entry);
	buf_done(&r->pending);
	pthread_mutex_destroy(&r->lock);
}

static struct rowfile_entry *entry(const struct rowfile *r, uint64_t id)
{
	return &r->entry[id % r->rows_max];
}

static uint64_t first(const struct rowfile *r)
{
	return r->head > r->rows_max ? r->head - r->rows_max : 1;
}

static bool kept(const struct rowfile *r, uint64_t id)
{
	return id >= first(r) && id < r->head;
}

static void give_back(struct rowfile *r)
{
#ifdef FALLOC_FL_PUNCH_HOLE
	uint64_t at = entry(r, first(r))->at;

	if (!entry(r, first(r))->n || at < r->given_back + ROWFILE_GIVE_BACK)
		return;
	/* Rows that came again lie further on, so nothing before the first one's place is of use
	 * but by chance: one whose neighbour came late keeps it. */
	fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)r->given_back,
		  (off_t)(at - r->given_back));
	r->given_back = at;
#else
	(void)r;
#endif
}

static void flush(struct rowfile *r)
{
	size_t at = 0;

	while (at < r->pending.n) {
		ssize_t n = pwrite(r->fd, r->pending.p + at, r->pending.n - at,
				   (off_t)(r->flushed + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	/* What the disk did not take reads as zeros: no row. */
	r->lost += at < r->pending.n;
	r->flushed += r->pending.n;
	r->pending.n = 0;
	give_back(r);
}

static uint32_t fields_bytes(const struct decoded_fields *fields)
{
	uint32_t n = 0;

	for (int i = 0; fields && i < EK_FIELDS; i++) {
		if (fields->field[i].at + fields->field[i].n > n)
			n = fields->field[i].at + fields->field[i].n;
	}
	return fields ? (uint32_t)sizeof(*fields) + n : 0;
}

/* Ids up to @id have an entry; those without a row an empty one. */
static void advance(struct rowfile *r, uint64_t id)
{
	for (; r->head <= id; r->head++)
		*entry(r, r->head) = (struct rowfile_entry){0};
}

void rowfile_put(struct rowfile *r, const struct decoded *d)
{
	struct row row;
	struct rowfile_entry *e;

	memset(&row, 0, sizeof(row));
	row.decoded = *d;
	row.decoded.packet.data = NULL;
	row.decoded.segment = NULL;
	row.decoded.fields = NULL;
	row.decoded.raw = NULL;
	row.fields = fields_bytes(d->fields);
	pthread_mutex_lock(&r->lock);
	if (d->id >= r->head)
		advance(r, d->id);
	e = entry(r, d->id);
	if (kept(r, d->id)) {
		if (e->n && r->again_head - r->again_tail < ROWFILE_AGAIN_MAX)
			r->again[r->again_head++ % ROWFILE_AGAIN_MAX] = d->id;
		else if (e->n)
			r->again_missed = true;
		*e = (struct rowfile_entry){.at = r->end,
					    .n = (uint32_t)sizeof(row) + row.fields,
					    .pair = shard_of(&d->basic, PAIRS)};
		buf_put(&r->pending, &row, sizeof(row));
		buf_put(&r->pending, d->fields, row.fields);
		if (r->pending.failed) {
			buf_done(&r->pending);
			r->flushed = r->end;
			*e = (struct rowfile_entry){0};
			r->lost++;
		}
		r->end = r->flushed + r->pending.n;
		if (r->pending.n >= ROWFILE_BUFFER)
			flush(r);
	}
	pthread_mutex_unlock(&r->lock);
}

void rowfile_range(struct rowfile *r, uint64_t *from, uint64_t *head)
{
	pthread_mutex_lock(&r->lock);
	*from = first(r);
	*head = r->head;
	pthread_mutex_unlock(&r->lock);
}

/* Under the lock. Return: false where it can't be read */
static bool read_row(struct rowfile *r, const struct rowfile_entry *e, char *p)
{
	if (e->at >= r->flushed) {
		memcpy(p, r->pending.p + (e->at - r->flushed), e->n);
		return true;
	}
	return pread(r->fd, p, e->n, (off_t)e->at) == (ssize_t)e->n;
}

bool rowfile_get(struct rowfile *r, uint64_t id, struct decoded *d)
{
	struct rowfile_entry e = {0};
	struct row row;
	char *p = NULL;
	bool ok = false;

	pthread_mutex_lock(&r->lock);
	if (kept(r, id))
		e = *entry(r, id);
	if (e.n)
		p = malloc(e.n);
	if (p)
		ok = read_row(r, &e, p);
	pthread_mutex_unlock(&r->lock);
	if (ok) {
		memcpy(&row, p, sizeof(row));
		ok = row.decoded.id == id && sizeof(row) + row.fields == e.n;
	}
	if (ok && row.fields) {
		memmove(p, p + sizeof(row), row.fields);
		row.decoded.fields = (struct decoded_fields *)(void *)p;
		p = NULL;
	}
	if (ok)
		*d = row.decoded;
	free(p);
	return ok;
}

size_t rowfile_pair(struct rowfile *r, uint64_t id, uint64_t from, uint64_t to, uint64_t *ids,
		    size_t n)
{
	size_t got = 0;

	pthread_mutex_lock(&r->lock);
	if (from < first(r))
		from = first(r);
	if (to >= r->head)
		to = r->head - 1;
	for (uint64_t i = to; kept(r, id) && i >= from && got < n; i--) {
		if (entry(r, i)->n && entry(r, i)->pair == entry(r, id)->pair)
			ids[got++] = i;
	}
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < got / 2; i++) {
		uint64_t swap = ids[i];

		ids[i] = ids[got - 1 - i];
		ids[got - 1 - i] = swap;
	}
	return got;
}

uint64_t rowfile_again(struct rowfile *r, uint64_t below, bool *missed)
{
	uint64_t id = 0;

	pthread_mutex_lock(&r->lock);
	*missed = r->again_missed;
	r->again_missed = false;
	while (r->again_tail < r->again_head && !id) {
		id = r->again[r->again_tail++ % ROWFILE_AGAIN_MAX];
		if (id >= below)
			id = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return id;
}
