// What a host must do with a project that has installed @attn/auto with two of its four backends.
import { availableParallelism } from 'node:os';

/** Threads of a page or process that may have them. */
export const ALL_THREADS = availableParallelism() > 1 ? /^wasm: .*, \d+ threads;/ : /^wasm: .*, 1 thread;/;
export const ONE_THREAD = /^wasm: .*, 1 thread;/;
export const PAGE_THREAD = /^wasm: .*, 1 thread, which is the page's own;/;

/**
 * The lines of a check, with the warning where there is one. Throws unless the line of wasm is like `wasm`,
 * wasm computed what was asked of no backend by name, and the page gave exactly one warning like `warning`,
 * or none.
 */
export function expectSaid({ lines, warnings = [] }, { wasm, warning }) {
  const fail = (what) => {
    throw new Error(`[attn/tooling] expected ${what}, got\n${[...lines, ...warnings].join('\n')}`);
  };
  if (!lines.some((line) => wasm.test(line))) fail(`a line like ${wasm}`);
  if (!lines.some((line) => line.startsWith('computed by wasm'))) fail('wasm to compute');
  if (warning === undefined ? warnings.length > 0 : warnings.length !== 1) {
    fail(warning === undefined ? 'no warning' : 'one warning');
  }
  if (warning !== undefined && !warning.test(warnings[0])) fail(`a warning like ${warning}`);
  return [...lines, ...warnings.map((text) => `warned: ${text}`)];
}

/** What a command printed, as lines of a check. */
export const saidBy = (output) => ({ lines: output.trim().split('\n') });
