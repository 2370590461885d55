/* display.c - the sieve of a run, and who takes its place */
#include "cli/display.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/dfilter.h"
#include "cli/cli.h"
#include "cli/session.h"

struct native {
	struct dfilter *filter;
	bool alone; /* there is no tshark: the outer headers are all that counts */
};

/* ---- the quick way ---- */

static enum sieve_verdict judge(void *ctx, uint64_t id, const struct packet_view *v)
{
	const struct native *native = ctx;
	struct basic b;
	struct dfilter_frame frame = {
		.basic = &b, .data = v->data, .caplen = v->caplen, .len = v->len, .number = id};

	basic_decode(&b, v->data, v->caplen);
	if (native->alone)
		return dfilter_match_basic(native->filter, &frame) ? SIEVE_YES : SIEVE_NO;
	switch (dfilter_match(native->filter, &frame)) {
	case DFILTER_YES: return SIEVE_YES;
	case DFILTER_NO: return SIEVE_NO;
	default: return SIEVE_ASK;
	}
}

static void native_free(struct native *native)
{
	if (native)
		dfilter_free(native->filter);
	free(native);
}

/* Whether the user has set up Wireshark in a way that could change what a header field is. */
static bool is_stock(void)
{
	static const char *const files[] = {"preferences", "decode_as_entries", "disabled_protos",
					    "heuristic_protos", "plugins"};
	const char *home = getenv("XDG_CONFIG_HOME"), *own = getenv("WIRESHARK_CONFIG_DIR");
	char path[4096];
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (own)
			snprintf(path, sizeof(path), "%s/%s", own, files[i]);
		else if (home && *home)
			snprintf(path, sizeof(path), "%s/wireshark/%s", home, files[i]);
		else
			snprintf(path, sizeof(path), "%s/.config/wireshark/%s",
				 getenv("HOME") ? getenv("HOME") : "", files[i]);
		if (stat(path, &st) == 0)
			return false;
	}
	return true;
}

/* Return: NULL where there is none, which @err tells the reason of */
static struct native *native_new(const struct display *d, const char *filter, struct err *err)
{
	struct dfilter_error why;
	struct native *native = calloc(1, sizeof(*native));

	if (!native)
		return NULL;
	native->alone = !d->session->tshark.found;
	native->filter = dfilter_compile(filter, &why);
	if (native->filter &&
	    (native->alone || (dissect_is_plain(&d->session->options.dissect) && is_stock())))
		return native;
	if (!native->filter)
		err_set(err, EXIT_USAGE, "-Y '%s', byte %u: %s%s", filter, why.at, why.text,
			why.fault == DFILTER_BEYOND ? " (there is no tshark)" : "");
	native_free(native);
	return NULL;
}

/* ---- checks ---- */

/* Under setting. */
static bool check_filter(struct display *d, const char *filter, struct err *err)
{
	struct filter_verdict v;
	struct native *native;

	if (strlen(filter) >= SIEVE_FILTER_MAX) {
		err_set(err, EXIT_USAGE, "-Y: a display filter has at most %u bytes",
			SIEVE_FILTER_MAX - 1);
		return false;
	}
	if (!d->session->tshark.found) {
		native = native_new(d, filter, err);
		native_free(native);
		return native != NULL;
	}
	if (!inspector_check(&d->inspector, filter, &v, err))
		return false;
	if (v.ok)
		return true;
	if (v.n)
		err_set(err, EXIT_USAGE, "-Y '%s', byte %zu: %s", filter, v.at, v.message);
	else
		err_set(err, EXIT_USAGE, "-Y '%s': %s", filter, v.message);
	return false;
}

bool display_check(struct display *d, const char *filter, struct err *err)
{
	bool ok;

	pthread_mutex_lock(&d->setting);
	ok = check_filter(d, filter, err);
	pthread_mutex_unlock(&d->setting);
	return ok;
}

/* ---- the sieve ---- */

static void wake(void *ctx)
{
	struct session *s = ctx;

	waker_wake(&s->waker);
	waker_wake(&s->source_waker);
}

static void on_progress(void *ctx)
{
	struct session *s = ctx;

	waker_wake(&s->output.waker);
	waker_wake(&s->source_waker);
}

/* Under setting: put @sieve in the place of the last one, which nobody looks at from then on. */
static void replace(struct display *d, struct sieve *sieve, struct native *native)
{
	struct sieve *last;
	struct native *last_native = d->native;

	pthread_mutex_lock(&d->lock);
	last = d->sieve;
	d->sieve = sieve;
	d->number++;
	d->set += sieve != NULL;
	/* Relaxed: rows are judged by the last filter or by this one, nobody can say which. */
	atomic_store_explicit(&d->filters, sieve != NULL, memory_order_relaxed);
	d->native = native;
	if (sieve && d->ended)
		sieve_end(sieve, d->end);
	pthread_mutex_unlock(&d->lock);
	if (last) {
		sieve_cancel(last);
		sieve_done(last);
		free(last);
	}
	native_free(last_native);
}

static bool start(struct display *d, const char *filter, struct err *err)
{
	struct session *s = d->session;
	struct err none;
	struct native *native = native_new(d, filter, &none);
	struct sieve_config config = {
		.filter = filter,
		.tshark = s->tshark.found ? s->tshark.path : NULL,
		.dissect = &s->options.dissect,
		.native = native ? judge : NULL,
		.native_ctx = native,
		.pipeline = s->pipeline,
		.wake = wake,
		.wake_ctx = s,
		.places = s->spools ? &s->spool.places : NULL,
		.progress = on_progress,
		.progress_ctx = s,
		.audit_line = session_audit_line,
		.audit_ctx = s,
	};
	struct sieve *sieve = calloc(1, sizeof(*sieve));
	int error = sieve ? sieve_start(sieve, &config) : -ENOMEM;

	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "-Y: %s", strerror(-error));
		free(sieve);
		native_free(native);
		return false;
	}
	replace(d, sieve, native);
	return true;
}

bool display_set(struct display *d, const char *filter, bool checked, struct err *err)
{
	bool ok = true;

	/* Without tshark it is our own words that count. */
	checked &= d->session->tshark.found;
	pthread_mutex_lock(&d->setting);
	if (!filter || !filter[strspn(filter, " \t")]) {
		replace(d, NULL, NULL);
		/* Memory is back where it was; the next check starts another sharkd. */
		inspector_close(&d->inspector);
		on_progress(d->session);
	} else {
		ok = (checked || check_filter(d, filter, err)) && start(d, filter, err);
	}
	pthread_mutex_unlock(&d->setting);
	return ok;
}

enum match display_verdict(struct display *d, uint64_t id)
{
	enum match match = MATCH_YES;

	if (!atomic_load_explicit(&d->filters, memory_order_relaxed))
		return match;
	pthread_mutex_lock(&d->lock);
	if (d->sieve) {
		match = matches_has(&d->sieve->matches, id);
		/* One that has given up never will know. */
		if (match == MATCH_UNKNOWN && sieve_state(d->sieve) != SIEVE_RUNS)
			match = MATCH_NO;
	}
	pthread_mutex_unlock(&d->lock);
	return match;
}

bool display_list(struct display *d, uint64_t first, uint64_t *ids, size_t n, size_t *got)
{
	bool filtered;

	pthread_mutex_lock(&d->lock);
	filtered = d->sieve != NULL;
	*got = filtered ? matches_list(&d->sieve->matches, first, ids, n) : 0;
	pthread_mutex_unlock(&d->lock);
	return filtered;
}

uint64_t display_below(struct display *d, uint64_t id)
{
	uint64_t below;

	pthread_mutex_lock(&d->lock);
	below = d->sieve ? matches_below(&d->sieve->matches, id) : 0;
	pthread_mutex_unlock(&d->lock);
	return below;
}

bool display_now(struct display *d, char filter[SIEVE_FILTER_MAX], uint64_t *number)
{
	bool filtered;

	pthread_mutex_lock(&d->lock);
	filtered = d->sieve != NULL;
	if (filter)
		snprintf(filter, SIEVE_FILTER_MAX, "%s", filtered ? d->sieve->filter : "");
	*number = d->number;
	pthread_mutex_unlock(&d->lock);
	return filtered;
}

static bool runs(struct display *d)
{
	bool runs;

	pthread_mutex_lock(&d->lock);
	runs = d->sieve && sieve_state(d->sieve) == SIEVE_RUNS;
	pthread_mutex_unlock(&d->lock);
	return runs;
}

void display_finish(struct display *d, bool (*interrupted)(void))
{
	pthread_mutex_lock(&d->lock);
	d->ended = true;
	d->end = d->session->pipeline->store.head;
	if (d->sieve)
		sieve_end(d->sieve, d->end);
	pthread_mutex_unlock(&d->lock);
	while (runs(d) && !interrupted()) {
		pipeline_answer(d->session->pipeline);
		if (runs(d))
			session_sleep(d->session);
	}
}

void display_put_status(struct display *d, struct buf *out)
{
	pthread_mutex_lock(&d->lock);
	buf_printf(out, "{\"set\":%llu", (unsigned long long)d->set);
	if (d->sieve) {
		buf_putc(out, ',');
		sieve_put_status(d->sieve, out);
	}
	buf_putc(out, '}');
	pthread_mutex_unlock(&d->lock);
}

void display_put_state(struct display *d, struct buf *out)
{
	pthread_mutex_lock(&d->lock);
	if (d->sieve) {
		buf_putc(out, '{');
		sieve_put_state(d->sieve, out);
		buf_putc(out, '}');
	} else {
		buf_puts(out, DISPLAY_NO_STATE);
	}
	pthread_mutex_unlock(&d->lock);
}

/* ---- start and end ---- */

void display_open(struct display *d, struct session *s)
{
	bool sharkd = s->tshark.found && cli_find_sharkd(d->sharkd, s->tshark.path);

	d->session = s;
	pthread_mutex_init(&d->setting, NULL);
	pthread_mutex_init(&d->lock, NULL);
	inspector_open(&d->inspector, s->tshark.found ? s->tshark.path : NULL,
		       sharkd ? d->sharkd : NULL, &s->options.dissect);
}

void display_close(struct display *d)
{
	if (!d->session)
		return;
	replace(d, NULL, NULL);
	inspector_close(&d->inspector);
	pthread_mutex_destroy(&d->lock);
	pthread_mutex_destroy(&d->setting);
	d->session = NULL;
}
