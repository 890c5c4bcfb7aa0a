/** Every noise schedule obeys the interface: h(0) = 0, increasing, dh/dt = g^2, sigma^2 = h, timeOf inverts, bad input refused. */
import { cosineSchedule, geometricSchedule, linearSchedule, type NoiseSchedule, powerSchedule, quadraticSchedule } from "bnem";
import { describe, expect, test } from "vitest";

/** Name, factory, options, h(1), a value found by hand: [t, h(t)], and options that must be refused. */
type Row = [
  string,
  (options: never) => NoiseSchedule,
  Record<string, number>,
  number,
  [number, number],
  Record<string, unknown>[],
];

const sigmaOnly = [{}, { sigmaMax: 0 }, { sigmaMax: -1 }, { sigmaMax: Number.NaN }, { sigmaMax: Infinity }, { sigmaMax: "1" }];
const table: Row[] = [
  [
    "geometric",
    geometricSchedule,
    { sigmaMin: 0.25, sigmaMax: 50 },
    2500 - 0.0625,
    [0.5, 0.0625 * 199],
    [{ sigmaMin: 1 }, { sigmaMax: 1 }, { sigmaMin: 2, sigmaMax: 1 }, { sigmaMin: 1, sigmaMax: 1 }, { sigmaMin: 0, sigmaMax: 1 }],
  ],
  ["geometric, wide", geometricSchedule, { sigmaMin: 1e-5, sigmaMax: 3 }, 9 - 1e-10, [0.25, 1e-10 * (Math.sqrt(3e5) - 1)], []],
  ["linear", linearSchedule, { sigmaMax: 3 }, 9, [0.25, 2.25], sigmaOnly],
  ["quadratic", quadraticSchedule, { sigmaMax: 3 }, 9, [0.25, 9 / 16], sigmaOnly],
  [
    "power",
    powerSchedule,
    { sigmaMax: 3, exponent: 6 },
    9,
    [0.5, 9 / 64],
    [
      { sigmaMax: 1 },
      { exponent: 2 },
      { sigmaMax: 1, exponent: 0.5 },
      { sigmaMax: 1, exponent: 65 },
      { sigmaMax: 1, exponent: "2" },
    ],
  ],
  ["power, 1.5", powerSchedule, { sigmaMax: 0.1, exponent: 1.5 }, 0.01, [0.25, 0.01 / 8], []],
  [
    "cosine",
    cosineSchedule,
    { sigmaMax: 50 },
    2500,
    [0.5, 2500 * (Math.sin(Math.PI / 4.032) / Math.sin(Math.PI / 2.016)) ** 4],
    [...sigmaOnly, { sigmaMax: 1, offset: -0.1 }, { sigmaMax: 1, offset: 1.5 }],
  ],
  ["cosine, no offset", cosineSchedule, { sigmaMax: 2, offset: 0 }, 4, [0.5, 1], []],
];

const times = Array.from({ length: 1001 }, (_, i) => i / 1000);

describe.each(table)("%s schedule", (name, factory, options, last, [t0, h0], refused) => {
  const make = (o: unknown) => (factory as (options: unknown) => NoiseSchedule)(o);
  const schedule = make(options);

  test("starts at 0 exactly, ends at the stated variance, and has the value found by hand", () => {
    expect(schedule.variance(0)).toBe(0);
    expect(schedule.sigma(0)).toBe(0);
    expect(Math.abs(schedule.variance(1) / last - 1)).toBeLessThan(1e-13);
    expect(Math.abs(schedule.variance(t0) / h0 - 1)).toBeLessThan(1e-13);
  });

  test("increases strictly, with sigma^2 = h", () => {
    for (let i = 0; i < times.length; i++) {
      const h = schedule.variance(times[i]);
      if (i > 0) expect(h).toBeGreaterThan(schedule.variance(times[i - 1]));
      expect(Math.abs(schedule.sigma(times[i]) ** 2 - h)).toBeLessThanOrEqual(4e-16 * h);
    }
  });

  test("dh/dt = g^2", () => {
    // Central difference: its error is d^2/6 of the relative third derivative, at most 640 times g^2 (wide geometric) and 20 g^2 / t^2 (power 6), plus rounding of h.
    const d = 1e-4;
    for (let t = 0.02; t < 0.995; t += 0.01) {
      const slope = (schedule.variance(t + d) - schedule.variance(t - d)) / (2 * d);
      const g2 = schedule.diffusion(t) ** 2;
      const bound = 1e-4 * g2 + (4e-16 * schedule.variance(t)) / d;
      expect(Math.abs(slope - g2), `t = ${t}`).toBeLessThan(bound);
    }
    expect(schedule.diffusion(0)).toBeGreaterThanOrEqual(0);
    expect(schedule.diffusion(1)).toBeGreaterThanOrEqual(0);
  });

  test("timeOf is the inverse, and forgives the rounding of h(1) to f32", () => {
    for (const t of times) expect(Math.abs(schedule.timeOf(schedule.variance(t)) - t), `t = ${t}`).toBeLessThan(3e-8);
    for (const t of times.slice(10, 900)) expect(Math.abs(schedule.timeOf(schedule.variance(t)) - t)).toBeLessThan(1e-12);
    expect(schedule.timeOf(0)).toBe(0);
    expect(schedule.timeOf(schedule.variance(1) * (1 + 6e-8))).toBe(1);
  });

  test("refuses times and variances outside its range", () => {
    for (const t of [-1e-9, 1.0001, Number.NaN, Infinity]) {
      for (const call of ["sigma", "variance", "diffusion"] as const) expect(() => schedule[call](t)).toThrow(RangeError);
    }
    for (const h of [-1e-9, last * 1.001, Number.NaN]) expect(() => schedule.timeOf(h)).toThrow(RangeError);
    expect(() => schedule.variance("1" as never)).toThrow(TypeError);
  });

  test("refuses bad options and names the nearest known one", () => {
    for (const bad of refused) expect(() => make(bad), JSON.stringify(bad)).toThrow(/Schedule: /);
    expect(() => make({ ...options, sigmaMaxx: 1 })).toThrow(/did you mean "sigmaMax"/);
    expect(() => make(3)).toThrow(TypeError);
    expect(() => make(undefined)).toThrow(TypeError);
  });

  test("its name and options rebuild it", () => {
    expect(name.startsWith(schedule.name)).toBe(true);
    const again = make(JSON.parse(JSON.stringify(schedule.options)));
    for (const t of [0.1, 0.5, 1]) expect(again.variance(t)).toBe(schedule.variance(t));
  });
});

test("negative control: the slope check refuses a rate that is 1 % off", () => {
  const schedule = geometricSchedule({ sigmaMin: 0.25, sigmaMax: 50 });
  const slope = (schedule.variance(0.5001) - schedule.variance(0.4999)) / 2e-4;
  expect(Math.abs(slope - 1.01 * schedule.diffusion(0.5) ** 2)).toBeGreaterThan(1e-4 * schedule.diffusion(0.5) ** 2);
});
