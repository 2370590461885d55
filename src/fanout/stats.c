/* stats.c - protocols counted */
#include "fanout/stats.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

static struct stats_row *row_of(struct stats *s, const char *name)
{
	for (unsigned i = 0; i < s->rows; i++) {
		if (strcmp(s->row[i].name, name) == 0)
			return &s->row[i];
	}
	if (s->rows < STATS_PROTOCOLS_MAX - 1) {
		snprintf(s->row[s->rows].name, sizeof(s->row[0].name), "%s", name);
		return &s->row[s->rows++];
	}
	if (s->rows < STATS_PROTOCOLS_MAX)
		snprintf(s->row[s->rows++].name, sizeof(s->row[0].name), "other");
	return &s->row[STATS_PROTOCOLS_MAX - 1];
}

void stats_add(struct stats *s, const struct packet_view *f, const struct basic *b)
{
	char scratch[8];
	struct stats_row *row = row_of(s, basic_protocol(b, scratch));
	/* A hostile file may claim any length on the wire; what was captured is what is counted
	 * then. */
	uint64_t bytes = f->len <= FRAME_BYTES_MAX ? f->len : f->caplen;

	row->frames++;
	row->bytes += bytes;
	if (!s->frames || f->ts_ns < s->first_ts_ns)
		s->first_ts_ns = f->ts_ns;
	if (!s->frames || f->ts_ns > s->last_ts_ns)
		s->last_ts_ns = f->ts_ns;
	s->frames++;
	s->bytes += bytes;
	s->truncated += (b->flags & BASIC_TRUNCATED) != 0;
	s->malformed += (b->flags & BASIC_MALFORMED) != 0;
	s->fragments += (b->flags & BASIC_FRAGMENT) != 0;
}
