/* disk_sim.h - a simulated disk: files in memory, and faults chosen by the seed
 *
 * A fault is a time of trouble (full, I/O error, folder gone) that begins at some call and goes on
 * for some calls; a write that finds the disk full takes a part of its bytes.
 */
#ifndef SECVF_SIM_DISK_SIM_H
#define SECVF_SIM_DISK_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/disk.h"
#include "random.h"
#include "trace.h"

struct disk_sim_file {
	char path[128];
	struct buf bytes; /* n is its length */
	unsigned char *map;
	uint32_t map_bytes;
	bool present, open;
};

struct disk_sim {
	struct sim_random random;
	struct trace *trace;
	unsigned full, error,
		gone;	/* chances in a thousand that a time of trouble begins, a call */
	int trouble;	/* -errno that goes on; 0: none */
	uint64_t calls; /* that it goes on for */
	uint64_t now_ns;
	unsigned count, cap;
	struct disk_sim_file *file; /* all that were ever made */
};

/** disk_sim_init() - @trace: borrowed */
struct disk disk_sim_init(struct disk_sim *d, uint64_t seed, struct trace *trace);

/** disk_sim_done() - Free */
void disk_sim_done(struct disk_sim *d);

/** disk_sim_bytes() - What a file holds now, mapped or written; @n is set */
const unsigned char *disk_sim_bytes(const struct disk_sim_file *f, uint64_t *n);

#endif
