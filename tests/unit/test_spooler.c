/* test_spooler.c - the spool on a thread of its own
 *
 * Goal: jobs are done however the thread is found, busy or asleep; a file that is due is sealed
 * with nobody asking; a disk that fails does not stop it; it waits for whoever is behind with the
 * events; the end comes after all that was handed over; signals are for other threads.
 *
 * Method: a simulated disk, which is the thread's alone until it has ended. The test waits for
 * events as the pipeline does, on a waker; what never comes ends the test by SIGALRM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "blocks.h"
#include "disk_sim.h"
#include "os/spooler.h"

#define TIME_LIMIT_S 60u

static sigset_t at_start;

struct bench {
	struct disk_sim disk; /* first: its address is the bench's, for create() */
	struct trace trace;
	struct disk_ops ops; /* the simulated disk's, with a look at who calls */
	const struct disk_ops *below;
	struct spool spool;
	struct spooler spooler;
	struct waker spool_waker, events_waker;
	pthread_t caller; /* of create() */
	sigset_t blocked; /* there */
	uint64_t next;	  /* id */
	unsigned back, written, sealed, troubles;
};

static int create(void *ctx, const char *path)
{
	struct bench *b = ctx;

	b->caller = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &b->blocked);
	return b->below->create(ctx, path);
}

static const char *port_name(void *ctx, unsigned port)
{
	(void)ctx;
	(void)port;
	return "vm-a";
}

static void port_counts(void *ctx, unsigned port, struct pcapng_counts *counts)
{
	(void)ctx;
	(void)port;
	(void)counts;
}

/* The thread runs; its disk fails at the first @troubles calls. */
static struct bench *begin(const struct spool_limits *limits, unsigned troubles)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct spool_config config = {
		.path = "/c/s",
		.naming = SPOOL_ROTATION,
		.limits = *limits,
		.session = "s",
		.port_name = port_name,
		.port_counts = port_counts,
	};

	assert_non_null(b);
	assert_int_equal(waker_init(&b->spool_waker), 0);
	assert_int_equal(waker_init(&b->events_waker), 0);
	config.wake_spool = (struct wake){waker_wake, &b->spool_waker};
	config.wake_pipeline = (struct wake){waker_wake, &b->events_waker};
	b->below = disk_sim_init(&b->disk, 1, &b->trace).ops;
	b->ops = *b->below;
	b->ops.create = create;
	config.disk = (struct disk){.ops = &b->ops, .ctx = b};
	b->disk.full = b->disk.error = b->disk.gone = 0;
	b->disk.trouble = -EIO;
	b->disk.calls = troubles;
	b->next = 1;
	assert_int_equal(spool_init(&b->spool, &config), 0);
	assert_int_equal(spooler_start(&b->spooler, &b->spool, &b->spool_waker), 0);
	return b;
}

static void end(struct bench *b)
{
	spool_done(&b->spool);
	disk_sim_done(&b->disk);
	waker_done(&b->spool_waker);
	waker_done(&b->events_waker);
	free(b);
}

static void push(struct bench *b, struct spool_job *job)
{
	assert_non_null(job);
	/* The thread takes them as fast as it can, and says nothing of it. */
	while (!spool_push(&b->spool, job))
		sched_yield();
}

static void push_frames(struct bench *b, unsigned frames, uint64_t epoch)
{
	struct spool_job *job = calloc(1, sizeof(*job));
	struct segment *s = blocks_run(b->next, frames);

	assert_non_null(job);
	s->interfaces = 1;
	*job = (struct spool_job){.kind = SPOOL_WRITE,
				  .segment = s,
				  .to = s->used,
				  .first_id = b->next,
				  .frames = frames,
				  .interfaces = 1,
				  .epoch = epoch};
	b->next += frames;
	push(b, job);
}

static void push_cut(struct bench *b)
{
	push(b, calloc(1, sizeof(struct spool_job)));
}

static void take(struct bench *b)
{
	struct spool_event *e;
	struct spool_job *job;

	while ((e = spool_take_event(&b->spool, &job))) {
		b->sealed += e->kind == SPOOL_SEALED;
		b->troubles += e->kind == SPOOL_TROUBLE;
		if (e->kind == SPOOL_JOB) {
			b->back++;
			b->written += job->written;
			spool_job_free(job);
			continue;
		}
		free(e);
	}
}

/* As the pipeline sleeps: until an event comes. */
static void wait_event(struct bench *b)
{
	struct pollfd fd = {.fd = waker_fd(&b->events_waker), .events = POLLIN};

	if (ring_consumer_sleeps(&b->spool.events))
		poll(&fd, 1, -1);
	ring_consumer_wakes(&b->spool.events);
	waker_clear(&b->events_waker);
	take(b);
}

static void wait_back(struct bench *b, unsigned jobs)
{
	while (b->back < jobs)
		wait_event(b);
}

static void wait_asleep(struct bench *b)
{
	while (!atomic_load(&b->spool.jobs.consumer_sleeps))
		sched_yield();
}

static void wait_cleared(struct bench *b)
{
	struct pollfd fd = {.fd = waker_fd(&b->spool_waker), .events = POLLIN};

	while (poll(&fd, 1, 0))
		sched_yield();
}

static void finish(struct bench *b)
{
	spool_end(&b->spool);
	spooler_join(&b->spooler);
	take(b);
	assert_true(spool_ended(&b->spool));
}

static void jobs_are_done_asleep_or_busy(void **state)
{
	struct bench *b = begin(&(struct spool_limits){0}, 0);

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		if (i % 3 == 0)
			wait_asleep(b);
		push_frames(b, 3, 1);
		if (i % 3 != 1)
			wait_back(b, i + 1);
	}
	wait_asleep(b);
	wait_cleared(b); /* else it would not sleep, but turn */
	finish(b);
	assert_int_equal(b->written, 300);
	assert_int_equal(b->sealed, 1);
	assert_int_equal(b->spool.files[0].frames, 900);
	end(b);
}

static void the_end_wakes_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct bench *b = begin(&(struct spool_limits){0}, 0);

		if (i % 2)
			wait_asleep(b);
		finish(b);
		assert_int_equal(b->disk.count, 0);
		end(b);
	}
}

static void the_end_comes_after_all_jobs(void **state)
{
	struct bench *b = begin(&(struct spool_limits){.frames = 10}, 0);

	(void)state;
	for (unsigned i = 0; i < SPOOL_JOBS_MAX; i++)
		push_frames(b, 5, 1);
	finish(b);
	assert_int_equal(b->written, SPOOL_JOBS_MAX);
	assert_int_equal(b->sealed, SPOOL_JOBS_MAX / 2);
	end(b);
}

/* Who waits for an event, with no more jobs to come, is woken by the end of the file's time. */
static void a_file_is_sealed_when_due(void **state)
{
	struct bench *b = begin(&(struct spool_limits){.duration_ns = 20000000}, 0);

	(void)state;
	push_frames(b, 1, 1);
	while (!b->sealed)
		wait_event(b);
	assert_int_equal(b->written, 1);
	finish(b);
	assert_int_equal(b->sealed, 1);
	end(b);
}

static void a_disk_that_fails_does_not_stop_it(void **state)
{
	struct bench *b = begin(&(struct spool_limits){0}, 2);

	(void)state;
	for (uint64_t epoch = 1; epoch <= 3; epoch++) {
		b->next = 1;
		push_frames(b, 4, epoch);
		wait_back(b, (unsigned)epoch);
		assert_int_equal(b->written, epoch == 3);
		assert_int_equal(b->troubles, epoch < 3 ? epoch : 2);
	}
	finish(b);
	assert_int_equal(b->sealed, 1);
	assert_int_equal(b->spool.files[0].frames, 4);
	end(b);
}

/* As many events as there may be, one held back, and all jobs: all come in the end. */
static void it_waits_for_who_is_behind(void **state)
{
	struct bench *b = begin(&(struct spool_limits){0}, 0);
	unsigned jobs = SPOOL_EVENTS_MAX + 1 + SPOOL_JOBS_MAX;

	(void)state;
	for (unsigned i = 0; i < jobs; i++)
		push_cut(b);
	assert_false(ring_has_room(&b->spool.jobs));
	assert_int_equal(ring_count(&b->spool.events), SPOOL_EVENTS_MAX);
	wait_back(b, jobs);
	assert_int_equal(b->written, jobs);
	finish(b);
	assert_int_equal(b->back, jobs);
	end(b);
}

static void signals_are_for_others(void **state)
{
	struct bench *b;
	sigset_t after;

	(void)state;
	b = begin(&(struct spool_limits){0}, 0);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	push_frames(b, 1, 1);
	finish(b);
	assert_false(pthread_equal(b->caller, pthread_self()));
	for (int i = 1; i < 32; i++) {
		assert_int_equal(sigismember(&after, i), sigismember(&at_start, i));
		assert_true(i == SIGKILL || i == SIGSTOP || sigismember(&b->blocked, i));
	}
	end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_are_done_asleep_or_busy),
		cmocka_unit_test(the_end_wakes_it),
		cmocka_unit_test(the_end_comes_after_all_jobs),
		cmocka_unit_test(a_file_is_sealed_when_due),
		cmocka_unit_test(a_disk_that_fails_does_not_stop_it),
		cmocka_unit_test(it_waits_for_who_is_behind),
		cmocka_unit_test(signals_are_for_others),
	};

	pthread_sigmask(SIG_BLOCK, NULL, &at_start);
	alarm(TIME_LIMIT_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
