/* fuzz_golden.c - any bytes as a golden file
 *
 * One that is refused says why. One that is read can be written; what is written is read again, and
 * is written the same way then.
 */
#include <string.h>

#include "cli/golden.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = {0}, again = {0};
	struct golden g;
	struct err err = {0};

	if (!golden_read(&g, fuzz_file(data, size), &err)) {
		check(strlen(err.text) > 0);
		golden_done(&g);
		return 0;
	}
	golden_put(&g, "capture", &once);
	golden_done(&g);
	check(once.n > 0 && !once.failed);
	check(golden_read(&g, fuzz_file((const uint8_t *)once.p, once.n), &err));
	golden_put(&g, "capture", &again);
	golden_done(&g);
	check(once.n == again.n && memcmp(once.p, again.p, once.n) == 0);
	buf_done(&once);
	buf_done(&again);
	return 0;
}
