/* ek_engines.h - decoders of EK lines that are measured beside each other
 *
 * Ours, and json-c. Peers that the program does not link against (simdjson, yyjson) are added by
 * tests/bench/bench_ek.c.
 */
#ifndef SECVF_CLI_EK_ENGINES_H
#define SECVF_CLI_EK_ENGINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes behind a line may be read by some. */
#define EK_ENGINES_PADDING 64

/* Decode one line. Return: whether it was taken */
typedef bool ek_engine(const char *p, size_t n);

/** struct ek_engines_entry - A table of them ends with one without a name */
struct ek_engines_entry {
	const char *name;
	ek_engine *function;
};

/* "lines" (cut only), "record", "tree", "json-c" */
extern const struct ek_engines_entry ek_engines[];

/** ek_engines_find() - By a name of the table, or record:ISA, which sets how ours skips from then
 * on. Return: NULL where there is none */
ek_engine *ek_engines_find(const char *name);

/** struct ek_engines_seen - Summed up by each round. Zero it to start */
struct ek_engines_seen {
	uint64_t lines, refused, bytes;
};

/** ek_engines_round() - Decode all lines of a text, which has EK_ENGINES_PADDING bytes behind it */
void ek_engines_round(const char *text, size_t n, ek_engine *f, struct ek_engines_seen *seen);

#endif
