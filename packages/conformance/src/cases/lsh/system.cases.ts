/**
 * Reformer's whole attention (hashing, sorting, attending), by the conventions
 * of each implementation. Hashed numbers are halves and integers, so that
 * every score is exact in float32 and no rounding can change a bucket.
 */
import { GraphBuilder, buildLocalChunks, buildLsh, type Tensor, type Tensors } from '@attn/core';
import { type LshOptions } from '@attn/core/backend';
import { caseId, type ConformanceCase } from '../../case.ts';
import { fill, fillMask, seedOf, type DataRecipe, type MaskRecipe } from '../../data.ts';

interface Spec extends Pick<LshOptions, 'preset' | 'rounds' | 'chunkLength' | 'causal' | 'layout'> {
  readonly n: number;
  readonly buckets?: readonly number[];
  readonly batch?: number;
  readonly mask?: MaskRecipe;
}

function systemCase(description: string, spec: Spec): ConformanceCase {
  const { preset, rounds, chunkLength = 8, causal, layout, n, buckets, batch = 1, mask } = spec;
  const params = { lsh: preset, n, chunk: chunkLength, rounds, buckets, causal, layout, batch, mask };
  const id = caseId('graph', params);
  const [heads, d] = [2, 8];
  const shape = layout === 'bnhd' ? [batch, n, heads, d] : [batch, heads, n, d];
  const floats = (name: string, of: readonly number[], recipe: DataRecipe, round: number): Tensor => {
    const size = of.reduce((product, extent) => product * extent, 1);
    return { dtype: 'f32', shape: of, data: fill(recipe, size, seedOf(`${id}/${name}/${round}`)) };
  };
  const inputs = (round: number): Tensors => ({
    q: floats('q', shape, 'halves', round),
    v: floats('v', shape, 'uniform', round),
    ...(mask && {
      keyMask: {
        dtype: 'bool',
        shape: [batch, n],
        data: fillMask(mask, batch, n, seedOf(`${id}/mask/${round}`), round),
      },
    }),
  });
  const build = () => {
    const builder = new GraphBuilder();
    const first = inputs(0);
    const width = buckets?.reduce((sum, factor) => sum + factor / 2, 0);
    const rotations =
      width === undefined
        ? undefined
        : builder.constant(floats('rotations', [heads, d, rounds ?? 1, width], 'halves', 0), 'rotations');
    const {
      out,
      lse,
      buckets: hashed,
      order,
    } = buildLsh(
      builder,
      {
        q: builder.input('q', first.q),
        v: builder.input('v', first.v),
        keyMask: first.keyMask && builder.input('keyMask', first.keyMask),
        rotations,
      },
      { preset, rounds, chunkLength, causal, layout, bucketCount: buckets, returnLse: true },
    );
    const outputs = { out, ...(lse && { lse }), ...(hashed && { buckets: hashed }), order };
    return { graph: builder.build(outputs), inputs: first, again: inputs(1) };
  };
  return { id, op: 'graph', description, params, build };
}

const WHOLE = 'Hashed, sorted and attended, by the conventions of an implementation.';

function localCase(
  n: number,
  chunk: number,
  options: { readonly after?: number; readonly causal?: boolean } = {},
): ConformanceCase {
  const { after, causal } = options;
  const params = { local: true, n, chunk, after, causal };
  const id = caseId('graph', params);
  const inputs = (round: number): Tensors =>
    Object.fromEntries(
      ['q', 'k', 'v'].map((name) => {
        const data = fill('bell', 2 * n * 8, seedOf(`${id}/${name}/${round}`));
        return [name, { dtype: 'f32', shape: [1, 2, n, 8], data }];
      }),
    );
  const build = () => {
    const builder = new GraphBuilder();
    const first = inputs(0);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => builder.input(name, first[name]));
    const options = { chunkLength: chunk, chunksAfter: after, causal };
    const { out } = buildLocalChunks(builder, { q, k, v }, options);
    return { graph: builder.build({ out }), inputs: first, again: inputs(1) };
  };
  const description = 'Chunks of the sequence itself and their neighbours in a cycle.';
  return { id, op: 'graph', description, params, build };
}

export const lshSystemCases: readonly ConformanceCase[] = [
  ...(['paper', 'trax', 'hf', 'lucidrains'] as const).flatMap((preset) => [
    systemCase(WHOLE, { preset, n: 48, rounds: 2, buckets: [6] }),
    systemCase(WHOLE, { preset, n: 48, rounds: 3, buckets: [2, 4], causal: true }),
    systemCase(WHOLE, { preset, n: 50, rounds: 2, buckets: [8], batch: 2, mask: 'tail:9|holes:30' }),
    systemCase(WHOLE, { preset, n: 48, rounds: 2, buckets: [6], layout: 'bnhd', batch: 2 }),
  ]),
  systemCase('A sequence no longer than a chunk is not hashed.', { preset: 'hf', n: 13, chunkLength: 16 }),
  systemCase('A sequence no longer than a chunk is not hashed.', {
    preset: 'hf',
    n: 16,
    chunkLength: 16,
    causal: true,
    mask: 'tail:3',
  }),
  systemCase('As long as three tiles.', {
    preset: 'hf',
    n: 200,
    chunkLength: 64,
    rounds: 2,
    buckets: [6],
    causal: true,
  }),
  localCase(40, 8),
  localCase(40, 8, { causal: true }),
  localCase(45, 8, { after: 1 }),
  localCase(16, 8, { after: 1 }),
  localCase(16, 8, { after: 1, causal: true }),
  localCase(200, 64, { after: 1 }),
  localCase(7, 8),
];
