/* tap.h - one tap on the switch: scope, capture filter, bounded queue
 *
 * Theory of operation: tap_publish() runs on the switch's thread for each forwarded frame. A frame
 * out of scope or refused by the filter is counted and left. Any other is laid out as a packet
 * block at the end of the open segment (store/segment.h), gets the next id by that, and is queued;
 * where the queue is full it is dropped and counted: the switch never waits. A queue is a ring of
 * blocks and a ring of the segments that they lie in. Drops are gathered
 * into runs, which go to the pipeline over a second ring; where that is full too, a run goes on
 * growing, so that nothing is lost from the count. The source of frames may report its own drops by
 * the same road (tap_report()), so that the audit log has one writer.
 *
 * Filter and scope may change while frames come: a change is left in its kind's mailbox, the
 * switch's thread takes it before the next frame, and it is told in the audit log, with the serial
 * of the first frame that it was applied to. So no frame is looked at by half of one and half of
 * another.
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
#include "base/buf.h"
#include "store/segment.h"
#include "tap/frame.h"
#include "tap/publish.h"
#include "tap/ring.h"

#define TAP_QUEUE_LIMIT 50000u /* SecVFCaptureQueueLimit */

/* Segments that were given back and are kept to be used again: 4 MiB of memory at most. */
#define TAP_SPARES 4u

/* Reports under way: at one a millisecond, a second's worth. */
#define TAP_REPORTS_MAX 1024u

/** struct tap_report - A run of frames that the tap or the source dropped */
struct tap_report {
	const char *event; /* "drop", or what else the audit log calls it; static text */
	const char *cause; /* static text */
	const char *port;  /* name that outlives the tap, or NULL */
	struct run run;	   /* serials */
	char *text;	   /* of a change: what it is now; owned */
};

enum tap_change_kind {
	TAP_CHANGE_FILTER,
	TAP_CHANGE_SCOPE,
	TAP_CHANGES
};

/** struct tap_change - A filter or a scope to come; made by its caller with malloc() */
struct tap_change {
	enum tap_change_kind kind;
	struct bpf *filter; /* owned; NULL: every frame */
	struct port_set scope;
	bool all;	 /* ports, whatever @scope says */
	char text[4096]; /* for the audit log: the expression, the names of the ports */
};

/** struct tap_source - Where segments come from; the switch's thread asks, and must not be kept
 * waiting */
struct tap_source {
	/* Return: a segment with room for @bytes at least, one reference; NULL: there is none */
	struct segment *(*take)(void *ctx, uint32_t bytes);
	/* Whether take() has one at hand, for a source that rather waits; NULL: always */
	bool (*ready)(void *ctx);
	/* The switch's thread is about to sleep until it is ready. Return: false: it is */
	bool (*sleeps)(void *ctx);
	void *ctx;
};

struct tap_config {
	uint32_t queue_limit; /* 0: TAP_QUEUE_LIMIT */
	/* Frames from one look after a pipeline that sleeps to the next; 0: 1. Where it is more,
	 * the source calls tap_flush() before it waits for anything */
	uint32_t batch;
	uint32_t segment_frames;  /* 0: SEGMENT_FRAMES */
	struct tap_source source; /* take NULL: memory, SEGMENT_BYTES each */
	/* Names of ports, for interface blocks; called on the switch's thread; NULL: "port-N" */
	const char *(*port_name)(void *ctx, unsigned port);
	void *port_name_ctx;
	bool all;		   /* all traffic, whatever scope says */
	struct port_set scope;	   /* else: frames that came in by or went out of one of these */
	const struct bpf *filter;  /* borrowed while the tap lives; NULL for none */
	struct wake wake_consumer; /* wakes the pipeline */
	struct wake wake_producer; /* wakes a source that waits for room */
};

/** struct tap_frame - A frame as the pipeline takes it */
struct tap_frame {
	struct segment *segment; /* borrowed until the next tap_take() */
	const unsigned char *block;
	uint32_t bytes; /* of the block */
	uint64_t id;
};

/** struct tap_port - Frames that came in by one port; written by the switch's thread */
struct tap_port {
	atomic_ullong received, accepted, dropped; /* in scope; past the filter; queue was full */
	atomic_ullong bytes;			   /* received, of whole frames */
	uint64_t dropped_before; /* since the last that was queued: its epb_dropcount */
};

struct tap {
	struct ring frames;   /* of packet blocks */
	struct ring segments; /* that they lie in, a reference each */
	/* Switch's thread */
	struct segment_pool *pool;
	struct segment *open; /* being filled; one reference */
	uint32_t unflushed;   /* frames queued since the pipeline was looked after */
	uint64_t next_id;
	atomic_bool cut;
	_Atomic(struct tap_change *) change[TAP_CHANGES]; /* a mailbox each; NULL: none */
	struct bpf *filter;				  /* that came by a change; owned */
	unsigned interfaces;				  /* declared so far */
	struct buf declared;				  /* interface blocks of them all */
	struct buf fresh;				  /* to be declared next */
	struct tap_port port[PORTS_MAX];
	/* Pipeline's thread */
	struct segment *reading;
	uint32_t read; /* frames taken of it */
	/* Both */
	struct ring reports; /* of struct tap_report, malloc()ed */
	struct tap_config config;
	struct tap_report drop;	 /* the run of queue drops that goes on now */
	struct tap_report *last; /* room for it at the end; NULL: taken */
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
void tap_publish(struct tap *t, const struct frame *f);

/**
 * tap_report() - A run of drops on its way to the audit log; switch thread
 *
 * Return: false where reports are backed up: keep the run, let it grow, offer it again
 */
bool tap_report(struct tap *t, const struct tap_report *report);

/** tap_lost() - @f extends the run of @report, or begins a new one with the old one reported.
 * Switch thread */
void tap_lost(struct tap *t, struct tap_report *report, const struct frame *f);

/** tap_has_room() - Whether the next frame, of whatever length, will find room. Switch thread */
bool tap_has_room(struct tap *t);

/** tap_sleeps() - The source is about to sleep, as there is no room. Return: false where it must
 * not. Switch thread */
bool tap_sleeps(struct tap *t);

/** tap_flush() - Have the pipeline take what is queued. Switch thread */
void tap_flush(struct tap *t);

/** tap_cut() - The next frame begins a segment. Any thread */
void tap_cut(struct tap *t);

/** tap_change() - Use another filter or scope from the next frame on. Any thread; @change is taken.
 * One that comes before the last of its kind was seen takes its place */
void tap_change(struct tap *t, struct tap_change *change);

/** tap_report_free() - NULL is allowed */
void tap_report_free(struct tap_report *report);

/** tap_end() - Nothing more will be published. Switch thread, last call */
void tap_end(struct tap *t);

/** tap_has_frames() - Whether tap_take() would give one. Pipeline thread */
bool tap_has_frames(struct tap *t);

/** tap_take() - Oldest queued frame. Pipeline thread. Return: false where there is none */
bool tap_take(struct tap *t, struct tap_frame *f);

/** tap_take_report() - Oldest report, for tap_report_free(); NULL where there is none. Pipeline
 * thread */
struct tap_report *tap_take_report(struct tap *t);

/** tap_closed() - Whether tap_end() was called; frames may still be queued. Pipeline thread */
bool tap_closed(const struct tap *t);

/** tap_ended() - Whether tap_end() was called and everything has been taken. Pipeline thread */
bool tap_ended(struct tap *t);

#endif
