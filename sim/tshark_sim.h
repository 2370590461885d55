/* tshark_sim.h - a tshark that reads libpcap records and prints EK lines, and fails in every way we
 * know
 *
 * Theory of operation: it is stepped with the time. It opens its FIFO after a start-up time, reads
 * records, takes time for each, and prints two lines a record, the second with the frame's hash as
 * its info, so that an oracle can tell whether the right decode came back with the right frame.
 * Without -l it holds its output back in 4 KiB pieces, as stdio does; what is held back when it
 * crashes is lost.
 */
#ifndef SECVF_SIM_TSHARK_SIM_H
#define SECVF_SIM_TSHARK_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "faults.h"
#include "pipe_sim.h"
#include "plan.h"
#include "random.h"

enum tshark_sim_state {
	TSHARK_SIM_NONE,     /* no process */
	TSHARK_SIM_STARTING, /* FIFO not open yet */
	TSHARK_SIM_READING,
	TSHARK_SIM_HUNG,    /* for ever, or until a signal that it heeds */
	TSHARK_SIM_CLOSING, /* input ended: the rest goes out */
	TSHARK_SIM_LATE,    /* pipes closed, exit to come */
	TSHARK_SIM_DEAD,    /* to be reaped */
};

struct tshark_sim {
	enum tshark_sim_state state;
	struct sim_random *random;
	const struct faults *faults; /* may be changed while it runs */
	struct pipe_sim input, out, err;
	bool fifo_exists;
	bool writer_came; /* the FIFO has been opened for writing */
	bool flush;	  /* -l */
	bool ignores_term;
	bool termed;	 /* TERM came: it ends at the next packet */
	uint64_t due_ns; /* next thing that it does by itself; UINT64_MAX: waits for pipes */
	int status;	 /* as wait()'s */
	uint32_t number; /* records so far */
	struct buf in;	 /* bytes read, not a whole record yet */
	bool header_seen;
	struct buf held;	 /* stdio's buffer, and what a full pipe keeps back */
	size_t held_at;		 /* bytes of it that are in the pipe already */
	const struct plan *plan; /* of a scenario, or NULL */
	uint32_t generation;
	bool started;	 /* the plan has been asked about the start */
	uint64_t struck; /* record that the plan has been asked about */
	uint64_t flood;	 /* bytes that stderr is still to get */
};

/* What it grows by with each record: in a scenario as a real one does; for a seed, in a thousand
 * frames as much as that in a million. */
#define TSHARK_RECORD_BYTES	567
#define TSHARK_SIM_RECORD_BYTES 500000

/** tshark_sim_spawn() - A new process. @flush: -l was given; @generation: its number among all */
void tshark_sim_spawn(struct tshark_sim *t, bool flush, uint32_t generation, uint64_t now_ns);

/** tshark_sim_step() - Do what is due or has become possible */
void tshark_sim_step(struct tshark_sim *t, uint64_t now_ns);

/** tshark_sim_ready() - Whether a step would do something though nothing is due: bytes or room in
 * pipes */
bool tshark_sim_ready(const struct tshark_sim *t, uint64_t now_ns);

/** tshark_sim_signal() - SIGTERM or SIGKILL */
void tshark_sim_signal(struct tshark_sim *t, int signal, uint64_t now_ns);

/** tshark_sim_hash() - What it prints as info for a frame's bytes */
uint64_t tshark_sim_hash(const unsigned char *data, uint32_t caplen);

/** tshark_sim_poison() - Whether these bytes end it each time (faults->poison) */
bool tshark_sim_poison(const struct tshark_sim *t, const unsigned char *data, uint32_t caplen);

/** tshark_sim_done() - Free */
void tshark_sim_done(struct tshark_sim *t);

#endif
