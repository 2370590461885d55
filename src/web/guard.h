/* guard.h - a deadline for each connection, so that nobody holds one for nothing
 *
 * Theory of operation: libmicrohttpd's own time limit begins anew with each byte, so a client that
 * sends one now and then would hold a connection for ever. Here each state of a connection has a
 * deadline that bytes do not move: until the head of a request is there, until its body is, until
 * an answer, or a piece of a stream, is taken. A thread shuts those down that are over it; the
 * thread of the connection then sees its end. While the panel works on an answer there is none.
 *
 * Any thread.
 */
#ifndef SECVF_WEB_GUARD_H
#define SECVF_WEB_GUARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define GUARD_NONE UINT64_MAX

/** struct guarded - A connection, while its descriptor is open */
struct guarded {
	int fd;
	uint64_t due_ns;
	struct guarded *next, *before;
};

struct guard {
	pthread_mutex_t lock;
	pthread_cond_t earlier; /* a deadline is before @wake_ns, or the end has come */
	pthread_t thread;
	struct guarded *first;
	uint64_t wake_ns;
	uint64_t count; /* connections */
	uint64_t cut;	/* that were over their deadline */
	bool ending;
};

/** guard_init() - Start the thread. Return: 0, or -errno */
int guard_init(struct guard *g);

/** guard_done() - End the thread; no connection is left */
void guard_done(struct guard *g);

/** guard_add() - A connection begins; @c is the caller's. @within_ns: from now */
void guard_add(struct guard *g, struct guarded *c, int fd, uint64_t within_ns);

/** guard_remove() - Before its descriptor is closed */
void guard_remove(struct guard *g, struct guarded *c);

/** guard_set() - A deadline from now, or GUARD_NONE */
void guard_set(struct guard *g, struct guarded *c, uint64_t within_ns);

/** guard_counts() - Connections, and how many were cut */
void guard_counts(struct guard *g, uint64_t *count, uint64_t *cut);

#endif
