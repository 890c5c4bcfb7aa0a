/** What a share of a pool tells while it runs, when it begins, and how it ends. */
import { beforeAll, describe, expect, test } from "vitest";
import { initKernels } from "../../src/kernels/load.js";
import { poolOf } from "../support/test-pools.js";

beforeAll(() => initKernels());

describe("a share tells", () => {
  test.each([1, 3])("what tasks report and return, by payload (%i threads)", async (threads) => {
    const pool = poolOf(threads);
    const reports: unknown[][] = Array.from({ length: 6 }, () => []);
    const results: unknown[] = [];
    const payloads = Array.from({ length: 6 }, (_, index) => ({ to: index + 1 }));
    await pool.share("counting", payloads, {
      heavy: true,
      onReport: (index, value) => reports[index].push(value),
      onResult: (index, value) => {
        results[index] = value;
      },
    });
    expect(reports).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]]);
    expect(results).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a heavy one uses the workers at once, however little it is", async () => {
    const pool = poolOf(2);
    await pool.run("where", 0);
    const places = await pool.share<boolean>("spin", new Array(6).fill({ milliseconds: 0.1 }), { heavy: true });
    expect(places).toContain(true);
  });

  test("nothing any more once a piece has failed on a worker, or a callback has thrown", async () => {
    const pool = poolOf(2);
    await pool.run("where", 0);
    const piece = { milliseconds: 4 };
    let told = 0;
    const onResult = () => {
      told++;
    };
    await expect(pool.share("spin", [null, ...new Array(400).fill(piece)], { heavy: true, onResult })).rejects.toThrow(TypeError);
    expect(told).toBeLessThan(200);
    const reason = new Error("from the callback");
    const throwing = () => {
      throw reason;
    };
    for (const heavy of [false, true]) {
      await expect(pool.share("spin", new Array(20).fill(piece), { heavy, onResult: throwing })).rejects.toBe(reason);
    }
    expect(await pool.run("echo", 1)).toBe(1);
  });

  test("one listener on a signal, however many shares follow it", async () => {
    const pool = poolOf(2);
    const stop = new AbortController();
    const { signal } = stop;
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, given);
    };
    signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, given);
    };
    const ask = () => pool.share("spin", new Array(50).fill({ milliseconds: 4 }), { signal });
    const shares = Array.from({ length: 12 }, ask);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(listeners).toBe(1);
    stop.abort("enough");
    for (const share of shares) await expect(share).rejects.toBe("enough");
    expect(listeners).toBe(0);
  });
});
