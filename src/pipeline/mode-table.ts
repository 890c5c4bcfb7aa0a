/** Shares of the modes as a table and as sentences. */
import type { Evaluation } from "../metrics/evaluate.js";
import type { ModeFraction, ModeFractions } from "../metrics/mode-fractions.js";
import type { ModeTable } from "../report/report-data.js";
import { formatNumber, formatWithError } from "../report/text.js";

/** Rows of the table at most. */
const ROWS = 40;

function probability(tail: number): string {
  return tail < 1e-6 ? "less than 1e-6" : formatNumber(tail, 2);
}

function sentence(label: string, { largest, chiSquare, n, effectiveSize, clusters }: ModeFractions): string {
  const { value, degrees, tail } = chiSquare;
  const judgement =
    degrees === 0
      ? "too few effective rows for a chi-square"
      : `chi-square ${formatNumber(value, 3)} at ${degrees} degrees of freedom, probability ${probability(tail)}: ${tail >= 0.01 ? "passes" : "fails"} at 1 %`;
  const kin = clusters < n ? `, ${formatNumber(clusters)} ancestors` : "";
  const size = `${formatNumber(n)} rows, effective size by Kish ${formatNumber(Math.round(effectiveSize))}${kin}`;
  return `${label} mode fractions (${size}): off by at most ${formatNumber(largest, 2)} standard errors; ${judgement}.`;
}

/** The fractions of a raw and of a weighted sample, the same evaluation where they are the same draw. */
function both(raw: Evaluation, weighted: Evaluation): { raw: ModeFractions; weighted?: ModeFractions } | undefined {
  const found = raw.modeFractions?.raw;
  return found && { raw: found, weighted: weighted.modeFractions?.weighted };
}

/** One sentence for each sample; none for targets without modes. */
export function modeSentences(raw: Evaluation, weighted: Evaluation = raw): string[] {
  const found = both(raw, weighted);
  if (!found) return [];
  return [sentence("Raw", found.raw), ...(found.weighted ? [sentence("Weighted", found.weighted)] : [])];
}

function cells({ value, standardError, z }: ModeFraction): string[] {
  return [formatWithError(value, standardError), formatNumber(z, 2)];
}

/**
 * Shares of the modes, raw and weighted, beside those of the target; of more than 40 modes those that are farthest off.
 *
 * @param weighted evaluation of the weighted sample where that is another draw
 */
export function modeTable(raw: Evaluation, weighted: Evaluation = raw): ModeTable | undefined {
  const found = both(raw, weighted);
  if (!found) return undefined;
  const { modes } = found.raw;
  const others = found.weighted?.modes;
  const off = (k: number) => Math.max(Math.abs(modes[k].z), Math.abs(others?.[k].z ?? 0));
  const worst = Array.from(modes.keys()).sort((a, b) => off(b) - off(a));
  const shown = worst.slice(0, ROWS).sort((a, b) => a - b);
  const cut = modes.length > ROWS ? [`The ${ROWS} of ${modes.length} modes that are farthest off.`] : [];
  return {
    head: ["mode", "target", "raw", "z", ...(others ? ["weighted", "z"] : [])],
    rows: shown.map((k) => {
      return [String(k + 1), formatNumber(modes[k].expected, 3), ...cells(modes[k]), ...(others ? cells(others[k]) : [])];
    }),
    notes: [...modeSentences(raw, weighted), ...cut],
  };
}
