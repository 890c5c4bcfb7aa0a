/** Which samples are drawn: a design by key, so that every fault meets every kind of target, transition and corrector. */
import { derive, keyOf, uniforms } from "bnem";
import { faultNames, targetNames } from "./cases.mjs";
import { correctorNames } from "./measure.mjs";

const rowCounts = [200, 1000, 2000];
/** Cheap ones thrice as often as those with Hessians. */
const transitionNames = ["bridge", "exponential", "tuned", "tuned", "tuned", "full", "map", "exponential", "tuned", "bridge"];
const levelCounts = [24, 48, 96];
/** No fault half as often again as each single one: what is usable must not be rare. */
const kinds = ["none", "none", "none", "none", ...faultNames];

/** @returns `count` rows, the same for any count */
export function designOf(count) {
  return Array.from({ length: count }, (_, i) => {
    const u = uniforms(derive(keyOf(11), "verdict"), 0, i, 8);
    const pick = (list, value) => list[Math.floor(value * list.length)];
    return {
      target: pick(targetNames, u[0]),
      fault: pick(kinds, u[1]),
      amount: u[2],
      transition: pick(transitionNames, u[3]),
      corrector: pick(correctorNames, u[4]),
      n: pick(rowCounts, u[5]),
      steps: pick(levelCounts, u[6]),
      seed: 1000 + 7 * i,
    };
  });
}
