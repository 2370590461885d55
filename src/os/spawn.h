/* spawn.h - a program started without a shell, and pipes to it
 *
 * Source: posix_spawn(3)
 */
#ifndef SECVF_OS_SPAWN_H
#define SECVF_OS_SPAWN_H

#include <sys/types.h>

/** spawn_pipe() - Both ends close on exec; both block. Return: 0 with @fd set, or -errno */
int spawn_pipe(int fd[2]);

/** spawn_pipe_close() - Both ends */
void spawn_pipe_close(int fd[2]);

/**
 * spawn_in_group() - Start a program in a process group of its own, with default signals
 * @argv:  argv[0] is its path
 * @in:    Its standard input; -1: /dev/null
 * @out:   Its standard output
 * @err:   Its standard error
 * @pid:   Set
 *
 * A Ctrl-C at the terminal is so ours to handle, not the child's.
 *
 * Return: 0, or -errno
 */
int spawn_in_group(char *const argv[], int in, int out, int err, pid_t *pid);

#endif
