/* test_web_download.c - an export from a thread that pushes to one that pulls
 *
 * Goal: every byte comes once and in order at any sizes of pieces; what fails before the first byte
 * is told apart from what fails later; who goes, and the end of all, end the panel's part.
 *
 * Method: a panel that counts, in pieces of sizes from 1 byte to more than the ring holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/download.h"

struct source {
	size_t bytes, piece;
	enum panel_result result;
	bool refused; /* write() said so */
};

static enum panel_result on_export(struct panel *p, struct json_object *body,
				   bool (*write)(void *ctx, const void *bytes, size_t n), void *ctx,
				   struct err *err)
{
	struct source *s = p->ctx;
	unsigned char *piece = malloc(s->piece);

	(void)body;
	for (size_t at = 0; at < s->bytes && !s->refused; at += s->piece) {
		size_t n = s->bytes - at < s->piece ? s->bytes - at : s->piece;

		for (size_t i = 0; i < n; i++)
			piece[i] = (unsigned char)((at + i) % 251);
		s->refused = !write(ctx, piece, n);
	}
	free(piece);
	err_set(err, EXIT_ENVIRONMENT, "the disk is gone");
	return s->result;
}

static const struct panel_ops ops = {.export = on_export};

static struct download *begin(struct downloads *all, struct panel *p, struct source *s,
			      enum panel_result *result, struct err *err)
{
	struct json_object *body = json_object_new_object();
	struct download *d;

	*p = (struct panel){&ops, s};
	d = download_open(all, p, body, result, err);
	json_object_put(body);
	return d;
}

static void test_pieces(void **state)
{
	static const size_t sizes[] = {1, 7, 4096, DOWNLOAD_BYTES, DOWNLOAD_BYTES * 3 + 1};
	static char to[70000];
	struct downloads all;

	(void)state;
	downloads_init(&all);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct source s = {.bytes = sizes[i] * 20 + 3, .piece = sizes[i]};
		size_t max = i % 2 ? sizeof(to) : 611, at = 0;
		struct err err = {0};
		struct panel p;
		enum panel_result result;
		struct download *d = begin(&all, &p, &s, &result, &err);
		ssize_t n;

		assert_non_null(d);
		while ((n = download_read(d, to, max)) > 0) {
			for (ssize_t k = 0; k < n; k++, at++) {
				if ((unsigned char)to[k] != at % 251)
					fail_msg("byte %zu of pieces of %zu", at, sizes[i]);
			}
		}
		assert_int_equal(n, 0);
		assert_int_equal(at, s.bytes);
		download_close(d);
	}
	downloads_done(&all);
}

static void test_failures(void **state)
{
	struct source s = {.piece = 100, .result = PANEL_FAILED};
	struct downloads all;
	struct panel p;
	struct err err = {0};
	enum panel_result result;
	struct download *d;
	char to[1000];

	(void)state;
	downloads_init(&all);
	assert_null(begin(&all, &p, &s, &result, &err));
	assert_int_equal(result, PANEL_FAILED);
	assert_string_equal(err.text, "the disk is gone");
	s.bytes = 100;
	d = begin(&all, &p, &s, &result, &err);
	assert_non_null(d);
	assert_int_equal(download_read(d, to, sizeof(to)), 100);
	assert_int_equal(download_read(d, to, sizeof(to)), -1);
	download_close(d);
	/* Nothing at all, rightly */
	s = (struct source){.piece = 1};
	d = begin(&all, &p, &s, &result, &err);
	assert_non_null(d);
	assert_int_equal(download_read(d, to, sizeof(to)), 0);
	download_close(d);
	downloads_done(&all);
}

static void test_ends(void **state)
{
	struct source s[DOWNLOADS_MAX + 1];
	struct panel p[DOWNLOADS_MAX + 1];
	struct download *d[DOWNLOADS_MAX];
	struct downloads all;
	struct err err = {0};
	enum panel_result result;
	char to[16];

	(void)state;
	downloads_init(&all);
	for (unsigned i = 0; i <= DOWNLOADS_MAX; i++) {
		s[i] = (struct source){.bytes = SIZE_MAX / 2, .piece = 1000};
		if (i < DOWNLOADS_MAX)
			assert_non_null(d[i] = begin(&all, &p[i], &s[i], &result, &err));
		else
			assert_null(begin(&all, &p[i], &s[i], &result, &err));
	}
	assert_int_equal(result, PANEL_STATE);
	assert_non_null(strstr(err.text, "wait for one to end"));
	download_close(d[0]); /* waits for the panel, which must have been told */
	assert_true(s[0].refused);
	downloads_end(&all);
	assert_int_equal(download_read(d[1], to, sizeof(to)), -1);
	assert_null(begin(&all, &p[0], &s[0], &result, &err));
	for (unsigned i = 1; i < DOWNLOADS_MAX; i++) {
		download_close(d[i]);
		assert_true(s[i].refused);
	}
	downloads_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces),
					   cmocka_unit_test(test_failures),
					   cmocka_unit_test(test_ends)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
