/* feed.c - libpcap records for the FIFO */
#include "feed/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

int feed_init(struct feed *f, struct store *store, unsigned shard, uint64_t stall_ns)
{
	memset(f, 0, sizeof(*f));
	f->limit = store->limit < FEED_IN_FLIGHT_MAX ? store->limit : FEED_IN_FLIGHT_MAX;
	f->fed = calloc(f->limit, sizeof(f->fed[0]));
	if (!f->fed)
		return -ENOMEM;
	f->store = store;
	f->shard = shard;
	f->stall_ns = stall_ns;
	f->next = 1;
	f->fed_base = 1;
	pcap_file_header(f->header);
	return 0;
}

void feed_done(struct feed *f)
{
	segment_unref(f->current_segment);
	warm_set_done(&f->warm_set);
	free(f->fed);
	f->fed = NULL;
}

static uint64_t record_bytes(const unsigned char *block)
{
	return (uint64_t)PCAP_RECORD_BYTES + packet_of(block).caplen;
}

/* Whether it is a frame that the store holds. */
static bool held(const struct feed *f, uint64_t id)
{
	return id >= f->store->tail && id < f->store->head;
}

/* No record is begun any more. */
static void end_record(struct feed *f)
{
	segment_unref(f->current_segment);
	f->current_segment = NULL;
	f->current_block = NULL;
	f->current = 0;
	f->offset = 0;
}

void feed_adopt(struct feed *f, uint64_t now_ns)
{
	struct store *s = f->store;

	f->next = store_oldest_unsettled(s);
	f->pending_bytes = 0;
	for (uint64_t id = f->next; id < s->head; id++) {
		const struct slot *slot = store_slot(s, id);

		if (slot->shard == f->shard && slot->state == SLOT_PENDING)
			f->pending_bytes += record_bytes(slot->block);
	}
	f->waiting_since_ns = f->pending_bytes ? now_ns : 0;
}

void feed_restart(struct feed *f, uint64_t now_ns)
{
	check(!f->fed_count && !f->current);
	f->retired = false;
	f->offset = 0;
	f->header_done = false;
	f->blocked = false;
	f->stalled = false;
	f->lent_count = 0;
	f->fed_base = 1;
	f->fed_from = 0;
	f->progress_ns = now_ns;
	f->warmed_to = 0;
	warm_set_done(&f->warm_set);
	feed_adopt(f, now_ns);
}

uint64_t feed_warm(struct feed *f, struct warm *warm)
{
	warm_take(warm, f->warmed_to, &f->warm_set);
	if (f->warm_set.frames)
		f->warmed_to = f->warm_set.last_id;
	return f->warm_set.frames;
}

bool feed_warmed(const struct feed *f)
{
	return f->warm_set.at == f->warm_set.n && !f->fed_count && !f->current;
}

void feed_retire(struct feed *f)
{
	/* No longer pending, so that the successor does not give it, too. */
	if (held(f, f->current) && store_slot(f->store, f->current)->state == SLOT_PENDING)
		store_slot(f->store, f->current)->state = SLOT_FED;
	f->retired = true;
	f->pending_bytes = 0;
	f->waiting_since_ns = 0;
	f->lent_count = 0;
}

/* Return: whether it is pending again; it may have been given up. */
static bool give_back(struct feed *f, uint64_t id)
{
	if (!held(f, id) || store_slot(f->store, id)->state != SLOT_FED)
		return false;
	store_slot(f->store, id)->state = SLOT_PENDING;
	return true;
}

uint64_t feed_return(struct feed *f)
{
	uint64_t n = 0, id;

	while ((id = feed_take(f)))
		n += give_back(f, id);
	if (f->retired && f->current)
		give_back(f, f->current);
	end_record(f);
	f->lent_count = 0;
	return n;
}

void feed_arrived(struct feed *f, const unsigned char *block, uint64_t now_ns)
{
	if (!f->waiting_since_ns) {
		f->waiting_since_ns = now_ns;
		if (!f->blocked)
			f->progress_ns = now_ns;
	}
	f->pending_bytes += record_bytes(block);
}

uint64_t feed_due(const struct feed *f)
{
	if (!f->header_done || f->current)
		return 0;
	/* With as many in flight as there may be, it is tshark's turn. */
	if (f->fed_count >= f->limit)
		return UINT64_MAX;
	if (f->warm_set.at < f->warm_set.n)
		return 0;
	if (!f->pending_bytes)
		return UINT64_MAX;
	return f->pending_bytes >= FEED_BATCH_BYTES ? 0 : f->waiting_since_ns + FEED_BATCH_NS;
}

/* The next pending id of the shard at or after @id, but the one at the mouth; or head. */
static uint64_t pending_from(struct feed *f, uint64_t id)
{
	struct store *s = f->store;

	if (f->retired)
		return s->head;
	for (id = id < s->tail ? s->tail : id; id < s->head; id++) {
		const struct slot *slot = store_slot(s, id);

		if (slot->state == SLOT_PENDING && slot->shard == f->shard && id != f->current)
			break;
	}
	return id;
}

/* Point iovecs at what is left of one record. Return: how many were used. */
static int lend_record(struct feed *f, struct iovec *iov, uint64_t id, const unsigned char *block,
		       uint64_t offset)
{
	struct packet_view v = packet_of(block);
	unsigned char *r = f->records[f->lent_count];
	int n = 0;

	pcap_record_header(r, &v);
	f->lent[f->lent_count] = id;
	f->lent_block[f->lent_count++] = block;
	if (offset < PCAP_RECORD_BYTES) {
		iov[n++] = (struct iovec){r + offset, PCAP_RECORD_BYTES - offset};
		offset = PCAP_RECORD_BYTES;
	}
	offset -= PCAP_RECORD_BYTES;
	if (offset < v.caplen)
		iov[n++] = (struct iovec){(void *)(uintptr_t)(v.data + offset), v.caplen - offset};
	return n;
}

/* Whether one more record may be lent behind @bytes. */
static bool has_room(const struct feed *f, uint64_t bytes)
{
	return f->lent_count < FEED_RECORDS_MAX && bytes < 4 * FEED_BATCH_BYTES &&
	       f->fed_count + (uint64_t)f->lent_count < f->limit;
}

int feed_lend(struct feed *f, struct iovec iov[FEED_IOVECS_MAX])
{
	struct store *s = f->store;
	uint64_t bytes = 0, id, at;
	int n = 0;

	f->lent_count = 0;
	if (!f->header_done) {
		iov[n++] = (struct iovec){f->header + f->offset, PCAP_FILE_BYTES - f->offset};
		bytes = PCAP_FILE_BYTES;
	}
	if (f->current) {
		n += lend_record(f, iov + n, f->current, f->current_block, f->offset);
		bytes += record_bytes(f->current_block) - f->offset;
	}
	/* The one at the mouth has been lent already. */
	at = f->warm_set.at + (f->current == FEED_WARM ? block_bytes(f->current_block) : 0);
	while (at < f->warm_set.n && has_room(f, bytes)) {
		const unsigned char *block = f->warm_set.blocks + at;

		n += lend_record(f, iov + n, FEED_WARM, block, 0);
		bytes += record_bytes(block);
		at += block_bytes(block);
	}
	if (f->warm_set.at < f->warm_set.n)
		return n;
	id = pending_from(f, f->next);
	/* What is at the mouth is behind us only once it has been fed. */
	f->next = f->current && f->current < id ? f->current : id;
	while (id < s->head && has_room(f, bytes)) {
		const unsigned char *block = store_slot(s, id)->block;

		n += lend_record(f, iov + n, id, block, 0);
		bytes += record_bytes(block);
		id = pending_from(f, id + 1);
	}
	return n;
}

/* The record of @id is complete in the FIFO. Where the frame was given up meanwhile, its number
 * still counts. */
static void fed(struct feed *f, uint64_t id, const unsigned char *block)
{
	struct store *s = f->store;

	check(f->fed_count < f->limit);
	if (id == FEED_WARM)
		f->warm_set.at += block_bytes(block);
	else if (f->warm)
		warm_note(f->warm, id, block);
	if (held(f, id) && store_slot(s, id)->state == SLOT_PENDING) {
		store_slot(s, id)->state = SLOT_FED;
		f->pending_bytes -= record_bytes(store_slot(s, id)->block);
	}
	f->fed[(f->fed_from + f->fed_count) % f->limit] = id;
	f->fed_count++;
	if (f->next == id)
		f->next = id + 1;
	end_record(f);
}

/* The file header took part of @n bytes. Return: the rest of @n. */
static uint64_t header_took(struct feed *f, uint64_t n)
{
	uint64_t rest = PCAP_FILE_BYTES - f->offset;
	uint64_t part = n < rest ? n : rest;

	f->offset += part;
	if (f->offset == PCAP_FILE_BYTES) {
		f->header_done = true;
		f->offset = 0;
	}
	return n - part;
}

void feed_took(struct feed *f, uint64_t n, bool more, uint64_t now_ns)
{
	f->blocked = more;
	if (!n)
		return;
	f->bytes += n;
	f->progress_ns = now_ns;
	f->stalled = false;
	if (!f->header_done)
		n = header_took(f, n);
	for (int i = 0; i < f->lent_count && n; i++) {
		uint64_t rest = record_bytes(f->lent_block[i]) - f->offset;

		if (n >= rest) {
			n -= rest;
			fed(f, f->lent[i], f->lent_block[i]);
			continue;
		}
		if (!f->current) {
			f->current = f->lent[i];
			f->current_block = f->lent_block[i];
			f->current_segment =
				f->current == FEED_WARM
					? NULL
					: segment_ref(store_segment(f->store, f->current));
		}
		f->offset += n;
		n = 0;
	}
	check(n == 0);
	f->lent_count = 0;
	f->waiting_since_ns = f->pending_bytes ? now_ns : 0;
}

bool feed_check_stall(struct feed *f, uint64_t now_ns)
{
	if (now_ns >= feed_stall_due(f))
		f->stalled = true;
	return f->stalled;
}

uint64_t feed_stall_due(const struct feed *f)
{
	if (!f->stall_ns || f->stalled || !f->blocked || feed_idle(f))
		return UINT64_MAX;
	return f->progress_ns + f->stall_ns;
}

uint64_t feed_begun(const struct feed *f)
{
	return f->current;
}

bool feed_idle(const struct feed *f)
{
	return f->pending_bytes == 0 && !f->current;
}

void feed_forget(struct feed *f, const unsigned char *block)
{
	f->pending_bytes -= record_bytes(block);
	if (!f->pending_bytes)
		f->waiting_since_ns = 0;
}

uint64_t feed_match(const struct feed *f, uint64_t number, uint64_t *passed)
{
	if (number < f->fed_base || number - f->fed_base >= f->fed_count)
		return 0;
	*passed = number - f->fed_base;
	return feed_nth(f, *passed);
}

uint64_t feed_nth(const struct feed *f, uint64_t n)
{
	return f->fed[(f->fed_from + n) % f->limit];
}

uint64_t feed_oldest(const struct feed *f)
{
	return f->fed_count ? f->fed[f->fed_from] : 0;
}

uint64_t feed_take(struct feed *f)
{
	uint64_t id = feed_oldest(f);

	if (!id)
		return 0;
	f->fed_from = (f->fed_from + 1) % f->limit;
	f->fed_count--;
	f->fed_base++;
	return id;
}
