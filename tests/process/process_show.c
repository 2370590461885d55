/* process_show.c - `secvf show` and `secvf follow` as commands
 *
 * Goal: the tree holds the fields of a frame, and bytes and fields lead to each other; sharkd and
 * tshark alone say the same; options of dissection reach both; a user's Lua dissector works in
 * show, follow and replay; hostile captures print nothing that a terminal would obey; errors have
 * the promised words and exit codes, a sharkd that dies included.
 *
 * Method: the commands are run on fixtures; trees are compared by their JSON.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name) FIXTURES "/captures/" name
#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})

static bool have_sharkd(void)
{
	if (access("/usr/bin/sharkd", X_OK) == 0)
		return true;
	print_message("sharkd is not installed\n");
	return false;
}

static int secvf(const char *const words[])
{
	const char *argv[32] = {SECVF};
	size_t n = 1;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

static void expect_ok(const char *const words[])
{
	if (secvf(words) != 0) {
		char *err = proc_read("err", NULL);

		fail_msg("%s %s: %s", words[0], words[1], err);
	}
}

static void expect_error(const char *const words[], int exit, const char *text)
{
	int got = secvf(words);
	char *out = proc_read("out", NULL);

	if (got != exit) {
		char *err = proc_read("err", NULL);

		fail_msg("exit %d, not %d: %s", got, exit, err);
	}
	proc_expect("err", "secvf: ");
	proc_expect("err", text);
	assert_int_equal(proc_lines("err"), 1);
	assert_string_equal(out, "");
	free(out);
}

static struct json_object *shown(const char *const words[])
{
	struct json_object *o;
	char *text;

	expect_ok(words);
	text = proc_read("out", NULL);
	o = json_tokener_parse(text);
	assert_non_null(o);
	free(text);
	return o;
}

static int64_t number_in(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_int64(value) : -1;
}

static const char *text_in(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : "";
}

/* ---- trees ---- */

static void the_tree_has_the_fields(void **state)
{
	(void)state;
	if (!proc_tshark())
		skip();
	expect_ok(WORDS("show", CAPTURE("http.pcap"), "6", "8"));
	proc_expect("out", "  Frame 6: ");
	proc_expect("out", "      Source Address: 192.0.2.1\n");
	proc_expect("out", "      Destination Port: 80\n");
	proc_expect("out", "      User-Agent: curl/7.88.1\\r\\n");
	proc_expect("out", "\n0040  ");
	proc_expect("out", "\n\n  Frame 8: ");
	expect_ok(WORDS("show", "--no-tree", CAPTURE("http.pcap"), "6"));
	proc_expect("out", "0000  02 00 00 00 00");
	expect_ok(WORDS("show", "--no-bytes", "--field", "ip.src", CAPTURE("http.pcap"), "6"));
	proc_expect("out", "\n>     Source Address: 192.0.2.1\n");
	expect_ok(WORDS("show", "--no-tree", "--field", "ip.src", CAPTURE("http.pcap"), "6"));
	proc_expect("out", "[c0 00 02 01]");
	expect_ok(WORDS("show", "--no-bytes", "--byte", "0x1a", CAPTURE("http.pcap"), "6"));
	proc_expect("out", ">     Source Address: 192.0.2.1\n");
}

/* The smallest range of what is not worked out, for each byte: as show has it, by the JSON. */
static void smallest(struct json_object *nodes, int64_t *bytes, const char **labels, size_t n)
{
	for (size_t i = 0; i < json_object_array_length(nodes); i++) {
		struct json_object *o = json_object_array_get_idx(nodes, i), *children;
		int64_t start = number_in(o, "start"), length = number_in(o, "bytes");
		int64_t whole =
			length + (number_in(o, "after") < 0 ? 0 : number_in(o, "after_bytes"));

		if (number_in(o, "view") == 0 && !json_object_object_get(o, "generated") &&
		    !json_object_object_get(o, "hidden")) {
			for (int64_t b = start; b < start + length && b < (int64_t)n; b++) {
				if (whole <= bytes[b]) {
					bytes[b] = whole;
					labels[b] = text_in(o, "label");
				}
			}
		}
		if (json_object_object_get_ex(o, "children", &children))
			smallest(children, bytes, labels, n);
	}
}

/* One tree a byte, on one command line each; a few frames of few bytes. */
static void each_byte_has_its_field(const char *file, const char *frame)
{
	struct json_object *root = shown(WORDS("show", "-T", "json", file, frame));
	struct json_object *view =
		json_object_array_get_idx(json_object_object_get(root, "views"), 0);
	size_t n = strlen(text_in(view, "hex")) / 2;
	const char *every = getenv("SECVF_TEST_EVERY");
	int64_t bytes[512];
	const char *labels[512] = {NULL};

	assert_true(n > 0 && n <= 512);
	for (size_t i = 0; i < n; i++)
		bytes[i] = INT64_MAX;
	smallest(json_object_object_get(root, "tree"), bytes, labels, n);
	/* A process for each: all of them where everything is tested. */
	for (size_t i = 0; i < n; i += every && strcmp(every, "1") == 0 ? 1 : 7) {
		char number[16], *text, *mark;

		snprintf(number, sizeof(number), "%zu", i);
		expect_ok(WORDS("show", "--no-bytes", "--byte", number, file, frame));
		text = proc_read("out", NULL);
		mark = text[0] == '>' ? text : strstr(text, "\n>");
		assert_non_null(mark);
		mark += mark == text ? 1 : 2;
		mark += strspn(mark, " ");
		assert_non_null(labels[i]);
		if (strncmp(mark, labels[i], strlen(labels[i])) != 0)
			fail_msg("byte %zu: '%.60s', not '%s'", i, mark, labels[i]);
		free(text);
	}
	json_object_put(root);
}

static void bytes_and_fields_agree(void **state)
{
	(void)state;
	if (!proc_tshark() || !have_sharkd())
		skip();
	each_byte_has_its_field(CAPTURE("arp.pcap"), "2");
	each_byte_has_its_field(CAPTURE("dns.pcap"), "1");
	each_byte_has_its_field(CAPTURE("vlan.pcap"), "1");
}

/* ---- both sources ---- */

/* "FIELD START BYTES" a line of all that are not hidden, in order; what only one source has (ranges
 * that are of no view of PDML's, labels of generated items) is passed over. */
static void list(struct json_object *nodes, struct json_object *lines, bool ranges)
{
	for (size_t i = 0; i < json_object_array_length(nodes); i++) {
		struct json_object *o = json_object_array_get_idx(nodes, i), *children;
		char line[400];

		/* PDML hides them with what is in them. */
		if (json_object_object_get(o, "hidden"))
			continue;
		if (ranges && number_in(o, "view") == 0 && number_in(o, "bytes") > 0)
			snprintf(line, sizeof(line), "%s %d %d", text_in(o, "field"),
				 (int)number_in(o, "start"), (int)number_in(o, "bytes"));
		else
			snprintf(line, sizeof(line), "%s", text_in(o, "field"));
		/* Text without a field has a name with sharkd only. */
		if (line[0] && strncmp(line, "text", 4) != 0 && line[0] != ' ')
			json_object_array_add(lines, json_object_new_string(line));
		if (json_object_object_get_ex(o, "children", &children))
			list(children, lines, ranges);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(json_object_get_string(*(struct json_object *const *)a),
		      json_object_get_string(*(struct json_object *const *)b));
}

static struct json_object *listed(const char *option, const char *file, const char *frame,
				  bool ranges)
{
	struct json_object *root = shown(option ? WORDS("show", "-T", "json", option, file, frame)
						: WORDS("show", "-T", "json", file, frame));
	struct json_object *lines = json_object_new_array();

	list(json_object_object_get(root, "tree"), lines, ranges);
	json_object_array_sort(lines, by_text);
	json_object_put(root);
	return lines;
}

static bool has(struct json_object *lines, const char *line)
{
	for (size_t i = 0; i < json_object_array_length(lines); i++) {
		if (strcmp(json_object_get_string(json_object_array_get_idx(lines, i)), line) == 0)
			return true;
	}
	return false;
}

/* Fields are the same; each range that tshark alone tells is one that sharkd tells. */
static void both_say_the_same(void **state)
{
	static const struct {
		const char *file, *frame;
	} cases[] = {
		{CAPTURE("arp.pcap"), "2"},
		{CAPTURE("dns.pcap"), "2"},
		{CAPTURE("http.pcap"), "6"},
		{CAPTURE("http.pcap"), "8"},
		{CAPTURE("dhcp.pcap"), "2"},
		{CAPTURE("vlan.pcap"), "1"},
		{CAPTURE("fragments.pcap"), "4"},
		{CAPTURE("icmp.pcap"), "1"},
		{FIXTURES "/corrupt/cut-record-data.pcap", "3"},
	};

	(void)state;
	if (!proc_tshark() || !have_sharkd())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *a = listed(NULL, cases[i].file, cases[i].frame, false);
		struct json_object *b = listed("--no-sharkd", cases[i].file, cases[i].frame, false);

		assert_true(json_object_array_length(a) > 20);
		if (!json_object_equal(a, b))
			fail_msg("%s: by sharkd %s, by tshark %s", cases[i].file,
				 json_object_get_string(a), json_object_get_string(b));
		json_object_put(a);
		json_object_put(b);
		a = listed(NULL, cases[i].file, cases[i].frame, true);
		b = listed("--no-sharkd", cases[i].file, cases[i].frame, true);
		for (size_t k = 0; k < json_object_array_length(b); k++) {
			const char *line = json_object_get_string(json_object_array_get_idx(b, k));

			if (strchr(line, ' ') && !has(a, line))
				fail_msg("%s: '%s' is by tshark alone", cases[i].file, line);
		}
		json_object_put(a);
		json_object_put(b);
	}
}

/* ---- options ---- */

static void options_reach_both(void **state)
{
	(void)state;
	if (!proc_tshark())
		skip();
	for (int i = 0; i < 2; i++) {
		const char *source = i ? "--no-bytes" : "--no-sharkd";

		expect_ok(
			WORDS("show", source, "-d", "tcp.port==80,ftp", CAPTURE("http.pcap"), "6"));
		proc_expect("out", "File Transfer Protocol (FTP)");
		expect_ok(WORDS("show", source, "-o", "tcp.relative_sequence_numbers:FALSE",
				CAPTURE("http.pcap"), "4"));
		proc_expect("out", "Sequence Number: 484885352\n");
		expect_ok(WORDS("show", source, CAPTURE("http.pcap"), "4"));
		proc_expect("out", "Sequence Number: 0    (relative");
		expect_ok(WORDS("show", source, "-N", "t", CAPTURE("http.pcap"), "4"));
		proc_expect("out", "Source Port: http (80)");
		expect_ok(WORDS("show", source, CAPTURE("http.pcap"), "4"));
		proc_expect("out", "Source Port: 80\n");
	}
	/* By tshark, as sharkd knows no -d: the bytes are there, too. */
	expect_ok(WORDS("show", "--no-tree", "-d", "tcp.port==80,ftp", CAPTURE("http.pcap"), "6"));
	proc_expect("out", "0000  02 00 00 00 00");
}

static void errors(void **state)
{
	const char *const http = CAPTURE("http.pcap");

	(void)state;
	if (!proc_tshark())
		skip();
	expect_error(WORDS("show"), 2, "secvf show FILE FRAME");
	expect_error(WORDS("show", http), 2, "secvf show FILE FRAME");
	expect_error(WORDS("show", http, "0"), 2, "a whole number from 1");
	expect_error(WORDS("show", http, "x"), 2, "a whole number from 1");
	expect_error(WORDS("show", "--bogus", http, "1"), 2, "there is no option '--bogus'");
	expect_error(WORDS("show", "-T", "xml", http, "1"), 2, "text or json is wanted");
	expect_error(WORDS("show", "--byte", "x", http, "1"), 2, "an offset is wanted");
	expect_error(WORDS("show", "--byte", "9999", http, "1"), 2, "no field stands for byte");
	expect_error(WORDS("show", "--field", "no.such", http, "1"), 2, "has no field 'no.such'");
	expect_error(WORDS("show", "--view", "9", http, "1"), 2, "--view 9: the frame has 1");
	expect_error(WORDS("show", "-o", "nonsense", http, "1"), 2, "NAME:VALUE");
	expect_error(WORDS("show", "-d", "nonsense", http, "1"), 2, "FIELD==VALUE");
	expect_error(WORDS("show", "-N", "x", http, "1"), 2, "letters");
	expect_error(WORDS("show", "-d", "tcp.port==80,nosuch", http, "1"), 2,
		     "Unknown protocol -- \"nosuch\"; 'tshark -G decodes' lists");
	expect_error(WORDS("follow", http, "sctp", "0"), 2, "can be followed");
	expect_error(WORDS("follow", http, "tcp"), 2, "secvf follow FILE tcp 0");
	for (int i = 0; i < 2; i++) {
		const char *source = i ? "--no-sharkd" : "--no-bytes";
		const char *form = i ? "--no-sharkd" : "-Ttext";

		expect_error(WORDS("show", source, "/nonexistent.pcap", "1"), 3,
			     "cannot open /nonexistent.pcap: No such file");
		expect_error(WORDS("show", source, http, "9999"), 2, "frame 9999: ");
		expect_error(WORDS("show", source, "-o", "no.such:1", http, "1"), 2, "no.such");
		expect_error(WORDS("show", source, FIXTURES "/corrupt/text.pcap", "1"), 3,
			     "it is text");
		expect_error(WORDS("follow", form, http, "tcp", "99"), 2, "carried anything");
		expect_error(WORDS("follow", form, CAPTURE("arp.pcap"), "tcp", "frame:1"), 2,
			     "frame 1 is part of no tcp stream");
		expect_error(WORDS("follow", form, http, "tcp", "frame:9999"), 2, "frame 9999: ");
	}
	/* Those before it are shown. */
	assert_int_equal(secvf(WORDS("show", "--no-bytes", http, "1", "9999")), 2);
	proc_expect("out", "  Frame 1: ");
}

/* ---- streams ---- */

static char *followed(const char *option, const char *file, const char *kind, const char *stream)
{
	char *text, *frame;

	expect_ok(option ? WORDS("follow", option, file, kind, stream)
			 : WORDS("follow", file, kind, stream));
	text = proc_read("out", NULL);
	/* Only sharkd tells frames. */
	while ((frame = strstr(text, ", frame ")))
		memmove(frame, frame + 8 + strspn(frame + 8, "0123456789"),
			strlen(frame + 8 + strspn(frame + 8, "0123456789")) + 1);
	return text;
}

static void streams(void **state)
{
	static const struct {
		const char *file, *kind, *stream, *said;
	} cases[] = {
		{CAPTURE("http.pcap"), "tcp", "0", "Transfer-Encoding: chunked\n"},
		{CAPTURE("http.pcap"), "tcp", "frame:6", "GET / HTTP/1.1\n"},
		{CAPTURE("http.pcap"), "http", "0", "User-Agent: curl/7.88.1\n"},
		{CAPTURE("dns.pcap"), "udp", "0", ".www.malware.example."},
		{CAPTURE("dns.pcap"), "udp", "frame:2", ".www.malware.example."},
		{CAPTURE("tls-keys.pcapng"), "tls", "0", "PRI * HTTP/2.0\n"},
		{CAPTURE("http2-cleartext.pcap"), "http2", "0", "---- server, 27 bytes\n"},
		{FIXTURES "/corrupt/cut-last-byte.pcap", "tcp", "0", "Host: format.example\n"},
	};

	(void)state;
	if (!proc_tshark())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *a = followed("--no-sharkd", cases[i].file, cases[i].kind, cases[i].stream);
		char *a_end = strchr(a, '\n'), *b, *b_end;

		if (!strstr(a, cases[i].said))
			fail_msg("%s %s: %s", cases[i].file, cases[i].kind, a);
		b = have_sharkd() ? followed(NULL, cases[i].file, cases[i].kind, cases[i].stream)
				  : strdup(a);
		b_end = strchr(b, '\n');
		/* Of TLS neither has a name of the other end, and they say so in their own ways. */
		if (strcmp(cases[i].kind, "tls") == 0)
			assert_string_equal(a_end, b_end);
		else
			assert_string_equal(a, b);
		free(a);
		free(b);
	}
	/* Without secrets there is nothing to follow in TLS. */
	expect_error(WORDS("follow", CAPTURE("tls13.pcap"), "tls", "0"), 2, "carried anything");
}

/* ---- a dissector of the user's ---- */

static const char lua[] = "local p = Proto('secvfhello', 'A dissector of ours')\n"
			  "local f = ProtoField.string('secvfhello.word', 'Word')\n"
			  "p.fields = {f}\n"
			  "function p.dissector(tvb, pinfo, tree)\n"
			  "  tree:add(p, tvb(0, 2)):add(f, tvb(0, 2), 'hello')\n"
			  "end\n"
			  "register_postdissector(p)\n";

static void make_folders(char *path)
{
	for (char *at = path + strlen(proc_dir()) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
}

static void lua_dissectors_work(void **state)
{
	static const char *const folders[] = {"home/.config/wireshark/plugins",
					      "home/.config/wireshark", "home/.config", "home"};
	char path[600], home[300], *before = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
	FILE *f;

	(void)state;
	if (!proc_tshark())
		skip();
	snprintf(home, sizeof(home), "%s/home", proc_dir());
	snprintf(path, sizeof(path), "%s/.config/wireshark/plugins/hello.lua", home);
	make_folders(path);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(lua, f);
	fclose(f);
	setenv("HOME", home, 1);
	for (int i = 0; i < 2; i++) {
		const char *source = i ? "--no-sharkd" : "--no-bytes";

		expect_ok(WORDS("show", source, "--field", "secvfhello.word", CAPTURE("http.pcap"),
				"6"));
		proc_expect("out", ">     Word: hello\n");
		expect_ok(WORDS("follow", i ? "--no-sharkd" : "-Ttext", CAPTURE("http.pcap"), "tcp",
				"frame:6"));
		proc_expect("out", "GET / HTTP/1.1\n");
	}
	assert_int_equal(proc_secvf("out", WORDS("--topspeed", "-T", "ek", "--decode", "full", "-q",
						 CAPTURE("http.pcap"))),
			 0);
	proc_expect("out", "\"secvfhello_secvfhello_word\":\"hello\"");
	if (before)
		setenv("HOME", before, 1);
	free(before);
	unlink(path);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", proc_dir(), folders[i]);
		rmdir(path);
	}
	expect_error(WORDS("show", "--field", "secvfhello.word", CAPTURE("http.pcap"), "6"), 2,
		     "has no field");
}

/* ---- what is hostile, and what dies ---- */

static void expect_no_controls(const char *what)
{
	size_t n;
	char *text = proc_read("out", &n);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		/* C1 controls and bidirectional marks as UTF-8, too. */
		if ((c < 0x20 && c != '\n') || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0) ||
		    (c == 0xe2 && (unsigned char)text[i + 1] == 0x80 &&
		     (unsigned char)text[i + 2] >= 0xaa && (unsigned char)text[i + 2] <= 0xae))
			fail_msg("%s: byte %zu of the output is 0x%02x", what, i, c);
	}
	free(text);
}

static void hostile_captures_are_harmless(void **state)
{
	DIR *d = opendir(FIXTURES "/captures");
	struct dirent *e;
	unsigned done = 0;

	(void)state;
	assert_non_null(d);
	if (!proc_tshark())
		skip();
	while ((e = readdir(d))) {
		char path[600];

		/* Those are about time, and take it. */
		if (strncmp(e->d_name, "hostile-", 8) != 0 || strstr(e->d_name, "-stuck") ||
		    strstr(e->d_name, "-bomb") || strstr(e->d_name, "-slow"))
			continue;
		snprintf(path, sizeof(path), FIXTURES "/captures/%s", e->d_name);
		assert_int_equal(secvf(WORDS("show", path, "1")), 0);
		expect_no_controls(e->d_name);
		if (secvf(WORDS("show", path, "1", "2", "3", "4", "5")) == 0)
			expect_no_controls(e->d_name);
		assert_int_equal(secvf(WORDS("show", "--no-sharkd", path, "1")), 0);
		expect_no_controls(e->d_name);
		done++;
	}
	closedir(d);
	assert_true(done > 5);
}

static void a_sharkd_that_dies_is_told(void **state)
{
	const char *const sharkd = proc_kept("sharkd"), *const tshark = proc_kept("tshark");
	static const struct {
		const char *script, *said;
	} cases[] = {
		{"kill -SEGV $$", "it ended by signal 11"},
		{"read -r a; kill -ABRT $$", "it ended by signal 6"},
		{"echo 'no memory' >&2; exit 1", "the last that it said: no memory"},
		{"while read -r a; do echo '{broken'; done", "it answered something else"},
	};

	(void)state;
	if (!proc_tshark())
		skip();
	assert_int_equal(symlink(proc_tshark(), tshark), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *f = fopen(sharkd, "we");

		assert_non_null(f);
		fprintf(f, "#!/bin/sh\n%s\n", cases[i].script);
		fclose(f);
		assert_int_equal(chmod(sharkd, 0700), 0);
		expect_error(WORDS("show", "--tshark", tshark, CAPTURE("http.pcap"), "6"), 3,
			     cases[i].said);
		expect_error(WORDS("follow", "--tshark", tshark, CAPTURE("http.pcap"), "tcp", "0"),
			     3, cases[i].said);
		unlink(sharkd);
	}
	/* tshark alone needs none. */
	expect_ok(WORDS("show", "--no-sharkd", "--tshark", tshark, CAPTURE("http.pcap"), "6"));
	unlink(tshark);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_has_the_fields),
		cmocka_unit_test(bytes_and_fields_agree),
		cmocka_unit_test(both_say_the_same),
		cmocka_unit_test(options_reach_both),
		cmocka_unit_test(errors),
		cmocka_unit_test(streams),
		cmocka_unit_test(lua_dissectors_work),
		cmocka_unit_test(hostile_captures_are_harmless),
		cmocka_unit_test(a_sharkd_that_dies_is_told),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
