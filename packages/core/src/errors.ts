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
  /** An input that the op, the pattern or the graph needs is absent. */
  | 'MISSING_INPUT'
  /** A file does not have the format that it should have. */
  | 'MALFORMED_FILE'
  /** There is no file at this path or address. */
  | 'FILE_NOT_FOUND'
  /** The backend of this name cannot run this graph. */
  | 'UNSUPPORTED'
  /** No backend can run this graph. */
  | 'NO_BACKEND'
  /** The backend of this name is not available on this machine. */
  | 'BACKEND_UNAVAILABLE'
  /** A shader, a module or a session could not be built. Another backend may be able to run the graph. */
  | 'COMPILE_FAILED'
  /** The API beneath the backend refused a run, or failed. Another backend may be able to run it. */
  | 'RUN_FAILED'
  /** The host or the device has no memory left. */
  | 'OUT_OF_MEMORY'
  /** The device is lost, with everything that was compiled for it. */
  | 'DEVICE_LOST'
  /** A worker is lost, with everything that was compiled for it. */
  | 'WORKER_DIED'
  /** The device or a worker did not answer in time. */
  | 'TIMEOUT'
  /** The object has been disposed. */
  | 'DISPOSED'
  /** The call was aborted by its signal. */
  | 'ABORTED'
  /** A defect of this software. */
  | 'INTERNAL';

/** Codes of errors in what the caller passed; all others are faults of the machine, or our own. */
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

/**
 * The error class of all `@attn/*` packages: a stable code for programs, one sentence for people.
 *
 * @example
 * try {
 *   await attn.run(graph, inputs);
 * } catch (error) {
 *   if (!(error instanceof AttnError) || error.code !== 'OUT_OF_MEMORY') throw error;
 *   console.error(error.sentence);
 * }
 */
export class AttnError extends Error {
  override readonly name = 'AttnError';
  readonly code: AttnErrorCode;
  /** The message without package and operation. */
  readonly sentence: string;

  /**
   * @param code stable code
   * @param where package and operation, e.g. `core/attention`; printed as `[attn/core] attention: …`
   * @param message one sentence: what was expected, and the value instead
   */
  constructor(code: AttnErrorCode, where: string, message: string, options?: ErrorOptions) {
    const [pkg, op] = where.split('/');
    super(op === undefined ? `[attn/${pkg}] ${message}` : `[attn/${pkg}] ${op}: ${message}`, options);
    this.code = code;
    this.sentence = message;
  }

  /** Whether the caller's input is wrong. The CLI then exits with code 2. */
  get isInputError(): boolean {
    return INPUT_CODES.has(this.code);
  }
}

/** Throws `AttnError('ABORTED')` if the signal is aborted. Call it between units of work. */
export function throwIfAborted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) {
    throw new AttnError('ABORTED', where, 'the call was aborted by its AbortSignal', {
      cause: signal.reason,
    });
  }
}

export { show } from './check/show.ts';
