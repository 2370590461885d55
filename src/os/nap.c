/* nap.c - sleep most of the time, spin the rest */
#include "os/nap.h"

#include <poll.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "os/actor.h"
#include "os/port_posix.h"

void nap_exactly(void)
{
#ifdef __linux__
	/* The default slack adds 50 us to every sleep. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
#endif
}

uint64_t nap_until(struct waker *waker, uint64_t due_ns, const atomic_int *stop)
{
	struct pollfd fd = {.fd = waker_fd(waker), .events = POLLIN};
	uint64_t now_ns = clock_now_ns();

	/* Relaxed: whoever sets it wakes us afterwards, and nothing else hangs on it. */
	while (now_ns < due_ns && !atomic_load_explicit(stop, memory_order_relaxed)) {
		if (due_ns - now_ns > NAP_SPIN_NS) {
			actor_sleep(&fd, 1, due_ns - NAP_SPIN_NS);
			waker_clear(waker);
		}
		now_ns = clock_now_ns();
	}
	return now_ns;
}
