/**
 * A training run as one safetensors file: weights, average, Adam's moments, buffer, statistics, history as tensors; options, parts,
 * energy, backend and versions as metadata. Any safetensors reader opens it; only files with our checksum are loaded back.
 */
import { BnemError } from "../core/errors.js";
import type { Energy } from "../core/types.js";
import { readSafetensors, type Tensor, writeSafetensors } from "../io/safetensors.js";
import type { LoopState } from "../training/loop-state.js";
import { type CheckpointFacts, checkFacts } from "./checkpoint-facts.js";
import { version } from "./version.js";

export type { CheckpointFacts } from "./checkpoint-facts.js";

const FORMAT = 1;
const MEMORY = "memory.";

export interface Checkpoint {
  readonly facts: CheckpointFacts;
  readonly state: LoopState;
}

function vector(data: Float32Array): Tensor {
  return { dtype: "F32", shape: [data.length], data };
}

/** Bytes of a checkpoint. Same state, same bytes. */
export function encodeCheckpoint({ facts, state }: Checkpoint): Uint8Array {
  const dim = facts.energy.dim;
  const tensors = new Map<string, Tensor>([
    ["parameters", vector(state.parameters)],
    ["ema", vector(state.ema)],
    ["adam.m", vector(state.adamM)],
    ["adam.v", vector(state.adamV)],
    ["buffer", { dtype: "F32", shape: [state.buffer.length / dim, dim], data: state.buffer }],
    ["history.loss", vector(state.loss)],
    ["history.gradient_norm", vector(state.gradientNorm)],
  ]);
  for (const [name, data] of state.memory) tensors.set(MEMORY + name, { dtype: "F64", shape: [data.length], data });
  return writeSafetensors(tensors, { "bnem.checkpoint": JSON.stringify(facts) });
}

function bad(problem: string, cause?: unknown): BnemError {
  return new BnemError("bad-checkpoint", `checkpoint: ${problem}`, { cause });
}

function readFile(bytes: Uint8Array) {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("checkpoint: bytes must be a Uint8Array");
  let file: ReturnType<typeof readSafetensors>;
  try {
    file = readSafetensors(bytes, { checksum: "required" });
  } catch (cause) {
    throw bad(`the file cannot be read (${(cause as Error).message}); use another copy`, cause);
  }
  const text = file.metadata["bnem.checkpoint"];
  if (text === undefined) throw bad("this safetensors file is not a bnem checkpoint: its metadata has no bnem.checkpoint");
  return { file, facts: readFacts(text) };
}

function readFacts(text: string): CheckpointFacts {
  try {
    const facts = JSON.parse(text);
    const { format, version: writer } = facts;
    if (Number.isInteger(format) && format !== FORMAT)
      throw new RangeError(`format ${format} was written by bnem ${writer}; this is ${version}, which reads ${FORMAT}`);
    return checkFacts(facts);
  } catch (cause) {
    throw bad(`its metadata cannot be used: ${(cause as Error).message}`, cause);
  }
}

/** @throws TypeError unless bytes; BnemError("bad-checkpoint") for a damaged, foreign or newer file */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { file, facts } = readFile(bytes);
  const get = (name: string): Float32Array => {
    const tensor = file.tensors.get(name);
    if (tensor?.dtype !== "F32") throw bad(`tensor ${name} is missing`);
    return tensor.data;
  };
  const memory = new Map<string, Float64Array>();
  for (const [name, tensor] of file.tensors) {
    if (name.startsWith(MEMORY) && tensor.dtype === "F64") memory.set(name.slice(MEMORY.length), tensor.data);
  }
  const state: LoopState = {
    step: facts.step,
    parameters: get("parameters"),
    ema: get("ema"),
    adamM: get("adam.m"),
    adamV: get("adam.v"),
    adamStep: facts.progress.adamStep,
    buffer: get("buffer"),
    bufferHead: facts.progress.bufferHead,
    memory,
    counts: facts.progress.counts,
    loss: get("history.loss"),
    gradientNorm: get("history.gradient_norm"),
  };
  checkSizes(facts, state);
  return { facts, state };
}

/** The tensors fit each other and the options; whether they fit the network is seen when that is made. */
function checkSizes({ energy, options, step }: CheckpointFacts, state: LoopState): void {
  const { parameters, ema, adamM, adamV, buffer, bufferHead, loss, gradientNorm } = state;
  if ([ema, adamM, adamV].some(({ length }) => length !== parameters.length)) throw bad("its weights differ in length");
  if (buffer.length % energy.dim !== 0 || buffer.length / energy.dim > options.bufferSize || bufferHead >= options.bufferSize) {
    throw bad(`its buffer does not hold at most ${options.bufferSize} rows of ${energy.dim} coordinates`);
  }
  if (loss.length !== step || gradientNorm.length !== step) throw bad(`its history is not that of ${step} steps`);
}

/** What a checkpoint is, without loading it. @throws as `decodeCheckpoint` */
export function describeCheckpoint(bytes: Uint8Array): CheckpointFacts {
  return readFile(bytes).facts;
}

/** Energies of the same configuration differ by less than this between engines: f32 rounding of sums of about 1e3 terms. */
const CHECK_TOLERANCE = 1e-4;

/** @throws BnemError("bad-checkpoint") when `energy` is not the one the checkpoint was trained on */
export function checkSameEnergy(facts: CheckpointFacts, energy: Energy): void {
  const { name, dim, check } = facts.energy;
  if (energy.dim !== dim) throw bad(`it was trained on ${name} in ${dim} dimensions, got ${energy.name} in ${energy.dim}`);
  const value = energy.energy({ data: Float32Array.from(check.x), n: 1, dim })[0];
  if (!(Math.abs(value - check.energy) <= CHECK_TOLERANCE * (1 + Math.abs(check.energy)))) {
    throw bad(
      `it was trained on ${name}, whose energy at a fixed configuration is ${check.energy}; ${energy.name} gives ${value}. Pass the same energy`,
    );
  }
}
