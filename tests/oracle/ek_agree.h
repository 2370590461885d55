/* ek_agree.h - whether the scanner, by each instruction set there is, the tree and the oracle say
 * the same of a line */
#ifndef SECVF_TESTS_EK_AGREE_H
#define SECVF_TESTS_EK_AGREE_H

#include <stddef.h>

#include "ek/ek_record.h"
#include "ek/ek_tree.h"
#include "oracle/ek_oracle.h"

struct ek_agree {
	struct oracle oracle;
	struct ek_tree tree;
	struct ek_record record; /* of the line judged last */
	char *out;		 /* texts are unescaped to it */
	size_t cap;
};

void ek_agree_init(struct ek_agree *a);
void ek_agree_done(struct ek_agree *a);

/**
 * ek_agree() - Put one line to all of them
 * @line:  Borrowed until the next; no byte outside it is read
 *
 * Changes what ek_isa_use() was told. Return: NULL, or static text that says what differs
 */
const char *ek_agree(struct ek_agree *a, const char *line, size_t n);

/** ek_agree_check() - The same, where anything that differs ends the process */
void ek_agree_check(struct ek_agree *a, const char *line, size_t n);

#endif
