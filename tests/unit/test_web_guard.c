/* test_web_guard.c - a deadline for each connection
 *
 * Goal: a connection that is over its deadline is shut down, once, and counted; one whose deadline
 * was moved on, or that has none, is not; an earlier deadline that comes later is kept.
 *
 * Method: socket pairs in the place of connections; the other end sees the shutdown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/guard.h"

#define MS UINT64_C(1000000)

struct pair {
	int fds[2];
	struct guarded guarded;
};

static void open_pair(struct guard *g, struct pair *p, uint64_t within_ns)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p->fds), 0);
	guard_add(g, &p->guarded, p->fds[0], within_ns);
}

static void close_pair(struct guard *g, struct pair *p)
{
	guard_remove(g, &p->guarded);
	close(p->fds[0]);
	close(p->fds[1]);
}

static int is_cut(const struct pair *p, int ms)
{
	struct pollfd fd = {.fd = p->fds[1], .events = POLLIN};

	return poll(&fd, 1, ms);
}

static void test_deadlines(void **state)
{
	struct guard g;
	struct pair never, late, soon, moved;
	uint64_t count, cut;

	(void)state;
	assert_int_equal(guard_init(&g), 0);
	open_pair(&g, &never, GUARD_NONE);
	open_pair(&g, &late, 3600000 * MS);
	open_pair(&g, &moved, 50 * MS);
	guard_set(&g, &moved.guarded, 3600000 * MS);
	open_pair(&g, &soon, 20 * MS);
	assert_int_equal(is_cut(&soon, 10000), 1);
	assert_int_equal(is_cut(&moved, 100), 0);
	assert_int_equal(is_cut(&never, 0), 0);
	/* What comes before that which is waited for */
	guard_set(&g, &late.guarded, 20 * MS);
	assert_int_equal(is_cut(&late, 10000), 1);
	guard_counts(&g, &count, &cut);
	assert_int_equal(count, 4);
	assert_int_equal(cut, 2);
	close_pair(&g, &moved); /* in the middle, at the ends */
	close_pair(&g, &soon);
	close_pair(&g, &never);
	close_pair(&g, &late);
	guard_counts(&g, &count, &cut);
	assert_int_equal(count, 0);
	assert_int_equal(cut, 2);
	guard_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_deadlines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
