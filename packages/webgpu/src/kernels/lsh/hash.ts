/**
 * The hash of LSH attention. A token is multiplied with the columns of a rotation; its bucket is the place of
 * the largest among these scores and their negatives. A workgroup takes 64 tokens of one head and round, a
 * token for each invocation, and 16 columns at a time, whose scores are in registers; tokens and columns pass
 * through shared memory.
 *
 * Scores are compared as integers of the same order, so that NaN is recognised by its bits and −0 equals 0.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { each } from '../template.ts';
import { declareBuffers, declareParams, ENABLE_F16, type FloatElement } from '../wgsl.ts';

/** Tokens of a workgroup. */
export const HASH_TOKENS = 64;

/** Columns whose scores an invocation has at a time. */
const COLUMNS = 16;
/**
 * Dims that are in shared memory at a time. They are few because SwiftShader compiles large shared memory
 * slowly.
 */
const DEPTH = 8;

/** Parameters of `lshHashKernel`. */
export const LSH_HASH_PARAMS = {
  /** Workgroups of the whole grid: blocks of tokens, rounds, heads, batch rows. */
  groups: 'u32',
  blocks: 'u32',
  length: 'u32',
  heads: 'u32',
  headDim: 'u32',
  rounds: 'u32',
  /** Columns of a round. */
  width: 'u32',
  /** The number of buckets, which is also the bucket of hidden tokens. */
  bucketCount: 'u32',
  xBatch: 'u32',
  xHead: 'u32',
  xToken: 'u32',
  rotationBatch: 'u32',
  rotationHead: 'u32',
} as const;

/** The element types of the operands, and whether a mask hides tokens. */
export interface LshHashOptions {
  readonly x: FloatElement;
  readonly rotations: FloatElement;
  readonly hasMask: boolean;
}

/** The kernel. `factors` is a list of words. Grid: `rowGrid(groups)`. */
export function lshHashKernel({ x, rotations, hasMask }: LshHashOptions): KernelSource {
  const hasF16 = x === 'f16' || rotations === 'f16';
  return {
    name: `lshHash ${x} ${rotations}${hasMask ? ' mask' : ''}`,
    code: `${hasF16 ? ENABLE_F16 : ''}${declareParams(LSH_HASH_PARAMS)}
${declareBuffers({ x, rotations, factors: 'u32', ...(hasMask && { mask: 'u32' }), buckets: 'u32' })}

var<workgroup> tokens: array<f32, ${HASH_TOKENS * (DEPTH + 1)}>;
var<workgroup> columns: array<vec4f, ${(DEPTH * COLUMNS) / 4}>;

const LEAST = i32(0x80000000u);

// The best scores of a factor: places and orders of the largest score and of the largest negative.
struct Best { at: u32, order: i32, atNegative: u32, orderNegative: i32 }

// Larger floats are larger integers. −∞ and NaN are the least: neither ever wins.
fn orderOf(bits: u32) -> i32 {
  let size = bits & 0x7fffffffu;
  if (size == 0u) { return 0; }
  if (size > 0x7f800000u || bits == 0xff800000u) { return LEAST; }
  return select(i32(bits), i32(bits ^ 0x7fffffffu), bits > 0x7fffffffu);
}

fn consider(best: Best, score: f32, at: u32) -> Best {
  var next = best;
  let bits = bitcast<u32>(score);
  let order = orderOf(bits);
  if (order > next.order) { next.at = at; next.order = order; }
  let negative = orderOf(bits ^ 0x80000000u);
  if (negative > next.orderNegative) { next.atNegative = at; next.orderNegative = negative; }
  return next;
}

@compute @workgroup_size(${HASH_TOKENS})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (group >= params.groups) { return; }
  let firstToken = (group % params.blocks) * ${HASH_TOKENS}u;
  let round = (group / params.blocks) % params.rounds;
  let member = group / params.blocks / params.rounds;
  let batch = member / params.heads;
  let head = member % params.heads;
  let xBase = batch * params.xBatch + head * params.xHead;
  let pitch = params.rounds * params.width;
  let rotation = batch * params.rotationBatch + head * params.rotationHead + round * params.width;

  var bucket = 0u;
  var unit = 1u;
  var factor = 0u;
  // Columns of the factors before this one, and half of this one.
  var before = 0u;
  var half = factors[0] / 2u;
  var best = Best(0u, LEAST, 0u, LEAST);
  for (var first = 0u; first < params.width; first += ${COLUMNS}u) {
    var scores = array<vec4f, ${COLUMNS / 4}>();
    for (var start = 0u; start < params.headDim; start += ${DEPTH}u) {
      workgroupBarrier();
      for (var s = lane; s < ${HASH_TOKENS * DEPTH}u; s += ${HASH_TOKENS}u) {
        let token = firstToken + s / ${DEPTH}u;
        let d = start + s % ${DEPTH}u;
        var value = 0.0;
        if (token < params.length && d < params.headDim) { value = f32(x[xBase + token * params.xToken + d]); }
        tokens[(s / ${DEPTH}u) * ${DEPTH + 1}u + s % ${DEPTH}u] = value;
      }
      for (var s = lane; s < ${(DEPTH * COLUMNS) / 4}u; s += ${HASH_TOKENS}u) {
        let d = start + s / ${COLUMNS / 4}u;
        var values = vec4f();
        for (var c = 0u; c < 4u; c++) {
          let column = first + (s % ${COLUMNS / 4}u) * 4u + c;
          if (column < params.width && d < params.headDim) { values[c] = f32(rotations[rotation + d * pitch + column]); }
        }
        columns[s] = values;
      }
      workgroupBarrier();
      for (var d = 0u; d < min(${DEPTH}u, params.headDim - start); d++) {
        let value = tokens[lane * ${DEPTH + 1}u + d];
${each(COLUMNS / 4, (g) => `        scores[${g}] += value * columns[d * ${COLUMNS / 4}u + ${g}u];`)}
      }
    }
    for (var g = 0u; g < ${COLUMNS / 4}u; g++) {
      for (var c = 0u; c < 4u; c++) {
        let column = first + g * 4u + c;
        if (column >= params.width) { break; }
        let at = column - before;
        best = consider(best, scores[g][c], at);
        if (at + 1u == half) {
          // Of equal scores the first wins, and negatives come after.
          bucket += unit * select(best.at, half + best.atNegative, best.orderNegative > best.order);
          unit *= 2u * half;
          before += half;
          factor += 1u;
          half = factors[min(factor, arrayLength(&factors) - 1u)] / 2u;
          best = Best(0u, LEAST, 0u, LEAST);
        }
      }
    }
  }
  let token = firstToken + lane;
  if (token >= params.length) { return; }
${hasMask ? '  if (mask[batch * params.length + token] == 0u) { bucket = params.bucketCount; }\n' : ''}  buckets[(member * params.rounds + round) * params.length + token] = bucket;
}`,
  };
}
