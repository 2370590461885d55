/* events.c - the status as server-sent events */
#include "web/events.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "os/port_posix.h"
#include "os/thread.h"
#include "os/waker.h"
#include "web/timed.h"

/* struct events_shot - A status, framed; counted under events.lock */
struct events_shot {
	unsigned held;
	struct buf text;
};

struct events_listener {
	struct events *events;
	struct events_listener *next, *before;
	struct waker waker;
	int fd;
	struct events_shot *shot; /* being sent; NULL: none */
	size_t at;		  /* bytes of it that were */
	uint64_t number;	  /* of the last one taken, or begun before it listened */
	bool greeted;
};

/* How soon a page comes back whose server has gone: as soon as a person sees it. */
static const char greeting[] = "retry: 1000\n\n";
static const char idle[] = ": idle\n\n";

#define PERIOD_NS (UINT64_C(1000000000) / EVENTS_HZ)

void events_frame(struct buf *out, const char *name, const char *text, size_t n)
{
	size_t at = 0;

	buf_printf(out, "event: %s\n", name);
	for (;;) {
		size_t end = at;

		while (end < n && text[end] != '\n' && text[end] != '\r')
			end++;
		buf_puts(out, "data: ");
		buf_put(out, text + at, end - at);
		buf_putc(out, '\n');
		if (end == n)
			break;
		at = end + 1;
		if (text[end] == '\r' && at < n && text[at] == '\n')
			at++;
	}
	buf_putc(out, '\n');
}

static void drop(struct events_shot *shot)
{
	if (!shot || --shot->held)
		return;
	buf_done(&shot->text);
	free(shot);
}

/* ---- the sampler ---- */

/* Return: a status that is none of @serial, framed; NULL: there is none, or memory ran out */
static struct events_shot *sample(struct panel *panel, bool first, uint64_t *serial)
{
	struct buf status = {0};
	uint64_t now = *serial;
	struct events_shot *shot = NULL;

	if (panel->ops->status(panel, &status, &now) != PANEL_OK || status.failed)
		goto out;
	if (!first && now == *serial)
		goto out;
	if (status.n && status.p[status.n - 1] == '\n')
		status.n--; /* else it would be an empty line of data */
	shot = calloc(1, sizeof(*shot));
	if (!shot)
		goto out;
	events_frame(&shot->text, "status", status.n ? status.p : "", status.n);
	shot->held = 1;
	*serial = now;
	if (shot->text.failed) {
		free(shot->text.p);
		free(shot);
		shot = NULL;
	}
out:
	buf_done(&status);
	return shot;
}

static void publish(struct events *e, struct events_shot *shot)
{
	drop(e->newest);
	e->newest = shot;
	e->number = e->begun;
	for (struct events_listener *l = e->first; l; l = l->next)
		waker_wake(&l->waker);
}

static void *run(void *ctx)
{
	struct events *e = ctx;
	uint64_t serial = 0, next_ns = 0;

	thread_name("secvf-events");
	pthread_mutex_lock(&e->lock);
	while (!e->ending) {
		uint64_t now_ns = clock_now_ns();
		bool first = !e->newest || e->joined;
		struct events_shot *shot;

		if (!e->first) {
			/* What is old must not greet whoever comes next. */
			drop(e->newest);
			e->newest = NULL;
			pthread_cond_wait(&e->wanted, &e->lock);
			continue;
		}
		/* As often as that, however long a sample takes; none is made up for. */
		if (now_ns >= next_ns)
			next_ns = (now_ns - next_ns < PERIOD_NS ? next_ns : now_ns) + PERIOD_NS;
		e->joined = false;
		e->begun++;
		pthread_mutex_unlock(&e->lock);
		shot = sample(e->panel, first, &serial);
		pthread_mutex_lock(&e->lock);
		if (shot)
			publish(e, shot);
		/* Who has just come is told at once. */
		while (!e->ending && !e->joined && clock_now_ns() < next_ns)
			timed_wait(&e->wanted, &e->lock, next_ns);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

int events_init(struct events *e, struct panel *panel)
{
	int error;

	*e = (struct events){.panel = panel};
	pthread_mutex_init(&e->lock, NULL);
	timed_init(&e->wanted);
	error = pthread_create(&e->thread, NULL, run, e);
	if (error) {
		pthread_cond_destroy(&e->wanted);
		pthread_mutex_destroy(&e->lock);
	}
	return -error;
}

void events_end(struct events *e)
{
	pthread_mutex_lock(&e->lock);
	e->ending = true;
	pthread_cond_signal(&e->wanted);
	for (struct events_listener *l = e->first; l; l = l->next)
		waker_wake(&l->waker);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
}

void events_done(struct events *e)
{
	drop(e->newest);
	pthread_cond_destroy(&e->wanted);
	pthread_mutex_destroy(&e->lock);
}

unsigned events_count(struct events *e)
{
	unsigned n;

	pthread_mutex_lock(&e->lock);
	n = e->listeners;
	pthread_mutex_unlock(&e->lock);
	return n;
}

/* ---- listeners ---- */

struct events_listener *events_join(struct events *e, int fd)
{
	struct events_listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->events = e;
	l->fd = fd;
	if (waker_init(&l->waker)) {
		free(l);
		return NULL;
	}
	pthread_mutex_lock(&e->lock);
	if (e->ending || e->listeners == EVENTS_LISTENERS_MAX) {
		pthread_mutex_unlock(&e->lock);
		waker_done(&l->waker);
		free(l);
		return NULL;
	}
	l->next = e->first;
	if (e->first)
		e->first->before = l;
	e->first = l;
	e->listeners++;
	/* It is told what is so from here on, and never what was so before. */
	e->joined = true;
	l->number = e->begun;
	pthread_cond_signal(&e->wanted);
	pthread_mutex_unlock(&e->lock);
	return l;
}

void events_leave(struct events_listener *l)
{
	struct events *e = l->events;

	pthread_mutex_lock(&e->lock);
	if (l->before)
		l->before->next = l->next;
	else
		e->first = l->next;
	if (l->next)
		l->next->before = l->before;
	e->listeners--;
	drop(l->shot);
	pthread_mutex_unlock(&e->lock);
	waker_done(&l->waker);
	free(l);
}

/* Hold the newest where it was not sent yet. Return: false where the end has come */
static bool take_newest(struct events_listener *l)
{
	struct events *e = l->events;
	bool goes_on;

	pthread_mutex_lock(&e->lock);
	if (l->shot && l->at == l->shot->text.n) {
		drop(l->shot);
		l->shot = NULL;
	}
	if (!l->shot && e->newest && e->number > l->number) {
		l->shot = e->newest;
		l->shot->held++;
		l->number = e->number;
		l->at = 0;
	}
	goes_on = !e->ending;
	pthread_mutex_unlock(&e->lock);
	return goes_on;
}

enum awaited {
	AWAITED_WOKEN,
	AWAITED_NOTHING,
	AWAITED_END
};

static enum awaited await(struct events_listener *l, uint64_t until_ns)
{
	struct pollfd fds[] = {{.fd = waker_fd(&l->waker), .events = POLLIN},
			       {.fd = l->fd, .events = POLLRDHUP}};
	uint64_t now_ns = clock_now_ns();
	int left_ms = until_ns > now_ns ? (int)((until_ns - now_ns) / 1000000) + 1 : 0;

	if (poll(fds, 2, left_ms) < 0)
		return AWAITED_WOKEN; /* a signal: look again */
	if (fds[1].revents)
		return AWAITED_END;
	if (!fds[0].revents)
		return AWAITED_NOTHING;
	waker_clear(&l->waker);
	return AWAITED_WOKEN;
}

static ssize_t give(char *to, size_t max, const char *text, size_t n)
{
	size_t part = n < max ? n : max;

	memcpy(to, text, part);
	return (ssize_t)part;
}

ssize_t events_read(struct events_listener *l, char *to, size_t max)
{
	uint64_t until_ns = clock_now_ns() + EVENTS_IDLE_NS;
	ssize_t n;

	if (!l->greeted && max >= sizeof(greeting)) {
		l->greeted = true;
		return give(to, max, greeting, strlen(greeting));
	}
	for (;;) {
		if (!take_newest(l))
			return -1;
		if (l->shot)
			break;
		switch (await(l, until_ns)) {
		case AWAITED_WOKEN: break;
		case AWAITED_NOTHING: return give(to, max, idle, strlen(idle));
		case AWAITED_END: return -1;
		}
	}
	n = give(to, max, l->shot->text.p + l->at, l->shot->text.n - l->at);
	l->at += (size_t)n;
	return n;
}
