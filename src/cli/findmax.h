/* findmax.h - `secvf replay --find-max`: trials at one rate after the other */
#ifndef SECVF_CLI_FINDMAX_H
#define SECVF_CLI_FINDMAX_H

#include <stdbool.h>

#include "cli/options.h"

/* How near the rate that is found is to the next that lost: 1 %. */
#define FINDMAX_PERMILLE 10u

/* A source that sends less than this many thousandths of the rate has not tried it; but a machine
 * that others use may hold it up at the end for a moment. */
#define FINDMAX_ACHIEVED_PERMILLE 995u
#define FINDMAX_MOMENT_NS	  UINT64_C(50000000)

/* How long the decoder may take after the source has ended: its start-up, and a twentieth of the
 * trial. One that takes longer was falling behind. */
#define FINDMAX_BEHIND_NS UINT64_C(500000000)

/** struct trial - What one rate came to */
struct trial {
	uint64_t pps;
	uint64_t sent;		   /* frames */
	uint64_t dropped, skipped; /* not captured or not sent; not decoded */
	uint64_t behind_ns;	   /* from the source's end to the last decode */
	bool interrupted;
};

/** findmax_lost() - Whether the rate was too high. Return: why, in a word; NULL: it was not */
const char *findmax_lost(const struct trial *t, enum load_loss loss, uint64_t trial_ns);

/** findmax_run() - Search, print the result on standard output, write --report. Return: EXIT_*;
 * EXIT_UNBALANCED where even the lowest rate loses */
int findmax_run(const struct options *o);

#endif
