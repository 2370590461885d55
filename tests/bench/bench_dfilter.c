/* bench_dfilter.c - ns a frame of display filters over decoded headers
 *
 *   bench_dfilter CAPTURE... prints for each of a dozen usual filters the ns that a frame takes for
 * dfilter_match() and dfilter_match_basic(), the least of ROUNDS rounds over all Ethernet frames of
 * the captures, and how many of the verdicts are certain; first, for comparison, what the decode
 * takes. Frames lie one after the other in memory, read often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "basic/dfilter.h"
#include "cli/loaded.h"

#define ROUNDS 25u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t decode_ns(struct loaded *l)
{
	uint64_t least = UINT64_MAX;

	for (unsigned r = 0; r < ROUNDS; r++) {
		uint64_t began = now_ns(), took;

		for (size_t i = 0; i < l->frames; i++)
			basic_decode(&l->basic[i], l->frame[i].data, l->frame[i].caplen);
		took = now_ns() - began;
		least = took < least ? took : least;
	}
	return least;
}

static void measure(const struct loaded *l, const char *text)
{
	uint64_t match_ns = UINT64_MAX, basic_ns = UINT64_MAX;
	size_t n[3] = {0}, yes = 0;
	struct dfilter_error err;
	struct dfilter *f = dfilter_compile(text, &err);

	if (!f) {
		fprintf(stderr, "bench_dfilter: %s: %s\n", text, err.text);
		exit(3);
	}
	for (unsigned r = 0; r < ROUNDS; r++) {
		uint64_t t[3];

		memset(n, 0, sizeof(n));
		t[0] = now_ns();
		for (size_t i = 0; i < l->frames; i++)
			n[dfilter_match(f, &l->frame[i])]++;
		t[1] = now_ns();
		for (size_t i = 0; i < l->frames; i++)
			yes += dfilter_match_basic(f, &l->frame[i]);
		t[2] = now_ns();
		match_ns = t[1] - t[0] < match_ns ? t[1] - t[0] : match_ns;
		basic_ns = t[2] - t[1] < basic_ns ? t[2] - t[1] : basic_ns;
	}
	printf("%8.1f %8.1f %8.1f%% %8.1f%% %8.1f%%  %s\n", (double)match_ns / (double)l->frames,
	       (double)basic_ns / (double)l->frames,
	       100.0 * (double)(l->frames - n[DFILTER_UNSURE]) / (double)l->frames,
	       100.0 * (double)n[DFILTER_YES] / (double)l->frames,
	       100.0 * (double)yes / (double)l->frames / ROUNDS, text);
	dfilter_free(f);
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {
		"",
		"ip",
		"tcp",
		"tcp.port == 443",
		"tcp.port != 443",
		"udp.port == 53",
		"!(tcp.port == 22)",
		"ip.addr == 10.0.0.1",
		"ip.addr == 192.168.0.0/16",
		"ipv6.addr == fe80::/10",
		"eth.addr == ff:ff:ff:ff:ff:ff",
		"tcp.flags.syn == 1 and tcp.flags.ack == 0",
		"tcp.port in {25, 80, 110, 143, 443, 993, 995}",
		"not (tcp.port == 22 or tcp.port == 443 or arp or ip.addr == 192.168.1.1)",
		"frame.len > 100 and not eth.dst == ff:ff:ff:ff:ff:ff",
	};
	struct loaded l;
	struct err err;

	if (!loaded_init(&l))
		return 3;
	for (int i = 1; i < argc; i++)
		(void)loaded_read(&l, argv[i], &err); /* its whole frames, if it has any */
	if (!l.frames) {
		fprintf(stderr, "bench_dfilter: no Ethernet frames: bench_dfilter CAPTURE...\n");
		return 2;
	}
	printf("%zu frames, ns each; the decode takes %.1f:\n   match    basic   certain       yes "
	       "basic yes  filter\n",
	       l.frames, (double)decode_ns(&l) / (double)l.frames);
	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		measure(&l, usual[i]);
	loaded_done(&l);
	return 0;
}
