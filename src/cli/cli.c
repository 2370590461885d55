/* cli.c - what the subcommands share */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/port_posix.h"

/* `tshark --version` takes 0.2 s; a machine that needs longer than this is in trouble of another
 * kind. */
#define VERSION_NS_MAX UINT64_C(20000000000)

int cli_say(const struct err *err)
{
	fprintf(stderr, "secvf: %s\n", err->text);
	return err->exit;
}

static bool runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool read_version(struct detected *d)
{
	char word[] = "--version", output[2048];
	char *argv[] = {d->path, word, NULL};

	return port_posix_output(argv, output, sizeof(output), VERSION_NS_MAX) == 0 &&
	       detect_version(output, d->version);
}

bool cli_detect(struct detected *d, const char *asked, struct err *err)
{
	memset(d, 0, sizeof(*d));
	if (asked && strcmp(asked, "none") == 0)
		return true;
	for (size_t step = 0; detect_next(asked, getenv("PATH"), step, d->path); step++) {
		if (!runnable(d->path))
			continue;
		d->found = read_version(d);
		if (d->found)
			return true;
	}
	d->found = false;
	if (!asked)
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"--tshark %s: %s; give the path of a tshark, or 'none' for the basic decode", asked,
		runnable(asked) ? "ran, and printed no version of tshark's"
				: "no program that can be run");
	return false;
}

bool cli_u64(const char *option, const char *text, unsigned long long least,
	     unsigned long long most, unsigned long long *value, struct err *err)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text < '0' || *text > '9' || v < least || v > most) {
		err_set(err, EXIT_USAGE, "%s: '%s': a whole number from %llu to %llu is wanted",
			option, text, least, most);
		return false;
	}
	*value = v;
	return true;
}
