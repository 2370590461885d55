/* settings_file.h - the settings on disk: read, changed under a lock, never left half written
 *
 * Theory of operation: settings_file_begin() takes a lock (flock(2) on SETTINGS.lock, which stays
 * there) and reads; settings_file_commit() writes a file beside the old one, syncs it, gives it the
 * name by rename(2), syncs the folder, and lets the lock go. So two programs that change something
 * at once lose nothing of each other, readers need no lock, and a full disk or a lost power leaves
 * the old file or the new one. A symbolic link stays: the file that it leads to is written.
 *
 * A file that is no settings is a person's work nevertheless. It is given another name,
 * settings.json.broken-YYYYMMDD-HHMMSS (UTC), before anything is written; settings start empty
 * then.
 */
#ifndef SECVF_OS_SETTINGS_FILE_H
#define SECVF_OS_SETTINGS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/settings.h"
#include "base/err.h"

#define SETTINGS_FILE_PATH_MAX 4096u

/** struct settings_file - A settings file in use; from settings_file_begin() to its commit or end
 */
struct settings_file {
	char path[SETTINGS_FILE_PATH_MAX]; /* the file itself, where links lead */
	int lock;			   /* -1: none is held */
	char said[1024]; /* what a person has to be told although it is no failure; "": nothing */
};

/** settings_file_usual() - $XDG_CONFIG_HOME/secvf/settings.json, else ~/.config/secvf/settings.json
 * (XDG Base Directory Specification: a relative $XDG_CONFIG_HOME does not count). Return: false
 * where neither is set, or it is too long */
bool settings_file_usual(char path[SETTINGS_FILE_PATH_MAX]);

/**
 * settings_file_read() - Read the settings, to change nothing of them
 * @f:     Filled; no lock is held afterwards
 * @path:  File; one that is not there, or is empty, is empty settings
 * @s:     Replaced on true, untouched on false
 * @err:   EXIT_ENVIRONMENT where it cannot be read, or is broken and cannot be set aside
 */
bool settings_file_read(struct settings_file *f, const char *path, struct settings *s,
			struct err *err);

/** settings_file_begin() - As settings_file_read(), and the lock is held then, for which it waits;
 * folders above are made, mode 0700 */
bool settings_file_begin(struct settings_file *f, const char *path, struct settings *s,
			 struct err *err);

/** settings_file_commit() - Write @s, mode 0600, and let the lock go. Return: false with @err; the
 * file is then as it was, or, where the folder alone could not be synced, the new one */
bool settings_file_commit(struct settings_file *f, const struct settings *s, struct err *err);

/** settings_file_end() - Let the lock go; nothing happens without one */
void settings_file_end(struct settings_file *f);

#endif
