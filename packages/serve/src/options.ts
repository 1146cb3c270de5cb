/** The options of `createServer`, and their check. */
import { AttnError } from '@attn/core';
import {
  aBoolean,
  aFunction,
  aString,
  checkOptions,
  integer,
  listOf,
  oneOf,
  type OptionKinds,
} from '@attn/core/backend';

/** Options of `createServer`. */
export interface ServeOptions {
  /** The name of the model in requests and answers. Default: `default`. */
  readonly name?: string;
  /** Keys of which every request must have one, but those for `/health`. Default: anybody may ask. */
  readonly apiKeys?: readonly string[];
  /** Scale every vector to length 1, as OpenAI's are. Default true. */
  readonly normalize?: boolean;
  /** What happens to texts that are longer than the model, as in `encode`. Default: what the folder says. */
  readonly onLongText?: 'split' | 'cut' | 'throw';
  /** Name of the backend to use. Default: the fastest backend. */
  readonly backend?: string;
  /** Milliseconds that an idle server waits for more requests to run together. Default 3. */
  readonly gatherMs?: number;
  /** Most inputs that run together. Default 64. */
  readonly batchInputs?: number;
  /** Most tokens that run together, beyond the one input that passes it. Default 16,384. */
  readonly batchTokens?: number;
  /** Most inputs that wait; what comes beyond is refused with 429. Default 8,192. */
  readonly maxQueue?: number;
  /** Most inputs of a request. Default 2,048, as in OpenAI's API. */
  readonly maxInputs?: number;
  /** Most tokens of a request. Default 300,000, as in OpenAI's API. */
  readonly maxTokens?: number;
  /** Most bytes of a body. Default 8 MiB. */
  readonly maxBody?: number;
  /** Milliseconds within which a request must have arrived. Default 30,000. */
  readonly requestTimeout?: number;
  /** Milliseconds after which an answer that nobody reads is given up. Default 30,000. */
  readonly answerTimeout?: number;
  /**
   * Called with what the operator should know: a run failed, or the first time that a text was cut. Default:
   * `console.warn`.
   */
  readonly onWarning?: (message: string) => void;
}

/** Options with their defaults. */
export type Settings = Required<Omit<ServeOptions, 'onLongText' | 'backend'>> &
  Pick<ServeOptions, 'onLongText' | 'backend'>;

const KINDS: OptionKinds<ServeOptions> = {
  name: aString,
  apiKeys: listOf(
    { expected: 'a key', test: (key) => typeof key === 'string' && key.trim() !== '' },
    'a list of keys, none of them empty',
  ),
  normalize: aBoolean,
  onLongText: oneOf('split', 'cut', 'throw'),
  backend: aString,
  gatherMs: integer(0, 10_000),
  batchInputs: integer(1),
  batchTokens: integer(1),
  maxQueue: integer(1),
  maxInputs: integer(1),
  maxTokens: integer(1),
  maxBody: integer(1),
  requestTimeout: integer(1),
  answerTimeout: integer(1),
  onWarning: aFunction,
};

/** Checks options, and fills in defaults. Errors: `INVALID_ARGUMENT`. */
export function readSettings(where: string, options: ServeOptions): Settings {
  const settings = {
    name: 'default',
    apiKeys: [],
    normalize: true,
    gatherMs: 3,
    batchInputs: 64,
    batchTokens: 16_384,
    maxQueue: 8_192,
    maxInputs: 2_048,
    maxTokens: 300_000,
    maxBody: 8 * 2 ** 20,
    requestTimeout: 30_000,
    answerTimeout: 30_000,
    onWarning: (message: string) => console.warn(message),
    ...checkOptions(where, options, KINDS),
  };
  const { maxInputs, maxQueue } = settings;
  if (maxInputs < maxQueue) return settings; // a request to rerank has a query as well
  const message = `maxQueue must be more than maxInputs, which is ${maxInputs}, got ${maxQueue}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}
