/* pooled.h - whether memory that was given back is used again
 *
 * AddressSanitizer sees a thing used after its end only where it is freed then.
 */
#ifndef SECVF_BASE_POOLED_H
#define SECVF_BASE_POOLED_H

#include "base/sanitized.h"

#if SANITIZED_ADDRESS
#define POOLED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOLED 0
#endif
#endif
#ifndef POOLED
#define POOLED 1
#endif

#endif
