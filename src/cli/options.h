/* options.h - the words of `secvf replay` */
#ifndef SECVF_CLI_OPTIONS_H
#define SECVF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "backfill.h"
#include "base/err.h"
#include "cli/load.h"
#include "fanout/decoded.h"
#include "pace.h"
#include "pipeline.h"
#include "replay.h"
#include "store/spool.h"
#include "switch.h"
#include "tshark/args.h"

#define OPTIONS_NAMES_MAX 256 /* --interface and --vm, each */
#define OPTIONS_KEPT_MAX  64  /* as many as a scenario may have */

enum output_format {
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_EK,
	OUTPUT_NONE
};
enum output_color {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER
};

struct session;

/* Where a session is, to whoever looks at it from outside. */
enum host_event {
	HOST_RUNS,     /* it is whole: it may be asked from other threads */
	HOST_CAPTURED, /* its source has ended, and all frames are there */
	HOST_ENDED,    /* nothing more happens; it goes on once the call returns */
	HOST_GONE,     /* it is taken down */
};

/** struct options - The words of a run */
struct options {
	struct replay_config replay; /* files and vms point into argv and below */
	struct pace_rate rate;
	struct switch_config eth;
	struct switch_port_config port;
	const char *vm[OPTIONS_NAMES_MAX];
	const char *interface[OPTIONS_NAMES_MAX];
	unsigned interfaces;
	bool timestamps_now, loops_given;
	const char *filter;	/* -f, or NULL */
	const char *display;	/* -Y, or NULL */
	struct dissect dissect; /* -o, -d, -N, --keylog */
	uint32_t queue_limit;	/* 0: default */
	uint32_t buffer_frames; /* 0: default */
	uint64_t buffer_bytes;	/* 0: no bound */
	const char *write;	/* -w, or NULL */
	struct spool_limits files;
	bool rotate;	    /* -b or --ring-* was given */
	bool direct;	    /* to disk, no decode */
	bool journal;	    /* frames are in files from the start */
	bool no_spill;	    /* frames that leave memory are discarded */
	const char *tshark; /* path, "none" or NULL */
	const char *tshark_write;
	const char *control;  /* socket */
	const char *faults;   /* plan, or NULL */
	const char *bundle;   /* file, or NULL */
	bool ui;	      /* the panel is served meanwhile */
	const char *ui_where; /* address, or NULL */
	/* The words that a bundle keeps: how it is captured and decoded, and how fast. */
	const char *keep[OPTIONS_KEPT_MAX];
	unsigned kept;
	enum profile profile;
	bool adaptive;	 /* --decode auto */
	unsigned shards; /* 0: not said */
	enum backfill_mode backfill;
	bool backfill_given, decode_given;
	uint64_t tshark_memory;
	uint64_t stall_ns, hang_ns;
	bool stall_given;
	enum output_format format;
	enum output_color color;
	bool quiet, no_progress;
	const char *report;
	const char *audit;
	struct load_options load;
	/* No option: who is to see each decoded frame before the output gives back the sink that
	 * stands before @output, whose offer may be NULL; NULL: nobody */
	struct sink (*before)(void *ctx, struct sink output);
	void *before_ctx;
	/* Each frame that the display filter shows, on the output's thread; NULL: nobody */
	void (*each)(void *ctx, const struct decoded *d);
	void *each_ctx;
	struct err *why; /* where it can't start: filled, and nothing is printed; NULL: it is */
	/* Likewise: told on the session's thread. NULL: nobody */
	struct {
		void (*event)(void *ctx, struct session *s, enum host_event event);
		void *ctx;
	} host;
};

/**
 * options_parse() - Read the command line
 * @o:    Filled; borrows from @argv, and from itself: it must stay where it is
 * @err:  EXIT_USAGE, naming the option and the remedy; EXIT_BALANCED with an empty text where
 * --help was given and has been printed
 *
 * Return: false where there is nothing to run
 */
bool options_parse(struct options *o, int argc, char **argv, struct err *err);

#endif
