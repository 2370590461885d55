/* ledger.h - where every frame is: the counters that must balance at every instant
 *
 *     forwarded = out_of_scope + prefiltered + dropped_queue + queued + captured
 *     captured  = in_memory + spilled + discarded
 *     captured  = decoded + undecoded + in_flight
 *     undecoded = the sum of its causes
 *     decoded   = decoded_live + backfilled
 */
#ifndef SECVF_BASE_LEDGER_H
#define SECVF_BASE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a captured frame has no decode of tshark's; names from undecoded_name(). */
enum undecoded {
	UNDECODED_SKIPPED_STALL,   /* the FIFO made no progress for the stall limit */
	UNDECODED_SKIPPED_BACKLOG, /* tshark fell behind by more frames than the buffer holds */
	UNDECODED_SKIPPED_LOAD,	   /* more came than even summary keeps up with */
	UNDECODED_LOST_CHILD,  /* fed to generations that died, or tshark could not be started again
				*/
	UNDECODED_QUARANTINED, /* the frame that ended two generations */
	UNDECODED_UNREADABLE,  /* tshark went past it, with no line that could be read */
	UNDECODED_NO_TSHARK,   /* there is no tshark */
	UNDECODED_NOT_ASKED,   /* --decode off */
	UNDECODED_STOPPED,     /* the user stopped before tshark came to it */
	UNDECODED_CAUSES
};

struct ledger {
	uint64_t forwarded, out_of_scope, prefiltered, dropped_queue, queued, captured;
	uint64_t in_memory, spilled, discarded;
	uint64_t decoded, undecoded, in_flight;
	uint64_t decoded_live, backfilled;
	uint64_t cause[UNDECODED_CAUSES];
};

/** undecoded_name() - "skipped_stall", "lost_child", ...: the names in reports and audit lines */
const char *undecoded_name(enum undecoded cause);

/**
 * ledger_balanced() - Whether every line of the ledger adds up
 * @l:    Ledger
 * @why:  Where it does not: the first wrong line, with its numbers; NULL if not wanted
 * @n:    Bytes at @why
 */
bool ledger_balanced(const struct ledger *l, char *why, size_t n);

/**
 * ledger_each() - Call @fn for each counter, in the order of the struct, causes last
 *
 * For reports: one list of names, so that every place prints the same ones.
 */
void ledger_each(const struct ledger *l, void (*fn)(void *ctx, const char *name, uint64_t value),
		 void *ctx);

#endif
