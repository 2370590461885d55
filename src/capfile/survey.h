/* survey.h - what captures hold: counts of frames, interfaces, protocols, addresses
 *
 * Theory of operation: frames of one file after the other are counted; what belongs to a file is in
 * survey.file, which the next one clears, protocols and addresses are of all files. Only Ethernet
 * is decoded. The table of addresses takes the first SURVEY_TALKERS_MAX that appear, and counts
 * what it has no room for.
 */
#ifndef SECVF_CAPFILE_SURVEY_H
#define SECVF_CAPFILE_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "basic/basic.h"
#include "capfile/capfile.h"
#include "fanout/stats.h"

#define SURVEY_TALKERS_MAX 32768u

#define SURVEY_UNKNOWN	   UINT64_MAX /* a count that no statistics block gave */

struct survey_interface {
	uint64_t frames, bytes;
	uint64_t drops;		    /* sum of epb_dropcount */
	uint64_t received, dropped; /* of the last statistics block: isb_ifrecv; isb_ifdrop and
				       isb_osdrop; or SURVEY_UNKNOWN */
};

struct survey_file {
	uint64_t frames, caplen_bytes, len_bytes;
	uint64_t first_ns, last_ns; /* least and greatest; both 0 without frames */
	uint64_t backwards;	    /* frames earlier than the one before */
	uint64_t comments;
	uint64_t sections, names, secrets, statistics, other; /* blocks */
	bool broken;
	struct err err; /* where broken */
	struct survey_interface *interfaces;
	unsigned interface_count;
};

struct survey_talker {
	unsigned char address[16];
	uint8_t family; /* enum basic_family; BASIC_NO_ADDRESS: a MAC in the first 6 bytes */
	uint64_t frames, bytes; /* from it and to it; 0 frames: an empty slot */
};

struct survey {
	struct survey_file file;
	struct stats stats; /* of Ethernet, all files */
	uint64_t not_ethernet;
	struct survey_talker *slots;
	unsigned talkers;
	uint64_t unfit; /* frames of which an address found no room */
	bool failed;	/* memory ran out */
	unsigned interface_cap;
};

/** survey_init() - Start. Return: false where memory ran out */
bool survey_init(struct survey *s);

/**
 * survey_read() - Count all frames of a capture, to its end or its broken place
 * @s:     Survey; its file is filled anew
 * @c:     Capture of which no frame was read yet
 * @tick:  Called every 1,024 frames with @ctx, or NULL
 *
 * Return: false where memory ran out
 */
bool survey_read(struct survey *s, struct capfile *c,
		 void (*tick)(void *ctx, const struct capfile *c), void *ctx);

/** survey_top() - The addresses with most bytes. Return: how many of @n are in @top, in order */
size_t survey_top(const struct survey *s, const struct survey_talker **top, size_t n);

/** survey_address() - An address as text, with a NUL */
void survey_address(const struct survey_talker *t, char out[BASIC_ADDRESS_MAX]);

/** survey_done() - Free */
void survey_done(struct survey *s);

#endif
