/* golden.h - golden files: what must come out of the pipeline for one capture
 *
 * A JSON object, made to be read and compared by people: one frame a line, what is null or 0 left
 * out. docs/verify.md has the format; GOLDEN_VERSION changes where an older program would take a
 * file for something that it is not.
 */
#ifndef SECVF_CLI_GOLDEN_H
#define SECVF_CLI_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/account.h"
#include "tshark/args.h"

#define GOLDEN_VERSION	 1
#define GOLDEN_SUFFIX	 ".golden.json"
#define GOLDEN_BYTES_MAX (1u << 30)
#define GOLDEN_PROFILES	 (PROFILE_OFF + 1)

/* Words of `secvf replay` that belong to a capture. */
enum golden_option {
	GOLDEN_AS_ETHERNET,
	GOLDEN_FILTER,
	GOLDEN_INTERFACES,
	GOLDEN_VMS,
	GOLDEN_LIMIT,
	GOLDEN_LOOP,
	GOLDEN_UNIQUE_IP,
	GOLDEN_MAX_FRAME,
	GOLDEN_SPOOF,
	GOLDEN_TOLERANT,
	GOLDEN_HANG,
	GOLDEN_OPTIONS
};

enum golden_kind {
	GOLDEN_FLAG,
	GOLDEN_NUMBER,
	GOLDEN_TEXT,
	GOLDEN_LIST
};

struct golden_word {
	const char *key;    /* in the file */
	const char *option; /* of replay */
	enum golden_kind kind;
};

/** struct golden_options - A flag that is set has one value, "" */
struct golden_options {
	struct {
		char **value;
		unsigned count;
	} given[GOLDEN_OPTIONS];
};

struct golden {
	struct golden_options options;
	struct account_fields fields;
	unsigned parts;		   /* a bit each */
	bool has[GOLDEN_PROFILES]; /* by enum profile */
	struct account account[GOLDEN_PROFILES];
};

/** golden_word() - How an option is written */
const struct golden_word *golden_word(enum golden_option option);

/** golden_option_add() - Give it a value; a flag: "". Return: false where memory ran out */
bool golden_option_add(struct golden_options *o, enum golden_option option, const char *value);

/** golden_options_copy() - Return: false where memory ran out; free @to then, too */
bool golden_options_copy(struct golden_options *to, const struct golden_options *from);
void golden_options_done(struct golden_options *o);

/** golden_fields_default() - All but vm, ethertype and info */
struct account_fields golden_fields_default(void);

/** golden_fields_parse(), golden_parts_parse() - "id,src,dst", "ledger,frames"; @err: EXIT_USAGE,
 * with the names that there are */
bool golden_fields_parse(struct account_fields *f, const char *text, struct err *err);
bool golden_parts_parse(unsigned *parts, const char *text, struct err *err);

/**
 * golden_read() - Read a golden file
 * @g:    Filled; golden_done() ends, after a failure, too
 * @err:  Names the file, the place in it and what is wanted there
 */
bool golden_read(struct golden *g, const char *path, struct err *err);
void golden_done(struct golden *g);

/**
 * golden_put() - Write one
 * @capture:  Its name, for people
 * @out:      Gets the text; equal for equal contents
 */
void golden_put(const struct golden *g, const char *capture, struct buf *out);

#endif
