/* inject.c - faults between the pipeline and the world below */
#include "inject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BIT(kind) (UINT64_C(1) << (kind))

_Static_assert(FAULT_KINDS <= 64, "a bit each");

void inject_init(struct inject *j, const struct plan *plan, const struct inject_hooks *hooks)
{
	memset(j, 0, sizeof(*j));
	j->plan = plan;
	j->hooks = *hooks;
	j->random.state = plan->seed ^ UINT64_C(0x1fec7);
	pthread_mutex_init(&j->lock, NULL);
	for (unsigned i = 0; i < plan->count; i++)
		j->state[i].due_ns = UINT64_MAX;
}

void inject_done(struct inject *j)
{
	pthread_mutex_destroy(&j->lock);
	buf_done(&j->told);
}

/* ---- beginnings and ends; all with the lock held ---- */

static void count_on(struct inject *j)
{
	uint64_t on = 0;

	for (unsigned i = 0; i < j->plan->count; i++) {
		if (j->state[i].on && !j->state[i].real)
			on |= BIT(j->plan->fault[i].kind);
	}
	atomic_store(&j->on, on);
}

static void tell(struct inject *j, const char *event, unsigned i)
{
	const struct fault *f = &j->plan->fault[i];

	buf_printf(&j->told, "\"event\":\"%s\",\"fault\":\"%s\",\"number\":%u", event,
		   fault_name(f->kind), i + 1);
	buf_putc(&j->told, '\0');
}

static uint64_t later(uint64_t now_ns, uint64_t ns)
{
	return ns >= UINT64_MAX - now_ns ? UINT64_MAX : now_ns + ns;
}

static bool is_moment(enum fault_kind kind)
{
	return kind == FAULT_FIFO_REMOVED || kind == FAULT_CLOCK || kind == FAULT_OUTPUT_GONE;
}

static void finish(struct inject *j, unsigned i, uint64_t now_ns)
{
	j->state[i].on = false;
	if (j->hooks.act)
		j->hooks.act(j->hooks.ctx, &j->plan->fault[i], false);
	tell(j, "fault_ends", i);
	j->trouble_ns = now_ns;
}

static void begin(struct inject *j, unsigned i, uint64_t now_ns)
{
	const struct fault *f = &j->plan->fault[i];
	struct inject_state *s = &j->state[i];

	if (f->every_ns)
		s->due_ns = later(now_ns, f->every_ns);
	if (s->on || (f->permille < 1000 && !random_chance(&j->random, f->permille)))
		return;
	s->real = j->hooks.act && j->hooks.act(j->hooks.ctx, f, true);
	tell(j, "fault_begins", i);
	if (f->kind == FAULT_CLOCK && !s->real)
		j->wall_ns += f->by_ns;
	if (f->kind == FAULT_FIFO_REMOVED && j->fifo[0])
		j->port.ops->fifo_remove(j->port.ctx, j->fifo);
	if (f->kind == FAULT_FIFO_REMOVED)
		j->fifo[0] = '\0';
	if (is_moment(f->kind) && f->kind != FAULT_OUTPUT_GONE) {
		j->trouble_ns = now_ns;
		return;
	}
	s->on = true;
	s->end_ns = later(now_ns, f->for_ns);
}

/* Return: the next moment by time */
static uint64_t tick(struct inject *j, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < j->plan->count; i++) {
		struct inject_state *s = &j->state[i];

		if (s->on && now_ns >= s->end_ns)
			finish(j, i, now_ns);
		if (now_ns >= s->due_ns) {
			s->due_ns = UINT64_MAX;
			begin(j, i, now_ns);
		}
		if (s->on && s->end_ns < next)
			next = s->end_ns;
		if (s->due_ns < next)
			next = s->due_ns;
	}
	count_on(j);
	return next;
}

static uint64_t now(const struct inject *j)
{
	return j->hooks.now(j->hooks.ctx);
}

void inject_start(struct inject *j)
{
	pthread_mutex_lock(&j->lock);
	j->start_ns = now(j);
	for (unsigned i = 0; i < j->plan->count; i++) {
		const struct fault *f = &j->plan->fault[i];

		if (!fault_in_tshark(f->kind) && f->at_ns != UINT64_MAX)
			j->state[i].due_ns = later(j->start_ns, f->at_ns);
	}
	tick(j, j->start_ns);
	pthread_mutex_unlock(&j->lock);
}

uint64_t inject_tick(struct inject *j)
{
	uint64_t next;

	pthread_mutex_lock(&j->lock);
	next = tick(j, now(j));
	pthread_mutex_unlock(&j->lock);
	return next;
}

static void tell_ports(struct inject *j)
{
	for (unsigned i = 0; i < j->plan->count; i++) {
		struct inject_state *s = &j->state[i];

		if (j->plan->fault[i].kind != FAULT_PORT_DOWN || s->on == s->port_told)
			continue;
		s->port_told = s->on;
		j->hooks.port(j->hooks.ctx, j->plan->fault[i].port, s->on);
	}
}

void inject_frame(struct inject *j, uint64_t n)
{
	uint64_t now_ns = now(j);

	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; i < j->plan->count; i++) {
		const struct fault *f = &j->plan->fault[i];

		if (!fault_in_tshark(f->kind) && f->at_frame == n)
			begin(j, i, now_ns);
	}
	tick(j, now_ns);
	tell_ports(j);
	pthread_mutex_unlock(&j->lock);
}

bool inject_is_on(struct inject *j, enum fault_kind kind)
{
	return atomic_load(&j->on) & BIT(kind);
}

/* ---- the audit log ---- */

static void flush_told(struct inject *j)
{
	struct buf told;

	pthread_mutex_lock(&j->lock);
	told = j->told;
	j->told = (struct buf){0};
	pthread_mutex_unlock(&j->lock);
	for (size_t at = 0; at < told.n && !told.failed; at += strlen(told.p + at) + 1)
		j->line(j->line_ctx, told.p + at, strlen(told.p + at));
	buf_done(&told);
}

static bool is_event(const char *members, size_t n, const char *event)
{
	static const char key[] = "\"event\":\"";
	size_t length = strlen(event);

	return n > sizeof(key) - 1 + length && memcmp(members, key, sizeof(key) - 1) == 0 &&
	       memcmp(members + sizeof(key) - 1, event, length) == 0 &&
	       members[sizeof(key) - 1 + length] == '"';
}

static void audit_line(void *ctx, const char *members, size_t n)
{
	struct inject *j = ctx;

	flush_told(j);
	j->line(j->line_ctx, members, n);
	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; i < j->plan->count; i++) {
		const struct fault *f = &j->plan->fault[i];

		if (!f->on[0] || !is_event(members, n, f->on) || ++j->state[i].events < f->nth)
			continue;
		if (j->state[i].events == f->nth)
			begin(j, i, now(j));
	}
	if (is_event(members, n, "tshark_ended"))
		j->trouble_ns = now(j);
	count_on(j);
	pthread_mutex_unlock(&j->lock);
}

void inject_end(struct inject *j)
{
	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; i < j->plan->count; i++) {
		if (j->state[i].on)
			finish(j, i, now(j));
	}
	count_on(j);
	pthread_mutex_unlock(&j->lock);
	flush_told(j);
}

/* ---- the port ---- */

/* The error of a fault of that kind which is on; 0: there is none. */
static int error_of(struct inject *j, enum fault_kind kind)
{
	int error = 0;

	if (!inject_is_on(j, kind))
		return 0;
	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; i < j->plan->count && !error; i++) {
		if (j->state[i].on && j->plan->fault[i].kind == kind)
			error = j->plan->fault[i].error;
	}
	pthread_mutex_unlock(&j->lock);
	return error;
}

static int fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	struct inject *j = ctx;
	int error;

	inject_tick(j);
	flush_told(j);
	error = error_of(j, FAULT_FIFO_MAKE);
	if (error)
		return -error;
	error = j->port.ops->fifo_make(j->port.ctx, path);
	pthread_mutex_lock(&j->lock);
	snprintf(j->fifo, sizeof(j->fifo), "%s", error ? "" : path);
	pthread_mutex_unlock(&j->lock);
	return error;
}

static int fifo_open(void *ctx, const char *path)
{
	struct inject *j = ctx;

	if (inject_is_on(j, FAULT_DESCRIPTORS))
		return -EMFILE;
	/* As the system says of a name that is gone. */
	if (!j->fifo[0])
		return -ENOENT;
	return j->port.ops->fifo_open(j->port.ctx, path);
}

static void fifo_remove(void *ctx, const char *path)
{
	struct inject *j = ctx;
	bool there;

	pthread_mutex_lock(&j->lock);
	there = j->fifo[0] != '\0';
	j->fifo[0] = '\0';
	pthread_mutex_unlock(&j->lock);
	if (there)
		j->port.ops->fifo_remove(j->port.ctx, path);
}

static int spawn(void *ctx, char *const argv[], struct port_child *child)
{
	struct inject *j = ctx;
	int error = error_of(j, FAULT_SPAWN);

	if (inject_is_on(j, FAULT_DESCRIPTORS))
		error = EMFILE;
	if (!error && inject_is_on(j, FAULT_TSHARK_GONE))
		error = ENOENT;
	return error ? -error : j->port.ops->spawn(j->port.ctx, argv, child);
}

static ssize_t port_read(void *ctx, int fd, void *buf, size_t n)
{
	struct inject *j = ctx;

	return j->port.ops->read(j->port.ctx, fd, buf, n);
}

static ssize_t port_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	struct inject *j = ctx;

	return j->port.ops->writev(j->port.ctx, fd, iov, n);
}

static void port_close(void *ctx, int fd)
{
	struct inject *j = ctx;

	j->port.ops->close(j->port.ctx, fd);
}

static int port_kill(void *ctx, int pid, int signal)
{
	struct inject *j = ctx;

	return j->port.ops->kill(j->port.ctx, pid, signal);
}

static int reap(void *ctx, int pid, int *status)
{
	struct inject *j = ctx;

	return j->port.ops->reap(j->port.ctx, pid, status);
}

static int64_t port_memory(void *ctx, int pid)
{
	struct inject *j = ctx;

	return j->port.ops->memory ? j->port.ops->memory(j->port.ctx, pid) : -ENOSYS;
}

static const struct port_ops inject_port_ops = {
	.fifo_make = fifo_make,
	.fifo_open = fifo_open,
	.fifo_remove = fifo_remove,
	.spawn = spawn,
	.read = port_read,
	.writev = port_writev,
	.close = port_close,
	.kill = port_kill,
	.reap = reap,
	.memory = port_memory,
};

/* ---- the sink ---- */

static void note_recovery(struct inject *j)
{
	uint64_t took_ns;

	pthread_mutex_lock(&j->lock);
	took_ns = j->trouble_ns && !atomic_load(&j->on) ? now(j) - j->trouble_ns : 0;
	if (took_ns > j->recovery_ns)
		j->recovery_ns = took_ns;
	if (took_ns)
		j->trouble_ns = 0;
	pthread_mutex_unlock(&j->lock);
}

static bool offer(void *ctx, struct decoded *d)
{
	struct inject *j = ctx;

	if (!j->sink_is_real &&
	    (inject_is_on(j, FAULT_OUTPUT_STUCK) || inject_is_on(j, FAULT_OUTPUT_GONE)))
		return false;
	if (d->status == DECODED_TSHARK)
		note_recovery(j);
	return j->sink.offer(j->sink.ctx, d);
}

void inject_wrap(struct inject *j, struct pipeline_config *config)
{
	j->port = config->port;
	j->sink = config->sink;
	j->line = config->audit.line;
	j->line_ctx = config->audit.ctx;
	config->port = (struct port){.ops = &inject_port_ops, .ctx = j};
	config->audit.line = audit_line;
	config->audit.ctx = j;
	if (config->sink.offer)
		config->sink = (struct sink){.offer = offer, .ctx = j};
}

/* ---- the disk ---- */

/* What a call meets now: 0 or -errno; it may take its time. @writes: the call puts something there
 */
static int disk_trouble(struct inject *j, bool writes)
{
	int64_t slow_ns = 0;
	uint64_t on;

	inject_tick(j);
	on = atomic_load(&j->on);
	if (on & BIT(FAULT_DISK_SLOW)) {
		pthread_mutex_lock(&j->lock);
		for (unsigned i = 0; i < j->plan->count; i++) {
			if (j->state[i].on && j->plan->fault[i].kind == FAULT_DISK_SLOW)
				slow_ns = j->plan->fault[i].by_ns;
		}
		pthread_mutex_unlock(&j->lock);
		j->hooks.spend(j->hooks.ctx, (uint64_t)slow_ns);
	}
	if (on & BIT(FAULT_DISK_ERROR))
		return -EIO;
	if (writes && (on & BIT(FAULT_DISK_READ_ONLY)))
		return -EROFS;
	if (writes && (on & BIT(FAULT_DISK_FULL)))
		return -ENOSPC;
	return 0;
}

static int disk_create(void *ctx, const char *path)
{
	struct inject *j = ctx;
	int error = disk_trouble(j, true);

	if (!error && inject_is_on(j, FAULT_DESCRIPTORS))
		error = -EMFILE;
	if (!error && inject_is_on(j, FAULT_DISK_GONE))
		error = -ENOTDIR;
	return error ? error : j->disk.ops->create(j->disk.ctx, path);
}

static ssize_t disk_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	struct inject *j = ctx;
	int error = disk_trouble(j, true);

	return error ? error : j->disk.ops->writev(j->disk.ctx, fd, iov, n);
}

static int disk_truncate(void *ctx, int fd, uint64_t bytes)
{
	struct inject *j = ctx;

	/* Giving room back works on a full disk. */
	return j->disk.ops->truncate(j->disk.ctx, fd, bytes);
}

static void *disk_map(void *ctx, int fd, uint32_t bytes, int *error)
{
	struct inject *j = ctx;

	*error = disk_trouble(j, true);
	return *error ? NULL : j->disk.ops->map(j->disk.ctx, fd, bytes, error);
}

static int disk_present(void *ctx, int fd)
{
	struct inject *j = ctx;

	return j->disk.ops->present(j->disk.ctx, fd);
}

static int disk_seal(void *ctx, const char *from, const char *to)
{
	struct inject *j = ctx;
	int error = disk_trouble(j, false);

	if (!error && inject_is_on(j, FAULT_DISK_READ_ONLY))
		error = -EROFS;
	if (!error && inject_is_on(j, FAULT_DISK_GONE))
		error = -ENOTDIR;
	return error ? error : j->disk.ops->seal(j->disk.ctx, from, to);
}

static void disk_close(void *ctx, int fd)
{
	struct inject *j = ctx;

	j->disk.ops->close(j->disk.ctx, fd);
}

static int disk_remove(void *ctx, const char *path)
{
	struct inject *j = ctx;

	return j->disk.ops->remove(j->disk.ctx, path);
}

static int64_t disk_used(void *ctx, const char *path)
{
	struct inject *j = ctx;

	return j->disk.ops->used(j->disk.ctx, path);
}

static uint64_t disk_wall_ns(void *ctx)
{
	struct inject *j = ctx;

	return j->disk.ops->wall_ns(j->disk.ctx) + (uint64_t)j->wall_ns;
}

struct disk inject_disk(struct inject *j, struct disk disk)
{
	static const struct disk_ops ops = {
		.create = disk_create,
		.writev = disk_writev,
		.truncate = disk_truncate,
		.map = disk_map,
		.present = disk_present,
		.seal = disk_seal,
		.close = disk_close,
		.remove = disk_remove,
		.used = disk_used,
		.wall_ns = disk_wall_ns,
	};

	j->disk = disk;
	j->disk_ops = ops;
	/* It has no context, and so no layer. */
	j->disk_ops.unmap = disk.ops->unmap;
	return (struct disk){.ops = &j->disk_ops, .ctx = j};
}
