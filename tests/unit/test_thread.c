/* test_thread.c - what a thread is called
 *
 * Goal: the name is that of the thread which asks, whole, and of no other.
 *
 * Method: a second thread names itself, with the longest name; both are asked for theirs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "os/thread.h"

static const char longest[] = "fifteen-letters";

static void *named(void *ctx)
{
	thread_name(longest);
	pthread_getname_np(pthread_self(), ctx, 64);
	return NULL;
}

static void its_own(void **state)
{
	char other[64] = "", own[64] = "";
	pthread_t thread;

	(void)state;
	assert_int_equal(strlen(longest), THREAD_NAME_MAX);
	thread_name("first");
	assert_int_equal(pthread_create(&thread, NULL, named, other), 0);
	pthread_join(thread, NULL);
	assert_string_equal(other, longest);
	pthread_getname_np(pthread_self(), own, sizeof(own));
	assert_string_equal(own, "first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(its_own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
