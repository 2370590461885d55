/* loaded.c - frames of captures in memory */
#include "cli/loaded.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/capfile.h"

bool loaded_init(struct loaded *l)
{
	*l = (struct loaded){.frame = calloc(LOADED_FRAMES_MAX, sizeof(*l->frame)),
			     .basic = calloc(LOADED_FRAMES_MAX, sizeof(*l->basic)),
			     .bytes = malloc(LOADED_BYTES_MAX)};
	if (l->frame && l->basic && l->bytes)
		return true;
	loaded_done(l);
	return false;
}

void loaded_done(struct loaded *l)
{
	free(l->frame);
	free(l->basic);
	free(l->bytes);
	memset(l, 0, sizeof(*l));
}

/* Return: false where there is no room. */
static bool keep(struct loaded *l, const struct capfile_frame *f)
{
	struct dfilter_frame *kept = &l->frame[l->frames];

	if (l->frames == LOADED_FRAMES_MAX || f->caplen > LOADED_BYTES_MAX - l->used)
		return false;
	*kept = (struct dfilter_frame){.basic = &l->basic[l->frames],
				       .data = l->bytes + l->used,
				       .caplen = f->caplen,
				       .len = f->len ? f->len : f->caplen,
				       .number = l->frames + 1};
	memcpy(l->bytes + l->used, f->data, f->caplen);
	basic_decode(&l->basic[l->frames], kept->data, kept->caplen);
	l->used += f->caplen;
	l->frames++;
	return true;
}

bool loaded_read(struct loaded *l, const char *path, struct err *err)
{
	struct capfile *c = capfile_open(path, err);
	struct capfile_frame f;
	enum capfile_result got = CAPFILE_BROKEN;

	while (c && (got = capfile_next(c, &f, err)) == CAPFILE_FRAME) {
		if (f.linktype == DLT_EN10MB && !keep(l, &f))
			break;
	}
	capfile_close(c);
	return got != CAPFILE_BROKEN;
}
