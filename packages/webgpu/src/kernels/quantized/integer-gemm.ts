/**
 * Products of rows of integers with codes. Rows become integers when a tile of them is loaded, by the scales
 * that `rowScalesKernel` found. Sums of a block are integers of 32 bits, which are exact, and are scaled at
 * its end. 256 invocations compute 4 × 4 results each, or 8 × 8 in tiles of 128. Integers of 8 bits lie four
 * in a word where the device multiplies such words.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { gemmResult, type GemmOptions } from '../gemm.ts';
import { declareUnary } from '../unary.ts';
import { declareBuffers, declareParams, floatAccess, four, range } from '../wgsl.ts';
import { codeBuffers, codeSuffix, declareIntegers4, declarePacked4, type CodeLayout } from './codes.ts';

/** Words of the reduction in shared memory at a time. */
const DEPTH = 16;

/** Steps after which a sum is scaled at the latest: 4,096 · 2,047 · 255 is an integer of 32 bits. */
const MOST_STEPS = 4096;

/** Parameters of `integerGemmKernel`. `limit` is the greatest integer of a row. */
export const INTEGER_GEMM_PARAMS = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  firstTileRow: 'u32',
  firstTileColumn: 'u32',
  limit: 'f32',
  block: 'u32',
  blocks: 'u32',
  blockBytes: 'u32',
} as const;

/** A product of integers. */
export interface IntegerGemmOptions extends GemmOptions {
  readonly weight: CodeLayout;
  /** Side of a tile of the result. */
  readonly tile: 64 | 128;
  /** Whether four integers of 8 bits lie in a word. */
  readonly isPacked: boolean;
}

/**
 * y [m, n] = activate(row scale · Σ scale · Σ integer · (code − zero point) + bias). Grid: tiles of n, tiles
 * of m.
 */
export function integerGemmKernel(options: IntegerGemmOptions): KernelSource {
  const { hasBias, activation, storage, weight, tile, isPacked } = options;
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  /** Vectors of 4 rows, or columns, of a tile, and of an invocation. */
  const vectors = tile / 4;
  const parts = range(tile / 64);
  const element = isPacked ? 'u32' : 'i32';
  const stepsOfWord = isPacked ? 4 : 1;
  /** Blocks of 4 rows by 4 steps that a tile has. */
  const blocks = (vectors * DEPTH * stepsOfWord) / 4;
  /** Loads a block of 4 rows, or columns, and 4 steps. */
  const loadBlock = (of: string, first: string, load4: (row: string) => string): string => {
    const rows = four
      .map((i) => `          let four${i} = ${load4(`${first} + outer * 4u + ${i}u`)};`)
      .join('\n');
    const stored = isPacked
      ? `          ${of}Tile[quad * ${vectors}u + outer] = vec4u(four0, four1, four2, four3);`
      : four
          .map(
            (j) =>
              `          ${of}Tile[(quad * 4u + ${j}u) * ${vectors}u + outer] = vec4i(four0[${j}], four1[${j}], four2[${j}], four3[${j}]);`,
          )
          .join('\n');
    return `${rows}\n${stored}`;
  };
  const product = (left: string, right: string): string =>
    isPacked
      ? `vec4i(${four.map((j) => `dot4I8Packed(${left}, ${right}[${j}])`).join(', ')})`
      : `${left} * ${right}`;
  const results = parts.flatMap((p) =>
    four.flatMap((i) => parts.map((q) => ({ p, i, q, at: (4 * p + i) * parts.length + q }))),
  );
  return {
    name: `integerGemm ${tile}${hasBias ? ' bias' : ''}${activation === undefined ? '' : ` ${activation}`}${isPacked ? ' packed' : ''}${codeSuffix(weight)}${suffix}`,
    code: `${enable}${declareParams(INTEGER_GEMM_PARAMS)}
${declareBuffers({ a: type, rowScales: 'vec2f', ...codeBuffers(weight), ...(hasBias && { bias: type }), y: type })}
${declaration}${activation === undefined ? '' : declareUnary(activation)}${isPacked ? declarePacked4(weight) : declareIntegers4(weight)}
var<workgroup> aTile: array<vec4<${element}>, ${DEPTH * vectors}>;
var<workgroup> bTile: array<vec4<${element}>, ${DEPTH * vectors}>;

fn input(row: u32, step: u32, end: u32) -> f32 {
  if (step >= end) { return 0.0; }
  return ${load('a[row * params.k + step]')};
}
// Integers of a row, 0 outside of it and from the end on.
fn inputs4(row: u32, step: u32, end: u32) -> vec4i {
  if (row >= params.m) { return vec4i(); }
  let x = vec4f(${four.map((i) => `input(row, step + ${i}u, end)`).join(', ')});
  return vec4i(clamp(round(x * rowScales[row].x), vec4f(-params.limit), vec4f(params.limit)));
}
fn weightsOf(row: u32, step: u32, end: u32) -> ${isPacked ? 'u32' : 'vec4i'} {
  if (row >= params.n || step >= end) { return ${isPacked ? '0u' : 'vec4i()'}; }
  return ${isPacked ? 'packed4' : 'integers4'}(row, step);
}

fn finish4(row: u32, first: u32, totals: vec4f) {
  if (row >= params.m) { return; }
  let scale = rowScales[row].y;
  for (var j = 0u; j < min(4u, max(params.n, first) - first); j++) {
    let column = first + j;
    var sum = scale * totals[j];
    // A row with a number that is not finite has no scale.
    if ((bitcast<u32>(scale) & 0x7fffffffu) > 0x7f800000u) { sum = scale; }
    y[row * params.n + column] = ${store(gemmResult(options, 'sum'))};
  }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let firstRow = (params.firstTileRow + group.y) * ${tile}u;
  let firstColumn = (params.firstTileColumn + group.x) * ${tile}u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  var totals: array<vec4f, ${results.length}>;
  var begin = 0u;
  while (begin < params.k) {
    // A block, or a part of a long one.
    let block = begin / params.block;
    let end = min(min((block + 1u) * params.block, begin + ${MOST_STEPS}u), params.k);
    // Cleared by a value: without one, SwiftShader keeps the sums of the block before.
    var sums = array<vec4i, ${results.length}>();
    for (var start = begin; start < end; start += ${DEPTH * stepsOfWord}u) {
      workgroupBarrier();
      for (var at = lane; at < ${2 * blocks}u; at += 256u) {
        // Neighbours read neighbours, along a row.
        let quad = at % ${blocks / vectors}u;
        let outer = (at / ${blocks / vectors}u) % ${vectors}u;
        let step = start + quad * 4u;
        if (at < ${blocks}u) {
${loadBlock('a', 'firstRow', (row) => (isPacked ? `pack4xI8(inputs4(${row}, step, end))` : `inputs4(${row}, step, end)`))}
        } else {
${loadBlock('b', 'firstColumn', (row) => `weightsOf(${row}, step, end)`)}
        }
      }
      workgroupBarrier();
      let words = min(${DEPTH}u, (end - start + ${stepsOfWord - 1}u) / ${stepsOfWord}u);
      for (var word = 0u; word < words; word++) {
${parts
  .flatMap((p) => [
    `        let left${p} = aTile[word * ${vectors}u + ty + ${16 * p}u];`,
    `        let right${p} = bTile[word * ${vectors}u + tx + ${16 * p}u];`,
  ])
  .join('\n')}
${results.map(({ p, i, q, at }) => `        sums[${at}] += ${product(`left${p}[${i}]`, `right${q}`)};`).join('\n')}
      }
    }
${parts
  .map(
    (q) =>
      `    let scale${q} = vec4f(${four.map((j) => `scales[(firstColumn + ${64 * q}u + tx * 4u + ${j}u) * params.blocks + block]`).join(', ')});`,
  )
  .join('\n')}
${results.map(({ q, at }) => `    totals[${at}] += scale${q} * vec4f(sums[${at}]);`).join('\n')}
    begin = end;
  }
${results
  .map(
    ({ p, i, q, at }) =>
      `  finish4(firstRow + ${64 * p}u + ty * 4u + ${i}u, firstColumn + ${64 * q}u + tx * 4u, totals[${at}]);`,
  )
  .join('\n')}
}`,
  };
}
