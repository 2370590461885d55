/* check.h - assertions that stay on in release: our own mistakes end the process, loudly */
#ifndef SECVF_BASE_CHECK_H
#define SECVF_BASE_CHECK_H

/**
 * check() - State what must hold; a false one is a bug of ours
 * @cond:  Evaluated once, in every build
 *
 * Never for bad input, and never for a failing system: those have results.
 */
#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

/**
 * check_failed() - Print the broken statement on stderr, then abort()
 * @cond:  Text of the statement
 * @file:  Source file
 * @line:  Line in @file
 */
_Noreturn void check_failed(const char *cond, const char *file, int line);

#endif
