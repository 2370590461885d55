/* pipe_sim.c - bytes in a simulated pipe */
#include "pipe_sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void pipe_sim_open(struct pipe_sim *p, size_t cap)
{
	pipe_sim_free(p);
	p->p = malloc(cap);
	check(p->p);
	p->cap = cap;
	p->reader = p->writer = true;
}

void pipe_sim_free(struct pipe_sim *p)
{
	free(p->p);
	memset(p, 0, sizeof(*p));
}

size_t pipe_sim_room(const struct pipe_sim *p)
{
	return p->cap - p->n;
}

size_t pipe_sim_write(struct pipe_sim *p, const void *bytes, size_t n)
{
	if (n > pipe_sim_room(p))
		n = pipe_sim_room(p);
	if (!n)
		return 0;
	if (p->from + p->n + n > p->cap) {
		memmove(p->p, p->p + p->from, p->n);
		p->from = 0;
	}
	memcpy(p->p + p->from + p->n, bytes, n);
	p->n += n;
	return n;
}

size_t pipe_sim_read(struct pipe_sim *p, void *bytes, size_t n)
{
	if (n > p->n)
		n = p->n;
	if (!n)
		return 0;
	memcpy(bytes, p->p + p->from, n);
	p->from += n;
	p->n -= n;
	return n;
}
