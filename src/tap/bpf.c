/* bpf.c - capture filters by libpcap */
#include "tap/bpf.h"

#include <pcap/pcap.h>
#include <stdlib.h>

struct bpf {
	struct bpf_program program;
};

struct bpf *bpf_compile(const char *expression, struct err *err)
{
	struct bpf *b = calloc(1, sizeof(*b));
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)FRAME_BYTES_MAX);

	if (!b || !dead) {
		err_set(err, EXIT_ENVIRONMENT, "-f: '%s': out of memory", expression);
		goto fail;
	}
	if (pcap_compile(dead, &b->program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		err_set(err, EXIT_USAGE,
			"-f: '%s': %s; capture filters are written as in pcap-filter(7), which is not "
			"the language of display filters",
			expression, pcap_geterr(dead));
		goto fail;
	}
	pcap_close(dead);
	return b;

fail:
	if (dead)
		pcap_close(dead);
	free(b);
	return NULL;
}

void bpf_free(struct bpf *b)
{
	if (!b)
		return;
	pcap_freecode(&b->program);
	free(b);
}

bool bpf_match(const struct bpf *b, const struct frame *f)
{
	return bpf_filter(b->program.bf_insns, f->data, f->len, f->caplen) != 0;
}
