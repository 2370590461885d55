/* doctor.h - what the checks of `secvf doctor` share
 *
 * A check looks at one thing and says what it found; where that is not as it should be it says what
 * to do. It leaves nothing behind. Later checks may use what earlier ones found out.
 */
#ifndef SECVF_CLI_DOCTOR_H
#define SECVF_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "tshark/detect.h"

/* The oldest tshark whose EK output and columns are as we read them. */
#define DOCTOR_TSHARK_LEAST 3u

#define DOCTOR_PORTS_MAX    64u

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_WARNING, /* a capture runs, but lacks something */
	DOCTOR_FAILED,	/* a capture does not start, or loses frames */
	DOCTOR_SKIPPED, /* it could not be looked at, or nobody asked for it */
};

/** struct doctor_finding - What a check came to; texts are raw and may be hostile */
struct doctor_finding {
	enum doctor_status status;
	struct buf found, remedy; /* one line each */
};

/** struct doctor - What was asked for, and what is known so far */
struct doctor {
	const char *asked; /* --tshark; NULL: whichever is found */
	uint64_t timeout_ns;
	const char *port[DOCTOR_PORTS_MAX]; /* "iface:NAME", "tap:NAME" */
	unsigned ports;
	struct detected tshark; /* found: one that can be used */
	bool lua;		/* it was built with Lua */
	char sharkd[4096];	/* "": none */
	bool fifo;		/* a FIFO can be made */
};

/** struct doctor_check - One line of the list */
struct doctor_check {
	const char *name;
	void (*run)(struct doctor *d, struct doctor_finding *f);
};

/** doctor_tshark_checks, doctor_system_checks, doctor_home_checks - In their order; the last has
 * no name */
extern const struct doctor_check doctor_tshark_checks[];
extern const struct doctor_check doctor_system_checks[];
extern const struct doctor_check doctor_home_checks[];

/** doctor_say() - Set the status and what was found */
void doctor_say(struct doctor_finding *f, enum doctor_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** doctor_advise() - Add to what is to be done; several are joined by "; " */
void doctor_advise(struct doctor_finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** doctor_worse() - Take the status if it is worse than what @f has: ok, warning, failed */
void doctor_worse(struct doctor_finding *f, enum doctor_status status);

#endif
