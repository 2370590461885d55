/* control.h - a running replay, spoken to over a Unix socket (--control)
 *
 * One line in, one line out: a command, with arguments that tabs separate (names may have blanks),
 * and a JSON object {"ok":true,...} or {"ok":false,"error":...}. Commands:
 *
 *   status          counters, state of tshark and of the files
 *   filter [EXPR]   another capture filter from the next frame on; none: every frame
 *   scope all|VM... other VMs in scope from the next frame on
 *   display [EXPR]  another display filter, from the first frame on; "none": every frame is shown;
 *                   without: how far the one that there is has come
 *   shown [N [M]]   ids of the frames that it shows, M (default 100) from the N-th (from 0) on
 *   cut             end the file being written, begin another
 *   frame ID        a captured frame, from memory or from the session's files
 *   stop            end as by SIGINT
 *
 * A thread of its own serves one connection at a time; none can hold up the capture. The socket has
 * mode 0600.
 */
#ifndef SECVF_CLI_CONTROL_H
#define SECVF_CLI_CONTROL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/waker.h"

/* A line of a command, and what a connection may leave unfinished. */
#define CONTROL_LINE_MAX 65536u

struct session;

struct control {
	struct session *session;
	const char *path;
	int fd; /* listening; -1: not */
	struct waker stop;
	atomic_bool stopped;
	pthread_t thread;
	bool started;
};

/** control_open() - Listen. A socket that nobody listens to any more is replaced, any other file is
 * not. Return: false with @err filled */
bool control_open(struct control *c, struct session *s, const char *path, struct err *err);

/** control_start() - Serve, on a thread. Return: 0, or -errno */
int control_start(struct control *c);

/** control_stop() - End the thread, remove the socket; where it was not opened, nothing. The
 * pipeline answers no more (pipeline_hush()) */
void control_stop(struct control *c);

#endif
