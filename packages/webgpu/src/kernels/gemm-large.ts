/**
 * Products of large matrices, in tiles of 128 × 128. 256 invocations compute 8 × 8 results each, so every
 * vector of 4 from shared memory serves 16 multiply–adds. The first half of the invocations load a block of
 * a, the other half a block of b, 4 × 4 elements each. The elements of one step of the reduction are
 * together, as vectors of 4 rows or columns.
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { gemmHead, gemmName, gemmResult, type GemmOptions } from './gemm.ts';
import { floatAccess, four, range } from './wgsl.ts';

/** Side of a tile of the result. */
export const LARGE_TILE = 128;

/** Steps of the reduction in shared memory at a time: 16 kB of both operands, which every device has. */
const DEPTH = 16;

/** Vectors of 4 rows, or columns, of a tile. */
const VECTORS: number = LARGE_TILE / 4;

/**
 * y [batch, m, n] = activate(a · b + bias), with the parameters and buffers of `gemmKernel`. Grid: tiles of
 * n, tiles of m, products.
 */
export function largeGemmKernel(options: GemmOptions): KernelSource {
  const { storage, weight } = options;
  const { load, store } = floatAccess(storage);
  /** Declares a function that loads an element of an operand, 0 outside of it. */
  const element = (of: 'a' | 'b', limit: string, outerStride: string, depthStride: string): string => `
fn ${of}Element(at: u32, outer: u32, step: u32) -> f32 {
  if (outer >= params.${limit} || step >= params.k) { return 0.0; }
  return ${load(`${of}[at + outer * params.${outerStride} + step * params.${depthStride}]`)};
}`;
  /** Loads this invocation's block: 4 rows of a, or columns of b, by 4 steps. */
  const loadBlock = (of: 'a' | 'b', depthStride: string, first: string): string => `
      // Neighbours read neighbours, along whichever side is dense.
      let isDense = params.${depthStride} == 1u;
      let depth = select(block / ${VECTORS}u, block % ${DEPTH / 4}u, isDense) * 4u;
      let outer = select(block % ${VECTORS}u, block / ${DEPTH / 4}u, isDense);
      for (var j = 0u; j < 4u; j++) {
        let step = start + depth + j;
        let row = ${first} + outer * 4u;
        ${of}Tile[(depth + j) * ${VECTORS}u + outer] = vec4f(${four.map((i) => `${of}Element(${of}At, row + ${i}u, step)`).join(', ')});
      }`;
  /** Loads this invocation's block of codes, 4 columns by 4 steps. */
  const loadCodes = `
      let depth = (block % ${DEPTH / 4}u) * 4u;
      let outer = block / ${DEPTH / 4}u;
      let column = firstColumn + outer * 4u;
${four.map((i) => `      let weights${i} = weights4(column + ${i}u, start + depth);`).join('\n')}
${four.map((j) => `      bTile[(depth + ${j}u) * ${VECTORS}u + outer] = vec4f(${four.map((i) => `weights${i}[${j}]`).join(', ')});`).join('\n')}`;
  return {
    name: `${gemmName(options)} large`,
    code: `${gemmHead(options)}
var<workgroup> aTile: array<vec4f, ${DEPTH * VECTORS}>;
var<workgroup> bTile: array<vec4f, ${DEPTH * VECTORS}>;
${element('a', 'm', 'aRow', 'aColumn')}${weight === undefined ? element('b', 'n', 'bColumn', 'bRow') : ''}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let product = params.first + group.z;
  let aAt = offsets[2u * product];
${weight === undefined ? '  let bAt = offsets[2u * product + 1u];\n' : ''}  let firstRow = (params.firstTileRow + group.y) * ${LARGE_TILE}u;
  let firstColumn = (params.firstTileColumn + group.x) * ${LARGE_TILE}u;
  // Rows 4 ty … and 4 (ty + 16) …, columns likewise.
  let tx = lane % 16u;
  let ty = lane / 16u;
  let block = lane % 128u;
  var sums: array<vec4f, 16>;
  for (var start = 0u; start < params.k; start += ${DEPTH}u) {
    workgroupBarrier();
    if (lane < 128u) {${loadBlock('a', 'aColumn', 'firstRow')}
    } else {${weight === undefined ? loadBlock('b', 'bRow', 'firstColumn') : loadCodes}
    }
    workgroupBarrier();
    for (var step = 0u; step < ${DEPTH}u; step++) {
      let left0 = aTile[step * ${VECTORS}u + ty];
      let left1 = aTile[step * ${VECTORS}u + ty + 16u];
      let right0 = bTile[step * ${VECTORS}u + tx];
      let right1 = bTile[step * ${VECTORS}u + tx + 16u];
${range(16)
  .map((i) => `      sums[${i}] += left${i >> 3}[${(i >> 1) & 3}] * right${i & 1};`)
  .join('\n')}
    }
  }
  // Results pass through shared memory, so that neighbours write neighbours: 32 rows at a time.
  for (var round = 0u; round < 4u; round++) {
    workgroupBarrier();
${range(4)
  .map(
    (round) => `    if (round == ${round}u) {
${[0, 1]
  .flatMap((i) =>
    [0, 1].map(
      (h) =>
        `      ${i === 0 ? 'a' : 'b'}Tile[ty * ${VECTORS}u + tx + ${16 * h}u] = sums[${4 * round + 2 * i + h}];`,
    ),
  )
  .join('\n')}
    }`,
  )
  .join('\n')}
    workgroupBarrier();
    for (var s = lane; s < ${32 * LARGE_TILE}u; s += 256u) {
      // Row 2 · (round % 2) + i of the four that each ty has.
      let at = s % ${16 * LARGE_TILE}u;
      let i = s / ${16 * LARGE_TILE}u;
      let row = firstRow + (round / 2u) * 64u + (at / ${LARGE_TILE}u) * 4u + (round % 2u) * 2u + i;
      let column = firstColumn + at % ${LARGE_TILE}u;
      if (row < params.m && column < params.n) {
        var four = aTile[at / 4u];
        if (i == 1u) { four = bTile[at / 4u]; }
        let sum = four[at % 4u];
        y[(product * params.m + row) * params.n + column] = ${store(gemmResult(options, 'sum'))};
      }
    }
  }
}`,
  };
}
