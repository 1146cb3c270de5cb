/**
 * Products of rows with the weights of their experts. Choices of experts come sorted, so that the rows of a
 * tile have one expert or few; each of these is multiplied by itself. Choices in any other order give the
 * same results, and take longer.
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams, floatAccess, four, range, type FloatStorage } from './wgsl.ts';

/** Choices of a tile, and its columns: one for each invocation. */
export const EXPERT_ROWS = 16;
export const EXPERT_COLUMNS = 64;

/** Steps of the reduction in shared memory at a time. */
const DEPTH = 16;

/** Vectors of four choices in a tile. */
const VECTORS: number = EXPERT_ROWS / 4;

/** Parameters of `expertLinearKernel`. */
export const EXPERT_LINEAR_PARAMS = {
  /** How many choices there are, and how many of each row of x. */
  choices: 'u32',
  perRow: 'u32',
  experts: 'u32',
  depth: 'u32',
  columns: 'u32',
  /** The first tile of choices, and of columns, of this dispatch. */
  firstTile: 'u32',
  firstTileColumn: 'u32',
} as const;

/** How floats are stored, and whether there are biases. */
export interface ExpertLinearOptions {
  readonly hasBias: boolean;
  readonly storage: FloatStorage;
}

/**
 * y [choices, columns] = x [choices / perRow, depth] · weight [experts, depth, columns] of the expert of each
 * choice, + bias. `order` has the choices by their experts. An expert out of bounds is the last. Grid: tiles
 * of columns, tiles of choices.
 */
export function expertLinearKernel({ hasBias, storage }: ExpertLinearOptions): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  const result = hasBias
    ? `sums[row / 4u][row % 4u] + ${load('bias[expert * params.columns + column]')}`
    : 'sums[row / 4u][row % 4u]';
  return {
    name: `expertLinear${hasBias ? ' bias' : ''}${suffix}`,
    code: `${enable}${declareParams(EXPERT_LINEAR_PARAMS)}
${declareBuffers({ x: type, choice: 'u32', order: 'u32', weight: type, ...(hasBias && { bias: type }), y: type })}
${declaration}
// By choice of the tile: where it stands among all.
var<workgroup> places: array<u32, ${EXPERT_ROWS}>;
// Runs of choices with one expert.
var<workgroup> runExpert: array<u32, ${EXPERT_ROWS}>;
var<workgroup> runEnd: array<u32, ${EXPERT_ROWS}>;
var<workgroup> runs: u32;
// By step of the reduction: numbers of x, of four choices each.
var<workgroup> tile: array<vec4f, ${DEPTH * VECTORS}>;

fn loadX(row: u32, at: u32) -> f32 {
  return ${load('x[(places[row] / params.perRow) * params.depth + at]')};
}

@compute @workgroup_size(${EXPERT_COLUMNS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (params.firstTile + group.y) * ${EXPERT_ROWS}u;
  let column = (params.firstTileColumn + group.x) * ${EXPERT_COLUMNS}u + lane;
  if (lane == 0u) {
    var count = 0u;
    for (var row = 0u; row < min(${EXPERT_ROWS}u, params.choices - first); row++) {
      let place = order[first + row];
      let expert = min(choice[place], params.experts - 1u);
      places[row] = place;
      if (count == 0u || runExpert[max(count, 1u) - 1u] != expert) {
        runExpert[count] = expert;
        count += 1u;
      }
      runEnd[count - 1u] = row + 1u;
    }
    runs = count;
  }
  let count = workgroupUniformLoad(&runs);
  var begin = 0u;
  for (var run = 0u; run < count; run++) {
    let expert = runExpert[run];
    let end = runEnd[run];
    var sums = array<vec4f, ${VECTORS}>();
    for (var start = 0u; start < params.depth; start += ${DEPTH}u) {
      workgroupBarrier();
      {
        let at = start + lane % ${DEPTH}u;
        let vector = lane / ${DEPTH}u;
        var values = vec4f();
${four
  .map(
    (i) =>
      `        if (at < params.depth && vector * 4u + ${i}u >= begin && vector * 4u + ${i}u < end) { values[${i}] = loadX(vector * 4u + ${i}u, at); }`,
  )
  .join('\n')}
        tile[(lane % ${DEPTH}u) * ${VECTORS}u + vector] = values;
      }
      workgroupBarrier();
      if (column < params.columns) {
        for (var step = 0u; step < min(${DEPTH}u, params.depth - start); step++) {
          let factor = ${load('weight[(expert * params.depth + start + step) * params.columns + column]')};
${range(VECTORS)
  .map((i) => `          sums[${i}] += tile[step * ${VECTORS}u + ${i}u] * factor;`)
  .join('\n')}
        }
      }
    }
    if (column < params.columns) {
      for (var row = begin; row < end; row++) {
        y[places[row] * params.columns + column] = ${store(result)};
      }
    }
    begin = end;
  }
}`,
  };
}
