/**
 * Attention, one workgroup a block of queries: it walks over the tiles of keys that the block sees, with an online softmax
 * (Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867) and the sums in registers, as in FlashAttention (Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135). Nothing about patterns is in here: which tiles there are and which of their pairs are hidden comes
 * from a plan or, in LSH attention, from the order of the tokens; see `TileSource`.
 *
 * Each invocation has 4 × 4 logits of a tile, and the columns of the output that fall to it, for the same rows. Shared memory holds the
 * tile's weights, and some columns of q and k or rows of v at a time.
 *
 * What may not be a number is told by its bits, as shader compilers may assume that there are only numbers. A key that a row sees
 * has a weight above 0, however small; so 0 · ∞ cannot arise where a value counts, and once a workgroup has met values that are
 * no numbers, rows leave out what they do not see.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { ENABLE_SUBGROUPS, SUBGROUP_INPUTS } from '../subgroups.ts';
import { declareBuffers, declareParams, ENABLE_F16, floatAccess, four, LOWEST } from '../wgsl.ts';
import { chunkSource } from './from-chunks.ts';
import { planSource } from './from-plan.ts';
import { declareHelpers } from './helpers.ts';
import { finishLogits, multiplyQueriesAndKeys } from './logits.ts';
import {
  ACROSS,
  attentionName,
  QUERIES,
  stageVectors,
  threadsOf,
  weightVectors,
  type AttentionOptions,
} from './options.ts';
import { writeRows } from './result.ts';
import { declareRows } from './rows.ts';
import { weighTile } from './softmax.ts';
import type { TileSource } from './source.ts';
import { addValues } from './values.ts';

/** The kernel. Grid: see its source of tiles. */
export function attentionKernel(options: AttentionOptions): KernelSource {
  const { input, subgroups, groups } = options;
  const source = sourceOf(options);
  const enabled = `${input === 'f16' ? ENABLE_F16 : ''}${subgroups ? ENABLE_SUBGROUPS : ''}`;
  const code = `${enabled}${declareParams(source.params)}
${declareOperands(options, source)}
${floatAccess(options.output).declaration}
const LOWEST = ${LOWEST};
const LEAST = 1.2e-38;

var<workgroup> weights: array<vec4f, ${weightVectors(options)}>;
var<workgroup> stage: array<vec4f, ${stageVectors(options)}>;
var<workgroup> oddValues: atomic<u32>;

${declareHelpers(options)}${source.functions}${declareRows(options)}

@compute @workgroup_size(${threadsOf(options)})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${subgroups ? `, ${SUBGROUP_INPUTS}` : ''}) {
  // Invocations that share a row and reduce without shared memory.
  let reach = ${subgroups ? 'subgroupReach(lane, subgroupSize, subgroupLane)' : '1u'};
  let tx = lane % ${ACROSS}u;
  let ty = lane / ${ACROSS}u;
  let headVectors = (params.headDim + 3u) / 4u;
  let valueVectors = (params.valueDim + 3u) / 4u;
${source.bases}

  var greatest = vec4f(LOWEST);
  var total = vec4f();
  // Bit i: row i has no softmax.
  var nanRows = 0u;
  var sums: array<vec4f, ${QUERIES * groups}>;
  // Where each of this invocation's rows stands in q.
  let queries = vec4u(${four.map((i) => `queryRow(min(firstQuery + ty * ${QUERIES}u + ${i}u, params.queryCount - 1u))`).join(', ')});

${source.tiles(`${multiplyQueriesAndKeys(options)}

${finishLogits(source)}
${weighTile(options)}

${addValues(options)}
      workgroupBarrier();`)}

${writeRows(options)}
}`;
  return { name: attentionName(options), code };
}

function sourceOf(options: AttentionOptions): TileSource {
  return options.chunks ? chunkSource(options, options.chunks) : planSource(options);
}

/** The buffers, in the order of their bindings. */
function declareOperands(options: AttentionOptions, source: TileSource): string {
  const { wholeHeads, wholeValues, input, output, state } = options;
  const rowType = (isWhole: boolean, element: string): string => (isWhole ? `vec4<${element}>` : element);
  const buffers = {
    q: rowType(wholeHeads, input),
    k: rowType(wholeHeads, source.keys),
    v: rowType(wholeValues, input),
    ...source.buffers,
    out: floatAccess(output).type,
    ...(state === 'lse' && { lse: 'f32' }),
    ...(state === 'part' && { states: 'vec2f' }),
  };
  return declareBuffers(buffers, state === undefined ? 1 : 2);
}
