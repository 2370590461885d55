/* disk_posix.h - files of a POSIX system, as the spool wants them */
#ifndef SECVF_OS_DISK_POSIX_H
#define SECVF_OS_DISK_POSIX_H

#include <stdbool.h>

#include "base/disk.h"

/** disk_posix() - The disk; it has no state */
struct disk disk_posix(void);

/** disk_lock() - Lock a file as ours while it is open; gone with the process. Return: false where
 * another process has it */
bool disk_lock(int fd);

#endif
