/* doctor_ask.c - a program that is run once, with all that it says, within a bound of time */
#include "cli/doctor_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/doctor_tidy.h"
#include "os/port_posix.h"
#include "os/spawn.h"

#define NS_PER_MS UINT64_C(1000000)

static void keep(struct buf *b, const char *p, size_t n)
{
	size_t room = DOCTOR_ASK_BYTES - (b->n < DOCTOR_ASK_BYTES ? b->n : DOCTOR_ASK_BYTES);

	buf_put(b, p, n < room ? n : room);
}

/* Text without its NUL counted, and never NULL. */
static void seal(struct buf *b)
{
	static char empty[1];

	if (buf_reserve(b, 1))
		b->p[b->n] = '\0';
	check(b->p || b->failed);
	if (!b->p)
		b->p = empty;
}

/* All that there is now. */
static void drain(int *fd, struct buf *b)
{
	char piece[4096];
	ssize_t got;

	while ((got = read(*fd, piece, sizeof(piece))) > 0)
		keep(b, piece, (size_t)got);
	if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
}

bool doctor_hear(int *out, int *err, uint64_t until_ns, struct doctor_said *said)
{
	while (*out >= 0 || *err >= 0) {
		uint64_t now_ns = clock_now_ns();
		/* poll() passes over a descriptor of -1. */
		struct pollfd ready[2] = {{.fd = *out, .events = POLLIN},
					  {.fd = *err, .events = POLLIN}};

		if (now_ns >= until_ns)
			break;
		(void)poll(ready, 2, (int)((until_ns - now_ns) / NS_PER_MS) + 1);
		if (ready[0].revents)
			drain(out, &said->out);
		if (ready[1].revents)
			drain(err, &said->err);
	}
	seal(&said->out);
	seal(&said->err);
	return *out < 0 && *err < 0;
}

int doctor_reap(pid_t pid, uint64_t until_ns, struct doctor_said *said)
{
	siginfo_t info;
	int error = 0;

	/* It is reaped last, so that the number of its group is still its own. There is no portable
	 * descriptor for an exit, which comes soon after the end of the outputs, or not. */
	for (;;) {
		memset(&info, 0, sizeof(info));
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			break;
		if (clock_now_ns() >= until_ns) {
			error = -ETIMEDOUT;
			break;
		}
		poll(NULL, 0, 1);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, &said->status, 0) < 0 && errno == EINTR)
		;
	doctor_tidy_child(0);
	said->ended = !error;
	return error;
}

static void close_all(int pipes[3][2])
{
	for (unsigned i = 0; i < 6; i++) {
		if (pipes[i / 2][i % 2] >= 0)
			close(pipes[i / 2][i % 2]);
	}
}

int doctor_ask(char *const argv[], const char *in, uint64_t until_ns, struct doctor_said *said)
{
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, error = 0;
	size_t n = in ? strlen(in) : 0;
	sigset_t before;
	pid_t pid = 0;

	memset(said, 0, sizeof(*said));
	check(n <= DOCTOR_ASK_IN_BYTES);
	for (unsigned i = 0; i < 3 && !error; i++)
		error = spawn_pipe(pipes[i]);
	doctor_tidy_hold(&before);
	if (!error)
		error = spawn_in_group(argv, pipes[0][0], pipes[1][1], pipes[2][1], &pid);
	if (!error)
		doctor_tidy_child(pid);
	doctor_tidy_release(&before);
	if (error) {
		close_all(pipes);
		seal(&said->out);
		seal(&said->err);
		return error;
	}
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	fcntl(pipes[1][0], F_SETFL, O_NONBLOCK);
	fcntl(pipes[2][0], F_SETFL, O_NONBLOCK);
	/* One that does not listen any more is no error of ours: what it says tells why. */
	if (n && write(pipes[0][1], in, n) < 0)
		errno = 0;
	close(pipes[0][1]);
	(void)doctor_hear(&pipes[1][0], &pipes[2][0], until_ns, said);
	error = doctor_reap(pid, until_ns, said);
	if (pipes[1][0] >= 0)
		close(pipes[1][0]);
	if (pipes[2][0] >= 0)
		close(pipes[2][0]);
	return error;
}

const char *doctor_said_end(const struct doctor_said *said, char text[32])
{
	if (WIFSIGNALED(said->status))
		snprintf(text, 32, "signal %d", WTERMSIG(said->status));
	else
		snprintf(text, 32, "exit code %d", WEXITSTATUS(said->status));
	return text;
}

size_t doctor_said_first(const struct doctor_said *said, const char **line)
{
	const char *p = said->err.p;

	while (p && *p) {
		size_t n = strcspn(p, "\n");
		const char *root = strstr(p, "could be dangerous");
		bool empty = n == 0 || strncmp(p, "Hello in child", 14) == 0;

		if (!empty && !(root && root < p + n)) {
			*line = p;
			return n;
		}
		p += n + (p[n] == '\n');
	}
	return 0;
}

void doctor_said_done(struct doctor_said *said)
{
	/* What seal() lent where memory ran out is not the heap's. */
	if (said->out.cap)
		buf_done(&said->out);
	if (said->err.cap)
		buf_done(&said->err);
	memset(said, 0, sizeof(*said));
}
