/**
 * Tiles of LSH attention, a round a split: queries stand in the round's order, and keys are those of the chunks around theirs. As in a
 * `ChunkPlan` of core, the chunks that a round sees are a list, those that a cycle puts before and after its own among them, and each takes
 * `slots` slots; but nothing of it is written down: which token a slot holds, which tiles a block of rows sees and which pairs count
 * follows from the order by arithmetic.
 */
import { QUERIES, threadsOf, type AttentionOptions, type ChunkOptions } from './options.ts';
import type { TileSource } from './source.ts';

export const CHUNK_PARAMS = {
  headDim: 'u32',
  valueDim: 'u32',
  /** Tokens. */
  queryCount: 'u32',
  heads: 'u32',
  /** First block of rows, (batch row, head), round and part of the results of this dispatch. */
  firstBlock: 'u32',
  firstMember: 'u32',
  firstRound: 'u32',
  firstSlot: 'u32',
  rounds: 'u32',
  /** Chunks of a round, tokens of one, and of how many chunks all rounds are a cycle. */
  chunks: 'u32',
  slots: 'u32',
  cycle: 'u32',
  /** Listed chunks in all, and those before the round's own; and how far back in the cycle the list begins, as steps forward. */
  listed: 'u32',
  lead: 'u32',
  behind: 'u32',
  /** Neighbours that a chunk sees. */
  before: 'u32',
  after: 'u32',
  /** Flags. */
  causal: 'u32',
  withinBuckets: 'u32',
  once: 'u32',
  byCount: 'u32',
  /** Elements from batch row to batch row, head to head and token to token. Keys are [members, tokens, headDim]. */
  qBatch: 'u32',
  qHead: 'u32',
  qToken: 'u32',
  kHead: 'u32',
  kToken: 'u32',
  vBatch: 'u32',
  vHead: 'u32',
  vToken: 'u32',
  /** Results are [parts, members, tokens, valueDim] and [parts, members, tokens]. */
  splitOut: 'u32',
  splitStates: 'u32',
  outHead: 'u32',
  outToken: 'u32',
  scale: 'f32',
} as const;

/** Slots whose token nobody sees have this bit. */
const HIDDEN = '0x80000000u';

/** Grid: blocks of rows, members, rounds. */
export function chunkSource(options: AttentionOptions, chunks: ChunkOptions): TileSource {
  const { rows } = options;
  const { hasMeetings, hasMask } = chunks;
  const threads = threadsOf(options);
  return {
    params: CHUNK_PARAMS,
    keys: 'f32',
    buffers: {
      order: 'u32',
      ...(hasMeetings && { meetings: 'vec2u' }),
      ...(hasMask && { mask: 'u32' }),
    },
    functions: functionsOf(chunks),
    bases: `  let firstQuery = (params.firstBlock + group.x) * ${rows}u;
  let member = params.firstMember + group.y;
  let batch = member / params.heads;
  let head = member % params.heads;
  let round = params.firstRound + group.z;
  memberRow = member * params.rounds;
  roundRow = memberRow + round;
  meetingsRow = group.y * params.rounds;
  let qBase = batch * params.qBatch + head * params.qHead;
  let kBase = group.y * params.kHead;
  let vBase = batch * params.vBatch + head * params.vHead;
  let outBase = (params.firstSlot + group.z) * params.splitOut + group.y * params.outHead;
  let stateBase = (params.firstSlot + group.z) * params.splitStates + group.y * params.queryCount;`,
    tiles: (body) => `  let lastQuery = min(firstQuery + ${rows}u, params.queryCount) - 1u;
  let firstTile = slotsSeen(firstQuery).x / 64u;
  let lastTile = (slotsSeen(lastQuery).y + 63u) / 64u;
  for (var tile = firstTile; tile < lastTile; tile++) {
      // Read behind the barrier that comes before keys are loaded.
      for (var s = lane; s < 64u; s += ${threads}u) { tokens[s] = tokenOf(tile * 64u + s, round, batch); }
${body}
  }`,
    seen: (i) =>
      `        let bits = keysSeen(queries[${i}], firstQuery + ty * ${QUERIES}u + ${i}u, tile * 64u, tx * 4u, round);`,
    logits: (i) =>
      hasMeetings
        ? `        if (params.byCount == 1u) {
          for (var j = 0u; j < 4u; j++) {
            if (((bits >> j) & 1u) == 1u) { row[j] -= logOfCount(queries[${i}], tokens[tx * 4u + j]); }
          }
        }`
        : '',
  };
}

function functionsOf({ hasMeetings, hasMask }: ChunkOptions): string {
  return `
var<workgroup> tokens: array<u32, 64>;

// Rows of the orders and of the meetings of all rounds: where those of this head begin, and the one of this round.
var<private> memberRow: u32;
var<private> roundRow: u32;
var<private> meetingsRow: u32;

fn tokenAt(row: u32, place: u32) -> u32 { return min(order[row * params.queryCount + place], params.queryCount - 1u); }
fn queryRow(place: u32) -> u32 { return tokenAt(roundRow, place); }
fn keyRow(slot: u32) -> u32 { return tokens[slot % 64u] & 0x7fffffffu; }

// From which of the list's slots to which the token at a place sees.
fn slotsSeen(place: u32) -> vec2u {
  let own = place / params.slots + params.lead;
  let first = own - min(own, params.before);
  return vec2u(first, min(own + params.after + 1u, params.listed)) * params.slots;
}

fn tokenOf(slot: u32, round: u32, batch: u32) -> u32 {
  let chunk = slot / params.slots;
  let source = (round * params.chunks + chunk + params.behind) % params.cycle;
  let sourceRound = source / params.chunks;
  let place = (source % params.chunks) * params.slots + slot % params.slots;
  // Slots that a shorter chunk leaves over hold none.
  if (chunk >= params.listed || place >= params.queryCount) { return ${HIDDEN}; }
  var token = tokenAt(memberRow + sourceRound, place);
${hasMeetings ? `  if (params.withinBuckets == 1u && sourceRound != round) { token |= ${HIDDEN}; }\n` : ''}${
    hasMask
      ? `  if (mask[batch * params.queryCount + (token & 0x7fffffffu)] == 0u) { token |= ${HIDDEN}; }\n`
      : ''
  }  return token;
}
${hasMeetings ? MEETINGS : ''}
// Which of the four keys from a slot of the tile on the query at a place sees.
fn keysSeen(query: u32, place: u32, firstSlot: u32, first: u32, round: u32) -> u32 {
  let band = slotsSeen(place);
  var bits = 0u;
  for (var j = 0u; j < 4u; j++) {
    let slot = firstSlot + first + j;
    let token = tokens[first + j];
    var isSeen = slot >= band.x && slot < band.y && token < ${HIDDEN} && token != query;
    if (params.causal == 1u && token > query) { isSeen = false; }
${
  hasMeetings
    ? `    if (isSeen && params.withinBuckets == 1u) { isSeen = meeting(query, round).y == meeting(token, round).y; }
    if (isSeen && params.once == 1u) { isSeen = !haveMet(query, token, round); }
`
    : ''
}    bits |= select(0u, 1u << j, isSeen);
  }
  return bits;
}`;
}

const MEETINGS = `
// The chunk of a token in a round, counted within it, and its bucket.
fn meeting(token: u32, round: u32) -> vec2u { return meetings[(meetingsRow + round) * params.queryCount + token]; }

// Whether a pair meets in a round before this one, where rounds have ends.
fn haveMet(query: u32, key: u32, round: u32) -> bool {
  for (var r = 0u; r < round; r++) {
    let a = meeting(query, r);
    let b = meeting(key, r);
    let isNear = b.x + params.before >= a.x && b.x <= a.x + params.after;
    if (isNear && (params.withinBuckets == 0u || a.y == b.y)) { return true; }
  }
  return false;
}

// log(count + 1e-9), where count is how often the key's chunk is among those that the query's looks at, as the cycle has it.
fn logOfCount(query: u32, key: u32) -> f32 {
  var count = 0u;
  for (var r = 0u; r < params.rounds; r++) {
    let a = meeting(query, r);
    let b = meeting(key, r);
    if (params.withinBuckets == 1u && a.y != b.y) { continue; }
    // Steps ahead and back in the cycle. A cycle that is shorter than the way is gone round again.
    let ahead = (b.x + params.cycle - a.x) % params.cycle;
    let back = params.cycle - ahead;
    if (ahead <= params.after) { count += (params.after - ahead) / params.cycle + 1u; }
    if (back <= params.before) { count += (params.before - back) / params.cycle + 1u; }
  }
  // The logarithm of 1 is 0, whatever a device makes of it.
  return select(log(f32(count) + 1e-9), 0.0, count == 1u);
}
`;
