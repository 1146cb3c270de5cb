/**
 * Every failure a user can meet is an `AttnError` with a stable `code`, so that programs branch on the
 * code and people read one sentence: `[attn/<package>] <op>: expected X, got Y`.
 */

/** Stable, documented codes. Adding one is a minor change; changing the meaning of one is a major change. */
export type AttnErrorCode =
  /** A tensor or an attribute has extents that do not fit the others. */
  | 'INVALID_SHAPE'
  /** A tensor has a dtype that is unknown or not allowed here. */
  | 'INVALID_DTYPE'
  /** Any other argument is wrong. */
  | 'INVALID_ARGUMENT'
  /** A pattern, its options or its JSON are wrong. */
  | 'INVALID_PATTERN'
  /** A graph is wrong: an unknown op, a foreign value, a name that is taken. */
  | 'INVALID_GRAPH'
  /** An input is absent that the op, the pattern or the graph needs. */
  | 'MISSING_INPUT'
  /** A file does not hold what its format says. */
  | 'MALFORMED_FILE'
  | 'FILE_NOT_FOUND'
  /** The backend that was asked for cannot run this graph. */
  | 'UNSUPPORTED'
  /** None of the backends can run this graph. */
  | 'NO_BACKEND'
  /** The backend that was asked for is not there on this machine. */
  | 'BACKEND_UNAVAILABLE'
  /** A shader, a module or a session could not be built. Another backend may be able to. */
  | 'COMPILE_FAILED'
  /** What computes underneath refused a run or failed in it. Another backend may be able to. */
  | 'RUN_FAILED'
  /** Memory of the host or of the device could not be had. */
  | 'OUT_OF_MEMORY'
  /** The device is gone, and with it everything that was compiled for it. */
  | 'DEVICE_LOST'
  /** A worker is gone, and with it everything that was compiled for it. */
  | 'WORKER_DIED'
  /** The device or a worker did not answer in time. */
  | 'TIMEOUT'
  /** The object has been disposed. */
  | 'DISPOSED'
  /** The call was aborted by its signal. */
  | 'ABORTED'
  /** A defect of this software. */
  | 'INTERNAL';

/** Codes caused by what the caller passed in; everything else is the machine's or our own fault. */
const INPUT_CODES: ReadonlySet<AttnErrorCode> = new Set<AttnErrorCode>([
  'INVALID_SHAPE',
  'INVALID_DTYPE',
  'INVALID_ARGUMENT',
  'INVALID_PATTERN',
  'INVALID_GRAPH',
  'MISSING_INPUT',
  'MALFORMED_FILE',
  'FILE_NOT_FOUND',
]);

/** The one error class of all `@attn/*` packages. */
export class AttnError extends Error {
  override readonly name = 'AttnError';
  readonly code: AttnErrorCode;
  /** The message without where it came from. */
  readonly sentence: string;

  /**
   * @param code stable code
   * @param where package and operation, e.g. `core/attention`; printed as `[attn/core] attention: …`
   * @param message one sentence that says what was expected and what was given
   */
  constructor(code: AttnErrorCode, where: string, message: string, options?: ErrorOptions) {
    const [pkg, op] = where.split('/');
    super(op === undefined ? `[attn/${pkg}] ${message}` : `[attn/${pkg}] ${op}: ${message}`, options);
    this.code = code;
    this.sentence = message;
  }

  /** True when the caller's input is at fault (the CLI then exits with 2). */
  get isInputError(): boolean {
    return INPUT_CODES.has(this.code);
  }
}

/** Throws `AttnError('ABORTED')` when `signal` is aborted; call it between units of work. */
export function throwIfAborted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) {
    throw new AttnError('ABORTED', where, 'the call was aborted by its AbortSignal', {
      cause: signal.reason,
    });
  }
}

export { show } from './check/show.ts';
