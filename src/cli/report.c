/* report.c - what a session did: the progress line, the summary, the JSON report */
#include "cli/session.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/add.h"

void session_rate(const struct session *s, char *text, size_t n)
{
	if (s->replay)
		pace_rate_text(&s->options.rate, text, n);
	else
		snprintf(text, n, "as they came");
}

/* Frames a second over the time that the source took; a single frame takes none. */
static uint64_t frames_per_second(uint64_t frames, uint64_t ns)
{
	return ns && frames > 1 ? (uint64_t)((double)(frames - 1) * 1e9 / (double)ns + 0.5) : 0;
}

static const char *child_word(const struct session *s)
{
	if (s->options.profile == PROFILE_OFF)
		return "off (basic decode)";
	if (s->tshark.found)
		return s->tshark.path;
	return s->options.tshark ? "none, as asked" : "\xe2\x9c\x97 not found";
}

static uint64_t count_of(const atomic_ullong *gauge)
{
	return atomic_load_explicit(gauge, memory_order_relaxed);
}

static void sample(void *ctx, uint64_t now_ns, struct series_row *row)
{
	struct session *s = ctx;
	struct pipeline *p = s->pipeline;
	uint64_t start_ns = atomic_load_explicit(&s->start_ns, memory_order_relaxed);

	row->asked_milli = sampler_asked(&s->options.rate, start_ns, now_ns);
	row->frames = atomic_load_explicit(&s->sent, memory_order_relaxed);
	row->queue = ring_count(&p->tap.frames);
	row->in_flight = pipeline_behind(&p->gauges);
	row->dropped = atomic_load_explicit(&p->tap.dropped_queue, memory_order_relaxed) +
		       atomic_load_explicit(&s->live.kernel_drops, memory_order_relaxed);
	/* Frames that were not to be decoded are not skipped. */
	if (s->tshark.found && s->options.profile != PROFILE_OFF)
		row->skipped = atomic_load_explicit(&p->gauges.undecoded, memory_order_relaxed);
	row->latency_ns = atomic_exchange_explicit(&p->gauges.latency_ns, 0, memory_order_relaxed);
}

bool session_watch(struct session *s)
{
	if (!s->options.load.plot && !s->options.load.series)
		return true;
	return sampler_start(&s->sampler, sample, s) == 0;
}

int session_watched(struct session *s, struct err *err)
{
	char rate[RAMP_BYTES_MAX + 16], title[RAMP_BYTES_MAX + 80];

	session_rate(s, rate, sizeof(rate));
	snprintf(title, sizeof(title), "secvf replay, %s", rate);
	return sampler_save(&s->sampler, s->options.load.series, s->options.load.plot, title,
			    "Latency, greatest (ms from switch to decode)", err);
}

void session_progress(void *ctx, struct buf *line)
{
	struct session *s = ctx;
	const struct pipeline_gauges *g = &s->pipeline->gauges;
	const struct backfill_gauges *b = &s->backfill.gauges;
	uint64_t sent = atomic_load_explicit(&s->sent, memory_order_relaxed);
	uint64_t dropped =
		atomic_load_explicit(&s->pipeline->tap.dropped_queue, memory_order_relaxed);
	uint64_t skipped = atomic_load_explicit(&g->undecoded, memory_order_relaxed);
	uint64_t start_ns = atomic_load_explicit(&s->start_ns, memory_order_relaxed);
	uint64_t now_ns = clock_now_ns();
	char rate[64];

	session_rate(s, rate, sizeof(rate));
	buf_printf(line, "%" PRIu64 " frames  %s: %" PRIu64 "/s  queue %u  decoded %" PRIu64, sent,
		   rate, frames_per_second(sent, start_ns ? now_ns - start_ns : 0),
		   ring_count(&s->pipeline->tap.frames),
		   (uint64_t)atomic_load_explicit(&g->decoded, memory_order_relaxed));
	if (s->tshark.found && s->options.profile != PROFILE_OFF)
		buf_printf(line, "  skipped %" PRIu64, skipped);
	else
		buf_printf(line, "  basic %" PRIu64, skipped);
	if (pipeline_behind(g)) {
		uint64_t oldest_ns = atomic_load_explicit(&g->oldest_ns, memory_order_relaxed);

		buf_printf(line, "  behind %" PRIu64 ", %.1f s", pipeline_behind(g),
			   oldest_ns && now_ns > oldest_ns ? (double)(now_ns - oldest_ns) / 1e9
							   : 0);
	}
	if (count_of(&b->asked))
		buf_printf(line, "  backfilled %" PRIu64 " of %" PRIu64 "%s", count_of(&b->decoded),
			   count_of(&b->asked),
			   atomic_load_explicit(&b->fills, memory_order_relaxed) ? " \xe2\x80\xa6"
										 : "");
	buf_printf(line, "  dropped %" PRIu64 "  tshark: %s%s", dropped,
		   s->tshark.found ? "\xe2\x9c\x93 " : "", child_word(s));
}

/* ---- the summary ---- */

static void print_term(void *ctx, const char *name, uint64_t value)
{
	int *column = ctx;

	/* Terms that are zero say nothing, save the ones that people look for. */
	if (!value && strcmp(name, "dropped_queue") != 0 && strcmp(name, "undecoded") != 0)
		return;
	if (*column == 4) {
		fprintf(stderr, "\n        ");
		*column = 0;
	}
	fprintf(stderr, " %s %" PRIu64, name, value);
	(*column)++;
}

static void print_protocols(const struct stats *stats)
{
	if (!stats->rows)
		return;
	fprintf(stderr, "protocols");
	for (unsigned i = 0; i < stats->rows && i < 8; i++)
		fprintf(stderr, "%s %s %" PRIu64, i ? "," : "", stats->row[i].name,
			stats->row[i].frames);
	if (stats->rows > 8)
		fprintf(stderr, ", and %u more", stats->rows - 8);
	fprintf(stderr, " (basic decode)\n");
}

static void print_switch(const struct session *s)
{
	uint64_t dropped[SWITCH_DROPS] = {0};
	unsigned ports = switch_ports(s->eth);
	bool any = false;

	for (unsigned port = 0; port < ports; port++) {
		for (int why = 0; why < SWITCH_DROPS; why++)
			dropped[why] += switch_port_stats(s->eth, port)->dropped[why];
	}
	fprintf(stderr, "switch   %u port%s", ports, ports == 1 ? "" : "s");
	for (int why = 0; why < SWITCH_DROPS; why++) {
		if (!dropped[why])
			continue;
		fprintf(stderr, "%s %s %" PRIu64,
			any ? "," : "; dropped:", switch_drop_name((enum switch_drop)why),
			dropped[why]);
		any = true;
	}
	if (dropped[SWITCH_OVERSIZE])
		fprintf(stderr, " (--max-frame 262144 lets offloaded frames through)");
	fprintf(stderr, "\n");
}

/* What the last tshark that said anything said last on stderr; NULL: none did. */
static const char *last_words(const struct pipeline *p, size_t *n)
{
	const char *last = NULL;
	uint32_t generation = 0;

	for (unsigned i = 0; i < pipeline_lanes(p); i++) {
		const struct lane *l = pipeline_lane(p, i);
		size_t bytes = 0;
		const char *text = tail_last(&l->tail, 0, &bytes);

		if (text && l->generation >= generation) {
			last = text;
			*n = bytes;
			generation = l->generation;
		}
	}
	return last;
}

static void print_tshark(const struct session *s, const struct ledger *l)
{
	const struct pipeline *p = s->pipeline;
	const struct backfill_gauges *b = &s->backfill.gauges;
	size_t n = 0;
	const char *last;

	if (!s->tshark.found || s->options.profile == PROFILE_OFF) {
		fprintf(stderr, "tshark   %s: every frame has its basic decode\n", child_word(s));
		return;
	}
	fprintf(stderr, "tshark   %s %s, %s, %u generation%s", s->tshark.path, s->tshark.version,
		s->options.adaptive ? "auto" : profile_name(s->options.profile), p->generations,
		p->generations == 1 ? "" : "s");
	if (p->latency.total)
		fprintf(stderr, "; latency p50 %.2f ms, p99 %.2f ms",
			(double)hist_quantile(&p->latency, 500) / 1e6,
			(double)hist_quantile(&p->latency, 990) / 1e6);
	fprintf(stderr, "\n");
	if (count_of(&b->asked))
		fprintf(stderr,
			"backfill %" PRIu64 " of %" PRIu64
			" skipped frames decoded in %.1f s, %" PRIu64 " of them before the end\n",
			count_of(&b->decoded), count_of(&b->asked), (double)count_of(&b->ns) / 1e9,
			count_of(&b->idle));
	for (int i = 0; i < EK_REFUSALS; i++) {
		if (p->refusals[i])
			fprintf(stderr, "         %" PRIu64 " lines of its output refused: %s\n",
				p->refusals[i], ek_refusal_name((enum ek_refusal)i));
	}
	if (p->missed)
		fprintf(stderr, "output   missed %" PRIu64 " rows: standard output was too slow\n",
			p->missed);
	if (l->cause[UNDECODED_LOST_CHILD] && (last = last_words(p, &n)))
		fprintf(stderr, "         its last words: %.*s\n", (int)n, last);
}

static void print_files(const struct session *s)
{
	const struct spill *p = &s->pipeline->spill;

	if (!s->spools || (!p->files && !p->troubles && !p->unwritten))
		return;
	fprintf(stderr, "files    %u file%s, %" PRIu64 " frames, %" PRIu64 " bytes written",
		p->files, p->files == 1 ? "" : "s", p->written, p->written_bytes);
	if (p->deleted)
		fprintf(stderr, "; %u deleted again", p->deleted);
	if (p->troubles)
		fprintf(stderr, "; the disk failed %" PRIu64 " times", p->troubles);
	if (p->files)
		fprintf(stderr, ": %s%s", s->path,
			!s->options.write   ? "-rot*.pcapng"
			: s->options.rotate ? " (numbered)"
					    : "");
	fprintf(stderr, "\n");
}

void session_summary(struct session *s, const struct ledger *l)
{
	uint64_t sent = atomic_load_explicit(&s->sent, memory_order_relaxed);
	uint64_t ns = s->end_ns - s->start_ns;
	char rate[RAMP_BYTES_MAX + 16], why[256];
	int column = 0;

	session_rate(s, rate, sizeof(rate));
	fprintf(stderr, "replayed %" PRIu64 " frames in %.3f s, %s: %" PRIu64 "/s achieved", sent,
		(double)ns / 1e9, rate, frames_per_second(sent, ns));
	if (s->jitter.total)
		fprintf(stderr, "; jitter p50 %.1f us, p99 %.1f us, max %.1f us",
			(double)hist_quantile(&s->jitter, 500) / 1e3,
			(double)hist_quantile(&s->jitter, 990) / 1e3, (double)s->jitter.max / 1e3);
	fprintf(stderr, "%s\n", s->interrupted && !s->output.error ? "; interrupted" : "");
	live_summary(s);
	print_switch(s);
	print_tshark(s, l);
	print_protocols(&s->pipeline->stats);
	print_files(s);
	fprintf(stderr, "ledger  ");
	ledger_each(l, print_term, &column);
	fprintf(stderr, "\n         %s\n",
		ledger_balanced(l, why, sizeof(why)) ? "balanced: no frame was lost silently"
						     : why);
	if (s->audit.fd >= 0 &&
	    (l->dropped_queue || l->undecoded ||
	     l->captured + l->out_of_scope + l->prefiltered < sent || s->pipeline->generations > 1))
		fprintf(stderr, "audit    %s\n", s->audit.path);
}

/* ---- the report ---- */

static void add_term(void *ctx, const char *name, uint64_t value)
{
	add_u64(ctx, name, value);
}

static void report_shards(struct json_object *o, const struct pipeline *p)
{
	struct json_object *all = json_object_new_array();

	for (unsigned i = 0; i < p->shards; i++) {
		struct json_object *one = json_object_new_object();

		add_u64(one, "captured", p->shard[i].captured);
		add_u64(one, "decoded", p->shard[i].decoded);
		add_u64(one, "undecoded", p->shard[i].undecoded);
		add_u64(one, "generations", p->shard[i].generations);
		json_object_array_add(all, one);
	}
	json_object_object_add(o, "per_shard", all);
}

static void report_tshark(struct json_object *root, const struct session *s)
{
	struct json_object *o = add_object(root, "tshark");
	struct json_object *refused;

	add_str(o, "path", s->tshark.found ? s->tshark.path : "none");
	add_str(o, "version", s->tshark.version);
	add_str(o, "profile", s->options.adaptive ? "auto" : profile_name(s->options.profile));
	add_u64(o, "generations", s->pipeline->generations);
	add_u64(o, "shards", s->pipeline->generations ? s->pipeline->shards : 0);
	add_u64(o, "took_over", s->pipeline->changes);
	add_u64(o, "profile_changes", s->pipeline->profile_changes);
	add_u64(o, "fed_again", s->pipeline->retried);
	refused = add_object(o, "lines_refused");
	for (int i = 0; i < EK_REFUSALS; i++)
		add_u64(refused, ek_refusal_name((enum ek_refusal)i), s->pipeline->refusals[i]);
	add_quantiles(add_object(o, "latency_ns"), &s->pipeline->latency);
	report_shards(o, s->pipeline);
}

static void report_backfill(struct json_object *root, const struct session *s)
{
	static const char *const modes[] = {"off", "stop", "idle"};
	struct json_object *o = add_object(root, "backfill");
	const struct backfill_gauges *g = &s->backfill.gauges;

	add_str(o, "when", modes[s->options.backfill]);
	add_u64(o, "asked", count_of(&g->asked));
	add_u64(o, "lost", count_of(&g->lost));
	add_u64(o, "decoded", count_of(&g->decoded));
	add_u64(o, "idle", count_of(&g->idle));
	add_u64(o, "quarantined", count_of(&g->quarantined));
	add_u64(o, "left", count_of(&g->left));
	add_u64(o, "pieces", count_of(&g->pieces));
	add_u64(o, "pauses", count_of(&g->pauses));
	add_u64(o, "ns", count_of(&g->ns));
}

static void report_switch(struct json_object *root, const struct session *s)
{
	struct json_object *o = add_object(root, "switch");
	struct json_object *ports = add_object(o, "ports");
	struct json_object *drops = add_object(o, "dropped");
	uint64_t total[SWITCH_DROPS] = {0};

	for (unsigned port = 0; port < switch_ports(s->eth); port++) {
		const struct switch_port_stats *stats = switch_port_stats(s->eth, port);
		struct json_object *one = add_object(ports, switch_port_name(s->eth, port));
		struct json_object *dropped;

		add_u64(one, "in", stats->in);
		add_u64(one, "in_bytes", stats->in_bytes);
		add_u64(one, "out", stats->out);
		add_u64(one, "out_bytes", stats->out_bytes);
		add_u64(one, "flooded", stats->flooded);
		add_u64(one, "local", stats->local);
		add_u64(one, "spoof_logged", stats->spoof_logged);
		dropped = add_object(one, "dropped");
		for (int why = 0; why < SWITCH_DROPS; why++) {
			add_u64(dropped, switch_drop_name((enum switch_drop)why),
				stats->dropped[why]);
			total[why] += stats->dropped[why];
		}
	}
	for (int why = 0; why < SWITCH_DROPS; why++)
		add_u64(drops, switch_drop_name((enum switch_drop)why), total[why]);
	add_u64(o, "addresses", switch_addresses(s->eth));
}

static void report_rate(struct json_object *root, const struct session *s)
{
	struct json_object *o = add_object(root, "rate");
	const struct pace_rate *rate = &s->options.rate;
	uint64_t sent = atomic_load_explicit(&s->sent, memory_order_relaxed);
	uint64_t ns = s->end_ns - s->start_ns;
	char asked[RAMP_BYTES_MAX + 16];

	session_rate(s, asked, sizeof(asked));
	add_str(o, "mode", pace_mode_name(rate->mode));
	add_str(o, "asked", asked);
	json_object_object_add(
		o, "achieved",
		json_object_new_double(ns && sent > 1 ? (double)(sent - 1) * 1e9 / (double)ns : 0));
	add_str(o, "unit", "frames/s");
	add_quantiles(add_object(o, "jitter"), &s->jitter);
}

static void report_protocols(struct json_object *root, const struct stats *stats)
{
	struct json_object *o = add_object(root, "protocols");

	for (unsigned i = 0; i < stats->rows; i++) {
		struct json_object *row = add_object(o, stats->row[i].name);

		add_u64(row, "frames", stats->row[i].frames);
		add_u64(row, "bytes", stats->row[i].bytes);
	}
}

static void report_timing(struct json_object *root, const struct session *s)
{
	struct json_object *o = add_object(root, "timing");
	struct rusage children;

	getrusage(RUSAGE_CHILDREN, &children);
	add_u64(o, "source_ns", s->end_ns - s->start_ns);
	add_u64(o, "total_ns", s->start_ns ? s->done_ns - s->start_ns : 0);
	add_u64(o, "cpu_ns", add_cpu_ns());
	add_u64(o, "tshark_cpu_ns",
		(uint64_t)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000000 +
			(uint64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1000);
	add_memory(root);
}

static void report_written(struct json_object *root, const struct session *s)
{
	const struct spill *p = &s->pipeline->spill;
	struct json_object *o = add_object(root, "written");

	add_str(o, "session", s->name);
	add_str(o, "path", s->spools ? s->path : "");
	add_u64(o, "files", p->files);
	add_u64(o, "files_deleted", p->deleted);
	add_u64(o, "frames", p->written);
	add_u64(o, "bytes", p->written_bytes);
	add_u64(o, "unwritten", p->unwritten);
	add_u64(o, "disk_failures", p->troubles);
}

int session_report(struct session *s, const struct ledger *l, struct err *err)
{
	struct json_object *root = json_object_new_object(), *o;

	add_str(root, "version", SECVF_VERSION);
	add_u64(root, "sent", atomic_load_explicit(&s->sent, memory_order_relaxed));
	report_tshark(root, s);
	report_backfill(root, s);
	ledger_each(l, add_term, add_object(root, "ledger"));
	json_object_object_add(root, "balanced",
			       json_object_new_boolean(ledger_balanced(l, NULL, 0)));
	report_switch(root, s);
	report_rate(root, s);
	live_report(root, s);
	add_files(root, s->replay);
	report_protocols(root, &s->pipeline->stats);
	o = add_object(root, "output");
	add_u64(o, "printed", s->output.printed);
	add_u64(o, "without_lines", s->output.empty);
	add_u64(o, "missed", s->pipeline->missed);
	add_u64(o, "passed", s->pipeline->passed);
	add_u64(o, "missed_updates", s->pipeline->missed_updates);
	add_u64(o, "lost", s->output.lost);
	report_written(root, s);
	if (s->options.faults)
		add_u64(add_object(root, "faults"), "recovery_ns", s->recovery_ns);
	json_object_object_add(root, "interrupted", json_object_new_boolean(s->interrupted));
	report_timing(root, s);
	return add_write(root, s->options.report, err);
}
