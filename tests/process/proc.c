/* proc.c - commands run from tests */
#include "process/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Far more than any command here takes, sanitizers on a loaded machine included. */
#define WAIT_SECONDS 180

extern char **environ;

static char dir[64];

int proc_begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/secvf-test-XXXXXX");
	return mkdtemp(dir) ? setenv("AVF_HOME", dir, 1) : -1;
}

int proc_end(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			unlink(proc_path(e->d_name));
	}
	if (d)
		closedir(d);
	rmdir(dir);
	return 0;
}

const char *proc_dir(void)
{
	return dir;
}

const char *proc_path(const char *name)
{
	static char path[8][512];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", proc_dir(), name);
	return p;
}

const char *proc_kept(const char *name)
{
	static char kept[24][512];
	size_t n = strlen(proc_dir()) + 1;
	unsigned i = 0;

	while (kept[i][0] && strcmp(kept[i] + n, name) != 0)
		assert_true(++i < 24);
	snprintf(kept[i], sizeof(kept[i]), "%s/%s", proc_dir(), name);
	return kept[i];
}

void proc_pause(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	nanosleep(&pause, NULL);
}

pid_t proc_start(const char *const argv[], const char *out, const char *err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, proc_path(out), O_WRONLY | O_CREAT | O_TRUNC,
					 0600);
	posix_spawn_file_actions_addopen(&actions, 2, proc_path(err), O_WRONLY | O_CREAT | O_TRUNC,
					 0600);
	assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ),
			 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

int proc_wait(pid_t pid)
{
	time_t deadline = time(NULL) + WAIT_SECONDS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time(NULL) > deadline) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("a command did not end within %d s", WAIT_SECONDS);
		}
		proc_pause();
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int proc_run(const char *const argv[], const char *out, const char *err)
{
	return proc_wait(proc_start(argv, out, err));
}

int proc_secvf(const char *out, const char *const words[])
{
	const char *argv[40] = {SECVF,	    "replay",
				"--report", proc_path("report.json"),
				"--audit",  proc_path("audit.log")};
	size_t n = 6;

	unlink(proc_path("audit.log"));
	unlink(proc_path("report.json"));
	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	return proc_run(argv, out, "err");
}

int64_t proc_report(const char *path)
{
	struct json_object *root = json_object_from_file(proc_path("report.json")), *at = root;
	char part[64];
	int64_t value;

	while (*path && at) {
		size_t n = strcspn(path, ".");

		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		at = json_object_object_get(at, part);
		path += n + (path[n] == '.');
	}
	assert_non_null(at);
	value = json_object_get_int64(at);
	json_object_put(root);
	return value;
}

char *proc_read(const char *name, size_t *n)
{
	FILE *f = fopen(proc_path(name), "re");
	char *text;
	long size;

	if (!f) {
		if (n)
			*n = 0;
		return calloc(1, 1);
	}
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	fclose(f);
	if (n)
		*n = (size_t)size;
	return text;
}

void proc_expect(const char *name, const char *text)
{
	char *found = proc_read(name, NULL);

	if (!strstr(found, text))
		fail_msg("'%s' is not in %s: %.4000s", text, name, found);
	free(found);
}

void proc_await(const char *name, const char *text)
{
	time_t deadline = time(NULL) + WAIT_SECONDS;
	bool found = false;

	while (!found) {
		char *so_far = proc_read(name, NULL);

		found = strstr(so_far, text) != NULL;
		free(so_far);
		if (time(NULL) > deadline)
			fail_msg("'%s' did not come within %d s", text, WAIT_SECONDS);
		proc_pause();
	}
}

size_t proc_lines(const char *name)
{
	size_t n, lines = 0;
	char *text = proc_read(name, &n);

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	free(text);
	return lines;
}

int64_t proc_audit_count(const char *event)
{
	char *text = proc_read("audit.log", NULL), *rest = text, *line;
	int64_t sum = 0;

	while ((line = strsep(&rest, "\n")) && *line) {
		struct json_object *o = json_tokener_parse(line);

		assert_non_null(o);
		if (strcmp(json_object_get_string(json_object_object_get(o, "event")), event) == 0)
			sum += json_object_get_int64(json_object_object_get(o, "count"));
		json_object_put(o);
	}
	free(text);
	return sum;
}

const char *proc_tshark(void)
{
	static const char *const places[] = {"/usr/bin/tshark", "/usr/local/bin/tshark",
					     "/opt/homebrew/bin/tshark"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

pid_t proc_child(pid_t parent, const char *name)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (d && !found && (e = readdir(d))) {
		char path[300], stat[512] = "", comm[64] = "";
		int ppid = 0;
		FILE *f;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(stat, sizeof(stat), f) &&
		    sscanf(stat, "%*d (%63[^)]) %*c %d", comm, &ppid) == 2 && ppid == parent &&
		    strcmp(comm, name) == 0)
			found = (pid_t)atol(e->d_name);
		fclose(f);
	}
	if (d)
		closedir(d);
	return found;
}
