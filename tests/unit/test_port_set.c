/* test_port_set.c - sets of ports
 *
 * Goal: a set holds each of its ports and no other; two meet in a common port alone.
 *
 * Method: sets are held against an array of flags.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "random.h"
#include "tap/frame.h"

static void set_holds_its_ports(void **state)
{
	struct sim_random r = {1};
	struct port_set s = {{0}};
	bool has[PORTS_MAX] = {false};

	(void)state;
	assert_true(port_set_empty(&s));
	for (int i = 0; i < 2000; i++) {
		unsigned port = (unsigned)random_range(&r, 0, PORTS_MAX - 1);
		bool add = random_chance(&r, 500), any = false;

		if (add)
			port_set_add(&s, port);
		else
			port_set_remove(&s, port);
		has[port] = add;
		for (unsigned p = 0; p < PORTS_MAX; p++) {
			assert_int_equal(port_set_has(&s, p), has[p]);
			any |= has[p];
		}
		assert_int_equal(port_set_empty(&s), !any);
	}
}

static void sets_meet_in_a_common_port(void **state)
{
	(void)state;
	for (unsigned a = 0; a < PORTS_MAX; a++) {
		for (unsigned b = 0; b < PORTS_MAX; b++) {
			struct port_set x = {{0}}, y = {{0}};

			port_set_add(&x, a);
			port_set_add(&y, b);
			assert_int_equal(port_set_meets(&x, &y), a == b);
			assert_int_equal(port_set_meets(&y, &x), a == b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_holds_its_ports),
		cmocka_unit_test(sets_meet_in_a_common_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
