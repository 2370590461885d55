/* spooler.h - the spool on a thread of its own, where it may wait for the disk */
#ifndef SECVF_OS_SPOOLER_H
#define SECVF_OS_SPOOLER_H

#include <pthread.h>
#include <stdatomic.h>

#include "os/waker.h"
#include "store/spool.h"

struct spooler {
	struct spool *spool;
	struct waker *waker; /* given to the spool as its wake */
	pthread_t thread;
};

/**
 * spooler_start() - Run @spool until it has ended
 * @spool:  Borrowed until spooler_join()
 * @waker:  Likewise
 *
 * Signals are blocked on the thread. Return: 0, or -errno
 */
int spooler_start(struct spooler *s, struct spool *spool, struct waker *waker);

/** spooler_join() - Wait for the end, which spool_end() brings */
void spooler_join(struct spooler *s);

#endif
