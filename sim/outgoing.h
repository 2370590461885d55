/* outgoing.h - frames on their way out of an interface: which may go, what became of each
 *
 * Theory of operation: a frame is looked at before it is given to the interface (outgoing_offer());
 * afterwards it was sent, or the interface refused it for some time (outgoing_failed() says whether
 * to try again), or for good. Every frame ends in exactly one counter:
 *
 *     offered = sent + the sum of refused, by cause          (while nothing is under way)
 *
 * and each run of refusals is told. What is sent in spite of something is a notice, counted apart.
 * Nothing here is the end of a replay but an interface that is down or gone.
 *
 * A frame whose original length was longer than what was captured is sent as far as it was
 * captured: nobody has the rest.
 */
#ifndef SECVF_SIM_OUTGOING_H
#define SECVF_SIM_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/run.h"
#include "tap/frame.h"

#define OUTGOING_MIN 14u /* an Ethernet header; the kernel takes no less */

/* How long an interface may refuse a frame for want of room: many times what it takes to send all
 * that it holds. Then the frame is given up, and the next is tried. */
#define OUTGOING_PATIENCE_NS UINT64_C(100000000)

/* Runs that do not follow each other are joined within this time, so that a capture with every
 * other frame too long makes a few lines, not a million. */
#define OUTGOING_TELL_NS UINT64_C(1000000000)

enum outgoing_fate {
	/* Refused: not sent */
	OUTGOING_RUNT,	     /* shorter than OUTGOING_MIN */
	OUTGOING_OVER_MTU,   /* longer than the interface takes */
	OUTGOING_NO_BUFFERS, /* no room for OUTGOING_PATIENCE_NS */
	OUTGOING_FAILED,     /* another error */
	OUTGOING_DOWN,	     /* the interface went down or away: the end */
	OUTGOING_REFUSALS,
	/* Notices: sent */
	OUTGOING_CUT_SHORT = OUTGOING_REFUSALS, /* original length above the captured one */
	OUTGOING_ABSURD_LENGTH, /* ... above any frame's, or below the captured one */
	OUTGOING_FATES
};

/** struct outgoing_frame - What a run needs to know of a frame */
struct outgoing_frame {
	uint64_t serial, ts_ns;
	uint32_t bytes;
};

/** struct outgoing_teller - Told of each run of refusals and notices */
struct outgoing_teller {
	void (*run)(void *ctx, enum outgoing_fate fate, const struct run *run);
	void *ctx;
};

struct outgoing {
	uint32_t mtu;
	struct outgoing_teller teller;
	uint64_t offered, sent, sent_bytes;
	uint64_t count[OUTGOING_FATES];
	uint64_t retries;	/* times that a frame was tried again */
	uint64_t waiting_since; /* monotonic ns of the first refusal of the frame being tried; 0 */
	int last_error;		/* of the last OUTGOING_FAILED, as errno */
	struct run run[OUTGOING_FATES];
	uint64_t run_ns[OUTGOING_FATES]; /* when it began */
};

enum outgoing_step {
	OUTGOING_RETRY, /* the same again, after a pause */
	OUTGOING_NEXT,	/* given up and counted: the frame after it */
	OUTGOING_END,	/* given up and counted: nothing more can be sent */
};

/** outgoing_init() - @mtu: of the interface, without the Ethernet header; @teller: copied */
void outgoing_init(struct outgoing *o, uint32_t mtu, struct outgoing_teller teller);

/** outgoing_offer() - Look at a frame. Return: whether it is to be sent; if not it is counted */
bool outgoing_offer(struct outgoing *o, const struct frame *f, uint64_t now_ns);

/** outgoing_sent() - It has gone */
void outgoing_sent(struct outgoing *o, const struct outgoing_frame *f);

/** outgoing_failed() - The interface did not take it. @error: errno */
enum outgoing_step outgoing_failed(struct outgoing *o, const struct outgoing_frame *f, int error,
				   uint64_t now_ns);

/** outgoing_flush() - Tell the runs that are not told yet */
void outgoing_flush(struct outgoing *o);

/** outgoing_refused() - Sum of the refusals */
uint64_t outgoing_refused(const struct outgoing *o);

/** outgoing_balanced() - Whether every frame has its counter; nothing may be under way */
bool outgoing_balanced(const struct outgoing *o);

/** outgoing_fate_name() - "runt", "over_mtu", "no_buffers", "failed", "interface_down",
 * "cut_short", "absurd_length" */
const char *outgoing_fate_name(enum outgoing_fate fate);

#endif
