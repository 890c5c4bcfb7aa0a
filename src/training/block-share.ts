/**
 * How many blocks of a step go to workers. What pays depends on the machine, its load and the size of the step, so it is tried: each choice for a
 * few steps, then the fastest for many. Results do not depend on it.
 */

/** Parts of the blocks that may go away. */
const parts = [0, 0.25, 0.375, 0.5, 0.625, 0.75];
const stepsPerTrial = 12;
/** Steps at the head of a trial whose time does not count: caches and queues still are the last choice's. */
const settling = 2;
/** Doubled after each trial: a worker's code is compiled in earnest only after some hundred blocks, so the first trials find workers slow. */
const firstPause = 50;
const longestPause = 800;

export class BlockShare {
  private readonly choices: readonly number[];
  private readonly times: number[][];
  private trial = 0;
  private steps = 0;
  private chosen = 0;
  private pause = firstPause;

  constructor(blocks: number) {
    this.choices = [...new Set(parts.map((part) => Math.round(part * blocks)))].filter((away) => away < blocks || away === 0);
    this.times = this.choices.map(() => []);
  }

  /** Blocks to send away in the next step. */
  get away(): number {
    return this.choices[this.trial < this.choices.length ? this.trial : this.chosen];
  }

  /** Milliseconds the step took. The median of a trial counts. */
  took(milliseconds: number): void {
    this.steps++;
    if (this.trial < this.choices.length) {
      if (this.steps > settling) this.times[this.trial].push(milliseconds);
      if (this.steps < stepsPerTrial) return;
      this.trial++;
      if (this.trial === this.choices.length) this.choose();
      this.steps = 0;
    } else if (this.steps === this.pause) {
      this.pause = Math.min(longestPause, 2 * this.pause);
      this.trial = 0;
      this.steps = 0;
      for (const list of this.times) list.length = 0;
    }
  }

  private choose(): void {
    const medians = this.times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
    this.chosen = medians.indexOf(Math.min(...medians));
  }
}
