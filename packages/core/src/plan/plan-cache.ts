/**
 * Plans of attention nodes, cached by content. When only data such as global positions changes from run to
 * run, a plan is rebuilt or comes from here; kernels, pipelines and sessions stay. Estimating a graph and
 * running it share a plan.
 */
import { clock } from '../async/clock.ts';
import { debug } from '../util/debug.ts';
import { checkOptions, type OptionKinds } from '../check/check-options.ts';
import { AttnError } from '../errors.ts';
import { aFunction, type Kind } from '../check/kinds.ts';
import type { Pause } from '../async/pause.ts';
import { LruMap } from '../util/lru.ts';
import { batchRows, effectivePattern, pairTable } from '../ops/attention/effective-pattern.ts';
import { attentionProblem, type AttentionAttributes, type AttentionProblem } from '../ops/attention/spec.ts';
import type { NamedSpecs } from '../ops/op.ts';
import type { BatchRows, Pattern } from '../patterns/pattern.ts';
import type { AttentionPlan } from './block-plan.ts';
import { hashMask, hashRows } from './hash-rows.ts';
import { OrderMemory } from './order-memory.ts';
import { planSteps, type PlanData } from './plan-attention.ts';
import { planBytes } from './plan-blocks.ts';
import { byPlanInput, PLAN_INPUTS, type PlanTensors } from './plan-inputs.ts';
import { finish, finishPolitely, type Steps } from '../async/steps.ts';

/** The sizes of an attention call, and its plan. */
export interface PlannedCall {
  readonly problem: AttentionProblem;
  readonly plan: AttentionPlan;
}

/** Bounds of a `PlanCache`. */
export interface PlanCacheOptions {
  /** How many plans to keep. Default 32. */
  readonly capacity?: number;
  /** How many bytes of plans to keep; the newest plan always stays. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Called with every plan that leaves the cache, for example to free a backend's copy on the device. */
  readonly onEvict?: (plan: AttentionPlan) => void;
}

/** The orders that were found, for all caches: each backend has one. */
const orders = new OrderMemory();

const aBound: Kind = {
  expected: 'a number above 0',
  test: (value) => typeof value === 'number' && value > 0,
};

const CACHE_OPTIONS: OptionKinds<PlanCacheOptions> = {
  capacity: aBound,
  maxBytes: aBound,
  onEvict: aFunction,
};

/**
 * A cache of attention plans, usually one per backend: it forgets the plans that were not used for longest.
 *
 * @example
 * const plans = new PlanCache({ capacity: 8 });
 * const q: TensorSpec = { dtype: 'f32', shape: [1, 8, 4096, 64] };
 * const { problem, plan } = plans.plan({ q, k: q, v: q }, { pattern: causal() }, {});
 */
export class PlanCache {
  private readonly plans: LruMap<AttentionPlan>;

  /** Makes an empty cache. Errors: `INVALID_ARGUMENT` for bounds that are no positive numbers. */
  constructor(options: PlanCacheOptions = {}) {
    const {
      capacity = 32,
      maxBytes = 64 * 2 ** 20,
      onEvict,
    } = checkOptions('core/PlanCache', options, CACHE_OPTIONS);
    this.plans = new LruMap(capacity, { maxWeight: maxBytes, weigh: bytesOf, onEvict });
  }

  /**
   * Plans an attention call without a pause, or finds its plan in the cache. `specs` has the specs of all of
   * its inputs. `data` has the tensors of those inputs that are in `PLAN_INPUTS`; others are not read.
   *
   * Errors: `MISSING_INPUT` when `data` lacks an input of `specs` that decides the plan, and those of
   * `planAttention`.
   */
  plan(specs: NamedSpecs, attributes: AttentionAttributes, data: PlanTensors): PlannedCall {
    return finish(this.stepsOf(specs, attributes, data));
  }

  /**
   * Plans an attention call like `plan`, with pauses in between: an irregular pattern can take seconds.
   *
   * Errors: those of `plan`, and what `pause` throws.
   */
  planPolitely(
    specs: NamedSpecs,
    attributes: AttentionAttributes,
    data: PlanTensors,
    pause: Pause,
  ): Promise<PlannedCall> {
    return finishPolitely(this.stepsOf(specs, attributes, data), pause);
  }

  /**
   * Predicts the plan of a node whose inputs are not there yet, for estimates. Where the pattern waits for
   * run-time data, it assumes no global tokens, one document and no padding.
   */
  expected(inputs: NamedSpecs, attributes: AttentionAttributes): PlannedCall {
    return finish(this.expectedSteps(inputs, attributes));
  }

  /** Predicts a plan like `expected`, with pauses in between. Errors: what `pause` throws. */
  expectedPolitely(inputs: NamedSpecs, attributes: AttentionAttributes, pause: Pause): Promise<PlannedCall> {
    return finishPolitely(this.expectedSteps(inputs, attributes), pause);
  }

  /** Forgets all plans. */
  clear(): void {
    this.plans.clear();
  }

  private stepsOf(specs: NamedSpecs, attributes: AttentionAttributes, data: PlanTensors): Steps<PlannedCall> {
    const problem = attentionProblem(specs, attributes);
    const pattern = effectivePattern(attributes, Object.keys(specs));
    return this.steps(problem, pattern, planData(specs, data, problem));
  }

  private expectedSteps(inputs: NamedSpecs, attributes: AttentionAttributes): Steps<PlannedCall> {
    const problem = attentionProblem(inputs, attributes);
    const pattern = effectivePattern(attributes, Object.keys(inputs));
    const { batch, keyLength } = problem;
    const table = (length: number, value: number): BatchRows => {
      return { batch, length, data: new Int32Array(batch * length).fill(value) };
    };
    const plainest = {
      globalMask: () => table(keyLength, 0),
      segmentIds: () => table(keyLength, 0),
      keyLengths: () => table(1, keyLength),
      mask: () => ({ shape: [1], data: [1], queryOffset: problem.queryOffset }),
    };
    const data = Object.fromEntries(pattern.inputs.map((name) => [name, plainest[name]()]));
    return this.steps(problem, pattern, { ...data, separateGlobals: inputs.qGlobal !== undefined });
  }

  private *steps(problem: AttentionProblem, pattern: Pattern, data: PlanData): Steps<PlannedCall> {
    const { batch, heads, queryLength, keyLength, queryOffset } = problem;
    const key = [
      pattern.key,
      `${batch},${heads},${queryLength},${keyLength},${queryOffset}`,
      ...PLAN_INPUTS.map((name) => (name === 'mask' ? hashMask(data.mask) : hashRows(data[name]))),
      data.separateGlobals,
    ].join('|');
    let plan = this.plans.get(key);
    if (plan === undefined) {
      const start = clock.now();
      plan = yield* planSteps(problem, pattern, data, orders);
      this.plans.set(key, plan);
      printPlan(pattern, problem, plan, clock.now() - start);
    }
    return { problem, plan };
  }
}

/** The run-time data of a plan, as rows. Errors: `MISSING_INPUT`. */
function planData(specs: NamedSpecs, data: PlanTensors, problem: AttentionProblem): PlanData {
  const missing = PLAN_INPUTS.find((name) => specs[name] !== undefined && data[name] === undefined);
  if (missing !== undefined) {
    throw new AttnError(
      'MISSING_INPUT',
      'core/plan',
      `expected data to have the tensor of ${missing}, which decides the plan, got none`,
    );
  }
  const { mask, ...tables } = byPlanInput((name) => (specs[name] === undefined ? undefined : data[name]));
  const rows = Object.entries(tables).map(([name, table]) => [name, batchRows(table)] as const);
  return {
    ...Object.fromEntries(rows),
    mask: pairTable(mask, problem),
    separateGlobals: specs.qGlobal !== undefined,
  };
}

function bytesOf({ groups }: AttentionPlan): number {
  return groups.reduce((sum, { block, members }) => sum + planBytes(block) + members.byteLength, 0);
}

/** Prints a plan's statistics at `ATTN_DEBUG=3`. */
function printPlan(
  pattern: Pattern,
  problem: AttentionProblem,
  { stats, groups }: AttentionPlan,
  ms: number,
): void {
  debug(3, () => {
    const { queryLength, keyLength } = problem;
    const share = (100 * stats.allowedPairs) / Math.max(1, stats.computedPairs);
    return (
      `plan of ${pattern.type}, ${queryLength} × ${keyLength}: ${groups.length} groups, ${stats.tiles} tiles ` +
      `(${stats.maskedTiles} masked), ${share.toFixed(1)} % of their pairs allowed, order ${stats.order}, ${ms.toFixed(1)} ms`
    );
  });
}
