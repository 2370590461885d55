/* output.h - the thread that owns the terminal: rows on stdout, the progress line on stderr
 *
 * Writing to a terminal or a pipe may block for as long as its reader likes, so it has a thread of
 * its own; the pipeline hands it decoded frames over a ring, and it alone waits.
 */
#ifndef SECVF_CLI_OUTPUT_H
#define SECVF_CLI_OUTPUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/matches.h"
#include "base/buf.h"
#include "cli/options.h"
#include "fanout/emit.h"
#include "os/waker.h"
#include "pipeline.h"
#include "tap/ring.h"

/* Decoded frames between pipeline and output: enough to write in large pieces, few enough to stay
 * in cache. */
#define OUTPUT_RING 4096u

/* Rows that wait for the display filter's verdict; more than tshark holds back of small frames. */
#define OUTPUT_HELD_MAX 65536u

/* Rows are written in pieces of about this size. */
#define OUTPUT_BYTES (64u << 10)

struct output {
	enum output_format format;
	struct ring ring; /* of struct decoded, owned by whoever takes them */
	struct waker waker;
	bool wakes; /* the waker is there: others wake it after the thread has ended, too */
	struct emit_table table;
	struct buf rows;
	uint64_t printed; /* frames whose rows were written */
	uint64_t empty;	  /* -T ek: frames that tshark gave no lines for */
	uint64_t lost;	  /* frames whose rows could not be written */
	int error;	  /* first errno of a write; EPIPE: the reader went away */
	bool terminal;	  /* stdout is one */
	/* Whether a frame's row is shown; on the output's thread. Wake it where that changes */
	enum match (*verdict)(void *ctx, uint64_t id);
	struct decoded **held; /* ring of OUTPUT_HELD_MAX: rows that wait for their verdict */
	uint32_t held_head, held_tail;
	uint64_t hidden; /* rows that the display filter does not show */
	/* Each frame that is shown, too; on the output's thread. NULL: nobody */
	void (*each)(void *ctx, const struct decoded *d);
	void *each_ctx;
	/* Progress line: called every 100 ms; NULL for none */
	void (*progress)(void *ctx, struct buf *line);
	/* Called once, on this thread, when stdout can't be written any more */
	void (*broken)(void *ctx);
	void *ctx;
	bool progress_shown;
	pthread_t thread;
};

/**
 * output_start() - Start the thread
 * @o:     Zeroed but for format, table, progress, broken, ctx
 * @wake:  Wakes the pipeline when a full ring has room again
 *
 * Return: 0, or -errno
 */
int output_start(struct output *o, struct wake wake);

/** output_sink() - What to give to the pipeline; offer NULL for OUTPUT_NONE where nobody is told of
 * each frame */
struct sink output_sink(struct output *o);

/** output_join() - Nothing more will be offered: write the rest, wait, free */
void output_join(struct output *o);

/** output_done() - Nobody wakes it any more. After output_join(); one that was not started, too */
void output_done(struct output *o);

#endif
