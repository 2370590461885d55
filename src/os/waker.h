/* waker.h - a descriptor that becomes readable when another thread or a signal handler says so */
#ifndef SECVF_OS_WAKER_H
#define SECVF_OS_WAKER_H

struct waker {
	int fd[2]; /* read end, write end; the same one where the system has eventfd */
};

/** waker_init() - Return: 0, or -errno */
int waker_init(struct waker *w);

/** waker_done() - Close */
void waker_done(struct waker *w);

/** waker_fd() - Descriptor to poll for reading */
int waker_fd(const struct waker *w);

/** waker_wake() - Make it readable; any thread, any signal handler. @ctx: a struct waker, as struct
 * wake has it */
void waker_wake(void *ctx);

/** waker_clear() - Make it unreadable again */
void waker_clear(struct waker *w);

#endif
