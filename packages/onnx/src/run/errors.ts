/** Turns ONNX Runtime's errors into `AttnError`s. They have no codes, so their texts decide. */
import { AttnError } from '@attn/core';

const OUT_OF_MEMORY = /alloc|out of memory|RangeError: (Array buffer|WebAssembly)|Aborted\(OOM/i;
const OUT_OF_BOUNDS = /indices element out of data bounds, idx=(\S+)/;

/**
 * The error of a failed run: `INVALID_ARGUMENT` for an index out of bounds, `OUT_OF_MEMORY`, or `RUN_FAILED`.
 */
export function runError(cause: unknown): AttnError {
  const text = firstLine(cause);
  const index = OUT_OF_BOUNDS.exec(text);
  if (index !== null) {
    return new AttnError('INVALID_ARGUMENT', 'onnx/run', `an index is outside of what it counts: ${text}`, {
      cause,
    });
  }
  return failure('RUN_FAILED', 'run', 'the session failed', text, cause);
}

/** The error of a session that could not be created: `OUT_OF_MEMORY` or `COMPILE_FAILED`. */
export function compileError(cause: unknown): AttnError {
  return failure('COMPILE_FAILED', 'compile', 'ONNX Runtime refused the model', firstLine(cause), cause);
}

function failure(
  code: 'RUN_FAILED' | 'COMPILE_FAILED',
  op: string,
  what: string,
  text: string,
  cause: unknown,
): AttnError {
  const actualCode = OUT_OF_MEMORY.test(text) ? 'OUT_OF_MEMORY' : code;
  return new AttnError(actualCode, `onnx/${op}`, `${what}: ${text}`, { cause });
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0].slice(0, 300);
}
