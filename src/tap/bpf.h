/* bpf.h - the capture filter (prefilter): libpcap's language, compiled once, run on each frame
 *
 * Source: pcap-filter(7). Filters are compiled for Ethernet.
 */
#ifndef SECVF_TAP_BPF_H
#define SECVF_TAP_BPF_H

#include <stdbool.h>

#include "base/err.h"
#include "tap/frame.h"

struct bpf;

/** bpf_compile() - Compile @expression. Return: filter; NULL with EXIT_USAGE and libpcap's message
 * in @err */
struct bpf *bpf_compile(const char *expression, struct err *err);

/** bpf_free() - NULL is allowed */
void bpf_free(struct bpf *b);

/** bpf_match() - Whether the filter accepts the frame; any one thread at a time */
bool bpf_match(const struct bpf *b, const struct frame *f);

#endif
