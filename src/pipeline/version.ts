/** Version of the package, written into checkpoints and reports. A test compares it with package.json. */
export const version = "0.1.0";
