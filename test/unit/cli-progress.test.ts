/** Progress on stderr: live on a terminal, now and then elsewhere, JSON lines on demand; and how errors become exit codes. */
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { asUsage, errorData, exitCodeOf, Interrupted, UsageError } from "../../src/cli/outcome.js";
import { type ProgressMode, ProgressReporter, progressText } from "../../src/cli/progress.js";

/** A stream that remembers, and a clock the test moves. */
function setup(mode: ProgressMode, isTTY = false) {
  const stream = { isTTY, columns: 60, text: "", write: (text: string) => (stream.text += text) };
  const clock = { time: 0 };
  const reporter = new ProgressReporter(mode, stream, () => clock.time);
  return { stream, clock, reporter };
}

const moment = { phase: "training", step: 5, steps: 100, loss: 0.123456, gradientNorm: 2, nonFinite: 0, secondsLeft: 75 };

describe("progressText", () => {
  it("shows steps, loss, gradient norm and time left", () => {
    expect(progressText(moment)).toBe("training 5/100 (5 %)  loss 0.123  gradient 2  1 min 15 s left");
    expect(progressText({ ...moment, nonFinite: 3, secondsLeft: 9.6 })).toContain("non-finite 3  10 s left");
    expect(progressText({ phase: "x", step: 1, steps: 1, loss: Number.NaN, secondsLeft: 3 })).toBe("x 1/1 (100 %)  loss NaN");
    expect(progressText({ phase: "x", step: 0, steps: 2, secondsLeft: Number.NaN })).toContain("? left");
  });
});

describe("ProgressReporter", () => {
  it("rewrites one line on a terminal, never longer than it, and leaves it behind at the end", () => {
    const { stream, clock, reporter } = setup("auto", true);
    reporter.update(moment);
    reporter.update({ ...moment, step: 6 });
    clock.time = 150;
    reporter.update({ ...moment, step: 7 });
    expect(stream.text.match(/\r/g)).toHaveLength(2);
    expect(stream.text).not.toContain("6/100");
    for (const line of stream.text.split("\r")) expect(line.replace("\u001b[K", "").length).toBeLessThan(60);
    reporter.update({ ...moment, step: 100 });
    expect(stream.text.endsWith("\n")).toBe(true);
    reporter.note("done");
    expect(stream.text.endsWith("\ndone\n")).toBe(true);
  });

  it("prints plain lines every 10 s, the first and the last of a phase always, the last once", () => {
    const { stream, clock, reporter } = setup("auto");
    for (let step = 1; step <= 100; step++) {
      clock.time += 300;
      reporter.update({ ...moment, step });
    }
    reporter.update({ ...moment, step: 100 });
    const lines = stream.text.trim().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toContain("training 1/100");
    expect(lines[3]).toContain("training 100/100");
    reporter.update({ phase: "sampling", step: 0, steps: 5 });
    expect(stream.text).toContain("sampling 0/5");
  });

  it("writes JSON lines", () => {
    const { stream, reporter } = setup("json", true);
    reporter.update(moment);
    reporter.note("a sentence");
    const lines = stream.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([moment, { note: "a sentence" }]);
  });

  it("is silent when asked to be", () => {
    const { stream, reporter } = setup("none");
    reporter.update(moment);
    reporter.note("nothing");
    expect(stream.text).toBe("");
  });
});

describe("outcomes", () => {
  it("maps errors to exit codes", () => {
    expect(exitCodeOf(new Error("x"))).toBe(1);
    expect(exitCodeOf(new RangeError("x"))).toBe(1);
    expect(exitCodeOf("text")).toBe(1);
    expect(exitCodeOf(new UsageError("x"))).toBe(2);
    expect(exitCodeOf(new CommanderError(1, "commander.unknownOption", "x"))).toBe(2);
    expect(exitCodeOf(new CommanderError(0, "commander.helpDisplayed", "x"))).toBe(0);
    expect(exitCodeOf(new Interrupted())).toBe(130);
  });

  it("makes wrong arguments wrong use, and leaves other errors alone", () => {
    const fail = (error: Error) => () => {
      throw error;
    };
    expect(() => asUsage(fail(new RangeError("train: no")))).toThrow(UsageError);
    expect(() => asUsage(fail(new TypeError("train: no")))).toThrow(UsageError);
    expect(() => asUsage(fail(new Error("disk")))).not.toThrow(UsageError);
    expect(asUsage(() => 7)).toBe(7);
  });

  it("keeps the code of an error", () => {
    const error = Object.assign(new Error("lost"), { code: "device-lost" });
    expect(errorData(error)).toEqual({ error: { name: "Error", code: "device-lost", message: "lost", exitCode: 1 } });
    expect(errorData("odd").error.message).toBe("odd");
  });
});
