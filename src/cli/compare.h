/* compare.h - where two accounts of a capture differ, in words
 *
 * Frames are aligned by what their bytes decide (time, lengths, addresses, ports, CRC), not by what
 * a decoder says of them, so that one frame that is missing is one difference, and what it does to
 * the ids of those behind it is none.
 */
#ifndef SECVF_CLI_COMPARE_H
#define SECVF_CLI_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/account.h"
#include "cli/rules.h"

/** struct compare - What was found so far. Set rules, max; zero the rest; compare_done() ends */
struct compare {
	const struct rules *rules; /* borrowed; NULL: nothing is tolerated */
	unsigned max;		   /* differences that are told; the rest is counted */
	uint64_t differences;	   /* that no rule covers */
	uint64_t tolerated;
	uint64_t *by_rule; /* of those, how many each rule covers */
	struct buf text;   /* a line for each difference told */
	bool failed;	   /* memory ran out: what was found is not all */
};

/**
 * compare_accounts() - Add where they differ
 * @label:  What each line begins with
 * @parts:  Those that are compared, a bit each; exit and complaints are always
 */
void compare_accounts(struct compare *c, const char *label, unsigned parts,
		      const struct account *expected, const struct account *actual);

/** compare_end() - Add lines for what was not told, and for each rule that was used */
void compare_end(struct compare *c);

/** compare_done() - Free */
void compare_done(struct compare *c);

#endif
