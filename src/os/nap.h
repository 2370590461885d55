/* nap.h - waiting for a deadline to the microsecond, at as little cost as the machine allows
 *
 * A sleep ends late: by some 60 us on idle metal, by up to 300 us in a virtual machine. So it is
 * made to end that much before the deadline, and the rest is spent looking at the clock. How much
 * is learnt from each sleep: one that came too late raises it by NAP_RAISE_NS, one in time lowers
 * it by a 3000th of that, so it settles where one sleep in 3,000 is too late: each puts two gaps
 * out, and p99 of the gaps stays clear of them. At a thousand frames a second that is 13 to 31 % of
 * a processor; a loop that only looks at the clock takes all of it.
 *
 * Source for the rule: Robbins and Monro, stochastic approximation of a quantile, 1951
 */
#ifndef SECVF_OS_NAP_H
#define SECVF_OS_NAP_H

#include <stdatomic.h>
#include <stdint.h>

#include "os/waker.h"

#define NAP_SPIN_START_NS UINT64_C(80000)
#define NAP_SPIN_MIN_NS	  UINT64_C(20000)
#define NAP_SPIN_MAX_NS	  UINT64_C(500000)
#define NAP_RAISE_NS	  UINT64_C(100000)

/** nap_exactly() - Have the system end this process's sleeps as exactly as it can */
void nap_exactly(void);

/** struct nap - One thread's waiting */
struct nap {
	struct waker *waker; /* ends a sleep early; borrowed */
	uint64_t spin_ns;    /* how much before a deadline a sleep is to end */
};

/** nap_init() - Nothing learnt yet */
void nap_init(struct nap *nap, struct waker *waker);

/** nap_wake_ns() - When a sleep is to end that begins at @now_ns; 0: too near, spin. For waits that
 * end by more than a waker */
uint64_t nap_wake_ns(const struct nap *nap, uint64_t due_ns, uint64_t now_ns);

/** nap_woken() - A sleep that was to end at @wake_ns ended at @now_ns; earlier: for another reason,
 * of which nothing is learnt */
void nap_woken(struct nap *nap, uint64_t wake_ns, uint64_t now_ns);

/**
 * nap_until() - Wait for @due_ns, monotonic
 * @stop:   Looked at after each sleep; not 0 ends the wait
 *
 * Return: the time; before @due_ns only where *stop
 */
uint64_t nap_until(struct nap *nap, uint64_t due_ns, const atomic_int *stop);

#endif
