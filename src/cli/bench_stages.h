/* bench_stages.h - stages of the pipeline run by themselves, on one thread, to be measured
 *
 * Theory of operation: frames that lie in memory go through switch, tap and queue into a store, as
 * in the pipeline, but BATCH of them through one stage before the next has its turn, so that each
 * stage's processor time can be told. What is not here: threads, which wake each other and share
 * caches, and all that only a whole run has. So a sum of stages is a little less than a run takes.
 */
#ifndef SECVF_CLI_BENCH_STAGES_H
#define SECVF_CLI_BENCH_STAGES_H

#include "base/err.h"
#include "cli/loaded.h"
#include "store/store.h"
#include "switch.h"
#include "tap/tap.h"

struct bench_stages {
	const struct loaded *loaded;
	struct eth_switch *eth;
	unsigned port;
	struct tap tap;
	struct store store;
	uint64_t serial;
	/* Summed up by bench_stages_switched(): */
	uint64_t frames, switch_ns, store_ns;
	unsigned sum;
};

/** bench_stages_init() - @l is borrowed. Return: false with @err, and nothing to free */
bool bench_stages_init(struct bench_stages *s, const struct loaded *l, struct err *err);

/** bench_stages_done() - Free */
void bench_stages_done(struct bench_stages *s);

/** bench_stages_append() - All frames once through tap, queue and store; the oldest are dropped
 * where it is full. @ctx: struct bench_stages */
void bench_stages_append(void *ctx);

/** bench_stages_fill() - On a fresh one: likewise, so that it then holds frames 1 to the last */
void bench_stages_fill(struct bench_stages *s);

/** bench_stages_switched() - As bench_stages_append(), through the switch too, with the time of
 * both halves taken. @ctx: struct bench_stages */
void bench_stages_switched(void *ctx);

/** bench_stages_decode() - The header decode of all frames. @ctx: struct bench_stages */
void bench_stages_decode(void *ctx);

/** struct bench_pipe - Processor time of both ends of a pipe */
struct bench_pipe {
	uint64_t write_ns, read_ns;
	uint64_t bytes;
};

/** bench_stages_pipe() - Records of all frames into a pipe @passes times, in batches, as the feed
 * writes them; another thread empties it, as tshark's output is read. Return: 0, or -errno */
int bench_stages_pipe(const struct loaded *l, unsigned passes, struct bench_pipe *p);

/** bench_stages_cpu_ns() - Processor time of this thread so far */
uint64_t bench_stages_cpu_ns(void);

#endif
