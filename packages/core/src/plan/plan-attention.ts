/**
 * Plans one attention call: which (batch row, head)s share a plan, in which order each is computed, and which rows use
 * the global projections. Padded keys and queries are left out of the orders, so padding costs nothing.
 */
import { AttnError, show } from '../errors.ts';
import type { AttentionProblem } from '../ops/attention/spec.ts';
import { checkPatterns } from '../patterns/combinators.ts';
import type { BatchRows, Pattern, PatternData } from '../patterns/pattern.ts';
import { arrange, type Rows } from './arrangement.ts';
import type { AttentionPlan, BlockPlan, PlanGroup, PlanStats } from './block-plan.ts';
import type { HeadPattern } from './coverage.ts';
import { maskRows } from './mask-rows.ts';
import { planBlocks } from './plan-blocks.ts';
import { finish, type Steps } from './steps.ts';

/** Run-time data of a plan. */
export interface PlanData extends PatternData {
  /** [batch, keyLength]; 0 hides a key from every query. */
  readonly keyMask?: BatchRows;
  /** [batch, queryLength]; 0 empties a row. */
  readonly queryMask?: BatchRows;
  /** Rows of global tokens use qGlobal, kGlobal, vGlobal, and so need groups of their own. */
  readonly separateGlobals?: boolean;
}

/** The sizes that a plan depends on. */
export type PlanSizes = Pick<
  AttentionProblem,
  'batch' | 'heads' | 'queryLength' | 'keyLength' | 'queryOffset'
>;

/**
 * Lowers a pattern to tiles for every batch row and head, at once.
 *
 * Errors: `INVALID_ARGUMENT` for impossible sizes, `INVALID_PATTERN` when the pattern does not fit them, `MISSING_INPUT` when its
 * run-time data is absent.
 */
export function planAttention(sizes: PlanSizes, pattern: Pattern, data: PlanData = {}): AttentionPlan {
  return finish(planSteps(sizes, pattern, data));
}

/** The same in small steps, for `finishPolitely`: planning irregular patterns over a million tokens takes seconds. */
export function* planSteps(sizes: PlanSizes, pattern: Pattern, data: PlanData = {}): Steps<AttentionPlan> {
  checkSizes(sizes);
  checkPatterns('planAttention', [pattern]);
  const missing = pattern.inputs.find((name) => data[name] === undefined);
  if (missing !== undefined) {
    throw new AttnError(
      'MISSING_INPUT',
      'core/plan',
      `pattern ${show(pattern.type)} needs the input ${missing}`,
    );
  }
  const bound = pattern.bind(data);
  bound.validate(sizes);
  const keyRows = maskRows(data.keyMask, sizes.batch, sizes.keyLength, 'keyMask');
  const queryRows = maskRows(data.queryMask, sizes.batch, sizes.queryLength, 'queryMask');

  // Batch rows and heads whose variant and masks agree share one plan.
  const families = new Map<string, { at: HeadPattern; rows: Rows; members: number[] }>();
  for (let batchRow = 0; batchRow < sizes.batch; batchRow++) {
    for (let head = 0; head < sizes.heads; head++) {
      const keys = keyRows(batchRow);
      const queries = queryRows(batchRow);
      const key = `${bound.variant(batchRow, head)}\n${keys.key}\n${queries.key}`;
      let family = families.get(key);
      if (family === undefined) {
        const { queryLength, keyLength, queryOffset } = sizes;
        const rows = { queries: queries.rows, keys: keys.rows, queryLength, keyLength, queryOffset };
        family = { at: { pattern: bound, batchRow, head }, rows, members: [] };
        families.set(key, family);
      }
      family.members.push(batchRow * sizes.heads + head);
    }
  }

  const separate = data.separateGlobals ?? false;
  const groups: PlanGroup[] = [];
  for (const { at, rows, members: list } of families.values()) {
    const members = Int32Array.from(list);
    const { name, local, global } = yield* arrange(at, rows, separate);
    if (local.queries.count > 0) {
      groups.push({ block: yield* planBlocks(local, name), members, projection: 'local' });
    }
    if (global !== undefined) {
      const block = yield* planBlocks(global, `${name} (global rows)`);
      groups.push({ block, members, projection: separate ? 'global' : 'local' });
    }
  }
  return { groups, stats: sumStats(groups) };
}

/** Positions and (batch row, head)s are 32-bit integers in a plan. */
function checkSizes({ batch, heads, queryLength, keyLength, queryOffset }: PlanSizes): void {
  for (const [name, value] of Object.entries({
    batch,
    heads,
    queryLength,
    keyLength,
    'batch · heads': batch * heads,
  })) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) {
      throw new AttnError(
        'INVALID_ARGUMENT',
        'core/plan',
        `${name} must be an integer in [0, 2^31), got ${value}`,
      );
    }
  }
  if (!Number.isInteger(queryOffset) || Math.abs(queryOffset) + Math.max(queryLength, keyLength) >= 2 ** 31) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      'core/plan',
      `queryOffset must be an integer that keeps positions below 2^31, got ${queryOffset}`,
    );
  }
}

/** What a whole plan costs, over all of its members. */
function sumStats(groups: readonly PlanGroup[]): PlanStats {
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
