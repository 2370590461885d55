/* doctor_ask.h - a program that is run once, with all that it says, within a bound of time */
#ifndef SECVF_CLI_DOCTOR_ASK_H
#define SECVF_CLI_DOCTOR_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* What is kept of each output; the rest is read and left. `tshark --version` is 2 KB, and one frame
 * in the lean profile less than 4 KB. */
#define DOCTOR_ASK_BYTES 65536u

/* What may be said to a program: less than any pipe holds, so that it is one write. */
#define DOCTOR_ASK_IN_BYTES 512u

/** struct doctor_said - What came from a program */
struct doctor_said {
	struct buf out, err; /* the first DOCTOR_ASK_BYTES, NUL-terminated; p is never NULL */
	bool ended;	     /* status is that of wait(2) */
	int status;
};

/**
 * doctor_ask() - Run a program to its end; no shell, in a process group of its own
 * @argv:      argv[0] is its path
 * @in:        Its standard input, DOCTOR_ASK_IN_BYTES at most; NULL: empty
 * @until_ns:  When it is killed, with its group; clock_now_ns()
 * @said:      Filled in any case; doctor_said_done() frees it
 *
 * Return: 0 where it ended; -ETIMEDOUT; another -errno where it cannot be run
 */
int doctor_ask(char *const argv[], const char *in, uint64_t until_ns, struct doctor_said *said);

/**
 * doctor_hear() - Read both outputs of a child for a while
 * @out:       Descriptor that does not block; set to -1 and closed at its end
 * @err:       The same
 * @until_ns:  Return then at the latest
 * @said:      Gets it; zeroed by the caller before the first call
 *
 * Return: true once both have ended
 */
bool doctor_hear(int *out, int *err, uint64_t until_ns, struct doctor_said *said);

/**
 * doctor_reap() - See the end of a child, and end what is left of its process group
 * @until_ns:  When it is killed
 *
 * Return: 0, or -ETIMEDOUT where it had to be killed
 */
int doctor_reap(pid_t pid, uint64_t until_ns, struct doctor_said *said);

/** doctor_said_end() - How it ended, in words: "exit code 2", "signal 9". Return: @text */
const char *doctor_said_end(const struct doctor_said *said, char text[32]);

/**
 * doctor_said_first() - The first line on stderr that says something
 *
 * tshark's notes that it runs as root, and sharkd's that it is there, say nothing. Return: its
 * bytes, 0 where there is none; *line is borrowed from @said
 */
size_t doctor_said_first(const struct doctor_said *said, const char **line);

/** doctor_said_done() - Free */
void doctor_said_done(struct doctor_said *said);

#endif
