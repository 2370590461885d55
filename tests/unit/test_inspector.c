/* test_inspector.c - sharkd, or else tshark
 *
 * Goal: verdicts about filters and their places are the same whoever is asked; a sharkd that dies
 * is replaced for the next question, and for filters by tshark at once; one that has loaded enough
 * is replaced, and what was read before its file went is kept; fields are there; nothing is left
 * behind.
 *
 * Method: tshark and sharkd where they are installed, and scripts in their places.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/inspector.h"
#include "unit/files.h"
#include "unit/nothing_left.h"

#define TSHARK "/usr/bin/tshark"
#define SHARKD "/usr/bin/sharkd"

static bool installed(void)
{
	if (access(TSHARK, X_OK) == 0 && access(SHARKD, X_OK) == 0)
		return true;
	print_message("tshark or sharkd is not installed\n");
	return false;
}

static const char *script(const char *name, const char *text)
{
	const char *path = files_path(name);
	FILE *f;

	unlink(path);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static struct filter_verdict check(struct inspector *x, const char *filter)
{
	struct filter_verdict v;
	struct err err;

	if (!inspector_check(x, filter, &v, &err))
		fail_msg("%s", err.text);
	return v;
}

static const struct {
	const char *filter, *message, *place;
} wrong[] = {
	{"foo", "foo is neither a field nor a protocol name.", "foo"},
	{"tcp.port == 80 &&& x", "\"&\" was unexpected in this context.", "&"},
	{"ip.addr == 1.2.3", "\"1.2.3\" is not a valid hostname or IPv4 address.", "1.2.3"},
	{"tcp.flags.syn == \"GET\"",
	 "\"GET\" cannot be found among the possible values for tcp.flags.syn.", "\"GET\""},
	{"tcp.port == 1 and tcp.port == x", NULL, "x"},
	{"tcp.port == ", "Unexpected end of filter expression.", NULL},
	{"-x", NULL, NULL},
};

static void places_of_what_is_wrong(void **state)
{
	(void)state;
	if (!installed())
		skip();
	for (int with = 0; with < 2; with++) {
		struct inspector x;

		inspector_open(&x, TSHARK, with ? SHARKD : NULL, NULL);
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			struct filter_verdict v = check(&x, wrong[i].filter);

			assert_false(v.ok);
			assert_null(v.hint);
			if (wrong[i].message)
				assert_string_equal(v.message, wrong[i].message);
			assert_true(v.message[0] != '\0');
			assert_null(strchr(v.message, '^'));
			if (!wrong[i].place)
				continue;
			assert_int_equal(v.n, strlen(wrong[i].place));
			assert_true(v.at + v.n <= strlen(wrong[i].filter));
			assert_memory_equal(wrong[i].filter + v.at, wrong[i].place, v.n);
			/* The last of those that look alike: the caret stands there. */
			assert_null(strstr(wrong[i].filter + v.at + v.n, wrong[i].place));
		}
		inspector_close(&x);
		inspector_close(&x);
		nothing_left();
	}
}

static void what_is_right(void **state)
{
	static const char *const right[] = {"", " ", "tcp",
					    "ip.addr == 1.2.3.4 and tcp.port in {1, 2}"};

	(void)state;
	if (!installed())
		skip();
	for (int with = 0; with < 3; with++) {
		struct inspector x;

		inspector_open(&x, with == 2 ? NULL : TSHARK, with ? SHARKD : NULL, NULL);
		for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
			struct filter_verdict v = check(&x, right[i]);

			assert_true(v.ok);
			assert_string_equal(v.message, "");
			assert_int_equal(v.n, 0);
			assert_null(v.hint);
		}
		assert_non_null(check(&x, "frame contains \"x\" and tcp").hint);
		if (with)
			assert_non_null(strstr(check(&x, "bootp").message, "deprecated"));
		inspector_close(&x);
		nothing_left();
	}
}

/* Without tshark sharkd's word is all that there is: no place. */
static void sharkd_alone(void **state)
{
	struct inspector x;
	struct filter_verdict v;
	struct err err;

	(void)state;
	if (!installed())
		skip();
	inspector_open(&x, NULL, SHARKD, NULL);
	v = check(&x, "foo");
	assert_false(v.ok);
	assert_string_equal(v.message, "foo is neither a field nor a protocol name.");
	assert_int_equal(v.n, 0);
	assert_null(inspector_fields(&x, &err));
	assert_non_null(strstr(err.text, "there is none"));
	inspector_close(&x);
	nothing_left();
}

static void a_sharkd_that_fails_is_no_end(void **state)
{
	static const char *const scripts[] = {"exit 1", "kill -SEGV $$", "read -r a; echo '{no'"};
	struct filter_verdict v;
	struct layers l = {0};
	struct inspector x;
	struct err err;

	(void)state;
	if (!installed())
		skip();
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		const char *path = script("sharkd", scripts[i]);

		/* tshark knows filters, too. */
		inspector_open(&x, TSHARK, path, NULL);
		assert_true(check(&x, "tcp").ok);
		assert_false(check(&x, "foo").ok);
		inspector_close(&x);
		inspector_open(&x, NULL, path, NULL);
		assert_false(inspector_check(&x, "tcp", &v, &err));
		assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		inspector_load(&x, FIXTURES "/captures/http.pcap");
		assert_false(inspector_frame(&x, 1, NULL, 0, &l, &err));
		assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		inspector_close(&x);
		nothing_left();
	}
}

/* One that is killed between questions fails one, and is there again for the next. */
static void the_next_question_starts_afresh(void **state)
{
	struct layers l = {0};
	struct inspector x;
	struct err err;

	(void)state;
	if (!installed())
		skip();
	inspector_open(&x, TSHARK, SHARKD, NULL);
	inspector_load(&x, FIXTURES "/captures/http.pcap");
	for (int i = 0; i < 2; i++) {
		if (!inspector_frame(&x, 6, NULL, 0, &l, &err))
			fail_msg("%s", err.text);
		assert_true(layers_find(&l, "http.host", 0) != LAYERS_NOWHERE);
		layers_done(&l);
		assert_int_equal(kill(x.sharkd.pid, SIGSEGV), 0);
		assert_false(inspector_frame(&x, 6, NULL, 0, &l, &err));
		assert_non_null(strstr(err.text, "http.pcap: frame 6: "));
		assert_int_equal(l.nodes, 0);
	}
	inspector_close(&x);
	nothing_left();
}

static void frame_is_there(struct inspector *x)
{
	struct layers l = {0};
	struct err err;

	if (!inspector_frame(x, 6, NULL, 0, &l, &err))
		fail_msg("%s", err.text);
	assert_true(layers_find(&l, "http.host", 0) != LAYERS_NOWHERE);
	layers_done(&l);
}

/* Each load leaves memory behind in it. */
static void one_that_has_loaded_enough_is_replaced(void **state)
{
	struct inspector x;
	pid_t first;

	(void)state;
	if (!installed())
		skip();
	inspector_open(&x, TSHARK, SHARKD, NULL);
	inspector_load(&x, FIXTURES "/captures/http.pcap");
	frame_is_there(&x);
	first = x.sharkd.pid;
	/* Without a load there is nothing to count. */
	for (unsigned i = 0; i < 2 * INSPECTOR_LOADS_MAX; i++)
		frame_is_there(&x);
	assert_int_equal(x.sharkd.pid, first);
	for (unsigned i = 1; i <= INSPECTOR_LOADS_MAX; i++) {
		assert_int_equal(x.sharkd.pid, first);
		inspector_load(&x, FIXTURES "/captures/http.pcap");
		frame_is_there(&x);
	}
	assert_int_not_equal(x.sharkd.pid, first);
	inspector_close(&x);
	nothing_left();
}

/* What it has read it has open. */
static void the_file_may_go_once_it_was_read(void **state)
{
	const char *path = files_path("read.pcap");
	unsigned char bytes[65536];
	struct inspector x;
	struct err err;
	FILE *f;
	size_t n;

	(void)state;
	if (!installed())
		skip();
	f = fopen(FIXTURES "/captures/http.pcap", "re");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	inspector_open(&x, NULL, SHARKD, NULL);
	inspector_load(&x, path);
	if (!inspector_read(&x, &err))
		fail_msg("%s", err.text);
	assert_int_equal(unlink(path), 0);
	frame_is_there(&x);
	inspector_load(&x, path);
	assert_false(inspector_read(&x, &err));
	assert_non_null(strstr(err.text, "read.pcap"));
	inspector_close(&x);
	nothing_left();
}

static void a_tshark_that_fails_is_told(void **state)
{
	struct filter_verdict v;
	struct layers l = {0};
	struct follow f = {0};
	struct inspector x;
	struct err err;

	(void)state;
	inspector_open(&x, script("tshark", "echo 'tshark: no luck' >&2; exit 4"), NULL, NULL);
	inspector_load(&x, "-odd.pcap");
	assert_string_equal(x.file, "./-odd.pcap");
	assert_false(inspector_frame(&x, 1, NULL, 0, &l, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "./-odd.pcap: "));
	assert_non_null(strstr(err.text, ": no luck"));
	assert_false(inspector_follow(&x, "tcp", "tcp.stream eq 0", &f, &err));
	assert_null(inspector_fields(&x, &err));
	assert_non_null(strstr(err.text, "-G fields: no luck"));
	inspector_close(&x);
	inspector_open(&x, script("tshark", "kill -SEGV $$"), NULL, NULL);
	assert_false(inspector_check(&x, "tcp", &v, &err));
	assert_non_null(strstr(err.text, "it ended by signal 11"));
	inspector_close(&x);
	inspector_open(&x, "/nonexistent/tshark", NULL, NULL);
	assert_false(inspector_check(&x, "tcp", &v, &err));
	assert_non_null(strstr(err.text, "No such file or directory"));
	inspector_close(&x);
	nothing_left();
}

/* A filter is asked of a sharkd that runs; without one tshark is asked, who is as right. */
static void another_sharkd_can_be_spared(void **state)
{
	struct filter_verdict v;
	struct inspector x;

	(void)state;
	if (!installed())
		skip();
	inspector_open(&x, TSHARK, SHARKD, NULL);
	assert_false(inspector_takes(&x, "tcp", &v)); /* none runs */
	assert_true(check(&x, "tcp").ok);
	assert_true(inspector_takes(&x, "tcp contains 01", &v));
	assert_true(v.ok);
	assert_false(inspector_takes(&x, "tcp ==", &v));
	inspector_use(&x, NULL);
	assert_false(sharkd_is_open(&x.sharkd));
	assert_true(check(&x, "tcp").ok);
	assert_false(check(&x, "tcp ==").ok);
	assert_false(sharkd_is_open(&x.sharkd));
	inspector_use(&x, SHARKD);
	assert_true(check(&x, "tcp").ok);
	assert_true(sharkd_is_open(&x.sharkd));
	inspector_close(&x);
	/* It is not taken from who has nobody else. */
	inspector_open(&x, NULL, SHARKD, NULL);
	inspector_use(&x, NULL);
	assert_true(check(&x, "tcp").ok);
	inspector_close(&x);
	nothing_left();
}

static void values_of_fields(void **state)
{
	static const char *const field[] = {"http.host", "tcp.port"};
	struct dissect d = {.preferences = 1, .preference = {"tcp.nosuch:1"}};
	struct buf json = {0};
	struct inspector x;
	struct waker stop;
	struct err err;

	(void)state;
	if (!installed())
		skip();
	inspector_open(&x, TSHARK, NULL, NULL);
	inspector_load(&x, FIXTURES "/captures/http.pcap");
	if (!inspector_values(&x, "frame.number in {6}", field, 2, 60000000000, NULL, &json, &err))
		fail_msg("%s", err.text);
	assert_non_null(strstr(json.p, "\"http.host\""));
	assert_non_null(strstr(json.p, "\"80\""));
	assert_null(strstr(json.p, "\"7\""));
	buf_done(&json);
	inspector_close(&x);
	/* What it refuses is told; who gives it up need not wait. */
	inspector_open(&x, TSHARK, NULL, &d);
	assert_false(inspector_values(&x, "tcp", field, 2, 60000000000, NULL, &json, &err));
	assert_non_null(strstr(err.text, "nosuch"));
	buf_done(&json);
	inspector_close(&x);
	assert_int_equal(waker_init(&stop), 0);
	waker_wake(&stop);
	inspector_open(&x, script("tshark", "exec sleep 1000"), NULL, NULL);
	assert_false(inspector_values(&x, "tcp", field, 2, 60000000000, &stop, &json, &err));
	assert_non_null(strstr(err.text, "given up"));
	buf_done(&json);
	inspector_close(&x);
	waker_done(&stop);
	nothing_left();
}

static void fields_are_had_once(void **state)
{
	const struct fields *first;
	struct inspector x;
	struct err err;

	(void)state;
	if (!installed())
		skip();
	inspector_open(&x, TSHARK, NULL, NULL);
	first = inspector_fields(&x, &err);
	assert_non_null(first);
	assert_true(first->count > 100000);
	x.tshark = "/nonexistent/tshark";
	assert_ptr_equal(inspector_fields(&x, &err), first);
	inspector_close(&x);
	nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(places_of_what_is_wrong, nothing_left_begin),
		cmocka_unit_test_setup(what_is_right, nothing_left_begin),
		cmocka_unit_test_setup(sharkd_alone, nothing_left_begin),
		cmocka_unit_test_setup(a_sharkd_that_fails_is_no_end, nothing_left_begin),
		cmocka_unit_test_setup(the_next_question_starts_afresh, nothing_left_begin),
		cmocka_unit_test_setup(one_that_has_loaded_enough_is_replaced, nothing_left_begin),
		cmocka_unit_test_setup(the_file_may_go_once_it_was_read, nothing_left_begin),
		cmocka_unit_test_setup(a_tshark_that_fails_is_told, nothing_left_begin),
		cmocka_unit_test_setup(another_sharkd_can_be_spared, nothing_left_begin),
		cmocka_unit_test_setup(values_of_fields, nothing_left_begin),
		cmocka_unit_test_setup(fields_are_had_once, nothing_left_begin),
	};

	return cmocka_run_group_tests(tests, files_begin, files_end);
}
