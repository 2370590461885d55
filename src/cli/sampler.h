/* sampler.h - a thread that takes a row of a series each SAMPLER_NS, and the files of it
 *
 * It costs ten wake-ups a second and reads counters that are there in any case.
 */
#ifndef SECVF_CLI_SAMPLER_H
#define SECVF_CLI_SAMPLER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "os/waker.h"
#include "pace.h"
#include "series.h"

#define SAMPLER_NS UINT64_C(100000000)

/** struct sampler - Zero it to start */
struct sampler {
	/* Fills in all but the time; on the sampler's thread */
	void (*sample)(void *ctx, uint64_t now_ns, struct series_row *row);
	void *ctx;
	struct series series;
	struct waker waker;
	atomic_int stop;
	uint64_t start_ns;
	pthread_t thread;
	bool runs;
};

/** sampler_start() - Return: 0, or -errno */
int sampler_start(struct sampler *s,
		  void (*sample)(void *ctx, uint64_t now_ns, struct series_row *row), void *ctx);

/** sampler_stop() - A last row, and the end of the thread; nothing where it does not run */
void sampler_stop(struct sampler *s);

/** sampler_asked() - The rate that was asked for at a time, as series_row.asked_milli has it.
 * @began_ns: first frame due; 0: none yet */
uint64_t sampler_asked(const struct pace_rate *rate, uint64_t began_ns, uint64_t now_ns);

/**
 * sampler_save() - Write the files that were asked for, and free
 * @csv, @svg:  Paths, or NULL
 * @title:      Of the drawing
 * @latency:    What its latency is that of, with unit
 *
 * Return: 0, or EXIT_ENVIRONMENT with @err filled
 */
int sampler_save(struct sampler *s, const char *csv, const char *svg, const char *title,
		 const char *latency, struct err *err);

#endif
