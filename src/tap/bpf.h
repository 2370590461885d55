/* bpf.h - the capture filter (prefilter): libpcap's language, compiled once, run on each frame
 *
 * Source: pcap-filter(7). Filters are compiled for Ethernet; names of hosts are looked up when a
 * filter is compiled, so that may wait for the resolver. "ip broadcast" is 0.0.0.0 and
 * 255.255.255.255, as the netmask is not known.
 */
#ifndef SECVF_TAP_BPF_H
#define SECVF_TAP_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes of an expression that a message shows; err.text holds them and the longest reason. */
#define BPF_SHOWN_MAX 400u

struct bpf;
struct bpf_insn;

/**
 * bpf_compile() - Compile a capture filter
 * @expression:  As pcap-filter(7); "" takes every frame
 * @err:         EXIT_USAGE: the expression (its first BPF_SHOWN_MAX bytes, controls as blanks),
 *               libpcap's reason, and the byte where it broke, from 1, where that can be had
 *
 * Refused too are "inbound", "outbound" and "ifindex": only the kernel could answer them.
 *
 * Return: filter, or NULL
 */
struct bpf *bpf_compile(const char *expression, struct err *err);

/**
 * bpf_from_insns() - A filter of instructions compiled elsewhere
 * @insns:  Copied
 * @n:      How many
 *
 * Return: filter; NULL where bpf_validate(3PCAP) refuses them, or memory ran out
 */
struct bpf *bpf_from_insns(const struct bpf_insn *insns, uint32_t n);

/** bpf_free() - NULL is allowed */
void bpf_free(struct bpf *b);

/**
 * bpf_match() - Whether the filter accepts a frame; keeps no state, so any thread may ask
 * @b:       Filter
 * @data:    Captured bytes, from the Ethernet header on; none beyond @caplen is read
 * @caplen:  Bytes at @data
 * @len:     Bytes on the wire, what "len" of the language is; any number
 */
bool bpf_match(const struct bpf *b, const unsigned char *data, uint32_t caplen, uint32_t len);

/**
 * bpf_error_place() - Where an expression that does not compile is wrong, to draw a caret there
 * @expression:  As bpf_compile()
 * @at:          Set to the first byte, from 0, of the token at which it cannot go on, or that
 *               libpcap's reason names; strlen(@expression) where more was expected
 * @n:           Set to the bytes of that token; 0 at the end
 *
 * Return: false, both untouched, where the place is not known, or the expression compiles
 */
bool bpf_error_place(const char *expression, size_t *at, size_t *n);

#endif
