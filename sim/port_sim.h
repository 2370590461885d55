/* port_sim.h - the seam made by the simulator: one FIFO, one process at a time, faults by the seed
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
#include "trace.h"
#include "tshark_sim.h"

struct port_sim {
	struct sim_random random;
	struct faults faults;
	struct trace trace;
	struct tshark_sim tshark;
	uint64_t now_ns; /* set by the world before each step */
	int generation;
	bool fifo_open, out_open, err_open; /* our ends */
	bool alive;			    /* spawned and not reaped */
};

/** port_sim_init() - @seed gives the faults and their moments */
void port_sim_init(struct port_sim *p, uint64_t seed, struct port *port);

/** port_sim_done() - Free */
void port_sim_done(struct port_sim *p);

/** port_sim_writable(), port_sim_readable() - What poll() would say of a descriptor; -1 is never
 * ready */
bool port_sim_writable(const struct port_sim *p, int fd);
bool port_sim_readable(const struct port_sim *p, int fd);

#endif
