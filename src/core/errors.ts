/** Errors of state and environment. Wrong kinds are TypeError, wrong values RangeError. */

export type BnemErrorCode =
  | "not-initialized"
  | "disposed"
  | "diverged"
  | "bad-checkpoint"
  | "bad-file"
  | "bad-energy"
  | "degenerate-weights"
  | "device-lost"
  | "unsupported";

/** State or environment error with a stable `code`; `cause` holds what was underneath, `data` what was computed before and would be lost. */
export class BnemError extends Error {
  readonly code: BnemErrorCode;
  readonly data?: unknown;
  constructor(code: BnemErrorCode, message: string, options?: { cause?: unknown; data?: unknown }) {
    super(message, options);
    this.name = "BnemError";
    this.code = code;
    if (options?.data !== undefined) this.data = options.data;
  }
}
