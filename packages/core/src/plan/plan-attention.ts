/**
 * Plans an attention call: which batch rows and heads share a plan, in which order each is computed, and
 * which rows use the global projections. Padded keys and queries are not part of any order, so padding is
 * free.
 */
import { checkArgument, checkOptions, type OptionKinds } from '../check/check-options.ts';
import { AttnError, show } from '../errors.ts';
import type { AttentionProblem } from '../ops/attention/spec.ts';
import { aBoolean, anObject, fields, integer, required, type Kind } from '../check/kinds.ts';
import { checkPattern } from '../patterns/options.ts';
import type { BatchRows, PairMask, Pattern } from '../patterns/pattern.ts';
import { arrange, type Rows } from './arrangement.ts';
import type { AttentionPlan, BlockPlan, PlanGroup, PlanStats } from './block-plan.ts';
import type { HeadPattern } from './coverage.ts';
import { maskRows } from './mask-rows.ts';
import { OrderMemory } from './order-memory.ts';
import { planBlocks } from './plan-blocks.ts';
import { byPlanInput, type PlanInput } from './plan-inputs.ts';
import { finish, type Steps } from '../async/steps.ts';

/**
 * Run-time data of a plan. `keyMask` is [batch, keyLength]: 0 hides a key from every query. `queryMask` is
 * [batch, queryLength]: 0 empties a row. `PatternData` explains the others.
 */
export interface PlanData extends Readonly<Partial<Record<Exclude<PlanInput, 'mask'>, BatchRows>>> {
  /** Which pairs are allowed. */
  readonly mask?: PairMask;
  /** Rows of global tokens use qGlobal, kGlobal and vGlobal, so they need groups of their own. */
  readonly separateGlobals?: boolean;
}

const DATA: OptionKinds<PlanData> = {
  ...byPlanInput(() => anObject),
  separateGlobals: aBoolean,
};

/** The sizes that a plan depends on. */
export type PlanSizes = Pick<
  AttentionProblem,
  'batch' | 'heads' | 'queryLength' | 'keyLength' | 'queryOffset'
>;

/**
 * Plans a pattern for every batch row and head: lowers it to 64×64 tiles. `stats` of the result says what the
 * pattern costs: tiles, pairs that kernels compute, pairs that the pattern allows. Positions start at
 * `queryOffset` for queries and at 0 for keys. Call it to look at a pattern; attention plans by itself.
 *
 * Errors: `INVALID_ARGUMENT` for impossible sizes, `INVALID_PATTERN` when the pattern does not fit them,
 * `MISSING_INPUT` when its run-time data is absent.
 *
 * @example
 * const sizes = { batch: 1, heads: 8, queryLength: 65_536, keyLength: 65_536, queryOffset: 0 };
 * const { stats } = planAttention(sizes, slidingWindow({ before: 256, after: 256 }));
 * const share = stats.computedPairs / (sizes.heads * sizes.queryLength * sizes.keyLength); // 0.0088 of n²
 */
export function planAttention(sizes: PlanSizes, pattern: Pattern, data: PlanData = {}): AttentionPlan {
  return finish(planSteps(sizes, pattern, data));
}

/**
 * Plans an attention call like `planAttention`, but as a generator of small steps. Planning an irregular
 * pattern over a million tokens takes seconds: `finishPolitely` runs the steps with pauses, in which the
 * event loop turns. An order that `memory` has for the pattern is not searched for again.
 *
 * Errors: those of `planAttention`, at the first step.
 */
export function* planSteps(
  sizes: PlanSizes,
  pattern: Pattern,
  runTimeData: PlanData = {},
  memory: OrderMemory = new OrderMemory(),
): Steps<AttentionPlan> {
  checkSizes(sizes);
  checkPattern('core/plan', pattern);
  const data = checkOptions('core/plan', runTimeData, DATA, { name: 'data' });
  const missing = pattern.inputs.find((name) => data[name] === undefined);
  if (missing !== undefined) {
    throw new AttnError(
      'MISSING_INPUT',
      'core/plan',
      `pattern ${show(pattern.type)} needs the input ${missing}`,
    );
  }
  const boundPattern = pattern.bind(data);
  boundPattern.validate(sizes);
  const keyRows = maskRows(data.keyMask, sizes.batch, sizes.keyLength, 'keyMask');
  const queryRows = maskRows(data.queryMask, sizes.batch, sizes.queryLength, 'queryMask');

  // Batch rows and heads whose variant and masks agree share one plan.
  const families = new Map<string, { headPattern: HeadPattern; rows: Rows; members: number[] }>();
  for (let batchRow = 0; batchRow < sizes.batch; batchRow++) {
    for (let head = 0; head < sizes.heads; head++) {
      const keys = keyRows(batchRow);
      const queries = queryRows(batchRow);
      const key = `${boundPattern.variant(batchRow, head)}\n${keys.key}\n${queries.key}`;
      let family = families.get(key);
      if (family === undefined) {
        const { queryLength, keyLength, queryOffset } = sizes;
        const rows = { queries: queries.rows, keys: keys.rows, queryLength, keyLength, queryOffset };
        family = { headPattern: { pattern: boundPattern, batchRow, head }, rows, members: [] };
        families.set(key, family);
      }
      family.members.push(batchRow * sizes.heads + head);
    }
  }

  const separate = data.separateGlobals ?? false;
  const isPlain = pattern.inputs.length === 0;
  const groups: PlanGroup[] = [];
  for (const { headPattern, rows, members: list } of families.values()) {
    const members = Int32Array.from(list);
    const options = { separateGlobals: separate, key: pattern.key };
    const { arrangement, tried } =
      isPlain && rows.queries === undefined && rows.keys === undefined
        ? yield* memory.arrange(headPattern, rows, options)
        : yield* arrange(headPattern, rows, options);
    const { name, local, global } = arrangement;
    if (local.queries.count > 0) {
      groups.push({ block: yield* planBlocks(local, name), members, projection: 'local', tried });
    }
    if (global !== undefined) {
      const block = yield* planBlocks(global, `${name} (global rows)`);
      groups.push({ block, members, projection: separate ? 'global' : 'local', tried: [] });
    }
  }
  return { groups, stats: sumStats(groups) };
}

/** Positions, and numbers of batch row and head, are 32-bit integers in a plan. */
const aCount: Kind = integer(0, 2 ** 31 - 1);

const SIZES: OptionKinds<PlanSizes> = {
  batch: required(aCount),
  heads: required(aCount),
  queryLength: required(aCount),
  keyLength: required(aCount),
  queryOffset: required(integer()),
};

/** Checks the sizes and copies them; the object may have other properties, as a whole problem has. */
export function checkSizes(sizes: PlanSizes): PlanSizes {
  const { batch, heads, queryLength, keyLength, queryOffset } = checkArgument(
    'core/plan',
    'sizes',
    sizes,
    someSizes,
  );
  const checked = checkOptions('core/plan', { batch, heads, queryLength, keyLength, queryOffset }, SIZES);
  checkArgument('core/plan', 'batch · heads', batch * heads, aCount);
  if (Math.abs(queryOffset) + Math.max(queryLength, keyLength) >= 2 ** 31) {
    const message = `queryOffset must be an integer that keeps positions below 2^31, got ${queryOffset}`;
    throw new AttnError('INVALID_ARGUMENT', 'core/plan', message);
  }
  return checked;
}

const someSizes: Kind = fields(`an object with ${Object.keys(SIZES).join(', ')}`, ...Object.keys(SIZES));

/** The cost of all groups of a plan, or of several plans, over their members. */
export function sumStats(groups: readonly PlanGroup[]): PlanStats {
  const sum = (pick: (block: BlockPlan) => number): number =>
    groups.reduce((total, group) => total + pick(group.block) * group.members.length, 0);
  return {
    rowBlocks: sum((block) => block.stats.rowBlocks),
    columns: sum((block) => block.stats.columns),
    tiles: sum((block) => block.stats.tiles),
    maskedTiles: sum((block) => block.stats.maskedTiles),
    masks: groups.reduce((total, group) => total + group.block.stats.masks, 0),
    computedPairs: sum((block) => block.stats.computedPairs),
    allowedPairs: sum((block) => block.stats.allowedPairs),
    order: [...new Set(groups.map((group) => group.block.stats.order))].join('; '),
  };
}
