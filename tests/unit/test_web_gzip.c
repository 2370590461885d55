/* test_web_gzip.c - whether a client takes gzip, and what it gets then
 *
 * Goal: gzip goes to those alone who say so; what it holds is what it was made of.
 *
 * Method: headers as RFC 9110 has them; texts of many lengths, there and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "web/gzip.h"

static void test_accepted(void **state)
{
	static const char *const yes[] = {"gzip",	  "GZIP", "br, gzip",
					  "gzip;q=0.001", "*",	  "deflate;q=0, *;q=0.5",
					  "gzip , br",	  ",gzip"};
	static const char *const no[] = {"",	     "br",	  "gzip;q=0", "gzip; q=0.000",
					 "*;q=0",    "x-gzipped", "gzipp",    "gzip;q=0, *",
					 "identity", ";gzip=1",	  ","};

	(void)state;
	assert_false(gzip_accepted(NULL));
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!gzip_accepted(yes[i]))
			fail_msg("'%s' is refused", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (gzip_accepted(no[i]))
			fail_msg("'%s' is taken", no[i]);
	}
}

static void test_there_and_back(void **state)
{
	enum {
		MOST = 70000
	};
	char *text = malloc(MOST), *back = malloc(MOST);

	(void)state;
	assert_true(text && back);
	for (size_t i = 0; i < MOST; i++)
		text[i] = (char)(i * i % 253);
	for (size_t n = 0; n <= MOST; n = n * 3 + 1) {
		struct buf b = {0};
		z_stream z = {0};

		buf_puts(&b, "before");
		assert_true(gzip_put(&b, text, n));
		assert_memory_equal(b.p, "before\x1f\x8b", 8);
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		z.next_in = (Bytef *)b.p + 6;
		z.avail_in = (uInt)b.n - 6;
		z.next_out = (Bytef *)back;
		z.avail_out = MOST;
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, n);
		assert_int_equal(z.avail_in, 0);
		assert_memory_equal(back, text, n);
		inflateEnd(&z);
		buf_done(&b);
	}
	free(text);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_accepted),
					   cmocka_unit_test(test_there_and_back)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
