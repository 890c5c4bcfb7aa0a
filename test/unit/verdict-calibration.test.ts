/** The calibration of the verdict, replayed: its recorded facts still get the verdicts that the confusion table of the docs counts. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type SampleFacts, sampleVerdict } from "../../src/correction/sample-verdict.js";

/** `npm run bench -- verdict`: a line of figures for each sample, with what was true of it. */
const { result } = JSON.parse(readFileSync("bench/results/verdict.json", "utf8")) as {
  result: { columns: string; rows: string[] };
};
const columns = result.columns.split(" | ");

type Line = Readonly<Record<string, string>>;
const lines: Line[] = result.rows.map((text) => Object.fromEntries(text.split(" | ").map((value, i) => [columns[i], value])));

const number = (text: string) => (text === "" ? undefined : Number(text));
const size = (value: string, n: string) =>
  value === "" ? undefined : { value: Number(value), n: Number(n), fraction: Number(value) / Number(n) };

function factsOf(line: Line, target: boolean): SampleFacts {
  const shift = number(line.shift);
  const effective = size(line.effective, line.n) as SampleFacts["effective"];
  return {
    n: Number(line.n),
    nonFinite: Number(line.nonFinite),
    islands: Number(line.islands),
    ess: size(line.ess, line.n) as SampleFacts["ess"],
    maxWeight: Number(line.maxWeight),
    uniqueAncestors: Number(line.ancestors),
    effective: effective && ({ ...effective, limitedBy: line.limitedBy, over: line.over } as SampleFacts["effective"]),
    pathEss: size(line.pathEss, line.pathRows),
    accumulatedResidual: { trusted: number(line.residual) },
    splitHalves: line.splitLogZ === "" ? undefined : { logZ: Number(line.splitLogZ), energy: number(line.splitEnergy) },
    kHat: number(line.kHat),
    notInvertible: number(line.notInvertible),
    rawShift: shift === undefined ? undefined : ({ value: shift, of: line.shiftOf } as SampleFacts["rawShift"]),
    ...(target &&
      line.unseen !== "" && {
        forwardEss: size(line.forwardEss, line.forwardRows),
        unseen: { share: Number(line.unseen), n: Number(line.forwardRows) },
      }),
  };
}

/** [raw usable, only weights usable, neither, wrong uses, wrong uses but for missing modes] of every verdict. */
function confusion(target: boolean) {
  const counts = { raw: [0, 0, 0, 0, 0], weights: [0, 0, 0, 0, 0], no: [0, 0, 0, 0, 0] };
  for (const line of lines) {
    const { use } = sampleVerdict(factsOf(line, target));
    const [raw, weights] = [line.rawOk === "1", line.weightsOk === "1"];
    counts[use][raw ? 0 : weights ? 1 : 2]++;
    if (use === "no" || (use === "raw" ? raw : weights)) continue;
    counts[use][3]++;
    if (line.fault !== "mode missing") counts[use][4]++;
  }
  return counts;
}

test("every recorded sample was judged", () => {
  expect(lines.length).toBe(388);
  expect(lines.every(({ failed }) => failed === "")).toBe(true);
});

test("what a sample knows of itself: the uses that are wrong miss a mode that it cannot see", () => {
  expect(confusion(false)).toEqual({ raw: [86, 1, 16, 17, 1], weights: [33, 83, 2, 3, 0], no: [76, 16, 75, 0, 0] });
});

test("with draws of the target: one use in 184 is wrong", () => {
  expect(confusion(true)).toEqual({ raw: [85, 1, 0, 1, 1], weights: [30, 68, 0, 0, 0], no: [80, 31, 93, 0, 0] });
});
