/** Moves of the no-U-turn sampler for many chains: every call of the energy serves all chains that are still on their way. */
import { checkBatch, checkInteger, checkKey } from "../core/check.js";
import type { Batch, Energy, Key } from "../core/types.js";
import { checkCentered, checkNumbers } from "../kernels/hamiltonian.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import { Tree } from "./nuts-tree.js";

/** Row r draws from the streams (key, step + m, firstRow + r) alone. */
export interface NutsRequest {
  readonly x: Batch;
  readonly key: Key;
  readonly step?: number;
  readonly moves: number;
  /** [n], length. */
  readonly stepSize: Float32Array;
  /** Doublings at most: 2^maxDepth - 1 gradients a move. */
  readonly maxDepth: number;
  readonly firstRow?: number;
  /** Energy [n] and gradient [n, dim] at x. */
  readonly known?: { readonly energy: Float32Array; readonly gradient: Float32Array };
}

export interface NutsResult {
  readonly x: Batch;
  readonly energy: Float32Array;
  readonly gradient: Float32Array;
  /** Mean over the moves of the mean of min(1, exp(H_0 - H)) over a tree's states, [n]. */
  readonly acceptance: Float32Array;
  readonly nonFinite: number;
  readonly energyCalls: number;
  /** Trajectories ended by an energy error above 1000. */
  readonly divergences: number;
  /** Sum of depths, and the number of moves whose tree still grew at the greatest. */
  readonly depths: number;
  readonly saturated: number;
}

/** Numbers of one stream as they are needed; a longer stream begins with a shorter one. */
function uniformStream(key: Key, step: number, row: number): () => number {
  let numbers: Float32Array = new Float32Array(0);
  let at = 0;
  return () => {
    if (at === numbers.length) numbers = uniforms(key, step, row, Math.max(32, 4 * at));
    return numbers[at++];
  };
}

class Walker {
  private uniform: () => number = () => 0;
  private done = 0;

  constructor(
    readonly tree: Tree,
    private readonly request: NutsRequest,
    private readonly row: number,
  ) {
    this.next();
  }

  get active(): boolean {
    return this.done < this.request.moves;
  }

  private next(): void {
    const { key, step = 0, firstRow = 0, x } = this.request;
    const at = step + this.done;
    this.uniform = uniformStream(key, at, firstRow + this.row);
    this.tree.begin(normalRows(key, at, firstRow + this.row, 1, x.dim).data, this.uniform);
  }

  take(energy: number, gradient: Float32Array): void {
    if (this.tree.take(energy, gradient, this.uniform) && ++this.done < this.request.moves) this.next();
  }
}

/** One state of every walker; returns how many energies that took. */
function tick(energy: Energy, walkers: readonly Walker[]): number {
  const { dim } = energy;
  const places = walkers.map(({ tree }) => tree.advance());
  const asked = walkers.filter((_, i) => places[i] !== undefined);
  const data = new Float32Array(asked.length * dim);
  let at = 0;
  for (const place of places) if (place) data.set(place, dim * at++);
  const found = asked.length > 0 ? energy.energyAndGradient({ data, n: asked.length, dim }) : undefined;
  at = 0;
  walkers.forEach((walker, i) => {
    if (!places[i] || !found) walker.take(Number.NaN, new Float32Array(dim));
    else walker.take(found.energy[at], found.gradient.slice(at * dim, ++at * dim));
  });
  return asked.length;
}

function checkNuts(call: string, request: NutsRequest, { dim, particles }: Energy): void {
  const { x, moves } = request;
  checkBatch(call, x, dim);
  if (particles) checkCentered(call, "x", x, particles);
  checkKey(call, request.key);
  checkInteger(call, "moves", moves, 1);
  checkInteger(call, "maxDepth", request.maxDepth, 1, 20);
  checkNumbers(call, "stepSize", request.stepSize, x.n);
}

/**
 * No-U-turn moves with multinomial draws from the trajectory and the generalised U-turn criterion, unit mass.
 * @throws TypeError / RangeError naming the argument
 * @see Hoffman and Gelman 2014, arXiv:1111.4246; Betancourt 2017, arXiv:1701.02434; Phan et al. 2019, arXiv:1912.11554
 */
export function nutsMoves(energy: Energy, request: NutsRequest): NutsResult {
  checkNuts("nuts", request, energy);
  const { x, stepSize, maxDepth, moves } = request;
  const { n, dim } = x;
  const start = request.known ?? energy.energyAndGradient(x);
  let energyCalls = request.known ? 0 : n;
  const walkers = Array.from({ length: n }, (_, row) => {
    const rows = (values: Float32Array) => values.subarray(row * dim, (row + 1) * dim);
    const settings = { stepSize: stepSize[row], maxDepth, particles: energy.particles };
    return new Walker(new Tree(rows(x.data), start.energy[row], rows(start.gradient), settings), request, row);
  });
  for (let active = walkers; active.length > 0; active = active.filter((walker) => walker.active)) {
    energyCalls += tick(energy, active);
  }
  const trees = walkers.map(({ tree }) => tree);
  const total = (of: (tree: Tree) => number) => trees.reduce((sum, tree) => sum + of(tree), 0);
  const joined = (of: (tree: Tree) => Float32Array) => {
    const all = new Float32Array(n * dim);
    trees.forEach((tree, row) => {
      all.set(of(tree), row * dim);
    });
    return all;
  };
  return {
    x: { data: joined((tree) => tree.x), n, dim },
    energy: Float32Array.from(trees, (tree) => tree.energy),
    gradient: joined((tree) => tree.gradient),
    acceptance: Float32Array.from(trees, (tree) => tree.acceptance / moves),
    nonFinite: total((tree) => tree.nonFinite),
    energyCalls,
    divergences: total((tree) => tree.divergences),
    depths: total((tree) => tree.depths),
    saturated: total((tree) => tree.saturated),
  };
}
