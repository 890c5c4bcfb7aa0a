/** Moves of many chains on the threads of a pool: blocks of rows, the same bits as one call on one thread. */
import { inTurns, joined, rowsBetween } from "../core/row-blocks.js";
import type { Batch, Energy } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import { SharedEnergy } from "../kernels/shared-energy.js";
import { hamiltonian } from "./hamiltonian.js";
import { nutsMoves } from "./nuts-moves.js";

/** What can be asked of rows; each is a pure function of an energy and a request, row by row. */
const rowTasks = { hamiltonian, nuts: nutsMoves };
export type RowTask = keyof typeof rowTasks;
export type RequestOf<T extends RowTask> = Parameters<(typeof rowTasks)[T]>[1];
export type ResultOf<T extends RowTask> = ReturnType<(typeof rowTasks)[T]>;

/** A block of rows for the task "chains"; `energy` is the key under which the energy is installed. */
export interface ChainBlock {
  readonly energy: string;
  readonly task: RowTask;
  readonly request: RequestOf<RowTask>;
}

/** Milliseconds of a block. */
const BLOCK_TIME = 2;
/** Lanes of the kernels: blocks of other counts leave some empty. */
const LANES = 8;

function isBatch(value: unknown): value is Batch {
  return value !== null && typeof value === "object" && (value as Batch).data instanceof Float32Array;
}

/** The part of a value that belongs to rows from .. to - 1 of n: rows of batches, entries of arrays with one or more numbers a row. */
function part(value: unknown, from: number, to: number, n: number): unknown {
  if (isBatch(value)) return rowsBetween(value, from, to);
  if (!(value instanceof Float32Array)) return value;
  const width = value.length / n;
  return value.slice(from * width, to * width);
}

/** Rows from .. to - 1 of a request. */
export function rowsOfRequest<R extends RequestOf<RowTask>>(request: R, from: number, to: number): R {
  const { n } = request.x;
  const entries = Object.entries(request).map(([name, value]): [string, unknown] => {
    if (name !== "known" || value === undefined) return [name, part(value, from, to, n)];
    const known = Object.entries(value as object).map(([field, numbers]) => [field, part(numbers, from, to, n)]);
    return [name, Object.fromEntries(known)];
  });
  return { ...(Object.fromEntries(entries) as unknown as R), firstRow: (request.firstRow ?? 0) + from };
}

/** Results of blocks as one: rows one after the other, counts added. */
export function mergeResults<R extends ResultOf<RowTask>>(parts: readonly R[]): R {
  if (parts.length === 1) return parts[0];
  const entries = Object.entries(parts[0]).map(([name, first]): [string, unknown] => {
    const values = parts.map((each) => (each as unknown as Record<string, unknown>)[name]);
    if (typeof first === "number") return [name, (values as number[]).reduce((sum, value) => sum + value, 0)];
    if (!isBatch(first)) return [name, joined(values as Float32Array[])];
    const rows = values as Batch[];
    const data = joined(rows.map((each) => each.data));
    return [name, { data, n: rows.reduce((sum, { n }) => sum + n, 0), dim: first.dim }];
  });
  return Object.fromEntries(entries) as unknown as R;
}

/** One task on one block, on this thread. */
export function moveRows<T extends RowTask>(energy: Energy, task: T, request: RequestOf<T>): ResultOf<T> {
  const run = rowTasks[task] as (energy: Energy, request: RequestOf<T>) => ResultOf<T>;
  return run(energy, request);
}

/**
 * Moves of one energy's chains on all threads of a pool: the result does not depend on their number. An energy known only as JavaScript
 * functions cannot be sent to a worker; the calling thread then moves all rows, giving the host a turn every 16 ms. The threads keep the
 * energy until `dispose`.
 */
export class SharedChains {
  private readonly threads: SharedEnergy;
  /** Milliseconds that an energy took at least. */
  private cost: number | undefined;

  constructor(
    private readonly pool: WorkerPool,
    readonly energy: Energy,
  ) {
    this.threads = new SharedEnergy(pool, energy);
  }

  /** @throws as the task; the signal's reason */
  async run<T extends RowTask>(task: T, request: RequestOf<T>, signal?: AbortSignal): Promise<ResultOf<T>> {
    const began = performance.now();
    const result = await this.inBlocks(task, request, signal);
    const each = ((performance.now() - began) * (this.threads.alone ? 1 : this.pool.threads)) / Math.max(1, result.energyCalls);
    this.cost = Math.min(this.cost ?? Infinity, each);
    return result;
  }

  private async inBlocks<T extends RowTask>(task: T, request: RequestOf<T>, signal?: AbortSignal): Promise<ResultOf<T>> {
    const blocks = this.blocksOf(request);
    const share = (energy: string) => {
      const payloads = blocks.map((block): ChainBlock => ({ energy, task, request: block }));
      return this.pool.share<ResultOf<T>>("chains", payloads, { signal, heavy: this.cost !== undefined });
    };
    const here = () => inTurns((block) => moveRows(this.energy, task, block), blocks, signal);
    return mergeResults(await (this.isSmall(blocks.length) ? here() : this.threads.run(share, here)));
  }

  /** Less than is worth waking workers for. */
  private isSmall(blocks: number): boolean {
    return this.pool.threads === 1 || (this.cost !== undefined && blocks < 5);
  }

  private blocksOf<R extends RequestOf<RowTask>>(request: R): R[] {
    const { n } = request.x;
    const perRow = request.moves * ("leapfrogs" in request ? Math.max(1, request.leapfrogs) : 16);
    const wanted = this.cost === undefined ? 4 * LANES : BLOCK_TIME / (this.cost * perRow);
    const rows = this.energy.hamiltonian ? Math.max(LANES, LANES * Math.round(wanted / LANES)) : Math.max(1, Math.round(wanted));
    const blocks: R[] = [];
    for (let from = 0; from < n; from += rows) blocks.push(rowsOfRequest(request, from, Math.min(n, from + rows)));
    return blocks;
  }

  dispose(): void {
    this.threads.dispose();
  }
}
