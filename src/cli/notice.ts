/** That fewer threads compute than were asked for: one line a command, however many of its calls say so. */
import type { ProgressReporter } from "./progress.js";

export class Notice {
  private first: string | undefined;

  constructor(private readonly progress: ProgressReporter) {}

  /** What was said; null while all is well. */
  get text(): string | null {
    return this.first ?? null;
  }

  /** Says the first notice that comes. */
  take(notice: string | undefined): void {
    if (notice === undefined || this.first !== undefined) return;
    this.first = notice;
    this.progress.note(notice);
  }
}
