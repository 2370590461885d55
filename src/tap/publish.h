/* publish.h - how a switch hands each forwarded frame to whoever taps it */
#ifndef SECVF_TAP_PUBLISH_H
#define SECVF_TAP_PUBLISH_H

struct frame;

/**
 * struct subscriber - One tap on a switch
 *
 * publish() is called on the switch's thread for each forwarded frame, once. It borrows @f for
 * the call, copies what it keeps, and returns at once: it never blocks.
 */
struct subscriber {
	void (*publish)(void *ctx, const struct frame *f);
	void *ctx;
};

#endif
