/* doctor_home.c - the checks of `secvf doctor` about the user's folders, and what was left in them
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "cli/doctor.h"
#include "cli/doctor_tidy.h"
#include "os/audit_file.h"
#include "os/disk_posix.h"
#include "os/scratch.h"

/* A file system with less than this is full before anybody has looked at the capture: 50 MB are a
 * second of a fast one. */
#define FREE_WARN_BYTES UINT64_C(1000000000)
#define FREE_FAIL_BYTES UINT64_C(50000000)

#define TRIAL_BYTES	4096u /* a block: a full file system has none for it */

/* Entries of a folder that are looked at, and left-overs that are named. */
#define ENTRIES_MAX 100000u
#define NAMED_MAX   3u

#define NO_HOME	    "neither AVF_HOME nor HOME is set"

/* ---- folders ---- */

/* The deepest folder above, or at, @path that is there: what is missing below is made by a
 * capture. */
static void deepest(char *path)
{
	struct stat st;

	while (stat(path, &st) && errno == ENOENT) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path) {
			memcpy(path, slash ? "/" : ".", 2);
			return;
		}
		*slash = '\0';
	}
}

static int write_trial(const char *file)
{
	char bytes[TRIAL_BYTES] = {0};
	int fd = doctor_tidy_file(file), error = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, bytes, sizeof(bytes));
	if (n < 0)
		error = -errno;
	else if (n != (ssize_t)sizeof(bytes))
		error = -ENOSPC;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* Whether a folder and a file in it can be made in @folder. Ours, not those that a capture makes:
 * one that starts now might find them, and then find them gone. */
static int try_folder(const char *folder)
{
	char trial[PATH_MAX], file[PATH_MAX + 8];
	int error;

	if (snprintf(trial, sizeof(trial), "%s/.secvf-doctor-XXXXXX", folder) >=
	    (int)sizeof(trial) - 8)
		return -ENAMETOOLONG;
	error = doctor_tidy_folder(trial);
	if (error)
		return error;
	snprintf(file, sizeof(file), "%s/file", trial);
	error = write_trial(file);
	doctor_tidy_remove(file);
	doctor_tidy_remove(trial);
	return error;
}

static void check_folder(const char *below, struct doctor_finding *f)
{
	char path[4096], there[4096];
	int error;

	if (!home_path(path, sizeof(path), below)) {
		doctor_say(f, DOCTOR_FAILED, NO_HOME);
		doctor_advise(f, "set AVF_HOME, or use --home");
		return;
	}
	memcpy(there, path, sizeof(there));
	deepest(there);
	error = try_folder(there);
	if (!error) {
		doctor_say(f, DOCTOR_OK, "%s can be %swritten", path,
			   strcmp(path, there) == 0 ? "" : "made and ");
		return;
	}
	doctor_say(f, DOCTOR_FAILED, "%s: nothing can be written to %s: %s", path, there,
		   strerror(-error));
	doctor_advise(f, error == -ENOTDIR ? "move away the file that is in the folder's place, or "
					     "set AVF_HOME to another folder"
			 : error == -ENOSPC || error == -EDQUOT
				 ? "make room, or set AVF_HOME to another file system"
				 : "`ls -ld` it, give yourself the right to write, or set AVF_HOME "
				   "to a folder of yours");
}

static void check_captures(struct doctor *d, struct doctor_finding *f)
{
	(void)d;
	check_folder("Captures", f);
}

static void check_audit(struct doctor *d, struct doctor_finding *f)
{
	(void)d;
	check_folder("logs", f);
}

static void check_space(struct doctor *d, struct doctor_finding *f)
{
	struct statvfs fs;
	char path[4096];
	uint64_t bytes;

	(void)d;
	if (!home_path(path, sizeof(path), "Captures")) {
		doctor_say(f, DOCTOR_SKIPPED, NO_HOME);
		return;
	}
	deepest(path);
	if (statvfs(path, &fs)) {
		doctor_say(f, DOCTOR_SKIPPED, "%s: it cannot be told: %s", path, strerror(errno));
		return;
	}
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	doctor_say(f,
		   bytes < FREE_FAIL_BYTES   ? DOCTOR_FAILED
		   : bytes < FREE_WARN_BYTES ? DOCTOR_WARNING
					     : DOCTOR_OK,
		   "%" PRIu64 ".%" PRIu64 " GB for captures at %s", bytes / 1000000000,
		   bytes / 100000000 % 10, path);
	if (f->status != DOCTOR_OK)
		doctor_advise(f,
			      "make room, set AVF_HOME to another file system, or bound captures "
			      "by --quota");
}

/* ---- settings ---- */

static bool settings_path(char *path, size_t n)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int length;

	/* A relative one is to be ignored (XDG Base Directory Specification). */
	if (config && config[0] == '/')
		length = snprintf(path, n, "%s/secvf/settings.json", config);
	else if (home && *home)
		length = snprintf(path, n, "%s/.config/secvf/settings.json", home);
	else
		return false;
	return length > 0 && (size_t)length < n;
}

static void check_settings(struct doctor *d, struct doctor_finding *f)
{
	struct jsontext text = {0};
	struct err err = {0};
	char path[4096];
	struct jt_at at;
	struct stat st;

	(void)d;
	if (!settings_path(path, sizeof(path))) {
		doctor_say(f, DOCTOR_SKIPPED, "neither XDG_CONFIG_HOME nor HOME is set");
	} else if (stat(path, &st) && errno == ENOENT) {
		doctor_say(f, DOCTOR_OK, "none at %s: the defaults hold", path);
	} else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		doctor_say(f, DOCTOR_FAILED, "%s is no file", path);
		doctor_advise(f, "move it away: the defaults hold without it");
	} else {
		bool read = jsontext_read(&text, path, &err);

		if (read && jsontext_root(&text, &at, &err)) {
			doctor_say(f, DOCTOR_OK, "%s can be read", path);
		} else {
			doctor_say(f, DOCTOR_FAILED, "%s", err.text);
			doctor_advise(f, "mend the line, or move the file away: the defaults hold "
					 "without it");
		}
		if (read)
			jsontext_done(&text);
	}
}

/* ---- what killed runs left ---- */

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* A capture that is being written is locked by who writes it. */
static bool is_left(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	bool left;

	if (fd < 0)
		return false;
	left = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && disk_lock(fd);
	close(fd);
	return left;
}

/* Name the first few. */
static void add_name(struct buf *names, unsigned so_far, const char *name)
{
	if (so_far < NAMED_MAX)
		buf_printf(names, "%s%s", so_far ? ", " : "", name);
	else if (so_far == NAMED_MAX)
		buf_puts(names, ", ...");
}

static void check_left_captures(struct doctor *d, struct doctor_finding *f)
{
	unsigned left = 0, entries = 0;
	struct buf names = {0};
	char folder[4096];
	struct dirent *e;
	DIR *dir;

	(void)d;
	if (!home_path(folder, sizeof(folder), "Captures")) {
		doctor_say(f, DOCTOR_SKIPPED, NO_HOME);
		return;
	}
	dir = opendir(folder);
	if (!dir && errno != ENOENT) {
		doctor_say(f, DOCTOR_SKIPPED, "%s cannot be read: %s", folder, strerror(errno));
		return;
	}
	while (dir && entries++ < ENTRIES_MAX && (e = readdir(dir))) {
		char path[PATH_MAX + 256];

		if (!has_suffix(e->d_name, ".part") ||
		    snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= (int)sizeof(path))
			continue;
		if (is_left(path))
			add_name(&names, left++, e->d_name);
	}
	if (dir)
		closedir(dir);
	if (left) {
		doctor_say(f, DOCTOR_WARNING, "%u of killed runs: %.*s", left, (int)names.n,
			   names.p);
		doctor_advise(f, "`secvf recover` keeps all whole frames in them");
	} else {
		doctor_say(f, DOCTOR_OK, "none of killed runs in %s", folder);
	}
	buf_done(&names);
}

/* The process of "secvf-capture-PID" or "secvf-capture-PID-N" (os/port_posix). Return: 0: no such
 * name */
static pid_t owner_of(const char *name)
{
	static const char begin[] = "secvf-capture-";
	char *end;
	long pid;

	if (strncmp(name, begin, strlen(begin)) != 0 ||
	    !isdigit((unsigned char)name[strlen(begin)]))
		return 0;
	pid = strtol(name + strlen(begin), &end, 10);
	return (*end == '\0' || *end == '-') && pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* Whether a folder of FIFOs is ours, and all that they were for have ended. */
static bool is_stale(const char *folder)
{
	unsigned dead = 0, alive = 0, entries = 0;
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (lstat(folder, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	dir = opendir(folder);
	while (dir && entries++ < ENTRIES_MAX && (e = readdir(dir))) {
		pid_t pid = owner_of(e->d_name);

		if (!pid)
			continue;
		if (kill(pid, 0) && errno == ESRCH)
			dead++;
		else
			alive++;
	}
	if (dir)
		closedir(dir);
	return dead && !alive;
}

static void check_left_fifos(struct doctor *d, struct doctor_finding *f)
{
	const char *base = scratch_base();
	unsigned left = 0, entries = 0;
	struct buf names = {0};
	struct dirent *e;
	DIR *dir = opendir(base);

	(void)d;
	if (!dir) {
		doctor_say(f, DOCTOR_SKIPPED, "%s cannot be read: %s", base, strerror(errno));
		return;
	}
	while (entries++ < ENTRIES_MAX && (e = readdir(dir))) {
		char path[PATH_MAX + 256];

		/* secvf-XXXXXX */
		if (strncmp(e->d_name, "secvf-", 6) != 0 || strlen(e->d_name) != 12)
			continue;
		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		if (is_stale(path))
			add_name(&names, left++, path);
	}
	closedir(dir);
	if (left) {
		doctor_say(f, DOCTOR_WARNING, "%u %s of FIFOs whose process has ended: %.*s", left,
			   left == 1 ? "folder" : "folders", (int)names.n, names.p);
		doctor_advise(f, "`rm -r` them");
	} else {
		doctor_say(f, DOCTOR_OK, "none of ended processes in %s", base);
	}
	buf_done(&names);
}

const struct doctor_check doctor_home_checks[] = {
	{"captures-folder", check_captures},
	{"free-space", check_space},
	{"audit-folder", check_audit},
	{"settings", check_settings},
	{"left-captures", check_left_captures},
	{"left-fifos", check_left_fifos},
	{0},
};
