/**
 * One chain of the no-U-turn sampler: a tree of leapfrog states that doubles to a random side until it would turn back. The tree is not
 * stored: whether a subtree turns is seen from the momenta at its left ends, of which there is one per level (Phan et al. 2019). Gradients
 * come from outside, one state at a time, so that many chains can share calls.
 */
import { exp, log1p } from "../core/elementary.js";
import { removeMean } from "../core/subspace.js";
import type { Particles } from "../core/types.js";

/** Energy errors above this end a trajectory: the leapfrog has left the level set. */
const DIVERGENT = 1000;

/** A state with what is known there. */
interface Leaf {
  x: Float32Array;
  gradient: Float32Array;
  momentum: Float64Array;
}

function logAddExp(a: number, b: number): number {
  const top = Math.max(a, b);
  return top === -Infinity ? top : top + log1p(exp(Math.min(a, b) - top));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function add(to: Float64Array, from: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] += from[i];
}

/** Numbers of binary ones of n. */
function ones(n: number): number {
  let count = 0;
  for (let rest = n; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

/**
 * Generalised U-turn (Betancourt 2017, A.4.2): an end that moves against the sum of all momenta, the ends counted by half as in a path of
 * straight pieces. Counted in full, two states a half period apart never turn, and trees of a harmonic target grow to the greatest depth.
 */
function turns(first: Float64Array, last: Float64Array, sum: Float64Array): boolean {
  const half = 0.5 * dot(first, last);
  return dot(first, sum) - 0.5 * dot(first, first) <= half || dot(last, sum) - 0.5 * dot(last, last) <= half;
}

function copy({ x, gradient, momentum }: Leaf): Leaf {
  return { x: x.slice(), gradient: gradient.slice(), momentum: momentum.slice() };
}

/** A chain, and the tree of its present move. */
export class Tree {
  /** The chain. */
  x: Float32Array;
  gradient: Float32Array;
  /** Over all moves: sum of min(1, exp(H_0 - H)) over the states of a tree divided by their number. */
  acceptance = 0;
  nonFinite = 0;
  divergences = 0;
  depths = 0;
  /** Moves whose tree was still growing at the greatest depth. */
  saturated = 0;

  private start = 0;
  private accepted = 0;
  private states = 0;
  private depth = 0;
  private left: Leaf;
  private right: Leaf;
  private weight = 0;
  private readonly sum: Float64Array;
  private forward = true;
  private end: Leaf;
  private leaf = 0;
  private readonly sub: { weight: number; x: Float32Array; gradient: Float32Array; energy: number; sum: Float64Array };
  private readonly corners: { momentum: Float64Array; sum: Float64Array }[];
  private readonly span: Float64Array;

  constructor(
    x: Float32Array,
    public energy: number,
    gradient: Float32Array,
    private readonly settings: { readonly stepSize: number; readonly maxDepth: number; readonly particles?: Particles },
  ) {
    const dim = x.length;
    const zeros = () => new Float64Array(dim);
    this.x = x.slice();
    this.gradient = gradient.slice();
    this.left = { x: this.x, gradient: this.gradient, momentum: zeros() };
    this.right = this.left;
    this.end = this.left;
    this.sum = zeros();
    this.span = zeros();
    this.sub = { weight: 0, x: x.slice(), gradient: gradient.slice(), energy: 0, sum: zeros() };
    this.corners = Array.from({ length: settings.maxDepth }, () => ({ momentum: zeros(), sum: zeros() }));
  }

  /** Begins a move with a momentum [dim]; `uniform` gives this move's random numbers in [0, 1). */
  begin(momentum: Float32Array, uniform: () => number): void {
    const { particles } = this.settings;
    if (particles) removeMean(momentum, 1, particles);
    const root: Leaf = { x: this.x, gradient: this.gradient, momentum: Float64Array.from(momentum) };
    this.left = copy(root);
    this.right = copy(root);
    this.sum.set(root.momentum);
    this.start = this.energy + 0.5 * dot(root.momentum, root.momentum);
    this.weight = 0;
    this.depth = 0;
    this.accepted = 0;
    this.states = 0;
    this.x = this.x.slice();
    this.gradient = this.gradient.slice();
    this.double(uniform);
  }

  /** Chooses a side and begins a subtree as large as the tree. */
  private double(uniform: () => number): void {
    this.forward = uniform() < 0.5;
    this.end = copy(this.forward ? this.right : this.left);
    this.leaf = 0;
    this.sub.weight = -Infinity;
    this.sub.sum.fill(0);
  }

  private kick(): void {
    const half = (this.forward ? 0.5 : -0.5) * this.settings.stepSize;
    const { momentum, gradient } = this.end;
    for (let i = 0; i < momentum.length; i++) momentum[i] -= half * gradient[i];
  }

  /** Goes to the next state; returns its coordinates, whose energy and gradient `take` wants, or undefined where they are not finite. */
  advance(): Float32Array | undefined {
    this.kick();
    const step = (this.forward ? 1 : -1) * this.settings.stepSize;
    const { x, momentum } = this.end;
    for (let i = 0; i < x.length; i++) x[i] += step * momentum[i];
    return x.every(Number.isFinite) ? x : undefined;
  }

  /** Takes energy and gradient of the state; true when the move is over. */
  take(energy: number, gradient: Float32Array, uniform: () => number): boolean {
    this.end.gradient = gradient;
    this.kick();
    const error = energy + 0.5 * dot(this.end.momentum, this.end.momentum) - this.start;
    this.states++;
    if (!Number.isFinite(energy)) this.nonFinite++;
    if (!(error <= DIVERGENT)) {
      this.divergences++;
      return this.finish();
    }
    this.accepted += exp(Math.min(0, -error));
    this.addLeaf(energy, -error, uniform);
    if (this.subtreeTurns()) return this.finish();
    this.leaf++;
    return this.leaf === 2 ** this.depth ? this.join(uniform) : false;
  }

  /** A state into the subtree: drawn with its share of the weight so far. */
  private addLeaf(energy: number, weight: number, uniform: () => number): void {
    const { sub, end } = this;
    sub.weight = logAddExp(sub.weight, weight);
    if (uniform() < exp(weight - sub.weight)) {
      sub.x.set(end.x);
      sub.gradient.set(end.gradient);
      sub.energy = energy;
    }
    add(sub.sum, end.momentum);
  }

  /** Whether a subtree that ends with this state turns; states with an even number begin subtrees. */
  private subtreeTurns(): boolean {
    const { leaf, corners, end, sub, span } = this;
    const at = ones(leaf >> 1);
    if (leaf % 2 === 0) {
      if (this.depth === 0) return false;
      corners[at].momentum.set(end.momentum);
      corners[at].sum.set(sub.sum);
      return false;
    }
    let level = at;
    for (let rest = leaf; rest & 1; rest >>= 1, level--) {
      const corner = corners[level];
      for (let i = 0; i < span.length; i++) span[i] = sub.sum[i] - corner.sum[i] + corner.momentum[i];
      if (turns(corner.momentum, end.momentum, span)) return true;
    }
    return false;
  }

  /** The subtree is whole: its state wins with its weight against the tree's. */
  private join(uniform: () => number): boolean {
    const { sub } = this;
    if (uniform() < exp(Math.min(0, sub.weight - this.weight))) {
      this.x.set(sub.x);
      this.gradient.set(sub.gradient);
      this.energy = sub.energy;
    }
    this.weight = logAddExp(this.weight, sub.weight);
    add(this.sum, sub.sum);
    if (this.forward) this.right = this.end;
    else this.left = this.end;
    this.depth++;
    if (turns(this.left.momentum, this.right.momentum, this.sum)) return this.finish();
    if (this.depth === this.settings.maxDepth) {
      this.saturated++;
      return this.finish();
    }
    this.double(uniform);
    return false;
  }

  private finish(): true {
    const { particles } = this.settings;
    if (particles) removeMean(this.x, 1, particles);
    this.acceptance += this.accepted / this.states;
    this.depths += this.depth;
    return true;
  }
}
