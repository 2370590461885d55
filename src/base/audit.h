/* audit.h - the audit log: one JSON object a line, for everything that was lost or went wrong
 *
 *     {"time":"2026-01-02T03:04:05.123456789Z","event":"drop","cause":"dropped_queue",...}
 *
 * An event is begun, given its members, and ended, which hands one whole line to the sink; the sink
 * stamps the time, as only it has a clock. The events and their members are listed in
 * docs/formats.md.
 */
#ifndef SECVF_BASE_AUDIT_H
#define SECVF_BASE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/run.h"

/** struct audit - Where events go; one for each thread that writes them */
struct audit {
	/* line() is given the members, without braces, borrowed for the call; on the caller's
	 * thread */
	void (*line)(void *ctx, const char *members, size_t n);
	void *ctx;
	struct buf members; /* of the event being made */
	uint64_t lines;	    /* events ended so far */
};

/* Room for the longest event: a path, each byte of it escaped. */
#define AUDIT_EVENT_MAX (32u << 10)

/** audit_reserve() - Room for any event from the start, so that none is lost for want of memory
 * later. Return: false where there is none now */
bool audit_reserve(struct audit *a);

/** audit_done() - Free the buffer */
void audit_done(struct audit *a);

/** audit_begin() - Start an event: its name is a word of docs/formats.md */
void audit_begin(struct audit *a, const char *event);

/** audit_str(), audit_text(), audit_u64(), audit_i64() - Add a member; text may be any bytes */
void audit_str(struct audit *a, const char *key, const char *value);
void audit_text(struct audit *a, const char *key, const char *value, size_t n);
void audit_u64(struct audit *a, const char *key, uint64_t value);
void audit_i64(struct audit *a, const char *key, int64_t value);

/** audit_end() - Hand the line over */
void audit_end(struct audit *a);

/**
 * audit_run() - The event of one run of lost frames
 * @event:  "drop" (never captured) or "undecoded" (captured, not decoded)
 * @cause:  Name of the counter that it raised
 * @unit:   What the numbers are: "id" or "serial"
 * @where:  Port or so, NULL for none
 */
void audit_run(struct audit *a, const char *event, const char *cause, const char *unit,
	       const char *where, const struct run *r);

#endif
