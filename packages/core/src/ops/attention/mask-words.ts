/**
 * Sentences for masks of other libraries: what is one mask there has several names here, by what it masks.
 */
import { show } from '../../errors.ts';
import type { NamedSpecs } from '../op.ts';
import { fail, sameShape } from '../validate.ts';

/** The sizes that masks must have. */
interface MaskSizes {
  readonly batch: number;
  readonly queryLength: number;
  readonly keyLength: number;
}

const PATTERN = 'a pattern such as causal(), slidingWindow(…), segments() or where(…)';
const PAIRS = 'mask, of bool, for any other pairs';
const MASK = `keyMask [batch, keys] for padding, ${PATTERN} for who sees whom, ${PAIRS}`;

/**
 * Options of other libraries, and what to write instead. The first row whose expression fits the option's
 * name, without case and underscores, counts.
 */
const INSTEAD: readonly (readonly [name: RegExp, instead: string | undefined])[] = [
  [/^(key|query|global)?mask$|^(relative)?bias$/, undefined], // our own, or almost
  [/mask/, MASK],
  [/causal/, 'pattern: causal()'],
  [/window/, 'pattern: slidingWindow({ before, after })'],
  [/bias/, 'bias'],
  [/scoremod/, 'score: score((s, { b, h, q, k }) => …)'],
];

/** The advice for an option of another library: `write keyMask …`; undefined for other names. */
export function attentionHint(name: string): string | undefined {
  const plain = name.toLowerCase().replaceAll('_', '');
  const instead = INSTEAD.find(([theirs]) => theirs.test(plain))?.[1];
  return instead && `write ${instead}`;
}

/**
 * Refuses masks with other axes than [batch, tokens], such as [batch, 1, 1, keys]. Errors: `INVALID_SHAPE`.
 */
export function checkMaskAxes(inputs: NamedSpecs, { batch, queryLength, keyLength }: MaskSizes): void {
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
    if (!isTokens && !isPairs) continue; // the general error says enough
    const instead = isTokens ? 'reshape it' : `for pairs write ${PATTERN}, or ${PAIRS}`;
    const expected = `[batch, ${axis}] = ${show([batch, length])}`;
    fail('INVALID_SHAPE', 'attention', `${name} must be ${expected} (${instead}), got ${show(shape)}`);
  }
}

/** Refuses a bias of truth values, which would be added and hide nothing. Errors: `INVALID_DTYPE`. */
export function checkBiasIsNumbers(inputs: NamedSpecs, expected: string): void {
  const dtype = inputs.bias?.dtype;
  if (dtype === 'bool' || dtype === 'u8') {
    fail('INVALID_DTYPE', 'attention', `bias must be ${expected} (for a mask write ${MASK}), got ${dtype}`);
  }
}
