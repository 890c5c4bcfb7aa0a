/* Four floats at a time: the types and the elementary functions that the programs of this folder share, with the polynomials of assembly/simd.ts. */
#pragma once
#include <math.h>
#include <stdint.h>

typedef float v4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef uint32_t u4 __attribute__((vector_size(16)));
#define INLINE static inline __attribute__((always_inline))
#define SPLAT(x) ((v4){(x), (x), (x), (x)})

INLINE v4 sqrt4(v4 x) {
#ifdef __SSE__
  return __builtin_ia32_sqrtps(x);
#else
  return (v4){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
#endif
}
INLINE int any(i4 mask) {
#ifdef __SSE__
  return __builtin_ia32_movmskps((v4)mask) != 0;
#else
  return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
#endif
}
INLINE v4 min4(v4 a, v4 b) {
#ifdef __SSE__
  return __builtin_ia32_minps(a, b);
#else
  i4 less = a < b;
  return (v4)(((i4)a & less) | ((i4)b & ~less));
#endif
}

/* -ffast-math would reassociate the magic number away, or into one term of x before the others (errors of 1 % in a weight): three values are hidden from it. */
#define HIDE(x) __asm__("" : "+x"(x))

INLINE v4 exp4(v4 x) {
  const v4 magic = SPLAT(12582912.0f), log2e = SPLAT(1.44269504f);
  HIDE(x);
  v4 shifted = x * log2e + magic;
  HIDE(shifted);
  v4 whole = shifted - magic;
  HIDE(whole);
  v4 f = x * log2e - whole;
  v4 p = SPLAT(0.00132647275f) * f + SPLAT(0.00967151264f);
  p = p * f + SPLAT(0.0555073374f);
  p = p * f + SPLAT(0.240222421f);
  p = p * f + SPLAT(0.693146978f);
  p = p * f + SPLAT(1.0f);
  i4 scaled = (i4)p + ((i4)shifted << 23);
  return (v4)(scaled & (x >= SPLAT(-60.0f)));
}

INLINE v4 log4(v4 x) {
  i4 bits = (i4)x;
  i4 exponent = (bits - 0x3f3504f3) >> 23;
  v4 f = (v4)(bits - (exponent << 23)) - 1.0f;
  v4 p = SPLAT(-0.0786021509f) * f + SPLAT(0.12881408f);
  p = p * f + SPLAT(-0.131284026f);
  p = p * f + SPLAT(0.141812134f);
  p = p * f + SPLAT(-0.166245963f);
  p = p * f + SPLAT(0.20002286f);
  p = p * f + SPLAT(-0.25000809f);
  p = p * f + SPLAT(0.333333167f);
  v4 square = f * f;
  v4 rest = p * f * square - 0.5f * square;
  v4 e = __builtin_convertvector(exponent, v4);
  return (e * 0.693145752f + f) + (e * 0.00000142860682f + rest);
}
