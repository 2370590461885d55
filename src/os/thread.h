/* thread.h - what a thread is called, in ps -L, top -H and debuggers */
#ifndef SECVF_OS_THREAD_H
#define SECVF_OS_THREAD_H

#define THREAD_NAME_MAX 15 /* characters; Linux holds no more */

/** thread_name() - Name the calling thread. @name: of THREAD_NAME_MAX characters at most */
void thread_name(const char *name);

#endif
