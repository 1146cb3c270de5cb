/**
 * The one debugging switch. `ATTN_DEBUG`, in the environment or as a global variable, is a level; each level
 * prints what the lower ones do, to standard error:
 *
 * | level | prints                                                                  |
 * |-------|-------------------------------------------------------------------------|
 * | 1     | choice: which backend runs a graph, why not the others, every fallback; |
 * |       | a bias that only masks                                                  |
 * | 2     | time: milliseconds of every compilation and run                         |
 * | 3     | plan: tiles, masks and order of every attention plan                    |
 * | 4     | source: generated shaders, WebAssembly and ONNX graphs                  |
 */

/** A level of `ATTN_DEBUG`. */
export type DebugLevel = 1 | 2 | 3 | 4;

/** The places of the level. They are read at every call, so that it can change at run time. */
interface DebugGlobals {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  readonly ATTN_DEBUG?: unknown;
}

/** The current level of `ATTN_DEBUG`; 0 prints nothing. */
export function debugLevel(): number {
  const { process, ATTN_DEBUG } = globalThis as DebugGlobals;
  try {
    return Number(ATTN_DEBUG ?? process?.env?.ATTN_DEBUG) || 0;
  } catch {
    return 0; // Deno needs a permission to read the environment.
  }
}

/** Prints a message if the level is high enough; otherwise `message` is not called. */
export function debug(level: DebugLevel, message: () => string): void {
  if (debugLevel() >= level) console.error(`[attn] ${message()}`);
}
