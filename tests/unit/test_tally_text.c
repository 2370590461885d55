/* test_tally_text.c - goal: text cannot drive a terminal, and what is approximate is said to be.
 * Method: a tally of hostile values, and one that was thinned; the text looked through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tallying.h"

static void test_text(void **state)
{
	struct tally *t = tallying_hostile();
	struct buf out = {0};

	(void)state;
	tally_print_text(t, 5, &out);
	buf_putc(&out, '\0');
	for (size_t i = 0; i + 1 < out.n; i++)
		assert_true(out.p[i] == '\n' ||
			    ((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f));
	assert_non_null(strstr(out.p, "UDP: 1 frames, 60 bytes; conversations: 1 different"));
	assert_non_null(strstr(out.p, "\\x1b]0;x"));
	assert_null(strstr(out.p, "about"));
	buf_done(&out);
	tally_free(t);
}

static void test_approximate(void **state)
{
	static const struct tally_amount one = {.n = {1, 60}};
	struct tally *t = tally_new(1);
	struct buf out = {0};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		tally_table_add(&t->table[TALLY_LAYER], &i, sizeof(i), &one);
	tally_print_text(t, 5, &out);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "Layers: about "));
	assert_non_null(strstr(out.p, "standard error 0.81 %"));
	buf_done(&out);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_approximate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
