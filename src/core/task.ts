/** Long calls: abort, and giving the host a turn. An AbortSignal ends a call with its own reason. */

/** @throws the signal's reason when aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

interface Followers {
  readonly stops: Set<AbortController>;
  readonly listener: () => void;
}

const followers = new WeakMap<AbortSignal, Followers>();

/**
 * Has `stop` abort when `signal` does, with its reason, until the returned function is called. One listener for each signal, however many follow it:
 * Node warns of more than ten.
 */
export function follow(signal: AbortSignal | undefined, stop: AbortController): () => void {
  if (!signal) return () => {};
  if (signal.aborted) stop.abort(signal.reason);
  let known = followers.get(signal);
  if (!known) {
    const stops = new Set<AbortController>();
    const listener = () => {
      for (const each of [...stops]) each.abort(signal.reason);
    };
    known = { stops, listener };
    followers.set(signal, known);
    signal.addEventListener("abort", listener);
  }
  const { stops, listener } = known;
  stops.add(stop);
  return () => {
    if (!stops.delete(stop) || stops.size > 0) return;
    signal.removeEventListener("abort", listener);
    followers.delete(signal);
  };
}

/** Resolves in a new macrotask, after messages that wait have been taken; a message channel, because nested timers are slowed to 4 ms by browsers. */
export function nextTurn(): Promise<void> {
  const immediate = (globalThis as { setImmediate?: (f: () => void) => void }).setImmediate;
  if (immediate) return new Promise((resolve) => immediate(resolve));
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(0);
  });
}

/** Call `await pace.breathe()` often: it yields to the host at most every 16 ms and checks the signal each time. */
export class Pace {
  private last = performance.now();
  constructor(private readonly signal?: AbortSignal) {}
  async breathe(): Promise<void> {
    throwIfAborted(this.signal);
    if (performance.now() - this.last < 16) return;
    await nextTurn();
    this.last = performance.now();
    throwIfAborted(this.signal);
  }
}

/**
 * Waits for what the engine's own threads do, such as compiling WebAssembly, with a timer running. With nothing else to do Node 20 leaves its event
 * loop and waits for those threads; where one of them waits for a garbage collection by this thread, neither ever goes on (1 start in 25 under load).
 */
export async function awake<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
