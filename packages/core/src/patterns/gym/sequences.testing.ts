/** attention-gym's masks of sequences: windows, documents, trees. Not published. */
import type { BoolExpression, IntExpression } from '../expression.ts';
import { any, floor, gymMasks, within } from './gym-mask.testing.ts';

const { masks, add } = gymMasks();

add(
  'causal',
  '041afff81e4f0a161f7670e53bfd-uv4',
  [200, 200],
  ({ q, k }) => q.ge(k),
  (_h, q, k) => q >= k,
);
add(
  'sliding window 37',
  '19ffb16408a81801ae27ceb46b75-uv4',
  [200, 200],
  ({ q, k }) => q.ge(k).and(q.sub(k).le(37)),
  (_h, q, k) => q >= k && q - k <= 37,
);
for (const [n, reach, dilation, mask] of [
  [200, 20, 3, '14efbc0feda4d000c613ec0edf2b-uv4'],
  [24, 4, 2, '157ae09f27bce219a2c8b3da352c-g0'],
] as const) {
  add(
    `dilated sliding window ${reach}, ${dilation}`,
    mask,
    [n, n],
    ({ q, k }) => q.sub(k).abs().le(reach).and(q.sub(k).mod(dilation).eq(0)),
    (_h, q, k) => Math.abs(q - k) <= reach && Math.abs(q - k) % dilation === 0,
  );
}
add(
  'prefix LM 50',
  '1491d4baf648831d70e4982dd389-uv4',
  [200, 200],
  ({ q, k }) => k.lt(50).or(q.ge(k)),
  (_h, q, k) => k < 50 || q >= k,
);

const offsets = [0, 3, 43, 44, 121, 141, 200];
const documents = offsets.slice(1).map((end, i): [number, number] => [offsets[i], end]);
const startOf = (position: number): number =>
  documents.find(([from, to]) => position >= from && position < to)?.[0] ?? -1;
/** Documents, with another mask in each, whose positions begin with the document. */
function addDocuments(
  inner: string,
  mask: string,
  formula: (q: IntExpression, k: IntExpression) => BoolExpression | undefined,
  predicate: (q: number, k: number) => boolean,
): void {
  add(
    `documents, ${inner}`,
    mask,
    [200, 200],
    ({ q, k }) =>
      any(
        documents.map(([from, to]) => {
          const same = within(q, from, to).and(within(k, from, to));
          const more = formula(q.sub(from), k.sub(from));
          return more === undefined ? same : same.and(more);
        }),
      ),
    (_h, q, k) => startOf(q) === startOf(k) && predicate(q - startOf(q), k - startOf(k)),
  );
}
addDocuments(
  'causal',
  '1cf2887324824c0efd549a7f2c0c-uv4',
  (q, k) => q.ge(k),
  (q, k) => q >= k,
);
addDocuments(
  'all',
  '12b0df5af04e5d10cddcd99d25a2-uv4',
  () => undefined,
  () => true,
);
addDocuments(
  'sliding window 9',
  '1a37de31bf3fb81c384cc272dd6c-uv4',
  (q, k) => q.ge(k).and(q.sub(k).le(9)),
  (q, k) => q >= k && q - k <= 9,
);
addDocuments(
  'prefix LM 7',
  '11e821c6c662d5115ac5d1719cb8-uv4',
  (q, k) => k.lt(7).or(q.ge(k)),
  (q, k) => k < 7 || q >= k,
);
addDocuments(
  'packed causal',
  '1cf2887324824c0efd549a7f2c0c-uv4',
  (q, k) => k.le(q),
  (q, k) => k <= q,
);

add(
  'batches of 48',
  '07767aa389782512b524011fa268-uv4',
  [200, 200],
  ({ q, k }) => q.div(48).eq(k.div(48)),
  (_h, q, k) => floor(q, 48) === floor(k, 48),
);
add(
  'batches of 48, causal',
  '154eb7f6badbf508844bd3d3f493-uv4',
  [200, 200],
  ({ q, k }) =>
    q
      .div(48)
      .eq(k.div(48))
      .and(q.mod(48).ge(k.mod(48))),
  (_h, q, k) => floor(q, 48) === floor(k, 48) && q % 48 >= k % 48,
);
for (const [half, mask] of [
  [96, '1d94bd125ce9720c7e3a22d59737-sg0'],
  [90, '1ad0169aef3500055c3f2d0a95f6-p00'],
] as const) {
  add(
    `block diffusion ${half}`,
    mask,
    [2 * half, 2 * half],
    ({ q, k }) => {
      const clean = { q: q.ge(half), k: k.ge(half) };
      const block = { q: q.mod(half).div(16), k: k.mod(half).div(16) };
      return any([
        block.q.eq(block.k).and(clean.q.not(), clean.k.not()),
        block.q.gt(block.k).and(clean.q.not(), clean.k),
        block.q.ge(block.k).and(clean.q, clean.k),
        block.q.eq(block.k).and(clean.q, clean.k),
      ]);
    },
    (_h, q, k) => {
      const [blockQ, blockK] = [floor(q % half, 16), floor(k % half, 16)];
      if (k < half) return q < half && blockQ === blockK;
      return q < half ? blockQ > blockK : blockQ >= blockK;
    },
  );
}
for (const [queries, image, intervals, mask] of [
  [
    12,
    3,
    [
      [0, 7],
      [1, 7],
      [7, 12],
    ],
    '1f7345ca2a6b010e3ecf37473493-30',
  ],
  [
    150,
    40,
    [
      [0, 60],
      [20, 60],
      [60, 61],
      [61, 150],
    ],
    '13553f0a9ca478012a91a09443bc-iio',
  ],
] as const) {
  add(
    `Flamingo, ${intervals.length} images`,
    mask,
    [queries, image * intervals.length],
    ({ q, k }) =>
      any(
        intervals.map(([from, to], i) =>
          k
            .div(image)
            .eq(i)
            .and(within(q, from, to)),
        ),
      ),
    (_h, q, k) => q >= intervals[floor(k, image)][0] && q < intervals[floor(k, image)][1],
  );
}
add(
  'global tokens and a window of 12',
  '0a3be4fdd992f31fa9941e382965-uv4',
  [200, 200],
  ({ q, k }) => any([q.sub(k).abs().le(12), ...[0, 8, 130].flatMap((i) => [q.eq(i), k.eq(i)])]),
  (_h, q, k) => Math.abs(q - k) <= 12 || [0, 8, 130].includes(q) || [0, 8, 130].includes(k),
);

for (const [prefix, parents, mask] of [
  [100, [-1, 0, 1, 1, 3, 3, 0], '10a28b48c1a80d1ea88777a9ccd3-kt'],
  [
    150,
    [
      -1, 0, 1, 0, 0, 4, 3, 2, 6, 2, 3, 2, 4, 8, 12, 10, 2, 14, 4, 11, 15, 18, 12, 2, 10, 12, 3, 18, 19, 25,
      23, 26, 20, 26, 30, 8, 28, 7, 15, 35, 22, 24, 38, 41, 11, 13, 15, 5, 16, 39, 4, 45, 30, 42, 15, 14, 38,
      13, 28, 2, 8, 17, 12, 19, 25, 46, 21, 33, 32, 22,
    ],
    '0442cda8216ce90100a3bfcffdbe-bvs',
  ],
] as const) {
  /** A node, its parent, and so on to the root. */
  const path = (node: number): number[] => (node < 0 ? [] : [node, ...path(parents[node])]);
  add(
    `JetSpec's tree of ${parents.length}`,
    mask,
    [parents.length, prefix + parents.length],
    ({ q, k }) =>
      any([
        k.lt(prefix),
        ...parents.map((_, node) => q.eq(node).and(any(path(node).map((i) => k.eq(prefix + i))))),
      ]),
    (_h, q, k) => k < prefix || path(q).includes(k - prefix),
  );
}
add(
  "JetSpec's training, 90 and blocks of 16",
  '03d106c85e13a11d732ca0277b4a-hgg',
  [112, 202],
  ({ q, k }) => {
    const own = k.sub(90);
    return k.lt(90).or(k.ge(90).and(q.div(16).eq(own.div(16)), own.mod(16).le(q.mod(16))));
  },
  (_h, q, k) => k < 90 || (floor(q, 16) === floor(k - 90, 16) && (k - 90) % 16 <= q % 16),
);

const shares = [0, 3, 23, 43, 63, 93, 113, 153, 180];
const prefixes = [0, 0, 0, 0, 4, 4, 4, 4];
add(
  'shared questions',
  '0cf546adb2a5b700e22ec9a13508-p00',
  [180, 180],
  ({ q, k }) =>
    any(
      prefixes.map((prefix, i) => {
        const own = k.ge(shares[i]).and(k.le(q));
        const isPrefix = prefix === i; // a plain number, no expression
        const visible = isPrefix ? own : own.or(within(k, shares[prefix], shares[prefix + 1]));
        return within(q, shares[i], shares[i + 1]).and(visible);
      }),
    ),
  (_h, q, k) => {
    const i = shares.findLastIndex((from) => from <= q);
    if (k >= shares[i] && k <= q) return true;
    return prefixes[i] !== i && k >= shares[prefixes[i]] && k < shares[prefixes[i] + 1];
  },
);

const tops = [
  [
    [3, 1],
    [0, 3],
    [1, 0],
    [3, 2],
  ],
  [
    [2, 0],
    [2, 1],
    [3, 2],
    [1, 2],
  ],
];
add(
  'VSA, the best tiles of each head',
  '083139f83f09f8143f6afb1b8cc2-2t4w',
  [256, 256, 2],
  ({ q, k, head }) =>
    any(
      tops.flatMap((rows, h) =>
        rows.map((best, row) =>
          head.eq(h).and(q.div(64).eq(row), any(best.map((column) => k.div(64).eq(column)))),
        ),
      ),
    ),
  (h, q, k) => tops[h][floor(q, 64)].includes(floor(k, 64)),
);

export const SEQUENCES = masks;
