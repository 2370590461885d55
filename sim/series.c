/* series.c - rows, CSV and SVG */
#include "series.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/svg.h"

/* ---- rows ---- */

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* @later follows @row, and the two become one. */
static void join(struct series_row *row, const struct series_row *later)
{
	uint64_t queue = greater(row->queue, later->queue);
	uint64_t in_flight = greater(row->in_flight, later->in_flight);
	uint64_t latency_ns = greater(row->latency_ns, later->latency_ns);

	*row = *later;
	row->queue = queue;
	row->in_flight = in_flight;
	row->latency_ns = latency_ns;
}

/* Two neighbours become one. */
static void halve(struct series *s)
{
	size_t kept = s->count / 2;

	for (size_t i = 0; i < kept; i++) {
		struct series_row row = s->rows[2 * i];

		join(&row, &s->rows[2 * i + 1]);
		s->rows[i] = row;
	}
	s->count = kept;
	s->together *= 2;
}

static bool grow(struct series *s)
{
	size_t cap = s->cap ? s->cap * 2 : 256;
	struct series_row *rows = realloc(s->rows, cap * sizeof(*rows));

	if (!rows) {
		s->failed = true;
		return false;
	}
	s->rows = rows;
	s->cap = cap;
	return true;
}

void series_add(struct series *s, const struct series_row *row)
{
	if (s->failed)
		return;
	if (!s->together)
		s->together = 1;
	if (s->pending && s->pending < s->together) {
		join(&s->rows[s->count - 1], row);
		s->pending++;
		return;
	}
	if (s->count == SERIES_ROWS_MAX)
		halve(s);
	if (s->count == s->cap && !grow(s))
		return;
	s->rows[s->count++] = *row;
	s->pending = 1;
}

void series_done(struct series *s)
{
	free(s->rows);
	memset(s, 0, sizeof(*s));
}

/* Frames a second between two rows. */
static double per_second(uint64_t from, uint64_t to, uint64_t ns)
{
	return ns && to > from ? (double)(to - from) * 1e9 / (double)ns : 0;
}

void series_csv(const struct series *s, struct buf *out)
{
	struct series_row last = {0};

	buf_puts(out, "seconds,asked_per_s,sent_per_s,sent,queue,in_flight,dropped,skipped,"
		      "latency_ms\n");
	for (size_t i = 0; i < s->count; i++) {
		const struct series_row *r = &s->rows[i];

		buf_printf(out, "%.3f,", (double)r->t_ns / 1e9);
		if (r->asked_milli)
			buf_printf(out, "%.3f", (double)r->asked_milli / 1e3);
		buf_printf(out,
			   ",%.1f,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
			   per_second(last.frames, r->frames, r->t_ns - last.t_ns), r->frames,
			   r->queue, r->in_flight, r->dropped, r->skipped);
		if (r->latency_ns)
			buf_printf(out, "%.6f", (double)r->latency_ns / 1e6);
		buf_putc(out, '\n');
		last = *r;
	}
}

/* ---- drawn ---- */

#define WIDTH	  960
#define LEFT	  96
#define RIGHT	  24
#define TOP	  52
#define PANEL	  150
#define GAP	  44
#define PANELS	  5
#define LINES_MAX 2

enum line_what {
	LINE_ASKED,
	LINE_SENT,
	LINE_QUEUE,
	LINE_IN_FLIGHT,
	LINE_DROPPED,
	LINE_SKIPPED,
	LINE_LATENCY
};

struct line {
	enum line_what what;
	const char *name, *color, *dash;
};

struct panel {
	const char *title;
	struct line lines[LINES_MAX];
	unsigned count;
	bool always; /* drawn even if it is zero throughout */
};

/* Some rows together, as drawn at one place. */
struct point {
	double seconds, value[LINE_LATENCY + 1];
};

static size_t points(const struct series *s, struct point *out)
{
	size_t stride = (s->count + SERIES_POINTS_MAX - 1) / SERIES_POINTS_MAX;
	struct series_row last = {0};
	size_t n = 0;

	for (size_t i = 0; i < s->count; i += stride) {
		struct series_row row = s->rows[i];
		uint64_t ns;

		for (size_t k = i + 1; k < i + stride && k < s->count; k++)
			join(&row, &s->rows[k]);
		ns = row.t_ns - last.t_ns;
		out[n++] = (struct point){
			.seconds = (double)row.t_ns / 1e9,
			.value = {[LINE_ASKED] = (double)row.asked_milli / 1e3,
				  [LINE_SENT] = per_second(last.frames, row.frames, ns),
				  [LINE_QUEUE] = (double)row.queue,
				  [LINE_IN_FLIGHT] = (double)row.in_flight,
				  [LINE_DROPPED] = per_second(last.dropped, row.dropped, ns),
				  [LINE_SKIPPED] = per_second(last.skipped, row.skipped, ns),
				  [LINE_LATENCY] = (double)row.latency_ns / 1e6}};
		last = row;
	}
	return n;
}

/* Where things are in one panel. */
struct frame_of {
	double y, seconds, top; /* the panel's upper edge; the ends of both axes */
};

static double x_of(const struct frame_of *f, double seconds)
{
	return LEFT + seconds / f->seconds * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct frame_of *f, double value)
{
	return f->y + PANEL - value / f->top * PANEL;
}

static void put_axes(struct buf *out, const struct frame_of *f)
{
	double step = svg_step(f->top, 5);
	char text[32];

	for (int i = 0; i <= svg_steps(f->top, step); i++) {
		double v = i * step;

		buf_printf(out, "<path d=\"M%d %.1fH%d\" class=\"grid\"/>\n", LEFT, y_of(f, v),
			   WIDTH - RIGHT);
		svg_label(text, sizeof(text), v);
		svg_text(out, LEFT - 8, y_of(f, v) + 4, "class=\"end\"", text);
	}
	step = svg_step(f->seconds, 12);
	for (int i = 0; i <= svg_steps(f->seconds, step); i++) {
		double t = i * step;

		buf_printf(out, "<path d=\"M%.1f %.1fv%d\" class=\"grid\"/>\n", x_of(f, t), f->y,
			   PANEL);
		snprintf(text, sizeof(text), "%g s", t);
		svg_text(out, x_of(f, t), f->y + PANEL + 15, "class=\"middle\"", text);
	}
}

/* Nothing asked for and nothing measured are no values: the line has a gap there. */
static bool is_gap(enum line_what what, double value)
{
	return (what == LINE_ASKED || what == LINE_LATENCY) && value <= 0;
}

static void put_stroke(struct buf *out, const struct line *line)
{
	buf_printf(out, "class=\"line\" stroke=\"%s\"", line->color);
	if (line->dash)
		buf_printf(out, " stroke-dasharray=\"%s\"", line->dash);
}

static void put_line(struct buf *out, const struct frame_of *f, const struct line *line,
		     const struct point *p, size_t n)
{
	bool down = false;

	buf_puts(out, "<path ");
	put_stroke(out, line);
	buf_puts(out, " d=\"");
	for (size_t i = 0; i < n; i++) {
		double value = p[i].value[line->what];

		if (is_gap(line->what, value)) {
			down = false;
			continue;
		}
		/* A point between two gaps is seen by its round ends. */
		buf_printf(out, "%c%.1f,%.1f%s", down ? 'L' : 'M', x_of(f, p[i].seconds),
			   y_of(f, value), down ? "" : "h0");
		down = true;
	}
	buf_puts(out, "\"/>\n");
}

static double greatest(const struct panel *panel, const struct point *p, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		for (unsigned k = 0; k < panel->count; k++)
			most = fmax(most, p[i].value[panel->lines[k].what]);
	}
	return most;
}

static void put_panel(struct buf *out, const struct panel *panel, unsigned index,
		      const struct point *p, size_t n)
{
	struct frame_of f = {.y = TOP + index * (PANEL + GAP) + 16, .seconds = p[n - 1].seconds};
	double x = WIDTH - RIGHT, most = greatest(panel, p, n);

	f.seconds = fmax(f.seconds, 1e-3);
	f.top = most > 0 ? most * 1.05 : 1;
	svg_text(out, LEFT, f.y - 7, "class=\"name\"", panel->title);
	put_axes(out, &f);
	for (unsigned k = 0; k < panel->count; k++) {
		const struct line *line = &panel->lines[k];

		put_line(out, &f, line, p, n);
		if (panel->count == 1)
			continue;
		/* From the right, each as wide as its name at 12 pixels asks for. */
		svg_text(out, x, f.y - 7, "class=\"end\"", line->name);
		x -= (double)strlen(line->name) * 7 + 26;
		buf_puts(out, "<path ");
		put_stroke(out, line);
		buf_printf(out, " d=\"M%.1f %.1fh22\"/>\n", x, f.y - 11);
		x -= 20;
	}
}

void series_svg(const struct series *s, const char *title, const char *latency, struct buf *out)
{
	const struct panel all[PANELS] = {
		{.title = "Rate (frames/s)",
		 .lines = {{LINE_SENT, "sent", "#1f6fb4", NULL},
			   {LINE_ASKED, "asked", "#d1690e", "6 4"}},
		 .count = 2,
		 .always = true},
		{.title = "Queue between switch and capture (frames)",
		 .lines = {{LINE_QUEUE, "", "#5b4ba8", NULL}},
		 .count = 1},
		{.title = "Captured, waiting for their decode (frames)",
		 .lines = {{LINE_IN_FLIGHT, "", "#5b4ba8", NULL}},
		 .count = 1},
		{.title = "Lost (frames/s)",
		 .lines = {{LINE_DROPPED, "dropped", "#b3202c", NULL},
			   {LINE_SKIPPED, "not decoded", "#c99a00", "2 3"}},
		 .count = 2,
		 .always = true},
		{.title = latency, .lines = {{LINE_LATENCY, "", "#1b7f5c", NULL}}, .count = 1},
	};
	struct point *p = calloc(SERIES_POINTS_MAX, sizeof(*p));
	size_t n = p ? points(s, p) : 0;
	const struct panel *shown[PANELS];
	unsigned count = 0;
	int height;

	for (unsigned i = 0; i < PANELS; i++) {
		if (all[i].always || (n && greatest(&all[i], p, n) > 0))
			shown[count++] = &all[i];
	}
	height = TOP + (int)count * (PANEL + GAP) + 16;
	out->failed |= !p;
	svg_begin(out, WIDTH, height);
	svg_text(out, LEFT, 28, "class=\"title\"", title);
	for (unsigned i = 0; i < count && n; i++)
		put_panel(out, shown[i], i, p, n);
	if (!n)
		svg_text(out, LEFT, TOP + 40, "", "nothing was sampled: the run was too short");
	svg_end(out);
	free(p);
}
