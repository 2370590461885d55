/* chart.h - results drawn as bars or as lines, in SVG */
#ifndef SECVF_CLI_CHART_H
#define SECVF_CLI_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define CHART_POINTS_MAX 16u
#define CHART_LINES_MAX	 8u

struct chart_bar {
	const char *name; /* any bytes */
	double value;	  /* 0: none, and @text says why */
	char text[96];	  /* beside it */
};

/** struct chart_group - Bars that are drawn to one scale; the first is the one that matters */
struct chart_group {
	const char *title;
	const struct chart_bar *bar;
	unsigned bars;
};

/** chart_bars() - A page of groups, one under the other */
void chart_bars(struct buf *out, const char *title, const struct chart_group *group, unsigned n);

struct chart_line {
	const char *name;
	bool dots; /* no line: a mark at each point */
	double x[CHART_POINTS_MAX], y[CHART_POINTS_MAX];
	unsigned points;
};

/** struct chart_panel - Lines over one axis, which is logarithmic; x above 0 */
struct chart_panel {
	const char *title, *unit; /* of x */
	struct chart_line line[CHART_LINES_MAX];
	unsigned lines;
};

/** chart_lines() - A page of panels, one under the other */
void chart_lines(struct buf *out, const char *title, const struct chart_panel *panel, unsigned n);

#endif
