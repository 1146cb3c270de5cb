/**
 * Tiles that a plan lists: spans of tiles beside each other that share a mask, in the plan's order of queries
 * and keys.
 */
import { when, wgsl } from '../../template.ts';
import type { Params } from '../../wgsl.ts';
import type { AttentionOptions } from '../options.ts';
import { declareScored, scoreBuffers } from '../score.wgsl.ts';
import type { TileSource } from './source.ts';

/** Sizes and strides of a call. */
const CALL_PARAMS = {
  headDim: 'u32',
  valueDim: 'u32',
  queryLength: 'u32',
  heads: 'u32',
  headsPerKv: 'u32',
  queryOffset: 'i32',
  scale: 'f32',
  /** 0 for none. */
  softcap: 'f32',
  /** Elements from batch row to batch row, head to head and token to token. */
  qBatch: 'u32',
  qHead: 'u32',
  qToken: 'u32',
  kBatch: 'u32',
  kHead: 'u32',
  kToken: 'u32',
  vBatch: 'u32',
  vHead: 'u32',
  vToken: 'u32',
  outBatch: 'u32',
  outHead: 'u32',
  outToken: 'u32',
} as const;

/** Strides and sizes of biases. */
const BIAS_PARAMS = {
  /** Slopes from batch row to batch row; 0 where all share them. */
  slopeBatch: 'u32',
  /** The relative bias of a head covers offsets from −radius to radius. */
  radius: 'i32',
  biasBatch: 'u32',
  biasHead: 'u32',
  biasQuery: 'u32',
  biasKey: 'u32',
} as const;

/** Where each array of a group of the plan begins in the table of words that is bound as `plan`. */
const PLAN_OFFSETS = {
  members: 'u32',
  queryIndex: 'u32',
  keyIndex: 'u32',
  rowStart: 'u32',
  spanColumn: 'u32',
  spanTiles: 'u32',
  spanMask: 'u32',
  masks: 'u32',
  /** Extents of the tables of the score, one table's after another's. */
  tableExtents: 'u32',
} as const;

/** What a dispatch covers of a group of the plan. */
const DISPATCH_PARAMS = {
  queryCount: 'u32',
  keyCount: 'u32',
  /** Whether the orders are others than 0, 1, 2 … */
  hasQueryIndex: 'u32',
  hasKeyIndex: 'u32',
  /** The first member, and the first workgroup of each member. */
  firstMember: 'u32',
  firstWorkgroup: 'u32',
  /** Workgroups that share the tiles of a block, and elements of `out` and `states` from one to the next. */
  splits: 'u32',
  splitOut: 'u32',
  splitStates: 'u32',
  /** Elements of each tensor before the part that is bound. */
  qFirst: 'u32',
  kFirst: 'u32',
  vFirst: 'u32',
  outFirst: 'u32',
} as const;

/** All parameters of the kernel with this source. */
export const PLAN_PARAMS: typeof CALL_PARAMS &
  typeof BIAS_PARAMS &
  typeof PLAN_OFFSETS &
  typeof DISPATCH_PARAMS = { ...CALL_PARAMS, ...BIAS_PARAMS, ...PLAN_OFFSETS, ...DISPATCH_PARAMS };

export type CallParams = Params<typeof CALL_PARAMS>;
export type BiasParams = Params<typeof BIAS_PARAMS>;
export type PlanOffsets = Params<typeof PLAN_OFFSETS>;
export type PlanParams = Params<typeof PLAN_PARAMS>;

/**
 * The source. Grid: workgroups of a member, members, splits. A member is a head of a batch row; a block is 64
 * queries of the plan.
 */
export function planTiles({ rows, input, alibi, relative, bias, score }: AttentionOptions): TileSource {
  return {
    params: PLAN_PARAMS,
    keys: input,
    buffers: {
      plan: 'u32',
      ...(alibi && { slopes: alibi }),
      ...(relative && { relative }),
      ...(bias && { bias }),
      ...(score && scoreBuffers(score)),
    },
    code: wgsl`
      // What the plan has for a workgroup: the spans of its block, its first row in their masks, and its
      // share of the tiles.
      struct Tiles { firstSpan: u32, endSpan: u32, maskRow: u32, split: u32 }

      // The keys from 64 · column on, in the plan's order.
      struct Tile {
        exists: bool,
        column: u32,
        // The mask of its span; below 0 where every row sees every key.
        mask: i32,
        span: u32,
        endColumn: u32,
        // Tiles in the share of the workgroup from this one on.
        remaining: u32,
      }

      fn workOf(group: vec3u) -> Work {
        let part = params.firstWorkgroup + group.x;
        let block = part / ${64 / rows}u;
        let member = plan[params.members + params.firstMember + group.y];
        let batch = member / params.heads;
        let head = member % params.heads;
        let kvHead = head / params.headsPerKv;
        return Work(
          batch,
          head,
          part * ROWS,
          batch * params.qBatch + head * params.qHead - params.qFirst,
          batch * params.kBatch + kvHead * params.kHead - params.kFirst,
          batch * params.vBatch + kvHead * params.vHead - params.vFirst,
          group.z * params.splitOut + batch * params.outBatch + head * params.outHead - params.outFirst,
          group.z * params.splitStates + member * params.queryLength,
          Tiles(plan[params.rowStart + block], plan[params.rowStart + block + 1u], (part % ${64 / rows}u) * ROWS, group.z),
        );
      }

      // The tile that comes a number of tiles behind the start of a span.
      fn tileBehind(work: Work, start: u32, count: u32, remaining: u32) -> Tile {
        var span = start;
        var skip = count;
        while (span < work.tiles.endSpan && remaining > 0u) {
          let tiles = plan[params.spanTiles + span];
          if (skip < tiles) {
            let column = plan[params.spanColumn + span];
            let mask = bitcast<i32>(plan[params.spanMask + span]);
            return Tile(true, column + skip, mask, span, column + tiles, remaining);
          }
          skip -= tiles;
          span++;
        }
        return Tile();
      }

      fn firstTile(work: Work) -> Tile {
        if (params.splits == 1u) { return tileBehind(work, work.tiles.firstSpan, 0u, 0xffffffffu); }
        var tiles = 0u;
        for (var span = work.tiles.firstSpan; span < work.tiles.endSpan; span++) { tiles += plan[params.spanTiles + span]; }
        let share = (tiles + params.splits - 1u) / params.splits;
        return tileBehind(work, work.tiles.firstSpan, work.tiles.split * share, share);
      }

      fn nextTile(work: Work, tile: Tile) -> Tile {
        let column = tile.column + 1u;
        if (column == tile.endColumn || tile.remaining == 1u) { return tileBehind(work, tile.span + 1u, 0u, tile.remaining - 1u); }
        return Tile(true, column, tile.mask, tile.span, tile.endColumn, tile.remaining - 1u);
      }

      // A plan's tile is ready as it is.
      fn openTile(work: Work, tile: Tile, lane: u32) {}

      fn queryAt(work: Work, row: u32) -> u32 {
        let index = min(work.firstQuery + row, params.queryCount - 1u);
        if (params.hasQueryIndex == 0u) { return index; }
        return plan[params.queryIndex + index];
      }

      fn keyAt(tile: Tile, key: u32) -> u32 {
        let index = min(tile.column * 64u + key, params.keyCount - 1u);
        if (params.hasKeyIndex == 0u) { return index; }
        return plan[params.keyIndex + index];
      }

      // A mask has 64 rows of two words.
      fn visibleKeys(work: Work, tile: Tile, row: u32, query: u32, x: u32) -> u32 {
        if (tile.mask < 0) { return 15u; }
        let word = plan[params.masks + u32(tile.mask) * 128u + (work.tiles.maskRow + row) * 2u + x / 8u];
        return (word >> ((x * 4u) % 32u)) & 15u;
      }

      // softcap · tanh(x / softcap); near 0 by its series, which has the precision that 1 − 2 / (e + 1) loses
      // there.
      fn capped(x: f32) -> f32 {
        if (isNotANumber(x)) { return x; }
        // exp overflows beyond this, and tanh is 1 long before.
        let y = clamp(x / params.softcap, -20.0, 20.0);
        if (abs(y) < 0.1) {
          let z = y * y;
          return params.softcap * (y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885))));
        }
        let e = exp(2.0 * abs(y));
        return params.softcap * sign(y) * (1.0 - 2.0 / (e + 1.0));
      }

      ${score ? declareScored(score) : ''}
      // The soft cap, then biases, then the score's expression.
      fn finishLogits(scaled: vec4f, work: Work, tile: Tile, query: u32, x: u32, visible: u32) -> vec4f {
        var logits = scaled;
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { logits[j] = capped(logits[j]); }
        }
        ${when(alibi ?? relative ?? bias, biases({ alibi, relative, bias }))}
        ${when(score, SCORE)}
        return logits;
      }`,
  };
}

/** Replaces logits by their scores. */
const SCORE = wgsl`
  for (var j = 0u; j < 4u; j++) {
    let position = i32(query) + params.queryOffset;
    logits[j] = scored(logits[j], i32(work.batch), i32(work.head), position, i32(keyAt(tile, x * 4u + j)));
  }`;

type Biases = Pick<AttentionOptions, 'alibi' | 'relative' | 'bias'>;

/** Adds what a call has of ALiBi, a relative bias and a bias tensor. */
const biases = ({ alibi, relative, bias }: Biases): string => wgsl`
  for (var j = 0u; j < 4u; j++) {
    let key = keyAt(tile, x * 4u + j);
    let offset = i32(key) - i32(query) - params.queryOffset;
    ${when(alibi, 'logits[j] -= f32(slopes[work.batch * params.slopeBatch + work.head]) * f32(abs(offset));')}
    ${when(relative, 'let column = u32(clamp(offset, -params.radius, params.radius) + params.radius);')}
    ${when(relative, 'logits[j] += f32(relative[work.head * u32(2 * params.radius + 1) + column]);')}
    ${when(bias, 'let row = work.batch * params.biasBatch + work.head * params.biasHead + query * params.biasQuery;')}
    ${when(bias, 'logits[j] += f32(bias[row + key * params.biasKey]);')}
  }`;
