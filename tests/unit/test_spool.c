/* test_spool.c - captured frames on their way to files
 *
 * Goal: files end where the limits say, to the frame; names are as documented; rings keep the
 * newest; a disk that fails leaves files of whole blocks, refuses what was under way behind, and
 * takes what is sent again, so that every frame is in a file once.
 *
 * Method: jobs made of blocks go in by hand, the simulated disk takes them; its files are walked
 * block by block. sim/world runs spool and spill together under seeds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "blocks.h"
#include "disk_sim.h"
#include "store/spool.h"

struct bench {
	struct trace trace;
	struct disk_sim disk;
	struct spool spool;
	uint64_t now_ns;
	unsigned sealed, deleted, troubles;
	uint64_t next; /* first id that is not written */
	uint64_t epoch;
};

static void wake(void *ctx)
{
	(void)ctx;
}

static const char *port_name(void *ctx, unsigned port)
{
	(void)ctx;
	return port ? "vm-b" : "vm-a";
}

static void port_counts(void *ctx, unsigned port, struct pcapng_counts *counts)
{
	(void)ctx;
	counts->received = port;
}

static struct bench *begin(enum spool_naming naming, const struct spool_limits *limits)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct spool_config config = {
		.path = naming == SPOOL_ROTATION ? "/c/s" : "/c/f.pcapng",
		.naming = naming,
		.limits = *limits,
		.session = "s",
		.port_name = port_name,
		.port_counts = port_counts,
		.wake_spool = {.fn = wake},
		.wake_pipeline = {.fn = wake},
		.wake_source = {.fn = wake},
	};

	assert_non_null(b);
	config.disk = disk_sim_init(&b->disk, 1, &b->trace);
	b->disk.full = b->disk.error = b->disk.gone = 0;
	b->next = b->epoch = 1;
	assert_int_equal(spool_init(&b->spool, &config), 0);
	return b;
}

static void end(struct bench *b)
{
	spool_done(&b->spool);
	disk_sim_done(&b->disk);
	free(b);
}

/* A job of @frames frames from b->next on. */
static struct spool_job *job_of(struct bench *b, unsigned frames)
{
	struct spool_job *job = calloc(1, sizeof(*job));
	struct segment *s = blocks_run(b->next, frames);

	assert_non_null(job);
	s->interfaces = 2;
	*job = (struct spool_job){.kind = SPOOL_WRITE,
				  .segment = s,
				  .to = s->used,
				  .first_id = b->next,
				  .frames = frames,
				  .interfaces = 2,
				  .epoch = b->epoch};
	return job;
}

static void take(struct bench *b)
{
	struct spool_event *e;
	struct spool_job *job;

	while ((e = spool_take_event(&b->spool, &job))) {
		if (e->kind == SPOOL_JOB) {
			if (job->kind == SPOOL_WRITE && (job->written || job->error))
				b->next = job->first_id;
			if (job->kind == SPOOL_WRITE && !job->written && job->epoch == b->epoch)
				b->epoch++;
			spool_job_free(job);
			continue;
		}
		b->sealed += e->kind == SPOOL_SEALED;
		b->deleted += e->kind == SPOOL_DELETED;
		b->troubles += e->kind == SPOOL_TROUBLE;
		free(e);
	}
}

static void run(struct bench *b)
{
	for (int i = 0; i < 20; i++) {
		spool_step(&b->spool, b->now_ns);
		take(b);
	}
}

static void write_frames(struct bench *b, unsigned frames)
{
	assert_true(spool_push(&b->spool, job_of(b, frames)));
	run(b);
}

/* Frames of a file that is there, whose blocks must be whole and its ids in order; -1: none. */
static int frames_of(struct bench *b, const char *path, uint64_t *first)
{
	for (unsigned i = 0; i < b->disk.count; i++) {
		const struct disk_sim_file *f = &b->disk.file[i];
		uint64_t n, at = 0;
		const unsigned char *p = disk_sim_bytes(f, &n);
		const char *mark;
		int frames = 0;

		if (!f->present || strcmp(f->path, path) != 0)
			continue;
		mark = memmem(p, n, "first=", 6);
		assert_non_null(mark);
		*first = strtoull(mark + 6, NULL, 10);
		for (; at < n; at += block_bytes(p + at)) {
			assert_true(at + 12 <= n && at + block_bytes(p + at) <= n);
			if (le32_load(p + at) == PCAPNG_PACKET)
				assert_int_equal(packet_of(p + at).ts_ns,
						 *first + (unsigned)frames++);
		}
		return frames;
	}
	return -1;
}

static void expect_file(struct bench *b, const char *path, int frames, uint64_t id)
{
	uint64_t first = 0;

	assert_int_equal(frames_of(b, path, &first), frames);
	if (frames > 0)
		assert_int_equal(first, id);
}

static void files_end_at_a_frame(void **state)
{
	struct bench *b = begin(SPOOL_ROTATION, &(struct spool_limits){.frames = 10});

	(void)state;
	write_frames(b, 25);
	write_frames(b, 5);
	write_frames(b, 3);
	assert_int_equal(b->next, 34);
	expect_file(b, "/c/s-rot1.pcapng", 10, 1);
	expect_file(b, "/c/s-rot2.pcapng", 10, 11);
	expect_file(b, "/c/s-rot3.pcapng", 10, 21);
	expect_file(b, "/c/s-rot4.pcapng.part", 3, 31);
	expect_file(b, "/c/s-rot4.pcapng", -1, 0);
	spool_end(&b->spool);
	run(b);
	assert_true(spool_ended(&b->spool));
	expect_file(b, "/c/s-rot4.pcapng", 3, 31);
	assert_int_equal(b->sealed, 4);
	end(b);
}

static void files_end_at_a_size(void **state)
{
	struct bench *b = begin(SPOOL_ROTATION, &(struct spool_limits){.bytes = 1500});
	uint64_t first = 1;
	int frames = 0;

	(void)state;
	write_frames(b, 100);
	spool_end(&b->spool);
	run(b);
	for (unsigned i = 1; i <= b->sealed; i++) {
		char path[64];
		uint64_t id;
		int n;

		snprintf(path, sizeof(path), "/c/s-rot%u.pcapng", i);
		n = frames_of(b, path, &id);
		assert_int_equal(id, first);
		/* 132 bytes a block; the header takes about 250. */
		assert_true(n >= 1 && n <= 12);
		first += (unsigned)n;
		frames += n;
	}
	assert_int_equal(frames, 100);
	end(b);
}

static void files_end_at_a_time_and_when_asked(void **state)
{
	struct bench *b = begin(SPOOL_ROTATION, &(struct spool_limits){.duration_ns = 1000});

	(void)state;
	write_frames(b, 2);
	assert_int_equal(spool_step(&b->spool, 999), 1000);
	take(b);
	assert_int_equal(b->sealed, 0);
	b->now_ns = 1000;
	run(b);
	assert_int_equal(b->sealed, 1);
	write_frames(b, 2);
	assert_true(spool_push(&b->spool, calloc(1, sizeof(struct spool_job))));
	run(b);
	assert_int_equal(b->sealed, 2);
	/* Nothing to end: no file. */
	assert_true(spool_push(&b->spool, calloc(1, sizeof(struct spool_job))));
	run(b);
	assert_int_equal(b->sealed, 2);
	assert_int_equal(b->disk.count, 2);
	end(b);
}

static void ring_keeps_the_newest(void **state)
{
	struct bench *b =
		begin(SPOOL_ROTATION, &(struct spool_limits){.frames = 10, .ring_files = 2});

	(void)state;
	write_frames(b, 50);
	assert_int_equal(b->sealed, 5);
	assert_int_equal(b->deleted, 3);
	expect_file(b, "/c/s-rot3.pcapng", -1, 0);
	expect_file(b, "/c/s-rot4.pcapng", 10, 31);
	expect_file(b, "/c/s-rot5.pcapng", 10, 41);
	end(b);
}

static void names_are_those_of_dumpcap(void **state)
{
	struct bench *b = begin(SPOOL_NUMBERED, &(struct spool_limits){.frames = 10});
	unsigned found = 0;

	(void)state;
	setenv("TZ", "UTC", 1);
	write_frames(b, 20);
	for (unsigned i = 0; i < b->disk.count; i++)
		found += strcmp(b->disk.file[i].path, i ? "/c/f_00002_20231114221320.pcapng"
							: "/c/f_00001_20231114221320.pcapng") == 0;
	assert_int_equal(found, 2);
	end(b);
	b = begin(SPOOL_SINGLE, &(struct spool_limits){0});
	write_frames(b, 20);
	spool_end(&b->spool);
	run(b);
	expect_file(b, "/c/f.pcapng", 20, 1);
	end(b);
}

/* One file was asked for: what follows a cut has another name, and the first stays as it is. */
static void a_cut_leaves_the_one_file_alone(void **state)
{
	struct bench *b = begin(SPOOL_SINGLE, &(struct spool_limits){0});

	(void)state;
	setenv("TZ", "UTC", 1);
	write_frames(b, 20);
	assert_true(spool_push(&b->spool, calloc(1, sizeof(struct spool_job))));
	run(b);
	write_frames(b, 10);
	spool_end(&b->spool);
	run(b);
	expect_file(b, "/c/f.pcapng", 20, 1);
	expect_file(b, "/c/f_00002_20231114221320.pcapng", 10, 21);
	end(b);
}

/* The disk fails at the Nth call, and for a while, for each N: in the end each frame is in a file.
 */
static void every_frame_once_whatever_fails(void **state)
{
	unsigned troubles = 0;

	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		struct bench *b = begin(SPOOL_ROTATION, &(struct spool_limits){.frames = 30});
		uint64_t first, id = 1;

		for (unsigned i = 0; i < 40; i++) {
			/* Three under way at once: those behind one that fails are refused. */
			uint64_t next = b->next;

			if (i == n) {
				b->disk.trouble = i % 2 ? -ENOSPC : -EIO;
				b->disk.calls = 1 + i % 4;
			}
			for (unsigned k = 0; k < 3; k++) {
				assert_true(spool_push(&b->spool, job_of(b, 7)));
				b->next += 7;
			}
			b->next = next;
			run(b);
		}
		troubles += b->troubles;
		spool_end(&b->spool);
		run(b);
		for (unsigned i = 1; i <= b->sealed; i++) {
			char path[64];
			int frames;

			snprintf(path, sizeof(path), "/c/s-rot%u.pcapng", i);
			frames = frames_of(b, path, &first);
			if (frames < 0) {
				strcat(path, ".part");
				frames = frames_of(b, path, &first);
			}
			assert_true(frames > 0);
			assert_int_equal(first, id);
			id += (unsigned)frames;
		}
		assert_true(id <= b->next && b->next > 1);
		end(b);
	}
	/* A full disk does not keep a file from being sealed, so not each shows. */
	assert_true(troubles > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_end_at_a_frame),
		cmocka_unit_test(files_end_at_a_size),
		cmocka_unit_test(files_end_at_a_time_and_when_asked),
		cmocka_unit_test(ring_keeps_the_newest),
		cmocka_unit_test(names_are_those_of_dumpcap),
		cmocka_unit_test(a_cut_leaves_the_one_file_alone),
		cmocka_unit_test(every_frame_once_whatever_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
