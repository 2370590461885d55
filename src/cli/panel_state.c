/* panel_state.c - the panel's view of the run: status, filters, figures */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "basic/dfilter.h"
#include "cli/hosting.h"
#include "tap/bpf.h"

static uint64_t count_of(const atomic_ullong *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* ---- status ---- */

/* As it was set since, or by --interface. */
static bool in_scope(struct hosting *h, const struct session *s, unsigned port, const char *name)
{
	bool set, scope;

	pthread_mutex_lock(&h->lock);
	set = h->scope_set;
	scope = h->scope_all || port_set_has(&h->scope, port);
	pthread_mutex_unlock(&h->lock);
	if (set)
		return scope;
	for (unsigned i = 0; i < s->options.interfaces; i++) {
		if (strcmp(s->options.interface[i], name) == 0)
			return true;
	}
	return s->options.interfaces == 0;
}

static void put_interfaces(struct hosting *h, const struct session *s, struct buf *out)
{
	const struct tap *t = &s->pipeline->tap;

	buf_puts(out, ",\"interfaces\":[");
	for (unsigned port = 0; port < PORTS_MAX && session_port_name(s, port); port++) {
		const char *name = session_port_name(s, port);

		buf_puts(out, port ? ",{\"name\":" : "{\"name\":");
		buf_json(out, name, strlen(name));
		buf_printf(out, ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"in_scope\":%s}",
			   count_of(&t->port[port].received), count_of(&t->port[port].bytes),
			   in_scope(h, s, port, name) ? "true" : "false");
	}
	buf_putc(out, ']');
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Other threads count on while these are read: what is read last is the least, and what is between
 * two counters is taken from them, so that the sums hold. */
static void read_ledger(const struct pipeline *p, struct ledger *l)
{
	const struct pipeline_gauges *g = &p->gauges;

	l->backfilled = count_of(&g->backfilled);
	for (int i = 0; i < UNDECODED_CAUSES; i++) {
		l->cause[i] = count_of(&g->cause[i]);
		l->undecoded += l->cause[i];
	}
	l->decoded = count_of(&g->decoded);
	l->spilled = count_of(&g->spilled);
	l->discarded = count_of(&g->discarded);
	l->captured = count_of(&g->captured);
	if (l->captured < l->decoded + l->undecoded)
		l->captured = l->decoded + l->undecoded;
	if (l->captured < l->spilled + l->discarded)
		l->captured = l->spilled + l->discarded;
	l->in_flight = l->captured - l->decoded - l->undecoded;
	l->in_memory = l->captured - l->spilled - l->discarded;
	l->dropped_queue = count_of(&p->tap.dropped_queue);
	l->prefiltered = count_of(&p->tap.prefiltered);
	l->out_of_scope = count_of(&p->tap.out_of_scope);
	l->queued = above(count_of(&p->tap.forwarded),
			  l->out_of_scope + l->prefiltered + l->dropped_queue + l->captured);
	l->forwarded =
		l->out_of_scope + l->prefiltered + l->dropped_queue + l->queued + l->captured;
}

static void put_ledger(const struct pipeline *p, struct buf *out)
{
	struct ledger l = {0};

	if (p)
		read_ledger(p, &l);
	buf_printf(out,
		   ",\"ledger\":{\"forwarded\":%" PRIu64 ",\"out_of_scope\":%" PRIu64
		   ",\"prefiltered\":%" PRIu64 ",\"dropped_queue\":%" PRIu64 ",\"queued\":%" PRIu64
		   ",\"captured\":%" PRIu64 ",\"in_memory\":%" PRIu64 ",\"spilled\":%" PRIu64
		   ",\"discarded\":%" PRIu64 ",\"decoded\":%" PRIu64 ",\"undecoded\":%" PRIu64
		   ",\"in_flight\":%" PRIu64 ",\"backfilled\":%" PRIu64 ",\"cause\":{",
		   l.forwarded, l.out_of_scope, l.prefiltered, l.dropped_queue, l.queued,
		   l.captured, l.in_memory, l.spilled, l.discarded, l.decoded, l.undecoded,
		   l.in_flight, l.backfilled);
	for (int i = 0; i < UNDECODED_CAUSES; i++)
		buf_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "",
			   undecoded_name((enum undecoded)i), l.cause[i]);
	buf_puts(out, "}}");
}

static void put_shards(const struct session *s, struct buf *out, uint64_t *memory)
{
	const struct pipeline *p = s->pipeline;

	buf_puts(out, ",\"shards\":[");
	for (unsigned i = 0; i < p->shards; i++) {
		const struct shard_gauges *g = &p->gauges.shard[i];
		int profile = atomic_load_explicit(&g->profile, memory_order_relaxed);

		*memory += count_of(&g->memory);
		buf_printf(out,
			   "%s{\"profile\":\"%s\",\"generation\":%" PRIu64 ",\"memory\":%" PRIu64
			   "}",
			   i ? "," : "", profile_name((enum profile)profile),
			   count_of(&g->generation), count_of(&g->memory));
	}
	buf_putc(out, ']');
}

static void put_filter(struct hosting *h, struct session *s, struct buf *out)
{
	uint64_t first, head;

	rowfile_range(&h->rows, &first, &head);
	buf_printf(out,
		   ",\"rows\":{\"total\":%" PRIu64 ",\"first\":%" PRIu64 ",\"lost\":%" PRIu64 "}",
		   head - 1, first, rowfile_lost(&h->rows));
	buf_puts(out, ",\"filter\":");
	display_put_state(&s->display, out);
}

static void put_files(struct session *s, struct buf *out)
{
	struct {
		char *path;
		uint64_t frames;
	} file[HOSTING_FILES];
	struct places *p = &s->spool.places;
	unsigned n = 0;

	/* A disk that hangs must not do so under the lock that the spool takes. */
	if (s->spools) {
		pthread_mutex_lock(&p->lock);
		for (unsigned i = p->files > HOSTING_FILES ? p->files - HOSTING_FILES : 0;
		     i < p->files; i++, n++) {
			const struct place_file *f = &p->file[i];

			file[n].path = strdup(f->path);
			file[n].frames = f->end > f->first ? f->end - f->first : 0;
		}
		pthread_mutex_unlock(&p->lock);
	}
	buf_puts(out, ",\"files\":[");
	for (unsigned i = 0; i < n; i++) {
		const char *path = file[i].path ? file[i].path : "";
		struct stat st;

		if (stat(path, &st))
			st.st_size = 0;
		buf_puts(out, i ? ",{\"path\":" : "{\"path\":");
		buf_json(out, path, strlen(path));
		buf_printf(out, ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", file[i].frames,
			   (uint64_t)st.st_size);
		free(file[i].path);
	}
	buf_putc(out, ']');
}

static void put_source(const struct session *s, struct buf *out)
{
	char rate[64];

	session_rate(s, rate, sizeof(rate));
	buf_puts(out, ",\"source\":{\"files\":[");
	for (unsigned i = 0; i < s->options.replay.file_count; i++) {
		if (i)
			buf_putc(out, ',');
		buf_json(out, s->options.replay.files[i], strlen(s->options.replay.files[i]));
	}
	buf_puts(out, "],\"rate\":");
	buf_json(out, rate, strlen(rate));
	buf_putc(out, '}');
}

static void put_session(struct hosting *h, struct session *s, struct buf *out, uint64_t *memory)
{
	const struct pipeline_gauges *g = &s->pipeline->gauges;
	uint64_t oldest_ns = count_of(&g->oldest_ns), now_ns = clock_now_ns();
	struct hosting_point last = {0};
	char filter[sizeof(h->capture_filter)];

	hosting_put_member(out, ',', "session", s->name);
	hosting_put_member(out, ',', "started", h->started);
	put_source(s, out);
	put_interfaces(h, s, out);
	pthread_mutex_lock(&h->lock);
	if (h->points && h->state == HOSTING_RUNNING)
		last = h->point[(h->points - 1) % HOSTING_POINTS];
	memcpy(filter, h->capture_filter, sizeof(filter));
	pthread_mutex_unlock(&h->lock);
	hosting_put_member(out, ',', "capture_filter", filter);
	put_ledger(s->pipeline, out);
	buf_printf(out, ",\"behind\":{\"frames\":%" PRIu64 ",\"ns\":%" PRIu64 "}",
		   pipeline_behind(g), oldest_ns && now_ns > oldest_ns ? now_ns - oldest_ns : 0);
	hosting_put_member(out, ',', "profile",
			   profile_name((enum profile)atomic_load_explicit(&g->shard[0].profile,
									   memory_order_relaxed)));
	put_shards(s, out, memory);
	put_filter(h, s, out);
	buf_printf(out,
		   ",\"rate\":{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64
		   "},\"queue\":{\"depth\":%u,\"limit\":%u}",
		   last.in, last.bytes, ring_count(&s->pipeline->tap.frames),
		   s->pipeline->tap.config.queue_limit);
	put_files(s, out);
	buf_printf(out, ",\"audit\":%" PRIu64, count_of(&s->audit_lines));
}

static void put_nothing(struct buf *out)
{
	buf_puts(out, ",\"session\":\"\",\"started\":\"\",\"source\":{\"files\":[],\"rate\":\"\"},"
		      "\"interfaces\":[],\"capture_filter\":\"\"");
	put_ledger(NULL, out);
	buf_puts(out, ",\"behind\":{\"frames\":0,\"ns\":0},\"profile\":\"\",\"shards\":[],"
		      "\"rows\":{\"total\":0,\"first\":1,\"lost\":0},\"filter\":" DISPLAY_NO_STATE
		      ",\"rate\":{\"frames\":0,\"bytes\":0},\"queue\":{\"depth\":0,\"limit\":0},"
		      "\"files\":[],\"audit\":0");
}

/* What is in it is not worth a hash: the text itself says whether it has changed. */
static uint64_t serial_of(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}

enum panel_result hosting_status(struct panel *p, struct buf *out, uint64_t *serial)
{
	static const char *const states[] = {"idle", "running", "ended"};
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	size_t from = out->n;
	uint64_t memory = 0;
	struct rusage own;
	bool used;

	pthread_mutex_lock(&h->lock);
	buf_printf(out, "{\"version\":\"" SECVF_VERSION "\",\"state\":\"%s\",\"marks\":%zu",
		   states[h->state], h->notes);
	pthread_mutex_unlock(&h->lock);
	buf_printf(out, ",\"tshark\":{\"found\":%s", h->tshark.found ? "true" : "false");
	hosting_put_member(out, ',', "path", h->tshark.found ? h->tshark.path : "");
	hosting_put_member(out, ',', "version", h->tshark.found ? h->tshark.version : "");
	/* A session may have found one that came later. */
	used = h->tshark.found || (s && count_of(&s->pipeline->gauges.generations));
	buf_printf(out, "},\"sharkd\":%s,\"offline\":%s", h->sharkd[0] ? "true" : "false",
		   used ? "false" : "true");
	if (s) {
		put_session(h, s, out, &memory);
		hosting_let_go(h);
	} else {
		put_nothing(out);
	}
	if (getrusage(RUSAGE_SELF, &own) == 0)
		memory += (uint64_t)own.ru_maxrss * 1024;
	buf_printf(out, ",\"memory\":%" PRIu64 "}", memory);
	*serial = out->failed ? 0 : serial_of(out->p + from, out->n - from);
	return PANEL_OK;
}

/* ---- filters ---- */

static void put_verdict(struct buf *out, bool ok, const char *message, size_t at, size_t n,
			const char *hint)
{
	buf_printf(out, "{\"ok\":%s", ok ? "true" : "false");
	if (message && *message)
		hosting_put_member(out, ',', ok ? "warning" : "message", message);
	if (n)
		buf_printf(out, ",\"at\":%zu,\"bytes\":%zu", at, n);
	if (hint)
		hosting_put_member(out, ',', "hint", hint);
	buf_putc(out, '}');
}

enum panel_result hosting_capture_filter(struct panel *p, const char *filter, bool set,
					 struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct bpf *bpf = NULL;
	struct err why = {0};
	size_t at = 0, n = 0;
	struct tap_change *change;
	struct session *s;

	if (strlen(filter) >= sizeof(h->capture_filter)) {
		err_set(err, EXIT_USAGE, "a capture filter has at most %zu bytes",
			sizeof(h->capture_filter) - 1);
		return PANEL_BAD;
	}
	if (*filter && !(bpf = bpf_compile(filter, &why))) {
		bpf_error_place(filter, &at, &n);
		put_verdict(out, false, why.text, at, n, NULL);
		return PANEL_OK;
	}
	if (!set) {
		bpf_free(bpf);
		put_verdict(out, true, NULL, 0, 0, NULL);
		return PANEL_OK;
	}
	s = hosting_hold(h);
	change = s ? calloc(1, sizeof(*change)) : NULL;
	if (!change) {
		if (s)
			hosting_let_go(h);
		bpf_free(bpf);
		return hosting_no_session(err);
	}
	change->kind = TAP_CHANGE_FILTER;
	change->filter = bpf;
	snprintf(change->text, sizeof(change->text), "%s", filter);
	tap_change(&s->pipeline->tap, change);
	pthread_mutex_lock(&h->lock);
	snprintf(h->capture_filter, sizeof(h->capture_filter), "%s", filter);
	pthread_mutex_unlock(&h->lock);
	hosting_let_go(h);
	put_verdict(out, true, NULL, 0, 0, NULL);
	return PANEL_OK;
}

static int port_named(const struct session *s, const char *name)
{
	for (unsigned port = 0; port < PORTS_MAX && session_port_name(s, port); port++) {
		if (strcmp(session_port_name(s, port), name) == 0)
			return (int)port;
	}
	return -1;
}

enum panel_result hosting_scope(struct panel *p, struct json_object *body, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	struct tap_change *change = calloc(1, sizeof(*change));
	struct json_object *names;
	size_t used;

	if (!s || !change) {
		free(change);
		if (s)
			hosting_let_go(h);
		return hosting_no_session(err);
	}
	change->kind = TAP_CHANGE_SCOPE;
	change->all = !json_object_object_get_ex(body, "interfaces", &names) ||
		      !json_object_array_length(names);
	for (size_t i = 0; !change->all && i < json_object_array_length(names); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, i));
		int port = port_named(s, name);

		if (port < 0) {
			err_set(err, EXIT_USAGE, "no VM named '%.100s' has appeared", name);
			free(change);
			hosting_let_go(h);
			return PANEL_BAD;
		}
		port_set_add(&change->scope, (unsigned)port);
		used = strlen(change->text);
		snprintf(change->text + used, sizeof(change->text) - used, "%s%s", used ? "," : "",
			 name);
	}
	if (change->all)
		snprintf(change->text, sizeof(change->text), "all");
	pthread_mutex_lock(&h->lock);
	h->scope = change->scope;
	h->scope_all = change->all;
	h->scope_set = true;
	pthread_mutex_unlock(&h->lock);
	atomic_store_explicit(&s->scope_changed, true, memory_order_relaxed);
	tap_change(&s->pipeline->tap, change);
	hosting_let_go(h);
	return PANEL_OK;
}

/* Without tshark: what is known of headers. */
static void check_alone(const char *filter, struct buf *out)
{
	struct dfilter_error why;
	struct dfilter *f = filter[strspn(filter, " \t")] ? dfilter_compile(filter, &why) : NULL;
	char text[700];

	if (f || !filter[strspn(filter, " \t")]) {
		put_verdict(out, true, NULL, 0, 0, NULL);
	} else {
		snprintf(text, sizeof(text), "%s%s", why.text,
			 why.fault == DFILTER_BEYOND
				 ? ": without tshark, only fields of the headers can be filtered by"
				 : "");
		put_verdict(out, false, text, why.at, 1, NULL);
	}
	dfilter_free(f);
}

/* Return: false with @err where nobody could be asked */
static bool check_filter(struct hosting *h, const char *filter, struct filter_verdict *v,
			 struct err *err)
{
	bool asked = false, alone = false;

	if (!filter[strspn(filter, " \t")])
		return true;
	/* The sharkd that has the layers, unless it is busy with them: 94 MB less than another. */
	if (pthread_mutex_trylock(&h->inspect_lock) == 0) {
		alone = !sharkd_is_open(&h->whole.view.inspector.sharkd);
		asked = inspector_takes(&h->whole.view.inspector, filter, v);
		pthread_mutex_unlock(&h->inspect_lock);
	}
	if (asked)
		return true;
	pthread_mutex_lock(&h->check_lock);
	inspector_use(&h->checker, alone && h->sharkd[0] ? h->sharkd : NULL);
	asked = inspector_check(&h->checker, filter, v, err);
	pthread_mutex_unlock(&h->check_lock);
	return asked;
}

/* The filter is set; that it can't be kept among the recent ones is no reason to refuse it. */
static void put_set(struct hosting *h, const char *filter, const struct filter_verdict *v,
		    struct buf *out)
{
	struct err why = {0};
	char warning[1100];

	if (hosting_used(h, filter, &why))
		snprintf(warning, sizeof(warning), "%s", v->message);
	else
		snprintf(warning, sizeof(warning), "%s%sit is not kept among the recent ones: %s",
			 v->message, v->message[0] ? "; " : "", why.text);
	put_verdict(out, true, warning, 0, 0, v->hint);
}

enum panel_result hosting_filter(struct panel *p, const char *filter, bool set, struct buf *out,
				 struct err *err)
{
	struct hosting *h = p->ctx;
	struct filter_verdict v = {.ok = true};
	struct session *s;
	bool ok;

	if (strlen(filter) >= SIEVE_FILTER_MAX) {
		err_set(err, EXIT_USAGE, "a display filter has at most %u bytes",
			SIEVE_FILTER_MAX - 1);
		return PANEL_BAD;
	}
	if (!h->tshark.found && !set) {
		check_alone(filter, out);
		return PANEL_OK;
	}
	if (h->tshark.found && !check_filter(h, filter, &v, err))
		return PANEL_FAILED;
	if (!v.ok || !set) {
		put_verdict(out, v.ok, v.message, v.at, v.n, v.hint);
		return PANEL_OK;
	}
	s = hosting_hold(h);
	if (!s)
		return hosting_no_session(err);
	ok = display_set(&s->display, filter, h->tshark.found, err);
	hosting_let_go(h);
	waker_wake(&h->watcher_waker);
	if (ok)
		put_set(h, filter, &v, out);
	else if (!h->tshark.found)
		check_alone(filter, out);
	else if (err->exit == EXIT_USAGE)
		put_verdict(out, false, err->text, 0, 0, NULL);
	else
		return PANEL_FAILED;
	return PANEL_OK;
}

enum panel_result hosting_complete(struct panel *p, const char *prefix, uint32_t limit,
				   struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	const struct fields *fields;
	const struct field *field;
	uint32_t n = 0;

	pthread_mutex_lock(&h->check_lock);
	fields = inspector_fields(&h->checker, err);
	if (!fields) {
		pthread_mutex_unlock(&h->check_lock);
		return PANEL_FAILED;
	}
	field = fields_complete(fields, prefix, &n);
	buf_puts(out, "{\"fields\":[");
	for (uint32_t i = 0; i < n && i < limit; i++) {
		buf_puts(out, i ? ",{\"field\":" : "{\"field\":");
		buf_json(out, field[i].name, strlen(field[i].name));
		hosting_put_member(out, ',', "type", field_type(&field[i]));
		hosting_put_member(out, ',', "what", field[i].what);
		buf_putc(out, '}');
	}
	/* A capture that begins takes the fields with the inspector. */
	pthread_mutex_unlock(&h->check_lock);
	buf_printf(out, "],\"total\":%u}", n);
	return PANEL_OK;
}

/* ---- figures ---- */

enum panel_result hosting_statistics(struct panel *p, uint32_t top, struct buf *out,
				     struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);

	if (!s)
		return hosting_no_session(err);
	pthread_mutex_lock(&h->tally_lock);
	hosting_count(h, s);
	buf_puts(out, "{\"filter\":");
	buf_json(out, h->tally_filter, strlen(h->tally_filter));
	buf_printf(out, ",\"lost\":%" PRIu64 ",\"statistics\":", h->tally_lost);
	tally_print_json(h->tally, top, out);
	pthread_mutex_unlock(&h->tally_lock);
	while (!out->failed && out->n && out->p[out->n - 1] == '\n')
		out->n--;
	buf_putc(out, '}');
	hosting_let_go(h);
	return PANEL_OK;
}

enum panel_result hosting_series(struct panel *p, uint64_t from_ms, struct buf *out,
				 struct err *err)
{
	struct hosting *h = p->ctx;
	bool first = true;
	uint64_t i;

	(void)err;
	buf_puts(out, "{\"series\":[");
	pthread_mutex_lock(&h->lock);
	for (i = h->points > HOSTING_POINTS ? h->points - HOSTING_POINTS : 0; i < h->points; i++) {
		const struct hosting_point *at = &h->point[i % HOSTING_POINTS];

		if (at->ms < from_ms)
			continue;
		buf_printf(out,
			   "%s{\"t\":%" PRIu64 ",\"in\":%" PRIu64 ",\"bytes\":%" PRIu64
			   ",\"decoded\":%" PRIu64 ",\"dropped\":%" PRIu64
			   ",\"queue\":%u,\"behind\":%" PRIu64 "}",
			   first ? "" : ",", at->ms, at->in, at->bytes, at->decoded, at->dropped,
			   at->queue, at->behind);
		first = false;
	}
	pthread_mutex_unlock(&h->lock);
	buf_puts(out, "]}");
	return PANEL_OK;
}

static void put_metric(struct buf *out, const char *name, const char *what, const char *type,
		       uint64_t value)
{
	buf_printf(out, "# HELP secvf_%s %s\n# TYPE secvf_%s %s\nsecvf_%s %" PRIu64 "\n", name,
		   what, name, type, name, value);
}

enum panel_result hosting_metrics(struct panel *p, struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	const struct pipeline *pipeline;

	(void)err;
	put_metric(out, "capture_running", "Whether a capture is there", "gauge", s != NULL);
	if (!s)
		return PANEL_OK;
	pipeline = s->pipeline;
	put_metric(out, "forwarded_frames_total", "Frames that the switch forwarded", "counter",
		   count_of(&pipeline->tap.forwarded));
	put_metric(out, "out_of_scope_frames_total", "Frames of VMs that are not captured",
		   "counter", count_of(&pipeline->tap.out_of_scope));
	put_metric(out, "prefiltered_frames_total", "Frames that the capture filter left out",
		   "counter", count_of(&pipeline->tap.prefiltered));
	put_metric(out, "dropped_queue_frames_total", "Frames that found the queue full", "counter",
		   count_of(&pipeline->tap.dropped_queue));
	put_metric(out, "captured_frames_total", "Frames captured", "counter",
		   count_of(&pipeline->gauges.captured));
	put_metric(out, "decoded_frames_total", "Frames that tshark decoded", "counter",
		   count_of(&pipeline->gauges.decoded));
	put_metric(out, "undecoded_frames_total", "Frames settled without tshark's decode",
		   "counter", count_of(&pipeline->gauges.undecoded));
	put_metric(out, "behind_frames", "Frames captured and not settled", "gauge",
		   pipeline_behind(&pipeline->gauges));
	put_metric(out, "queue_frames", "Frames between switch and capture", "gauge",
		   ring_count(&pipeline->tap.frames));
	put_metric(out, "tshark_generations_total", "Processes of tshark started", "counter",
		   count_of(&pipeline->gauges.generations));
	hosting_let_go(h);
	return PANEL_OK;
}
