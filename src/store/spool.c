/* spool.c - captured frames on their way to files */
#include "store/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/check.h"

#define LINKTYPE_ETHERNET 1
#define NS_PER_S	  UINT64_C(1000000000)
#define SPOOL_SPARE_NS	  UINT64_C(500000000)

static void prepare(struct spool *s, uint64_t now_ns);
static void drop_spares(struct spool *s);

int spool_init(struct spool *s, const struct spool_config *config)
{
	static const struct wake none;

	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->fd = -1;
	s->places_made = places_init(&s->places) == 0;
	if (s->places_made && !ring_init(&s->jobs, SPOOL_JOBS_MAX, config->wake_spool, none) &&
	    !ring_init(&s->spares, SPOOL_SPARES, config->wake_source, config->wake_spool) &&
	    !ring_init(&s->events, SPOOL_EVENTS_MAX, config->wake_pipeline, config->wake_spool)) {
		prepare(s, 0);
		return 0;
	}
	spool_done(s);
	return -ENOMEM;
}

void spool_job_clear(struct spool_job *job)
{
	segment_unref(job->segment);
	buf_done(&job->rebuilt);
	*job = (struct spool_job){0};
}

void spool_job_free(struct spool_job *job)
{
	if (!job)
		return;
	spool_job_clear(job);
	free(job);
}

void spool_done(struct spool *s)
{
	struct spool_job *job;
	struct spool_event *event;

	while (s->jobs.slot && (job = ring_pop(&s->jobs)))
		spool_job_free(job);
	while (s->events.slot && (event = spool_take_event(s, &job))) {
		if (event->kind == SPOOL_JOB)
			spool_job_free(job);
		else
			free(event);
	}
	drop_spares(s);
	spool_job_free(s->job);
	free(s->event);
	if (s->fd >= 0)
		s->config.disk.ops->close(s->config.disk.ctx, s->fd);
	for (unsigned i = 0; i < s->file_count; i++)
		free(s->files[i].path);
	free(s->files);
	if (s->places_made)
		places_done(&s->places);
	ring_done(&s->jobs);
	ring_done(&s->events);
	ring_done(&s->spares);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

bool spool_push(struct spool *s, struct spool_job *job)
{
	return ring_push(&s->jobs, job);
}

void spool_end(struct spool *s)
{
	ring_end(&s->jobs);
}

/* An event and a job go through one ring, so that their order is kept: a job's low bit is set. */
struct spool_event *spool_take_event(struct spool *s, struct spool_job **job)
{
	static struct spool_event back = {.kind = SPOOL_JOB};
	uintptr_t item = (uintptr_t)ring_pop(&s->events);

	*job = NULL;
	if (!(item & 1))
		return (struct spool_event *)item;
	*job = (struct spool_job *)(item & ~(uintptr_t)1);
	return &back;
}

static bool tell(struct spool *s, struct spool_event *event)
{
	if (ring_push(&s->events, event))
		return true;
	check(!s->event);
	s->event = event;
	return false;
}

static bool give_back(struct spool *s)
{
	if (!ring_push(&s->events, (void *)((uintptr_t)s->job | 1)))
		return false;
	s->job = NULL;
	return true;
}

static struct spool_event *event_new(enum spool_event_kind kind, const char *path)
{
	struct spool_event *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->kind = kind;
	snprintf(e->path, sizeof(e->path), "%s", path);
	return e;
}

/* ---- names ---- */

/* dumpcap's: the number and the time go before the extension. */
static void numbered_name(struct spool *s, char *path, size_t n)
{
	const char *given = s->config.path;
	const char *slash = strrchr(given, '/');
	const char *dot = strrchr(slash ? slash : given, '.');
	size_t base = dot && dot != given ? (size_t)(dot - given) : strlen(given);
	time_t seconds = (time_t)(s->config.disk.ops->wall_ns(s->config.disk.ctx) / NS_PER_S);
	struct tm tm;

	localtime_r(&seconds, &tm);
	snprintf(path, n, "%.*s_%05u_%04d%02d%02d%02d%02d%02d%s", (int)base, given, s->number,
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 given + base);
}

static void name_file(struct spool *s)
{
	/* Room for ".part" is left. */
	size_t n = sizeof(s->path) - 8;

	switch (s->config.naming) {
	case SPOOL_ROTATION:
		snprintf(s->path, n, "%s-rot%u.pcapng", s->config.path, s->number);
		break;
	case SPOOL_SINGLE:
		/* What ends a file that no limit ends, a cut or a gap, must not have the next one
		 * take its place. */
		if (s->number > 1)
			numbered_name(s, s->path, n);
		else
			snprintf(s->path, n, "%s", s->config.path);
		break;
	case SPOOL_NUMBERED: numbered_name(s, s->path, n); break;
	}
	snprintf(s->part, sizeof(s->part), "%.*s.part", (int)n, s->path);
}

/* ---- files ---- */

static void put_header(struct spool *s, struct buf *b, uint64_t first_id, unsigned interfaces)
{
	char comment[256];

	snprintf(comment, sizeof(comment), "secvf session=%s first=%020" PRIu64, s->config.session,
		 first_id);
	pcapng_put_section(b, NULL, s->config.os, "secvf " SECVF_VERSION, comment);
	for (unsigned i = 0; i < interfaces; i++)
		pcapng_put_interface(b, LINKTYPE_ETHERNET, FRAME_BYTES_MAX,
				     s->config.port_name(s->config.port_ctx, i), NULL);
}

static void close_file(struct spool *s)
{
	s->config.disk.ops->close(s->config.disk.ctx, s->fd);
	s->fd = -1;
}

/* Append whole blocks; what part of them was written is cut off again. Return: 0, -errno */
static int append(struct spool *s, struct iovec *iov, int n)
{
	const struct disk *disk = &s->config.disk;
	uint64_t done = 0, all = 0;
	ssize_t took = 0;

	for (int i = 0; i < n; i++)
		all += iov[i].iov_len;
	while (done < all) {
		took = disk->ops->writev(disk->ctx, s->fd, iov, n);
		if (took == -EINTR || took == -EAGAIN)
			continue;
		if (took <= 0)
			break;
		done += (uint64_t)took;
		while (n && (size_t)took >= iov->iov_len) {
			took -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n) {
			iov->iov_base = (char *)iov->iov_base + took;
			iov->iov_len -= (size_t)took;
		}
	}
	if (done == all) {
		s->bytes += all;
		return 0;
	}
	/* A file that cannot even be cut is given up as it is: its last block may be torn, which
	 * readers and recovery know how to end at. */
	if (done && disk->ops->truncate(disk->ctx, s->fd, s->bytes))
		close_file(s);
	return took < 0 ? (int)took : -EIO;
}

static void add_statistics(struct spool *s)
{
	struct buf b = {0};
	struct iovec iov;

	for (unsigned i = 0; i < s->interfaces; i++) {
		struct pcapng_counts counts = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
					       UINT64_MAX, 0,	       0};

		s->config.port_counts(s->config.port_ctx, i, &counts);
		pcapng_put_statistics(&b, i, s->config.disk.ops->wall_ns(s->config.disk.ctx),
				      &counts);
	}
	/* A file without them is whole, too. */
	iov = (struct iovec){b.p, b.n};
	if (b.n && !b.failed)
		(void)append(s, &iov, 1);
	buf_done(&b);
}

static bool keep_file(struct spool *s)
{
	if (s->file_count == s->file_cap) {
		unsigned cap = s->file_cap ? s->file_cap * 2 : 16;
		struct spool_file *files = realloc(s->files, cap * sizeof(*files));

		if (!files)
			return false;
		s->files = files;
		s->file_cap = cap;
	}
	s->files[s->file_count] = (struct spool_file){.path = strdup(s->path),
						      .first = s->first,
						      .last = s->last,
						      .frames = s->frames,
						      .bytes = s->bytes};
	if (!s->files[s->file_count].path)
		return false;
	s->file_count++;
	s->kept_bytes += s->bytes;
	return true;
}

/* Delete the oldest file. Return: whether it was */
static bool delete_oldest(struct spool *s)
{
	const struct disk *disk = &s->config.disk;
	struct spool_file *f = &s->files[0];
	struct spool_event *e;

	if (!s->file_count || s->event)
		return false; /* the one before must be told first */
	e = event_new(SPOOL_DELETED, f->path);
	if (!e || disk->ops->remove(disk->ctx, f->path)) {
		free(e);
		return false;
	}
	e->first = f->first;
	e->last = f->last;
	e->frames = f->frames;
	e->bytes = f->bytes;
	s->kept_bytes -= f->bytes;
	places_drop(&s->places, f->first);
	free(f->path);
	s->file_count--;
	memmove(s->files, s->files + 1, s->file_count * sizeof(*s->files));
	tell(s, e);
	return true;
}

static void obey_ring(struct spool *s)
{
	const struct spool_limits *l = &s->config.limits;

	while (!s->event && s->file_count > 1 &&
	       ((l->ring_files && s->file_count > l->ring_files) ||
		(l->ring_bytes && s->kept_bytes > l->ring_bytes))) {
		if (!delete_oldest(s))
			return;
	}
}

/* Whether there is room under the quota for one more job, after own files made some. */
static bool obey_quota(struct spool *s, uint64_t bytes)
{
	const struct disk *disk = &s->config.disk;

	if (!s->config.limits.quota)
		return true;
	for (;;) {
		int64_t used = disk->ops->used(disk->ctx, s->config.path);

		if (used < 0 || (uint64_t)used + bytes <= s->config.limits.quota)
			return true;
		if (!delete_oldest(s))
			return false;
	}
}

static void trouble(struct spool *s, const char *what, const char *path, int error)
{
	struct spool_event *e = s->event ? NULL : event_new(SPOOL_TROUBLE, path);

	if (!e)
		return;
	e->what = what;
	e->error = error;
	tell(s, e);
}

/* The open file has no name any more: what it held is lost, and told. */
static void lose_file(struct spool *s)
{
	struct spool_event *e = event_new(SPOOL_FILE_LOST, s->part);

	if (!e)
		return;
	e->first = s->first;
	e->last = s->last;
	e->frames = s->frames;
	e->bytes = s->bytes;
	if (s->frames)
		places_drop(&s->places, s->first);
	if (s->fd >= 0)
		close_file(s);
	tell(s, e);
}

static void seal(struct spool *s)
{
	const struct disk *disk = &s->config.disk;
	struct spool_event *e;
	int error;

	if (s->fd < 0)
		return;
	if (!s->frames) {
		close_file(s);
		disk->ops->remove(disk->ctx, s->part);
		return;
	}
	add_statistics(s);
	error = disk->ops->seal(disk->ctx, s->part, s->path);
	if (error == -ENOENT && !s->event) {
		lose_file(s);
		return;
	}
	if (s->fd >= 0)
		close_file(s);
	if (!error)
		places_rename(&s->places, s->path);
	if (error) {
		/* Its frames are on disk, under the other name; `secvf recover` seals it. */
		trouble(s, "seal", s->part, error);
		return;
	}
	e = s->event ? NULL : event_new(SPOOL_SEALED, s->path);
	if (e) {
		e->first = s->first;
		e->last = s->last;
		e->frames = s->frames;
		e->bytes = s->bytes;
		tell(s, e);
	}
	if (keep_file(s))
		obey_ring(s);
}

static int open_file(struct spool *s, uint64_t now_ns)
{
	const struct disk *disk = &s->config.disk;
	uint64_t interval = s->config.limits.interval_ns;
	int fd;

	s->number++;
	name_file(s);
	fd = disk->ops->create(disk->ctx, s->part);
	if (fd < 0) {
		s->number--;
		return fd;
	}
	s->fd = fd;
	s->bytes = s->frames = s->first = s->last = 0;
	s->opened_ns = now_ns;
	s->interval_end_ns = UINT64_MAX;
	if (interval)
		s->interval_end_ns = now_ns + interval - disk->ops->wall_ns(disk->ctx) % interval;
	return 0;
}

/* ---- the journal ---- */

static void journal_close(struct journal_file *f)
{
	if (f->fd >= 0)
		f->ops->close(f->ctx, f->fd);
	f->fd = -1;
}

static void unmap(struct segment *segment)
{
	struct journal_file *f = segment->file;

	f->ops->unmap(segment->base, f->bytes);
	journal_close(f);
	free(f);
}

static uint32_t journal_bytes(const struct spool *s)
{
	uint64_t bytes = s->config.limits.bytes;

	if (s->config.journal_bytes)
		return s->config.journal_bytes;
	if (!bytes)
		return SPOOL_JOURNAL_BYTES;
	if (bytes < SPOOL_JOURNAL_MIN)
		return SPOOL_JOURNAL_MIN;
	return bytes < SPOOL_JOURNAL_MAX ? (uint32_t)bytes & ~4095u : SPOOL_JOURNAL_MAX;
}

/* The section header of a journal file; the tap puts the first id in its place. */
static bool lay_header(struct spool *s, struct segment *segment)
{
	struct buf b = {0};
	char mark[] = "first=", *at;

	put_header(s, &b, 0, 0);
	at = b.failed ? NULL : memmem(b.p, b.n, mark, strlen(mark));
	if (at) {
		memcpy(segment->base, b.p, b.n);
		segment->used = (uint32_t)b.n;
		segment->first_at = (uint32_t)(at - b.p) + (uint32_t)strlen(mark);
	}
	buf_done(&b);
	return at != NULL;
}

static struct segment *journal_new(struct spool *s, int *error)
{
	const struct disk *disk = &s->config.disk;
	struct journal_file *f = calloc(1, sizeof(*f));
	const struct spool_limits *l = &s->config.limits;
	struct segment *segment = NULL;
	uint32_t frames;
	void *base;

	*error = -ENOMEM;
	if (!f)
		return NULL;
	f->ops = disk->ops;
	f->ctx = disk->ctx;
	f->bytes = journal_bytes(s);
	snprintf(f->part, sizeof(f->part), "%.*s-journal%u.part", DISK_PATH_MAX - 32,
		 s->config.path, ++s->journals);
	f->fd = disk->ops->create(disk->ctx, f->part);
	if (f->fd < 0) {
		*error = f->fd;
		free(f);
		return NULL;
	}
	frames = f->bytes / SPOOL_BLOCK_MIN;
	if (l->frames && l->frames < frames)
		frames = (uint32_t)l->frames;
	base = disk->ops->map(disk->ctx, f->fd, f->bytes, error);
	if (base)
		segment = segment_over(base, f->bytes, frames);
	if (!segment || !lay_header(s, segment)) {
		disk->ops->remove(disk->ctx, f->part);
		if (base)
			disk->ops->unmap(base, f->bytes);
		if (segment)
			segment->base = NULL;
		segment_unref(segment);
		journal_close(f);
		free(f);
		return NULL;
	}
	segment->file = f;
	segment->unmap = unmap;
	if (l->duration_ns && l->duration_ns < segment->age_ns_max)
		segment->age_ns_max = l->duration_ns;
	return segment;
}

/* Have journal files at hand. */
static void prepare(struct spool *s, uint64_t now_ns)
{
	struct segment *segment;
	int error = 0;

	if (!s->config.journal || ring_closed(&s->jobs) || now_ns < s->spare_retry_ns)
		return;
	while (!s->event && ring_has_room(&s->spares)) {
		segment = obey_quota(s, journal_bytes(s)) ? journal_new(s, &error) : NULL;
		if (!segment) {
			if (!atomic_load_explicit(&s->no_spares, memory_order_relaxed))
				trouble(s, "journal", s->config.path, error ? error : -EDQUOT);
			atomic_store_explicit(&s->no_spares, true, memory_order_relaxed);
			s->config.wake_source.fn(s->config.wake_source.ctx);
			s->spare_retry_ns = now_ns + SPOOL_SPARE_NS;
			return;
		}
		atomic_store_explicit(&s->no_spares, false, memory_order_relaxed);
		ring_push(&s->spares, segment);
	}
}

static void remove_journal(const struct segment *segment)
{
	segment->file->ops->remove(segment->file->ctx, segment->file->part);
}

static void drop_spares(struct spool *s)
{
	struct segment *segment;

	while (s->spares.slot && (segment = ring_pop(&s->spares))) {
		remove_journal(segment);
		segment_unref(segment);
	}
}

static struct segment *take_spare(void *ctx, uint32_t bytes)
{
	struct spool *s = ctx;
	struct segment *segment = ring_pop(&s->spares);

	/* The spool may be asleep for want of jobs. */
	s->config.wake_spool.fn(s->config.wake_spool.ctx);
	if (segment)
		return segment;
	return segment_new(bytes > SEGMENT_BYTES ? bytes : SEGMENT_BYTES, SEGMENT_FRAMES);
}

static bool spare_ready(void *ctx)
{
	struct spool *s = ctx;

	return atomic_load_explicit(&s->no_spares, memory_order_relaxed) ||
	       ring_count(&s->spares) > 0;
}

static bool spare_sleeps(void *ctx)
{
	struct spool *s = ctx;

	return ring_consumer_sleeps(&s->spares) &&
	       !atomic_load_explicit(&s->no_spares, memory_order_relaxed);
}

struct tap_source spool_source(struct spool *s)
{
	return (struct tap_source){
		.take = take_spare, .ready = spare_ready, .sleeps = spare_sleeps, .ctx = s};
}

/* Write a journal's frames anew, with comments. Return: whether the new file is whole; the
 * journal's own stays where not, as it is whole, too */
static bool rewrite(struct spool *s, struct spool_job *j)
{
	const struct disk *disk = &s->config.disk;
	struct iovec iov = {j->rebuilt.p, j->rebuilt.n};
	int error;

	snprintf(s->part, sizeof(s->part), "%.*s.part", DISK_PATH_MAX - 8, s->path);
	s->fd = disk->ops->create(disk->ctx, s->part);
	s->bytes = 0;
	error = s->fd < 0 ? s->fd : append(s, &iov, 1);
	if (!error) {
		remove_journal(j->segment);
		journal_close(j->segment->file);
		return true;
	}
	trouble(s, "comments", s->part, error);
	if (s->fd >= 0)
		close_file(s);
	disk->ops->remove(disk->ctx, s->part);
	return false;
}

static void seal_journal(struct spool *s, struct spool_job *j)
{
	const struct disk *disk = &s->config.disk;
	struct journal_file *f = j->segment->file;
	int error = 0;
	bool whole;

	s->number++;
	name_file(s);
	s->first = j->first_id;
	s->frames = j->frames;
	s->last = j->first_id + j->frames - 1;
	s->interfaces = j->segment->interfaces + j->segment->declares;
	if (disk->ops->present(disk->ctx, f->fd) == 0) {
		s->fd = f->fd;
		f->fd = -1;
		snprintf(s->part, sizeof(s->part), "%s", f->part);
		lose_file(s);
		return;
	}
	whole = j->rebuilt.p && rewrite(s, j);
	if (!whole) {
		snprintf(s->part, sizeof(s->part), "%s", f->part);
		s->fd = f->fd;
		f->fd = -1;
		s->bytes = j->to;
		error = disk->ops->truncate(disk->ctx, s->fd, s->bytes);
	}
	places_begin(&s->places, s->part, s->first);
	places_blocks(&s->places, s->first,
		      whole ? (unsigned char *)j->rebuilt.p : j->segment->base, s->bytes, 0);
	if (!error) {
		seal(s);
		return;
	}
	/* Its frames are whole, with zeros behind them: `secvf recover` cuts these. */
	close_file(s);
	trouble(s, "seal", s->part, error);
}

/* ---- jobs ---- */

static const unsigned char *job_bytes(const struct spool_job *j)
{
	return j->rebuilt.p ? (const unsigned char *)j->rebuilt.p : j->segment->base;
}

/* As much of a job as the open file still takes: its end, and its frames. */
static uint32_t piece(const struct spool *s, const struct spool_job *j, uint64_t *frames)
{
	const struct spool_limits *l = &s->config.limits;
	const unsigned char *p = job_bytes(j);
	uint32_t at = j->from;
	uint64_t n = 0;

	*frames = j->frames;
	if ((!l->frames || s->frames + j->frames <= l->frames) &&
	    (!l->bytes || s->bytes + (j->to - j->from) < l->bytes))
		return j->to;
	while (at < j->to) {
		n += block_is_packet(p + at);
		at += block_bytes(p + at);
		if ((l->frames && s->frames + n >= l->frames) ||
		    (l->bytes && s->bytes + (at - j->from) >= l->bytes && n))
			break;
	}
	*frames = n;
	return at;
}

static bool full(const struct spool *s)
{
	const struct spool_limits *l = &s->config.limits;

	return (l->frames && s->frames >= l->frames) || (l->bytes && s->bytes >= l->bytes);
}

/* Write one piece of the job. Return: 0, -errno */
static int write_piece(struct spool *s, struct spool_job *j)
{
	struct buf header = {0};
	struct iovec iov[2];
	uint64_t frames;
	uint32_t to = piece(s, j, &frames);
	uint64_t offset = s->bytes;
	int error, n = 0;

	if (!s->bytes) {
		put_header(s, &header, j->first_id, j->interfaces);
		if (header.failed) {
			buf_done(&header);
			return -ENOMEM;
		}
		iov[n++] = (struct iovec){header.p, header.n};
	}
	iov[n++] = (struct iovec){(void *)(uintptr_t)(job_bytes(j) + j->from), to - j->from};
	error = append(s, iov, n);
	buf_done(&header);
	if (error)
		return error;
	if (!s->frames) {
		s->first = j->first_id;
		places_begin(&s->places, s->part, s->first);
	}
	places_add(&s->places, j->first_id, j->first_id + frames, offset);
	/* A segment's own interface blocks were before its first frame. */
	j->interfaces = j->segment->interfaces + j->segment->declares;
	s->interfaces = j->interfaces;
	s->frames += frames;
	s->last = j->first_id + frames - 1;
	j->first_id += frames;
	j->frames -= frames;
	j->from = to;
	return 0;
}

/* Return: 0 where the job is written whole, 1 where the pipeline must make room for events first,
 * -errno with @what */
static int write_job(struct spool *s, uint64_t now_ns, const char **what)
{
	const struct disk *disk = &s->config.disk;
	struct spool_job *j = s->job;

	while (j->from < j->to) {
		int error;

		if (s->event)
			return 1;
		if (s->fd >= 0 && disk->ops->present(disk->ctx, s->fd) == 0) {
			lose_file(s);
			/* Without memory to tell of it: later. */
			if (s->fd >= 0)
				return 1;
			continue;
		}
		/* What was given up meanwhile leaves a gap; a file has none, so that a frame's
		 * place tells its id. */
		if (s->fd >= 0 && s->frames && j->first_id != s->last + 1) {
			seal(s);
			continue;
		}
		*what = "create";
		if (!obey_quota(s, j->to - j->from))
			return -EDQUOT;
		error = s->fd < 0 ? open_file(s, now_ns) : 0;
		if (error)
			return error;
		*what = "write";
		error = write_piece(s, j);
		if (error)
			return error;
		if (full(s))
			seal(s);
	}
	return 0;
}

static void do_job(struct spool *s, uint64_t now_ns)
{
	struct spool_job *j = s->job;
	const char *what = "";
	int error;

	if (j->kind == SPOOL_CUT) {
		if (s->fd >= 0 && s->frames)
			seal(s);
	} else if (j->kind == SPOOL_SEAL_JOURNAL) {
		seal(s);
		if (s->event)
			return;
		seal_journal(s, j);
	} else if (j->epoch <= s->failed_epoch) {
		give_back(s);
		return;
	} else {
		error = write_job(s, now_ns, &what);
		if (error > 0)
			return;
		if (error < 0) {
			s->failed_epoch = j->epoch;
			j->error = error;
			trouble(s, what, s->part, error);
			give_back(s);
			return;
		}
		if (j->cut_after)
			seal(s);
	}
	j->written = true;
	give_back(s);
}

static uint64_t file_due(const struct spool *s)
{
	uint64_t due = UINT64_MAX;

	if (s->fd < 0 || !s->frames)
		return due;
	if (s->config.limits.duration_ns)
		due = s->opened_ns + s->config.limits.duration_ns;
	if (s->config.limits.interval_ns && s->interval_end_ns < due)
		due = s->interval_end_ns;
	return due;
}

uint64_t spool_step(struct spool *s, uint64_t now_ns)
{
	/* What could not be told goes first, so that the order is kept. */
	if (s->event) {
		struct spool_event *e = s->event;

		s->event = NULL;
		if (!tell(s, e))
			return now_ns + SPOOL_RETRY_NS;
	}
	if (s->job && s->job->written && !give_back(s))
		return now_ns + SPOOL_RETRY_NS;
	if (now_ns >= file_due(s))
		seal(s);
	obey_ring(s);
	prepare(s, now_ns);
	if (s->event)
		return now_ns;
	if (!s->job)
		s->job = ring_pop(&s->jobs);
	if (s->job) {
		do_job(s, now_ns);
		return s->job ? now_ns + SPOOL_RETRY_NS : now_ns;
	}
	if (spool_ended(s))
		return UINT64_MAX;
	if (!ring_ended(&s->jobs))
		return s->config.journal && ring_has_room(&s->spares) &&
				       s->spare_retry_ns < file_due(s)
			       ? s->spare_retry_ns
			       : file_due(s);
	drop_spares(s);
	seal(s);
	if (s->event)
		return now_ns;
	/* Release: every event was pushed; pairs with spool_ended(). */
	atomic_store_explicit(&s->ended, true, memory_order_release);
	if (s->config.wake_pipeline.fn)
		s->config.wake_pipeline.fn(s->config.wake_pipeline.ctx);
	return UINT64_MAX;
}

bool spool_ended(struct spool *s)
{
	return atomic_load_explicit(&s->ended, memory_order_acquire);
}
