/* sampler.c - a row each tenth of a second */
#include "cli/sampler.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "os/actor.h"
#include "os/port_posix.h"

static void take(struct sampler *s, uint64_t now_ns)
{
	struct series_row row = {.t_ns = now_ns - s->start_ns};

	s->sample(s->ctx, now_ns, &row);
	series_add(&s->series, &row);
}

static void *run(void *ctx)
{
	struct sampler *s = ctx;
	struct pollfd fd = {.fd = waker_fd(&s->waker), .events = POLLIN};
	uint64_t due_ns = s->start_ns + SAMPLER_NS;

	while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		uint64_t now_ns;

		actor_sleep(&fd, 1, due_ns);
		now_ns = clock_now_ns();
		if (now_ns < due_ns)
			continue;
		take(s, now_ns);
		/* One that was held up does not take those that it missed. */
		while (due_ns <= now_ns)
			due_ns += SAMPLER_NS;
	}
	return NULL;
}

int sampler_start(struct sampler *s,
		  void (*sample)(void *ctx, uint64_t now_ns, struct series_row *row), void *ctx)
{
	sigset_t all, before;
	int error = waker_init(&s->waker);

	if (error)
		return error;
	s->sample = sample;
	s->ctx = ctx;
	s->start_ns = clock_now_ns();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->runs = !error;
	if (error)
		waker_done(&s->waker);
	return -error;
}

void sampler_stop(struct sampler *s)
{
	if (!s->runs)
		return;
	atomic_store_explicit(&s->stop, 1, memory_order_relaxed);
	waker_wake(&s->waker);
	pthread_join(s->thread, NULL);
	waker_done(&s->waker);
	s->runs = false;
	take(s, clock_now_ns());
}

uint64_t sampler_asked(const struct pace_rate *rate, uint64_t began_ns, uint64_t now_ns)
{
	if (!began_ns || now_ns < began_ns)
		return 0;
	if (rate->mode == PACE_RAMP)
		return ramp_rate(rate->ramp, now_ns - began_ns);
	return rate->mode == PACE_PPS ? rate->num * 1000 / rate->den : 0;
}

static int save(const struct buf *text, const char *option, const char *path, struct err *err)
{
	FILE *f = text->failed ? NULL : fopen(path, "we");
	bool ok = f && fwrite(text->p, 1, text->n, f) == text->n;

	if (text->failed)
		errno = ENOMEM;
	if (f)
		ok &= fclose(f) == 0;
	if (ok)
		return 0;
	err_set(err, EXIT_ENVIRONMENT, "%s %s: %s; choose a file that can be written", option, path,
		strerror(errno));
	return EXIT_ENVIRONMENT;
}

int sampler_save(struct sampler *s, const char *csv, const char *svg, const char *title,
		 const char *latency, struct err *err)
{
	struct buf text = {0};
	int exit = 0;

	if (csv) {
		series_csv(&s->series, &text);
		exit = save(&text, "--series", csv, err);
	}
	text.n = 0;
	if (svg && !exit) {
		series_svg(&s->series, title, latency, &text);
		exit = save(&text, "--plot", svg, err);
	}
	buf_done(&text);
	series_done(&s->series);
	return exit;
}
