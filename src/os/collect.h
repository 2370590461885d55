/* collect.h - a program run to its end, and all that it printed, within bounds */
#ifndef SECVF_OS_COLLECT_H
#define SECVF_OS_COLLECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "os/waker.h"

#define COLLECT_INPUT_MAX 4096u /* a pipe holds that much on every system */

struct collect {
	uint64_t timeout_ns;
	size_t bytes_max;	  /* of its output; a program that prints more is killed */
	const void *input;	  /* on its standard input; NULL: /dev/null */
	size_t input_n;		  /* at most COLLECT_INPUT_MAX */
	const struct waker *stop; /* woken: the program is killed; NULL: nobody gives it up */
	/* The result: */
	struct buf out; /* its standard output, NUL-terminated behind out.n */
	char said[512]; /* what it wrote to standard error, on one line, without what tshark says
			   each time root runs it; cut */
	int status;	/* as wait()'s, where 0 was returned */
};

/**
 * collect_run() - Start, read, wait; without a shell
 * @c:     timeout_ns, bytes_max and input set, the rest zero; collect_done() frees it
 * @argv:  argv[0] is its path
 *
 * Return: 0 once it has ended by itself; -ETIMEDOUT, -EFBIG, -ENOMEM, -ECANCELED (it was killed),
 * other -errno
 */
int collect_run(struct collect *c, char *const argv[]);

/** collect_why() - What went wrong, for a person: what it said, how it ended, @error; @text is
 * filled and returned */
const char *collect_why(const struct collect *c, int error, char text[640]);

/** collect_done() - Free */
void collect_done(struct collect *c);

#endif
