/* disk_sim.c - a simulated disk: files in memory, and faults chosen by the seed */
#include "disk_sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* No two descriptors of a simulated run share a number; the port's are far below. */
#define FD_FIRST 1000000

static struct disk_sim_file *file_of(struct disk_sim *d, int fd)
{
	check(fd >= FD_FIRST && (unsigned)(fd - FD_FIRST) < d->count);
	check(d->file[fd - FD_FIRST].open);
	return &d->file[fd - FD_FIRST];
}

static int64_t traced(struct disk_sim *d, char what, int64_t result)
{
	trace_event(d->trace, what, d->calls, result);
	return result;
}

/* Whether this call is in trouble. Return: 0, -errno */
static int trouble(struct disk_sim *d)
{
	if (d->calls) {
		d->calls--;
		return d->trouble;
	}
	d->trouble = 0;
	if (random_chance(&d->random, d->full))
		d->trouble = -ENOSPC;
	else if (random_chance(&d->random, d->error))
		d->trouble = -EIO;
	if (d->trouble)
		d->calls = random_range(&d->random, 0, 6);
	return d->trouble;
}

static struct disk_sim_file *find(struct disk_sim *d, const char *path)
{
	for (unsigned i = 0; i < d->count; i++) {
		if (d->file[i].present && strcmp(d->file[i].path, path) == 0)
			return &d->file[i];
	}
	return NULL;
}

static int sim_create(void *ctx, const char *path)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f;
	int error = trouble(d);

	if (error)
		return (int)traced(d, 'C', error);
	f = find(d, path);
	if (f)
		f->present = false;
	if (d->count == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 16;
		d->file = realloc(d->file, d->cap * sizeof(d->file[0]));
		check(d->file);
	}
	f = &d->file[d->count++];
	memset(f, 0, sizeof(*f));
	check(snprintf(f->path, sizeof(f->path), "%s", path) < (int)sizeof(f->path));
	f->present = f->open = true;
	return (int)traced(d, 'C', FD_FIRST + (int)d->count - 1);
}

static ssize_t sim_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f = file_of(d, fd);
	int error = trouble(d);
	size_t most = error ? 0 : SIZE_MAX, done = 0;

	if (error == -ENOSPC || (!error && random_chance(&d->random, 100)))
		most = random_range(&d->random, 0, 300);
	if (!error && !most)
		most = 1;
	for (int i = 0; i < n && most; i++) {
		size_t part = iov[i].iov_len < most ? iov[i].iov_len : most;

		buf_put(&f->bytes, iov[i].iov_base, part);
		done += part;
		most -= part;
	}
	check(!f->bytes.failed);
	return traced(d, 'W', done ? (int64_t)done : error);
}

static int sim_truncate(void *ctx, int fd, uint64_t bytes)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f = file_of(d, fd);

	if (f->map_bytes) {
		buf_put(&f->bytes, f->map, bytes);
		/* The mapping goes on; what is stored there later is not the file's. */
		f->map_bytes = 0;
	} else {
		check(bytes <= f->bytes.n);
		f->bytes.n = bytes;
	}
	return (int)traced(d, 'T', 0);
}

static void *sim_map(void *ctx, int fd, uint32_t bytes, int *error)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f = file_of(d, fd);

	*error = trouble(d);
	if (*error)
		return NULL;
	f->map = calloc(1, bytes);
	f->map_bytes = bytes;
	check(f->map);
	traced(d, 'M', bytes);
	return f->map;
}

/* The bytes stay the file's, until the end. */
static void sim_unmap(void *base, uint32_t bytes)
{
	(void)base;
	(void)bytes;
}

static int sim_present(void *ctx, int fd)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f = file_of(d, fd);

	if (random_chance(&d->random, d->gone))
		f->present = false;
	return (int)traced(d, 'P', f->present);
}

static int sim_seal(void *ctx, const char *from, const char *to)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f = find(d, from), *old = find(d, to);
	int error = trouble(d) == -EIO ? -EIO : 0;

	if (!error && !f)
		error = -ENOENT;
	if (error)
		return (int)traced(d, 'S', error);
	if (old)
		old->present = false;
	check(snprintf(f->path, sizeof(f->path), "%s", to) < (int)sizeof(f->path));
	return (int)traced(d, 'S', 0);
}

static void sim_close(void *ctx, int fd)
{
	file_of(ctx, fd)->open = false;
}

static int sim_remove(void *ctx, const char *path)
{
	struct disk_sim *d = ctx;
	struct disk_sim_file *f = find(d, path);

	if (f)
		f->present = false;
	return (int)traced(d, 'R', 0);
}

const unsigned char *disk_sim_bytes(const struct disk_sim_file *f, uint64_t *n)
{
	*n = f->map_bytes ? f->map_bytes : f->bytes.n;
	return f->map_bytes ? f->map : (const unsigned char *)f->bytes.p;
}

static int64_t sim_used(void *ctx, const char *path)
{
	struct disk_sim *d = ctx;
	int64_t used = 0;
	uint64_t n;

	(void)path;
	for (unsigned i = 0; i < d->count; i++) {
		disk_sim_bytes(&d->file[i], &n);
		used += d->file[i].present ? (int64_t)n : 0;
	}
	return used;
}

static uint64_t sim_wall_ns(void *ctx)
{
	const struct disk_sim *d = ctx;

	return UINT64_C(1700000000000000000) + d->now_ns;
}

struct disk disk_sim_init(struct disk_sim *d, uint64_t seed, struct trace *trace)
{
	static const struct disk_ops ops = {
		.create = sim_create,
		.writev = sim_writev,
		.truncate = sim_truncate,
		.map = sim_map,
		.unmap = sim_unmap,
		.present = sim_present,
		.seal = sim_seal,
		.close = sim_close,
		.remove = sim_remove,
		.used = sim_used,
		.wall_ns = sim_wall_ns,
	};

	d->random.state = seed;
	d->trace = trace;
	/* Swarm testing, as faults_choose() does. */
	d->full = random_chance(&d->random, 500) ? (unsigned)random_range(&d->random, 1, 300) : 0;
	d->error = random_chance(&d->random, 300) ? (unsigned)random_range(&d->random, 1, 100) : 0;
	d->gone = random_chance(&d->random, 200) ? (unsigned)random_range(&d->random, 1, 100) : 0;
	return (struct disk){.ops = &ops, .ctx = d};
}

void disk_sim_done(struct disk_sim *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		free(d->file[i].map);
		buf_done(&d->file[i].bytes);
	}
	free(d->file);
	d->file = NULL;
	d->count = d->cap = 0;
}
