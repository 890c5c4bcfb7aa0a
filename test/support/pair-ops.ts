/** Rows of the table of tensor operations that look at the pairs of particles. */
import * as tf from "@tensorflow/tfjs-core";
import { joinColumns } from "../../src/networks/ops/columns.js";
import { type PairShape, pairDescriptors } from "../../src/networks/ops/pair-descriptors.js";
import { type Input, type OpCase, type OpRow, of, spread } from "./elementwise-ops.js";

type Tensor = tf.Tensor;

/**
 * Places about the corners of cubes of side 1.8: no distance comes as near to a knot of the splines below, multiples of .75, as the steps of the
 * differences are long, because the third derivative jumps there.
 */
function places(rows: number, count: number, spatialDim: number): Input {
  const noise = spread(rows * count * spatialDim, 0.3, -0.02, 0.02);
  const values = noise.map((v, at) => {
    const axis = at % spatialDim;
    const particle = Math.floor(at / spatialDim) % count;
    const corner = (particle >> axis) % 2;
    return v + 1.8 * corner + (axis === 0 ? 3.6 * (particle >> spatialDim) : 0);
  });
  return { shape: [rows, count * spatialDim], values };
}

interface PairCase {
  readonly rows: number;
  readonly shared?: boolean;
  readonly shape: PairShape;
}

/** In the last case pairs lie beyond the cut-off. */
const cases: readonly PairCase[] = [
  { rows: 2, shape: { count: 3, spatialDim: 3, cutoff: 6, radial: 4, scalars: 4, vectors: 4, tensors: 4 } },
  { rows: 2, shared: true, shape: { count: 3, spatialDim: 3, cutoff: 6, radial: 4, scalars: 4, vectors: 4, tensors: 4 } },
  { rows: 1, shape: { count: 5, spatialDim: 2, cutoff: 6, radial: 4, scalars: 8, vectors: 4, tensors: 8 } },
  { rows: 2, shape: { count: 2, spatialDim: 3, cutoff: 6, radial: 4, scalars: 4, vectors: 0, tensors: 0 } },
  { rows: 1, shape: { count: 4, spatialDim: 3, cutoff: 6, radial: 4, scalars: 4, vectors: 8, tensors: 0 } },
  { rows: 1, shape: { count: 9, spatialDim: 3, cutoff: 3, radial: 4, scalars: 4, vectors: 4, tensors: 4 } },
];

const columnsOf = ({ scalars, vectors, tensors }: PairShape) => scalars + vectors + tensors;
const weightsOf = ({ rows, shared, shape }: PairCase) => of(shared ? 1 : rows, shape.radial, columnsOf(shape));
const run =
  ({ shape }: PairCase) =>
  (y: Tensor, w: Tensor) =>
    pairDescriptors(y as tf.Tensor2D, w as tf.Tensor3D, shape);

/** The gradient in one input, as a value. */
function gradientCase(each: PairCase, input: 0 | 1): OpCase {
  const { rows, shape } = each;
  const { count, spatialDim } = shape;
  return {
    inputs: [places(rows, count, spatialDim), weightsOf(each), of(rows * count, columnsOf(shape))],
    run: (y, w, g) => tf.grads((a: Tensor, b: Tensor) => tf.sum(tf.mul(run(each)(a, b), g)))([y, w])[input],
  };
}

/** The gradient in y, and what it becomes along a direction: by y and by what comes from above. */
function slopeCase(each: PairCase): OpCase {
  const { inputs, run: slope } = gradientCase(each, 0);
  return { inputs: [inputs[0], { ...inputs[1], fixed: true }, inputs[2]], run: slope };
}

function curvatureCase(each: PairCase): OpCase {
  const { inputs, run: slope } = gradientCase(each, 0);
  return {
    inputs: [...inputs, of(...inputs[0].shape)],
    run: (y, w, g, v) => {
      const [byY, byG] = tf.grads((a: Tensor, b: Tensor) => tf.sum(tf.mul(slope(a, w, b), v)))([y, g]);
      return joinColumns([byY, byG].map((part) => tf.reshape(part, [1, part.size]) as tf.Tensor2D));
    },
  };
}

export const pairRows: readonly OpRow[] = [
  {
    name: "BnemPairDescriptors",
    order: 1,
    cases: cases.map((each) => ({
      inputs: [places(each.rows, each.shape.count, each.shape.spatialDim), weightsOf(each)],
      run: run(each),
    })),
  },
  { name: "BnemPairDescriptorsInY", order: 1, cases: cases.map(slopeCase) },
  { name: "BnemPairDescriptorsCurvature", order: 0, cases: cases.map(curvatureCase) },
  { name: "BnemPairDescriptorsInW", order: 0, cases: cases.map((each) => gradientCase(each, 1)) },
];
