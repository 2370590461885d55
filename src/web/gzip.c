/* gzip.c - answers made smaller for who takes that */
#include "web/gzip.h"

#include <limits.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

/* Whether the weight behind a coding is "q=0", with as many zeros as there may be */
static bool is_refused(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == ';'))
		i++;
	if (n - i < 3 || strncasecmp(s + i, "q=0", 3) != 0)
		return false;
	for (i += 3; i < n; i++) {
		if (s[i] >= '1' && s[i] <= '9')
			return false;
	}
	return true;
}

bool gzip_accepted(const char *header)
{
	bool any = false;

	while (header && *header) {
		size_t n, name;

		header += strspn(header, ", \t");
		n = strcspn(header, ",");
		name = strcspn(header, ",; \t");
		if (name == 4 && strncasecmp(header, "gzip", 4) == 0)
			return !is_refused(header + name, n - name);
		if (name == 1 && *header == '*')
			any = !is_refused(header + name, n - name);
		header += n;
	}
	return any;
}

bool gzip_put(struct buf *out, const void *bytes, size_t n)
{
	/* Level 1: the link is a loopback or a LAN, so it may cost little. 16: gzip's frame. */
	z_stream z = {0};
	size_t before = out->n, room;
	bool ok = false;

	if (n > UINT_MAX / 2 || deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
		return false;
	room = deflateBound(&z, (uLong)n);
	if (buf_reserve(out, room)) {
		z.next_in = (Bytef *)bytes;
		z.avail_in = (uInt)n;
		z.next_out = (Bytef *)out->p + before;
		z.avail_out = (uInt)room;
		ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
		out->n = ok ? before + z.total_out : before;
	}
	deflateEnd(&z);
	return ok;
}
