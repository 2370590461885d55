/* warm.c - the first and last frames of conversations */
#include "feed/warm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/segment.h"
#include "tap/frame.h"

int warm_init(struct warm *w)
{
	memset(w, 0, sizeof(*w));
	w->conversation = calloc(WARM_CONVERSATIONS, sizeof(*w->conversation));
	return w->conversation ? 0 : -ENOMEM;
}

void warm_done(struct warm *w)
{
	for (uint32_t i = 0; w->conversation && i < w->count; i++) {
		for (unsigned k = 0; k < WARM_FIRST + WARM_LAST; k++)
			free(w->conversation[i].frame[k].block);
	}
	free(w->conversation);
	w->conversation = NULL;
}

/* Return: false where the frame is of no conversation */
static bool make_key(const struct basic *b, unsigned char key[38])
{
	unsigned char socket[2][18] = {{0}};
	int first;

	if (!(b->flags & BASIC_HAS_ADDRESS) || b->flags & BASIC_HAS_ARP)
		return false;
	memcpy(socket[0], b->src, 16);
	memcpy(socket[1], b->dst, 16);
	if (b->flags & BASIC_HAS_PORTS) {
		memcpy(socket[0] + 16, &b->sport, 2);
		memcpy(socket[1] + 16, &b->dport, 2);
	}
	first = memcmp(socket[0], socket[1], 18) > 0;
	memcpy(key, socket[first], 18);
	memcpy(key + 18, socket[!first], 18);
	key[36] = b->ip_proto;
	key[37] = b->family;
	return true;
}

/* FNV-1a: the table is small, and nothing but speed is at stake where somebody makes them meet. */
static uint32_t bucket_of(const unsigned char key[38])
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < 38; i++)
		h = (h ^ key[i]) * 16777619u;
	return (h ^ h >> 15) % (2 * WARM_CONVERSATIONS);
}

static void unlink_age(struct warm *w, struct warm_conversation *c)
{
	if (c->newer)
		w->conversation[c->newer - 1].older = c->older;
	else
		w->newest = c->older;
	if (c->older)
		w->conversation[c->older - 1].newer = c->newer;
	else
		w->oldest = c->newer;
}

static void link_newest(struct warm *w, struct warm_conversation *c)
{
	uint32_t i = (uint32_t)(c - w->conversation) + 1;

	c->newer = 0;
	c->older = w->newest;
	if (w->newest)
		w->conversation[w->newest - 1].newer = i;
	else
		w->oldest = i;
	w->newest = i;
}

static struct warm_conversation *find(struct warm *w, const unsigned char key[38], uint32_t bucket)
{
	for (uint32_t i = w->bucket[bucket]; i; i = w->conversation[i - 1].next) {
		if (memcmp(w->conversation[i - 1].key, key, 38) == 0)
			return &w->conversation[i - 1];
	}
	return NULL;
}

static void leave_bucket(struct warm *w, const struct warm_conversation *c)
{
	uint32_t *at = &w->bucket[c->bucket];

	while (*at != (uint32_t)(c - w->conversation) + 1)
		at = &w->conversation[*at - 1].next;
	*at = c->next;
}

/* The one that has been silent for longest makes room. Its frames' memory is used again. */
static struct warm_conversation *make(struct warm *w, const unsigned char key[38], uint32_t bucket)
{
	struct warm_conversation *c;

	if (w->count < WARM_CONVERSATIONS) {
		c = &w->conversation[w->count++];
	} else {
		c = &w->conversation[w->oldest - 1];
		unlink_age(w, c);
		leave_bucket(w, c);
	}
	memcpy(c->key, key, 38);
	c->frames = 0;
	for (unsigned k = 0; k < WARM_FIRST + WARM_LAST; k++)
		c->frame[k].id = 0;
	c->bucket = bucket;
	c->next = w->bucket[bucket];
	w->bucket[bucket] = (uint32_t)(c - w->conversation) + 1;
	link_newest(w, c);
	return c;
}

static void keep(struct warm_frame *f, uint64_t id, const unsigned char *block, uint32_t bytes)
{
	f->id = 0;
	if (bytes > WARM_BLOCK_BYTES)
		return;
	if (f->cap < bytes) {
		uint32_t cap = bytes <= 256 ? 256 : WARM_BLOCK_BYTES;
		unsigned char *p = realloc(f->block, cap);

		if (!p)
			return;
		f->block = p;
		f->cap = cap;
	}
	memcpy(f->block, block, bytes);
	f->bytes = bytes;
	f->id = id;
}

void warm_note(struct warm *w, uint64_t id, const unsigned char *block)
{
	struct packet_view v = packet_of(block);
	struct warm_conversation *c;
	unsigned char key[38];
	struct basic b;
	uint32_t bucket;
	uint64_t n;

	basic_decode(&b, v.data, v.caplen);
	if (!make_key(&b, key))
		return;
	bucket = bucket_of(key);
	c = find(w, key, bucket);
	if (!c) {
		c = make(w, key, bucket);
	} else if (w->newest != (uint32_t)(c - w->conversation) + 1) {
		unlink_age(w, c);
		link_newest(w, c);
	}
	n = c->frames++;
	keep(&c->frame[n < WARM_FIRST ? n : WARM_FIRST + (n - WARM_FIRST) % WARM_LAST], id, block,
	     block_bytes(block));
}

static int by_id(const void *a, const void *b)
{
	uint64_t left = ((const struct warm_frame *)a)->id;
	uint64_t right = ((const struct warm_frame *)b)->id;

	return (left > right) - (left < right);
}

void warm_set_done(struct warm_set *set)
{
	free(set->blocks);
	memset(set, 0, sizeof(*set));
}

void warm_take(struct warm *w, uint64_t after, struct warm_set *set)
{
	struct warm_frame *frame;
	uint64_t n = 0, bytes = 0;

	warm_set_done(set);
	frame = calloc((size_t)w->count * (WARM_FIRST + WARM_LAST) + 1, sizeof(*frame));
	if (!frame)
		return;
	for (uint32_t i = 0; i < w->count; i++) {
		for (unsigned k = 0; k < WARM_FIRST + WARM_LAST; k++) {
			if (w->conversation[i].frame[k].id <= after)
				continue;
			frame[n++] = w->conversation[i].frame[k];
			bytes += w->conversation[i].frame[k].bytes;
		}
	}
	qsort(frame, n, sizeof(*frame), by_id);
	set->blocks = n ? malloc(bytes) : NULL;
	for (uint64_t i = 0; set->blocks && i < n; i++) {
		memcpy(set->blocks + set->n, frame[i].block, frame[i].bytes);
		set->n += frame[i].bytes;
		set->last_id = frame[i].id;
		set->frames++;
	}
	free(frame);
}
