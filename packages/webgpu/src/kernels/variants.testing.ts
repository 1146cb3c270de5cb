/**
 * All kernels in all variants, for compilers to try: Dawn's in tests, and Naga in Deno. It imports types only
 * beside kernels.
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { attentionKernel } from './attention/attention.wgsl.ts';
import { BINARY_NAMES } from './binary.ts';
import { binaryKernel, fillKernel, gatherKernel, unaryKernel, writeRowsKernel } from './elementwise.ts';
import { expertLinearKernel } from './expert-linear.ts';
import { gemmKernel } from './gemm.ts';
import { largeGemmKernel } from './gemm-large.ts';
import { lshHashKernel } from './lsh/hash.ts';
import { meetingsKernel } from './lsh/meetings.ts';
import { mergeRoundsKernel } from './lsh/merge-rounds.ts';
import { mergeKernel } from './merge.ts';
import { maskKernel } from './mask.ts';
import { moveKernel } from './move.ts';
import { sortCountKernel, sortMoveKernel, sortScanKernel } from './radix-sort.ts';
import { areSignedBytes, type CodeLayout } from './quantized/codes.ts';
import { packBytesKernel, quantizedEmbeddingKernel } from './quantized/embedding.ts';
import { integerGemmKernel } from './quantized/integer-gemm.ts';
import { reduceKernel } from './reduce.ts';
import { rotaryKernel } from './rotary.ts';
import { layerNormKernel, rmsNormKernel, rowScalesKernel, softmaxKernel, unitKeysKernel } from './rows.ts';
import { topKKernel } from './top-k.ts';
import { UNARY_NAMES } from './unary.ts';

/** No biases, and nothing beside the output. */
const NONE = { alibi: undefined, relative: undefined, bias: undefined, state: undefined };
const F32 = { input: 'f32', output: 'f32' } as const;
const SHAPE = { groups: 1, rows: 64, depth: 4, subgroups: false } as const;
/** Attention without any option, in the shape that a real GPU gets. */
export const PLAIN = { wholeHeads: true, wholeValues: true, ...SHAPE, ...F32, ...NONE } as const;
const storages = ['f32', 'rounded', 'f16'] as const;
/** How attention stores its operands and its output. */
const inAndOut = [
  F32,
  { input: 'f32', output: 'rounded' },
  { input: 'f16', output: 'f16' },
  { input: 'f16', output: 'f32' },
] as const;
const booleans = [false, true];

/** All shapes of workgroups, without any option and with all of them. */
const shapes = ([64, 32, 16] as const).flatMap((rows) =>
  ([4, 8] as const).flatMap((depth) =>
    [1, 2, 3, 4, 8].flatMap((groups) =>
      booleans.flatMap((subgroups) =>
        booleans.map((all) => {
          const biases = all ? ({ alibi: 'f32', relative: 'f32', bias: 'f32' } as const) : NONE;
          const whole = { wholeHeads: !all, wholeValues: !all };
          return attentionKernel({
            ...PLAIN,
            rows,
            depth,
            groups,
            subgroups,
            ...biases,
            ...whole,
            state: all ? 'lse' : undefined,
          });
        }),
      ),
    ),
  ),
);

/** Options in many combinations, in one shape. */
const kinds = booleans.flatMap((wholeHeads) =>
  booleans.flatMap((wholeValues) =>
    [0, 1, 2, 4, 8, 15].flatMap((bits) =>
      inAndOut.map((storage) =>
        attentionKernel({
          ...SHAPE,
          rows: 16,
          wholeHeads,
          wholeValues,
          ...storage,
          alibi: (bits & 1) === 0 ? undefined : storage.input,
          relative: (bits & 2) === 0 ? undefined : 'f32',
          bias: (bits & 4) === 0 ? undefined : storage.input,
          state: bits === 8 ? 'part' : bits === 15 ? 'lse' : undefined,
        }),
      ),
    ),
  ),
);

/** LSH attention in all its options. */
const chunked = booleans.flatMap((hasMeetings) =>
  booleans.flatMap((hasMask) =>
    ([64, 32, 16] as const).flatMap((rows) =>
      ([4, 8] as const).flatMap((depth) =>
        booleans.flatMap((subgroups) =>
          (['f32', 'f16'] as const).map((input) =>
            attentionKernel({
              ...PLAIN,
              rows,
              depth,
              subgroups,
              input,
              wholeHeads: !subgroups,
              wholeValues: subgroups,
              state: 'part',
              chunks: { hasMeetings, hasMask },
            }),
          ),
        ),
      ),
    ),
  ),
);

/** Scores, which call all functions that they may. */
const scored = (['f32', 'f16'] as const).map((input) =>
  attentionKernel({
    ...PLAIN,
    rows: 16,
    input,
    output: input,
    score: {
      key: 'all',
      elements: [input, 'i32'],
      body: `
let place = inside(quotientOf(q, 3) + remainderOf(k, 5) + table1[inside(h, plan[params.tableExtents + 1u])], plan[params.tableExtents]);
let x = logarithm(exponential(hyperbolicTangent(f32(table0[place]))));
return select(mostOf(leastOf(x, s), f32(b)), minusInfinity(), areNumbers(x, s));`,
    },
  }),
);

/** All variants of attention, each once. */
export const attention: readonly KernelSource[] = [
  ...new Map([...shapes, ...kinds, ...scored, ...chunked].map((kernel) => [kernel.code, kernel])).values(),
];

const elements = ['f32', 'f16'] as const;

/** All layouts of halves, and of integers. */
const halves: readonly CodeLayout[] = (['f16', 'bf16'] as const).flatMap((float) =>
  booleans.map((isAligned) => ({ bits: 16, float, zero: 0, isAligned })),
);
const integers: readonly CodeLayout[] = ([8, 4] as const).flatMap((bits) =>
  [undefined, bits === 8 ? 128 : 8].flatMap((zero) =>
    booleans.map((isAligned) => ({ bits, zero, isAligned })),
  ),
);

/** Products with codes: all layouts, in each storage without more, and with all there is in one. */
const coded = [...halves, ...integers].flatMap((weight) => [
  quantizedEmbeddingKernel(weight),
  ...storages.flatMap((storage) => {
    const isPlain = storage !== 'rounded';
    const options = {
      hasBias: !isPlain,
      activation: isPlain ? undefined : ('gelu' as const),
      storage,
      weight,
    };
    return [
      gemmKernel(options),
      largeGemmKernel(options),
      ...(weight.float === undefined ? ([64, 128] as const) : []).flatMap((tile) =>
        booleans
          .filter((isPacked) => !isPacked || areSignedBytes(weight))
          .map((isPacked) => integerGemmKernel({ ...options, tile, isPacked })),
      ),
    ];
  }),
]);

/** All variants of all other kernels. */
export const others: readonly KernelSource[] = [
  packBytesKernel(),
  ...coded,
  sortCountKernel(),
  sortScanKernel(),
  sortMoveKernel(),
  ...booleans.flatMap((flag) => [
    meetingsKernel({ hasBuckets: flag }),
    ...elements.flatMap((x) => [
      unitKeysKernel({ x, subgroups: flag }),
      ...elements.map((rotations) => lshHashKernel({ x, rotations, hasMask: flag })),
    ]),
    ...storages.flatMap((storage) =>
      booleans.map((hasLse) => mergeRoundsKernel({ hasMask: flag, hasLse, storage })),
    ),
  ]),
  ...(['u32', 'f16'] as const).flatMap((element) => [
    fillKernel(element),
    gatherKernel(element),
    writeRowsKernel(element),
    topKKernel(element, 64),
    topKKernel(element, 256),
    ...[0, 1, 2, 3, 4, 5, 6].map((rank) => moveKernel(rank, element)),
    ...[0, 1, 2, 3, 4].map((rank) => maskKernel(rank, element)),
  ]),
  ...storages.flatMap((storage) => [
    ...booleans.map((hasLse) => mergeKernel({ hasLse, storage })),
    ...booleans.map((hasBias) => expertLinearKernel({ hasBias, storage })),
    ...booleans.flatMap((subgroups) => [
      ...(storage === 'rounded' ? [] : [rowScalesKernel({ storage, subgroups })]),
      softmaxKernel({ storage, subgroups }),
      ...booleans.flatMap((hasWeight) =>
        booleans.map((hasBias) => layerNormKernel({ hasWeight, hasBias, storage, subgroups })),
      ),
      ...booleans.map((hasWeight) => rmsNormKernel({ hasWeight, storage, subgroups })),
    ]),
    ...[0, 1, 2, 3, 4].flatMap((rank) => BINARY_NAMES.map((op) => binaryKernel(op, rank, storage))),
    ...[0, 3].flatMap((axes) => booleans.map((interleaved) => rotaryKernel({ interleaved, axes, storage }))),
    ...(['sum', 'mean', 'max'] as const).map((kind) => reduceKernel(kind, storage)),
    ...UNARY_NAMES.map((name) => unaryKernel(name, storage)),
    ...[undefined, ...UNARY_NAMES].flatMap((activation) =>
      booleans.flatMap((hasBias) => [
        gemmKernel({ hasBias, activation, storage }),
        largeGemmKernel({ hasBias, activation, storage }),
      ]),
    ),
  ]),
];
