/**
 * Tiles of LSH attention, where a workgroup computes queries of one round, in the order that the round sorts
 * tokens into. Keys are a list of chunks, as in core's `ChunkPlan`: those of the round, and where rounds are
 * a cycle also chunks of the rounds before and after. Each chunk takes `slots` slots of the list. Nothing of
 * that list is in memory: which token a slot holds, which tiles a workgroup goes through and which pairs
 * count is computed from the order.
 */
import { when, wgsl } from '../../template.ts';
import type { Params } from '../../wgsl.ts';
import type { AttentionOptions, ChunkOptions } from '../options.ts';
import type { TileSource } from './source.ts';

export const CHUNK_PARAMS = {
  headDim: 'u32',
  valueDim: 'u32',
  /** Tokens. */
  queryCount: 'u32',
  heads: 'u32',
  /**
   * The first workgroup of each member, member (a head of a batch row), round, and part of the results of
   * this dispatch.
   */
  firstWorkgroup: 'u32',
  firstMember: 'u32',
  firstRound: 'u32',
  firstPart: 'u32',
  rounds: 'u32',
  /** Chunks of a round, tokens of a chunk, and chunks of all rounds, which are a cycle. */
  chunks: 'u32',
  slots: 'u32',
  cycle: 'u32',
  /** Chunks of the list, and those in it that come before the round's own. */
  listed: 'u32',
  lead: 'u32',
  /** Steps forward in the cycle from the round's first chunk to the first of the list. */
  listStart: 'u32',
  /** Chunks that a chunk sees before and after itself. */
  before: 'u32',
  after: 'u32',
  /**
   * Flags: no later tokens; no other buckets; pairs count in one round only; pairs that meet more often count
   * less.
   */
  causal: 'u32',
  withinBuckets: 'u32',
  once: 'u32',
  shareWeights: 'u32',
  /**
   * Elements from batch row to batch row, head to head and token to token. Keys are [members, tokens,
   * headDim].
   */
  qBatch: 'u32',
  qHead: 'u32',
  qToken: 'u32',
  kHead: 'u32',
  kToken: 'u32',
  vBatch: 'u32',
  vHead: 'u32',
  vToken: 'u32',
  /** Elements of a part: results are [parts, members, tokens, valueDim], states [parts, members, tokens]. */
  splitOut: 'u32',
  splitStates: 'u32',
  outHead: 'u32',
  outToken: 'u32',
  scale: 'f32',
} as const;

export type ChunkParams = Params<typeof CHUNK_PARAMS>;

/** The source. Grid: workgroups of a member, members, rounds. */
export function chunkTiles({ rows }: AttentionOptions, { hasMeetings, hasMask }: ChunkOptions): TileSource {
  return {
    params: CHUNK_PARAMS,
    keys: 'f32',
    buffers: {
      order: 'u32',
      ...(hasMeetings && { meetings: 'vec2u' }),
      ...(hasMask && { mask: 'u32' }),
    },
    code: wgsl`
      // A round of a head: its rows in the orders of all rounds, and the first row of its head there and
      // among the meetings.
      struct Tiles { round: u32, orderRow: u32, firstOrderRow: u32, firstMeetingsRow: u32, end: u32 }

      // The 64 slots of the list from 64 · column on.
      struct Tile { exists: bool, column: u32 }

      // The tokens of the tile's slots. Nobody sees those with the bit HIDDEN.
      const HIDDEN = 0x80000000u;
      var<workgroup> tokens: array<u32, 64>;

      // The slots that the token at a place of the order sees: the first, and the one behind the last.
      fn visibleSlots(place: u32) -> vec2u {
        let own = place / params.slots + params.lead;
        let first = own - min(own, params.before);
        return vec2u(first, min(own + params.after + 1u, params.listed)) * params.slots;
      }

      fn workOf(group: vec3u) -> Work {
        let firstQuery = (params.firstWorkgroup + group.x) * ${rows}u;
        let lastQuery = min(firstQuery + ${rows}u, params.queryCount) - 1u;
        let member = params.firstMember + group.y;
        let batch = member / params.heads;
        let head = member % params.heads;
        let round = params.firstRound + group.z;
        let part = params.firstPart + group.z;
        return Work(
          batch,
          head,
          firstQuery,
          batch * params.qBatch + head * params.qHead,
          group.y * params.kHead,
          batch * params.vBatch + head * params.vHead,
          part * params.splitOut + group.y * params.outHead,
          part * params.splitStates + group.y * params.queryCount,
          Tiles(
            round,
            member * params.rounds + round,
            member * params.rounds,
            group.y * params.rounds,
            (visibleSlots(lastQuery).y + 63u) / 64u,
          ),
        );
      }

      fn firstTile(work: Work) -> Tile {
        let column = visibleSlots(work.firstQuery).x / 64u;
        return Tile(column < work.tiles.end, column);
      }

      fn nextTile(work: Work, tile: Tile) -> Tile {
        let column = tile.column + 1u;
        return Tile(column < work.tiles.end, column);
      }

      // The token at a place of the order of a round.
      fn tokenAt(orderRow: u32, place: u32) -> u32 {
        return min(order[orderRow * params.queryCount + place], params.queryCount - 1u);
      }

      // The token in a slot of the list.
      fn tokenIn(work: Work, slot: u32) -> u32 {
        let chunk = slot / params.slots;
        let source = (work.tiles.round * params.chunks + chunk + params.listStart) % params.cycle;
        let sourceRound = source / params.chunks;
        let place = (source % params.chunks) * params.slots + slot % params.slots;
        // The last chunk of a round may be shorter than its slots.
        if (chunk >= params.listed || place >= params.queryCount) { return HIDDEN; }
        var token = tokenAt(work.tiles.firstOrderRow + sourceRound, place);
        ${when(hasMeetings, 'if (params.withinBuckets == 1u && sourceRound != work.tiles.round) { token |= HIDDEN; }')}
        ${when(hasMask, 'if (mask[work.batch * params.queryCount + (token & ~HIDDEN)] == 0u) { token |= HIDDEN; }')}
        return token;
      }

      fn openTile(work: Work, tile: Tile, lane: u32) {
        for (var s = lane; s < 64u; s += THREADS) { tokens[s] = tokenIn(work, tile.column * 64u + s); }
      }

      fn queryAt(work: Work, row: u32) -> u32 {
        return tokenAt(work.tiles.orderRow, min(work.firstQuery + row, params.queryCount - 1u));
      }

      fn keyAt(tile: Tile, key: u32) -> u32 { return tokens[key] & ~HIDDEN; }

      ${when(hasMeetings, MEETINGS)}

      // A token sees others in the chunks around its own, as the flags say, and never itself.
      fn visibleKeys(work: Work, tile: Tile, row: u32, query: u32, x: u32) -> u32 {
        let slots = visibleSlots(work.firstQuery + row);
        var visible = 0u;
        for (var j = 0u; j < 4u; j++) {
          let key = 4u * x + j;
          let slot = tile.column * 64u + key;
          let token = tokens[key];
          var isVisible = slot >= slots.x && slot < slots.y && token < HIDDEN && token != query;
          if (params.causal == 1u && token > query) { isVisible = false; }
          ${when(hasMeetings, 'if (isVisible) { isVisible = mayMeet(work, query, token); }')}
          visible |= select(0u, 1u << j, isVisible);
        }
        return visible;
      }

      fn finishLogits(scaled: vec4f, work: Work, tile: Tile, query: u32, x: u32, visible: u32) -> vec4f {
        var logits = scaled;
        ${when(hasMeetings, SHARE_WEIGHTS)}
        return logits;
      }`,
  };
}

/**
 * Functions for rules that look at other rounds: of each token of each round, `meetings` has the chunk,
 * counted within the round, and the bucket.
 */
const MEETINGS = wgsl`
  // The chunk and the bucket of a token in a round.
  fn meeting(work: Work, token: u32, round: u32) -> vec2u {
    return meetings[(work.tiles.firstMeetingsRow + round) * params.queryCount + token];
  }

  // Whether a pair meets in a round before this one, where rounds are no cycle.
  fn haveMet(work: Work, query: u32, key: u32) -> bool {
    for (var round = 0u; round < work.tiles.round; round++) {
      let a = meeting(work, query, round);
      let b = meeting(work, key, round);
      let isNear = b.x + params.before >= a.x && b.x <= a.x + params.after;
      if (isNear && (params.withinBuckets == 0u || a.y == b.y)) { return true; }
    }
    return false;
  }

  // Whether a pair whose chunks are near counts in this round.
  fn mayMeet(work: Work, query: u32, key: u32) -> bool {
    let round = work.tiles.round;
    if (params.withinBuckets == 1u && meeting(work, query, round).y != meeting(work, key, round).y) { return false; }
    return params.once == 0u || !haveMet(work, query, key);
  }

  // log(count + 1e-9), where count is how often a pair meets: how often the key's chunk is among those that
  // the query's sees in the cycle.
  fn logOfCount(work: Work, query: u32, key: u32) -> f32 {
    var count = 0u;
    for (var round = 0u; round < params.rounds; round++) {
      let a = meeting(work, query, round);
      let b = meeting(work, key, round);
      if (params.withinBuckets == 1u && a.y != b.y) { continue; }
      // Steps ahead and back in the cycle, which is gone round again where it is shorter than what a chunk
      // sees.
      let ahead = (b.x + params.cycle - a.x) % params.cycle;
      let back = params.cycle - ahead;
      if (ahead <= params.after) { count += (params.after - ahead) / params.cycle + 1u; }
      if (back <= params.before) { count += (params.before - back) / params.cycle + 1u; }
    }
    // The logarithm of 1 is 0, whatever a device makes of it.
    return select(log(f32(count) + 1e-9), 0.0, count == 1u);
  }`;

/** Pairs that meet several times share their weight. */
const SHARE_WEIGHTS = wgsl`
  if (params.shareWeights == 1u) {
    for (var j = 0u; j < 4u; j++) {
      if (((visible >> j) & 1u) == 1u) { logits[j] -= logOfCount(work, query, tokens[4u * x + j]); }
    }
  }`;
