/*
 * Matrix products and SiLU in C at 128 bits, with the blocking of assembly/gemm.ts: both factors packed into panels, a tile held in
 * registers, k in blocks of at most 256. GFLOP/s at 2048x256x256 on Zen 5 with a tile of 4, 5, 6 or 8 rows: 54, 55, 57, 58; at 64 of
 * 22x24x64: 41, 38, 40, 40.
 */
#include "vector.h"
#include <stdlib.h>
#include <string.h>

typedef float v4u __attribute__((vector_size(16), aligned(4)));
#ifndef TILE
#define TILE 6
#endif
#define DEPTH 256

INLINE v4 load(const float *p) { return *(const v4u *)p; }
INLINE void save(float *p, v4 x) { *(v4u *)p = x; }

/* to = from + A B over panels a [depth, TILE], b [depth, 8]. */
static void __attribute__((noinline)) tile(const float *a, const float *b, int depth, const float *from, long from_stride, float *to,
                                           long to_stride) {
  v4 s[TILE], t[TILE];
  for (int i = 0; i < TILE; i++) {
    s[i] = load(from + i * from_stride);
    t[i] = load(from + i * from_stride + 4);
  }
  for (int p = 0; p < depth; p++, a += TILE, b += 8) {
    v4 left = load(b), right = load(b + 4);
    for (int i = 0; i < TILE; i++) {
      v4 x = SPLAT(a[i]);
      s[i] += x * left;
      t[i] += x * right;
    }
  }
  for (int i = 0; i < TILE; i++) {
    save(to + i * to_stride, s[i]);
    save(to + i * to_stride + 4, t[i]);
  }
}

/* `width` columns of rows `stride` apart; columns beyond `columns` are zero. */
INLINE void pack_columns(const float *from, long stride, int columns, int width, int depth, float *to) {
  for (int p = 0; p < depth; p++, from += stride, to += width)
    if (columns >= width)
      for (int j = 0; j < width; j++) to[j] = from[j];
    else
      for (int j = 0; j < width; j++) to[j] = j < columns ? from[j] : 0;
}

/* Four rows turned into four columns of a panel. */
INLINE void quarter(const float *const r[4], int width, int depth, float *to) {
  int p = 0;
  for (; p + 4 <= depth; p += 4, to += 4 * width) {
    v4 a = load(r[0] + p), b = load(r[1] + p), c = load(r[2] + p), d = load(r[3] + p);
    v4 ab = __builtin_shuffle(a, b, (i4){0, 4, 1, 5}), cd = __builtin_shuffle(c, d, (i4){0, 4, 1, 5});
    v4 ef = __builtin_shuffle(a, b, (i4){2, 6, 3, 7}), gh = __builtin_shuffle(c, d, (i4){2, 6, 3, 7});
    save(to, __builtin_shuffle(ab, cd, (i4){0, 1, 4, 5}));
    save(to + width, __builtin_shuffle(ab, cd, (i4){2, 3, 6, 7}));
    save(to + 2 * width, __builtin_shuffle(ef, gh, (i4){0, 1, 4, 5}));
    save(to + 3 * width, __builtin_shuffle(ef, gh, (i4){2, 3, 6, 7}));
  }
  for (; p < depth; p++, to += width)
    for (int i = 0; i < 4; i++) to[i] = r[i][p];
}

/* `width` rows turned; rows beyond `rows` repeat the last one. */
INLINE void pack_rows(const float *from, long stride, int rows, int width, int depth, float *to) {
  int done = 0;
  for (; done + 4 <= width; done += 4) {
    const float *r[4];
    for (int i = 0; i < 4; i++) r[i] = from + (done + i < rows ? done + i : rows - 1) * stride;
    quarter(r, width, depth, to + done);
  }
  for (; done < width; done++) {
    const float *row = from + (done < rows ? done : rows - 1) * stride;
    for (int p = 0; p < depth; p++) to[p * width + done] = row[p];
  }
}

typedef struct {
  int mode, m, n, k;
  const float *a, *b;
  float *c;
} product;

static float *panels, *panel, *padded; /* scratch, set by reserve_scratch */

static void reserve_scratch(int most_columns) {
  long columns = (most_columns + 7) & ~7;
  panels = aligned_alloc(64, sizeof(float) * DEPTH * columns);
  panel = aligned_alloc(64, sizeof(float) * DEPTH * 16);
  padded = aligned_alloc(64, sizeof(float) * columns);
}

INLINE void copy_tile(const float *from, long from_stride, float *to, long to_stride, int rows, int columns) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns && j < 8; j++) to[i * to_stride + j] = from[i * from_stride + j];
}

INLINE void row_panel(const product *q, int row, int done, int depth, int again) {
  int rows = q->m - row < TILE ? q->m - row : TILE;
  if (q->mode & 2) pack_columns(q->a + (long)done * q->m + row, q->m, rows, TILE, depth, panel);
  else pack_rows(q->a + (long)row * q->k + done, q->k, rows, TILE, depth, panel);
  float *c = q->c + (long)row * q->n, local[TILE * 8];
  for (int j = 0; j < q->n; j += 8) {
    const float *b = panels + (long)j * depth;
    if (rows == TILE && q->n - j >= 8) {
      tile(panel, b, depth, again ? c + j : padded + j, again ? q->n : 0, c + j, q->n);
      continue;
    }
    if (again) copy_tile(c + j, q->n, local, 8, rows, q->n - j);
    tile(panel, b, depth, again ? local : padded + j, again ? 8 : 0, local, 8);
    copy_tile(local, 8, c + j, q->n, rows, q->n - j);
  }
}

/* s(x) and 1 - s(x), without overflow and without cancellation. */
INLINE v4 sigmoid(v4 x, v4 *rest) {
  i4 positive = x >= SPLAT(0.0f);
  v4 e = exp4((v4)((i4)x | (int32_t)0x80000000));
  v4 r = SPLAT(1.0f) / (SPLAT(1.0f) + e), er = e * r;
  *rest = (v4)(((i4)er & positive) | ((i4)r & ~positive));
  return (v4)(((i4)r & positive) | ((i4)er & ~positive));
}
INLINE v4 silu(v4 x) {
  v4 t;
  return x * sigmoid(x, &t);
}
INLINE v4 slope(v4 x) {
  v4 t, s = sigmoid(x, &t);
  return s * (SPLAT(1.0f) + x * t);
}

/* C = A B + bias (or 0), or C += A B; with y also y = silu(C), on each panel of rows while it is in the first cache. */
static void gemm(int mode, const float *a, const float *b, const float *bias, float *c, int m, int n, int k, int accumulate, float *y) {
  product q = {mode, m, n, k, a, b, c};
  int blocks = (k + DEPTH - 1) / DEPTH, depth = (k + blocks - 1) / blocks;
  for (int j = 0; j < ((n + 7) & ~7); j++) padded[j] = bias && j < n ? bias[j] : 0;
  for (int done = 0; done < k; done += depth) {
    int part = depth < k - done ? depth : k - done;
    for (int j = 0; j < n; j += 8)
      if (mode & 1) pack_rows(b + (long)j * k + done, k, n - j, 8, part, panels + (long)j * part);
      else pack_columns(b + (long)done * n + j, n, n - j, 8, part, panels + (long)j * part);
    for (int row = 0; row < m; row += TILE) {
      row_panel(&q, row, done, part, accumulate || done > 0);
      if (!y || done + part < k) continue;
      long first = (long)row * n, end = (long)(row + TILE < m ? row + TILE : m) * n, i = first;
      for (; i + 4 <= end; i += 4) save(y + i, silu(load(c + i)));
      for (; i < end; i++) y[i] = silu(SPLAT(c[i]))[0];
    }
  }
}
