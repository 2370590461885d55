/* align.h - which of two lists' elements are the same one
 *
 * Theory of operation: what both lists begin and end with is taken as it is; between, the shortest
 * script of missing and extra elements is looked for (E. W. Myers, "An O(ND) Difference Algorithm
 * and Its Variations", 1986). Memory and time grow with the square of the script, so past
 * ALIGN_EDITS_MAX edits the furthest place reached is settled, and it goes on from there: a longer
 * script then need not be the shortest. Between two elements found the same, those left over on
 * both sides are paired so that as little as possible differs, if they are few, else in order.
 */
#ifndef SECVF_CLI_ALIGN_H
#define SECVF_CLI_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALIGN_EDITS_MAX 1000
#define ALIGN_GAP_MAX	64 /* left over, on each side: paired by what differs; more: in order */

#define ALIGN_NONE	SIZE_MAX

struct align_config {
	size_t a_n, b_n;
	/* What is the same has the same key, and hardly anything else. Asked for often. */
	const uint64_t *a_key, *b_key;
	/* How much two elements differ; @worst or more is no pair, where few are left over */
	unsigned (*differ)(void *ctx, size_t a, size_t b);
	unsigned worst;
	void *ctx;
};

/**
 * align() - Find the partner of each element
 * @partner:  a_n places, each set to an index of b or to ALIGN_NONE; partners rise
 *
 * Return: false where memory ran out
 */
bool align(const struct align_config *c, size_t *partner);

#endif
