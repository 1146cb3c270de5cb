/** A schedule's tables as values of the model: constants where the plan is known, inputs where each run has its own. */
import { AttnError, bool, i32, type AttentionPlan, type Tensor } from '@attn/core';
import { inputSpecs, planTensors, TILE, type AttentionProblem, type NodeOf } from '@attn/core/backend';
import type { Dim, Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';
import type { KeyPool, Projection, Schedule, ScheduledClass, ScheduleOptions } from './schedule.ts';

/** Where the tables of a class stand, each with a leading axis of steps. */
export interface ClassTables {
  readonly projection: Projection;
  readonly blocks: number;
  readonly rows: Name;
  readonly open: Name | undefined;
  readonly openTiles: Dim;
  readonly masked: Name | undefined;
  readonly maskedTiles: Dim;
  readonly masks: Name | undefined;
  readonly visible: Name | undefined;
  /** [64, T·64] f32, −∞ and 0: a mask that all row blocks of the class share. Open tiles come first. */
  readonly sharedMask: Name | undefined;
  /** [masks, 64, 64] of all. */
  readonly table: Name | undefined;
}

/** Where a pool's tables stand. */
export interface PoolTables {
  readonly rows: Name | undefined;
  /** [tiles, 64] i32: positions of keys; written when first asked for. */
  positions(): Name;
}

/** All tables. */
export interface ScheduleTables {
  readonly pools: Readonly<Partial<Record<Projection, PoolTables>>>;
  readonly classes: readonly ClassTables[];
  readonly results: Name | undefined;
}

/** Masks of at most this many tiles are shared as one piece. */
const SHARED_TILES = 32;

/** Tables of a plan that never changes. */
export function staticTables(
  context: LoweringContext,
  problem: AttentionProblem,
  made: Schedule,
): ScheduleTables {
  const { model, main } = context;
  const ints = (wish: string, shape: readonly number[], data: Int32Array): Name =>
    model.tensor(wish, i32(shape, data));
  let table: Name | undefined;
  const tableName = (): Name =>
    (table ??= model.tensor('masks', bool([made.table.length / TILE ** 2, TILE, TILE], made.table)));
  const classes = made.classes.map((each): ClassTables => {
    const { projection, steps, blocks, openTiles, maskedTiles, visible } = each;
    const shape = [steps, blocks];
    const shared = sharedMask(made, each);
    const isMasked = maskedTiles > 0;
    return {
      projection,
      blocks,
      openTiles,
      maskedTiles,
      rows: ints('rows', [...shape, TILE], each.rows),
      open: openTiles > 0 ? ints('tiles', [...shape, openTiles], each.open) : undefined,
      masked: isMasked ? ints('maskedTiles', [...shape, maskedTiles], each.masked) : undefined,
      masks:
        isMasked && shared === undefined ? ints('tileMasks', [...shape, maskedTiles], each.masks) : undefined,
      visible: visible && model.tensor('visible', bool([...shape, TILE], visible)),
      sharedMask:
        shared && model.array('mask', { dtype: 'f32', shape: [TILE, shared.length / TILE] }, shared),
      table: isMasked && shared === undefined ? tableName() : undefined,
    };
  });
  const pool = (projection: Projection): PoolTables | undefined => {
    const keys = made.pools[projection];
    if (keys === undefined) return undefined;
    let positions: Name | undefined;
    return {
      rows: keys.rows && ints('keys', [keys.rows.length], keys.rows),
      positions: () => (positions ??= ints('keyPositions', [keys.tiles, TILE], positionsOf(keys, problem))),
    };
  };
  return {
    pools: { local: pool('local'), global: pool('global') },
    classes,
    results: made.results && main.model.tensor('results', i32([made.results.length], made.results)),
  };
}

function positionsOf({ rows, tiles }: KeyPool, { keyLength }: AttentionProblem): Int32Array {
  return Int32Array.from({ length: tiles * TILE }, (_, i) => (rows?.[i] ?? i) % keyLength);
}

/** The mask that all row blocks of a class have, if they have the same. */
function sharedMask({ table }: Schedule, each: ScheduledClass): Float32Array | undefined {
  const { masks, maskedTiles, openTiles } = each;
  const tiles = openTiles + maskedTiles;
  if (maskedTiles === 0 || tiles > SHARED_TILES) return undefined;
  for (let i = maskedTiles; i < masks.length; i++) if (masks[i] !== masks[i - maskedTiles]) return undefined;
  const mask = new Float32Array(TILE * tiles * TILE);
  for (let t = 0; t < maskedTiles; t++) {
    for (let row = 0; row < TILE; row++) {
      for (let column = 0; column < TILE; column++) {
        if (table[(masks[t] * TILE + row) * TILE + column] === 1) continue;
        mask[(row * tiles + openTiles + t) * TILE + column] = -Infinity;
      }
    }
  }
  return mask;
}

/** Tables that each run fills in. */
export function dynamicTables(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  make: (plan: AttentionPlan) => Schedule,
  options: ScheduleOptions,
): ScheduleTables {
  const { main, model } = context;
  const projections: Projection[] = node.inputs.qGlobal === undefined ? ['local'] : ['local', 'global'];
  const id = main.inputNames.length;
  const dim = (name: string): string => `${name}_${id}`;
  const input = (name: string, dtype: 'i32' | 'bool', shape: readonly Dim[]): Name =>
    main.input(`${name}_${id}`, { dtype, shape });
  const table = input('masks', 'bool', [dim('masks'), TILE, TILE]);
  const results = input('results', 'i32', [problem.batch * problem.heads * problem.queryLength]);
  const poolRows = new Map(
    projections.map((projection) => [
      projection,
      input(`keys_${projection}`, 'i32', [dim(`keys_${projection}`)]),
    ]),
  );
  const slots = projections.flatMap((projection) =>
    Array.from({ length: options.classes }, (_, index) => {
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
      };
    }),
  );
  context.planFeeds.push({
    feeds: async (inputs) => {
      const data = planTensors(context.graph, node, inputs);
      const { plan } = context.plans.plan(inputSpecs(context.graph, node), node.attributes, data);
      const made = make(plan);
      const feeds: Record<Name, Tensor> = {
        [table]: bool([made.table.length / TILE ** 2, TILE, TILE], made.table),
      };
      for (const projection of projections) {
        const rows = made.pools[projection]?.rows ?? identityOf((made.pools[projection]?.tiles ?? 0) * TILE);
        const name = poolRows.get(projection) ?? '';
        feeds[name] = i32([Math.max(TILE, rows.length)], rows.length > 0 ? rows : new Int32Array(TILE));
      }
      assign(feeds, slots, made, results, problem);
      return feeds;
    },
  });
  return {
    pools: Object.fromEntries(
      projections.map((projection) => {
        const rows = poolRows.get(projection);
        let positions: Name | undefined;
        return [
          projection,
          {
            rows,
            positions: () =>
              (positions ??= main.reshape(
                main.op('Mod', [rows ?? '', model.scalar(problem.keyLength, 'i32')]),
                [-1, TILE],
              )),
          },
        ];
      }),
    ),
    classes: slots,
    results,
  };
}

/** Puts the classes of a schedule into the slots of the model, and row blocks that nobody reads into slots that are left over. */
function assign(
  feeds: Record<Name, Tensor>,
  slots: readonly ClassTables[],
  made: Schedule,
  results: Name,
  { batch, heads, queryLength }: AttentionProblem,
): void {
  const left = [...made.classes];
  /** Where the results of each class of the schedule begin there, and in the model. */
  const moves: { from: number; to: number; count: number }[] = [];
  const starts = new Map<ScheduledClass, number>();
  let end = 0;
  for (const each of made.classes) {
    starts.set(each, end);
    end += each.rows.length;
  }
  let at = 0;
  for (const slot of slots) {
    const index = left.findIndex(({ projection }) => projection === slot.projection);
    const each = index < 0 ? emptyClass(slot.projection, slot.blocks) : left.splice(index, 1)[0];
    const put = (name: Name | undefined, tensor: Tensor): void => {
      if (name !== undefined) feeds[name] = tensor;
    };
    const shape = [each.steps, each.blocks];
    put(slot.rows, i32([...shape, TILE], each.rows));
    put(slot.open, i32([...shape, each.openTiles], each.open));
    put(slot.masked, i32([...shape, each.maskedTiles], each.masked));
    put(slot.masks, i32([...shape, each.maskedTiles], each.masks));
    put(slot.visible, bool([...shape, TILE], each.visible ?? new Uint8Array(each.rows.length).fill(1)));
    const from = starts.get(each);
    if (from !== undefined) moves.push({ from, to: at, count: each.rows.length });
    at += each.rows.length;
  }
  if (left.length > 0) throw new AttnError('INTERNAL', 'onnx/run', `${left.length} classes have no slot`);
  const zero = at;
  const source = made.results ?? identityOf(batch * heads * queryLength);
  const moved = source.map((row) => {
    const move = moves.find(({ from, count }) => row >= from && row < from + count);
    return move === undefined ? zero : row - move.from + move.to;
  });
  feeds[results] = i32([moved.length], moved);
}

/** One row block over the first tile, for a slot of which a plan makes no use. */
function emptyClass(projection: Projection, blocks: number): ScheduledClass {
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

function identityOf(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => i);
}
