/* err.h - a message for a person: what was tried, on what, why it failed, what to do */
#ifndef SECVF_BASE_ERR_H
#define SECVF_BASE_ERR_H

/* Exit codes of every command; the interface that scripts rely on. */
enum {
	EXIT_BALANCED = 0,    /* done, and the ledger balances */
	EXIT_UNBALANCED = 1,  /* an expectation failed or the ledger does not balance */
	EXIT_USAGE = 2,	      /* the words of the command are wrong */
	EXIT_ENVIRONMENT = 3, /* no permission, no file, a broken file, no port */
};

/** struct err - Why something could not be done; filled by the function that failed */
struct err {
	int exit;	 /* EXIT_*, what a command that gives up here should return */
	char text[1024]; /* one line without newline; long messages are cut, never overrun */
};

/**
 * err_set() - Fill in an error
 * @e:     Error, or NULL where the caller does not want the words
 * @exit:  EXIT_*
 * @fmt:   As printf
 */
void err_set(struct err *e, int exit, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
