/**
 * Plans from an attention node's input tensors, remembered by content: when only data such as global positions changes from
 * run to run, a plan is rebuilt or found here, and never a kernel, pipeline or session.
 */
import { batchRows, effectivePattern, patternData } from '../ops/attention/effective-pattern.ts';
import { attentionProblem, type AttentionAttributes, type AttentionProblem } from '../ops/attention/spec.ts';
import type { BatchRows } from '../patterns/pattern.ts';
import { contentKey } from '../patterns/json-value.ts';
import type { Tensor } from '../tensor.ts';
import type { AttentionPlan } from './block-plan.ts';
import { planAttention, type PlanData } from './plan-attention.ts';

/** A call's sizes and plan. */
export interface PlannedCall {
  readonly problem: AttentionProblem;
  readonly plan: AttentionPlan;
}

/** A small least-recently-used store of plans. One per backend or executable. */
export class PlanCache {
  private readonly plans = new Map<string, AttentionPlan>();
  private readonly capacity: number;

  /** @param capacity how many plans to keep */
  constructor(capacity = 16) {
    this.capacity = capacity;
  }

  /** The plan for an attention node run on these inputs. */
  plan(inputs: Readonly<Record<string, Tensor>>, attributes: AttentionAttributes): PlannedCall {
    const problem = attentionProblem(inputs, attributes);
    const pattern = effectivePattern(attributes, Object.keys(inputs));
    const data = planData(inputs);
    const { batch, heads, queryLength, keyLength, queryOffset } = problem;
    const sizes = [batch, heads, queryLength, keyLength, queryOffset];
    const key = [
      pattern.key,
      ...sizes,
      ...[data.keyMask, data.queryMask, data.globalMask, data.segmentIds, data.keyLengths].map(rowsKey),
      data.separateGlobals,
    ].join('|');
    let plan = this.plans.get(key);
    plan ??= planAttention(problem, pattern, data);
    this.plans.delete(key);
    this.plans.set(key, plan);
    if (this.plans.size > this.capacity) {
      for (const oldest of this.plans.keys()) {
        this.plans.delete(oldest);
        break;
      }
    }
    return { problem, plan };
  }

  /** Forgets all plans. */
  clear(): void {
    this.plans.clear();
  }
}

/** The run-time data of a plan, from an attention node's input tensors. */
export function planData(inputs: Readonly<Record<string, Tensor>>): PlanData {
  return {
    ...patternData(inputs),
    keyMask: batchRows(inputs.keyMask),
    queryMask: batchRows(inputs.queryMask),
    separateGlobals: inputs.qGlobal !== undefined,
  };
}

function rowsKey(rows: BatchRows | undefined): string {
  return rows === undefined ? '' : contentKey('', { data: Array.from(rows.data) });
}
