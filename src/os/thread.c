/* thread.c - what a thread is called, in ps -L, top -H and debuggers */
#include "os/thread.h"

#include <pthread.h>
#include <string.h>

#include "base/check.h"

void thread_name(const char *name)
{
	check(strlen(name) <= THREAD_NAME_MAX);
#ifdef __APPLE__
	pthread_setname_np(name);
#else
	pthread_setname_np(pthread_self(), name);
#endif
}
