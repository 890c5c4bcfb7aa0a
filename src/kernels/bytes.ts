/** The two builds as the bundle stores them, in a file of their own: a worker is sent compiled modules, its bundle has none. */
export { default as plainAsset } from "../../dist/kernels.wasm";
export { default as relaxedAsset } from "../../dist/kernels-relaxed.wasm";
