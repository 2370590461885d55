/* plan.h - the faults of a scenario: what goes wrong, when, and for how long
 *
 * One list for both worlds. What happens in tshark's place is done by the stand-in (stand_in.h), a
 * process between us and the real tshark, or by tshark_sim; what happens at the seam to the
 * operating system, by inject.h over the port and the disk of either world.
 *
 * Triggers. In tshark's place: `record`, the N-th that this tshark reads (0: at its start), or
 * each, and `generation`, which of them (default: the first), or each. At the seam: `at`, since the
 * run began; or `at_frame`, before the N-th is sent; or `on`, with the N-th audit event of that
 * name; each once, or again after each `every`; with a chance, under the seed.
 */
#ifndef SECVF_SIM_PLAN_H
#define SECVF_SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/jsontext.h"
#include "random.h"

#define PLAN_FAULTS_MAX 64u
#define PLAN_EVENT_MAX	32u
#define PLAN_MATCH_MAX	64u

/* struct fault.record: with each record */
#define FAULT_EACH_RECORD UINT64_MAX

enum fault_kind {
	/* In tshark's place */
	FAULT_TSHARK_CRASH,	   /* ends by a signal */
	FAULT_TSHARK_EXIT,	   /* exits with a status */
	FAULT_TSHARK_HANG,	   /* neither reads nor prints any more; heeds TERM */
	FAULT_TSHARK_STALL,	   /* reads nothing for a time */
	FAULT_TSHARK_SLOW,	   /* takes a time for each record */
	FAULT_TSHARK_CLOSES,	   /* closes the FIFO and lives on */
	FAULT_TSHARK_DEAF,	   /* ignores TERM, from the start */
	FAULT_TSHARK_POISON,	   /* ends, or hangs, at each frame that holds certain bytes */
	FAULT_TSHARK_NOISE,	   /* prints lines that are no JSON */
	FAULT_TSHARK_BROKEN,	   /* prints JSON that breaks off */
	FAULT_TSHARK_CUT,	   /* a newline in the middle of a record */
	FAULT_TSHARK_LONG,	   /* prints one line of so many bytes */
	FAULT_TSHARK_DUPLICATE,	   /* prints a record twice */
	FAULT_TSHARK_MISSING,	   /* prints nothing for a record */
	FAULT_TSHARK_WRONG_NUMBER, /* prints a record of a frame that nobody sent, too */
	FAULT_TSHARK_STDERR,	   /* floods stderr with so many bytes */
	FAULT_TSHARK_LAST = FAULT_TSHARK_STDERR,
	/* At the seam */
	FAULT_FIFO_MAKE,    /* cannot be made */
	FAULT_FIFO_REMOVED, /* somebody removes it, once made */
	FAULT_SPAWN,	    /* a process cannot be started */
	FAULT_TSHARK_GONE,  /* the program is not there */
	FAULT_DESCRIPTORS,  /* all are in use */
	FAULT_DISK_FULL,
	FAULT_DISK_READ_ONLY,
	FAULT_DISK_ERROR,
	FAULT_DISK_GONE,    /* the folder is moved away */
	FAULT_DISK_SLOW,    /* each call takes a time */
	FAULT_CLOCK,	    /* the wall clock jumps */
	FAULT_OUTPUT_STUCK, /* who reads the rows stops reading */
	FAULT_OUTPUT_GONE,  /* and goes away */
	FAULT_PORT_DOWN,    /* a VM's port leaves the switch, and comes back */
	FAULT_KINDS
};

struct fault {
	enum fault_kind kind;
	/* Trigger */
	uint32_t generation;	 /* 0: each */
	uint64_t record;	 /* 0: at the start */
	uint64_t at_ns;		 /* UINT64_MAX: not by time */
	uint64_t at_frame;	 /* 0: not by frames */
	char on[PLAN_EVENT_MAX]; /* audit event, or "" */
	uint64_t nth;		 /* of these */
	uint64_t every_ns;	 /* 0: once */
	unsigned permille;	 /* chance */
	/* What */
	uint64_t for_ns; /* UINT64_MAX: for ever */
	int64_t by_ns;
	int signal, status, error; /* error: errno */
	bool hangs;		   /* poison: hang instead of a crash */
	uint64_t bytes;
	unsigned char match[PLAN_MATCH_MAX];
	uint32_t match_n;
	char port[64];
};

struct plan {
	uint64_t seed;
	unsigned count;
	struct fault fault[PLAN_FAULTS_MAX];
};

/** fault_name() - "tshark.crash", "disk.full", ...: as in scenarios */
const char *fault_name(enum fault_kind kind);

/** fault_in_tshark() - Whether it happens in tshark's place, not at the seam */
bool fault_in_tshark(enum fault_kind kind);

/**
 * plan_read() - The list @key of an object, and its "seed"
 * @plan:  Filled
 * @err:   EXIT_USAGE, with file, line and key
 */
bool plan_read(struct plan *plan, const struct jt_at *at, const char *key, struct err *err);

/** plan_load() - A file {"seed": N, "faults": [...]} */
bool plan_load(struct plan *plan, const char *file, struct err *err);

/** plan_has() - Whether there is a fault of that kind */
bool plan_has(const struct plan *plan, enum fault_kind kind);

/** plan_strikes() - Whether a fault in tshark's place comes with this record of this generation */
bool plan_strikes(const struct fault *f, uint32_t generation, uint64_t record,
		  struct sim_random *random);

/** plan_poisons() - Whether a frame holds what ends tshark */
bool plan_poisons(const struct fault *f, const unsigned char *data, uint32_t caplen);

#endif
