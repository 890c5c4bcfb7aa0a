/** Text for markup: escaping, and numbers as a reader wants them. Output is well-formed XML whatever comes in. */

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes for element content and quoted attributes; characters XML forbids become U+FFFD. */
export function escapeText(text: unknown): string {
  return String(text)
    .replace(/[^\t\n\r\u0020-\ufffd\u{10000}-\u{10ffff}]|\p{Surrogate}/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** Four significant digits, or as many as asked for; 12,345 with separators; words for what is no number. */
export function formatNumber(value: number | null | undefined, significant = 4): string {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return group(String(value));
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2).replace("-", "−");
  const digits = Math.max(0, significant - 1 - Math.floor(Math.log10(size)));
  const text = value.toFixed(Math.min(digits, 7));
  return group(text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function group(text: string): string {
  const [whole, fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",").replace("-", "−");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** "4.32 ± 0.12": the error with two significant digits. */
export function formatWithError(value: number | undefined, error: number | undefined): string {
  if (value === undefined) return "–";
  return error === undefined ? formatNumber(value) : `${formatNumber(value)} ± ${formatNumber(error, 2)}`;
}

/** "1.25 ×", "5,086 ×". */
export function formatRatio(ratio: number): string {
  return `${ratio < 100 ? ratio.toFixed(2) : formatNumber(Math.round(ratio))} ×`;
}

/** Seconds as "840 ms", "12.3 s" or "4 min 5 s". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return formatNumber(seconds);
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 10 to a whole power, as text for an axis. */
export function powerOfTen(exponent: number): string {
  if (exponent >= -3 && exponent <= 4) return group(exponent < 0 ? (10 ** exponent).toFixed(-exponent) : String(10 ** exponent));
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** "positionW2" -> "position W2", for names that have no better label. */
export function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/_/g, " ");
}
