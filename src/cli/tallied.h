/* tallied.h - a tally in front of another sink: each decoded frame is counted, then handed on */
#ifndef SECVF_CLI_TALLIED_H
#define SECVF_CLI_TALLIED_H

#include "analysis/tally.h"
#include "pipeline.h"

struct tallied {
	struct tally
		*tally;	  /* borrowed; used on the threads that offer frames, one after the other */
	struct sink next; /* offer NULL: frames end here */
	const struct decoded *refused; /* counted, and offered again as the next sink was full */
};

/** tallied_sink() - options.before; @ctx: a struct tallied whose tally is set, which stays there */
struct sink tallied_sink(void *ctx, struct sink next);

/** tallied_each() - options.each: frames that are shown are counted, on the output's thread; @ctx
 * as above */
void tallied_each(void *ctx, const struct decoded *d);

#endif
