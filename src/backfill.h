/* backfill.h - decode what a live run skipped, from memory and from its files
 *
 * Theory of operation: a second pipeline, lossless and without files of its own, with the same
 * tsharks. The frames of the first one's gaps are published to it anew, oldest first. Both number
 * frames without gaps, so the second one's n-th frame is the n-th that was published. Who reads the
 * rows gets them as updates, and the first pipeline's ledger is told: what was skipped is now
 * backfilled, or quarantined.
 *
 * Live (BACKFILL_IDLE), it is stepped by who steps the first pipeline. While there is room
 * (tshark/room.h) it takes a piece of BACKFILL_PIECE_FRAMES at most, and the next only once all of
 * that has come back: so, when live traffic needs the processor, no more than a piece is still
 * decoded. Its tsharks flush each frame, and are ended BACKFILL_LINGER_NS after the last gap. Where
 * they cannot be kept alive, what they were given is a gap again, and nothing is tried for
 * BACKFILL_RETRY_NS.
 *
 * At the end of the run (BACKFILL_STOP, and for what is left of BACKFILL_IDLE), after
 * backfill_last(), whoever owns the first pipeline then steps it alone: all that is left goes
 * through another second pipeline, as fast as that takes it.
 *
 *     RESTS --room, a gap; or the end--> FILLS --no gap for a while; the end; failed--> ENDS
 *       ^                                                                                |
 *       +-------------------------------- finished --------------------------------------+
 *
 * Frames that have left memory are read from files by somebody who may wait for the disk (struct
 * backfill_reader). Those that are in no file any more are lost, and counted.
 */
#ifndef SECVF_BACKFILL_H
#define SECVF_BACKFILL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline.h"
#include "tshark/room.h"

/* Well below a second of tshark at its slowest, and what a store so small holds. */
#define BACKFILL_PIECE_FRAMES 256u
/* At the end of the run: frames on their way to the second pipeline, and of one read. */
#define BACKFILL_QUEUE_FRAMES 16384u
#define BACKFILL_READ_FRAMES  4096u
/* What a second pipeline holds at most, and never more than the first may. From there on tshark
 * need not flush: it holds back less than that. */
#define BACKFILL_BUFFER_BYTES (UINT64_C(256) << 20)
/* A read ends with the frame that fills this. */
#define BACKFILL_READ_BYTES (1u << 20)

#define BACKFILL_LINGER_NS  UINT64_C(5000000000)
#define BACKFILL_RETRY_NS   UINT64_C(60000000000)
#define BACKFILL_STARVE_NS  UINT64_C(10000000)

enum backfill_mode {
	BACKFILL_OFF,
	BACKFILL_STOP, /* at the end of the run */
	BACKFILL_IDLE, /* while there is room, too */
};

enum backfill_phase {
	BACKFILL_RESTS, /* there is no second pipeline */
	BACKFILL_FILLS, /* it is given frames */
	BACKFILL_ENDS,	/* it finishes what it was given */
	BACKFILL_PHASES
};

/** struct backfill_read - Frames wanted from files: the reader's from ask() until done() */
struct backfill_read {
	uint64_t first, last; /* ids */
	struct buf blocks;    /* of frames @first, ...: their packet blocks, one after the other */
	uint64_t frames;      /* there; fewer than wanted at BACKFILL_READ_BYTES or with @error */
	int error;	      /* why the next one could not be read: -errno */
};

/** struct backfill_reader - Who reads files; does not keep its caller waiting */
struct backfill_reader {
	void (*ask)(void *ctx, struct backfill_read *r);
	/* Whether the last one asked for is read; wakes who steps the pipeline then */
	bool (*done)(void *ctx);
	void *ctx;
};

/** struct backfill_gauges - Counts for any thread, relaxed; written by who steps */
struct backfill_gauges {
	atomic_ullong asked;	   /* frames in gaps so far */
	atomic_ullong lost;	   /* of them, no longer in memory nor in any file */
	atomic_ullong decoded;	   /* decoded now */
	atomic_ullong idle;	   /* of those, while the run went on */
	atomic_ullong quarantined; /* have been found to end their tshark */
	atomic_ullong left;	   /* not decoded, for other reasons: told in the audit log */
	atomic_ullong pieces;	   /* begun while the run went on */
	atomic_ullong pauses;	   /* times that live traffic needed the room before the last gap */
	atomic_ullong ns;	   /* that pieces, and the end of the run, took */
	atomic_bool fills;	   /* a piece is under way */
};

struct backfill {
	enum backfill_mode mode;
	enum backfill_phase phase;
	struct pipeline *first;
	struct backfill_reader reader; /* ask NULL: there are no files */
	struct pipeline second;	       /* where it was @made; at work but where it rests */
	bool made;
	struct pipeline_wait wait; /* of the second */
	bool last;		   /* the run has ended: it need not give way */
	bool second_is_last;	   /* made after that */
	bool stopped;		   /* the user wants an end */
	bool failed;		   /* its tsharks could not be kept alive */
	struct room room;
	bool has_room;
	uint64_t retry_ns;	    /* not before */
	uint64_t idle_ns, since_ns; /* nothing to do since; the piece, or the end, began */
	struct gap piece;	    /* of which frames from @next on are to be published */
	uint64_t next;		    /* behind piece.last: there is no piece */
	struct backfill_read read;
	bool reading;
	bool waits;	  /* for the spool: the next frame is on its way to a file */
	bool starves;	  /* for memory */
	uint64_t read_at; /* of the block of frame @read_id, in it */
	uint64_t read_id;
	struct gaps out;    /* published, and not back; in the order that they come back in */
	uint64_t forgotten; /* gaps, for want of memory; counted as lost */
	uint64_t row;	    /* of the second: frames below have had their rows */
	uint64_t published; /* to any second pipeline */
	struct run again;   /* not decoded this time either, and not told yet */
	enum undecoded again_cause;
	struct audit audit;
	struct backfill_gauges gauges;
	_Atomic(struct pipeline *) running; /* the second, for a signal's handler; NULL: none */
};

/** backfill_phase_name() - "rests", "fills", "ends" */
const char *backfill_phase_name(enum backfill_phase phase);

/** backfill_init() - @first: borrowed, initialised with config.gaps. Return: 0, or -ENOMEM; it is
 * backfill_done()'s all the same */
int backfill_init(struct backfill *b, enum backfill_mode mode, struct pipeline *first,
		  struct backfill_reader reader);

/** backfill_done() - Free; the reader must have ended, and @first be there still */
void backfill_done(struct backfill *b);

/** backfill_step() - After each step of the first pipeline, by the same thread; once that has
 * finished, by its owner alone. @wait: what it waits for is added */
void backfill_step(struct backfill *b, uint64_t now_ns, struct pipeline_wait *wait);

/** backfill_last() - The first pipeline has finished: do the rest */
void backfill_last(struct backfill *b);

/** backfill_stop() - After backfill_last(): the user wants an end */
void backfill_stop(struct backfill *b, uint64_t now_ns);

/** backfill_running() - The second pipeline, where there is one; NULL. Any thread */
static inline struct pipeline *backfill_running(struct backfill *b)
{
	return atomic_load_explicit(&b->running, memory_order_acquire);
}

/** backfill_over() - After backfill_last(): whether all is done */
bool backfill_over(struct backfill *b);

#endif
