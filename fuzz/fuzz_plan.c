/* fuzz_plan.c - any bytes as a list of faults
 *
 * One that is refused says why. One that is read is in the bounds that the injectors count on, and
 * they can ask it anything.
 */
#include <string.h>

#include "fuzz_file.h"
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fault(const struct fault *f, const uint8_t *data, size_t size)
{
	struct sim_random random = {.state = size};

	check(f->kind < FAULT_KINDS && f->permille <= 1000 && f->match_n <= PLAN_MATCH_MAX);
	check(strlen(fault_name(f->kind)) > 0);
	check(memchr(f->on, '\0', sizeof(f->on)) && memchr(f->port, '\0', sizeof(f->port)));
	if (!fault_in_tshark(f->kind))
		return;
	for (unsigned i = 0; i < 16; i++)
		(void)plan_strikes(f, 1 + i % 3, i, &random);
	if (f->kind == FAULT_TSHARK_POISON)
		check(!plan_poisons(f, data, 0) || !f->match_n);
	(void)plan_poisons(f, data, (uint32_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan plan;
	struct err err = {0};

	if (!plan_load(&plan, fuzz_file(data, size), &err)) {
		check(strlen(err.text) > 0 && err.text[sizeof(err.text) - 1] == '\0');
		return 0;
	}
	check(plan.count <= PLAN_FAULTS_MAX);
	for (unsigned i = 0; i < plan.count; i++)
		check_fault(&plan.fault[i], data, size);
	return 0;
}
