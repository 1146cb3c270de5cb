/** Normalisations: one workgroup for each row, whose invocations share sums and maxima. */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { DECLARE_SUBGROUP_REACH, ENABLE_SUBGROUPS, SHUFFLE_STEPS, SUBGROUP_INPUTS } from './subgroups.ts';
import {
  declareBuffers,
  declareParams,
  ENABLE_F16,
  floatAccess,
  LOWEST,
  type FloatElement,
  type FloatStorage,
} from './wgsl.ts';

const THREADS = 64;

/** WGSL that declares a reduction over a workgroup. Every invocation gets its result. */
const reduction = (name: string, combine: string): string => `
fn ${name}(value: f32, lane: u32, reach: u32) -> f32 {
  workgroupBarrier();
  shared_[lane] = value;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let a = shared_[lane];
      let b = shared_[lane + half];
      shared_[lane] = ${combine};
    }
    workgroupBarrier();
  }
  return shared_[0];
}`;

/** A reduction within subgroups, whose results pass through shared memory where a row has several. */
const subgroupReduction = (name: string, combine: string): string => `
fn ${name}(value: f32, lane: u32, reach: u32) -> f32 {
  var a = value;
${SHUFFLE_STEPS.map(
  (step) => `  if (reach > ${step}u) {
    let b = subgroupShuffleXor(a, ${step}u);
    a = ${combine};
  }`,
).join('\n')}
  if (reach >= ${THREADS}u) { return a; }
  workgroupBarrier();
  shared_[lane] = a;
  workgroupBarrier();
  a = shared_[0];
  for (var other = reach; other < ${THREADS}u; other += reach) {
    let b = shared_[other];
    a = ${combine};
  }
  return a;
}`;

/** WGSL that declares shared memory and the reductions. */
const head = ({ subgroups }: Pick<RowOptions, 'subgroups'>): string => {
  const make = subgroups ? subgroupReduction : reduction;
  return `
var<workgroup> shared_: array<f32, ${THREADS}>;${subgroups ? DECLARE_SUBGROUP_REACH : ''}
${make('sumOf', 'a + b')}
${make('greatestOf', 'select(b, a, a > b)')}`;
};

/** A grid of at least `rows` workgroups within the limits of every device. */
export function rowGrid(rows: number): [number, number, number] {
  const x = Math.min(rows, 32_768);
  return [x, Math.ceil(rows / x), 1];
}

/** WGSL of the entry point: a workgroup for each row. */
const entry = ({ subgroups }: Pick<RowOptions, 'subgroups'>): string => `
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32${subgroups ? `, ${SUBGROUP_INPUTS}` : ''}) {
  let reach = ${subgroups ? 'subgroupReach(lane, subgroupSize, subgroupLane)' : '1u'};
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }`;

/** How rows are stored, and whether invocations reduce by subgroup operations. */
export interface RowOptions {
  readonly storage: FloatStorage;
  readonly subgroups: boolean;
}

/** Parameters of `softmaxKernel`. */
export const SOFTMAX_PARAMS = { rows: 'u32', length: 'u32', inner: 'u32' } as const;

/**
 * Softmax over the middle axis of [outer, length, inner]. A row of −∞ gives 0, a row with a NaN gives
 * NaN.
 */
export function softmaxKernel({ storage, subgroups }: RowOptions): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  return {
    name: `softmax${subgroups ? ' subgroups' : ''}${suffix}`,
    code: `${enable}${subgroups ? ENABLE_SUBGROUPS : ''}${declareParams(SOFTMAX_PARAMS)}
${declareBuffers({ x: type, y: type })}
${declaration}${head({ subgroups })}
${entry({ subgroups })}
  let base = (row / params.inner) * params.length * params.inner + row % params.inner;
  // ∞ and NaN are recognised by their bits. A row of −∞ has a softmax, one with ∞ or NaN has none.
  var invalid = 0.0;
  var greatest = ${LOWEST};
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let value = ${load('x[base + i * params.inner]')};
    let bits = bitcast<u32>(value);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
      invalid += select(1.0, 0.0, bits == 0xff800000u);
    } else {
      greatest = max(greatest, value);
    }
  }
  greatest = greatestOf(greatest, lane, reach);
  let isNaNRow = sumOf(invalid, lane, reach) > 0.0;
  var sum = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) { sum += exp(${load('x[base + i * params.inner]')} - greatest); }
  sum = sumOf(sum, lane, reach);
  let factor = select(1.0 / sum, 0.0, sum == 0.0);
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let at = base + i * params.inner;
    if (isNaNRow) { y[at] = ${type}(bitcast<f32>(0x7fc00000u | (params.rows & 0u))); continue; }
    y[at] = ${store(`exp(${load('x[at]')} - greatest) * factor`)};
  }
}`,
  };
}

/** Parameters of `layerNormKernel`. */
export const LAYER_NORM_PARAMS = { rows: 'u32', length: 'u32', eps: 'f32' } as const;

/** Layer norm over the last axis. The mean is subtracted before squares are summed. */
export function layerNormKernel({
  hasWeight,
  hasBias,
  storage,
  subgroups,
}: RowOptions & { readonly hasWeight: boolean; readonly hasBias: boolean }): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  const scaled = hasWeight ? `normal * ${load('weight[i]')}` : 'normal';
  const moved = hasBias ? `${scaled} + ${load('bias[i]')}` : scaled;
  return {
    name: `layerNorm${hasWeight ? ' weight' : ''}${hasBias ? ' bias' : ''}${subgroups ? ' subgroups' : ''}${suffix}`,
    code: `${enable}${subgroups ? ENABLE_SUBGROUPS : ''}${declareParams(LAYER_NORM_PARAMS)}
${declareBuffers({ x: type, ...(hasWeight && { weight: type }), ...(hasBias && { bias: type }), y: type })}
${declaration}${head({ subgroups })}
${entry({ subgroups })}
  let base = row * params.length;
  var sum = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) { sum += ${load('x[base + i]')}; }
  let mean = sumOf(sum, lane, reach) / f32(params.length);
  var squares = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let centred = ${load('x[base + i]')} - mean;
    squares += centred * centred;
  }
  let deviation = sqrt(sumOf(squares, lane, reach) / f32(params.length) + params.eps);
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let normal = (${load('x[base + i]')} - mean) / deviation;
    y[base + i] = ${store(moved)};
  }
}`,
  };
}

/** Parameters of `rmsNormKernel`. */
export const RMS_NORM_PARAMS = { rows: 'u32', length: 'u32', eps: 'f32', weightOffset: 'f32' } as const;

/** Normalisation by the root mean square over the last axis. */
export function rmsNormKernel({
  hasWeight,
  storage,
  subgroups,
}: RowOptions & { readonly hasWeight: boolean }): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  const scale = hasWeight ? ` * (${load('weight[i]')} + params.weightOffset)` : '';
  return {
    name: `rmsNorm${hasWeight ? ' weight' : ''}${subgroups ? ' subgroups' : ''}${suffix}`,
    code: `${enable}${subgroups ? ENABLE_SUBGROUPS : ''}${declareParams(RMS_NORM_PARAMS)}
${declareBuffers({ x: type, ...(hasWeight && { weight: type }), y: type })}
${declaration}${head({ subgroups })}
${entry({ subgroups })}
  let base = row * params.length;
  var squares = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let value = ${load('x[base + i]')};
    squares += value * value;
  }
  let root = sqrt(sumOf(squares, lane, reach) / f32(params.length) + params.eps);
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    y[base + i] = ${store(`${load('x[base + i]')} / root${scale}`)};
  }
}`,
  };
}

/** Parameters of `unitKeysKernel`. */
export const UNIT_KEYS_PARAMS = {
  rows: 'u32',
  length: 'u32',
  tokens: 'u32',
  heads: 'u32',
  /** The first member, a head of a batch row. */
  firstMember: 'u32',
  xBatch: 'u32',
  xHead: 'u32',
  xToken: 'u32',
  /** A number that is added to the sum of squares. */
  eps: 'f32',
} as const;

/** The element type of the vectors, and whether invocations reduce by subgroup operations. */
export interface UnitKeysOptions {
  readonly x: FloatElement;
  readonly subgroups: boolean;
}

/**
 * Keys of LSH attention, [members, tokens, length]: every vector over the root of its sum of squares and
 * `eps`, which is at least 1e-12. Squares are those of x over a power of two, so that they are in range
 * whatever x is. A vector with NaN or ∞ becomes NaN.
 */
export function unitKeysKernel({ x, subgroups }: UnitKeysOptions): KernelSource {
  return {
    name: `unitKeys${subgroups ? ' subgroups' : ''} ${x}`,
    code: `${x === 'f16' ? ENABLE_F16 : ''}${subgroups ? ENABLE_SUBGROUPS : ''}${declareParams(UNIT_KEYS_PARAMS)}
${declareBuffers({ x, keys: 'f32' })}
${head({ subgroups })}
${entry({ subgroups })}
  let member = params.firstMember + row / params.tokens;
  let base = (member / params.heads) * params.xBatch + (member % params.heads) * params.xHead + (row % params.tokens) * params.xToken;
  var nonFinite = 0.0;
  var greatest = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let size = abs(f32(x[base + i]));
    if (bitcast<u32>(size) >= 0x7f800000u) { nonFinite += 1.0; } else { greatest = max(greatest, size); }
  }
  let isNaNRow = sumOf(nonFinite, lane, reach) > 0.0;
  greatest = greatestOf(greatest, lane, reach);
  // Its inverse is a number as well.
  let unitBits = min(bitcast<u32>(max(greatest, 1e-12)) & 0x7f800000u, 0x7e800000u);
  let inverse = bitcast<f32>(0x7f000000u - unitBits);
  var squares = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let value = f32(x[base + i]) * inverse;
    squares += value * value;
  }
  let root = sqrt(sumOf(squares, lane, reach) + params.eps * inverse * inverse);
  let norm = max(root, 1e-12 * inverse);
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    var key = f32(x[base + i]) * inverse / norm;
    if (isNaNRow) { key = bitcast<f32>(0x7fc00000u | (params.rows & 0u)); }
    keys[row * params.length + i] = key;
  }
}`,
  };
}

/**
 * Parameters of `rowScalesKernel`. `limit` is the greatest integer of a row; a row in which nothing is larger
 * than `least` has integers 0.
 */
export const ROW_SCALES_PARAMS = { rows: 'u32', length: 'u32', limit: 'f32', least: 'f32' } as const;

/**
 * What makes rows of x integers: y[row] is limit over the greatest magnitude, by which numbers are
 * multiplied, and its inverse, the scale of the integers. A row of zeros has 0 and 0, one with a number that
 * is not finite 0 and NaN.
 */
export function rowScalesKernel({ storage, subgroups }: RowOptions): KernelSource {
  const { type, enable, suffix, load } = floatAccess(storage);
  return {
    name: `rowScales${subgroups ? ' subgroups' : ''}${suffix}`,
    code: `${enable}${subgroups ? ENABLE_SUBGROUPS : ''}${declareParams(ROW_SCALES_PARAMS)}
${declareBuffers({ x: type, y: 'vec2f' })}
${head({ subgroups })}
${entry({ subgroups })}
  var nonFinite = 0.0;
  var greatest = 0.0;
  for (var i = lane; i < params.length; i += ${THREADS}u) {
    let size = abs(${load('x[row * params.length + i]')});
    if (bitcast<u32>(size) >= 0x7f800000u) { nonFinite += 1.0; } else { greatest = max(greatest, size); }
  }
  let isNaNRow = sumOf(nonFinite, lane, reach) > 0.0;
  greatest = greatestOf(greatest, lane, reach);
  if (lane > 0u) { return; }
  var scales = vec2f();
  if (greatest > params.least) { scales = vec2f(params.limit / greatest, greatest / params.limit); }
  if (isNaNRow) { scales = vec2f(0.0, bitcast<f32>(0x7fc00000u | (params.rows & 0u))); }
  y[row] = scales;
}`,
  };
}
