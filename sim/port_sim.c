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

static int fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	struct port_sim *p = ctx;

	check(!p->tshark.fifo_exists);
	if (random_chance(&p->random, p->faults.fifo_make))
		return (int)traced(p, 'm', -ENOSPC);
	p->tshark.fifo_exists = true;
	snprintf(path, PORT_PATH_MAX, "/sim/fifo-%d", p->generation + 1);
	return (int)traced(p, 'm', 0);
}

static void fifo_remove(void *ctx, const char *path)
{
	struct port_sim *p = ctx;

	check(p->tshark.fifo_exists && path[0]);
	p->tshark.fifo_exists = false;
	traced(p, 'u', 0);
}

static int spawn(void *ctx, char *const argv[], struct port_child *child)
{
	static const int errors[] = {-EAGAIN, -ENOENT, -EMFILE, -ENOMEM};
	struct port_sim *p = ctx;
	bool flush = false;

	check(!p->alive && p->tshark.fifo_exists);
	if (random_chance(&p->random, p->faults.spawn)) {
		return (int)traced(p, 's', errors[random_range(&p->random, 0, 3)]);
	}
	for (int i = 0; argv[i]; i++)
		flush |= strcmp(argv[i], "-l") == 0;
	p->generation++;
	tshark_sim_spawn(&p->tshark, flush, p->now_ns);
	p->alive = p->out_open = p->err_open = true;
	*child = (struct port_child){.pid = PID(p->generation),
				     .out = OUT_FD(p->generation),
				     .err = ERR_FD(p->generation)};
	traced(p, 's', p->generation);
	return 0;
}

static int fifo_open(void *ctx, const char *path)
{
	struct port_sim *p = ctx;

	check(p->tshark.fifo_exists && !p->fifo_open && path[0]);
	if (p->tshark.state != TSHARK_SIM_READING)
		return (int)traced(p, 'o', -ENXIO);
	p->fifo_open = true;
	p->tshark.input.writer = true;
	p->tshark.writer_came = true;
	return (int)traced(p, 'o', FIFO_FD(p->generation));
}

static ssize_t sim_read(void *ctx, int fd, void *buf, size_t n)
{
	struct port_sim *p = ctx;
	bool out = fd == OUT_FD(p->generation);
	struct pipe_sim *pipe = out ? &p->tshark.out : &p->tshark.err;
	size_t got;

	check(out ? p->out_open : p->err_open && fd == ERR_FD(p->generation));
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
	size_t most = SIZE_MAX, done = 0;

	check(p->fifo_open && fd == FIFO_FD(p->generation) && n > 0);
	if (!p->tshark.input.reader)
		return traced(p, 'w', -EPIPE);
	if (random_chance(&p->random, p->faults.write_again))
		return traced(p, 'w', -EAGAIN);
	if (random_chance(&p->random, p->faults.short_write))
		most = random_range(&p->random, 1, 200);
	for (int i = 0; i < n && most; i++) {
		size_t part = iov[i].iov_len < most ? iov[i].iov_len : most;
		size_t took = pipe_sim_write(&p->tshark.input, iov[i].iov_base, part);

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

	if (fd == FIFO_FD(p->generation)) {
		check(p->fifo_open);
		p->fifo_open = p->tshark.input.writer = false;
	} else if (fd == OUT_FD(p->generation)) {
		check(p->out_open);
		p->out_open = p->tshark.out.reader = false;
	} else {
		check(p->err_open && fd == ERR_FD(p->generation));
		p->err_open = p->tshark.err.reader = false;
	}
	traced(p, 'c', fd);
}

static int sim_kill(void *ctx, int pid, int signal)
{
	struct port_sim *p = ctx;

	check(p->alive && pid == PID(p->generation));
	tshark_sim_signal(&p->tshark, signal, p->now_ns);
	return (int)traced(p, 'k', signal);
}

static int sim_reap(void *ctx, int pid, int *status)
{
	struct port_sim *p = ctx;

	check(p->alive && pid == PID(p->generation));
	if (p->tshark.state != TSHARK_SIM_DEAD)
		return 0;
	*status = p->tshark.status;
	p->alive = false;
	p->tshark.state = TSHARK_SIM_NONE;
	traced(p, 'e', *status);
	return 1;
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
};

void port_sim_init(struct port_sim *p, uint64_t seed, struct port *port)
{
	memset(p, 0, sizeof(*p));
	p->random.state = seed;
	faults_choose(&p->faults, &p->random);
	p->tshark.random = &p->random;
	p->tshark.faults = &p->faults;
	p->tshark.due_ns = UINT64_MAX;
	*port = (struct port){.ops = &sim_ops, .ctx = p};
}

void port_sim_done(struct port_sim *p)
{
	tshark_sim_done(&p->tshark);
}

bool port_sim_writable(const struct port_sim *p, int fd)
{
	if (fd < 0)
		return false;
	return !p->tshark.input.reader || pipe_sim_room(&p->tshark.input) > 0;
}

bool port_sim_readable(const struct port_sim *p, int fd)
{
	const struct pipe_sim *pipe;

	if (fd < 0)
		return false;
	pipe = fd == OUT_FD(p->generation) ? &p->tshark.out : &p->tshark.err;
	return pipe->n > 0 || !pipe->writer;
}
