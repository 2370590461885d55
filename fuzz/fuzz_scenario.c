/* fuzz_scenario.c - any bytes as a scenario, read and judged against a run that left nothing behind
 *
 * One that is refused says why; a run without report and audit log is never called good.
 */
#include <string.h>

#include "cli/scenario.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scenario_outcome nothing = {.folder = "/nonexistent"};
	struct scenario s;
	struct err err = {0};
	struct buf why = {0};

	if (!scenario_read(&s, fuzz_file(data, size), &err)) {
		check(strlen(err.text) > 0);
		return 0;
	}
	check(s.options >= 0 && s.options <= SCENARIO_OPTIONS_MAX && s.about);
	check(s.plan.count <= PLAN_FAULTS_MAX);
	for (int i = 0; i < s.options; i++)
		check(s.option[i] != NULL);
	for (int world = 0; world < WORLDS; world++) {
		check(!scenario_judge(&s, (enum scenario_world)world, &nothing, &why));
		check(why.n > 0);
		why.n = 0;
	}
	buf_done(&why);
	scenario_done(&s);
	return 0;
}
