/* panel_live.c - the panel's view of frames: rows, bytes, notes, export */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hosting.h"
#include "fanout/emit.h"
#include "pcapng/pcapng_write.h"

/* ---- rows ---- */

static void put_text(struct buf *out, const char *key, struct decoded_text text)
{
	buf_puts(out, key);
	buf_json(out, text.n ? text.p : "", text.n);
}

/* The colours that a terminal would be sent: ESC [ 38;2;R;G;B ; 48;2;R;G;B m */
static void put_colors(struct buf *out, const struct decoded *d)
{
	unsigned c[6];

	if (sscanf(emit_color(d), "\x1b[38;2;%u;%u;%u;48;2;%u;%u;%um", &c[0], &c[1], &c[2], &c[3],
		   &c[4], &c[5]) == 6)
		buf_printf(out, ",\"fg\":\"%02x%02x%02x\",\"bg\":\"%02x%02x%02x\"", c[0], c[1],
			   c[2], c[3], c[4], c[5]);
}

static void put_note(struct buf *out, const struct hosting_note *note)
{
	if (note && note->mark)
		buf_puts(out, ",\"mark\":true");
	if (note && note->comment) {
		buf_puts(out, ",\"comment\":");
		buf_json(out, note->comment, strlen(note->comment));
	}
}

static void put_row(struct hosting *h, uint64_t id, struct buf *out)
{
	struct decoded_summary s;
	struct decoded d;

	if (!rowfile_get(&h->rows, id, &d)) {
		buf_printf(out, "{\"id\":%" PRIu64 ",\"gone\":true}", id);
		return;
	}
	decoded_summary(&d, &s);
	buf_printf(out, "{\"id\":%" PRIu64 ",\"ts\":\"%" PRIu64 ".%09" PRIu64 "\",\"vm\":", id,
		   d.packet.ts_ns / 1000000000, d.packet.ts_ns % 1000000000);
	buf_json(out, d.vm ? d.vm : "", d.vm ? strlen(d.vm) : 0);
	put_text(out, ",\"src\":", s.source);
	put_text(out, ",\"dst\":", s.destination);
	put_text(out, ",\"protocol\":", s.protocol);
	buf_printf(out, ",\"len\":%u", d.packet.len);
	put_text(out, ",\"info\":", s.info);
	buf_printf(out, ",\"status\":\"%s\"", decoded_status_name(d.status));
	if (d.status != DECODED_TSHARK && d.status != DECODED_PENDING)
		buf_printf(out, ",\"cause\":\"%s\"", undecoded_name((enum undecoded)d.cause));
	put_colors(out, &d);
	pthread_mutex_lock(&h->lock);
	put_note(out, hosting_note_of(h, id));
	pthread_mutex_unlock(&h->lock);
	buf_putc(out, '}');
	free(d.fields);
}

static bool is_filtered(struct session *s)
{
	return atomic_load_explicit(&s->display.filters, memory_order_relaxed);
}

/* Rows that are shown so far. */
static uint64_t total(struct hosting *h, struct session *s)
{
	uint64_t first, head;

	rowfile_range(&h->rows, &first, &head);
	return is_filtered(s) ? display_below(&s->display, head) : head - 1;
}

enum panel_result hosting_rows(struct panel *p, uint64_t from, uint32_t count, struct buf *out,
			       struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	uint64_t ids[1000] = {0}, all;
	size_t n = 0;

	if (!s)
		return hosting_no_session(err);
	atomic_store_explicit(&h->whole.watched, true, memory_order_relaxed);
	if (count > 1000)
		count = 1000;
	all = total(h, s);
	if (is_filtered(s))
		display_list(&s->display, from, ids, count, &n);
	else
		for (; n < count && from + n < all; n++)
			ids[n] = from + n + 1;
	if (from + n > all)
		n = from < all ? (size_t)(all - from) : 0;
	buf_printf(out, "{\"total\":%" PRIu64 ",\"from\":%" PRIu64 ",\"rows\":[", all, from);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(out, ',');
		put_row(h, ids[i], out);
	}
	buf_puts(out, "]}");
	hosting_let_go(h);
	return PANEL_OK;
}

enum panel_result hosting_rank(struct panel *p, uint64_t id, struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	bool shown;

	if (!s)
		return hosting_no_session(err);
	shown = display_verdict(&s->display, id) == MATCH_YES;
	buf_printf(out, "{\"rank\":%" PRIu64 ",\"shown\":%s}",
		   is_filtered(s) ? display_below(&s->display, id)
		   : id		  ? id - 1
				  : 0,
		   shown ? "true" : "false");
	hosting_let_go(h);
	return PANEL_OK;
}

enum panel_result hosting_bytes(struct panel *p, uint64_t id, struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	struct buf block = {0};
	struct packet_view v;
	bool ok;

	if (!s)
		return hosting_no_session(err);
	ok = hosting_block(s, id, &block);
	hosting_let_go(h);
	if (!ok) {
		err_set(err, EXIT_USAGE, "frame %" PRIu64 " is not there, or has been discarded",
			id);
		buf_done(&block);
		return PANEL_NONE;
	}
	v = packet_of((const unsigned char *)block.p);
	buf_puts(out, "{\"hex\":\"");
	buf_hex(out, v.data, v.caplen);
	buf_puts(out, "\"}");
	buf_done(&block);
	return PANEL_OK;
}

/* ---- notes ---- */

static size_t note_place(const struct hosting *h, uint64_t id)
{
	size_t low = 0, high = h->notes;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (h->note[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct hosting_note *hosting_note_of(const struct hosting *h, uint64_t id)
{
	size_t at = note_place(h, id);

	return at < h->notes && h->note[at].id == id ? &h->note[at] : NULL;
}

/* Under lock. Return: NULL where there are too many */
static struct hosting_note *note_for(struct hosting *h, uint64_t id)
{
	size_t at = note_place(h, id);

	if (at < h->notes && h->note[at].id == id)
		return &h->note[at];
	if (h->notes == HOSTING_NOTES_MAX)
		return NULL;
	if (h->notes == h->notes_cap) {
		size_t cap = h->notes_cap ? 2 * h->notes_cap : 64;
		struct hosting_note *note = realloc(h->note, cap * sizeof(*note));

		if (!note)
			return NULL;
		h->note = note;
		h->notes_cap = cap;
	}
	memmove(h->note + at + 1, h->note + at, (h->notes - at) * sizeof(*h->note));
	h->notes++;
	h->note[at] = (struct hosting_note){.id = id};
	return &h->note[at];
}

enum panel_result hosting_note(struct panel *p, uint64_t id, struct json_object *body,
			       struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	const char *comment = hosting_text(body, "comment");
	struct hosting_note *note;
	struct json_object *mark;
	uint64_t first, head;

	if (!s)
		return hosting_no_session(err);
	rowfile_range(&h->rows, &first, &head);
	if (!id || id >= head) {
		hosting_let_go(h);
		err_set(err, EXIT_USAGE, "there is no frame %" PRIu64, id);
		return PANEL_NONE;
	}
	pthread_mutex_lock(&h->lock);
	note = note_for(h, id);
	if (note && json_object_object_get_ex(body, "mark", &mark))
		note->mark = json_object_get_boolean(mark);
	if (note && comment) {
		free(note->comment);
		note->comment = *comment ? strdup(comment) : NULL;
	}
	pthread_mutex_unlock(&h->lock);
	/* Only now: it is this session's note. */
	hosting_let_go(h);
	if (note)
		return PANEL_OK;
	err_set(err, EXIT_USAGE, "%u frames have notes; more are not kept", HOSTING_NOTES_MAX);
	return PANEL_BAD;
}

/* ---- export ---- */

struct exporting {
	struct hosting *h;
	struct session *s;
	bool (*write)(void *ctx, const void *bytes, size_t n);
	void *ctx;
	struct hosting_reader reader;
	struct buf out, comment;
};

static bool flush(struct exporting *x)
{
	bool ok = !x->out.failed && x->write(x->ctx, x->out.p, x->out.n);

	x->out.n = 0;
	return ok;
}

static bool export_one(struct exporting *x, uint64_t id)
{
	const unsigned char *block = hosting_read(&x->reader, id);
	const struct hosting_note *note;

	/* Discarded, unless nobody answers any more. */
	if (!block)
		return !x->reader.over;
	x->comment.n = 0;
	pthread_mutex_lock(&x->h->lock);
	note = hosting_note_of(x->h, id);
	if (note && note->mark)
		buf_puts(&x->comment, note->comment ? "[marked] " : "[marked]");
	if (note && note->comment)
		buf_puts(&x->comment, note->comment);
	pthread_mutex_unlock(&x->h->lock);
	if (x->comment.n) {
		buf_putc(&x->comment, '\0');
		if (x->comment.failed)
			return false;
		pcapng_put_commented(&x->out, block, x->comment.p);
	} else {
		buf_put(&x->out, block, block_bytes(block));
	}
	return x->out.n < 65536 || flush(x);
}

static void put_head(struct exporting *x)
{
	pcapng_put_section(&x->out, NULL, NULL, "secvf " SECVF_VERSION, NULL);
	for (unsigned port = 0; port < PORTS_MAX && session_port_name(x->s, port); port++)
		pcapng_put_interface(&x->out, 1, FRAME_BYTES_MAX, session_port_name(x->s, port),
				     NULL);
}

static bool export_list(struct exporting *x, struct json_object *frames)
{
	bool ok = true;

	for (size_t i = 0; ok && i < json_object_array_length(frames); i++)
		ok = export_one(x, json_object_get_uint64(json_object_array_get_idx(frames, i)));
	return ok;
}

static bool export_shown(struct exporting *x)
{
	uint64_t ids[1000], rank = 0;
	size_t n;
	bool ok = true;

	while (ok && display_list(&x->s->display, rank, ids, 1000, &n) && n) {
		for (size_t i = 0; ok && i < n; i++)
			ok = export_one(x, ids[i]);
		rank += n;
	}
	return ok;
}

enum panel_result hosting_export(struct panel *p, struct json_object *body,
				 bool (*write)(void *ctx, const void *bytes, size_t n), void *ctx,
				 struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	struct exporting x = {.h = h, .s = s, .write = write, .ctx = ctx};
	struct json_object *frames, *shown;
	uint64_t first, head;
	bool ok = true;

	if (!s)
		return hosting_no_session(err);
	hosting_read_open(&x.reader, s);
	put_head(&x);
	if (json_object_object_get_ex(body, "frames", &frames)) {
		ok = export_list(&x, frames);
	} else if (json_object_object_get_ex(body, "shown", &shown) &&
		   json_object_get_boolean(shown) && is_filtered(s)) {
		ok = export_shown(&x);
	} else {
		rowfile_range(&h->rows, &first, &head);
		for (uint64_t id = 1; ok && id < head; id++)
			ok = export_one(&x, id);
	}
	ok = ok && flush(&x);
	hosting_read_close(&x.reader);
	hosting_let_go(h);
	buf_done(&x.out);
	buf_done(&x.comment);
	if (ok)
		return PANEL_OK;
	err_set(err, EXIT_ENVIRONMENT, "%s",
		x.reader.over ? "the capture was cleared before its export had ended"
			      : "nobody took the export to its end");
	return PANEL_FAILED;
}
