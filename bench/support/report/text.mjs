/** Text and numbers for markup. */

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export const escapeText = (text) => String(text).replace(/[&<>"']/g, (character) => entities[character]);

/** Three significant digits without exponents. */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

export const times = (ratio) => (Number.isFinite(ratio) ? `${number(ratio)} ×` : "–");
