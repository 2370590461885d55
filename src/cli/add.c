/* add.c - members of a report, and the file that it goes to */
#include "cli/add.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

void add_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void add_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

struct json_object *add_object(struct json_object *o, const char *key)
{
	struct json_object *child = json_object_new_object();

	json_object_object_add(o, key, child);
	return child;
}

void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void add_double(struct json_object *o, const char *key, double value)
{
	json_object_object_add(o, key, json_object_new_double(value));
}

void add_quantiles(struct json_object *o, const struct hist *h)
{
	add_u64(o, "p50", hist_quantile(h, 500));
	add_u64(o, "p99", hist_quantile(h, 990));
	add_u64(o, "max", h->max);
}

void add_files(struct json_object *root, const struct replay *replay)
{
	struct json_object *list = json_object_new_array();
	unsigned count = 0;
	const struct replay_file_stats *files = replay ? replay_files(replay, &count) : NULL;

	json_object_object_add(root, "files", list);
	for (unsigned i = 0; i < count; i++) {
		struct json_object *o = json_object_new_object();

		json_object_array_add(list, o);
		add_str(o, "path", files[i].path);
		add_u64(o, "frames", files[i].frames);
		add_u64(o, "bytes", files[i].bytes);
		add_bool(o, "broken", files[i].broken);
		if (files[i].broken)
			add_str(o, "why", files[i].why);
	}
}

uint64_t add_cpu_ns(void)
{
	struct rusage self;

	getrusage(RUSAGE_SELF, &self);
	return (uint64_t)(self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(self.ru_utime.tv_usec + self.ru_stime.tv_usec) * 1000;
}

void add_memory(struct json_object *root)
{
	struct json_object *o = add_object(root, "memory");
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	/* Linux counts KiB, macOS bytes. */
#ifdef __APPLE__
	add_u64(o, "peak_bytes", (uint64_t)self.ru_maxrss);
	add_u64(o, "tshark_peak_bytes", (uint64_t)children.ru_maxrss);
#else
	add_u64(o, "peak_bytes", (uint64_t)self.ru_maxrss * 1024);
	add_u64(o, "tshark_peak_bytes", (uint64_t)children.ru_maxrss * 1024);
#endif
}

int add_write(struct json_object *root, const char *path, struct err *err)
{
	bool to_stdout = strcmp(path, "-") == 0;
	FILE *file = to_stdout ? stdout : fopen(path, "we");
	bool failed = !file;

	if (file) {
		failed |= fprintf(file, "%s\n",
				  json_object_to_json_string_ext(
					  root, JSON_C_TO_STRING_PRETTY |
							JSON_C_TO_STRING_NOSLASHESCAPE)) < 0;
		failed |= (to_stdout ? fflush(file) : fclose(file)) != 0;
	}
	json_object_put(root);
	if (!failed)
		return 0;
	err_set(err, EXIT_ENVIRONMENT, "--report %s: %s; choose a file that can be written", path,
		strerror(errno));
	return EXIT_ENVIRONMENT;
}
