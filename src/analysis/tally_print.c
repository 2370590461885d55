/* tally_print.c - statistics as JSON and CSV */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/tally_private.h"
#include "base/safe.h"

void tally_line_make(struct tally_line *l, enum tally_section section, const struct tally_row *row)
{
	l->key.n = l->filter.n = l->unlike.n = 0;
	tally_key_text(section, row, &l->key);
	tally_filter(section, row, &l->filter);
	tally_filter_not(&l->filter, &l->unlike);
	l->name = tally_key_name(section, row);
}

void tally_line_done(struct tally_line *l, struct buf *out)
{
	out->failed |= l->key.failed || l->filter.failed || l->unlike.failed;
	buf_done(&l->key);
	buf_done(&l->filter);
	buf_done(&l->unlike);
}

bool tally_has_directions(enum tally_section section)
{
	return section == TALLY_ENDPOINT || section == TALLY_CONVERSATION;
}

/* Filters of what is no table: a kind of transport, a range of lengths, seconds. */

static void length_filter(unsigned i, struct buf *out)
{
	uint32_t least, most;

	tally_length_range(i, &least, &most);
	if (most == UINT32_MAX)
		buf_printf(out, "frame.len >= %" PRIu32, least);
	else
		buf_printf(out, "frame.len >= %" PRIu32 " && frame.len <= %" PRIu32, least, most);
}

static void length_key(unsigned i, struct buf *out)
{
	uint32_t least, most;

	tally_length_range(i, &least, &most);
	if (most == UINT32_MAX)
		buf_printf(out, "%" PRIu32 " and greater", least);
	else
		buf_printf(out, "%" PRIu32 "-%" PRIu32, least, most);
}

static void bucket_filter(const struct tally_bucket *b, struct buf *out)
{
	buf_printf(out, "frame.time_epoch >= %" PRIu64 " && frame.time_epoch < %" PRIu64, b->from_s,
		   b->to_s);
}

bool tally_plain(const struct tally *t, unsigned i, const char **section, struct tally_line *l,
		 uint64_t *frames, uint64_t *bytes)
{
	const struct tally_amount *transport = i == 0 ? &t->tcp : &t->udp;

	l->key.n = l->filter.n = l->unlike.n = 0;
	l->name = "";
	if (i < 2) {
		*section = "transport";
		buf_puts(&l->key, i == 0 ? "tcp" : "udp");
		buf_puts(&l->filter, i == 0 ? "tcp" : "udp");
		*frames = transport->n[TALLY_FRAMES];
		*bytes = transport->n[TALLY_BYTES];
	} else if (i < 2 + TALLY_LENGTHS) {
		*section = "lengths";
		length_key(i - 2, &l->key);
		length_filter(i - 2, &l->filter);
		*frames = t->length[i - 2].frames;
		*bytes = t->length[i - 2].bytes;
	} else if (i - 2 - TALLY_LENGTHS < t->rate.n) {
		const struct tally_bucket *b = &t->rate.bucket[i - 2 - TALLY_LENGTHS];

		*section = "rates";
		buf_printf(&l->key, "%" PRIu64 "-%" PRIu64, b->from_s, b->to_s);
		bucket_filter(b, &l->filter);
		*frames = b->frames;
		*bytes = b->bytes;
	} else {
		return false;
	}
	if (i < 2)
		buf_printf(&l->unlike, "!%s", i == 0 ? "tcp" : "udp");
	else
		tally_filter_not(&l->filter, &l->unlike);
	return true;
}

/* ---- JSON ---- */

static void json_filters(const struct tally_line *l, struct buf *out)
{
	if (!l->filter.n) {
		buf_puts(out, ",\"filter\":null,\"exclude\":null}");
		return;
	}
	buf_puts(out, ",\"filter\":");
	buf_json(out, l->filter.p, l->filter.n);
	buf_puts(out, ",\"exclude\":");
	buf_json(out, l->unlike.p, l->unlike.n);
	buf_putc(out, '}');
}

static void json_row(enum tally_section section, const struct tally_row *row, struct tally_line *l,
		     struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);

	tally_line_make(l, section, row);
	buf_puts(out, "{\"key\":");
	buf_json(out, l->key.p ? l->key.p : "", l->key.n);
	if (l->name[0])
		buf_printf(out, ",\"name\":\"%s\"", l->name);
	buf_printf(out, ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64, row->n[TALLY_FRAMES],
		   row->n[TALLY_BYTES]);
	if (tally_has_directions(section))
		buf_printf(out,
			   ",\"out_frames\":%" PRIu64 ",\"out_bytes\":%" PRIu64
			   ",\"in_frames\":%" PRIu64 ",\"in_bytes\":%" PRIu64,
			   row->n[TALLY_OUT_FRAMES], row->n[TALLY_OUT_BYTES],
			   row->n[TALLY_IN_FRAMES], row->n[TALLY_IN_BYTES]);
	else if (k->values)
		buf_printf(out, ",\"values\":%" PRIu64, row->n[TALLY_VALUES]);
	if (row->error)
		buf_printf(out, ",\"error\":%" PRIu64, row->error);
	json_filters(l, out);
}

static void json_table(const struct tally *t, enum tally_section section, size_t top,
		       struct buf *out)
{
	const struct tally_table *table = &t->table[section];
	struct tally_row *rows = NULL;
	struct tally_line l = {0};
	bool estimated;
	uint64_t distinct = tally_table_distinct(table, &estimated);
	size_t n = 0;

	if (tally_kind(section)->key != TALLY_KEY_STREAM)
		n = tally_table_top(table, top, &rows);
	buf_printf(out,
		   ",\n\"%s\":{\"distinct\":%" PRIu64
		   ",\"estimated\":%s,\"error_unit\":\"%s\",\"error_max\":%" PRIu64
		   ",\"lost\":%" PRIu64 ",\"rows\":[",
		   tally_section_name(section), distinct, estimated ? "true" : "false",
		   table->by == TALLY_BYTES ? "bytes" : "frames", table->taken, table->lost);
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? ",\n " : "\n ");
		json_row(section, &rows[i], &l, out);
	}
	buf_puts(out, "]}");
	free(rows);
	tally_line_done(&l, out);
}

void tally_print_json(const struct tally *t, size_t top, struct buf *out)
{
	const char *section, *open = "";
	struct tally_line l = {0};
	uint64_t frames, bytes;

	buf_printf(out,
		   "{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"decoded\":%" PRIu64
		   ",\"basic\":%" PRIu64 ",\"cut\":%" PRIu64,
		   t->frames, t->bytes, t->decoded, t->frames - t->decoded, t->cut);
	for (unsigned i = 0; tally_plain(t, i, &section, &l, &frames, &bytes); i++) {
		bool more = strcmp(open, section) == 0;

		if (!more)
			buf_printf(out, "%s,\n\"%s\":[\n ", open[0] ? "]" : "", section);
		open = section;
		buf_puts(out, more ? ",\n {\"key\":" : "{\"key\":");
		buf_json(out, l.key.p, l.key.n);
		buf_printf(out, ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64, frames, bytes);
		json_filters(&l, out);
	}
	buf_puts(out, t->rate.n ? "]" : "],\n\"rates\":[]");
	tally_line_done(&l, out);
	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		json_table(t, (enum tally_section)i, top, out);
	buf_puts(out, "}\n");
}

/* ---- CSV ---- */

static void csv_text(const struct buf *text, struct buf *out)
{
	struct buf shown = {0};
	unsigned columns;

	/* Nor does a file that is looked at drive the terminal. */
	safe_put(&shown, text->p, text->n, UINT_MAX, &columns);
	buf_putc(out, '"');
	for (size_t i = 0; i < shown.n; i++) {
		if (shown.p[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, shown.p[i]);
	}
	buf_putc(out, '"');
	out->failed |= shown.failed;
	buf_done(&shown);
}

static void csv_line(const char *section, const struct tally_line *l,
		     const uint64_t n[TALLY_COUNTS], bool values, bool directions, uint64_t error,
		     struct buf *out)
{
	buf_printf(out, "%s,", section);
	csv_text(&l->key, out);
	buf_printf(out, ",%s,%" PRIu64 ",%" PRIu64 ",", l->name, n[TALLY_FRAMES], n[TALLY_BYTES]);
	if (values)
		buf_printf(out, "%" PRIu64, n[TALLY_VALUES]);
	if (directions)
		buf_printf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
			   n[TALLY_OUT_FRAMES], n[TALLY_OUT_BYTES], n[TALLY_IN_FRAMES],
			   n[TALLY_IN_BYTES]);
	else
		buf_puts(out, ",,,,,");
	buf_printf(out, "%" PRIu64 ",", error);
	csv_text(&l->filter, out);
	buf_putc(out, ',');
	csv_text(&l->unlike, out);
	buf_puts(out, "\r\n");
}

static void csv_table(const struct tally *t, enum tally_section section, size_t top,
		      struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);
	const struct tally_table *table = &t->table[section];
	struct tally_row *rows;
	struct tally_line l = {0};
	size_t n;

	if (k->key == TALLY_KEY_STREAM) {
		bool estimated;
		uint64_t count[TALLY_COUNTS] = {0};

		/* A line with no frames of its own: how many there were. */
		count[TALLY_VALUES] = tally_table_distinct(table, &estimated);
		buf_puts(&l.key, "distinct");
		l.name = estimated ? "estimated" : "";
		csv_line(k->name, &l, count, true, false, 0, out);
		tally_line_done(&l, out);
		return;
	}
	n = tally_table_top(table, top, &rows);
	for (size_t i = 0; i < n; i++) {
		tally_line_make(&l, section, &rows[i]);
		csv_line(k->name, &l, rows[i].n, k->values != NULL, tally_has_directions(section),
			 rows[i].error, out);
	}
	free(rows);
	tally_line_done(&l, out);
}

void tally_print_csv(const struct tally *t, size_t top, struct buf *out)
{
	uint64_t n[TALLY_COUNTS] = {0};
	struct tally_line l = {.name = ""};
	const char *section;

	buf_puts(out, "section,key,name,frames,bytes,values,out_frames,out_bytes,in_frames,"
		      "in_bytes,error,filter,exclude\r\n");
	n[TALLY_FRAMES] = t->frames;
	n[TALLY_BYTES] = t->bytes;
	buf_puts(&l.key, "all");
	csv_line("frames", &l, n, false, false, 0, out);
	for (unsigned i = 0; tally_plain(t, i, &section, &l, &n[TALLY_FRAMES], &n[TALLY_BYTES]);
	     i++)
		csv_line(section, &l, n, false, false, 0, out);
	tally_line_done(&l, out);
	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		csv_table(t, (enum tally_section)i, top, out);
}
