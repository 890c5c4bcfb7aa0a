/** Broadcasting as two strides: the shapes that one call of a zip kernel covers. */

/** How one operand is walked: numbers from row to row and from column to column; 0 repeats it. */
export interface Walk {
  readonly row: number;
  readonly column: number;
}

export interface Grid {
  readonly shape: number[];
  readonly rows: number;
  readonly columns: number;
  readonly walks: readonly Walk[];
}

/** The shape that operands of these shapes have together. An axis of length 0 stays empty beside one of length 1. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[shape.length - rank + axis] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

interface Group {
  length: number;
  /** 1 where the operand has these axes, 0 where it repeats. */
  readonly has: string;
}

/** Neighbouring axes along which the same operands vary, joined; axes of length 1 left out. */
function groupsOf(shape: readonly number[], shapes: readonly (readonly number[])[]): Group[] {
  const groups: Group[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const has = shapes.map((own) => ((own[own.length - shape.length + axis] ?? 1) === 1 ? "0" : "1")).join("");
    const last = groups.at(-1);
    if (last?.has === has) last.length *= length;
    else groups.push({ length, has });
  });
  return groups;
}

/**
 * Operands of these shapes as walks over one [rows, columns] grid; null where more than two groups of axes vary differently ([n, 1, d] with
 * [1, n, d]), which one call cannot walk.
 */
export function gridOf(shapes: readonly (readonly number[])[]): Grid | null {
  const shape = broadcastShape(shapes);
  if (shape.includes(0)) return null;
  const groups = groupsOf(shape, shapes);
  if (groups.length > 2) return null;
  const columns = groups.at(-1) ?? { length: 1, has: "1".repeat(shapes.length) };
  const rows = groups.length === 2 ? groups[0] : { length: 1, has: "0".repeat(shapes.length) };
  const walks = shapes.map((_, at) => {
    const column = Number(columns.has[at]);
    return { column, row: rows.has[at] === "1" ? (column ? columns.length : 1) : 0 };
  });
  return { shape, rows: rows.length, columns: columns.length, walks };
}
