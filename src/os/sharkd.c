/* sharkd.c - requests to sharkd, under a deadline */
#include "os/sharkd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/resource.h>
#endif

#include <json-c/json.h>

#include "os/port_posix.h"
#include "os/spawn.h"

#define READ_BYTES 65536u

/* It outlives nobody: its input ends with us; and a dissector that never comes back runs into its
 * processor time. */
static void limit(pid_t pid)
{
#ifdef __linux__
	const struct rlimit memory = {SHARKD_MEMORY_BYTES, SHARKD_MEMORY_BYTES};
	/* The hard limit kills without a word; SIGXCPU comes first, and tells. */
	const struct rlimit seconds = {SHARKD_CPU_SECONDS, SHARKD_CPU_SECONDS + 5};

	prlimit(pid, RLIMIT_AS, &memory, NULL);
	prlimit(pid, RLIMIT_CPU, &seconds, NULL);
#else
	(void)pid;
#endif
}

bool sharkd_open(struct sharkd *s, const char *path, struct err *err)
{
	char *argv[] = {(char *)path, (char *)"-", NULL};
	int in[2] = {-1, -1}, out[2] = {-1, -1}, said[2] = {-1, -1};
	int error = spawn_pipe(in);

	*s = (struct sharkd){0};
	signal(SIGPIPE, SIG_IGN);
	if (!error)
		error = spawn_pipe(out);
	if (!error)
		error = spawn_pipe(said);
	if (!error)
		error = spawn_in_group(argv, in[0], out[1], said[1], &s->pid);
	if (error) {
		for (int i = 0; i < 2; i++) {
			int fds[] = {in[i], out[i], said[i]};

			for (int k = 0; k < 3; k++) {
				if (fds[k] >= 0)
					close(fds[k]);
			}
		}
		s->pid = 0;
		err_set(err, EXIT_ENVIRONMENT, "cannot start %s: %s", path, strerror(-error));
		return false;
	}
	limit(s->pid);
	close(in[0]);
	close(out[1]);
	close(said[1]);
	s->in = in[1];
	s->out = out[0];
	s->err = said[0];
	fcntl(s->in, F_SETFL, O_NONBLOCK);
	fcntl(s->out, F_SETFL, O_NONBLOCK);
	fcntl(s->err, F_SETFL, O_NONBLOCK);
	return true;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sharkd_close(struct sharkd *s)
{
	if (!sharkd_is_open(s))
		return;
	shut(&s->in);
	shut(&s->out);
	shut(&s->err);
	/* With what it has started, where it is a script around sharkd. */
	if (!s->reaped)
		kill(-s->pid, SIGKILL);
	while (!s->reaped && waitpid(s->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	buf_done(&s->line);
	*s = (struct sharkd){0};
}

/* ---- the exchange ---- */

/* The last that it says is kept for when it ends. Once it has closed that pipe, it is ours to
 * close, too, as poll() would return for it for ever. */
static void hear(struct sharkd *s)
{
	char text[SHARKD_SAID_MAX];
	ssize_t n = s->err < 0 ? -1 : 1;

	while (n > 0) {
		n = read(s->err, text, sizeof(text) - 1);
		if (n > 0) {
			text[n] = '\0';
			memcpy(s->said, text, (size_t)n + 1);
		}
	}
	if (n == 0)
		shut(&s->err);
}

/* The last line of what it said, but for what it says each time root runs it. */
static const char *last_words(struct sharkd *s)
{
	char *line, *rest = s->said, *last = s->said + strlen(s->said);

	while ((line = strsep(&rest, "\n"))) {
		if (*line && !strstr(line, "could be dangerous"))
			last = line;
	}
	return last;
}

static enum sharkd_result gone(struct sharkd *s, const char *method, const char *why,
			       struct err *err)
{
	const char *last;

	hear(s);
	last = last_words(s);
	err_set(err, EXIT_ENVIRONMENT, "sharkd: '%s' was not answered: %s%s%s", method, why,
		*last ? "; the last that it said: " : "", last);
	sharkd_close(s);
	return SHARKD_GONE;
}

/* Why it ended, once its output has. */
static const char *ending(struct sharkd *s, char text[160])
{
	int status = 0;

	kill(-s->pid, SIGKILL);
	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR) {
	}
	s->reaped = true;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		snprintf(text, 160, "it took %u s of processor time", SHARKD_CPU_SECONDS);
	else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		snprintf(text, 160,
			 "it ended by signal %d (%s), as a dissector that fails or more than %u MB "
			 "of memory does",
			 WTERMSIG(status), strsignal(WTERMSIG(status)),
			 (unsigned)(SHARKD_MEMORY_BYTES / 1000000));
	else
		snprintf(text, 160, "it ended");
	return text;
}

/* Return: milliseconds to @deadline_ns, at least one; 0: it has passed */
static int left(uint64_t deadline_ns)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1000000 + 1 : 0;

	return ms > 1000000 ? 1000000 : (int)ms;
}

static enum sharkd_result timed_out(struct sharkd *s, const char *method, uint64_t timeout_ns,
				    struct err *err)
{
	char text[64];

	snprintf(text, sizeof(text), "not within %llu s, so it was ended",
		 (unsigned long long)(timeout_ns / 1000000000));
	return gone(s, method, text, err);
}

/* Write the request, read from @line_at on until a whole line that is an answer; what came behind
 * it stays for the next call. */
static enum sharkd_result exchange(struct sharkd *s, const char *method, const struct buf *request,
				   uint64_t timeout_ns, struct err *err)
{
	uint64_t deadline_ns = clock_now_ns() + timeout_ns;
	size_t sent = 0, seen = s->line_at;
	char why[160];

	for (;;) {
		struct pollfd fds[] = {{.fd = s->out, .events = POLLIN},
				       {.fd = s->err, .events = POLLIN},
				       {.fd = sent < request->n ? s->in : -1, .events = POLLOUT},
				       {.fd = s->stop ? waker_fd(s->stop) : -1, .events = POLLIN}};
		int ms = left(deadline_ns);
		ssize_t n;

		for (char *end; seen < s->line.n &&
				(end = memchr(s->line.p + seen, '\n', s->line.n - seen));) {
			if (s->line.p[s->line_at] == '{' && sent == request->n) {
				*end = '\0';
				s->line_next = (size_t)(end - s->line.p) + 1;
				return SHARKD_OK;
			}
			seen = s->line_at = (size_t)(end - s->line.p) + 1;
		}
		/* What was no answer takes no room. */
		s->line.n -= s->line_at;
		if (s->line_at && s->line.n)
			memmove(s->line.p, s->line.p + s->line_at, s->line.n);
		s->line_at = 0;
		seen = s->line.n;
		if (!ms)
			return timed_out(s, method, timeout_ns, err);
		if (poll(fds, 4, ms) <= 0)
			continue;
		if (fds[3].revents)
			return gone(s, method, "nobody waits for it any more", err);
		if (fds[1].revents)
			hear(s);
		if (fds[2].revents) {
			n = write(s->in, request->p + sent, request->n - sent);
			sent += n > 0 ? (size_t)n : 0;
			if (n < 0 && errno == EPIPE)
				return gone(s, method, ending(s, why), err);
		}
		if (!fds[0].revents)
			continue;
		if (s->line.n - s->line_at > SHARKD_ANSWER_MAX)
			return gone(s, method, "the answer is too long", err);
		if (!buf_reserve(&s->line, READ_BYTES))
			return gone(s, method, "out of memory for the answer", err);
		n = read(s->out, s->line.p + s->line.n, READ_BYTES);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return gone(s, method, ending(s, why), err);
		s->line.n += n > 0 ? (size_t)n : 0;
	}
}

/* The answer at @line_at. *rest: behind its id. Return: the id, 0 where it has none */
static uint64_t id_of(const struct sharkd *s, const char **rest)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	const char *text = s->line.p + s->line_at;
	char *end;
	uint64_t id;

	*rest = text;
	if (strncmp(text, head, sizeof(head) - 1) != 0)
		return 0;
	id = strtoull(text + sizeof(head) - 1, &end, 10);
	*rest = end;
	return id;
}

/* {"jsonrpc":"2.0","id":1,"error":{"code":-5001,"message":"..."}} */
static enum sharkd_result judge(struct sharkd *s, uint64_t id, const char *method, struct err *err)
{
	struct json_object *root, *error, *message;
	const char *rest;

	if (id_of(s, &rest) != id)
		return gone(s, method, "it answered something else", err);
	if (strncmp(rest, ",\"error\":", 9) != 0)
		return SHARKD_OK;
	root = json_tokener_parse(s->line.p + s->line_at);
	if (json_object_object_get_ex(root, "error", &error) &&
	    json_object_object_get_ex(error, "message", &message) && message)
		err_set(err, EXIT_USAGE, "%s", json_object_get_string(message));
	else
		err_set(err, EXIT_USAGE, "sharkd refuses '%s' without a word", method);
	json_object_put(root);
	return SHARKD_REFUSED;
}

static void put_request(struct sharkd *s, const char *method, const char *params, struct buf *out)
{
	s->id++;
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\"",
		   (unsigned long long)s->id, method);
	if (params)
		buf_printf(out, ",\"params\":%s", params);
	buf_puts(out, "}\n");
}

enum sharkd_result sharkd_ask(struct sharkd *s, const char *method, const char *params,
			      uint64_t timeout_ns, const char **answer, size_t *n, struct err *err)
{
	struct buf request = {0};
	enum sharkd_result result;

	put_request(s, method, params, &request);
	s->line.n = s->line_at = 0;
	result = request.failed ? gone(s, method, "out of memory", err)
				: exchange(s, method, &request, timeout_ns, err);
	buf_done(&request);
	if (result != SHARKD_OK)
		return result;
	*answer = s->line.p + s->line_at;
	*n = strlen(*answer);
	return judge(s, s->id, method, err);
}

/* Of a capture that ends within a frame it reads what is whole, and answers nothing at all to
 * "load"; so it is asked something else behind, which tells that it is done. */
static enum sharkd_result load(struct sharkd *s, const char *params, struct err *err)
{
	struct buf request = {0}, none = {0};
	enum sharkd_result result, loaded = SHARKD_OK;
	const char *rest;

	put_request(s, "load", params, &request);
	put_request(s, "status", NULL, &request);
	s->line.n = s->line_at = 0;
	result = request.failed ? gone(s, "load", "out of memory", err)
				: exchange(s, "load", &request, SHARKD_LOAD_NS, err);
	buf_done(&request);
	if (result != SHARKD_OK || id_of(s, &rest) == s->id)
		return result;
	loaded = judge(s, s->id - 1, "load", err);
	if (loaded == SHARKD_GONE)
		return loaded;
	s->line_at = s->line_next;
	result = exchange(s, "status", &none, SHARKD_ASK_NS, err);
	if (result == SHARKD_OK && id_of(s, &rest) != s->id)
		result = gone(s, "status", "it answered something else", err);
	return result == SHARKD_OK ? loaded : result;
}

enum sharkd_result sharkd_load(struct sharkd *s, const char *file, struct err *err)
{
	struct buf params = {0};
	enum sharkd_result result;
	struct err why = {0};

	buf_puts(&params, "{\"file\":");
	buf_json(&params, file, strlen(file));
	buf_puts(&params, "}");
	buf_putc(&params, '\0');
	result = load(s, params.failed ? NULL : params.p, &why);
	buf_done(&params);
	if (result != SHARKD_OK)
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", file, why.text);
	return result;
}

enum sharkd_result sharkd_set(struct sharkd *s, const char *name, const char *value,
			      struct err *err)
{
	struct buf params = {0};
	enum sharkd_result result;
	struct err why = {0};
	const char *answer;
	size_t n;

	buf_puts(&params, "{\"name\":");
	buf_json(&params, name, strlen(name));
	buf_puts(&params, ",\"value\":");
	buf_json(&params, value, strlen(value));
	buf_puts(&params, "}");
	buf_putc(&params, '\0');
	result = sharkd_ask(s, "setconf", params.failed ? NULL : params.p, SHARKD_ASK_NS, &answer,
			    &n, &why);
	buf_done(&params);
	if (result == SHARKD_REFUSED)
		err_set(err, EXIT_USAGE, "preference '%s': %s; 'tshark -G currentprefs' lists them",
			name, why.text);
	else if (result == SHARKD_GONE)
		*err = why;
	return result;
}
