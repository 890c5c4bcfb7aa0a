/** Every row of the study, in the order they are made: the base case first, cheap models before dear ones. */
import { correctorNames } from "./measure.mjs";
import { modelNames, needsHessian, transitionsOf } from "./models.mjs";
import { baseName, cases, dials, nameOf } from "./targets.mjs";

/** Beyond it a learned model's whole Hessian takes more than a minute of 2,048 rows. */
const MANY = 16;
const FEW_ROWS = 512;
/** Correctors that resample or exchange are compared on all targets with these; with all transitions on the base case and on GMM-40. */
const usual = ["tuned", "full", "map", "exact"];

const quickly = { n: 128, levels: 8 };

/** Dials that a target lies on. */
export const dialsOf = (target) =>
  Object.entries(dials).flatMap(([name, dial]) => (dial.cases.some((one) => nameOf(one) === target) ? [name] : []));

/** Replica exchange by maps asks for their inverse at every swap. */
function correctorsOf(target, transition) {
  if (target === baseName || target.startsWith("gmm40") || usual.includes(transition)) return correctorNames;
  return ["path"];
}

function* rowsOf(spec, model, { seed, n, levels, quick }) {
  const target = nameOf(spec);
  const usualRows = n ?? (quick ? quickly.n : 2048);
  const about = { model, target, levels: levels ?? (quick ? quickly.levels : 64), seed };
  if (model !== "exact") yield { ...about, transition: "none", corrector: "density", process: "ve", n: usualRows };
  for (const transition of transitionsOf(model)) {
    const few = model !== "exact" && needsHessian(transition) && spec.dim > MANY;
    const own = { ...about, transition, n: few ? Math.min(usualRows, FEW_ROWS) : usualRows };
    for (const corrector of correctorsOf(target, transition)) {
      if (corrector === "exchange" && transition === "map" && model !== "exact") continue;
      yield { ...own, corrector, process: "ve" };
    }
    if (target === baseName || target === "gmm40") yield { ...own, corrector: "path", process: "vp" };
  }
}

/** Rows as { about, spec }. */
export function grid(options) {
  return options.seeds.flatMap((seed) =>
    modelNames.flatMap((model) =>
      [...cases].flatMap((spec) => [...rowsOf(spec, model, { ...options, seed })].map((about) => ({ about, spec }))),
    ),
  );
}
