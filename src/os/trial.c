/* trial.c - a command of somebody else's, run many times with a bound on its time */
#include "os/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/port_posix.h"

#define NS_PER_MS     UINT64_C(1000000)
#define SLEEP_MS_MOST 1000

extern char **environ;

static const int taken[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};

#define TAKEN (sizeof(taken) / sizeof(taken[0]))

static struct sigaction before[TAKEN];
static struct waker *wakes; /* NULL: no signal is taken */
static volatile sig_atomic_t asked;

static void on_signal(int number)
{
	int saved = errno;

	if (number != SIGCHLD)
		asked = 1;
	waker_wake(wakes);
	errno = saved;
}

int trials_init(struct trials *t)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	int error = waker_init(&t->waker);

	if (error)
		return error;
	wakes = &t->waker;
	asked = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < TAKEN; i++) {
		sigaction(taken[i], NULL, &before[i]);
		if (taken[i] == SIGCHLD || before[i].sa_handler != SIG_IGN)
			sigaction(taken[i], &action, NULL);
	}
	return 0;
}

void trials_done(struct trials *t)
{
	if (wakes != &t->waker)
		return;
	for (size_t i = 0; i < TAKEN; i++)
		sigaction(taken[i], &before[i], NULL);
	wakes = NULL;
	waker_done(&t->waker);
}

bool trials_asked_to_stop(void)
{
	return asked != 0;
}

void trials_sleep(struct trials *t, uint64_t until_ns)
{
	struct pollfd ready = {.fd = waker_fd(&t->waker), .events = POLLIN};
	uint64_t now_ns = clock_now_ns();
	uint64_t ms = until_ns > now_ns ? (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;

	if (poll(&ready, 1, ms < SLEEP_MS_MOST ? (int)ms : SLEEP_MS_MOST) > 0)
		waker_clear(&t->waker);
}

/* A group of its own, and the signals as a program expects them: what we ignore or handle is ours.
 */
static int attributes(posix_spawnattr_t *a)
{
	sigset_t plain, none;
	int error;

	sigemptyset(&none);
	sigemptyset(&plain);
	sigaddset(&plain, SIGPIPE);
	error = posix_spawnattr_setpgroup(a, 0);
	if (!error)
		error = posix_spawnattr_setsigmask(a, &none);
	if (!error)
		error = posix_spawnattr_setsigdefault(a, &plain);
	if (!error)
		error = posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETSIGMASK);
	return error;
}

static int outputs(posix_spawn_file_actions_t *f, const char *err_path)
{
	int error = posix_spawn_file_actions_addopen(f, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!error)
		error = posix_spawn_file_actions_addopen(f, STDOUT_FILENO, "/dev/null", O_WRONLY,
							 0);
	if (!error)
		error = posix_spawn_file_actions_addopen(f, STDERR_FILENO,
							 err_path ? err_path : "/dev/null",
							 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	return error;
}

int trial_start(struct trial *t, char *const argv[], const char *err_path, uint64_t until_ns)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int error = posix_spawn_file_actions_init(&files);

	if (error)
		return -error;
	error = posix_spawnattr_init(&attr);
	if (!error) {
		error = outputs(&files, err_path);
		if (!error)
			error = attributes(&attr);
		if (!error)
			error = posix_spawnp(&t->pid, argv[0], &files, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	t->until_ns = until_ns;
	return -error;
}

/* Its group is killed while the command is not reaped, so that the number is still its own. */
static int finish(const struct trial *t)
{
	int status = 0;

	kill(-t->pid, SIGKILL);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

enum trial_end trial_look(struct trial *t, uint64_t now_ns)
{
	siginfo_t info = {.si_pid = 0};
	int status;

	if (waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0) {
		if (now_ns < t->until_ns)
			return TRIAL_RUNS;
		finish(t);
		return TRIAL_HUNG;
	}
	status = finish(t);
	t->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	return WIFSIGNALED(status) ? TRIAL_KILLED : TRIAL_EXITED;
}

void trial_kill(struct trial *t)
{
	finish(t);
}
