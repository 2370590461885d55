/* scenario_left.h - what a run left behind: the decode, beside a golden file's; files, and what is
 * in them
 *
 * Real world only: the simulated one decodes nothing and writes to no disk.
 */
#ifndef SECVF_CLI_SCENARIO_LEFT_H
#define SECVF_CLI_SCENARIO_LEFT_H

#include "base/buf.h"
#include "base/jsontext.h"
#include "tshark/args.h"

/** scenario_range() - "5" or "[2,9]": the bounds. Return: false where it is neither */
bool scenario_range(struct json_object *o, double *least, double *most);

/** scenario_number() - Whether @is is what a number or [least, most] of an expectation says.
 * @why: a line, with file, line and key, where not */
void scenario_number(const struct jt_at *at, const char *key, struct json_object *wanted, double is,
		     struct buf *why);

struct scenario_golden {
	const char *golden, *rows; /* paths: a golden file; rows of `replay -T json` */
	enum profile profile;	   /* that the run had; whose account of the golden file is taken */
	const char *tshark;	   /* its version, "" where there was none: see rules.h */
};

/**
 * scenario_golden() - Whether each frame was decoded as the golden file has it
 * @why:  Differences, a line each; or that the golden file cannot be read
 *
 * Of the fields that the golden file has, those that a row has: all but crc, and ts, which the
 * merging of traffic may move. Differences that a rule of `secvf verify` tolerates are none. Sums
 * are not compared: what faults do to them, "ledger" and "report" say.
 */
void scenario_golden(const struct scenario_golden *g, struct buf *why);

/**
 * scenario_files() - Files that the run must have left
 * @at:      Object: patterns (glob(7), below @folder) and what is wanted of all that match
 * @folder:  The run's
 */
void scenario_files(const struct jt_at *at, const char *folder, struct buf *why);

#endif
