/* ring.h - a bounded queue of pointers from one thread to one other
 *
 * Theory of operation: one producer, one consumer, two free-running indexes. A full ring refuses;
 * what to do then is the producer's affair. Either side may go to sleep: it says so
 * (ring_consumer_sleeps(), ring_producer_sleeps()), and the other side's next call that ends its
 * reason to sleep wakes it through the callback given at the start. Who sleeps checks again after
 * saying so, which closes the gap between the check and the sleep.
 */
#ifndef SECVF_TAP_RING_H
#define SECVF_TAP_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Above this a ring's slots alone would take 128 MiB. */
#define RING_LIMIT_MAX (1u << 24)

/* Pops from one look after the producer to the next, in a ring of twice as many or more: a look
 * costs as much as many pops do. */
#define RING_WAKE_POPS 32u

/** struct wake - How one side is woken; called on the other side's thread, must not block */
struct wake {
	void (*fn)(void *ctx);
	void *ctx;
};

struct ring {
	void **slot;
	uint32_t mask;
	uint32_t limit;
	uint32_t wake_mask; /* the producer is looked after at each pop from a place without these
			       bits */
	struct wake wake_consumer, wake_producer; /* fn NULL: that side never sleeps */
	/* Each side's own index and its last look at the other's, on its own cache line. */
	_Alignas(64) uint32_t staged; /* next to fill; the producer's */
	uint32_t tail_seen;
	_Alignas(64) _Atomic uint32_t head; /* filled up to here, for the consumer to see */
	_Alignas(64) _Atomic uint32_t tail; /* next to take; written by the consumer */
	uint32_t head_seen;
	_Alignas(64) atomic_bool consumer_sleeps;
	atomic_bool producer_sleeps;
	atomic_bool ended;
};

/**
 * ring_init() - Start empty
 * @limit:          Items that it holds at most, 1 to RING_LIMIT_MAX
 * @wake_consumer:  Called by ring_push() and ring_end() when the consumer sleeps
 * @wake_producer:  Called by ring_pop() or ring_consumer_sleeps() when the producer sleeps and half
 *                  the ring is free
 *
 * Return: 0, or -ENOMEM
 */
int ring_init(struct ring *r, uint32_t limit, struct wake wake_consumer, struct wake wake_producer);

/** ring_done() - Free the slots; items still in there are the caller's to have taken out before */
void ring_done(struct ring *r);

/** ring_push() - Offer an item; producer only, never blocks. Return: false where the ring is full
 */
bool ring_push(struct ring *r, void *item);

/** ring_stage() - As ring_push(), but the consumer may not see it before ring_flush(); a full ring
 * is flushed by whoever asks for room. Many at once cost less: the index comes over once, and a
 * consumer that is as fast does not read what is next to what is being written */
bool ring_stage(struct ring *r, void *item);

/** ring_flush() - Producer: let the consumer see all, wake it if it sleeps */
void ring_flush(struct ring *r);

/** ring_pop() - Take the oldest item; consumer only, never blocks. Return: NULL where it is empty
 */
void *ring_pop(struct ring *r);

/** ring_has_items() - Consumer: whether ring_pop() would give one */
bool ring_has_items(struct ring *r);

/** ring_peek() - Consumer: the item that @pops pops would come before. Return: NULL where there is
 * none, or it came since the last that was looked for */
void *ring_peek(const struct ring *r, uint32_t pops);

/** ring_count() - Items in there; exact for either side while the other rests, else a recent value
 */
uint32_t ring_count(const struct ring *r);

/** ring_end() - Producer: nothing more will come */
void ring_end(struct ring *r);

/** ring_ended() - Consumer: ring_end() was called and every item has been taken */
bool ring_ended(const struct ring *r);

/** ring_closed() - ring_end() was called; items may still be in there. Any thread */
bool ring_closed(const struct ring *r);

/** ring_consumer_sleeps() - Consumer is about to sleep. Return: false where it must not: an item or
 * the end is there */
bool ring_consumer_sleeps(struct ring *r);

/** ring_consumer_wakes() - Consumer is up again, whoever woke it */
void ring_consumer_wakes(struct ring *r);

/** ring_has_room() - Producer: whether ring_push() would succeed */
bool ring_has_room(struct ring *r);

/** ring_producer_sleeps() - Producer is about to sleep as the ring is full. Return: false where it
 * must not: half of it is free */
bool ring_producer_sleeps(struct ring *r);

#endif
