/* check.c - the end of a process that found a bug in itself */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "secvf: bug: %s:%d: '%s' does not hold; please report it\n", file, line,
		cond);
	abort();
}
