/* panel_layers.c - the panel's view into frames: layers and streams
 *
 * Theory of operation: a load takes sharkd 27 ms, however few the frames, and 5 us for each of
 * them; a loaded frame takes it a quarter of a millisecond. So the session's first frames, up to
 * HOSTING_WHOLE_FRAMES, are loaded once and for all as soon as somebody looks and the source has
 * ended, and while it runs once there are twice as many. Such a frame is as `secvf show` has it:
 * all that came before is known. Any other one is looked at among those of its hosts, of which
 * HOSTING_CONTEXT are loaded, some behind it, too, so that the next one of the conversation is
 * there already: a message of which more than HOSTING_CONTEXT_LEAST frames of the conversation came
 * before is not known there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hosting.h"
#include "feed/pcap_record.h"

#define WRITE_BYTES (1u << 20)

void hosting_view_done(struct hosting_view *v)
{
	inspector_close(&v->inspector);
	scratch_remove(&v->scratch);
	free(v->ids);
	v->ids = NULL;
	v->n = 0;
}

/* ---- a capture of frames ---- */

struct pcap_file {
	char path[HOSTING_PATH_MAX];
	int fd; /* or -errno */
	struct buf out;
	uint64_t bytes;
};

/* In a folder of its own. Return: false with @err */
static bool pcap_open(struct pcap_file *f, struct scratch *scratch, struct err *err)
{
	unsigned char header[PCAP_FILE_BYTES];

	*f = (struct pcap_file){.fd = -1};
	if (scratch_make(scratch)) {
		err_set(err, EXIT_ENVIRONMENT, "no folder can be made in %s: %s", scratch_base(),
			strerror(errno));
		return false;
	}
	snprintf(f->path, sizeof(f->path), "%s/frames.pcap", scratch->path);
	f->fd = scratch_open(f->path);
	pcap_file_header(header);
	buf_put(&f->out, header, sizeof(header));
	return true;
}

static void pcap_flush(struct pcap_file *f)
{
	int error = f->out.failed ? -ENOMEM : 0;

	if (f->fd < 0)
		return;
	if (!error)
		error = scratch_write(f->fd, f->out.p, f->out.n);
	f->out.n = 0;
	if (!error)
		return;
	close(f->fd);
	f->fd = error;
}

static void pcap_put(struct pcap_file *f, const unsigned char *block)
{
	struct packet_view v = packet_of(block);
	unsigned char record[PCAP_RECORD_BYTES];

	pcap_record_header(record, &v);
	buf_put(&f->out, record, sizeof(record));
	buf_put(&f->out, v.data, v.caplen);
	f->bytes += sizeof(record) + v.caplen;
	if (f->out.n >= WRITE_BYTES)
		pcap_flush(f);
}

/* Return: false with @err where it could not be written */
static bool pcap_close(struct pcap_file *f, struct err *err)
{
	pcap_flush(f);
	buf_done(&f->out);
	if (f->fd >= 0 && close(f->fd))
		f->fd = -errno;
	if (f->fd >= 0)
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s cannot be written: %s", f->path, strerror(-f->fd));
	return false;
}

bool hosting_write(struct session *s, struct scratch *scratch, uint64_t *ids, size_t *n,
		   char path[HOSTING_PATH_MAX], struct err *err)
{
	struct hosting_reader reader;
	struct pcap_file f;
	size_t kept = 0;

	if (!pcap_open(&f, scratch, err))
		return false;
	memcpy(path, f.path, sizeof(f.path));
	hosting_read_open(&reader, s);
	for (size_t i = 0; i < *n; i++) {
		const unsigned char *block = hosting_read(&reader, ids[i]);

		if (!block)
			continue;
		pcap_put(&f, block);
		ids[kept++] = ids[i];
	}
	hosting_read_close(&reader);
	*n = kept;
	return pcap_close(&f, err);
}

/* ---- the first frames, all of them ---- */

/* Those from the first on into a capture, until it has as many bytes as it may, or one has gone. */
static bool write_first(struct hosting_whole *w, struct hosting_view *v, struct err *err)
{
	struct hosting_reader reader;
	struct pcap_file f;
	uint64_t id = 1;

	if (!pcap_open(&f, &v->scratch, err))
		return false;
	hosting_read_open(&reader, w->session);
	for (; id < w->end && f.bytes < HOSTING_WHOLE_BYTES; id++) {
		const unsigned char *block = hosting_read(&reader, id);

		if (!block || atomic_load_explicit(&w->stop, memory_order_relaxed))
			break;
		pcap_put(&f, block);
	}
	hosting_read_close(&reader);
	/* Relaxed: only the watcher looks, at some later time. */
	if (id < w->end)
		atomic_store_explicit(&w->full, true, memory_order_relaxed);
	v->n = (size_t)id - 1;
	inspector_load(&v->inspector, f.path);
	return pcap_close(&f, err);
}

/* Put what was loaded in the place of what there was. */
static void show_whole(struct hosting *h, struct hosting_view *v)
{
	struct hosting_whole *w = &h->whole;
	struct hosting_view last;

	inspector_stop_by(&v->inspector, NULL);
	pthread_mutex_lock(&h->inspect_lock);
	last = w->view;
	w->view = *v;
	atomic_store_explicit(&w->frames, (unsigned)v->n, memory_order_relaxed);
	/* Nobody will look there any more. */
	if (w->ended)
		hosting_view_done(&h->near);
	pthread_mutex_unlock(&h->inspect_lock);
	hosting_view_done(&last);
	/* It can say which filters are right, too. */
	pthread_mutex_lock(&h->check_lock);
	inspector_use(&h->checker, NULL);
	pthread_mutex_unlock(&h->check_lock);
}

static void *load_whole(void *ctx)
{
	struct hosting *h = ctx;
	struct hosting_whole *w = &h->whole;
	struct hosting_view v = {.first = true};
	struct err err;
	bool ok;

	inspector_open(&v.inspector, NULL, h->sharkd, &h->dissect);
	inspector_stop_by(&v.inspector, &w->stop_waker);
	ok = write_first(w, &v, &err);
	hosting_let_go(h);
	if (ok && v.n > atomic_load_explicit(&w->frames, memory_order_relaxed))
		ok = inspector_read(&v.inspector, &err);
	/* It is open there. */
	scratch_remove(&v.scratch);
	if (!ok)
		atomic_fetch_add_explicit(&w->fails, 1, memory_order_relaxed);
	if (ok && sharkd_is_open(&v.inspector.sharkd))
		show_whole(h, &v);
	else
		hosting_view_done(&v);
	/* Release: who sees that it rests joins it and may begin another. */
	atomic_store_explicit(&w->load, HOSTING_LOADED, memory_order_release);
	return NULL;
}

/* Under its lock. */
static void join_load(struct hosting_whole *w)
{
	pthread_join(w->thread, NULL);
	waker_done(&w->stop_waker);
	w->joins = false;
	atomic_store_explicit(&w->load, HOSTING_RESTS, memory_order_relaxed);
}

/* Under its lock. Without a thread or a descriptor it is tried again. */
static void begin_load(struct hosting *h, uint64_t end, bool ended)
{
	struct hosting_whole *w = &h->whole;

	if (waker_init(&w->stop_waker))
		return;
	w->session = hosting_hold(h);
	w->end = end;
	w->ended = ended;
	atomic_store_explicit(&w->load, HOSTING_LOADS, memory_order_relaxed);
	w->joins = w->session && !pthread_create(&w->thread, NULL, load_whole, h);
	if (w->joins)
		return;
	if (w->session)
		hosting_let_go(h);
	waker_done(&w->stop_waker);
	atomic_store_explicit(&w->load, HOSTING_RESTS, memory_order_relaxed);
}

/* Whether a load is worth its time. */
static bool is_due(struct hosting *h, uint64_t frames, bool ended)
{
	struct hosting_whole *w = &h->whole;
	unsigned there = atomic_load_explicit(&w->frames, memory_order_relaxed);

	if (atomic_load_explicit(&w->full, memory_order_relaxed) ||
	    atomic_load_explicit(&w->fails, memory_order_relaxed) >= HOSTING_WHOLE_FAILS ||
	    inspector_by_tshark(&h->near.inspector) || frames <= there || frames <= HOSTING_CONTEXT)
		return false;
	if (ended)
		return atomic_load_explicit(&w->watched, memory_order_relaxed);
	return frames >= 2 * (uint64_t)there &&
	       atomic_exchange_explicit(&w->wanted, false, memory_order_relaxed);
}

void hosting_whole_tend(struct hosting *h, bool ended)
{
	struct hosting_whole *w = &h->whole;
	uint64_t first, head, frames;

	/* Acquire: the thread has done with everything. */
	if (atomic_load_explicit(&w->load, memory_order_acquire) == HOSTING_LOADS)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->joins)
		join_load(w);
	rowfile_range(&h->rows, &first, &head);
	frames = head - 1 < HOSTING_WHOLE_FRAMES ? head - 1 : HOSTING_WHOLE_FRAMES;
	if (first == 1 && !w->stopped && is_due(h, frames, ended))
		begin_load(h, frames + 1, ended);
	pthread_mutex_unlock(&w->lock);
}

void hosting_whole_stop(struct hosting *h)
{
	struct hosting_whole *w = &h->whole;

	pthread_mutex_lock(&w->lock);
	w->stopped = true;
	/* Relaxed: what stops is joined. */
	atomic_store_explicit(&w->stop, true, memory_order_relaxed);
	if (w->joins) {
		waker_wake(&w->stop_waker);
		join_load(w);
	}
	pthread_mutex_unlock(&w->lock);
}

void hosting_whole_begin(struct hosting *h)
{
	struct hosting_whole *w = &h->whole;

	pthread_mutex_lock(&w->lock);
	w->stopped = false;
	atomic_store_explicit(&w->stop, false, memory_order_relaxed);
	atomic_store_explicit(&w->full, false, memory_order_relaxed);
	atomic_store_explicit(&w->watched, false, memory_order_relaxed);
	atomic_store_explicit(&w->wanted, false, memory_order_relaxed);
	atomic_store_explicit(&w->frames, 0, memory_order_relaxed);
	atomic_store_explicit(&w->fails, 0, memory_order_relaxed);
	pthread_mutex_unlock(&w->lock);
}

/* Under inspect_lock. A sharkd that has gone with it is not asked again. */
static bool from_whole(struct hosting *h, uint64_t id, struct layers *l)
{
	struct hosting_whole *w = &h->whole;
	struct err err;

	if (!id || id > w->view.n)
		return false;
	if (inspector_frame(&w->view.inspector, (uint32_t)id, NULL, 0, l, &err))
		return true;
	if (!sharkd_is_open(&w->view.inspector.sharkd)) {
		hosting_view_done(&w->view);
		atomic_store_explicit(&w->frames, 0, memory_order_relaxed);
		atomic_fetch_add_explicit(&w->fails, 1, memory_order_relaxed);
	}
	return false;
}

/* ---- those of a conversation ---- */

/* The frames that @id is dissected with: all from the first on where these are few, as numbers of
 * streams and times since the first frame are then the capture's; else those between its hosts. */
static void choose(struct hosting *h, uint64_t id, bool whole, struct hosting_view *v)
{
	size_t most = whole ? HOSTING_STREAM : HOSTING_CONTEXT;
	uint64_t first, head;

	v->n = 0;
	rowfile_range(&h->rows, &first, &head);
	v->first = first == 1 && head - 1 <= most && id < head;
	if (v->first) {
		for (; v->n + 1 < head; v->n++)
			v->ids[v->n] = v->n + 1;
		return;
	}
	v->n = rowfile_pair(&h->rows, id, 1, whole ? most / 2 : HOSTING_CONTEXT_AFTER, v->ids,
			    most);
	v->first = v->n < most;
	if (!v->n)
		v->ids[v->n++] = id;
}

/* Return: the number of frame @id among those that are loaded; 0: it is not there */
static uint32_t number_of(const struct hosting_view *v, uint64_t id)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (v->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < v->n && v->ids[low] == id ? (uint32_t)low + 1 : 0;
}

/* Under inspect_lock: frames around @id, as what the inspector looks at; those that have gone are
 * left out. Return: false with @err */
static bool load_near(struct hosting *h, struct session *s, uint64_t id, bool whole,
		      struct err *err)
{
	struct hosting_view *v = &h->near;
	char path[HOSTING_PATH_MAX];

	scratch_remove(&v->scratch);
	v->n = 0;
	if (!v->ids)
		v->ids = malloc(HOSTING_STREAM * sizeof(*v->ids));
	if (!v->ids) {
		err_set(err, EXIT_ENVIRONMENT, "out of memory");
		return false;
	}
	choose(h, id, whole, v);
	if (!hosting_write(s, &v->scratch, v->ids, &v->n, path, err)) {
		v->n = 0;
		return false;
	}
	inspector_load(&v->inspector, path);
	return true;
}

/* Under inspect_lock. Return: the number of @id among the frames that are loaded; 0 with @err */
static uint32_t inspect(struct hosting *h, struct session *s, uint64_t id, bool whole,
			struct err *err)
{
	struct hosting_view *v = &h->near;
	uint32_t number = whole ? 0 : number_of(v, id);

	if (number && (v->first || number > HOSTING_CONTEXT_LEAST))
		return number;
	if (!load_near(h, s, id, whole, err))
		return 0;
	number = number_of(v, id);
	if (!number)
		err_set(err, EXIT_USAGE, "frame %" PRIu64 " is not there, or has been discarded",
			id);
	return number;
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

/* Under inspect_lock: layers of frame @id with its conversation around it. */
static bool from_near(struct hosting *h, struct session *s, uint64_t id, struct layers *l,
		      size_t *context, struct err *err)
{
	struct inspector *x = &h->near.inspector;
	uint32_t number = inspect(h, s, id, false, err);
	struct packet_view v = {0};
	struct buf block = {0};
	bool ok = number != 0;

	/* tshark does not tell the bytes. */
	if (ok && inspector_by_tshark(x)) {
		ok = hosting_block(s, id, &block);
		if (ok)
			v = packet_of((const unsigned char *)block.p);
		else
			err_set(err, EXIT_USAGE, "frame %" PRIu64 " has been discarded", id);
	}
	ok = ok && inspector_frame(x, number, v.data, v.caplen, l, err);
	if (ok) {
		layers_renumber(l, h->near.ids, h->near.n);
		*context = number - 1;
	}
	buf_done(&block);
	return ok;
}

enum panel_result hosting_frame(struct panel *p, uint64_t id, struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	struct layers l = {0};
	size_t context = id - 1;
	bool ok;

	if (!s)
		return hosting_no_session(err);
	atomic_store_explicit(&h->whole.watched, true, memory_order_relaxed);
	pthread_mutex_lock(&h->inspect_lock);
	ok = can_inspect(h, err);
	if (ok && !from_whole(h, id, &l)) {
		atomic_store_explicit(&h->whole.wanted, true, memory_order_relaxed);
		ok = from_near(h, s, id, &l, &context, err);
	}
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

/* ---- streams ---- */

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

/* Under inspect_lock. */
static bool follow(struct hosting *h, struct session *s, const char *kind, uint64_t id,
		   struct follow *f, struct err *err)
{
	struct hosting_view *v = &h->near;
	uint32_t number = inspect(h, s, id, true, err);
	struct layers l = {0};
	char filter[128];
	bool ok = number && inspector_frame(&v->inspector, number, NULL, 0, &l, err);

	if (ok && !find_stream(&l, kind, filter, sizeof(filter))) {
		err_set(err, EXIT_USAGE, "frame %" PRIu64 " is part of no %s stream", id, kind);
		ok = false;
	}
	ok = ok && inspector_follow(&v->inspector, kind, filter, f, err);
	for (uint32_t i = 0; ok && i < f->pieces; i++) {
		if (f->piece[i].frame && f->piece[i].frame <= v->n)
			f->piece[i].frame = (uint32_t)v->ids[f->piece[i].frame - 1];
	}
	layers_done(&l);
	return ok;
}

enum panel_result hosting_follow(struct panel *p, const char *kind, uint64_t id, struct buf *out,
				 struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	struct follow f = {0};
	bool ok;

	if (!s)
		return hosting_no_session(err);
	pthread_mutex_lock(&h->inspect_lock);
	ok = can_inspect(h, err) && follow(h, s, kind, id, &f, err);
	pthread_mutex_unlock(&h->inspect_lock);
	hosting_let_go(h);
	if (ok)
		follow_put(&f, FOLLOW_JSON, out);
	follow_done(&f);
	return ok ? PANEL_OK : err->exit == EXIT_USAGE ? PANEL_BAD : PANEL_FAILED;
}
