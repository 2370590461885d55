/* test_pipe_sim.c - a simulated pipe
 *
 * Goal: bytes come out as they went in, no more fit than there is room for, and opening again
 * forgets everything.
 *
 * Method: random writes and reads of a counted stream against two counters, at several sizes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "pipe_sim.h"
#include "random.h"

static void opens_empty(void **state)
{
	struct pipe_sim p = {0};
	char c = 'x';

	(void)state;
	pipe_sim_open(&p, 10);
	assert_true(p.reader && p.writer);
	assert_int_equal(pipe_sim_room(&p), 10);
	assert_int_equal(pipe_sim_read(&p, &c, 1), 0);
	assert_int_equal(pipe_sim_write(&p, "abc", 3), 3);
	pipe_sim_open(&p, 5);
	assert_int_equal(pipe_sim_room(&p), 5);
	assert_int_equal(pipe_sim_read(&p, &c, 1), 0);
	assert_int_equal(c, 'x');
	pipe_sim_free(&p);
	assert_false(p.reader || p.writer);
	assert_int_equal(pipe_sim_room(&p), 0);
	assert_int_equal(pipe_sim_write(&p, "abc", 3), 0);
	pipe_sim_free(&p);
}

static void takes_what_fits(void **state)
{
	struct pipe_sim p = {0};
	char got[8] = "";

	(void)state;
	pipe_sim_open(&p, 4);
	assert_int_equal(pipe_sim_write(&p, "abcdef", 6), 4);
	assert_int_equal(pipe_sim_write(&p, "g", 1), 0);
	assert_int_equal(pipe_sim_read(&p, got, 3), 3);
	assert_memory_equal(got, "abc", 3);
	assert_int_equal(pipe_sim_room(&p), 3);
	assert_int_equal(pipe_sim_write(&p, "hijk", 4), 3);
	assert_int_equal(pipe_sim_read(&p, got, sizeof(got)), 4);
	assert_memory_equal(got, "dhij", 4);
	pipe_sim_free(&p);
}

static void stream_is_kept_in_order(void **state)
{
	(void)state;
	for (size_t cap = 1; cap <= 100; cap += 1 + cap / 3) {
		struct sim_random r = {cap};
		struct pipe_sim p = {0};
		uint64_t in = 0, out = 0;

		pipe_sim_open(&p, cap);
		for (int i = 0; i < 5000; i++) {
			unsigned char bytes[120];
			size_t n = random_range(&r, 0, cap + 10), room = cap - (size_t)(in - out);

			if (random_chance(&r, 500)) {
				for (size_t k = 0; k < n; k++)
					bytes[k] = (unsigned char)((in + k) * 13);
				assert_int_equal(pipe_sim_write(&p, bytes, n), n < room ? n : room);
				in += n < room ? n : room;
			} else {
				size_t got = pipe_sim_read(&p, bytes, n);

				assert_int_equal(got, n < in - out ? n : in - out);
				for (size_t k = 0; k < got; k++)
					assert_int_equal(bytes[k], (unsigned char)((out + k) * 13));
				out += got;
			}
			assert_int_equal(pipe_sim_room(&p), cap - (in - out));
		}
		assert_true(in > 500);
		pipe_sim_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_empty),
		cmocka_unit_test(takes_what_fits),
		cmocka_unit_test(stream_is_kept_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
