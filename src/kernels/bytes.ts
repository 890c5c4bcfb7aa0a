/** The plain and the relaxed build as the bundle stores them, in a file of their own: a worker is sent compiled modules, its bundle has none. */
export { default as kernelsAsset } from "../../dist/kernels.wasm+kernels-relaxed.wasm";
