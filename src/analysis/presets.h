/* presets.h - display filters for what malware does on a network
 *
 * Theory of operation: a fixed table. A display filter sees one frame at a time, with what tshark
 * remembers of its conversation; it does not count, and it knows no baseline. So an expression
 * picks frames that are worth a look, and its note says what else it picks.
 *
 * Expressions are tested with 4.0, and hold to what versions around it have in common: sets have
 * commas, a field is denied by "not (a == b)" as "!=" has meant two things, and a dot in a regular
 * expression is "[.]", so that no version's rules for backslashes matter. fixtures/make-presets has
 * two captures for each: one that it picks frames of, and a near miss.
 */
#ifndef SECVF_ANALYSIS_PRESETS_H
#define SECVF_ANALYSIS_PRESETS_H

#include <stddef.h>

/** struct preset - One expression; all texts are static, and no one is empty */
struct preset {
	const char *name; /* [a-z0-9-], unique */
	const char *category;
	const char *expression; /* a display filter */
	const char *note;	/* what it shows; then "Also: " and what else it matches */
};

/** presets() - All, those of one category together. @count: set to how many there are */
const struct preset *presets(size_t *count);

/** preset_find() - The one of this name. Return: NULL where there is none */
const struct preset *preset_find(const char *name);

#endif
