/* selection.h - which frames of captures are wanted
 *
 * Theory of operation: a selection is several conditions, and a frame must meet all that are given.
 * Two of them, a VM and a conversation, must have seen all frames first: where selection_scans()
 * says so, every frame goes through selection_scan(), in order, before the first selection_match().
 * Ids count frames over all inputs; a file of SecVF's own says in its section's comment where its
 * ids begin ("secvf session=NAME first=ID").
 *
 * Bounds: SELECTION_RANGES_MAX ranges of ids, SELECTION_MACS_MAX addresses of a VM, one compiled
 * filter for each of SELECTION_FILTERS_MAX link types.
 *
 * Source: pcap-filter(7)
 */
#ifndef SECVF_CAPFILE_SELECTION_H
#define SECVF_CAPFILE_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "capfile/capfile.h"

#define SELECTION_RANGES_MAX  65536u
#define SELECTION_MACS_MAX    65536u /* of one VM; one that has more is refused */
#define SELECTION_FILTERS_MAX 16u

struct selection_config {
	const char *ids; /* "5,10-20,100-", or NULL */
	bool from, to;
	uint64_t from_ns, to_ns; /* at or after, before */
	const char *vm;		 /* name of an interface, or NULL */
	const char *filter;	 /* capture filter, or NULL */
	uint64_t conversation;	 /* id of a frame of it; 0: none */
	/* Whether the display filter shows the frame at byte @offset of the file at hand, or NULL;
	 * asked in order */
	bool (*shown)(void *ctx, uint64_t offset);
	void *ctx;
};

enum selection_result {
	SELECTION_NO,
	SELECTION_YES,
	SELECTION_FAILED,
};

struct selection;

/** selection_open() - Read the conditions. @config's texts are borrowed until selection_close().
 * Return: NULL with @err, EXIT_USAGE for wrong words */
struct selection *selection_open(const struct selection_config *config, struct err *err);

/** selection_close() - NULL is allowed */
void selection_close(struct selection *s);

/** selection_all() - Whether there is no condition */
bool selection_all(const struct selection *s);

/** selection_scans() - Whether selection_scan() has to see all frames first */
bool selection_scans(const struct selection *s);

/** selection_scan() - Look at one frame with its id. Return: false with @err where a bound is met
 */
bool selection_scan(struct selection *s, const struct capfile *c, const struct capfile_frame *f,
		    uint64_t id, struct err *err);

/** selection_scanned() - All frames were seen. Return: false with @err, EXIT_USAGE, where the VM or
 * the conversation was not among them */
bool selection_scanned(struct selection *s, struct err *err);

/** selection_match() - Whether a frame is wanted. Return: SELECTION_FAILED with @err where the
 * filter cannot be compiled for its link type */
enum selection_result selection_match(struct selection *s, const struct capfile *c,
				      const struct capfile_frame *f, uint64_t id, struct err *err);

/** selection_first_id() - The id of a file's first frame, where its section says that. Return: 0
 * where it does not */
uint64_t selection_first_id(const struct capfile *c);

#endif
