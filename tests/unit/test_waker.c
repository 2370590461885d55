/* test_waker.c - a descriptor that says "wake up"
 *
 * Goal: readable from the first wake-up to the clearing, however many wake-ups there were; never
 * blocking; not inherited by a program that is started; errno left alone, as signal handlers need.
 *
 * Method: poll() without waiting, from the same thread, another thread and a signal handler.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "os/waker.h"

static int readable(const struct waker *w, int timeout_ms)
{
	struct pollfd fd = {.fd = waker_fd(w), .events = POLLIN};

	return poll(&fd, 1, timeout_ms) == 1;
}

static void readable_until_cleared(void **state)
{
	struct waker w;

	(void)state;
	assert_int_equal(waker_init(&w), 0);
	assert_false(readable(&w, 0));
	waker_clear(&w); /* nothing to clear: returns at once */
	waker_wake(&w);
	assert_true(readable(&w, 0));
	assert_true(readable(&w, 0));
	waker_clear(&w);
	assert_false(readable(&w, 0));
	waker_done(&w);
}

static void wakes_pile_up_into_one(void **state)
{
	struct waker w;

	(void)state;
	assert_int_equal(waker_init(&w), 0);
	for (int i = 0; i < 100000; i++)
		waker_wake(&w);
	assert_true(readable(&w, 0));
	waker_clear(&w);
	assert_false(readable(&w, 0));
	waker_done(&w);
}

static void descriptors_are_ours(void **state)
{
	struct waker w;

	(void)state;
	assert_int_equal(waker_init(&w), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(w.fd[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(w.fd[i], F_GETFL) & O_NONBLOCK);
	}
	waker_done(&w);
	assert_int_equal(fcntl(w.fd[0], F_GETFD), -1);
	assert_int_equal(fcntl(w.fd[1], F_GETFD), -1);
}

static void errno_is_left_alone(void **state)
{
	struct waker w;

	(void)state;
	assert_int_equal(waker_init(&w), 0);
	waker_done(&w);
	errno = ENOTTY;
	waker_wake(&w); /* closed: the write fails */
	assert_int_equal(errno, ENOTTY);
}

static void *wake_from_thread(void *ctx)
{
	waker_wake(ctx);
	return NULL;
}

static void wakes_another_thread(void **state)
{
	struct waker w;
	pthread_t thread;

	(void)state;
	assert_int_equal(waker_init(&w), 0);
	assert_int_equal(pthread_create(&thread, NULL, wake_from_thread, &w), 0);
	assert_true(readable(&w, -1));
	pthread_join(thread, NULL);
	waker_done(&w);
}

static struct waker signalled;

static void on_signal(int signal)
{
	(void)signal;
	waker_wake(&signalled);
}

static void wakes_from_a_signal_handler(void **state)
{
	(void)state;
	assert_int_equal(waker_init(&signalled), 0);
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	assert_true(readable(&signalled, 0));
	signal(SIGUSR1, SIG_DFL);
	waker_done(&signalled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readable_until_cleared),
		cmocka_unit_test(wakes_pile_up_into_one),
		cmocka_unit_test(descriptors_are_ours),
		cmocka_unit_test(errno_is_left_alone),
		cmocka_unit_test(wakes_another_thread),
		cmocka_unit_test(wakes_from_a_signal_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
