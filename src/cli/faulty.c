/* faulty.c - faults of the real world */
#include "cli/faulty.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/session.h"

/* Standard streams, and the few that were opened first: all others are refused. */
#define DESCRIPTORS_LEFT 8

static uint64_t hook_now(void *ctx)
{
	(void)ctx;
	return clock_now_ns();
}

static void hook_spend(void *ctx, uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000),
			     .tv_nsec = (long)(ns % 1000000000)};

	(void)ctx;
	while (nanosleep(&t, &t) < 0 && errno == EINTR) {
	}
}

/* Only a program that lies beside the plan is ours to move. */
static bool move_tshark(struct faulty *f, bool away)
{
	const char *path = f->session->tshark.path;
	size_t n = strlen(f->folder);
	char moved[4200];

	if (strncmp(path, f->folder, n) != 0 || path[n] != '/')
		return false;
	snprintf(moved, sizeof(moved), "%s.away", path);
	return (away ? rename(path, moved) : rename(moved, path)) == 0;
}

/* A file takes the place of the folder, which nothing can be made in then. */
static bool move_captures(struct faulty *f, bool away)
{
	char folder[DISK_PATH_MAX], moved[DISK_PATH_MAX + 8], *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", f->session->path);
	slash = strrchr(folder, '/');
	if (!f->session->spools || !slash || slash == folder)
		return false;
	*slash = '\0';
	snprintf(moved, sizeof(moved), "%s.away", folder);
	if (!away) {
		unlink(folder);
		return rename(moved, folder) == 0;
	}
	if (rename(folder, moved))
		return false;
	fd = open(folder, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool limit_descriptors(struct faulty *f, bool on)
{
	struct rlimit limit;

	if (!on)
		return setrlimit(RLIMIT_NOFILE, &f->descriptors) == 0;
	if (getrlimit(RLIMIT_NOFILE, &f->descriptors))
		return false;
	limit = f->descriptors;
	limit.rlim_cur = DESCRIPTORS_LEFT;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool hook_act(void *ctx, const struct fault *fault, bool begins)
{
	struct faulty *f = ctx;
	bool real = false;

	switch (fault->kind) {
	case FAULT_TSHARK_GONE: real = move_tshark(f, begins); break;
	case FAULT_DISK_GONE: real = move_captures(f, begins); break;
	case FAULT_DESCRIPTORS: real = limit_descriptors(f, begins); break;
	case FAULT_CLOCK:
		if (begins)
			clock_wall_shift(fault->by_ns);
		real = true;
		break;
	/* The pump looks for itself. */
	default: break;
	}
	/* What waits may go on, or has its end of waiting to look at anew. */
	pthread_mutex_lock(&f->lock);
	f->has_changed = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	waker_wake(&f->session->waker);
	return real;
}

static void hook_port(void *ctx, const char *name, bool down)
{
	struct faulty *f = ctx;

	session_port_flap(f->session, name, down);
}

struct faulty *faulty_open(struct session *s, const char *file, struct err *err)
{
	struct faulty *f = calloc(1, sizeof(*f));
	struct inject_hooks hooks = {
		.now = hook_now, .act = hook_act, .spend = hook_spend, .port = hook_port, .ctx = f};
	pthread_condattr_t attributes;
	char path[4096], full[4096];

	if (!f || !plan_load(&f->plan, file, err)) {
		if (!f)
			err_set(err, EXIT_ENVIRONMENT, "out of memory");
		free(f);
		return NULL;
	}
	f->session = s;
	snprintf(path, sizeof(path), "%s", file);
	if (realpath(dirname(path), full))
		snprintf(f->folder, sizeof(f->folder), "%s", full);
	inject_init(&f->inject, &f->plan, &hooks);
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attributes);
#ifdef __linux__
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
	pthread_cond_init(&f->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return f;
}

/* ---- the thread of faults by time ---- */

static void *run(void *ctx)
{
	struct faulty *f = ctx;
	bool stop = false;

	while (!stop) {
		uint64_t due_ns = inject_tick(&f->inject), now_ns = clock_now_ns();
		uint64_t most_ns = now_ns + UINT64_C(3600000000000);
		struct timespec t;

		if (due_ns > most_ns)
			due_ns = most_ns;
#ifndef __linux__
		due_ns = due_ns > now_ns ? clock_wall_ns() + (due_ns - now_ns) : 0;
#endif
		t = (struct timespec){.tv_sec = (time_t)(due_ns / 1000000000),
				      .tv_nsec = (long)(due_ns % 1000000000)};
		pthread_mutex_lock(&f->lock);
		if (!f->stop && !f->has_changed)
			pthread_cond_timedwait(&f->changed, &f->lock, &t);
		stop = f->stop;
		f->has_changed = false;
		pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

/* ---- the pump of standard output ---- */

static void pass_on(int fd, const char *p, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, (size_t)n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return;
		p += done;
		n -= done;
	}
}

static void *pump(void *ctx)
{
	struct faulty *f = ctx;
	const struct timespec pause = {.tv_nsec = 2000000};
	char bytes[16384];
	ssize_t n;

	for (;;) {
		while (inject_is_on(&f->inject, FAULT_OUTPUT_STUCK))
			nanosleep(&pause, NULL);
		if (inject_is_on(&f->inject, FAULT_OUTPUT_GONE))
			break;
		n = read(f->pipe, bytes, sizeof(bytes));
		if (n == 0)
			break;
		if (n > 0)
			pass_on(f->out, bytes, n);
	}
	close(f->pipe);
	return NULL;
}

/* The layer over the sink would hold rows up as well; for real, it is the reader who does. */
static bool start_pump(struct faulty *f)
{
	int fds[2];

	if (!plan_has(&f->plan, FAULT_OUTPUT_STUCK) && !plan_has(&f->plan, FAULT_OUTPUT_GONE))
		return true;
	f->out = dup(STDOUT_FILENO);
	if (f->out < 0 || pipe(fds))
		return false;
	f->pipe = fds[0];
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	f->inject.sink_is_real = true;
	f->pumps = pthread_create(&f->pump, NULL, pump, f) == 0;
	return f->pumps;
}

bool faulty_start(struct faulty *f)
{
	bool pumped = start_pump(f);

	inject_start(&f->inject);
	f->started = pthread_create(&f->thread, NULL, run, f) == 0;
	return f->started && pumped;
}

uint64_t faulty_stop(struct faulty *f)
{
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (f->started) {
		pthread_join(f->thread, NULL);
		inject_end(&f->inject);
	}
	if (f->pumps) {
		dup2(f->out, STDOUT_FILENO);
		pthread_join(f->pump, NULL);
		close(f->out);
	}
	f->started = f->pumps = false;
	return f->inject.recovery_ns;
}

void faulty_free(struct faulty *f)
{
	if (!f)
		return;
	inject_done(&f->inject);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
