/* events.h - the status as server-sent events, to any number of listeners
 *
 * Theory of operation: one thread asks the panel for its status, at most EVENTS_HZ times a second
 * and only while somebody listens. Where the serial has changed it makes one framed event of it,
 * which all listeners share. A listener holds the one that it is being sent and knows the number of
 * it, no more: one that is slow gets the newest when it is done, and misses those between. So
 * nothing queues, and no listener holds up another.
 *
 * Source: HTML Standard, 9.2 Server-sent events
 */
#ifndef SECVF_WEB_EVENTS_H
#define SECVF_WEB_EVENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "web/panel.h"

#define EVENTS_HZ	     30u
#define EVENTS_LISTENERS_MAX 32u
/* Proxies and clients take a silent connection for a dead one. */
#define EVENTS_IDLE_NS UINT64_C(15000000000)

struct events_listener;
struct events_shot;

struct events {
	struct panel *panel;
	pthread_mutex_t lock;
	pthread_cond_t wanted; /* somebody listens, or the end has come */
	pthread_t thread;
	struct events_shot *newest; /* NULL: none yet */
	uint64_t begun;		    /* samples, by now */
	uint64_t number;	    /* which of them @newest is */
	struct events_listener *first;
	unsigned listeners;
	bool joined; /* somebody, who has not been told anything yet */
	bool ending;
};

/** events_frame() - Add text as one event; each of its lines becomes one of data */
void events_frame(struct buf *out, const char *name, const char *text, size_t n);

/** events_init() - Start the thread. @panel: borrowed. Return: 0, or -errno */
int events_init(struct events *e, struct panel *panel);

/** events_end() - Each events_read() returns -1 from now on, also those that wait; the panel is not
 * asked any more once it has returned */
void events_end(struct events *e);

/** events_done() - After events_end(), and with every listener gone */
void events_done(struct events *e);

/** events_join() - Listen. @fd: of the connection, to see its end while nothing is sent. Return:
 * NULL where there are EVENTS_LISTENERS_MAX, the end has come, or memory or descriptors run out */
struct events_listener *events_join(struct events *e, int fd);

/**
 * events_read() - Wait for something to send; the listener's own thread
 *
 * Return: bytes put to @to, at least 1; -1: the connection or the server has ended
 */
ssize_t events_read(struct events_listener *l, char *to, size_t max);

/** events_leave() - Listen no more; frees @l */
void events_leave(struct events_listener *l);

/** events_count() - How many listen */
unsigned events_count(struct events *e);

#endif
