/* port_sim.c - a simulated operating system, as far as the pipeline sees it */
#include "port_sim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Descriptors and pids of a generation; no two of them share a number. */
#define FIFO_FD(g) (1000 + (g)*3)
#define OUT_FD(g)  (1001 + (g)*3)
#define ERR_FD(g)  (1002 + (g)*3)
#define PID(g)	   (100000 + (g))

static int64_t traced(struct port_sim *p, char what, int64_t result)
{
	trace_event(&p->trace, what, p->now_ns, result);
	return result;
}

/* The process that a descriptor, or a pid, is of. */
static struct process_sim *process_of(const struct port_sim *p, int generation)
{
	for (int i = 0; generation > 0 && i < (int)PORT_SIM_PROCESSES; i++) {
		if (p->process[i].generation == generation)
			return (struct process_sim *)&p->process[i];
	}
	check(false);
	return NULL;
}

static struct process_sim *process_of_fd(const struct port_sim *p, int fd)
{
	return process_of(p, (fd - FIFO_FD(0)) / 3);
}

static struct process_sim *process_of_path(struct port_sim *p, const char *path)
{
	for (int i = 0; i < (int)PORT_SIM_PROCESSES; i++) {
		if (p->process[i].made && strcmp(p->process[i].path, path) == 0)
			return &p->process[i];
	}
	check(false);
	return NULL;
}

static int fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	struct port_sim *p = ctx;
	struct process_sim *q = NULL;

	for (int i = 0; i < (int)PORT_SIM_PROCESSES && !q; i++) {
		if (!p->process[i].made && !p->process[i].alive)
			q = &p->process[i];
	}
	check(q && !q->fifo_open && !q->out_open && !q->err_open);
	if (random_chance(&p->random, p->faults.fifo_make))
		return (int)traced(p, 'm', -ENOSPC);
	q->made = q->tshark.fifo_exists = true;
	snprintf(q->path, sizeof(q->path), "/sim/fifo-%d", ++p->fifos);
	memcpy(path, q->path, PORT_PATH_MAX);
	return (int)traced(p, 'm', 0);
}

static void fifo_remove(void *ctx, const char *path)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of_path(p, path);

	q->made = q->tshark.fifo_exists = false;
	traced(p, 'u', 0);
}

static int spawn(void *ctx, char *const argv[], struct port_child *child)
{
	static const int errors[] = {-EAGAIN, -ENOENT, -EMFILE, -ENOMEM};
	struct port_sim *p = ctx;
	struct process_sim *q = NULL;
	bool flush = false;

	for (int i = 0; argv[i]; i++) {
		flush |= strcmp(argv[i], "-l") == 0;
		if (strcmp(argv[i], "-r") == 0)
			q = process_of_path(p, argv[i + 1]);
	}
	check(q && !q->alive && q->tshark.fifo_exists);
	if (random_chance(&p->random, p->faults.spawn)) {
		return (int)traced(p, 's', errors[random_range(&p->random, 0, 3)]);
	}
	q->generation = ++p->generation;
	q->tshark.plan = p->plan;
	tshark_sim_spawn(&q->tshark, flush, (uint32_t)q->generation, p->now_ns);
	q->alive = q->out_open = q->err_open = true;
	*child = (struct port_child){.pid = PID(q->generation),
				     .out = OUT_FD(q->generation),
				     .err = ERR_FD(q->generation)};
	traced(p, 's', q->generation);
	return 0;
}

static int fifo_open(void *ctx, const char *path)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of_path(p, path);

	check(!q->fifo_open);
	if (q->tshark.state != TSHARK_SIM_READING)
		return (int)traced(p, 'o', -ENXIO);
	q->fifo_open = true;
	q->tshark.input.writer = true;
	q->tshark.writer_came = true;
	return (int)traced(p, 'o', FIFO_FD(q->generation));
}

static ssize_t sim_read(void *ctx, int fd, void *buf, size_t n)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of_fd(p, fd);
	bool out = fd == OUT_FD(q->generation);
	struct pipe_sim *pipe = out ? &q->tshark.out : &q->tshark.err;
	size_t got;

	check(out ? q->out_open : q->err_open && fd == ERR_FD(q->generation));
	check(n > 0);
	if (random_chance(&p->random, p->faults.read_again))
		return traced(p, 'r', -EAGAIN);
	if (random_chance(&p->random, p->faults.short_read))
		n = random_range(&p->random, 1, n < 100 ? n : 100);
	got = pipe_sim_read(pipe, buf, n);
	if (!got && pipe->writer)
		return traced(p, 'r', -EAGAIN);
	trace_bytes(&p->trace, buf, got);
	return traced(p, 'r', (int64_t)got);
}

static ssize_t sim_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of_fd(p, fd);
	size_t most = SIZE_MAX, done = 0;

	check(q->fifo_open && fd == FIFO_FD(q->generation) && n > 0);
	if (!q->tshark.input.reader)
		return traced(p, 'w', -EPIPE);
	if (random_chance(&p->random, p->faults.write_again))
		return traced(p, 'w', -EAGAIN);
	if (random_chance(&p->random, p->faults.short_write))
		most = random_range(&p->random, 1, 200);
	for (int i = 0; i < n && most; i++) {
		size_t part = iov[i].iov_len < most ? iov[i].iov_len : most;
		size_t took = pipe_sim_write(&q->tshark.input, iov[i].iov_base, part);

		trace_bytes(&p->trace, iov[i].iov_base, took);
		done += took;
		most -= took;
		if (took < iov[i].iov_len)
			break;
	}
	return traced(p, 'w', done ? (int64_t)done : -EAGAIN);
}

static void sim_close(void *ctx, int fd)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of_fd(p, fd);

	if (fd == FIFO_FD(q->generation)) {
		check(q->fifo_open);
		q->fifo_open = q->tshark.input.writer = false;
	} else if (fd == OUT_FD(q->generation)) {
		check(q->out_open);
		q->out_open = q->tshark.out.reader = false;
	} else {
		check(q->err_open && fd == ERR_FD(q->generation));
		q->err_open = q->tshark.err.reader = false;
	}
	traced(p, 'c', fd);
}

static int sim_kill(void *ctx, int pid, int signal)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of(p, pid - PID(0));

	check(q->alive);
	tshark_sim_signal(&q->tshark, signal, p->now_ns);
	return (int)traced(p, 'k', signal);
}

static int sim_reap(void *ctx, int pid, int *status)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of(p, pid - PID(0));

	check(q->alive);
	if (q->tshark.state != TSHARK_SIM_DEAD)
		return 0;
	*status = q->tshark.status;
	q->alive = false;
	q->tshark.state = TSHARK_SIM_NONE;
	traced(p, 'e', *status);
	return 1;
}

static int64_t sim_memory(void *ctx, int pid)
{
	struct port_sim *p = ctx;
	struct process_sim *q = process_of(p, pid - PID(0));

	check(q->alive);
	return (int64_t)q->tshark.number *
	       (p->plan ? TSHARK_RECORD_BYTES : TSHARK_SIM_RECORD_BYTES);
}

uint64_t port_sim_due(const struct port_sim *p)
{
	uint64_t due_ns = UINT64_MAX;

	for (int i = 0; i < (int)PORT_SIM_PROCESSES; i++) {
		if (p->process[i].tshark.due_ns < due_ns)
			due_ns = p->process[i].tshark.due_ns;
	}
	return due_ns;
}

bool port_sim_step(struct port_sim *p)
{
	bool moved = false;

	for (int i = 0; i < (int)PORT_SIM_PROCESSES; i++) {
		struct tshark_sim *t = &p->process[i].tshark;

		if (p->now_ns < t->due_ns && !tshark_sim_ready(t, p->now_ns))
			continue;
		tshark_sim_step(t, p->now_ns);
		moved = true;
	}
	return moved;
}

static const struct port_ops sim_ops = {
	.fifo_make = fifo_make,
	.fifo_open = fifo_open,
	.fifo_remove = fifo_remove,
	.spawn = spawn,
	.read = sim_read,
	.writev = sim_writev,
	.close = sim_close,
	.kill = sim_kill,
	.reap = sim_reap,
	.memory = sim_memory,
};

void port_sim_init(struct port_sim *p, uint64_t seed, struct port *port)
{
	memset(p, 0, sizeof(*p));
	p->random.state = seed;
	faults_choose(&p->faults, &p->random);
	for (int i = 0; i < (int)PORT_SIM_PROCESSES; i++) {
		p->process[i].tshark.random = &p->random;
		p->process[i].tshark.faults = &p->faults;
		p->process[i].tshark.due_ns = UINT64_MAX;
	}
	*port = (struct port){.ops = &sim_ops, .ctx = p};
}

void port_sim_done(struct port_sim *p)
{
	for (int i = 0; i < (int)PORT_SIM_PROCESSES; i++)
		tshark_sim_done(&p->process[i].tshark);
}

bool port_sim_writable(const struct port_sim *p, int fd)
{
	const struct pipe_sim *pipe = &process_of_fd(p, fd)->tshark.input;

	return !pipe->reader || pipe_sim_room(pipe) > 0;
}

bool port_sim_readable(const struct port_sim *p, int fd)
{
	const struct process_sim *q = process_of_fd(p, fd);
	const struct pipe_sim *pipe = fd == OUT_FD(q->generation) ? &q->tshark.out : &q->tshark.err;

	return pipe->n > 0 || !pipe->writer;
}
