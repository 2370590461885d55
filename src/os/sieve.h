/* sieve.h - a display filter over all that was captured, and all that is yet to come
 *
 * Theory of operation: a thread with a tshark of its own. It asks the pipeline for frames from the
 * first one on, has those that left memory from the session's files, and feeds them to `tshark -Y`
 * by a FIFO; which frames that shows is heard by analysis/judge, and kept in analysis/matches. At
 * the end of what is captured it waits for more, until sieve_end(). It never holds up the capture:
 * it only reads what the pipeline holds anyway.
 *
 * tshark is bounded. One that takes nothing for SIEVE_HANG_NS is killed; the frame that it was on
 * is found and left out, as the judge says. One that has grown over its memory is ended between two
 * frames, and the next one begins with the JUDGE_CONTEXT frames before them: conversations whose
 * beginning is further back are then known by those alone, and frame.number counts from there on.
 *
 * Frames that were discarded are nobody's: counted as lost.
 *
 * Threads: sieve_start(), _cancel(), _end() and _done() are one thread's; the rest is anybody's.
 */
#ifndef SECVF_OS_SIEVE_H
#define SECVF_OS_SIEVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/judge.h"
#include "analysis/matches.h"
#include "base/audit.h"
#include "os/frame_scan.h"
#include "os/port_posix.h"
#include "os/waker.h"
#include "pipeline.h"

#define SIEVE_FILTER_MAX   4096u /* bytes of an expression, NUL included */
#define SIEVE_HANG_NS	   UINT64_C(10000000000)
#define SIEVE_START_NS	   UINT64_C(30000000000)
#define SIEVE_MEMORY_BYTES UINT64_C(512000000)
#define SIEVE_LOOK_NS	   UINT64_C(250000000) /* between two looks at its memory */
#define SIEVE_BUFFER_BYTES (256u << 10)
/* A frame that has left memory may be on its way to its file's final place: tried again so often.
 */
#define SIEVE_TRIES  200u
#define SIEVE_TRY_NS UINT64_C(5000000)

/* A quicker way for filters that are so plain that no tshark is needed for most frames. */
enum sieve_verdict {
	SIEVE_NO,
	SIEVE_YES,
	SIEVE_ASK /* tshark */
};

struct sieve_config {
	const char *filter; /* borrowed for sieve_start() only; known to be right */
	const char *tshark; /* path, borrowed; NULL: native() knows all */
	const struct dissect *dissect;
	/* Must be right whenever it does not say SIEVE_ASK; NULL: asks always */
	enum sieve_verdict (*native)(void *ctx, uint64_t id, const struct packet_view *v);
	void *native_ctx;
	struct pipeline *pipeline;
	void (*wake)(void *ctx); /* whoever steps it, or answers for it; any thread */
	void *wake_ctx;
	struct places *places; /* of the session's files; NULL: there are none */
	uint64_t memory_max;   /* bytes of tshark; 0: SIEVE_MEMORY_BYTES */
	uint64_t hang_ns;      /* 0: SIEVE_HANG_NS */
	/* Verdicts have come, or it has ended; its thread. NULL: nobody wants to know */
	void (*progress)(void *ctx);
	void *progress_ctx;
	void (*audit_line)(void *ctx, const char *members, size_t n);
	void *audit_ctx;
};

enum sieve_state {
	SIEVE_RUNS,
	SIEVE_DONE,   /* all frames up to the end have their verdict, but for those left out */
	SIEVE_FAILED, /* given up; why is told */
};

struct sieve {
	struct sieve_config config;
	char filter[SIEVE_FILTER_MAX];
	struct matches matches;
	struct judge judge;
	struct waker waker;
	pthread_t thread;
	atomic_bool cancelled;
	atomic_ullong end;   /* id behind the last frame, once that is known; UINT64_MAX before */
	atomic_int state;    /* enum sieve_state */
	atomic_ullong known; /* ids below were seen by it: what there is to judge, so far */
	atomic_ullong fed, native, lost, out; /* frames: fed, judged here, discarded, left out */
	atomic_ullong generations;
	char why[512]; /* SIEVE_FAILED: read after the state */
	/* Its thread's: */
	struct audit audit;
	struct port_posix posix;
	struct port port;
	struct port_child child; /* pid 0: none */
	int fifo;		 /* -1: not open */
	char fifo_path[PORT_PATH_MAX];
	bool renewed; /* a new one is to be fed from further back */
	bool ending;  /* its input was closed: it is to end well */
	uint64_t written, taken, started_ns, moved_ns, memory_due_ns, quiet_ns;
	char line[32]; /* of its output, not whole yet */
	size_t line_n;
	char said[512];	   /* the end of its stderr */
	struct buf buffer; /* records to be written */
	size_t buffer_at;
	struct frame_query query;
	bool asked;
	atomic_bool answered;
	pthread_mutex_t answering;  /* held while the answer is given */
	const unsigned char *block; /* of frame @block_id, in hand */
	uint64_t block_id, block_end;
	uint64_t left_to;	 /* frames below have left memory */
	struct segment *segment; /* that it lies in; NULL: it is the scan's */
	struct frame_scan scan;
	bool scans;
	unsigned tries;
	uint64_t try_ns;
};

/** sieve_start() - @s: zeroed. Return: 0, or -errno with nothing to be joined */
int sieve_start(struct sieve *s, const struct sieve_config *config);

/** sieve_end() - There are no frames from id @end on, and never will be */
void sieve_end(struct sieve *s, uint64_t end);

/** sieve_cancel() - Nobody wants it any more; returns at once */
void sieve_cancel(struct sieve *s);

/**
 * sieve_done() - Wait for it to end, and free everything
 *
 * The pipeline must answer meanwhile, or have been hushed.
 */
void sieve_done(struct sieve *s);

/** sieve_state() - What it does */
enum sieve_state sieve_state(const struct sieve *s);

/** sieve_put_state() - As members of a JSON object: "filter", "state", "matches", "judged",
 * "known", and "error" where it has failed */
void sieve_put_state(struct sieve *s, struct buf *out);

/** sieve_put_status() - All that is known of it: the same, and who judged how many */
void sieve_put_status(struct sieve *s, struct buf *out);

#endif
