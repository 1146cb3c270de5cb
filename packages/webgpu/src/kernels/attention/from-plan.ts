/** Tiles as a plan lists them: spans of neighbours that share a mask, in the plan's order of queries and keys. */
import { QUERIES, type AttentionOptions } from './options.ts';
import { ATTENTION_PARAMS } from './params.ts';
import type { TileSource } from './source.ts';

/** Grid: blocks of rows, members, splits. */
export function planSource(options: AttentionOptions): TileSource {
  const { rows, input, alibi, relative, bias } = options;
  return {
    params: ATTENTION_PARAMS,
    keys: input,
    buffers: {
      plan: 'u32',
      ...(alibi && { slopes: alibi }),
      ...(relative && { relative }),
      ...(bias && { bias }),
    },
    functions: FUNCTIONS,
    bases: `  let part = params.firstBlock + group.x;
  let firstQuery = part * ${rows}u;
  let block = part / ${64 / rows}u;
  let firstRow = (part % ${64 / rows}u) * ${rows}u;
  let member = plan[params.members + params.firstMember + group.y];
  let batch = member / params.heads;
  let head = member % params.heads;
  let kvHead = head / params.headsPerKv;
  let qBase = batch * params.qBatch + head * params.qHead - params.qFirst;
  let kBase = batch * params.kBatch + kvHead * params.kHead - params.kFirst;
  let vBase = batch * params.vBatch + kvHead * params.vHead - params.vFirst;
  let outBase = group.z * params.splitOut + batch * params.outBatch + head * params.outHead - params.outFirst;
  let stateBase = group.z * params.splitStates + member * params.queryLength;`,
    tiles,
    seen: (i) => `        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * ${QUERIES}u + ${i}u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }`,
    logits: (i) => logits(options, i),
  };
}

const FUNCTIONS = `
fn queryRow(index: u32) -> u32 {
  if (params.hasQueryIndex == 0u) { return index; }
  return plan[params.queryIndex + index];
}
fn keyRow(index: u32) -> u32 {
  let bounded = min(index, params.keyCount - 1u);
  if (params.hasKeyIndex == 0u) { return bounded; }
  return plan[params.keyIndex + bounded];
}
fn capped(x: f32) -> f32 {
  if (isNaN_(x)) { return x; }
  // exp overflows beyond this, and tanh is 1 long before.
  let y = clamp(x / params.softcap, -20.0, 20.0);
  if (abs(y) < 0.1) {
    let z = y * y;
    return params.softcap * (y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885))));
  }
  let e = exp(2.0 * abs(y));
  return params.softcap * sign(y) * (1.0 - 2.0 / (e + 1.0));
}`;

/** The spans of the block, each with a `maskId`, and of their tiles those of this split. */
const tiles = (body: string): string => `  let firstSpan = plan[params.rowStart + block];
  let lastSpan = plan[params.rowStart + block + 1u];
  // The tiles of this split, counted over all spans.
  var tilesOfBlock = 0u;
  if (params.splits > 1u) {
    for (var span = firstSpan; span < lastSpan; span++) { tilesOfBlock += plan[params.spanTiles + span]; }
  }
  let share = select(0xffffffffu, (tilesOfBlock + params.splits - 1u) / params.splits, params.splits > 1u);
  let begin = select(0u, group.z * share, params.splits > 1u);
  let end = select(0xffffffffu, begin + share, params.splits > 1u);
  var tilesBefore = 0u;
  for (var span = firstSpan; span < lastSpan; span++) {
    let firstTile = plan[params.spanColumn + span] - tilesBefore;
    let tilesAfter = tilesBefore + plan[params.spanTiles + span];
    let maskId = bitcast<i32>(plan[params.spanMask + span]);
    let lastTile = firstTile + clamp(end, tilesBefore, tilesAfter);
    let startTile = firstTile + clamp(begin, tilesBefore, tilesAfter);
    tilesBefore = tilesAfter;
    for (var tile = startTile; tile < lastTile; tile++) {
${body}
    }
  }`;

/** The soft cap, then biases. */
function logits({ alibi, relative, bias }: AttentionOptions, i: number): string {
  const biases = [
    alibi && 'row[j] -= f32(slopes[batch * params.slopeBatch + head]) * f32(abs(offset));',
    relative &&
      `row[j] += f32(relative[head * u32(2 * params.radius + 1) + u32(clamp(offset, -params.radius, params.radius) + params.radius)]);`,
    bias &&
      `row[j] += f32(bias[batch * params.biasBatch + head * params.biasHead + queries[${i}] * params.biasQuery + key * params.biasKey]);`,
  ].filter((line) => typeof line === 'string');
  const cap = `        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }`;
  if (biases.length === 0) return cap;
  return `${cap}
        for (var j = 0u; j < 4u; j++) {
          let key = keyRow(tile * 64u + tx * 4u + j);
          let offset = i32(key) - i32(queries[${i}]) - params.queryOffset;
${biases.map((line) => `          ${line}`).join('\n')}
        }`;
}
