/** silu(x) = x / (1 + exp(-x)) and its first two derivatives in f64. */

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function siluTwin(x: number): number {
  return x * sigmoid(x);
}

export function siluSlopeTwin(x: number): number {
  return sigmoid(x) * (1 + x * sigmoid(-x));
}

export function siluBendTwin(x: number): number {
  const s = sigmoid(x);
  const t = sigmoid(-x);
  return s * t * (2 + x * (t - s));
}
