/** Programs as such: memory that never overlaps, instructions that are joined, what a machine does with them. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fuse } from "../../src/kernels/fuse.js";
import { keepSlopes } from "../../src/kernels/keep-slopes.js";
import { Machine } from "../../src/kernels/machine.js";
import { type Argument, type BufferSpec, type Instruction, layOut, type Program } from "../../src/kernels/program.js";
import { mlp } from "../../src/networks/mlp.js";
import { modelProgram } from "../../src/networks/record.js";
import { draw, leaveOwn, recorded, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

/** Random programs: their calls need not mean anything, only their buffers matter. */
const randomProgram: fc.Arbitrary<Program> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 24 }),
    parts: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }),
    constants: fc.array(fc.nat(), { maxLength: 4 }),
    named: fc.array(fc.nat(), { maxLength: 4 }),
    calls: fc.array(fc.tuple(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), fc.option(fc.integer({ min: 1, max: 999 }))), {
      maxLength: 40,
    }),
  })
  .map(({ sizes, parts, constants, named, calls }) => {
    const buffers: BufferSpec[] = sizes.map((bytes, at) =>
      constants.some((c) => c % sizes.length === at) ? { bytes, constant: new Uint8Array(bytes) } : { bytes },
    );
    for (const [parent, place] of parts) {
      const buffer = parent % buffers.length; // also parts of parts
      const byteOffset = place % (buffers[buffer].bytes + 1);
      buffers.push({ bytes: buffers[buffer].bytes - byteOffset, within: { buffer, byteOffset } });
    }
    const instructions = calls.map(([args, scratch]): Instruction => {
      const of: Argument[] = args.map((at) => ({ buffer: at % buffers.length }));
      return { call: "accumulate", args: scratch === null ? of : [...of, { scratch }, 3] };
    });
    const names = Object.fromEntries(named.map((at, i) => [`name ${i}`, at % buffers.length]));
    return { buffers, instructions, names };
  });

function rootOf(buffers: readonly BufferSpec[], at: number): number {
  const { within } = buffers[at];
  return within ? rootOf(buffers, within.buffer) : at;
}

/** First and last time at which what a buffer holds matters; undefined where nobody touches it. */
function livesOf({ buffers, instructions, names }: Program): (number | undefined)[][] {
  return buffers.map((_, at) => {
    const touches = (argument: Argument) =>
      typeof argument === "object" && "buffer" in argument && rootOf(buffers, argument.buffer) === at;
    const times = instructions.flatMap(({ args }, time) => (args.some(touches) ? [time] : []));
    const always = buffers[at].constant || Object.values(names).some((named) => rootOf(buffers, named) === at);
    return always ? [-1, Infinity] : [times[0], times.at(-1)];
  });
}

describe("layout", () => {
  test("buffers that live at the same time never share a byte; parts lie in their whole; scratch is apart", () => {
    let shared = 0;
    fc.assert(
      fc.property(randomProgram, (program) => {
        const { buffers } = program;
        const { offsets, scratch, bytes } = layOut(program);
        const lives = livesOf(program);
        buffers.forEach((spec, at) => {
          if (lives[rootOf(buffers, at)][0] === undefined) return; // nobody reads or writes it
          expect(offsets[at] + spec.bytes).toBeLessThanOrEqual(scratch);
          if (spec.within) expect(offsets[at]).toBe(offsets[spec.within.buffer] + spec.within.byteOffset);
          else expect(offsets[at] % 64).toBe(0);
          for (let other = 0; other < at; other++) {
            if (spec.within || buffers[other].within || lives[at][0] === undefined || lives[other][0] === undefined) continue;
            const apart = offsets[at] + spec.bytes <= offsets[other] || offsets[other] + buffers[other].bytes <= offsets[at];
            const [[a0, a1], [b0, b1]] = [lives[at], lives[other]] as number[][];
            if (a0 <= b1 && b0 <= a1) expect(apart, `${other} and ${at}`).toBe(true);
            else if (!apart) shared++;
          }
        });
        const needed = Math.max(
          0,
          ...program.instructions.flatMap(({ args }) =>
            args.map((a) => (typeof a === "object" && "scratch" in a ? a.scratch : 0)),
          ),
        );
        expect(bytes - scratch).toBeGreaterThanOrEqual(needed);
      }),
      { numRuns: 400, seed: 5 },
    );
    expect(shared, "control: buffers that live apart do share").toBeGreaterThan(100);
  });

  test("a training step takes less than half of its buffers' bytes", () => {
    const program = recorded(mlp({ width: 32 })(2, "energy"), "score", { name: "squared" });
    const unshared = program.buffers.reduce((sum, { bytes, within }) => sum + (within ? 0 : bytes), 0);
    expect(layOut(program).bytes).toBeLessThan(unshared / 2);
  });

  test("constants, parts, scratch and names on a machine", async () => {
    const ones = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const program: Program = {
      buffers: [
        { bytes: 32 },
        { bytes: 16, constant: ones },
        { bytes: 16, within: { buffer: 0, byteOffset: 16 } },
        { bytes: 16 },
      ],
      instructions: [
        { call: "copyRows", args: [{ buffer: 1 }, 4, { buffer: 3 }, 4, 1, 4] },
        { call: "accumulate", args: [{ buffer: 3 }, { buffer: 2 }, 4] },
        { call: "gemm", args: [0, { buffer: 1 }, { buffer: 3 }, 0, { buffer: 3 }, 1, 1, 4, 0, { scratch: 4096 }] },
      ],
      names: { whole: 0, product: 3 },
    };
    const machine = await Machine.load(program, true);
    machine.view("whole").fill(10);
    for (const times of [1, 2]) {
      machine.run();
      expect([...machine.view("whole")]).toEqual([10, 10, 10, 10, 10 + times, 10 + 2 * times, 10 + 3 * times, 10 + 4 * times]);
      expect(machine.view("product")[0]).toBe(30);
    }
    expect(() => machine.view("nothing")).toThrow(/no buffer named nothing/);
  });

  test("a network of 400 layers is recorded", () => {
    const network = mlp({ width: 2, depth: 400, features: 1 })(1, "energy");
    const program = recorded(network, "score", { name: "squared" });
    expect(layOut(program).bytes).toBeGreaterThan(0);
  });
});

describe("joining", () => {
  /** x w + b through silu and a sum, at shapes with edges and one column; `sum` says what is added to what. */
  function chain(sum: (z: number, y: number, h: number) => [number, number], rows: number, k: number, n: number): Program {
    const f32 = (count: number, label: string) => ({
      bytes: 4 * count,
      constant: new Uint8Array(draw(label, count, -2, 2).buffer),
    });
    const size = { bytes: 4 * rows * n };
    const [a, b] = sum(4, 5, 3);
    return {
      buffers: [f32(rows * k, "x"), f32(k * n, "w"), f32(n, "b"), f32(rows * n, "h"), size, size, size],
      instructions: [
        {
          call: "gemm",
          args: [0, { buffer: 0 }, { buffer: 1 }, { buffer: 2 }, { buffer: 4 }, rows, n, k, 0, { scratch: 1 << 16 }],
        },
        { call: "silu", args: [{ buffer: 4 }, 0, { buffer: 5 }, rows * n] },
        { call: "zipAdd", args: [{ buffer: a }, 0, 1, { buffer: b }, 0, 1, { buffer: 6 }, 1, rows * n] },
      ],
      names: { out: 6 },
    };
  }
  const sums = {
    "h + silu(z)": [(_: number, y: number, h: number): [number, number] => [h, y], 1],
    "silu(z) + h": [(_: number, y: number, h: number): [number, number] => [y, h], 2],
    "silu(z) + silu(z)": [(_: number, y: number): [number, number] => [y, y], 2],
    "z + silu(z)": [(z: number, y: number): [number, number] => [z, y], 3],
  } as const;

  test.each(Object.entries(sums))("%s keeps its bits", async (_, [sum, left]) => {
    for (const exact of [true, false]) {
      for (const [rows, k, n] of [
        [1, 1, 1],
        [7, 5, 1],
        [5, 4, 8],
        [13, 70, 9],
        [6, 3, 33],
        [64, 64, 64],
      ]) {
        const program = chain(sum, rows, k, n);
        const joined = fuse(program);
        expect(joined.instructions.length).toBe(n === 1 ? 3 : left);
        const [one, two] = [await Machine.load(program, exact), await Machine.load(joined, exact)];
        one.run();
        two.run();
        expect(two.view("out"), `${rows} x ${k} x ${n}`).toEqual(one.view("out"));
      }
    }
  });

  test("what somebody else wants is kept", () => {
    const program = chain((_, y, h) => [h, y], 5, 4, 8);
    const callsOf = (names: Program["names"], more: readonly Instruction[] = []) =>
      fuse({ ...program, names, instructions: [...program.instructions, ...more] }).instructions.map(({ call }) => call);
    expect(callsOf(program.names)).toEqual(["denseSilu"]);
    expect(callsOf({ out: 6, y: 5 })).toEqual(["denseSilu", "zipAdd"]);
    expect(callsOf({ out: 6, z: 4 })).toEqual(["gemm", "silu", "zipAdd"]);
    expect(callsOf(program.names, [program.instructions[2]])).toEqual(["denseSilu", "zipAdd", "zipAdd"]);
    const buffers = program.buffers.map((spec, at) => (at === 4 ? { ...spec, within: { buffer: 6, byteOffset: 0 } } : spec));
    expect(fuse({ ...program, buffers }).instructions[0].call).toBe("gemm");
  });
});

describe("derivatives that a SiLU keeps", () => {
  const count = 37;
  const instruction = (call: Instruction["call"], ...args: Argument[]): Instruction => ({ call, args });
  const at = (buffer: number): Argument => ({ buffer });
  const silu = (z: number, y: number) => instruction("silu", at(z), 0, at(y), count);
  const gradient = (z: number, out: number) => instruction("siluGradient", at(z), at(1), at(out), count);
  const curvature = (z: number, out: number) => instruction("siluCurvature", at(z), at(1), at(2), at(out), at(out + 1), count);
  /** Inputs 0 .. 2, results from 3 on, all named. */
  function program(instructions: readonly Instruction[]): Program {
    const bytes = 4 * count;
    const inputs = ["z", "dy", "g"].map((label) => ({ bytes, constant: new Uint8Array(draw(label, count, -9, 9).buffer) }));
    const buffers = [...inputs, ...Array.from({ length: 6 }, () => ({ bytes }))];
    return { buffers, instructions, names: Object.fromEntries(buffers.map((_, buffer) => [`${buffer}`, buffer])) };
  }
  const sequences: { [name: string]: [Instruction[], string[], number] } = {
    "a gradient": [[silu(0, 3), gradient(0, 4)], ["siluKept", "zipMul"], 1],
    gradients: [[silu(0, 3), gradient(0, 4), gradient(0, 5)], ["siluKept", "zipMul", "zipMul"], 1],
    "both derivatives": [[silu(0, 3), gradient(0, 4), curvature(0, 5)], ["siluKept", "zipMul", "siluKeptCurvature"], 2],
    "the second one first": [[silu(0, 3), curvature(0, 5), gradient(0, 4)], ["siluKept", "siluKeptCurvature", "zipMul"], 2],
    "no derivative": [[silu(0, 3), silu(3, 4)], ["silu", "silu"], 0],
    "one before its SiLU": [[gradient(0, 4), silu(0, 3), gradient(0, 5)], ["siluGradient", "siluKept", "zipMul"], 1],
    "a SiLU twice": [[silu(0, 3), silu(0, 4), gradient(0, 5)], ["siluKept", "silu", "zipMul"], 1],
    "one of another buffer": [[silu(0, 3), gradient(3, 4)], ["silu", "siluGradient"], 0],
    "two SiLUs": [[silu(0, 3), silu(3, 4), gradient(3, 5), gradient(0, 6)], ["siluKept", "siluKept", "zipMul", "zipMul"], 2],
  };

  test.each(Object.entries(sequences))("%s: the same bits", async (_, [instructions, calls, kept]) => {
    const plain = program(instructions);
    const keeping = keepSlopes(plain);
    expect(keeping.instructions.map(({ call }) => call)).toEqual(calls);
    expect(keeping.buffers.length - plain.buffers.length).toBe(kept);
    for (const exact of [true, false]) {
      const [one, two] = [await Machine.load(plain, exact), await Machine.load(keeping, exact)];
      one.run();
      two.run();
      for (const name of Object.keys(plain.names)) expect(two.view(name), name).toEqual(one.view(name));
    }
  });

  test("no backward pass takes an exp for a SiLU; an energy keeps nothing", () => {
    const callsOf = ({ instructions }: Program) => new Set(instructions.map(({ call }) => call));
    const network = mlp({ width: 8 })(2, "energy");
    for (const kind of ["energy", "score"] as const) {
      const calls = callsOf(recorded(network, kind, { name: "squared" }));
      expect((["silu", "siluGradient", "siluCurvature"] as const).filter((call) => calls.has(call))).toEqual([]);
      expect(calls.has("denseSilu")).toBe(true);
      expect(calls.has("siluKeptCurvature")).toBe(kind === "score");
    }
    const layers = modelProgram(network, "energy", true)?.instructions.filter(({ call }) => call === "denseSilu");
    expect(layers?.length).toBe(3);
    for (const { args } of layers ?? []) expect(args.slice(5, 7)).toEqual([0, 0]);
  });
});
