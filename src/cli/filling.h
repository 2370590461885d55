/* filling.h - backfill of a session: while it runs on the pipeline's thread, at its end on ours */
#ifndef SECVF_CLI_FILLING_H
#define SECVF_CLI_FILLING_H

#include <stdbool.h>

struct session;

/** filling_open() - Once there are pipeline and spool, before they run. Return: false without
 * memory, threads or descriptors */
bool filling_open(struct session *s);

/** filling_close() - Any time after; the pipeline and the spool are still there */
void filling_close(struct session *s);

/** filling_waits() - The pipeline has finished: whether there is something to do yet */
bool filling_waits(const struct session *s);

/** filling_last() - Do it, until it is done or a signal comes. The output still takes rows */
void filling_last(struct session *s);

#endif
