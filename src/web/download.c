/* download.c - an export: from the panel, which pushes, to libmicrohttpd, which pulls */
#include "web/download.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "os/thread.h"

struct download {
	struct downloads *all;
	struct panel *panel;
	struct json_object *body;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	size_t at, n;  /* of the ring: the first byte, and how many */
	bool ended;    /* by the panel */
	bool closed;   /* nobody takes more */
	bool stopping; /* the server ends */
	enum panel_result result;
	struct err err;
	char ring[DOWNLOAD_BYTES];
};

/* ---- the panel's side ---- */

static size_t fill(struct download *d, const char *p, size_t n)
{
	size_t end = (d->at + d->n) % DOWNLOAD_BYTES;
	size_t room = DOWNLOAD_BYTES - d->n, run = DOWNLOAD_BYTES - end;

	if (n > room)
		n = room;
	if (n > run)
		n = run;
	memcpy(d->ring + end, p, n);
	d->n += n;
	return n;
}

static bool on_bytes(void *ctx, const void *bytes, size_t n)
{
	struct download *d = ctx;
	const char *p = bytes;
	bool taken;

	pthread_mutex_lock(&d->lock);
	while (n && !d->closed && !d->stopping) {
		size_t part = fill(d, p, n);

		p += part;
		n -= part;
		if (part)
			pthread_cond_signal(&d->filled);
		else
			pthread_cond_wait(&d->emptied, &d->lock);
	}
	taken = n == 0;
	pthread_mutex_unlock(&d->lock);
	return taken;
}

static void *run(void *ctx)
{
	struct download *d = ctx;
	struct err err = {0};
	enum panel_result result;

	thread_name("secvf-download");
	result = d->panel->ops->export(d->panel, d->body, on_bytes, d, &err);
	pthread_mutex_lock(&d->lock);
	d->result = result;
	d->err = err;
	d->ended = true;
	pthread_cond_signal(&d->filled);
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* ---- all of them ---- */

void downloads_init(struct downloads *all)
{
	*all = (struct downloads){0};
	pthread_mutex_init(&all->lock, NULL);
}

void downloads_done(struct downloads *all)
{
	pthread_mutex_destroy(&all->lock);
}

void downloads_end(struct downloads *all)
{
	pthread_mutex_lock(&all->lock);
	all->ending = true;
	for (unsigned i = 0; i < DOWNLOADS_MAX; i++) {
		struct download *d = all->slot[i];

		if (!d)
			continue;
		pthread_mutex_lock(&d->lock);
		d->stopping = true;
		pthread_cond_signal(&d->filled);
		pthread_cond_signal(&d->emptied);
		pthread_mutex_unlock(&d->lock);
	}
	pthread_mutex_unlock(&all->lock);
}

static bool enter(struct downloads *all, struct download *d)
{
	bool entered = false;

	pthread_mutex_lock(&all->lock);
	for (unsigned i = 0; i < DOWNLOADS_MAX && !entered && !all->ending; i++) {
		if (all->slot[i])
			continue;
		all->slot[i] = d;
		entered = true;
	}
	pthread_mutex_unlock(&all->lock);
	return entered;
}

static void leave(struct downloads *all, const struct download *d)
{
	pthread_mutex_lock(&all->lock);
	for (unsigned i = 0; i < DOWNLOADS_MAX; i++) {
		if (all->slot[i] == d)
			all->slot[i] = NULL;
	}
	pthread_mutex_unlock(&all->lock);
}

/* ---- one ---- */

static void release(struct download *d)
{
	leave(d->all, d);
	json_object_put(d->body);
	pthread_cond_destroy(&d->emptied);
	pthread_cond_destroy(&d->filled);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void await_bytes(struct download *d)
{
	while (!d->n && !d->ended && !d->stopping)
		pthread_cond_wait(&d->filled, &d->lock);
}

/* Return: whether there is something to send, or a whole export of no bytes */
static bool has_begun(struct download *d, enum panel_result *result, struct err *err)
{
	bool begun;

	pthread_mutex_lock(&d->lock);
	await_bytes(d);
	begun = d->n || (d->ended && d->result == PANEL_OK);
	if (!begun) {
		*result = d->ended ? d->result : PANEL_STATE;
		err_set(err, EXIT_ENVIRONMENT, "%s", d->ended ? d->err.text : "the server ends");
	}
	pthread_mutex_unlock(&d->lock);
	return begun;
}

struct download *download_open(struct downloads *all, struct panel *panel, struct json_object *body,
			       enum panel_result *result, struct err *err)
{
	struct download *d = calloc(1, sizeof(*d));

	*result = PANEL_FAILED;
	err_set(err, EXIT_ENVIRONMENT, "no memory, or no thread, for an export");
	if (!d)
		return NULL;
	d->all = all;
	d->panel = panel;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->filled, NULL);
	pthread_cond_init(&d->emptied, NULL);
	if (!enter(all, d)) {
		*result = PANEL_STATE;
		err_set(err, EXIT_USAGE, "%u exports run, which is the most; wait for one to end",
			DOWNLOADS_MAX);
		release(d);
		return NULL;
	}
	/* json-c counts references without locks: this thread has its own copy. */
	if (json_object_deep_copy(body, &d->body, NULL) ||
	    pthread_create(&d->thread, NULL, run, d)) {
		release(d);
		return NULL;
	}
	if (has_begun(d, result, err))
		return d;
	download_close(d);
	return NULL;
}

ssize_t download_read(struct download *d, char *to, size_t max)
{
	size_t run;
	ssize_t n;

	pthread_mutex_lock(&d->lock);
	await_bytes(d);
	run = d->n < DOWNLOAD_BYTES - d->at ? d->n : DOWNLOAD_BYTES - d->at;
	if (d->stopping)
		n = -1;
	else if (!d->n)
		n = d->result == PANEL_OK ? 0 : -1;
	else
		n = (ssize_t)(run < max ? run : max);
	if (n > 0) {
		memcpy(to, d->ring + d->at, (size_t)n);
		d->at = (d->at + (size_t)n) % DOWNLOAD_BYTES;
		d->n -= (size_t)n;
		pthread_cond_signal(&d->emptied);
	}
	pthread_mutex_unlock(&d->lock);
	return n;
}

void download_close(struct download *d)
{
	pthread_mutex_lock(&d->lock);
	d->closed = true;
	pthread_cond_signal(&d->emptied);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	release(d);
}
