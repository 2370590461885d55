/* talk_http.h - HTTP spoken by hand over a socket, as right or as wrong as a test wants it */
#ifndef SECVF_TESTS_WEB_TALK_HTTP_H
#define SECVF_TESTS_WEB_TALK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct talk - A connection and what came by it */
struct talk {
	int fd;
	char *in; /* NUL-terminated; the answer that talk_answer() read is cut off its start */
	size_t n, cap;
	bool ended;	/* the server has closed it */
	bool head_only; /* set it: the next answer is one to HEAD, and has no body */
	/* The last answer */
	int status;
	char *head; /* NUL-terminated */
	char *body;
	size_t body_n;
	bool whole; /* it came to its end */
};

/** talk_open() - Connect to 127.0.0.1; fails the test where that does not work */
void talk_open(struct talk *t, uint16_t port);

/** talk_close() - Close, and free */
void talk_close(struct talk *t);

/** talk_send() - Send it all, or as much as the server takes before it closes */
void talk_send(struct talk *t, const char *p, size_t n);

/** talk_printf() - As talk_send(), formatted */
void talk_printf(struct talk *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** talk_more() - Wait for bytes, @ms at most. Return: whether there were any, or the end came */
bool talk_more(struct talk *t, int ms);

/** talk_answer() - Read one answer. Return: its status; 0: the connection ended before. Fails the
 * test after twenty seconds */
int talk_answer(struct talk *t);

/** talk_header() - Value of a header of the last answer, in a buffer that the next call uses anew;
 * NULL: there is none */
const char *talk_header(const struct talk *t, const char *name);

/** talk_ended() - Wait for the server to close, whatever comes before. Return: false after @ms */
bool talk_ended(struct talk *t, int ms);

#endif
