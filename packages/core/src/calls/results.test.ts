import { describe, expectTypeOf, test } from 'vitest';
import type { Attn } from '../run/attn.ts';
import { f32, type Tensor } from '../tensor.ts';
import { attention } from './attention.ts';
import type { Call } from './call.ts';
import { linformer } from './linformer.ts';
import { lsh } from './lsh.ts';

type ResultOf<C> = C extends Call<infer R> ? R : never;

const q = f32([1, 1, 2, 1], [0, 0]);
const tensors = { q, k: q, v: q };

describe('the type of a result follows the options', () => {
  test('of attention and Linformer', () => {
    const plain = attention(tensors);
    expectTypeOf<ResultOf<typeof plain>>().toHaveProperty('out');
    expectTypeOf<ResultOf<typeof plain>>().not.toHaveProperty('lse');
    const withLse = attention({ ...tensors, returnLse: true });
    expectTypeOf<ResultOf<typeof withLse>['lse']>().toEqualTypeOf<Tensor>();
    const perhaps = attention({ ...tensors, returnLse: Math.random() > 2 });
    expectTypeOf<ResultOf<typeof perhaps>['lse']>().toEqualTypeOf<Tensor | undefined>();
    const projected = linformer({ ...tensors, returnLse: true });
    expectTypeOf<ResultOf<typeof projected>['lse']>().toEqualTypeOf<Tensor>();
  });

  test('of LSH', () => {
    const plain = lsh({ q, v: q });
    expectTypeOf<ResultOf<typeof plain>>().not.toHaveProperty('order');
    const ordered = lsh({ q, v: q, returnOrder: true });
    expectTypeOf<ResultOf<typeof ordered>['order']>().toEqualTypeOf<Tensor>();
    expectTypeOf<ResultOf<typeof ordered>['buckets']>().toEqualTypeOf<Tensor | undefined>();
  });

  test('also as an Attn runs them', () => {
    const run = (attn: Attn) => attn.attention({ ...tensors, returnLse: true });
    type Result = Awaited<ReturnType<typeof run>>;
    expectTypeOf<Result['lse']>().toEqualTypeOf<Tensor>();
    expectTypeOf<Result['backend']>().toEqualTypeOf<string>();
  });
});

describe('what does not compile', () => {
  test('an unknown option, and one of the run', () => {
    // @ts-expect-error: there is no such option
    void (() => attention({ ...tensors, patern: 1 }));
    // @ts-expect-error: signal is an option of the run
    void (() => lsh({ q, v: q, signal: AbortSignal.abort() }));
  });
});
