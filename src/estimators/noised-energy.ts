/** NEM: the network regresses the Monte-Carlo noised energy E_K. */
import { checkInteger, checkOneOf, checkOptions } from "../core/check.js";
import type { DrawMode, Estimator } from "../core/types.js";
import { noised } from "./noised.js";

/** Options shared by every estimator: how many draws, and how they are placed. */
export interface MonteCarloOptions {
  /** K, draws per row; a power of two in lattice mode. Default 32. */
  readonly mcSamples?: number;
  /** "iid", "antithetic" or "lattice" (randomly shifted rank-1 lattice). Default "iid"; the lattice pays in low dimensions (to about 4 at K = 32). */
  readonly mode?: DrawMode;
}

const DRAW_MODES: readonly DrawMode[] = ["iid", "antithetic", "lattice"];

/** @internal Checked options with their defaults, shared by every estimator. */
export function monteCarlo(call: string, options: MonteCarloOptions): { mcSamples: number; mode: DrawMode } {
  const mcSamples = checkInteger(call, "mcSamples", options.mcSamples ?? 32, 1, 1 << 20);
  const mode = checkOneOf(call, "mode", options.mode ?? "iid", DRAW_MODES);
  if (mode === "lattice" && (mcSamples & (mcSamples - 1)) !== 0) {
    throw new RangeError(
      `${call}: mcSamples must be a power of two in lattice mode, got ${mcSamples}; use ${1 << (31 - Math.clz32(mcSamples))} or mode "iid"`,
    );
  }
  return { mcSamples, mode };
}

/**
 * Target E_K(x, h) [n], kT; see `noised`. Cost: n K energies.
 * @throws RangeError for mcSamples < 1 or an unknown option
 * @see OuYang et al. 2024, arXiv:2409.09787
 */
export function noisedEnergy(options: MonteCarloOptions = {}): Estimator {
  checkOptions("noisedEnergy", options, ["mcSamples", "mode"]);
  const settings = monteCarlo("noisedEnergy", options);
  return {
    name: "noisedEnergy",
    kind: "energy",
    options: settings,
    needsTeacher: false,
    async estimate({ energy, x, variance, key, exact, noised: shared }) {
      const result = await (shared ?? noised)(energy, {
        x,
        variance,
        key,
        exact,
        quantity: "energy",
        mcSamples: settings.mcSamples,
        mode: settings.mode,
      });
      return { target: result.energy, energyCalls: result.energyCalls, networkCalls: 0, nonFinite: result.nonFinite, notes: {} };
    },
  };
}
