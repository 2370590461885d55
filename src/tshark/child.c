/* child.c - states of the supervised tshark */
#include "tshark/child.h"

#include <string.h>
#include <sys/wait.h>

#include "base/check.h"

static const char *const state_names[] = {
	"idle", "waiting", "starting", "running", "draining", "terminating", "killing", "gave_up",
};

_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == CHILD_STATES,
	       "each state has its name");

const char *child_state_name(enum child_state state)
{
	return state_names[state];
}

static void go(struct child *c, enum child_state state, uint64_t due_ns)
{
	c->state = state;
	c->due_ns = due_ns;
}

void child_init(struct child *c, uint64_t hang_ns_max)
{
	memset(c, 0, sizeof(*c));
	c->hang_ns_max = hang_ns_max;
	c->backoff_ns = CHILD_BACKOFF_NS;
}

void child_start(struct child *c, uint64_t now_ns)
{
	check(c->state == CHILD_IDLE);
	go(c, CHILD_WAITING, now_ns);
}

void child_finish(struct child *c)
{
	c->finishing = true;
}

bool child_alive(const struct child *c)
{
	return c->state >= CHILD_STARTING && c->state <= CHILD_KILLING;
}

static bool watched(const struct child *c, bool in_flight)
{
	return c->hang_ns_max &&
	       ((c->state == CHILD_RUNNING && in_flight) || c->state == CHILD_DRAINING);
}

static enum child_want terminate(struct child *c, uint64_t now_ns)
{
	go(c, CHILD_TERMINATING, now_ns + CHILD_GRACE_NS);
	return CHILD_TERM;
}

enum child_want child_tick(struct child *c, uint64_t now_ns, bool in_flight)
{
	switch (c->state) {
	case CHILD_WAITING: return now_ns >= c->due_ns ? CHILD_SPAWN : CHILD_NOTHING;
	case CHILD_STARTING:
		if (now_ns >= c->limit_ns) {
			c->hung = true;
			return terminate(c, now_ns);
		}
		return now_ns >= c->due_ns && !c->out_ended ? CHILD_OPEN : CHILD_NOTHING;
	case CHILD_RUNNING:
	case CHILD_DRAINING:
		/* The watch begins with the first frame in flight, not with the last record before
		 * it. */
		if (c->state == CHILD_RUNNING && !in_flight)
			c->progress_ns = now_ns;
		if (!watched(c, in_flight) || now_ns < c->progress_ns + c->hang_ns_max)
			return CHILD_NOTHING;
		c->hung = true;
		return terminate(c, now_ns);
	case CHILD_TERMINATING:
		if (now_ns < c->due_ns || c->reaped)
			return CHILD_NOTHING;
		go(c, CHILD_KILLING, UINT64_MAX);
		return CHILD_KILL;
	case CHILD_IDLE:
	case CHILD_KILLING:
	case CHILD_GAVE_UP:
	case CHILD_STATES: break;
	}
	return CHILD_NOTHING;
}

uint64_t child_due(const struct child *c, bool in_flight)
{
	uint64_t due = UINT64_MAX;

	if (c->state == CHILD_WAITING || c->state == CHILD_STARTING ||
	    (c->state == CHILD_TERMINATING && !c->reaped))
		due = c->due_ns;
	if (c->state == CHILD_STARTING && c->out_ended)
		due = c->limit_ns;
	if (watched(c, in_flight))
		due = c->progress_ns + c->hang_ns_max;
	return due;
}

void child_spawned(struct child *c, bool ok, uint64_t now_ns)
{
	check(c->state == CHILD_WAITING);
	c->generation++;
	c->progressed = c->hung = c->clean = false;
	c->out_ended = c->err_ended = c->reaped = !ok;
	c->limit_ns = now_ns + CHILD_OPEN_NS_MAX;
	c->progress_ns = now_ns;
	/* A spawn that failed is a generation that is over as soon as it began. */
	go(c, CHILD_STARTING, now_ns);
}

void child_opened(struct child *c, bool ok, uint64_t now_ns)
{
	check(c->state == CHILD_STARTING);
	if (ok)
		go(c, CHILD_RUNNING, UINT64_MAX);
	else
		c->due_ns = now_ns + CHILD_RETRY_NS;
	c->progress_ns = now_ns;
}

void child_input_closed(struct child *c, uint64_t now_ns)
{
	check(c->state == CHILD_RUNNING);
	c->progress_ns = now_ns;
	go(c, CHILD_DRAINING, UINT64_MAX);
}

void child_input_broke(struct child *c, uint64_t now_ns)
{
	/* Its output may still hold records: KILL, due in a grace period, is what is left if no end
	 * comes. */
	if (c->state == CHILD_RUNNING)
		go(c, CHILD_TERMINATING, now_ns + CHILD_GRACE_NS);
}

void child_progress(struct child *c, uint64_t now_ns)
{
	c->progress_ns = now_ns;
	c->progressed = true;
}

void child_ended(struct child *c, bool out, bool err, uint64_t now_ns)
{
	c->out_ended |= out;
	c->err_ended |= err;
	/* A process that closed its output decodes nothing any more; it gets a grace period to exit
	 * in. */
	if (out && (c->state == CHILD_RUNNING || c->state == CHILD_STARTING))
		go(c, CHILD_TERMINATING, now_ns + CHILD_GRACE_NS);
}

bool child_should_reap(const struct child *c)
{
	return child_alive(c) && !c->reaped;
}

bool child_reaped(struct child *c, int status)
{
	check(!c->reaped);
	c->reaped = true;
	c->status = status;
	c->clean = c->state == CHILD_DRAINING && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return child_over(c);
}

bool child_over(const struct child *c)
{
	return child_alive(c) && c->reaped && c->out_ended && c->err_ended;
}

void child_again(struct child *c, bool more, uint64_t now_ns)
{
	check(child_over(c));
	if (c->progressed) {
		c->failures = 0;
		c->backoff_ns = CHILD_BACKOFF_NS;
	} else {
		c->failures++;
	}
	if (!more) {
		go(c, CHILD_IDLE, UINT64_MAX);
	} else if (c->finishing && c->failures >= CHILD_FAILURES_MAX) {
		go(c, CHILD_GAVE_UP, UINT64_MAX);
	} else {
		go(c, CHILD_WAITING, now_ns + c->backoff_ns);
		c->backoff_ns = c->backoff_ns * 2 < CHILD_BACKOFF_NS_MAX ? c->backoff_ns * 2
									 : CHILD_BACKOFF_NS_MAX;
	}
}

bool child_stop(struct child *c, uint64_t now_ns)
{
	check(child_alive(c));
	if (c->state >= CHILD_TERMINATING)
		return false;
	terminate(c, now_ns);
	return true;
}

void child_give_up(struct child *c)
{
	check(c->state == CHILD_WAITING);
	go(c, CHILD_GAVE_UP, UINT64_MAX);
}

void child_rest(struct child *c)
{
	check(!child_alive(c));
	go(c, CHILD_IDLE, UINT64_MAX);
}

void child_held(struct child *c, uint64_t now_ns)
{
	c->progress_ns = now_ns;
}
