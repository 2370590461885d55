/* cli.c - what the subcommands share */
#include "cli/cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/audit_file.h"
#include "os/port_posix.h"

/* `tshark --version` takes 0.2 s; a machine that needs longer than this is in trouble of another
 * kind. */
#define VERSION_NS_MAX UINT64_C(20000000000)

void cli_usage(int word, char **argv, const char *command, struct err *err)
{
	err_set(err, EXIT_USAGE, "%s '%s'; 'secvf %s --help' lists the options",
		word == ':' ? "a value is missing after" : "there is no option", argv[optind - 1],
		command);
}

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

/* What a version is remembered under: the very file, so that an upgrade is noticed. */
static bool version_key(const char *path, char *key, size_t n)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	return snprintf(key, n, "%s %ju %ju %jd %jd.%09ld ", path, (uintmax_t)st.st_dev,
			(uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec) < (int)n;
}

/* `tshark --version` takes as long as decoding thousands of frames, so its answer is kept: one
 * line, key and version. */
static bool recall_version(struct detected *d, const char *key)
{
	char path[4096], line[8192];
	FILE *f = home_path(path, sizeof(path), "cache/tshark") ? fopen(path, "re") : NULL;
	bool found = f && fgets(line, sizeof(line), f) && strncmp(line, key, strlen(key)) == 0;

	if (f)
		fclose(f);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	snprintf(d->version, sizeof(d->version), "%s", line + strlen(key));
	return d->version[0] != '\0';
}

/* Best effort: without it the next run asks tshark again. */
static void remember_version(const struct detected *d, const char *key)
{
	char path[4096], fresh[4200];
	FILE *f;
	bool ok;

	if (!home_path(path, sizeof(path), "cache/tshark") || home_make_folders(path))
		return;
	snprintf(fresh, sizeof(fresh), "%s.%ld", path, (long)getpid());
	f = fopen(fresh, "wxe");
	if (!f)
		return;
	ok = fprintf(f, "%s%s\n", key, d->version) > 0;
	ok &= fclose(f) == 0;
	if (!ok || rename(fresh, path))
		unlink(fresh);
}

static bool read_version(struct detected *d)
{
	char word[] = "--version", output[2048], key[4400];
	char *argv[] = {d->path, word, NULL};

	if (version_key(d->path, key, sizeof(key)) && recall_version(d, key))
		return true;
	if (port_posix_output(argv, output, sizeof(output), VERSION_NS_MAX) != 0 ||
	    !detect_version(output, d->version))
		return false;
	remember_version(d, key);
	return true;
}

bool cli_self(char path[4096])
{
	ssize_t n = readlink("/proc/self/exe", path, 4095);

	path[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool cli_find_tshark(char path[4096])
{
	for (size_t step = 0; detect_next(NULL, getenv("PATH"), step, path); step++) {
		if (runnable(path))
			return true;
	}
	return false;
}

bool cli_find_sharkd(char path[4096], const char *tshark)
{
	const char *slash = tshark ? strrchr(tshark, '/') : NULL;
	const char *search = getenv("PATH");

	if (slash && snprintf(path, 4096, "%.*s/sharkd", (int)(slash - tshark), tshark) < 4096 &&
	    runnable(path))
		return true;
	while (search && *search) {
		size_t n = strcspn(search, ":");

		if (n && snprintf(path, 4096, "%.*s/sharkd", (int)n, search) < 4096 &&
		    runnable(path))
			return true;
		search += n + (search[n] == ':');
	}
	path[0] = '\0';
	return false;
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

bool cli_bytes(const char *option, const char *text, uint64_t *value, struct err *err)
{
	static const char units[] = "kMG";
	unsigned long long n = 0, scale = 1;
	size_t length = strlen(text);
	const char *unit = length ? strchr(units, text[length - 1]) : NULL;
	char number[24];

	snprintf(number, sizeof(number), "%.*s", (int)(unit && *unit ? length - 1 : length), text);
	for (ptrdiff_t i = 0; unit && *unit && i <= unit - units; i++)
		scale *= 1000;
	if (!cli_u64(option, number, 1, UINT64_MAX / 2 / scale, &n, err)) {
		err_set(err, EXIT_USAGE,
			"%s: '%s': a number of bytes is wanted, with k, M or G behind it or not",
			option, text);
		return false;
	}
	*value = n * scale;
	return true;
}
