/* add.h - members added to the JSON object of a report */
#ifndef SECVF_CLI_ADD_H
#define SECVF_CLI_ADD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hist.h"
#include "replay.h"

struct json_object;

void add_u64(struct json_object *o, const char *key, uint64_t value);
void add_str(struct json_object *o, const char *key, const char *value);
void add_bool(struct json_object *o, const char *key, bool value);
void add_double(struct json_object *o, const char *key, double value);

/** add_object() - Return: a new one, which belongs to @o */
struct json_object *add_object(struct json_object *o, const char *key);

/** add_quantiles() - p50, p99, max */
void add_quantiles(struct json_object *o, const struct hist *h);

/** add_files() - What was read of each file; @replay NULL: none were named */
void add_files(struct json_object *root, const struct replay *replay);

/** add_memory() - Memory and processor time of this process so far */
void add_memory(struct json_object *root);
uint64_t add_cpu_ns(void);

/** add_write() - Write the object to the file of --report, - for standard output, and free it.
 * Return: 0, or EXIT_ENVIRONMENT with @err filled */
int add_write(struct json_object *root, const char *path, struct err *err);

#endif
