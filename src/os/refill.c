/* refill.c - asked, reads, says so */
#include "os/refill.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "store/segment.h"

/* A file gets its name under the eyes of nobody: it is looked for again after so long. */
#define TRIES	 20
#define PAUSE_MS 5

static int read_one(struct refill *r, uint64_t id, const unsigned char **block)
{
	struct place place;
	int error;

	for (int i = 0; i < TRIES; i++) {
		error = frame_scan_to(&r->scan, id, block);
		if (error != -ENOENT || !places_find(r->scan.places, id, &place))
			break;
		poll(NULL, 0, PAUSE_MS);
	}
	return error;
}

static void read_all(struct refill *r, struct backfill_read *read)
{
	const unsigned char *block;

	for (uint64_t id = read->first; id <= read->last; id++) {
		if (read->blocks.n >= BACKFILL_READ_BYTES)
			return;
		read->error = read_one(r, id, &block);
		if (read->error)
			return;
		buf_put(&read->blocks, block, block_bytes(block));
		if (read->blocks.failed) {
			read->blocks.failed = false;
			read->error = -ENOMEM;
			return;
		}
		read->frames++;
	}
}

static void *run(void *ctx)
{
	struct refill *r = ctx;
	struct pollfd fd = {.fd = waker_fd(&r->waker), .events = POLLIN};

	while (!atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		/* Acquire: what is wanted; pairs with ask(). */
		struct backfill_read *read = atomic_load_explicit(&r->read, memory_order_acquire);

		if (!read) {
			poll(&fd, 1, -1);
			waker_clear(&r->waker);
			continue;
		}
		read_all(r, read);
		/* Release: the frames; pairs with done(). */
		atomic_store_explicit(&r->read, NULL, memory_order_release);
		waker_wake(r->asker);
	}
	return NULL;
}

static void ask(void *ctx, struct backfill_read *read)
{
	struct refill *r = ctx;

	atomic_store_explicit(&r->read, read, memory_order_release);
	waker_wake(&r->waker);
}

static bool done(void *ctx)
{
	struct refill *r = ctx;

	return !atomic_load_explicit(&r->read, memory_order_acquire);
}

struct backfill_reader refill_reader(struct refill *r)
{
	return (struct backfill_reader){.ask = ask, .done = done, .ctx = r};
}

int refill_start(struct refill *r, struct places *places, struct waker *asker)
{
	sigset_t all, before;
	int error;

	*r = (struct refill){.asker = asker};
	error = waker_init(&r->waker);
	if (error)
		return error;
	error = frame_scan_init(&r->scan, places);
	if (error) {
		waker_done(&r->waker);
		return error;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	r->started = !error;
	if (error) {
		frame_scan_done(&r->scan);
		waker_done(&r->waker);
	}
	return error;
}

void refill_stop(struct refill *r)
{
	if (!r->started)
		return;
	atomic_store_explicit(&r->stop, true, memory_order_relaxed);
	waker_wake(&r->waker);
	pthread_join(r->thread, NULL);
	frame_scan_done(&r->scan);
	waker_done(&r->waker);
	r->started = false;
}
