/* bench_bpf.c - our loop of capture filters against libpcap's bpf_filter()
 *
 *   bench_bpf CAPTURE... prints for each of a dozen usual filters the ns a frame takes in both: the
 * least of ROUNDS rounds over all Ethernet frames of the captures, the two in turns. The frames lie
 * one after the other in memory, read often, so that it is the loops that are measured.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/loaded.h"
#include "tap/bpf.h"
#include "tap/frame.h"

#define ROUNDS 25u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t run_pcap(const struct loaded *l, const struct bpf_program *p)
{
	size_t yes = 0;

	for (size_t i = 0; i < l->frames; i++)
		yes += bpf_filter(p->bf_insns, l->frame[i].data, l->frame[i].len,
				  l->frame[i].caplen) != 0;
	return yes;
}

static size_t run_ours(const struct loaded *l, const struct bpf *b)
{
	size_t yes = 0;

	for (size_t i = 0; i < l->frames; i++)
		yes += bpf_match(b, l->frame[i].data, l->frame[i].caplen, l->frame[i].len);
	return yes;
}

/* Return: false where the two disagree. */
static bool compare(const struct loaded *l, const char *expression)
{
	uint64_t pcap_ns = UINT64_MAX, ours_ns = UINT64_MAX;
	size_t yes = 0, ours = 0;
	struct err err;
	struct bpf_program p;
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)FRAME_BYTES_MAX);
	struct bpf *b = bpf_compile(expression, &err);

	if (!dead || !b || pcap_compile(dead, &p, expression, 1, 0)) {
		fprintf(stderr, "bench_bpf: %s\n", b ? "libpcap failed" : err.text);
		exit(3);
	}
	for (unsigned r = 0; r < ROUNDS; r++) {
		uint64_t t[3];

		t[0] = now_ns();
		yes = run_pcap(l, &p);
		t[1] = now_ns();
		ours = run_ours(l, b);
		t[2] = now_ns();
		pcap_ns = t[1] - t[0] < pcap_ns ? t[1] - t[0] : pcap_ns;
		ours_ns = t[2] - t[1] < ours_ns ? t[2] - t[1] : ours_ns;
	}
	printf("%8.1f %8.1f %6.2f %5u %6.1f%%  %s\n", (double)pcap_ns / (double)l->frames,
	       (double)ours_ns / (double)l->frames, (double)pcap_ns / (double)ours_ns, p.bf_len,
	       100.0 * (double)yes / (double)l->frames, expression);
	pcap_freecode(&p);
	pcap_close(dead);
	bpf_free(b);
	return yes == ours;
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {
		"",
		"ip",
		"tcp",
		"tcp port 80",
		"port 53",
		"not port 22",
		"host 10.0.0.1",
		"net 192.168.0.0/16",
		"not (net 224.0.0.0/4 or ip6 multicast)",
		"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
		"tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
		"vlan and ip",
		"udp portrange 1000-2000",
		"not (port 22 or port 443 or arp or stp or host 192.168.1.1)",
		"port 25 or port 80 or port 110 or port 143 or port 443 or port 993 or port 995",
		"len > 100 and not ether broadcast",
	};
	struct loaded l;
	struct err err;
	bool equal = true;

	if (!loaded_init(&l))
		return 3;
	for (int i = 1; i < argc; i++)
		(void)loaded_read(&l, argv[i], &err); /* its whole frames, if it has any */
	if (!l.frames) {
		fprintf(stderr, "bench_bpf: no Ethernet frames: bench_bpf CAPTURE...\n");
		return 2;
	}
	printf("%zu frames, ns each:\n libpcap     ours  times insns matched filter\n", l.frames);
	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		equal = compare(&l, usual[i]) && equal;
	loaded_done(&l);
	if (!equal)
		fprintf(stderr, "bench_bpf: the two disagree\n");
	return equal ? 0 : 1;
}
