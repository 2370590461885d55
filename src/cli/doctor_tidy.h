/* doctor_tidy.h - what `secvf doctor` has made for a while, and its child: gone however it ends
 *
 * Theory of operation: each path that is made is noted, and so is the child. SIGINT, SIGTERM and
 * SIGHUP kill the child's process group, remove the paths, the last first, and then end the process
 * as they would have. Between making something and noting it the signals are held back. One of
 * these in a process, as the handler must find it; SIGKILL alone leaves something behind.
 */
#ifndef SECVF_CLI_DOCTOR_TIDY_H
#define SECVF_CLI_DOCTOR_TIDY_H

#include <limits.h>
#include <signal.h>
#include <sys/types.h>

/* At once: a FIFO in its folder, and a file in a folder. */
#define DOCTOR_TIDY_PATHS 8u

/** doctor_tidy_begin() - Take the signals; those that are ignored stay so */
void doctor_tidy_begin(void);

/** doctor_tidy_hold(), doctor_tidy_release() - Around making something and noting it */
void doctor_tidy_hold(sigset_t *before);
void doctor_tidy_release(const sigset_t *before);

/** doctor_tidy_note() - A path that was made; while signals are held back */
void doctor_tidy_note(const char *path);

/** doctor_tidy_folder() - mkdtemp(), noted. Return: 0, or -errno */
int doctor_tidy_folder(char *path);

/** doctor_tidy_file() - A new file, mode 0600, noted. Return: descriptor, or -errno */
int doctor_tidy_file(const char *path);

/** doctor_tidy_remove() - Remove a path that was noted */
void doctor_tidy_remove(const char *path);

/** doctor_tidy_child() - The child, which leads a process group of its own; 0: none any more */
void doctor_tidy_child(pid_t pid);

#endif
