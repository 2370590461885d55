/* test_shrink.c - the search for the smallest capture
 *
 * Goal: what is left still does it, and nothing of it can go: no frame, no byte, no byte that is
 * not 0. It takes few tries where one frame of ten thousand matters, ends for any verdicts, and
 * comes to the same whether tries are made one by one or several ahead.
 *
 * Method: captures from capture_image.h, verdicts by functions that read the candidate with
 * capfile. What is left is then tried by brute force.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "shrink/shrink.h"
#include "unit/capture_image.h"
#include "unit/specimen_image.h"

#define ALL	    ((1u << SHRINK_STAGES) - 1)
#define FRAME_BYTES 40u

/* ---- verdicts ---- */

/* Whether all marks are there, each in a frame of its own number or a later one, in order. */
struct marks {
	const char *mark[8];
	unsigned count;
	uint64_t asked;
};

static bool has_marks(struct marks *m, const struct buf *candidate)
{
	struct bytes b;
	struct capfile *c = opened(&b, candidate->p, candidate->n);
	struct capfile_frame f;
	unsigned found = 0;
	struct err err;

	m->asked++;
	while (capfile_next(c, &f, &err) == CAPFILE_FRAME) {
		if (found < m->count &&
		    memmem(f.data, f.caplen, m->mark[found], strlen(m->mark[found])))
			found++;
	}
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	capfile_close(c);
	return found == m->count;
}

/* By no rule but the same each time: about one candidate in three. */
static bool any_verdict(struct marks *m, const struct buf *candidate)
{
	m->asked++;
	return shrink_hash(candidate) % 3 == 0;
}

typedef bool verdict(struct marks *m, const struct buf *candidate);

/* ---- searching ---- */

static void search(struct shrink *s, struct shrink_try *t, verdict *asks, struct marks *m)
{
	struct buf candidate = {0};
	struct err err;

	assert_true(shrink_empty(s, &candidate, &err));
	shrink_remember(s, shrink_hash(&candidate));
	while (!shrink_over(t)) {
		assert_true(shrink_candidate(s, t, &candidate, &err));
		if (shrink_tried(s, shrink_hash(&candidate))) {
			shrink_next(s, t);
		} else if (asks(m, &candidate)) {
			shrink_success(s, t);
		} else {
			shrink_remember(s, shrink_hash(&candidate));
			shrink_next(s, t);
		}
	}
	buf_done(&candidate);
}

/* Looks @ahead tries ahead, asks them last first, and takes the first that reproduces. */
static void search_ahead(struct shrink *s, struct shrink_try *t, struct marks *m, unsigned ahead)
{
	struct shrink_try tries[8];
	struct buf candidate = {0};
	struct err err;

	assert_true(ahead <= 8);
	while (!shrink_over(t)) {
		unsigned n = 0, first = ahead;

		for (; n < ahead && !shrink_over(t); n++) {
			tries[n] = *t;
			shrink_next(s, t);
		}
		for (unsigned i = n; i-- > 0;) {
			assert_true(shrink_candidate(s, &tries[i], &candidate, &err));
			if (has_marks(m, &candidate))
				first = i;
		}
		if (first < ahead) {
			*t = tries[first];
			shrink_success(s, t);
		}
	}
	buf_done(&candidate);
}

static unsigned below(struct sim_random *r, unsigned n)
{
	return (unsigned)random_range(r, 0, n - 1);
}

/* Ethernet frames of @flows conversations, the bytes never 0 and never a letter. */
static void make_frames(struct image *i, unsigned count, unsigned flows, struct sim_random *r,
			const char *const marks[], const unsigned at[], unsigned mark_count)
{
	unsigned char data[FRAME_BYTES];

	image_pcap(i, PCAP_US, 2, 4, 1);
	for (unsigned n = 0; n < count; n++) {
		for (unsigned k = 0; k < FRAME_BYTES; k++)
			data[k] = (unsigned char)(1 + below(r, 40));
		data[0] = data[6] = 2;
		data[11] = (unsigned char)(1 + below(r, flows));
		data[12] = 0x88;
		data[13] = 0xb5;
		for (unsigned k = 0; k < mark_count; k++) {
			if (at[k] == n)
				memcpy(data + 20, marks[k], strlen(marks[k]));
		}
		image_record(i, n, n, FRAME_BYTES, FRAME_BYTES + n % 2, data, FRAME_BYTES);
	}
}

/* ---- brute force ---- */

struct one {
	const struct specimen *s;
	size_t item;
	uint32_t byte;
	enum {
		DROP,
		CUT,
		ZERO
	} what;
};

static void edit_one(void *ctx, size_t index, struct specimen_edit *e)
{
	const struct one *o = ctx;

	if (index != o->item)
		return;
	if (o->what == DROP) {
		e->gone = true;
	} else if (o->what == CUT) {
		e->cut_at = o->byte;
		e->cut_bytes = 1;
		e->len--;
	} else {
		e->zero_at = o->byte;
		e->zero_bytes = 1;
	}
}

static void expect_minimal(const struct specimen *s, struct marks *m)
{
	struct buf candidate = {0};
	struct one o = {.s = s};
	struct err err;

	assert_true(specimen_write(s, NULL, NULL, &candidate, &err));
	assert_true(has_marks(m, &candidate));
	for (o.item = 0; o.item < s->count; o.item++) {
		o.what = DROP;
		assert_true(specimen_write(s, edit_one, &o, &candidate, &err));
		assert_false(has_marks(m, &candidate));
		assert_int_equal(s->items[o.item].len, s->items[o.item].caplen);
		for (o.byte = 0; o.byte < s->items[o.item].caplen; o.byte++) {
			o.what = CUT;
			assert_true(specimen_write(s, edit_one, &o, &candidate, &err));
			assert_false(has_marks(m, &candidate));
			o.what = ZERO;
			assert_true(specimen_write(s, edit_one, &o, &candidate, &err));
			assert_false(has_marks(m, &candidate));
		}
	}
	buf_done(&candidate);
}

/* ---- tests ---- */

static void one_frame_of_ten_thousand(void **state)
{
	struct marks m = {.mark = {"MARK"}, .count = 1};
	const unsigned at[] = {6173};
	struct sim_random r = {.state = 7};
	struct image i = {0};
	struct specimen specimen;
	struct shrink_try t;
	struct shrink s;

	(void)state;
	make_frames(&i, 10000, 200, &r, m.mark, at, 1);
	specimen_of(&specimen, &i);
	assert_int_equal(specimen.frames, 10000);
	assert_true(shrink_init(&s, &specimen, ALL, &t));
	search(&s, &t, has_marks, &m);
	assert_int_equal(specimen.count, 1);
	assert_int_equal(specimen.items[0].caplen, 4);
	assert_memory_equal(specimen_data(&specimen, &specimen.items[0]), "MARK", 4);
	expect_minimal(&specimen, &m);
	/* 2 log2 of flows, frames and bytes each, and a few for each byte that stays. */
	assert_in_range(m.asked, 1, 120);
	shrink_done(&s);
	specimen_done(&specimen);
	image_done(&i);
}

static void what_is_left_is_minimal(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 60; seed++) {
		struct marks m = {.mark = {"AB", "C", "DEFG", "HI"}};
		struct sim_random r = {.state = seed};
		struct image i = {0};
		struct specimen specimen;
		struct shrink_try t;
		struct shrink s;
		unsigned at[4], bytes = 0;

		m.count = 1 + below(&r, 4);
		for (unsigned k = 0; k < m.count; k++) {
			at[k] = 5 * k + below(&r, 5);
			bytes += (unsigned)strlen(m.mark[k]);
		}
		make_frames(&i, 20, 1 + below(&r, 9), &r, m.mark, at, m.count);
		specimen_of(&specimen, &i);
		assert_true(shrink_init(&s, &specimen, ALL, &t));
		search(&s, &t, has_marks, &m);
		assert_int_equal(specimen.frames, m.count);
		assert_int_equal(specimen_bytes(&specimen), bytes);
		expect_minimal(&specimen, &m);
		shrink_done(&s);
		specimen_done(&specimen);
		image_done(&i);
	}
}

static void looking_ahead_comes_to_the_same(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct marks m = {.mark = {"AB", "C", "DE"}, .count = 3};
		const unsigned at[] = {seed % 7, 8, 17};
		struct specimen one, several;
		struct buf a = {0}, b = {0};
		struct sim_random r = {.state = seed};
		struct image i = {0};
		struct shrink_try t;
		struct shrink s;
		struct err err;

		make_frames(&i, 20, 4, &r, m.mark, at, 3);
		specimen_of(&one, &i);
		specimen_of(&several, &i);
		assert_true(shrink_init(&s, &one, ALL, &t));
		search(&s, &t, has_marks, &m);
		shrink_done(&s);
		assert_true(shrink_init(&s, &several, ALL, &t));
		search_ahead(&s, &t, &m, 2 + seed % 6);
		shrink_done(&s);
		assert_true(specimen_write(&one, NULL, NULL, &a, &err));
		assert_true(specimen_write(&several, NULL, NULL, &b, &err));
		assert_int_equal(a.n, b.n);
		assert_memory_equal(a.p, b.p, a.n);
		buf_done(&a);
		buf_done(&b);
		specimen_done(&one);
		specimen_done(&several);
		image_done(&i);
	}
}

/* Verdicts without rhyme or reason still come to an end, and each success was one. */
static void any_verdicts_end(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 100; seed++) {
		struct marks m = {0};
		struct sim_random r = {.state = seed};
		struct image i = {0};
		struct specimen specimen;
		struct shrink_try t;
		struct shrink s;

		make_frames(&i, 12, 3, &r, NULL, NULL, 0);
		specimen_of(&specimen, &i);
		assert_true(shrink_init(&s, &specimen, ALL, &t));
		search(&s, &t, any_verdict, &m);
		assert_true(s.successes > 0 && m.asked < 20000);
		shrink_done(&s);
		specimen_done(&specimen);
		image_done(&i);
	}
}

static void stages_can_be_left_out(void **state)
{
	struct marks m = {.mark = {"MARK"}, .count = 1};
	const unsigned at[] = {5};
	struct sim_random r = {.state = 7};
	struct image i = {0};
	struct specimen specimen;
	struct shrink_try t;
	struct shrink s;

	(void)state;
	make_frames(&i, 20, 3, &r, m.mark, at, 1);
	specimen_of(&specimen, &i);
	assert_true(shrink_init(&s, &specimen, 1u << SHRINK_FLOWS | 1u << SHRINK_FRAMES, &t));
	search(&s, &t, has_marks, &m);
	assert_int_equal(specimen.frames, 1);
	assert_int_equal(specimen.items[0].caplen, FRAME_BYTES);
	assert_int_equal(specimen.items[0].len, FRAME_BYTES + 1);
	shrink_done(&s);
	assert_true(shrink_init(&s, &specimen, 0, &t));
	assert_true(shrink_over(&t));
	shrink_done(&s);
	specimen_done(&specimen);
	image_done(&i);
}

static void what_was_tried_is_known(void **state)
{
	struct specimen specimen = {0};
	struct shrink_try t;
	struct shrink s;

	(void)state;
	assert_true(shrink_init(&s, &specimen, ALL, &t));
	assert_true(shrink_over(&t));
	for (uint64_t hash = 1; hash <= 1000; hash++) {
		assert_false(shrink_tried(&s, hash << 21));
		shrink_remember(&s, hash << 21);
		assert_true(shrink_tried(&s, hash << 21));
	}
	assert_int_equal(s.tried_count, 1000);
	shrink_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_frame_of_ten_thousand),
		cmocka_unit_test(what_is_left_is_minimal),
		cmocka_unit_test(looking_ahead_comes_to_the_same),
		cmocka_unit_test(any_verdicts_end),
		cmocka_unit_test(stages_can_be_left_out),
		cmocka_unit_test(what_was_tried_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
