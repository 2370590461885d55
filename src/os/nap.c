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

void nap_init(struct nap *nap, struct waker *waker)
{
	nap->waker = waker;
	nap->spin_ns = NAP_SPIN_START_NS;
}

uint64_t nap_wake_ns(const struct nap *nap, uint64_t due_ns, uint64_t now_ns)
{
	return due_ns > now_ns && due_ns - now_ns > nap->spin_ns ? due_ns - nap->spin_ns : 0;
}

void nap_woken(struct nap *nap, uint64_t wake_ns, uint64_t now_ns)
{
	if (now_ns < wake_ns)
		return;
	if (now_ns - wake_ns > nap->spin_ns)
		nap->spin_ns += NAP_RAISE_NS;
	else
		nap->spin_ns -= NAP_RAISE_NS / 3000;
	if (nap->spin_ns > NAP_SPIN_MAX_NS)
		nap->spin_ns = NAP_SPIN_MAX_NS;
	if (nap->spin_ns < NAP_SPIN_MIN_NS)
		nap->spin_ns = NAP_SPIN_MIN_NS;
}

uint64_t nap_until(struct nap *nap, uint64_t due_ns, const atomic_int *stop)
{
	struct pollfd fd = {.fd = waker_fd(nap->waker), .events = POLLIN};
	uint64_t now_ns = clock_now_ns();

	/* Relaxed: whoever sets it wakes us afterwards, and nothing else hangs on it. */
	while (now_ns < due_ns && !atomic_load_explicit(stop, memory_order_relaxed)) {
		uint64_t wake_ns = nap_wake_ns(nap, due_ns, now_ns);

		if (wake_ns) {
			actor_sleep(&fd, 1, wake_ns);
			waker_clear(nap->waker);
		}
		now_ns = clock_now_ns();
		if (wake_ns)
			nap_woken(nap, wake_ns, now_ns);
	}
	return now_ns;
}
