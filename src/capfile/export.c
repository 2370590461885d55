/* export.c - captures written anew */
#include "capfile/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "capfile/linktype.h"
#include "capfile/reorder.h"
#include "pcapng/pcapng_write.h"
#include "tap/frame.h"

#define NS_PER_S	    UINT64_C(1000000000)
#define NO_INTERFACE	    UINT32_MAX
#define INTERFACE_AT	    8u /* of its number in packet and statistics blocks */
#define OPTION_DROPCOUNT    4u
#define PCAP_HEADER_BYTES   24u
#define PCAP_RECORD_BYTES   16u
#define PCAP_MAGIC_US	    0xa1b2c3d4u
#define PCAP_MAGIC_NS	    0xa1b23c4du
#define PCAPNG_LINKTYPE_MAX 0xffff

/* An interface block of the section being written: bytes [at, at + n) of export.kept. */
struct written_interface {
	size_t at;
	uint32_t bytes, hash;
	uint64_t epoch; /* the input section that used it last; two of one section stay two */
};

struct export
{
	struct export_config config;
	struct export_stats stats;
	struct compress *compress;
	struct buf out, packed, scratch;
	struct buf kept;
	struct written_interface *interfaces; /* CAPFILE_INTERFACES_MAX */
	uint32_t interface_count;
	uint64_t epoch;
	uint32_t *map; /* of the input's interfaces to those written; NO_INTERFACE: not yet */
	unsigned map_count, map_cap;
	uint64_t next_id;
	const struct capfile *capfile; /* the input at hand */
	int linktype;		       /* of pcap's header; -1: not written yet */
	int first_linktype;	       /* for a pcap without frames; -1: not known */
	bool failed;
	struct err err; /* where failed */
};

static bool fail(struct export *e, int exit, const char *text)
{
	if (!e->failed)
		err_set(&e->err, exit, "%s: %s", e->capfile ? capfile_path(e->capfile) : "export",
			text);
	e->failed = true;
	return false;
}

/* ---- bytes out ---- */

static bool sink(struct export *e, const struct buf *b)
{
	int error;

	if (!b->n)
		return true;
	error = e->config.write(e->config.ctx, b->p, b->n);
	if (error) {
		err_set(&e->err, EXIT_ENVIRONMENT, "the output cannot be written: %s",
			strerror(-error));
		e->failed = true;
		return false;
	}
	e->stats.bytes += b->n;
	return true;
}

static bool flush(struct export *e)
{
	bool ok;

	if (e->failed)
		return false;
	if (e->out.failed || e->kept.failed || e->scratch.failed)
		return fail(e, EXIT_ENVIRONMENT, "no memory");
	if (e->config.compress == COMPRESS_NONE) {
		ok = sink(e, &e->out);
	} else {
		if (!compress_put(e->compress, e->out.p, e->out.n, &e->packed))
			return fail(e, EXIT_ENVIRONMENT, "no memory to compress");
		ok = e->packed.n < EXPORT_OUT_BYTES || sink(e, &e->packed);
		if (e->packed.n >= EXPORT_OUT_BYTES)
			e->packed.n = 0;
	}
	e->out.n = 0;
	return ok;
}

static bool flush_full(struct export *e)
{
	return e->out.n < EXPORT_OUT_BYTES || flush(e);
}

/* ---- interfaces ---- */

static void section_begin(struct export *e)
{
	pcapng_put_section(&e->out, NULL, NULL, e->config.application, NULL);
	e->interface_count = 0;
	e->kept.n = 0;
	for (unsigned i = 0; i < e->map_count; i++)
		e->map[i] = NO_INTERFACE;
}

static uint32_t hash_of(const char *p, size_t n)
{
	uint32_t hash = 2166136261u;

	while (n--)
		hash = (hash ^ (unsigned char)*p++) * 16777619u;
	return hash;
}

/* The block of an input's interface, little-endian, in scratch. Return: false where it cannot be */
static bool interface_block(struct export *e, const struct capfile_interface *in)
{
	e->scratch.n = 0;
	if (in->linktype > PCAPNG_LINKTYPE_MAX)
		return fail(e, EXIT_ENVIRONMENT,
			    "its link type does not fit into pcapng; use -F pcap");
	if (!in->block || e->config.bare)
		pcapng_put_interface(&e->scratch, in->linktype, in->snaplen, in->name, NULL);
	else if (in->big)
		reorder_block(&e->scratch, BLOCK_INTERFACE, in->block, in->block_bytes);
	else
		buf_put(&e->scratch, in->block, in->block_bytes);
	return !e->scratch.failed || fail(e, EXIT_ENVIRONMENT, "no memory");
}

/* One that is written already and equal, from another section of the inputs. */
static uint32_t interface_known(struct export *e, uint32_t hash)
{
	for (uint32_t i = 0; i < e->interface_count; i++) {
		struct written_interface *w = &e->interfaces[i];

		if (w->hash == hash && w->epoch != e->epoch && w->bytes == e->scratch.n &&
		    memcmp(e->kept.p + w->at, e->scratch.p, e->scratch.n) == 0) {
			w->epoch = e->epoch;
			return i;
		}
	}
	return NO_INTERFACE;
}

static bool map_reach(struct export *e, unsigned index)
{
	if (index >= e->map_cap) {
		unsigned cap = e->map_cap ? e->map_cap : 64;
		uint32_t *map;

		while (cap <= index)
			cap *= 2;
		map = realloc(e->map, cap * sizeof(*map));
		if (!map)
			return fail(e, EXIT_ENVIRONMENT, "no memory");
		e->map = map;
		e->map_cap = cap;
	}
	while (e->map_count <= index)
		e->map[e->map_count++] = NO_INTERFACE;
	return true;
}

/* Slow path of interface_out(). */
static bool interface_write(struct export *e, unsigned index)
{
	unsigned count;
	const struct capfile_interface *in = capfile_interfaces(e->capfile, &count);
	uint32_t hash, id;

	check(index < count);
	if (!map_reach(e, index) || !interface_block(e, &in[index]))
		return false;
	hash = hash_of(e->scratch.p, e->scratch.n);
	id = interface_known(e, hash);
	if (id == NO_INTERFACE) {
		if (e->interface_count == CAPFILE_INTERFACES_MAX ||
		    e->kept.n + e->scratch.n > EXPORT_KEPT_MAX)
			section_begin(e);
		id = e->interface_count++;
		e->interfaces[id] = (struct written_interface){.at = e->kept.n,
							       .bytes = (uint32_t)e->scratch.n,
							       .hash = hash,
							       .epoch = e->epoch};
		buf_put(&e->kept, e->scratch.p, e->scratch.n);
		buf_put(&e->out, e->scratch.p, e->scratch.n);
	}
	e->map[index] = id;
	return true;
}

/* The number that an input's interface has in the output, in *id. */
static bool interface_out(struct export *e, unsigned index, uint32_t *id)
{
	if ((index >= e->map_count || e->map[index] == NO_INTERFACE) && !interface_write(e, index))
		return false;
	*id = e->map[index];
	return true;
}

/* ---- pcapng ---- */

static void put_u32(struct buf *b, uint32_t v)
{
	unsigned char bytes[4];

	le32_store(bytes, v);
	buf_put(b, bytes, sizeof(bytes));
}

/* Adds a block of the input, little-endian, with the interface's number set where it has one. */
static void put_block(struct export *e, uint32_t type, bool big, const unsigned char *p,
		      uint32_t bytes, uint32_t interface)
{
	size_t at = e->out.n;

	if (big)
		reorder_block(&e->out, type, p, bytes);
	else
		buf_put(&e->out, p, bytes);
	if (interface != NO_INTERFACE && !e->out.failed)
		le32_store((unsigned char *)e->out.p + at + INTERFACE_AT, interface);
}

/* Options of an obsolete packet block up to their end mark. */
static void put_old_options(struct export *e, const struct capfile_frame *f)
{
	uint32_t n = 0;

	if (f->big) {
		reorder_options(&e->out, f->block_type, f->options, f->options_bytes);
	} else {
		while (f->options_bytes - n >= 4 && le16_load(f->options + n) != 0)
			n += 4 + pcapng_pad(le16_load(f->options + n + 2));
		buf_put(&e->out, f->options, n);
	}
}

/* A simple or an obsolete packet as an enhanced one, in ticks as recorded. */
static void put_old_packet(struct export *e, const struct capfile_frame *f, uint32_t interface)
{
	size_t at = e->out.n, options;

	put_u32(&e->out, BLOCK_ENHANCED);
	put_u32(&e->out, 0);
	put_u32(&e->out, interface);
	put_u32(&e->out, (uint32_t)(f->ticks >> 32));
	put_u32(&e->out, (uint32_t)f->ticks);
	put_u32(&e->out, f->caplen);
	put_u32(&e->out, f->len);
	buf_put(&e->out, f->data, f->caplen);
	buf_put(&e->out, "\0\0\0", pcapng_pad(f->caplen) - f->caplen);
	options = e->out.n;
	if (f->options)
		put_old_options(e, f);
	if (f->dropcount) {
		put_u32(&e->out, 8u << 16 | OPTION_DROPCOUNT);
		put_u32(&e->out, (uint32_t)f->dropcount);
		put_u32(&e->out, 0);
	}
	if (e->out.n > options)
		put_u32(&e->out, 0);
	put_u32(&e->out, (uint32_t)(e->out.n - at) + 4);
	if (!e->out.failed)
		le32_store((unsigned char *)e->out.p + at + 4, (uint32_t)(e->out.n - at));
}

static void put_record(struct export *e, const struct capfile_frame *f, uint32_t interface)
{
	struct pcapng_packet p = {.data = f->data,
				  .caplen = f->caplen,
				  .len = f->len,
				  .ts_ns = f->ts_ns,
				  .interface = interface,
				  .flags = f->flags,
				  .dropcount = f->dropcount};
	uint32_t bytes = pcapng_packet_bytes(&p);

	if (!buf_reserve(&e->out, bytes))
		return;
	/* All that is in a pcapng is a multiple of 4 bytes, so that this is aligned. */
	pcapng_packet((unsigned char *)e->out.p + e->out.n, &p);
	e->out.n += bytes;
}

static bool pcapng_frame(struct export *e, const struct capfile_frame *f)
{
	uint32_t id;

	if (!interface_out(e, f->interface, &id))
		return false;
	if (f->block_type == BLOCK_ENHANCED && !e->config.bare)
		put_block(e, f->block_type, f->big, f->block, f->block_bytes, id);
	else if (f->block_type && !e->config.bare)
		put_old_packet(e, f, id);
	else
		put_record(e, f, id);
	return true;
}

static void statistics(struct export *e, const struct capfile_block *b)
{
	uint32_t id, number;
	unsigned count;

	(void)capfile_interfaces(e->capfile, &count);
	if (b->bytes < INTERFACE_AT + 4 + 4)
		return;
	number = b->big ? be32_load(b->p + INTERFACE_AT) : le32_load(b->p + INTERFACE_AT);
	/* Of an interface that the section has not described: it says nothing. */
	if (number < count - b->first_interface &&
	    interface_out(e, b->first_interface + number, &id))
		put_block(e, b->type, b->big, b->p, b->bytes, id);
	else
		e->stats.left_out++;
}

/* A block of the input that is no packet. */
static void other_block(void *ctx, const struct capfile_block *b)
{
	struct export *e = ctx;
	uint32_t id;
	unsigned count;

	if (e->failed || e->config.format != EXPORT_PCAPNG)
		return;
	if (e->config.bare && b->type != BLOCK_SECTION && b->type != BLOCK_INTERFACE) {
		e->stats.left_out++;
		return;
	}
	switch (b->type) {
	case BLOCK_SECTION: e->epoch++; break;
	case BLOCK_INTERFACE:
		(void)capfile_interfaces(e->capfile, &count);
		interface_out(e, count - 1, &id);
		break;
	case BLOCK_NAMES:
	case BLOCK_SECRETS:
	case BLOCK_CUSTOM: put_block(e, b->type, b->big, b->p, b->bytes, NO_INTERFACE); break;
	case BLOCK_STATISTICS:
		if (selection_all(e->config.selection))
			statistics(e, b);
		break;
	default: e->stats.left_out++; break;
	}
	flush_full(e);
}

/* ---- pcap ---- */

static void pcap_header(struct export *e, int linktype)
{
	unsigned char header[PCAP_HEADER_BYTES] = {0};

	le32_store(header, e->config.format == EXPORT_PCAP ? PCAP_MAGIC_US : PCAP_MAGIC_NS);
	header[4] = 2;
	header[6] = 4;
	le32_store(header + 16, FRAME_BYTES_MAX);
	le32_store(header + 20, (uint32_t)linktype);
	buf_put(&e->out, header, sizeof(header));
	e->linktype = linktype;
}

static bool pcap_frame(struct export *e, const struct capfile_frame *f)
{
	unsigned char head[PCAP_RECORD_BYTES];
	uint64_t s = f->ts_ns / NS_PER_S;
	uint32_t ns = (uint32_t)(f->ts_ns % NS_PER_S);

	if (e->linktype < 0)
		pcap_header(e, f->linktype);
	if (e->linktype != f->linktype || s > UINT32_MAX) {
		if (s > UINT32_MAX)
			err_set(&e->err, EXIT_ENVIRONMENT,
				"%s: frame %" PRIu64
				" is of after 2106, which pcap has no room for; use -F pcapng",
				capfile_path(e->capfile), f->number);
		else
			err_set(&e->err, EXIT_ENVIRONMENT,
				"%s: frame %" PRIu64
				" has link type %d (%s), and a pcap has one, here %d "
				"(%s); use -F pcapng",
				capfile_path(e->capfile), f->number, f->linktype,
				linktype_name(f->linktype), e->linktype,
				linktype_name(e->linktype));
		e->failed = true;
		return false;
	}
	le32_store(head, (uint32_t)s);
	le32_store(head + 4, e->config.format == EXPORT_PCAP ? ns / 1000 : ns);
	le32_store(head + 8, f->caplen);
	le32_store(head + 12, f->len);
	buf_put(&e->out, head, sizeof(head));
	buf_put(&e->out, f->data, f->caplen);
	return true;
}

/* ---- all of it ---- */

struct export *export_open(const struct export_config *config, struct err *err)
{
	struct export *e = calloc(1, sizeof(*e));

	if (e) {
		e->config = *config;
		e->linktype = e->first_linktype = -1;
		e->next_id = 1;
		e->compress = compress_open(config->compress);
		e->interfaces = calloc(CAPFILE_INTERFACES_MAX, sizeof(*e->interfaces));
	}
	if (!e || !e->compress || !e->interfaces) {
		err_set(err, EXIT_ENVIRONMENT, "no memory to export");
		export_close(e);
		return NULL;
	}
	if (config->format == EXPORT_PCAPNG)
		section_begin(e);
	return e;
}

/* The frame laid out last, as whoever changes frames wants it. */
static bool frame_changed(struct export *e, const struct capfile_frame *f, size_t block_at)
{
	size_t data_at = block_at + PCAP_RECORD_BYTES;

	if (e->config.format == EXPORT_PCAPNG)
		data_at = block_at + PCAPNG_PACKET_DATA;
	return e->config.frame(e->config.ctx, f->linktype, (unsigned char *)e->out.p + data_at,
			       f->caplen);
}

static bool frame_out(struct export *e, const struct capfile_frame *f)
{
	size_t before, length;
	bool ok;

	ok = e->config.format == EXPORT_PCAPNG ? pcapng_frame(e, f) : pcap_frame(e, f);
	if (ok && e->config.frame && !e->out.failed) {
		/* In front of it an interface, or a header, may have been written. */
		length = e->config.format == EXPORT_PCAPNG
				 ? le32_load((unsigned char *)e->out.p + e->out.n - 4)
				 : PCAP_RECORD_BYTES + f->caplen;
		before = e->out.n - length;
		if (!frame_changed(e, f, before)) {
			e->out.n = before;
			return flush_full(e);
		}
	}
	e->stats.written += ok;
	return ok && flush_full(e);
}

static void input_begin(struct export *e, struct capfile *c)
{
	const struct capfile_watch watch = {.block = other_block,
					    .ctx = e,
					    .keep_interfaces = e->config.format == EXPORT_PCAPNG};
	uint64_t first = selection_first_id(c);
	const struct capfile_interface *in;
	unsigned count;
	uint32_t id;

	e->capfile = c;
	e->epoch++;
	e->map_count = 0;
	if (first)
		e->next_id = first;
	capfile_watch(c, &watch);
	/* That of a pcap is there from the start, also where no frame is. */
	in = capfile_interfaces(c, &count);
	if (count && e->first_linktype < 0)
		e->first_linktype = in[0].linktype;
	if (count && e->config.format == EXPORT_PCAPNG)
		interface_out(e, 0, &id);
}

enum export_result export_input(struct export *e, struct capfile *c, struct err *err)
{
	enum capfile_result result = CAPFILE_END;
	enum selection_result wanted;
	struct capfile_frame f;

	input_begin(e, c);
	while (!e->failed && (result = capfile_next(c, &f, err)) == CAPFILE_FRAME) {
		wanted = selection_match(e->config.selection, c, &f, e->next_id++, err);
		if (wanted == SELECTION_FAILED) {
			e->err = *err;
			e->failed = true;
		} else if (wanted == SELECTION_YES) {
			frame_out(e, &f);
		}
		if (++e->stats.read % EXPORT_TICK_EVERY == 0 && e->config.tick)
			e->config.tick(e->config.ctx, c);
	}
	if (e->failed) {
		*err = e->err;
		return EXPORT_FAILED;
	}
	return result == CAPFILE_BROKEN ? EXPORT_BROKEN : EXPORT_WHOLE;
}

bool export_end(struct export *e, struct err *err)
{
	bool ok;

	if (e->config.format != EXPORT_PCAPNG && e->linktype < 0)
		pcap_header(e, e->first_linktype >= 0 ? e->first_linktype : LINKTYPE_ETHERNET);
	ok = flush(e);
	if (ok && e->config.compress != COMPRESS_NONE) {
		ok = compress_end(e->compress, &e->packed) ||
		     fail(e, EXIT_ENVIRONMENT, "no memory to compress");
		ok = ok && sink(e, &e->packed);
	}
	if (!ok)
		*err = e->err;
	return ok;
}

const struct export_stats *export_stats(const struct export *e)
{
	return &e->stats;
}

void export_close(struct export *e)
{
	if (!e)
		return;
	compress_close(e->compress);
	buf_done(&e->out);
	buf_done(&e->packed);
	buf_done(&e->scratch);
	buf_done(&e->kept);
	free(e->interfaces);
	free(e->map);
	free(e);
}
