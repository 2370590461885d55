/* stats.h - frames and bytes by protocol, from the basic decode of every captured frame */
#ifndef SECVF_FANOUT_STATS_H
#define SECVF_FANOUT_STATS_H

#include <stdint.h>

#include "basic/basic.h"
#include "store/segment.h"

/* Rows kept; the last is for all protocols that come after. */
#define STATS_PROTOCOLS_MAX 64

struct stats_row {
	char name[24];
	uint64_t frames, bytes; /* bytes as on the wire, at most what an Ethernet link can carry */
};

struct stats {
	struct stats_row row[STATS_PROTOCOLS_MAX]; /* in order of appearance */
	unsigned rows;
	uint64_t frames, bytes;
	uint64_t first_ts_ns, last_ts_ns; /* least and greatest time stamp */
	uint64_t truncated, malformed, fragments;
};

/** stats_add() - Count one frame. Zero the struct to start */
void stats_add(struct stats *s, const struct packet_view *f, const struct basic *b);

#endif
