/* process_export.c - `secvf export` and `secvf info` as commands, and other programs on what they
 * write
 *
 * Goal: what is exported is read by tshark, capinfos, editcap and tcpdump; no half file is ever
 * there; exit codes and messages are those promised; a session's files come in order.
 *
 * Method: the commands are run on fixtures; where a program is not installed its part is passed
 * over.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/proc.h"

#define CAPTURE(name) FIXTURES "/captures/" name
#define WORDS(...)    ((const char *const[]){__VA_ARGS__, NULL})

static int secvf(const char *const words[])
{
	const char *argv[32] = {SECVF};
	size_t n = 1;

	while (*words)
		argv[n++] = *words++;
	return proc_run(argv, "out", "err");
}

/* Runs a program of the system. Return: false where it is not installed */
static bool reads(const char *program, const char *const words[])
{
	const char *argv[16] = {program};
	size_t n = 1;

	if (access(program, X_OK))
		return false;
	while (*words)
		argv[n++] = *words++;
	if (proc_run(argv, "out", "err") != 0) {
		char *err = proc_read("err", NULL);

		fail_msg("%s: %s", program, err);
	}
	return true;
}

static unsigned parts(void)
{
	DIR *d = opendir(proc_dir());
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strstr(e->d_name, ".part-") != NULL;
	closedir(d);
	return n;
}

static void test_other_programs_read_it(void **state)
{
	static const char *const names[] = {"a.pcapng", "a.pcapng.gz", "a.pcapng.zst"};
	const char *out = proc_kept("b.pcap");

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const char *path = proc_kept(names[i]);

		assert_int_equal(secvf(WORDS("export", CAPTURE("session.pcapng"),
					     CAPTURE("arp.pcap"), "-w", path)),
				 0);
		if (reads("/usr/bin/tshark", WORDS("-n", "-r", path)))
			assert_true(proc_lines("out") > 92);
		if (i == 0)
			reads("/usr/bin/capinfos", WORDS(path));
		if (i == 0)
			reads("/usr/bin/editcap", WORDS("-F", "pcap", path, proc_kept("c.pcap")));
	}
	assert_int_equal(secvf(WORDS("export", "-F", "pcap", proc_kept("a.pcapng.gz"), "-w", out)),
			 0);
	reads("/usr/bin/tcpdump", WORDS("-n", "-r", out));
	assert_int_equal(
		secvf(WORDS("export", "-F", "nsecpcap", proc_kept("a.pcapng.zst"), "-w", out)), 0);
	reads("/usr/bin/tcpdump", WORDS("-n", "-r", out));
	assert_int_equal(parts(), 0);
}

static void test_display_filter(void **state)
{
	const char *out = proc_kept("d.pcapng");

	(void)state;
	if (!proc_tshark())
		skip();
	/* A file with records that tshark counts as frames, and that are none. */
	assert_int_equal(secvf(WORDS("export", CAPTURE("format-pcapng-blocks.pcapng"), "-Y", "icmp",
				     "-w", out)),
			 0);
	proc_expect("err", "exported 1 of 8 frames");
	assert_int_equal(
		secvf(WORDS("export", CAPTURE("session.pcapng"), "-Y", "arp or icmp", "-w", out)),
		0);
	proc_expect("err", "exported 11 of 92 frames");
	unlink(out);
	assert_int_equal(
		secvf(WORDS("export", CAPTURE("session.pcapng"), "-Y", "arp or (", "-w", out)), 2);
	proc_expect("err", "filter expression");
	assert_int_equal(secvf(WORDS("export", CAPTURE("session.pcapng"), "-Y", "arp", "--tshark",
				     "none", "-w", out)),
			 3);
	proc_expect("err", "-Y needs tshark");
	assert_int_equal(access(out, F_OK), -1);
}

static void test_broken_input(void **state)
{
	const char *cut = FIXTURES "/corrupt/cut-record-data.pcap", *out = proc_kept("e.pcapng");

	(void)state;
	assert_int_equal(secvf(WORDS("export", cut, "-w", out)), 3);
	proc_expect("err", "broken at byte 426");
	proc_expect("err", "exported 5 of 5 frames");
	assert_int_equal(secvf(WORDS("export", "--tolerant", cut, "-w", out)), 0);
	assert_int_equal(secvf(WORDS("info", "--json", cut)), 3);
	assert_int_equal(secvf(WORDS("info", "--json", "--tolerant", cut)), 0);
}

static void test_no_half_file(void **state)
{
	const char *fifo = proc_kept("fifo"), *out = proc_kept("f.pcapng");
	static const int signals[] = {SIGINT, SIGTERM};
	int fd;

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = proc_start(WORDS(SECVF, "export", CAPTURE("arp.pcap"), fifo, "-w", out),
				       "out", "err");

		/* It waits for the FIFO's bytes by now, with its part in the folder. */
		fd = open(fifo, O_WRONLY);
		assert_true(fd >= 0);
		while (parts() == 0)
			proc_pause();
		kill(pid, signals[i]);
		assert_int_equal(proc_wait(pid), 128 + signals[i]);
		close(fd);
		assert_int_equal(parts(), 0);
		assert_int_equal(access(out, F_OK), -1);
	}
	/* A failure removes it, too, and leaves what was there before. */
	assert_int_equal(secvf(WORDS("export", CAPTURE("arp.pcap"), "-w", out)), 0);
	assert_int_equal(secvf(WORDS("export", "-F", "pcap", CAPTURE("arp.pcap"),
				     CAPTURE("linktype-raw.pcap"), "-w", out)),
			 3);
	proc_expect("err", "use -F pcapng");
	assert_int_equal(parts(), 0);
	assert_int_equal(access(out, F_OK), 0);
}

static void test_usage(void **state)
{
	const char *f = CAPTURE("arp.pcap");

	(void)state;
	assert_int_equal(secvf(WORDS("export", f)), 2);
	assert_int_equal(secvf(WORDS("export", "-w", proc_kept("x"))), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "-F", "x", f)), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "--ids", "x", f)), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "--from", "x", f)), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "-f", "no such", f)), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "--vm", "nobody", f)), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "--vm", "x", "-")), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "--conversation", "999", f)), 2);
	assert_int_equal(secvf(WORDS("export", "--nothing")), 2);
	assert_int_equal(secvf(WORDS("export", "-w", "/nowhere/x", f)), 3);
	assert_int_equal(secvf(WORDS("export", "-w", "-", "--session", "none")), 3);
	assert_int_equal(secvf(WORDS("info")), 2);
	assert_int_equal(secvf(WORDS("info", "/nowhere")), 3);
	assert_int_equal(secvf(WORDS("export", "--help")), 0);
	assert_int_equal(secvf(WORDS("info", "--help")), 0);
}

/* $AVF_HOME/Captures/s-rotN.pcapng, of which 10 comes after 9. */
static void test_session(void **state)
{
	const char *folder = proc_kept("Captures");
	struct json_object *root, *files, *path;
	char name[600], *out;

	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	for (unsigned n = 8; n <= 11; n++) {
		snprintf(name, sizeof(name), "%s/s-rot%u.pcapng", folder, n);
		assert_int_equal(secvf(WORDS("export", CAPTURE("arp.pcap"), "-w", name)), 0);
	}
	snprintf(name, sizeof(name), "%s/other-rot1.pcapng", folder);
	assert_int_equal(secvf(WORDS("export", CAPTURE("arp.pcap"), "-w", name)), 0);
	assert_int_equal(secvf(WORDS("info", "--json", "--session", "s")), 0);
	out = proc_read("out", NULL);
	root = json_tokener_parse(out);
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "files", &files));
	assert_int_equal(json_object_array_length(files), 4);
	assert_true(json_object_object_get_ex(json_object_array_get_idx(files, 2), "path", &path));
	assert_non_null(strstr(json_object_get_string(path), "s-rot10.pcapng"));
	json_object_put(root);
	free(out);
	assert_int_equal(secvf(WORDS("export", folder, "-w", proc_kept("all.pcapng"))), 0);
	for (unsigned n = 8; n <= 11; n++) {
		snprintf(name, sizeof(name), "%s/s-rot%u.pcapng", folder, n);
		unlink(name);
	}
	snprintf(name, sizeof(name), "%s/other-rot1.pcapng", folder);
	unlink(name);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_programs_read_it),
		cmocka_unit_test(test_display_filter),
		cmocka_unit_test(test_broken_input),
		cmocka_unit_test(test_no_half_file),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_session),
	};

	return cmocka_run_group_tests(tests, proc_begin, proc_end);
}
