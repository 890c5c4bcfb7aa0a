/** What a weighted sample says of itself, as plain numbers. */

/** Every effective size with the n it is of. */
export function figuresOf(sample) {
  const { ess, logZ, correction, verdict, energyCalls, networkCalls, pilotCalls, nonFinite, seconds } = sample;
  const { method, transition, levels, rows, essOf, pathEss, effective, ancestors, islands, resamplings, trusted } = correction;
  return {
    ...{ n: sample.x.n, rows, method, transition, levels, islands, resamplings },
    ess: { ...ess, of: essOf },
    ...{ pathEss, effective, ancestors, trusted, logZ, acceptance: correction.acceptance },
    ...{ energyCalls, networkCalls, pilotCalls, pilot: correction.pilot, nonFinite, seconds },
    ...{ notices: correction.notices, verdict: verdict?.line },
  };
}

const words = ({ code, name, message }) => `${code ?? name}: ${message}`;

/** A figure, or why there is none. */
export async function orError(make) {
  try {
    return await make();
  } catch (error) {
    if (error.name === "AbortError" || error instanceof TypeError) throw error;
    return { error: words(error) };
  }
}

/** One over the mean of one over the values: effective sizes whose variances are averaged. */
export const harmonic = (values) => values.length / values.reduce((sum, value) => sum + 1 / value, 0);
