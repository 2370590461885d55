/* bench_ek.h - peers of the EK decoder that are written in C++; each takes one line
 *
 * @p has 64 readable bytes behind its @n. Return: whether the line was taken */
#ifndef SECVF_BENCH_EK_H
#define SECVF_BENCH_EK_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

bool simdjson_dom(const char *p, size_t n);
bool simdjson_on_demand(const char *p, size_t n);
const char *simdjson_how(void); /* version and instruction set */

#ifdef __cplusplus
}
#endif
#endif
