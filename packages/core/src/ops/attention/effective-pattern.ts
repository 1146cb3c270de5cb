/**
 * The pattern that a call really has, and the source of its run-time data. The reference, the planner and all
 * backends use this.
 */
import { and } from '../../patterns/combinators.ts';
import { keyPadding } from '../../patterns/key-padding.ts';
import { pairMask } from '../../patterns/pair-mask.ts';
import type { BatchRows, PairMask, Pattern, PatternData } from '../../patterns/pattern.ts';
import { segments } from '../../patterns/segments.ts';
import { withGlobalMask } from '../../patterns/with-global-mask.ts';
import type { AttentionAttributes, AttentionProblem } from './spec.ts';

/**
 * The pattern of a call, before its data is bound. `globalMask`, `segmentIds`, `keyLengths` and
 * `mask` work with every pattern: global tokens are added to a pattern that does not read them, and it is
 * restricted to each token's document, to valid keys and to the mask, which restrict global tokens, too.
 */
export function effectivePattern({ pattern }: AttentionAttributes, inputNames: readonly string[]): Pattern {
  const unread = (name: keyof PatternData) => inputNames.includes(name) && !pattern.inputs.includes(name);
  let effective = pattern;
  if (unread('globalMask')) effective = withGlobalMask(effective);
  if (unread('segmentIds')) effective = and(segments(), effective);
  if (unread('keyLengths')) effective = and(keyPadding(), effective);
  if (unread('mask')) effective = and(pairMask(), effective);
  return effective;
}

/** A table in memory: a tensor of integers or a mask, or a reference tensor. */
interface Table {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Collects the run-time data of a pattern from a call's inputs; `queryOffset` is that of the call. */
export function patternData(
  inputs: Readonly<Partial<Record<string, Table>>>,
  problem: Pick<AttentionProblem, 'queryOffset'>,
): PatternData {
  return {
    globalMask: batchRows(inputs.globalMask),
    segmentIds: batchRows(inputs.segmentIds),
    keyLengths: batchRows(inputs.keyLengths),
    mask: pairTable(inputs.mask, problem),
  };
}

/** Converts a mask of pairs. */
export function pairTable(
  table: Table | undefined,
  { queryOffset }: Pick<AttentionProblem, 'queryOffset'>,
): PairMask | undefined {
  return table && { shape: table.shape, data: table.data, queryOffset };
}

/** Converts a table [batch, length] or [batch] to rows. */
export function batchRows(table: Table | undefined): BatchRows | undefined {
  return table && { batch: table.shape[0], length: table.shape[1] ?? 1, data: table.data };
}
