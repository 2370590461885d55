/* emit_table.c - decoded frames as aligned rows for a terminal */
#include "fanout/emit.h"

#include <limits.h>
#include <string.h>

#include "base/digits.h"
#include "base/safe.h"

#define NS	   1000000000u

#define SGR_RESET  "\x1b[0m"
#define SGR_BOLD   "\x1b[1m"
#define SGR_DIM	   "\x1b[2m"
#define SGR_ITALIC "\x1b[3m"
#define ELLIPSIS   "\xe2\x80\xa6"

/* Widths start at what most captures need, and grow as far as @max: an IPv6 address has 39. The
 * last column has neither. */
static const struct {
	const char *title;
	unsigned min, max;
	bool right;
} columns[EMIT_COLUMNS] = {
	[EMIT_NUMBER] = {"No.", 5, DIGITS_U64_MAX, true},
	[EMIT_TIME] = {"Time", 10, 31, true},
	[EMIT_VM] = {"VM", 4, 16, false},
	[EMIT_SOURCE] = {"Source", 15, 39, false},
	[EMIT_DESTINATION] = {"Destination", 15, 39, false},
	[EMIT_PROTOCOL] = {"Protocol", 8, 16, false},
	[EMIT_LENGTH] = {"Length", 6, 10, true},
	[EMIT_INFO] = {"Info", 0, UINT_MAX, false},
};

/* One row being built. */
struct row {
	struct emit_table *table;
	struct buf *out;
	unsigned left; /* columns of the terminal not yet used */
};

static struct row row_begin(struct emit_table *t, struct buf *out)
{
	return (struct row){.table = t, .out = out, .left = t->columns ? t->columns : UINT_MAX};
}

static void row_pad(struct row *r, unsigned n)
{
	static const char spaces[] = "                                        ";

	while (n && r->left) {
		unsigned step = n < sizeof(spaces) - 1 ? n : (unsigned)sizeof(spaces) - 1;

		if (step > r->left)
			step = r->left;
		buf_put(r->out, spaces, step);
		r->left -= step;
		n -= step;
	}
}

/* Text in at most @limit columns, its end marked where it was cut. Return: columns used */
static unsigned put_cut(struct buf *out, const char *s, size_t n, unsigned limit)
{
	size_t from = out->n;
	unsigned used;

	if (safe_put(out, s, n, limit, &used) == n || !limit)
		return used;
	out->n = from;
	(void)safe_put(out, s, n, limit - 1, &used);
	buf_puts(out, ELLIPSIS);
	return used + 1;
}

/* A cell, and the space before it. Texts from a frame are hostile; numbers and titles take the same
 * way. */
static void row_cell(struct row *r, enum emit_column column, const char *s, size_t n)
{
	unsigned *width = &r->table->width[column];
	unsigned limit, used;

	if (column != EMIT_NUMBER)
		row_pad(r, 1);
	if (columns[column].right) {
		/* Digits: as many columns as bytes. */
		if (n > *width)
			*width = (unsigned)n;
		row_pad(r, *width - (unsigned)n);
	}
	limit = columns[column].max < r->left ? columns[column].max : r->left;
	used = put_cut(r->out, s, n, limit);
	r->left -= used;
	if (columns[column].right || column == EMIT_INFO)
		return;
	if (used > *width)
		*width = used;
	row_pad(r, *width - used);
}

/* One column behind the number. */
static void row_mark(struct row *r, char mark)
{
	if (!r->left)
		return;
	buf_putc(r->out, mark);
	r->left--;
}

static void row_text(struct row *r, enum emit_column column, struct decoded_text text)
{
	row_cell(r, column, text.p, text.n);
}

static void row_number(struct row *r, enum emit_column column, uint64_t v)
{
	char digits[DIGITS_U64_MAX];

	row_cell(r, column, digits, (size_t)(digits_u64(digits, v) - digits));
}

/* Seconds since the first row; negative is possible, as frames of several ports may be out of
 * order. */
static void row_time(struct row *r, uint64_t ts_ns)
{
	struct emit_table *t = r->table;
	bool before = ts_ns < t->first_ns;
	uint64_t since = before ? t->first_ns - ts_ns : ts_ns - t->first_ns;
	char text[DIGITS_U64_MAX + 11], *p = text;

	if (ts_ns % 1000)
		t->nanoseconds = true;
	if (before)
		*p++ = '-';
	p = digits_u64(p, since / NS);
	*p++ = '.';
	p = t->nanoseconds ? digits_fixed(p, since % NS, 9) : digits_fixed(p, since % NS / 1000, 6);
	row_cell(r, EMIT_TIME, text, (size_t)(p - text));
}

void emit_table_init(struct emit_table *t, bool color, unsigned columns_max)
{
	memset(t, 0, sizeof(*t));
	t->color = color;
	t->columns = columns_max;
	for (unsigned i = 0; i < EMIT_COLUMNS; i++)
		t->width[i] = columns[i].min;
}

void emit_table_header(struct emit_table *t, struct buf *out)
{
	struct row r = row_begin(t, out);

	if (t->color)
		buf_puts(out, SGR_BOLD);
	for (unsigned i = 0; i < EMIT_COLUMNS; i++) {
		row_cell(&r, (enum emit_column)i, columns[i].title, strlen(columns[i].title));
		if (i == EMIT_NUMBER)
			row_mark(&r, ' ');
	}
	buf_puts(out, t->color ? SGR_RESET "\n" : "\n");
}

/* What a row begins with in colour. */
static const char *row_style(const struct decoded *d)
{
	switch (d->status) {
	case DECODED_PENDING:
	case DECODED_SKIPPED: return SGR_DIM;
	case DECODED_BASIC: return SGR_ITALIC;
	case DECODED_TSHARK: break;
	}
	return emit_color(d);
}

/* What stands behind its number, in colour or not. */
static char mark_of(enum decoded_status status)
{
	static const char marks[] = {[DECODED_TSHARK] = ' ',
				     [DECODED_BASIC] = '~',
				     [DECODED_PENDING] = '?',
				     [DECODED_SKIPPED] = '!'};

	return marks[status];
}

void emit_table_row(struct emit_table *t, const struct decoded *d, struct buf *out)
{
	struct row r = row_begin(t, out);
	const char *style = t->color ? row_style(d) : "";
	const char *vm = d->vm ? d->vm : "";
	struct decoded_summary s;

	if (!t->started) {
		t->started = true;
		t->first_ns = d->packet.ts_ns;
	}
	decoded_summary(d, &s);
	buf_puts(out, style);
	row_number(&r, EMIT_NUMBER, d->id);
	row_mark(&r, mark_of(d->status));
	row_time(&r, d->packet.ts_ns);
	row_cell(&r, EMIT_VM, vm, strlen(vm));
	row_text(&r, EMIT_SOURCE, s.source);
	row_text(&r, EMIT_DESTINATION, s.destination);
	row_text(&r, EMIT_PROTOCOL, s.protocol);
	row_number(&r, EMIT_LENGTH, d->packet.len);
	row_text(&r, EMIT_INFO, s.info);
	buf_puts(out, *style ? SGR_RESET "\n" : "\n");
}

unsigned emit_safe(struct buf *out, const char *s, size_t n, unsigned columns_max)
{
	unsigned used;

	(void)safe_put(out, s, n, columns_max, &used);
	return used;
}
