/* decoded.h - a frame with what decoding made of it, as subscribers see it */
#ifndef SECVF_FANOUT_DECODED_H
#define SECVF_FANOUT_DECODED_H

#include <stddef.h>
#include <stdint.h>

#include "basic/basic.h"
#include "ek/ek_record.h"
#include "store/segment.h"

/* What became of a frame; names from decoded_status_name(). */
enum decoded_status {
	DECODED_TSHARK, /* "decoded": fields are tshark's */
	DECODED_BASIC,	/* "basic": decoded here alone, as there is no tshark or it was not asked */
	DECODED_PENDING, /* "pending": waits for tshark, and others do not wait for it; an update
			    comes */
	DECODED_SKIPPED, /* "skipped": tshark was to decode it and did not; basic decode stands in
			  */
};

/* Bytes of a field that are kept; tshark's longest column, Info, ends at 4,095 (COL_MAX_INFO_LEN).
 */
#define DECODED_FIELD_MAX 4096u

/** struct decoded_fields - tshark's fields of one frame, unescaped, in one allocation */
struct decoded_fields {
	struct {
		uint32_t at; /* offset in text */
		uint32_t n;  /* bytes; 0 where tshark gave none */
	} field[EK_FIELDS];
	char text[]; /* hostile: any bytes at all, NUL among them; not NUL-terminated */
};

/**
 * struct decoded - One frame on its way to subscribers; immutable there
 *
 * Owned by whoever holds it; decoded_free() drops its reference of the segment.
 */
struct decoded {
	uint64_t id;		   /* our frame number, 1 on, in order of capture */
	struct packet_view packet; /* lies in */
	struct segment *segment;   /* one reference */
	const char *vm;		   /* name of the ingress port; outlives the pipeline */
	enum decoded_status status;
	unsigned profile; /* DECODED_TSHARK: enum profile that it was decoded with */
	unsigned cause;	  /* else: enum undecoded */
	bool varied;	  /* not all frames are of one profile */
	bool update;	  /* decoded later: it has been emitted before, without */
	struct basic basic;
	struct decoded_fields *fields; /* NULL unless DECODED_TSHARK with columns */
	char *raw;		       /* -T ek: tshark's own lines, newlines included; else NULL */
	size_t raw_n;
};

/** struct decoded_summary - The columns of a row that are text, tshark's or else basic decode's */
struct decoded_summary {
	struct decoded_text {
		const char *
			p; /* borrowed from the frame, from static text or from the members below */
		size_t n;  /* 0: there is none */
	} source, destination, protocol, info;
	char source_room[BASIC_ADDRESS_MAX];
	char destination_room[BASIC_ADDRESS_MAX];
	char protocol_room[8];
	char info_room[BASIC_INFO_MAX];
};

/** decoded_free() - Free it, its fields, its lines, and drop its segment. NULL is allowed. */
void decoded_free(struct decoded *d);

/** decoded_status_name() - "decoded", "basic", "pending", "skipped" */
const char *decoded_status_name(enum decoded_status status);

/**
 * decoded_fields_make() - Keep the fields of a record
 * @r:  A document; its spans are read here and not kept
 *
 * Each field is cut at DECODED_FIELD_MAX bytes, between characters.
 *
 * Return: fields, to be freed by free() or decoded_free(), or NULL where memory ran out
 */
struct decoded_fields *decoded_fields_make(const struct ek_record *r);

/**
 * decoded_field() - One field of tshark's
 * @n:  Set to its bytes, 0 where there is none
 *
 * Return: the bytes, never NULL; borrowed from @d
 */
const char *decoded_field(const struct decoded *d, enum ek_field field, size_t *n);

/**
 * decoded_summary() - What a row says of a frame
 * @d:  Frame; its fields are taken where it has some, be they empty, else what basic decode found
 * @s:  Filled, room only where it is needed; must not be copied, as it points into itself
 */
void decoded_summary(const struct decoded *d, struct decoded_summary *s);

#endif
