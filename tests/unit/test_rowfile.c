/* test_rowfile.c - rows on disk, by id
 *
 * Goal: a row is got as it was put, or not at all: never another one, never half of one. The newest
 * rows_max are there, what came again takes the place of what was, and who follows the rows gets
 * each as often as it changed after it was taken. What the disk does not take is lost and counted.
 *
 * Method: rows whose every part is told by their id and version, put by one thread, and looked at
 * by that or by another one meanwhile. A full disk is a limit of the file's size, with SIGXFSZ
 * ignored.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "os/rowfile.h"

#define TEXT 300u

/* Two hosts, that a frame is between; tcp, so that they are told apart. */
static void make_frame(unsigned char frame[54], unsigned a, unsigned b)
{
	static const unsigned char head[] = {2, 0, 0,	 0, 0, 1,  2, 0, 0, 0, 0,  2,
					     8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6};

	memset(frame, 0, 54);
	memcpy(frame, head, sizeof(head));
	memcpy(frame + 26, (unsigned char[]){10, 0, 0, (unsigned char)a}, 4);
	memcpy(frame + 30, (unsigned char[]){10, 0, 0, (unsigned char)b}, 4);
	frame[46] = 0x50;
}

/* Bytes of text, by id and version: of other lengths, too. */
static uint32_t text_of(uint64_t id, unsigned version, char text[TEXT])
{
	uint32_t n = (uint32_t)(id * 7 + version * 31) % TEXT;

	for (uint32_t i = 0; i < n; i++)
		text[i] = (char)('a' + (id + version + i) % 26);
	return n;
}

static void put(struct rowfile *r, uint64_t id, unsigned version)
{
	unsigned char frame[54];
	struct decoded d = {.id = id, .vm = "vm-1", .profile = version};
	char text[TEXT];
	uint32_t n = text_of(id, version, text);

	make_frame(frame, (unsigned)(id % 3) + 1, 9);
	basic_decode(&d.basic, frame, sizeof(frame));
	d.packet.len = (uint32_t)(id + version);
	d.packet.data = frame;
	if (version) {
		d.status = DECODED_TSHARK;
		d.fields = calloc(1, sizeof(*d.fields) + n);
		assert_non_null(d.fields);
		d.fields->field[1].n = n;
		memcpy(d.fields->text, text, n);
	} else {
		d.status = DECODED_PENDING;
	}
	rowfile_put(r, &d);
	free(d.fields);
}

/* Return: its version, after looking at all of it */
static unsigned look(const struct decoded *d, uint64_t id)
{
	char text[TEXT];
	unsigned version = d->profile;
	uint32_t n = text_of(id, version, text);

	assert_int_equal(d->id, id);
	assert_string_equal(d->vm, "vm-1");
	assert_int_equal(d->packet.len, id + version);
	assert_null(d->packet.data);
	assert_null(d->segment);
	assert_int_equal(d->fields != NULL, version != 0);
	if (d->fields) {
		assert_int_equal(d->fields->field[1].n, n);
		assert_memory_equal(d->fields->text, text, n);
	}
	return version;
}

/* Return: the version of row @id, or -1 */
static int version_of(struct rowfile *r, uint64_t id)
{
	struct decoded d;
	int version;

	if (!rowfile_get(r, id, &d))
		return -1;
	version = (int)look(&d, id);
	free(d.fields);
	return version;
}

static struct rowfile *fresh(uint32_t rows_max)
{
	struct rowfile *r = malloc(sizeof(*r));

	assert_non_null(r);
	assert_int_equal(rowfile_init(r, rows_max), 0);
	return r;
}

static void end(struct rowfile *r)
{
	rowfile_done(r);
	free(r);
}

static void rows_are_as_they_were_put(void **state)
{
	struct rowfile *r = fresh(0);
	uint64_t first, head;

	(void)state;
	rowfile_range(r, &first, &head);
	assert_int_equal(first, 1);
	assert_int_equal(head, 1);
	assert_int_equal(version_of(r, 0), -1);
	assert_int_equal(version_of(r, 1), -1);
	/* More than the buffer holds: from memory and from the file. */
	for (uint64_t id = 1; id <= 5000; id++)
		put(r, id, id % 3 != 0);
	for (uint64_t id = 1; id <= 5000; id++)
		assert_int_equal(version_of(r, id), id % 3 != 0);
	rowfile_range(r, &first, &head);
	assert_int_equal(first, 1);
	assert_int_equal(head, 5001);
	assert_int_equal(version_of(r, 5001), -1);
	assert_int_equal(version_of(r, UINT64_MAX), -1);
	assert_int_equal(rowfile_lost(r), 0);
	end(r);
}

static void the_newest_are_kept(void **state)
{
	struct rowfile *r = fresh(100);
	uint64_t first, head;

	(void)state;
	for (uint64_t id = 1; id <= 1234; id++)
		put(r, id, 1);
	rowfile_range(r, &first, &head);
	assert_int_equal(first, 1135);
	assert_int_equal(head, 1235);
	for (uint64_t id = 1; id < 1235; id++)
		assert_int_equal(version_of(r, id), id < 1135 ? -1 : 1);
	/* One that has gone does not come back. */
	put(r, 1000, 2);
	assert_int_equal(version_of(r, 1000), -1);
	assert_int_equal(version_of(r, 1200), 1);
	end(r);
}

static void holes_have_no_row(void **state)
{
	struct rowfile *r = fresh(100);
	uint64_t first, head;

	(void)state;
	for (uint64_t id = 2; id <= 80; id += 2)
		put(r, id, 1);
	for (uint64_t id = 1; id <= 80; id++)
		assert_int_equal(version_of(r, id), id % 2 ? -1 : 1);
	/* One comes late. */
	put(r, 7, 1);
	assert_int_equal(version_of(r, 7), 1);
	/* A jump over more than there is room for, at once. */
	put(r, UINT64_C(1) << 30, 1);
	rowfile_range(r, &first, &head);
	assert_int_equal(head, (UINT64_C(1) << 30) + 1);
	assert_int_equal(head - first, 100);
	for (uint64_t id = first; id + 1 < head; id++)
		assert_int_equal(version_of(r, id), -1);
	assert_int_equal(version_of(r, head - 1), 1);
	assert_int_equal(version_of(r, 7), -1);
	end(r);
}

static void who_follows_is_told(void **state)
{
	struct rowfile *r = fresh(1000);
	struct decoded d;
	bool missed;

	(void)state;
	put(r, 1, 0);
	put(r, 2, 0);
	put(r, 3, 0);
	/* Before it was taken, nothing is told: it is taken as it is then. */
	put(r, 2, 1);
	assert_false(rowfile_again(r, &d, &missed));
	for (uint64_t id = 1; id <= 3; id++) {
		assert_true(rowfile_take(r, id, &d));
		assert_int_equal(look(&d, id), id == 2);
		free(d.fields);
	}
	assert_false(rowfile_again(r, &d, &missed));
	/* Twice before it is taken once more: told once. */
	put(r, 3, 1);
	put(r, 3, 2);
	put(r, 1, 1);
	assert_true(rowfile_again(r, &d, &missed));
	assert_int_equal(look(&d, 3), 2);
	free(d.fields);
	assert_true(rowfile_again(r, &d, &missed));
	assert_int_equal(look(&d, 1), 1);
	free(d.fields);
	assert_false(rowfile_again(r, &d, &missed));
	assert_false(missed);
	/* From the first on again. */
	put(r, 1, 2);
	rowfile_follow(r);
	put(r, 3, 3);
	assert_false(rowfile_again(r, &d, &missed));
	end(r);
}

static void too_many_to_tell_are_missed(void **state)
{
	struct rowfile *r = fresh(0);
	struct decoded d;
	unsigned told = 0;
	bool missed, any = false;

	(void)state;
	for (uint64_t id = 1; id <= ROWFILE_AGAIN_MAX + 5; id++) {
		put(r, id, 0);
		assert_true(rowfile_take(r, id, &d));
		put(r, id, 1);
	}
	while (rowfile_again(r, &d, &missed)) {
		any |= missed;
		told++;
		free(d.fields);
	}
	assert_true(any);
	assert_int_equal(told, ROWFILE_AGAIN_MAX);
	assert_false(rowfile_again(r, &d, &missed));
	assert_false(missed);
	end(r);
}

static void frames_of_two_hosts(void **state)
{
	struct rowfile *r = fresh(1000);
	uint64_t ids[400];
	size_t n;

	(void)state;
	/* Those of an id's remainder by 3 are between the same two. */
	for (uint64_t id = 1; id <= 900; id++)
		put(r, id, 1);
	n = rowfile_pair(r, 30, 1, 400, ids, 400);
	assert_int_equal(n, 300);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ids[i], 3 * (i + 1));
	/* The nearest ones: up to a frame, and with some behind it. */
	for (size_t after = 0; after < 4; after++) {
		n = rowfile_pair(r, 31, 1, after, ids, 4);
		assert_int_equal(n, 4);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(ids[i], 22 + 3 * (i + after));
	}
	/* Where there are none behind it, there are more before; the frame itself is always there.
	 */
	n = rowfile_pair(r, 4, 1, 3, ids, 9);
	assert_int_equal(n, 5);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[4], 13);
	n = rowfile_pair(r, 4, 3, 3, ids, 9);
	assert_int_equal(n, 4);
	assert_int_equal(ids[0], 4);
	n = rowfile_pair(r, 898, 1, 4, ids, 8);
	assert_int_equal(n, 8);
	assert_int_equal(ids[7], 898);
	assert_int_equal(rowfile_pair(r, 31, 1, 400, ids, 1), 1);
	assert_int_equal(ids[0], 31);
	assert_int_equal(rowfile_pair(r, 31, 1, 400, ids, 0), 0);
	assert_int_equal(rowfile_pair(r, 901, 1, 400, ids, 400), 0);
	assert_int_equal(rowfile_pair(r, 0, 1, 400, ids, 400), 0);
	/* No row, no pair: not with those that have none either. */
	put(r, 905, 1);
	assert_int_equal(rowfile_pair(r, 903, 1, 400, ids, 400), 0);
	end(r);
}

/* ---- a full disk ---- */

static void a_full_disk_loses_rows_and_says_so(void **state)
{
	struct rowfile *r = fresh(0);
	struct rlimit before, limit;
	uint64_t there = 0, last = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	/* In the middle of a row, as like as not: tried at many places. */
	for (unsigned k = 0; k < 5; k++) {
		limit.rlim_cur = 1000000 + 100 * k;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		end(r);
		r = fresh(0);
		for (uint64_t id = 1; id <= 8000; id++)
			put(r, id, 1);
		there = 0;
		for (uint64_t id = 1; id <= 8000; id++) {
			int version = version_of(r, id);

			assert_true(version == 1 || version == -1);
			there += version == 1;
		}
		assert_true(there > 100);
		assert_true(rowfile_lost(r) > 1000);
		assert_int_equal(there + rowfile_lost(r), 8000);
	}
	/* With room again, all is kept again. */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	last = rowfile_lost(r);
	for (uint64_t id = 8001; id <= 10000; id++)
		put(r, id, 1);
	for (uint64_t id = 8001; id <= 10000; id++)
		assert_int_equal(version_of(r, id), 1);
	assert_int_equal(rowfile_lost(r), last);
	end(r);
}

/* More than is given back at a time, with the oldest row put again at the very end: all that is
 * kept must stay. */
static void what_is_kept_is_not_given_back(void **state)
{
	struct rowfile *r = fresh(20000);
	uint64_t id = 1, first, head;

	(void)state;
	while (r->end < 3 * (uint64_t)ROWFILE_GIVE_BACK / 2) {
		put(r, id, 1);
		if (id > 20000 && id % 5000 == 0) {
			rowfile_range(r, &first, &head);
			put(r, first, 2);
		}
		id++;
	}
	rowfile_range(r, &first, &head);
	/* Until the place of the first is far behind all others, when it is looked for. */
	for (uint64_t looked = r->look_at; looked == r->look_at;)
		put(r, first, 2);
	for (uint64_t at = first; at < head; at++)
		assert_int_equal(version_of(r, at), at == first ? 2 : 1);
#ifdef __linux__
	assert_true(r->given_back > 0);
#endif
	end(r);
}

/* ---- threads ---- */

#define THREAD_ROWS 20000u

struct reading {
	struct rowfile *r;
	atomic_bool over;
	uint64_t seen, wrong, counted;
	unsigned char version[THREAD_ROWS + 1]; /* as it was followed; 255: not taken */
};

/* assert_*() jump, which another thread must not. */
static bool is_right(const struct decoded *d, uint64_t id)
{
	char text[TEXT];
	uint32_t n = text_of(id, d->profile, text);

	return d->id == id && d->packet.len == id + d->profile &&
	       (d->fields != NULL) == (d->profile != 0) &&
	       (!d->fields || (d->fields->field[1].n == n && !memcmp(d->fields->text, text, n)));
}

static void *read_any(void *ctx)
{
	struct reading *g = ctx;
	uint64_t seed = 1, first, head, ids[16];
	struct decoded d;

	while (!atomic_load(&g->over)) {
		rowfile_range(g->r, &first, &head);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (head == first)
			continue;
		uint64_t id = first + (seed >> 33) % (head - first);

		if (rowfile_get(g->r, id, &d)) {
			g->seen++;
			g->wrong += !is_right(&d, id);
			free(d.fields);
		}
		for (size_t n = rowfile_pair(g->r, id, 1, 8, ids, 16); n--;)
			g->wrong += ids[n] < first;
	}
	return NULL;
}

static void *follow(void *ctx)
{
	struct reading *g = ctx;
	uint64_t next = 1, first, head;
	struct decoded d;
	bool over, missed;

	do {
		over = atomic_load(&g->over);
		while (rowfile_again(g->r, &d, &missed)) {
			/* What is told again had been taken, in an older version. */
			g->wrong += missed || d.id >= next || g->version[d.id] >= d.profile;
			g->wrong += !is_right(&d, d.id);
			g->version[d.id] = (unsigned char)d.profile;
			free(d.fields);
		}
		rowfile_range(g->r, &first, &head);
		for (; next < head; next++) {
			if (!rowfile_take(g->r, next, &d))
				continue;
			g->counted++;
			g->version[next] = (unsigned char)d.profile;
			free(d.fields);
		}
	} while (!over);
	while (rowfile_again(g->r, &d, &missed)) {
		g->version[d.id] = (unsigned char)d.profile;
		free(d.fields);
	}
	return NULL;
}

static void readers_against_the_writer(void **state)
{
	struct rowfile *r = fresh(0);
	struct reading *any = calloc(1, sizeof(*any)), *all = calloc(1, sizeof(*all));
	pthread_t thread[2];

	(void)state;
	assert_non_null(any);
	assert_non_null(all);
	any->r = all->r = r;
	assert_int_equal(pthread_create(&thread[0], NULL, read_any, any), 0);
	assert_int_equal(pthread_create(&thread[1], NULL, follow, all), 0);
	for (uint64_t id = 1; id <= THREAD_ROWS; id++) {
		put(r, id, 0);
		if (id > 64 && id % 2)
			put(r, id - 64, 1);
		if (id % 10 == 0)
			put(r, id, 2);
	}
	atomic_store(&any->over, true);
	atomic_store(&all->over, true);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	assert_int_equal(any->wrong, 0);
	assert_int_equal(all->wrong, 0);
	assert_int_equal(all->counted, THREAD_ROWS);
	/* Who followed has the last version of each. */
	for (uint64_t id = 1; id <= THREAD_ROWS; id++)
		assert_int_equal(all->version[id], version_of(r, id));
	free(any);
	free(all);
	end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_as_they_were_put),
		cmocka_unit_test(the_newest_are_kept),
		cmocka_unit_test(holes_have_no_row),
		cmocka_unit_test(who_follows_is_told),
		cmocka_unit_test(too_many_to_tell_are_missed),
		cmocka_unit_test(frames_of_two_hosts),
		cmocka_unit_test(a_full_disk_loses_rows_and_says_so),
		cmocka_unit_test(what_is_kept_is_not_given_back),
		cmocka_unit_test(readers_against_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
