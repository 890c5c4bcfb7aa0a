/** Linear assignment in f64 the plain way: one shortest path per row over dense arrays, O(n^3), nothing clever. */

/** Column of each row of the cheapest permutation; cost row-major [n, n]. */
export function referenceAssignment(cost: ArrayLike<number>, n: number): number[] {
  const rowPrice = new Array<number>(n).fill(0);
  const columnPrice = new Array<number>(n).fill(0);
  const rowOf = new Array<number>(n).fill(-1);
  for (let root = 0; root < n; root++) {
    const length = new Array<number>(n).fill(Infinity);
    const from = new Array<number>(n).fill(-1); // column before this one on the path; -1 the root
    const done = new Array<boolean>(n).fill(false);
    let row = root;
    let column = -1;
    let reached = 0;
    for (;;) {
      let best = -1;
      for (let j = 0; j < n; j++) {
        if (done[j]) continue;
        const through = reached + cost[row * n + j] - rowPrice[row] - columnPrice[j];
        if (through < length[j]) {
          length[j] = through;
          from[j] = column;
        }
        if (best < 0 || length[j] < length[best]) best = j;
      }
      done[best] = true;
      reached = length[best];
      column = best;
      if (rowOf[best] < 0) break;
      row = rowOf[best];
    }
    rowPrice[root] += reached;
    for (let j = 0; j < n; j++) {
      if (!done[j] || j === column) continue;
      rowPrice[rowOf[j]] += reached - length[j];
      columnPrice[j] -= reached - length[j];
    }
    while (column >= 0) {
      const before = from[column];
      rowOf[column] = before < 0 ? root : rowOf[before];
      column = before;
    }
  }
  const columns = new Array<number>(n).fill(-1);
  rowOf.forEach((i, j) => {
    columns[i] = j;
  });
  return columns;
}

/** Least total cost over all n! permutations; n <= 8. */
export function bruteForceCost(cost: ArrayLike<number>, n: number): number {
  const search = (row: number, used: number): number => {
    if (row === n) return 0;
    let least = Infinity;
    for (let j = 0; j < n; j++) {
      if (!(used & (1 << j))) least = Math.min(least, cost[row * n + j] + search(row + 1, used | (1 << j)));
    }
    return least;
  };
  return search(0, 0);
}
