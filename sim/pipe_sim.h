/* pipe_sim.h - a pipe's bytes between two simulated ends */
#ifndef SECVF_SIM_PIPE_SIM_H
#define SECVF_SIM_PIPE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pipe_sim {
	unsigned char *p;
	size_t cap, from, n; /* bytes [from, from + n) are in the pipe */
	bool writer, reader; /* each end open */
};

/** pipe_sim_open() - Empty, with room for @cap bytes, both ends open */
void pipe_sim_open(struct pipe_sim *p, size_t cap);

/** pipe_sim_free() - Forget it */
void pipe_sim_free(struct pipe_sim *p);

/** pipe_sim_write() - Put in what fits. Return: bytes taken */
size_t pipe_sim_write(struct pipe_sim *p, const void *bytes, size_t n);

/** pipe_sim_read() - Take out at most @n. Return: bytes */
size_t pipe_sim_read(struct pipe_sim *p, void *bytes, size_t n);

/** pipe_sim_room() - Bytes that a write would take */
size_t pipe_sim_room(const struct pipe_sim *p);

#endif
