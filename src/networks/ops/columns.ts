/** Matrices side by side and parts of them, differentiable to any order: each is the other's gradient. */
import { concat, customGrad, slice, type Tensor, type Tensor2D, zeros } from "@tensorflow/tfjs-core";

/** [n, a], [n, b], ... -> [n, a + b + ...]. */
export function joinColumns(parts: readonly Tensor2D[]): Tensor2D {
  const apply = customGrad((...inputs) => {
    const own = inputs.slice(0, parts.length) as Tensor2D[];
    const widths = own.map(({ shape }) => shape[1]);
    const gradFunc = (dy: Tensor) => {
      let begin = 0;
      return widths.map((width) => {
        const part = cutColumns(dy as Tensor2D, begin, width);
        begin += width;
        return part;
      });
    };
    return { value: concat(own, 1), gradFunc };
  });
  return apply(...parts) as Tensor2D;
}

/** Columns begin .. begin + width - 1 of x [n, m]. */
export function cutColumns(x: Tensor2D, begin: number, width: number): Tensor2D {
  const [rows, columns] = x.shape;
  const apply = customGrad((...inputs) => {
    const [own] = inputs as Tensor2D[];
    const gradFunc = (dy: Tensor) => {
      const sides: Tensor2D[] = [];
      if (begin > 0) sides.push(zeros([rows, begin]));
      sides.push(dy as Tensor2D);
      if (begin + width < columns) sides.push(zeros([rows, columns - begin - width]));
      return joinColumns(sides);
    };
    return { value: slice(own, [0, begin], [rows, width]), gradFunc };
  });
  return apply(x) as Tensor2D;
}
