/** The graph network of src/networks/egnn.ts in f64 from its formulas, one row and one pair at a time, slow and plain. */
import type { EgnnOptions } from "../../src/networks/egnn.js";

export type EgnnTwin = Required<EgnnOptions> & { readonly count: number; readonly output: "energy" | "score" };

type Vector = readonly number[];

const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
const silu = (v: Vector) => v.map((a) => a * sigmoid(a));
const sum = (...vectors: readonly Vector[]) => vectors[0].map((_, j) => vectors.reduce((s, v) => s + v[j], 0));
const minus = (a: Vector, b: Vector) => a.map((value, i) => value - b[i]);
const dot = (a: Vector, b: Vector) => a.reduce((s, value, i) => s + value * b[i], 0);

/** x times the next matrix [x.length, outputs] of the flat vector. */
type Product = (x: Vector) => number[];

/** Takes matrices off a flat vector in order. */
function reader(parameters: ArrayLike<number>) {
  let at = 0;
  return (inputs: number, outputs: number): Product => {
    const begin = at;
    at += inputs * outputs;
    return (x) =>
      Array.from({ length: outputs }, (_, j) => x.reduce((s, value, i) => s + value * parameters[begin + i * outputs + j], 0));
  };
}

type Take = ReturnType<typeof reader>;

function linear(take: Take, inputs: number, outputs: number): Product {
  const matrix = take(inputs, outputs);
  const bias = take(1, outputs);
  return (x) => sum(matrix(x), bias([1]));
}

function timeOf(s: EgnnTwin, variance: number): number {
  const sigma = Math.max(Math.sqrt(variance) / s.scale, s.sigmaFloor);
  return Math.log(sigma / s.sigmaFloor) / Math.log(s.sigmaTop / s.sigmaFloor);
}

interface State {
  readonly u: number[][];
  readonly h: number[][];
}

function round(s: EgnnTwin, take: Take, { u, h }: State, start: readonly Vector[], last: boolean): State {
  const { width } = s;
  const [first, second, lengths, bias] = [take(width, width), take(width, width), take(2, width), take(1, width)];
  const hidden = linear(take, width, width);
  const attention = linear(take, width, 1);
  const toCoordinate = linear(take, width, width);
  const coordinate = take(width, 1);
  const [nodes, nodesOut] = last ? [] : [linear(take, 2 * width, width), linear(take, width, width)];
  const moved: number[][] = [];
  const next: number[][] = [];
  for (let i = 0; i < s.count; i++) {
    let own = u[i];
    let all: Vector = new Array(width).fill(0);
    for (let j = 0; j < s.count; j++) {
      if (j === i) continue;
      const d = minus(u[i], u[j]);
      const d0 = minus(start[i], start[j]);
      const weight = s.cutoff === 0 ? 1 : Math.max(0, 1 - dot(d0, d0) / s.cutoff ** 2) ** 3;
      const inner = silu(sum(first(h[i]), second(h[j]), lengths([dot(d, d), dot(d0, d0)]), bias([1])));
      const open = silu(hidden(inner));
      const gate = sigmoid(attention(open)[0]) * weight;
      const m = open.map((value) => value * gate);
      const pull = (s.range / s.depth) * weight * Math.tanh(coordinate(silu(toCoordinate(m)))[0]);
      own = sum(
        own,
        d.map((value) => (pull * value) / (Math.sqrt(dot(d, d) + 1e-8) + 1)),
      );
      all = sum(all, m);
    }
    moved.push([...own]);
    next.push(nodes && nodesOut ? sum(h[i], nodesOut(silu(nodes([...h[i], ...all])))) : h[i]);
  }
  return { u: moved, h: next };
}

/** Energy as [e], or score [dim]. */
export function egnnTwin(parameters: ArrayLike<number>, s: EgnnTwin, x: Vector, variance: number): number[] {
  const take = reader(parameters);
  const start = Array.from({ length: s.count }, (_, i) =>
    x.slice(i * s.spatialDim, (i + 1) * s.spatialDim).map((c) => c / s.scale),
  );
  const embedding = linear(take, 1, s.width);
  let state: State = { u: start.map((p) => [...p]), h: start.map(() => embedding([timeOf(s, variance)])) };
  for (let at = 1; at <= s.depth; at++) state = round(s, take, state, start, s.output === "score" && at === s.depth);
  const way = state.u.map((p, i) => minus(p, start[i]));
  const mean = sum(...way).map((value) => value / s.count);
  const v = way.map((p) => minus(p, mean));
  if (s.output === "score") return v.flat().map((value) => value / s.scale);
  const node = linear(take, s.width, 1);
  return [v.reduce((e, p, i) => e + Math.sqrt(dot(p, p) + 1e-6) - 1e-3 - node(state.h[i])[0], 0)];
}
