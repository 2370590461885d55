/* load.h - the words of `secvf replay` that are about interfaces, load and its measurement */
#ifndef SECVF_CLI_LOAD_H
#define SECVF_CLI_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pace.h"
#include "ramp.h"

#define LOAD_PORTS_MAX 8u

/* Of a search: what nobody gave. */
#define LOAD_TRIAL_SECONDS 3u

enum load_word {
	LOAD_TO,
	LOAD_FROM,
	LOAD_PORT,
	LOAD_AUTOSTOP,
	LOAD_EXPECT,
	LOAD_FIND_MAX,
	LOAD_LOSS,
	LOAD_TRIAL,
	LOAD_PLOT,
	LOAD_SERIES,
	LOAD_WORDS
};

/* What makes a rate too high, in a search. */
enum load_loss {
	LOAD_LOSS_ANY,	   /* either, or the decoder is behind at the end */
	LOAD_LOSS_DROPPED, /* frames were not captured, or not sent */
	LOAD_LOSS_SKIPPED, /* frames were not decoded */
};

/** struct load_port - A port of the switch that is an interface of this machine */
struct load_port {
	bool is_tap;	  /* a tap device, both ways; else an interface, inwards */
	const char *name; /* borrowed from the command line */
};

struct load_options {
	const char *to; /* interface that frames are sent to; NULL: the simulated switch */
	struct load_port port[LOAD_PORTS_MAX];
	unsigned ports;
	uint64_t duration_ns;	 /* 0: no end by time */
	struct pace_rate expect; /* den 0: none */
	struct ramp ramp;	 /* count 0: none */
	bool find_max;
	uint64_t find_low, find_high;
	enum load_loss loss;
	bool loss_given;
	uint64_t trial_ns; /* 0: not given */
	const char *plot, *series;
};

struct options;

/** load_option() - One option. Return: false with @err filled */
bool load_option(struct load_options *o, enum load_word word, const char *text, struct err *err);

/**
 * load_settle() - What no single option can tell; the rates of a ramp are put in place
 * @o:    All options; files may be none
 * @err:  EXIT_USAGE, naming both options and the remedy
 */
bool load_settle(struct options *o, struct err *err);

#endif
