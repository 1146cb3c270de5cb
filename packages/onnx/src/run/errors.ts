/** What ONNX Runtime says went wrong, as our errors. It has no codes: its texts are all there is to go by. */
import { AttnError } from '@attn/core';

const OUT_OF_MEMORY = /alloc|out of memory|RangeError: (Array buffer|WebAssembly)|Aborted\(OOM/i;
const OUT_OF_BOUNDS = /indices element out of data bounds, idx=(\S+)/;

/** Why a run failed. */
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

/** Why a session could not be made. */
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
  const found = OUT_OF_MEMORY.test(text) ? 'OUT_OF_MEMORY' : code;
  return new AttnError(found, `onnx/${op}`, `${what}: ${text}`, { cause });
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0].slice(0, 300);
}
