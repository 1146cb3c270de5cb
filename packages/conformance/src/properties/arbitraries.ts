/**
 * Random attention calls for fast-check: sizes, patterns of patterns, masks, biases. They have the
 * declarative form of cases, so that a counterexample prints as an id and shrinks to something small.
 */
import {
  and,
  blockSparse,
  causal,
  fixed,
  full,
  globalTokens,
  keyPadding,
  not,
  or,
  perHead,
  randomBlocks,
  segments,
  sinks,
  slidingWindow,
  strided,
  where,
  type Pattern,
} from '@attn/core';
import fc from 'fast-check';
import { attentionCases, type AttentionCaseSpec } from '../cases/attention/attention-case.ts';
import { LARGEST } from '../cases/attention/range.cases.ts';

/** Sizes that patterns depend on. */
interface Sizes {
  readonly n: number;
  readonly nq: number;
  readonly batch: number;
  readonly heads: number;
  readonly offset: number;
}

/** Lengths; those around the tile are more frequent. */
const length: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(63, 64, 65, 66, 127, 128, 129) },
  { weight: 1, arbitrary: fc.integer({ min: 41, max: 150 }) },
);

const sizes: fc.Arbitrary<Sizes> = fc
  .record({
    n: length,
    nq: length,
    sameLength: fc.boolean(),
    batch: fc.integer({ min: 1, max: 2 }),
    heads: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ sameLength, ...rest }) => {
    const lengths = { ...rest, nq: sameLength ? rest.n : rest.nq };
    const last = lengths.n - lengths.nq;
    return fc.constantFrom(last, last, 0, 3, -5, lengths.n).map((offset) => ({ ...lengths, offset }));
  });

/** A pattern that fits the sizes, nested at most `depth` deep. */
export function arbitraryPattern(of: Sizes, depth = 2): fc.Arbitrary<Pattern> {
  const simple = simplePattern(of);
  if (depth === 0) return simple;
  const part = arbitraryPattern(of, depth - 1);
  return fc.oneof(
    { weight: 4, arbitrary: simple },
    { weight: 2, arbitrary: fc.tuple(part, part).map(([a, b]) => or(a, b)) },
    { weight: 2, arbitrary: fc.tuple(part, part).map(([a, b]) => and(a, b)) },
    { weight: 1, arbitrary: part.map((a) => not(a)) },
    {
      weight: 1,
      arbitrary: fc.array(part, { minLength: of.heads, maxLength: of.heads }).map((list) => perHead(list)),
    },
  );
}

function simplePattern({ n, nq, heads, batch, offset }: Sizes): fc.Arbitrary<Pattern> {
  const small = fc.integer({ min: 0, max: 12 });
  const reach = fc.oneof(small, fc.integer({ min: 0, max: 200 }));
  const step = fc.integer({ min: 1, max: 9 });
  const window = fc.record({ before: reach, after: reach });
  const flags = fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: n, maxLength: n });
  const ids = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: n, maxLength: n });
  const blockSize = fc.constantFrom(1, 4, 7, 16, 64);
  const blocks = (size: number): number => Math.max(1, Math.ceil(Math.max(n, offset + nq) / size));
  const cell = fc.constantFrom(0, 1);
  return fc.oneof(
    fc.constantFrom(full(), causal()),
    window.map((options) => slidingWindow(options)),
    fc.tuple(window, step).map(([options, dilation]) => slidingWindow({ ...options, dilation })),
    fc
      .tuple(window, fc.array(step, { minLength: heads, maxLength: heads }))
      .map(([options, dilation]) => slidingWindow({ ...options, dilation })),
    fc
      .array(fc.integer({ min: 0, max: n - 1 }), { minLength: 1, maxLength: 6 })
      .map((indices) => globalTokens(indices)),
    fc.array(flags, { minLength: batch, maxLength: batch }).map((mask) => globalTokens({ mask })),
    fc.array(ids, { minLength: batch, maxLength: batch }).map((rows) => segments({ ids: rows })),
    fc.integer({ min: 1, max: 70 }).map((count) => sinks(count)),
    step.map((stride) => strided({ stride })),
    fc.tuple(step, step).map(([a, b]) => fixed({ stride: Math.max(a, b), summary: Math.min(a, b) })),
    fc
      .record({ blockSize, blocksPerRow: fc.integer({ min: 1, max: 3 }), seed: fc.nat() })
      .map((options) => randomBlocks({ length: n, ...options })),
    blockSize.chain((size) => {
      const columns = Math.ceil(n / size);
      const row = fc.array(cell, { minLength: columns, maxLength: columns });
      const rows = fc.array(row, { minLength: blocks(size), maxLength: blocks(size) });
      return rows.map((layout) => blockSparse({ blockSize: size, layout }));
    }),
    fc.tuple(step, small).map(([a, b]) =>
      where(({ q, k, head }) =>
        q
          .sub(k)
          .abs()
          .mod(a)
          .le(head)
          .and(k.ge(q.sub(b))),
      ),
    ),
    fc.tuple(step, step).map(([a, b]) => where(({ q, k }) => q.div(a).eq(k.div(a)).or(k.mod(b).eq(0)))),
  );
}

const maskRecipe: fc.Arbitrary<string | undefined> = fc.constantFrom(
  undefined,
  undefined,
  'tail:3',
  'head:5',
  'holes:30',
  'holes:80|all',
  'none',
  'tail:64|head:64',
);

/** A whole attention call in the declarative form of a case. */
export const arbitraryCall: fc.Arbitrary<AttentionCaseSpec> = sizes
  .chain((size) =>
    fc.record(
      {
        pattern: arbitraryPattern(size),
        n: fc.constant(size.n),
        nq: fc.constant(size.nq),
        batch: fc.constant(size.batch),
        heads: fc.constant(size.heads),
        offset: fc.constant(size.offset),
        kvHeads: fc.constantFrom(size.heads, 1),
        d: fc.constantFrom(1, 3, 4, 8, 17),
        dv: fc.constantFrom(1, 4, 9),
        layout: fc.constantFrom('bhnd', 'bnhd'),
        dtype: fc.constantFrom(undefined, undefined, 'f16'),
        keyMask: maskRecipe,
        queryMask: maskRecipe,
        globalMask: fc.constantFrom(undefined, undefined, 'none', 'only:0', 'holes:10', 'every:7|none'),
        separate: fc.boolean(),
        softcap: fc.constantFrom(undefined, undefined, 4),
        bias: fc.constantFrom(undefined, undefined, 'bhqk', '1hqk', 'k', 'q1'),
        biasHoles: fc.constantFrom(undefined, 30),
        biasData: fc.constantFrom(undefined, undefined, undefined, `ones*${-LARGEST}`, 'signs*1e+30'),
        alibi: fc.constantFrom(undefined, undefined, 'h', 'bh'),
        relative: fc.constantFrom(undefined, undefined, 0, 6),
        lengths: fc.array(fc.integer({ min: 0, max: size.n }), {
          minLength: size.batch,
          maxLength: size.batch,
        }),
        segments: fc.constantFrom('same', 'modulo:2|modulo:3', 'runs:5,64|own'),
        data: fc.constantFrom('bell', 'bell*4', 'halves'),
      },
      { requiredKeys: ['pattern', 'n', 'nq', 'batch', 'heads', 'offset'] },
    ),
  )
  .map(withRuntimeData)
  .map(presentable);

/** Calls that return lse and have a key mask. */
export const arbitraryMaskedCall: fc.Arbitrary<AttentionCaseSpec> = arbitraryCall.map((spec) =>
  // Without huge logits: in float32 their lse does not depend on the number of keys.
  presentable({ ...spec, lse: true, keyMask: spec.keyMask ?? 'all', biasData: undefined }),
);

/** Dense attention with a mask and a bias, which does not depend on the order of the keys. */
export const arbitraryUnordered: fc.Arbitrary<AttentionCaseSpec> = fc
  .record({
    pattern: fc.constant(full()),
    n: fc.integer({ min: 1, max: 130 }),
    nq: fc.integer({ min: 1, max: 20 }),
    batch: fc.integer({ min: 1, max: 2 }),
    keyMask: fc.constantFrom(undefined, 'holes:40', 'tail:5'),
    bias: fc.constantFrom(undefined, 'bhqk', 'k'),
    dtype: fc.constantFrom(undefined, undefined, 'f16' as const),
  })
  .map(presentable);

/** Restricts the pattern to the random lengths and documents, so that it reads them at run time. */
function withRuntimeData(spec: AttentionCaseSpec): AttentionCaseSpec {
  let { pattern } = spec;
  if (spec.lengths !== undefined) pattern = and(pattern, keyPadding());
  if (spec.segments !== undefined) pattern = and(segments(), pattern);
  return { ...spec, pattern };
}

/** Drops options without effect, and makes the call print as the id of its case. */
export function presentable(spec: AttentionCaseSpec): AttentionCaseSpec {
  const { biasHoles, biasData } = spec.bias === undefined ? {} : spec;
  const call = { ...spec, biasHoles, biasData };
  return Object.assign(call, { [fc.toStringMethod]: () => attentionCases('', [call])[0].id });
}
