/** Samplers that were trained for seconds on targets of the calibration: some good, some stopped far too early. */
import { createTrainer } from "bnem";
import { lengthsOf, targetOf } from "./cases.mjs";
import { correctorNames } from "./measure.mjs";

const trainings = [
  { target: "two d2 a1", method: "nem", steps: 150 },
  { target: "two d2 a1", method: "bnem", steps: 1000 },
  { target: "two d4 a2", method: "nem", steps: 800 },
  { target: "two d8 a1", method: "nem", steps: 1200 },
  { target: "gmm40", method: "nem", steps: 300 },
  { target: "gmm40", method: "nem", steps: 1500 },
  { target: "gmm40 linear", method: "bnem", steps: 1000 },
  { target: "eight d4", method: "bnem", steps: 800 },
];

function settingsOf({ mixture }, { method, steps }) {
  const { narrow, farthest, wide, square } = lengthsOf(mixture);
  const extent = farthest / Math.sqrt(mixture.dim) + 3 * wide;
  const scale = 1.2 * extent;
  return {
    ...{ method, steps, seed: 5, batchSize: 256, mcSamples: 64, learningRate: 4e-3, finalLearningRate: 0.02, emaDecay: 0.99 },
    ...{ width: 48, depth: 3, features: 48, scale, detail: narrow / scale, extent: extent / scale },
    featureScale: (0.2 * scale) / narrow / Math.sqrt(mixture.dim / 2),
    baseStd: Math.sqrt(square) / scale,
    ...{ sigmaMin: 0.2 * narrow, sigmaMax: 3.5 * farthest, priorFraction: 0.25, priorWidth: extent },
  };
}

/** Rows of the calibration for every training, each with its model: transitions of first order, all correctors, two seeds. @yields { row, dispose } */
export async function* learnedRows(quick) {
  for (const [at, training] of (quick ? trainings.slice(0, 1) : trainings).entries()) {
    const trainer = await createTrainer(targetOf(training.target), settingsOf(targetOf(training.target), training));
    for await (const info of trainer.steps()) if (quick && info.step > 20) break;
    const sampler = await trainer.sampler();
    trainer.dispose();
    const fault = `${training.method}, ${training.steps} steps`;
    for (const corrector of quick ? ["path"] : correctorNames) {
      for (const [index, transition] of ["tuned", "bridge"].entries()) {
        const seed = 50_000 + 100 * at + 10 * index + correctorNames.indexOf(corrector);
        const own = { target: training.target, fault, amount: 0, n: [1000, 2000][index], steps: 48, seed };
        yield { ...own, transition, corrector, model: sampler.scoreModel };
      }
    }
    sampler.dispose();
  }
}
