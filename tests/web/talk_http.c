/* talk_http.c - HTTP spoken by hand over a socket */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/port_posix.h"
#include "web/talk_http.h"

#define ANSWER_MS 20000

void talk_open(struct talk *t, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	memset(t, 0, sizeof(*t));
	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(t->fd >= 0);
	assert_int_equal(connect(t->fd, (const struct sockaddr *)&a, sizeof(a)), 0);
}

static void forget(struct talk *t)
{
	free(t->head);
	free(t->body);
	t->head = NULL;
	t->body = NULL;
	t->body_n = 0;
}

void talk_close(struct talk *t)
{
	close(t->fd);
	free(t->in);
	forget(t);
	memset(t, 0, sizeof(*t));
}

void talk_send(struct talk *t, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(t->fd, p, n, MSG_NOSIGNAL);

		if (sent < 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

void talk_printf(struct talk *t, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	assert_true(n >= 0);
	talk_send(t, text, (size_t)n);
	free(text);
}

bool talk_more(struct talk *t, int ms)
{
	struct pollfd fd = {.fd = t->fd, .events = POLLIN};
	ssize_t n;

	if (t->ended)
		return true;
	if (poll(&fd, 1, ms) < 1)
		return false;
	if (t->cap - t->n < 65537) {
		t->cap = 2 * t->cap + 131072;
		t->in = realloc(t->in, t->cap);
		assert_non_null(t->in);
	}
	n = recv(t->fd, t->in + t->n, 65536, 0);
	if (n > 0)
		t->n += (size_t)n;
	else
		t->ended = true;
	t->in[t->n] = '\0';
	return true;
}

bool talk_ended(struct talk *t, int ms)
{
	uint64_t until_ns = clock_now_ns() + (uint64_t)ms * 1000000;

	while (!t->ended) {
		uint64_t now_ns = clock_now_ns();

		if (now_ns >= until_ns)
			return false;
		talk_more(t, (int)((until_ns - now_ns) / 1000000) + 1);
	}
	return true;
}

/* Take @n bytes off the start of what came. */
static void cut(struct talk *t, size_t n)
{
	memmove(t->in, t->in + n, t->n - n + 1);
	t->n -= n;
}

static void more(struct talk *t)
{
	if (!talk_more(t, ANSWER_MS))
		fail_msg("no answer; what came is: %.200s", t->in ? t->in : "");
}

const char *talk_header(const struct talk *t, const char *name)
{
	static char value[1024];
	size_t n = strlen(name);

	for (const char *line = t->head; line; line = strstr(line, "\r\n")) {
		if (*line == '\r')
			line += 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " ");
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
		return value;
	}
	return NULL;
}

static void add_body(struct talk *t, size_t n)
{
	t->body = realloc(t->body, t->body_n + n + 1);
	assert_non_null(t->body);
	memcpy(t->body + t->body_n, t->in, n);
	t->body_n += n;
	t->body[t->body_n] = '\0';
	cut(t, n);
}

static void read_chunks(struct talk *t)
{
	for (;;) {
		char *end;
		size_t n;

		while (!t->ended && !(t->n && strstr(t->in, "\r\n")))
			more(t);
		if (!t->n || !(end = strstr(t->in, "\r\n")))
			return;
		n = strtoul(t->in, NULL, 16);
		cut(t, (size_t)(end - t->in) + 2);
		while (!t->ended && t->n < n + 2)
			more(t);
		if (t->n < n + 2)
			return;
		add_body(t, n);
		cut(t, 2);
		if (n)
			continue;
		t->whole = true;
		return;
	}
}

int talk_answer(struct talk *t)
{
	const char *length;
	char *end;
	size_t n;

	forget(t);
	t->status = 0;
	t->whole = false;
	while (!t->ended && !(t->n && strstr(t->in, "\r\n\r\n")))
		more(t);
	if (!t->n || !(end = strstr(t->in, "\r\n\r\n")))
		return 0;
	n = (size_t)(end - t->in) + 4;
	t->head = strndup(t->in, n);
	cut(t, n);
	assert_true(strncmp(t->head, "HTTP/1.", 7) == 0);
	t->status = atoi(t->head + 9);
	t->body = strdup("");
	if (t->status == 100)
		return talk_answer(t);
	if (t->head_only) {
		t->head_only = false;
		t->whole = true;
		return t->status;
	}
	length = talk_header(t, "Content-Length");
	if (!length) {
		if (talk_header(t, "Transfer-Encoding"))
			read_chunks(t);
		return t->status;
	}
	n = strtoul(length, NULL, 10);
	while (!t->ended && t->n < n)
		more(t);
	t->whole = t->n >= n;
	if (t->whole)
		add_body(t, n);
	return t->status;
}
