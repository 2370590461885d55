/* doctor_lua.c - the checks of `secvf doctor` about Lua scripts in tshark
 *
 * tshark loads the scripts at its start, and goes on where one fails: "tshark: Lua: syntax error:
 * FILE:LINE: why", or "tshark: Lua: Error during loading:" with FILE:LINE: why on the next line,
 * and a stack trace with tabs behind it.
 */
#include "cli/doctor_lua.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor_ask.h"
#include "cli/doctor_tidy.h"
#include "os/port_posix.h"
#include "os/scratch.h"

#define NS_PER_S UINT64_C(1000000000)

/* A folder whose name and content nobody checks is not read without end. */
#define ENTRIES_MAX 10000u

/* Errors that are told. */
#define TOLD_MAX 4u

void doctor_check_lua(struct doctor *d, struct doctor_finding *f)
{
	if (!d->tshark.found)
		doctor_say(f, DOCTOR_SKIPPED, "there is no tshark");
	else if (d->lua)
		doctor_say(f, DOCTOR_OK, "tshark was built with it");
	else {
		doctor_say(f, DOCTOR_WARNING,
			   "tshark was built without it: dissectors of yours in Lua do not run");
		doctor_advise(f, "install a tshark whose `tshark --version` says \"with Lua\"");
	}
}

static bool is_script(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".lua") == 0;
}

/* Scripts of the user; tshark also looks into folders below, which its messages then name. */
static unsigned count_scripts(void)
{
	static const char *const folders[] = {".config/wireshark/plugins",
					      ".local/lib/wireshark/plugins"};
	const char *home = getenv("HOME");
	unsigned scripts = 0, entries = 0;

	for (unsigned i = 0; home && i < 2; i++) {
		char path[4096];
		struct dirent *e;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/%s", home, folders[i]);
		dir = opendir(path);
		while (dir && entries++ < ENTRIES_MAX && (e = readdir(dir)))
			scripts += is_script(e->d_name);
		if (dir)
			closedir(dir);
	}
	return scripts;
}

/* Where FILE:LINE begins in a line, NULL where there is none. Lua puts "..." for the start of a
 * long path. */
static const char *place_in(const char *line, size_t n)
{
	const char *slash = memchr(line, '/', n);

	while (slash && slash > line && slash[-1] != ' ' && slash[-1] != '\t')
		slash--;
	for (const char *p = slash; p && p + 5 < line + n; p++) {
		if (strncmp(p, ".lua:", 5) == 0 && isdigit((unsigned char)p[5]))
			return slash;
	}
	return NULL;
}

/* Collect "FILE:LINE: why" of each error. Return: how many there are */
static unsigned collect(const char *said, struct buf *places)
{
	unsigned errors = 0;

	while (*said) {
		size_t n = strcspn(said, "\n");
		const char *place = *said == '\t' ? NULL : place_in(said, n);

		if (place && errors++ < TOLD_MAX)
			buf_printf(places, "%s%.*s", places->n ? "; " : "",
				   (int)(n - (size_t)(place - said)), place);
		said += n + (said[n] == '\n');
	}
	return errors;
}

/* A pcap file without a packet, little-endian, Ethernet. */
static int make_empty(char folder[PATH_MAX], char file[PATH_MAX + 16])
{
	static const unsigned char header[24] = {0xd4, 0xc3, 0xb2, 0xa1,     2,
						 0,    4,    0,	   [18] = 4, [20] = 1};
	int fd, error;

	if (snprintf(folder, PATH_MAX, "%s/secvf-doctor-XXXXXX", scratch_base()) >= PATH_MAX)
		return -ENAMETOOLONG;
	error = doctor_tidy_folder(folder);
	if (error)
		return error;
	snprintf(file, PATH_MAX + 16, "%s/empty.pcap", folder);
	fd = doctor_tidy_file(file);
	if (fd < 0)
		error = fd;
	else if (write(fd, header, sizeof(header)) != (ssize_t)sizeof(header))
		error = errno ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	return error;
}

static void judge(struct doctor *d, const struct doctor_said *said, int error, unsigned scripts,
		  struct doctor_finding *f)
{
	struct buf places = {0};
	unsigned errors = collect(said->err.p, &places);
	char end[32];

	if (errors) {
		doctor_say(f, DOCTOR_WARNING, "%u of the scripts failed: %.*s%s", errors,
			   (int)places.n, places.p, errors > TOLD_MAX ? "; ..." : "");
		doctor_advise(f,
			      "mend the line, or move the script out of the folder; what it would "
			      "have dissected is not");
	} else if (strstr(said->err.p, "Lua:")) {
		const char *line = strstr(said->err.p, "Lua:");

		doctor_say(f, DOCTOR_WARNING, "%.*s", (int)strcspn(line, "\n"), line);
		doctor_advise(f, "see `tshark -G folders` for where scripts are read from");
	} else if (error || said->status) {
		doctor_say(f, DOCTOR_FAILED, "tshark on a capture without frames: %s",
			   error == -ETIMEDOUT ? "it did not end in time"
			   : error	       ? strerror(-error)
					       : doctor_said_end(said, end));
		doctor_advise(f,
			      "a script that waits or loops at its start looks like this: move "
			      "them away, and see whether `%s -r` of any file works",
			      d->tshark.path);
	} else if (scripts) {
		doctor_say(f, DOCTOR_OK, "%u of the user's load", scripts);
	} else {
		doctor_say(f, DOCTOR_OK, "none of the user's; those of the system load");
	}
	buf_done(&places);
}

void doctor_check_lua_scripts(struct doctor *d, struct doctor_finding *f)
{
	char folder[PATH_MAX] = "", file[PATH_MAX + 16] = "", n[] = "-n", r[] = "-r";
	char *argv[] = {d->tshark.path, n, r, file, NULL};
	struct doctor_said said;
	int error;

	if (!d->tshark.found || !d->lua) {
		doctor_say(f, DOCTOR_SKIPPED, "there is no tshark with Lua");
		return;
	}
	error = make_empty(folder, file);
	if (error) {
		doctor_say(f, DOCTOR_SKIPPED, "no file could be made in %s for it: %s",
			   scratch_base(), strerror(-error));
	} else {
		error = doctor_ask(argv, NULL, clock_now_ns() + d->timeout_ns, &said);
		judge(d, &said, error, count_scripts(), f);
		doctor_said_done(&said);
	}
	doctor_tidy_remove(file);
	doctor_tidy_remove(folder);
}
