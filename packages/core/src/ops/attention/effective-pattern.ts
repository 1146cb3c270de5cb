/**
 * The one place that says which pattern a call really has, and where its run-time data comes from. The reference, the
 * planner and every backend ask here.
 */
import type { BatchRows, Pattern, PatternData } from '../../patterns/pattern.ts';
import { withGlobalMask } from '../../patterns/with-global-mask.ts';
import type { AttentionAttributes } from './spec.ts';

/**
 * The pattern of a call, its data not yet bound. Marking global tokens works with every pattern: when `globalMask` is
 * given and the pattern does not read it, global tokens are added to the pattern.
 */
export function effectivePattern({ pattern }: AttentionAttributes, inputNames: readonly string[]): Pattern {
  return inputNames.includes('globalMask') && !pattern.inputs.includes('globalMask')
    ? withGlobalMask(pattern)
    : pattern;
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
