/* tap.h - one tap on the switch: scope, capture filter, bounded queue
 *
 * Theory of operation: tap_publish() runs on the switch's thread for each forwarded frame. A frame
 * out of scope or refused by the filter is counted and left; any other is queued by reference, and
 * where the queue is full it is dropped and counted: the switch never waits. Drops are gathered
 * into runs, which go to the pipeline over a second ring; where that is full too, a run goes on
 * growing, so that nothing is lost from the count. The source of frames may report its own drops by
 * the same road (tap_report()), so that the audit log has one writer.
 *
 * Threads: the switch's calls publish, report and end; the pipeline's takes frames and
 * reports. Counters are written by the switch's thread alone and may be read by any.
 */
#ifndef SECVF_TAP_TAP_H
#define SECVF_TAP_TAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/run.h"
#include "tap/bpf.h"
#include "tap/frame.h"
#include "tap/publish.h"
#include "tap/ring.h"

#define TAP_QUEUE_LIMIT 50000u /* SecVFCaptureQueueLimit */

/* Reports under way: at one a millisecond, a second's worth. */
#define TAP_REPORTS_MAX 1024u

/** struct tap_report - A run of frames that the tap or the source dropped */
struct tap_report {
	const char *event; /* "drop", or what else the audit log calls it; static text */
	const char *cause; /* static text */
	const char *port;  /* name that outlives the tap, or NULL */
	struct run run;	   /* serials */
};

struct tap_config {
	uint32_t queue_limit;	   /* 0: TAP_QUEUE_LIMIT */
	bool all;		   /* all traffic, whatever scope says */
	struct port_set scope;	   /* else: frames that came in by or went out of one of these */
	const struct bpf *filter;  /* borrowed while the tap lives; NULL for none */
	struct wake wake_consumer; /* wakes the pipeline */
	struct wake wake_producer; /* wakes a source that waits for room */
};

struct tap {
	struct ring frames;  /* of struct frame, a reference each */
	struct ring reports; /* of struct tap_report, malloc()ed */
	struct tap_config config;
	struct tap_report drop; /* the run of queue drops that goes on now */
	atomic_ullong forwarded, out_of_scope, prefiltered, dropped_queue;
};

/** tap_init() - Return: 0, or -ENOMEM */
int tap_init(struct tap *t, const struct tap_config *config);

/** tap_done() - Drop what is still queued, free */
void tap_done(struct tap *t);

/** tap_subscriber() - What to give to the switch's subscribe call */
struct subscriber tap_subscriber(struct tap *t);

/** tap_scope_add() - A port whose frames are wanted has joined the switch. Switch thread */
void tap_scope_add(struct tap *t, unsigned port);

/** tap_publish() - A forwarded frame; borrowed. Switch thread */
void tap_publish(struct tap *t, struct frame *f);

/**
 * tap_report() - A run of drops on its way to the audit log; switch thread
 *
 * Return: false where reports are backed up: keep the run, let it grow, offer it again
 */
bool tap_report(struct tap *t, const struct tap_report *report);

/** tap_lost() - @f extends the run of @report, or begins a new one with the old one reported.
 * Switch thread */
void tap_lost(struct tap *t, struct tap_report *report, const struct frame *f);

/** tap_end() - Nothing more will be published. Switch thread, last call */
void tap_end(struct tap *t);

/** tap_take() - Oldest queued frame, its reference now the caller's; NULL where there is none.
 * Pipeline thread */
struct frame *tap_take(struct tap *t);

/** tap_take_report() - Oldest report, to be free()d; NULL where there is none. Pipeline thread */
struct tap_report *tap_take_report(struct tap *t);

/** tap_closed() - Whether tap_end() was called; frames may still be queued. Pipeline thread */
bool tap_closed(const struct tap *t);

/** tap_ended() - Whether tap_end() was called and everything has been taken. Pipeline thread */
bool tap_ended(struct tap *t);

#endif
