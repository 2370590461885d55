/* layers.h - one frame dissected: the tree of its layers, and the bytes that they stand for
 *
 * Theory of operation: the tree is kept flat, in the order in which one reads it; a node's children
 * follow it and are one deeper. Labels, filters and values are hostile text, of any bytes. Byte
 * ranges are of one of the frame's byte views: the first is the frame, others are what a dissector
 * made of it (reassembled, decompressed, decrypted). A range that does not fit its view is cut to
 * it, so whoever marks bytes needs no checks.
 *
 * Made from what sharkd answers to "frame" (labels, filters, ranges, byte views), or, without
 * sharkd, from a packet of tshark's PDML (the same without byte views but the first).
 *
 * Sources: sharkd's answers (Wireshark 4.0), docs/formats.md; PDML: doc/README.xml-output of
 * Wireshark
 */
#ifndef SECVF_ANALYSIS_LAYERS_H
#define SECVF_ANALYSIS_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A tree that is deeper is cut there: nobody reads it, and a loop that made it does not end ours.
 * Wireshark's own bound is 500. */
#define LAYERS_DEPTH_MAX 512u
#define LAYERS_VIEWS_MAX 64u
#define LAYERS_BYTES_MAX (64u << 20) /* of all byte views */
#define LAYERS_NO_VIEW	 UINT16_MAX
#define LAYERS_NOWHERE	 UINT32_MAX

enum layer_flag {
	LAYER_PROTOCOL = 1 << 0,  /* a protocol's own node */
	LAYER_GENERATED = 1 << 1, /* not in the bytes: worked out by the dissector */
	LAYER_HIDDEN = 1 << 2,
};

/* Expert notes, in the order of weight; names from layer_severity_name(). */
enum layer_severity {
	LAYER_NO_NOTE,
	LAYER_COMMENT,
	LAYER_CHAT,
	LAYER_NOTE,
	LAYER_WARNING,
	LAYER_ERROR,
	LAYER_SEVERITIES
};

struct layer_text {
	uint32_t at, n; /* in layers.text */
};

struct layer_node {
	struct layer_text label;
	struct layer_text filter; /* display filter that selects it: "ip.src == 10.0.0.1"; may be
				     empty */
	uint32_t field_n;	 /* bytes of the filter that are the field's name; 0: it has none */
	uint32_t start, bytes;	 /* in its view; bytes 0: it stands for none */
	uint32_t after, after_n; /* a trailer that belongs to it, too */
	uint32_t frame;		 /* another frame that it speaks of; 0: none */
	uint16_t depth;		 /* of layers: 0 */
	uint16_t view;		 /* LAYERS_NO_VIEW: not known */
	uint8_t flags;		 /* enum layer_flag */
	uint8_t severity;	 /* enum layer_severity */
};

struct layer_view {
	struct layer_text name; /* "Frame (60 bytes)", "Reassembled TCP (1460 bytes)" */
	uint32_t at, n;		/* in layers.bytes */
};

struct layers {
	struct layer_node *node;
	uint32_t nodes, nodes_cap;
	struct buf text;
	struct buf bytes;
	struct layer_view view[LAYERS_VIEWS_MAX];
	unsigned views;
	bool cut; /* something did not fit into a bound */
	/* Streams that it is part of, as "follow" names them: "TCP", "tcp.stream eq 0"; bounded */
	struct {
		struct layer_text kind, filter;
	} stream[8];
	unsigned streams;
};

/** layer_severity_name() - "", "comment", "chat", "note", "warning", "error" */
const char *layer_severity_name(enum layer_severity severity);

/**
 * layers_from_sharkd() - Of an answer to "frame" with proto and bytes
 * @l:       Zeroed, or what layers_done() left; filled
 * @answer:  The whole response, NUL-terminated
 * @err:     EXIT_ENVIRONMENT where it is not what sharkd answers, or memory ran out; @l is empty
 */
bool layers_from_sharkd(struct layers *l, const char *answer, size_t n, struct err *err);

/**
 * layers_from_pdml() - Of PDML with one packet
 * @frame, @frame_n:  The frame's own bytes, which become the only view
 *
 * Otherwise as layers_from_sharkd(). A range whose bytes are not those of the frame is of another
 * view, which PDML does not have: LAYERS_NO_VIEW; of a protocol the first field with bytes tells.
 */
bool layers_from_pdml(struct layers *l, const char *pdml, size_t n, const unsigned char *frame,
		      size_t frame_n, struct err *err);

/** layers_view() - Bytes of a byte view, view[@i].n of them; borrowed, never NULL */
const unsigned char *layers_view(const struct layers *l, unsigned i);

/** layers_done() - Free, and zero */
void layers_done(struct layers *l);

/** layers_at() - The deepest node that stands for byte @byte of @view; of several the one with the
 * fewest bytes, then the last. Return: its index, or LAYERS_NOWHERE */
uint32_t layers_at(const struct layers *l, unsigned view, uint32_t byte);

/** layers_find() - The @nth (from 0) node of field @field. Return: its index, or LAYERS_NOWHERE */
uint32_t layers_find(const struct layers *l, const char *field, unsigned nth);

/**
 * layers_renumber() - The capture held a choice of frames: call them by their own numbers
 * @ids:  Number of the capture's n-th frame
 *
 * In what speaks of frames: references, frame.number, and the words of both.
 */
void layers_renumber(struct layers *l, const uint64_t *ids, size_t n);

/** layers_put_tree() - As text for a terminal, a node a line, indented; @mark: a node that is
 * pointed at, LAYERS_NOWHERE: none. @hidden: hidden nodes, too */
void layers_put_tree(const struct layers *l, uint32_t mark, bool hidden, struct buf *out);

/**
 * layers_put_json() - As one JSON object, no newline
 *
 * {"tree":[{"label","filter","field","view","start","bytes","severity","generated":true,...,
 * "children":[...]}],"views":[{"name","hex"}],"streams":[{"kind","filter"}]}; members that a node
 * has not are left out. "cut":true is behind them where a bound was met.
 */
void layers_put_json(const struct layers *l, struct buf *out);

#endif
