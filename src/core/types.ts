/**
 * The interfaces that cross folder borders. Energies, schedules, estimators, networks and moves reach the rest of the
 * package as values of these types, never as imports. Nothing here computes.
 */

/** n configurations of `dim` coordinates, row-major [n, dim], owned by the receiver. */
export interface Batch {
  readonly data: Float32Array;
  readonly n: number;
  readonly dim: number;
}

/** Handle of one random stream; made by `keyOf(seed)` and `derive(key, ...)`. Two unsigned 32-bit words. */
export interface Key {
  readonly a: number;
  readonly b: number;
}

/** Plain JSON values; options and checkpoints hold nothing else. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** How the K perturbations of an estimator are drawn. */
export type DrawMode = "iid" | "antithetic" | "lattice";

/** What a Monte-Carlo estimate of the noised density returns. */
export type Quantity = "energy" | "score" | "mean";

/** One call of an estimator kernel: K draws y = x + sqrt(h) eps around each row. */
export interface NoisedRequest {
  readonly x: Batch;
  /** Noise variance of each row, [n], > 0. */
  readonly variance: Float32Array;
  /** K >= 1; a power of two in lattice mode. */
  readonly mcSamples: number;
  readonly mode: DrawMode;
  readonly key: Key;
  readonly quantity: Quantity;
  /** Number of the first row in its stream (default 0): a block of a batch draws what it would draw inside the whole batch. */
  readonly firstRow?: number;
  /** True (default): the plain-SIMD build, same bits everywhere. False: the relaxed build where the engine has it. */
  readonly exact?: boolean;
}

/** Result of an estimator kernel. Non-finite energies are counted, never repaired. */
export interface NoisedResult {
  /** E_K(x) = -log mean_k exp(-E(y_k)), [n]; +inf where every draw has E = +inf. */
  readonly energy: Float32Array;
  /** With quantity "score": S_K = -sum_k softmax(-E) grad E(y_k), [n, dim]. */
  readonly score?: Float32Array;
  /** With quantity "mean": D_K = sum_k softmax(-E) y_k, [n, dim]. */
  readonly mean?: Float32Array;
  /** Number of draws whose energy was NaN (they count as probability zero in the mean). */
  readonly nonFinite: number;
  /** n * K. */
  readonly energyCalls: number;
}

/** Modes of a target whose mixture structure is known; used by the mode metrics only. */
export interface ModeSet {
  /** [count, dim]. */
  readonly means: Batch;
  /** Isotropic standard deviation of each mode, [count]. */
  readonly std: Float32Array;
  /** Probability of each mode, [count], sums to 1. */
  readonly weights: Float64Array;
}

/**
 * Particles in `spatialDim` dimensions, coordinates [count, spatialDim] row-major. An energy that names them does not change with a
 * translation, and everything about it lives on the subspace where the center of mass is 0: noise, prior, paths, chains, weights and
 * densities, whose dimension is (count - 1) spatialDim.
 */
export interface Particles {
  readonly count: number;
  readonly spatialDim: number;
}

/** What pair energies are made of: E = sum_{i<j} energy(r_ij) + trap / 2 sum_i |x_i - center of mass|^2. */
export interface PairPotential {
  /** One unordered pair at distance r > 0, kT. */
  energy(r: number): number;
  /** Stiffness of the harmonic trap, kT / length^2; 0 for none. */
  readonly trap: number;
}

/**
 * Hamiltonian moves of each row on U(y) = beta E(y) + |y - center|^2 / (2 tether). A move draws a normal momentum, takes `leapfrogs`
 * steps and is accepted or refused; 1 leapfrog is MALA, 0 a random walk of standard deviation `stepSize`. Row r uses the stream
 * (key, step, firstRow + r) alone, move m the step `step + m`.
 */
export interface HamiltonianRequest {
  /** [n, dim]; for particles with center of mass 0. */
  readonly x: Batch;
  readonly key: Key;
  /** Number of the first move (default 0). */
  readonly step?: number;
  readonly moves: number;
  readonly leapfrogs: number;
  /** Leapfrogs of every second move (default the same): trajectories of two lengths break periods. */
  readonly leapfrogsOdd?: number;
  /** [n], length. */
  readonly stepSize: Float32Array;
  /** Inverse temperatures [n]; default all 1. */
  readonly beta?: Float32Array;
  /** [n, dim], with `tether`: variances [n]. The moves then leave exp(-E(y)) N(y; center, tether) invariant. */
  readonly center?: Batch;
  readonly tether?: Float32Array;
  /** Number of the first row in its stream (default 0). */
  readonly firstRow?: number;
  /** True (default): the plain-SIMD build, same bits everywhere. */
  readonly exact?: boolean;
}

/** Where the rows are after the moves. A proposal whose energy is not finite is refused and counted. */
export interface HamiltonianResult {
  readonly x: Batch;
  /** E [n] (neither scaled by beta nor tethered) and grad E [n, dim] at x. */
  readonly energy: Float32Array;
  readonly gradient: Float32Array;
  /** Mean over the moves of min(1, exp(-change of U + kinetic energy)), [n]. */
  readonly acceptance: Float32Array;
  /** With a center: mean over the moves' ends of y [n, dim] and of |y - center|^2 [n]. */
  readonly mean?: Float32Array;
  readonly square?: Float32Array;
  readonly nonFinite: number;
  /** Energies computed; with a gradient except in random walks. */
  readonly energyCalls: number;
}

/**
 * A known approximation of the noised energy, to which a network adds the rest. Plain data besides `evaluate`, so that a worker or a
 * checkpoint makes it again from name, options and the target.
 */
export interface Prior {
  readonly name: string;
  readonly options: { readonly [name: string]: Json };
  readonly dim: number;
  /** False where its energy jumps (envelopes with many minima): such a prior serves the raw sampler, not weights along the path. */
  readonly continuous: boolean;
  /** Energy [n] in kT, score [n, dim], and slope [n] = dE / d log sigma, at variance [n]. */
  evaluate(x: Batch, variance: Float32Array): { energy: Float32Array; score: Float32Array; slope: Float32Array };
  /** Derivative of the score along one direction per row, [n, dim]; absent where the prior has no second derivatives. */
  hessianProduct?(x: Batch, variance: Float32Array, direction: Float32Array): Float32Array;
}

/** A target: density proportional to exp(-E), E in kT, lower is likelier. */
export interface Energy {
  readonly name: string;
  readonly dim: number;
  /** One sentence: which additive constant, which units. Printed by `bnem info` and written to checkpoints. */
  readonly convention: string;
  /** Options that rebuild this energy by name, or null when it cannot be rebuilt (custom functions). */
  readonly options: { readonly [name: string]: Json } | null;
  /** A fixed configuration and its energy: a checkpoint made with another energy is recognised by it. */
  readonly check: { readonly x: readonly number[]; readonly energy: number };
  readonly particles?: Particles;
  /** Where the energy is a sum over pairs and a trap. */
  readonly pairs?: PairPotential;
  /** [n], kT. */
  energy(x: Batch): Float32Array;
  /** energy [n] in kT and gradient [n, dim]. */
  energyAndGradient(x: Batch): { energy: Float32Array; gradient: Float32Array };
  /** Exact draws and log partition function, where they exist. */
  readonly exact?: { readonly logZ: number; sample(n: number, seed: number): Batch };
  readonly modes?: ModeSet;
  /** Closed form of the noised energy E_h(x) [n] and score [n, dim], for variance [n], where it exists (oracle; tests). */
  readonly noisedExact?: (x: Batch, variance: Float32Array) => { energy: Float32Array; score: Float32Array };
  /** Fused kernel; absent for energies known only as JavaScript functions (a slower generic path is used). */
  readonly noised?: (request: NoisedRequest) => NoisedResult;
  /** Fused kernel of Hamiltonian moves; absent for energies known only as JavaScript functions (a slower generic path is used). */
  readonly hamiltonian?: (request: HamiltonianRequest) => HamiltonianResult;
}

/** Variance-exploding noise: x_t = x_0 + sqrt(h(t)) eps, t in [0, 1], h(0) = 0, dh/dt = g(t)^2. */
export interface NoiseSchedule {
  readonly name: string;
  readonly options: { readonly [name: string]: Json };
  /** sqrt(h(t)). */
  sigma(t: number): number;
  /** h(t). */
  variance(t: number): number;
  /** g(t) >= 0. */
  diffusion(t: number): number;
  /** Inverse of `variance`: the t with h(t) = variance. */
  timeOf(variance: number): number;
}

/** What samplers know of a model: the score, and where it exists the energy, of the noised target at variance h. */
export interface ScoreModel {
  readonly dim: number;
  /** Score -grad E_h, [n, dim]; variance [n], one per row. */
  score(x: Batch, variance: Float32Array): Promise<Float32Array>;
  /** Noised energy [n], kT. */
  energy?(x: Batch, variance: Float32Array): Promise<Float32Array>;
  /** Both at once. */
  energyAndScore?(x: Batch, variance: Float32Array): Promise<{ energy: Float32Array; score: Float32Array }>;
  /** The Hessian of log p_h = -E_h times one direction per row, [n, dim]: the derivative of the score along it. */
  hessianProduct?(x: Batch, variance: Float32Array, direction: Float32Array): Promise<Float32Array>;
  /** The whole Hessian of log p_h, [n, dim, dim], where a model has it for less than dim products. */
  hessian?(x: Batch, variance: Float32Array): Promise<Float64Array>;
}

/** What a training step asks of an estimator. */
export interface EstimateRequest {
  readonly energy: Energy;
  readonly schedule: NoiseSchedule;
  readonly x: Batch;
  /** h of each row, [n]. */
  readonly variance: Float32Array;
  readonly key: Key;
  readonly exact: boolean;
  /** Training progress in [0, 1): an estimator may change its behaviour with it (BNEM starts bootstrapping). */
  readonly progress: number;
  /** Frozen EMA network; present when the estimator declares `needsTeacher`. */
  readonly teacher?: ScoreModel;
  /** Takes the place of a plain call of `noised` where present: same result, bit for bit, on more threads where that pays. */
  readonly noised?: (energy: Energy, request: NoisedRequest) => Promise<NoisedResult>;
  /** Running statistics owned by the trainer, saved in checkpoints: named f64 arrays. */
  readonly memory: Map<string, Float64Array>;
}

/** What an estimator that makes its own inputs is asked for. */
export interface DrawRequest {
  readonly energy: Energy;
  readonly schedule: NoiseSchedule;
  /** Rows of the batch. */
  readonly n: number;
  /** Variances to train on. */
  readonly low: number;
  readonly high: number;
  readonly key: Key;
  readonly exact: boolean;
  /** Training progress in [0, 1). */
  readonly progress: number;
  /** Owned by the trainer, saved in checkpoints: chains and running statistics live here and nowhere else. */
  readonly memory: Map<string, Float64Array>;
  readonly chains: ChainTools;
  readonly signal?: AbortSignal;
}

/** Chains at the target, made from the energy alone. */
export interface Equilibrated {
  /** One state per chain. */
  readonly x: Batch;
  /** Leapfrog step that was adapted and then frozen, length. */
  readonly stepSize: number;
  readonly energyCalls: number;
  readonly nonFinite: number;
}

/** How an estimator gets at Markov chains without knowing who runs them, or on how many threads. */
export interface ChainTools {
  /** n chains run from a cold start to the target. */
  equilibrate(n: number, key: Key, signal?: AbortSignal): Promise<Equilibrated>;
  hamiltonian(request: HamiltonianRequest): Promise<HamiltonianResult>;
}

/** Targets for inputs that the estimator drew itself. */
export interface DrawResult extends EstimateResult {
  readonly x: Batch;
  /** h of each row, [n]. */
  readonly variance: Float32Array;
}

/** Targets for one batch. */
export interface EstimateResult {
  /** [n] for kind "energy", [n, dim] for kinds "score" and "gradient". */
  readonly target: Float32Array;
  /** With kind "gradient": dE / d log sigma of each row, [n]; a network's energy is fitted to both. */
  readonly slope?: Float32Array;
  /** Rows (1) that must not enter the loss because nothing finite was estimated there; usually absent. */
  readonly excluded?: Uint8Array;
  /** Rows (1) whose target is a plain Monte-Carlo estimate; absent where all are. */
  readonly plain?: Uint8Array;
  readonly energyCalls: number;
  readonly networkCalls: number;
  readonly nonFinite: number;
  /** Fraction of rows whose target came from the teacher, of clipped rows, ... for the progress line. */
  readonly notes: { readonly [name: string]: number };
}

/** A target builder: NEM, iDEM, TweeDEM, BNEM. */
export interface Estimator {
  readonly name: string;
  /** What the network regresses on: its energy, its score output, or the gradient of its energy. */
  readonly kind: "energy" | "score" | "gradient";
  readonly options: { readonly [name: string]: Json };
  readonly needsTeacher: boolean;
  estimate(request: EstimateRequest): Promise<EstimateResult>;
  /** Where present the trainer takes inputs and targets from here, keeps no buffer of its own, and never calls `estimate`. */
  draw?(request: DrawRequest): Promise<DrawResult>;
  /** Called after the loss is known: prediction and target of the batch; lets BNEM keep its running loss ratio. */
  observe?(request: EstimateRequest, result: EstimateResult, prediction: Float32Array): void;
}

/** What is known of a network without its tensors. */
export interface NetworkFacts {
  readonly name: string;
  /** Rebuilds the network together with `name`, `dim` and `output`; goes into checkpoints. */
  readonly options: { readonly [name: string]: Json };
  readonly output: "energy" | "score";
  readonly dim: number;
  readonly parameterCount: number;
}

/** What a network may leave open about its target: `scale` in raw units, `baseStd` in units of `scale`, and its particles. */
export interface NetworkLengths {
  readonly scale: number;
  readonly baseStd: number;
  readonly particles?: Particles;
}

/**
 * A network to be made once the target's dimension, the needed output and the target's lengths are known; `mlp(options)` returns one.
 * Lengths given in its own options win; a network states those it took in `options.scale` and `options.baseStd`.
 */
export type NetworkRecipe = (dim: number, output: "energy" | "score", lengths?: NetworkLengths) => NetworkFacts;

/** Keys shared by every call that draws random numbers or takes time. */
export interface TaskOptions<P> {
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: P) => void;
}
