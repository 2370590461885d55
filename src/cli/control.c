/* control.c - one line in, one line out */
#include "cli/control.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/session.h"
#include "fanout/emit.h"
#include "os/frame_read.h"

/* A frame that has left memory may be on its way to its file's final place. */
#define FRAME_TRIES    200
#define FRAME_PAUSE_NS 1000000

/* ---- commands ---- */

static void refuse(struct buf *out, const char *why, const char *what)
{
	struct buf text = {0};

	buf_printf(&text, "%s%s", why, what);
	buf_puts(out, "{\"ok\":false,\"error\":");
	buf_json(out, text.failed ? "out of memory" : text.p, text.failed ? 13 : text.n);
	buf_puts(out, "}\n");
	buf_done(&text);
}

static void put_count(struct buf *out, const char *name, const atomic_ullong *n)
{
	buf_printf(out, ",\"%s\":%llu", name, atomic_load_explicit(n, memory_order_relaxed));
}

static unsigned long long gauge(const atomic_ullong *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* How far the decode is behind, and each shard's part of it. */
static void put_behind(const struct pipeline *p, struct buf *out)
{
	const struct pipeline_gauges *g = &p->gauges;
	unsigned long long oldest_ns = gauge(&g->oldest_ns), now_ns = clock_now_ns();

	buf_printf(out, ",\"behind_frames\":%" PRIu64 ",\"behind_ns\":%llu,\"shards\":[",
		   pipeline_behind(g), oldest_ns && now_ns > oldest_ns ? now_ns - oldest_ns : 0);
	for (unsigned i = 0; i < p->shards; i++) {
		const struct shard_gauges *s = &g->shard[i];
		int profile = atomic_load_explicit(&s->profile, memory_order_relaxed);

		buf_printf(out,
			   "%s{\"captured\":%llu,\"decoded\":%llu,\"undecoded\":%llu,"
			   "\"generation\":%llu,\"profile\":\"%s\",\"memory\":%llu}",
			   i ? "," : "", gauge(&s->captured), gauge(&s->decoded),
			   gauge(&s->undecoded), gauge(&s->generation),
			   profile_name((enum profile)profile), gauge(&s->memory));
	}
	buf_putc(out, ']');
}

static void put_backfill(const struct backfill_gauges *g, struct buf *out)
{
	buf_printf(out, ",\"backfill\":{\"fills\":%s",
		   atomic_load_explicit(&g->fills, memory_order_relaxed) ? "true" : "false");
	put_count(out, "asked", &g->asked);
	put_count(out, "decoded", &g->decoded);
	put_count(out, "idle", &g->idle);
	put_count(out, "lost", &g->lost);
	put_count(out, "quarantined", &g->quarantined);
	put_count(out, "left", &g->left);
	put_count(out, "pieces", &g->pieces);
	put_count(out, "pauses", &g->pauses);
	buf_putc(out, '}');
}

static void status(struct control *c, struct buf *out)
{
	struct session *s = c->session;
	const struct pipeline *p = s->pipeline;

	buf_puts(out, "{\"ok\":true,\"session\":");
	buf_json(out, s->name, strlen(s->name));
	put_count(out, "sent", &s->sent);
	put_count(out, "forwarded", &p->tap.forwarded);
	put_count(out, "out_of_scope", &p->tap.out_of_scope);
	put_count(out, "prefiltered", &p->tap.prefiltered);
	put_count(out, "dropped_queue", &p->tap.dropped_queue);
	put_count(out, "captured", &p->gauges.captured);
	put_count(out, "decoded", &p->gauges.decoded);
	put_count(out, "undecoded", &p->gauges.undecoded);
	put_count(out, "generations", &p->gauges.generations);
	put_behind(p, out);
	put_backfill(&s->backfill.gauges, out);
	buf_puts(out, ",\"vms\":[");
	for (unsigned port = 0; port < PORTS_MAX && session_port_name(s, port); port++) {
		const char *name = session_port_name(s, port);

		if (port)
			buf_putc(out, ',');
		buf_json(out, name, strlen(name));
	}
	buf_puts(out, "]}\n");
}

static void replace_tabs(char *text, char by)
{
	while ((text = strchr(text, '\t')))
		*text = by;
}

static void change(struct control *c, struct tap_change *change, struct buf *out)
{
	tap_change(&c->session->pipeline->tap, change);
	buf_puts(out, "{\"ok\":true}\n");
}

static void change_filter(struct control *c, char *text, struct buf *out)
{
	struct tap_change *to = calloc(1, sizeof(*to));
	struct err err;

	if (!to) {
		refuse(out, "out of memory", "");
		return;
	}
	replace_tabs(text, ' ');
	to->kind = TAP_CHANGE_FILTER;
	to->filter = *text ? bpf_compile(text, &err) : NULL;
	if (*text && !to->filter) {
		refuse(out, err.text, "");
		free(to);
		return;
	}
	snprintf(to->text, sizeof(to->text), "%s", text);
	change(c, to, out);
}

static bool scope_add(struct control *c, struct port_set *scope, const char *name)
{
	for (unsigned port = 0; port < PORTS_MAX; port++) {
		const char *at = session_port_name(c->session, port);

		if (!at)
			return false;
		if (strcmp(at, name) == 0) {
			port_set_add(scope, port);
			return true;
		}
	}
	return false;
}

static void change_scope(struct control *c, char *text, struct buf *out)
{
	struct tap_change *to = calloc(1, sizeof(*to));
	char *rest, *name;

	if (!to || !*text) {
		refuse(out, to ? "scope all, or the names of VMs, is wanted" : "out of memory", "");
		free(to);
		return;
	}
	to->kind = TAP_CHANGE_SCOPE;
	to->all = strcmp(text, "all") == 0;
	snprintf(to->text, sizeof(to->text), "%s", text);
	replace_tabs(to->text, ',');
	for (name = strtok_r(text, "\t", &rest); name && !to->all;
	     name = strtok_r(NULL, "\t", &rest)) {
		if (scope_add(c, &to->scope, name))
			continue;
		refuse(out, "no VM of this name has appeared; status lists them: ", name);
		free(to);
		return;
	}
	atomic_store_explicit(&c->session->scope_changed, true, memory_order_relaxed);
	change(c, to, out);
}

/* Its file is sealed under the eyes of nobody: give that some time. */
static int read_frame(struct control *c, uint64_t id, struct buf *block)
{
	const struct timespec pause = {.tv_nsec = FRAME_PAUSE_NS};
	int error = -ENOENT;

	for (int i = 0; c->session->spools && i < FRAME_TRIES; i++) {
		error = frame_read(&c->session->spool.places, id, block);
		if (error != -ENOENT)
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

static void put_frame(struct control *c, uint64_t id, const char *where, const unsigned char *block,
		      uint64_t ns, struct buf *out)
{
	struct decoded d = {.id = id, .packet = packet_of(block), .status = DECODED_BASIC};

	d.vm = session_port_name(c->session, d.packet.interface);
	basic_decode(&d.basic, d.packet.data, d.packet.caplen);
	buf_printf(out, "{\"ok\":true,\"where\":\"%s\",\"lookup_us\":%" PRIu64 ",\"hex\":\"", where,
		   ns / 1000);
	buf_hex(out, d.packet.data, d.packet.caplen);
	buf_puts(out, "\",\"frame\":");
	emit_json(&d, out);
	if (!out->failed)
		out->n--; /* its newline */
	buf_puts(out, "}\n");
}

static void find_frame(struct control *c, const char *text, struct buf *out)
{
	unsigned long long id;
	struct frame_query q = {.id = 0};
	uint64_t start_ns = clock_now_ns();
	struct buf block = {0};
	struct err err;
	int error;

	if (!cli_u64("frame", text, 1, UINT64_MAX, &id, &err)) {
		refuse(out, err.text, "");
		return;
	}
	q.id = id;
	if (!session_ask(c->session, &q)) {
		refuse(out, "the replay has ended", "");
	} else if (q.where == FRAME_NONE) {
		refuse(out, "no such frame yet: ", text);
	} else if (q.where == FRAME_IN_MEMORY) {
		put_frame(c, id, "memory", q.block, clock_now_ns() - start_ns, out);
		segment_unref(q.segment);
	} else {
		error = read_frame(c, id, &block);
		if (error)
			refuse(out, "the frame was discarded, or its file cannot be read: ",
			       strerror(-error));
		else
			put_frame(c, id, "disk", (const unsigned char *)block.p,
				  clock_now_ns() - start_ns, out);
		buf_done(&block);
	}
}

/* Without an expression: how far the one that there is has come. */
static void put_display(struct control *c, struct buf *out)
{
	buf_puts(out, "{\"ok\":true,\"display\":");
	display_put_status(&c->session->display, out);
	buf_puts(out, "}\n");
}

static void change_display(struct control *c, char *text, struct buf *out)
{
	struct err err = {0};

	replace_tabs(text, ' ');
	if (!*text ||
	    display_set(&c->session->display, strcmp(text, "none") == 0 ? NULL : text, false, &err))
		put_display(c, out);
	else
		refuse(out, err.text, "");
}

/* "FIRST COUNT": the matches from the FIRST-th on. */
static void list_shown(struct control *c, char *text, struct buf *out)
{
	unsigned long long first = 0, count = 100;
	uint64_t ids[1000];
	size_t n = 0;
	struct err err;
	char *word = strtok(text, " \t"), *second = strtok(NULL, " \t");

	if ((word && !cli_u64("shown", word, 0, UINT64_MAX, &first, &err)) ||
	    (second && !cli_u64("shown", second, 1, sizeof(ids) / sizeof(ids[0]), &count, &err))) {
		refuse(out, err.text, "");
		return;
	}
	if (!display_list(&c->session->display, first, ids, count, &n)) {
		refuse(out, "there is no display filter: every frame is shown", "");
		return;
	}
	buf_puts(out, "{\"ok\":true,\"shown\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%" PRIu64, i ? "," : "", ids[i]);
	buf_puts(out, "]}\n");
}

static void obey(struct control *c, char *line, struct buf *out)
{
	size_t word = strcspn(line, " \t");
	char *rest = line + word + strspn(line + word, " \t");

	line[word] = '\0';
	if (strcmp(line, "status") == 0) {
		status(c, out);
	} else if (strcmp(line, "filter") == 0) {
		change_filter(c, rest, out);
	} else if (strcmp(line, "scope") == 0) {
		change_scope(c, rest, out);
	} else if (strcmp(line, "display") == 0) {
		change_display(c, rest, out);
	} else if (strcmp(line, "shown") == 0) {
		list_shown(c, rest, out);
	} else if (strcmp(line, "frame") == 0) {
		find_frame(c, rest, out);
	} else if (strcmp(line, "cut") == 0) {
		session_cut(c->session);
		buf_puts(out, "{\"ok\":true}\n");
	} else if (strcmp(line, "stop") == 0) {
		session_stop(c->session);
		buf_puts(out, "{\"ok\":true}\n");
	} else {
		refuse(out,
		       "status, filter, scope, display, shown, cut, frame or stop is wanted, not ",
		       line);
	}
}

/* ---- connections ---- */

/* Wait for @fd. Return: false where the thread is to end */
static bool await(struct control *c, int fd, short events)
{
	struct pollfd fds[] = {{.fd = fd, .events = events},
			       {.fd = waker_fd(&c->stop), .events = POLLIN}};

	while (!atomic_load_explicit(&c->stopped, memory_order_relaxed)) {
		if (poll(fds, 2, -1) > 0 && fds[0].revents)
			return true;
	}
	return false;
}

static bool send_all(struct control *c, int fd, const struct buf *out)
{
	size_t at = 0;

	while (at < out->n) {
		ssize_t n;

		if (!await(c, fd, POLLOUT))
			return false;
		n = send(fd, out->p + at, out->n - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return !out->failed;
}

/* Obey the whole lines in @in, and leave the rest. Return: whether to go on */
static bool obey_lines(struct control *c, int fd, struct buf *in)
{
	size_t at = 0;
	char *end;
	bool ok = true;

	while (ok && (end = memchr(in->p + at, '\n', in->n - at))) {
		struct buf out = {0};

		*end = '\0';
		obey(c, in->p + at, &out);
		at = (size_t)(end - in->p) + 1;
		ok = send_all(c, fd, &out);
		buf_done(&out);
	}
	memmove(in->p, in->p + at, in->n - at);
	in->n -= at;
	return ok && in->n < CONTROL_LINE_MAX;
}

static void serve(struct control *c, int fd)
{
	struct buf in = {0};

	while (await(c, fd, POLLIN) && buf_reserve(&in, 4096)) {
		ssize_t n = recv(fd, in.p + in.n, 4096, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		in.n += (size_t)n;
		if (!obey_lines(c, fd, &in))
			break;
	}
	buf_done(&in);
}

static void *run(void *ctx)
{
	struct control *c = ctx;

	while (await(c, c->fd, POLLIN)) {
		/* A tshark that is started meanwhile must not keep it open. */
		int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		serve(c, fd);
		close(fd);
	}
	return NULL;
}

/* ---- start and stop ---- */

static bool open_failed(const char *path, int error, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "--control %s: %s", path,
		error == EADDRINUSE ? "another process listens there, or it is a file; name another"
				    : strerror(error));
	return false;
}

/* A socket that nobody listens to is what a killed run left. */
static void remove_dead(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (lstat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)at, sizeof(*at)) && errno == ECONNREFUSED)
		unlink(at->sun_path);
	close(fd);
}

bool control_open(struct control *c, struct session *s, const char *path, struct err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	mode_t mask;
	int error;

	memset(c, 0, sizeof(*c));
	c->session = s;
	c->path = path;
	c->fd = -1;
	if (strlen(path) >= sizeof(at.sun_path))
		return open_failed(path, ENAMETOOLONG, err);
	memcpy(at.sun_path, path, strlen(path) + 1);
	remove_dead(&at);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mask = umask(0177);
	error = c->fd < 0 || bind(c->fd, (struct sockaddr *)&at, sizeof(at)) || listen(c->fd, 8)
			? errno
			: 0;
	umask(mask);
	if (!error)
		error = -waker_init(&c->stop);
	if (!error)
		return true;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	return open_failed(path, error, err);
}

int control_start(struct control *c)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->started = error == 0;
	return -error;
}

void control_stop(struct control *c)
{
	if (!c->path || c->fd < 0)
		return;
	atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
	waker_wake(&c->stop);
	if (c->started)
		pthread_join(c->thread, NULL);
	close(c->fd);
	unlink(c->path);
	waker_done(&c->stop);
	c->fd = -1;
}
