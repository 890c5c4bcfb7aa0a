/** Runs of a training loop to a step or to the end, and the bits they leave. */
import type { LoopConfig, StepInfo } from "../../src/training/loop-config.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { bitsOf } from "./tiny-loop.js";

/** Runs until `until` steps are done in all. */
export async function runTo(loop: TrainingLoop, until: number, signal?: AbortSignal): Promise<StepInfo[]> {
  const infos: StepInfo[] = [];
  if (loop.step >= until) return infos;
  for await (const info of loop.steps({ signal })) {
    infos.push(info);
    if (info.step === until) break;
  }
  return infos;
}

/** A new loop's bits after `until` steps, by default at its end, and what it told on the way. */
export async function finalBits(config: LoopConfig, until?: number): Promise<{ bits: object; infos: StepInfo[] }> {
  const loop = new TrainingLoop(config);
  const infos = await runTo(loop, until ?? loop.total);
  const bits = bitsOf(await loop.state());
  loop.dispose();
  return { bits, infos };
}
