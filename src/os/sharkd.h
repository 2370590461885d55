/* sharkd.h - Wireshark's daemon as a child: one question, one answer
 *
 * Theory of operation: sharkd reads JSON-RPC requests from its standard input, a line each, and
 * answers in order, a line each; empty lines and lines that are no object stand between. It
 * dissects hostile bytes in a library that was not written for them, so it is bounded: its memory
 * and processor time by the system (Linux), each answer by a deadline. One that breaks a bound or
 * dies is ended, told in words, and started afresh by the next sharkd_open(); nothing of ours
 * depends on its state.
 *
 * Blocking; one thread at a time.
 *
 * Source: JSON-RPC 2.0; sharkd's own answers (Wireshark 4.0), docs/formats.md
 */
#ifndef SECVF_OS_SHARKD_H
#define SECVF_OS_SHARKD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/waker.h"

#define SHARKD_MEMORY_BYTES UINT64_C(4000000000) /* address space, much of it never touched */
#define SHARKD_CPU_SECONDS  600u		 /* in its whole life */
#define SHARKD_LOAD_NS	    UINT64_C(120000000000)
#define SHARKD_ASK_NS	    UINT64_C(10000000000)
/* An answer: one 459-byte frame is known to make a line of half a megabyte; the tree of a frame of
 * 64 KiB with a field a byte takes 16 MiB. */
#define SHARKD_ANSWER_MAX (256u << 20)
#define SHARKD_SAID_MAX	  512u

struct sharkd {
	pid_t pid; /* 0: none */
	bool reaped;
	int in, out;		  /* we write, we read */
	int err;		  /* what it says */
	const struct waker *stop; /* once it is awake, no answer is waited for; NULL: none */
	uint64_t id;		  /* of the last request */
	struct buf line;
	size_t line_at;		    /* where the last answer begins in @line */
	size_t line_next;	    /* what came behind it */
	char said[SHARKD_SAID_MAX]; /* the last of it */
};

enum sharkd_result {
	SHARKD_OK,
	SHARKD_REFUSED, /* it answered with an error: err has its message, word for word */
	SHARKD_GONE,	/* it died, or broke a bound: err says so; it is closed */
};

/**
 * sharkd_open() - Start one; who wants it to stop before an answer sets @stop then
 * @path:  Of the program
 * @err:   EXIT_ENVIRONMENT where it can't be started
 */
bool sharkd_open(struct sharkd *s, const char *path, struct err *err);

/** sharkd_is_open() - Whether there is one; a zeroed struct has none */
static inline bool sharkd_is_open(const struct sharkd *s)
{
	return s->pid > 0;
}

/**
 * sharkd_ask() - Ask, and wait for the answer
 * @method:      "load", "frame", ...
 * @params:      JSON object with its braces, or NULL
 * @timeout_ns:  How long it may take
 * @answer:      Set to the whole response; borrowed until the next call
 * @n:           Its bytes
 */
enum sharkd_result sharkd_ask(struct sharkd *s, const char *method, const char *params,
			      uint64_t timeout_ns, const char **answer, size_t *n, struct err *err);

/** sharkd_load() - Have it read a capture; of one that is broken, what is whole before that. @err:
 * EXIT_ENVIRONMENT */
enum sharkd_result sharkd_load(struct sharkd *s, const char *file, struct err *err);

/** sharkd_set() - Set a preference, "tcp.desegment_tcp_streams", before a load. @err: EXIT_USAGE */
enum sharkd_result sharkd_set(struct sharkd *s, const char *name, const char *value,
			      struct err *err);

/** sharkd_close() - End it; nothing happens without one */
void sharkd_close(struct sharkd *s);

#endif
