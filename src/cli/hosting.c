/* hosting.c - the session's life, and what happens with each frame of it */
#include "cli/hosting.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "cli/cli.h"
#include "os/scratch.h"

const struct panel_ops hosting_ops = {
	.status = hosting_status,
	.start = hosting_start,
	.stop = hosting_stop,
	.clear = hosting_clear,
	.capture_filter = hosting_capture_filter,
	.scope = hosting_scope,
	.filter = hosting_filter,
	.complete = hosting_complete,
	.saved = hosting_saved,
	.save = hosting_save,
	.presets = hosting_presets,
	.rows = hosting_rows,
	.rank = hosting_rank,
	.frame = hosting_frame,
	.values = hosting_values,
	.bytes = hosting_bytes,
	.note = hosting_note,
	.follow = hosting_follow,
	.statistics = hosting_statistics,
	.series = hosting_series,
	.export = hosting_export,
	.audit = hosting_audit,
	.settings = hosting_settings,
	.doctor = hosting_doctor,
	.metrics = hosting_metrics,
	.cancel = hosting_cancel,
};

const char *hosting_text(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    json_object_get_type(value) != json_type_string)
		return NULL;
	return json_object_get_string(value);
}

void hosting_put_member(struct buf *out, char before, const char *key, const char *text)
{
	buf_printf(out, "%c\"%s\":", before, key);
	buf_json(out, text ? text : "", text ? strlen(text) : 0);
}

struct session *hosting_hold(struct hosting *h)
{
	struct session *s;

	pthread_mutex_lock(&h->lock);
	s = h->session;
	h->holders += s != NULL;
	pthread_mutex_unlock(&h->lock);
	return s;
}

void hosting_let_go(struct hosting *h)
{
	pthread_mutex_lock(&h->lock);
	check(h->holders);
	if (--h->holders == 0)
		pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

enum panel_result hosting_no_session(struct err *err)
{
	err_set(err, EXIT_USAGE, "nothing is being captured: start a capture, or open one");
	return PANEL_STATE;
}

/* ---- frames ---- */

/* The sink in front of the output, which there is none of: rows are kept. */
static bool offer(void *ctx, struct decoded *d)
{
	struct hosting *h = ctx;

	rowfile_put(&h->rows, d);
	decoded_free(d);
	return true;
}

static struct sink before(void *ctx, struct sink output)
{
	(void)output;
	return (struct sink){.offer = offer, .ctx = ctx};
}

void hosting_read_open(struct hosting_reader *r, struct session *s)
{
	*r = (struct hosting_reader){.s = s};
	r->scans = s->spools && frame_scan_init(&r->scan, &s->spool.places) == 0;
}

void hosting_read_close(struct hosting_reader *r)
{
	segment_unref(r->segment);
	if (r->scans)
		frame_scan_done(&r->scan);
}

/* On to frame @id, which lies further on in the segment at hand. */
static const unsigned char *step_to(struct hosting_reader *r, uint64_t id)
{
	for (; r->id < id; r->id++) {
		do
			r->block += block_bytes(r->block);
		while (!block_is_packet(r->block));
	}
	return r->block;
}

#define READ_TRIES 5

const unsigned char *hosting_read(struct hosting_reader *r, uint64_t id)
{
	const unsigned char *block;

	if (r->segment && id >= r->id && id < r->end)
		return step_to(r, id);
	segment_unref(r->segment);
	r->segment = NULL;
	/* A file that is sealed while it is looked for has another name then. */
	for (int i = 0; i < READ_TRIES; i++) {
		struct frame_query q = {.id = id};
		int error;

		if (!session_ask(r->s, &q)) {
			r->over = true;
			return NULL;
		}
		r->segment = q.segment;
		r->block = q.block;
		r->id = id;
		r->end = q.end;
		if (q.where != FRAME_LEFT)
			return q.block;
		error = r->scans ? frame_scan_to(&r->scan, id, &block) : -ENODEV;
		if (!error)
			return block;
		if (error != -ENOENT)
			return NULL;
	}
	return NULL;
}

bool hosting_block(struct session *s, uint64_t id, struct buf *block)
{
	struct hosting_reader r;
	const unsigned char *p;

	hosting_read_open(&r, s);
	p = hosting_read(&r, id);
	if (p)
		buf_put(block, p, block_bytes(p));
	hosting_read_close(&r);
	return p && !block->failed;
}

/* ---- counting ---- */

/* Counted before, without tshark's decode: once more, as it is now. */
static void count_again(struct hosting *h)
{
	struct decoded d;
	bool missed, all = true;

	while (rowfile_again(&h->rows, &d, &missed)) {
		all &= !missed;
		d.update = true;
		tally_update(h->tally, &d);
		free(d.fields);
	}
	/* Another time from the start. */
	if (!all || missed)
		h->tally_number = UINT64_MAX;
}

static void count_one(struct hosting *h, uint64_t id)
{
	struct decoded d;

	if (!rowfile_take(&h->rows, id, &d)) {
		h->tally_lost++;
		return;
	}
	d.update = false;
	tally_add(h->tally, &d);
	free(d.fields);
}

static void count_all(struct hosting *h)
{
	uint64_t first, head;

	rowfile_range(&h->rows, &first, &head);
	if (h->tally_next < first) {
		h->tally_lost += first - h->tally_next;
		h->tally_next = first;
	}
	for (unsigned i = 0; i < 200000 && h->tally_next < head; i++)
		count_one(h, h->tally_next++);
}

static void count_shown(struct hosting *h, struct session *s)
{
	uint64_t first, head, ids[1024], number;
	size_t n;

	for (unsigned i = 0; i < 200; i++) {
		rowfile_range(&h->rows, &first, &head);
		if (!display_list(&s->display, h->tally_next, ids, 1024, &n) || !n)
			return;
		/* Another filter's: these are not meant. */
		display_now(&s->display, NULL, &number);
		if (number != h->tally_number)
			return;
		/* A match may be known before its row is there. */
		while (n && ids[n - 1] >= head)
			n--;
		for (size_t k = 0; k < n; k++)
			count_one(h, ids[k]);
		h->tally_next += n;
		if (n < 1024)
			return;
	}
}

/* Rows come in the order of ids, but for those that others passed; only what is there is counted.
 */
void hosting_count(struct hosting *h, struct session *s)
{
	char filter[SIEVE_FILTER_MAX];
	uint64_t number;
	bool filtered = display_now(&s->display, filter, &number);

	if (h->tally_number != number) {
		h->tally_number = number;
		memcpy(h->tally_filter, filter, sizeof(filter));
		h->tally_next = filtered ? 0 : 1;
		h->tally_lost = 0;
		tally_reset(h->tally);
		rowfile_follow(&h->rows);
	}
	count_again(h);
	if (filtered)
		count_shown(h, s);
	else
		count_all(h);
}

static enum hosting_state state_of(struct hosting *h)
{
	enum hosting_state state;

	pthread_mutex_lock(&h->lock);
	state = h->state;
	pthread_mutex_unlock(&h->lock);
	return state;
}

/* ---- the watcher: ten times a second while there is a session ---- */

static void take_point(struct hosting *h, struct session *s)
{
	const struct pipeline *p = s->pipeline;
	struct hosting_point now = {
		.ms = (clock_now_ns() - h->started_ns) / 1000000,
		.in = atomic_load_explicit(&p->gauges.captured, memory_order_relaxed),
		.bytes = atomic_load_explicit(&s->sent_bytes, memory_order_relaxed),
		.decoded = atomic_load_explicit(&p->gauges.decoded, memory_order_relaxed),
		.dropped = atomic_load_explicit(&p->tap.dropped_queue, memory_order_relaxed),
		.queue = ring_count(&p->tap.frames),
		.behind = pipeline_behind(&p->gauges),
	};
	uint64_t ms;
	struct hosting_point *point;

	pthread_mutex_lock(&h->lock);
	ms = now.ms - h->last.ms;
	if (ms && h->state == HOSTING_RUNNING) {
		point = &h->point[h->points++ % HOSTING_POINTS];
		*point = now;
		point->in = (now.in - h->last.in) * 1000 / ms;
		point->bytes = (now.bytes - h->last.bytes) * 1000 / ms;
		point->decoded = (now.decoded - h->last.decoded) * 1000 / ms;
		point->dropped = (now.dropped - h->last.dropped) * 1000 / ms;
		h->last = now;
	}
	pthread_mutex_unlock(&h->lock);
}

static void *watch(void *ctx)
{
	struct hosting *h = ctx;

	while (!atomic_load_explicit(&h->ending, memory_order_relaxed)) {
		struct pollfd fd = {.fd = waker_fd(&h->watcher_waker), .events = POLLIN};
		struct session *s = hosting_hold(h);
		bool busy = false;

		if (s) {
			busy = true;
			take_point(h, s);
			pthread_mutex_lock(&h->tally_lock);
			hosting_count(h, s);
			pthread_mutex_unlock(&h->tally_lock);
			hosting_whole_tend(h, state_of(h) == HOSTING_ENDED);
			hosting_let_go(h);
		}
		poll(&fd, 1, busy ? (int)(HOSTING_POINT_NS / 1000000) : -1);
		waker_clear(&h->watcher_waker);
	}
	return NULL;
}

/* ---- the session ---- */

static void set_state(struct hosting *h, struct session *s, enum hosting_state state)
{
	pthread_mutex_lock(&h->lock);
	h->session = s;
	h->state = state;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	waker_wake(&h->watcher_waker);
}

static bool released(struct hosting *h)
{
	bool release;

	pthread_mutex_lock(&h->lock);
	release = h->release;
	pthread_mutex_unlock(&h->lock);
	return release;
}

static void on_event(void *ctx, struct session *s, enum host_event event)
{
	struct hosting *h = ctx;

	switch (event) {
	case HOST_RUNS: set_state(h, s, HOSTING_RUNNING); return;
	case HOST_CAPTURED: return;
	case HOST_ENDED:
		set_state(h, s, HOSTING_ENDED);
		while (!released(h)) {
			pipeline_answer(s->pipeline);
			if (!released(h))
				session_sleep(s);
		}
		return;
	case HOST_GONE:
		/* Who still holds it waits for no answer: the pipeline has been hushed. */
		pthread_mutex_lock(&h->lock);
		h->session = NULL;
		while (h->holders)
			pthread_cond_wait(&h->changed, &h->lock);
		pthread_mutex_unlock(&h->lock);
		return;
	}
}

static void *run(void *ctx)
{
	struct hosting *h = ctx;
	struct err why = {0};
	int exit;

	h->options.why = &why;
	exit = session_run(&h->options, NULL);
	pthread_mutex_lock(&h->lock);
	h->exit = exit;
	h->why = why;
	h->over = true;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

static bool add_word(struct hosting *h, const char *option, const char *value)
{
	const char *words[] = {option, value};

	for (int i = 0; i < 2 && words[i]; i++) {
		if (h->argc == HOSTING_WORDS_MAX || h->kept_count == HOSTING_WORDS_MAX)
			return false;
		h->kept[h->kept_count] = strdup(words[i]);
		check(h->kept[h->kept_count]);
		h->argv[h->argc++] = h->kept[h->kept_count++];
	}
	h->argv[h->argc] = NULL;
	return true;
}

static void forget_words(struct hosting *h)
{
	while (h->kept_count)
		free(h->kept[--h->kept_count]);
	h->argc = 0;
}

static bool add_texts(struct hosting *h, struct json_object *body, const char *key,
		      const char *option)
{
	struct json_object *list;
	bool ok = true;

	if (!json_object_object_get_ex(body, key, &list))
		return true;
	for (size_t i = 0; ok && i < json_object_array_length(list); i++)
		ok = add_word(h, option,
			      json_object_get_string(json_object_array_get_idx(list, i)));
	return ok;
}

/* A name that begins as an option does is one all the same. */
static bool add_file(struct hosting *h, const char *name)
{
	char path[HOSTING_PATH_MAX];

	if (*name != '-')
		return add_word(h, name, NULL);
	snprintf(path, sizeof(path), "./%s", name);
	return add_word(h, path, NULL);
}

static bool add_rate(struct hosting *h, const char *rate)
{
	if (!rate || strcmp(rate, "recorded") == 0)
		return true;
	if (strcmp(rate, "topspeed") == 0)
		return add_word(h, "--topspeed", NULL);
	return add_word(h, "--pps", rate);
}

static bool add_number(struct hosting *h, struct json_object *from, const char *key,
		       const char *option)
{
	struct json_object *n;

	return !json_object_object_get_ex(from, key, &n) ||
	       add_word(h, option, json_object_get_string(n));
}

/* Of the panel's settings those that a person has set. */
static bool add_settings(struct hosting *h, struct json_object *kept)
{
	const char *decode = hosting_text(kept, "decode");

	return add_number(h, kept, "buffer_frames", "--buffer-frames") &&
	       add_number(h, kept, "queue_limit", "--queue-limit") &&
	       /* Which is the default, where it can be had. */
	       (!decode || strcmp(decode, "auto") == 0 || add_word(h, "--decode", decode)) &&
	       add_texts(h, kept, "preferences", "-o");
}

/* Settings, serve's words, then those of the request: the later ones count. */
static bool make_words(struct hosting *h, struct json_object *kept, struct json_object *body)
{
	const char *text;
	struct json_object *files;
	bool ok = true, own = json_object_object_get_ex(body, "files", &files) &&
			      json_object_array_length(files);

	forget_words(h);
	ok = add_word(h, "replay", NULL) && add_word(h, "-q", NULL) && add_word(h, "-T", "none") &&
	     add_settings(h, kept);
	for (int i = 0; ok && i < h->words; i++)
		ok = add_word(h, h->word[i], NULL);
	ok = ok && add_rate(h, hosting_text(body, "rate")) &&
	     add_texts(h, body, "interfaces", "-i");
	if (ok && (text = hosting_text(body, "capture_filter")) && *text)
		ok = add_word(h, "-f", text);
	if (ok && (text = hosting_text(body, "decode")))
		ok = add_word(h, "--decode", text);
	if (ok && (text = hosting_text(body, "write")) && *text)
		ok = add_word(h, "-w", text);
	ok = ok && add_number(h, body, "loop", "--loop");
	for (size_t i = 0; ok && own && i < json_object_array_length(files); i++)
		ok = add_file(h, json_object_get_string(json_object_array_get_idx(files, i)));
	return ok;
}

static void free_notes(struct hosting *h)
{
	for (size_t i = 0; i < h->notes; i++)
		free(h->note[i].comment);
	h->notes = 0;
}

/* Who looks at frames and expressions does so with the session's preferences. Both begin anew, as
 * sharkd is told of them at its start. */
static void renew_inspectors(struct hosting *h, const struct dissect *dissect)
{
	const char *tshark = h->tshark.found ? h->tshark.path : NULL;
	const char *sharkd = h->sharkd[0] ? h->sharkd : NULL;

	pthread_mutex_lock(&h->inspect_lock);
	pthread_mutex_lock(&h->check_lock);
	hosting_view_done(&h->near);
	hosting_view_done(&h->whole.view);
	inspector_close(&h->checker);
	h->dissect = dissect ? *dissect : (struct dissect){0};
	inspector_open(&h->near.inspector, tshark, sharkd, &h->dissect);
	inspector_open(&h->checker, tshark, sharkd, &h->dissect);
	pthread_mutex_unlock(&h->check_lock);
	pthread_mutex_unlock(&h->inspect_lock);
}

/* Under life: all but the thread. */
static enum panel_result prepare(struct hosting *h, struct json_object *body, struct err *err)
{
	time_t seconds = time(NULL);
	struct json_object *kept;
	struct tm tm;
	bool fits;

	/* Their preferences point into the words of the last session. */
	renew_inspectors(h, NULL);
	hosting_whole_begin(h);
	kept = hosting_kept(h, err);
	if (!kept)
		return PANEL_FAILED;
	fits = make_words(h, kept, body);
	json_object_put(kept);
	if (!fits) {
		err_set(err, EXIT_USAGE, "more than %d words", HOSTING_WORDS_MAX);
		return PANEL_BAD;
	}
	memset(&h->options, 0, sizeof(h->options));
	if (!options_parse(&h->options, h->argc, h->argv, err))
		return PANEL_BAD;
	renew_inspectors(h, &h->options.dissect);
	if (rowfile_init(&h->rows, 0)) {
		err_set(err, EXIT_ENVIRONMENT,
			"no file for rows can be made in %s: make room, or set TMPDIR to another "
			"folder",
			scratch_base());
		return PANEL_FAILED;
	}
	gmtime_r(&seconds, &tm);
	strftime(h->started, sizeof(h->started), "%Y-%m-%dT%H:%M:%SZ", &tm);
	h->started_ns = clock_now_ns();
	h->options.before = before;
	h->options.before_ctx = h;
	h->options.host.event = on_event;
	h->options.host.ctx = h;
	pthread_mutex_lock(&h->tally_lock);
	h->tally_number = UINT64_MAX;
	pthread_mutex_unlock(&h->tally_lock);
	pthread_mutex_lock(&h->lock);
	h->release = h->over = h->scope_set = false;
	h->points = 0;
	h->last = (struct hosting_point){0};
	h->why = (struct err){0};
	snprintf(h->capture_filter, sizeof(h->capture_filter), "%s",
		 h->options.filter ? h->options.filter : "");
	pthread_mutex_unlock(&h->lock);
	return PANEL_OK;
}

/* Under life: it has ended, or could not be started. */
static void forget(struct hosting *h)
{
	pthread_mutex_lock(&h->inspect_lock);
	hosting_view_done(&h->near);
	hosting_view_done(&h->whole.view);
	pthread_mutex_unlock(&h->inspect_lock);
	rowfile_done(&h->rows);
	pthread_mutex_lock(&h->tally_lock);
	tally_reset(h->tally);
	pthread_mutex_unlock(&h->tally_lock);
	pthread_mutex_lock(&h->lock);
	free_notes(h);
	h->state = HOSTING_IDLE;
	pthread_mutex_unlock(&h->lock);
}

static enum panel_result start(struct hosting *h, struct json_object *body, struct err *err)
{
	enum panel_result result;
	bool started;

	if (state_of(h) != HOSTING_IDLE) {
		err_set(err, EXIT_USAGE, "a capture is there already: stop and clear it first");
		return PANEL_STATE;
	}
	result = prepare(h, body, err);
	if (result != PANEL_OK)
		return result;
	if (pthread_create(&h->thread, NULL, run, h)) {
		err_set(err, EXIT_ENVIRONMENT, "a thread could not be started");
		rowfile_done(&h->rows);
		return PANEL_FAILED;
	}
	pthread_mutex_lock(&h->lock);
	while (h->state == HOSTING_IDLE && !h->over)
		pthread_cond_wait(&h->changed, &h->lock);
	started = h->state != HOSTING_IDLE;
	pthread_mutex_unlock(&h->lock);
	if (started)
		return PANEL_OK;
	pthread_join(h->thread, NULL);
	forget(h);
	*err = h->why;
	if (!err->text[0])
		err_set(err, EXIT_ENVIRONMENT,
			"the capture did not start; what secvf serve printed says why");
	return err->exit == EXIT_USAGE ? PANEL_BAD : PANEL_FAILED;
}

enum panel_result hosting_start(struct panel *p, struct json_object *body, struct err *err)
{
	struct hosting *h = p->ctx;
	enum panel_result result;

	pthread_mutex_lock(&h->life);
	result = start(h, body, err);
	pthread_mutex_unlock(&h->life);
	return result;
}

enum panel_result hosting_stop(struct panel *p, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);

	if (!s)
		return hosting_no_session(err);
	session_stop(s);
	hosting_let_go(h);
	return PANEL_OK;
}

enum panel_result hosting_clear(struct panel *p, struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s;

	pthread_mutex_lock(&h->life);
	s = hosting_hold(h);
	if (!s) {
		pthread_mutex_unlock(&h->life);
		return hosting_no_session(err);
	}
	pthread_mutex_lock(&h->lock);
	h->release = true;
	pthread_mutex_unlock(&h->lock);
	hosting_whole_stop(h);
	session_abandon(s);
	hosting_give_up(h, false);
	hosting_let_go(h);
	pthread_join(h->thread, NULL);
	forget(h);
	pthread_mutex_unlock(&h->life);
	return PANEL_OK;
}

/* ---- start and end ---- */

bool hosting_open(struct hosting *h, int words, char **word, const char *tshark, struct err *err)
{
	h->words = words;
	h->word = word;
	h->panel = (struct panel){.ops = &hosting_ops, .ctx = h};
	pthread_mutex_init(&h->life, NULL);
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->tally_lock, NULL);
	pthread_mutex_init(&h->inspect_lock, NULL);
	pthread_mutex_init(&h->check_lock, NULL);
	pthread_mutex_init(&h->whole.lock, NULL);
	pthread_mutex_init(&h->values_lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	pthread_cond_init(&h->values_turn, NULL);
	if (!cli_detect(&h->tshark, tshark, err))
		return false;
	/* Without tshark everything is as on a machine that has no Wireshark. */
	if (!h->tshark.found || !cli_find_sharkd(h->sharkd, h->tshark.path))
		h->sharkd[0] = '\0';
	renew_inspectors(h, NULL);
	settings_file_usual(h->settings_path);
	h->tally = tally_new((uint64_t)clock_now_ns());
	if (!h->tally || waker_init(&h->watcher_waker)) {
		err_set(err, EXIT_ENVIRONMENT, "out of memory or descriptors at the start");
		return false;
	}
	if (pthread_create(&h->watcher, NULL, watch, h)) {
		err_set(err, EXIT_ENVIRONMENT, "a thread could not be started");
		waker_done(&h->watcher_waker);
		return false;
	}
	h->watcher_runs = true;
	return true;
}

void hosting_close(struct hosting *h)
{
	struct err err;

	hosting_clear(&h->panel, &err);
	if (h->watcher_runs) {
		atomic_store_explicit(&h->ending, true, memory_order_relaxed);
		waker_wake(&h->watcher_waker);
		pthread_join(h->watcher, NULL);
		waker_done(&h->watcher_waker);
	}
	hosting_view_done(&h->near);
	hosting_view_done(&h->whole.view);
	inspector_close(&h->checker);
	tally_free(h->tally);
	forget_words(h);
	free_notes(h);
	free(h->note);
}
