/**
 * What the machine itself gives to more threads: a plain arithmetic loop in registers, cut into pieces that the calling thread and its
 * workers take from one shared counter. No memory, no messages while it runs: nothing a pool does could scale better.
 */
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** Iterations of one piece: about a millisecond. */
const PIECE = 250_000;

function arithmetic(start) {
  let x = 0.5 + start * 1e-9;
  for (let i = 0; i < PIECE; i++) x = x * (3.75 - 3.75 * x);
  return x;
}

function takePieces(counter, pieces) {
  let sum = 0;
  for (let piece = Atomics.add(counter, 0, 1); piece < pieces; piece = Atomics.add(counter, 0, 1)) sum += arithmetic(piece);
  return sum;
}

if (!isMainThread && workerData?.control) {
  const counter = new Int32Array(workerData.control);
  parentPort.on("message", (pieces) => parentPort.postMessage(takePieces(counter, pieces)));
}

/** `milliseconds(threads, pieces)`: wall time of all pieces on so many threads, the calling one included. */
export class Control {
  constructor(threads = availableParallelism()) {
    const shared = new SharedArrayBuffer(4);
    this.counter = new Int32Array(shared);
    this.workers = Array.from(
      { length: threads - 1 },
      () => new Worker(new URL(import.meta.url), { workerData: { control: shared } }),
    );
  }

  async milliseconds(threads, pieces) {
    Atomics.store(this.counter, 0, 0);
    const used = this.workers.slice(0, threads - 1);
    const start = performance.now();
    const ends = used.map((worker) => new Promise((resolve) => worker.once("message", resolve)));
    for (const worker of used) worker.postMessage(pieces);
    takePieces(this.counter, pieces);
    await Promise.all(ends);
    return performance.now() - start;
  }

  async end() {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
