/**
 * What other libraries call a mask has several names here, by what it masks: these are the sentences that say
 * which.
 */
import { show } from '../../errors.ts';
import type { NamedSpecs } from '../op.ts';
import { fail, sameShape } from '../validate.ts';
import type { AttentionProblem } from './spec.ts';

const PATTERN = 'a pattern such as causal(), slidingWindow(…), segments() or where(…)';
const BIAS = 'bias with 0 and -Infinity for any other mask';
const MASK = `keyMask [batch, keys] for padding, ${PATTERN} for who sees whom, ${BIAS}`;

/**
 * What stands here for options of other libraries: the first whose pattern their name, without case and
 * underscores, fits.
 */
const INSTEAD: readonly (readonly [name: RegExp, instead: string | undefined])[] = [
  [/^(key|query|global)mask$|^(relative)?bias$/, undefined], // Our own, or nearly.
  [/mask/, MASK],
  [/causal/, 'pattern: causal()'],
  [/window/, 'pattern: slidingWindow({ before, after })'],
  [/bias/, 'bias'],
  [/scoremod/, 'bias, alibiSlopes, relativeBias or softcap'],
];

/** `write … ` for an option of attention in other libraries. */
export function attentionHint(name: string): string | undefined {
  const plain = name.toLowerCase().replaceAll('_', '');
  const instead = INSTEAD.find(([theirs]) => theirs.test(plain))?.[1];
  return instead && `write ${instead}`;
}

/**
 * Refuses masks of tokens that are not a row of the batch for each, such as [batch, 1, 1, keys] or [batch, 1,
 * queries, keys].
 */
export function checkMaskAxes(inputs: NamedSpecs, { batch, queryLength, keyLength }: AttentionProblem): void {
  for (const [name, axis, length] of [
    ['keyMask', 'keys', keyLength],
    ['queryMask', 'queries', queryLength],
    ['globalMask', 'keys', keyLength],
  ] as const) {
    const shape = inputs[name]?.shape;
    if (shape === undefined || sameShape(shape, [batch, length])) continue;
    const isTokens = sameShape(
      shape.filter((extent) => extent !== 1),
      [batch, length].filter((extent) => extent !== 1),
    );
    const isPairs = shape.length > 1 && shape.at(-1) === keyLength && shape.at(-2) === queryLength;
    if (!isTokens && !isPairs) continue; // The general sentence does.
    const instead = isTokens ? 'reshape it' : `for pairs write ${PATTERN}, or ${BIAS}`;
    const expected = `[batch, ${axis}] = ${show([batch, length])}`;
    fail('INVALID_SHAPE', 'attention', `${name} must be ${expected} (${instead}), got ${show(shape)}`);
  }
}

/** Refuses a bias of truth values: they would be added, not hide anything. */
export function checkBiasIsNumbers(inputs: NamedSpecs, expected: string): void {
  const dtype = inputs.bias?.dtype;
  if (dtype === 'bool' || dtype === 'u8') {
    fail('INVALID_DTYPE', 'attention', `bias must be ${expected} (for a mask write ${MASK}), got ${dtype}`);
  }
}
