/** Metrics in scalar JavaScript, f64: what a careful programmer writes without WebAssembly. */

/** Minimal mean cost of a permutation: shortest augmenting paths with prices, O(n^3). cost row-major [n, n]. */
function leastMeanCost(cost, n) {
  const u = new Float64Array(n);
  const v = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1).fill(-1);
  const from = new Int32Array(n + 1);
  const least = new Float64Array(n + 1);
  const done = new Uint8Array(n + 1);
  for (let row = 0; row < n; row++) {
    least.fill(Infinity);
    done.fill(0);
    rowOf[n] = row;
    let at = n;
    do {
      at = grow(cost, n, { u, v, rowOf, from, least, done }, at);
    } while (rowOf[at] !== -1);
    for (; at !== n; at = from[at]) rowOf[at] = rowOf[from[at]];
  }
  let total = 0;
  for (let j = 0; j < n; j++) total += cost[rowOf[j] * n + j];
  return total / n;
}

/** Adds column `at` to the tree and returns the next one; prices keep u_i + v_j <= c_ij with equality along the tree. */
function grow(cost, n, { u, v, rowOf, from, least, done }, at) {
  done[at] = 1;
  const row = rowOf[at];
  let step = Infinity;
  let next = -1;
  for (let j = 0; j < n; j++) {
    if (done[j]) continue;
    const reduced = cost[row * n + j] - u[row] - v[j];
    if (reduced < least[j]) {
      least[j] = reduced;
      from[j] = at;
    }
    if (least[j] < step) {
      step = least[j];
      next = j;
    }
  }
  for (let j = 0; j <= n; j++) {
    if (done[j]) {
      u[rowOf[j]] += step;
      v[j] -= step;
    } else least[j] -= step;
  }
  return next;
}

export function positionW2(a, b, n, dim) {
  const cost = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += (a[i * dim + d] - b[j * dim + d]) ** 2;
      cost[i * n + j] = sum;
    }
  }
  return Math.sqrt(leastMeanCost(cost, n));
}

/** 1-D W2 of two samples of one size. */
export function energyW2(a, b) {
  const p = Float64Array.from(a).sort();
  const q = Float64Array.from(b).sort();
  let total = 0;
  for (let i = 0; i < p.length; i++) total += (p[i] - q[i]) ** 2;
  return Math.sqrt(total / p.length);
}

/** V-statistic with k = (1 + |x - y|^2 / l^2)^(-1/2); gradient of the energy. */
export function ksd(x, gradient, n, dim, bandwidth) {
  const inverse = 1 / bandwidth ** 2;
  let total = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let squared = 0;
      let scores = 0;
      let cross = 0;
      for (let d = 0; d < dim; d++) {
        const difference = x[i * dim + d] - x[j * dim + d];
        squared += difference * difference;
        scores += gradient[i * dim + d] * gradient[j * dim + d];
        cross += (gradient[j * dim + d] - gradient[i * dim + d]) * difference;
      }
      const r2 = squared * inverse;
      const q2 = 1 / (1 + r2);
      const h = Math.sqrt(q2) * (scores + inverse * q2 * (cross + dim - 3 * r2 * q2));
      total += i === j ? h : 2 * h;
    }
  }
  return Math.sqrt(total) / n;
}
