/* mutate.c - simple changes of bytes, where there is no libFuzzer to ask for them */
#include "mutate.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max)
{
	static struct mutant around;
	size_t at;

	if (size == 0)
		return 0;
	at = mutant_below(&around, size);
	switch (mutant_below(&around, 4)) {
	case 0: data[at] ^= (uint8_t)(1u << mutant_below(&around, 8)); break;
	case 1: data[at] = (uint8_t)mutant_below(&around, 256); break;
	case 2: size = at; break;
	default:
		if (size < size_max)
			data[size++] = data[at];
	}
	return size;
}
