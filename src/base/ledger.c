/* ledger.c - the balance of frames */
#include "base/ledger.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const undecoded_names[] = {
	"skipped_stall", "skipped_backlog", "skipped_load", "lost_child", "quarantined",
	"unreadable",	 "no_tshark",	    "not_asked",    "stopped",
};

_Static_assert(sizeof(undecoded_names) / sizeof(undecoded_names[0]) == UNDECODED_CAUSES,
	       "each cause has its name");

const char *undecoded_name(enum undecoded cause)
{
	return undecoded_names[cause];
}

static bool adds_up(const char *line, uint64_t left, uint64_t right, char *why, size_t n)
{
	if (left == right)
		return true;
	if (why)
		snprintf(why, n, "%s: %" PRIu64 " is not %" PRIu64, line, left, right);
	return false;
}

bool ledger_balanced(const struct ledger *l, char *why, size_t n)
{
	uint64_t causes = 0;

	for (int i = 0; i < UNDECODED_CAUSES; i++)
		causes += l->cause[i];
	return adds_up("forwarded = out_of_scope + prefiltered + dropped_queue + queued + captured",
		       l->forwarded,
		       l->out_of_scope + l->prefiltered + l->dropped_queue + l->queued +
			       l->captured,
		       why, n) &&
	       adds_up("captured = in_memory + spilled + discarded", l->captured,
		       l->in_memory + l->spilled + l->discarded, why, n) &&
	       adds_up("captured = decoded + undecoded + in_flight", l->captured,
		       l->decoded + l->undecoded + l->in_flight, why, n) &&
	       adds_up("undecoded = the sum of its causes", l->undecoded, causes, why, n) &&
	       adds_up("decoded = decoded_live + backfilled", l->decoded,
		       l->decoded_live + l->backfilled, why, n);
}

void ledger_each(const struct ledger *l, void (*fn)(void *ctx, const char *name, uint64_t value),
		 void *ctx)
{
	fn(ctx, "forwarded", l->forwarded);
	fn(ctx, "out_of_scope", l->out_of_scope);
	fn(ctx, "prefiltered", l->prefiltered);
	fn(ctx, "dropped_queue", l->dropped_queue);
	fn(ctx, "queued", l->queued);
	fn(ctx, "captured", l->captured);
	fn(ctx, "in_memory", l->in_memory);
	fn(ctx, "spilled", l->spilled);
	fn(ctx, "discarded", l->discarded);
	fn(ctx, "decoded", l->decoded);
	fn(ctx, "undecoded", l->undecoded);
	fn(ctx, "in_flight", l->in_flight);
	fn(ctx, "decoded_live", l->decoded_live);
	fn(ctx, "backfilled", l->backfilled);
	for (int i = 0; i < UNDECODED_CAUSES; i++)
		fn(ctx, undecoded_names[i], l->cause[i]);
}
