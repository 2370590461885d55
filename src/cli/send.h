/* send.h - `secvf replay --to`: captures out of an interface
 *
 * Theory of operation: one thread reads frames, waits until each is due and hands it to the
 * interface; frames that are overdue, and all at top speed, go many with a call. Nothing is
 * captured or decoded. What an interface refuses for a while is tried again (sim/outgoing says how
 * long); what it never takes is counted, told in the audit log, and is no reason to stop.
 */
#ifndef SECVF_CLI_SEND_H
#define SECVF_CLI_SEND_H

#include "base/hist.h"
#include "cli/options.h"

/** struct send_result - What a run came to */
struct send_result {
	uint64_t sent;
	uint64_t no_room;	 /* refused because the interface had none, or failed */
	uint64_t dropped_behind; /* by the interface, after it had taken them; of whatever sender */
};

/**
 * send_run() - Send until the files, the time or the user make an end
 * @o:       Settled; o->load.to is set
 * @result:  Filled where frames could be sent at all; NULL allowed
 *
 * Return: EXIT_*
 */
int send_run(const struct options *o, struct send_result *result);

/** send_interrupted() - Whether a signal ended the last run */
bool send_interrupted(void);

#endif
