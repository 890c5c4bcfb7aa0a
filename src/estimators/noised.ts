/**
 * Monte-Carlo estimates of the noised density for any energy: the fused kernel where the energy has one, otherwise draws in
 * JavaScript, one row at a time, K draws in memory. Same definitions, same guarantees.
 *
 *   E_K(x) = -log (1/K) sum_k exp(-E(y_k)),   y_k = x + sqrt(h) eps_k
 *   S_K(x) = -sum_k w_k grad E(y_k),  D_K(x) = sum_k w_k y_k,   w = softmax(-E(y))
 *
 * exp(-E_K) is unbiased for exp(-E_h); E_K itself is high by about Var(w) / (2 K mean(w)^2), w = exp(-E). S_K = -grad E_K for
 * shared draws. A NaN or -inf energy counts as probability zero and is reported in `nonFinite`. Where every draw has probability
 * zero: E_K = +inf, S_K = 0, D_K = x. For particles D_K is projected on the subspace with center of mass 0.
 *
 * @see OuYang et al. 2024, arXiv:2409.09787; Akhound-Sadegh et al. 2024, arXiv:2402.06121
 */
import { hasMethods } from "../core/check.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, Energy, NoisedRequest, NoisedResult } from "../core/types.js";
import { checkRequest, perturbations } from "../kernels/perturbations.js";
import { softmaxWeights } from "./log-mean-exp.js";
import { noisedProposed, type ProposedRequest, type ProposedResult } from "./proposals/noised-proposed.js";
import { weightedSum } from "./weighted-sum.js";

/** The path for energies known only as functions. @throws as the fused kernels: TypeError / RangeError naming the argument */
export function noisedGeneric(energy: Energy, request: NoisedRequest): NoisedResult {
  checkRequest("noised", request, energy.dim);
  const { x, mcSamples, quantity } = request;
  const { n, dim } = x;
  const result = new Float32Array(n);
  const vectors = quantity === "energy" ? undefined : new Float32Array(n * dim);
  const weights = new Float64Array(mcSamples);
  let nonFinite = 0;
  for (let i = 0; i < n; i++) {
    const draws: Batch = { data: perturbations(request, i), n: mcSamples, dim };
    const evaluated =
      quantity === "score" ? energy.energyAndGradient(draws) : { energy: energy.energy(draws), gradient: draws.data };
    const row = softmaxWeights(evaluated.energy, weights);
    result[i] = row.energy;
    nonFinite += row.nonFinite;
    const out = vectors?.subarray(i * dim, (i + 1) * dim);
    if (out && row.energy < Infinity) weightedSum(evaluated.gradient, weights, dim, quantity === "score" ? -1 : 1, out);
    else if (out && quantity === "mean") out.set(x.data.subarray(i * dim, (i + 1) * dim));
  }
  if (vectors && quantity === "mean" && energy.particles) removeMean(vectors, n, energy.particles);
  const common = { energy: result, nonFinite, energyCalls: n * mcSamples };
  if (quantity === "score") return { ...common, score: vectors };
  if (quantity === "mean") return { ...common, mean: vectors };
  return common;
}

/**
 * Fused kernel where the energy has one, the generic path otherwise. x [n, dim], variance [n] -> see `NoisedResult`. With `proposal`
 * "shifted" or "laplace" (and `defensive`, the least share of draws from the noise) draws are placed where the posterior is, and exactly
 * weighted: see `ProposedRequest`.
 * @throws TypeError / RangeError naming the argument: no energy, shapes, non-finite x, variance <= 0, K, mode, quantity, key, proposal
 */
export function noised(energy: Energy, request: ProposedRequest): ProposedResult;
export function noised(energy: Energy, request: NoisedRequest): NoisedResult;
export function noised(energy: Energy, request: NoisedRequest & Partial<ProposedRequest>): NoisedResult | ProposedResult {
  if (!hasMethods(energy, ["energy"])) throw new TypeError("noised: energy must be an Energy, such as gaussianMixture()");
  if ((request?.proposal ?? "prior") !== "prior") return noisedProposed(energy, request as ProposedRequest);
  const plain = energy.noised ? energy.noised(request) : noisedGeneric(energy, request);
  return request.proposal ? { ...plain, fellBack: 0 } : plain;
}
