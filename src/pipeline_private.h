/* pipeline_private.h - what pipeline.c and pipeline_lane.c share */
#ifndef SECVF_PIPELINE_PRIVATE_H
#define SECVF_PIPELINE_PRIVATE_H

#include "pipeline.h"

/** pipeline_lose() - Settle a frame that no feed counts as pending, and have it named */
void pipeline_lose(struct pipeline *p, uint64_t id, enum undecoded cause, uint64_t now_ns);

/** pipeline_lose_shard() - Settle all of a shard that is not settled */
void pipeline_lose_shard(struct pipeline *p, unsigned shard, enum undecoded cause, uint64_t now_ns);

/** pipeline_skip_stalled() - Skip what waits behind the mouth of a lane's FIFO */
void pipeline_skip_stalled(struct pipeline *p, struct lane *l, uint64_t now_ns);

/** pipeline_may_read() - Whether rows can go on being settled: in a lossless run a full sink holds
 * up tshark too */
bool pipeline_may_read(const struct pipeline *p);

/** lane_init() - Return: 0, or -ENOMEM */
int lane_init(struct lane *l, struct pipeline *p, unsigned shard);

/** lane_done() - Free; a child that is still alive is killed, not waited for */
void lane_done(struct lane *l);

/** lane_step() - All that can be done now. Return: whether there is more to do at once */
bool lane_step(struct lane *l, uint64_t now_ns);

/** lane_wait() - Add what the lane waits for */
void lane_wait(struct lane *l, uint64_t now_ns, struct pipeline_wait *wait);

/** lane_end() - End its process early, if there is one */
void lane_end(struct lane *l, uint64_t now_ns);

/** lane_other() - The other one of its shard */
struct lane *lane_other(struct lane *l);

/** shard_lane() - The one that is given what a shard captures */
static inline struct lane *shard_lane(const struct pipeline *p, unsigned shard)
{
	return &p->shard[shard].lane[p->shard[shard].serving];
}

/** shard_step() - Begin and end a change from one lane to the other */
void shard_step(struct pipeline *p, struct shard *s, uint64_t now_ns);

/** shard_due() - When shard_step() may do something though nothing moves */
uint64_t shard_due(const struct pipeline *p, const struct shard *s, uint64_t now_ns);

#endif
