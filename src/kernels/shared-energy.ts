/** An energy on the threads of a pool, each of which makes it again from its name and options. */
import { BnemError } from "../core/errors.js";
import type { Energy } from "../core/types.js";
import type { WorkerPool } from "./pool.js";

/** What another thread needs to make the same energy. */
export interface EnergyDescription {
  readonly name: string;
  readonly options: Energy["options"];
  readonly check: Energy["check"];
}

let installs = 0;

/** The threads keep the energy from the first call of `run` until `dispose`. */
export class SharedEnergy {
  private readonly key = `energy ${++installs}`;
  private installed = false;
  private noOther: boolean;

  constructor(
    private readonly pool: WorkerPool,
    private readonly energy: Energy,
  ) {
    this.noOther = energy.options === null;
  }

  /** No other thread can make this energy: it is known only as JavaScript functions, or its name and options make another one. */
  get alone(): boolean {
    return this.noOther;
  }

  /** `share` with the key under which threads find the energy in their state; `here` where no other thread can make it. */
  async run<R>(share: (key: string) => Promise<R>, here: () => Promise<R>): Promise<R> {
    if (this.noOther) return here();
    this.install();
    try {
      return await share(this.key);
    } catch (error) {
      if (!(error instanceof BnemError && error.code === "bad-energy")) throw error;
      this.noOther = true;
      this.dispose();
      return here();
    }
  }

  dispose(): void {
    if (this.installed) this.pool.uninstall(this.key);
    this.installed = false;
  }

  private install(): void {
    if (this.installed) return;
    const { name, options, check } = this.energy;
    const description: EnergyDescription = { name, options, check };
    this.pool.install(this.key, "energy", description);
    this.installed = true;
  }
}
