/* pooled.h - whether memory that was given back is used again
 *
 * AddressSanitizer sees a thing used after its end only where it is freed then.
 */
#ifndef SECVF_BASE_POOLED_H
#define SECVF_BASE_POOLED_H

#include "base/sanitized.h"

#define POOLED (!SANITIZED_ADDRESS)

#endif
