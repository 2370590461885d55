/* room.c - closes at once, opens after a calm */
#include "tshark/room.h"

#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

void room_init(struct room *r, uint64_t limit)
{
	memset(r, 0, sizeof(*r));
	r->limit = limit;
	r->calm_ns = ROOM_CALM_NS;
	r->calm_since_ns = UINT64_MAX;
}

uint64_t room_due(const struct room *r)
{
	return r->ticked_ns + ROOM_TICK_NS;
}

/* A quarter of the way to what it was since the last tick; all of it where that is long ago. */
static uint64_t smooth(uint64_t rate, uint64_t count, uint64_t ns)
{
	uint64_t now = count * SECOND_NS / ns;

	if (ns >= SECOND_NS)
		return now;
	return now > rate ? rate + (now - rate + 3) / 4 : rate - (rate - now) / 4;
}

static void tick(struct room *r, uint64_t now_ns, const struct room_view *v)
{
	bool waits = v->backlog > r->limit / 40 + ROOM_BACKLOG_MIN / 2;

	if (r->ticked_ns) {
		uint64_t ns = now_ns - r->ticked_ns;

		r->in_rate = smooth(r->in_rate, v->captured - r->captured, ns);
		r->out_rate = smooth(r->out_rate, v->decoded - r->decoded, ns);
	}
	/* Other traffic may be decoded faster: what it managed is let rise, by a half in 83 s. */
	r->managed += r->managed / 2048;
	if (v->level != r->level)
		r->managed = 0;
	else if (waits && r->waited && r->out_rate > r->managed)
		r->managed = r->out_rate;
	r->level = v->level;
	r->waited = waits;
	r->ticked_ns = now_ns;
	r->captured = v->captured;
	r->decoded = v->decoded;
}

/* By @parts of four of each bound. */
static bool crowded(const struct room *r, const struct room_view *v, unsigned parts)
{
	return v->backlog * 4 > (r->limit / 20 + ROOM_BACKLOG_MIN) * parts ||
	       v->age_ns * 4 > ROOM_AGE_NS * parts || v->sheds || v->changing ||
	       v->missed != r->missed || (r->managed && r->in_rate * 16 > r->managed * 3 * parts);
}

static void lose(struct room *r, uint64_t now_ns)
{
	bool vain = now_ns < r->opened_ns + ROOM_VAIN_NS;

	r->open = false;
	if (!vain)
		r->calm_ns = ROOM_CALM_NS;
	else if (r->calm_ns < ROOM_CALM_NS_MAX)
		r->calm_ns *= 2;
}

bool room_look(struct room *r, uint64_t now_ns, const struct room_view *v)
{
	bool calm;

	/* Nobody has looked for a while. */
	if (now_ns > r->looked_ns + 5 * ROOM_TICK_NS) {
		r->open = false;
		r->calm_since_ns = UINT64_MAX;
	}
	r->looked_ns = now_ns;
	if (now_ns >= room_due(r))
		tick(r, now_ns, v);
	calm = !crowded(r, v, 2);
	if (!calm)
		r->calm_since_ns = UINT64_MAX;
	else if (r->calm_since_ns == UINT64_MAX)
		r->calm_since_ns = now_ns;
	if (r->open && crowded(r, v, 4)) {
		lose(r, now_ns);
	} else if (!r->open && calm && now_ns >= r->calm_since_ns + r->calm_ns) {
		r->open = true;
		r->opened_ns = now_ns;
	}
	r->missed = v->missed;
	return r->open;
}
