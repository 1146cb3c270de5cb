/**
 * A pattern is data: who attends to whom. `allows` is the definition, readable like the paper;
 * `classify` answers the same question for whole runs of positions at once, which is what makes
 * planning fast (a million tokens in milliseconds) and independent of the order of the tokens.
 *
 * Positions are key coordinates: query row i stands at position `i + queryOffset`, key column j at j.
 */
import { checkOptions, type OptionKinds } from '../check/check-options.ts';
import { aBoolean, aFunction, anObject, aString, listOf, oneOf, required } from '../check/kinds.ts';
import { checkAnswers, type Answers } from './check-answers.ts';
import { contentKey, type Json, type JsonObject } from '../util/json-value.ts';
import type { Run } from './runs.ts';

/** What holds for every pair of two runs. `some` is always a safe answer; the planner then looks closer. */
export type Coverage = 'none' | 'all' | 'some';

/** Run-time inputs that a pattern can draw its data from; each is row-major. */
export interface PatternData {
  /** [batch, n]: 1 marks a global token. */
  readonly globalMask?: BatchRows;
  /** [batch, n]: the id of the document that the token belongs to. */
  readonly segmentIds?: BatchRows;
  /** [batch]: number of valid keys. */
  readonly keyLengths?: BatchRows;
}

/** A [batch, length] table of small integers. */
export interface BatchRows {
  readonly batch: number;
  readonly length: number;
  readonly data: ArrayLike<number>;
}

/** Names of run-time inputs that a pattern may depend on. */
export type PatternInput = keyof PatternData;

/**
 * Advice to the planner on which order of the tokens turns this pattern into few dense tiles: positions are
 * sorted by all that is given here, in this sequence, and last of all by position.
 */
export interface OrderHint {
  /**
   * Sort keys by this number first, and leave queries where they are (columns that all see gather in one
   * place).
   */
  readonly keyLabels?: (position: number) => number;
  /** Sort positions by this label (documents that are interleaved become contiguous). */
  readonly labels?: ArrayLike<number>;
  /** Sort positions by their residue modulo this number (a dilated window becomes a band). */
  readonly modulus?: number;
}

/** Who attends to whom: an immutable, serialisable value. See `definePattern` for the defaults. */
export interface Pattern {
  /** The constructor's name; with `options` it is the JSON form. */
  readonly type: string;
  /** The constructor's options, JSON-serialisable. */
  readonly options: JsonObject;
  /**
   * What caches know the pattern by. For built-in patterns equal for equal JSON, in any process; see
   * `definePattern`.
   */
  readonly key: string;

  /** May query position `q` see key position `k`, in batch row `b` and query head `h`? */
  allows(b: number, h: number, q: number, k: number): boolean;
  /** The same for all pairs of two runs. Must be cheap: it is called about log(n) times per tile. */
  classify(b: number, h: number, q: Run, k: Run): Coverage;
  /**
   * The same for all pairs of several runs, where the pattern can tell without trying each pair; optional. A
   * pattern that scatters tokens (interleaved documents) needs it: its orders fall into runs of one token.
   */
  readonly classifyRuns?: (b: number, h: number, queries: readonly Run[], keys: readonly Run[]) => Coverage;
  /**
   * Two pairs of runs of equal steps and counts with the same signature have the same mask, so that the
   * planner computes and stores it once. `undefined`: not known to be shared.
   */
  signature(b: number, h: number, q: Run, k: Run): string | undefined;
  /** (batch row, head)s with the same variant share one plan. */
  variant(b: number, h: number): string;
  /** Positions of global tokens, ascending; the planner puts them last in the order. */
  globals(b: number, h: number): Int32Array;
  /**
   * The same pattern for pairs of which neither is a global token. It answers for wide runs that global
   * tokens were taken out of, where the pattern itself would have to look at each piece.
   */
  withoutGlobals(): Pattern;
  /** Orders worth trying beside the identity. */
  hints(b: number, h: number): readonly OrderHint[];

  /**
   * Throws `INVALID_PATTERN` when the pattern does not fit these sizes (a global position out of range, …).
   */
  validate(sizes: PatternSizes): void;
  /** Names of the run-time inputs that must be bound before planning. */
  readonly inputs: readonly PatternInput[];
  /** The pattern with its run-time inputs filled in. */
  bind(data: PatternData): Pattern;
  /** `{ type, ...options }`. */
  toJSON(): JsonObject;
}

/** Sizes that a pattern is checked against. */
export interface PatternSizes {
  readonly batch: number;
  readonly heads: number;
  /** Number of key positions; positions run from 0. */
  readonly keyLength: number;
  readonly queryLength: number;
  readonly queryOffset: number;
}

/** What the definition of a pattern must provide; everything else has a default. */
export interface PatternDefinition {
  type: string;
  options?: JsonObject;
  /**
   * Names what the functions below do, such as `my-library/ring@2`: two patterns of equal type, options and
   * key are taken for the same, in any process. Without it each definition is a pattern of its own.
   */
  key?: string;
  allows: Pattern['allows'];
  classify: Pattern['classify'];
  classifyRuns?: Pattern['classifyRuns'];
  /** True when only the difference k − q matters; gives `signature`. */
  shiftInvariant?: boolean;
  signature?: Pattern['signature'];
  variant?: Pattern['variant'];
  globals?: Pattern['globals'];
  withoutGlobals?: Pattern['withoutGlobals'];
  hints?: Pattern['hints'];
  validate?: Pattern['validate'];
  inputs?: readonly PatternInput[];
  bind?: Pattern['bind'];
}

const DEFINITION: OptionKinds<PatternDefinition> = {
  type: required(aString),
  options: anObject,
  key: aString,
  allows: required(aFunction),
  classify: required(aFunction),
  classifyRuns: aFunction,
  shiftInvariant: aBoolean,
  signature: aFunction,
  variant: aFunction,
  globals: aFunction,
  withoutGlobals: aFunction,
  hints: aFunction,
  validate: aFunction,
  inputs: listOf(oneOf('globalMask', 'segmentIds', 'keyLengths'), 'a list of names of run-time inputs'),
  bind: aFunction,
};

const NO_POSITIONS = new Int32Array(0);
const NO_HINTS: readonly OrderHint[] = [];

/** Tells apart definitions without a key; never reused within a process. */
let instances = 0;

/**
 * A pattern of your own. Plans and executables are cached by `pattern.key`, and functions cannot be compared:
 * without a `key` in the definition, every call of `definePattern` gives a pattern that shares nothing with
 * any other. Define such a pattern once and keep it, or give it a `key`. It never has the key of a built-in
 * pattern.
 *
 * Errors: `INVALID_PATTERN` where the definition lacks a function, and, when it is used, where `allows`
 * returns anything but true or false, or `classify` anything but `'none'`, `'all'` and `'some'`.
 */
export function definePattern(definition: PatternDefinition): Pattern {
  const checked = checkOptions('core/definePattern', definition, DEFINITION, {
    name: 'the definition',
    code: 'INVALID_PATTERN',
  });
  const { type, options = {} } = checked;
  const identity = definition.key === undefined ? { instance: ++instances } : { key: definition.key };
  return assemble(checked, () => contentKey('own', { type, options, ...identity }), checkAnswers(checked));
}

/**
 * A pattern of this package, whose type and options say all about it. `keyOf` stands in for their content key
 * where that is not so.
 */
export function defineBuiltIn(
  definition: Omit<PatternDefinition, 'key'>,
  keyOf: () => string = () => contentKey(definition.type, definition.options ?? {}),
): Pattern {
  return assemble(definition, keyOf);
}

/** Fills in the defaults of a pattern and freezes it; its key is worked out on first use. */
function assemble(
  definition: Omit<PatternDefinition, 'key'>,
  keyOf: () => string,
  { allows, classify, classifyRuns }: Answers = definition,
): Pattern {
  const { type, options = {}, shiftInvariant = false } = definition;
  let key: string | undefined;
  const pattern: Pattern = {
    type,
    options,
    get key() {
      return (key ??= keyOf());
    },
    allows,
    classify,
    classifyRuns,
    signature:
      definition.signature ??
      (shiftInvariant ? (_b, _h, q, k) => String(k.start - q.start) : () => undefined),
    variant: definition.variant ?? (() => ''),
    globals: definition.globals ?? (() => NO_POSITIONS),
    withoutGlobals: definition.withoutGlobals ?? (() => pattern),
    hints: definition.hints ?? (() => NO_HINTS),
    validate: definition.validate ?? (() => {}),
    inputs: definition.inputs ?? [],
    bind: definition.bind ?? (() => pattern),
    toJSON: () => ({ type, ...options }) as Record<string, Json>,
  };
  return Object.freeze(pattern);
}
