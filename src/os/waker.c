/* waker.c - eventfd, or a pipe where there is none */
#include "os/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

int waker_init(struct waker *w)
{
#ifdef __linux__
	w->fd[0] = w->fd[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->fd[0] < 0 ? -errno : 0;
#else
	if (pipe(w->fd))
		return -errno;
	for (int i = 0; i < 2; i++) {
		fcntl(w->fd[i], F_SETFD, FD_CLOEXEC);
		fcntl(w->fd[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
#endif
}

void waker_done(struct waker *w)
{
	close(w->fd[0]);
	if (w->fd[1] != w->fd[0])
		close(w->fd[1]);
}

int waker_fd(const struct waker *w)
{
	return w->fd[0];
}

void waker_wake(void *ctx)
{
	const struct waker *w = ctx;
	uint64_t one = 1;
	int saved = errno;
	/* A full one is readable already, so a write that fails has nothing to add. */
	ssize_t ignored = write(w->fd[1], &one, sizeof(one));

	(void)ignored;
	errno = saved;
}

void waker_clear(struct waker *w)
{
	uint64_t seen[64];

	while (read(w->fd[0], seen, sizeof(seen)) == (ssize_t)sizeof(seen)) {
	}
}
