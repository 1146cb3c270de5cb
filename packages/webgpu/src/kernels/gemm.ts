/**
 * Products of matrices, in tiles of 64 × 64: 256 invocations with 4 × 4 results each, which read 16 steps of the
 * reduction at a time from shared memory. Operands are strided, so that transposed ones are not copied; results are
 * dense.
 */
import type { UnaryFunction } from '@attn/core/backend';
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareUnary } from './unary.ts';
import { declareBuffers, declareParams, floatAccess, type FloatStorage } from './wgsl.ts';

export const GEMM_TILE = 64;

/** Steps of the reduction that are in shared memory at a time. */
const DEPTH = 16;

/** Sides are shifted by one, so that neighbours stand in different banks. */
const PITCH = DEPTH + 1;

export const GEMM_PARAMS = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  aRow: 'u32',
  aColumn: 'u32',
  bRow: 'u32',
  bColumn: 'u32',
  /** First product, and tiles before it, of this dispatch: the grid has at most 65,535 of each. */
  first: 'u32',
  firstTileRow: 'u32',
  firstTileColumn: 'u32',
  batches: 'u32',
} as const;

/** What a product does beside multiplying. */
export interface GemmOptions {
  readonly hasBias: boolean;
  readonly activation: UnaryFunction | undefined;
  readonly storage: FloatStorage;
}

/** Says which variant it is. */
export function gemmName({ hasBias, activation, storage }: GemmOptions): string {
  const { suffix } = floatAccess(storage);
  return `gemm${hasBias ? ' bias' : ''}${activation === undefined ? '' : ` ${activation}`}${suffix}`;
}

/** What becomes of a sum before it is stored at `column`. */
export function gemmResult({ hasBias, activation, storage }: GemmOptions, sum: string): string {
  const moved = hasBias ? `${sum} + ${floatAccess(storage).load('bias[column]')}` : sum;
  return activation === undefined ? moved : `activate(${moved})`;
}

/**
 * y [batch, m, n] = activate(a · b + bias). `offsets` holds for each product where its a and its b begin. Grid: tiles of
 * n, tiles of m, products.
 */
export function gemmKernel(options: GemmOptions): KernelSource {
  const { hasBias, activation, storage } = options;
  const { type, enable, declaration, load: read, store } = floatAccess(storage);
  const load = (
    name: string,
    of: string,
    limit: string,
    row: string,
    column: string,
    outer: string,
  ): string => `
    for (var s = lane; s < ${GEMM_TILE * DEPTH}u; s += 256u) {
      let outer = s / ${DEPTH}u;
      let depth = s % ${DEPTH}u;
      var value = 0.0;
      if (${outer} + outer < params.${limit} && start + depth < params.k) {
        value = ${read(`${of}[${of}At + (${outer} + outer) * params.${row} + (start + depth) * params.${column}]`)};
      }
      ${name}[outer * ${PITCH}u + depth] = value;
    }`;
  const rows = [0, 1, 2, 3];
  return {
    name: gemmName(options),
    code: `${enable}${declareParams(GEMM_PARAMS)}
${declareBuffers({ a: type, b: type, offsets: 'u32', ...(hasBias && { bias: type }), y: type })}
${declaration}${activation === undefined ? '' : declareUnary(activation)}
var<workgroup> tileA: array<f32, ${GEMM_TILE * PITCH}>;
var<workgroup> tileB: array<f32, ${GEMM_TILE * PITCH}>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let product = params.first + group.z;
  let aAt = offsets[2u * product];
  let bAt = offsets[2u * product + 1u];
  let firstRow = (params.firstTileRow + group.y) * ${GEMM_TILE}u;
  let firstColumn = (params.firstTileColumn + group.x) * ${GEMM_TILE}u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  var sums: array<vec4f, 4>;
  for (var start = 0u; start < params.k; start += ${DEPTH}u) {
    workgroupBarrier();${load('tileA', 'a', 'm', 'aRow', 'aColumn', 'firstRow')}${load('tileB', 'b', 'n', 'bColumn', 'bRow', 'firstColumn')}
    workgroupBarrier();
    for (var depth = 0u; depth < ${DEPTH}u; depth++) {
      let right = vec4f(${rows.map((j) => `tileB[(tx + ${16 * j}u) * ${PITCH}u + depth]`).join(', ')});
${rows.map((i) => `      sums[${i}] += tileA[(ty * 4u + ${i}u) * ${PITCH}u + depth] * right;`).join('\n')}
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + ty * 4u + i;
    if (row >= params.m) { break; }
    for (var j = 0u; j < 4u; j++) {
      let column = firstColumn + tx + 16u * j;
      if (column < params.n) { y[(product * params.m + row) * params.n + column] = ${store(gemmResult(options, 'sums[i][j]'))}; }
    }
  }
}`,
  };
}
