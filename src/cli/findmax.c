/* findmax.c - the trials of a search */
#include "cli/findmax.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "cli/add.h"
#include "cli/cli.h"
#include "cli/send.h"
#include "cli/session.h"
#include "search.h"

static const char *const loss_names[] = {"any", "dropped", "skipped"};

/* Frames a second. */
static uint64_t achieved(const struct trial *t, uint64_t trial_ns)
{
	return (uint64_t)((double)t->sent * 1e9 / (double)trial_ns);
}

const char *findmax_lost(const struct trial *t, enum load_loss loss, uint64_t trial_ns)
{
	if (loss != LOAD_LOSS_SKIPPED && t->dropped)
		return "dropped";
	if (loss != LOAD_LOSS_DROPPED && t->skipped)
		return "skipped";
	if (loss == LOAD_LOSS_ANY && t->behind_ns > FINDMAX_BEHIND_NS + trial_ns / 20)
		return "behind";
	/* The last frame may have been due just behind the end. */
	if ((double)(t->sent + 1) * 1e9 <
	    (double)t->pps *
		    ((double)trial_ns * FINDMAX_ACHIEVED_PERMILLE / 1000 - FINDMAX_MOMENT_NS))
		return "too_slow";
	return NULL;
}

/* Return: EXIT_*, of a trial that could not be made */
static int try_rate(const struct options *o, uint64_t pps, struct trial *t)
{
	struct options *one = malloc(sizeof(*one));
	struct send_result sent = {0};
	int exit;

	check(one);
	*one = *o;
	one->rate = (struct pace_rate){.mode = PACE_PPS, .num = pps, .den = 1};
	one->load.duration_ns = o->load.trial_ns;
	one->report = NULL;
	one->quiet = true;
	one->format = OUTPUT_NONE;
	one->no_spill = true;
	*t = (struct trial){.pps = pps};
	if (o->load.to) {
		exit = send_run(one, &sent);
		t->sent = sent.sent;
		t->dropped = sent.no_room + sent.dropped_behind;
		t->interrupted = send_interrupted();
	} else {
		exit = session_run(one, t);
	}
	free(one);
	return exit;
}

static void say_trial(const struct trial *t, const char *why, uint64_t trial_ns)
{
	fprintf(stderr, "%9" PRIu64 " frames/s: %s", t->pps, why ? why : "no loss");
	if (t->dropped)
		fprintf(stderr, ", %" PRIu64 " dropped", t->dropped);
	if (t->skipped)
		fprintf(stderr, ", %" PRIu64 " skipped", t->skipped);
	fprintf(stderr, ", %" PRIu64 "/s achieved, done %.2f s after the end\n",
		achieved(t, trial_ns), (double)t->behind_ns / 1e9);
}

static void add_trial(struct json_object *list, const struct trial *t, const char *why)
{
	struct json_object *o = json_object_new_object();

	json_object_array_add(list, o);
	add_u64(o, "pps", t->pps);
	add_u64(o, "sent", t->sent);
	add_u64(o, "dropped", t->dropped);
	add_u64(o, "skipped", t->skipped);
	add_u64(o, "behind_ns", t->behind_ns);
	add_str(o, "lost", why ? why : "");
}

static int finish(const struct options *o, const struct search *s, struct json_object *list)
{
	struct json_object *root = json_object_new_object(), *found;
	struct err err;
	uint64_t max = search_max(s);

	add_str(root, "version", SECVF_VERSION);
	found = add_object(root, "find_max");
	add_u64(found, "low", o->load.find_low);
	add_u64(found, "high", o->load.find_high);
	add_str(found, "loss", loss_names[o->load.loss]);
	add_u64(found, "trial_ns", o->load.trial_ns);
	add_u64(found, "max", max);
	add_u64(found, "lost_at", s->bad);
	add_u64(found, "precision_permille", FINDMAX_PERMILLE);
	add_str(found, "unit", "frames/s");
	json_object_object_add(found, "trials", list);
	if (s->state == SEARCH_FOUND && s->bad)
		printf("%" PRIu64 " frames/s without loss, tried twice; %" PRIu64
		       " lost (precision %u %%, %u trials of %.0f s)\n",
		       max, s->bad, FINDMAX_PERMILLE / 10, s->trials,
		       (double)o->load.trial_ns / 1e9);
	else if (s->state == SEARCH_FOUND)
		printf("%" PRIu64
		       " frames/s without loss, which is the highest that was to be tried "
		       "(%u trials of %.0f s)\n",
		       max, s->trials, (double)o->load.trial_ns / 1e9);
	else if (s->state == SEARCH_FAILED)
		printf("even %" PRIu64 " frames/s lose; give --find-max a lower bound\n",
		       o->load.find_low);
	else
		printf("interrupted: %" PRIu64 " frames/s without loss so far\n", max);
	if (!o->report)
		json_object_put(root);
	else if (add_write(root, o->report, &err))
		return cli_say(&err);
	return max ? EXIT_BALANCED : EXIT_UNBALANCED;
}

int findmax_run(const struct options *o)
{
	struct json_object *list = json_object_new_array();
	const char *why;
	struct search s;
	struct trial t;
	uint64_t pps;

	search_init(&s, o->load.find_low, o->load.find_high, FINDMAX_PERMILLE);
	while (search_next(&s, &pps)) {
		int exit = try_rate(o, pps, &t);

		if (exit) {
			json_object_put(list);
			return exit;
		}
		if (t.interrupted)
			break;
		why = findmax_lost(&t, o->load.loss, o->load.trial_ns);
		if (!o->quiet)
			say_trial(&t, why, o->load.trial_ns);
		add_trial(list, &t, why);
		search_tell(&s, why != NULL);
	}
	return finish(o, &s, list);
}
