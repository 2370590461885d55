/* proc.h - running commands from a test: output to files, exit code, the report read back */
#ifndef SECVF_TESTS_PROC_H
#define SECVF_TESTS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct json_object;

/** proc_begin(), proc_end() - Set-up and teardown of a group: a fresh folder for this program, and
 * AVF_HOME; the folder goes with its files */
int proc_begin(void **state);
int proc_end(void **state);

/** proc_dir() - That folder */
const char *proc_dir(void);

/** proc_path() - Path of a file in the folder; the last eight results live */
const char *proc_path(const char *name);

/** proc_kept() - As proc_path(), and the result stays until the program ends; 24 names */
const char *proc_kept(const char *name);

/** proc_start() - Start argv[0] (a path) with stdout and stderr to files "out" and "err" of the
 * folder. Return: pid */
pid_t proc_start(const char *const argv[], const char *out, const char *err);

/** proc_wait() - Return: exit code, or 128 + the signal that ended it. Fails the test after three
 * minutes */
int proc_wait(pid_t pid);

/** proc_run() - Start and wait */
int proc_run(const char *const argv[], const char *out, const char *err);

/** proc_secvf() - `secvf replay` with --report, --audit in the folder, and these words
 * (NULL-terminated). Return: exit code */
int proc_secvf(const char *out, const char *const words[]);

/** proc_report() - Number at a path like "ledger.decoded" in the last report; fails the test where
 * it is not there */
int64_t proc_report(const char *path);

/** proc_audit_covered() - Sum of "count" of the audit lines with this event */
int64_t proc_audit_count(const char *event);

/** proc_read() - A whole file of the folder, NUL-terminated; the caller frees. *n may be NULL */
char *proc_read(const char *name, size_t *n);

/** proc_expect() - Fails the test where a file of the folder does not hold @text */
void proc_expect(const char *name, const char *text);

/** proc_await() - Wait until a file of the folder holds @text; fails the test after three minutes
 */
void proc_await(const char *name, const char *text);

/** proc_lines() - How many lines a file of the folder has */
size_t proc_lines(const char *name);

/** proc_tshark() - Path of tshark, or NULL where it is not installed */
const char *proc_tshark(void);

/** proc_child() - Pid of a process whose parent is @parent and whose name is @name; 0 where there
 * is none */
pid_t proc_child(pid_t parent, const char *name);

/** proc_pause() - Let 5 ms pass while something is polled for */
void proc_pause(void);

#endif
