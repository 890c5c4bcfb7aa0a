/** Residual SiLU perceptron on damped Fourier features: the network of low-dimensional targets. */
import { checkInteger, checkNumber, checkOneOf, checkOptions, checkPositive } from "../core/check.js";
import { freeDimension } from "../core/subspace.js";
import type { NetworkLengths } from "../core/types.js";
import type { FeatureOptions } from "./feature-tables.js";
import { inputCount, makeFeatures } from "./features.js";
import { energyHead, scoreHead } from "./heads.js";
import { countParameters, type Network, type NetworkFactory, type NetworkOutput } from "./network.js";
import { initialLayers, layerShapes, residualLayers } from "./residual-layers.js";

/** Options of `mlp`; the defaults suit GMM-40. */
export interface MlpOptions extends Partial<FeatureOptions> {
  /** Units of each hidden layer. Default 64. */
  readonly width?: number;
  /** Hidden layers; those after the first are residual. Default 3. */
  readonly depth?: number;
  /** Number of Fourier frequencies. Default 64. */
  readonly features?: number;
  /** Standard deviation of the frequencies in radians per unit of x / scale. Default 12. */
  readonly featureScale?: number;
  /** Raw length by which coordinates are divided: about the half-width of the region of interest. Default: the `scale` of training, or 50. */
  readonly scale?: number;
  /** Standard deviation of the target per coordinate, in units of scale (the Gaussian base). Default: that of training, or 0.46. */
  readonly baseStd?: number;
  /** Energy per unit of the last layer, kT. Default 4. */
  readonly outputScale?: number;
  /** Half-width, in units of scale, of the box outside which the target has no mass (a wall there; heads.ts). Default 0: not known. */
  readonly extent?: number;
  /** Finest structure of the target, in units of scale. Default 0.025. */
  readonly detail?: number;
  /** Noise below which the noise embedding stands still, in units of scale. Default 0.005. */
  readonly sigmaFloor?: number;
}

type Settings = Required<MlpOptions>;

const defaults: Settings = {
  width: 64,
  depth: 3,
  features: 64,
  featureScale: 12,
  scale: 50,
  baseStd: 0.46,
  outputScale: 4,
  horizon: 2.2,
  extent: 0,
  detail: 0.025,
  sigmaFloor: 0.005,
};

/** Training keeps six vectors of all parameters (values, gradient, sums of other threads, average, two moments) in a memory that ends at 4 GiB. */
const MOST_PARAMETERS = Math.floor(2 ** 32 / 4 / 6);

function settle(options: MlpOptions, lengths?: NetworkLengths): Settings {
  checkOptions("mlp", options, Object.keys(defaults));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { scale = defaults.scale, baseStd = defaults.baseStd } = lengths ?? {};
  const settings: Settings = { ...defaults, scale, baseStd, ...given };
  checkInteger("mlp", "width", settings.width, 1, 65_536);
  checkInteger("mlp", "depth", settings.depth, 1, 1_000);
  checkInteger("mlp", "features", settings.features, 1, 65_536);
  for (const name of ["featureScale", "scale", "baseStd", "outputScale", "detail", "sigmaFloor"] as const) {
    checkPositive("mlp", name, settings[name]);
  }
  for (const name of ["horizon", "extent"] as const) checkNumber("mlp", name, settings[name], 0, Number.MAX_VALUE);
  return settings;
}

/** Matrix and bias of each layer. @throws RangeError for more parameters than a memory holds */
function shapesOf(dim: number, outputs: number, { width, depth, features }: Settings): number[][] {
  const shapes = layerShapes({ inputs: inputCount(dim, features), width, depth, outputs });
  const count = countParameters(shapes);
  if (count > MOST_PARAMETERS) {
    throw new RangeError(
      `mlp: width ${width} and depth ${depth} make ${count} parameters, more than the ${MOST_PARAMETERS} that can be trained in 4 GiB`,
    );
  }
  return shapes;
}

/**
 * Network factory: a residual SiLU perceptron, energy or score.
 *
 *   h_1 = silu(W_1 f + b_1),   h_k = h_(k-1) + silu(W_k h_(k-1) + b_k),   out = W h_depth + b
 *
 * with f = damped Fourier features, x / sqrt(v) and the noise embedding (features.ts), and the heads of heads.ts on top. Lengths are in raw
 * units where they enter (`scale`), in units of `scale` where an option says so. 17 thousand parameters at the defaults in two dimensions.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value
 */
export function mlp(options: MlpOptions = {}): NetworkFactory {
  settle(options);
  return (dim: number, output: NetworkOutput, lengths?: NetworkLengths): Network => {
    const settings = settle(options, lengths);
    checkInteger("mlp", "dim", dim, 1);
    checkOneOf("mlp", "output", output, ["energy", "score"]);
    const shapes = shapesOf(dim, output === "energy" ? 1 : dim, settings);
    const features = makeFeatures(dim, settings);
    const freeDim = freeDimension({ dim, particles: lengths?.particles });
    const confinement = {
      halfWidth: settings.extent * settings.scale,
      detail: settings.detail * settings.scale,
    };
    return {
      name: "mlp",
      options: { ...settings },
      output,
      dim,
      shapes,
      parameterCount: countParameters(shapes),
      initialize: (key) => initialLayers(key, shapes),
      forward(parameters, x, variance) {
        const seen = features(x, variance);
        const raw = residualLayers(parameters, seen.inputs);
        if (output === "energy") return energyHead(raw, seen, x, variance, settings.outputScale, confinement, freeDim);
        return scoreHead(raw, seen, x, variance, confinement);
      },
    };
  };
}
