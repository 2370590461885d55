/* world.h - the whole pipeline in one thread, under a virtual clock and a seed
 *
 * Theory of operation: the seed picks the traffic, the sizes of every bound, the mode, and the
 * faults, some of them off altogether. Source, switch, tap, pipeline and tshark are stepped in a
 * random order, the pipeline only when what it said it waits for has come, so that a wrong wait
 * shows as a hang. Phase 1: faults on, until the source has ended and for a while after. Phase 2:
 * faults off: it must come to its end within WORLD_DRAIN_NS.
 *
 * Oracles, at every step: the ledger balances; every emitted frame follows the one before; a
 * decoded frame has the decode of its own bytes. At the end: nothing under way, every frame without
 * decode is named in the audit log, and the counts there are the ledger's.
 *
 * Backfill is the one that ships, with a reader that takes its time. While the run goes on it gets
 * no frame to decode as long as live decode is behind, and is on one piece at a time; no older gap
 * waits when a piece is begun; a frame is decoded once. At the end no gap is left whose frame was
 * there.
 */
#ifndef SECVF_SIM_WORLD_H
#define SECVF_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backfill.h"
#include "base/ledger.h"
#include "pace.h"
#include "pipeline.h"
#include "plan.h"
#include "replay.h"
#include "switch.h"

/* From the end of phase 1: five spawns that hang until the watchdog, and their kills, would take 5
 * x 62 s; the second pipelines of backfill as long once more, one after the other. */
#define WORLD_DRAIN_NS UINT64_C(1800000000000)

/* A step that leads nowhere is a livelock. The longest good runs take some 100,000 steps. */
#define WORLD_STEPS_MAX 3000000u

struct world_result {
	bool ok;
	char why[512]; /* where it is not: the oracle that spoke, with numbers */
	uint64_t hash; /* of the trace; equal for equal seeds */
	uint64_t events, steps;
	uint64_t virtual_ns;
	uint32_t generations;
	uint32_t changes;  /* of them, those that took over from one that still ran */
	uint64_t passed;   /* rows that did not wait for their decode */
	uint32_t profiles; /* changes of the adaptive profile */
	bool lossless;
	enum backfill_mode backfill;
	uint64_t pieces, pauses, idle; /* backfill_gauges */
	struct ledger ledger;
};

/** struct world_script - A scenario: everything that a seed would choose, chosen */
struct world_script {
	/* lossless, profile, bounds, stall, hang, write, direct, cut_each, tap (limit, filter) are
	 * taken from it; its tap.all says whether all VMs are in scope, else those in @interfaces
	 */
	struct pipeline_config config;
	const char *const *interfaces;
	unsigned interface_count;
	struct replay_config replay;
	struct pace_rate rate;
	struct switch_config eth;
	struct switch_port_config port;
	bool disk, journal;
	enum backfill_mode backfill;
	struct spool_limits limits;
	const struct plan *plan;
	/* What a command would write: borrowed for the call */
	void (*audit)(void *ctx, uint64_t now_ns, const char *members, size_t n);
	void (*row)(void *ctx, const struct decoded *d);
	void *ctx;
	/* Results */
	uint32_t spilled_files;
	uint64_t recovery_ns; /* inject.recovery_ns */
	uint64_t switch_dropped[SWITCH_DROPS];
	uint32_t switch_addresses;
	uint64_t refused[EK_REFUSALS];
	uint64_t missed, missed_updates, unwritten, fed_again;
	unsigned shards;
	struct backfill_gauges backfilled;
};

/**
 * world_play() - A scenario under the virtual clock, with the same oracles
 * @err:  The capture could not be opened, read, or has more ports than there are
 *
 * Return: false with @err filled where it could not be played; else result->ok says how it went
 */
bool world_play(struct world_script *script, struct world_result *result, struct err *err);

/* What may be taken away from a seed: the faults of faults.h, those of the disk, bursts, a stop by
 * the user; so few that a bit each is enough. */
unsigned world_faults(void);
const char *world_fault_name(unsigned fault);

/** struct world_limits - What a seed is cut down to */
struct world_limits {
	uint64_t off;	 /* faults that do not happen, a bit each */
	uint32_t frames; /* at most; 0: as the seed says */
};

/**
 * world_run() - One seed
 * @seed:    Any number
 * @limits:  What is left of it; NULL: all
 * @result:  Filled
 *
 * Return: result->ok
 */
bool world_run(uint64_t seed, const struct world_limits *limits, struct world_result *result);

#endif
