/** Numbers and rows of a table as text. */

/** Three significant digits; large counts with an exponent. */
export function short(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5) return value.toExponential(1).replace("e+", "e");
  if (size >= 100) return value.toFixed(size >= 1000 ? 0 : 1);
  return String(Number(value.toPrecision(3)));
}

/** Cells of equal width in every column, the first `words` columns to the left. */
export function aligned(lines, words) {
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines.map((line) =>
    line
      .map((text, at) => (at < words ? text.padEnd(widths[at]) : text.padStart(widths[at])))
      .join("  ")
      .trimEnd(),
  );
}

/** Of at least one number. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
