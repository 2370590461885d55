/* run.h - frames lost one after the other, told as one run
 *
 * The promise is that no frame is lost silently: each loss extends a run, and each run becomes one
 * line of the audit log, with its cause, first and last number, count and times.
 */
#ifndef SECVF_BASE_RUN_H
#define SECVF_BASE_RUN_H

#include <stdbool.h>
#include <stdint.h>

/** struct run - Numbers first to last, all lost for one cause; count 0: empty */
struct run {
	uint64_t first, last; /* frame ids, or serials where a frame never got an id */
	uint64_t count;	      /* less than last - first + 1 only where runs had to be joined */
	uint64_t first_ts_ns, last_ts_ns; /* frames' own time stamps */
};

/** run_extend() - Add frame @number. Return: false, and nothing added, where it does not follow the
 * last */
static inline bool run_extend(struct run *r, uint64_t number, uint64_t ts_ns)
{
	if (r->count && number != r->last + 1)
		return false;
	if (!r->count) {
		r->first = number;
		r->first_ts_ns = ts_ns;
	}
	r->last = number;
	r->last_ts_ns = ts_ns;
	r->count++;
	return true;
}

/** run_add() - Add the run @more. Return: false, and nothing added, where it does not follow */
static inline bool run_add(struct run *r, const struct run *more)
{
	if (!more->count)
		return true;
	if (r->count && more->first != r->last + 1)
		return false;
	if (!r->count) {
		r->first = more->first;
		r->first_ts_ns = more->first_ts_ns;
	}
	r->last = more->last;
	r->last_ts_ns = more->last_ts_ns;
	r->count += more->count;
	return true;
}

#endif
