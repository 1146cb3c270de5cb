/**
 * Attention, one workgroup a block of queries: it walks over the key tiles that the plan lists for the block, with an online softmax
 * (Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867) and the sums in registers, as in FlashAttention (Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135). Nothing about patterns is in here: hidden pairs are bits of the plan's masks.
 *
 * Each invocation has 4 × 4, 4 × 8 or 8 × 8 logits of a tile, and the columns of the output that fall to it, for the same rows. Shared
 * memory holds the tile's weights, and 16 columns of q and k or a few rows of v at a time.
 *
 * What may not be a number is told by its bits, as shader compilers may assume that there are only numbers. A key that a row sees
 * has a weight above 0, however small; so 0 · ∞ cannot arise where a value counts, and where a tile of values has anything but
 * numbers in it, rows that do not see it leave it out.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { ENABLE_SUBGROUPS, SUBGROUP_INPUTS } from '../subgroups.ts';
import { declareBuffers, declareParams, ENABLE_F16, floatAccess, range } from '../wgsl.ts';
import { declareHelpers } from './helpers.ts';
import { finishLogits, multiplyQueriesAndKeys } from './logits.ts';
import { attentionName, divisionOf, stageVectors, weightVectors, type AttentionOptions } from './options.ts';
import { ATTENTION_PARAMS } from './params.ts';
import { writeRows } from './result.ts';
import { declareRows } from './rows.ts';
import { weighTile } from './softmax.ts';
import { addValues } from './values.ts';

/** The kernel. Grid: blocks of rows, members, splits. */
export function attentionKernel(options: AttentionOptions): KernelSource {
  const { rows, input, subgroups } = options;
  const { queries, across, columns, threads } = divisionOf(options);
  const enabled = `${input === 'f16' ? ENABLE_F16 : ''}${subgroups ? ENABLE_SUBGROUPS : ''}`;
  const code = `${enabled}${declareParams(ATTENTION_PARAMS)}
${declareOperands(options)}
${floatAccess(options.output).declaration}
const LOWEST = -3.4028234e38;
const LEAST = 1.2e-38;

var<workgroup> weights: array<vec4f, ${weightVectors(options)}>;
var<workgroup> stage: array<vec4f, ${stageVectors(options)}>;
var<workgroup> oddValues: atomic<u32>;

${declareHelpers(options)}${declareRows(options)}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${subgroups ? `, ${SUBGROUP_INPUTS}` : ''}) {
  // Invocations that share a row and reduce without shared memory.
  let reach = ${subgroups ? 'subgroupReach(lane, subgroupSize, subgroupLane)' : '1u'};
  let tx = lane % ${across}u;
  let ty = lane / ${across}u;
  let headVectors = (params.headDim + 3u) / 4u;
  let valueVectors = (params.valueDim + 3u) / 4u;
  let block = group.x / ${64 / rows}u;
  let firstQuery = group.x * ${rows}u;
  let firstRow = (group.x % ${64 / rows}u) * ${rows}u;
  let member = plan[params.members + params.firstMember + group.y];
  let batch = member / params.heads;
  let head = member % params.heads;
  let kvHead = head / params.headsPerKv;
  let qBase = batch * params.qBatch + head * params.qHead - params.qFirst;
  let kBase = batch * params.kBatch + kvHead * params.kHead - params.kFirst;
  let vBase = batch * params.vBatch + kvHead * params.vHead - params.vFirst;

  var greatest = rowsOf(LOWEST);
  var total = rowsOf(0.0);
  // Bit i: row i has no softmax.
  var nanRows = 0u;
  var sums: array<vec4f, ${queries * columns}>;
  // Where each of this invocation's rows stands in q.
  var queries: array<u32, ${queries}>;
${range(queries)
  .map(
    (i) => `  queries[${i}] = queryRow(min(firstQuery + ty * ${queries}u + ${i}u, params.queryCount - 1u));`,
  )
  .join('\n')}

  let firstSpan = plan[params.rowStart + block];
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
${multiplyQueriesAndKeys(options)}

${finishLogits(options)}
${weighTile(options)}

${addValues(options)}
      workgroupBarrier();
    }
  }

${writeRows(options)}
}`;
  return { name: attentionName(options), code };
}

/** The buffers, in the order of their bindings. */
function declareOperands(options: AttentionOptions): string {
  const { wholeHeads, wholeValues, input, output, alibi, relative, bias, hasLse } = options;
  const rowType = (isWhole: boolean): string => (isWhole ? `vec4<${input}>` : input);
  const buffers = {
    q: rowType(wholeHeads),
    k: rowType(wholeHeads),
    v: rowType(wholeValues),
    plan: 'u32',
    ...(alibi && { slopes: alibi }),
    ...(relative && { relative }),
    ...(bias && { bias }),
    out: floatAccess(output).type,
    ...(hasLse && { lse: 'f32' }),
  };
  return declareBuffers(buffers, hasLse ? 2 : 1);
}
