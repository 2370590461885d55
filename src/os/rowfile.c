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

/* Rows that came again lie further on than their neighbours, so all have to be looked at. */
static void give_back(struct rowfile *r)
{
#ifdef FALLOC_FL_PUNCH_HOLE
	uint64_t least = r->flushed;

	if (r->end < r->look_at + ROWFILE_GIVE_BACK)
		return;
	r->look_at = r->end;
	for (uint64_t id = first(r); id < r->head; id++) {
		if (entry(r, id)->n && entry(r, id)->at < least)
			least = entry(r, id)->at;
	}
	if (least <= r->given_back)
		return;
	/* What can't be given back stays. */
	(void)fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)r->given_back,
			(off_t)(least - r->given_back));
	r->given_back = least;
#else
	(void)r;
#endif
}

/* What lies in the file from @at on did not get there. */
static void lose_from(struct rowfile *r, uint64_t at)
{
	for (uint64_t id = first(r); id < r->head; id++) {
		struct rowfile_entry *e = entry(r, id);

		if (!e->n || e->at + e->n <= at)
			continue;
		*e = (struct rowfile_entry){.taken = e->taken};
		r->lost++;
	}
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
	if (at < r->pending.n)
		lose_from(r, r->flushed + at);
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
	if (id - r->head >= r->rows_max)
		r->head = id - r->rows_max + 1;
	for (; r->head <= id; r->head++)
		*entry(r, r->head) = (struct rowfile_entry){0};
}

static void tell_again(struct rowfile *r, uint64_t id)
{
	if (r->again_head - r->again_tail < ROWFILE_AGAIN_MAX)
		r->again[r->again_head++ % ROWFILE_AGAIN_MAX] = id;
	else
		r->again_missed = true;
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
		if (e->taken)
			tell_again(r, d->id);
		*e = (struct rowfile_entry){.at = r->end,
					    .n = (uint32_t)sizeof(row) + row.fields,
					    .pair = shard_of(&d->basic, PAIRS) & PAIRS};
		buf_put(&r->pending, &row, sizeof(row));
		buf_put(&r->pending, d->fields, row.fields);
		if (r->pending.failed) {
			/* No memory: with it go those that were not in the file yet. */
			lose_from(r, r->flushed);
			buf_done(&r->pending);
			r->flushed = r->end;
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

static bool get(struct rowfile *r, uint64_t id, bool take, struct decoded *d)
{
	struct rowfile_entry e = {0};
	struct row row;
	char *p = NULL;
	bool ok = false;

	pthread_mutex_lock(&r->lock);
	if (kept(r, id))
		e = *entry(r, id);
	if (e.n && take)
		entry(r, id)->taken = 1;
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

bool rowfile_get(struct rowfile *r, uint64_t id, struct decoded *d)
{
	return get(r, id, false, d);
}

bool rowfile_take(struct rowfile *r, uint64_t id, struct decoded *d)
{
	return get(r, id, true, d);
}

static bool is_pair(const struct rowfile *r, uint64_t id, uint32_t pair)
{
	return entry(r, id)->n && entry(r, id)->pair == pair;
}

static void reverse(uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint64_t swap = ids[i];

		ids[i] = ids[n - 1 - i];
		ids[n - 1 - i] = swap;
	}
}

size_t rowfile_pair(struct rowfile *r, uint64_t id, uint64_t from, size_t after, uint64_t *ids,
		    size_t n)
{
	size_t behind = 0, got = 0;
	uint32_t pair;

	pthread_mutex_lock(&r->lock);
	if (n && kept(r, id) && entry(r, id)->n) {
		pair = entry(r, id)->pair;
		for (uint64_t i = id + 1; i < r->head && behind < after && behind < n - 1; i++) {
			if (is_pair(r, i, pair))
				ids[behind++] = i;
		}
		/* From the last one to the first, then all turned round. */
		reverse(ids, behind);
		got = behind;
		for (uint64_t i = id; i >= first(r) && i >= from && got < n; i--) {
			if (is_pair(r, i, pair))
				ids[got++] = i;
		}
	}
	pthread_mutex_unlock(&r->lock);
	reverse(ids, got);
	return got;
}

bool rowfile_again(struct rowfile *r, struct decoded *d, bool *missed)
{
	uint64_t id;

	*missed = false;
	do {
		id = 0;
		pthread_mutex_lock(&r->lock);
		*missed |= r->again_missed;
		r->again_missed = false;
		if (r->again_tail < r->again_head)
			id = r->again[r->again_tail++ % ROWFILE_AGAIN_MAX];
		pthread_mutex_unlock(&r->lock);
		/* One that has gone since is passed over. */
	} while (id && !rowfile_take(r, id, d));
	return id != 0;
}

void rowfile_follow(struct rowfile *r)
{
	pthread_mutex_lock(&r->lock);
	for (uint64_t id = first(r); id < r->head; id++)
		entry(r, id)->taken = 0;
	r->again_tail = r->again_head;
	r->again_missed = false;
	pthread_mutex_unlock(&r->lock);
}

uint64_t rowfile_lost(struct rowfile *r)
{
	uint64_t lost;

	pthread_mutex_lock(&r->lock);
	lost = r->lost;
	pthread_mutex_unlock(&r->lock);
	return lost;
}
