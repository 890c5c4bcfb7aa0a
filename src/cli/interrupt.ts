/** Ctrl-C: the first asks the command to end in order, the second ends the process at once. */
import { Interrupted } from "./outcome.js";

export interface InterruptSwitch {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** Aborts `signal` at the first SIGINT or SIGTERM; the system's own handling is back from then on. */
export function onInterrupt(announce: (text: string) => void): InterruptSwitch {
  const controller = new AbortController();
  const release = () => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  function stop(): void {
    release();
    announce("interrupted: ending in order (again to kill)");
    controller.abort(new Interrupted());
  }
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return { signal: controller.signal, release };
}
