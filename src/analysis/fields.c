/* fields.c - tshark -G fields, sorted */
#include "analysis/fields.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Columns of a line of a field. */
enum {
	COLUMN_KIND,
	COLUMN_WHAT,
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMNS
};

/* The next column of a line that is cut in place; "" where there is none. */
static char *column(char **rest)
{
	char *at = *rest;

	if (!at)
		return (char *)"";
	*rest = strchr(at, '\t');
	if (*rest)
		*(*rest)++ = '\0';
	return at;
}

static bool read_line(char *line, struct field *field)
{
	const char *word[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		word[i] = column(&line);
	if (!word[COLUMN_NAME][0] ||
	    (strcmp(word[COLUMN_KIND], "F") != 0 && strcmp(word[COLUMN_KIND], "P") != 0))
		return false;
	*field =
		(struct field){.name = word[COLUMN_NAME],
			       .type = word[COLUMN_KIND][0] == 'P' ? "protocol" : word[COLUMN_TYPE],
			       .what = word[COLUMN_WHAT]};
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int order = strcasecmp(x->name, y->name);

	return order ? order : strcmp(x->name, y->name);
}

bool fields_parse(struct fields *f, struct buf *text)
{
	uint32_t lines = 1, kept = 0;
	char *line;

	*f = (struct fields){.text = *text};
	*text = (struct buf){0};
	for (const char *at = f->text.p; (at = strchr(at, '\n')); at++)
		lines++;
	f->field = calloc(lines, sizeof(*f->field));
	if (!f->field) {
		fields_done(f);
		return false;
	}
	for (char *rest = f->text.p; (line = strsep(&rest, "\n"));)
		f->count += read_line(line, &f->field[f->count]);
	qsort(f->field, f->count, sizeof(*f->field), by_name);
	/* Several dissectors may register a name. */
	for (uint32_t i = 0; i < f->count; i++) {
		if (!kept || strcmp(f->field[kept - 1].name, f->field[i].name) != 0)
			f->field[kept++] = f->field[i];
	}
	f->count = kept;
	if (!kept)
		fields_done(f);
	return kept > 0;
}

void fields_done(struct fields *f)
{
	free(f->field);
	buf_done(&f->text);
	*f = (struct fields){0};
}

const struct field *fields_complete(const struct fields *f, const char *prefix, uint32_t *n)
{
	size_t bytes = strlen(prefix);
	uint32_t low = 0, high = f->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strncasecmp(f->field[middle].name, prefix, bytes) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*n = 0;
	     low + *n < f->count && strncasecmp(f->field[low + *n].name, prefix, bytes) == 0;
	     ++*n) {
	}
	return f->field + low;
}

const char *field_type(const struct field *field)
{
	static const struct {
		const char *type, *words;
	} types[] = {
		{"protocol", "protocol"},
		{"FT_NONE", "label"},
		{"FT_BOOLEAN", "true or false"},
		{"FT_CHAR", "character"},
		{"FT_UINT8", "unsigned, 8 bits"},
		{"FT_UINT16", "unsigned, 16 bits"},
		{"FT_UINT24", "unsigned, 24 bits"},
		{"FT_UINT32", "unsigned, 32 bits"},
		{"FT_UINT40", "unsigned, 40 bits"},
		{"FT_UINT48", "unsigned, 48 bits"},
		{"FT_UINT56", "unsigned, 56 bits"},
		{"FT_UINT64", "unsigned, 64 bits"},
		{"FT_INT8", "signed, 8 bits"},
		{"FT_INT16", "signed, 16 bits"},
		{"FT_INT24", "signed, 24 bits"},
		{"FT_INT32", "signed, 32 bits"},
		{"FT_INT40", "signed, 40 bits"},
		{"FT_INT48", "signed, 48 bits"},
		{"FT_INT56", "signed, 56 bits"},
		{"FT_INT64", "signed, 64 bits"},
		{"FT_FLOAT", "number, single"},
		{"FT_DOUBLE", "number, double"},
		{"FT_ABSOLUTE_TIME", "date and time"},
		{"FT_RELATIVE_TIME", "duration"},
		{"FT_STRING", "text"},
		{"FT_STRINGZ", "text"},
		{"FT_STRINGZPAD", "text"},
		{"FT_STRINGZTRUNC", "text"},
		{"FT_UINT_STRING", "text"},
		{"FT_ETHER", "Ethernet address"},
		{"FT_BYTES", "bytes"},
		{"FT_UINT_BYTES", "bytes"},
		{"FT_IPv4", "IPv4 address"},
		{"FT_IPv6", "IPv6 address"},
		{"FT_FRAMENUM", "frame number"},
		{"FT_GUID", "GUID"},
		{"FT_OID", "object identifier"},
		{"FT_EUI64", "EUI-64 address"},
		{"FT_PROTOCOL", "protocol"},
		{"FT_REL_OID", "object identifier"},
		{"FT_AX25", "AX.25 address"},
		{"FT_VINES", "VINES address"},
		{"FT_IPXNET", "IPX network"},
		{"FT_FCWWN", "Fibre Channel name"},
		{"FT_SYSTEM_ID", "IS-IS system"},
		{"FT_IEEE_11073_SFLOAT", "number, 16 bits"},
		{"FT_IEEE_11073_FLOAT", "number, 32 bits"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(field->type, types[i].type) == 0)
			return types[i].words;
	}
	return field->type;
}
