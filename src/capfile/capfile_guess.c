/* capfile_guess.c - what a file is that is no capture of ours, so that its user knows what to do */
#include "capfile/capfile_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define ERF_BYTES    16u	/* header of a record */
#define ERF_TYPE_MAX 48u	/* types of records end there */
#define ERF_S_MIN    631152000u /* 1990, before the format was */

/* Formats known by their first bytes. The remedy is a command; %s in it is the file. */
static const struct known {
	const char *magic;
	unsigned bytes;
	const char *name;
	const char *remedy;
} known[] = {
	{"\x1f\x8b", 2, "gzip inside gzip or zstd", "zcat -f %s | secvf replay -"},
	{"\x28\xb5\x2f\xfd", 4, "zstd inside gzip or zstd", "zstd -dcf %s | secvf replay -"},
	{"\x04\x22\x4d\x18", 4, "lz4", "lz4 -dc %s | secvf replay -"},
	{"\xfd"
	 "7zXZ\0",
	 6, "xz", "xz -dc %s | secvf replay -"},
	{"BZh", 3, "bzip2", "bzip2 -dc %s | secvf replay -"},
	{"PK\3\4", 4, "zip", "unzip -p %s | secvf replay -"},
	{"7z\xbc\xaf\x27\x1c", 6, "7-Zip", "7z e -so %s | secvf replay -"},
	{"snoop\0\0\0", 8, "snoop", "editcap -F pcap %s out.pcap"},
	{"btsnoop\0", 8, "btsnoop", "editcap -F pcapng %s out.pcapng"},
	{"GMBU", 4, "Network Monitor 2", "editcap -F pcapng %s out.pcapng"},
	{"RTSS", 4, "Network Monitor 1", "editcap -F pcapng %s out.pcapng"},
	{"TRSNIFF data    \x1a", 17, "Sniffer", "editcap -F pcapng %s out.pcapng"},
	{"XCP\0", 4, "NetXRay", "editcap -F pcapng %s out.pcapng"},
	{"\x1c\0\x01\xac", 4, "IXIA lcap", "editcap -F pcapng %s out.pcapng"},
	{"\x1c\0\x01\xab", 4, "IXIA lcap", "editcap -F pcapng %s out.pcapng"},
	{"version https://git-lfs", 23, "a Git LFS pointer", "git lfs pull"},
};

/* Writes the remedy. The format is a constant of the table, and is not given to printf. */
static void remedy_write(char *out, size_t size, const char *remedy, const char *path)
{
	const char *hole = strstr(remedy, "%s");

	if (!hole)
		snprintf(out, size, "%s", remedy);
	else
		snprintf(out, size, "%.*s%s%s", (int)(hole - remedy), remedy, path, hole + 2);
}

/* An ERF record: 8 bytes of time (little-endian, seconds in the upper half), type, flags, length of
 * the record, of losses, and on the wire. Its length leads to the next, if that is in sight.
 * Without a magic this is all there is to see.
 */
static bool looks_erf(const unsigned char *p, size_t n)
{
	size_t at = 0;

	while (n - at >= ERF_BYTES) {
		unsigned type = p[at + 8] & 0x7fu;
		unsigned bytes = be16_load(p + at + 10);

		if (type == 0 || type > ERF_TYPE_MAX || bytes < ERF_BYTES ||
		    le32_load(p + at + 4) < ERF_S_MIN)
			return false;
		if (bytes > n - at)
			return true;
		at += bytes;
	}
	return at > 0;
}

/* UTF-8 without control characters; what was looked at may end inside a code point. */
static bool looks_text(const unsigned char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		uint32_t cp;
		size_t step = utf8_next((const char *)p + at, n - at, &cp);

		if (cp == UINT32_MAX)
			return at > 0 && n - at < 4;
		if (cp < 0x80 && !isprint((int)cp) && !isspace((int)cp))
			return false;
		at += step;
	}
	return true;
}

/* A line of a hex dump: an offset of at least four digits, then bytes of two. */
static bool looks_hexdump(const unsigned char *p, size_t n)
{
	size_t digits = 0, i;

	while (digits < n && isxdigit(p[digits]))
		digits++;
	i = digits;
	while (i < n && (p[i] == ' ' || p[i] == ':'))
		i++;
	return digits >= 4 && i > digits && i + 2 < n && isxdigit(p[i]) && isxdigit(p[i + 1]);
}

void capfile_guess(const unsigned char *p, size_t n, const char *path, struct err *err)
{
	char remedy[640];

	if (n == 0) {
		err_set(err, EXIT_ENVIRONMENT,
			"%s: it is empty: nothing was captured, or it was not copied", path);
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (n < known[i].bytes || memcmp(p, known[i].magic, known[i].bytes) != 0)
			continue;
		remedy_write(remedy, sizeof(remedy), known[i].remedy, path);
		err_set(err, EXIT_ENVIRONMENT, "%s: it is %s, not pcap or pcapng; try `%s`", path,
			known[i].name, remedy);
		return;
	}
	if (looks_text(p, n)) {
		if (looks_hexdump(p, n))
			err_set(err, EXIT_ENVIRONMENT,
				"%s: it is a hex dump, not pcap or pcapng; try `text2pcap %s out.pcap`",
				path, path);
		else
			err_set(err, EXIT_ENVIRONMENT,
				"%s: it is text, not pcap or pcapng; a link or a download page may "
				"have been saved in place of the capture",
				path);
		return;
	}
	if (looks_erf(p, n)) {
		err_set(err, EXIT_ENVIRONMENT,
			"%s: it looks like ERF, not pcap or pcapng; try `editcap -F pcap %s out.pcap`",
			path, path);
		return;
	}
	err_set(err, EXIT_ENVIRONMENT,
		"%s: it is not pcap or pcapng (it starts with bytes %02x %02x %02x %02x); if "
		"Wireshark opens it, `editcap -F pcapng %s out.pcapng` converts it",
		path, p[0], n > 1 ? p[1] : 0u, n > 2 ? p[2] : 0u, n > 3 ? p[3] : 0u, path);
}
