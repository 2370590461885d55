/* nap.h - waiting for a deadline to the microsecond, at little cost
 *
 * A sleep ends up to NAP_SPIN_NS late, so it ends that much before the deadline, and the rest is
 * spent looking at the clock. At a thousand frames a second that is 8 % of a processor; a loop that
 * only looks at the clock takes all of it.
 */
#ifndef SECVF_OS_NAP_H
#define SECVF_OS_NAP_H

#include <stdatomic.h>
#include <stdint.h>

#include "os/waker.h"

/* 99 of 100 sleeps are less late than this: measured, with the timer slack at its least. */
#define NAP_SPIN_NS UINT64_C(80000)

/** nap_exactly() - Have the system end this process's sleeps as exactly as it can */
void nap_exactly(void);

/**
 * nap_until() - Wait for @due_ns, monotonic
 * @waker:  Ends a sleep early
 * @stop:   Looked at after each sleep; not 0 ends the wait
 *
 * Return: the time; before @due_ns only where *stop
 */
uint64_t nap_until(struct waker *waker, uint64_t due_ns, const atomic_int *stop);

#endif
