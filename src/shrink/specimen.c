/* specimen.c - a capture held in memory to be made smaller piece by piece */
#include "shrink/specimen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "capfile/reorder.h"
#include "capfile/talk.h"
#include "pcapng/pcapng_write.h"

#define APPLICATION	 "secvf " SECVF_VERSION
#define FLOW_SLOTS_LEAST 1024u

/* Flows while a capture is taken in: slots of a table, half of them empty at least. */
struct flow {
	struct talk talk;
	uint32_t kind; /* 1 + link type where there is no talk, else 0; UINT32_MAX: no frame */
	uint32_t number;
	bool used;
};

struct flows {
	struct flow *slots;
	size_t cap;
	uint32_t count;
};

/* ---- reading ---- */

struct taking {
	struct specimen *s;
	bool too_long;
};

static int take(void *ctx, const void *p, size_t n)
{
	struct taking *t = ctx;

	if (t->s->text.n + n > SPECIMEN_BYTES_MAX) {
		t->too_long = true;
		return -EFBIG;
	}
	buf_put(&t->s->text, p, n);
	return t->s->text.failed ? -ENOMEM : 0;
}

static enum export_result take_all(struct specimen *s, struct capfile *c, struct err *err)
{
	const struct selection_config all = {0};
	struct taking taking = {.s = s};
	struct selection *selection = selection_open(&all, err);
	const struct export_config config = {.format = EXPORT_PCAPNG,
					     .application = APPLICATION,
					     .selection = selection,
					     .write = take,
					     .ctx = &taking};
	struct export *e = selection ? export_open(&config, err) : NULL;
	enum export_result result = EXPORT_FAILED;
	struct err end;

	if (e)
		result = export_input(e, c, err);
	if (result != EXPORT_FAILED && !export_end(e, &end)) {
		*err = end;
		result = EXPORT_FAILED;
	}
	if (taking.too_long)
		err_set(err, EXIT_ENVIRONMENT,
			"%s: it has more than %" PRIu64
			" MB, which is all that is held in memory; take a "
			"part of it by 'secvf export'",
			capfile_path(c), SPECIMEN_BYTES_MAX >> 20);
	export_close(e);
	selection_close(selection);
	return result;
}

/* ---- flows ---- */

static size_t flow_hash(const struct flow *f)
{
	const unsigned char *p = (const unsigned char *)&f->talk;
	uint64_t hash = UINT64_C(14695981039346656037) ^ f->kind;

	for (size_t i = 0; i < sizeof(f->talk); i++)
		hash = (hash ^ p[i]) * UINT64_C(1099511628211);
	return (size_t)(hash ^ hash >> 32);
}

static struct flow *flow_slot(const struct flows *t, const struct flow *f)
{
	size_t at = flow_hash(f) & (t->cap - 1);

	while (t->slots[at].used && (t->slots[at].kind != f->kind ||
				     memcmp(&t->slots[at].talk, &f->talk, sizeof(f->talk)) != 0))
		at = (at + 1) & (t->cap - 1);
	return &t->slots[at];
}

static bool flows_grow(struct flows *t)
{
	struct flows more = {.cap = t->cap ? t->cap * 2 : FLOW_SLOTS_LEAST, .count = t->count};

	more.slots = calloc(more.cap, sizeof(*more.slots));
	if (!more.slots)
		return false;
	for (size_t i = 0; i < t->cap; i++) {
		if (t->slots[i].used)
			*flow_slot(&more, &t->slots[i]) = t->slots[i];
	}
	free(t->slots);
	*t = more;
	return true;
}

/* The flow of an item, a new one where it is the first. Return: false where memory ran out */
static bool flow_of(struct flows *t, const struct specimen *s, struct specimen_item *item)
{
	struct flow f = {.kind = UINT32_MAX, .used = true};
	struct flow *slot;

	if (t->count * 2 >= t->cap && !flows_grow(t))
		return false;
	if (item->frame) {
		int linktype = s->interfaces[item->interface].linktype;
		bool talks = talk_of(&f.talk, linktype, specimen_data(s, item), item->caplen);

		f.kind = talks ? 0 : 1 + (uint32_t)linktype;
	}
	slot = flow_slot(t, &f);
	if (!slot->used) {
		f.number = t->count++;
		*slot = f;
	}
	item->flow = slot->number;
	return true;
}

/* ---- cutting into items ---- */

static bool add_interface(struct specimen *s, size_t at, uint32_t bytes)
{
	const unsigned char *p = (unsigned char *)s->text.p + at;

	if (s->interface_count == s->interface_cap) {
		size_t cap = s->interface_cap ? s->interface_cap * 2 : 8;
		struct specimen_interface *more = realloc(s->interfaces, cap * sizeof(*more));

		if (!more)
			return false;
		s->interfaces = more;
		s->interface_cap = cap;
	}
	s->interfaces[s->interface_count++] = (struct specimen_interface){
		.at = at, .bytes = bytes, .linktype = (int)le16_load(p + 8)};
	return true;
}

static bool add_item(struct specimen *s, struct flows *flows, struct specimen_item *item)
{
	if (!flow_of(flows, s, item))
		return false;
	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 256;
		struct specimen_item *more = realloc(s->items, cap * sizeof(*more));

		if (!more)
			return false;
		s->items = more;
		s->cap = cap;
	}
	s->items[s->count++] = *item;
	s->frames += item->frame;
	return true;
}

static struct specimen_item frame_item(const struct specimen *s, size_t at, uint32_t bytes,
				       size_t first_interface)
{
	const unsigned char *p = (unsigned char *)s->text.p + at;
	uint32_t caplen = le32_load(p + 20);
	uint32_t options = PCAPNG_PACKET_DATA + pcapng_pad(caplen);

	check(options + PCAPNG_TAIL_BYTES <= bytes);
	check(first_interface + le32_load(p + 8) < s->interface_count);
	return (struct specimen_item){.frame = true,
				      .at = at + PCAPNG_PACKET_DATA,
				      .caplen = caplen,
				      .len = le32_load(p + 24),
				      .head_at = at,
				      .options_at = at + options,
				      .options = bytes - PCAPNG_TAIL_BYTES - options,
				      .interface = (uint32_t)first_interface + le32_load(p + 8)};
}

/* The text is our own export's: what it says of itself is right. */
static bool cut(struct specimen *s, struct flows *flows)
{
	size_t first_interface = 0;
	bool ok = true;

	for (size_t at = 0; ok && at < s->text.n;) {
		const unsigned char *p = (unsigned char *)s->text.p + at;
		uint32_t type = le32_load(p), bytes = le32_load(p + 4);
		struct specimen_item item = {.at = at, .caplen = bytes};

		check(bytes >= 12 && bytes <= s->text.n - at);
		switch (type) {
		case BLOCK_SECTION: first_interface = s->interface_count; break;
		case BLOCK_INTERFACE: ok = add_interface(s, at, bytes); break;
		case BLOCK_STATISTICS: break; /* of a whole capture, which this will not be */
		case BLOCK_ENHANCED:
			item = frame_item(s, at, bytes, first_interface);
			ok = add_item(s, flows, &item);
			break;
		default: ok = add_item(s, flows, &item); break;
		}
		at += bytes;
	}
	return ok;
}

enum export_result specimen_read(struct specimen *s, struct capfile *c, struct err *err)
{
	enum export_result result = take_all(s, c, err);
	struct flows flows = {0};

	if (result == EXPORT_FAILED)
		return result;
	if (!cut(s, &flows)) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory", capfile_path(c));
		result = EXPORT_FAILED;
	}
	s->flows = flows.count;
	free(flows.slots);
	return result;
}

void specimen_format(struct specimen *s, enum export_format format)
{
	size_t kept = 0;

	s->format = format;
	for (size_t i = 0; i < s->count && format != EXPORT_PCAPNG; i++) {
		if (s->items[i].frame)
			s->items[kept++] = s->items[i];
	}
	if (format != EXPORT_PCAPNG)
		s->count = kept;
}

/* ---- writing ---- */

static struct specimen_edit edit_of(const struct specimen *s, specimen_editor *edit, void *ctx,
				    size_t index)
{
	struct specimen_edit e = {.len = s->items[index].len};

	if (edit)
		edit(ctx, index, &e);
	check(e.cut_at + e.cut_bytes <= s->items[index].caplen);
	check(e.zero_at + e.zero_bytes <= s->items[index].caplen);
	return e;
}

static void put_u32(struct buf *b, uint32_t v)
{
	unsigned char bytes[4];

	le32_store(bytes, v);
	buf_put(b, bytes, sizeof(bytes));
}

static void put_frame(const struct specimen *s, const struct specimen_item *item,
		      const struct specimen_edit *e, uint32_t interface, struct buf *out)
{
	const unsigned char *data = specimen_data(s, item);
	uint32_t caplen = item->caplen - e->cut_bytes, after = e->cut_at + e->cut_bytes;
	uint32_t bytes =
		PCAPNG_PACKET_DATA + pcapng_pad(caplen) + item->options + PCAPNG_TAIL_BYTES;
	size_t data_at;

	put_u32(out, BLOCK_ENHANCED);
	put_u32(out, bytes);
	put_u32(out, interface);
	buf_put(out, s->text.p + item->head_at + 12, 8); /* the time */
	put_u32(out, caplen);
	put_u32(out, e->len);
	data_at = out->n;
	buf_put(out, data, e->cut_at);
	buf_put(out, data + after, item->caplen - after);
	if (e->zero_bytes && !out->failed)
		memset(out->p + data_at + e->zero_at, 0, e->zero_bytes);
	buf_put(out, "\0\0\0", pcapng_pad(caplen) - caplen);
	buf_put(out, s->text.p + item->options_at, item->options);
	put_u32(out, bytes);
}

#define UNUSED UINT32_MAX

/* Numbers in the output of the interfaces that frames still need, their blocks into @out. */
static uint32_t *put_interfaces(const struct specimen *s, specimen_editor *edit, void *ctx,
				struct buf *out)
{
	uint32_t *map = malloc((s->interface_count ? s->interface_count : 1) * sizeof(*map));
	uint32_t next = 0;

	if (!map)
		return NULL;
	for (size_t i = 0; i < s->interface_count; i++)
		map[i] = UNUSED;
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i].frame && !edit_of(s, edit, ctx, i).gone)
			map[s->items[i].interface] = 0;
	}
	for (size_t i = 0; i < s->interface_count; i++) {
		if (map[i] == UNUSED)
			continue;
		map[i] = next++;
		buf_put(out, s->text.p + s->interfaces[i].at, s->interfaces[i].bytes);
	}
	/* Without frames one is kept, as it tells the link type. */
	if (!next && s->interface_count)
		buf_put(out, s->text.p + s->interfaces[0].at, s->interfaces[0].bytes);
	return map;
}

static bool put_pcapng(const struct specimen *s, specimen_editor *edit, void *ctx, struct buf *out)
{
	uint32_t *map;

	pcapng_put_section(out, NULL, NULL, APPLICATION, NULL);
	map = put_interfaces(s, edit, ctx, out);
	if (!map)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		const struct specimen_item *item = &s->items[i];
		const struct specimen_edit e = edit_of(s, edit, ctx, i);

		if (e.gone)
			continue;
		if (item->frame)
			put_frame(s, item, &e, map[item->interface], out);
		else
			buf_put(out, specimen_data(s, item), item->caplen);
	}
	free(map);
	return !out->failed;
}

struct reading {
	const struct buf *text;
	size_t at;
};

static ssize_t read_text(void *ctx, void *p, size_t n)
{
	struct reading *r = ctx;

	if (n > r->text->n - r->at)
		n = r->text->n - r->at;
	if (n)
		memcpy(p, r->text->p + r->at, n);
	r->at += n;
	return (ssize_t)n;
}

static int put_bytes(void *ctx, const void *p, size_t n)
{
	struct buf *out = ctx;

	buf_put(out, p, n);
	return out->failed ? -ENOMEM : 0;
}

/* The pcapng in @from as a pcap. */
static bool put_pcap(const struct specimen *s, const struct buf *from, struct buf *out,
		     struct err *err)
{
	const struct selection_config all = {0};
	struct selection *selection = selection_open(&all, err);
	const struct export_config config = {
		.format = s->format, .selection = selection, .write = put_bytes, .ctx = out};
	struct reading reading = {.text = from};
	const struct capfile_source source = {.read = read_text, .ctx = &reading};
	struct capfile *c = selection ? capfile_open_source("pcap", source, 0, err) : NULL;
	struct export *e = c ? export_open(&config, err) : NULL;
	bool ok = e && export_input(e, c, err) == EXPORT_WHOLE && export_end(e, err);

	export_close(e);
	capfile_close(c);
	selection_close(selection);
	return ok;
}

bool specimen_write(const struct specimen *s, specimen_editor *edit, void *ctx, struct buf *out,
		    struct err *err)
{
	struct buf text = {0};
	bool pcapng = s->format == EXPORT_PCAPNG;
	bool ok;

	out->n = 0;
	ok = put_pcapng(s, edit, ctx, pcapng ? out : &text);
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "no memory for a candidate");
	if (ok && !pcapng)
		ok = put_pcap(s, &text, out, err);
	buf_done(&text);
	return ok;
}

/* ---- changing ---- */

static void apply_one(const struct specimen *s, struct specimen_item *item,
		      const struct specimen_edit *e)
{
	unsigned char *data = specimen_data(s, item);
	uint32_t after = e->cut_at + e->cut_bytes;

	if (!item->frame)
		return;
	if (e->zero_bytes)
		memset(data + e->zero_at, 0, e->zero_bytes);
	if (e->cut_bytes)
		memmove(data + e->cut_at, data + after, item->caplen - after);
	item->caplen -= e->cut_bytes;
	item->len = e->len;
}

void specimen_apply(struct specimen *s, specimen_editor *edit, void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct specimen_item item = s->items[i];
		const struct specimen_edit e = edit_of(s, edit, ctx, i);

		apply_one(s, &item, &e);
		if (!e.gone)
			s->items[kept++] = item;
		else
			s->frames -= item.frame;
	}
	s->count = kept;
}

uint64_t specimen_bytes(const struct specimen *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += s->items[i].frame ? s->items[i].caplen : 0;
	return sum;
}

void specimen_done(struct specimen *s)
{
	buf_done(&s->text);
	free(s->interfaces);
	free(s->items);
	memset(s, 0, sizeof(*s));
}
