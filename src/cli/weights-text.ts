/** Why a model draws raw samples unless it is told otherwise. */
export function withoutWeights(prior: string): string {
  return `raw samples only: the energy of the ${prior} prior jumps between its minima, so nearly all weight would fall on few rows; for weights train on a two-body prior (preset weighted)`;
}
