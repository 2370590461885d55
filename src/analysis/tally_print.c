/* tally_print.c - statistics as text, JSON and CSV */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/tally_private.h"
#include "base/safe.h"

/* Widths of the text. */
#define KEY_COLUMNS 40u

/* One row with all that is printed of it. */
struct line {
	struct buf key, filter, unlike;
	const char *name;
};

static void line_make(struct line *l, enum tally_section section, const struct tally_row *row)
{
	l->key.n = l->filter.n = l->unlike.n = 0;
	tally_key_text(section, row, &l->key);
	tally_filter(section, row, &l->filter);
	tally_filter_not(&l->filter, &l->unlike);
	l->name = tally_key_name(section, row);
}

static void line_done(struct line *l, struct buf *out)
{
	out->failed |= l->key.failed || l->filter.failed || l->unlike.failed;
	buf_done(&l->key);
	buf_done(&l->filter);
	buf_done(&l->unlike);
}

static bool has_directions(enum tally_section section)
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

/* What is not tables, as lines of an unnamed table. Return: false at the end */
static bool plain_line(const struct tally *t, unsigned i, const char **section, struct line *l,
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

/* ---- text ---- */

static void put_safe(struct buf *out, const char *s, size_t n, unsigned most, unsigned pad)
{
	unsigned columns = 0;

	safe_put(out, s, n, most, &columns);
	while (columns++ < pad)
		buf_putc(out, ' ');
}

static void text_error(const struct tally_table *t, struct buf *out)
{
	bool estimated;
	uint64_t n = tally_table_distinct(t, &estimated);

	buf_printf(out, "%s%" PRIu64 " different", estimated ? "about " : "", n);
	if (estimated)
		buf_printf(out,
			   " (standard error 0.81 %%); a row may be short by the %s in its column "
			   "'error', a key that is not shown by at most %" PRIu64,
			   t->by == TALLY_BYTES ? "bytes" : "frames", t->taken);
	if (t->lost)
		buf_printf(out, "; %" PRIu64 " additions were lost for want of memory", t->lost);
}

static void text_row(enum tally_section section, const struct tally_row *row, bool errors,
		     struct line *l, struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);

	line_make(l, section, row);
	if (l->name[0])
		buf_printf(&l->key, " %s", l->name);
	buf_puts(out, "  ");
	put_safe(out, l->key.p, l->key.n, KEY_COLUMNS, KEY_COLUMNS);
	buf_printf(out, " %10" PRIu64 " %12" PRIu64, row->n[TALLY_FRAMES], row->n[TALLY_BYTES]);
	if (has_directions(section))
		buf_printf(out, " %10" PRIu64 " %12" PRIu64 " %10" PRIu64 " %12" PRIu64,
			   row->n[TALLY_OUT_FRAMES], row->n[TALLY_OUT_BYTES],
			   row->n[TALLY_IN_FRAMES], row->n[TALLY_IN_BYTES]);
	else if (k->values)
		buf_printf(out, " %10" PRIu64, row->n[TALLY_VALUES]);
	if (errors)
		buf_printf(out, " %10" PRIu64, row->error);
	if (l->filter.n) {
		buf_puts(out, "  ");
		put_safe(out, l->filter.p, l->filter.n, UINT_MAX, 0);
	}
	buf_putc(out, '\n');
}

static void text_head(enum tally_section section, bool errors, struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);

	buf_printf(out, "  %-*s %10s %12s", (int)KEY_COLUMNS, "", "frames", "bytes");
	if (section == TALLY_CONVERSATION)
		buf_printf(out, " %10s %12s %10s %12s", "-> frames", "bytes", "<- frames", "bytes");
	else if (section == TALLY_ENDPOINT)
		buf_printf(out, " %10s %12s %10s %12s", "out frames", "bytes", "in frames",
			   "bytes");
	else if (k->values)
		buf_printf(out, " %10s", k->values);
	buf_printf(out, "%s  filter\n", errors ? "      error" : "");
}

static void text_table(const struct tally *t, enum tally_section section, size_t top,
		       struct buf *out)
{
	const struct tally_table *table = &t->table[section];
	struct line l = {0};
	struct tally_row *rows;
	size_t n;

	if (!table->entries || tally_kind(section)->key == TALLY_KEY_STREAM)
		return;
	n = tally_table_top(table, top, &rows);
	buf_printf(out, "\n%s: ", tally_section_title(section));
	text_error(table, out);
	if (n < table->entries)
		buf_printf(out, "; the first %zu", n);
	buf_putc(out, '\n');
	text_head(section, table->thinnings != 0, out);
	for (size_t i = 0; i < n; i++)
		text_row(section, &rows[i], table->thinnings != 0, &l, out);
	out->failed |= !rows;
	free(rows);
	line_done(&l, out);
}

static void text_transport(const struct tally *t, struct buf *out)
{
	for (int i = 0; i < 2; i++) {
		const struct tally_amount *a = i == 0 ? &t->tcp : &t->udp;

		if (!a->n[TALLY_FRAMES])
			continue;
		buf_printf(out, "%s: %" PRIu64 " frames, %" PRIu64 " bytes; conversations: ",
			   i == 0 ? "TCP" : "UDP", a->n[TALLY_FRAMES], a->n[TALLY_BYTES]);
		text_error(&t->table[i == 0 ? TALLY_TCP : TALLY_UDP], out);
		buf_printf(out, "; %s\n", i == 0 ? "tcp" : "udp");
	}
}

static void text_rates(const struct tally *t, struct buf *out)
{
	const struct tally_rate *r = &t->rate;
	const struct tally_bucket *most = NULL;
	uint64_t widest = 1;

	if (!r->n)
		return;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct tally_bucket *b = &r->bucket[i];

		if (b->to_s - b->from_s > widest)
			widest = b->to_s - b->from_s;
		if (b->to_s - b->from_s == 1 && (!most || b->frames > most->frames))
			most = b;
	}
	buf_printf(out, "Rates: %" PRIu32 " buckets from %" PRIu64 " to %" PRIu64 " s", r->n,
		   r->bucket[0].from_s, r->bucket[r->n - 1].to_s);
	if (widest > 1)
		buf_printf(out, ", the older joined, of up to %" PRIu64 " s", widest);
	buf_puts(out, " (-T csv and json list them)");
	if (most) {
		buf_printf(out, "; most in a second: %" PRIu64 " frames, %" PRIu64 " bytes; ",
			   most->frames, most->bytes);
		bucket_filter(most, out);
	}
	buf_putc(out, '\n');
}

void tally_print_text(const struct tally *t, size_t top, struct buf *out)
{
	const char *section;
	struct line l = {0};
	uint64_t frames, bytes;

	buf_printf(out,
		   "%" PRIu64 " frames, %" PRIu64 " bytes; decoded by tshark: %" PRIu64
		   ", by headers alone: %" PRIu64 "\n",
		   t->frames, t->bytes, t->decoded, t->frames - t->decoded);
	if (t->decoded > t->columns)
		buf_printf(out, "%" PRIu64 " frames were decoded without columns of layers\n",
			   t->decoded - t->columns);
	if (t->cut)
		buf_printf(out,
			   "%" PRIu64 " frames have more values than tshark's columns hold: what "
			   "they have in all may be more\n",
			   t->cut);
	text_transport(t, out);
	text_rates(t, out);
	buf_puts(out, "\nPacket lengths\n");
	for (unsigned i = 2; i < 2 + TALLY_LENGTHS; i++) {
		plain_line(t, i, &section, &l, &frames, &bytes);
		buf_puts(out, "  ");
		put_safe(out, l.key.p, l.key.n, KEY_COLUMNS, KEY_COLUMNS);
		buf_printf(out, " %10" PRIu64 " %12" PRIu64 "  %.*s\n", frames, bytes,
			   (int)l.filter.n, l.filter.p ? l.filter.p : "");
	}
	line_done(&l, out);
	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		text_table(t, (enum tally_section)i, top, out);
}

/* ---- JSON ---- */

static void json_filters(const struct line *l, struct buf *out)
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

static void json_row(enum tally_section section, const struct tally_row *row, struct line *l,
		     struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);

	line_make(l, section, row);
	buf_puts(out, "{\"key\":");
	buf_json(out, l->key.p ? l->key.p : "", l->key.n);
	if (l->name[0])
		buf_printf(out, ",\"name\":\"%s\"", l->name);
	buf_printf(out, ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64, row->n[TALLY_FRAMES],
		   row->n[TALLY_BYTES]);
	if (has_directions(section))
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
	struct line l = {0};
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
	line_done(&l, out);
}

void tally_print_json(const struct tally *t, size_t top, struct buf *out)
{
	const char *section, *open = "";
	struct line l = {0};
	uint64_t frames, bytes;

	buf_printf(out,
		   "{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"decoded\":%" PRIu64
		   ",\"basic\":%" PRIu64 ",\"cut\":%" PRIu64,
		   t->frames, t->bytes, t->decoded, t->frames - t->decoded, t->cut);
	for (unsigned i = 0; plain_line(t, i, &section, &l, &frames, &bytes); i++) {
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
	line_done(&l, out);
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

static void csv_line(const char *section, const struct line *l, const uint64_t n[TALLY_COUNTS],
		     bool values, bool directions, uint64_t error, struct buf *out)
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
	struct line l = {0};
	size_t n;

	if (k->key == TALLY_KEY_STREAM) {
		bool estimated;
		uint64_t count[TALLY_COUNTS] = {0};

		/* A line with no frames of its own: how many there were. */
		count[TALLY_VALUES] = tally_table_distinct(table, &estimated);
		buf_puts(&l.key, "distinct");
		l.name = estimated ? "estimated" : "";
		csv_line(k->name, &l, count, true, false, 0, out);
		line_done(&l, out);
		return;
	}
	n = tally_table_top(table, top, &rows);
	for (size_t i = 0; i < n; i++) {
		line_make(&l, section, &rows[i]);
		csv_line(k->name, &l, rows[i].n, k->values != NULL, has_directions(section),
			 rows[i].error, out);
	}
	free(rows);
	line_done(&l, out);
}

void tally_print_csv(const struct tally *t, size_t top, struct buf *out)
{
	uint64_t n[TALLY_COUNTS] = {0};
	struct line l = {.name = ""};
	const char *section;

	buf_puts(out, "section,key,name,frames,bytes,values,out_frames,out_bytes,in_frames,"
		      "in_bytes,error,filter,exclude\r\n");
	n[TALLY_FRAMES] = t->frames;
	n[TALLY_BYTES] = t->bytes;
	buf_puts(&l.key, "all");
	csv_line("frames", &l, n, false, false, 0, out);
	for (unsigned i = 0; plain_line(t, i, &section, &l, &n[TALLY_FRAMES], &n[TALLY_BYTES]); i++)
		csv_line(section, &l, n, false, false, 0, out);
	line_done(&l, out);
	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		csv_table(t, (enum tally_section)i, top, out);
}
