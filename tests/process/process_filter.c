/* process_filter.c - `secvf filter` as a process
 *
 * Goal: each subcommand does what its help says to the settings file, prints what scripts rely on,
 * and ends with the right code; what is exported is a property list for others, and comes back
 * equal; commands at once lose nothing.
 *
 * Method: a settings file in a folder of the test's own, by $XDG_CONFIG_HOME and by --settings.
 * Python's plistlib is the second opinion on property lists, both ways.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int filter(const char *const words[])
{
	const char *argv[32] = {SECVF, "filter"};
	size_t n = 2;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

static void expect(const char *name, const char *want)
{
	char *text = proc_read(name, NULL);

	assert_string_equal(text, want);
	free(text);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(proc_path(name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Runs a line of Python with one word. Return: false where there is none */
static bool python(const char *program, const char *word)
{
	static const char *const places[] = {"/usr/bin/python3", "/usr/local/bin/python3"};

	for (size_t i = 0; i < 2; i++) {
		if (access(places[i], X_OK))
			continue;
		if (proc_run(WORDS(places[i], "-c", program, word), "out", "err") != 0) {
			char *err = proc_read("err", NULL);

			fail_msg("python3: %s", err);
		}
		return true;
	}
	print_message("no python3: its opinion is not asked\n");
	return false;
}

static void test_kept(void **state)
{
	struct stat st;

	(void)state;
	setenv("XDG_CONFIG_HOME", proc_path("config"), 1);
	assert_int_equal(filter(WORDS("list")), 0);
	expect("out", "");
	assert_int_equal(filter(WORDS("list", "-T", "json")), 0);
	expect("out", "[]\n");
	assert_int_equal(filter(WORDS("add", "--no-check", "web", "tcp.port == 80", "--note",
				      "plain\xe2\x80\xae")),
			 0);
	assert_int_equal(filter(WORDS("add", "names", "dns || mdns", "--tshark", "none")), 0);
	proc_expect("err", "no tshark was found, so the expression is not checked");
	assert_int_equal(filter(WORDS("add", "--no-check", "all", "--", "-1 < frame.len")), 0);
	assert_int_equal(stat(proc_path("config/secvf/settings.json"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(filter(WORDS("list")), 0);
	expect("out", "   1  web    tcp.port == 80  # plain\\u202e\n"
		      "   2  names  dns || mdns\n"
		      "   3  all    -1 < frame.len\n");
	assert_int_equal(filter(WORDS("show", "names")), 0);
	expect("out", "dns || mdns\n");
	assert_int_equal(filter(WORDS("rename", "all", "every frame")), 0);
	assert_int_equal(filter(WORDS("move", "every frame", "1")), 0);
	assert_int_equal(filter(WORDS("remove", "names")), 0);
	assert_int_equal(filter(WORDS("list", "-T", "json")), 0);
	expect("out",
	       "[\n  {\"position\":1,\"name\":\"every frame\",\"expression\":\"-1 < frame.len\","
	       "\"note\":\"\"},\n"
	       "  {\"position\":2,\"name\":\"web\",\"expression\":\"tcp.port == 80\","
	       "\"note\":\"plain\\u202e\"}\n]\n");
	unlink(proc_path("config/secvf/settings.json"));
	unlink(proc_path("config/secvf/settings.json.lock"));
	rmdir(proc_path("config/secvf"));
	assert_int_equal(rmdir(proc_path("config")), 0);
	setenv("XDG_CONFIG_HOME", proc_dir(), 1);
}

static void test_refused(void **state)
{
	const char *file = proc_kept("r.json");

	(void)state;
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "web", "http")), 0);
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "web", "dns")), 2);
	proc_expect("err", "\"web\": a display filter has that name already");
	assert_int_equal(filter(WORDS("show", "--settings", file, "wob")), 2);
	proc_expect("err", "the closest name is \"web\"");
	expect("out", "");
	assert_int_equal(filter(WORDS("remove", "--settings", file, "\x1b[2J")), 2);
	proc_expect("err", "\"\\x1b[2J\"");
	assert_int_equal(filter(WORDS("rename", "--settings", file, "x", "y")), 2);
	assert_int_equal(filter(WORDS("move", "--settings", file, "web", "2")), 2);
	assert_int_equal(filter(WORDS("move", "--settings", file, "web", "0")), 2);
	assert_int_equal(filter(WORDS("move", "--settings", file, "web", "x")), 2);
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "", "x")), 2);
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "a")), 2);
	assert_int_equal(filter(WORDS("add", "--settings", file, "a", "tcp", "--tshark", "/no")),
			 3);
	assert_int_equal(filter(WORDS("list", "--settings", file, "-T", "xml")), 2);
	assert_int_equal(filter(WORDS("list", "--settings", file, "--binary")), 2);
	assert_int_equal(filter(WORDS("list", "--settings")), 2);
	assert_int_equal(filter(WORDS("list", "--settings", proc_dir())), 3);
	assert_int_equal(filter(WORDS("show")), 2);
	assert_int_equal(filter(WORDS("nothing")), 2);
	assert_int_equal(proc_run(WORDS(SECVF, "filter"), "out", "err"), 2);
	assert_int_equal(filter(WORDS("--help")), 0);
	proc_expect("out", "rename OLD NEW");
	assert_int_equal(filter(WORDS("move", "--help")), 0);
	proc_expect("out", "move NAME POSITION");
	assert_int_equal(filter(WORDS("list", "--settings", file)), 0);
	expect("out", "   1  web  http\n");
}

static void test_checked_by_tshark(void **state)
{
	const char *file = proc_kept("t.json");

	(void)state;
	if (!proc_tshark()) {
		print_message("skipped: there is no tshark\n");
		skip();
	}
	assert_int_equal(filter(WORDS("add", "--settings", file, "good", "tcp.port == 80")), 0);
	expect("err", "");
	assert_int_equal(filter(WORDS("add", "--settings", file, "bad", "tcp.port ==")), 2);
	proc_expect("err", "secvf: filter: 'tcp.port ==': ");
	assert_int_equal(filter(WORDS("add", "--settings", file, "bad", "no.such.field")), 2);
	assert_int_equal(filter(WORDS("list", "--settings", file)), 0);
	expect("out", "   1  good  tcp.port == 80\n");
}

static void test_broken(void **state)
{
	const char *file = proc_kept("b.json");
	struct dirent *e;
	unsigned aside = 0;
	DIR *d;

	(void)state;
	put("b.json", "{\n  \"SavedDisplayFilters\": [tcp]\n}\n");
	assert_int_equal(filter(WORDS("list", "--settings", file)), 0);
	proc_expect("err", "b.json:2:");
	proc_expect("err", "b.json.broken-2");
	expect("out", "");
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "a", "tcp")), 0);
	d = opendir(proc_dir());
	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, "b.json.broken-", 14) != 0)
			continue;
		aside++;
		expect(e->d_name, "{\n  \"SavedDisplayFilters\": [tcp]\n}\n");
	}
	closedir(d);
	assert_int_equal(aside, 1);
}

/* JSON -> XML -> binary -> JSON, through a fresh settings file each time. */
static void test_round_trip(void **state)
{
	static const char *const names[] = {"1.json", "2.plist", "3.plist", "4.json"};
	char *first, *last, settings[16];

	(void)state;
	put("0.json", "{\"SecVFCaptureQueueLimit\": 8192, \"SavedDisplayFilters\": [\n"
		      "{\"name\": \"<&> \\\"q\\\"\", \"expression\": \"tcp.port == 80 && !udp\"},\n"
		      "{\"name\": \"\xd0\x96\xf0\x9f\x98\x80\", \"expression\": \"http.host == "
		      "\\\"caf\xc3\xa9\\\"\\n || dns\", \"note\": \" blanks \"}]}");
	for (unsigned i = 0; i < 4; i++) {
		snprintf(settings, sizeof(settings), "s%u.json", i);
		assert_int_equal(filter(WORDS("import", "--settings", proc_path(settings),
					      proc_path(i ? names[i - 1] : "0.json"))),
				 0);
		assert_int_equal(
			filter(WORDS("export", "--settings", proc_path(settings),
				     proc_path(names[i]), i == 2 ? "--binary" : "--force")),
			0);
	}
	first = proc_read("1.json", NULL);
	last = proc_read("4.json", NULL);
	assert_string_equal(first, last);
	assert_non_null(strstr(first, "8192"));
	assert_non_null(strstr(first, " blanks "));
	free(first);
	free(last);
	proc_expect("2.plist", "<?xml");
	proc_expect("3.plist", "bplist00");
	for (unsigned i = 1; i < 3; i++)
		python("import json, plistlib, sys\n"
		       "folder, name = sys.argv[1].rsplit('/', 1)\n"
		       "plist = plistlib.load(open(sys.argv[1], 'rb'))\n"
		       "assert plist == json.load(open(folder + '/1.json')), plist\n",
		       proc_path(names[i]));
}

static void test_import(void **state)
{
	const char *file = proc_kept("i.json");

	(void)state;
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "web", "http")), 0);
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "x", "tcp")), 0);
	put("in.json",
	    "{\"SavedDisplayFilters\": {\"web\": \"http2\", \"x\": \"tcp\", \"n\": \"dns\"},"
	    " \"SecVFCaptureQueueLimit\": 5}");
	assert_int_equal(filter(WORDS("import", "--settings", file, proc_path("in.json"))), 0);
	expect("out", "added    web (2), as that name has another expression\n"
		      "kept     x, which was there\n"
		      "added    n\n"
		      "set      SecVFCaptureQueueLimit 5\n");
	/* Twice is once. */
	assert_int_equal(filter(WORDS("import", "--settings", file, proc_path("in.json"))), 0);
	expect("out", "kept     web (2), which was there\n"
		      "kept     x, which was there\n"
		      "kept     n, which was there\n");
	assert_int_equal(filter(WORDS("list", "--settings", file)), 0);
	expect("out", "   1  web      http\n   2  x        tcp\n   3  web (2)  http2\n"
		      "   4  n        dns\n");
	put("in.json", "{\"SavedDisplayFilters\": [\n{\"name\": 1}]}");
	assert_int_equal(filter(WORDS("import", "--settings", file, proc_path("in.json"))), 2);
	proc_expect("err", "in.json:2: SavedDisplayFilters[0].name: a text");
	put("in.json", "{\"other\": 1}");
	assert_int_equal(filter(WORDS("import", "--settings", file, proc_path("in.json"))), 2);
	proc_expect("err", "no SavedDisplayFilters in it");
	put("in.json", "tcp.port == 80\n");
	assert_int_equal(filter(WORDS("import", "--settings", file, proc_path("in.json"))), 2);
	proc_expect("err", "neither a property list");
	put("in.plist", "<plist><dict><key>SavedDisplayFilters</key><array><dict><key>name</key>"
			"<real>1</real></dict></array></dict></plist>");
	assert_int_equal(filter(WORDS("import", "--settings", file, proc_path("in.plist"))), 2);
	proc_expect("err", "in.plist: SavedDisplayFilters[0].name: a string is wanted, and a real");
	assert_int_equal(filter(WORDS("import", "--settings", file, "/nowhere")), 3);
}

/* As another program writes them, XML and binary. */
static void test_import_of_plistlib(void **state)
{
	const char *file = proc_kept("p.json");

	(void)state;
	for (unsigned binary = 0; binary < 2; binary++) {
		const char *plist = proc_path(binary ? "py-b.plist" : "py-x.plist");

		if (!python("import plistlib, sys\n"
			    "saved = [dict(name='\\u0416', expression='tcp', note='\\U0001f600'),\n"
			    "         'udp', dict(name='b', expression='dns', hidden=True)]\n"
			    "kind = plistlib.FMT_BINARY if '-b' in sys.argv[1] else "
			    "plistlib.FMT_XML\n"
			    "plistlib.dump(dict(SavedDisplayFilters=saved, NSWindow=b'abc',\n"
			    "              SecVFCaptureQueueLimit=4096), open(sys.argv[1], 'wb'), "
			    "fmt=kind)\n",
			    plist))
			skip();
		assert_int_equal(filter(WORDS("import", "--settings", file, plist)), 0);
		expect("out", binary ? "kept     \xd0\x96, which was there\n"
				       "kept     udp, which was there\n"
				       "kept     b, which was there\n"
				     : "added    \xd0\x96\nadded    udp\nadded    b\n"
				       "set      SecVFCaptureQueueLimit 4096\n");
	}
	assert_int_equal(filter(WORDS("list", "--settings", file)), 0);
	expect("out", "   1  \xd0\x96    tcp  # \xf0\x9f\x98\x80\n"
		      "   2  udp  udp\n   3  b    dns\n");
}

static void test_export(void **state)
{
	const char *file = proc_kept("e.json"), *to = proc_kept("to.plist");

	(void)state;
	assert_int_equal(filter(WORDS("add", "--settings", file, "--no-check", "a", "tcp")), 0);
	put("to.plist", "mine");
	assert_int_equal(filter(WORDS("export", "--settings", file, to)), 2);
	proc_expect("err", "to.plist: it is there; --force replaces it");
	expect("to.plist", "mine");
	assert_int_equal(filter(WORDS("export", "--settings", file, to, "--force")), 0);
	proc_expect("to.plist", "<string>tcp</string>");
	assert_int_equal(filter(WORDS("export", "--settings", file, proc_path("to.txt"))), 2);
	assert_int_equal(
		filter(WORDS("export", "--settings", file, proc_path("x.json"), "--binary")), 2);
	assert_int_equal(filter(WORDS("export", "--settings", file, "/nowhere/x.json")), 3);
}

#define AT_ONCE 8u

static void test_at_once(void **state)
{
	const char *file = proc_kept("o.json");
	pid_t pids[AT_ONCE];
	char name[16];

	(void)state;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		snprintf(name, sizeof(name), "%u", i);
		pids[i] = proc_start(WORDS(SECVF, "filter", "add", "--settings", file, "--no-check",
					   name, "tcp"),
				     "out", "err");
	}
	for (unsigned i = 0; i < AT_ONCE; i++)
		assert_int_equal(proc_wait(pids[i]), 0);
	assert_int_equal(filter(WORDS("list", "--settings", file)), 0);
	assert_int_equal(proc_lines("out"), AT_ONCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_checked_by_tshark),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_import_of_plistlib),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
