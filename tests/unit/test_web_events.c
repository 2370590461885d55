/* test_web_events.c - server-sent events: their framing, and what listeners get
 *
 * Goal: an event is read as the text that it was, whatever is in it; a listener that is slow gets
 * the newest next, and holds no more than one; the end wakes all.
 *
 * Method: a reader of the framing, as the HTML Standard has it, over texts with every line end; a
 * panel whose status is its serial.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/events.h"

/* The data of the one event in @b, by the rules of the reader. */
static void expect_data(const char *text, size_t n, const char *data)
{
	struct buf b = {0}, got = {0};
	bool any = false;

	events_frame(&b, "status", text, n);
	buf_putc(&b, '\0');
	assert_int_equal(strncmp(b.p, "event: status\n", 14), 0);
	assert_string_equal(b.p + b.n - 3, "\n\n");
	for (char *line = strtok(b.p + 14, "\n"); line; line = strtok(NULL, "\n")) {
		assert_int_equal(strncmp(line, "data: ", 6), 0);
		if (any)
			buf_putc(&got, '\n');
		buf_puts(&got, line + 6);
		any = true;
	}
	buf_putc(&got, '\0');
	assert_string_equal(got.p, data);
	buf_done(&b);
	buf_done(&got);
}

static void test_frame(void **state)
{
	(void)state;
	expect_data("{}", 2, "{}");
	expect_data("", 0, "");
	expect_data("a\nb", 3, "a\nb");
	expect_data("a\r\nb\rc\n", 7, "a\nb\nc\n");
	expect_data("\n\n", 2, "\n\n");
	expect_data("a\nevent: x\n\ndata: y", 19, "a\nevent: x\n\ndata: y");
}

static atomic_ullong serial;

static enum panel_result on_status(struct panel *p, struct buf *out, uint64_t *now)
{
	(void)p;
	*now = atomic_load(&serial);
	buf_printf(out, "{\"serial\":%llu,", (unsigned long long)*now);
	for (unsigned i = 0; i < 100; i++)
		buf_puts(out, "\"much\":0,");
	buf_printf(out, "\"end\":%llu}", (unsigned long long)*now);
	return PANEL_OK;
}

/* Read until @text has come, by pieces of @max. */
static void read_until(struct events_listener *l, const char *text, size_t max)
{
	char all[65536];
	size_t n = 0;

	do {
		ssize_t got = events_read(l, all + n, max);

		assert_true(got > 0 && (size_t)got <= max);
		n += (size_t)got;
		assert_true(n + max < sizeof(all));
		all[n] = '\0';
	} while (!strstr(all, text));
}

static void test_listen(void **state)
{
	static const struct panel_ops ops = {.status = on_status};
	struct panel panel = {&ops, NULL};
	struct events e;
	struct events_listener *fast, *slow, *gone;
	int fds[2];
	char byte[64];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(events_init(&e, &panel), 0);
	fast = events_join(&e, fds[0]);
	slow = events_join(&e, fds[0]);
	assert_non_null(fast);
	assert_non_null(slow);
	assert_int_equal(events_count(&e), 2);
	read_until(fast, "\"end\":0}\n\n", 4096);
	read_until(slow, "{\"serial\":0,", 20); /* and no further */
	atomic_store(&serial, 1);
	read_until(fast, "\"end\":1}\n\n", 7);
	atomic_store(&serial, 2);
	read_until(fast, "\"end\":2}\n\n", 4096);
	/* The rest of what it was at, then the newest: what was between is lost on it. */
	read_until(slow, "\"end\":0}\n\n", 4096);
	read_until(slow, "{\"serial\":2,", 64);
	/* A listener whose connection ends, with nothing to send */
	gone = events_join(&e, fds[0]);
	read_until(gone, "\"end\":2}\n\n", 4096);
	close(fds[1]);
	assert_int_equal(events_read(gone, byte, sizeof(byte)), -1);
	events_leave(gone);
	events_leave(slow);
	events_end(&e);
	assert_int_equal(events_read(fast, byte, sizeof(byte)), -1);
	assert_null(events_join(&e, fds[0]));
	events_leave(fast);
	assert_int_equal(events_count(&e), 0);
	events_done(&e);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_frame),
					   cmocka_unit_test(test_listen)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
