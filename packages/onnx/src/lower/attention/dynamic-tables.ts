/** A schedule's tables as inputs of the model, filled in for each run: data decides on the plan. */
import { AttnError, bool, i32, type AttentionPlan, type Tensor } from '@attn/core';
import { inputSpecs, planTensors, TILE, type AttentionProblem, type NodeOf } from '@attn/core/backend';
import type { Dim, Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { Projection } from './key-pools.ts';
import type { Schedule, ScheduledBin, ScheduleOptions } from './schedule.ts';
import { maskTensor, type BinTables, type ScheduleTables } from './tables.ts';

/** The schedule of nothing. */
const NO_SCHEDULE: Schedule = {
  pools: {},
  bins: [],
  table: new Uint8Array(2 * TILE ** 2),
  results: undefined,
};

/** How the plan of a run is scheduled: the function and the limits it keeps. */
interface DynamicSchedule {
  readonly schedule: (plan: AttentionPlan) => Schedule;
  readonly options: ScheduleOptions;
  /** Whether a run with this key mask does without the schedule. Default: none does. */
  readonly skips?: (keyMask: Tensor) => boolean;
}

/** Tables that are inputs of the model. */
interface DynamicTables extends ScheduleTables {
  /** Whether a run does without the schedule, one bool; undefined where none does. */
  readonly skipped: Name | undefined;
}

/** Adds tables as inputs of the model, and a feed that fills them in for each run. */
export function dynamicTables(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  { schedule: scheduleOf, options, skips }: DynamicSchedule,
): DynamicTables {
  const { main, model } = context;
  const projections: Projection[] = node.inputs.qGlobal === undefined ? ['local'] : ['local', 'global'];
  const id = main.inputNames.length;
  const dim = (name: string): string => `${name}_${id}`;
  const input = (name: string, dtype: 'i32' | 'bool', shape: readonly Dim[]): Name =>
    main.input(`${name}_${id}`, { dtype, shape });
  const table = input('masks', 'bool', [dim('masks'), TILE, TILE]);
  const results = input('results', 'i32', [problem.batch * problem.heads * problem.queryLength]);
  const skipped = skips && input('skipped', 'bool', []);
  const poolRows = new Map(
    projections.map((projection) => [
      projection,
      input(`keys_${projection}`, 'i32', [dim(`keys_${projection}`)]),
    ]),
  );
  const slots = projections.flatMap((projection) =>
    Array.from({ length: options.bins }, (_, index) => {
      const slot = `${projection}_${index}`;
      const at = (name: string, tiles: Dim, dtype: 'i32' | 'bool' = 'i32'): Name =>
        input(`${name}_${slot}`, dtype, [dim(`steps_${slot}`), options.blocks, tiles]);
      const [openTiles, maskedTiles] = [dim(`open_${slot}`), dim(`masked_${slot}`)];
      return {
        projection,
        blocks: options.blocks,
        openTiles,
        maskedTiles,
        rows: at('rows', TILE),
        open: at('tiles', openTiles),
        masked: at('maskedTiles', maskedTiles),
        masks: at('tileMasks', maskedTiles),
        visible: at('visible', TILE, 'bool'),
        sharedMask: undefined,
        table,
        kinds: () => undefined,
        sharesPairs: () => false,
      };
    }),
  );
  context.planFeeds.push({
    feeds: async (inputs) => {
      const data = planTensors(context.graph, node, inputs);
      const isSkipped = skips !== undefined && data.keyMask !== undefined && skips(data.keyMask);
      const schedule = isSkipped
        ? NO_SCHEDULE
        : scheduleOf(context.plans.plan(inputSpecs(context.graph, node), node.attributes, data).plan);
      const feeds: Record<Name, Tensor> = { [table]: maskTensor(schedule) };
      if (skipped !== undefined) feeds[skipped] = bool([], Uint8Array.of(isSkipped ? 1 : 0));
      for (const projection of projections) {
        const pool = schedule.pools[projection];
        const rows = pool?.rows ?? consecutive((pool?.tiles ?? 0) * TILE);
        const name = poolRows.get(projection) ?? '';
        feeds[name] = i32([Math.max(TILE, rows.length)], rows.length > 0 ? rows : new Int32Array(TILE));
      }
      fillSlots(feeds, { slots, schedule, results, problem });
      return feeds;
    },
  });
  return {
    pools: Object.fromEntries(
      projections.map((projection) => {
        const rows = poolRows.get(projection);
        const { queryLength, queryOffset, keyLength } = problem;
        let positions: Name | undefined;
        return [
          projection,
          {
            rows,
            // Any keys may stand beside each other.
            run: () => 1,
            range: () => ({ least: 1 - queryLength - queryOffset, greatest: keyLength - 1 - queryOffset }),
            positions: () =>
              (positions ??= main.reshape(
                main.op('Mod', [rows ?? '', model.scalar(problem.keyLength, 'i32')]),
                [-1, TILE],
              )),
          },
        ];
      }),
    ),
    bins: slots,
    results,
    skipped,
  };
}

/** A model's slots for bins, and the schedule to fill them with. */
interface SlotContext {
  readonly slots: readonly BinTables[];
  readonly schedule: Schedule;
  readonly results: Name;
  readonly problem: AttentionProblem;
}

/**
 * Adds the bins of a schedule to the feeds, one for each slot of the model. Unused slots get a bin of unused
 * rows.
 */
function fillSlots(feeds: Record<Name, Tensor>, { slots, schedule, results, problem }: SlotContext): void {
  const { batch, heads, queryLength } = problem;
  const unassigned = [...schedule.bins];
  /** Where the results of each bin begin in the schedule, and where they begin in the model. */
  const moves: { from: number; to: number; count: number }[] = [];
  const starts = new Map<ScheduledBin, number>();
  let end = 0;
  for (const bin of schedule.bins) {
    starts.set(bin, end);
    end += bin.rows.length;
  }
  let at = 0;
  for (const slot of slots) {
    const index = unassigned.findIndex(({ projection }) => projection === slot.projection);
    const bin = index < 0 ? unusedBin(slot.projection, slot.blocks) : unassigned.splice(index, 1)[0];
    const put = (name: Name | undefined, tensor: Tensor): void => {
      if (name !== undefined) feeds[name] = tensor;
    };
    const shape = [bin.steps, bin.blocks];
    put(slot.rows, i32([...shape, TILE], bin.rows));
    put(slot.open, i32([...shape, bin.openTiles], bin.open));
    put(slot.masked, i32([...shape, bin.maskedTiles], bin.masked));
    put(slot.masks, i32([...shape, bin.maskedTiles], bin.masks));
    put(slot.visible, bool([...shape, TILE], bin.visible ?? new Uint8Array(bin.rows.length).fill(1)));
    const from = starts.get(bin);
    if (from !== undefined) moves.push({ from, to: at, count: bin.rows.length });
    at += bin.rows.length;
  }
  if (unassigned.length > 0)
    throw new AttnError('INTERNAL', 'onnx/run', `${unassigned.length} bins have no slot`);
  const zero = at;
  const source = schedule.results ?? consecutive(batch * heads * queryLength);
  const moved = source.map((row) => {
    const move = moves.find(({ from, count }) => row >= from && row < from + count);
    return move === undefined ? zero : row - move.from + move.to;
  });
  feeds[results] = i32([moved.length], moved);
}

/** A bin for a slot that a plan does not use: one step over the first tile, whose results are unused. */
function unusedBin(projection: Projection, blocks: number): ScheduledBin {
  return {
    projection,
    steps: 1,
    blocks,
    rows: new Int32Array(blocks * TILE),
    open: new Int32Array(0),
    openTiles: 0,
    masked: new Int32Array(blocks),
    maskedTiles: 1,
    masks: new Int32Array(blocks),
    visible: new Uint8Array(blocks * TILE),
  };
}

/** 0, 1, … up to `length`. */
function consecutive(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => i);
}
