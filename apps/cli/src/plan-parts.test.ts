// What `plan` and `explain` say of parts and orders.
import { slidingWindow, where, type Pattern } from '@attn/core';
import { expect, test } from 'vitest';
import { orderFields, planParts } from './plan-parts.ts';

const rowsAndColumns = where(({ q, k }) =>
  q
    .div(64)
    .eq(k.div(64))
    .or(q.mod(64).eq(k.mod(64))),
);
const neighbours = where(({ q, k }) =>
  q
    .div(64)
    .sub(k.div(64))
    .abs()
    .le(5)
    .and(q.mod(64).sub(k.mod(64)).abs().le(5)),
);

test.each<[string, Pattern, string[]]>([
  ['one order', slidingWindow({ before: 64, after: 64 }), []],
  [
    'a dearer one',
    slidingWindow({ before: 64, after: 64, dilation: 4 }),
    ['orders: by residue mod 4 4.49 % (taken), natural over 4.59 %'],
  ],
  [
    'one that saves too little',
    neighbours,
    ['orders: natural 16.5 %, in boxes of 8 × 8 11.8 % (taken), by i.mod(64) over 10.6 % (saves too little)'],
  ],
  [
    'parts',
    rowsAndColumns,
    [
      'parts: 2, merged by their log-sum-exp',
      'part 1: natural (no other saves a tenth)',
      'part 2: natural 98.4 %, by i.mod(64) 1.56 % (taken)',
    ],
  ],
])('%s', async (_, pattern, expected) => {
  const n = 4096;
  const sizes = { batch: 1, heads: 1, queryLength: n, keyLength: n, queryOffset: 0 };
  const fields = orderFields(await planParts(sizes, pattern, undefined), n * n);
  expect(fields.map(([name, text]) => `${name}: ${text}`)).toEqual(expected);
});
