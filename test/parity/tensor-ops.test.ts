/**
 * Every kernel registered with tfjs's wasm backend against tfjs's own kernels on the cpu (which compute in f64 and round once), first derivatives
 * against differences of those values, second derivatives against differences of the first. Which kernels served is asked of a recorder.
 */
import { add, type DataType, engine, grads, mul, square, sum, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBackend } from "../../src/networks/backend.js";
import type { HeapBackend } from "../../src/networks/wasm/heap-backend.js";
import { kernelMode, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { ownWasmKernels } from "../../src/networks/wasm/own-kernels.js";
import { Recorder } from "../../src/networks/wasm/recorder.js";
import { edgeRows } from "../support/edge-ops.js";
import { elementwiseRows, type Input, type OpCase, spread } from "../support/elementwise-ops.js";
import { layerRows } from "../support/layer-ops.js";
import { movingRows } from "../support/moving-ops.js";
import { pairRows } from "../support/pair-ops.js";

const rows = [...elementwiseRows, ...movingRows, ...layerRows, ...edgeRows, ...pairRows];

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
const valuesOf = ({ shape, values }: Input, at: number) => Float64Array.from(values ?? spread(sizeOf(shape), at));
const startOf = ({ inputs }: OpCase) => inputs.map(valuesOf);
const titleOf = ({ inputs }: OpCase) =>
  inputs.map(({ shape, dtype }) => `${dtype === "int32" ? "i" : ""}[${shape}]`).join(" ") || "no input";

function tensorsOf({ inputs }: OpCase, values: readonly Float64Array[]): Tensor[] {
  return inputs.map(({ shape, dtype = "float32" }, at) => tensor(Float32Array.from(values[at]), [...shape], dtype as DataType));
}

interface Outcome {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: Float32Array | Int32Array;
}

function outcomeOf(each: OpCase, values: readonly Float64Array[]): Outcome {
  return tidy(() => {
    const out = each.run(...tensorsOf(each, values));
    return { shape: out.shape, dtype: out.dtype, values: out.dataSync() as Float32Array };
  });
}

/** True where nothing but kernels of this package ran. */
function servedAlone(each: OpCase): boolean {
  return tidy(() => {
    const recorder = new Recorder(engine().backend as unknown as HeapBackend);
    const inputs = tensorsOf(each, startOf(each));
    inputs.forEach((input, at) => void recorder.input(`input ${at}`, input));
    recorder.output(
      "out",
      recorder.listen(() => each.run(...inputs)),
    );
    return !("foreign" in recorder.finish());
  });
}

/** Weights of the outputs in a loss: any numbers. */
const weights = (count: number) => spread(count, 0.4, 0.5, 1.5);

/** sum w y, and half of sum w y^2 where it should curve whatever y does. */
function lossOf(y: Tensor, curved: boolean): Tensor {
  const w = tensor(Float32Array.from(weights(y.size)), y.shape);
  return sum(mul(curved ? add(y, mul(square(y), 0.5)) : y, w));
}

const differentiated = ({ inputs }: OpCase) =>
  inputs.map((_, at) => at).filter((at) => !inputs[at].fixed && inputs[at].dtype !== "int32");

/** The loss as a function of the inputs that move. */
function lossFunction(each: OpCase, all: readonly Tensor[], curved: boolean) {
  const chosen = differentiated(each);
  return (...moving: Tensor[]) =>
    lossOf(each.run(...all.map((input, at) => (chosen.includes(at) ? moving[chosen.indexOf(at)] : input))), curved);
}

/** The gradient of the loss in every input that has one. */
function gradientOf(each: OpCase, values: readonly Float64Array[], curved = false): number[][] {
  const chosen = differentiated(each);
  return tidy(() => {
    const all = tensorsOf(each, values);
    return grads(lossFunction(each, all, curved))(chosen.map((at) => all[at])).map((gradient, at) => {
      expect(gradient.shape, `gradient of input ${chosen[at]}`).toEqual(all[chosen[at]].shape);
      return [...gradient.dataSync()];
    });
  });
}

/** Gradient of the weighted sum of all gradients of the curved loss. */
function secondOf(each: OpCase, values: readonly Float64Array[]): number[] {
  return tidy(() => {
    const all = tensorsOf(each, values);
    const first = grads(lossFunction(each, all, true));
    const total = (...moving: Tensor[]) =>
      first(moving)
        .map((gradient) => lossOf(gradient, false))
        .reduce((a, b) => add(a, b));
    return grads(total)(differentiated(each).map((at) => all[at])).flatMap((gradient) => [...gradient.dataSync()]);
  });
}

/** Central differences of fourth order of a scalar function of the inputs: f32 values of size 1 leave about 1e-5, the step's own error is below. */
function differences(each: OpCase, scalar: (values: readonly Float64Array[]) => number): number[] {
  const step = 2 ** -5;
  const start = startOf(each);
  return differentiated(each).flatMap((at) =>
    Array.from(start[at], (value, i) => {
      const moved = (by: number) => {
        const changed = start.map((values) => values.slice());
        changed[at][i] = Math.fround(value) + by;
        return scalar(changed);
      };
      return (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step);
    }),
  );
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((total, value, i) => total + value * b[i], 0);

interface Reference {
  readonly outcome: Outcome;
  readonly slopes?: readonly number[];
}

/** What tfjs on the cpu says of every case. */
const references = new Map<OpCase, Reference>();
const before = kernelMode();

beforeAll(async () => {
  await startBackend("cpu");
  for (const { cases, order } of rows) {
    for (const each of cases) {
      const outcome = outcomeOf(each, startOf(each));
      const value = (values: readonly Float64Array[]) => {
        const { values: out } = outcomeOf(each, values);
        return dot(out, weights(out.length));
      };
      const slopes = (each.order ?? order) > 0 ? differences(each, value) : undefined;
      references.set(each, { outcome, slopes });
    }
  }
  setKernelMode("bnem");
  await startBackend("wasm");
});
afterAll(() => setKernelMode(before));

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((top, v) => (Math.abs(v) > top && Number.isFinite(v) ? Math.abs(v) : top), 0);

/** Within 1e-6 of the largest number of the result (sums of some dozen terms); NaN and infinities where the reference has them. */
function expectSame(found: Outcome, truth: Outcome, exact: boolean): void {
  expect(found.shape).toEqual(truth.shape);
  expect(found.dtype).toBe(truth.dtype);
  const bound = exact ? 0 : 2e-6 * largest(truth.values);
  truth.values.forEach((value, i) => {
    const other = found.values[i];
    if (Number.isFinite(value)) expect(Math.abs(other - value), `${i}: ${other}, not ${value}`).toBeLessThanOrEqual(bound);
    else expect(other, `${i}`).toBe(value);
  });
}

function expectClose(found: readonly number[], truth: readonly number[]): void {
  expect(found.length).toBe(truth.length);
  const bound = 1e-4 * Math.max(1, largest(truth));
  truth.forEach((value, i) => void expect(Math.abs(found[i] - value), `${i}: ${found[i]}, not ${value}`).toBeLessThan(bound));
}

test("every registered kernel has a row, and every row a kernel", () => {
  const registered = ownWasmKernels.map(({ kernelName }) => kernelName).sort();
  expect(rows.map(({ name }) => name).sort()).toEqual(registered);
});

describe.each(rows)("$name", ({ cases, exact = false, order }) => {
  const titled = cases.map((each, at) => [`${at}: ${titleOf(each)}`, each] as const);

  test.each(titled)("value, %s", (_, each) => {
    expectSame(outcomeOf(each, startOf(each)), (references.get(each) as Reference).outcome, exact);
    expect(servedAlone(each) ? "own" : "stock").toBe(each.serves ?? "own");
  });

  const once = titled.filter(([, each]) => (each.order ?? order) > 0);
  if (once.length > 0)
    test.each(once)("gradient, %s", (_, each) => {
      expectClose(gradientOf(each, startOf(each)).flat(), (references.get(each) as Reference).slopes as number[]);
    });

  const twice = titled.filter(([, each]) => (each.order ?? order) > 1);
  if (twice.length > 0)
    test.each(twice)("second gradient, %s", (_, each) => {
      const first = (values: readonly Float64Array[]) =>
        gradientOf(each, values, true).reduce((total, gradient) => total + dot(gradient, weights(gradient.length)), 0);
      expectClose(secondOf(each, startOf(each)), differences(each, first));
    });
});
