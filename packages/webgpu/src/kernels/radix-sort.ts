/**
 * Kernels of a stable radix sort (Satish et al. 2009, https://doi.org/10.1109/IPDPS.2009.5161005). The sort
 * orders places by the integers that stand there, four bits a pass, from the lowest digit on. A pass counts
 * the digits of each block of a row, adds up where each digit of each block begins, and moves the places
 * there. Integers stay where they are and are read through their places. Places with equal digits keep their
 * order, so the sort is stable.
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams } from './wgsl.ts';

const THREADS = 64;

/** Consecutive elements of an invocation. */
const RUN = 16;

/** Elements of a block, which one workgroup sorts. */
export const SORT_BLOCK: number = THREADS * RUN;

/** Bits of a digit. */
export const DIGIT_BITS = 4;

/** Number of different digits. */
export const DIGITS: number = 2 ** DIGIT_BITS;

/** Parameters of the three kernels of a pass. */
export const SORT_PARAMS = {
  /** Workgroups of the whole grid: one for each block of each row, or one for each row. */
  groups: 'u32',
  /** Elements and blocks of a row. */
  length: 'u32',
  blocks: 'u32',
  /** The position of the digit, in bits. */
  shift: 'u32',
  /** The top bit for signed integers: flipped, they have the same order as unsigned integers. */
  flip: 'u32',
  /** Whether this is the first pass, whose places are 0, 1, 2 … */
  isFirst: 'u32',
} as const;

const ENTRY = `
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (group >= params.groups) { return; }`;

/** Declares the row and the block of a workgroup, and the elements of an invocation. */
const SHARE = `
  let row = group / params.blocks;
  let block = group % params.blocks;
  let begin = block * ${SORT_BLOCK}u + lane * ${RUN}u;
  let end = min(begin + ${RUN}u, params.length);`;

/** WGSL that runs `body` for each element of an invocation, in order, with its `place` and `digit`. */
const forEachOfShare = (body: string): string => `
  for (var i = begin; i < end; i++) {
    var place = i;
    if (params.isFirst == 0u) { place = places[row * params.length + i]; }
    let digit = ((x[row * params.length + place] ^ params.flip) >> params.shift) & ${DIGITS - 1}u;
${body}
  }`;

/**
 * `counts` [rows, digits, blocks]: how often each block has each digit. `places` [rows, length]. Grid: rows
 * and blocks.
 */
export function sortCountKernel(): KernelSource {
  return {
    name: 'sort count',
    code: `${declareParams(SORT_PARAMS)}
${declareBuffers({ x: 'u32', places: 'u32', counts: 'u32' })}

var<workgroup> found: array<atomic<u32>, ${DIGITS}>;
${ENTRY}${SHARE}
  if (lane < ${DIGITS}u) { atomicStore(&found[lane], 0u); }
  workgroupBarrier();
${forEachOfShare('    atomicAdd(&found[digit], 1u);')}
  workgroupBarrier();
  if (lane < ${DIGITS}u) { counts[(row * ${DIGITS}u + lane) * params.blocks + block] = atomicLoad(&found[lane]); }
}`,
  };
}

/** WGSL that declares `sumBefore`: the sum of the values of all earlier invocations. */
const SUM_BEFORE = `
var<workgroup> sums: array<u32, ${THREADS}>;
fn sumBefore(value: u32, lane: u32) -> u32 {
  var sum = value;
  for (var step = 1u; step < ${THREADS}u; step <<= 1u) {
    workgroupBarrier();
    sums[lane] = sum;
    workgroupBarrier();
    if (lane >= step) { sum += sums[lane - step]; }
  }
  return sum - value;
}`;

/**
 * The kernel that replaces `counts` by where each digit of each block begins in its row. Grid: one workgroup
 * a row.
 */
export function sortScanKernel(): KernelSource {
  return {
    name: 'sort scan',
    code: `${declareParams(SORT_PARAMS)}
${declareBuffers({ counts: 'u32' })}
${SUM_BEFORE}
${ENTRY}
  let size = ${DIGITS}u * params.blocks;
  let share = (size + ${THREADS - 1}u) / ${THREADS}u;
  let begin = group * size + min(lane * share, size);
  let end = group * size + min((lane + 1u) * share, size);
  var sum = 0u;
  for (var i = begin; i < end; i++) { sum += counts[i]; }
  var next = sumBefore(sum, lane);
  for (var i = begin; i < end; i++) {
    let count = counts[i];
    counts[i] = next;
    next += count;
  }
}`,
  };
}

/**
 * The kernel that moves places to where their digits belong. Grid: one workgroup for each block of each row.
 */
export function sortMoveKernel(): KernelSource {
  return {
    name: 'sort move',
    code: `${declareParams(SORT_PARAMS)}
${declareBuffers({ x: 'u32', places: 'u32', counts: 'u32', sorted: 'u32' })}

// By digit, then by invocation: how often an invocation has a digit, and then where its next one goes.
var<workgroup> next: array<u32, ${DIGITS * THREADS}>;
${SUM_BEFORE}
${ENTRY}${SHARE}
  for (var digit = 0u; digit < ${DIGITS}u; digit++) { next[digit * ${THREADS}u + lane] = 0u; }
${forEachOfShare(`    next[digit * ${THREADS}u + lane] += 1u;`)}
  workgroupBarrier();
  // Each invocation adds up a quarter of a digit.
  var sum = 0u;
  for (var i = 0u; i < ${DIGITS}u; i++) { sum += next[lane * ${DIGITS}u + i]; }
  let before = sumBefore(sum, lane);
  workgroupBarrier();
  sums[lane] = before;
  workgroupBarrier();
  let digitOfLane = lane * ${DIGITS}u / ${THREADS}u;
  let beforeDigit = sums[digitOfLane * ${THREADS / DIGITS}u];
  var at = counts[(row * ${DIGITS}u + digitOfLane) * params.blocks + block] + before - beforeDigit;
  for (var i = 0u; i < ${DIGITS}u; i++) {
    let count = next[lane * ${DIGITS}u + i];
    next[lane * ${DIGITS}u + i] = at;
    at += count;
  }
  workgroupBarrier();
${forEachOfShare(`    let entry = digit * ${THREADS}u + lane;
    sorted[row * params.length + next[entry]] = place;
    next[entry] += 1u;`)}
}`,
  };
}
