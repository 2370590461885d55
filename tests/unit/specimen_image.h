/* specimen_image.h - a capture built in memory, as a specimen; after cmocka.h and its headers */
#ifndef SECVF_TESTS_SPECIMEN_IMAGE_H
#define SECVF_TESTS_SPECIMEN_IMAGE_H

#include <string.h>

#include "shrink/specimen.h"
#include "unit/opened.h"

static inline void specimen_of(struct specimen *s, const struct image *i)
{
	struct bytes b;
	struct capfile *c = opened(&b, i->p, i->n);
	struct err err;

	memset(s, 0, sizeof(*s));
	assert_int_equal(specimen_read(s, c, &err), EXPORT_WHOLE);
	capfile_close(c);
}

#endif
