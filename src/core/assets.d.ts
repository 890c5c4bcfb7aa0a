declare module "*.wasm" {
  const asset: import("./wasm-asset.js").WasmAsset;
  export default asset;
}

declare module "*.txt" {
  const text: string;
  export default text;
}
