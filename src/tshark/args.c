/* args.c - tshark's argument vector */
#include "tshark/args.h"

#include <string.h>

#include "base/check.h"
#include "ek/ek_record.h"

static const char *const profile_names[] = {"full", "lean", "summary", "off"};

const char *profile_name(enum profile profile)
{
	return profile_names[profile];
}

bool profile_parse(enum profile *profile, const char *name)
{
	for (int i = 0; i <= PROFILE_OFF; i++) {
		if (strcmp(name, profile_names[i]) == 0) {
			*profile = (enum profile)i;
			return true;
		}
	}
	return false;
}

/* Our own columns, so that the keys are ours whatever the user's preferences say. The first ones
 * are the plain columns; summary stops there, as each custom column makes tshark build a protocol
 * tree. */
static void make_columns(struct buf *b, enum profile profile)
{
	int last = profile == PROFILE_SUMMARY ? EK_INFO : EK_FIELDS - 1;

	buf_puts(b, "gui.column.format:");
	for (int i = 0; i <= last; i++)
		buf_printf(b, "%s\"%s\",\"%s\"", i ? "," : "", ek_field_title((enum ek_field)i),
			   ek_field_format((enum ek_field)i));
	buf_putc(b, '\0');
}

/* FILE.EXT, then FILE-g2.EXT, FILE-g3.EXT: a generation that follows another must not overwrite its
 * file. */
static void name_file(struct buf *b, const char *path, unsigned generation)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t base = dot && dot != name ? (size_t)(dot - path) : strlen(path);

	buf_put(b, path, base);
	if (generation > 1)
		buf_printf(b, "-g%u", generation);
	buf_puts(b, path + base);
	buf_putc(b, '\0');
}

bool args_make(struct args *a, const struct args_config *config)
{
	int n = 0;

	memset(a, 0, sizeof(*a));
	check(config->display || config->profile != PROFILE_OFF);
	a->argv[n++] = (char *)config->tshark;
	n += dissect_args(config->dissect, a->argv + n);
	if (config->flush)
		a->argv[n++] = (char *)"-l";
	a->argv[n++] = (char *)"-r";
	a->argv[n++] = (char *)config->fifo;
	if (config->write) {
		name_file(&a->write, config->write, config->generation);
		if (a->write.failed)
			return false;
		a->argv[n++] = (char *)"-w";
		a->argv[n++] = a->write.p;
	}
	if (config->display) {
		/* A column alone is quicker than -T fields, which makes a tree of each frame. */
		a->argv[n++] = (char *)"-Y";
		a->argv[n++] = (char *)config->display;
		a->argv[n++] = (char *)"-o";
		a->argv[n++] = (char *)"gui.column.format:\"n\",\"%m\"";
		a->argv[n] = NULL;
		return true;
	}
	a->argv[n++] = (char *)"-T";
	a->argv[n++] = (char *)"ek";
	if (config->profile != PROFILE_FULL || !config->verbatim) {
		make_columns(&a->columns, config->profile);
		if (a->columns.failed)
			return false;
		a->argv[n++] = (char *)"-P";
		if (config->profile == PROFILE_FULL)
			a->argv[n++] = (char *)"-V";
		a->argv[n++] = (char *)"-o";
		a->argv[n++] = a->columns.p;
	}
	check(n <= ARGS_MAX);
	a->argv[n] = NULL;
	return true;
}

void args_done(struct args *a)
{
	buf_done(&a->columns);
	buf_done(&a->write);
}
