/* test_hexdump.c - goal: rows are as promised. Method: whole texts, and that marks move nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/hexdump.h"

static const char *dump(const char *p, size_t n, size_t mark, size_t mark_n)
{
	static char text[4096];
	struct buf out = {0};

	hexdump((const unsigned char *)p, n, mark, mark_n, &out);
	assert_true(out.n < sizeof(text));
	if (out.n)
		memcpy(text, out.p, out.n);
	text[out.n] = '\0';
	buf_done(&out);
	return text;
}

static void test_rows(void **state)
{
	(void)state;
	assert_string_equal(dump("", 0, 0, 0), "");
	assert_string_equal(
		dump("GET / HTTP/1.1\r\nHost", 20, 0, 0),
		"0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a   GET / HTTP/1.1..\n"
		"0010  48 6f 73 74                                        Host\n");
	assert_string_equal(dump("\x1b\x7f\xff~", 4, 0, 0),
			    "0000  1b 7f ff 7e                                        ...~\n");
}

static void test_marks(void **state)
{
	(void)state;
	assert_string_equal(
		dump("0123456789abcdefgh", 18, 6, 3),
		"0000  30 31 32 33 34 35[36 37- 38]39 61 62 63 64 65 66   0123456789abcdef\n"
		"0010  67 68                                              gh\n");
	assert_string_equal(
		dump("0123456789abcdefgh", 18, 15, 100),
		"0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65[66]  0123456789abcdef\n"
		"0010 [67 68]                                             gh\n");
}

static void test_marks_move_nothing(void **state)
{
	char bytes[70], plain[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('A' + i % 26);
	strcpy(plain, dump(bytes, sizeof(bytes), 0, 0));
	for (size_t mark = 0; mark < sizeof(bytes); mark++) {
		for (size_t n = 1; mark + n <= sizeof(bytes); n++) {
			const char *text = dump(bytes, sizeof(bytes), mark, n);
			size_t inside = 0;

			assert_int_equal(strlen(text), strlen(plain));
			for (size_t i = 0; text[i]; i++) {
				if (text[i] == '[' || text[i] == ']' || text[i] == '-')
					assert_int_equal(plain[i], ' ');
				else
					assert_int_equal(text[i], plain[i]);
				inside += text[i] == '[';
			}
			assert_int_equal(inside, (mark + n - 1) / 16 - mark / 16 + 1);
		}
	}
}

static void test_long_offsets(void **state)
{
	static char bytes[0x10001];
	struct buf out = {0};

	(void)state;
	hexdump((const unsigned char *)bytes, sizeof(bytes), 0, 0, &out);
	assert_memory_equal(out.p, "00000 ", 6);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "\n10000 "));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_marks_move_nothing),
		cmocka_unit_test(test_long_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
