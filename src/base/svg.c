/* svg.c - pages, texts and round steps */
#include "base/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void svg_begin(struct buf *out, int width, int height)
{
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		   "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
		   "<style>.grid{stroke:#ddd}.line{fill:none;stroke-width:1.6;stroke-linecap:round;"
		   "stroke-linejoin:round}.end{text-anchor:end}.middle{text-anchor:middle}"
		   ".name{font-weight:bold}.title{font-size:16px}</style>\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		   width, height, width, height);
}

void svg_end(struct buf *out)
{
	buf_puts(out, "</svg>\n");
}

static void put_escaped(struct buf *out, const char *text)
{
	for (size_t n = strlen(text), at = 0; at < n;) {
		uint32_t cp;
		size_t step = utf8_next(text + at, n - at, &cp);

		if (cp == UINT32_MAX || cp < 0x20)
			buf_putc(out, '?');
		else if (cp == '&')
			buf_puts(out, "&amp;");
		else if (cp == '<')
			buf_puts(out, "&lt;");
		else if (cp == '>')
			buf_puts(out, "&gt;");
		else
			buf_put(out, text + at, step);
		at += step;
	}
}

void svg_text(struct buf *out, double x, double y, const char *how, const char *text)
{
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, how);
	put_escaped(out, text);
	buf_puts(out, "</text>\n");
}

void svg_label(char *text, size_t n, double v)
{
	if (v >= 1e6)
		snprintf(text, n, "%gM", v / 1e6);
	else if (v >= 1e4)
		snprintf(text, n, "%gk", v / 1e3);
	else
		snprintf(text, n, "%g", v);
}

double svg_step(double range, unsigned most)
{
	double unit = pow(10, floor(log10(range / most)));

	for (int i = 0;; i++) {
		static const double factors[] = {1, 2, 5, 10, 20};

		if (i == 4 || range / (unit * factors[i]) <= most)
			return unit * factors[i];
	}
}

int svg_steps(double range, double step)
{
	return (int)(range / step * 1.0001);
}
