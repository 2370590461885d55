/* capfile.c - the buffer below both capture formats, and what their readers share */
#include "capfile/capfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "capfile/capfile_private.h"
#include "tap/frame.h"

#define BUFFER_MIN  64u	 /* above the longest header of a record, so that growing is rare */
#define GUESS_BYTES 512u /* looked at to say what a file is that is no capture */

static_assert(CAPFILE_BLOCK_MAX >= FRAME_BYTES_MAX + 64, "the buffer holds the longest record");

/* Makes room for @n bytes from c->at on. */
static bool make_room(struct capfile *c, size_t n)
{
	size_t cap = c->cap;
	unsigned char *p;

	memmove(c->buf, c->buf + c->at, c->end - c->at);
	c->base += c->at;
	c->end -= c->at;
	c->at = 0;
	if (n <= cap)
		return true;
	while (cap < n)
		cap *= 2;
	if (cap > CAPFILE_BLOCK_MAX)
		cap = CAPFILE_BLOCK_MAX;
	p = realloc(c->buf, cap);
	if (!p)
		return false;
	c->buf = p;
	c->cap = cap;
	return true;
}

const unsigned char *capfile_fill(struct capfile *c, size_t n)
{
	check(n <= CAPFILE_BLOCK_MAX);
	if (c->at_end)
		return NULL;
	if (c->cap - c->at < n && !make_room(c, n)) {
		c->read_error = ENOMEM;
		c->at_end = true;
		return NULL;
	}
	while (c->end - c->at < n) {
		ssize_t got = c->source.read(c->source.ctx, c->buf + c->end, c->cap - c->end);

		check(got <= (ssize_t)(c->cap - c->end));
		if (got <= 0) {
			c->read_error = (int)-got;
			c->at_end = true;
			return NULL;
		}
		c->end += (size_t)got;
		c->taken += (uint64_t)got;
	}
	return c->buf + c->at;
}

bool capfile_skip(struct capfile *c, uint64_t n)
{
	while (n > capfile_left(c)) {
		n -= capfile_left(c);
		capfile_take(c, capfile_left(c));
		if (!capfile_want(c, 1))
			return false;
	}
	capfile_take(c, (size_t)n);
	return true;
}

enum capfile_result capfile_break(struct capfile *c, uint64_t offset, const char *fmt, ...)
{
	int n = snprintf(c->why, sizeof(c->why), "at byte %" PRIu64 "%s: ", offset,
			 c->unpack ? " of what is unpacked" : "");
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why + n, sizeof(c->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return CAPFILE_BROKEN;
}

enum capfile_result capfile_short(struct capfile *c, uint64_t offset, const char *what, uint64_t n)
{
	uint64_t last = capfile_offset(c) + capfile_left(c);

	if (capfile_unpack_why(c->unpack))
		return capfile_break(c, offset, "%s", capfile_unpack_why(c->unpack));
	if (c->read_error)
		return capfile_break(c, offset, "reading on failed at byte %" PRIu64 ": %s", last,
				     strerror(c->read_error));
	return capfile_break(c, offset,
			     "a %s of %" PRIu64 " bytes is cut short, the file ends after %" PRIu64
			     " bytes: its writer was stopped, or it was not copied whole",
			     what, n, last);
}

bool capfile_interface_add(struct capfile *c, const struct capfile_interface *in,
			   struct capfile_scale scale)
{
	if (c->interface_count == c->interface_cap) {
		unsigned cap = c->interface_cap ? c->interface_cap * 2 : 4;
		struct capfile_interface *interfaces;
		struct capfile_scale *scales;

		interfaces = realloc(c->interfaces, cap * sizeof(*interfaces));
		if (!interfaces)
			return false;
		c->interfaces = interfaces;
		scales = realloc(c->scales, cap * sizeof(*scales));
		if (!scales)
			return false;
		c->scales = scales;
		c->interface_cap = cap;
	}
	c->interfaces[c->interface_count] = *in;
	c->scales[c->interface_count++] = scale;
	return true;
}

static void set_broken_err(const struct capfile *c, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "%s: broken %s; %" PRIu64 " whole frame%s %s read before it",
		c->said, c->why, c->frames, c->frames == 1 ? "" : "s",
		c->frames == 1 ? "was" : "were");
}

/* Reads the first header. Return: false with @err filled */
static bool open_header(struct capfile *c, struct err *err)
{
	enum capfile_result result = CAPFILE_END;

	if (!capfile_unpack(c)) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory to unpack it", c->said);
		return false;
	}
	if (capfile_want(c, 4)) {
		result = capfile_pcapng_open(c);
		c->pcapng = result != CAPFILE_END;
		if (!c->pcapng)
			result = capfile_pcap_open(c);
	}
	if (result == CAPFILE_FRAME)
		return true;
	if (result == CAPFILE_BROKEN) {
		set_broken_err(c, err);
		return false;
	}
	capfile_want(c, GUESS_BYTES);
	if (c->read_error)
		err_set(err, EXIT_ENVIRONMENT, "%s: cannot be read: %s", c->said,
			capfile_unpack_why(c->unpack) ? capfile_unpack_why(c->unpack)
						      : strerror(c->read_error));
	else
		capfile_guess(c->buf + c->at, capfile_left(c), c->said, err);
	return false;
}

struct capfile *capfile_open_source(const char *path, struct capfile_source source,
				    size_t buffer_bytes, struct err *err)
{
	struct capfile *c = calloc(1, sizeof(*c));

	if (!buffer_bytes)
		buffer_bytes = CAPFILE_BUFFER;
	if (!c) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory to open it", path);
		if (source.close)
			source.close(source.ctx);
		return NULL;
	}
	c->source = source;
	c->cap = buffer_bytes < BUFFER_MIN ? BUFFER_MIN : buffer_bytes;
	c->path = strdup(path);
	c->buf = malloc(c->cap);
	c->said = strcmp(path, "-") != 0 ? c->path : "standard input";
	c->state = CAPFILE_FRAME;
	if (!c->path || !c->buf) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory to open it", path);
		capfile_close(c);
		return NULL;
	}
	if (!open_header(c, err)) {
		capfile_close(c);
		return NULL;
	}
	return c;
}

/* The descriptor of a source is its ctx, so that nothing has to be allocated for it. */
static int source_fd(void *ctx)
{
	return (int)(intptr_t)ctx;
}

static ssize_t descriptor_read(void *ctx, void *buf, size_t n)
{
	int fd = source_fd(ctx);

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t got = read(fd, buf, n);

		if (got >= 0)
			return got;
		/* Standard input may have been made non-blocking by whoever shares it. */
		if (errno == EAGAIN)
			poll(&ready, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
}

static void descriptor_close(void *ctx)
{
	close(source_fd(ctx));
}

struct capfile *capfile_open_buffered(const char *path, size_t buffer_bytes, struct err *err)
{
	struct capfile_source source = {.read = descriptor_read};
	struct stat st;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			err_set(err, EXIT_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
			return NULL;
		}
		source.close = descriptor_close;
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
			close(fd);
			err_set(err, EXIT_ENVIRONMENT,
				"cannot read %s: it is a directory; name the captures in it, such as "
				"%s/*.pcap",
				path, path);
			return NULL;
		}
		/* Only advice: the kernel reads ahead further. */
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	} else if (isatty(fd)) {
		err_set(err, EXIT_ENVIRONMENT,
			"standard input is a terminal; pipe a capture into it, or name a file");
		return NULL;
	}
	source.ctx = (void *)(intptr_t)fd;
	return capfile_open_source(path, source, buffer_bytes, err);
}

struct capfile *capfile_open(const char *path, struct err *err)
{
	return capfile_open_buffered(path, 0, err);
}

void capfile_close(struct capfile *c)
{
	if (!c)
		return;
	if (c->source.close)
		c->source.close(c->source.ctx);
	for (unsigned i = 0; i < c->interface_count; i++) {
		free(c->interfaces[i].name);
		free(c->interfaces[i].description);
		free(c->interfaces[i].block);
	}
	capfile_section_done(&c->ng.section);
	free(c->interfaces);
	free(c->scales);
	free(c->ng.comment);
	free(c->buf);
	free(c->path);
	free(c);
}

enum capfile_result capfile_next(struct capfile *c, struct capfile_frame *frame, struct err *err)
{
	if (c->state == CAPFILE_FRAME) {
		c->state = c->pcapng ? capfile_pcapng_next(c, frame) : capfile_pcap_next(c, frame);
		if (c->state == CAPFILE_FRAME) {
			frame->number = ++c->frames;
			return CAPFILE_FRAME;
		}
	}
	if (c->state == CAPFILE_BROKEN)
		set_broken_err(c, err);
	return c->state;
}

const struct capfile_interface *capfile_interfaces(const struct capfile *c, unsigned *count)
{
	*count = c->interface_count;
	return c->interfaces;
}

const struct capfile_section *capfile_section(const struct capfile *c)
{
	return &c->ng.section;
}

void capfile_watch(struct capfile *c, const struct capfile_watch *watch)
{
	check(c->frames == 0);
	c->watch = *watch;
}

uint64_t capfile_taken(const struct capfile *c)
{
	return c->unpack ? capfile_unpack_taken(c->unpack) : c->taken;
}

bool capfile_is_packed(const struct capfile *c)
{
	return c->unpack != NULL;
}

const char *capfile_path(const struct capfile *c)
{
	return c->path;
}

bool capfile_is_pcapng(const struct capfile *c)
{
	return c->pcapng;
}
