/* frames.h - for tests: frames with bytes of their own, each in one allocation, for free() */
#ifndef SECVF_TESTS_FRAMES_H
#define SECVF_TESTS_FRAMES_H

#include <stdlib.h>

#include "base/check.h"
#include "tap/frame.h"

/* All else of it is zero; its bytes are too. */
static inline struct frame *frames_new(uint32_t caplen)
{
	struct frame *f = calloc(1, sizeof(*f) + caplen);

	check(f);
	f->data = (unsigned char *)(f + 1);
	f->caplen = f->len = caplen;
	return f;
}

/* To write them, before it is sent. */
static inline unsigned char *frames_bytes(struct frame *f)
{
	return (unsigned char *)(f + 1);
}

#endif
