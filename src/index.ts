/** The public surface: named re-exports only. */
export { BnemError, type BnemErrorCode } from "./core/errors.js";
export type * from "./core/types.js";
export { init } from "./pipeline/init.js";
export { version } from "./pipeline/version.js";
export { cosineSchedule } from "./schedules/cosine.js";
export { geometricSchedule } from "./schedules/geometric.js";
export { linearSchedule } from "./schedules/linear.js";
export { powerSchedule } from "./schedules/power.js";
export { quadraticSchedule } from "./schedules/quadratic.js";
