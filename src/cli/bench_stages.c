/* bench_stages.c - switch, tap and store on one thread; the pipe */
#include "cli/bench_stages.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "feed/feed.h"
#include "os/port_posix.h"
#include "os/spawn.h"

/* Of the queue's 50,000: as many as lie in the nearest cache. */
#define BATCH 64u

uint64_t bench_stages_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool bench_stages_init(struct bench_stages *s, const struct loaded *l, struct err *err)
{
	struct switch_config config = {.frame_max = FRAME_BYTES_MAX};
	struct tap_config tap = {.all = true};
	int port;

	memset(s, 0, sizeof(*s));
	s->loaded = l;
	s->eth = switch_new(&config);
	if (s->eth && tap_init(&s->tap, &tap) == 0) {
		if (store_init(&s->store, STORE_FRAMES) == 0) {
			port = switch_port_add(s->eth, "vm-1", NULL);
			check(port >= 0 && switch_subscribe(s->eth, tap_subscriber(&s->tap)) == 0);
			s->port = (unsigned)port;
			return true;
		}
		tap_done(&s->tap);
	}
	switch_free(s->eth);
	err_set(err, EXIT_ENVIRONMENT, "bench: there is no memory for a store");
	return false;
}

void bench_stages_done(struct bench_stages *s)
{
	store_done(&s->store);
	tap_done(&s->tap);
	switch_free(s->eth);
}

static struct frame frame_of(struct bench_stages *s, size_t i)
{
	const struct dfilter_frame *f = &s->loaded->frame[i];

	return (struct frame){.data = f->data,
			      .caplen = f->caplen,
			      .len = f->len,
			      .serial = ++s->serial,
			      .ts_ns = s->serial * 1000,
			      .published_ns = s->serial * 1000};
}

/* Whoever has taken and settled a frame at once: nobody waits for it, and it goes when its place
 * is wanted. */
static void take_all(struct bench_stages *s)
{
	struct tap_frame f;
	uint64_t id;

	tap_flush(&s->tap);
	while (tap_take(&s->tap, &f)) {
		if (store_at_bound(&s->store))
			store_drop(&s->store, false);
		id = store_add(&s->store, f.segment, f.block, f.bytes, 0);
		store_undecoded(&s->store, id, UNDECODED_NOT_ASKED);
		check(store_emit(&s->store, &id) != NULL);
	}
}

void bench_stages_append(void *ctx)
{
	struct bench_stages *s = ctx;

	for (size_t i = 0; i < s->loaded->frames; i++) {
		struct frame f = frame_of(s, i);

		port_set_add(&f.ports, s->port);
		tap_publish(&s->tap, &f);
		if (s->serial % BATCH == 0)
			take_all(s);
	}
	take_all(s);
}

void bench_stages_fill(struct bench_stages *s)
{
	_Static_assert(LOADED_FRAMES_MAX <= STORE_FRAMES, "none is dropped");
	bench_stages_append(s);
	check(store_held(&s->store) == s->loaded->frames);
}

void bench_stages_switched(void *ctx)
{
	struct bench_stages *s = ctx;

	for (size_t i = 0; i < s->loaded->frames;) {
		uint64_t began_ns = bench_stages_cpu_ns(), between_ns;

		for (unsigned k = 0; k < BATCH && i < s->loaded->frames; k++, i++) {
			struct frame f = frame_of(s, i);

			switch_input(s->eth, s->port, &f, f.published_ns);
		}
		between_ns = bench_stages_cpu_ns();
		take_all(s);
		s->switch_ns += between_ns - began_ns;
		s->store_ns += bench_stages_cpu_ns() - between_ns;
	}
	s->frames += s->loaded->frames;
}

void bench_stages_decode(void *ctx)
{
	struct bench_stages *s = ctx;
	struct basic basic;

	for (size_t i = 0; i < s->loaded->frames; i++) {
		basic_decode(&basic, s->loaded->frame[i].data, s->loaded->frame[i].caplen);
		s->sum += (unsigned)basic.flags;
	}
}

/* ---- the pipe ---- */

struct emptying {
	int fd;
	uint64_t cpu_ns, bytes;
};

static void *empty(void *ctx)
{
	static char bytes[65536];
	struct emptying *e = ctx;
	uint64_t began_ns = bench_stages_cpu_ns();
	ssize_t n;

	while ((n = read(e->fd, bytes, sizeof(bytes))) > 0)
		e->bytes += (uint64_t)n;
	e->cpu_ns = bench_stages_cpu_ns() - began_ns;
	return NULL;
}

/* Return: 0, or -errno */
static int write_all(int fd, struct iovec *iov, int n)
{
	while (n > 0) {
		ssize_t took = writev(fd, iov, n);

		if (took < 0)
			return -errno;
		while (n > 0 && (size_t)took >= iov->iov_len) {
			took -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + took;
			iov->iov_len -= (size_t)took;
		}
	}
	return 0;
}

static int write_frames(int fd, const struct loaded *l)
{
	static unsigned char record[FEED_RECORDS_MAX][PCAP_RECORD_BYTES];
	static struct iovec iov[FEED_IOVECS_MAX];
	size_t bytes = 0;
	int n = 0, error = 0;

	for (size_t i = 0; i < l->frames && !error; i++) {
		const struct dfilter_frame *f = &l->frame[i];
		struct packet_view v = {.data = f->data, .caplen = f->caplen, .len = f->len};

		pcap_record_header(record[n / 2], &v);
		iov[n] = (struct iovec){record[n / 2], PCAP_RECORD_BYTES};
		iov[n + 1] = (struct iovec){(void *)(uintptr_t)f->data, f->caplen};
		n += 2;
		bytes += PCAP_RECORD_BYTES + f->caplen;
		if (n / 2 < FEED_RECORDS_MAX && bytes < FEED_BATCH_BYTES && i + 1 < l->frames)
			continue;
		error = write_all(fd, iov, n);
		n = 0;
		bytes = 0;
	}
	return error;
}

int bench_stages_pipe(const struct loaded *l, unsigned passes, struct bench_pipe *p)
{
	uint64_t began_ns = bench_stages_cpu_ns();
	struct emptying e = {0};
	pthread_t reader;
	int fd[2], error = spawn_pipe(fd);

	if (error)
		return error;
#ifdef F_SETPIPE_SZ
	(void)fcntl(fd[1], F_SETPIPE_SZ, PORT_PIPE_BYTES); /* as the FIFO has, if we may */
#endif
	e.fd = fd[0];
	error = -pthread_create(&reader, NULL, empty, &e);
	if (error) {
		spawn_pipe_close(fd);
		return error;
	}
	for (unsigned i = 0; i < passes && !error; i++)
		error = write_frames(fd[1], l);
	p->write_ns = bench_stages_cpu_ns() - began_ns;
	close(fd[1]);
	pthread_join(reader, NULL);
	close(fd[0]);
	p->read_ns = e.cpu_ns;
	p->bytes = e.bytes;
	return error;
}
