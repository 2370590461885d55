/* faults.h - what may go wrong in a simulated run, and how often; chosen by the seed */
#ifndef SECVF_SIM_FAULTS_H
#define SECVF_SIM_FAULTS_H

#include <stdbool.h>

#include "random.h"

/** struct faults - Chances in a thousand, each time that the thing is done; 0 is off */
struct faults {
	/* the port */
	unsigned short_write, write_again, short_read, read_again;
	unsigned fifo_make, spawn;
	/* tshark as a process */
	unsigned start_slow, start_exit, crash, exit2, hang, stall, ignore_term, late_exit,
		stderr_flood;
	/* tshark's output */
	unsigned noise, broken, duplicate, missing, wrong_number, cut;
	/* frames that end tshark each time */
	unsigned poison;
	/* the subscriber */
	unsigned sink_full;
};

/* Names of the members, in their order. */
static const char *const faults_names[] = {
	"short_write", "write_again",  "short_read",   "read_again", "fifo_make", "spawn",
	"start_slow",  "start_exit",   "crash",	       "exit2",	     "hang",	  "stall",
	"ignore_term", "late_exit",    "stderr_flood", "noise",	     "broken",	  "duplicate",
	"missing",     "wrong_number", "cut",	       "poison",     "sink_full",
};

_Static_assert(sizeof(struct faults) / sizeof(unsigned) ==
		       sizeof(faults_names) / sizeof(faults_names[0]),
	       "a name for each");

/** faults_choose() - Swarm testing: each kind is off in half of the seeds, so that rare mixes come
 * up */
static inline void faults_choose(struct faults *f, struct sim_random *r)
{
	unsigned *chance = (unsigned *)f;

	for (unsigned i = 0; i < sizeof(*f) / sizeof(*chance); i++)
		chance[i] = random_chance(r, 500) ? 0 : (unsigned)random_range(r, 1, 40);
	/* Per read and write, not per frame or process: they may come far more often. */
	f->short_write *= 20;
	f->short_read *= 20;
	f->write_again *= 5;
	f->read_again *= 5;
	f->fifo_make *= 5;
	f->spawn *= 5;
	f->start_slow *= 10;
	f->start_exit *= 5;
	f->late_exit *= 20;
	f->ignore_term *= 20;
	f->hang /= 8;
	f->crash /= 4;
	f->exit2 /= 4;
	f->poison /= 8;
	f->sink_full *= 5;
}

#endif
