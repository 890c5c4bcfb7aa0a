/*
 * Lennard-Jones clusters in C at 128 bits: the yardstick of bench/energies.bench.mjs. Same algorithm as assembly/ (eight configurations side by
 * side, one division a pair, two particles sharing the loads of a third, hash-seeded xoshiro128++ normals, streaming log-mean-exp), written for the
 * compiler: everything inlined.
 *
 * stdin: count of particles, n, then n rows of coordinates; then requests "what sigma K repeats": 0 fused energies, 1 fused scores, 2 energies, 3
 * energies and gradients. Answer per request: nanoseconds per evaluation and the first row's energy.
 */
#include "random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int count, dim;

INLINE v4 load(const float *p) { return *(const v4 *)p; }
INLINE void save(float *p, v4 x) { *(v4 *)p = x; }

/* Sum of squares about the center of mass of four lanes; with a gradient also g = -24 g + (y - center). */
INLINE v4 trap(const float *y, float *g) {
  v4 squares = SPLAT(0.0f);
  for (int axis = 0; axis < 3; axis++) {
    v4 center = SPLAT(0.0f);
    for (int i = 0; i < count; i++) center += load(y + 24 * i + 8 * axis);
    center *= 1.0f / count;
    for (int i = 0; i < count; i++) {
      v4 delta = load(y + 24 * i + 8 * axis) - center;
      squares += delta * delta;
      if (g) save(g + 24 * i + 8 * axis, load(g + 24 * i + 8 * axis) * -24.0f + delta);
    }
  }
  return squares;
}

INLINE v4 cube(v4 q) { return q * q * q; }
INLINE v4 inverse(v4 x, v4 y, v4 z) { return SPLAT(1.0f) / (x * x + (y * y + z * z)); }

/* Energies of four lanes of a block [count][3][8]. */
INLINE v4 energy4(const float *y) {
  v4 total = SPLAT(0.0f);
  for (int i = 0; i + 1 < count; i += 2) {
    const float *p = y + 24 * i;
    v4 ax = load(p), ay = load(p + 8), az = load(p + 16), bx = load(p + 24), by = load(p + 32), bz = load(p + 40);
    v4 s = cube(inverse(ax - bx, ay - by, az - bz)), a = s * (s - 2.0f), b = SPLAT(0.0f);
    for (int j = i + 2; j < count; j++) {
      const float *q = y + 24 * j;
      v4 x = load(q), y_ = load(q + 8), z = load(q + 16);
      v4 s0 = cube(inverse(ax - x, ay - y_, az - z)), s1 = cube(inverse(bx - x, by - y_, bz - z));
      a += s0 * (s0 - 2.0f);
      b += s1 * (s1 - 2.0f);
    }
    total += a + b;
  }
  return total * 2.0f + trap(y, 0) * 0.5f;
}

/* Also gradients. */
INLINE v4 gradient4(const float *y, float *g) {
  v4 total = SPLAT(0.0f);
  for (int i = 0; i + 1 < count; i++) {
    const float *p = y + 24 * i;
    float *gi = g + 24 * i;
    v4 ax = load(p), ay = load(p + 8), az = load(p + 16), gx = load(gi), gy = load(gi + 8), gz = load(gi + 16);
    v4 sum = SPLAT(0.0f);
    for (int j = i + 1; j < count; j++) {
      const float *q = y + 24 * j;
      float *gj = g + 24 * j;
      v4 dx = ax - load(q), dy = ay - load(q + 8), dz = az - load(q + 16);
      v4 r = inverse(dx, dy, dz), s = cube(r);
      sum += s * (s - 2.0f);
      v4 pull = s * r * (s - 1.0f);
      gx += pull * dx;
      gy += pull * dy;
      gz += pull * dz;
      save(gj, load(gj) - pull * dx);
      save(gj + 8, load(gj + 8) - pull * dy);
      save(gj + 16, load(gj + 16) - pull * dz);
    }
    save(gi, gx);
    save(gi + 8, gy);
    save(gi + 16, gz);
    total += sum;
  }
  return total * 2.0f + trap(y, g) * 0.5f;
}

INLINE void evaluate(const float *y, float *e, float *g) {
  if (g) memset(g, 0, sizeof(float) * 8 * dim);
  for (int half = 0; half < 8; half += 4) save(e + half, g ? gradient4(y + half, g + half) : energy4(y + half));
}

/* Rows [n, dim], eight at a time. */
INLINE void rows(const float *x, int n, float *energy, float *gradient, float *y, float *g) {
  v4 e[2];
  for (int first = 0; first < n; first += 8) {
    for (int lane = 0; lane < 8; lane++)
      for (int d = 0; d < dim; d++) y[8 * d + lane] = x[(first + lane) * dim + d];
    evaluate(y, (float *)e, gradient ? g : 0);
    memcpy(energy + first, e, sizeof(e));
    if (!gradient) continue;
    for (int lane = 0; lane < 8; lane++)
      for (int d = 0; d < dim; d++) gradient[(first + lane) * dim + d] = g[8 * d + lane];
  }
}

/* Estimate of one row; sums [dim][8]. */
INLINE float estimate(int score, const float *x, float sigma, int K, uint32_t r, float *out, float *y, float *g, float *sums) {
  generator generate = {0};
  v4 least[2] = {SPLAT(3.0e38f), SPLAT(3.0e38f)}, total[2] = {SPLAT(0.0f), SPLAT(0.0f)};
  if (score) memset(sums, 0, sizeof(float) * 8 * dim);
  for (int first = 0; first < K; first += 8) {
    if ((first & 127) == 0) seed(&generate, 1, 2, r, 0x80000000u | (uint32_t)(first / 128));
    for (int d = 0; d < dim; d++) {
      v4 z[2];
      normals(&generate, &z[0], &z[1]);
      save(y + 8 * d, z[0] * sigma + x[d]);
      save(y + 8 * d + 4, z[1] * sigma + x[d]);
    }
    v4 e[2];
    evaluate(y, (float *)e, score ? g : 0);
    if (any((e[0] < least[0]) | (e[1] < least[1]))) {
      for (int i = 0; i < 2; i++) {
        v4 next_ = min4(least[i], e[i]), factor = exp4(next_ - least[i]);
        total[i] *= factor;
        least[i] = next_;
        if (score)
          for (int d = 0; d < dim; d++) save(sums + 8 * d + 4 * i, load(sums + 8 * d + 4 * i) * factor);
      }
    }
    v4 w[2] = {exp4(least[0] - e[0]), exp4(least[1] - e[1])};
    total[0] += w[0];
    total[1] += w[1];
    if (!score) continue;
    for (int d = 0; d < 8 * dim; d += 8) {
      save(sums + d, load(sums + d) + w[0] * load(g + d));
      save(sums + d + 4, load(sums + d + 4) + w[1] * load(g + d + 4));
    }
  }
  float low = 3.0e38f;
  for (int i = 0; i < 8; i++) low = fminf(low, least[i / 4][i % 4]);
  double sum = 0, factors[8];
  for (int i = 0; i < 8; i++) sum += (factors[i] = exp((double)(low - least[i / 4][i % 4]))) * total[i / 4][i % 4];
  for (int d = 0; score && d < dim; d++) {
    double mean = 0;
    for (int i = 0; i < 8; i++) mean += factors[i] * sums[8 * d + i];
    out[d] = (float)(-mean / sum);
  }
  return low - (float)log(sum / K);
}

static void __attribute__((noinline)) run(int what, const float *x, int n, float sigma, int K, float *energy, float *vector, float *scratch) {
  float *y = scratch, *g = scratch + 8 * dim, *sums = scratch + 16 * dim;
  if (what == 0)
    for (int r = 0; r < n; r++) energy[r] = estimate(0, x + (long)r * dim, sigma, K, r, 0, y, g, sums);
  else if (what == 1)
    for (int r = 0; r < n; r++) energy[r] = estimate(1, x + (long)r * dim, sigma, K, r, vector + (long)r * dim, y, g, sums);
  else if (what == 2) rows(x, n, energy, 0, y, g);
  else rows(x, n, energy, vector, y, g);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static float *floats(long many) { return aligned_alloc(64, (sizeof(float) * many + 127) & ~63L); }

int main(void) {
  int n, what, K, repeats;
  float sigma;
  if (scanf("%d %d", &count, &n) != 2) return 1;
  dim = 3 * count;
  float *x = floats((long)n * dim), *energy = floats(n), *vector = floats((long)n * dim), *scratch = floats(24L * dim);
  for (long i = 0; i < (long)n * dim; i++)
    if (scanf("%f", &x[i]) != 1) return 1;
  while (scanf("%d %f %d %d", &what, &sigma, &K, &repeats) == 4) {
    double start = now();
    for (int i = 0; i < repeats; i++) run(what, x, n, sigma, K, energy, vector, scratch);
    printf("%.6f %.9g\n", (now() - start) / ((double)repeats * n * (what < 2 ? K : 1)), energy[0]);
    fflush(stdout);
  }
  return 0;
}
