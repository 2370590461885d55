/* bundle.c - a run as an archive */
#include "cli/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/session.h"
#include "pcapng/pcapng_write.h"

#define LINKTYPE_ETHERNET 1
#define AUDIT_BYTES_MAX	  (64u << 20)

/* Unpacked, a bundle that somebody sent may be anything. */
#define FILE_BYTES_MAX (UINT64_C(8) << 30)

static const char *const names[] = {"scenario.json", "traffic.pcapng", "report.json", "audit.log",
				    "versions.json"};

#define NAMES (sizeof(names) / sizeof(names[0]))

static bool out_of_memory(struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "--bundle: out of memory");
	return false;
}

static void path_of(const struct bundle *b, const char *name, char path[4200])
{
	snprintf(path, 4200, "%s/%s", b->folder, name);
}

/* ---- while it runs ---- */

static void write_block(struct bundle *b)
{
	if (b->block.failed)
		b->error = b->error ? b->error : ENOMEM;
	else if (!b->error && fwrite(b->block.p, 1, b->block.n, b->traffic) != b->block.n)
		b->error = errno;
	buf_reset(&b->block);
}

struct bundle *bundle_open(const char *path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct bundle *b = calloc(1, sizeof(*b));
	char traffic[4200];

	if (!b) {
		out_of_memory(err);
		return NULL;
	}
	b->path = path;
	for (unsigned i = 0; i < PORTS_MAX; i++)
		b->interface[i] = -1;
	b->ended = json_object_new_array();
	snprintf(b->folder, sizeof(b->folder), "%s/secvf-bundle-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(b->folder)) {
		err_set(err, EXIT_ENVIRONMENT, "--bundle: %s: %s", b->folder, strerror(errno));
		b->folder[0] = '\0';
		bundle_drop(b);
		return NULL;
	}
	path_of(b, "traffic.pcapng", traffic);
	b->traffic = fopen(traffic, "we");
	if (!b->traffic) {
		err_set(err, EXIT_ENVIRONMENT, "--bundle: %s: %s", traffic, strerror(errno));
		bundle_drop(b);
		return NULL;
	}
	pcapng_put_section(&b->block, NULL, NULL, "secvf " SECVF_VERSION, "frames of a bundle");
	write_block(b);
	return b;
}

void bundle_frame(struct bundle *b, const struct frame *f, unsigned port, const char *name)
{
	struct pcapng_packet packet = {
		.data = f->data, .caplen = f->caplen, .len = f->len, .ts_ns = f->ts_ns};
	uint32_t n;

	if (b->interface[port] < 0) {
		b->interface[port] = b->interfaces++;
		pcapng_put_interface(&b->block, LINKTYPE_ETHERNET, 0, name, NULL);
		write_block(b);
	}
	packet.interface = (uint32_t)b->interface[port];
	n = pcapng_packet_bytes(&packet);
	if (buf_reserve(&b->block, n)) {
		pcapng_packet((unsigned char *)b->block.p, &packet);
		b->block.n = n;
	}
	write_block(b);
}

/* A tshark that ended badly by itself, as a fault at the record that it was on. */
static void note_end(struct bundle *b, const char *line)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"SEGV", SIGSEGV}, {"ABRT", SIGABRT}, {"KILL", SIGKILL},
		       {"BUS", SIGBUS},	  {"ILL", SIGILL},   {"FPE", SIGFPE}};
	struct json_object *event = json_tokener_parse(line), *signal, *status, *fault;
	const char *name = json_object_get_string(json_object_object_get(event, "event"));
	const char *clean = json_object_get_string(json_object_object_get(event, "clean"));

	if (name && strcmp(name, "tshark_ended") == 0 && clean && strcmp(clean, "yes") != 0) {
		fault = json_object_new_object();
		signal = json_object_object_get(event, "signal");
		status = json_object_object_get(event, "exit");
		json_object_object_add(
			fault, "fault",
			json_object_new_string(signal ? "tshark.crash" : "tshark.exit"));
		json_object_object_add(
			fault, "generation",
			json_object_get(json_object_object_get(event, "generation")));
		json_object_object_add(fault, "record",
				       json_object_get(json_object_object_get(event, "record")));
		for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
			if (signal && json_object_get_int(signal) == signals[i].number)
				json_object_object_add(fault, "signal",
						       json_object_new_string(signals[i].name));
		}
		if (status)
			json_object_object_add(fault, "status", json_object_get(status));
		json_object_array_add(b->ended, fault);
	}
	json_object_put(event);
}

void bundle_line(struct bundle *b, const char *members, size_t n)
{
	size_t from = b->audit.n;

	if (b->audit.n > AUDIT_BYTES_MAX)
		return;
	buf_printf(&b->audit, "{\"wall_ns\":%" PRIu64 ",", clock_wall_ns());
	buf_put(&b->audit, members, n);
	buf_put(&b->audit, "}", 2);
	if (b->audit.failed)
		return;
	note_end(b, b->audit.p + from);
	b->audit.p[b->audit.n - 1] = '\n';
}

/* ---- at the end ---- */

static bool write_text(struct bundle *b, const char *name, const char *text, size_t n)
{
	char path[4200];
	FILE *f;
	bool ok;

	path_of(b, name, path);
	f = fopen(path, "we");
	ok = f && fwrite(text, 1, n, f) == n;
	if (f)
		ok &= fclose(f) == 0;
	if (!ok && !b->error)
		b->error = errno;
	return ok;
}

static void write_json(struct bundle *b, const char *name, struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	write_text(b, name, text, strlen(text));
	json_object_put(o);
}

static void add_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void write_scenario(struct bundle *b, const struct session *s, int exit)
{
	struct json_object *root = json_object_new_object(), *list, *item, *plan = NULL, *faults;

	add_str(root, "about", "made of a run, by --bundle");
	if (!s->tshark.found)
		add_str(root, "tshark", "none");
	item = json_object_new_object();
	add_str(item, "capture", "traffic.pcapng");
	list = json_object_new_array();
	json_object_array_add(list, item);
	json_object_object_add(root, "traffic", list);
	list = json_object_new_array();
	for (unsigned i = 0; i < s->options.kept; i++)
		json_object_array_add(list, json_object_new_string(s->options.keep[i]));
	json_object_object_add(root, "options", list);
	if (s->options.faults)
		plan = json_object_from_file(s->options.faults);
	if (plan) {
		json_object_object_add(root, "seed",
				       json_object_get(json_object_object_get(plan, "seed")));
		faults = json_object_get(json_object_object_get(plan, "faults"));
	} else {
		faults = json_object_get(b->ended);
	}
	json_object_object_add(root, "faults", faults);
	item = json_object_new_object();
	json_object_object_add(item, "exit", json_object_new_int(exit));
	json_object_object_add(root, "expect", item);
	json_object_put(plan);
	write_json(b, "scenario.json", root);
}

static void write_versions(struct bundle *b, const struct session *s)
{
	struct json_object *root = json_object_new_object();
	struct utsname system;

	add_str(root, "secvf", SECVF_VERSION);
	add_str(root, "tshark", s->tshark.found ? s->tshark.version : "none");
	add_str(root, "libpcap", pcap_lib_version());
	if (uname(&system) == 0) {
		add_str(root, "system", system.sysname);
		add_str(root, "release", system.release);
		add_str(root, "machine", system.machine);
	}
	write_json(b, "versions.json", root);
}

static void copy_report(struct bundle *b, const char *report)
{
	struct json_object *o = NULL;

	if (report && strncmp(report, b->folder, strlen(b->folder)) != 0)
		o = json_object_from_file(report);
	if (o)
		write_json(b, "report.json", o);
}

/* One file into the archive. Return: false with the archive's own words */
static bool pack_file(struct bundle *b, struct archive *a, const char *name)
{
	struct archive_entry *entry;
	char path[4200], bytes[65536];
	struct stat st;
	size_t n;
	FILE *f;
	bool ok;

	path_of(b, name, path);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT; /* there was no report */
	if (fstat(fileno(f), &st)) {
		fclose(f);
		return false;
	}
	entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, st.st_size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, st.st_mtime, 0);
	ok = archive_write_header(a, entry) == ARCHIVE_OK;
	while (ok && (n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		ok = archive_write_data(a, bytes, n) == (la_ssize_t)n;
	archive_entry_free(entry);
	fclose(f);
	return ok;
}

static bool pack(struct bundle *b, struct err *err)
{
	struct archive *a = archive_write_new();
	char part[4200];
	bool ok;

	snprintf(part, sizeof(part), "%s.part", b->path);
	ok = a && archive_write_add_filter_zstd(a) == ARCHIVE_OK &&
	     archive_write_set_format_pax_restricted(a) == ARCHIVE_OK &&
	     archive_write_open_filename(a, part) == ARCHIVE_OK;
	for (size_t i = 0; i < NAMES && ok; i++)
		ok = pack_file(b, a, names[i]);
	ok = ok && archive_write_close(a) == ARCHIVE_OK;
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "--bundle %s: %s", b->path,
			a && archive_error_string(a) ? archive_error_string(a) : strerror(errno));
	archive_write_free(a);
	if (ok && rename(part, b->path)) {
		err_set(err, EXIT_ENVIRONMENT, "--bundle %s: %s", b->path, strerror(errno));
		ok = false;
	}
	if (!ok)
		unlink(part);
	return ok;
}

int bundle_close(struct bundle *b, const struct session *s, const char *report, int exit,
		 struct err *err)
{
	bool ok;

	if (fclose(b->traffic) && !b->error)
		b->error = errno;
	b->traffic = NULL;
	if (b->audit.failed)
		b->error = b->error ? b->error : ENOMEM;
	else
		write_text(b, "audit.log", b->audit.n ? b->audit.p : "", b->audit.n);
	write_scenario(b, s, exit);
	write_versions(b, s);
	copy_report(b, report);
	if (b->error)
		err_set(err, EXIT_ENVIRONMENT, "--bundle: %s: %s", b->folder, strerror(b->error));
	ok = !b->error && pack(b, err);
	bundle_drop(b);
	return ok ? 0 : EXIT_ENVIRONMENT;
}

void bundle_drop(struct bundle *b)
{
	char path[4200];

	if (!b)
		return;
	if (b->traffic)
		fclose(b->traffic);
	for (size_t i = 0; i < NAMES && b->folder[0]; i++) {
		path_of(b, names[i], path);
		unlink(path);
	}
	if (b->folder[0])
		rmdir(b->folder);
	json_object_put(b->ended);
	buf_done(&b->block);
	buf_done(&b->audit);
	free(b);
}

/* ---- read again ---- */

bool bundle_is(const char *path)
{
	const char *dot = strstr(path, ".tar");

	while (dot && strstr(dot + 1, ".tar"))
		dot = strstr(dot + 1, ".tar");
	return dot && (strcmp(dot, ".tar") == 0 || strcmp(dot, ".tar.zst") == 0 ||
		       strcmp(dot, ".tar.gz") == 0);
}

static bool unpack_file(struct archive *a, const char *folder, const char *name, struct err *err)
{
	char path[4200], bytes[65536];
	uint64_t total = 0;
	la_ssize_t n = 0;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	ok = f != NULL;
	while (ok && (n = archive_read_data(a, bytes, sizeof(bytes))) > 0) {
		total += (uint64_t)n;
		ok = total <= FILE_BYTES_MAX && fwrite(bytes, 1, (size_t)n, f) == (size_t)n;
	}
	if (f)
		ok &= fclose(f) == 0;
	if (ok && n == 0)
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s: %s", name,
		n < 0			 ? archive_error_string(a)
		: total > FILE_BYTES_MAX ? "longer than any bundle's"
					 : strerror(errno));
	return false;
}

bool bundle_unpack(const char *path, const char *folder, struct err *err)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	bool ok, found = false;

	archive_read_support_filter_zstd(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_format_tar(a);
	ok = archive_read_open_filename(a, path, 65536) == ARCHIVE_OK;
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", path, archive_error_string(a));
	while (ok && archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		/* Nothing else, wherever it wants to go. */
		for (size_t i = 0; name && i < NAMES && ok; i++) {
			if (strcmp(name, names[i]) != 0 ||
			    archive_entry_filetype(entry) != AE_IFREG)
				continue;
			ok = unpack_file(a, folder, names[i], err);
			found |= i == 0;
		}
	}
	archive_read_free(a);
	if (ok && !found) {
		err_set(err, EXIT_USAGE, "%s: no bundle of secvf: it has no scenario.json", path);
		ok = false;
	}
	return ok;
}
