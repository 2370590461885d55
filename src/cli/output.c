/* output.c - rows and progress */
#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROGRESS_MS 100

static void write_all(struct output *o, int fd, const char *p, size_t n)
{
	while (n && !o->error) {
		ssize_t done = write(fd, p, n);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			struct pollfd full = {.fd = fd, .events = POLLOUT};

			poll(&full, 1, -1);
		} else if (errno != EINTR) {
			o->error = errno;
			o->broken(o->ctx);
		}
	}
}

static void clear_progress(struct output *o)
{
	static const char erase[] = "\r\033[K";

	if (o->progress_shown && write(STDERR_FILENO, erase, sizeof(erase) - 1) > 0)
		o->progress_shown = false;
}

/* Cut to the terminal: a line that wraps cannot be erased. */
static void show_progress(struct output *o)
{
	struct winsize size = {0};
	struct buf line = {0}, shown = {0};
	ssize_t ignored;

	if (!o->progress)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		size.ws_col = 80;
	o->progress(o->ctx, &line);
	buf_puts(&shown, "\r\033[K");
	emit_safe(&shown, line.p, line.n, size.ws_col - 1u);
	ignored = write(STDERR_FILENO, shown.p, shown.n);
	(void)ignored;
	o->progress_shown = true;
	buf_done(&line);
	buf_done(&shown);
}

static void flush(struct output *o)
{
	if (!o->rows.n)
		return;
	if (o->terminal)
		clear_progress(o);
	write_all(o, STDOUT_FILENO, o->rows.p, o->rows.n);
	o->rows.n = 0;
}

static void print(struct output *o, struct decoded *d)
{
	if (o->each)
		o->each(o->each_ctx, d);
	if (o->format == OUTPUT_NONE) {
		decoded_free(d);
		return;
	}
	if (o->error) {
		o->lost++;
	} else if (o->format == OUTPUT_EK) {
		buf_put(&o->rows, d->raw, d->raw_n);
		if (d->raw_n)
			o->printed++;
		else if (d->status != DECODED_PENDING)
			o->empty++;
	} else {
		if (o->format == OUTPUT_TABLE)
			emit_table_row(&o->table, d, &o->rows);
		else
			emit_json(d, &o->rows);
		o->printed++;
	}
	if (o->rows.failed) {
		o->error = ENOMEM;
		o->broken(o->ctx);
	}
	decoded_free(d);
	if (o->rows.n >= OUTPUT_BYTES)
		flush(o);
}

/* ---- rows that wait ---- */

static uint32_t held(const struct output *o)
{
	return o->held_head - o->held_tail;
}

/* Rows whose verdict is known, in order. Return: whether there was one */
static bool release(struct output *o)
{
	uint32_t before = o->held_tail;

	while (held(o)) {
		struct decoded *d = o->held[o->held_tail % OUTPUT_HELD_MAX];
		enum match match = o->verdict(o->ctx, d->id);

		if (match == MATCH_UNKNOWN)
			break;
		o->held_tail++;
		if (match == MATCH_YES) {
			print(o, d);
		} else {
			o->hidden++;
			decoded_free(d);
		}
	}
	return o->held_tail != before;
}

/* Return: whether there was one to take */
static bool take(struct output *o)
{
	struct decoded *d = held(o) < OUTPUT_HELD_MAX ? ring_pop(&o->ring) : NULL;

	if (d)
		o->held[o->held_head++ % OUTPUT_HELD_MAX] = d;
	return d != NULL;
}

static void drop_held(struct output *o)
{
	for (; held(o); o->held_tail++, o->hidden++)
		decoded_free(o->held[o->held_tail % OUTPUT_HELD_MAX]);
	free(o->held);
	o->held = NULL;
}

static void *run(void *ctx)
{
	struct output *o = ctx;
	struct pollfd fd = {.fd = waker_fd(&o->waker), .events = POLLIN};

	if (o->format == OUTPUT_TABLE)
		emit_table_header(&o->table, &o->rows);
	while (!ring_ended(&o->ring)) {
		bool moved = take(o);

		moved |= release(o);
		if (moved)
			continue;
		flush(o);
		/* With no room for more rows only a verdict is of use. */
		if (held(o) < OUTPUT_HELD_MAX && !ring_consumer_sleeps(&o->ring))
			continue;
		if (poll(&fd, 1, o->progress ? PROGRESS_MS : -1) == 0)
			show_progress(o);
		ring_consumer_wakes(&o->ring);
		waker_clear(&o->waker);
	}
	release(o);
	flush(o);
	clear_progress(o);
	return NULL;
}

static bool offer(void *ctx, struct decoded *d)
{
	struct output *o = ctx;

	while (!ring_push(&o->ring, d)) {
		if (ring_producer_sleeps(&o->ring))
			return false;
	}
	return true;
}

struct sink output_sink(struct output *o)
{
	return (struct sink){.offer = o->format == OUTPUT_NONE && !o->each ? NULL : offer,
			     .ctx = o};
}

int output_start(struct output *o, struct wake wake)
{
	struct wake own = {.fn = waker_wake, .ctx = &o->waker};
	sigset_t all, before;
	int error = waker_init(&o->waker);

	if (error)
		return error;
	error = ring_init(&o->ring, OUTPUT_RING, own, wake);
	if (error) {
		waker_done(&o->waker);
		return error;
	}
	o->held = calloc(OUTPUT_HELD_MAX, sizeof(struct decoded *));
	o->terminal = isatty(STDOUT_FILENO) != 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = o->held ? -pthread_create(&o->thread, NULL, run, o) : -ENOMEM;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		drop_held(o);
		ring_done(&o->ring);
		waker_done(&o->waker);
	}
	o->wakes = !error;
	return error;
}

void output_join(struct output *o)
{
	ring_end(&o->ring);
	pthread_join(o->thread, NULL);
	drop_held(o);
	ring_done(&o->ring);
	buf_done(&o->rows);
}

void output_done(struct output *o)
{
	if (o->wakes)
		waker_done(&o->waker);
	o->wakes = false;
}
