/** The public surface: named re-exports only. */
export { BnemError, type BnemErrorCode } from "./core/errors.js";
export type * from "./core/types.js";
