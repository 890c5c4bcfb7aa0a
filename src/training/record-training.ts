/** The training step of one block of rows as a program: loss, prediction, and the gradient added to a flat vector. */
import { type Tensor1D, type Tensor2D, zeros } from "@tensorflow/tfjs-core";
import type { Program } from "../kernels/program.js";
import { type Network, type NetworkOutput, sizeOf } from "../networks/network.js";
import { blockRowsOf, recordProgram } from "../networks/record.js";
import { gradientsOf, type TrainingLoss } from "./gradient.js";

/**
 * Inputs "parameters", "x", "variance", "target", "weight" and, with kind "gradient", "slope"; outputs "loss" (sum of weighted losses), "prediction", "gradient" (added to what is
 * there). Null where the step cannot be recorded: tfjs then trains.
 *
 * @throws TypeError when the target is an energy and the network has a score head
 */
export function recordTraining(network: Network, kind: NetworkOutput | "gradient", loss: TrainingLoss): Program | null {
  return recordProgram(network, false, (recorder, { pieces, x, variance }) => {
    const rows = blockRowsOf(network);
    const target = zeros([rows, kind === "energy" ? 1 : network.dim]) as Tensor2D;
    const weight = zeros([rows]) as Tensor1D;
    recorder.input("target", target);
    recorder.input("weight", weight);
    const slope = kind === "gradient" ? (zeros([rows]) as Tensor1D) : undefined;
    if (slope) recorder.input("slope", slope);
    const outcome = recorder.listen(() => gradientsOf(network, pieces, { x, variance, target, weight, slope, kind }, loss));
    recorder.output("loss", outcome.loss);
    recorder.output("prediction", outcome.prediction);
    recorder.outputSum("gradient", outcome.gradients, network.shapes.map(sizeOf));
    outcome.prediction.dispose();
  });
}
