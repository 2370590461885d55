/* tallied.c - a tally in front of another sink */
#include "cli/tallied.h"

void tallied_each(void *ctx, const struct decoded *d)
{
	struct tallied *t = ctx;

	if (d->update)
		tally_update(t->tally, d);
	else
		tally_add(t->tally, d);
}

static bool offer(void *ctx, struct decoded *d)
{
	struct tallied *t = ctx;

	if (d != t->refused && d->update)
		tally_update(t->tally, d);
	else if (d != t->refused)
		tally_add(t->tally, d);
	t->refused = NULL;
	if (!t->next.offer) {
		decoded_free(d);
		return true;
	}
	if (t->next.offer(t->next.ctx, d))
		return true;
	t->refused = d;
	return false;
}

struct sink tallied_sink(void *ctx, struct sink next)
{
	struct tallied *t = ctx;

	t->next = next;
	return (struct sink){.offer = offer, .ctx = t};
}
