/** Samples of the calibration as one line of text each: a few hundred of them stay readable, and a difference shows the row. */

/** Name of a column and where its value lies in a row; facts are those of `sampleVerdict`. */
const fields = {
  target: (row) => row.target,
  fault: (row) => row.fault,
  amount: (row) => row.amount.toFixed(3),
  transition: (row) => row.transition,
  corrector: (row) => row.corrector,
  n: (row) => row.n,
  levels: (row) => row.steps,
  seed: (row) => row.seed,
  failed: (row) => row.failed,
  nonFinite: (row) => row.facts?.nonFinite,
  islands: (row) => row.facts?.islands,
  ess: (row) => row.facts?.ess.value,
  maxWeight: (row) => row.facts?.maxWeight,
  ancestors: (row) => row.facts?.uniqueAncestors,
  effective: (row) => row.facts?.effective?.value,
  limitedBy: (row) => row.facts?.effective?.limitedBy,
  over: (row) => row.facts?.effective?.over,
  pathEss: (row) => row.facts?.pathEss?.value,
  pathRows: (row) => row.facts?.pathEss?.n,
  residual: (row) => row.facts?.accumulatedResidual?.trusted,
  splitLogZ: (row) => row.facts?.splitHalves?.logZ,
  splitEnergy: (row) => row.facts?.splitHalves?.energy,
  kHat: (row) => row.facts?.kHat,
  notInvertible: (row) => row.facts?.notInvertible,
  shift: (row) => row.facts?.rawShift?.value,
  shiftOf: (row) => row.facts?.rawShift?.of,
  forwardEss: (row) => row.drawn?.forwardEss.value,
  unseen: (row) => row.drawn?.unseen.share,
  forwardRows: (row) => row.drawn?.unseen.n,
  rawOk: (row) => row.truth && Number(row.truth.rawOk),
  weightsOk: (row) => row.truth && Number(row.truth.weightsOk),
};
const names = Object.keys(fields);

export const header = names.join(" | ");

/** Absent values are empty. */
export const lineOf = (row) => names.map((name) => fields[name](row) ?? "").join(" | ");
