/* faulty.h - `secvf replay --faults FILE`: the faults of a plan, in the real world
 *
 * What can be done for real is: files and folders are moved away, descriptors used up, the reader
 * of standard output stalls and goes away, the clock of this process jumps, ports leave the switch.
 * The rest (a full disk, a fork that fails) is said by the layer of inject.h at the system calls.
 * What goes wrong in tshark's place is not done here, but by the stand-in that --tshark names.
 */
#ifndef SECVF_CLI_FAULTY_H
#define SECVF_CLI_FAULTY_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "base/err.h"
#include "inject.h"

struct session;

struct faulty {
	struct plan plan;
	struct inject inject;
	struct session *session;
	char folder[4096]; /* of the plan: a tshark in it may be moved away */
	struct rlimit descriptors;
	/* The thread that begins and ends faults by time. */
	pthread_t thread;
	pthread_cond_t changed;
	pthread_mutex_t lock;
	bool started, stop, has_changed;
	/* Standard output goes through a pipe that may stall, where the plan says so. */
	pthread_t pump;
	bool pumps;
	int out, pipe;
};

/** faulty_open() - Read the plan. Return: NULL with @err filled */
struct faulty *faulty_open(struct session *s, const char *file, struct err *err);

/** faulty_start() - The run begins. Return: false where a thread could not be started */
bool faulty_start(struct faulty *f);

/** faulty_stop() - The pipeline has ended and so has the output: end what is on. Return:
 * inject.recovery_ns */
uint64_t faulty_stop(struct faulty *f);

/** faulty_free() - After everything that it was put under; NULL is allowed */
void faulty_free(struct faulty *f);

#endif
