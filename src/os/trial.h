/* trial.h - a command of somebody else's, run many times with a bound on its time
 *
 * Theory of operation: each run is a process group of its own, so that what the command starts ends
 * with it: the group is killed once the command has exited, has run for too long, or is wanted no
 * more. Runs are waited for by one descriptor, which SIGCHLD and the signals that ask to stop make
 * readable. A command that leaves its process group (setsid) is out of reach.
 *
 * One struct trials in a process, as signal handlers must find it; its thread alone uses it.
 */
#ifndef SECVF_OS_TRIAL_H
#define SECVF_OS_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "os/waker.h"

struct trials {
	struct waker waker;
};

enum trial_end {
	TRIAL_RUNS,
	TRIAL_EXITED, /* with trial.code */
	TRIAL_KILLED, /* by the signal trial.code */
	TRIAL_HUNG,   /* it ran out of time, and was killed */
};

struct trial {
	pid_t pid;
	uint64_t until_ns;
	int code;
};

/** trials_init() - Begin to take SIGCHLD, SIGINT, SIGTERM and SIGHUP; those of the last three that
 * are ignored stay so. Return: 0, or -errno */
int trials_init(struct trials *t);

/** trials_done() - Leave signals as they were */
void trials_done(struct trials *t);

/** trials_asked_to_stop() - Whether SIGINT, SIGTERM or SIGHUP came */
bool trials_asked_to_stop(void);

/** trials_sleep() - Wait for a signal, until @until_ns at the latest */
void trials_sleep(struct trials *t, uint64_t until_ns);

/**
 * trial_start() - Run a command: no shell, standard input is empty, output goes to /dev/null
 * @t:         Filled
 * @argv:      argv[0] is looked up in $PATH
 * @err_path:  Gets its standard error, emptied first; NULL: to /dev/null, too
 * @until_ns:  When it has to have ended
 *
 * Return: 0, or -errno where it cannot be run
 */
int trial_start(struct trial *t, char *const argv[], const char *err_path, uint64_t until_ns);

/** trial_look() - How a run is; once it is not TRIAL_RUNS it is over, and asked no more */
enum trial_end trial_look(struct trial *t, uint64_t now_ns);

/** trial_kill() - End a run that is wanted no more; over, as above */
void trial_kill(struct trial *t);

#endif
