/**
 * Mends of tfjs 4.22's gradients, made once per process (the registry is shared by every copy of tfjs in it).
 *
 * Stock gradients of Sigmoid, Exp, Tanh, Elu, Softmax and LogSoftmax save their OUTPUT. The saved clone is recorded before the
 * operation's own node, so a second differentiation loses every path through it: alone it throws, but where x has another path
 * (x * sigmoid(x)) it returns a wrong number with no error: 29 % off for silu (tfjs issue 3252, open since 2020). Here the INPUT
 * is saved and the output computed again, which costs one kernel (0.08 ms at 512 x 64) and is right to any order.
 * Comparisons and logic have no stock gradient at all; theirs is zero. Those of maximum and minimum are stated without boolean tensors.
 */
import {
  Elu,
  Equal,
  Exp,
  exp,
  type GradConfig,
  Greater,
  GreaterEqual,
  getGradient,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalNot,
  LogicalOr,
  LogSoftmax,
  minimum,
  mul,
  NotEqual,
  registerGradient,
  Sigmoid,
  Softmax,
  sigmoid,
  softmax,
  sub,
  sum,
  Tanh,
  type Tensor,
  tanh,
  unregisterGradient,
  zeros,
} from "@tensorflow/tfjs-core";
import { extremeGradients } from "./ops/at-least.js";
import { denseGradient } from "./ops/dense.js";
import { edgeGateGradients } from "./ops/edge-gate.js";
import { edgeMessageGradients } from "./ops/edge-message.js";
import { edgeShiftGradients } from "./ops/edge-shift.js";
import { edgeSquaresGradients } from "./ops/edge-squares.js";
import { featureGradients } from "./ops/features.js";
import { logSumExpGradient } from "./ops/log-sum-exp.js";
import { multiplyAddGradient } from "./ops/multiply-add.js";
import { pairGradients } from "./ops/pair-descriptors.js";
import { siluGradients } from "./ops/silu.js";

/** x -> dy * f'(x), with x saved and f' computed anew from it. */
function unary(kernelName: string, input: string, slope: (x: Tensor, dy: Tensor) => Tensor): GradConfig {
  return { kernelName, inputsToSave: [input], gradFunc: (dy, [x]) => ({ [input]: () => slope(x, dy as Tensor) }) };
}

const fromInputs: readonly GradConfig[] = [
  unary(Sigmoid, "x", (x, dy) => {
    const s = sigmoid(x);
    return mul(dy, mul(s, sub(1, s)));
  }),
  unary(Exp, "x", (x, dy) => mul(dy, exp(x))),
  unary(Tanh, "x", (x, dy) => {
    const y = tanh(x);
    return mul(dy, sub(1, mul(y, y)));
  }),
  unary(Elu, "x", (x, dy) => mul(dy, exp(minimum(x, 0)))),
  unary(Softmax, "logits", (x, dy) => {
    const y = softmax(x);
    const weighted = mul(dy, y);
    return sub(weighted, mul(sum(weighted, -1, true), y));
  }),
  unary(LogSoftmax, "logits", (x, dy) => sub(dy, mul(sum(dy, -1, true), softmax(x)))),
];

/** Zero for every input; what is compared does not move by an infinitesimal step. */
function flat(kernelName: string, inputs: readonly string[]): GradConfig {
  const gradFunc: GradConfig["gradFunc"] = (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => zeros(saved[i].shape)]));
  return { kernelName, inputsToSave: [...inputs], gradFunc };
}

const piecewiseConstant: readonly GradConfig[] = [
  ...[Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr, "BnemAtLeast"].map((name) =>
    flat(name, ["a", "b"]),
  ),
  flat(LogicalNot, ["x"]),
];

/** Gradients of the operations of networks/ops. */
const own: readonly GradConfig[] = [
  ...extremeGradients,
  ...siluGradients,
  ...featureGradients,
  ...edgeSquaresGradients,
  ...edgeMessageGradients,
  ...edgeGateGradients,
  ...edgeShiftGradients,
  ...pairGradients,
  denseGradient,
  multiplyAddGradient,
  logSumExpGradient,
];

/** Puts the mended gradients into tfjs's registry; calling it again changes nothing. */
export function mendGradients(): void {
  for (const config of [...fromInputs, ...piecewiseConstant, ...own]) {
    const present = getGradient(config.kernelName);
    if (present === config) continue;
    if (present) unregisterGradient(config.kernelName);
    registerGradient(config);
  }
}
