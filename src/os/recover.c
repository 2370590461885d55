/* recover.c - captures that a crash left behind, made whole */
#include "os/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "os/disk_posix.h"
#include "pcapng/pcapng_write.h"

#define PART	    ".part"
#define EXT	    ".pcapng"
#define MARK_WITHIN 1024u /* bytes of a file that hold its section header's comment */
#define HEAD	    8u
#define WINDOW	    (1u << 20)
#define BLOCK_MAX   (16u << 20) /* as readers bound it */

/** struct walk - Blocks of a file, one after the other */
struct walk {
	int fd;
	uint64_t at, size;
	uint64_t frames;
	unsigned char *window;
	uint64_t window_at;
	size_t window_bytes;
};

/* Return: @n bytes of the file from @at on, or NULL where it has not as many */
static const unsigned char *bytes_at(struct walk *w, uint64_t at, size_t n)
{
	ssize_t got;

	if (at + n > w->size)
		return NULL;
	if (at < w->window_at || at + n > w->window_at + w->window_bytes) {
		got = pread(w->fd, w->window, WINDOW, (off_t)at);
		if (got < (ssize_t)n)
			return NULL;
		w->window_at = at;
		w->window_bytes = (size_t)got;
	}
	return w->window + (at - w->window_at);
}

/* Go past one whole block. Return: false where there is none */
static bool next_block(struct walk *w)
{
	const unsigned char *p = bytes_at(w, w->at, HEAD);
	uint32_t type, length;

	if (!p)
		return false;
	type = le32_load(p);
	length = le32_load(p + 4);
	if (!type || length < HEAD + PCAPNG_TAIL_BYTES || length % 4 || length > BLOCK_MAX)
		return false;
	if (!w->at && type != PCAPNG_SECTION)
		return false;
	p = bytes_at(w, w->at + length - PCAPNG_TAIL_BYTES, PCAPNG_TAIL_BYTES);
	if (!p || le32_load(p) != length)
		return false;
	w->at += length;
	w->frames += type == PCAPNG_PACKET;
	return true;
}

static bool ends_with(const char *s, size_t n, const char *end)
{
	size_t e = strlen(end);

	return n >= e && strncmp(s + n - e, end, e) == 0;
}

/* NAME.pcapng.part, or NAME-journalN.part. */
static bool named_by_us(const char *path)
{
	size_t n = strlen(path) - strlen(PART);

	if (ends_with(path, n, EXT))
		return true;
	while (n && path[n - 1] >= '0' && path[n - 1] <= '9')
		n--;
	return ends_with(path, n, "-journal");
}

/* Other programs call what they have not finished .part, too. Ours says so in its section header;
 * a crash may have come before that was written. */
static bool ours(struct walk *w, const char *path)
{
	static const char mark[] = "secvf session=";
	size_t n = w->size < MARK_WITHIN ? (size_t)w->size : MARK_WITHIN;
	const unsigned char *p = n ? bytes_at(w, 0, n) : NULL;

	if (p && memmem(p, n, mark, strlen(mark)))
		return n >= 4 && le32_load(p) == PCAPNG_SECTION;
	if (!named_by_us(path))
		return false;
	/* Of a section header, or of a file that was made and not written to. */
	return !w->size || (p && (p[0] == (PCAPNG_SECTION & 0xff) || p[0] == 0));
}

/* The name without ".part", and a free one: NAME-recovered.pcapng, NAME-recovered-2.pcapng, ... */
static bool final_name(const char *path, char *to, size_t n)
{
	size_t base = strlen(path) - strlen(PART);

	if (ends_with(path, base, EXT)) {
		if (snprintf(to, n, "%.*s", (int)base, path) >= (int)n)
			return false;
		if (access(to, F_OK))
			return true;
		base -= strlen(EXT);
	}
	for (unsigned i = 1; i < 10000; i++) {
		int length =
			i == 1 ? snprintf(to, n, "%.*s-recovered%s", (int)base, path, EXT)
			       : snprintf(to, n, "%.*s-recovered-%u%s", (int)base, path, i, EXT);

		if (length >= (int)n)
			return false;
		if (access(to, F_OK))
			return true;
	}
	return false;
}

static void seal(int fd, struct walk *w, struct recovered *r)
{
	while (next_block(w))
		;
	r->frames = w->frames;
	r->bytes = w->at;
	r->cut = w->size - w->at;
	if (!w->frames) {
		r->error = unlink(r->from) ? -errno : 0;
		return;
	}
	if (ftruncate(fd, (off_t)w->at)) {
		r->error = -errno;
		return;
	}
	if (!final_name(r->from, r->to, sizeof(r->to)))
		r->error = -ENAMETOOLONG;
	else if (rename(r->from, r->to))
		r->error = -errno;
	if (r->error)
		r->to[0] = '\0';
}

bool recover_file(const char *path, struct recovered *r)
{
	struct walk w = {.fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
	bool left = w.fd >= 0 && !disk_lock(w.fd);
	struct stat st;

	memset(r, 0, sizeof(*r));
	snprintf(r->from, sizeof(r->from), "%s", path);
	w.window = malloc(WINDOW);
	if (w.fd < 0 || fstat(w.fd, &st))
		r->error = -errno;
	else if (!w.window)
		r->error = -ENOMEM;
	else {
		w.size = (uint64_t)st.st_size;
		left = left || !ours(&w, path);
		if (!left)
			seal(w.fd, &w, r);
	}
	free(w.window);
	if (w.fd >= 0)
		close(w.fd);
	return !left;
}

int recover_folder(const char *folder, void (*told)(void *ctx, const struct recovered *r),
		   void *ctx)
{
	struct recovered *r = malloc(sizeof(*r));
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int n = 0;

	if (!dir || !r) {
		int error = !r ? -ENOMEM : errno == ENOENT ? 0 : -errno;

		free(r);
		if (dir)
			closedir(dir);
		return error;
	}
	while ((entry = readdir(dir))) {
		char path[DISK_PATH_MAX];
		size_t length = strlen(entry->d_name);

		if (length <= strlen(PART) ||
		    strcmp(entry->d_name + length - strlen(PART), PART) != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			    (int)sizeof(path))
			continue;
		if (!recover_file(path, r))
			continue;
		n += !r->error;
		told(ctx, r);
	}
	closedir(dir);
	free(r);
	return n;
}
