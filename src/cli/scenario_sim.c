/* scenario_sim.c - a scenario in the simulated world, with the files that the real one would write
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/scenario.h"
#include "fanout/emit.h"
#include "world.h"

struct files {
	FILE *audit, *rows;
	struct buf row;
};

static void on_audit(void *ctx, uint64_t now_ns, const char *members, size_t n)
{
	struct files *f = ctx;

	fprintf(f->audit, "{\"virtual_ns\":%" PRIu64 ",%.*s}\n", now_ns, (int)n, members);
}

static void on_row(void *ctx, const struct decoded *d)
{
	struct files *f = ctx;
	static const char *const status[] = {[DECODED_TSHARK] = "decoded",
					     [DECODED_BASIC] = "basic",
					     [DECODED_PENDING] = "pending",
					     [DECODED_SKIPPED] = "skipped"};

	fprintf(f->rows, "{\"id\":%" PRIu64 ",\"status\":\"%s\"%s}\n", d->id, status[d->status],
		d->update ? ",\"update\":true" : "");
}

/* As make_config() of a session does it. */
static void configure(struct world_script *w, const struct scenario *s, const struct options *o,
		      struct bpf *filter)
{
	bool topspeed = o->rate.mode == PACE_TOPSPEED;

	w->config = (struct pipeline_config){
		.tap = {.queue_limit = o->queue_limit, .all = o->interfaces == 0, .filter = filter},
		.buffer_frames = o->buffer_frames,
		.buffer_bytes = o->buffer_bytes,
		.direct = o->direct,
		.write = o->write || o->journal,
		.cut_each = !o->write && !o->rotate,
		.lossless = topspeed,
		.profile = o->profile,
		.adaptive = o->adaptive,
		.shards = o->shards,
		.tshark_memory = o->tshark_memory,
		/* A small store needs a tshark that holds nothing back; one in a virtual world
		 * costs nothing. */
		.flush = true,
		.tshark = s->tshark == SCENARIO_TSHARK_NONE ? NULL : "/sim/tshark",
		.stall_ns = o->stall_ns,
		.hang_ns = o->hang_ns,
	};
	w->interfaces = o->interface;
	w->interface_count = o->interfaces;
	w->replay = o->replay;
	w->rate = o->rate;
	w->eth = o->eth;
	w->port = o->port;
	w->disk = !o->no_spill;
	w->backfill = o->backfill;
	w->journal = o->journal;
	w->limits = o->files;
	w->plan = &s->plan;
}

static void add(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static struct json_object *add_object(struct json_object *o, const char *key)
{
	struct json_object *child = json_object_new_object();

	json_object_object_add(o, key, child);
	return child;
}

static void add_term(void *ctx, const char *name, uint64_t value)
{
	add(ctx, name, value);
}

static void report_backfill(struct json_object *root, const struct backfill_gauges *g)
{
	struct json_object *o = add_object(root, "backfill");

	add(o, "asked", g->asked);
	add(o, "lost", g->lost);
	add(o, "decoded", g->decoded);
	add(o, "idle", g->idle);
	add(o, "quarantined", g->quarantined);
	add(o, "left", g->left);
	add(o, "pieces", g->pieces);
	add(o, "pauses", g->pauses);
	add(o, "ns", g->ns);
}

/* The part of a session's report that this world has. */
static struct json_object *make_report(const struct world_script *w, const struct world_result *r)
{
	struct json_object *root = json_object_new_object(), *o, *refused;
	uint64_t dropped = 0;

	ledger_each(&r->ledger, add_term, add_object(root, "ledger"));
	json_object_object_add(root, "balanced",
			       json_object_new_boolean(ledger_balanced(&r->ledger, NULL, 0)));
	o = add_object(root, "switch");
	add(o, "addresses", w->switch_addresses);
	o = add_object(o, "dropped");
	for (int why = 0; why < SWITCH_DROPS; why++) {
		add(o, switch_drop_name((enum switch_drop)why), w->switch_dropped[why]);
		dropped += w->switch_dropped[why];
	}
	add(root, "sent", r->ledger.forwarded + dropped);
	o = add_object(root, "tshark");
	add(o, "generations", r->generations);
	add(o, "shards", w->shards);
	add(o, "took_over", r->changes);
	add(o, "profile_changes", r->profiles);
	add(o, "fed_again", w->fed_again);
	refused = add_object(o, "lines_refused");
	for (int i = 0; i < EK_REFUSALS; i++)
		add(refused, ek_refusal_name((enum ek_refusal)i), w->refused[i]);
	report_backfill(root, &w->backfilled);
	o = add_object(root, "output");
	add(o, "missed", w->missed);
	add(o, "passed", r->passed);
	add(o, "missed_updates", w->missed_updates);
	add(o, "lost", 0);
	add(add_object(root, "written"), "files", w->spilled_files);
	add(add_object(root, "faults"), "recovery_ns", w->recovery_ns);
	add(add_object(root, "timing"), "virtual_ns", r->virtual_ns);
	return root;
}

static FILE *create(const char *folder, const char *name)
{
	char path[4200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	if (!f)
		fprintf(stderr, "secvf: %s: %s\n", path, strerror(errno));
	return f;
}

int scenario_simulate(const struct scenario *s, const char *capture, const char *folder)
{
	static struct world_script script;
	static struct options options;
	char *argv[SCENARIO_OPTIONS_MAX + 5] = {(char *)"replay", (char *)"--decode",
						(char *)"lean"};
	struct files files = {.audit = create(folder, "audit.log"),
			      .rows = create(folder, "rows.json")};
	struct world_result result;
	struct bpf *filter = NULL;
	struct json_object *report;
	struct err err = {0};
	char path[4200];
	int argc = 3;

	for (int i = 0; i < s->options; i++)
		argv[argc++] = (char *)s->option[i];
	argv[argc++] = (char *)capture;
	if (!files.audit || !files.rows)
		return EXIT_ENVIRONMENT;
	if (!options_parse(&options, argc, argv, &err) ||
	    (options.filter && !(filter = bpf_compile(options.filter, &err))))
		return cli_say(&err);
	configure(&script, s, &options, filter);
	script.audit = on_audit;
	script.row = on_row;
	script.ctx = &files;
	if (!world_play(&script, &result, &err)) {
		bpf_free(filter);
		return cli_say(&err);
	}
	fclose(files.audit);
	fclose(files.rows);
	bpf_free(filter);
	report = make_report(&script, &result);
	snprintf(path, sizeof(path), "%s/report.json", folder);
	json_object_to_file_ext(path, report, JSON_C_TO_STRING_PRETTY);
	json_object_put(report);
	/* As the command does. */
	if (result.ok)
		return script.unwritten ? EXIT_ENVIRONMENT : EXIT_BALANCED;
	fprintf(stderr, "oracle: %s\n", result.why);
	return EXIT_UNBALANCED;
}
