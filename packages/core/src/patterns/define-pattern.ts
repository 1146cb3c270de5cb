/** Defines patterns: those of users, whose answers are checked, and those of this package. */
import { checkOptions, type OptionKinds } from '../check/check-options.ts';
import { aBoolean, aFunction, anObject, aString, listOf, oneOf, required } from '../check/kinds.ts';
import { contentKey, type Json } from '../util/json-value.ts';
import { checkAnswers, type Answers } from './check-answers.ts';
import type { OrderHint, Pattern, PatternDefinition } from './pattern.ts';

const DEFINITION: OptionKinds<PatternDefinition> = {
  type: required(aString),
  options: anObject,
  key: aString,
  allows: required(aFunction),
  classify: required(aFunction),
  classifyRuns: aFunction,
  shiftInvariant: aBoolean,
  isCausal: aBoolean,
  isLimit: aBoolean,
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
const NO_PATTERNS: readonly Pattern[] = [];

/** The number of definitions without a key, which tells them apart. */
let instances = 0;

/**
 * Defines a pattern of your own from its functions.
 *
 * Plans and executables are cached by `pattern.key`, and functions cannot be compared: without a `key` in the
 * definition, every call of `definePattern` returns a pattern that shares nothing with any other. Define such
 * a pattern once and keep it, or give it a `key`. It never has the key of a built-in pattern.
 *
 * `isCausal` and `isLimit` matter where a call adds global tokens at run time (`globalMask`): they see no
 * later key if the pattern `isCausal`, and no more than each part of an `and` that `isLimit` allows. `and` is
 * causal if one of its patterns is, `or` and `perHead` if all of theirs are, and a combination is a limit if
 * all of its patterns are.
 *
 * Errors: `INVALID_PATTERN` where the definition lacks a function. When the pattern is used: where `allows`
 * returns anything but true or false, or `classify` anything but `'none'`, `'all'` and `'some'`, and where a
 * pattern that `isCausal` allows a key after its query.
 *
 * @example
 * const diagonal = definePattern({
 *   type: 'diagonal',
 *   key: 'my-library/diagonal@1',
 *   isCausal: true,
 *   shiftInvariant: true,
 *   allows: (batchRow, head, q, k) => q === k,
 *   classify: (batchRow, head, q, k) =>
 *     last(k) < q.start || k.start > last(q) ? 'none' : q.count === 1 && k.count === 1 ? 'all' : 'some',
 * });
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

/** The definition of a pattern of this package. */
export type BuiltInDefinition = Omit<PatternDefinition, 'key'> & {
  readonly overRows?: Pattern['overRows'];
  readonly alternatives?: Pattern['alternatives'];
};

/**
 * Defines a pattern of this package. Type and options describe it completely, so its key is derived from
 * them; `keyOf` replaces that for compositions, whose parts may be patterns of users.
 */
export function defineBuiltIn(
  definition: BuiltInDefinition,
  keyOf: () => string = () => contentKey(definition.type, definition.options ?? {}),
): Pattern {
  return assemble(definition, keyOf);
}

/** Fills in the defaults of a pattern and freezes it. Its key is computed on first use. */
function assemble(
  definition: BuiltInDefinition,
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
    overRows: definition.overRows,
    signature:
      definition.signature ??
      (shiftInvariant ? (_b, _h, q, k) => String(k.start - q.start) : () => undefined),
    variant: definition.variant ?? (() => ''),
    globals: definition.globals ?? (() => NO_POSITIONS),
    withoutGlobals: definition.withoutGlobals ?? (() => pattern),
    alternatives: definition.alternatives ?? (() => NO_PATTERNS),
    hints: definition.hints ?? (() => NO_HINTS),
    isCausal: definition.isCausal ?? false,
    isLimit: definition.isLimit ?? false,
    validate: definition.validate ?? (() => {}),
    inputs: definition.inputs ?? [],
    bind: definition.bind ?? (() => pattern),
    toJSON: () => ({ type, ...options }) as Record<string, Json>,
  };
  return Object.freeze(pattern);
}
