/* doctor_tidy.c - what `secvf doctor` has made for a while, and its child: gone however it ends */
#include "cli/doctor_tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

#define ENDING (sizeof(ending) / sizeof(ending[0]))

static struct {
	char path[DOCTOR_TIDY_PATHS][PATH_MAX];
	volatile sig_atomic_t noted[DOCTOR_TIDY_PATHS];
	volatile sig_atomic_t child;
} made;

/* A file, a FIFO or an empty folder, by what a handler may call (signal-safety(7)). */
static void remove_path(const char *path)
{
	if (unlink(path))
		rmdir(path);
}

static void end(int number)
{
	if (made.child > 0)
		kill(-(pid_t)made.child, SIGKILL);
	for (size_t i = DOCTOR_TIDY_PATHS; i-- > 0;) {
		if (made.noted[i])
			remove_path(made.path[i]);
	}
	signal(number, SIG_DFL);
	raise(number);
}

void doctor_tidy_begin(void)
{
	struct sigaction action = {.sa_handler = end}, before;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&action.sa_mask, ending[i]);
	for (size_t i = 0; i < ENDING; i++) {
		if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	}
}

void doctor_tidy_hold(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&set, ending[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

void doctor_tidy_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

void doctor_tidy_note(const char *path)
{
	size_t i = 0;

	while (i < DOCTOR_TIDY_PATHS && made.noted[i])
		i++;
	check(i < DOCTOR_TIDY_PATHS);
	check(strlen(path) < PATH_MAX);
	memcpy(made.path[i], path, strlen(path) + 1);
	made.noted[i] = 1;
}

int doctor_tidy_folder(char *path)
{
	sigset_t before;
	int error = 0;

	doctor_tidy_hold(&before);
	if (mkdtemp(path))
		doctor_tidy_note(path);
	else
		error = -errno;
	doctor_tidy_release(&before);
	return error;
}

int doctor_tidy_file(const char *path)
{
	sigset_t before;
	int fd;

	doctor_tidy_hold(&before);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		doctor_tidy_note(path);
	else
		fd = -errno;
	doctor_tidy_release(&before);
	return fd;
}

void doctor_tidy_remove(const char *path)
{
	for (size_t i = 0; i < DOCTOR_TIDY_PATHS; i++) {
		if (!made.noted[i] || strcmp(made.path[i], path) != 0)
			continue;
		remove_path(path);
		made.noted[i] = 0;
	}
}

void doctor_tidy_child(pid_t pid)
{
	made.child = (sig_atomic_t)pid;
}
