/* shard.h - which tshark decodes a frame
 *
 * All frames between two hosts go to one shard, whichever way they go and whatever their ports: a
 * fragment has no ports, and the data of FTP, SIP or H.323 goes by others than the talk about it.
 * Frames without an IP address go by their pair of MAC addresses. A tunnel's inside is not looked
 * at, so it stays together.
 */
#ifndef SECVF_FEED_SHARD_H
#define SECVF_FEED_SHARD_H

#include "basic/basic.h"

/** shard_of() - Of @shards, at least 1. Return: below @shards; the same for either direction */
unsigned shard_of(const struct basic *b, unsigned shards);

#endif
