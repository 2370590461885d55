/* survey.c - what captures hold */
#include "capfile/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "capfile/linktype.h"
#include "capfile/reorder.h"

#define SLOTS		   (2 * SURVEY_TALKERS_MAX)
#define TICK_EVERY	   1024u
#define STATISTICS_OPTIONS 20u /* of the block, before its options */
#define TAIL_BYTES	   4u
#define OPTION_IFRECV	   4u
#define OPTION_IFDROP	   5u
#define OPTION_OSDROP	   7u

bool survey_init(struct survey *s)
{
	memset(s, 0, sizeof(*s));
	s->slots = calloc(SLOTS, sizeof(*s->slots));
	return s->slots != NULL;
}

void survey_done(struct survey *s)
{
	free(s->slots);
	free(s->file.interfaces);
	memset(s, 0, sizeof(*s));
}

/* ---- interfaces ---- */

static struct survey_interface *interface_at(struct survey *s, unsigned index)
{
	struct survey_file *file = &s->file;

	if (index >= s->interface_cap) {
		unsigned cap = s->interface_cap ? s->interface_cap : 16;
		struct survey_interface *p;

		while (cap <= index)
			cap *= 2;
		p = realloc(file->interfaces, cap * sizeof(*p));
		if (!p) {
			s->failed = true;
			return NULL;
		}
		file->interfaces = p;
		s->interface_cap = cap;
	}
	while (file->interface_count <= index)
		file->interfaces[file->interface_count++] = (struct survey_interface){
			.received = SURVEY_UNKNOWN, .dropped = SURVEY_UNKNOWN};
	return &file->interfaces[index];
}

static uint64_t u64(const struct capfile_block *b, const unsigned char *p)
{
	return b->big ? (uint64_t)be32_load(p) << 32 | be32_load(p + 4) : le64_load(p);
}

static void read_statistics(struct survey *s, const struct capfile_block *b)
{
	struct survey_interface *in;
	uint32_t number, at = STATISTICS_OPTIONS, end = b->bytes - TAIL_BYTES;

	if (b->bytes < STATISTICS_OPTIONS + TAIL_BYTES)
		return;
	number = b->big ? be32_load(b->p + 8) : le32_load(b->p + 8);
	if (number >= CAPFILE_INTERFACES_MAX ||
	    b->first_interface + number >= s->file.interface_count)
		return;
	in = &s->file.interfaces[b->first_interface + number];
	in->received = in->dropped = SURVEY_UNKNOWN;
	while (end - at >= 4) {
		unsigned code = b->big ? be16_load(b->p + at) : le16_load(b->p + at);
		uint32_t n = b->big ? be16_load(b->p + at + 2) : le16_load(b->p + at + 2);

		if (code == 0 || ((n + 3) & ~3u) > end - at - 4)
			break;
		if (code == OPTION_IFRECV && n == 8)
			in->received = u64(b, b->p + at + 4);
		if ((code == OPTION_IFDROP || code == OPTION_OSDROP) && n == 8)
			in->dropped = (in->dropped == SURVEY_UNKNOWN ? 0 : in->dropped) +
				      u64(b, b->p + at + 4);
		at += 4 + ((n + 3) & ~3u);
	}
}

struct watching {
	struct survey *survey;
	const struct capfile *capfile;
};

static void on_block(void *ctx, const struct capfile_block *b)
{
	struct watching *w = ctx;
	struct survey_file *file = &w->survey->file;
	unsigned count;

	switch (b->type) {
	case BLOCK_SECTION: file->sections++; break;
	case BLOCK_INTERFACE:
		(void)capfile_interfaces(w->capfile, &count);
		interface_at(w->survey, count - 1);
		break;
	case BLOCK_NAMES: file->names++; break;
	case BLOCK_SECRETS: file->secrets++; break;
	case BLOCK_STATISTICS:
		file->statistics++;
		read_statistics(w->survey, b);
		break;
	default: file->other++; break;
	}
}

/* ---- addresses ---- */

static uint64_t hash_of(const struct survey_talker *t)
{
	uint64_t low = le64_load(t->address), high = le64_load(t->address + 8);

	low = (low ^ t->family) * UINT64_C(0x9e3779b97f4a7c15);
	low ^= low >> 29;
	return ((low + high) * UINT64_C(0xbf58476d1ce4e5b9)) >> 24;
}

/* Return: false where there is no room for it */
static bool talker_add(struct survey *s, uint8_t family, const unsigned char *address, size_t n,
		       uint64_t bytes)
{
	struct survey_talker t = {.family = family}, *slot;
	uint64_t at;

	memcpy(t.address, address, n);
	for (at = hash_of(&t);; at++) {
		slot = &s->slots[at % SLOTS];
		if (!slot->frames || (slot->family == family &&
				      memcmp(slot->address, t.address, sizeof(t.address)) == 0))
			break;
	}
	if (!slot->frames) {
		if (s->talkers == SURVEY_TALKERS_MAX)
			return false;
		s->talkers++;
		*slot = t;
	}
	slot->frames++;
	slot->bytes += bytes;
	return true;
}

static void talkers_of(struct survey *s, const struct basic *b, uint64_t bytes)
{
	size_t n = b->family == BASIC_IPV4 ? 4 : 16;
	bool source, destination;

	if (!(b->flags & BASIC_HAS_ADDRESS)) {
		source = talker_add(s, BASIC_NO_ADDRESS, b->eth_src, 6, bytes);
		destination = talker_add(s, BASIC_NO_ADDRESS, b->eth_dst, 6, bytes);
	} else {
		source = talker_add(s, b->family, b->src, n, bytes);
		destination = talker_add(s, b->family, b->dst, n, bytes);
	}
	s->unfit += !source || !destination;
}

static int by_bytes(const void *a, const void *b)
{
	const struct survey_talker *x = *(const struct survey_talker *const *)a;
	const struct survey_talker *y = *(const struct survey_talker *const *)b;
	int by_address = memcmp(x->address, y->address, sizeof(x->address));

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return by_address ? by_address : x->family - y->family;
}

size_t survey_top(const struct survey *s, const struct survey_talker **top, size_t n)
{
	const struct survey_talker **all = calloc(s->talkers + 1, sizeof(const void *));
	size_t count = 0;

	if (!all)
		return 0;
	for (size_t i = 0; i < SLOTS; i++) {
		if (s->slots[i].frames)
			all[count++] = &s->slots[i];
	}
	qsort(all, count, sizeof(const void *), by_bytes);
	if (n > count)
		n = count;
	memcpy(top, all, n * sizeof(const void *));
	free(all);
	return n;
}

void survey_address(const struct survey_talker *t, char out[BASIC_ADDRESS_MAX])
{
	struct basic b = {.family = t->family};

	if (t->family == BASIC_NO_ADDRESS) {
		basic_mac(t->address, out);
		return;
	}
	b.flags = BASIC_HAS_ADDRESS;
	memcpy(b.src, t->address, sizeof(b.src));
	basic_source(&b, out);
}

/* ---- frames ---- */

static void count_protocol(struct survey *s, const struct capfile_frame *f, const struct basic *b)
{
	const struct packet_view view = {.caplen = f->caplen, .len = f->len, .ts_ns = f->ts_ns};

	stats_add(&s->stats, &view, b);
}

static void count_frame(struct survey *s, const struct capfile_frame *f, uint64_t *before_ns)
{
	struct survey_file *file = &s->file;
	struct survey_interface *in = interface_at(s, f->interface);
	struct basic b;

	if (!in)
		return;
	in->frames++;
	in->bytes += f->caplen;
	in->drops += f->dropcount;
	if (!file->frames || f->ts_ns < file->first_ns)
		file->first_ns = f->ts_ns;
	if (f->ts_ns > file->last_ns)
		file->last_ns = f->ts_ns;
	file->backwards += f->ts_ns < *before_ns;
	*before_ns = f->ts_ns;
	file->frames++;
	file->caplen_bytes += f->caplen;
	file->len_bytes += f->len;
	file->comments += f->comments;
	if (f->linktype != LINKTYPE_ETHERNET) {
		s->not_ethernet++;
		return;
	}
	basic_decode(&b, f->data, f->caplen);
	count_protocol(s, f, &b);
	if (b.flags & BASIC_HAS_ETH)
		talkers_of(s, &b, f->len <= FRAME_BYTES_MAX ? f->len : f->caplen);
}

bool survey_read(struct survey *s, struct capfile *c,
		 void (*tick)(void *ctx, const struct capfile *c), void *ctx)
{
	struct watching w = {.survey = s, .capfile = c};
	const struct capfile_watch watch = {.block = on_block, .ctx = &w};
	struct survey_interface *interfaces = s->file.interfaces;
	enum capfile_result result = CAPFILE_END;
	struct capfile_frame f;
	uint64_t before_ns = 0;
	unsigned count;

	s->file = (struct survey_file){.interfaces = interfaces,
				       .sections = capfile_is_pcapng(c) ? 1 : 0};
	capfile_watch(c, &watch);
	(void)capfile_interfaces(c, &count);
	if (count)
		interface_at(s, count - 1);
	while (!s->failed && (result = capfile_next(c, &f, &s->file.err)) == CAPFILE_FRAME) {
		count_frame(s, &f, &before_ns);
		if (s->file.frames % TICK_EVERY == 0 && tick)
			tick(ctx, c);
	}
	s->file.broken = !s->failed && result == CAPFILE_BROKEN;
	return !s->failed;
}
