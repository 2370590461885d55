/* guard.c - a deadline for each connection */
#include "web/guard.h"

#include <sys/socket.h>

#include "os/port_posix.h"
#include "os/thread.h"
#include "web/timed.h"

/* Return: the next deadline; connections that are over theirs are shut down, once */
static uint64_t cut_late(struct guard *g, uint64_t now_ns)
{
	uint64_t next_ns = GUARD_NONE;

	for (struct guarded *c = g->first; c; c = c->next) {
		if (c->due_ns <= now_ns) {
			shutdown(c->fd, SHUT_RDWR);
			c->due_ns = GUARD_NONE;
			g->cut++;
		} else if (c->due_ns < next_ns) {
			next_ns = c->due_ns;
		}
	}
	return next_ns;
}

static void *run(void *ctx)
{
	struct guard *g = ctx;

	thread_name("secvf-guard");
	pthread_mutex_lock(&g->lock);
	while (!g->ending) {
		g->wake_ns = cut_late(g, clock_now_ns());
		timed_wait(&g->earlier, &g->lock, g->wake_ns);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

int guard_init(struct guard *g)
{
	int error;

	*g = (struct guard){.wake_ns = GUARD_NONE};
	pthread_mutex_init(&g->lock, NULL);
	timed_init(&g->earlier);
	error = pthread_create(&g->thread, NULL, run, g);
	if (error) {
		pthread_cond_destroy(&g->earlier);
		pthread_mutex_destroy(&g->lock);
	}
	return -error;
}

void guard_done(struct guard *g)
{
	pthread_mutex_lock(&g->lock);
	g->ending = true;
	pthread_cond_signal(&g->earlier);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	pthread_cond_destroy(&g->earlier);
	pthread_mutex_destroy(&g->lock);
}

/* The thread is woken for what it would be late for alone: most deadlines are moved on, unseen. */
static void set(struct guard *g, struct guarded *c, uint64_t within_ns)
{
	c->due_ns = within_ns == GUARD_NONE ? GUARD_NONE : clock_now_ns() + within_ns;
	if (c->due_ns < g->wake_ns)
		pthread_cond_signal(&g->earlier);
}

void guard_add(struct guard *g, struct guarded *c, int fd, uint64_t within_ns)
{
	pthread_mutex_lock(&g->lock);
	*c = (struct guarded){.fd = fd, .next = g->first};
	if (g->first)
		g->first->before = c;
	g->first = c;
	g->count++;
	set(g, c, within_ns);
	pthread_mutex_unlock(&g->lock);
}

void guard_remove(struct guard *g, struct guarded *c)
{
	pthread_mutex_lock(&g->lock);
	if (c->before)
		c->before->next = c->next;
	else
		g->first = c->next;
	if (c->next)
		c->next->before = c->before;
	g->count--;
	pthread_mutex_unlock(&g->lock);
}

void guard_set(struct guard *g, struct guarded *c, uint64_t within_ns)
{
	pthread_mutex_lock(&g->lock);
	set(g, c, within_ns);
	pthread_mutex_unlock(&g->lock);
}

void guard_counts(struct guard *g, uint64_t *count, uint64_t *cut)
{
	pthread_mutex_lock(&g->lock);
	*count = g->count;
	*cut = g->cut;
	pthread_mutex_unlock(&g->lock);
}
