/* chart.c - bars and lines */
#include "cli/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/svg.h"

#define WIDTH 960
#define LEFT  190
#define RIGHT 290
#define TOP   52

/* ---- bars ---- */

#define BAR   20
#define SPACE 40 /* above each group: its title */

static double greatest_bar(const struct chart_group *g)
{
	double most = 0;

	for (unsigned i = 0; i < g->bars; i++)
		most = fmax(most, g->bar[i].value);
	return most > 0 ? most : 1;
}

static double put_group(struct buf *out, const struct chart_group *g, double y)
{
	double most = greatest_bar(g);

	svg_text(out, LEFT, y + SPACE - 12, "class=\"name\"", g->title);
	y += SPACE;
	for (unsigned i = 0; i < g->bars; i++, y += BAR) {
		const struct chart_bar *b = &g->bar[i];
		double length = b->value / most * (WIDTH - LEFT - RIGHT);

		svg_text(out, LEFT - 8, y + 13, "class=\"end\"", b->name);
		buf_printf(out, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" ", LEFT, y,
			   fmax(length, 0), BAR - 5);
		buf_printf(out, "fill=\"%s\"/>\n", i ? "#b9c4cf" : "#1f6fb4");
		svg_text(out, LEFT + fmax(length, 0) + 8, y + 13, "", b->text);
	}
	return y;
}

void chart_bars(struct buf *out, const char *title, const struct chart_group *group, unsigned n)
{
	double y = TOP - 12;
	int height = TOP + 12;

	for (unsigned i = 0; i < n; i++)
		height += SPACE + (int)group[i].bars * BAR;
	svg_begin(out, WIDTH, height);
	svg_text(out, 24, 28, "class=\"title\"", title);
	for (unsigned i = 0; i < n; i++)
		y = put_group(out, &group[i], y);
	svg_end(out);
}

/* ---- lines ---- */

#define PANEL	 180
#define GAP	 62
#define LINE_END (WIDTH - 210) /* names stand behind it */
#define LINE_AT	 90

struct place {
	double y, from, to, top; /* upper edge; ends of x; end of y */
};

static double x_of(const struct place *p, double x)
{
	double range = log(p->to / p->from);

	return range > 0 ? LINE_AT + log(x / p->from) / range * (LINE_END - LINE_AT) : LINE_AT;
}

static double y_of(const struct place *p, double y)
{
	return p->y + PANEL - y / p->top * PANEL;
}

static struct place place_of(const struct chart_panel *panel, double y)
{
	struct place p = {.y = y, .from = INFINITY, .to = 0, .top = 0};

	for (unsigned i = 0; i < panel->lines; i++) {
		const struct chart_line *line = &panel->line[i];

		for (unsigned k = 0; k < line->points; k++) {
			p.from = fmin(p.from, line->x[k]);
			p.to = fmax(p.to, line->x[k]);
			p.top = fmax(p.top, line->y[k]);
		}
	}
	p.top = p.top > 0 ? p.top * 1.05 : 1;
	return p;
}

/* A tick at each point of the first line: what was measured. */
static void put_axes(struct buf *out, const struct chart_panel *panel, const struct place *p)
{
	double step = svg_step(p->top, 5);
	char text[32];

	for (int i = 0; i <= svg_steps(p->top, step); i++) {
		buf_printf(out, "<path d=\"M%d %.1fH%d\" class=\"grid\"/>\n", LINE_AT,
			   y_of(p, i * step), LINE_END);
		svg_label(text, sizeof(text), i * step);
		svg_text(out, LINE_AT - 8, y_of(p, i * step) + 4, "class=\"end\"", text);
	}
	for (unsigned k = 0; panel->lines && k < panel->line[0].points; k++) {
		double x = x_of(p, panel->line[0].x[k]);

		buf_printf(out, "<path d=\"M%.1f %.1fv%d\" class=\"grid\"/>\n", x, p->y, PANEL);
		svg_label(text, sizeof(text), panel->line[0].x[k]);
		svg_text(out, x, p->y + PANEL + 15, "class=\"middle\"", text);
	}
	svg_text(out, LINE_END + 28, p->y + PANEL + 15, "", panel->unit);
}

static void put_line(struct buf *out, const struct chart_line *line, const struct place *p,
		     const char *color)
{
	if (line->dots) {
		for (unsigned k = 0; k < line->points; k++)
			buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n",
				   x_of(p, line->x[k]), y_of(p, line->y[k]), color);
		return;
	}
	buf_printf(out, "<path class=\"line\" stroke=\"%s\" d=\"", color);
	for (unsigned k = 0; k < line->points; k++)
		buf_printf(out, "%c%.1f,%.1f", k ? 'L' : 'M', x_of(p, line->x[k]),
			   y_of(p, line->y[k]));
	buf_puts(out, line->points ? "\"/>\n" : "M0,0\"/>\n");
}

static void put_panel(struct buf *out, const struct chart_panel *panel, double y)
{
	static const char *const colors[CHART_LINES_MAX] = {"#1f6fb4", "#d1690e", "#1b7f5c",
							    "#5b4ba8", "#b3202c", "#c99a00",
							    "#555555", "#00808f"};
	struct place p = place_of(panel, y);

	svg_text(out, LINE_AT, y - 10, "class=\"name\"", panel->title);
	if (!isfinite(p.from) || p.from <= 0)
		return;
	put_axes(out, panel, &p);
	for (unsigned i = 0; i < panel->lines; i++) {
		char how[40];

		put_line(out, &panel->line[i], &p, colors[i]);
		snprintf(how, sizeof(how), "fill=\"%s\"", colors[i]);
		svg_text(out, LINE_END + 12, y + 12 + i * 16, how, panel->line[i].name);
	}
}

void chart_lines(struct buf *out, const char *title, const struct chart_panel *panel, unsigned n)
{
	svg_begin(out, WIDTH, TOP + (int)n * (PANEL + GAP) + 8);
	svg_text(out, 24, 28, "class=\"title\"", title);
	for (unsigned i = 0; i < n; i++)
		put_panel(out, &panel[i], TOP + 22 + i * (PANEL + GAP));
	svg_end(out);
}
