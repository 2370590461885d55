/* ring.c - the queue between two threads */
#include "tap/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

int ring_init(struct ring *r, uint32_t limit, struct wake wake_consumer, struct wake wake_producer)
{
	uint32_t slots = 1;

	check(limit >= 1 && limit <= RING_LIMIT_MAX);
	memset(r, 0, sizeof(*r));
	while (slots < limit)
		slots *= 2;
	r->slot = calloc(slots, sizeof(r->slot[0]));
	if (!r->slot)
		return -ENOMEM;
	r->mask = slots - 1;
	r->wake_mask = limit >= 2 * RING_WAKE_POPS ? RING_WAKE_POPS - 1 : 0;
	r->limit = limit;
	r->wake_consumer = wake_consumer;
	r->wake_producer = wake_producer;
	return 0;
}

void ring_done(struct ring *r)
{
	free(r->slot);
	r->slot = NULL;
}

/* Wake the other side if it sleeps. The fence orders our index, stored before, against this
 * load; it pairs with the fence in the *_sleeps() functions, which order it the other way round, so
 * that at least one side sees the other. */
static void wake_if(atomic_bool *sleeps, const struct wake *wake)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!wake->fn || !atomic_load_explicit(sleeps, memory_order_relaxed))
		return;
	if (atomic_exchange_explicit(sleeps, false, memory_order_relaxed))
		wake->fn(wake->ctx);
}

/* Release: the slots are written before the index says so; pairs with ring_has_items(). */
static void show(struct ring *r)
{
	atomic_store_explicit(&r->head, r->staged, memory_order_release);
}

bool ring_has_room(struct ring *r)
{
	if (r->staged - r->tail_seen < r->limit)
		return true;
	/* Acquire: pairs with the release in ring_pop(), which has read the slot. */
	r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (r->staged - r->tail_seen < r->limit)
		return true;
	if (atomic_load_explicit(&r->head, memory_order_relaxed) != r->staged)
		ring_flush(r);
	return false;
}

bool ring_stage(struct ring *r, void *item)
{
	if (!ring_has_room(r))
		return false;
	r->slot[r->staged++ & r->mask] = item;
	return true;
}

void ring_flush(struct ring *r)
{
	show(r);
	wake_if(&r->consumer_sleeps, &r->wake_consumer);
}

bool ring_push(struct ring *r, void *item)
{
	if (!ring_stage(r, item))
		return false;
	ring_flush(r);
	return true;
}

bool ring_has_items(struct ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (r->head_seen == tail)
		/* Acquire: pairs with the release in show(). */
		r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
	return r->head_seen != tail;
}

void *ring_peek(const struct ring *r, uint32_t pops)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	return r->head_seen - tail > pops ? r->slot[(tail + pops) & r->mask] : NULL;
}

void *ring_pop(struct ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	void *item;

	if (!ring_has_items(r))
		return NULL;
	item = r->slot[tail & r->mask];
	/* Release: the slot is read before the producer may write it again. */
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	if (!((tail + 1) & r->wake_mask) && ring_count(r) <= r->limit / 2)
		wake_if(&r->producer_sleeps, &r->wake_producer);
	return item;
}

uint32_t ring_count(const struct ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	/* Head is loaded last, so that it is not behind the tail. */
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&r->head, memory_order_relaxed) - tail;
}

void ring_end(struct ring *r)
{
	show(r);
	/* Release: every push comes before the end; pairs with ring_ended(). */
	atomic_store_explicit(&r->ended, true, memory_order_release);
	wake_if(&r->consumer_sleeps, &r->wake_consumer);
}

bool ring_closed(const struct ring *r)
{
	return atomic_load_explicit(&r->ended, memory_order_acquire);
}

bool ring_ended(const struct ring *r)
{
	return atomic_load_explicit(&r->ended, memory_order_acquire) && ring_count(r) == 0;
}

bool ring_consumer_sleeps(struct ring *r)
{
	atomic_store_explicit(&r->consumer_sleeps, true, memory_order_relaxed);
	/* Pairs with the fence in wake_if(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_count(r) == 0 && !atomic_load_explicit(&r->ended, memory_order_acquire)) {
		/* The last pops may not have looked after it. */
		wake_if(&r->producer_sleeps, &r->wake_producer);
		return true;
	}
	atomic_store_explicit(&r->consumer_sleeps, false, memory_order_relaxed);
	return false;
}

void ring_consumer_wakes(struct ring *r)
{
	atomic_store_explicit(&r->consumer_sleeps, false, memory_order_relaxed);
}

bool ring_producer_sleeps(struct ring *r)
{
	show(r);
	atomic_store_explicit(&r->producer_sleeps, true, memory_order_relaxed);
	/* Pairs with the fence in wake_if(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_count(r) > r->limit / 2)
		return true;
	atomic_store_explicit(&r->producer_sleeps, false, memory_order_relaxed);
	return false;
}
