/* test_nap.c - Goal: a nap never ends before its deadline unless it is stopped, and what it learns
 * stays within its bounds.
 *
 * Method: deadlines in the past and a few milliseconds ahead, on the real clock; nothing is said
 * of how late it may be, as machines differ (tests/bench/pacing measures that).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/nap.h"
#include "os/port_posix.h"

static struct waker waker;
static atomic_int stop;

static void test_never_early(void **state)
{
	struct nap nap;

	(void)state;
	nap_exactly();
	nap_init(&nap, &waker);
	atomic_store(&stop, 0);
	for (unsigned i = 0; i < 300; i++) {
		uint64_t due_ns = clock_now_ns() + i % 10 * 100000;

		assert_true(nap_until(&nap, due_ns, &stop) >= due_ns);
		assert_true(nap.spin_ns >= NAP_SPIN_MIN_NS && nap.spin_ns <= NAP_SPIN_MAX_NS);
	}
	assert_true(nap_until(&nap, 0, &stop) > 0);
}

static void test_bounds(void **state)
{
	struct nap nap;

	(void)state;
	nap_init(&nap, &waker);
	atomic_store(&stop, 0);
	nap.spin_ns = NAP_SPIN_MIN_NS;
	for (unsigned i = 0; i < 5; i++)
		nap_until(&nap, clock_now_ns() + 2 * NAP_SPIN_MIN_NS, &stop);
	assert_true(nap.spin_ns >= NAP_SPIN_MIN_NS);
	nap.spin_ns = NAP_SPIN_MAX_NS;
	for (unsigned i = 0; i < 5; i++)
		nap_until(&nap, clock_now_ns() + 2 * NAP_SPIN_MAX_NS, &stop);
	assert_true(nap.spin_ns <= NAP_SPIN_MAX_NS);
}

/* An hour ahead, and over at once. */
static void test_stopped(void **state)
{
	uint64_t due_ns = clock_now_ns() + UINT64_C(3600000000000);
	struct nap nap;

	(void)state;
	nap_init(&nap, &waker);
	atomic_store(&stop, 1);
	assert_true(nap_until(&nap, due_ns, &stop) < due_ns);
}

static int begin(void **state)
{
	(void)state;
	return waker_init(&waker);
}

static int end(void **state)
{
	(void)state;
	waker_done(&waker);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_early),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
