/* timed.h - waiting for a condition until a time of the monotonic clock */
#ifndef SECVF_WEB_TIMED_H
#define SECVF_WEB_TIMED_H

#include <pthread.h>
#include <stdint.h>

/** timed_init() - A condition for timed_wait() */
void timed_init(pthread_cond_t *cond);

/** timed_wait() - Wait for @cond with @lock held, until @until_ns at most, as clock_now_ns() has
 * it; UINT64_MAX: without end. It may come back early: look again */
void timed_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns);

#endif
