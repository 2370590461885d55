/* svg.h - what drawings share: a page, texts, axes with round steps
 *
 * Source: SVG 1.1. A drawing is one file that needs no other, and no program but a viewer. Text is
 * escaped here, so a title may be any bytes.
 */
#ifndef SECVF_BASE_SVG_H
#define SECVF_BASE_SVG_H

#include "base/buf.h"

/* Classes of the page's style: grid, line; end and middle (of texts, where they are anchored),
 * name, title. */

/** svg_begin() - The page, white, with its style; sizes in pixels. svg_end() ends it */
void svg_begin(struct buf *out, int width, int height);
void svg_end(struct buf *out);

/** svg_text() - @how: attributes, or ""; @text: any bytes */
void svg_text(struct buf *out, double x, double y, const char *how, const char *text);

/** svg_label() - 12345678 as "12.3457M", so that a number fits its place; @n: bytes at @text */
void svg_label(char *text, size_t n, double v);

/** svg_step() - The least of 1, 2, 5, 10, ... times a power of ten that makes no more than @most
 * steps of @range, above 0 */
double svg_step(double range, unsigned most);

/** svg_steps() - Whole steps of a range, though one that is a multiple may come out as slightly
 * less */
int svg_steps(double range, double step);

#endif
