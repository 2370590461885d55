/* tally_text.c - statistics as text for people */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "analysis/tally_private.h"
#include "base/safe.h"

/* Of a key; a longer one is cut. */
#define KEY_COLUMNS 40u

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
		     struct tally_line *l, struct buf *out)
{
	const struct tally_kind *k = tally_kind(section);

	tally_line_make(l, section, row);
	if (l->name[0])
		buf_printf(&l->key, " %s", l->name);
	buf_puts(out, "  ");
	put_safe(out, l->key.p, l->key.n, KEY_COLUMNS, KEY_COLUMNS);
	buf_printf(out, " %10" PRIu64 " %12" PRIu64, row->n[TALLY_FRAMES], row->n[TALLY_BYTES]);
	if (tally_has_directions(section))
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
	struct tally_line l = {0};
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
	tally_line_done(&l, out);
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
	struct tally_line l = {0};
	const char *section;
	uint64_t frames, bytes;
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
		tally_plain(t, TALLY_PLAIN_RATES + (unsigned)(most - r->bucket), &section, &l,
			    &frames, &bytes);
		buf_put(out, l.filter.p, l.filter.n);
		tally_line_done(&l, out);
	}
	buf_putc(out, '\n');
}

void tally_print_text(const struct tally *t, size_t top, struct buf *out)
{
	const char *section;
	struct tally_line l = {0};
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
	if (t->crowded)
		buf_printf(out,
			   "%" PRIu64 " addresses of frames with more than %u on a side are in no "
			   "conversation\n",
			   t->crowded, TALLY_SIDE_MAX);
	text_transport(t, out);
	text_rates(t, out);
	buf_puts(out, "\nPacket lengths\n");
	for (unsigned i = TALLY_PLAIN_LENGTHS; i < TALLY_PLAIN_RATES; i++) {
		tally_plain(t, i, &section, &l, &frames, &bytes);
		buf_puts(out, "  ");
		put_safe(out, l.key.p, l.key.n, KEY_COLUMNS, KEY_COLUMNS);
		buf_printf(out, " %10" PRIu64 " %12" PRIu64 "  %.*s\n", frames, bytes,
			   (int)l.filter.n, l.filter.p ? l.filter.p : "");
	}
	tally_line_done(&l, out);
	for (unsigned i = 0; i < TALLY_SECTIONS; i++)
		text_table(t, (enum tally_section)i, top, out);
}
