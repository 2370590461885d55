/* port_sim.h - the seam made by the simulator: FIFOs, processes, faults by the seed
 *
 * Every call is mixed into the trace. A call that a real system would punish (a descriptor used
 * after close, a second reap) is a bug of ours, and check()ed.
 */
#ifndef SECVF_SIM_PORT_SIM_H
#define SECVF_SIM_PORT_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/port.h"
#include "faults.h"
#include "random.h"
#include "store/store.h"
#include "trace.h"
#include "tshark_sim.h"

/* Two lanes a shard (pipeline.h), and as many of backfill. */
#define PORT_SIM_PROCESSES (4 * SHARDS_MAX)

/** struct process_sim - A FIFO, and the process that was started for it */
struct process_sim {
	struct tshark_sim tshark;
	int generation; /* among all; 0: none was started */
	bool made;	/* the FIFO was, for the next process */
	char path[PORT_PATH_MAX];
	bool fifo_open, out_open, err_open; /* our ends */
	bool alive;			    /* spawned and not reaped */
};

struct port_sim {
	struct sim_random random;
	struct faults faults;
	struct trace trace;
	struct process_sim process[PORT_SIM_PROCESSES];
	const struct plan *plan; /* of a scenario, or NULL */
	uint64_t now_ns;	 /* set by the world before each step */
	int generation;		 /* processes so far */
	int fifos;
};

/** port_sim_init() - @seed gives the faults and their moments */
void port_sim_init(struct port_sim *p, uint64_t seed, struct port *port);

/** port_sim_due() - When a process does something by itself next; UINT64_MAX: never */
uint64_t port_sim_due(const struct port_sim *p);

/** port_sim_step() - Step each process that can do something. Return: whether one could */
bool port_sim_step(struct port_sim *p);

/** port_sim_done() - Free */
void port_sim_done(struct port_sim *p);

/** port_sim_writable(), port_sim_readable() - What poll() would say of an open descriptor */
bool port_sim_writable(const struct port_sim *p, int fd);
bool port_sim_readable(const struct port_sim *p, int fd);

#endif
