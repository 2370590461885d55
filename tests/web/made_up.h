/* made_up.h - a panel with made-up data, to test the server with
 *
 * Its answers have the shapes of docs/openapi.json. Some are chosen by what is asked:
 *
 *   frames over MADE_UP_FRAMES: there is none (404)      frame MADE_UP_FAILS: it fails (500)
 *   frame MADE_UP_HANGS: no answer until it is cancelled  start while it runs: not now (409)
 *   filter "wrong": a verdict with a place                top 10000: a megabyte of statistics
 *   export of frame MADE_UP_FAILS: fails at once; of MADE_UP_BREAKS: after a megabyte
 */
#ifndef SECVF_TESTS_WEB_MADE_UP_H
#define SECVF_TESTS_WEB_MADE_UP_H

#include <pthread.h>
#include <stdatomic.h>

#include "web/panel.h"

#define MADE_UP_FRAMES 1000u
#define MADE_UP_FAILS  500u
#define MADE_UP_HANGS  501u
#define MADE_UP_BREAKS 502u

struct made_up {
	struct panel panel;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int state;		/* 0 idle, 1 running, 2 ended */
	unsigned hanging;	/* calls that wait */
	bool cancelled;		/* made_up_cancel(): from then on nothing waits */
	bool deaf;		/* cancel() does nothing, as a panel must not */
	size_t padding;		/* bytes that make the status longer */
	size_t export_bytes;	/* of "all" */
	atomic_ullong serial;	/* of the status */
	atomic_ullong asked;	/* how often the status was */
	atomic_ullong exported; /* bytes that were taken of exports */
	unsigned exports_ended;
};

void made_up_init(struct made_up *m);
void made_up_done(struct made_up *m);

/** made_up_change() - The status is another one from now on */
void made_up_change(struct made_up *m);

/** made_up_cancel() - Whatever hangs comes back */
void made_up_cancel(struct made_up *m);

/** made_up_await_hanging() - Wait until @n calls hang */
void made_up_await_hanging(struct made_up *m, unsigned n);

/** made_up_await_exports() - Wait until @n exports have ended */
void made_up_await_exports(struct made_up *m, unsigned n);

#endif
