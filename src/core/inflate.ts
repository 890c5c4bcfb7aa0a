/** Raw deflate by the runtime's own DecompressionStream: Node 20.12, Deno, Bun 1.3, Chromium 103, Firefox 113, Safari 16.4 and later. */
import { BnemError } from "./errors.js";

/**
 * Inflates raw deflate data (RFC 1951) that must give exactly `size` bytes; nothing beyond them is kept in memory.
 *
 * @param call who asks, for the error's text
 * @param remedy what the user can do where the runtime cannot inflate
 * @throws BnemError("unsupported") without DecompressionStream; RangeError for more or fewer bytes; the stream's own TypeError for damage
 */
export async function inflate(
  call: string,
  deflated: Uint8Array<ArrayBuffer>,
  size: number,
  remedy: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof DecompressionStream === "undefined") {
    throw new BnemError("unsupported", `${call}: this runtime has no DecompressionStream; ${remedy}`);
  }
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  // Damage fails the reading side, which is awaited; the same error on the writing side must not go unhandled.
  for (const written of [writer.write(deflated), writer.close()]) written.catch(() => undefined);
  const out = new Uint8Array(size);
  const reader = readable.getReader();
  let at = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (at + part.value.length > size) {
      await reader.cancel();
      throw new RangeError(`more than the ${size} bytes that were declared`);
    }
    out.set(part.value, at);
    at += part.value.length;
  }
  if (at !== size) throw new RangeError(`${at} bytes, and not the ${size} that were declared`);
  return out;
}
