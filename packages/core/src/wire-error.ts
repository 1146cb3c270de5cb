/** Errors on their way between threads: a message that is cloned keeps no class, so it has code and text. */
import { AttnError, type AttnErrorCode } from './errors.ts';

/** An error as a part of a message. */
export interface WireError {
  readonly code: AttnErrorCode;
  readonly message: string;
}

/** Turns an error into a part of a message. Any other error than an `AttnError` is a defect of `pkg`. */
export function toWire(error: unknown, pkg: string): WireError {
  if (error instanceof AttnError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message: `[attn/${pkg}] ${message}` };
}

/** Turns a part of a message back into an error. `[attn/wasm] run: …` in the message becomes `wasm/run`. */
export function fromWire({ code, message }: WireError, pkg: string): AttnError {
  const [, from = pkg, op, text = message] = /^\[attn\/([^\]]*)\] (?:(\w+): )?(.*)$/s.exec(message) ?? [];
  return new AttnError(code, op === undefined ? from : `${from}/${op}`, text);
}
