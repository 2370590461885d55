/* test_outfile.c - a file that is there whole or not at all
 *
 * Goal: until it is sealed nothing has the file's name but what had it before, and the part goes
 * with whatever ends the work: a full disk, a drop, a signal, which still ends the process, and a
 * child with it. What is no regular file is written to as it is. Compressed exports, too.
 *
 * Method: a folder of its own, looked at between the calls; processes that report over a pipe where
 * they are, and are signalled then. FIFOs stand for devices, as a module that is wrong would, run
 * by root, put a file in the place of the machine's own /dev/null.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capfile/export.h"
#include "cli/outfile.h"
#include "capture_image.h"
#include "files.h"

static void put_file(const char *name, const char *text)
{
	files_put(files_path(name), text, strlen(text));
}

static void expect_file(const char *name, const char *want)
{
	files_expect(files_path(name), want);
}

/* Files of the files_folder, and how many of them are parts. */
static unsigned files(unsigned *parts)
{
	DIR *d = opendir(files_folder);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	*parts = 0;
	while ((e = readdir(d))) {
		n += e->d_name[0] != '.';
		*parts += strstr(e->d_name, ".part-") != NULL;
	}
	closedir(d);
	return n;
}

static void expect_files(unsigned want, unsigned want_parts)
{
	unsigned parts;

	assert_int_equal(files(&parts), want);
	assert_int_equal(parts, want_parts);
}

static void open_out(const char *path)
{
	struct err err;

	if (!outfile_open(path, &err))
		fail_msg("%s", err.text);
}

static void expect_refused(const char *path, int exit, const char *words)
{
	struct err err;

	assert_false(outfile_open(path, &err));
	assert_int_equal(err.exit, exit);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in '%s'", words, err.text);
}

static void sealed_has_the_name(void **state)
{
	struct stat st;
	struct err err;

	(void)state;
	open_out(files_path("new"));
	assert_int_equal(outfile_write(NULL, "all ", 4), 0);
	assert_int_equal(outfile_write(NULL, "of it", 5), 0);
	assert_int_equal(outfile_write(NULL, "", 0), 0);
	expect_files(1, 1);
	assert_true(outfile_seal(&err));
	expect_files(1, 0);
	expect_file("new", "all of it");
	/* Captures are for nobody else. */
	assert_int_equal(stat(files_path("new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	outfile_drop();
	expect_file("new", "all of it");
	unlink(files_path("new"));
}

static void until_then_the_old_one_is_there(void **state)
{
	struct err err;

	(void)state;
	put_file("f", "old");
	open_out(files_path("f"));
	assert_int_equal(outfile_write(NULL, "new", 3), 0);
	expect_file("f", "old");
	expect_files(2, 1);
	assert_true(outfile_seal(&err));
	expect_file("f", "new");
	expect_files(1, 0);
	unlink(files_path("f"));
}

static void dropped_is_gone(void **state)
{
	(void)state;
	open_out(files_path("new"));
	assert_int_equal(outfile_write(NULL, "half", 4), 0);
	outfile_drop();
	expect_files(0, 0);
	put_file("f", "old");
	open_out(files_path("f"));
	assert_int_equal(outfile_write(NULL, "half", 4), 0);
	outfile_drop();
	outfile_drop();
	expect_files(1, 0);
	expect_file("f", "old");
	unlink(files_path("f"));
}

/* The name was taken by something that no file can replace, while the file was written. */
static void what_cannot_be_sealed_is_gone(void **state)
{
	struct err err;

	(void)state;
	open_out(files_path("f"));
	assert_int_equal(outfile_write(NULL, "new", 3), 0);
	assert_int_equal(mkdir(files_path("f"), 0700), 0);
	assert_false(outfile_seal(&err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "/f: cannot be written: "));
	expect_files(1, 0);
	assert_int_equal(rmdir(files_path("f")), 0);
}

static void wrong_names_leave_nothing(void **state)
{
	(void)state;
	expect_refused(files_folder, EXIT_USAGE, ": it is a folder; name a file in it");
	expect_refused(files_path("none/f"), EXIT_ENVIRONMENT, "No such file or directory");
	expect_refused(files_path("f/"), EXIT_ENVIRONMENT, "/f/: cannot be written: ");
	put_file("g", "old");
	expect_refused(files_path("g/f"), EXIT_ENVIRONMENT, "Not a directory");
	expect_files(1, 0);
	expect_file("g", "old");
	unlink(files_path("g"));
}

static void links_stay(void **state)
{
	struct stat st;
	struct err err;

	(void)state;
	put_file("f", "old");
	assert_int_equal(symlink("f", files_path("link")), 0);
	open_out(files_path("link"));
	assert_int_equal(outfile_write(NULL, "new", 3), 0);
	expect_file("link", "old");
	assert_true(outfile_seal(&err));
	assert_int_equal(lstat(files_path("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_file("f", "new");
	/* One that leads nowhere is no file that could be replaced. */
	unlink(files_path("f"));
	expect_refused(files_path("link"), EXIT_ENVIRONMENT, "/link: cannot be written: ");
	assert_int_equal(lstat(files_path("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_files(1, 0);
	unlink(files_path("link"));
}

/* ---- what is no regular file ---- */

static void fifos_are_written_to(void **state)
{
	char text[16];
	struct err err;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(files_path("fifo"), 0600), 0);
	fd = open(files_path("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	open_out(files_path("fifo"));
	expect_files(1, 0);
	assert_int_equal(outfile_write(NULL, "hello", 5), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_memory_equal(text, "hello", 5);
	/* Its reader leaves: that is told, and ends nobody. */
	close(fd);
	assert_int_equal(outfile_write(NULL, "hello", 5), -EPIPE);
	assert_true(outfile_seal(&err));
	expect_files(1, 0);
	unlink(files_path("fifo"));
}

/* The descriptor is closed behind its back: the next free one is the one that it gets. */
static void a_fifo_that_fails_is_named(void **state)
{
	struct err err;
	int fd, out;

	(void)state;
	assert_int_equal(mkfifo(files_path("fifo"), 0600), 0);
	fd = open(files_path("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	out = dup(fd);
	assert_true(fd >= 0 && out >= 0);
	close(out);
	open_out(files_path("fifo"));
	close(out);
	assert_false(outfile_seal(&err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, files_path("fifo")));
	expect_files(1, 0);
	close(fd);
	unlink(files_path("fifo"));
}

/* ---- processes ---- */

/* A process that runs @body, which gets the write end of a pipe to *from, and ends with what that
 * returns. Signals do to it what they do by default. */
static pid_t begin(int (*body)(int tell), int *from)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* It does not outlive a test that fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		close(ends[0]);
		_exit(body(ends[1]));
	}
	close(ends[1]);
	*from = ends[0];
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

static bool say(int tell, char byte)
{
	return write(tell, &byte, 1) == 1;
}

/* The next byte that was told; 0: no process has the other end any more. */
static char told(int from)
{
	char byte;
	ssize_t n;

	do {
		n = read(from, &byte, 1);
	} while (n < 0 && errno == EINTR);
	assert_true(n >= 0);
	return n ? byte : '\0';
}

static bool begin_half(void)
{
	struct err err;

	return outfile_open(files_path("f"), &err) && outfile_write(NULL, "half", 4) == 0;
}

/* Tell, and wait for a signal. Return: 1, for where it cannot */
static int stay(int tell)
{
	if (!say(tell, 'r'))
		return 1;
	for (;;)
		pause();
}

static int write_half(int tell)
{
	return begin_half() ? stay(tell) : 1;
}

static void signals_end_it_and_remove_the_part(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	put_file("f", "old");
	for (unsigned i = 0; i < 3; i++) {
		int from, status;
		pid_t pid = begin(write_half, &from);

		assert_int_equal(told(from), 'r');
		expect_files(2, 1);
		assert_int_equal(kill(pid, signals[i]), 0);
		status = end_of(pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		expect_files(1, 0);
		expect_file("f", "old");
		close(from);
	}
	unlink(files_path("f"));
}

static int seal_half(int tell)
{
	struct err err;

	return begin_half() && outfile_seal(&err) ? stay(tell) : 1;
}

static void signals_leave_what_is_sealed(void **state)
{
	int from;
	pid_t pid = begin(seal_half, &from);

	(void)state;
	assert_int_equal(told(from), 'r');
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_true(WIFSIGNALED(end_of(pid)));
	expect_files(1, 0);
	expect_file("f", "half");
	close(from);
	unlink(files_path("f"));
}

/* As under nohup. */
static int ignore_hangups(int tell)
{
	struct err err;

	(void)tell;
	signal(SIGHUP, SIG_IGN);
	if (!begin_half() || raise(SIGHUP) || !outfile_seal(&err))
		return 1;
	return 0;
}

static void what_is_ignored_stays_ignored(void **state)
{
	int from, status;

	(void)state;
	status = end_of(begin(ignore_hangups, &from));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	expect_file("f", "half");
	close(from);
	unlink(files_path("f"));
}

static int go[2]; /* the pipe that child_that_waits() reads */

/* Tells the byte that it reads. */
static pid_t child_that_waits(int tell)
{
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	if (read(go[0], &byte, 1) == 1)
		say(tell, byte);
	_exit(0);
}

static int have_child(int tell)
{
	pid_t pid = begin_half() ? child_that_waits(tell) : -1;

	if (pid < 0)
		return 1;
	outfile_child(pid);
	return stay(tell);
}

static int let_child_go(int tell)
{
	pid_t pid = begin_half() ? child_that_waits(tell) : -1;

	if (pid < 0)
		return 1;
	outfile_child(pid);
	outfile_child(0);
	return stay(tell);
}

/* Return: what the child of a process that was ended tells once it may; 0: it is gone, too */
static char child_tells(int (*body)(int tell))
{
	int from;
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = begin(body, &from);
	assert_int_equal(told(from), 'r');
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_true(WIFSIGNALED(end_of(pid)));
	assert_true(say(go[1], 'c'));
	byte = told(from);
	close(from);
	close(go[0]);
	close(go[1]);
	return byte;
}

static void a_child_ends_with_it(void **state)
{
	(void)state;
	assert_int_equal(child_tells(have_child), '\0');
	expect_files(0, 0);
}

static void one_that_was_let_go_does_not(void **state)
{
	(void)state;
	assert_int_equal(child_tells(let_child_go), 'c');
	expect_files(0, 0);
}

#define LARGE (1u << 20)

static unsigned char large_byte(size_t at)
{
	return (unsigned char)(at * 31 + (at >> 8) * 17);
}

/* Standard output that does not block, and is slow. */
static int write_large(int tell)
{
	unsigned char *bytes = malloc(LARGE);
	struct err err;
	int flags = fcntl(tell, F_GETFL);

	if (!bytes || fcntl(tell, F_SETFL, flags | O_NONBLOCK) || dup2(tell, STDOUT_FILENO) < 0)
		return 1;
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = large_byte(i);
	if (!outfile_open("-", &err) || outfile_write(NULL, bytes, LARGE) || !outfile_seal(&err))
		return 2;
	free(bytes);
	/* It is not the module's to close. */
	return fcntl(STDOUT_FILENO, F_GETFD) < 0 ? 3 : 0;
}

static void standard_output_may_be_slow(void **state)
{
	unsigned char part[1000];
	size_t at = 0;
	ssize_t n;
	int from, status;
	pid_t pid = begin(write_large, &from);

	(void)state;
	while ((n = read(from, part, sizeof(part))) > 0) {
		for (ssize_t i = 0; i < n; i++, at++)
			assert_int_equal(part[i], large_byte(at));
	}
	assert_int_equal(at, LARGE);
	status = end_of(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(from);
}

static int write_to_a_terminal(int tell)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	const char *name;
	struct err err;
	int fd;

	if (master < 0 || grantpt(master) || unlockpt(master) || !(name = ptsname(master)))
		return 77;
	fd = open(name, O_WRONLY | O_NOCTTY);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return 77;
	if (outfile_open("-", &err) || err.exit != EXIT_USAGE)
		return 1;
	return say(tell, strstr(err.text, "standard output is a terminal") ? 't' : '?') ? 0 : 2;
}

static void terminals_are_refused(void **state)
{
	int from, status;
	pid_t pid = begin(write_to_a_terminal, &from);
	char byte = told(from);

	(void)state;
	close(from);
	status = end_of(pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: there are no pseudoterminals\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(byte, 't');
}

/* As a disk that is full after some bytes. */
static int write_beyond_the_limit(int tell)
{
	const struct rlimit limit = {10000, 10000};
	static char bytes[20000];
	unsigned parts;

	(void)tell;
	signal(SIGXFSZ, SIG_IGN);
	if (!begin_half() || setrlimit(RLIMIT_FSIZE, &limit) ||
	    outfile_write(NULL, bytes, sizeof(bytes)) != -EFBIG)
		return 1;
	if (files(&parts) != 2 || parts != 1)
		return 2;
	outfile_drop();
	return 0;
}

static void full_disks_leave_the_old_one(void **state)
{
	int from, status;

	(void)state;
	put_file("f", "old");
	status = end_of(begin(write_beyond_the_limit, &from));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	expect_files(1, 0);
	expect_file("f", "old");
	close(from);
	unlink(files_path("f"));
}

/* ---- exports, compressed by their names ---- */

#define FRAMES 3000u

static void make(struct image *i)
{
	unsigned char data[200];
	uint32_t seed = 1;

	memset(i, 0, sizeof(*i));
	image_pcap(i, PCAP_NS, 2, 4, 1);
	for (unsigned n = 0; n < FRAMES; n++) {
		/* Not to be compressed well, so that bytes come out long before the end. */
		for (unsigned k = 0; k < sizeof(data); k++)
			data[k] = (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
		image_record(i, n, 0, sizeof(data), sizeof(data), data, sizeof(data));
	}
}

/* Exports the file "in.pcap" to @name, to its end or not. Return: bytes on their way by then */
static uint64_t export_to(const char *name, bool whole)
{
	struct selection *s = selection_open(&(struct selection_config){0}, NULL);
	struct export_config config = {
		.format = EXPORT_PCAPNG,
		.compress = compress_kind_of(name),
		.application = "test",
		.selection = s,
		.write = outfile_write,
	};
	struct capfile *c;
	struct export *e;
	struct stat st;
	struct err err;
	char part[192];

	assert_non_null(s);
	open_out(files_path(name));
	e = export_open(&config, &err);
	c = capfile_open(files_path("in.pcap"), &err);
	assert_true(e && c);
	assert_int_equal(export_input(e, c, &err), EXPORT_WHOLE);
	snprintf(part, sizeof(part), "%s.part-%ld", files_path(name), (long)getpid());
	assert_int_equal(stat(part, &st), 0);
	if (whole) {
		assert_true(export_end(e, &err));
		assert_true(outfile_seal(&err));
	}
	export_close(e);
	outfile_drop();
	capfile_close(c);
	selection_close(s);
	return (uint64_t)st.st_size;
}

static void expect_capture(const char *name, bool packed)
{
	struct capfile_frame f;
	struct err err;
	struct capfile *c = capfile_open(files_path(name), &err);
	unsigned n = 0;

	if (!c)
		fail_msg("%s", err.text);
	assert_int_equal(capfile_is_packed(c), packed);
	while (capfile_next(c, &f, &err) == CAPFILE_FRAME) {
		assert_int_equal(f.ts_ns, n * UINT64_C(1000000000));
		n++;
	}
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	assert_int_equal(n, FRAMES);
	capfile_close(c);
}

static void exports_are_whole_or_not_there(void **state)
{
	static const char *const names[] = {"f.pcapng", "f.pcapng.gz", "f.pcapng.zst"};
	struct image i;

	(void)state;
	make(&i);
	image_save(&i, files_path("in.pcap"));
	for (unsigned k = 0; k < 3; k++) {
		assert_true(export_to(names[k], false) > 0);
		expect_files(1, 0);
		put_file(names[k], "old");
		assert_true(export_to(names[k], false) > 0);
		expect_files(2, 0);
		expect_file(names[k], "old");
		export_to(names[k], true);
		expect_files(2, 0);
		expect_capture(names[k], k > 0);
		unlink(files_path(names[k]));
	}
	unlink(files_path("in.pcap"));
	image_done(&i);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_begin, files_end_empty)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(sealed_has_the_name),
		IN_FOLDER(until_then_the_old_one_is_there),
		IN_FOLDER(dropped_is_gone),
		IN_FOLDER(what_cannot_be_sealed_is_gone),
		IN_FOLDER(wrong_names_leave_nothing),
		IN_FOLDER(links_stay),
		IN_FOLDER(fifos_are_written_to),
		IN_FOLDER(a_fifo_that_fails_is_named),
		IN_FOLDER(signals_end_it_and_remove_the_part),
		IN_FOLDER(signals_leave_what_is_sealed),
		IN_FOLDER(what_is_ignored_stays_ignored),
		IN_FOLDER(a_child_ends_with_it),
		IN_FOLDER(one_that_was_let_go_does_not),
		IN_FOLDER(standard_output_may_be_slow),
		IN_FOLDER(terminals_are_refused),
		IN_FOLDER(full_disks_leave_the_old_one),
		IN_FOLDER(exports_are_whole_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
