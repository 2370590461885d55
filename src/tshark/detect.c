/* detect.c - where tshark may be */
#include "tshark/detect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Where packages put it: Debian and most others, self-built, Homebrew on either kind of Mac,
 * MacPorts, the Mac application. */
static const char *const usual_places[] = {
	"/usr/bin/tshark",
	"/usr/local/bin/tshark",
	"/usr/sbin/tshark",
	"/opt/homebrew/bin/tshark",
	"/opt/local/bin/tshark",
	"/opt/wireshark/bin/tshark",
	"/Applications/Wireshark.app/Contents/MacOS/tshark",
};

#define USUAL_PLACES (sizeof(usual_places) / sizeof(usual_places[0]))

/* The @step-th directory of a search path; an empty one is the current directory, which we do not
 * search. */
static bool search_part(const char *search, size_t *step, char path[4096])
{
	while (search && *search) {
		size_t n = strcspn(search, ":");

		if (n && search[0] == '/' && (*step)-- == 0) {
			snprintf(path, 4096, "%.*s/tshark", (int)(n < 4000 ? n : 4000), search);
			return true;
		}
		search += n + (search[n] == ':');
	}
	return false;
}

bool detect_next(const char *asked, const char *search, size_t step, char path[4096])
{
	if (asked) {
		snprintf(path, 4096, "%s", asked);
		return step == 0;
	}
	if (search_part(search, &step, path))
		return true;
	if (step >= USUAL_PLACES)
		return false;
	snprintf(path, 4096, "%s", usual_places[step]);
	return true;
}

bool detect_version(const char *output, char version[64])
{
	const char *p = strstr(output, "TShark");
	size_t n = 0;

	version[0] = '\0';
	if (!p)
		return false;
	while (*p && *p != '\n' && !isdigit((unsigned char)*p))
		p++;
	while (n < 63 && (isalnum((unsigned char)p[n]) || p[n] == '.' || p[n] == '-'))
		n++;
	/* The sentence's full stop is not part of it. */
	while (n && p[n - 1] == '.')
		n--;
	if (!n)
		return false;
	memcpy(version, p, n);
	version[n] = '\0';
	return true;
}
