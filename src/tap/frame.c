/* frame.c - the life of a frame */
#include "tap/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct frame *frame_new(uint32_t caplen)
{
	struct frame *f;

	check(caplen <= FRAME_BYTES_MAX);
	f = malloc(sizeof(*f) + caplen);
	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	atomic_init(&f->refs, 1);
	f->caplen = caplen;
	f->len = caplen;
	return f;
}

struct frame *frame_ref(struct frame *f)
{
	/* Relaxed: who takes a reference holds one already, so nothing can be freed meanwhile. */
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
		free(f);
		return;
	}
	/* Release: our reads of the frame come before the free by the last owner (acquire). */
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
		free(f);
}
