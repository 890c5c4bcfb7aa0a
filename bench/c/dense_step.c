/*
 * Matrix products and training steps of an MLP (SiLU, biases, Adam with clipping) in C at 128 bits: the yardstick of
 * bench/gemm.bench.mjs and bench/training-step.bench.mjs.
 *
 * stdin: "gemm mode m n k batch repeats" answers nanoseconds per call and a checksum; "case regression|double inputs width depth
 * batch FOLDER" reads parameters.f32, x.f32 and target.f32 there and answers "ready"; "step n" answers n times milliseconds and loss.
 * Every layer is [rows, columns] row-major and its bias after it, in one flat vector; width a multiple of 4.
 */
#include "dense.h"
#include <stdio.h>
#include <time.h>

#define MOST 8 /* hidden layers */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static float *floats(long count) {
  float *p = aligned_alloc(64, (sizeof(float) * count + 127) & ~63L);
  memset(p, 0, sizeof(float) * count);
  return p;
}

static struct {
  int inputs, width, depth, batch, doubled, t;
  long count;
  float *p, *g, *m, *v, *x, *target, *energy, *input, *work, *bar, *z[MOST], *h[MOST], *a[MOST], *d[MOST], *zbar[MOST];
} net;

static int rows_of(int layer) { return layer == 0 ? net.inputs : net.width; }
static long matrix_of(int layer) {
  return layer == 0 ? 0 : (long)(net.inputs + 1) * net.width + (long)(layer - 1) * (net.width + 1) * net.width;
}
static long bias_of(int layer) { return matrix_of(layer) + (long)rows_of(layer) * (layer == net.depth ? 1 : net.width); }
static float *into(int layer) { return layer == 0 ? net.x : net.h[layer - 1]; }

/* sums[columns] += the rows of x */
static void column_sums(float *sums, const float *x) {
  for (int i = 0; i < net.batch; i++)
    for (int j = 0; j < net.width; j++) sums[j] += x[(long)i * net.width + j];
}

static void forward(int energies) {
  for (int l = 0; l < net.depth; l++)
    gemm(0, into(l), net.p + matrix_of(l), net.p + bias_of(l), net.z[l], net.batch, net.width, rows_of(l), 0, net.h[l]);
  if (!energies) return;
  const float *w = net.p + matrix_of(net.depth), *h = net.h[net.depth - 1];
  for (int i = 0; i < net.batch; i++, h += net.width) {
    float sum = 0;
    for (int j = 0; j < net.width; j++) sum += h[j] * w[j];
    net.energy[i] = sum + net.p[bias_of(net.depth)];
  }
}

/* From zbar of the last hidden layer to the parameters below; `add`: the lower zbar hold a part of their own already. */
static void backward(int add) {
  for (int l = net.depth - 1; l >= 0; l--) {
    gemm(2, into(l), net.zbar[l], 0, net.g + matrix_of(l), rows_of(l), net.width, net.batch, 1, 0);
    column_sums(net.g + bias_of(l), net.zbar[l]);
    if (l == 0) return;
    gemm(1, net.zbar[l], net.p + matrix_of(l), 0, net.work, net.batch, net.width, net.width, 0, 0);
    for (long i = 0; i < (long)net.batch * net.width; i += 4) {
      v4 value = load(net.work + i) * slope(load(net.z[l - 1] + i));
      save(net.zbar[l - 1] + i, add ? load(net.zbar[l - 1] + i) + value : value);
    }
  }
}

/* Mean of (E - target)^2, and its gradient. */
static double regression(void) {
  int top = net.depth - 1;
  const float *w = net.p + matrix_of(net.depth);
  float *gw = net.g + matrix_of(net.depth);
  double loss = 0;
  forward(1);
  for (int i = 0; i < net.batch; i++) {
    float error = net.energy[i] - net.target[i], bar = 2 * error / net.batch;
    loss += (double)error * error;
    net.g[bias_of(net.depth)] += bar;
    for (int j = 0; j < net.width; j += 4) {
      long at = (long)i * net.width + j;
      save(gw + j, load(gw + j) + bar * load(net.h[top] + at));
      save(net.zbar[top] + at, bar * load(w + j) * slope(load(net.z[top] + at)));
    }
  }
  backward(0);
  return loss / net.batch;
}

/* grad_x E into `input`; a = dE/dh and d = dE/dz of every hidden layer stay. */
static void input_gradient(void) {
  const float *w = net.p + matrix_of(net.depth);
  for (int i = 0; i < net.batch; i++) memcpy(net.a[net.depth - 1] + (long)i * net.width, w, sizeof(float) * net.width);
  for (int l = net.depth - 1; l >= 0; l--) {
    for (long i = 0; i < (long)net.batch * net.width; i += 4) save(net.d[l] + i, load(net.a[l] + i) * slope(load(net.z[l] + i)));
    gemm(1, net.d[l], net.p + matrix_of(l), 0, l ? net.a[l - 1] : net.input, net.batch, rows_of(l), net.width, 0, 0);
  }
}

/* Mean over rows of |grad_x E - target|^2, and its gradient: the pass above differentiated by hand. */
static double double_backward(void) {
  double loss = 0;
  forward(0);
  input_gradient();
  for (long i = 0; i < (long)net.batch * net.inputs; i++) {
    float error = net.input[i] - net.target[i];
    loss += (double)error * error;
    net.input[i] = 2 * error / net.batch;
  }
  for (int l = 0; l < net.depth; l++) {
    const float *bar = l == 0 ? net.input : net.bar;
    gemm(2, bar, net.d[l], 0, net.g + matrix_of(l), rows_of(l), net.width, net.batch, 1, 0);
    gemm(0, bar, net.p + matrix_of(l), 0, net.work, net.batch, net.width, rows_of(l), 0, 0);
    for (long i = 0; i < (long)net.batch * net.width; i += 4) {
      v4 x = load(net.z[l] + i), w = load(net.work + i), t, s = sigmoid(x, &t);
      save(net.zbar[l] + i, w * load(net.a[l] + i) * s * t * (2.0f + x * (t - s)));
      save(net.bar + i, w * s * (1.0f + x * t));
    }
  }
  column_sums(net.g + matrix_of(net.depth), net.bar);
  backward(1);
  return loss / net.batch;
}

static void adam(float clip) {
  const float b1 = 0.9f, b2 = 0.99f, epsilon = 1e-8f;
  double square = 0;
  for (long i = 0; i < net.count; i++) square += (double)net.g[i] * net.g[i];
  float norm = (float)sqrt(square), shrink = norm > clip ? clip / norm : 1;
  net.t++;
  float rate = (float)(1e-3 / (1 - pow(0.9, net.t))), correction = (float)(1 / (1 - pow(0.99, net.t)));
  for (long i = 0; i < net.count; i++) {
    float g = net.g[i] * shrink;
    net.m[i] = b1 * net.m[i] + (1 - b1) * g;
    net.v[i] = b2 * net.v[i] + (1 - b2) * g * g;
    net.p[i] -= rate * net.m[i] / (sqrtf(net.v[i] * correction) + epsilon);
  }
}

static double step(void) {
  memset(net.g, 0, sizeof(float) * net.count);
  double loss = net.doubled ? double_backward() : regression();
  adam(3e38f);
  return loss;
}

static int fill(float *to, long count, const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.f32", folder, name);
  FILE *file = fopen(path, "rb");
  long got = file ? (long)fread(to, sizeof(float), count, file) : 0;
  if (file) fclose(file);
  return got == count;
}

/* Allocates for one case; a process has one. */
static int open_case(const char *folder) {
  long wide = (long)net.batch * net.width;
  if (net.depth < 1 || net.depth > MOST || net.width % 4) return 0;
  net.count = bias_of(net.depth) + 1;
  float **flat[] = {&net.p, &net.g, &net.m, &net.v};
  for (int i = 0; i < 4; i++) *flat[i] = floats(net.count);
  for (int l = 0; l < net.depth; l++) {
    float **each[] = {&net.z[l], &net.h[l], &net.a[l], &net.d[l], &net.zbar[l]};
    for (int i = 0; i < 5; i++) *each[i] = floats(wide);
  }
  long targets = net.doubled ? (long)net.batch * net.inputs : net.batch;
  net.x = floats((long)net.batch * net.inputs);
  net.input = floats((long)net.batch * net.inputs);
  net.target = floats(targets);
  net.energy = floats(net.batch);
  net.work = floats(wide);
  net.bar = floats(wide);
  return fill(net.p, net.count, folder, "parameters") && fill(net.x, (long)net.batch * net.inputs, folder, "x") &&
         fill(net.target, targets, folder, "target");
}

static void time_gemm(int mode, int m, int n, int k, int batch, int repeats) {
  long ka = (long)m * k, kb = (long)k * n, kc = (long)m * n;
  float *a = floats(ka * batch), *b = floats(kb * batch), *c = floats(kc * batch);
  for (long i = 0; i < ka * batch; i++) a[i] = sinf(i);
  for (long i = 0; i < kb * batch; i++) b[i] = cosf(i);
  double begin = now(), sum = 0;
  for (int r = 0; r < repeats; r++)
    for (int i = 0; i < batch; i++) gemm(mode, a + i * ka, b + i * kb, 0, c + i * kc, m, n, k, 0, 0);
  double spent = now() - begin;
  for (long i = 0; i < kc * batch; i++) sum += c[i];
  printf("%.3f %.9g\n", spent / repeats, sum);
  free(a);
  free(b);
  free(c);
}

int main(void) {
  char word[32], loss[32], folder[4000];
  reserve_scratch(4096);
  while (scanf("%31s", word) == 1) {
    int mode, m, n, k, batch, count;
    if (!strcmp(word, "gemm")) {
      if (scanf("%d %d %d %d %d %d", &mode, &m, &n, &k, &batch, &count) != 6 || n > 4096) return 1;
      time_gemm(mode, m, n, k, batch, count);
    } else if (!strcmp(word, "case")) {
      if (scanf("%31s %d %d %d %d %3999[^\n]", loss, &net.inputs, &net.width, &net.depth, &net.batch, folder) != 6) return 1;
      net.doubled = !strcmp(loss, "double");
      if (!open_case(folder)) return 1;
      printf("ready\n");
    } else if (!strcmp(word, "step")) {
      if (scanf("%d", &count) != 1) return 1;
      for (int i = 0; i < count; i++) {
        double begin = now(), value = step();
        printf("%.6f %.9g%c", (now() - begin) / 1e6, value, i + 1 < count ? ' ' : '\n');
      }
    }
    fflush(stdout);
  }
  return 0;
}
