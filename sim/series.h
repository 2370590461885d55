/* series.h - what a load did over time, in rows for a program and drawn for a person
 *
 * Theory of operation: rows come at even distances. There is room for SERIES_ROWS_MAX; when it is
 * used up, two neighbours become one, and from then on as many as are needed go together, so that
 * memory is bounded and nothing is lost but detail. Counters are totals so far, and the last of
 * those that go together stands; of gauges it is the greatest.
 */
#ifndef SECVF_SIM_SERIES_H
#define SECVF_SIM_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* At ten a second: over an hour before any go together, in 4 MiB. */
#define SERIES_ROWS_MAX 65536u

/* Points of a drawn line: one each pixel or so. */
#define SERIES_POINTS_MAX 800u

struct series_row {
	uint64_t t_ns;	      /* since the start */
	uint64_t asked_milli; /* thousandths of a frame a second; 0: not a rate */
	uint64_t frames;      /* sent so far */
	uint64_t queue;	      /* frames between switch and capture, now */
	uint64_t in_flight;   /* captured frames that wait for their decode, now */
	uint64_t dropped;     /* frames so far, that were not captured, or not sent */
	uint64_t skipped;     /* frames so far, that were captured and not decoded */
	uint64_t latency_ns;  /* the greatest since the last row; 0: none measured */
};

/** struct series - Zero it to start */
struct series {
	struct series_row *rows;
	size_t count, cap;
	unsigned together; /* rows that go into one, from now on; 0: 1 */
	unsigned pending;  /* of them, in the last row */
	bool failed;	   /* memory ran out; the rows so far stand */
};

/** series_add() - Add a row */
void series_add(struct series *s, const struct series_row *row);

/** series_done() - Free */
void series_done(struct series *s);

/** series_csv() - A header and a line a row: docs/load.md has the columns */
void series_csv(const struct series *s, struct buf *out);

/**
 * series_svg() - Panels over one time: rate, queue, frames in flight, losses, latency; one that is
 * zero throughout is left out, but for rate and losses
 * @title:    What ran; any bytes
 * @latency:  What the latency is that of
 *
 * One file that needs no other, and no program but a viewer.
 */
void series_svg(const struct series *s, const char *title, const char *latency, struct buf *out);

#endif
