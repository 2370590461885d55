/* frame.c - the life of a frame */
#include "tap/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/pooled.h"

/* Frames of a slab are cut by one thread and given back by others. `live` begins at SLAB_OPEN and
 * is lowered by each frame that ends; closing takes away SLAB_OPEN less the frames cut, so that it
 * meets 0 with the last of them. Frames that never left the pool's thread are counted by themselves
 * while the slab is open, as an atomic operation waits for the stores before it, which are a frame's
 * bytes on their way to wherever they were copied. While the slab is open and all have ended, it is
 * cut anew: a switch that nobody keeps frames of has them in the nearest cache always. */
#define SLAB_OPEN 0x80000000u

struct frame_slab {
	atomic_uint live;
	bool open;
	uint32_t cut;  /* frames, less those that ended here */
	uint32_t used; /* bytes */
	_Alignas(16) unsigned char bytes[FRAME_SLAB_BYTES];
};

static struct frame *init(struct frame *f, uint32_t caplen, struct frame_slab *slab)
{
	memset(f, 0, sizeof(*f));
	atomic_init(&f->refs, 1);
	f->caplen = caplen;
	f->len = caplen;
	f->slab = slab;
	return f;
}

struct frame *frame_new(uint32_t caplen)
{
	struct frame *f;

	check(caplen <= FRAME_BYTES_MAX);
	f = malloc(sizeof(*f) + caplen);
	return f ? init(f, caplen, NULL) : NULL;
}

static void slab_lower(struct frame_slab *slab, unsigned by)
{
	/* Release: whatever was done with the frame is done; acquire: by the thread that frees,
	 * too. */
	if (atomic_fetch_sub_explicit(&slab->live, by, memory_order_acq_rel) == by)
		free(slab);
}

void frame_pool_done(struct frame_pool *p)
{
	if (p->slab) {
		p->slab->open = false;
		slab_lower(p->slab, SLAB_OPEN - p->slab->cut);
	}
	p->slab = NULL;
}

static void slab_open(struct frame_slab *slab)
{
	atomic_init(&slab->live, SLAB_OPEN);
	slab->open = true;
	slab->cut = slab->used = 0;
}

/* Acquire: pairs with slab_lower(): whatever was done with its frames is done. */
static bool all_ended(const struct frame_slab *slab)
{
	return slab->used && atomic_load_explicit(&slab->live, memory_order_acquire) ==
				     SLAB_OPEN - slab->cut;
}

static bool next_slab(struct frame_pool *p)
{
	frame_pool_done(p);
	p->slab = malloc(sizeof(*p->slab));
	if (!p->slab)
		return false;
	slab_open(p->slab);
	return true;
}

struct frame *frame_pool_new(struct frame_pool *p, uint32_t caplen)
{
	uint32_t bytes = ((uint32_t)sizeof(struct frame) + caplen + 15) & ~15u;
	struct frame *f;

	if (!POOLED || caplen > FRAME_SLAB_BYTES / 4)
		return frame_new(caplen);
	if (p->slab && all_ended(p->slab))
		slab_open(p->slab);
	if ((!p->slab || FRAME_SLAB_BYTES - p->slab->used < bytes) && !next_slab(p))
		return NULL;
	f = (struct frame *)(void *)(p->slab->bytes + p->slab->used);
	p->slab->used += bytes;
	p->slab->cut++;
	return init(f, caplen, p->slab);
}

static void end(struct frame *f)
{
	if (!f->slab)
		free(f);
	else if (!f->shared && f->slab->open)
		f->slab->cut--;
	else
		slab_lower(f->slab, 1);
}

struct frame *frame_ref(struct frame *f)
{
	/* Relaxed: who takes a reference holds one already, so nothing can be freed meanwhile. */
	f->shared = true;
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	return f;
}

void frame_unref(struct frame *f)
{
	if (!f)
		return;
	/* A sole owner needs no atomic write: nobody else can take a reference from it. The
	 * acquire pairs with the release below. */
	if (atomic_load_explicit(&f->refs, memory_order_acquire) == 1) {
		end(f);
		return;
	}
	/* Release: our reads of the frame come before the free by the last owner (acquire). */
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
		end(f);
}
