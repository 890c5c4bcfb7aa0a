/** The public surface: named re-exports only. */
export { BnemError, type BnemErrorCode } from "./core/errors.js";
export { derive, keyOf } from "./core/random.js";
export type * from "./core/types.js";
export {
  type AnnealedOptions,
  type AnnealedProgress,
  type AnnealedRun,
  annealed,
  type LevelMovesOptions,
  type ResampleOptions,
} from "./correction/annealed.js";
export type { ExchangeState } from "./correction/exchange-options.js";
export { type ForwardOptions, type ForwardProgress, type ForwardRun, forwardPaths } from "./correction/forward.js";
export { expectation, type ImportanceSummary, importance } from "./correction/importance.js";
export {
  type EffectiveSize,
  type GroupedSize,
  type IslandSummary,
  summarizeIslands,
  type WeightedIslands,
} from "./correction/islands.js";
export { explodingLevels, type Interval, type Level, preservingLevels } from "./correction/levels.js";
export { paretoTail } from "./correction/pareto-tail.js";
export { forwardEss, type PathFigures, type PathMean, pathFigures, unseenShare } from "./correction/path-figures.js";
export { type RawShift, rawShift, type ShiftedRows } from "./correction/raw-shift.js";
export {
  type ExchangeCalls,
  type ExchangeProgress,
  type ReplicaExchangeOptions,
  type ReplicaExchangeResult,
  replicaExchange,
} from "./correction/replica-exchange.js";
export { residualResample, systematicResample, type UniformSource, uniformSource } from "./correction/resample.js";
export { type SampleFacts, type SampleVerdict, sampleVerdict, verdictThresholds } from "./correction/sample-verdict.js";
export type { SplitHalves } from "./correction/split-halves.js";
export { randomSymmetry, type ShuffledRows, shuffleRows } from "./correction/symmetry.js";
export type { AnnealedTransition } from "./correction/transition.js";
export { type ExactTransitionOptions, exactTransition } from "./correction/transitions/exact.js";
export { makeTransition, type TransitionName, transitionNames } from "./correction/transitions/table.js";
export { type AnisotropicMixtureOptions, anisotropicMixture } from "./energies/anisotropic-mixture.js";
export { type CustomEnergy, type CustomEnergyOptions, customEnergy } from "./energies/custom.js";
export { type DoubleWellOptions, doubleWell } from "./energies/double-well.js";
export { type ExactDiffusion, type ExactDiffusionOptions, exactDiffusion } from "./energies/exact-diffusion.js";
export { type FunnelOptions, funnel } from "./energies/funnel.js";
export { type GaussianMixtureOptions, gaussianMixture } from "./energies/gaussian-mixture.js";
export { gmm16 } from "./energies/gmm16.js";
export { type LennardJonesOptions, lennardJones } from "./energies/lennard-jones.js";
export { type ManyWellOptions, manyWell } from "./energies/many-well.js";
export { type MuellerBrownOptions, muellerBrown } from "./energies/mueller-brown.js";
export { energyByName, listEnergies } from "./energies/registry.js";
export { type RingsOptions, rings } from "./energies/rings.js";
export { type TwoModesOptions, twoModes } from "./energies/two-modes.js";
export { type TwoMoonsOptions, twoMoons } from "./energies/two-moons.js";
export { type BootstrappedOptions, bootstrapped } from "./estimators/bootstrapped.js";
export type { MonteCarloOptions } from "./estimators/monte-carlo.js";
export { noised } from "./estimators/noised.js";
export { type NoisedEnergyOptions, noisedEnergy } from "./estimators/noised-energy.js";
export { noisedScore } from "./estimators/noised-score.js";
export { type PosteriorOptions, posterior } from "./estimators/posterior.js";
export type { ProposalName, ProposedRequest, ProposedResult } from "./estimators/proposals/noised-proposed.js";
export type { NoisedScoreOptions } from "./estimators/score-estimator.js";
export { tweedie } from "./estimators/tweedie.js";
export {
  type ExtxyzSamples,
  type ReadExtxyzOptions,
  readExtxyz,
  type WriteExtxyzOptions,
  writeExtxyz,
} from "./io/extxyz.js";
export { batchFromArray, type NumpyArray, type NumpyFile, readNpy, writeNpy } from "./io/npy.js";
export { readNpz, writeNpz } from "./io/npz.js";
export { readSafetensors, type SafetensorsFile, type Tensor, writeSafetensors } from "./io/safetensors.js";
export { bits, normalRows, normals, perturb, uniforms } from "./kernels/normal.js";
export type { CallCounts, ChainProgress, ChainRun } from "./mcmc/chains.js";
export { type ChainDiagnostic, chainDiagnostic } from "./mcmc/diagnostics.js";
export { hamiltonian } from "./mcmc/hamiltonian.js";
export type { HamiltonianMove, StepOptions } from "./mcmc/hamiltonian-move.js";
export { type HmcOptions, hmc } from "./mcmc/hmc.js";
export { mala } from "./mcmc/mala.js";
export type { ChainState, McInfo, McMove, MoveContext, MoveReport } from "./mcmc/move.js";
export { type NutsOptions, nuts } from "./mcmc/nuts.js";
export type { NamedDiagnostic } from "./mcmc/observables.js";
export { randomWalk } from "./mcmc/random-walk.js";
export { type TemperingOptions, tempering } from "./mcmc/tempering.js";
export type { EvaluateOptions, EvaluateProgress, Evaluation } from "./metrics/evaluate.js";
export type { ModeFraction, ModeFractions } from "./metrics/mode-fractions.js";
export type { RadialCurve, RadialDistribution } from "./metrics/radial-distribution.js";
export type { MetricResult, MetricResults } from "./metrics/result.js";
export type { MetricName } from "./metrics/table.js";
export type { AdditiveOptions } from "./networks/additive.js";
export { type BackendReport, type GpuSource, startBackend } from "./networks/backend.js";
export type { DescriptorOptions } from "./networks/descriptor.js";
export type { EgnnOptions } from "./networks/egnn.js";
export type { MlpOptions } from "./networks/mlp.js";
export { type CheckpointFacts, describeCheckpoint } from "./pipeline/checkpoint.js";
export type { SettledSettings, TrainOptions } from "./pipeline/configure.js";
export { evaluate, type ScoredSample } from "./pipeline/evaluate.js";
export { type InitOptions, init } from "./pipeline/init.js";
export { modeSentences, modeTable } from "./pipeline/mode-table.js";
export { additive, descriptor, egnn, mlp } from "./pipeline/networks.js";
export { NeuralSampler, type SampleOptions, type SampleResult } from "./pipeline/neural-sampler.js";
export type { OptionField } from "./pipeline/option-fields.js";
export {
  describeOptions,
  type EvaluateSettings,
  type OptionVerb,
  optionJsonSchema,
  parseEvaluateOptions,
  parseTrainOptions,
  type TrainSettings,
} from "./pipeline/options.js";
export {
  type Reference,
  type ReferenceOptions,
  type ReferenceProgress,
  type ReferenceRecipe,
  reference,
} from "./pipeline/reference.js";
export type { ObservedMean, ReferenceDiagnostics } from "./pipeline/reference-diagnostics.js";
export { loadReference, saveReference } from "./pipeline/reference-file.js";
export { parseReferenceOptions, type ReferenceMove, type ReferenceSettings } from "./pipeline/reference-options.js";
export { energyGrid, metricSets, runReport } from "./pipeline/run-report.js";
export {
  type SampleScalars,
  sampleArrays,
  sampleScalarNames,
  sampleScalars,
  type WrittenSample,
} from "./pipeline/sample-arrays.js";
export { parseSampleOptions, type SampleSettings } from "./pipeline/sample-options.js";
export { type SampleWords, sampleLines, sampleWords } from "./pipeline/sample-words.js";
export { type ThreadReport, threadReport } from "./pipeline/thread-report.js";
export type { Workers } from "./pipeline/threads.js";
export {
  createTrainer,
  type LoadOptions,
  loadSampler,
  type ResumeOptions,
  type RuntimeOptions,
  resumeTrainer,
  Trainer,
  type TrainerStepsOptions,
  train,
} from "./pipeline/trainer.js";
export { version } from "./pipeline/version.js";
export { type GaussianPriorOptions, gaussianPrior } from "./priors/gaussian.js";
export { type MoreauPriorOptions, moreauPrior } from "./priors/moreau.js";
export { priorByName, priorNames } from "./priors/registry.js";
export { type TwoBodyPriorOptions, twoBodyPrior } from "./priors/two-body.js";
export { type ConfigurationsFigure, configurationsFigure, rowsByEnergy } from "./report/configuration-figure.js";
export { curveFigure } from "./report/curve-figure.js";
export { standaloneSvg } from "./report/figure.js";
export { histogramFigure } from "./report/histogram-figure.js";
export { metricRows } from "./report/metric-rows.js";
export { renderReport } from "./report/report.js";
export type { ContourGrid, Curve, ReportData, TrainingHistory } from "./report/report-data.js";
export { samplesFigure } from "./report/samples-figure.js";
export { figureCss, paletteCss } from "./report/theme.js";
export { type BridgeOptions, bridge } from "./samplers/bridge.js";
export { eulerMaruyama } from "./samplers/euler-maruyama.js";
export { exponential } from "./samplers/exponential.js";
export { type EdmGridOptions, edmGrid, type UniformGridOptions, uniformGrid } from "./samplers/grid.js";
export { type Corrector, type LangevinOptions, langevin } from "./samplers/langevin.js";
export type { NormalSource } from "./samplers/normal-source.js";
export { type ProbabilityFlowOptions, probabilityFlow } from "./samplers/probability-flow.js";
export { type ReverseSdeOptions, reverseSde } from "./samplers/reverse-sde.js";
export type { Path, SamplerProgress } from "./samplers/run-rows.js";
export type { Transition } from "./samplers/transition.js";
export { memoryEfficientScore, type TweedieScoreOptions } from "./samplers/tweedie-score.js";
export { type CosineOptions, cosineSchedule } from "./schedules/cosine.js";
export { type GeometricOptions, geometricSchedule } from "./schedules/geometric.js";
export { type LinearOptions, linearSchedule } from "./schedules/linear.js";
export { type PowerOptions, powerSchedule } from "./schedules/power.js";
export { type QuadraticOptions, quadraticSchedule } from "./schedules/quadratic.js";
export type { CalibrationPoint } from "./training/calibration.js";
export type { StepInfo } from "./training/loop-config.js";
export { presets } from "./training/presets.js";
export { noisedOnAllCores, type WorkerOptions } from "./worker/noised-on-all-cores.js";
export { type ChainOptions, type ChainResult, runChains } from "./worker/run-chains.js";
