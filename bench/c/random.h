/* The random numbers of assembly/random.ts: hash-seeded xoshiro128++ in four lanes, normals by Box and Muller. */
#pragma once
#include "vector.h"

typedef struct {
  u4 s0, s1, s2, s3;
} generator;

INLINE u4 mix(u4 h) {
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}
INLINE u4 absorb(u4 h, uint32_t word) {
  h = (h ^ word) * 0x9e3779b1u;
  return h ^ (h >> 15);
}
static u4 hash(u4 salt, uint32_t a, uint32_t b, uint32_t row, uint32_t block) {
  return mix(absorb(absorb(absorb(absorb(mix(salt ^ a), b), 0), row), block));
}
static void seed(generator *g, uint32_t a, uint32_t b, uint32_t row, uint32_t block) {
  g->s0 = hash((u4){0x243f6a88, 0x13198a2e, 0x299f31d0, 0x452821e6}, a, b, row, block);
  g->s1 = hash((u4){0x38d01377, 0x34e90c6c, 0x29b7c97c, 0x3f84d5b5}, a, b, row, block);
  g->s2 = hash((u4){0x1216d5d9, 0x0979fb1b, 0x1310ba69, 0x24a19947}, a, b, row, block);
  g->s3 = hash((u4){0x2858efc1, 0x3a9234f1, 0x71574e69, 0x55c1b9a4}, a, b, row, block);
}
INLINE u4 rotate(u4 x, int k) { return (x << k) | (x >> (32 - k)); }
INLINE u4 next(generator *g) {
  u4 result = rotate(g->s0 + g->s3, 7) + g->s0;
  u4 t = g->s1 << 9;
  g->s2 ^= g->s0;
  g->s3 ^= g->s1;
  g->s1 ^= g->s2;
  g->s0 ^= g->s3;
  g->s2 ^= t;
  g->s3 = rotate(g->s3, 11);
  return result;
}
INLINE void normals(generator *g, v4 *first, v4 *second) {
  u4 a = next(g), b = next(g);
  v4 uniform = __builtin_convertvector((i4)((a >> 1) | 1), v4) * 4.656612873e-10f;
  v4 radius = sqrt4(log4(uniform) * -2.0f);
  radius = (v4)((u4)radius ^ (a << 31));
  v4 s = __builtin_convertvector((i4)b, v4) * 4.656612873e-10f;
  v4 z = s * s;
  v4 c = SPLAT(0.00085819062f) * z + SPLAT(-0.0208106275f);
  c = c * z + SPLAT(0.253650745f);
  c = c * z + SPLAT(-1.23369821f);
  c = c * z + SPLAT(0.999999953f);
  v4 d = SPLAT(0.000150822639f) * z + SPLAT(-0.00467223292f);
  d = d * z + SPLAT(0.0796884847f);
  d = d * z + SPLAT(-0.645963361f);
  d = d * z + SPLAT(1.57079629f);
  *first = radius * c;
  *second = radius * d * s;
}
