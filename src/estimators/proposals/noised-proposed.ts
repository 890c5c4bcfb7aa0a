/**
 * The noised density from better placed draws, exactly weighted. Of K draws ceil(alpha K) come from the noise p = N(x, h I) and the others
 * from a Gaussian q made for the row; every draw counts with its weight under the mixture of both,
 *
 *   E_K(x) = -log (1/K) sum_k w_k exp(-E(y_k)),   w = p / (a p + (1 - a) q) <= 1 / alpha,   a = ceil(alpha K) / K
 *   S_K(x) = -sum_k v_k grad E(y_k),  D_K(x) = sum_k v_k y_k,   v_k proportional to w_k exp(-E(y_k))
 *
 * exp(-E_K) is unbiased for exp(-E_h) whatever q is, and its variance is at most 1 / alpha times that of plain draws, however badly q
 * fits. q alone has infinite variance wherever E bends more at its center than it does further out: for two Lennard-Jones particles at
 * sigma .15 the relative variance of 1 draw is 48, of plain ones .34, of the mixture .17. Particles keep their center of mass.
 *
 * A row for which q cannot be made (E, a gradient or a Hessian near x is not finite) takes all draws from p and is counted in `fellBack`.
 *
 * @see Hesterberg 1995 (defensive mixtures); Owen and Zhou 2000 (weights by the whole mixture)
 */
import { checkNumber, checkOneOf } from "../../core/check.js";
import { exp, log } from "../../core/elementary.js";
import { removeMean } from "../../core/subspace.js";
import type { Batch, Energy, NoisedRequest, NoisedResult } from "../../core/types.js";
import { checkRequest, perturbations } from "../../kernels/perturbations.js";
import { softmaxWeights } from "../log-mean-exp.js";
import { weightedSum } from "../weighted-sum.js";
import { laplace } from "./laplace.js";
import { Probe, type ProposalRow } from "./probe.js";
import type { RowProposal } from "./row-proposal.js";
import { shifted } from "./shifted.js";

/** Makes the Gaussian of one row; null where it cannot. A new proposal is a file and a line here. */
const makers: { readonly [name: string]: (row: ProposalRow) => RowProposal | null } = { shifted, laplace };

/** Where the draws of an estimator come from. "prior": the noise alone, by the fused kernels. */
export type ProposalName = "prior" | "shifted" | "laplace";

export const PROPOSALS: readonly ProposalName[] = ["prior", "shifted", "laplace"];

/** A request of `noised` with a proposal. */
export interface ProposedRequest extends NoisedRequest {
  readonly proposal: ProposalName;
  /** alpha in (0, 1]: at least this share of the draws comes from the noise, so no weight is above 1 / alpha. Default 0.125. */
  readonly defensive?: number;
}

/** `energyCalls` counts the draws and what the proposals cost, gradients of Hessians among them; `nonFinite` counts draws. */
export interface ProposedResult extends NoisedResult {
  /** Rows that took all draws from the noise because their proposal could not be made. */
  readonly fellBack: number;
}

/**
 * Standard deviation of E_K for LJ-13 by Laplace at K = 128, alpha .05/.1/.25/.5: .008/.011/.021/.036 at sigma .01, .021/.023/.031/.045 at .02,
 * .089/.094/.090/.109 at .04, .46/.41/.44/.52 at .08, 1.13/1.09/1.07/1.15 at .15. A power of two leaves lattices whole.
 */
export const DEFENSIVE = 0.125;

/** @throws TypeError / RangeError unless in (0, 1] */
export function checkDefensive(call: string, alpha: unknown): number {
  const share = checkNumber(call, "defensive", alpha, 0, 1);
  if (share === 0) {
    throw new RangeError(`${call}: defensive must be above 0, got 0; without draws from the noise the variance can be infinite`);
  }
  return share;
}

/** Scratch of one row's draws, reused for the next row. */
interface Draws {
  readonly y: Float32Array;
  /** log w, [K]. */
  readonly logWeights: Float64Array;
  readonly energies: Float64Array;
  readonly weights: Float64Array;
  readonly z: Float64Array;
  readonly displacement: Float64Array;
}

/** log p / (a p + b q) where log q / p = ratio, a + b = 1. */
function logWeight(ratio: number, a: number): number {
  return ratio <= 0 ? -log(a + (1 - a) * exp(ratio)) : -ratio - log(a * exp(-ratio) + 1 - a);
}

/** y and log w of a row's K draws from its standard normals. Draws of both kinds alternate: at alpha = 1/2, 1/4, ... each kind is a lattice of its own. */
function placeDraws(row: ProposalRow, proposal: RowProposal | null, normals: Float32Array, plain: number, draws: Draws): void {
  const { x, h, probe } = row;
  const { particles, dim } = probe.energy;
  const { y, logWeights, z, displacement } = draws;
  const K = logWeights.length;
  const sigma = Math.sqrt(h);
  for (let k = 0; k < K; k++) {
    for (let j = 0; j < dim; j++) z[j] = normals[k * dim + j];
    const fromNoise = Math.floor(((k + 1) * plain) / K) > Math.floor((k * plain) / K);
    if (proposal && !fromNoise) proposal.place(z, displacement);
    else {
      for (let j = 0; j < dim; j++) displacement[j] = sigma * z[j];
      if (particles) removeMean(displacement, 1, particles);
    }
    logWeights[k] = proposal ? logWeight(proposal.logRatio(displacement), plain / K) : 0;
    for (let j = 0; j < dim; j++) y[k * dim + j] = x[j] + displacement[j];
  }
}

/** The request of the standard normals: K draws around 0 of variance 1, in the same mode and streams. */
function standard(request: ProposedRequest): NoisedRequest {
  const { x, mcSamples, mode, key, firstRow, exact } = request;
  const zero: Batch = { data: new Float32Array(x.data.length), n: x.n, dim: x.dim };
  return { x: zero, variance: new Float32Array(x.n).fill(1), mcSamples, mode, key, quantity: "energy", firstRow, exact };
}

function scratch(K: number, dim: number): Draws {
  return {
    y: new Float32Array(K * dim),
    logWeights: new Float64Array(K),
    energies: new Float64Array(K),
    weights: new Float64Array(K),
    z: new Float64Array(dim),
    displacement: new Float64Array(dim),
  };
}

/**
 * `noised` with a proposal other than "prior". A row's draws and bits do not depend on the rows beside it. Cost a row: K energies (with
 * gradients for quantity "score"); "shifted" one gradient more; "laplace" 2 dim + 1 to 9 gradients for each of 2 to 40 Newton steps,
 * and dim^2 / 2 multiply-adds a draw in JavaScript.
 * @throws as `noised`; RangeError for an unknown proposal or a defensive share outside (0, 1]
 */
export function noisedProposed(energy: Energy, request: ProposedRequest): ProposedResult {
  const call = "noised";
  checkRequest(call, request, energy.dim);
  const make = makers[checkOneOf(call, "proposal", request.proposal, PROPOSALS)];
  const alpha = checkDefensive(call, request.defensive ?? DEFENSIVE);
  const { x, variance, mcSamples: K, quantity } = request;
  const { n, dim } = x;
  const normals = standard(request);
  const probe = new Probe(energy);
  const draws = scratch(K, dim);
  const plain = Math.ceil(alpha * K);
  const energies = new Float32Array(n);
  const vectors = quantity === "energy" ? undefined : new Float32Array(n * dim);
  let nonFinite = 0;
  let fellBack = 0;
  for (let i = 0; i < n; i++) {
    const center = x.data.subarray(i * dim, (i + 1) * dim);
    const row: ProposalRow = { probe, x: Float64Array.from(center), h: variance[i] };
    const proposal = make(row);
    if (!proposal) fellBack++;
    placeDraws(row, proposal, perturbations(normals, i), plain, draws);
    const drawn: Batch = { data: draws.y, n: K, dim };
    const found = quantity === "score" ? energy.energyAndGradient(drawn) : { energy: energy.energy(drawn), gradient: drawn.data };
    for (let k = 0; k < K; k++) draws.energies[k] = found.energy[k] - draws.logWeights[k];
    const estimate = softmaxWeights(draws.energies, draws.weights);
    energies[i] = estimate.energy;
    nonFinite += estimate.nonFinite;
    const out = vectors?.subarray(i * dim, (i + 1) * dim);
    if (out && estimate.energy < Infinity) weightedSum(found.gradient, draws.weights, dim, quantity === "score" ? -1 : 1, out);
    else if (out && quantity === "mean") out.set(center);
  }
  if (vectors && quantity === "mean" && energy.particles) removeMean(vectors, n, energy.particles);
  const common = { energy: energies, nonFinite, energyCalls: n * K + probe.calls, fellBack };
  if (quantity === "score") return { ...common, score: vectors };
  if (quantity === "mean") return { ...common, mean: vectors };
  return common;
}
