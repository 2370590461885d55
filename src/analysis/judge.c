/* judge.c - verdicts from what tshark took and printed */
#include "analysis/judge.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "feed/pcap_record.h"

int judge_init(struct judge *j, struct matches *matches)
{
	*j = (struct judge){.matches = matches, .from = 1, .next = 1, .bytes = PCAP_FILE_BYTES};
	j->fed = calloc(JUDGE_FED_MAX, sizeof(*j->fed));
	return j->fed ? 0 : -ENOMEM;
}

void judge_done(struct judge *j)
{
	free(j->fed);
	j->fed = NULL;
}

static struct judge_fed *at(const struct judge *j, uint64_t i)
{
	return &j->fed[i % JUDGE_FED_MAX];
}

static void publish(struct judge *j)
{
	matches_judge(j->matches, j->head == j->tail ? j->next : at(j, j->tail)->id);
}

/* Whether a frame is fed by itself. */
static bool careful(const struct judge *j, uint64_t id)
{
	return id >= j->from && id <= j->careful_to;
}

bool judge_may_feed(const struct judge *j, uint64_t taken)
{
	if (j->head - j->tail == JUDGE_FED_MAX)
		return false;
	if (j->head == 0 || taken == j->bytes)
		return true;
	/* Nor is what comes after such a frame fed before that is taken. */
	return !careful(j, j->next) && !careful(j, at(j, j->head - 1)->id);
}

bool judge_is_out(const struct judge *j, uint64_t id)
{
	for (unsigned i = 0; i < j->outs; i++) {
		if (j->out[i] == id)
			return true;
	}
	return false;
}

void judge_fed(struct judge *j, uint64_t id, uint64_t bytes)
{
	check(id == j->next && j->head - j->tail < JUDGE_FED_MAX);
	j->bytes += bytes;
	*at(j, j->head++) = (struct judge_fed){.id = id, .end = j->bytes};
	j->next++;
}

void judge_skip(struct judge *j)
{
	j->next++;
	publish(j);
}

bool judge_line(struct judge *j, uint64_t number)
{
	/* Numbers count what was fed; the tail is the first that may still be printed. */
	if (number <= j->tail || number > j->head)
		return false;
	j->tail = number - 1;
	if (at(j, j->tail)->id >= j->from)
		matches_add(j->matches, at(j, j->tail)->id);
	j->tail++;
	publish(j);
	return true;
}

void judge_taken(struct judge *j, uint64_t taken)
{
	uint64_t before = j->tail;

	j->taken = taken;
	while (j->tail < j->head) {
		const struct judge_fed *fed = at(j, j->tail);

		/* One at a time there is nothing that its reader could hold beside it. */
		if (fed->end + (careful(j, fed->id) ? 0 : JUDGE_AHEAD) >= taken)
			break;
		j->tail++;
	}
	if (j->tail != before)
		publish(j);
}

void judge_all(struct judge *j)
{
	if (j->tail == j->head)
		return;
	j->tail = j->head;
	publish(j);
}

uint64_t judge_unjudged(const struct judge *j)
{
	return j->head - j->tail;
}

/* The first that is neither context nor judged. Return: index in the ring, or its head */
static uint64_t first_unjudged(const struct judge *j)
{
	uint64_t i = j->tail;

	while (i < j->head && at(j, i)->id < j->from)
		i++;
	return i;
}

/* Whether it died on the carefully fed frame at @i: what was fed before it has been done once it is
 * taken; had it been done itself, the one after it would be taken. */
static bool is_guilty(const struct judge *j, uint64_t i)
{
	return careful(j, at(j, i)->id) && (i == 0 || j->taken > at(j, i - 1)->end);
}

bool judge_restart(struct judge *j, bool died, uint64_t *left_out)
{
	uint64_t i = first_unjudged(j);
	uint64_t first = i < j->head ? at(j, i)->id : j->next;

	*left_out = 0;
	if (died && i < j->head) {
		if (is_guilty(j, i)) {
			if (j->outs == JUDGE_OUT_MAX)
				return false;
			j->out[j->outs++] = *left_out = first;
		}
		if (j->careful_to < at(j, j->head - 1)->id)
			j->careful_to = at(j, j->head - 1)->id;
	}
	/* On what it got through before: nobody is to blame, and it may not go on for ever. */
	j->futile = died && !*left_out && first <= j->from ? j->futile + 1 : 0;
	if (j->futile > JUDGE_FUTILE_MAX)
		return false;
	j->from = first > j->from ? first : j->from;
	j->next = j->from > JUDGE_CONTEXT ? j->from - JUDGE_CONTEXT : 1;
	j->head = j->tail = 0;
	j->bytes = PCAP_FILE_BYTES;
	j->taken = 0;
	return true;
}
