/* process_minimize.c - `secvf minimize` as a command
 *
 * Goal: one frame of ten thousand is found and cut to its few bytes, the same for any number of
 * jobs; what is written still reproduces; a command that hangs, crashes, never or always
 * reproduces, or says now this, now that, is dealt with; SIGINT gives the best so far; no folder of
 * candidates and no half file is ever left.
 *
 * Method: grep and tshark as the users' commands, and shell scripts that misbehave; TMPDIR is the
 * test's own folder.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"
#include "unit/capture_image.h"

#define CAPTURE(name)	FIXTURES "/captures/" name
#define WORDS(...)	((const char *const[]){__VA_ARGS__, NULL})
#define FRAMES		10000u
#define TRIGGER_FRAME	6173u
#define FRAME_BYTES_ALL (14u + 20 + 20 + 300)

static int minimize(const char *const words[])
{
	const char *argv[32] = {SECVF, "minimize"};
	size_t n = 2;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

/* Neither folders of candidates nor parts of files. */
static void expect_no_leftovers(void)
{
	DIR *d = opendir(proc_dir());
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strstr(e->d_name, "secvf-scratch-") || strstr(e->d_name, ".part-"))
			fail_msg("%s is left", e->d_name);
	}
	closedir(d);
}

static void put_frame(struct image *i, unsigned n)
{
	unsigned char f[FRAME_BYTES_ALL] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45};
	uint32_t noise = n * 2654435761u + 1;

	f[17] = (unsigned char)(FRAME_BYTES_ALL - 14);
	f[16] = (FRAME_BYTES_ALL - 14) >> 8;
	f[22] = 64;
	f[23] = 6;
	memcpy(f + 26, "\x0a\0\0\x01\x0a\0\0\x02", 8);
	f[29] = (unsigned char)(noise >> 8);
	f[34] = 0x9c;
	f[35] = (unsigned char)(noise >> 16);
	f[36] = 0x1f;
	f[37] = 0x90;
	f[46] = 0x50;
	f[47] = 0x18;
	for (unsigned k = 54; k < sizeof(f); k++) {
		noise = noise * 1664525u + 1013904223u;
		f[k] = (unsigned char)(noise >> 24);
	}
	if (n == TRIGGER_FRAME)
		memcpy(f + 150, "TRIGGER", 7);
	image_packet(i, n % 2, UINT64_C(1700000000000000000) + n, f, sizeof(f), sizeof(f),
		     n == TRIGGER_FRAME ? "the one" : NULL);
}

static const char *big_capture(void)
{
	const char *path = proc_kept("big.pcapng");
	struct image i = {0};

	if (access(path, F_OK) == 0)
		return path;
	image_section(&i, UINT64_MAX);
	image_interface(&i, 1, 0, "vm-1", 9, 0);
	image_interface(&i, 1, 0, "vm-2", 9, 0);
	for (unsigned n = 0; n < FRAMES; n++)
		put_frame(&i, n);
	image_save(&i, path);
	image_done(&i);
	return path;
}

static bool contains(const char *file, const char *text)
{
	size_t n;
	char *bytes = proc_read(file, &n);
	bool found = memmem(bytes, n, text, strlen(text)) != NULL;

	free(bytes);
	return found;
}

static void test_one_of_ten_thousand(void **state)
{
	static const char *const names[] = {"a.pcapng", "b.pcapng"};
	char *one, *two;
	size_t n, m;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			minimize(WORDS(big_capture(), "-o", proc_kept(names[i]), "--jobs",
				       i ? "4" : "1", "--", "grep", "-q", "TRIGGER", "{}")),
			0);
		proc_expect("err", "minimized 10000 frames, 3540000 bytes to 1 frame, 7 bytes");
	}
	one = proc_read("a.pcapng", &n);
	two = proc_read("b.pcapng", &m);
	assert_int_equal(n, m);
	assert_memory_equal(one, two, n);
	free(one);
	free(two);
	assert_true(contains("a.pcapng", "TRIGGER"));
	assert_true(contains("a.pcapng", "the one"));
	assert_true(contains("a.pcapng", "vm-2"));
	assert_false(contains("a.pcapng", "vm-1"));
	expect_no_leftovers();
}

static void test_pcap(void **state)
{
	(void)state;
	assert_int_equal(minimize(WORDS("-q", big_capture(), "-o", proc_kept("c.pcap"), "--",
					"grep", "-q", "TRIGGER", "{}")),
			 0);
	assert_int_equal(proc_lines("err"), 0);
	assert_true(contains("c.pcap", "\x4d\x3c\xb2\xa1"));
	assert_int_equal(minimize(WORDS("-q", big_capture(), "-F", "pcap", "-o",
					proc_kept("c.pcap"), "--", "grep", "-q", "TRIGGER", "{}")),
			 0);
	assert_true(contains("c.pcap", "\xd4\xc3\xb2\xa1"));
}

static void test_tshark(void **state)
{
	const char *script = "[ -n \"$(tshark -r \"$1\" -Y 'tcp.payload contains \"TRIGGER\"' "
			     "2>/dev/null)\" ]";

	(void)state;
	if (!proc_tshark()) {
		print_message("skipped: tshark is not installed\n");
		skip();
	}
	/* Whole flows and frames only, as each run of tshark takes its time. */
	assert_int_equal(minimize(WORDS(big_capture(), "-o", proc_kept("d.pcapng"), "--stages",
					"flows,frames", "--timeout", "60", "--", "sh", "-c", script,
					"sh", "{}")),
			 0);
	proc_expect("err", "to 1 frame, 354 bytes");
	assert_true(contains("d.pcapng", "TRIGGER"));
	expect_no_leftovers();
}

/* It hangs on what has no trigger, with a child that would outlive it. */
static void test_hanging(void **state)
{
	(void)state;
	assert_int_equal(
		minimize(WORDS(CAPTURE("arp.pcap"), "-o", proc_kept("e.pcapng"), "--timeout", "2",
			       "--stages", "flows,frames", "--jobs", "8", "--", "sh", "-c",
			       "[ $(wc -c <\"$0\") -gt 1000 ] || { sleep 600 & sleep 600; }",
			       "{}")),
		0);
	expect_no_leftovers();
	assert_int_equal(minimize(WORDS(CAPTURE("arp.pcap"), "-o", proc_kept("e2.pcapng"),
					"--timeout", "0.1", "--", "sh", "-c", "sleep 600", "{}")),
			 1);
	proc_expect("err", "it ran for 100 ms and was killed");
	proc_expect("err", "--timeout");
	assert_int_equal(access(proc_kept("e2.pcapng"), F_OK), -1);
	expect_no_leftovers();
}

static void test_exit_codes(void **state)
{
	const char *f = CAPTURE("session.pcapng"), *o = proc_kept("f.pcapng");
	const char *crash = "grep -q HTTP \"$0\" && kill -SEGV $$; exit 0";

	(void)state;
	assert_int_equal(minimize(WORDS(f, "-o", o, "--exit", "signal", "--stages", "frames", "--",
					"sh", "-c", crash, "{}")),
			 0);
	proc_expect("err", "to 1 frame,");
	assert_int_equal(minimize(WORDS(f, "-o", o, "--exit", "nonzero", "--stages", "frames", "--",
					"sh", "-c", crash, "{}")),
			 0);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--exit", "3", "--stages", "frames", "--", "sh",
					"-c", "grep -q HTTP \"$0\" && exit 3", "{}")),
			 0);
	proc_expect("err", "to 1 frame,");
	/* A crash is no exit code, and an exit code no crash. */
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "sh", "-c", crash, "{}")), 1);
	proc_expect("err", "signal 11");
	assert_int_equal(
		minimize(WORDS(f, "-o", o, "--exit", "signal", "--", "grep", "-q", "HTTP", "{}")),
		1);
	proc_expect("err", "it exited with 0");
}

static void test_commands_that_say_nothing(void **state)
{
	const char *f = CAPTURE("arp.pcap"), *o = proc_kept("g.pcapng");
	char script[700];

	(void)state;
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "sh", "-c",
					"echo 'no such thing' >&2; false", "{}")),
			 1);
	proc_expect("err", "does not reproduce: it exited with 1, after \"no such thing\"");
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "true", "{}")), 1);
	proc_expect("err", "without frames");
	snprintf(script, sizeof(script), "[ ! -e %s ] && touch %s; #", proc_kept("once"),
		 proc_kept("once"));
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "sh", "-c", script, "{}")), 1);
	proc_expect("err", "reproduces sometimes");
	/* Its own bytes, which are not written anew the same. */
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "cmp", "-s", f, "{}")), 1);
	proc_expect("err", "reproduces as it is");
	assert_int_equal(access(o, F_OK), -1);
	expect_no_leftovers();
}

static void test_interrupt(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM};
	const char *out = proc_kept("h.pcapng"), *mark = proc_kept("mark");
	char script[700];

	(void)state;
	/* Once one flow or frame was left out it hangs, and says so. */
	snprintf(script, sizeof(script),
		 "grep -q TRIGGER \"$0\" || exit 1; [ $(wc -c <\"$0\") -gt 1000000 ] && exit 0; "
		 "echo hangs >%s; sleep 600",
		 mark);
	for (unsigned i = 0; i < 2; i++) {
		pid_t pid;
		struct stat st;

		unlink(out);
		unlink(mark);
		pid = proc_start(WORDS(SECVF, "minimize", big_capture(), "-o", out, "--timeout",
				       "600", "--", "sh", "-c", script, "{}"),
				 "out", "err");
		while (access(mark, F_OK))
			proc_pause();
		kill(pid, signals[i]);
		assert_int_equal(proc_wait(pid), 0);
		proc_expect("err", "interrupted: it may be made smaller still");
		assert_int_equal(stat(out, &st), 0);
		assert_in_range(st.st_size, 1000000, 3000000);
		assert_true(contains("h.pcapng", "TRIGGER"));
		expect_no_leftovers();
	}
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(minimize(WORDS(big_capture(), "-o", proc_kept("i.pcapng"), "--tests", "10",
					"--", "grep", "-q", "TRIGGER", "{}")),
			 0);
	proc_expect("err", "by 11 tests");
	proc_expect("err", "out of tests");
	assert_true(contains("i.pcapng", "TRIGGER"));
	assert_int_equal(
		minimize(WORDS(big_capture(), "-o", proc_kept("i.pcapng"), "--time", "0.2", "--",
			       "sh", "-c", "sleep 0.05; grep -q TRIGGER \"$0\"", "{}")),
		0);
	proc_expect("err", "out of time");
	assert_true(contains("i.pcapng", "TRIGGER"));
}

static void test_usage(void **state)
{
	const char *f = CAPTURE("arp.pcap"), *o = proc_kept("j.pcapng");

	(void)state;
	assert_int_equal(minimize(WORDS("--help")), 0);
	assert_int_equal(minimize(WORDS("-o", o)), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o)), 2);
	proc_expect("err", "by which command?");
	assert_int_equal(minimize(WORDS(f, "-o", o, "--")), 2);
	assert_int_equal(minimize(WORDS(f, f, "-o", o, "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "grep", "x")), 2);
	proc_expect("err", "no {} in 'grep'");
	assert_int_equal(minimize(WORDS(f, "-o", proc_kept("x.gz"), "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--exit", "256", "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--timeout", "0", "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--time", "1x", "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--jobs", "0", "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--stages", "x", "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS(f, "-o", o, "-F", "x", "--", "grep", "{}")), 2);
	assert_int_equal(minimize(WORDS("/nowhere", "-o", o, "--", "grep", "{}")), 3);
	assert_int_equal(minimize(WORDS(f, "-o", "/nowhere/x", "--", "grep", "{}")), 3);
	proc_expect("err", "/nowhere/x: cannot be written");
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "/nowhere/program", "{}")), 3);
	proc_expect("err", "/nowhere/program: cannot be run");
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(minimize(WORDS(f, "-o", o, "--", "true", "{}")), 3);
	proc_expect("err", "set TMPDIR");
	setenv("TMPDIR", proc_dir(), 1);
	assert_int_equal(access(o, F_OK), -1);
	expect_no_leftovers();
}

/* Names that look like options, a name by default, and a broken input. */
static void test_names(void **state)
{
	const char *cut = FIXTURES "/corrupt/cut-record-data.pcap";

	(void)state;
	assert_int_equal(chdir(proc_dir()), 0);
	assert_int_equal(minimize(WORDS("-q", cut, "-o", "-x.pcapng", "--stages", "frames", "--",
					"grep", "-q", ".", "{}")),
			 1);
	assert_int_equal(minimize(WORDS(cut, "-o", "-x.pcapng", "--stages", "frames", "--", "sh",
					"-c", "[ $(wc -c <\"$0\") -gt 300 ]", "{}")),
			 0);
	proc_expect("err", "broken at byte 426");
	assert_int_equal(access("./-x.pcapng", F_OK), 0);
	assert_int_equal(minimize(WORDS("./-x.pcapng", "--stages", "frames", "--", "sh", "-c",
					"[ $(wc -c <\"$0\") -gt 300 ]", "{}")),
			 0);
	assert_int_equal(access("./-x.min.pcapng", F_OK), 0);
	assert_int_equal(minimize(WORDS("./-x.pcapng", "--", "grep", "{}")), 2);
	proc_expect("err", "is there already");
	unlink("./-x.min.pcapng");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_ten_thousand),
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_tshark),
		cmocka_unit_test(test_hanging),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_commands_that_say_nothing),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_names),
	};

	setenv("TMPDIR", proc_dir(), 1);
	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
