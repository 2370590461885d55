/* doctor_decode.h - the checks of `secvf doctor` that go the pipeline's way: a FIFO, a tshark at
 * it, one frame through both */
#ifndef SECVF_CLI_DOCTOR_DECODE_H
#define SECVF_CLI_DOCTOR_DECODE_H

#include "cli/doctor.h"

/** doctor_check_fifo() - Whether a FIFO can be made where the pipeline makes its own; sets d->fifo
 */
void doctor_check_fifo(struct doctor *d, struct doctor_finding *f);

/** doctor_check_decode() - Whether tshark reads a frame from a FIFO and gives a line that we can
 * read */
void doctor_check_decode(struct doctor *d, struct doctor_finding *f);

#endif
