/* scenario.h - a scenario file: what is sent, what goes wrong, what must come out
 *
 * Format: docs/scenarios.md and docs/scenario.schema.json. A scenario is played in the real world
 * (threads, processes, real tshark) or in the simulated one (world.h), and judged by the same rules
 * from the same three files: report.json, audit.log, rows.json.
 */
#ifndef SECVF_CLI_SCENARIO_H
#define SECVF_CLI_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/jsontext.h"
#include "plan.h"

#define SCENARIO_OPTIONS_MAX 64

enum scenario_world {
	WORLD_REAL,
	WORLD_SIM,
	WORLDS
};

enum scenario_tshark {
	SCENARIO_TSHARK_REAL,	  /* behind the stand-in, where the plan has something for it */
	SCENARIO_TSHARK_STAND_IN, /* the stand-in alone, which decodes nothing */
	SCENARIO_TSHARK_NONE
};

struct scenario {
	struct jsontext text;
	struct jt_at root;
	char folder[4096]; /* that captures are named from */
	char name[128];	   /* of the file, without folder and suffix */
	const char *about; /* or "" */
	struct plan plan;
	enum scenario_tshark tshark;
	bool world[WORLDS];
	uint64_t timeout_ns;
	const char *option[SCENARIO_OPTIONS_MAX]; /* of secvf replay; borrowed from text */
	int options;
};

/** scenario_read() - Read and check all of it but the traffic. @err: file, line, key */
bool scenario_read(struct scenario *s, const char *file, struct err *err);

/** scenario_done() - Free */
void scenario_done(struct scenario *s);

/** struct scenario_outcome - How a run went */
struct scenario_outcome {
	int status; /* as wait()'s */
	bool timed_out;
	uint64_t resident_kib; /* 0: not known */
	uint64_t frames;       /* sent */
	const char *folder;    /* of report.json, audit.log and rows.json */
};

/**
 * scenario_judge() - Whether all that was expected holds, and what always has to
 * @why:  Each thing that does not, a line each
 */
bool scenario_judge(const struct scenario *s, enum scenario_world world,
		    const struct scenario_outcome *outcome, struct buf *why);

/** scenario_world_name() - "real", "sim" */
const char *scenario_world_name(enum scenario_world world);

/** scenario_simulate() - Play it in the simulated world: writes the three files into @folder.
 * @capture: its traffic. Return: exit status */
int scenario_simulate(const struct scenario *s, const char *capture, const char *folder);

#endif
