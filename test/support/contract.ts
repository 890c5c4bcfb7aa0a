/**
 * What contract suites are made of: named checks that return the problems they find, a table of subjects on which every check must find
 * none, and a table of broken subjects, each of which must be rejected by the check it was broken for.
 */
import type { Batch } from "../../src/core/types.js";

/** Name of a check and what it does; an empty list is a pass. */
export type Checks<S> = { readonly [name: string]: (subject: S) => readonly string[] | Promise<readonly string[]> };

/** Collects problems: `say(condition, text)` records the text where the condition does not hold. */
export class Problems {
  readonly list: string[] = [];

  say(holds: boolean, text: string): void {
    if (!holds) this.list.push(text);
  }

  /** `call` must throw an error of the kind whose text matches. */
  refuses(call: () => unknown, kind: new (text: string) => Error, text: RegExp, what: string): void {
    try {
      call();
    } catch (error) {
      const fits = error instanceof kind && text.test(error.message);
      if (!fits) this.list.push(`${what}: expected ${kind.name} ${text}, got ${String(error)}`);
      return;
    }
    this.list.push(`${what}: accepted`);
  }

  /** The same for a call that returns a promise. */
  async rejects(call: () => Promise<unknown>, kind: new (text: string) => Error, text: RegExp, what: string): Promise<void> {
    let outcome: unknown;
    try {
      await call();
      this.list.push(`${what}: accepted`);
      return;
    } catch (error) {
      outcome = error;
    }
    this.refuses(
      () => {
        throw outcome;
      },
      kind,
      text,
      what,
    );
  }
}

/** Same numbers, same signs of zero, NaN equal to NaN. */
export function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));
}

/** Rows [from, to) as a batch of their own. */
export function rowsOf(x: Batch, from: number, to: number): Batch {
  return { data: x.data.slice(from * x.dim, to * x.dim), n: to - from, dim: x.dim };
}
