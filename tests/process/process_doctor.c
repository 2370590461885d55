/* process_doctor.c - `secvf doctor` as a command, where things are as they should be and where not
 *
 * Goal: each fault that stops a capture is found, by the check that is for it, with a remedy; the
 * exit code is that promised; what the doctor made is gone, also where a signal ended it.
 *
 * Method: folders of the test's own for HOME, AVF_HOME and TMPDIR, which have to be empty after
 * each run; scripts in tshark's place that are too old, print garbage, fail or hang; mounts and
 * limits through the programs of the system, passed over where those are missing or not allowed.
 * Findings are read from the JSON.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/proc.h"

#define WORDS(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define VERSION_OK  "echo 'TShark (Wireshark) 4.0.17 (Git v4.0.17).'; exit 0"
#define ON_VERSION  "if [ \"$1\" = --version ]; then " VERSION_OK "; fi\n"
#define CHECKS_MOST 32

static const char *const checks[] = {
	"tshark",	"sharkd",	   "sharkd-status",
	"fifo",		"decode",	   "lua",
	"lua-scripts",	"ports",	   "capture-right",
	"tap-right",	"descriptors",	   "pipe-size",
	"pipe-pages",	"captures-folder", "free-space",
	"audit-folder", "settings",	   "left-captures",
	"left-fifos",
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static struct json_object *last; /* what the doctor said */

/* ---- folders and files ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static const char *below(const char *folder, const char *name)
{
	static char path[8][700];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", proc_kept(folder), name);
	return p;
}

/* A file with its folders. */
static void put(const char *path, const char *text, mode_t mode)
{
	char part[700];
	FILE *f;

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		mkdir(part, 0700);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* A script in tshark's place. Return: its path */
static const char *fake(const char *body)
{
	char text[2048];
	const char *path = below("bin", "tshark");

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	put(path, text, 0755);
	return path;
}

/* Empty folders, and an environment that names them. */
static int begin_test(void **state)
{
	static const char *const folders[] = {"user", "tmp", "avf"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		remove_tree(proc_kept(folders[i]));
		if (mkdir(proc_kept(folders[i]), 0700))
			return -1;
	}
	remove_tree(proc_kept("bin"));
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", proc_kept("user"), 1);
	setenv("TMPDIR", proc_kept("tmp"), 1);
	setenv("AVF_HOME", proc_kept("avf"), 1);
	return 0;
}

static int end_test(void **state)
{
	static const char *const folders[] = {"user", "tmp", "avf", "bin"};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		remove_tree(proc_kept(folders[i]));
	json_object_put(last);
	last = NULL;
	return 0;
}

/* ---- what the doctor says ---- */

static int run(const char *const words[])
{
	int code = proc_run(words, "out", "err");
	char *out = proc_read("out", NULL);

	json_object_put(last);
	last = json_tokener_parse(out);
	if (!last || !json_object_is_type(last, json_type_array))
		fail_msg("no JSON array: %s", out);
	free(out);
	/* Nothing that it made is left, whatever it found. */
	if (strcmp(getenv("TMPDIR"), proc_kept("tmp")) == 0)
		assert_int_equal(entries(proc_kept("tmp")), 0);
	return code;
}

static int doctor(const char *const words[])
{
	const char *argv[16] = {SECVF, "doctor", "-T", "json"};
	size_t n = 4;

	while (*words)
		argv[n++] = *words++;
	return run(argv);
}

/* Through a shell: @script ends with `exec "$0" doctor -T json ...`, or like that. */
static int doctor_by(const char *script)
{
	return run(WORDS("/bin/sh", "-c", script, SECVF, proc_kept("avf"), proc_kept("tmp")));
}

static const char *member(const char *check, const char *key)
{
	struct json_object *name, *value;

	for (size_t i = 0; i < json_object_array_length(last); i++) {
		struct json_object *o = json_object_array_get_idx(last, i);

		if (json_object_object_get_ex(o, "check", &name) &&
		    strcmp(json_object_get_string(name), check) == 0 &&
		    json_object_object_get_ex(o, key, &value))
			return value ? json_object_get_string(value) : "";
	}
	fail_msg("no %s of %s", key, check);
	return "";
}

/* A check has this status and this in its text, and a remedy where it is not as it should be. */
static void expect(const char *check, const char *status, const char *found)
{
	const char *said = member(check, "found");
	bool ill = strcmp(status, "failed") == 0 || strcmp(status, "warning") == 0;

	if (strcmp(member(check, "status"), status) != 0 || !strstr(said, found))
		fail_msg("%s: %s and '%s' are wanted: %s: %s", check, status, found,
			 member(check, "status"), said);
	assert_int_equal(member(check, "remedy")[0] != '\0', ill);
}

static bool can(const char *script)
{
	return proc_run(WORDS("/bin/sh", "-c", script, "sh", proc_kept("avf")), "out", "err") == 0;
}

/* ---- tests ---- */

static void test_all_well(void **state)
{
	char *out;

	(void)state;
	if (!proc_tshark())
		skip();
	assert_int_equal(doctor(WORDS("-q")), 0);
	assert_int_equal(doctor(WORDS(NULL)), 0);
	assert_int_equal(json_object_array_length(last), CHECKS);
	for (size_t i = 0; i < CHECKS; i++) {
		struct json_object *name;

		/* In their order, too. */
		assert_true(json_object_object_get_ex(json_object_array_get_idx(last, i), "check",
						      &name));
		assert_string_equal(json_object_get_string(name), checks[i]);
		assert_string_not_equal(member(checks[i], "status"), "failed");
	}
	expect("tshark", "ok", "in $PATH");
	expect("decode", "ok", "one frame in and out");
	expect("fifo", "ok", proc_kept("tmp"));
	expect("ports", "skipped", "no port was named");
	expect("captures-folder", "ok", "can be made");
	expect("settings", "ok", "the defaults hold");
	expect("left-captures", "ok", "none");
	expect("left-fifos", "ok", "none");
	assert_int_equal(entries(proc_kept("avf")), 0);
	/* The same for people. */
	assert_int_equal(proc_run(WORDS(SECVF, "doctor"), "out", "err"), 0);
	out = proc_read("out", NULL);
	assert_non_null(strstr(out, "\xe2\x9c\x93 tshark "));
	assert_null(strstr(out, "\xe2\x9c\x97"));
	free(out);
}

static void test_tshark_elsewhere(void **state)
{
	(void)state;
	if (access("/usr/bin/tshark", X_OK))
		skip();
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	expect("tshark", "skipped", "basic decode");
	expect("decode", "skipped", "there is no tshark");
	assert_int_equal(doctor_by("PATH=/nowhere exec \"$0\" doctor -T json"), 0);
	expect("tshark", "ok", "not in $PATH");
	assert_int_equal(doctor(WORDS("--tshark", "/nowhere/tshark")), 3);
	expect("tshark", "failed", "there is no /nowhere/tshark");
	if (!can("unshare -m true"))
		skip();
	assert_int_equal(
		doctor_by("exec unshare -m /bin/sh -c 'mount --bind /dev/null /usr/bin/tshark && "
			  "PATH=/nowhere exec \"$0\" doctor -T json' \"$0\""),
		3);
	expect("tshark", "failed", "cannot be executed");
	expect("sharkd", "skipped", "");
	expect("lua-scripts", "skipped", "");
	assert_int_equal(doctor_by("exec unshare -m /bin/sh -c 'mount -t tmpfs none /usr/bin && "
				   "PATH=/nowhere exec \"$0\" doctor -T json' \"$0\""),
			 3);
	expect("tshark", "failed", "neither in $PATH nor in a usual place");
}

static void test_bad_tshark(void **state)
{
	(void)state;
	assert_int_equal(
		doctor(WORDS("--tshark", fake("echo 'TShark (Wireshark) 2.6.20 (Git v2.6.20)'"))),
		3);
	expect("tshark", "failed", "version 2.6.20");
	expect("decode", "skipped", "there is no tshark");
	assert_int_equal(doctor(WORDS("--tshark", fake("head -c 100000 /dev/zero"))), 3);
	expect("tshark", "failed", "printed no version");
	assert_int_equal(doctor(WORDS("--tshark", fake("exit 2"))), 3);
	expect("tshark", "failed", "exit code 2");
	assert_int_equal(doctor(WORDS("--timeout", "1", "--tshark", fake("sleep 1000"))), 3);
	expect("tshark", "failed", "in time");
	put(below("bin", "tshark"), "#!/bin/sh\n", 0644);
	assert_int_equal(doctor(WORDS("--tshark", below("bin", "tshark"))), 3);
	expect("tshark", "failed", "cannot be executed");
}

/* One of no use comes first in $PATH: another is used, and it is told. */
static void test_bad_tshark_first(void **state)
{
	char script[1024];

	(void)state;
	if (access("/usr/bin/tshark", X_OK))
		skip();
	fake("exit 2");
	snprintf(script, sizeof(script), "PATH=%s:$PATH exec \"$0\" doctor -T json",
		 proc_kept("bin"));
	assert_int_equal(doctor_by(script), 0);
	expect("tshark", "warning", "/bin/tshark --version ended with exit code 2");
	expect("decode", "ok", "one frame");
}

static void test_decode(void **state)
{
	(void)state;
	assert_int_equal(doctor(WORDS("--timeout", "1", "--tshark", fake(ON_VERSION "sleep 1000"))),
			 3);
	expect("decode", "failed", "did not open its FIFO within 1 s");
	assert_int_equal(doctor(WORDS("--timeout", "1", "--tshark",
				      fake(ON_VERSION "cat \"$3\" >/dev/null; sleep 1000"))),
			 3);
	expect("decode", "failed", "took a frame, and did not end within 1 s");
	assert_int_equal(
		doctor(WORDS("--tshark", fake(ON_VERSION "echo 'no profile' >&2; exit 2"))), 3);
	expect("decode", "failed", "exit code 2 before it read anything; it said: no profile");
	assert_int_equal(
		doctor(WORDS("--tshark",
			     fake(ON_VERSION
				  "cat \"$3\" >/dev/null; printf '{\"layers\":{\\033[2J\\n'"))),
		3);
	expect("decode", "failed", "exit code 0 without a line for the frame");
	/* A line is as it should be, and something was said. */
	assert_int_equal(
		doctor(WORDS("--tshark",
			     fake(ON_VERSION
				  "cat \"$3\" >/dev/null; echo careful >&2\n"
				  "echo '{\"no\":\"1\",\"proto\":\"ARP\",\"layers\":{}}'"))),
		0);
	expect("decode", "warning", "careful");
	expect("lua", "warning", "without it");
}

/* What a program says may drive a terminal: none of it does. */
static void test_hostile_words(void **state)
{
	char *out;
	size_t n;

	(void)state;
	assert_int_equal(
		proc_run(WORDS(SECVF, "doctor", "--tshark",
			       fake(ON_VERSION "printf '\\033]0;x\\007\\377\\n' >&2; exit 2")),
			 "out", "err"),
		3);
	out = proc_read("out", &n);
	assert_non_null(strstr(out, "\\x1b]0;x\\x07\\xff"));
	assert_null(strchr(out, '\x1b'));
	free(out);
}

static void test_sharkd(void **state)
{
	(void)state;
	fake(ON_VERSION "exit 2");
	put(below("bin", "sharkd"), "#!/bin/sh\necho nonsense\nexit 1\n", 0755);
	assert_int_equal(doctor(WORDS("--tshark", below("bin", "tshark"))), 3);
	expect("sharkd", "ok", below("bin", "sharkd"));
	expect("sharkd-status", "warning", "exit code 1");
	put(below("bin", "sharkd"), "#!/bin/sh\nexec sleep 1000\n", 0755);
	assert_int_equal(doctor(WORDS("--timeout", "1", "--tshark", below("bin", "tshark"))), 3);
	expect("sharkd-status", "warning", "no answer within 1 s");
	unlink(below("bin", "sharkd"));
	assert_int_equal(
		doctor_by("t=$(dirname \"$1\")/bin/tshark; PATH=/nowhere exec \"$0\" doctor "
			  "-T json --tshark \"$t\""),
		3);
	expect("sharkd", "warning", "neither beside tshark");
	expect("sharkd-status", "skipped", "");
}

static void test_folders(void **state)
{
	const char *home = proc_kept("avf");

	(void)state;
	rmdir(home);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	assert_int_equal(access(home, F_OK), -1);
	put(home, "in the way", 0600);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 3);
	expect("captures-folder", "failed", "Not a directory");
	expect("audit-folder", "failed", "Not a directory");
	/* Another folder helps, and --home goes before $AVF_HOME. */
	assert_int_equal(doctor(WORDS("--tshark", "none", "--home", proc_kept("user"))), 0);
	expect("captures-folder", "ok", "/user/Captures");
	assert_int_equal(entries(proc_kept("user")), 0);
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(doctor(WORDS("--home", proc_kept("user"))), 3);
	expect("fifo", "failed", "No such file or directory");
	expect("decode", "skipped", "");
}

static void test_full_disk(void **state)
{
	(void)state;
	if (!can("unshare -m mount -t tmpfs -o size=1m none \"$1\""))
		skip();
	assert_int_equal(
		doctor_by(
			"exec unshare -m /bin/sh -c 'mount -t tmpfs -o size=1m none \"$1\" && exec "
			"\"$0\" doctor -T json --tshark none' \"$0\" \"$1\""),
		3);
	expect("captures-folder", "ok", "");
	expect("free-space", "failed", "0.0 GB");
	assert_int_equal(
		doctor_by(
			"exec unshare -m /bin/sh -c 'mount -t tmpfs -o size=500m none \"$1\" && exec "
			"\"$0\" doctor -T json --tshark none' \"$0\" \"$1\""),
		0);
	expect("free-space", "warning", "0.5 GB");
	assert_int_equal(
		doctor_by(
			"exec unshare -m /bin/sh -c 'mount -t tmpfs -o size=64k none \"$1\" && { cat "
			"/dev/zero >\"$1/full\" 2>/dev/null; exec \"$0\" doctor -T json --tshark none; }' "
			"\"$0\" \"$1\""),
		3);
	expect("captures-folder", "failed", "No space left");
}

static void test_settings(void **state)
{
	const char *path = below("user", ".config/secvf/settings.json");

	(void)state;
	put(path, "{\n  \"a\": 1,\n  \"b\": [1, 2,, 3]\n}\n", 0600);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 3);
	expect("settings", "failed", "settings.json:3");
	put(path, "[1, 2]\n", 0600);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 3);
	put(path, "{\"a\": 1}\n", 0600);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	expect("settings", "ok", "can be read");
	/* The folder that XDG_CONFIG_HOME names goes before. */
	setenv("XDG_CONFIG_HOME", proc_kept("avf"), 1);
	put(below("avf", "secvf/settings.json"), "{", 0600);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 3);
	expect("settings", "failed", "/avf/secvf/settings.json");
	unlink(below("avf", "secvf/settings.json"));
	mkdir(below("avf", "secvf/settings.json"), 0700);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 3);
	expect("settings", "failed", "is no file");
}

static void test_lua(void **state)
{
	(void)state;
	if (!proc_tshark() || !can("tshark --version | tr '\\n' ' ' | grep -q 'with Lua'"))
		skip();
	put(below("user", ".config/wireshark/plugins/good.lua"), "local x = 1\n", 0600);
	assert_int_equal(doctor(WORDS(NULL)), 0);
	expect("lua-scripts", "ok", "1 of the user's load");
	put(below("user", ".config/wireshark/plugins/syntax.lua"), "local x = 1\nlocal y = = 2\n",
	    0600);
	put(below("user", ".local/lib/wireshark/plugins/run.lua"), "\n\nnothing_of_this_name()\n",
	    0600);
	assert_int_equal(doctor(WORDS(NULL)), 0);
	expect("lua-scripts", "warning", "2 of the scripts failed");
	expect("lua-scripts", "warning", "/plugins/syntax.lua:2: ");
	expect("lua-scripts", "warning", "/plugins/run.lua:3: ");
	expect("decode", "warning", "Lua");
}

static void test_ports(void **state)
{
	(void)state;
	if (access("/sys/class/net/lo", F_OK))
		skip();
	assert_int_equal(doctor(WORDS("--tshark", "none", "--port", "iface:nosuch0")), 3);
	expect("ports", "failed", "iface:nosuch0 cannot be used");
	if (!can("ip link show lo up | grep -q LOOPBACK"))
		skip();
	assert_int_equal(doctor(WORDS("--tshark", "none", "--port", "iface:lo")), 0);
	expect("ports", "ok", "iface:lo is up");
	if (!can("test -c /dev/net/tun && unshare -n true"))
		skip();
	assert_int_equal(
		doctor(WORDS("--tshark", "none", "--port", "iface:lo", "--port", "tap:lo")), 3);
	expect("ports", "failed", "iface:lo is up; tap:lo is another kind");
	assert_int_equal(doctor(WORDS("--tshark", "none", "--port", "tap:secvfnone0")), 0);
	expect("ports", "ok", "will be made");
	assert_int_equal(
		doctor_by("exec unshare -n \"$0\" doctor -T json --tshark none --port iface:lo"),
		0);
	expect("ports", "warning", "iface:lo is down");
}

static void test_limits_and_rights(void **state)
{
	(void)state;
	assert_int_equal(doctor_by("ulimit -n 64; exec \"$0\" doctor -T json --tshark none"), 3);
	expect("descriptors", "failed", "64 at once");
	if (!can("setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-all true"))
		skip();
	assert_int_equal(
		doctor_by("exec setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-all "
			  "\"$0\" doctor -T json --tshark none"),
		0);
	expect("capture-right", "warning", "Operation not permitted");
	expect("tap-right", "warning", "");
	assert_int_equal(
		doctor_by("exec setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-all "
			  "\"$0\" doctor -T json --tshark none --port tap:x0"),
		3);
}

static void test_left_overs(void **state)
{
	const char *part = below("avf", "Captures/s-rot1.pcapng.part"), *fifo;
	char name[64], ended[32], folder[700];
	int fd, status;
	pid_t pid;

	(void)state;
	put(part, "x", 0600);
	put(below("avf", "Captures/whole.pcapng"), "x", 0600);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	expect("left-captures", "warning", "1 of killed runs: s-rot1.pcapng.part");
	/* One that is being written is none. */
	fd = open(part, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	expect("left-captures", "ok", "none");
	close(fd);
	/* A process that has ended, and one that has not. */
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(ended, sizeof(ended), "%ld", (long)pid);
	setenv("TMPDIR", proc_kept("user"), 1);
	snprintf(folder, sizeof(folder), "%s", below("user", "secvf-Ab0123"));
	snprintf(name, sizeof(name), "secvf-Ab0123/secvf-capture-%s-2", ended);
	fifo = below("user", name);
	mkdir(folder, 0700);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	expect("left-fifos", "warning", "secvf-Ab0123");
	snprintf(name, sizeof(name), "secvf-Ab0123/secvf-capture-%ld", (long)getpid());
	assert_int_equal(mkfifo(below("user", name), 0600), 0);
	assert_int_equal(doctor(WORDS("--tshark", "none")), 0);
	expect("left-fifos", "ok", "none");
}

/* Whether a process is there, and no zombie. */
static bool runs(pid_t pid)
{
	char path[64], status = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	if (!f)
		return kill(pid, 0) == 0 && access("/proc/self/stat", F_OK);
	if (fscanf(f, "%*d %*s %c", &status) != 1)
		status = 0;
	fclose(f);
	return status && status != 'Z';
}

/* In the middle of a decode that hangs: FIFO, folder and child go with the doctor. */
static void test_signals(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const char *mark = proc_kept("mark");
	char body[1024];

	(void)state;
	snprintf(body, sizeof(body), ON_VERSION "echo $$ >%s.new; mv %s.new %s; exec sleep 1000",
		 mark, mark, mark);
	fake(body);
	for (unsigned i = 0; i < 3; i++) {
		pid_t pid, child;
		char *text;

		unlink(mark);
		pid = proc_start(WORDS(SECVF, "doctor", "--tshark", below("bin", "tshark")), "out",
				 "err");
		while (access(mark, F_OK))
			proc_pause();
		assert_int_equal(entries(proc_kept("tmp")), 1);
		text = proc_read("mark", NULL);
		child = (pid_t)atol(text);
		free(text);
		assert_true(child > 0);
		kill(pid, signals[i]);
		assert_int_equal(proc_wait(pid), 128 + signals[i]);
		assert_int_equal(entries(proc_kept("tmp")), 0);
		/* Killed; whoever took it over has yet to reap it. */
		for (unsigned n = 0; runs(child); n++) {
			assert_true(n < 2000);
			proc_pause();
		}
	}
	unlink(mark);
}

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "--help"), "out", "err"), 0);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "--nothing"), "out", "err"), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "file"), "out", "err"), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "-T", "xml"), "out", "err"), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "--timeout", "0"), "out", "err"), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "--port", "iface:"), "out", "err"), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "--port", "x:lo"), "out", "err"), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "doctor", "--home", ""), "out", "err"), 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_test, end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_well),
		TEST(test_tshark_elsewhere),
		TEST(test_bad_tshark),
		TEST(test_bad_tshark_first),
		TEST(test_decode),
		TEST(test_hostile_words),
		TEST(test_sharkd),
		TEST(test_folders),
		TEST(test_full_disk),
		TEST(test_settings),
		TEST(test_lua),
		TEST(test_ports),
		TEST(test_limits_and_rights),
		TEST(test_left_overs),
		TEST(test_signals),
		TEST(test_usage),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
