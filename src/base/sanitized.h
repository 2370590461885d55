/* sanitized.h - whether this is a build with AddressSanitizer or ThreadSanitizer, 0 or 1; gcc and
 * clang say so in different ways */
#ifndef SECVF_BASE_SANITIZED_H
#define SECVF_BASE_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED_ADDRESS 1
#endif
#if __has_feature(thread_sanitizer)
#define SANITIZED_THREAD 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESS 1
#elif !defined(SANITIZED_ADDRESS)
#define SANITIZED_ADDRESS 0
#endif

#if defined(__SANITIZE_THREAD__)
#define SANITIZED_THREAD 1
#elif !defined(SANITIZED_THREAD)
#define SANITIZED_THREAD 0
#endif

#define SANITIZED (SANITIZED_ADDRESS | SANITIZED_THREAD)

#endif
