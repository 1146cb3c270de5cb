/**
 * The default for global tokens when the caller gives no mask. Each head of the original has its own rule.
 */
import { AttnError, type Tensor } from '@attn/core';
import { show } from '@attn/core/backend';
import type { LongformerArchitecture, LongformerConfig } from './config.ts';

/** A rule for global tokens. */
export type GlobalRule = 'none' | 'first' | 'beforeSeparator' | 'afterSeparator';

/** The rule of an architecture's head. */
export function globalRule(architecture: LongformerArchitecture): GlobalRule {
  switch (architecture) {
    case 'LongformerForSequenceClassification':
      return 'first';
    case 'LongformerForQuestionAnswering':
      return 'beforeSeparator'; // <s> question </s></s> text </s>: the question
    case 'LongformerForMultipleChoice':
      return 'afterSeparator'; // the choice
    case 'LongformerModel':
    case 'LongformerForMaskedLM':
    case 'LongformerForTokenClassification':
      return 'none';
    default:
      return architecture satisfies never;
  }
}

/**
 * The mask of global tokens by the head's rule, for ids [B, N];
 * undefined when the rule makes no token global. A row that is only padding by the mask `padding` has none.
 *
 * Errors: `INVALID_ARGUMENT` when a rule needs three separators in each row, as the original does.
 */
export function automaticGlobals(
  { architecture, sepTokenId }: LongformerConfig,
  { shape: [batch, length], data }: Tensor,
  padding?: Uint8Array,
): Uint8Array | undefined {
  const rule = globalRule(architecture);
  if (rule === 'none') return undefined;
  const mask = new Uint8Array(batch * length);
  for (let b = 0; b < batch; b++) {
    if (padding?.subarray(b * length, (b + 1) * length).every((value) => value === 0)) continue;
    const row = data.subarray(b * length, (b + 1) * length);
    const [from, to] = rule === 'first' ? [0, 1] : between(rule, row, sepTokenId, b);
    mask.fill(1, b * length + from, b * length + Math.min(to, length));
  }
  return mask;
}

function between(
  rule: 'beforeSeparator' | 'afterSeparator',
  row: ArrayLike<number>,
  separator: number,
  b: number,
): readonly [from: number, to: number] {
  const separators = Array.from(row).flatMap((id, i) => (id === separator ? [i] : []));
  if (separators.length !== 3) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      'models/longformer',
      `without a globalAttentionMask each row must have three separators (id ${separator}), got ${show(separators.length)} in row ${b}`,
    );
  }
  // After the first separator comes a second one, and only then the text.
  return rule === 'beforeSeparator'
    ? [0, separators[0]]
    : [Math.min(separators[0] + 2, row.length), row.length];
}
