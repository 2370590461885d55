/* specimen.h - a capture held in memory to be made smaller piece by piece
 *
 * Theory of operation: a capture is read once, by export, which makes one little-endian pcapng of
 * whatever it was; the specimen is that text, cut into items: frames, and those other blocks that
 * are copied (names, secrets, custom ones). An item remembers its flow. Items are dropped and
 * frames cut in place. It is written as pcapng with the interfaces that its frames still need, or
 * as pcap; time stamps, options and comments of a frame are kept as they are.
 *
 * Bounds: SPECIMEN_BYTES_MAX of pcapng text; a longer capture is refused, with the remedy.
 */
#ifndef SECVF_SHRINK_SPECIMEN_H
#define SECVF_SHRINK_SPECIMEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "capfile/capfile.h"
#include "capfile/export.h"

#define SPECIMEN_BYTES_MAX (UINT64_C(1) << 30)

struct specimen_interface {
	size_t at; /* of its block in the text */
	uint32_t bytes;
	int linktype;
};

struct specimen_item {
	size_t at;	    /* a frame: of its data in the text; else of its whole block */
	uint32_t caplen;    /* bytes at @at */
	uint32_t len;	    /* a frame: as recorded */
	size_t head_at;	    /* a frame: of its block */
	size_t options_at;  /* a frame: of its options */
	uint32_t options;   /* bytes of them */
	uint32_t interface; /* a frame: index in specimen.interfaces */
	uint32_t flow;	    /* 0 on, in order of first appearance */
	bool frame;
};

struct specimen {
	struct buf text;
	struct specimen_interface *interfaces;
	struct specimen_item *items;
	size_t interface_count, interface_cap, count, cap;
	size_t frames;	/* items that are frames */
	uint32_t flows; /* that items were of at first */
	enum export_format format;
};

/** struct specimen_edit - What happens to one item; zeroed: nothing but that its length is set */
struct specimen_edit {
	bool gone;
	uint32_t cut_at, cut_bytes;   /* of its data, taken out */
	uint32_t zero_at, zero_bytes; /* of its data, before the cut, set to 0; not together with
					 a cut */
	uint32_t len;		      /* that it has then */
};

/** specimen_editor - Fills in @edit for item @index, of whose bytes it may look at those of this
 * item only. Called in order of items, perhaps twice */
typedef void specimen_editor(void *ctx, size_t index, struct specimen_edit *edit);

/**
 * specimen_read() - Take a capture into memory
 * @s:       Zeroed; specimen_done() ends it, also after failure
 * @c:       Capture of which no frame was read yet
 * @err:     Filled unless EXPORT_WHOLE
 *
 * Return: EXPORT_BROKEN where what is before the broken place was taken
 */
enum export_result specimen_read(struct specimen *s, struct capfile *c, struct err *err);

/** specimen_format() - Write as this from now on. A pcap drops all items that are no frames */
void specimen_format(struct specimen *s, enum export_format format);

/**
 * specimen_write() - Lay the capture out as a file, as it would be after an edit
 * @s:     Specimen, unchanged
 * @edit:  NULL: as it is
 * @ctx:   For @edit
 * @out:   Gets the file; what it had before is lost
 * @err:   EXIT_ENVIRONMENT: no memory, or frames that a pcap has no room for
 */
bool specimen_write(const struct specimen *s, specimen_editor *edit, void *ctx, struct buf *out,
		    struct err *err);

/** specimen_apply() - Make the edit so; dropped items are gone from specimen.items */
void specimen_apply(struct specimen *s, specimen_editor *edit, void *ctx);

/** specimen_data() - The bytes of an item */
static inline unsigned char *specimen_data(const struct specimen *s,
					   const struct specimen_item *item)
{
	return (unsigned char *)s->text.p + item->at;
}

/** specimen_bytes() - Bytes of all frames that are left */
uint64_t specimen_bytes(const struct specimen *s);

/** specimen_done() - Free */
void specimen_done(struct specimen *s);

#endif
