/* adapt.c - down when it backs up, up when it is calm */
#include "tshark/adapt.h"

#include <string.h>

/* Weight of the newest tick in a rate; a second's worth of ticks makes most of it. */
#define SMOOTH 0.25
/* A level above is tried with so much of what it managed coming in. */
#define ROOM 0.8
/* How what it managed is let rise, a tick: by a half in 81 s. */
#define FORGET 1.0005
/* A level left sooner than this after it was entered was tried in vain. */
#define VAIN_NS UINT64_C(10000000000)

void adapt_init(struct adapt *a, uint64_t limit)
{
	memset(a, 0, sizeof(*a));
	a->limit = limit;
	for (int i = 0; i < ADAPT_LEVELS; i++)
		a->calm_ns[i] = ADAPT_CALM_NS;
}

uint64_t adapt_due(const struct adapt *a)
{
	return a->ticked_ns + ADAPT_TICK_NS;
}

static void go(struct adapt *a, enum adapt_level level, uint64_t now_ns)
{
	a->level = level;
	a->changed_ns = now_ns;
	a->settled_ns = now_ns + ADAPT_SETTLE_NS;
	a->calm_since_ns = now_ns;
}

static bool backs_up(const struct adapt *a, uint64_t backlog, uint64_t now_ns)
{
	if (a->level == ADAPT_BASIC || now_ns < a->settled_ns)
		return false;
	return backlog > a->limit / 4 && backlog >= a->backlog;
}

static void down(struct adapt *a, uint64_t now_ns)
{
	bool vain = now_ns < a->changed_ns + VAIN_NS;
	uint64_t *calm_ns = &a->calm_ns[a->level];

	a->managed[a->level] = a->out_rate;
	if (!vain)
		*calm_ns = ADAPT_CALM_NS;
	else if (*calm_ns < ADAPT_CALM_NS_MAX)
		*calm_ns *= 2;
	go(a, (enum adapt_level)(a->level + 1), now_ns);
}

static bool may_rise(const struct adapt *a, uint64_t now_ns)
{
	int above = (int)a->level - 1;

	return above >= 0 && now_ns >= a->calm_since_ns + a->calm_ns[above] &&
	       (a->managed[above] <= 0 || a->in_rate < ROOM * a->managed[above]);
}

bool adapt_step(struct adapt *a, uint64_t now_ns, uint64_t captured, uint64_t decoded,
		uint64_t backlog, bool changing)
{
	enum adapt_level before = a->level;
	double seconds = (double)(now_ns - a->ticked_ns) / 1e9;

	if (now_ns < adapt_due(a))
		return false;
	if (!a->ticked_ns) {
		go(a, a->level, now_ns);
	} else {
		a->in_rate += SMOOTH * ((double)(captured - a->captured) / seconds - a->in_rate);
		a->out_rate += SMOOTH * ((double)(decoded - a->decoded) / seconds - a->out_rate);
		if (backlog > a->limit / 50)
			a->calm_since_ns = now_ns;
		for (int i = 0; i < (int)a->level; i++)
			a->managed[i] *= FORGET;
		/* There more comes than is taken, so what is decoded is what it manages. */
		if (a->level == ADAPT_BASIC && a->out_rate > a->managed[ADAPT_SUMMARY])
			a->managed[ADAPT_SUMMARY] = a->out_rate;
		if (changing && now_ns < a->changed_ns + ADAPT_CHANGE_NS)
			a->settled_ns = now_ns + ADAPT_SETTLE_NS;
		else if (backs_up(a, backlog, now_ns))
			down(a, now_ns);
		else if (may_rise(a, now_ns))
			go(a, (enum adapt_level)(a->level - 1), now_ns);
	}
	a->ticked_ns = now_ns;
	a->captured = captured;
	a->decoded = decoded;
	a->backlog = backlog;
	return a->level != before;
}
