/**
 * Products of matrices, in tiles of 64 × 64. 256 invocations compute 4 × 4 results each, and read 16 steps
 * of the reduction at a time from shared memory. Operands are strided, so transposed ones need no copy;
 * results are dense.
 */
import type { UnaryFunction } from '@attn/core/backend';
import type { KernelSource } from '../device/pipeline-cache.ts';
import { CODE_PARAMS, codeBuffers, codeSuffix, declareWeights4, type CodeLayout } from './quantized/codes.ts';
import { declareUnary } from './unary.ts';
import { declareBuffers, declareParams, floatAccess, four, type FloatStorage } from './wgsl.ts';

/** Side of a tile of the result. */
export const GEMM_TILE = 64;

/** Steps of the reduction in shared memory at a time. */
const DEPTH = 16;

/**
 * Elements from row to row in shared memory. One more than the row has, so that neighbours are in different
 * banks.
 */
const PITCH = DEPTH + 1;

/** Parameters of both kernels of products. Rows and columns of operands are distances in elements. */
export const GEMM_PARAMS = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  aRow: 'u32',
  aColumn: 'u32',
  bRow: 'u32',
  bColumn: 'u32',
  /**
   * The first product, row of tiles and column of tiles of this dispatch: a grid has at most 65,535 of each.
   */
  first: 'u32',
  firstTileRow: 'u32',
  firstTileColumn: 'u32',
  batches: 'u32',
} as const;

/** Parameters of a product whose b is codes. */
export const CODES_GEMM_PARAMS: typeof GEMM_PARAMS & typeof CODE_PARAMS = { ...GEMM_PARAMS, ...CODE_PARAMS };

/** What a product does besides multiplying, and how its floats are stored. */
export interface GemmOptions {
  readonly hasBias: boolean;
  readonly activation: UnaryFunction | undefined;
  readonly storage: FloatStorage;
  /** How b is stored as codes, [n, k]. Undefined: as floats. */
  readonly weight?: CodeLayout | undefined;
}

/** How a tile of an operand is loaded: names of its shared memory, buffer and parameters. */
interface TileSource {
  readonly tile: string;
  readonly operand: 'a' | 'b';
  /** The parameter that bounds its rows, or columns. */
  readonly limit: string;
  /** The parameter with the distance between rows of a, or columns of b. */
  readonly rowStride: string;
  /** The parameter with the distance between steps of the reduction. */
  readonly depthStride: string;
  /** The variable with the first row, or column, of the tile. */
  readonly first: string;
}

/** The name of a variant of the kernel. */
export function gemmName({ hasBias, activation, storage, weight }: GemmOptions): string {
  const { suffix } = floatAccess(storage);
  const codes = weight === undefined ? '' : codeSuffix(weight);
  return `gemm${hasBias ? ' bias' : ''}${activation === undefined ? '' : ` ${activation}`}${codes}${suffix}`;
}

/** WGSL that declares the parameters and the buffers of both kernels of products. */
export function gemmHead({ hasBias, activation, storage, weight }: GemmOptions): string {
  const { type, enable, declaration } = floatAccess(storage);
  const b = weight === undefined ? { b: type } : codeBuffers(weight);
  return `${enable}${declareParams(weight === undefined ? GEMM_PARAMS : CODES_GEMM_PARAMS)}
${declareBuffers({ a: type, ...b, offsets: 'u32', ...(hasBias && { bias: type }), y: type })}
${declaration}${activation === undefined ? '' : declareUnary(activation)}${weight === undefined ? '' : declareWeights4(weight)}`;
}

/** WGSL that adds the bias of `column` to a sum and activates it, before it is stored. */
export function gemmResult({ hasBias, activation, storage }: GemmOptions, sum: string): string {
  const moved = hasBias ? `${sum} + ${floatAccess(storage).load('bias[column]')}` : sum;
  return activation === undefined ? moved : `activate(${moved})`;
}

/**
 * y [batch, m, n] = activate(a · b + bias). `offsets` has two elements for each product: where its a and its
 * b begin. Grid: tiles of n, tiles of m, products.
 */
export function gemmKernel(options: GemmOptions): KernelSource {
  const { storage, weight } = options;
  const { load, store } = floatAccess(storage);
  const loadTile = ({ tile, operand, limit, rowStride, depthStride, first }: TileSource): string => `
    for (var s = lane; s < ${GEMM_TILE * DEPTH}u; s += 256u) {
      let outer = s / ${DEPTH}u;
      let depth = s % ${DEPTH}u;
      var value = 0.0;
      if (${first} + outer < params.${limit} && start + depth < params.k) {
        value = ${load(`${operand}[${operand}At + (${first} + outer) * params.${rowStride} + (start + depth) * params.${depthStride}]`)};
      }
      ${tile}[outer * ${PITCH}u + depth] = value;
    }`;
  const tileA = loadTile({
    tile: 'tileA',
    operand: 'a',
    limit: 'm',
    rowStride: 'aRow',
    depthStride: 'aColumn',
    first: 'firstRow',
  });
  const tileB =
    weight === undefined
      ? loadTile({
          tile: 'tileB',
          operand: 'b',
          limit: 'n',
          rowStride: 'bColumn',
          depthStride: 'bRow',
          first: 'firstColumn',
        })
      : `
    {
      let outer = lane / ${DEPTH / 4}u;
      let depth = (lane % ${DEPTH / 4}u) * 4u;
      let weights = weights4(firstColumn + outer, start + depth);
${four.map((i) => `      tileB[outer * ${PITCH}u + depth + ${i}u] = weights[${i}];`).join('\n')}
    }`;
  const rows = [0, 1, 2, 3];
  return {
    name: gemmName(options),
    code: `${gemmHead(options)}
var<workgroup> tileA: array<f32, ${GEMM_TILE * PITCH}>;
var<workgroup> tileB: array<f32, ${GEMM_TILE * PITCH}>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let product = params.first + group.z;
  let aAt = offsets[2u * product];
${weight === undefined ? '  let bAt = offsets[2u * product + 1u];\n' : ''}  let firstRow = (params.firstTileRow + group.y) * ${GEMM_TILE}u;
  let firstColumn = (params.firstTileColumn + group.x) * ${GEMM_TILE}u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  var sums: array<vec4f, 4>;
  for (var start = 0u; start < params.k; start += ${DEPTH}u) {
    workgroupBarrier();${tileA}${tileB}
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
