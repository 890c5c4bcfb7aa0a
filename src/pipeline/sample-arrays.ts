/** A sample as named numbers: what its files hold beside the rows, under the names they have there. */
import type { NumpyArray } from "../io/npy.js";
import type { CorrectionReport, SampleResult } from "./sample-result.js";

/** What a sample needs to be written. */
export type WrittenSample = Pick<SampleResult, "x" | "energy" | "logWeights" | "ancestors"> &
  Partial<
    Pick<SampleResult, "ess" | "logZ" | "correction" | "energyCalls" | "networkCalls" | "pilotCalls" | "nonFinite" | "seed">
  >;

/** Names of the numbers that belong to a whole sample. A size `name` is out of `name_n`. */
export const sampleScalarNames = [
  ...["log_z", "log_z_error", "ess", "ess_n", "path_ess", "path_ess_n", "n_eff", "n_eff_n"],
  ...["forward_ess", "forward_ess_n", "eubo", "unseen"],
  ...["unique_ancestors", "unique_ancestors_n", "islands", "resamplings", "trusted_sigma", "trusted_residual"],
  ...["network_calls", "energy_calls", "pilot_calls", "non_finite", "seed"],
] as const;

/** The numbers that belong to a whole sample, by name; those that are not known are absent. */
export type SampleScalars = { readonly [name in (typeof sampleScalarNames)[number]]?: number };

function ofCorrection({
  pathEss,
  effective,
  ancestors,
  islands,
  resamplings,
  trusted,
  forward,
}: CorrectionReport): SampleScalars {
  return {
    path_ess: pathEss?.value,
    path_ess_n: pathEss?.n,
    n_eff: effective?.value,
    n_eff_n: effective?.n,
    forward_ess: forward?.ess.value,
    forward_ess_n: forward?.ess.n,
    eubo: forward?.eubo.mean,
    unseen: forward?.unseen,
    unique_ancestors: ancestors.unique,
    unique_ancestors_n: ancestors.n,
    islands,
    resamplings,
    trusted_sigma: trusted.sigma,
    trusted_residual: trusted.residual,
  };
}

/**
 * The numbers of a sample by name:
 *
 * - `log_z`, `log_z_error`: log Z and its standard error
 * - `ess` of `ess_n`: Kish effective size of the rows' weights; with `resamplings` above 0 of paths since the last one
 * - `path_ess` of `path_ess_n`: Kish effective size of whole paths, of these rows or of the pilot
 * - `n_eff` of `n_eff_n`: effective size from the variance over `islands`
 * - `forward_ess` of `forward_ess_n`: effective size of paths from draws of the target, `eubo` the mean of their log weights, `unseen` the share of
 *   them that the rows hardly see
 * - `unique_ancestors` of `unique_ancestors_n` rows at the noisiest level
 * - `resamplings` of an island on average; `trusted_sigma`, `trusted_residual`: highest level whose learned energy decided about rows, kT
 * - `network_calls`, `energy_calls` in rows, `pilot_calls` of the network's among them; `non_finite` rows; `seed`
 *
 * Those that are not known are left out.
 */
export function sampleScalars(sample: Partial<WrittenSample>): SampleScalars {
  const { ess, logZ, correction, energyCalls, networkCalls, pilotCalls, nonFinite, seed } = sample;
  const all: SampleScalars = {
    log_z: logZ?.value,
    log_z_error: logZ?.standardError,
    ess: ess?.value,
    ess_n: ess?.n,
    ...(correction && ofCorrection(correction)),
    ...{ network_calls: networkCalls, energy_calls: energyCalls, pilot_calls: pilotCalls, non_finite: nonFinite, seed },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/**
 * A sample as arrays for `writeNpz`: `x` [n, dim], `energy` [n], with weights `log_weight` [n] f64 and `ancestor` [n] int32, and each number
 * of `sampleScalars` as an f64 array of shape [].
 */
export function sampleArrays(sample: WrittenSample): { readonly [name: string]: NumpyArray } {
  const { x, energy, logWeights, ancestors } = sample;
  const scalars = Object.entries(sampleScalars(sample)).map(([name, value]) => {
    return [name, { data: Float64Array.of(value), shape: [] }] as const;
  });
  return {
    x: { data: x.data, shape: [x.n, x.dim] },
    energy: { data: energy, shape: [x.n] },
    ...(logWeights && { log_weight: { data: logWeights, shape: [x.n] } }),
    ...(ancestors && { ancestor: { data: ancestors, shape: [x.n] } }),
    ...Object.fromEntries(scalars),
  };
}
