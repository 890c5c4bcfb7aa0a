/** This package's version, as in package.json (a test compares them); written to checkpoints and reports. */
export const version = "0.1.0";
