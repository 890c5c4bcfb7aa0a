/** What every estimator has: how many draws, how they are placed and where they come from. */
import { checkInteger, checkOneOf } from "../core/check.js";
import { inTurns } from "../core/row-blocks.js";
import type { Batch, DrawMode, EstimateRequest, NoisedResult, Quantity } from "../core/types.js";
import { noised } from "./noised.js";
import { checkDefensive, DEFENSIVE, PROPOSALS, type ProposalName, type ProposedRequest } from "./proposals/noised-proposed.js";
import { blocksOf, merge } from "./request-blocks.js";

/** Options shared by every estimator. */
export interface MonteCarloOptions {
  /** K, draws per row; a power of two in lattice mode. Default 32. */
  readonly mcSamples?: number;
  /** "iid", "antithetic" or "lattice" (randomly shifted rank-1 lattice). Default "iid"; the lattice pays in low dimensions (to about 4 at K = 32). */
  readonly mode?: DrawMode;
  /**
   * Where draws come from. "prior" (default): the noise around x. "shifted": the noise moved down the energy's slope, one gradient a row more.
   * "laplace": a Gaussian fitted to the posterior, 2 dim gradients for each of 2 to 6 Newton steps a row (LJ-13 at sigma .3: 40). Both are
   * exactly weighted; they pay where the energy bends over less than sigma. Standard deviation of E_K on LJ-13, K = 128, prior / shifted /
   * laplace: .085/.018/.011 at sigma .01, .85/.44/.07 at .04, 2.3/1.6/.37 at .08, 10/5/1.0 at .15; bias .38/.08/.003 at .04, 3.3/2.0/.10 at .08,
   * 20/12/2.8 at .15: beyond .1 one Gaussian misses mass there, and its spread does not tell.
   */
  readonly proposal?: ProposalName;
  /** Least share of draws from the noise under another proposal, in (0, 1]: no weight is above 1 / defensive. Default 0.125. */
  readonly defensive?: number;
}

/** @internal Their keys, for the check of options. */
export const DRAW_OPTIONS = ["mcSamples", "mode", "proposal", "defensive"] as const;

/** @internal Checked options with their defaults; without a proposal where that is the noise. */
export interface DrawSettings {
  readonly mcSamples: number;
  readonly mode: DrawMode;
  readonly proposal?: ProposalName;
  readonly defensive?: number;
}

const DRAW_MODES: readonly DrawMode[] = ["iid", "antithetic", "lattice"];

/** @internal @throws TypeError / RangeError naming the option */
export function monteCarlo(call: string, options: MonteCarloOptions): DrawSettings {
  const mcSamples = checkInteger(call, "mcSamples", options.mcSamples ?? 32, 1, 1 << 20);
  const mode = checkOneOf(call, "mode", options.mode ?? "iid", DRAW_MODES);
  if (mode === "lattice" && (mcSamples & (mcSamples - 1)) !== 0) {
    throw new RangeError(
      `${call}: mcSamples must be a power of two in lattice mode, got ${mcSamples}; use ${1 << (31 - Math.clz32(mcSamples))} or mode "iid"`,
    );
  }
  const proposal = checkOneOf(call, "proposal", options.proposal ?? "prior", PROPOSALS);
  const defensive = checkDefensive(call, options.defensive ?? DEFENSIVE);
  if (proposal !== "prior") return { mcSamples, mode, proposal, defensive };
  if (options.defensive !== undefined) {
    throw new RangeError(
      `${call}: defensive is for proposals other than "prior"; leave it out, or set proposal "shifted" or "laplace"`,
    );
  }
  return { mcSamples, mode };
}

/** Rows of a block between the host's turns where a proposal is made for each: some 10 ms. */
const ROWS_PER_TURN = 4;

/** @internal The estimate at rows x [n, dim] for a training step, on the step's threads where it has them; `notes` says how many rows fell back. */
export async function drawNoised(
  { energy, key, exact, noised: shared }: EstimateRequest,
  { x, variance, quantity }: { readonly x: Batch; readonly variance: Float32Array; readonly quantity: Quantity },
  settings: DrawSettings,
): Promise<NoisedResult & { readonly notes: { readonly [name: string]: number } }> {
  const ask = { x, variance, key, exact, quantity, ...settings };
  if (settings.proposal === undefined) return { ...(await (shared ?? noised)(energy, ask)), notes: {} };
  const proposed = ask as ProposedRequest;
  const result: NoisedResult & { fellBack?: number } = shared
    ? await shared(energy, proposed)
    : merge(await inTurns((block) => noised(energy, block), blocksOf(proposed, ROWS_PER_TURN * settings.mcSamples)));
  return { ...result, notes: { fellBack: result.fellBack ?? 0 } };
}
