/* test_recover.c - captures that a crash left behind, made whole
 *
 * Goal: whatever the byte at which a file was left, each whole frame before it is kept and nothing
 * else; a name that is taken is not taken away; a file that is still being written is left alone;
 * one without a frame goes.
 *
 * Method: a capture of three frames is cut at every length, alone and with the zeros of a journal
 * behind it, and recovered in a folder of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/disk_posix.h"
#include "os/recover.h"
#include "files.h"
#include "pcapng/pcapng_write.h"

#define FRAMES 3

/* A capture, and where each of its frames ends. */
static void make_capture(struct buf *b, size_t end[FRAMES])
{
	pcapng_put_section(b, NULL, NULL, "test", "secvf session=t first=00000000000000000001");
	pcapng_put_interface(b, 1, 262144, "vm-1", NULL);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct pcapng_packet p = {.data = "0123456789abcdefghij",
					  .caplen = 14 + i,
					  .len = 14 + i,
					  .ts_ns = i,
					  .flags = PCAPNG_OUTBOUND};
		_Alignas(4) unsigned char block[128];

		pcapng_packet(block, &p);
		buf_put(b, block, pcapng_packet_bytes(&p));
		end[i] = b->n;
	}
}

static void put_file(const char *path, const void *bytes, size_t n, size_t zeros)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	while (zeros--)
		assert_int_equal(fputc(0, f), 0);
	assert_int_equal(fclose(f), 0);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

static void every_whole_frame_is_kept(void **state)
{
	const char *part = files_path("a.pcapng.part"), *whole = files_path("a.pcapng");
	struct buf b = {0};
	size_t end[FRAMES];

	(void)state;
	make_capture(&b, end);
	for (size_t n = 0; n <= b.n; n++) {
		for (size_t zeros = 0; zeros <= 4096; zeros += 4096) {
			struct recovered r;
			unsigned frames = 0;

			/* The last three bytes of a short block, of its length, are zeros too. */
			while (frames < FRAMES && end[frames] <= n + (zeros ? 3 : 0))
				frames++;
			put_file(part, b.p, n, zeros);
			assert_true(recover_file(part, &r));
			assert_int_equal(r.error, 0);
			assert_int_equal(r.frames, frames);
			assert_int_equal(size_of(part), -1);
			if (!frames) {
				assert_string_equal(r.to, "");
				assert_int_equal(size_of(whole), -1);
				continue;
			}
			assert_string_equal(r.to, whole);
			assert_int_equal(size_of(whole), end[frames - 1]);
			assert_int_equal(r.bytes, end[frames - 1]);
			assert_int_equal(r.cut, n + zeros - r.bytes);
			assert_int_equal(unlink(whole), 0);
		}
	}
	buf_done(&b);
}

static void no_name_is_taken_away(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"b.pcapng.part", "b-recovered.pcapng"},
		{"b.pcapng.part", "b-recovered-2.pcapng"},
		{"s-journal1.part", "s-journal1-recovered.pcapng"},
	};
	struct buf b = {0};
	size_t end[FRAMES];

	(void)state;
	make_capture(&b, end);
	put_file(files_path("b.pcapng"), "mine", 4, 0);
	for (unsigned i = 0; i < 3; i++) {
		struct recovered r;

		put_file(files_path(cases[i].from), b.p, b.n, 0);
		assert_true(recover_file(files_path(cases[i].from), &r));
		assert_string_equal(r.to, files_path(cases[i].to));
	}
	assert_int_equal(size_of(files_path("b.pcapng")), 4);
	assert_int_equal(unlink(files_path("b.pcapng")), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(unlink(files_path(cases[i].to)), 0);
	buf_done(&b);
}

/* Whatever else is called .part is none of ours. */
static void others_are_left_alone(void **state)
{
	static const char *const names[] = {"film.mkv.part", "x.pcapng.part", "y-journal1.part"};
	struct recovered r;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		put_file(files_path(names[i]), "half a film, and so on", 22, 0);
		assert_false(recover_file(files_path(names[i]), &r));
		assert_int_equal(size_of(files_path(names[i])), 22);
		assert_int_equal(unlink(files_path(names[i])), 0);
	}
	put_file(files_path(names[0]), "", 0, 100);
	assert_false(recover_file(files_path(names[0]), &r));
	assert_int_equal(unlink(files_path(names[0])), 0);
}

static void count(void *ctx, const struct recovered *r)
{
	assert_int_equal(r->error, 0);
	++*(unsigned *)ctx;
}

static void folder_is_gone_through(void **state)
{
	struct buf b = {0};
	size_t end[FRAMES];
	struct disk disk = disk_posix();
	unsigned told = 0;
	int fd;

	(void)state;
	assert_int_equal(recover_folder(files_path("none"), count, &told), 0);
	make_capture(&b, end);
	put_file(files_path("c.pcapng.part"), b.p, b.n, 0);
	put_file(files_path("d.pcapng"), b.p, b.n, 0);
	put_file(files_path(".part"), b.p, b.n, 0);
	/* One that is being written has its writer's lock. */
	fd = disk.ops->create(disk.ctx, files_path("e.pcapng.part"));
	assert_true(fd >= 0);
	assert_int_equal(recover_folder(files_folder, count, &told), 1);
	assert_int_equal(told, 1);
	assert_int_equal(size_of(files_path("c.pcapng")), b.n);
	assert_int_equal(size_of(files_path("e.pcapng.part")), 0);
	disk.ops->close(disk.ctx, fd);
	assert_int_equal(recover_folder(files_folder, count, &told), 1);
	assert_int_equal(size_of(files_path("e.pcapng.part")), -1);
	assert_int_equal(unlink(files_path("c.pcapng")), 0);
	assert_int_equal(unlink(files_path("d.pcapng")), 0);
	assert_int_equal(unlink(files_path(".part")), 0);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_whole_frame_is_kept),
		cmocka_unit_test(no_name_is_taken_away),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(folder_is_gone_through),
	};

	return cmocka_run_group_tests(tests, files_begin, files_end_empty);
}
