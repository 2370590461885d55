/* mix.h - a number from which every bit of another shows
 *
 * Source: the finaliser of SplitMix64; Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", 2014
 */
#ifndef SECVF_BASE_MIX_H
#define SECVF_BASE_MIX_H

#include <stdint.h>

/** mix64() - Each bit of @x changes half of the bits that come out; 0 stays 0 */
static inline uint64_t mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif
