/* segment.c - captured frames in memory, laid out as they will be on disk */
#include "store/segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/pooled.h"

/* Its type, and its length in front and behind. */
#define BLOCK_MIN 12u

struct segment *segment_new(uint32_t bytes, uint32_t frames_max)
{
	return segment_over(NULL, bytes, frames_max);
}

struct segment *segment_over(unsigned char *base, uint32_t bytes, uint32_t frames_max)
{
	struct segment *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->cap = bytes;
	s->frames_max = frames_max;
	s->age_ns_max = SEGMENT_AGE_NS;
	s->mark = malloc(frames_max * sizeof(s->mark[0]));
	s->base = base ? base : malloc(bytes);
	if (s->mark && s->base)
		return s;
	if (base)
		s->base = NULL;
	segment_unref(s);
	return NULL;
}

struct segment *segment_ref(struct segment *s)
{
	/* Relaxed: who takes a reference holds one already. */
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

static void segment_free(struct segment *s)
{
	if (s->unmap)
		s->unmap(s);
	else
		free(s->base);
	free(s->mark);
	free(s);
}

/* ---- segments that are used again ---- */

static void pool_unref(struct segment_pool *p)
{
	struct segment *s, *next;

	/* Release: what we did with it is done; acquire: by all who free it. */
	if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (s = atomic_load_explicit(&p->spare, memory_order_relaxed); s; s = next) {
		next = s->next;
		segment_free(s);
	}
	free(p);
}

/* Return: whether @s is the pool's now */
static bool give_back(struct segment_pool *p, struct segment *s)
{
	struct segment *top = atomic_load_explicit(&p->spare, memory_order_relaxed);

	/* How many there are need not be exact: it bounds memory, no more. */
	if (atomic_load_explicit(&p->closed, memory_order_relaxed) ||
	    atomic_load_explicit(&p->spares, memory_order_relaxed) >= p->spares_max)
		return false;
	atomic_fetch_add_explicit(&p->spares, 1, memory_order_relaxed);
	do
		s->next = top;
	/* Release: the reads of who gives it come before the writes of who takes it (acquire). */
	while (!atomic_compare_exchange_weak_explicit(&p->spare, &top, s, memory_order_release,
						      memory_order_relaxed));
	return true;
}

struct segment_pool *segment_pool_new(uint32_t bytes, uint32_t frames_max, uint32_t spares_max)
{
	struct segment_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->bytes = bytes;
	p->frames_max = frames_max;
	p->spares_max = POOLED ? spares_max : 0;
	atomic_init(&p->refs, 1);
	return p;
}

/* As segment_new() leaves one, but for the bytes of its memory. */
static void renew(struct segment *s)
{
	struct segment fresh = {.cap = s->cap,
				.frames_max = s->frames_max,
				.base = s->base,
				.mark = s->mark,
				.age_ns_max = SEGMENT_AGE_NS,
				.pool = s->pool};

	*s = fresh;
	atomic_init(&s->refs, 1);
}

struct segment *segment_pool_take(struct segment_pool *p)
{
	struct segment *s = atomic_load_explicit(&p->spare, memory_order_acquire);

	/* Nobody else pops, so the one below the top is the same as long as the top is. */
	while (s && !atomic_compare_exchange_weak_explicit(
			    &p->spare, &s, s->next, memory_order_acquire, memory_order_acquire))
		;
	if (s) {
		atomic_fetch_sub_explicit(&p->spares, 1, memory_order_relaxed);
		renew(s);
	} else {
		s = segment_new(p->bytes, p->frames_max);
	}
	if (s) {
		s->pool = p;
		/* Relaxed: its maker holds one. */
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	}
	return s;
}

void segment_pool_close(struct segment_pool *p)
{
	if (!p)
		return;
	atomic_store_explicit(&p->closed, true, memory_order_relaxed);
	pool_unref(p);
}

void segment_unref(struct segment *s)
{
	struct segment_pool *pool;

	/* Release: our reads come before the free by the last owner (acquire). */
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pool = s->pool;
	if (!pool || !give_back(pool, s))
		segment_free(s);
	if (pool)
		pool_unref(pool);
}

uint32_t block_bytes(const unsigned char *block)
{
	return le32_load(block + 4);
}

/* A file is not ours alone: what a packet block says of itself must hold. */
static bool is_whole(const unsigned char *block, uint32_t length)
{
	struct packet_view v;

	if (length < PCAPNG_PACKET_DATA + 4)
		return false;
	v = packet_of(block);
	return v.caplen <= FRAME_BYTES_MAX && v.interface < PORTS_MAX &&
	       PCAPNG_PACKET_DATA + ((v.caplen + 3) & ~3u) + 4 <= length;
}

bool block_find(const unsigned char *p, uint64_t n, uint64_t *at, uint64_t *id, uint64_t want)
{
	while (*at < n && n - *at >= BLOCK_MIN) {
		uint32_t length = block_bytes(p + *at);
		bool packet = block_is_packet(p + *at);

		if (length < BLOCK_MIN || length % 4 || length > n - *at ||
		    (packet && !is_whole(p + *at, length)))
			return false;
		if (packet && *id == want)
			return true;
		*id += packet;
		*at += length;
	}
	return false;
}

struct packet_view packet_of(const unsigned char *block)
{
	return (struct packet_view){
		.data = block + PCAPNG_PACKET_DATA,
		.caplen = le32_load(block + 20),
		.len = le32_load(block + 24),
		.ts_ns = (uint64_t)le32_load(block + 12) << 32 | le32_load(block + 16),
		.interface = le32_load(block + 8),
	};
}

uint64_t segment_published(const struct segment *s, uint64_t id)
{
	return s->opened_ns + (uint64_t)s->mark[id - s->first_id].us * 1000;
}
