/* contest.c - rounds, medians and ratios */
#include "cli/contest.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/add.h"
#include "os/port_posix.h"

struct contest *contest_new(const char *bench, const char *unit, uint64_t frames, const char *what,
			    ...)
{
	struct contest *c = calloc(1, sizeof(*c));
	va_list ap;

	if (!c)
		return NULL;
	c->bench = bench;
	c->unit = unit;
	c->frames = frames;
	va_start(ap, what);
	vsnprintf(c->what, sizeof(c->what), what, ap);
	va_end(ap);
	return c;
}

void contest_add(struct contest *c, const char *name,
		 bool (*run)(void *ctx, struct contest_sample *s, struct err *err), void *ctx,
		 const char *missing)
{
	struct contest_rival *r = &c->rival[c->rivals];

	check(c->rivals < CONTEST_RIVALS_MAX);
	c->rivals++;
	r->name = name;
	r->run = run;
	r->ctx = ctx;
	snprintf(r->missing, sizeof(r->missing), "%s", missing ? missing : "");
}

/* Every rival once. @round: CONTEST_ROUNDS_MAX: it does not count. */
static bool run_round(struct contest *c, unsigned round, struct err *err)
{
	for (unsigned i = 0; i < c->rivals; i++) {
		struct contest_rival *r = &c->rival[i];
		struct contest_sample s = {0};
		struct err why = {0};

		if (r->missing[0])
			continue;
		if (!r->run(r->ctx, &s, i ? &why : err)) {
			if (i == 0)
				return false;
			snprintf(r->missing, sizeof(r->missing), "%s", why.text);
			continue;
		}
		if (round < CONTEST_ROUNDS_MAX)
			r->sample[round] = s;
	}
	return true;
}

bool contest_run(struct contest *c, unsigned rounds, uint64_t budget_ns, struct err *err)
{
	uint64_t began_ns = clock_now_ns(), longest_ns = 0, now_ns = began_ns;

	check(rounds > 0 && rounds <= CONTEST_ROUNDS_MAX && c->rivals > 0);
	if (!run_round(c, CONTEST_ROUNDS_MAX, err))
		return false;
	for (c->rounds = 0; c->rounds < rounds; c->rounds++) {
		uint64_t round_ns = now_ns;

		now_ns = clock_now_ns();
		round_ns = now_ns - round_ns;
		longest_ns = round_ns > longest_ns ? round_ns : longest_ns;
		if (c->rounds && now_ns - began_ns + longest_ns > budget_ns)
			break;
		if (!run_round(c, c->rounds, err))
			return false;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double contest_median(const double *values, unsigned n)
{
	double sorted[CONTEST_ROUNDS_MAX];

	check(n > 0 && n <= CONTEST_ROUNDS_MAX);
	memcpy(sorted, values, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_value);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static bool counts(const struct contest *c, unsigned rival)
{
	return c->rounds && !c->rival[rival].missing[0];
}

double contest_value(const struct contest *c, unsigned rival)
{
	double values[CONTEST_ROUNDS_MAX] = {0};

	for (unsigned i = 0; i < c->rounds; i++)
		values[i] = c->rival[rival].sample[i].value;
	return counts(c, rival) ? contest_median(values, c->rounds) : 0;
}

double contest_cpu_ns(const struct contest *c, unsigned rival)
{
	double values[CONTEST_ROUNDS_MAX] = {0};

	for (unsigned i = 0; i < c->rounds; i++)
		values[i] = c->rival[rival].sample[i].cpu_ns;
	return counts(c, rival) ? contest_median(values, c->rounds) : 0;
}

double contest_ratio(const struct contest *c, unsigned rival)
{
	double values[CONTEST_ROUNDS_MAX] = {0};

	for (unsigned i = 0; i < c->rounds; i++) {
		double ours = c->rival[0].sample[i].value, theirs = c->rival[rival].sample[i].value;
		double from = c->less ? ours : theirs, to = c->less ? theirs : ours;

		values[i] = from > 0 ? to / from : 0;
	}
	return counts(c, rival) ? contest_median(values, c->rounds) : 0;
}

double contest_cpu_ratio(const struct contest *c, unsigned rival)
{
	double values[CONTEST_ROUNDS_MAX] = {0};

	for (unsigned i = 0; i < c->rounds; i++) {
		double theirs = c->rival[rival].sample[i].cpu_ns;

		values[i] = theirs > 0 ? c->rival[0].sample[i].cpu_ns / theirs : 0;
	}
	return counts(c, rival) ? contest_median(values, c->rounds) : 0;
}

/* ---- what came of it ---- */

void contest_json(const struct contest *c, struct json_object *list)
{
	struct json_object *o = json_object_new_object(), *rivals = json_object_new_array();

	json_object_array_add(list, o);
	add_str(o, "bench", c->bench);
	add_str(o, "what", c->what);
	add_str(o, "unit", c->unit);
	add_str(o, "better", c->less ? "less" : "more");
	add_u64(o, "rounds", c->rounds);
	if (c->frames)
		add_u64(o, "frames", c->frames);
	if (c->note[0])
		add_str(o, "note", c->note);
	json_object_object_add(o, "rivals", rivals);
	for (unsigned i = 0; i < c->rivals; i++) {
		struct json_object *r = json_object_new_object();

		json_object_array_add(rivals, r);
		add_str(r, "name", c->rival[i].name);
		if (c->rival[i].missing[0]) {
			add_str(r, "missing", c->rival[i].missing);
			continue;
		}
		add_double(r, "median", contest_value(c, i));
		if (contest_cpu_ns(c, i) > 0 && c->frames)
			add_double(r, "cpu_ns_per_frame", contest_cpu_ns(c, i) / (double)c->frames);
		if (i && contest_ratio(c, i) > 0)
			add_double(r, "ours_to_it", contest_ratio(c, i));
		if (i && contest_cpu_ratio(c, i) > 0)
			add_double(r, "cpu_ours_to_it", contest_cpu_ratio(c, i));
	}
}

void contest_table(const struct contest *c, struct buf *out)
{
	buf_printf(out, "%s: %s", c->bench, c->what);
	if (c->frames)
		buf_printf(out, ", %" PRIu64 " frames", c->frames);
	buf_printf(out, " (%s, median of %u)\n", c->unit, c->rounds);
	for (unsigned i = 0; i < c->rivals; i++) {
		const struct contest_rival *r = &c->rival[i];
		double cpu_ns = contest_cpu_ns(c, i);

		buf_printf(out, "  %-22s", r->name);
		if (r->missing[0]) {
			buf_printf(out, "  missing: %s\n", r->missing);
			continue;
		}
		buf_printf(out, contest_value(c, i) < 1000 ? "%14.2f" : "%14.0f",
			   contest_value(c, i));
		if (cpu_ns > 0 && c->frames)
			buf_printf(out, "  cpu %8.0f ns/frame", cpu_ns / (double)c->frames);
		if (i && contest_ratio(c, i) > 0)
			buf_printf(out, "  ours %.2f times as good", contest_ratio(c, i));
		if (i && contest_cpu_ratio(c, i) > 0)
			buf_printf(out, ", for %.2f of its processor time",
				   contest_cpu_ratio(c, i));
		buf_putc(out, '\n');
	}
	if (c->note[0])
		buf_printf(out, "  %s\n", c->note);
}
