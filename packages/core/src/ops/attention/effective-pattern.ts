/**
 * The one place that says which pattern a call really has, and where its run-time data comes from. The
 * reference, the planner and every backend ask here.
 */
import { and } from '../../patterns/combinators.ts';
import { keyPadding } from '../../patterns/key-padding.ts';
import type { BatchRows, Pattern, PatternData } from '../../patterns/pattern.ts';
import { segments } from '../../patterns/segments.ts';
import { withGlobalMask } from '../../patterns/with-global-mask.ts';
import type { AttentionAttributes } from './spec.ts';

/**
 * The pattern of a call, its data not yet bound. `globalMask`, `segmentIds` and `keyLengths` work with every
 * pattern: one that does not read them gets global tokens added, and is restricted to each token's document
 * and to valid keys. Padding and documents restrict global tokens too.
 */
export function effectivePattern({ pattern }: AttentionAttributes, inputNames: readonly string[]): Pattern {
  const unread = (name: keyof PatternData) => inputNames.includes(name) && !pattern.inputs.includes(name);
  let effective = pattern;
  if (unread('globalMask')) effective = withGlobalMask(effective);
  if (unread('segmentIds')) effective = and(segments(), effective);
  if (unread('keyLengths')) effective = and(keyPadding(), effective);
  return effective;
}

/** A table in memory: a tensor of integers or masks, or a reference tensor. */
interface Table {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What `Pattern.bind` takes, from a call's inputs. */
export function patternData(inputs: Readonly<Partial<Record<string, Table>>>): PatternData {
  return {
    globalMask: batchRows(inputs.globalMask),
    segmentIds: batchRows(inputs.segmentIds),
    keyLengths: batchRows(inputs.keyLengths),
  };
}

/** A [batch, length] or [batch] table as rows. */
export function batchRows(table: Table | undefined): BatchRows | undefined {
  return table && { batch: table.shape[0], length: table.shape[1] ?? 1, data: table.data };
}
