/* test_sharkd.c - questions to sharkd, and whatever comes instead of an answer
 *
 * Goal: an answer is the whole answer, however it comes; a refusal is told word for word; one that
 * dies, is silent, says something else or too much ends in SHARKD_GONE, with the reason, in time,
 * and leaves neither child nor descriptor; the next one starts afresh.
 *
 * Method: scripts of /bin/sh in its place; then sharkd itself, where it is installed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/port_posix.h"
#include "os/sharkd.h"
#include "unit/files.h"
#include "unit/nothing_left.h"

#define SECOND UINT64_C(1000000000)
#define LONG   (60 * SECOND)
#define SHORT  (SECOND / 5)
#define HEAD   "{\"jsonrpc\":\"2.0\",\"id\":"

/* What the script does for the nth request, a line of its input. */
static struct sharkd fake(const char *body)
{
	const char *path = files_path("sharkd");
	struct sharkd s;
	struct err err;
	FILE *f;

	unlink(path);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f,
		"#!/bin/sh\nok() { printf '" HEAD "%%d,\"result\":{%%s}}\\n' $n \"$1\"; }\nn=0\n"
		"while read -r line; do n=$((n+1))\n%s\ndone\n",
		body);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0700), 0);
	if (!sharkd_open(&s, path, &err))
		fail_msg("%s", err.text);
	assert_true(sharkd_is_open(&s));
	return s;
}

static enum sharkd_result ask(struct sharkd *s, uint64_t timeout_ns, const char **answer,
			      struct err *err)
{
	uint64_t start_ns = clock_now_ns();
	enum sharkd_result result;
	size_t n = 0;

	*err = (struct err){0};
	*answer = NULL;
	result = sharkd_ask(s, "frame", "{\"frame\":1}", timeout_ns, answer, &n, err);
	assert_true(clock_now_ns() - start_ns < LONG);
	if (result == SHARKD_OK)
		assert_int_equal(n, strlen(*answer));
	return result;
}

static void expect_answer(struct sharkd *s, const char *want)
{
	const char *answer;
	struct err err;

	if (ask(s, LONG, &answer, &err) != SHARKD_OK)
		fail_msg("%s", err.text);
	assert_string_equal(answer, want);
}

static void expect_gone(const char *body, uint64_t timeout_ns, const char *why)
{
	struct sharkd s = fake(body);
	const char *answer;
	struct err err;

	assert_int_equal(ask(&s, timeout_ns, &answer, &err), SHARKD_GONE);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	if (!strstr(err.text, why) || !strstr(err.text, "'frame' was not answered: "))
		fail_msg("'%s' is not in: %s", why, err.text);
	assert_false(sharkd_is_open(&s));
	sharkd_close(&s);
	nothing_left();
}

static void answers_arrive(void **state)
{
	static const char *const bodies[] = {
		"ok '\"a\":1'",
		/* What stands between answers, as sharkd prints it. */
		"echo; echo; echo 'load: filename=x'; ok '\"a\":1'; echo",
		/* In pieces, and late. */
		"printf '" HEAD "'; sleep 0.05; printf \"$n,\\\"result\\\":\"; sleep 0.05;"
		" echo '{\"a\":1}}'",
		/* With nothing to say any more. */
		"exec 2>&-; sleep 0.1; ok '\"a\":1'",
		"echo noise >&2; ok '\"a\":1'; echo noise >&2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct sharkd s = fake(bodies[i]);

		for (unsigned n = 1; n <= 5; n++) {
			char want[100];

			snprintf(want, sizeof(want), HEAD "%u,\"result\":{\"a\":1}}", n);
			expect_answer(&s, want);
		}
		sharkd_close(&s);
		sharkd_close(&s);
		assert_false(sharkd_is_open(&s));
		nothing_left();
	}
}

/* Longer than a pipe holds, both ways. */
static void long_ones(void **state)
{
	struct sharkd s = fake("printf '" HEAD "%d,\"result\":\"' $n\n"
			       "head -c 3000000 /dev/zero | tr '\\0' x\necho '\"}'");
	struct buf params = {0};
	const char *answer;
	struct err err;
	size_t n;

	(void)state;
	buf_puts(&params, "{\"x\":\"");
	for (int i = 0; i < 1000000; i++)
		buf_putc(&params, 'y');
	buf_puts(&params, "\"}");
	buf_putc(&params, '\0');
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sharkd_ask(&s, "x", params.p, LONG, &answer, &n, &err), SHARKD_OK);
		assert_int_equal(n, sizeof(HEAD) - 1 + strlen("1,\"result\":\"\"}") + 3000000);
		assert_int_equal(strlen(answer), n);
		assert_string_equal(answer + n - 4, "xx\"}");
	}
	buf_done(&params);
	sharkd_close(&s);
	/* A request that nobody reads. */
	s = fake("exec sleep 1000");
	for (int i = 0; i < 20; i++)
		buf_puts(&params, "[1,2,3]                     ");
	while (params.n < 300000)
		buf_putc(&params, ' ');
	buf_putc(&params, '\0');
	assert_int_equal(sharkd_ask(&s, "x", params.p, SHORT, &answer, &n, &err), SHARKD_GONE);
	buf_done(&params);
	nothing_left();
}

static void refusals_are_told_word_for_word(void **state)
{
	static const struct {
		const char *error, *said;
	} cases[] = {
		{"{\"code\":-5001,\"message\":\"Filter invalid - \\\\\"x\\\\\" is\"}",
		 "Filter invalid - \"x\" is"},
		{"{\"code\":-5001}", "sharkd refuses 'frame' without a word"},
		{"{}", "sharkd refuses 'frame' without a word"},
		{"7", "sharkd refuses 'frame' without a word"},
		{"null", "sharkd refuses 'frame' without a word"},
		{"{\"message\":null}", "sharkd refuses 'frame' without a word"},
		{"{broken", "sharkd refuses 'frame' without a word"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[300];
		struct sharkd s;
		const char *answer;
		struct err err;

		snprintf(body, sizeof(body), "printf '" HEAD "%%d,\"error\":%s}\\n' $n",
			 cases[i].error);
		s = fake(body);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(ask(&s, LONG, &answer, &err), SHARKD_REFUSED);
			assert_int_equal(err.exit, EXIT_USAGE);
			assert_string_equal(err.text, cases[i].said);
			assert_true(sharkd_is_open(&s));
		}
		sharkd_close(&s);
		nothing_left();
	}
}

static void deaths_are_told(void **state)
{
	(void)state;
	expect_gone("exit 0", LONG, "it ended");
	expect_gone("printf '" HEAD "1,\"res'; exit 1", LONG, "it ended");
	expect_gone("kill -SEGV $$", LONG, "it ended by signal 11 (Segmentation fault)");
	expect_gone("printf '" HEAD "'; kill -ABRT $$", LONG, "it ended by signal 6");
	expect_gone("echo 'Running as root could be dangerous.' >&2; echo last >&2; exit 3", LONG,
		    "it ended; the last that it said: last");
	expect_gone("echo 'Running as user \"root\". This could be dangerous.' >&2; exit 3", LONG,
		    "it ended");
}

static void silence_and_nonsense_are_told(void **state)
{
	(void)state;
	expect_gone("exec sleep 1000", SHORT, "not within 0 s, so it was ended");
	expect_gone("sleep 1000", SHORT, "not within 0 s, so it was ended");
	expect_gone("echo 'garbage'; echo '['", SHORT, "not within");
	expect_gone("while :; do echo garbage; done", SHORT, "not within");
	expect_gone("printf '{\"half'", SHORT, "not within");
	expect_gone("sleep 0.6; ok ''", SHORT, "not within");
	expect_gone("echo '{garbage'", LONG, "it answered something else");
	expect_gone("echo '{}'", LONG, "it answered something else");
	expect_gone("echo '" HEAD "}'", LONG, "it answered something else");
	expect_gone("n=77; ok ''", LONG, "it answered something else");
	expect_gone("echo '{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":{}}'", LONG,
		    "it answered something else");
	expect_gone("exec 0<&- 2>&-; sleep 1000", SHORT, "not within");
}

static void an_answer_without_end_is_ended(void **state)
{
	(void)state;
	expect_gone("printf '{'; exec tr '\\0' x </dev/zero", LONG, "the answer is too long");
}

/* Awake before, or while it is waited for. */
static void nobody_waits_any_more(void **state)
{
	struct sharkd s = fake("exec sleep 1000");
	const char *answer;
	struct waker stop;
	struct err err;

	(void)state;
	assert_int_equal(waker_init(&stop), 0);
	s.stop = &stop;
	assert_int_equal(ask(&s, SHORT, &answer, &err), SHARKD_GONE);
	assert_non_null(strstr(err.text, "not within"));
	waker_wake(&stop);
	s = fake("exec sleep 1000");
	s.stop = &stop;
	assert_int_equal(ask(&s, 2 * LONG, &answer, &err), SHARKD_GONE);
	assert_non_null(strstr(err.text, "nobody waits for it any more"));
	assert_false(sharkd_is_open(&s));
	waker_done(&stop);
	nothing_left();
}

/* One that has closed what we write to, or what it says, does not keep us busy. */
static void waiting_takes_no_processor_time(void **state)
{
	static const char *const bodies[] = {"exec 2>&-; sleep 1000", "exec 0<&-; sleep 1000",
					     "exec 0<&- 2>&-; sleep 1000"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct rusage before, after;
		int64_t us;

		getrusage(RUSAGE_SELF, &before);
		expect_gone(bodies[i], SECOND, "not within 1 s");
		getrusage(RUSAGE_SELF, &after);
		us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
		      before.ru_stime.tv_sec) *
			     1000000 +
		     (after.ru_utime.tv_usec - before.ru_utime.tv_usec) +
		     (after.ru_stime.tv_usec - before.ru_stime.tv_usec);
		assert_true(us < 500000);
	}
}

static void the_next_starts_afresh(void **state)
{
	const char *const path = files_path("sharkd");
	struct sharkd s = fake("case $n in 2) exit;; esac; ok ''");
	const char *answer;
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		expect_answer(&s, HEAD "1,\"result\":{}}");
		assert_int_equal(ask(&s, LONG, &answer, &err), SHARKD_GONE);
		assert_true(sharkd_open(&s, path, &err));
	}
	sharkd_close(&s);
	nothing_left();
}

static void what_cannot_be_started(void **state)
{
	struct sharkd s;
	struct err err;

	(void)state;
	assert_false(sharkd_open(&s, "/nonexistent/sharkd", &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_string_equal(err.text,
			    "cannot start /nonexistent/sharkd: No such file or directory");
	assert_false(sharkd_is_open(&s));
	sharkd_close(&s);
	nothing_left();
}

#ifdef __linux__
static void its_means_are_bounded(void **state)
{
	struct sharkd s = fake("while :; do :; done");
	struct rlimit limit, second = {1, 6};
	const char *answer;
	struct err err;

	(void)state;
	assert_int_equal(prlimit(s.pid, RLIMIT_AS, NULL, &limit), 0);
	assert_int_equal(limit.rlim_max, SHARKD_MEMORY_BYTES);
	assert_int_equal(prlimit(s.pid, RLIMIT_CPU, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, SHARKD_CPU_SECONDS);
	/* At both at once the system would kill without telling why. */
	assert_true(limit.rlim_max > limit.rlim_cur);
	assert_int_equal(prlimit(s.pid, RLIMIT_CPU, &second, NULL), 0);
	assert_int_equal(ask(&s, LONG, &answer, &err), SHARKD_GONE);
	assert_non_null(strstr(err.text, "it took 600 s of processor time"));
	nothing_left();
}
#endif

/* What is asked is JSON, whatever the names. */
static void requests_are_json(void **state)
{
	static const char odd[] = "a\"b\\c\x1b\n\xc3\xa4/%s$(x)";
	char body[700];
	struct json_object *o, *params;
	struct sharkd s;
	struct err err;
	char *text, *rest, *line;

	(void)state;
	snprintf(body, sizeof(body), "printf '%%s\\n' \"$line\" >>%s; ok ''", files_path("asked"));
	s = fake(body);
	assert_int_equal(sharkd_load(&s, odd, &err), SHARKD_OK);
	assert_int_equal(sharkd_set(&s, odd, odd, &err), SHARKD_OK);
	sharkd_close(&s);
	text = rest = files_read(files_path("asked"), NULL);
	assert_non_null(text);
	for (int i = 1; i <= 3; i += 2) {
		line = strsep(&rest, "\n");
		o = json_tokener_parse(line);
		assert_non_null(o);
		assert_int_equal(json_object_get_int(json_object_object_get(o, "id")), i);
		assert_string_equal(json_object_get_string(json_object_object_get(o, "method")),
				    i == 1 ? "load" : "setconf");
		params = json_object_object_get(o, "params");
		assert_string_equal(json_object_get_string(json_object_object_get(
					    params, i == 1 ? "file" : "value")),
				    odd);
		json_object_put(o);
		/* Behind a load stands what is answered in any case. */
		strsep(&rest, "\n");
	}
	free(text);
	nothing_left();
}

/* It answers nothing to a load that ends early, and then what comes behind. */
static void a_load_without_answer(void **state)
{
	struct sharkd s = fake("case $line in *load*) echo 'load: x';; *) ok '\"a\":1';; esac");
	struct err err = {0};

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		char want[100];

		if (sharkd_load(&s, "x", &err) != SHARKD_OK)
			fail_msg("%s", err.text);
		snprintf(want, sizeof(want), HEAD "%u,\"result\":{\"a\":1}}", i * 3);
		expect_answer(&s, want);
	}
	sharkd_close(&s);
	s = fake("case $line in *load*) n=9; ok ;; *) ok ;; esac");
	assert_int_equal(sharkd_load(&s, "x", &err), SHARKD_GONE);
	s = fake("case $line in *load*) ok ;; *) exit;; esac");
	assert_int_equal(sharkd_load(&s, "x", &err), SHARKD_GONE);
	s = fake("case $line in *load*) ok ;; *) n=9; ok;; esac");
	assert_int_equal(sharkd_load(&s, "x", &err), SHARKD_GONE);
	nothing_left();
}

static void messages_of_load_and_set(void **state)
{
	struct sharkd s = fake("printf '" HEAD "%d,\"error\":{\"message\":\"no\"}}\\n' $n");
	struct err err;

	(void)state;
	assert_int_equal(sharkd_load(&s, "/a/b.pcap", &err), SHARKD_REFUSED);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_string_equal(err.text, "/a/b.pcap: no");
	assert_int_equal(sharkd_set(&s, "x.y", "1", &err), SHARKD_REFUSED);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_string_equal(err.text, "preference 'x.y': no; 'tshark -G currentprefs' lists them");
	sharkd_close(&s);
	s = fake("kill -SEGV $$");
	assert_int_equal(sharkd_load(&s, "/a/b.pcap", &err), SHARKD_GONE);
	assert_non_null(strstr(err.text, "/a/b.pcap: sharkd: 'load' was not answered: it ended"));
	s = fake("exit");
	assert_int_equal(sharkd_set(&s, "x.y", "1", &err), SHARKD_GONE);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	nothing_left();
}

/* ---- sharkd itself ---- */

static void the_real_one(void **state)
{
	static const char path[] = "/usr/bin/sharkd";
	const char *answer;
	struct sharkd s;
	struct err err;
	size_t n;

	(void)state;
	if (access(path, X_OK)) {
		print_message("sharkd is not installed\n");
		skip();
	}
	assert_true(sharkd_open(&s, path, &err));
	assert_int_equal(sharkd_set(&s, "tcp.desegment_tcp_streams", "FALSE", &err), SHARKD_OK);
	assert_int_equal(sharkd_set(&s, "no.such_thing", "FALSE", &err), SHARKD_REFUSED);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_int_equal(sharkd_load(&s, "/nonexistent/x.pcap", &err), SHARKD_REFUSED);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_int_equal(sharkd_load(&s, FIXTURES "/captures/http.pcap", &err), SHARKD_OK);
	assert_int_equal(ask(&s, LONG, &answer, &err), SHARKD_OK);
	assert_int_equal(sharkd_ask(&s, "frame", "{\"frame\":9999}", LONG, &answer, &n, &err),
			 SHARKD_REFUSED);
	assert_int_equal(sharkd_ask(&s, "nonsense", NULL, LONG, &answer, &n, &err), SHARKD_REFUSED);
	assert_int_equal(ask(&s, LONG, &answer, &err), SHARKD_OK);
	/* Of one that is cut, what is whole. */
	assert_int_equal(sharkd_load(&s, FIXTURES "/corrupt/cut-last-byte.pcap", &err), SHARKD_OK);
	assert_int_equal(sharkd_ask(&s, "frame", "{\"frame\":7}", LONG, &answer, &n, &err),
			 SHARKD_OK);
	assert_int_equal(sharkd_ask(&s, "frame", "{\"frame\":8}", LONG, &answer, &n, &err),
			 SHARKD_REFUSED);
	assert_int_equal(kill(s.pid, SIGSEGV), 0);
	assert_int_equal(ask(&s, LONG, &answer, &err), SHARKD_GONE);
	assert_non_null(strstr(err.text, "it ended by signal 11"));
	assert_null(strstr(err.text, "dangerous"));
	nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answers_arrive, nothing_left_begin),
		cmocka_unit_test_setup(long_ones, nothing_left_begin),
		cmocka_unit_test_setup(refusals_are_told_word_for_word, nothing_left_begin),
		cmocka_unit_test_setup(deaths_are_told, nothing_left_begin),
		cmocka_unit_test_setup(silence_and_nonsense_are_told, nothing_left_begin),
		cmocka_unit_test_setup(an_answer_without_end_is_ended, nothing_left_begin),
		cmocka_unit_test_setup(nobody_waits_any_more, nothing_left_begin),
		cmocka_unit_test_setup(waiting_takes_no_processor_time, nothing_left_begin),
		cmocka_unit_test_setup(the_next_starts_afresh, nothing_left_begin),
		cmocka_unit_test_setup(what_cannot_be_started, nothing_left_begin),
#ifdef __linux__
		cmocka_unit_test_setup(its_means_are_bounded, nothing_left_begin),
#endif
		cmocka_unit_test_setup(requests_are_json, nothing_left_begin),
		cmocka_unit_test_setup(a_load_without_answer, nothing_left_begin),
		cmocka_unit_test_setup(messages_of_load_and_set, nothing_left_begin),
		cmocka_unit_test_setup(the_real_one, nothing_left_begin),
	};

	return cmocka_run_group_tests(tests, files_begin, files_end);
}
