/* account.h - what came out of the pipeline for one capture: frames, sums, exit, complaints
 *
 * The same struct holds what is expected (golden.h reads it) and what was seen (trial.h runs it),
 * so that compare.h has two of a kind.
 */
#ifndef SECVF_CLI_ACCOUNT_H
#define SECVF_CLI_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct json_object;

/* What can be told of a frame: the keys of `replay -T json` in their order, and the CRC-32 of its
 * captured bytes, taken from the file that the pipeline wrote. Names: account_field_name(). */
enum account_field {
	FIELD_ID,
	FIELD_TS,
	FIELD_VM,
	FIELD_LEN,
	FIELD_CAPLEN,
	FIELD_ETH_SRC,
	FIELD_ETH_DST,
	FIELD_ETHERTYPE,
	FIELD_SRC,
	FIELD_DST,
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_PROTOCOL,
	FIELD_INFO,
	FIELD_PROTOCOLS,
	FIELD_STATUS,
	FIELD_CRC,
	ACCOUNT_FIELDS
};

/* Parts of an account. Names: account_part_name(). */
enum account_part {
	PART_LEDGER,	    /* the ledger's terms that time has no say in */
	PART_SWITCH,	    /* what the switch refused, by cause */
	PART_STATISTICS,    /* the pipeline's own sums, by protocol of the basic decode */
	PART_PROTOCOLS,	    /* sums by what the rows call their protocol */
	PART_CONVERSATIONS, /* sums by both addresses and ports, either way */
	PART_FRAMES,
	ACCOUNT_PARTS
};

#define ACCOUNT_PARTS_ALL ((1u << ACCOUNT_PARTS) - 1)

/** struct account_fields - Those that are looked at, in the order in which they are written */
struct account_fields {
	enum account_field field[ACCOUNT_FIELDS];
	unsigned count;
};

/** struct account_value - A field of a frame; text of the account. Numbers are in decimal */
struct account_value {
	size_t at;
	uint32_t n; /* UINT32_MAX: there is none */
};

/** struct account_fact - A sum; one that is 0 is left out */
struct account_fact {
	enum account_part part;
	char *name;
	uint64_t count; /* frames, or whatever the term counts */
	uint64_t bytes; /* of those frames; 0 where the part has none */
};

struct account {
	struct account_fields fields;
	struct account_value *values; /* fields.count a frame */
	size_t frames, frames_cap;
	struct buf text;
	struct account_fact *facts; /* in order of appearance */
	size_t fact_count, fact_cap;
	struct json_object *index; /* of facts, by part and name */
	int exit;
	char **errors; /* what was complained about, in order */
	size_t error_count;
	char tshark[64]; /* its version; "": there was none */
	bool failed;	 /* memory ran out: the account is not whole */
};

/** account_init() - Empty, with these fields; account_done() ends, a zeroed one too */
void account_init(struct account *a, const struct account_fields *fields);
void account_done(struct account *a);

/** account_field_name() - "id", "ts", ... as the keys of `replay -T json`, and "crc" */
const char *account_field_name(enum account_field field);

/** account_field_find() - Return: false where there is no field of that name */
bool account_field_find(const char *name, enum account_field *field);

/** account_field_is_number() - Whether JSON has it as a number */
bool account_field_is_number(enum account_field field);

/** account_fields_have() - Return: place of the field among those looked at, or -1 */
int account_fields_have(const struct account_fields *f, enum account_field field);

/** account_part_name() - "ledger", "switch", "statistics", "protocols", "conversations", "frames"
 */
const char *account_part_name(enum account_part part);

/** account_part_find() - Return: false where there is no part of that name */
bool account_part_find(const char *name, enum account_part *part);

/** account_part_has_bytes() - Whether its sums are of frames and of bytes */
bool account_part_has_bytes(enum account_part part);

/** account_ledger_has() - Whether a term of the ledger is looked at: not those that only say how
 * far things are, or whether frames are in memory or on disk, on which time has a say */
bool account_ledger_has(const char *name);

/** account_frame() - Add a frame without values. Return: its values, or NULL where memory ran out
 */
struct account_value *account_frame(struct account *a);

/** account_set() - Set a value of the account; @value is one of its frames' */
void account_set(struct account *a, struct account_value *value, const char *p, size_t n);

/** account_text() - A value's text, not NUL-terminated; NULL: there is none */
const char *account_text(const struct account *a, const struct account_value *value);

/** account_add() - Add to a sum; nothing happens where both numbers are 0 */
void account_add(struct account *a, enum account_part part, const char *name, uint64_t count,
		 uint64_t bytes);

/** account_find() - Return: the sum of that name, or NULL where it is 0 */
const struct account_fact *account_find(const struct account *a, enum account_part part,
					const char *name);

/** account_error() - Add a complaint */
void account_error(struct account *a, const char *text);

/**
 * account_row() - Add a frame from a row of `replay -T json`, and to the sums of the rows
 * @row:  An object
 *
 * Return: false where a key is missing or is of the wrong kind
 */
bool account_row(struct account *a, struct json_object *row);

/** account_report() - Add the sums of a `replay --report`. Return: false where it is none */
bool account_report(struct account *a, struct json_object *report);

#endif
