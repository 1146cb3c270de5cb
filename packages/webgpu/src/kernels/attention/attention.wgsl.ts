/**
 * The attention kernel: an online softmax (Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867) over
 * tiles of keys, with all sums in registers, as in FlashAttention (Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135).
 *
 * **Work.** A workgroup takes ROWS queries of one head (64, fewer where shared memory is short) and goes
 * through the tiles of 64 keys that its source lists: a plan, or the chunks of LSH attention. Patterns are
 * nowhere else; the kernel asks its source which keys a row sees.
 *
 * **Invocations** are a grid, 16 across. Invocation (x, y) has 4 × 4 logits of a tile: those of the rows 4y …
 * 4y + 3 and the keys 4x … 4x + 3, a vector for each row. For the same four rows it has, from tile to tile,
 * the greatest logit, the total of its own weights, and the output's columns 4x … 4x + 3 of each group of 64,
 * as sums that are not divided yet. The 16 invocations of a row combine their greatest logits once a tile and
 * their totals at the end, by subgroup operations or through shared memory.
 *
 * **Shared memory** is two arrays. `stage` holds DEPTH vectors of each query and each key, and then, in the
 * same place, VALUE_ROWS rows of v. `weights` holds the tile's weights. Every change of what they hold has a
 * barrier before it and one behind it:
 *
 *     for each tile
 *       for each DEPTH vectors of a head    barrier · load q and k · barrier · multiply
 *       greatest logit of each row          barriers, if subgroups are smaller than a row
 *       weights                             written; the next barrier shows them to all
 *       for each VALUE_ROWS keys            barrier · load v · barrier · add weights · values
 *       barrier                             nobody reads weights any more
 *
 * **NaN and ∞.** Shader compilers may assume that floats are finite, so these are recognised by their bits. A
 * key that a row sees has a weight above 0, however small, and any other key has weight 0. Once a workgroup
 * has loaded a value that is NaN or ∞, weights of 0 are left out of the sums, so that 0 · ∞ never reaches a
 * row that does not see that value.
 */
import type { KernelSource } from '../../device/pipeline-cache.ts';
import { DECLARE_SUBGROUP_REACH, ENABLE_SUBGROUPS, SUBGROUP_INPUTS } from '../subgroups.ts';
import { each, when, wgsl } from '../template.ts';
import { declareBuffers, declareParams, ENABLE_F16, floatAccess, LOWEST } from '../wgsl.ts';
import { attentionName, stageVectors, valueRows, weightVectors, type AttentionOptions } from './options.ts';
import { rowReduction } from './row-reduction.wgsl.ts';
import { chunkTiles } from './tiles/chunks.wgsl.ts';
import { planTiles } from './tiles/plan.wgsl.ts';
import type { TileSource } from './tiles/source.ts';

/**
 * The kernel. Its grid and its parameters are those of its source of tiles, its buffers `attentionBuffers`.
 */
export function attentionKernel(options: AttentionOptions): KernelSource {
  const { rows, depth, groups, subgroups, state, wholeHeads, wholeValues } = options;
  const tiles = tileSource(options);
  const out = floatAccess(options.output);
  const sum = (row: number, group: number): string => `(*sums)[${row * groups + group}]`;
  const code = wgsl`
    ${when(options.input === 'f16', ENABLE_F16.trim())}
    ${when(subgroups, ENABLE_SUBGROUPS.trim())}
    ${declareParams(tiles.params)}
    ${declareBuffers(attentionBuffers(options), state === undefined ? 1 : 2)}

    // Queries of a workgroup, and its invocations: 16 for every 4 queries.
    const ROWS = ${rows}u;
    const THREADS = ${rows * 4}u;
    // Vectors of 4 columns of q and k in shared memory. Rows are one vector further apart, so that neighbours
    // are in different banks.
    const DEPTH = ${depth}u;
    const PITCH = DEPTH + 1u;
    // Rows of v in shared memory, and vectors of a row there: 16 for each group of 64 columns.
    const VALUE_ROWS = ${valueRows(options)}u;
    const VALUE_PITCH = ${16 * groups}u;
    // Where maxima begin: the least f32, which is a logit like any other.
    const LOWEST = ${LOWEST};
    // The least weight of a key that is seen.
    const LEAST = 1.2e-38;

    // The weights of the tile, 16 vectors a row. Invocations of a row also exchange figures here.
    var<workgroup> weights: array<vec4f, ${weightVectors(options)}>;
    // Columns of the queries and behind them of the keys, or rows of the values.
    var<workgroup> stage: array<vec4f, ${stageVectors(options)}>;
    // 1 as soon as the workgroup has loaded a value that is NaN or ∞.
    var<workgroup> hasNonFiniteValues: atomic<u32>;

    // What a workgroup computes.
    struct Work {
      batch: u32,
      head: u32,
      // The first of its queries, in the order of its source.
      firstQuery: u32,
      // The elements that its head begins at in q, k, v and the output, and its rows in lse or states.
      q: u32,
      k: u32,
      v: u32,
      out: u32,
      states: u32,
      tiles: Tiles,
    }

    // In functions, because constants may not be infinite or NaN.
    fn minusInfinity() -> f32 { return bitcast<f32>(0xff800000u | (params.headDim & 0u)); }
    fn nan() -> f32 { return bitcast<f32>(0x7fc00000u | (params.headDim & 0u)); }

    fn isNotANumber(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

    // Whether they are NaN or ∞.
    fn areNonFinite(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }

    // Bit j of the visible keys of a row says whether it sees key 4x + j.
    fn areVisible(visible: u32) -> vec4<bool> { return (vec4u(visible) & vec4u(1u, 2u, 4u, 8u)) != vec4u(); }

    ${tiles.code}

    // A vector of 4 columns of the row that begins at an element, 0 behind its end.
    ${loadVector('q', 'headDim', wholeHeads)}
    ${loadVector('k', 'headDim', wholeHeads)}
    ${loadVector('v', 'valueDim', wholeValues)}

    // Vectors of the workgroup's queries, from vector start on, to shared memory.
    fn loadQueries(work: Work, start: u32, lane: u32) {
      let vectors = (params.headDim + 3u) / 4u;
      for (var i = lane; i < ROWS * DEPTH; i += THREADS) {
        let row = i / DEPTH;
        let vector = start + i % DEPTH;
        let value = load_q(work.q + queryAt(work, row) * params.qToken, min(vector, vectors - 1u));
        stage[row * PITCH + i % DEPTH] = select(vec4f(), value, vector < vectors);
      }
    }

    // Vectors of the tile's keys to behind those of the queries: key 4 a + j becomes row 16 j + a, so that
    // invocations beside each other read rows beside each other.
    fn loadKeys(work: Work, tile: Tile, start: u32, lane: u32) {
      let vectors = (params.headDim + 3u) / 4u;
      for (var i = lane; i < 64u * DEPTH; i += THREADS) {
        let key = i / DEPTH;
        let vector = start + i % DEPTH;
        let value = load_k(work.k + keyAt(tile, key) * params.kToken, min(vector, vectors - 1u));
        stage[(ROWS + (key % 4u) * 16u + key / 4u) * PITCH + i % DEPTH] = select(vec4f(), value, vector < vectors);
      }
    }

    // A sum of four vectors on top of another one: each product and sum becomes one multiply–add.
    fn addProducts(sum: vec4f, factors: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
      var next = sum;
      next += factors.x * a;
      next += factors.y * b;
      next += factors.z * c;
      next += factors.w * d;
      return next;
    }

    // The products of this invocation's rows and keys.
    fn multiply(work: Work, tile: Tile, lane: u32) -> array<vec4f, 4> {
      let x = lane % 16u;
      let y = lane / 16u;
      let vectors = (params.headDim + 3u) / 4u;
      var products = array<vec4f, 4>();
      for (var start = 0u; start < vectors; start += DEPTH) {
        workgroupBarrier();
        loadQueries(work, start, lane);
        loadKeys(work, tile, start, lane);
        workgroupBarrier();
        for (var d = 0u; d < DEPTH; d++) {
          ${each(4, (j) => `let key${j} = stage[(ROWS + ${16 * j}u + x) * PITCH + d];`)}
          // One column of the four keys each.
          ${each(4, (c) => `let column${c} = vec4f(key0[${c}], key1[${c}], key2[${c}], key3[${c}]);`)}
          ${each(4, (i) => `let query${i} = stage[(4u * y + ${i}u) * PITCH + d];`)}
          ${each(4, (i) => `products[${i}] = addProducts(products[${i}], query${i}, column0, column1, column2, column3);`)}
        }
      }
      return products;
    }

    // The logits of row i that count: −∞ for keys that are hidden, and for what is NaN or ∞. A row that sees
    // a logit of NaN or ∞ has no softmax, which its bit in nanRows says; one of −∞ is a weight of 0.
    fn countedLogits(logits: vec4f, visible: u32, i: u32, nanRows: ptr<function, u32>) -> vec4f {
      var counted = logits;
      if (any(areNonFinite(logits))) {
        let isMinusInfinity = bitcast<vec4u>(logits) == vec4u(0xff800000u);
        if (any(areVisible(visible) & areNonFinite(logits) & !isMinusInfinity)) { *nanRows |= 1u << i; }
        counted = select(logits, vec4f(minusInfinity()), areNonFinite(logits));
      }
      if (visible != 15u) { counted = select(vec4f(minusInfinity()), counted, areVisible(visible)); }
      return counted;
    }

    // Weights relative to the row's greatest logit: 0 for −∞, above 0 for all other logits.
    fn weightsOf(logits: vec4f, greatest: f32) -> vec4f {
      let positive = max(exp(logits - greatest), vec4f(LEAST));
      return select(positive, vec4f(), areNonFinite(logits));
    }

    ${subgroups ? DECLARE_SUBGROUP_REACH.trim() : ''}
    // The greatest, and the sum, of what the 16 invocations of each row have.
    ${rowReduction({ name: 'greatestOfRow', subgroups, combine: (a, b) => `max(${a}, ${b})` })}
    ${rowReduction({ name: 'sumOfRow', subgroups, combine: (a, b) => `${a} + ${b}` })}

    // Rows of the tile's values, from key start on, to shared memory.
    fn loadValues(work: Work, tile: Tile, start: u32, lane: u32) {
      let vectors = (params.valueDim + 3u) / 4u;
      for (var i = lane; i < VALUE_ROWS * VALUE_PITCH; i += THREADS) {
        // Columns behind the last are computed from the last and go nowhere.
        let vector = min(i % VALUE_PITCH, vectors - 1u);
        let value = load_v(work.v + keyAt(tile, start + i / VALUE_PITCH) * params.vToken, vector);
        stage[i] = value;
        if (any(areNonFinite(value))) { atomicStore(&hasNonFiniteValues, 1u); }
      }
    }

    // addProducts without the factors that are 0.
    fn addNonzeroProducts(sum: vec4f, factors: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
      var next = sum;
      if (factors.x > 0.0) { next += factors.x * a; }
      if (factors.y > 0.0) { next += factors.y * b; }
      if (factors.z > 0.0) { next += factors.z * c; }
      if (factors.w > 0.0) { next += factors.w * d; }
      return next;
    }

    // Adds the tile's weights · values to this invocation's sums: for each of its rows, a vector for each
    // group of columns.
    fn addValues(work: Work, tile: Tile, lane: u32, sums: ptr<function, array<vec4f, ${4 * groups}>>) {
      let x = lane % 16u;
      let y = lane / 16u;
      for (var start = 0u; start < 64u; start += VALUE_ROWS) {
        workgroupBarrier();
        loadValues(work, tile, start, lane);
        workgroupBarrier();
        let leaveOutHidden = atomicLoad(&hasNonFiniteValues) != 0u;
        // Four keys at a time.
        for (var key = 0u; key < VALUE_ROWS; key += 4u) {
          ${each(4, (i) => `let weight${i} = weights[(4u * y + ${i}u) * 16u + (start + key) / 4u];`)}
          ${each(
            groups,
            (g) => wgsl`
              {
                ${each(4, (j) => `let value${j} = stage[(key + ${j}u) * VALUE_PITCH + x + ${16 * g}u];`)}
                if (leaveOutHidden) {
                  ${each(4, (i) => `${sum(i, g)} = addNonzeroProducts(${sum(i, g)}, weight${i}, value0, value1, value2, value3);`)}
                } else {
                  ${each(4, (i) => `${sum(i, g)} = addProducts(${sum(i, g)}, weight${i}, value0, value1, value2, value3);`)}
                }
              }`,
          )}
        }
      }
    }

    ${out.declaration.trim()}
    // Writes a vector of 4 columns to the row of the output that begins at an element.
    fn writeVector(row: u32, vector: u32, result: vec4f, isNaNRow: bool) {
      var value = result;
      if (isNaNRow) { value = vec4f(nan()); }
      for (var c = 0u; c < 4u; c++) {
        let column = vector * 4u + c;
        if (column < params.valueDim) { out[row + column] = ${out.store('value[c]')}; }
      }
    }

    ${writeState(state)}

    @compute @workgroup_size(${rows * 4})
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${when(subgroups, `, ${SUBGROUP_INPUTS}`)}) {
      // How many invocations of a row reduce without shared memory.
      let reach = ${subgroups ? 'subgroupReach(lane, subgroupSize, subgroupLane)' : '1u'};
      let x = lane % 16u;
      let y = lane / 16u;
      let work = workOf(group);
      let queries = vec4u(${[0, 1, 2, 3].map((i) => `queryAt(work, 4u * y + ${i}u)`).join(', ')});

      var greatest = vec4f(LOWEST);
      var total = vec4f();
      var sums: array<vec4f, ${4 * groups}>;
      // Bit i: row i has no softmax.
      var nanRows = 0u;

      for (var tile = firstTile(work); tile.exists; tile = nextTile(work, tile)) {
        openTile(work, tile, lane);

        var logits = multiply(work, tile, lane);
        var tileGreatest = vec4f(LOWEST);
        ${each(
          4,
          (i) => wgsl`
            {
              let visible = visibleKeys(work, tile, 4u * y + ${i}u, queries[${i}], x);
              let finished = finishLogits(logits[${i}] * params.scale, work, tile, queries[${i}], x, visible);
              let row = countedLogits(finished, visible, ${i}u, &nanRows);
              tileGreatest[${i}] = max(tileGreatest[${i}], max(max(row.x, row.y), max(row.z, row.w)));
              logits[${i}] = row;
            }`,
        )}

        // Softmax: earlier sums shrink to the new greatest logit. They never become 0, so that what is
        // infinite stays so.
        let next = max(greatestOfRow(tileGreatest, lane, reach), greatest);
        let shrink = max(exp(greatest - next), vec4f(LEAST));
        greatest = next;
        total *= shrink;
        ${each(
          4,
          (i) => wgsl`
            {
              ${each(groups, (g) => `sums[${i * groups + g}] *= shrink[${i}];`)}
              let weight = weightsOf(logits[${i}], greatest[${i}]);
              total[${i}] += weight.x + weight.y + weight.z + weight.w;
              weights[(4u * y + ${i}u) * 16u + x] = weight;
            }`,
        )}

        addValues(work, tile, lane, &sums);
        workgroupBarrier();
      }

      // Results: sums over totals. A row that sees no key is 0, and its log-sum-exp is −∞.
      total = sumOfRow(total, lane, reach);
      let nanCounts = sumOfRow(vec4f((vec4u(nanRows) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)), lane, reach);
      ${each(
        4,
        (i) => wgsl`
          if (work.firstQuery + 4u * y + ${i}u < params.queryCount) {
            let isNaNRow = nanCounts[${i}] > 0.0;
            let divisor = select(total[${i}], 1.0, total[${i}] == 0.0);
            let outRow = work.out + queries[${i}] * params.outToken;
            ${each(groups, (g) => `writeVector(outRow, x + ${16 * g}u, sums[${i * groups + g}] / divisor, isNaNRow);`)}
            ${when(state, `if (x == 0u) { writeState(work.states + queries[${i}], greatest[${i}], total[${i}], isNaNRow); }`)}
          }`,
      )}
    }`;
  return { name: attentionName(options), code };
}

function tileSource(options: AttentionOptions): TileSource {
  return options.chunks ? chunkTiles(options, options.chunks) : planTiles(options);
}

/** Names and element types of the buffers, in the order of their bindings. */
export function attentionBuffers(options: AttentionOptions): Readonly<Record<string, string>> {
  const { wholeHeads, wholeValues, input, output, state } = options;
  const { keys, buffers } = tileSource(options);
  return {
    q: wholeHeads ? `vec4<${input}>` : input,
    k: wholeHeads ? `vec4<${keys}>` : keys,
    v: wholeValues ? `vec4<${input}>` : input,
    ...buffers,
    out: floatAccess(output).type,
    ...(state === 'lse' && { lse: 'f32' }),
    ...(state === 'part' && { states: 'vec2f' }),
  };
}

/** A function that loads a vector of 4 columns, from a buffer of vectors or of single elements. */
function loadVector(name: 'q' | 'k' | 'v', dim: 'headDim' | 'valueDim', isWhole: boolean): string {
  if (isWhole) {
    return `fn load_${name}(row: u32, vector: u32) -> vec4f { return vec4f(${name}[row / 4u + vector]); }`;
  }
  return wgsl`
    fn load_${name}(row: u32, vector: u32) -> vec4f {
      var value = vec4f();
      for (var i = 0u; i < 4u; i++) {
        if (vector * 4u + i < params.${dim}) { value[i] = f32(${name}[row + vector * 4u + i]); }
      }
      return value;
    }`;
}

/** The function that writes what a row has beside the output. */
function writeState(state: AttentionOptions['state']): string {
  switch (state) {
    case undefined:
      return '';
    case 'lse':
      return wgsl`
        // Writes the log-sum-exp of a row.
        fn writeState(row: u32, greatest: f32, total: f32, isNaNRow: bool) {
          var value = minusInfinity();
          if (total > 0.0) { value = greatest + log(total); }
          if (isNaNRow) { value = nan(); }
          lse[row] = value;
        }`;
    case 'part':
      return wgsl`
        // Writes what parts of a row are merged by: the greatest logit, and the sum of the weights relative
        // to it.
        fn writeState(row: u32, greatest: f32, total: f32, isNaNRow: bool) {
          states[row] = vec2f(greatest, select(total, nan(), isNaNRow));
        }`;
    default:
      return state satisfies never;
  }
}
