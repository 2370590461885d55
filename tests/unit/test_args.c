/* test_args.c - how tshark is called
 *
 * Goal: the exact vector for each profile, verbatim or not, flushing or not; columns that tshark
 * reads as ours; options of dissection in each; names of profiles there and back.
 *
 * Method: vectors are compared word for word; the column preference is taken apart again with
 * the titles and formats of ek_record.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ek/ek_record.h"
#include "tshark/args.h"

#define TSHARK "/opt/my tools/tshark"
#define FIFO   "/tmp/a b/fifo"

/* The vector joined by '|', the columns shown as COLUMNS. */
static const char *vector(enum profile profile, bool verbatim, bool flush)
{
	static char text[1024];
	struct args_config config = {
		.tshark = TSHARK,
		.fifo = FIFO,
		.profile = profile,
		.verbatim = verbatim,
		.flush = flush,
	};
	struct args a;

	assert_true(args_make(&a, &config));
	text[0] = '\0';
	for (int i = 0; a.argv[i]; i++) {
		bool columns = strncmp(a.argv[i], "gui.column.format:", 18) == 0;

		assert_true(i < ARGS_MAX);
		assert_true(strlen(text) + 100 < sizeof(text));
		strcat(text, i ? "|" : "");
		strncat(text, columns ? "COLUMNS" : a.argv[i], 90);
	}
	args_done(&a);
	return text;
}

static void vectors_are_exact(void **state)
{
	static const char *const flush[] = {"", "-l|"};

	(void)state;
	for (int l = 0; l < 2; l++) {
		char raw[128], full[256], columns[256];

		snprintf(raw, sizeof(raw), TSHARK "|-n|%s-r|" FIFO "|-T|ek", flush[l]);
		snprintf(full, sizeof(full), "%s|-P|-V|-o|COLUMNS", raw);
		snprintf(columns, sizeof(columns), "%s|-P|-o|COLUMNS", raw);
		assert_string_equal(vector(PROFILE_FULL, true, l), raw);
		assert_string_equal(vector(PROFILE_FULL, false, l), full);
		assert_string_equal(vector(PROFILE_LEAN, true, l), columns);
		assert_string_equal(vector(PROFILE_LEAN, false, l), columns);
		assert_string_equal(vector(PROFILE_SUMMARY, true, l), columns);
		assert_string_equal(vector(PROFILE_SUMMARY, false, l), columns);
	}
}

static void each_generation_writes_a_file_of_its_own(void **state)
{
	static const struct {
		const char *write, *first, *third;
	} cases[] = {
		{"/d.d/f.pcapng", "/d.d/f.pcapng", "/d.d/f-g3.pcapng"},
		{"/d.d/f", "/d.d/f", "/d.d/f-g3"},
		{"f.tar.gz", "f.tar.gz", "f.tar-g3.gz"},
		{".f", ".f", ".f-g3"},
		{"/d/.f", "/d/.f", "/d/.f-g3"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned generation = 1; generation <= 3; generation += 2) {
			struct args_config config = {.tshark = TSHARK,
						     .fifo = FIFO,
						     .profile = PROFILE_LEAN,
						     .write = cases[i].write,
						     .generation = generation};
			struct args a;

			assert_true(args_make(&a, &config));
			assert_string_equal(a.argv[4], "-w");
			assert_string_equal(a.argv[5],
					    generation == 1 ? cases[i].first : cases[i].third);
			args_done(&a);
		}
	}
}

static void expect_columns(enum profile profile, int last)
{
	struct args_config config = {.tshark = TSHARK, .fifo = FIFO, .profile = profile};
	struct buf want = {0};
	struct args a;
	int o = 0;

	assert_true(args_make(&a, &config));
	while (strcmp(a.argv[o], "-o") != 0)
		o++;
	buf_puts(&want, "gui.column.format:");
	for (int i = 0; i <= last; i++)
		buf_printf(&want, "%s\"%s\",\"%s\"", i ? "," : "", ek_field_title((enum ek_field)i),
			   ek_field_format((enum ek_field)i));
	buf_putc(&want, '\0');
	assert_string_equal(a.argv[o + 1], want.p);
	assert_null(a.argv[o + 2]);
	buf_done(&want);
	args_done(&a);
	args_done(&a); /* twice does no harm */
}

static void columns_are_ours(void **state)
{
	(void)state;
	expect_columns(PROFILE_SUMMARY, EK_INFO);
	expect_columns(PROFILE_LEAN, EK_FIELDS - 1);
	expect_columns(PROFILE_FULL, EK_FIELDS - 1);
}

/* Options of dissection stand first, whatever the profile, and as many as can be given fit. */
static void dissection_reaches_each_profile(void **state)
{
	struct dissect d = {.resolve = "mt", .keylog = "tls.keylog_file:/k"};

	(void)state;
	for (int i = 0; i < DISSECT_WORDS_MAX; i++) {
		d.preference[d.preferences++] = "a:b";
		d.decode_as[d.decodes++] = "tcp.port==1,http";
	}
	for (int i = 0; i < PROFILE_OFF * 2; i++) {
		struct args_config config = {.tshark = TSHARK,
					     .fifo = FIFO,
					     .profile = (enum profile)(i / 2),
					     .verbatim = i % 2,
					     .write = "/w",
					     .dissect = &d,
					     .flush = true};
		struct args a;
		int n = 1;

		assert_true(args_make(&a, &config));
		assert_string_equal(a.argv[n++], "-N");
		assert_string_equal(a.argv[n++], "mt");
		for (int k = 0; k < DISSECT_WORDS_MAX; k++) {
			assert_string_equal(a.argv[n++], "-o");
			assert_string_equal(a.argv[n++], "a:b");
		}
		for (int k = 0; k < DISSECT_WORDS_MAX; k++) {
			assert_string_equal(a.argv[n++], "-d");
			assert_string_equal(a.argv[n++], "tcp.port==1,http");
		}
		assert_string_equal(a.argv[n++], "-o");
		assert_string_equal(a.argv[n++], "tls.keylog_file:/k");
		assert_string_equal(a.argv[n++], "-l");
		assert_string_equal(a.argv[n], "-r");
		while (a.argv[n])
			assert_string_not_equal(a.argv[n++], "-n");
		args_done(&a);
	}
}

/* Custom columns cost a protocol tree: summary has none. */
static void summary_has_plain_columns_only(void **state)
{
	(void)state;
	for (int i = 0; i <= EK_INFO; i++)
		assert_null(strstr(ek_field_format((enum ek_field)i), "%Cus"));
}

static void names_go_there_and_back(void **state)
{
	static const char *const names[] = {"full", "lean", "summary", "off"};
	enum profile p = PROFILE_OFF;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_string_equal(profile_name((enum profile)i), names[i]);
		assert_true(profile_parse(&p, names[i]));
		assert_int_equal(p, i);
	}
	p = PROFILE_LEAN;
	assert_false(profile_parse(&p, "Full"));
	assert_false(profile_parse(&p, ""));
	assert_false(profile_parse(&p, "leaner"));
	assert_false(profile_parse(&p, "lea"));
	assert_int_equal(p, PROFILE_LEAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_are_exact),
		cmocka_unit_test(each_generation_writes_a_file_of_its_own),
		cmocka_unit_test(columns_are_ours),
		cmocka_unit_test(dissection_reaches_each_profile),
		cmocka_unit_test(summary_has_plain_columns_only),
		cmocka_unit_test(names_go_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
