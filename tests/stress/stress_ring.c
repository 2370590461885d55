/* stress_ring.c - the ring with two threads that sleep on wakers at random
 *
 * Goal: no item lost, doubled or out of order, no wake-up missed, no data race (ThreadSanitizer).
 *
 * Method: two million numbers go through rings of several limits. Both sides sleep whenever they
 * may and now and then ask to sleep for no reason; a missed wake-up leaves both asleep, which the
 * alarm turns into a failure.
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "os/waker.h"
#include "random.h"
#include "tap/ring.h"

struct stress {
	uint64_t items;
	struct ring ring;
	struct waker consumer, producer;
};

static void sleep_on(struct waker *w)
{
	struct pollfd fd = {.fd = waker_fd(w), .events = POLLIN};

	while (poll(&fd, 1, -1) < 1) {
	}
	waker_clear(w);
}

static void *produce(void *ctx)
{
	struct stress *s = ctx;
	struct sim_random r = {1};

	for (uint64_t n = 1; n <= s->items;) {
		if (ring_push(&s->ring, (void *)(uintptr_t)n)) {
			n++;
			if (!random_chance(&r, 1))
				continue;
		}
		if (ring_producer_sleeps(&s->ring))
			sleep_on(&s->producer);
	}
	ring_end(&s->ring);
	return NULL;
}

/* Return: whether every number came, in order. */
static int consume(struct stress *s)
{
	struct sim_random r = {2};
	uint64_t next = 1;

	while (!ring_ended(&s->ring)) {
		uintptr_t got = (uintptr_t)ring_pop(&s->ring);

		if (got && got != next++)
			return 0;
		if (got && !random_chance(&r, 1))
			continue;
		if (ring_consumer_sleeps(&s->ring)) {
			sleep_on(&s->consumer);
			ring_consumer_wakes(&s->ring);
		}
	}
	return next == s->items + 1;
}

static int run(uint32_t limit, uint64_t items)
{
	struct stress s = {.items = items};
	pthread_t thread;
	int ok;

	if (waker_init(&s.consumer) || waker_init(&s.producer) ||
	    ring_init(&s.ring, limit, (struct wake){waker_wake, &s.consumer},
		      (struct wake){waker_wake, &s.producer}) ||
	    pthread_create(&thread, NULL, produce, &s))
		return 0;
	ok = consume(&s);
	pthread_join(thread, NULL);
	ring_done(&s.ring);
	waker_done(&s.consumer);
	waker_done(&s.producer);
	if (!ok)
		fprintf(stderr, "ring of %u: an item is missing or out of order\n", limit);
	return ok;
}

int main(void)
{
	int ok = 1;

	alarm(60);
	ok &= run(1, 200000);
	ok &= run(3, 400000);
	ok &= run(64, 600000);
	ok &= run(50000, 800000);
	return !ok;
}
