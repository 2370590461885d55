/* panel_live.c - the panel's view of frames: rows, layers, bytes, streams, export */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/hosting.h"
#include "fanout/emit.h"
#include "feed/pcap_record.h"
#include "os/scratch.h"
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

/* ---- layers and streams, by a capture of the frame's conversation ---- */

bool hosting_write(struct session *s, const char *path, uint64_t *ids, size_t *n)
{
	struct hosting_reader reader;
	struct buf pcap = {0};
	unsigned char header[PCAP_FILE_BYTES];
	size_t kept = 0;
	bool ok;

	pcap_file_header(header);
	buf_put(&pcap, header, sizeof(header));
	hosting_read_open(&reader, s);
	for (size_t i = 0; i < *n; i++) {
		const unsigned char *block = hosting_read(&reader, ids[i]);
		struct packet_view v;
		unsigned char record[PCAP_RECORD_BYTES];

		if (!block)
			continue;
		v = packet_of(block);
		pcap_record_header(record, &v);
		buf_put(&pcap, record, sizeof(record));
		buf_put(&pcap, v.data, v.caplen);
		ids[kept++] = ids[i];
	}
	hosting_read_close(&reader);
	*n = kept;
	ok = !pcap.failed && scratch_file(path, pcap.p, pcap.n) == 0;
	buf_done(&pcap);
	return ok;
}

/* The frames that @id is dissected with: all from the first on where these are few, as numbers of
 * streams and times since the first frame are then the capture's; else those between its hosts. */
static size_t choose(struct hosting *h, uint64_t id, bool whole, uint64_t *ids)
{
	size_t most = whole ? HOSTING_STREAM : HOSTING_CONTEXT, n = 0;
	uint64_t first, head;

	rowfile_range(&h->rows, &first, &head);
	if (first == 1 && head - 1 <= most && id < head) {
		for (; n + 1 < head; n++)
			ids[n] = n + 1;
		return n;
	}
	n = rowfile_pair(&h->rows, id, 1, whole ? UINT64_MAX : id, ids, most);
	if (!n)
		ids[n++] = id;
	return n;
}

/* Under inspect_lock: those frames, as what the inspector looks at. Return: the number of @id among
 * them; 0 with @err */
static uint32_t inspect(struct hosting *h, struct session *s, uint64_t id, bool whole,
			struct scratch *scratch, uint64_t *ids, size_t *n, struct err *err)
{
	char path[PATH_MAX + 16];

	*n = choose(h, id, whole, ids);
	if (scratch_make(scratch)) {
		err_set(err, EXIT_ENVIRONMENT, "no folder can be made in %s: %s", scratch_base(),
			strerror(errno));
		return 0;
	}
	snprintf(path, sizeof(path), "%s/frames.pcap", scratch->path);
	if (!hosting_write(s, path, ids, n)) {
		err_set(err, EXIT_ENVIRONMENT, "%s cannot be written", path);
		return 0;
	}
	inspector_load(&h->inspector, path);
	for (size_t i = 0; i < *n; i++) {
		if (ids[i] == id)
			return (uint32_t)i + 1;
	}
	err_set(err, EXIT_USAGE, "frame %" PRIu64 " is not there, or has been discarded", id);
	return 0;
}

static bool can_inspect(const struct hosting *h, struct err *err)
{
	if (h->tshark.found || h->sharkd[0])
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"layers and streams need sharkd or tshark, and there is neither: install tshark; the "
		"bytes are there");
	return false;
}

/* Layers of frame @id with its conversation before it. */
static bool dissect(struct hosting *h, struct session *s, uint64_t id, struct layers *l,
		    size_t *context, struct err *err)
{
	uint64_t *ids = malloc(HOSTING_CONTEXT * sizeof(*ids));
	struct scratch scratch = {""};
	struct buf block = {0};
	uint32_t number;
	bool ok = false;

	if (!ids)
		return false;
	number = inspect(h, s, id, false, &scratch, ids, context, err);
	if (number && hosting_block(s, id, &block)) {
		struct packet_view v = packet_of((const unsigned char *)block.p);

		ok = inspector_frame(&h->inspector, number, v.data, v.caplen, l, err);
	}
	if (ok)
		layers_renumber(l, ids, *context);
	*context = number ? number - 1 : 0;
	scratch_remove(&scratch);
	buf_done(&block);
	free(ids);
	return ok;
}

enum panel_result hosting_frame(struct panel *p, uint64_t id, struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	struct layers l = {0};
	size_t context = 0;
	bool ok;

	if (!s)
		return hosting_no_session(err);
	pthread_mutex_lock(&h->inspect_lock);
	ok = can_inspect(h, err) && dissect(h, s, id, &l, &context, err);
	pthread_mutex_unlock(&h->inspect_lock);
	hosting_let_go(h);
	if (!ok)
		return err->exit == EXIT_USAGE ? PANEL_NONE : PANEL_FAILED;
	layers_put_json(&l, out);
	if (!out->failed && out->n) {
		out->n--; /* its brace */
		buf_printf(out, ",\"context\":%zu}", context);
	}
	layers_done(&l);
	return PANEL_OK;
}

/* "tcp.stream eq 0", of the frame that is looked at. */
static bool find_stream(const struct layers *l, const char *kind, char *filter, size_t n)
{
	const char *field = strcmp(kind, "udp") == 0	? "udp.stream"
			    : strcmp(kind, "quic") == 0 ? "quic.connection.number"
							: "tcp.stream";
	uint32_t at = layers_find(l, field, 0);
	const struct layer_text *t;
	uint32_t i;

	if (at == LAYERS_NOWHERE)
		return false;
	t = l->node[at].filter.n > l->node[at].field_n ? &l->node[at].filter : &l->node[at].label;
	for (i = t->n; i && l->text.p[t->at + i - 1] >= '0' && l->text.p[t->at + i - 1] <= '9';)
		i--;
	snprintf(filter, n, "%s eq %.*s", field, (int)(t->n - i), l->text.p + t->at + i);
	return true;
}

enum panel_result hosting_follow(struct panel *p, const char *kind, uint64_t id, struct buf *out,
				 struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	uint64_t *ids = malloc(HOSTING_STREAM * sizeof(*ids));
	struct scratch scratch = {""};
	struct layers l = {0};
	struct follow f = {0};
	char filter[128];
	uint32_t number = 0;
	size_t n = 0;
	bool ok = false;

	if (!s || !ids) {
		free(ids);
		if (s)
			hosting_let_go(h);
		return hosting_no_session(err);
	}
	pthread_mutex_lock(&h->inspect_lock);
	if (can_inspect(h, err))
		number = inspect(h, s, id, true, &scratch, ids, &n, err);
	ok = number && inspector_frame(&h->inspector, number, NULL, 0, &l, err);
	if (ok && !find_stream(&l, kind, filter, sizeof(filter))) {
		err_set(err, EXIT_USAGE, "frame %" PRIu64 " is part of no %s stream", id, kind);
		ok = false;
	}
	ok = ok && inspector_follow(&h->inspector, kind, filter, &f, err);
	pthread_mutex_unlock(&h->inspect_lock);
	hosting_let_go(h);
	for (uint32_t i = 0; ok && i < f.pieces; i++) {
		if (f.piece[i].frame && f.piece[i].frame <= n)
			f.piece[i].frame = (uint32_t)ids[f.piece[i].frame - 1];
	}
	if (ok)
		follow_put(&f, FOLLOW_JSON, out);
	follow_done(&f);
	layers_done(&l);
	scratch_remove(&scratch);
	free(ids);
	return ok ? PANEL_OK : err->exit == EXIT_USAGE ? PANEL_BAD : PANEL_FAILED;
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
	hosting_let_go(h);
	if (!id || id >= head) {
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
	struct buf out;
	uint64_t missing;
};

static bool flush(struct exporting *x)
{
	bool ok = !x->out.failed && x->write(x->ctx, x->out.p, x->out.n);

	x->out.n = 0;
	return ok;
}

static bool export_one(struct exporting *x, uint64_t id)
{
	char comment[4200] = "";
	const struct hosting_note *note;
	const unsigned char *block = hosting_read(&x->reader, id);

	if (!block) {
		x->missing++;
		return true;
	}
	pthread_mutex_lock(&x->h->lock);
	note = hosting_note_of(x->h, id);
	if (note && note->comment)
		snprintf(comment, sizeof(comment), "%s%s", note->mark ? "[marked] " : "",
			 note->comment);
	else if (note && note->mark)
		snprintf(comment, sizeof(comment), "[marked]");
	pthread_mutex_unlock(&x->h->lock);
	if (comment[0])
		pcapng_put_commented(&x->out, block, comment);
	else
		buf_put(&x->out, block, block_bytes(block));
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
	if (ok)
		return PANEL_OK;
	err_set(err, EXIT_ENVIRONMENT, "nobody took the export to its end");
	return PANEL_FAILED;
}
