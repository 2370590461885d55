/* inputs.c - the captures that a command reads */
#include "cli/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/audit_file.h"

#define DIGITS "0123456789"

static bool keep(struct inputs *in, const char *path, struct err *err)
{
	struct stat st;

	if (in->count == INPUTS_MAX) {
		err_set(err, EXIT_USAGE, "more than %u files; split the work", INPUTS_MAX);
		return false;
	}
	if (in->count == in->cap) {
		size_t cap = in->cap ? in->cap * 2 : 16;
		char **paths = realloc(in->paths, cap * sizeof(*paths));

		if (!paths) {
			err_set(err, EXIT_ENVIRONMENT, "%s: no memory", path);
			return false;
		}
		in->paths = paths;
		in->cap = cap;
	}
	in->paths[in->count] = strdup(path);
	if (!in->paths[in->count]) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory", path);
		return false;
	}
	in->count++;
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		in->bytes += (uint64_t)st.st_size;
	return true;
}

/* Cuts @suffix off the end of a length. Return: false where it is not there */
static bool cut(const char *name, size_t *n, const char *suffix)
{
	size_t m = strlen(suffix);

	if (*n <= m || strncmp(name + *n - m, suffix, m) != 0)
		return false;
	*n -= m;
	return true;
}

bool inputs_is_capture(const char *name)
{
	size_t n = strlen(name);

	if (!cut(name, &n, ".gz"))
		cut(name, &n, ".zst");
	return name[0] != '.' &&
	       (cut(name, &n, ".pcap") || cut(name, &n, ".pcapng") || cut(name, &n, ".cap"));
}

/* NAME-rotN.pcapng of the session @prefix. */
static bool is_of_session(const char *name, const char *prefix)
{
	size_t n = strlen(name), m = strlen(prefix);

	if (strncmp(name, prefix, m) != 0 || strncmp(name + m, "-rot", 4) != 0 ||
	    !cut(name, &n, ".pcapng"))
		return false;
	m += 4;
	return n > m && strspn(name + m, DIGITS) == n - m;
}

/* Digits in a row are one number, compared by value; not so strverscmp(3), to which 010 is a
 * fraction, and less than 9. */
int inputs_by_number(const void *first, const void *second)
{
	const char *a = *(char *const *)first, *b = *(char *const *)second;

	while (*a && *b) {
		size_t n = strspn(a, DIGITS), m = strspn(b, DIGITS), zeros;
		int sign;

		if (!n || !m) {
			if (*a++ != *b++)
				return (unsigned char)a[-1] < (unsigned char)b[-1] ? -1 : 1;
			continue;
		}
		zeros = strspn(a, "0");
		a += zeros;
		n -= zeros;
		zeros = strspn(b, "0");
		b += zeros;
		m -= zeros;
		sign = n == m ? memcmp(a, b, n) : n < m ? -1 : 1;
		if (sign)
			return sign;
		a += n;
		b += m;
	}
	/* One begins with the other, or they differ in zeros alone. */
	if (*a || *b)
		return *a ? 1 : -1;
	return strcmp(*(char *const *)first, *(char *const *)second);
}

/* Whether it may be a file; one that cannot be looked at is opened, and so said. */
static bool may_be_file(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISREG(st.st_mode);
}

/* Adds those of a folder: of a session, or all captures where @session is NULL. */
static bool add_folder(struct inputs *in, const char *folder, const char *session, struct err *err)
{
	size_t before = in->count, n = strlen(folder);
	DIR *d = opendir(folder);
	struct dirent *entry;
	char path[4096];
	bool ok = true;

	if (!d) {
		err_set(err, EXIT_ENVIRONMENT, "cannot read the folder %s: %s", folder,
			strerror(errno));
		return false;
	}
	while (n > 1 && folder[n - 1] == '/')
		n--;
	while (ok && (entry = readdir(d))) {
		if (session ? !is_of_session(entry->d_name, session)
			    : !inputs_is_capture(entry->d_name))
			continue;
		if (snprintf(path, sizeof(path), "%.*s/%s", (int)n, folder, entry->d_name) <
			    (int)sizeof(path) &&
		    may_be_file(path))
			ok = keep(in, path, err);
	}
	closedir(d);
	if (in->count > before)
		qsort(in->paths + before, in->count - before, sizeof(*in->paths), inputs_by_number);
	return ok;
}

bool inputs_add(struct inputs *in, const char *path, struct err *err)
{
	size_t before = in->count;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return keep(in, path, err);
	if (stat(path, &st)) {
		err_set(err, EXIT_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		return keep(in, path, err);
	if (!add_folder(in, path, NULL, err))
		return false;
	if (in->count > before)
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"%s: there is no capture in that folder: no file called .pcap, .pcapng or .cap, also "
		"with .gz or .zst",
		path);
	return false;
}

bool inputs_session(struct inputs *in, const char *name, struct err *err)
{
	size_t before = in->count;
	char folder[4096];

	if (!*name || strchr(name, '/')) {
		err_set(err, EXIT_USAGE, "--session '%s': the name of a session is wanted, no path",
			name);
		return false;
	}
	if (!home_path(folder, sizeof(folder), "Captures")) {
		err_set(err, EXIT_ENVIRONMENT,
			"--session: neither AVF_HOME nor HOME is set; name the files");
		return false;
	}
	if (!add_folder(in, folder, name, err))
		return false;
	if (in->count > before)
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"--session %s: there is no file %s-rotN.pcapng in %s; while one is being written it is "
		"called .part",
		name, name, folder);
	return false;
}

bool inputs_stdin(const struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++) {
		if (strcmp(in->paths[i], "-") == 0)
			return true;
	}
	return false;
}

void inputs_done(struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		free(in->paths[i]);
	free(in->paths);
	memset(in, 0, sizeof(*in));
}
