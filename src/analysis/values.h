/* values.h - what fields hold in each of some frames: columns of a person's choice
 *
 * Theory of operation: tshark is run over a capture of the frames and what they need to be
 * understood, with -T json and a -e for VALUES_NUMBER and for each field. Its answer has an object
 * a frame, with the fields that the frame has; the number, as tshark counts, says which frame of
 * ours it is. A field may be there several times in a frame, or never. What is shown of it is
 * bounded: VALUES_EACH_MAX values of VALUES_BYTES_MAX bytes.
 *
 * Source: tshark(1), -T json, -e
 */
#ifndef SECVF_ANALYSIS_VALUES_H
#define SECVF_ANALYSIS_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define VALUES_FIELDS_MAX 8u
#define VALUES_FRAMES_MAX 200u
#define VALUES_EACH_MAX	  16u
#define VALUES_BYTES_MAX  256u
#define VALUES_NUMBER	  "frame.number"

struct json_object;

/** struct values - Zero it, then set what is asked; values_done() to end */
struct values {
	const char *field[VALUES_FIELDS_MAX]; /* names, borrowed; NULL: one that there is none of */
	bool numbers[VALUES_FIELDS_MAX];      /* the field's values are numbers of frames */
	unsigned fields;
	uint64_t id[VALUES_FRAMES_MAX];
	unsigned frames;
	/* Frames of the capture that tshark reads, in order: malloc()ed, taken */
	uint64_t *ids;
	size_t count;
	struct json_object *found[VALUES_FRAMES_MAX]; /* of each frame; NULL: tshark told none */
	struct json_object *whole;
};

/** values_done() - Free what was taken and read, and zero */
void values_done(struct values *v);

/** values_name_ok() - Whether a name may be one of a field: letters, digits, '_', '-', '.'; no
 * option. Such a name need not exist */
bool values_name_ok(const char *name);

/**
 * values_read() - Take tshark's answer
 * @v:     Asked
 * @text:  What tshark printed, @n bytes
 * @err:   EXIT_ENVIRONMENT where it is no such answer
 *
 * Frames that were not asked for are passed over.
 */
bool values_read(struct values *v, const char *text, size_t n, struct err *err);

/**
 * values_put() - Add the frames as a JSON array
 * @why:  Of frames that tshark told nothing of
 *
 * [{"id":7,"values":[["a.example"],[],null]},{"id":8,"values":[null,null,null],"why":"..."}]: of
 * each field an array of texts, empty where the frame has none; null where that can't be said.
 * Numbers of frames are those of the whole capture.
 */
void values_put(const struct values *v, const char *why, struct buf *out);

#endif
