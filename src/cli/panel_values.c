/* panel_values.c - values of any fields for the rows that somebody looks at
 *
 * Theory of operation: a request names frames and fields. One tshark is run over those frames with
 * what was said between their hosts before, so that streams and reassembly are as in the layers of
 * a frame. One request at a time has its turn, in the order that they came. A newer one of the same
 * view ends the older, whether that waits or its tshark runs: nobody looks at what it would find.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/values.h"
#include "cli/hosting.h"
#include "os/scratch.h"

/** struct valuing - A request, on its thread's stack while it is under way */
struct valuing {
	struct valuing *next; /* that came later */
	const char *view;
	bool given_up;
	struct waker stop;
};

/* ---- turns ---- */

/* Under values_lock. */
static void give_up(struct valuing *v)
{
	v->given_up = true;
	waker_wake(&v->stop);
}

/* Return: whether it has its turn; it is in the list in any case */
static bool take_turn(struct hosting *h, struct valuing *v)
{
	struct valuing **at;
	bool has_turn;

	pthread_mutex_lock(&h->values_lock);
	for (at = &h->valuing; *at; at = &(*at)->next) {
		if (strcmp((*at)->view, v->view) == 0)
			give_up(*at);
	}
	*at = v;
	v->given_up = h->values_over;
	pthread_cond_broadcast(&h->values_turn);
	while (!v->given_up && (h->values_busy || h->valuing != v))
		pthread_cond_wait(&h->values_turn, &h->values_lock);
	has_turn = !v->given_up;
	h->values_busy |= has_turn;
	pthread_mutex_unlock(&h->values_lock);
	return has_turn;
}

static void end_turn(struct hosting *h, struct valuing *v, bool had)
{
	struct valuing **at = &h->valuing;

	pthread_mutex_lock(&h->values_lock);
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	if (had)
		h->values_busy = false;
	pthread_cond_broadcast(&h->values_turn);
	pthread_mutex_unlock(&h->values_lock);
}

static bool is_given_up(struct hosting *h, const struct valuing *v)
{
	bool is;

	pthread_mutex_lock(&h->values_lock);
	is = v->given_up;
	pthread_mutex_unlock(&h->values_lock);
	return is;
}

void hosting_give_up(struct hosting *h, bool over)
{
	pthread_mutex_lock(&h->values_lock);
	h->values_over |= over;
	for (struct valuing *v = h->valuing; v; v = v->next)
		give_up(v);
	pthread_cond_broadcast(&h->values_turn);
	pthread_mutex_unlock(&h->values_lock);
}

void hosting_cancel(struct panel *p)
{
	hosting_give_up(p->ctx, true);
}

/* ---- frames ---- */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool has(const uint64_t *ids, size_t n, uint64_t id)
{
	while (n && ids[n - 1] != id)
		n--;
	return n > 0;
}

/* The frames that those of @v are dissected with, in order: all where these are few, as numbers of
 * streams are then the capture's; else those between the same hosts before, the newest first, and
 * of each frame its share of the room. */
static size_t choose(struct hosting *h, const struct values *v)
{
	uint64_t *ids = v->ids, first, head, asked[VALUES_FRAMES_MAX];
	size_t n = 0, unique = 0;

	rowfile_range(&h->rows, &first, &head);
	if (first == 1 && head - 1 <= HOSTING_VALUES_EACH) {
		for (; n + 1 < head; n++)
			ids[n] = n + 1;
		return n;
	}
	memcpy(asked, v->id, v->frames * sizeof(*asked));
	qsort(asked, v->frames, sizeof(*asked), by_number);
	for (unsigned i = v->frames; i-- > 0;) {
		uint64_t id = asked[i];
		size_t room = (HOSTING_VALUES_CONTEXT - n) / (i + 1);

		if (has(ids, n, id))
			continue;
		if (room > HOSTING_VALUES_EACH)
			room = HOSTING_VALUES_EACH;
		n += rowfile_pair(&h->rows, id,
				  id > HOSTING_VALUES_BACK ? id - HOSTING_VALUES_BACK : 1, 0,
				  ids + n, room);
		if (!has(ids, n, id))
			ids[n++] = id;
	}
	qsort(ids, n, sizeof(*ids), by_number);
	for (size_t i = 0; i < n; i++) {
		if (!unique || ids[unique - 1] != ids[i])
			ids[unique++] = ids[i];
	}
	return unique;
}

/* "frame.number in {3, 4}": those that are asked for. Return: how many they are */
static unsigned pick(const struct values *v, struct buf *filter)
{
	unsigned picked = 0;

	buf_puts(filter, VALUES_NUMBER " in {");
	for (size_t i = 0; i < v->count; i++) {
		if (has(v->id, v->frames, v->ids[i]))
			buf_printf(filter, "%s%zu", picked++ ? ", " : "", i + 1);
	}
	buf_puts(filter, "}");
	buf_putc(filter, '\0');
	return picked;
}

static bool ask_tshark(struct hosting *h, struct values *v, const struct waker *stop,
		       const char *file, struct err *err)
{
	const char *field[VALUES_FIELDS_MAX];
	unsigned fields = 0;
	struct inspector x;
	struct buf filter = {0}, json = {0};
	bool ok;

	/* Frames that have gone are no failure. */
	if (!pick(v, &filter)) {
		buf_done(&filter);
		return true;
	}
	for (unsigned i = 0; i < v->fields; i++) {
		if (v->field[i])
			field[fields++] = v->field[i];
	}
	inspector_open(&x, h->tshark.path, NULL, &h->dissect);
	inspector_load(&x, file);
	ok = inspector_values(&x, filter.p, field, fields, HOSTING_VALUES_NS, stop, &json, err) &&
	     values_read(v, json.p, json.n, err);
	inspector_close(&x);
	buf_done(&json);
	buf_done(&filter);
	return ok;
}

static bool find_values(struct hosting *h, struct session *s, struct values *v,
			const struct waker *stop, struct err *err)
{
	struct scratch scratch = {""};
	char path[HOSTING_PATH_MAX];
	bool ok;

	v->ids = malloc((HOSTING_VALUES_CONTEXT + VALUES_FRAMES_MAX) * sizeof(*v->ids));
	if (!v->ids) {
		err_set(err, EXIT_ENVIRONMENT, "out of memory");
		return false;
	}
	v->count = choose(h, v);
	ok = hosting_write(s, &scratch, v->ids, &v->count, path, err) &&
	     ask_tshark(h, v, stop, path, err);
	scratch_remove(&scratch);
	return ok;
}

/* ---- the request ---- */

static const struct field *find_field(const struct fields *known, const char *name)
{
	uint32_t n = 0;
	const struct field *f = values_name_ok(name) ? fields_complete(known, name, &n) : NULL;

	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(f[i].name, name) == 0)
			return &f[i];
	}
	return NULL;
}

/* Names that are of no field are NULL then, and told in @out. */
static bool check_fields(struct hosting *h, struct values *v, struct buf *out, struct err *err)
{
	const struct fields *known;
	bool first = true;

	pthread_mutex_lock(&h->check_lock);
	known = inspector_fields(&h->checker, err);
	for (unsigned i = 0; known && i < v->fields; i++) {
		const struct field *f = find_field(known, v->field[i]);

		v->numbers[i] = f && (strcmp(f->type, "FT_FRAMENUM") == 0 ||
				      strcmp(f->name, VALUES_NUMBER) == 0);
		if (f)
			continue;
		buf_puts(out, first ? "{\"field\":" : ",{\"field\":");
		buf_json(out, v->field[i], strlen(v->field[i]));
		buf_puts(out, ",\"why\":\"this tshark knows no field of that name\"}");
		v->field[i] = NULL;
		first = false;
	}
	pthread_mutex_unlock(&h->check_lock);
	return known != NULL;
}

static void take_frames(struct values *v, struct json_object *frames)
{
	size_t n = json_object_array_length(frames);

	for (size_t i = 0; i < n && i < VALUES_FRAMES_MAX; i++)
		v->id[v->frames++] = json_object_get_uint64(json_object_array_get_idx(frames, i));
}

static void take_fields(struct values *v, struct json_object *fields)
{
	size_t n = json_object_array_length(fields);

	for (size_t i = 0; i < n && i < VALUES_FIELDS_MAX; i++)
		v->field[v->fields++] =
			json_object_get_string(json_object_array_get_idx(fields, i));
}

/* With its turn. */
static bool answer(struct hosting *h, struct session *s, struct json_object *body,
		   const struct waker *stop, struct buf *out, struct err *err)
{
	struct values v = {.fields = 0};
	struct buf wrong = {0};
	bool ok;

	take_frames(&v, json_object_object_get(body, "frames"));
	take_fields(&v, json_object_object_get(body, "fields"));
	ok = check_fields(h, &v, &wrong, err);
	ok = ok && find_values(h, s, &v, stop, err);
	if (ok) {
		buf_puts(out, "{\"frames\":");
		values_put(&v, "the frame is no longer kept", out);
		buf_puts(out, ",\"wrong\":[");
		buf_put(out, wrong.p, wrong.n);
		buf_puts(out, "]}");
	}
	buf_done(&wrong);
	values_done(&v);
	return ok;
}

enum panel_result hosting_values(struct panel *p, struct json_object *body, struct buf *out,
				 struct err *err)
{
	struct hosting *h = p->ctx;
	struct valuing v = {.view = hosting_text(body, "view")};
	struct session *s;
	bool turn, ok, given_up;

	if (!h->tshark.found) {
		err_set(err, EXIT_ENVIRONMENT,
			"columns of fields need tshark, and there is none: install tshark");
		return PANEL_STATE;
	}
	if (waker_init(&v.stop)) {
		err_set(err, EXIT_ENVIRONMENT, "the descriptors have run out");
		return PANEL_FAILED;
	}
	s = hosting_hold(h);
	if (!s) {
		waker_done(&v.stop);
		return hosting_no_session(err);
	}
	turn = take_turn(h, &v);
	ok = turn && answer(h, s, body, &v.stop, out, err);
	given_up = !ok && is_given_up(h, &v);
	end_turn(h, &v, turn);
	hosting_let_go(h);
	waker_done(&v.stop);
	if (given_up)
		err_set(err, EXIT_USAGE,
			"given up: a newer question of the same view came, or the capture ends");
	return ok ? PANEL_OK : given_up ? PANEL_STATE : PANEL_FAILED;
}
