/** Progress on stderr: a live line on a terminal, a line now and then elsewhere, JSON lines when asked for. */

export const PROGRESS_MODES = ["auto", "json", "plain", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** One moment of a long phase. Fields that do not apply are absent. */
export interface Progress {
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  readonly gradientNorm?: number;
  readonly nonFinite?: number;
  readonly energyCalls?: number;
  readonly secondsLeft?: number;
}

/** What is written to: process.stderr, or a test's stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const LIVE_MS = 100;
const JSON_MS = 200;
const PLAIN_MS = 10_000;

function duration(seconds: number): string {
  if (!(seconds >= 0) || !Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
}

/** One line of text for a moment. */
export function progressText(progress: Progress): string {
  const { phase, step, steps, loss, gradientNorm, nonFinite, secondsLeft } = progress;
  const parts = [`${phase} ${step}/${steps} (${Math.floor((100 * step) / Math.max(steps, 1))} %)`];
  if (loss !== undefined) parts.push(`loss ${short(loss)}`);
  if (gradientNorm !== undefined) parts.push(`gradient ${short(gradientNorm)}`);
  if (nonFinite) parts.push(`non-finite ${nonFinite}`);
  if (secondsLeft !== undefined && step < steps) parts.push(`${duration(secondsLeft)} left`);
  return parts.join("  ");
}

/** Shows the moments of a command's phases, not more often than can be read. The last of a phase is always shown. */
export class ProgressReporter {
  private last = Number.NEGATIVE_INFINITY;
  private phase = "";
  private step = -1;
  private live = false;
  private readonly kind: "live" | "plain" | "json" | "none";

  constructor(
    mode: ProgressMode,
    private readonly stream: ProgressStream = process.stderr,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.kind = mode === "auto" ? (stream.isTTY ? "live" : "plain") : mode;
  }

  update(progress: Progress): void {
    if (this.kind === "none") return;
    const now = this.now();
    const fresh = progress.phase !== this.phase;
    const done = progress.step >= progress.steps && progress.step !== this.step;
    const pause = this.kind === "live" ? LIVE_MS : this.kind === "json" ? JSON_MS : PLAIN_MS;
    if (!fresh && !done && now - this.last < pause) return;
    if (fresh) this.endLine();
    this.phase = progress.phase;
    this.step = progress.step;
    this.last = now;
    if (this.kind === "json") this.stream.write(`${JSON.stringify(progress)}\n`);
    else if (this.kind === "plain") this.stream.write(`${progressText(progress)}\n`);
    else {
      this.stream.write(`\r\u001b[K${progressText(progress).slice(0, (this.stream.columns ?? 80) - 1)}`);
      this.live = true;
      if (done) this.endLine();
    }
  }

  /** A sentence between the moments. */
  note(text: string): void {
    if (this.kind === "none") return;
    this.endLine();
    this.stream.write(this.kind === "json" ? `${JSON.stringify({ note: text })}\n` : `${text}\n`);
  }

  /** Leaves the live line behind. */
  endLine(): void {
    if (this.live) this.stream.write("\n");
    this.live = false;
  }
}
