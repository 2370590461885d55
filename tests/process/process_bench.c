/* process_bench.c - `secvf bench` as a command
 *
 * Goal: each bench ends well on few frames, with and without tshark; the JSON has the rivals of
 * each contest, ours first, with figures or with why there are none; the drawings are well-formed
 * XML; bad words are refused and say what is right; nothing is left behind.
 *
 * Method: one round of few frames. What the figures are is not looked at, only that they are
 * figures: speed is no property of a test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <expat.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name) FIXTURES "/captures/" name
#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})

/* Time enough for a loaded machine under sanitizers; few frames end it long before. */
static int bench(const char *const words[])
{
	const char *argv[40] = {SECVF,	     "bench", "--rounds",      "1",
				"--seconds", "60",    "--live-frames", "200",
				"--frames",  "400",   "--dir",	       proc_dir()};
	size_t n = 12;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		fail_msg("no '%s' in %s", key, json_object_to_json_string(o));
	return value;
}

static const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(member(o, key));
}

static struct json_object *json(const char *name)
{
	char *text = proc_read(name, NULL);
	struct json_object *root = json_tokener_parse(text);

	assert_non_null(root);
	free(text);
	return root;
}

static void expect_xml(const char *name)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	size_t n;
	char *text = proc_read(name, &n);

	assert_int_equal(XML_Parse(parser, text, (int)n, 1), XML_STATUS_OK);
	assert_non_null(strstr(text, "<svg "));
	XML_ParserFree(parser);
	free(text);
}

static void expect_nothing_left(void)
{
	DIR *d = opendir(proc_dir());
	struct dirent *e;

	while ((e = readdir(d)))
		assert_null(strstr(e->d_name, "secvf-bench-"));
	closedir(d);
}

/* A figure, or why there is none; of ours, a figure unless tshark is missing. */
static void expect_rival(struct json_object *rival, bool ours)
{
	struct json_object *why;

	assert_true(strlen(text_of(rival, "name")) > 0);
	if (json_object_object_get_ex(rival, "missing", &why)) {
		assert_true(json_object_get_string_len(why) > 0);
		assert_false(ours && proc_tshark());
		return;
	}
	assert_true(json_object_get_double(member(rival, "median")) > 0);
	assert_true(ours || json_object_get_double(member(rival, "ours_to_it")) > 0);
}

/* Return: how many contests of @name there are. */
static unsigned expect_contests(struct json_object *root, const char *name)
{
	struct json_object *list = member(root, "contests");
	unsigned found = 0;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct json_object *rivals = member(o, "rivals"), *note;

		if (strcmp(text_of(o, "bench"), name) != 0)
			continue;
		found++;
		assert_true(strlen(text_of(o, "what")) > 0 && strlen(text_of(o, "unit")) > 0);
		for (size_t k = 0; k < json_object_array_length(rivals); k++)
			expect_rival(json_object_array_get_idx(rivals, k), k == 0);
		/* Where nobody is beside us, it is said why. */
		assert_true(json_object_array_length(rivals) > 1 || !proc_tshark() ||
			    json_object_object_get_ex(o, "note", &note));
	}
	return found;
}

static void test_each(void **state)
{
	static const struct {
		const char *name;
		unsigned contests;
	} benches[] = {{"live", 3},    {"replay", 1}, {"capture", 1}, {"write", 1},
		       {"latency", 3}, {"store", 3},  {"filter", 7},  {"ek", 3}};

	(void)state;
	for (unsigned i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		const char *few = strcmp(benches[i].name, "latency") == 0 ? "4" : "60";
		struct json_object *root;
		unsigned found;

		assert_int_equal(bench(WORDS(benches[i].name, "--seconds", few, "--json",
					     proc_path("r.json"), "--svg", proc_path("r.svg"),
					     CAPTURE("session.pcapng"))),
				 0);
		proc_expect("out", benches[i].name);
		root = json("r.json");
		found = expect_contests(root, benches[i].name);
		assert_int_equal(found, json_object_array_length(member(root, "contests")));
		assert_true(found == benches[i].contests || !proc_tshark());
		json_object_put(root);
		expect_xml("r.svg");
		expect_nothing_left();
	}
}

static void test_without_tshark(void **state)
{
	struct json_object *root;

	(void)state;
	/* And without a file: the capture that the program has. */
	assert_int_equal(bench(WORDS("--tshark", "none", "--seconds", "4", "--json", "-")), 0);
	root = json("out");
	assert_string_equal(text_of(root, "tshark"), "");
	assert_int_equal(expect_contests(root, "capture"), 1);
	assert_true(json_object_array_length(member(root, "contests")) > 8);
	json_object_put(root);
	proc_expect("out", "tshark is not installed, or --tshark none was given");
	assert_int_equal(bench(WORDS("model", "--tshark", "none")), 3);
	proc_expect("err", "bench model: tshark is not installed");
	expect_nothing_left();
}

static void test_model(void **state)
{
	struct json_object *root, *lean, *cost;

	(void)state;
	if (!proc_tshark())
		skip();
	assert_int_equal(bench(WORDS("model", "--live-frames", "3000", "--json",
				     proc_path("m.json"), "--svg", proc_path("m.svg"))),
			 0);
	proc_expect("out", "ns of processor time a frame: read ");
	root = json("m.json");
	lean = member(member(root, "model"), "lean");
	cost = member(lean, "cost_ns");
	assert_true(json_object_get_double(member(cost, "tshark")) >
		    json_object_get_double(member(cost, "basic_decode")));
	assert_int_equal(json_object_array_length(member(lean, "predicted")), 25);
	assert_int_equal(json_object_array_length(member(lean, "predicted_evenly")), 5);
	assert_int_equal(json_object_array_length(member(lean, "checked")), 4);
	/* More processors or shards never make it slower. */
	for (size_t i = 0; i < 25; i++) {
		struct json_object *list = member(lean, "predicted");
		double rate = json_object_get_double(
			member(json_object_array_get_idx(list, i), "frames_per_s"));

		assert_true(rate > 0);
		if (i >= 5)
			assert_true(rate >= json_object_get_double(
						    member(json_object_array_get_idx(list, i - 5),
							   "frames_per_s")));
	}
	json_object_put(root);
	expect_xml("m.svg");
	expect_nothing_left();
}

static void test_grow(void **state)
{
	static const char *const axes[] = {"frame_bytes", "frames", "conversations", "shards"};
	struct json_object *root;

	(void)state;
	assert_int_equal(bench(WORDS("grow", "--tshark", "none", "--json", proc_path("g.json"),
				     "--svg", proc_path("g.svg"))),
			 0);
	root = json("g.json");
	for (unsigned i = 0; i < 4; i++) {
		struct json_object *list = member(member(root, "grow"), axes[i]);

		assert_true(json_object_array_length(list) >= 5);
		member(json_object_array_get_idx(list, 0), axes[i]);
		member(json_object_array_get_idx(list, 0), "off");
	}
	json_object_put(root);
	expect_xml("g.svg");
	expect_nothing_left();
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(bench(WORDS("--help")), 0);
	proc_expect("out", "usage: secvf bench ");
	assert_int_equal(bench(WORDS("speed")), 2);
	proc_expect("err", "'speed' is neither a bench nor a capture file");
	assert_int_equal(bench(WORDS("--fast")), 2);
	proc_expect("err", "there is no option '--fast'");
	assert_int_equal(bench(WORDS("--rounds")), 2);
	proc_expect("err", "a value is missing after '--rounds'");
	assert_int_equal(bench(WORDS("--rounds", "0")), 2);
	assert_int_equal(bench(WORDS("--seconds", "x")), 2);
	assert_int_equal(bench(WORDS("--shards", "17")), 2);
	assert_int_equal(bench(WORDS("--json", "-", "--svg", "-")), 2);
	proc_expect("err", "cannot both be -");
	assert_int_equal(bench(WORDS("capture", "--dir", "/nowhere/at/all")), 3);
	proc_expect("err", "--dir");
	assert_int_equal(bench(WORDS("capture", FIXTURES "/README.md")), 3);
	assert_int_equal(bench(WORDS("capture", CAPTURE("format-pcap-no-frames.pcap"))), 3);
	proc_expect("err", "no frame to measure with");
	assert_int_equal(bench(WORDS("capture", "--svg", "/nowhere/at/all")), 3);
	proc_expect("err", "/nowhere/at/all");
	expect_nothing_left();
}

/* A signal ends it and what it started, and its folder goes. */
static void test_signal(void **state)
{
	const char *const argv[] = {SECVF,   "bench",	 "latency",
				    "--pps", "1",	 "--seconds",
				    "3600",  "--tshark", proc_tshark() ? proc_tshark() : "none",
				    "--dir", proc_dir(), NULL};
	pid_t pid;

	(void)state;
	if (!proc_tshark())
		skip();
	pid = proc_start(argv, "out", "err");
	while (!proc_child(pid, "secvf"))
		proc_pause();
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(proc_wait(pid), 1);
	proc_expect("err", "stopped by a signal");
	expect_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),   cmocka_unit_test(test_without_tshark),
		cmocka_unit_test(test_model),  cmocka_unit_test(test_grow),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
