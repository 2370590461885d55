/* test_frame.c - the life of a frame, and sets of ports
 *
 * Goal: a fresh frame is zero but for its lengths; it lives exactly as long as somebody holds a
 * reference; a set holds each of its ports and no other.
 *
 * Method: references are counted by hand, the address sanitizer sees a free too early or none at
 * all; sets are held against an array of flags. A length over the bound must end the process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"
#include "base/pooled.h"
#include "tap/frame.h"

static void fresh_frame_is_zero(void **state)
{
	static const uint32_t lengths[] = {0, 1, 60, 1514, FRAME_BYTES_MAX};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct frame *f = frame_new(lengths[i]);

		assert_non_null(f);
		assert_int_equal(f->caplen, lengths[i]);
		assert_int_equal(f->len, lengths[i]);
		assert_int_equal(atomic_load(&f->refs), 1);
		assert_int_equal(f->ingress, 0);
		assert_int_equal(f->ts_ns | f->serial | f->published_ns, 0);
		assert_true(port_set_empty(&f->ports));
		memset(f->data, 0xa5, lengths[i]); /* ours to the last byte */
		frame_unref(f);
	}
}

static void lives_while_it_is_held(void **state)
{
	struct frame *f = frame_new(4);

	(void)state;
	memcpy(f->data, "abcd", 4);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(frame_ref(f), f);
	assert_int_equal(atomic_load(&f->refs), 1001);
	for (int i = 0; i < 1000; i++)
		frame_unref(f);
	assert_int_equal(atomic_load(&f->refs), 1);
	assert_memory_equal(f->data, "abcd", 4);
	frame_unref(f);
	frame_unref(NULL);
}

/* Frames of a pool, of every size, given back in any order, many after the pool has gone: each
 * keeps its own bytes. Under valgrind, a slab kept too long or freed too early shows. */
static void pool_frames_outlive_the_pool(void **state)
{
	static struct frame *held[2000];
	struct frame_pool pool = {0};
	struct sim_random r = {.state = 7};

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t caplen = (uint32_t)(i % 100 ? random_range(&r, 0, 1500)
						     : random_range(&r, 60000, 140000));

		held[i] = frame_pool_new(&pool, caplen);
		assert_non_null(held[i]);
		assert_int_equal(held[i]->caplen, caplen);
		assert_int_equal(held[i]->ts_ns, 0);
		memset(held[i]->data, (int)(i & 0xff), caplen);
		if (random_chance(&r, 300)) {
			unsigned back = (unsigned)random_range(&r, 0, i);

			frame_unref(held[back]);
			held[back] = NULL;
		}
	}
	frame_pool_done(&pool);
	for (unsigned i = 0; i < 2000; i++) {
		for (uint32_t b = 0; held[i] && b < held[i]->caplen; b++)
			assert_int_equal(held[i]->data[b], i & 0xff);
		frame_unref(held[i]);
	}
}

/* A slab of which all frames have ended is cut anew from its start; one that holds a frame is not. */
static void pool_starts_again_where_all_have_ended(void **state)
{
	struct frame_pool pool = {0};
	struct frame *a = frame_pool_new(&pool, 100), *b, *c;

	(void)state;
	memset(a->data, 'a', 100);
	b = frame_pool_new(&pool, 100);
	frame_unref(b);
	c = frame_pool_new(&pool, 100);
	memset(c->data, 'c', 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(a->data[i], 'a');
	assert_ptr_not_equal(c, a);
	frame_unref(a);
	frame_unref(c);
	b = frame_pool_new(&pool, 50);
	if (POOLED)
		assert_ptr_equal(b, a);
	assert_int_equal(b->caplen, 50);
	frame_pool_done(&pool);
	frame_unref(b);
}

static void too_long_is_our_own_mistake(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		frame_unref(frame_new(FRAME_BYTES_MAX + 1));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

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
		cmocka_unit_test(fresh_frame_is_zero),
		cmocka_unit_test(lives_while_it_is_held),
		cmocka_unit_test(pool_frames_outlive_the_pool),
		cmocka_unit_test(pool_starts_again_where_all_have_ended),
		cmocka_unit_test(too_long_is_our_own_mistake),
		cmocka_unit_test(set_holds_its_ports),
		cmocka_unit_test(sets_meet_in_a_common_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
