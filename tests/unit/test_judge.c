/* test_judge.c - who is judged when, and who is left out
 *
 * Goal: whatever tshark does, the matches are those of the frames that it could judge; no frame is
 * called hidden that it shows later; frames that end it each time are found, each by itself, and no
 * other is left out; the frames before are fed anew, and not heard.
 *
 * Method: a model of tshark behind a pipe of some size reads ahead as wiretap does, prints at once,
 * dies on some frames, hangs on others, dies for no reason; and a loop feeds it as os/sieve does.
 * Seeds choose all of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/judge.h"
#include "base/mix.h"
#include "feed/pcap_record.h"

#define FRAMES	  3000u
#define PIPE	  (64u << 10)
#define READ_SIZE 131075u

struct world {
	uint64_t seed;
	struct matches matches;
	struct judge judge;
	bool poison[FRAMES + 1];
	/* The process: what it was fed, in order */
	uint64_t id[2 * FRAMES + JUDGE_CONTEXT], end[2 * FRAMES + JUDGE_CONTEXT];
	uint64_t fed; /* records */
	uint64_t written, taken;
	uint64_t at; /* record that it works on */
	uint64_t printed[2 * FRAMES + JUDGE_CONTEXT], prints, heard;
	unsigned deaths, chance;
};

static uint64_t draw(struct world *w, uint64_t n)
{
	w->seed += 0x9e3779b97f4a7c15;
	return mix64(w->seed) % n;
}

static bool shows(uint64_t id)
{
	return mix64(id) % 3 == 0;
}

static uint64_t bytes_of(uint64_t id)
{
	return PCAP_RECORD_BYTES + 60 + mix64(id + 1) % 1400;
}

static void reset(struct world *w)
{
	w->fed = w->at = w->prints = w->heard = 0;
	w->written = w->taken = 0;
}

/* It takes what is in the pipe, and works on some whole records. Return: whether it lives */
static bool process(struct world *w)
{
	uint64_t work = 1 + draw(w, 40);

	for (; work; work--) {
		uint64_t have = w->at < w->fed ? w->end[w->at] : UINT64_MAX;

		/* It reads when it needs more than it has. */
		if (have > w->taken) {
			if (w->taken == w->written)
				return true;
			w->taken = w->written - w->taken > READ_SIZE ? w->taken + READ_SIZE
								     : w->written;
			if (have > w->taken)
				return true;
		}
		if (w->poison[w->id[w->at]] || (w->chance && draw(w, w->chance) == 0))
			return false;
		if (shows(w->id[w->at]))
			w->printed[w->prints++] = w->at + 1;
		w->at++;
	}
	return true;
}

static void hear(struct world *w)
{
	while (w->heard < w->prints)
		assert_true(judge_line(&w->judge, w->printed[w->heard++]));
}

static void feed(struct world *w)
{
	uint64_t count = draw(w, 60);

	while (count-- && w->judge.next <= FRAMES && judge_may_feed(&w->judge, w->taken) &&
	       w->written - w->taken < PIPE) {
		uint64_t id = w->judge.next;

		if (judge_is_out(&w->judge, id)) {
			judge_skip(&w->judge);
			continue;
		}
		if (!w->written)
			w->written = PCAP_FILE_BYTES;
		w->written += bytes_of(id);
		judge_fed(&w->judge, id, bytes_of(id));
		w->id[w->fed] = id;
		w->end[w->fed++] = w->written;
	}
}

/* Nothing that is called hidden may be shown; nothing left out was innocent. */
static void check_world(struct world *w)
{
	for (uint64_t id = 1; id <= FRAMES; id++) {
		if (matches_has(&w->matches, id) == MATCH_NO)
			assert_true(!shows(id) || judge_is_out(&w->judge, id));
		if (matches_has(&w->matches, id) == MATCH_YES)
			assert_true(shows(id));
	}
	for (unsigned i = 0; i < w->judge.outs && !w->chance; i++)
		assert_true(w->poison[w->judge.out[i]]);
}

static void run_world(uint64_t seed, unsigned poisons, unsigned chance)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t out;

	assert_non_null(w);
	w->seed = seed;
	w->chance = chance;
	assert_int_equal(matches_init(&w->matches), 0);
	assert_int_equal(judge_init(&w->judge, &w->matches), 0);
	for (unsigned i = 0; i < poisons; i++)
		w->poison[1 + draw(w, FRAMES)] = true;
	for (unsigned steps = 0; w->judge.next <= FRAMES || judge_unjudged(&w->judge); steps++) {
		bool lives;

		assert_true(steps < 10000000);
		feed(w);
		lives = process(w);
		/* As os/sieve: what it printed before it took so much comes first. */
		hear(w);
		judge_taken(&w->judge, w->taken);
		if (steps % 64 == 0)
			check_world(w);
		if (!lives) {
			w->deaths++;
			assert_true(judge_restart(&w->judge, true, &out));
			reset(w);
		} else if (w->taken == w->written && w->at == w->fed) {
			judge_all(&w->judge);
		} else if (!w->chance && draw(w, 200) == 0 && w->at == w->fed) {
			/* Ended well, as it has grown. */
			judge_all(&w->judge);
			assert_true(judge_restart(&w->judge, false, &out));
			assert_int_equal(out, 0);
			reset(w);
		}
	}
	check_world(w);
	for (uint64_t id = 1; id <= FRAMES; id++)
		assert_int_not_equal(matches_has(&w->matches, id), MATCH_UNKNOWN);
	if (!chance) {
		unsigned poisoned = 0;

		for (uint64_t id = 1; id <= FRAMES; id++)
			poisoned += w->poison[id];
		assert_int_equal(w->judge.outs, poisoned);
	}
	judge_done(&w->judge);
	matches_done(&w->matches);
	free(w);
}

static void test_all_is_judged(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++)
		run_world(seed, 0, 0);
}

static void test_poison_is_found(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++)
		run_world(seed, 1 + (unsigned)(seed % 8), 0);
}

/* It dies now and then, on any frame: twice in a row on the same is rare, and bounded. */
static void test_chance_goes_on(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++)
		run_world(seed, 0, 20000);
}

static void test_gives_up(void **state)
{
	struct matches m;
	struct judge j;
	uint64_t out;

	(void)state;
	assert_int_equal(matches_init(&m), 0);
	assert_int_equal(judge_init(&j, &m), 0);
	for (unsigned i = 0; i < JUDGE_OUT_MAX; i++) {
		judge_fed(&j, i + 1, 100);
		/* The first time it is only suspected. */
		assert_true(judge_restart(&j, true, &out));
		assert_int_equal(out, 0);
		for (uint64_t id = 1; id <= i; id++)
			judge_skip(&j);
		judge_fed(&j, i + 1, 100);
		assert_true(judge_restart(&j, true, &out));
		assert_int_equal(out, i + 1);
		for (uint64_t id = 1; id <= i + 1; id++) {
			assert_true(judge_is_out(&j, id));
			judge_skip(&j);
		}
	}
	judge_fed(&j, JUDGE_OUT_MAX + 1, 100);
	assert_true(judge_restart(&j, true, &out));
	for (uint64_t id = 1; id <= JUDGE_OUT_MAX; id++)
		judge_skip(&j);
	judge_fed(&j, JUDGE_OUT_MAX + 1, 100);
	assert_false(judge_restart(&j, true, &out));
	judge_done(&j);
	matches_done(&m);
}

static void test_numbers_that_it_cannot_print(void **state)
{
	struct matches m;
	struct judge j;

	(void)state;
	assert_int_equal(matches_init(&m), 0);
	assert_int_equal(judge_init(&j, &m), 0);
	judge_fed(&j, 1, 100);
	judge_fed(&j, 2, 100);
	assert_false(judge_line(&j, 0));
	assert_false(judge_line(&j, 3));
	assert_true(judge_line(&j, 2));
	assert_false(judge_line(&j, 1));
	assert_false(judge_line(&j, 2));
	assert_int_equal(matches_has(&m, 1), MATCH_NO);
	assert_int_equal(matches_has(&m, 2), MATCH_YES);
	judge_done(&j);
	matches_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_judged),
		cmocka_unit_test(test_poison_is_found),
		cmocka_unit_test(test_chance_goes_on),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_numbers_that_it_cannot_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
