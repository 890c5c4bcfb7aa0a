/*
 * The fused noised estimator of a Gaussian mixture in the plane, in C at 128 bits: the yardstick of bench/estimator.bench.mjs. Same
 * algorithm as assembly/ (hash-seeded xoshiro128++ lanes, Box-Muller, eight draws at a time, two-pass mixture with a list of
 * relevant components, streaming log-mean-exp), the same polynomials, written for the compiler: everything inlined.
 *
 * stdin: count std, means, then n and n points; then requests "quantity sigma K repeats". Answer per request: nanoseconds per
 * evaluation and a checksum.
 */
#include "random.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int count;
static float *half_, *constant_, *inverse_, *mx, *my; /* one entry per component, as in the kernel */
static v4 *q0, *q1;
static int *list;

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
