/*
 * The fused noised estimator of a Gaussian mixture in the plane, in C at 128 bits: the yardstick of bench/estimator.bench.mjs. Same
 * algorithm as assembly/ (hash-seeded xoshiro128++ lanes, Box-Muller, eight draws at a time, two-pass mixture with a list of
 * relevant components, streaming log-mean-exp), the same polynomials, written for the compiler: everything inlined.
 *
 * stdin: count std, means, then n and n points; then requests "quantity sigma K repeats". Answer per request: nanoseconds per
 * evaluation and a checksum.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float v4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef uint32_t u4 __attribute__((vector_size(16)));
#define INLINE static inline __attribute__((always_inline))
#define SPLAT(x) ((v4){(x), (x), (x), (x)})

static int count;
static float *half_, *constant_, *inverse_, *mx, *my; /* one entry per component, as in the kernel */
static v4 *q0, *q1;
static int *list;

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

INLINE v4 exp4(v4 x) {
  const v4 magic = SPLAT(12582912.0f), log2e = SPLAT(1.44269504f);
  v4 shifted = x * log2e + magic;
  __asm__("" : "+x"(shifted)); /* -ffast-math would cancel the magic number */
  v4 f = x * log2e - (shifted - magic);
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

/* Energies of eight points; with `score` also their gradients. */
INLINE void mixture(const v4 x[2], const v4 y[2], v4 e[2], int score, v4 gx[2], v4 gy[2]) {
  v4 least0 = SPLAT(3.0e38f), least1 = least0;
  for (int k = 0; k < count; k++) {
    v4 a0 = x[0] - mx[k], b0 = y[0] - my[k], a1 = x[1] - mx[k], b1 = y[1] - my[k];
    v4 r0 = (a0 * a0 + b0 * b0) * half_[k] + constant_[k];
    v4 r1 = (a1 * a1 + b1 * b1) * half_[k] + constant_[k];
    q0[k] = r0;
    q1[k] = r1;
    least0 = min4(least0, r0);
    least1 = min4(least1, r1);
  }
  v4 cut0 = least0 + 30.0f, cut1 = least1 + 30.0f;
  int found = 0;
  for (int k = 0; k < count; k++) {
    list[found] = k;
    found += any((q0[k] <= cut0) | (q1[k] <= cut1));
  }
  v4 zero = SPLAT(0.0f), sum0 = zero, sum1 = zero;
  v4 ax0 = zero, ax1 = zero, ay0 = zero, ay1 = zero;
  for (int i = 0; i < found; i++) {
    int k = list[i];
    v4 p0 = exp4(least0 - q0[k]), p1 = exp4(least1 - q1[k]);
    sum0 += p0;
    sum1 += p1;
    if (score) {
      ax0 += p0 * inverse_[k] * (x[0] - mx[k]);
      ay0 += p0 * inverse_[k] * (y[0] - my[k]);
      ax1 += p1 * inverse_[k] * (x[1] - mx[k]);
      ay1 += p1 * inverse_[k] * (y[1] - my[k]);
    }
  }
  e[0] = least0 - log4(sum0);
  e[1] = least1 - log4(sum1);
  if (score) {
    v4 i0 = 1.0f / sum0, i1 = 1.0f / sum1;
    gx[0] = ax0 * i0;
    gy[0] = ay0 * i0;
    gx[1] = ax1 * i1;
    gy[1] = ay1 * i1;
  }
}

INLINE void row(int score, float px, float py, float sigma, int K, uint32_t r, float *out) {
  generator g = {0};
  v4 least[2] = {SPLAT(3.0e38f), SPLAT(3.0e38f)}, sum[2] = {SPLAT(0.0f), SPLAT(0.0f)};
  v4 ax[2] = {sum[0], sum[0]}, ay[2] = {sum[0], sum[0]};
  for (int first = 0; first < K; first += 8) {
    if ((first & 127) == 0) seed(&g, 1, 2, r, 0x80000000u | (uint32_t)(first / 128));
    v4 x[2], y[2], e[2], gx[2] = {sum[0], sum[0]}, gy[2] = {sum[0], sum[0]};
    normals(&g, &x[0], &x[1]);
    normals(&g, &y[0], &y[1]);
    x[0] = x[0] * sigma + px;
    x[1] = x[1] * sigma + px;
    y[0] = y[0] * sigma + py;
    y[1] = y[1] * sigma + py;
    mixture(x, y, e, score, gx, gy);
    if (any((e[0] < least[0]) | (e[1] < least[1]))) {
      for (int i = 0; i < 2; i++) {
        v4 next_ = min4(least[i], e[i]);
        v4 factor = exp4(next_ - least[i]);
        sum[i] *= factor;
        ax[i] *= factor;
        ay[i] *= factor;
        least[i] = next_;
      }
    }
    for (int i = 0; i < 2; i++) {
      v4 w = exp4(least[i] - e[i]);
      sum[i] += w;
      if (score) {
        ax[i] += w * gx[i];
        ay[i] += w * gy[i];
      }
    }
  }
  float low = 3.0e38f;
  for (int i = 0; i < 8; i++) low = fminf(low, least[i / 4][i % 4]);
  double total = 0, tx = 0, ty = 0;
  for (int i = 0; i < 8; i++) {
    double f = exp((double)(low - least[i / 4][i % 4]));
    total += f * sum[i / 4][i % 4];
    tx += f * ax[i / 4][i % 4];
    ty += f * ay[i / 4][i % 4];
  }
  out[0] = low - (float)log(total / K);
  out[1] = (float)(-tx / total);
  out[2] = (float)(-ty / total);
}

static void __attribute__((noinline)) energies(const float *x, int n, float sigma, int K, float *out) {
  for (int r = 0; r < n; r++) row(0, x[2 * r], x[2 * r + 1], sigma, K, (uint32_t)r, out + 3 * r);
}
static void __attribute__((noinline)) scores(const float *x, int n, float sigma, int K, float *out) {
  for (int r = 0; r < n; r++) row(1, x[2 * r], x[2 * r + 1], sigma, K, (uint32_t)r, out + 3 * r);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(void) {
  double std;
  int n, quantity, K, repeats;
  float sigma;
  if (scanf("%d %lf", &count, &std) != 2) return 1;
  mx = malloc(sizeof(float) * count);
  my = malloc(sizeof(float) * count);
  list = malloc(sizeof(int) * (count + 1));
  q0 = aligned_alloc(16, sizeof(v4) * count);
  q1 = aligned_alloc(16, sizeof(v4) * count);
  half_ = malloc(sizeof(float) * count);
  constant_ = malloc(sizeof(float) * count);
  inverse_ = malloc(sizeof(float) * count);
  for (int k = 0; k < count; k++) {
    if (scanf("%f %f", &mx[k], &my[k]) != 2) return 1;
    half_[k] = (float)(0.5 / (std * std));
    inverse_[k] = (float)(1 / (std * std));
    constant_[k] = (float)(log(count) + log(2 * 3.14159265358979 * std * std));
  }
  if (scanf("%d", &n) != 1) return 1;
  float *x = malloc(sizeof(float) * 2 * n), *out = malloc(sizeof(float) * 3 * n);
  for (int i = 0; i < 2 * n; i++)
    if (scanf("%f", &x[i]) != 1) return 1;
  while (scanf("%d %f %d %d", &quantity, &sigma, &K, &repeats) == 4) {
    double start = now();
    for (int i = 0; i < repeats; i++) (quantity ? scores : energies)(x, n, sigma, K, out);
    double spent = now() - start, checksum = 0;
    for (int i = 0; i < 3 * n; i++) checksum += quantity || i % 3 == 0 ? out[i] : 0;
    printf("%.6f %.9g\n", spent / ((double)repeats * n * K), checksum);
    fflush(stdout);
  }
  return 0;
}
